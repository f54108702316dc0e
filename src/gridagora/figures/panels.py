"""Small multiples: panels of one size on the same axes, side by side and in rows."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import altair as alt

from gridagora.errors import InputError
from gridagora.figures.line_ends import Axes
from gridagora.figures.theme import INK, TEXT_PX

_ROOM_PX = 1068
_AXIS_PX = 64
_LEAST_PX, _MOST_PX = 130, 640
_GAP_PX = 18
_TICK_PX = 52


@dataclass(frozen=True, slots=True)
class Panels:
    """Where panels stand and how large they are, so that a row fits on a page.

    Attributes:
        names: Of the panels, in reading order.
        columns: Panels side by side.
        beside_px: Room that names take to the right of each panel. px.

    Raises:
        InputError: There is no panel, or less than one column.

    Example:
        >>> four = Panels(("K = 10", "K = 30", "K = 50", "K = 90"), columns=2)
        >>> four.width_px
        461
    """

    names: tuple[str, ...]
    columns: int
    beside_px: int = 0

    def __post_init__(self) -> None:
        faults = [] if self.names else ["there is no panel."]
        if self.columns < 1:
            faults.append(f"{self.columns} columns, expected 1 or more.")
        if faults:
            raise InputError("panels of a chart", faults)

    @property
    def across(self) -> int:
        """Panels in a full row."""
        return min(self.columns, len(self.names))

    @property
    def margin_px(self) -> int:
        """Room beside the drawing of each panel. px."""
        return _AXIS_PX + self.beside_px

    @property
    def width_px(self) -> int:
        """Width of the drawing of each panel. px."""
        free = (_ROOM_PX - _GAP_PX * (self.across - 1)) // self.across - self.margin_px
        return min(max(free, _LEAST_PX), _MOST_PX)

    @property
    def height_px(self) -> int:
        """Height of the drawing of each panel. px."""
        return max(170, min(340, round(self.width_px * 0.53)))

    def outer(self, axes: Axes, at: int) -> Axes:
        """Return the axes of a panel, with its titles at the left and the foot only."""
        along, up = axes.along, axes.up
        if at % self.across:
            up = replace(up, name="", unit="")
        if at + self.across < len(self.names):
            along = replace(along, name="", unit="")
        n_tick = max(2, self.width_px // _TICK_PX)
        return replace(axes, along=along, up=up, n_tick=n_tick)

    def drawn(self, layers: Sequence[Sequence[alt.Chart]]) -> alt.VConcatChart:
        """Return all panels in rows.

        Args:
            layers: Of each panel.
        """
        charts = [self._panel(at, own) for at, own in enumerate(layers)]
        rows = [
            alt.hconcat(*charts[at : at + self.across], spacing=_GAP_PX)
            for at in range(0, len(charts), self.across)
        ]
        whole: alt.VConcatChart = alt.vconcat(*rows, spacing=_GAP_PX)
        return whole

    def _panel(self, at: int, layers: Sequence[alt.Chart]) -> alt.LayerChart:
        panel: alt.LayerChart = alt.LayerChart(layer=list(layers)).properties(
            width=self.width_px,
            height=self.height_px,
            title=alt.TitleParams(
                text=self.names[at],
                fontSize=TEXT_PX + 1,
                color=INK,
                anchor="start",
                frame="group",
                offset=8,
            ),
        )
        return panel
