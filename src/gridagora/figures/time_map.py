"""A map of a feeder through the intervals of a day, with a slider."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

import altair as alt
import numpy as np
import pandas as pd

from gridagora.errors import InputError
from gridagora.figures.plan import (
    BRANCH_TIPS,
    PHONE_WIDTH_PX,
    Plan,
    lay_out,
    layered,
    names,
)
from gridagora.figures.shades import UNKNOWN, crosses, gradient, rings
from gridagora.figures.tables import Measure, check_columns, inline
from gridagora.figures.theme import BLUE, INK, SLATE, VERMILLION, themed
from gridagora.types.arrays import BoolArray, FloatArray

_PARAM = "shown"
_SLIDER = f"{_PARAM}_at"
_NOW = f"{_PARAM}.at[0]"
_DIGITS = 5
_STRIP_PX = 84
_MOST_TICKS = 8
_MARGIN_PX = 84
_TIMES = ["interval", "time", "bus"]


@dataclass(frozen=True, slots=True, eq=False)
class _Day:
    """Everything that changes with the slider.

    Attributes:
        times: What people call each interval.
        values: Of each measure, interval and bus. Shape ``(n_measure, n, n_bus)``.
        outside: Whether a bus is flagged. Shape ``(n, n_bus)``.
        binding: Whether a branch is at its limit. Shape ``(n, n_branch)``.
        start: Place of the interval that is shown first.
    """

    times: tuple[str, ...]
    values: FloatArray
    outside: BoolArray
    binding: BoolArray
    start: int

    @property
    def low(self) -> FloatArray:
        """Least value of each interval; NaN where none is known."""
        least: FloatArray = np.fmin.reduce(self.values[0], axis=1)
        return least

    @property
    def high(self) -> FloatArray:
        """Largest value of each interval; NaN where none is known."""
        most: FloatArray = np.fmax.reduce(self.values[0], axis=1)
        return most


def time_map(
    buses: pd.DataFrame,
    branches: pd.DataFrame,
    values: pd.DataFrame,
    binding: pd.DataFrame | None = None,
    *,
    title: str,
    measures: Sequence[Measure],
) -> alt.VConcatChart:
    """Draw a feeder to scale at one interval of many, which a slider chooses.

    Above the map, a strip shows the lowest and the highest value over the buses
    through all intervals; a click in it moves the slider. The scale of colours is that
    of all intervals. The chart starts where the values differ most over the buses,
    which is also what pictures in files show.

    Args:
        buses: Columns ``bus``, ``x``, ``y`` (any length unit, y upwards).
        branches: Columns ``branch``, ``from_bus``, ``to_bus``.
        values: Columns ``interval`` (a number that rises with time), ``time`` (what
            people call it, e.g. ``18:15``), ``bus``, and those of ``measures``; one
            row for each interval and bus. A missing value is grey.
        binding: Columns ``interval``, ``branch``: one row for each branch at its limit
            in an interval. None for no limits.
        title: What the picture shows.
        measures: The first shades the buses and may flag them (a ring); all are in
            the tooltips, e.g. a price and its parts.

    Raises:
        InputError: A column is missing, there is no interval, a bus has no position, a
            bus, branch or interval is not in the other table, or a row stands twice.
    """
    columns = [name for measure in measures for name in measure.columns]
    check_columns("values of a map", values, [*_TIMES, *columns])
    if binding is not None:
        check_columns("limits of a map", binding, ["interval", "branch"])
    plan = lay_out(buses, branches)
    day = _day(plan, values, binding, measures)
    strip = _strip(day, measures[0], plan.width_px)
    chart = alt.vconcat(strip, _map(plan, day, measures), spacing=14).resolve_scale(
        color="independent", shape="independent"
    )
    finished: alt.VConcatChart = themed(
        chart,
        title,
        _explained(day, measures[0]),
        margin_px=_MARGIN_PX,
        least_width_px=PHONE_WIDTH_PX,
        slider={_SLIDER: day.times},
    )
    return finished


def _day(
    plan: Plan,
    values: pd.DataFrame,
    binding: pd.DataFrame | None,
    measures: Sequence[Measure],
) -> _Day:
    _check_rows(plan, values, binding)
    order = values.drop_duplicates("interval").sort_values("interval")
    intervals, bus = order["interval"], plan.buses["bus"]
    held = pd.DataFrame({"interval": [], "branch": []}) if binding is None else binding
    full = _spread(
        held.assign(held=1.0), "held", intervals, plan.branches["branch"], "branch"
    )
    shown = [_spread(values, m.column, intervals, bus) for m in measures]
    flag = measures[0].flag
    outside = (
        np.zeros_like(shown[0])
        if flag is None
        else _spread(values, flag, intervals, bus)
    )
    apart = np.fmax.reduce(shown[0], axis=1) - np.fmin.reduce(shown[0], axis=1)
    return _Day(
        times=tuple(order["time"].astype(str)),
        values=np.stack(shown),
        outside=outside == 1.0,
        binding=full == 1.0,
        start=int(np.argmax(np.nan_to_num(apart))),
    )


def _spread(
    rows: pd.DataFrame,
    column: str,
    intervals: pd.Series,
    things: pd.Series,
    thing: str = "bus",
) -> FloatArray:
    """One row for each interval and one column for each thing; NaN for no value."""
    table = rows.pivot_table(
        index="interval", columns=thing, values=column, aggfunc="first", observed=True
    )
    full = table.reindex(index=intervals, columns=things)
    return full.to_numpy(dtype=np.float64, na_value=np.nan)


def _check_rows(plan: Plan, values: pd.DataFrame, binding: pd.DataFrame | None) -> None:
    faults = _strangers(values, "bus", plan.buses["bus"])
    faults += [
        f"bus {row.bus!r} stands twice in interval {row.interval}."
        for row in values[values.duplicated(["interval", "bus"])].itertuples()
    ]
    named = values.groupby("interval")["time"].nunique()
    faults += [
        f"interval {at} has {number} times, expected one."
        for at, number in named[named > 1].items()
    ]
    if binding is not None:
        faults += _strangers(binding, "branch", plan.branches["branch"])
        faults += _strangers(binding, "interval", values["interval"])
    if values.empty:
        faults.append("there is no interval.")
    if faults:
        raise InputError("values of a map", faults)


def _strangers(table: pd.DataFrame, column: str, known: pd.Series) -> list[str]:
    lost = table.loc[~table[column].isin(known), column].drop_duplicates()
    where = "values" if column == "interval" else "map"
    return [f"{column} {name!r} is not in the table of the {where}." for name in lost]


def _map(plan: Plan, day: _Day, measures: Sequence[Measure]) -> alt.LayerChart:
    area = 75.0 if plan.crowded else 140.0
    lines = alt.Chart(inline(plan.branches)).mark_rule(strokeWidth=2.4, color=SLATE)
    layers: list[alt.Chart | alt.LayerChart] = [
        lines.encode(**plan.line, tooltip=list(BRANCH_TIPS)),
        *_rings(plan, day, measures[0], area),
        *_dots(plan, day, measures, area),
        *_crosses(plan, day),
        *names(plan, np.full(len(plan.buses), area)),
    ]
    return layered(plan, layers)


def _rings(plan: Plan, day: _Day, bus: Measure, area: float) -> list[alt.Chart]:
    """Rings around all buses that are ever flagged, drawn while they are."""
    ever = day.outside.any(axis=0)
    if not ever.any():
        return []
    held = plan.buses[ever].assign(held=day.outside[:, ever].astype(int).T.tolist())
    marks = rings(held, plan.spot(), f"bus {bus.flag_name}", area)
    return [marks.transform_filter(f"datum.held[{_NOW}]")]


def _crosses(plan: Plan, day: _Day) -> list[alt.Chart]:
    """Crosses on all branches that are ever full, drawn while they are."""
    ever = day.binding.any(axis=0)
    if not ever.any():
        return []
    held = plan.branches[ever].assign(held=day.binding[:, ever].astype(int).T.tolist())
    spot = plan.spot("xm_px", "ym_px")
    marks = crosses(held, spot, "branch at its limit", BRANCH_TIPS)
    return [marks.transform_filter(f"datum.held[{_NOW}]")]


def _dots(
    plan: Plan, day: _Day, measures: Sequence[Measure], area: float
) -> list[alt.Chart]:
    table = plan.buses[["bus", "x_px", "y_px"]].copy()
    for at, by_time in enumerate(day.values):
        table[f"all_{at}"] = pd.Series(_rounded(by_time.T), index=table.index)
    base = alt.Chart(inline(table))
    for at in range(len(measures)):
        base = base.transform_calculate(**{f"now_{at}": f"datum.all_{at}[{_NOW}]"})
    bus = alt.Tooltip("bus:N", title="Bus")
    tips = [
        alt.Tooltip(f"now_{at}:Q", title=measure.label, format=measure.format)
        for at, measure in enumerate(measures)
    ]
    unknown = base.transform_filter("!isValid(datum.now_0)").mark_circle(
        size=area / 4, color=UNKNOWN, stroke=INK, strokeWidth=0.8, opacity=1
    )
    dots = base.transform_filter("isValid(datum.now_0)").mark_circle(
        size=area, stroke=INK, strokeWidth=0.8, opacity=1
    )
    shade = gradient("now_0", measures[0], day.values[0].ravel())
    return [
        unknown.encode(**plan.spot(), tooltip=[bus]),
        dots.encode(**plan.spot(), color=shade, tooltip=[bus, *tips]),
    ]


def _rounded(by_bus: FloatArray) -> list[list[float]]:
    """Digits that a tooltip shows, which halves the weight of the page."""
    largest = float(np.nanmax(np.abs(by_bus), initial=0.0))
    place = int(np.floor(np.log10(largest))) if largest > 0 else 0
    lists: list[list[float]] = by_bus.round(_DIGITS - 1 - place).tolist()
    return lists


def _strip(day: _Day, measure: Measure, width_px: float) -> alt.LayerChart:
    """Lowest and highest value through the day, and where the slider stands."""
    table = pd.DataFrame(
        {
            "at": np.arange(len(day.times)),
            "time": day.times,
            "low": day.low,
            "high": day.high,
            "n_held": day.binding.sum(axis=1),
        }
    )
    base = alt.Chart(inline(table)).encode(x=_along(day.times))
    y = alt.Y(
        "low:Q",
        title=measure.unit or measure.name,
        scale=alt.Scale(zero=False),
        axis=alt.Axis(tickCount=3),
    )
    layers = [
        base.mark_area(
            fill=BLUE, fillOpacity=0.35, stroke=BLUE, strokeWidth=1, interpolate="step"
        ).encode(y=y, y2="high:Q"),
        *_held(base, day),
        *_pointer(base, measure),
        _hits(base, day, measure),
    ]
    chart: alt.LayerChart = alt.LayerChart(layer=layers).properties(
        width=width_px, height=_STRIP_PX
    )
    return chart


def _along(times: Sequence[str]) -> alt.X:
    """Intervals side by side, with the times of some."""
    step = -(-len(times) // _MOST_TICKS)
    ticks = list(range(0, len(times), step))
    words = ", ".join(json.dumps(times[at]) for at in ticks)
    return alt.X(
        "at:Q",
        title=None,
        scale=alt.Scale(domain=[-0.5, len(times) - 0.5], nice=False),
        axis=alt.Axis(
            values=ticks, labelExpr=f"[{words}][datum.value / {step}]", grid=False
        ),
    )


def _held(base: alt.Chart, day: _Day) -> list[alt.Chart]:
    """Ticks at the foot of all intervals in which a limit binds."""
    if not day.binding.any():
        return []
    ticks = base.transform_filter("datum.n_held > 0").mark_tick(
        color=VERMILLION, thickness=4, size=7, opacity=1
    )
    return [ticks.encode(y=alt.value(_STRIP_PX - 4))]


def _pointer(base: alt.Chart, measure: Measure) -> list[alt.Chart]:
    """A rule at the interval that is shown, with its time and its values."""
    at = base.transform_filter(f"datum.at == {_NOW}").transform_calculate(
        words=f"datum.time + ': ' + (isValid(datum.low) ? "
        f"format(datum.low, '{measure.format}') + ' to ' + "
        f"format(datum.high, '{measure.format}') + ' {measure.unit}' : 'no value')"
    )
    side = alt.ExprRef(f"{_NOW} * 2 < domain('x')[1] ? 'left' : 'right'")
    text = at.mark_text(align=side, dy=-9, fontWeight="bold", color=INK)
    return [
        at.mark_rule(color=INK, strokeWidth=1.6),
        text.encode(y=alt.value(0), text="words:N"),
    ]


def _hits(base: alt.Chart, day: _Day, measure: Measure) -> alt.Chart:
    """What is clicked: columns that nobody sees, one for each interval."""
    slider = alt.binding_range(min=0, max=len(day.times) - 1, step=1, name="Time")
    shown = alt.selection_point(
        name=_PARAM,
        fields=["at"],
        value=[{"at": day.start}],
        bind={"at": slider},  # type: ignore[arg-type]  # the schema allows it
        on="click[event.item && event.item.datum && isValid(event.item.datum.at)]",
        clear=False,
        toggle=False,
        empty=False,
    )
    tips = [
        alt.Tooltip("time:N", title="Interval"),
        alt.Tooltip("low:Q", title=f"Lowest, {measure.label}", format=measure.format),
        alt.Tooltip("high:Q", title=f"Highest, {measure.label}", format=measure.format),
        alt.Tooltip("n_held:Q", title="Branches at their limit"),
    ]
    columns: alt.Chart = (
        base.transform_calculate(left="datum.at - 0.5", right="datum.at + 0.5")
        .mark_rect(opacity=0, cursor="pointer", aria=False)
        .encode(
            x=alt.X("left:Q"),
            x2="right:Q",
            y=alt.value(0),
            y2=alt.value(_STRIP_PX),
            tooltip=tips,
        )
        .add_params(shown)
    )
    return columns


def _explained(day: _Day, measure: Measure) -> str:
    words = (
        "Strip: lowest to highest value over the buses; click in it or move the slider "
        "to choose an interval."
    )
    if day.binding.any():
        words += " Ticks at its foot: a limit binds."
    return (
        f"{words} Still pictures show {day.times[day.start]}, when the buses differ "
        "most."
    )
