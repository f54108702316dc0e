"""Duration curves: values sorted from high to low against the share of time."""

import altair as alt
import numpy as np
import pandas as pd

from gridagora.errors import InputError
from gridagora.figures.line_ends import Axes, End, end_names, margin_px
from gridagora.figures.tables import Measure, check_columns, extent, inline
from gridagora.figures.theme import line_look, themed

_WIDTH_PX = 600
_HEIGHT_PX = 340
_AXIS_PX = 70
_MOST_STEPS = 400


def duration(
    table: pd.DataFrame,
    *,
    value: Measure,
    title: str,
    group: str | None = None,
    share: str = "Share of time",
) -> alt.LayerChart:
    """Show for which share of all rows a value is reached or passed.

    Args:
        table: One row for each interval, or for each bus and interval; every row
            weighs the same. Rows without a finite value are left out and counted.
        value: What is sorted.
        title: What the picture shows.
        group: Column of groups; each gets a line of its own.
        share: What the rows are shares of, e.g. ``Share of bus-hours``.

    Raises:
        InputError: A column is missing, or a group has no finite value.

    Example:
        >>> prices = pd.DataFrame({"price": [4.0, 6.0, 5.0, 5.0]})
        >>> duration(prices, value=Measure("price", "Price"), title="Prices").to_dict()[
        ...     "title"
        ... ]["text"]
        ['Prices']
    """
    check_columns("duration curve", table, [value.column, group or value.column])
    names = table[group].astype(str) if group else pd.Series("", index=table.index)
    rows = pd.DataFrame({"value": table[value.column].astype(float), "group": names})
    known = rows[np.isfinite(rows["value"])]
    order = list(dict.fromkeys(names))
    _check_known(order, known, value)
    curves = {
        name: _curve(known.loc[known["group"] == name, "value"]) for name in order
    }
    y_ends = value.domain or extent(known["value"])
    axes = Axes(Measure("share", share, "%"), value, (0.0, 100.0), y_ends)
    layers = [_line(curves[name], name, at, axes) for at, name in enumerate(order)]
    room_px = _AXIS_PX
    if group is not None:
        ends = [
            End(name, 100.0, float(curves[name]["value"].iloc[-1]), *line_look(at))
            for at, name in enumerate(order)
        ]
        layers += end_names(ends, axes, tall_px=_HEIGHT_PX)
        room_px += margin_px(order)
    chart = alt.LayerChart(layer=layers).properties(width=_WIDTH_PX, height=_HEIGHT_PX)
    return themed(chart, title, _explained(len(rows) - len(known)), margin_px=room_px)


def _check_known(order: list[str], known: pd.DataFrame, value: Measure) -> None:
    found = set(known["group"])
    faults = [
        f"no row of {name!r} has a finite {value.column!r}."
        if name
        else f"no row has a finite {value.column!r}."
        for name in order
        if name not in found
    ]
    if not order:
        faults.append("there is no row.")
    if faults:
        raise InputError("duration curve", faults)


def _curve(values: pd.Series) -> pd.DataFrame:
    """Corners of a line that falls in steps, thinned where nobody sees it."""
    down = np.sort(values.to_numpy(dtype=np.float64))[::-1]
    n_row = len(down)
    at = np.unique(np.linspace(0, n_row - 1, min(n_row, _MOST_STEPS)).round())
    at = at.astype(int)
    return pd.DataFrame(
        {
            "share": np.append(100.0 * at / n_row, 100.0),
            "value": np.append(down[at], down[-1]),
        }
    )


def _line(curve: pd.DataFrame, name: str, at: int, axes: Axes) -> alt.Chart:
    colour, dash = line_look(at)
    tips = [
        *([alt.Tooltip("group:N", title="Group")] if name else []),
        alt.Tooltip("share:Q", title=axes.along.label, format=".1f"),
        alt.Tooltip("value:Q", title=axes.up.label, format=axes.up.format),
    ]
    line: alt.Chart = (
        alt.Chart(inline(curve.assign(group=name)))
        .mark_line(
            color=colour,
            strokeDash=list(dash),
            strokeWidth=2.4,
            interpolate="linear" if len(curve) > _MOST_STEPS else "step-after",
        )
        .encode(x=axes.x("share:Q"), y=axes.y("value:Q"), tooltip=tips)
    )
    return line


def _explained(n_lost: int) -> str:
    words = "Values sorted from high to low: the highest 20\u00a0% of them lie to the "
    words += "left of 20\u00a0%."
    return f"{words} Rows without a value: {n_lost}." if n_lost else words
