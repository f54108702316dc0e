"""Maps of a feeder: buses and branches coloured by price, loading or voltage."""

import math

import altair as alt
import numpy as np
import pandas as pd

from gridagora.figures.plan import BRANCH_TIPS, Plan, finished, lay_out, names
from gridagora.figures.shades import UNKNOWN, crosses, gradient, rings
from gridagora.figures.tables import Measure, check_columns, inline
from gridagora.figures.theme import INK, SLATE, VIRIDIS

_MOST_CLASSES = 6
_CLASS_DIGITS = 4


def feeder_map(
    buses: pd.DataFrame,
    branches: pd.DataFrame,
    *,
    title: str,
    bus: Measure | None = None,
    branch: Measure | None = None,
    subtitle: str = "",
) -> alt.LayerChart:
    """Draw a feeder to scale, its buses and branches shaded by their values.

    With a bus measure, colour belongs to the buses and the branch measure, if any,
    is the width of the lines. Without one, branches have both. A measure with few
    different values (to four digits) gets a legend of these values, any other a
    gradient. The flag of a measure marks branches at their limit (a cross) and buses
    outside theirs (a ring). Names that have no room are left out and stay in the
    tooltips.

    Args:
        buses: Columns ``bus``, ``x``, ``y`` (any length unit, y upwards), and those
            of ``bus``.
        branches: Columns ``branch``, ``from_bus``, ``to_bus``, and those of
            ``branch``.
        title: What the picture shows.
        bus: What the buses are shaded by; a missing value is grey.
        branch: What the branches are shaded by; a missing value is grey.
        subtitle: How to read it.

    Raises:
        InputError: A column is missing, a bus has no position or stands twice, or a
            branch ends at a bus that is not in the table.
    """
    check_columns("buses of a map", buses, bus.columns if bus else ())
    check_columns("branches of a map", branches, branch.columns if branch else ())
    plan = lay_out(buses, branches)
    area = 75.0 if plan.crowded else 140.0
    layers: list[alt.Chart | alt.LayerChart] = []
    if branch is None:
        layers.append(_plain_branches(plan))
    else:
        layers += _shaded_branches(plan, branch, coloured=bus is None)
    if bus is None:
        layers.append(_plain_buses(plan))
    else:
        layers += [*_rings(plan, bus, area), *_shaded_buses(plan, bus, area)]
    layers += names(plan, np.full(len(buses), area))
    return finished(plan, layers, title, subtitle)


def _plain_branches(plan: Plan) -> alt.Chart:
    base = alt.Chart(inline(plan.branches)).mark_rule(strokeWidth=2.4, color=SLATE)
    lines: alt.Chart = base.encode(**plan.line, tooltip=list(BRANCH_TIPS))
    return lines


def _shaded_branches(plan: Plan, branch: Measure, *, coloured: bool) -> list[alt.Chart]:
    tips = [
        *BRANCH_TIPS,
        alt.Tooltip(f"{branch.column}:Q", title=branch.label, format=branch.format),
    ]
    known, missing = _parted(plan.branches, branch)
    unknown = alt.Chart(inline(missing)).mark_rule(
        strokeWidth=2, color=UNKNOWN, strokeDash=[3, 4]
    )
    width = alt.StrokeWidth(
        f"{branch.column}:Q",
        title=branch.label,
        scale=alt.Scale(range=[1.6, 8], zero=True, nice=True),
        legend=None if coloured else alt.Legend(format=branch.format, tickCount=3),
    )
    base = alt.Chart(inline(known)).mark_rule(strokeCap="round", color=SLATE)
    lines = base.encode(**plan.line, strokeWidth=width, tooltip=tips)
    if coloured:
        lines = lines.encode(color=_shade(branch, known))
    return [
        unknown.encode(**plan.line, tooltip=list(BRANCH_TIPS)),
        lines,
        *_crosses(plan, branch, tips),
    ]


def _crosses(plan: Plan, branch: Measure, tips: list[alt.Tooltip]) -> list[alt.Chart]:
    flagged = _flagged(plan.branches, branch)
    name = f"branch {branch.flag_name}"
    spot = plan.spot("xm_px", "ym_px")
    return [] if flagged.empty else [crosses(flagged, spot, name, tips)]


def _plain_buses(plan: Plan) -> alt.Chart:
    small = alt.Chart(inline(plan.buses)).mark_circle(size=34, color=INK, opacity=1)
    tip = alt.Tooltip("bus:N", title="Bus")
    dots: alt.Chart = small.encode(**plan.spot(), tooltip=[tip])
    return dots


def _shaded_buses(plan: Plan, bus: Measure, area: float) -> list[alt.Chart]:
    tip = alt.Tooltip("bus:N", title="Bus")
    value = alt.Tooltip(f"{bus.column}:Q", title=bus.label, format=bus.format)
    known, missing = _parted(plan.buses, bus)
    unknown = alt.Chart(inline(missing)).mark_circle(
        size=area / 4, color=UNKNOWN, stroke=INK, strokeWidth=0.8, opacity=1
    )
    dots = alt.Chart(inline(known)).mark_circle(
        size=area, stroke=INK, strokeWidth=0.8, opacity=1
    )
    return [
        unknown.encode(**plan.spot(), tooltip=[tip]),
        dots.encode(**plan.spot(), color=_shade(bus, known), tooltip=[tip, value]),
    ]


def _rings(plan: Plan, bus: Measure, area: float) -> list[alt.Chart]:
    flagged = _flagged(plan.buses, bus)
    name = f"bus {bus.flag_name}"
    return [] if flagged.empty else [rings(flagged, plan.spot(), name, area)]


def _parted(table: pd.DataFrame, measure: Measure) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Rows with a value, to which their class is added, and rows without."""
    missing = table[measure.column].isna()
    known = table[~missing]
    largest = float(known[measure.column].abs().max()) if len(known) else 0.0
    place = math.floor(math.log10(largest)) if largest > 0 else 0
    classes = known[measure.column].astype(float).round(_CLASS_DIGITS - 1 - place)
    return known.assign(class_value=classes), table[missing]


def _flagged(table: pd.DataFrame, measure: Measure) -> pd.DataFrame:
    return table[table[measure.flag].astype(bool)] if measure.flag else table.iloc[:0]


def _shade(measure: Measure, known: pd.DataFrame) -> alt.Color:
    """Colour of a measure: classes for a few values, a gradient for many."""
    classes = sorted(known["class_value"].unique().tolist())
    few = len(classes) <= _MOST_CLASSES
    if measure.middle is not None or measure.domain is not None or not few:
        return gradient(measure.column, measure, known[measure.column].astype(float))
    steps = np.linspace(0, len(VIRIDIS) - 1, len(classes)).round().astype(int)
    return alt.Color(
        "class_value:O",
        title=measure.label,
        scale=alt.Scale(domain=classes, range=[VIRIDIS[at] for at in steps]),
        legend=alt.Legend(format=measure.format, symbolOpacity=1),
    )
