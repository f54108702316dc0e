"""Bars with their values, for a few named things."""

import textwrap

import altair as alt
import pandas as pd

from gridagora.errors import InputError
from gridagora.figures.tables import Measure, check_columns, inline
from gridagora.figures.theme import CATEGORICAL, INK, TEXT_PX, themed

_WIDTH_PX = 600
_STEP_PX = 28
_GROUP_STEP_PX = 20
_LINE_PX = 14
_AIR_PX = 12
_NAME_CHARS = 18
_MARGIN_PX = 190
_NAME_GAP_PX = 6
_NUMBER_PX = 50


def bars(
    table: pd.DataFrame,
    *,
    category: Measure,
    value: Measure,
    title: str,
    group: str | None = None,
    expected: str | None = None,
) -> alt.LayerChart:
    """Show one horizontal bar for each row, in the order of the table.

    Bars of negative values run to the left of a line at zero.

    Args:
        table: Rows in reading order.
        category: What each bar stands for.
        value: How long it is.
        title: What the picture shows.
        group: Column of groups inside each category, side by side in colours.
        expected: Column of values to reach, shown as a black tick; may have gaps.

    Raises:
        InputError: A column is missing, or there is no row.
    """
    extra = [name for name in (group, expected) if name is not None]
    check_columns("table of bars", table, [category.column, value.column, *extra])
    if table.empty:
        raise InputError("table of bars", ["there is no row."])
    rows = pd.DataFrame(
        {
            "category": ["\n".join(_lines(name)) for name in table[category.column]],
            "value": table[value.column],
            "group": "" if group is None else table[group].astype(str),
            "expected": float("nan") if expected is None else table[expected],
        }
    )
    base = _base(rows, grouped=group is not None)
    layers = _layers(base, rows, category, value)
    if expected is not None:
        layers.append(_ticks(base))
    lines = max(text.count("\n") + 1 for text in rows["category"])
    n_group = rows["group"].nunique()
    least_px = (lines * _LINE_PX + _AIR_PX) / n_group
    step = max(_STEP_PX if group is None else _GROUP_STEP_PX, least_px)
    chart = alt.LayerChart(layer=layers).properties(
        width=_WIDTH_PX,
        height={"step": step, "for": "position" if group is None else "offset"},
    )
    words = "Black ticks: expected values." if expected is not None else ""
    negative = (rows["value"] < 0).any()
    margin_px = _MARGIN_PX + (_NUMBER_PX if negative else 0)
    return themed(chart, title, words, margin_px=margin_px)


def _base(rows: pd.DataFrame, *, grouped: bool) -> alt.Chart:
    negative = (rows["value"] < 0).any()
    y = alt.Y(
        "category:N",
        sort=None,
        title=None,
        axis=alt.Axis(
            grid=False,
            ticks=False,
            domain=not negative,
            labelExpr="split(datum.label, '\\n')",
            labelLineHeight=_LINE_PX,
            labelOffset=_centred(rows),
            labelPadding=_NUMBER_PX if negative else _NAME_GAP_PX,
        ),
        scale=alt.Scale(paddingInner=0.25),
    )
    base = alt.Chart(inline(rows)).encode(y=y)
    if grouped:
        return base.encode(yOffset=alt.YOffset("group:N", sort=None))
    return base


def _centred(rows: pd.DataFrame) -> dict[str, object]:
    """Shift labels up by half of what they have below their first line."""
    most = max(text.count("\n") for text in rows["category"])
    return {
        "condition": [
            {
                "test": f"length(split(datum.label, '\\n')) === {breaks + 1}",
                "value": -breaks * _LINE_PX / 2,
            }
            for breaks in range(1, most + 1)
        ],
        "value": 0,
    }


def _lines(name: object) -> list[str]:
    """A name in lines that leave room for the bars on a phone."""
    return textwrap.wrap(str(name), _NAME_CHARS) or [""]


def _layers(
    base: alt.Chart, rows: pd.DataFrame, category: Measure, value: Measure
) -> list[alt.Chart]:
    groups = list(dict.fromkeys(rows["group"]))
    grouped = groups != [""]
    colours = [CATEGORICAL[at % len(CATEGORICAL)] for at in range(len(groups))]
    x = alt.X(
        "value:Q",
        title=value.label,
        scale=_scale(value),
        axis=alt.Axis(tickCount=6),
    )
    colour = alt.Color(
        "group:N",
        title=None,
        scale=alt.Scale(domain=groups, range=colours),
        legend=alt.Legend() if grouped else None,
    )
    tips = [
        alt.Tooltip("category:N", title=category.name),
        *([alt.Tooltip("group:N", title="Group")] if grouped else []),
        alt.Tooltip("value:Q", title=value.label, format=value.format),
    ]
    number = base.encode(x=x, text=alt.Text("value:Q", format=value.format))
    layers = [base.mark_bar().encode(x=x, color=colour, tooltip=tips)]
    # a layer without any row would leave its scale without ends
    if (rows["value"] >= 0).any():
        layers.append(
            number.transform_filter("datum.value >= 0").mark_text(
                align="left", dx=6, fontSize=TEXT_PX, color=INK
            )
        )
    if (rows["value"] < 0).any():
        layers.append(
            number.transform_filter("datum.value < 0").mark_text(
                align="right", dx=-6, fontSize=TEXT_PX, color=INK
            )
        )
        layers.append(_zero(x))
    return layers


def _zero(x: alt.X) -> alt.Chart:
    line: alt.Chart = (
        alt.Chart(inline(pd.DataFrame({"value": [0]})))
        .mark_rule(color=INK, strokeWidth=1.4)
        .encode(x=x)
    )
    return line


def _scale(value: Measure) -> alt.Scale:
    if value.domain is None:
        return alt.Scale(zero=True, nice=True)
    return alt.Scale(domain=list(value.domain), nice=False)


def _ticks(base: alt.Chart) -> alt.Chart:
    known = base.transform_filter("isValid(datum.expected)")
    ticks: alt.Chart = known.mark_tick(color=INK, thickness=3).encode(x="expected:Q")
    return ticks
