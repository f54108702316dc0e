"""Names at the right ends of lines, in place of a legend."""

import math
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from gridagora.figures.tables import Measure, inline
from gridagora.figures.theme import INK, TEXT_PX
from gridagora.types.arrays import FloatArray

_LINE_PX = 14.0
_AIR_PX = 3.0
_FEW = 10
_LEADER_PX = 16
_CHAR_PX = 6.7
_MOST_CHARS = 16


@dataclass(frozen=True, slots=True)
class End:
    """Where a line ends.

    Attributes:
        name: What the line is.
        x: Last value along.
        y: Last value upwards.
        colour: Of the line.
        dash: Of the line.
    """

    name: str
    x: float
    y: float
    colour: str
    dash: Sequence[float] = (1, 0)


@dataclass(frozen=True, slots=True)
class Axes:
    """Axes that all layers of a chart of lines share.

    Attributes:
        along: What runs along.
        up: What runs upwards.
        x_ends: Where the axis along begins and ends.
        y_ends: Where the axis upwards begins and ends.
        n_tick: About how many ticks the axis along has.
    """

    along: Measure
    up: Measure
    x_ends: tuple[float, float]
    y_ends: tuple[float, float]
    n_tick: int = 10

    def x(self, field: str) -> alt.X:
        """Return the encoding of a field along."""
        scale = alt.Scale(domain=list(self.x_ends), nice=False)
        axis = alt.Axis(
            tickCount=self.n_tick, **_whole_numbers(self.along, self.x_ends)
        )
        return alt.X(field, title=self.along.label, scale=scale, axis=axis)

    def y(self, field: str) -> alt.Y:
        """Return the encoding of a field upwards."""
        scale = alt.Scale(domain=list(self.y_ends), nice=False)
        axis = alt.Axis(**_whole_numbers(self.up, self.y_ends))
        return alt.Y(field, title=self.up.label, scale=scale, axis=axis)


def _whole_numbers(measure: Measure, ends: tuple[float, float]) -> dict[str, Any]:
    """Return the ticks of a short axis of whole numbers; others find their own."""
    if not measure.format.endswith(".0f") or ends[1] - ends[0] > _FEW:
        return {}
    numbers = range(math.ceil(ends[0]), math.floor(ends[1]) + 1)
    return {"values": list(numbers), "format": measure.format}


def end_names(ends: Sequence[End], axes: Axes, *, tall_px: int) -> list[alt.Chart]:
    """Return the names of lines beside the chart, pushed apart where they would meet.

    A short piece of the line leads to each name.

    Args:
        ends: One for each line.
        axes: Those of the chart.
        tall_px: Height of the chart. px.
    """
    low, high = axes.y_ends
    texts = ["\n".join(_lines(end.name)) for end in ends]
    tall = np.array([_LINE_PX * (text.count("\n") + 1) + _AIR_PX for text in texts])
    wanted = np.array([(high - end.y) / (high - low) * tall_px for end in ends])
    put = high - apart(wanted, tall, tall_px) / tall_px * (high - low)
    layers = []
    for end, text, y_name in zip(ends, texts, put.tolist(), strict=True):
        table = pd.DataFrame({"x": [end.x], "y": [end.y], "y2": [y_name]})
        base = alt.Chart(inline(table.assign(text=text)))
        leader = base.mark_rule(
            color=end.colour,
            strokeWidth=1.6,
            strokeDash=list(end.dash),
            x2Offset=_LEADER_PX - 4,
        )
        layers += [
            leader.encode(
                x=axes.x("x:Q"), x2=alt.value("width"), y=axes.y("y:Q"), y2="y2:Q"
            ),
            base.mark_text(
                align="left",
                dx=_LEADER_PX,
                fontSize=TEXT_PX,
                color=INK,
                lineBreak="\n",
                lineHeight=_LINE_PX,
                baseline="middle",
                dy=-_LINE_PX / 2 * text.count("\n"),
            ).encode(x=alt.value("width"), y=axes.y("y2:Q"), text="text:N"),
        ]
    return layers


def margin_px(names: Sequence[str]) -> int:
    """Return the room that names beside a chart take. px.

    Example:
        >>> margin_px(["truthful"])
        70
    """
    longest = max(len(line) for name in names for line in _lines(name))
    return round(_LEADER_PX + _CHAR_PX * longest)


def apart(wanted: FloatArray, tall: FloatArray, room: float) -> FloatArray:
    """Return places near the wanted ones at which boxes do not meet.

    Args:
        wanted: Centre that each box would like, downwards. px. Shape ``(n,)``.
        tall: Height of each box. px. Shape ``(n,)``.
        room: Boxes stay between 0 and this where they fit. px.

    Example:
        >>> apart(np.array([50.0, 50.0]), np.array([10.0, 10.0]), 100.0)
        array([45., 55.])
    """
    order = np.argsort(wanted, kind="stable")
    groups: list[list[int]] = []
    for at in order.tolist():
        groups.append([at])
        while len(groups) > 1 and _top(groups[-1], wanted, tall, room) < _foot(
            groups[-2], wanted, tall, room
        ):
            groups[-2:] = [groups[-2] + groups[-1]]
    put = np.empty(len(wanted))
    for group in groups:
        foot = _top(group, wanted, tall, room) + np.cumsum(tall[group])
        put[group] = foot - tall[group] / 2
    return put


def _top(group: list[int], wanted: FloatArray, tall: FloatArray, room: float) -> float:
    """Upper end of a pile of boxes whose mean is where they want theirs."""
    size = float(tall[group].sum())
    middle = np.cumsum(tall[group]) - tall[group] / 2
    top = float((wanted[group] - middle).mean())
    return max(min(top, room - size), 0.0)


def _foot(group: list[int], wanted: FloatArray, tall: FloatArray, room: float) -> float:
    return _top(group, wanted, tall, room) + float(tall[group].sum())


def _lines(name: str) -> list[str]:
    return textwrap.wrap(name, _MOST_CHARS) or [""]
