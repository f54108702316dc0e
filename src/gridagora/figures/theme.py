"""The look that all charts share: colours, fonts and sizes."""

import textwrap
from collections.abc import Mapping, Sequence
from typing import Literal, TypeVar

import altair as alt

BLUE = "#0072B2"
VERMILLION = "#D55E00"
GREEN = "#009E73"
AMBER = "#E69F00"
SKY = "#56B4E9"
PURPLE = "#CC79A7"
INK = "#1B1F24"
MUTED = "#57606A"
RULE = "#E3E6EA"
SLATE = "#8C959F"
PAPER = "#FFFFFF"

CATEGORICAL = (BLUE, VERMILLION, GREEN, AMBER, PURPLE, SKY, INK)
"""Colours of unordered groups: Okabe and Ito's palette, its yellow left out (too pale
for lines on white).

Source:
    Okabe & Ito, Color Universal Design, 2008.
"""

VIRIDIS = ("#FDE725", "#7AD151", "#22A884", "#2A788E", "#414487", "#440154")
"""Six steps of the viridis scale from low to high, for values in classes."""

SAFE_SCHEMES = ("viridis", "cividis", "purpleorange")
"""Vega schemes in use; every one can be read with each kind of colour blindness."""

SIDE_COLOUR = {"demand": BLUE, "supply": VERMILLION}
PHASE_COLOUR = {"A": BLUE, "B": VERMILLION, "C": GREEN}
PART_COLOUR = {
    "energy": "#B4BCC5",
    "loss": AMBER,
    "congestion": VERMILLION,
    "voltage": BLUE,
    "unbalance": GREEN,
}
"""Colours of the parts of a price; grey for the one that is equal everywhere."""

SHAPES: tuple[str, ...] = (
    "circle",
    "square",
    "triangle-up",
    "diamond",
    "cross",
    "triangle-down",
)
DASHES: tuple[Sequence[float], ...] = (
    [1, 0],
    [7, 3],
    [2, 2],
    [9, 3, 2, 3],
    [4, 4],
    [12, 4],
)

FONT = "Arial, Helvetica, Liberation Sans, sans-serif"
TEXT_PX = 12
TITLE_PX = 15
_SUBTITLE_CHARS = 105

ChartType = TypeVar(
    "ChartType",
    alt.Chart,
    alt.LayerChart,
    alt.HConcatChart,
    alt.VConcatChart,
)
AnyChart = alt.Chart | alt.LayerChart | alt.HConcatChart | alt.VConcatChart
Side = Literal["left", "center", "right"]


def line_look(at: int) -> tuple[str, Sequence[float]]:
    """Return colour and dash of one line among several, which also differ in grey.

    Example:
        >>> line_look(1)
        ('#D55E00', [7, 3])
    """
    return CATEGORICAL[at % len(CATEGORICAL)], DASHES[at % len(DASHES)]


def themed(
    chart: ChartType,
    title: str,
    subtitle: str = "",
    *,
    margin_px: int = 86,
    least_width_px: int = 0,
    slider: Mapping[str, Sequence[str]] | None = None,
) -> ChartType:
    """Return a finished chart: title, fonts, colours, and hints for small screens.

    Nothing global is touched, so charts of other packages keep their look.

    Args:
        chart: The outermost chart.
        title: What the picture shows.
        subtitle: How to read it; wrapped to several lines where it is long.
        margin_px: Width that axes and labels beside a panel take. px.
        least_width_px: Panels that are drawn to scale are never made narrower than
            this and scroll instead; 0 for panels of any width. px.
        slider: What people call each place of a slider from 0, by the name of the
            slider's signal.
    """
    hints: dict[str, object] = {
        "margin_px": margin_px,
        "least_width_px": least_width_px,
    }
    if slider is not None:
        hints["slider"] = {name: list(words) for name, words in slider.items()}
    titled = chart.properties(
        title=alt.TitleParams(
            text=textwrap.wrap(title, 95) or "",
            subtitle=textwrap.wrap(subtitle, _SUBTITLE_CHARS),
        ),
        usermeta={"gridagora": hints},
    )
    finished: ChartType = titled.configure(
        background=PAPER,
        font=FONT,
        padding=10,
        axis=_axis(),
        legend=_legend(),
        title=_title(),
        header=alt.HeaderConfig(
            labelFontSize=TEXT_PX, titleFontSize=TEXT_PX, labelColor=INK
        ),
        view=alt.ViewConfig(stroke=None),
        range=alt.RangeConfig(category=list(CATEGORICAL)),
    )
    return finished


def edged(
    base: alt.Chart,
    *,
    align: Side = "center",
    dx: float = 0,
    dy: float = 0,
    size_px: int = TEXT_PX,
    colour: str = INK,
) -> list[alt.Chart]:
    """Return text with a white edge, which keeps lines out of the letters.

    Args:
        base: A chart whose encoding has a position and ``text``.
        align: Which end of the text is at the position.
        dx: Shift to the right. px.
        dy: Shift downwards. px.
        size_px: Size of the letters. px.
        colour: Of the letters.
    """
    edge = base.mark_text(
        align=align,
        dx=dx,
        dy=dy,
        fontSize=size_px,
        stroke=PAPER,
        strokeWidth=3.5,
        strokeJoin="round",
    )
    text = base.mark_text(align=align, dx=dx, dy=dy, fontSize=size_px, color=colour)
    return [edge, text]


def _axis() -> alt.AxisConfig:
    return alt.AxisConfig(
        labelFontSize=TEXT_PX,
        titleFontSize=TEXT_PX,
        labelColor=INK,
        titleColor=INK,
        titleFontWeight="normal",
        titlePadding=8,
        gridColor=RULE,
        domainColor=SLATE,
        tickColor=SLATE,
        labelOverlap=True,
        labelSeparation=6,
    )


def _legend() -> alt.LegendConfig:
    return alt.LegendConfig(
        orient="bottom",
        direction="horizontal",
        labelFontSize=TEXT_PX,
        titleFontSize=TEXT_PX,
        titleFontWeight="normal",
        labelColor=INK,
        titleColor=INK,
        labelLimit=320,
        titleLimit=340,
        gradientLength=220,
        symbolSize=110,
        columnPadding=16,
        padding=6,
        offset=10,
    )


def _title() -> alt.TitleConfig:
    return alt.TitleConfig(
        anchor="start",
        frame="bounds",
        fontSize=TITLE_PX,
        fontWeight="bold",
        color=INK,
        subtitleFontSize=TEXT_PX,
        subtitleColor=MUTED,
        subtitlePadding=5,
        lineHeight=19,
        subtitleLineHeight=16,
        offset=14,
    )
