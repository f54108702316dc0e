"""Colours and marks by which maps of a feeder show values and limits."""

import math
from collections.abc import Iterable, Sequence

import altair as alt
import pandas as pd

from gridagora.figures.plan import Spot
from gridagora.figures.tables import Measure, extent, inline
from gridagora.figures.theme import PAPER, VERMILLION

UNKNOWN = "#C9D1D9"
"""Colour of a bus or branch without a value."""

_CROSS = "M-.7,-1L0,-.3L.7,-1L1,-.7L.3,0L1,.7L.7,1L0,.3L-.7,1L-1,.7L-.3,0L-1,-.7Z"


def gradient(field: str, measure: Measure, values: Iterable[float]) -> alt.Color:
    """Return the colour of a field as a gradient, dark at high values.

    Args:
        field: Name of the field in the data of the chart.
        measure: What it is; one with a middle gets a scale with two equal arms.
        values: All values that the chart may show; those not finite do not count.
    """
    known = [float(value) for value in values if math.isfinite(value)]
    return alt.Color(
        f"{field}:Q",
        title=measure.label,
        scale=_scale(measure, known),
        legend=alt.Legend(format=measure.format),
    )


def _scale(measure: Measure, known: Sequence[float]) -> alt.Scale:
    if measure.middle is not None:
        far = max((abs(value - measure.middle) for value in known), default=0.0) or 1.0
        ends = measure.domain or (measure.middle - far, measure.middle + far)
        return alt.Scale(
            scheme="purpleorange", domain=list(ends), domainMid=measure.middle
        )
    dark_is_high = alt.SchemeParams(name="viridis", extent=[1.0, 0.0])
    if measure.domain is not None:
        return alt.Scale(scheme=dark_is_high, domain=list(measure.domain), clamp=True)
    if not known or min(known) == max(known):
        return alt.Scale(scheme=dark_is_high, domain=list(extent(known)))
    ends = (min(known), max(known))
    return alt.Scale(scheme=dark_is_high, domain=list(ends), nice=True)


def crosses(
    flagged: pd.DataFrame,
    spot: Spot,
    name: str,
    tips: Sequence[alt.Tooltip],
    *,
    area: float = 300,
) -> alt.Chart:
    """Return a cross for each branch of a table.

    Args:
        flagged: Columns of ``spot`` and those of ``tips``.
        spot: Where the crosses stand.
        name: What such a branch is called in the legend.
        tips: What a cross says.
        area: Area of a cross. px^2.
    """
    marks = alt.Chart(inline(flagged.assign(limit=name))).mark_point(
        size=area,
        filled=True,
        fill=VERMILLION,
        stroke=PAPER,
        strokeWidth=1.6,
        opacity=1,
    )
    shape = _one_shape("limit", name, _CROSS, fill=VERMILLION)
    drawn: alt.Chart = marks.encode(**spot, shape=shape, tooltip=list(tips))
    return drawn


def rings(flagged: pd.DataFrame, spot: Spot, name: str, area: float) -> alt.Chart:
    """Return a ring around each bus of a table.

    Args:
        flagged: Columns of ``spot``.
        spot: Where the buses stand.
        name: What such a bus is called in the legend.
        area: Area of a bus's dot. px^2.
    """
    marks = alt.Chart(inline(flagged.assign(outside=name))).mark_point(
        size=2.4 * area, filled=False, stroke=VERMILLION, strokeWidth=2.6, opacity=1
    )
    shape = _one_shape("outside", name, "circle", fill="transparent")
    drawn: alt.Chart = marks.encode(**spot, shape=shape)
    return drawn


def _one_shape(column: str, name: str, shape: str, *, fill: str) -> alt.Shape:
    """Give all marks of a layer one shape, and the shape a line in the legend."""
    return alt.Shape(
        f"{column}:N",
        title=None,
        scale=alt.Scale(domain=[name], range=[shape]),
        legend=alt.Legend(symbolFillColor=fill, symbolStrokeColor=VERMILLION),
    )
