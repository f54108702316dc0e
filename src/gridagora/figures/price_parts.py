"""What makes the price at each bus: its parts, stacked along the feeder."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import altair as alt
import numpy as np
import pandas as pd

from gridagora.errors import InputError, UnknownNameError, listed
from gridagora.figures.feeder_order import FeederOrder, drawing, in_order
from gridagora.figures.tables import Measure, check_columns, extent, inline
from gridagora.figures.theme import INK, PAPER, PART_COLOUR, TEXT_PX, themed

_WIDTH_PX = 800
_HEIGHT_PX = 320
_LEAST_STEP_PX, _MOST_STEP_PX = 9.0, 60.0
_CHAR_FRAC = 0.58
_AXIS_PX = 70
_BAR_FRAC = 0.8
_SUM_TOLERANCE = 1e-6
_NOTHING = 1e-9


def price_parts(
    prices: pd.DataFrame,
    branches: pd.DataFrame,
    *,
    title: str,
    price: Measure,
    parts: Mapping[str, str],
    flag: str | None = None,
) -> alt.VConcatChart:
    """Stack the parts of the price at each bus, buses in the order of the feeder.

    Parts below zero hang below the line at zero; a diamond is the price. The drawing
    below shows how the buses hang together: the main path at the top, what branches
    off below it.

    Args:
        prices: One row for each bus: columns ``bus``, that of ``price``, and those of
            ``parts``.
        branches: Columns ``branch``, ``from_bus``, ``to_bus``: one tree, the near end
            first.
        title: What the picture shows.
        price: What the parts add up to. A bus without a value has no bar.
        parts: Column of each part, in the order of the stack; the keys are those of
            ``PriceParts``: ``energy``, ``loss``, ``congestion``, ``voltage``,
            ``unbalance``. Leave out ``energy`` and give as ``price`` what lies beyond
            it to see small parts.
        flag: Column of ``branches`` with truth values: a cross marks those at their
            limit. None for none.

    Raises:
        UnknownNameError: A part is none of these.
        InputError: A column is missing, the branches are not one tree, a bus is
            missing, strange or stands twice, or parts do not add up to the price.
    """
    for part in parts:
        if part not in PART_COLOUR:
            raise UnknownNameError("part of a price", part, PART_COLOUR)
    check_columns("table of prices", prices, ["bus", price.column, *parts.values()])
    check_columns("branches of a tree", branches, [flag] if flag else [])
    order = in_order(branches)
    _check_buses(prices, order)
    rows = order.buses.merge(prices, on="bus")
    _check_sums(rows, price, parts)
    row = _Row(tuple(rows["bus"].astype(str)))
    chart: alt.VConcatChart = alt.vconcat(
        _bars(rows, price, parts, row),
        drawing(order, row.bare, flag=flag).properties(width=row.width_px),
        spacing=4,
    ).resolve_scale(color="independent", shape="independent")
    return themed(
        chart,
        title,
        _explained(rows, price, parts),
        margin_px=_AXIS_PX,
        least_width_px=row.width_px,
    )


@dataclass(frozen=True, slots=True)
class _Row:
    """Buses side by side.

    Attributes:
        names: Of the buses.
    """

    names: tuple[str, ...]

    @property
    def step_px(self) -> float:
        """Room of one bus. px."""
        wanted = _WIDTH_PX / len(self.names)
        return min(max(wanted, _LEAST_STEP_PX), _MOST_STEP_PX)

    @property
    def width_px(self) -> int:
        """Room of all. px."""
        return round(self.step_px * len(self.names))

    def bare(self, field: str) -> alt.X:
        """Return the encoding of a place without an axis."""
        return alt.X(field, axis=None, scale=self._scale())

    def named(self, field: str) -> alt.X:
        """Return the encoding of a place with the names of the buses."""
        size_px = min(TEXT_PX - 1, self.step_px - 1)
        upright = max(map(len, self.names)) * _CHAR_FRAC * size_px > self.step_px
        axis = alt.Axis(
            values=list(range(len(self.names))),
            labelExpr=f"{json.dumps(self.names)}[datum.value]",
            labelAngle=-90 if upright else 0,
            labelFontSize=size_px,
            labelOverlap=False,
            grid=False,
            ticks=False,
            domain=False,
        )
        return alt.X(field, title=None, axis=axis, scale=self._scale())

    def _scale(self) -> alt.Scale:
        return alt.Scale(domain=[-0.5, len(self.names) - 0.5], nice=False)


def _check_buses(prices: pd.DataFrame, order: FeederOrder) -> None:
    known = order.buses["bus"]
    named = prices["bus"]
    faults = [
        f"bus {bus!r} stands in more than one row."
        for bus in dict.fromkeys(named[named.duplicated()])
    ]
    faults += [
        f"bus {bus!r} is no end of a branch." for bus in named[~named.isin(known)]
    ]
    faults += [f"bus {bus!r} is missing." for bus in known[~known.isin(named)]]
    if faults:
        msg = "table of prices"
        raise InputError(msg, faults)


def _check_sums(rows: pd.DataFrame, price: Measure, parts: Mapping[str, str]) -> None:
    """A bar that does not end at its diamond would be a lie."""
    total = rows[list(parts.values())].sum(axis=1)
    apart = (total - rows[price.column]).abs()
    allowed = _SUM_TOLERANCE * max(float(rows[price.column].abs().max()), _NOTHING)
    faults = [
        f"parts at bus {row.bus!r} add up to {row.total:.9g}, expected {row.price:.9g}."
        for row in rows.assign(total=total, price=rows[price.column])[
            apart > allowed
        ].itertuples()
    ]
    if faults:
        raise InputError("table of prices", faults)


def _stacked(rows: pd.DataFrame, parts: Mapping[str, str]) -> pd.DataFrame:
    """One row for each bar: from ``low`` to ``high``, away from zero."""
    sizes = rows[list(parts.values())].to_numpy(dtype=np.float64)
    least = _NOTHING * float(np.nanmax(np.abs(sizes), initial=0.0))
    above = np.zeros(len(rows))
    below = np.zeros(len(rows))
    bars = []
    for part, column in parts.items():
        size = rows[column].fillna(0.0).to_numpy(dtype=np.float64)
        size = np.where(np.abs(size) > least, size, 0.0)
        base = np.where(size >= 0.0, above, below)
        bars.append(
            rows[["bus", "at"]].assign(part=part, size=size, low=base, high=base + size)
        )
        above += np.maximum(size, 0.0)
        below += np.minimum(size, 0.0)
    table = pd.concat(bars, ignore_index=True)
    return table[table["size"] != 0.0].assign(
        left=table["at"] - _BAR_FRAC / 2, right=table["at"] + _BAR_FRAC / 2
    )


def _bars(
    rows: pd.DataFrame, price: Measure, parts: Mapping[str, str], row: _Row
) -> alt.LayerChart:
    table = _stacked(rows, parts)
    y = _upwards(price, [*table["low"], *table["high"], *rows[price.column]])
    shown = [part for part in parts if part in set(table["part"])]
    tips = [alt.Tooltip("bus:N", title="Bus")]
    bars = (
        alt.Chart(inline(table))
        .mark_rect()
        .encode(
            x=row.named("left:Q"),
            x2="right:Q",
            y=y("low:Q"),
            y2="high:Q",
            color=alt.Color(
                "part:N",
                title=None,
                scale=alt.Scale(domain=shown, range=[PART_COLOUR[p] for p in shown]),
                legend=alt.Legend(orient="top", offset=4, symbolType="square"),
            ),
            tooltip=[
                *tips,
                alt.Tooltip("part:N", title="Part"),
                alt.Tooltip("size:Q", title=price.label, format=price.format),
            ],
        )
    )
    total = rows[["bus", "at"]].assign(total=rows[price.column], name=price.name)
    zero = alt.Chart(inline(pd.DataFrame({"low": [0]}))).mark_rule(color=INK)
    layers = [bars, zero.encode(y=y("low:Q")), _totals(total, price, row, y)]
    chart: alt.LayerChart = (
        alt.LayerChart(layer=layers)
        .properties(width=row.width_px, height=_HEIGHT_PX)
        .resolve_scale(color="independent", shape="independent")
    )
    return chart


def _totals(
    total: pd.DataFrame, price: Measure, row: _Row, y: Callable[[str], alt.Y]
) -> alt.Chart:
    known = total[np.isfinite(total["total"])]
    shape = alt.Shape(
        "name:N",
        title=None,
        scale=alt.Scale(domain=[price.name], range=["diamond"]),
        legend=alt.Legend(orient="top", offset=4, symbolFillColor=INK),
    )
    marks: alt.Chart = (
        alt.Chart(inline(known))
        .mark_point(
            filled=True, fill=INK, stroke=PAPER, strokeWidth=1.2, size=60, opacity=1
        )
        .encode(
            x=row.named("at:Q"),
            y=y("total:Q"),
            shape=shape,
            tooltip=[
                alt.Tooltip("bus:N", title="Bus"),
                alt.Tooltip("total:Q", title=price.label, format=price.format),
            ],
        )
    )
    return marks


def _upwards(price: Measure, values: Iterable[float]) -> Callable[[str], alt.Y]:
    """Return the encoding upwards; it begins at zero unless something is below."""
    low, high = extent([0.0, *values])
    negative = min((v for v in values if np.isfinite(v)), default=0.0) < 0.0
    domain = price.domain or (low if negative else 0.0, high)
    scale = alt.Scale(domain=list(domain), nice=False)
    return lambda field: alt.Y(field, title=price.label, scale=scale)


def _explained(rows: pd.DataFrame, price: Measure, parts: Mapping[str, str]) -> str:
    words = (
        f"Diamonds: {price.name[:1].lower()}{price.name[1:]}, the sum of its parts. "
        "The drawing shows how the buses hang together: the path with the most buses "
        "at the top, what branches off it below."
    )
    table = _stacked(rows, parts)
    absent = [part for part in parts if part not in set(table["part"])]
    if absent:
        words += f" Zero everywhere: {listed(absent)}."
    n_lost = int((~np.isfinite(rows[price.column])).sum())
    return f"{words} Buses without a price: {n_lost}." if n_lost else words
