"""A game of two players as a table of joint actions, with payoffs and equilibria."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import altair as alt
import numpy as np
import pandas as pd

from gridagora.errors import InputError
from gridagora.figures.shades import gradient
from gridagora.figures.tables import Measure, check_columns, extent, inline
from gridagora.figures.theme import INK, PAPER, TEXT_PX, VIRIDIS, themed
from gridagora.types.arrays import FloatArray

_TABLE = "payoff table"
_CHAR_PX, _AIR_PX = 7.0, 26
_LEAST_CELL_PX, _ROW_PX = 58, 46
_MARGIN_PX = 96
_BLACK = "#000000"


def payoff_table(  # noqa: PLR0913  (one keyword for each thing that is drawn)
    table: pd.DataFrame,
    *,
    row: Measure,
    column: Measure,
    value: Measure,
    title: str,
    label: str,
    marked: str,
    subtitle: str = "",
) -> alt.LayerChart:
    """Show what every pair of actions pays, and outline some of them.

    Rows and columns stand in rising order where actions are numbers, else in the order
    of the table; the first action of the row player is at the top. Shades only repeat
    what the text says.

    Args:
        table: One row for each pair of actions.
        row: Action of the row player.
        column: Action of the column player.
        value: What shades a cell, dark at high values, e.g. the payoff of the row
            player or the sum of both. A cell without a finite value is white; one
            value for all has no legend.
        title: What the picture shows.
        label: Column of texts in the cells, e.g. ``54.8 | 138.4``.
        marked: Column of truth values: a thick outline and bold text, for an
            equilibrium.
        subtitle: How to read it, as whole sentences, e.g. whose payoff stands first,
            and what the outline means.

    Raises:
        InputError: A column is missing, there is no row, or a pair of actions stands
            twice.

    Example:
        >>> game = pd.DataFrame(
        ...     {
        ...         "a": [0, 0, 10, 10],
        ...         "b": [0, 10, 0, 10],
        ...         "sum": [2.0, 5.0, 5.0, 8.0],
        ...         "text": ["1 | 1", "0 | 5", "5 | 0", "4 | 4"],
        ...         "is_equilibrium": [True, False, False, False],
        ...     }
        ... )
        >>> chart = payoff_table(
        ...     game,
        ...     row=Measure("a", "Markup of G1", "%"),
        ...     column=Measure("b", "Markup of G2", "%"),
        ...     value=Measure("sum", "Sum of payoffs", "currency/h"),
        ...     label="text",
        ...     marked="is_equilibrium",
        ...     title="A dilemma",
        ... )
        >>> chart.to_dict()["layer"][0]["encoding"]["x"]["title"]
        'Markup of G2 (%)'
    """
    columns = [row.column, column.column, value.column, label, marked]
    check_columns(_TABLE, table, columns)
    cells = pd.DataFrame(
        {
            "row": [_named(action) for action in table[row.column]],
            "column": [_named(action) for action in table[column.column]],
            "value": table[value.column].astype(float),
            "text": table[label].astype(str),
            "marked": table[marked].astype(bool),
        }
    )
    _check(cells)
    shade = _shade(value, cells["value"])
    cells["ink"] = _inks(cells["value"].to_numpy(), shade)
    sizes = _sizes(cells)
    orders = (_order(table[row.column]), _order(table[column.column]))
    layers = _layers(cells, orders, (row, column, shade))
    chart = alt.LayerChart(layer=layers).properties(width=sizes[0], height=sizes[1])
    return themed(chart, title, subtitle, margin_px=_MARGIN_PX, least_width_px=sizes[0])


def _named(action: object) -> str:
    """An action as a short word: 10 rather than 10.0."""
    number = isinstance(action, int | float | np.integer | np.floating)
    return f"{action:.6g}" if number else str(action)


def _order(actions: pd.Series) -> list[str]:
    once = actions.drop_duplicates()
    if pd.api.types.is_numeric_dtype(once):
        once = once.sort_values()
    return [_named(action) for action in once]


def _check(cells: pd.DataFrame) -> None:
    twice = cells[cells.duplicated(["row", "column"])]
    faults = [
        f"actions {cell.row!r} and {cell.column!r} stand in more than one row."
        for cell in twice.itertuples()
    ]
    if cells.empty:
        faults.append("there is no row.")
    if faults:
        raise InputError(_TABLE, faults)


def _shade(value: Measure, values: pd.Series) -> Measure:
    """The measure with a scale that rises between ends that are known here."""
    known = [float(one) for one in values if np.isfinite(one)]
    flat = not known or min(known) == max(known)
    ends = value.domain or (extent(known) if flat else (min(known), max(known)))
    return replace(value, domain=ends, middle=None)


def _inks(values: FloatArray, shade: Measure) -> list[str]:
    """Black or white for the text of each cell, whichever has more contrast.

    With these two a contrast of 4.58 is always reached.

    Source:
        W3C, Web Content Accessibility Guidelines 2.1, relative luminance and contrast.
    """
    low, high = shade.domain or (0.0, 1.0)
    place = np.clip((values - low) / (high - low), 0.0, 1.0)
    steps = np.array([_channels(colour) for colour in VIRIDIS])
    at = np.linspace(0.0, 1.0, len(VIRIDIS))
    parts = np.array([np.interp(place, at, channel) for channel in steps.T])
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    luminance = np.array([0.2126, 0.7152, 0.0722]) @ linear
    light = (luminance + 0.05) ** 2 > 1.05 * 0.05
    return [_BLACK if one else PAPER for one in light | np.isnan(values)]


def _channels(colour: str) -> list[float]:
    return [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]


def _sizes(cells: pd.DataFrame) -> tuple[int, int]:
    """Width and height that hold the texts. px."""
    widest = max(cells["text"].str.len().max(), cells["column"].str.len().max())
    cell_px = max(_LEAST_CELL_PX, _CHAR_PX * widest + _AIR_PX)
    across = cells["column"].nunique()
    return round(cell_px * across), _ROW_PX * cells["row"].nunique()


def _axis(side: Literal["left", "top"]) -> alt.Axis:
    return alt.Axis(
        orient=side,
        labelAngle=0,
        labelOverlap=False,
        ticks=False,
        domain=False,
        grid=False,
    )


def _scale(order: Sequence[str]) -> alt.Scale:
    return alt.Scale(domain=list(order), paddingInner=0.07, paddingOuter=0.05)


def _layers(
    cells: pd.DataFrame,
    orders: tuple[Sequence[str], Sequence[str]],
    measures: tuple[Measure, Measure, Measure],
) -> list[alt.Chart]:
    """Shades, outlines and texts, the texts in black and in white."""
    row, column, shade = measures
    base = alt.Chart(inline(cells)).encode(
        x=alt.X(
            "column:N",
            title=column.label,
            axis=_axis("top"),
            scale=_scale(orders[1]),
        ),
        y=alt.Y("row:N", title=row.label, axis=_axis("left"), scale=_scale(orders[0])),
    )
    tips = [
        alt.Tooltip("row:N", title=row.label),
        alt.Tooltip("column:N", title=column.label),
        alt.Tooltip("text:N", title="Payoffs"),
        alt.Tooltip("value:Q", title=shade.label, format=shade.format),
    ]
    shades = base.transform_filter("isValid(datum.value)").mark_rect()
    outlined = base.transform_filter("datum.marked")
    bold = alt.ExprRef("datum.marked ? 'bold' : 'normal'")
    texts = [
        base.transform_filter(f"datum.ink === '{ink}'")
        .mark_text(fontSize=TEXT_PX + 1, fontWeight=bold, color=ink)
        .encode(text="text:N")
        for ink in cells["ink"].drop_duplicates()
    ]
    colour = gradient("value", shade, cells["value"])
    if cells["value"].nunique() < 2:
        colour = colour.legend(None)
    return [
        shades.encode(color=colour, tooltip=tips),
        outlined.mark_rect(fillOpacity=0, stroke=PAPER, strokeWidth=8),
        outlined.mark_rect(fillOpacity=0, stroke=INK, strokeWidth=4),
        *texts,
    ]
