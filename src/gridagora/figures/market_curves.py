"""Supply and demand curves with the dispatch, one order at a time and added up."""

from dataclasses import dataclass

import altair as alt
import numpy as np
import pandas as pd

from gridagora.errors import InputError
from gridagora.figures.merit_order import aggregate, crossing
from gridagora.figures.tables import check_columns, extent, inline
from gridagora.figures.theme import (
    INK,
    MUTED,
    SIDE_COLOUR,
    SLATE,
    TEXT_PX,
    Side,
    edged,
    themed,
)

_WIDTH_PX = 385
_HEIGHT_PX = 300
_MOST_PRICES = 7
_LEAST_GAP_PX = 14.0
_SIDES = {"bid": "demand", "offer": "supply"}
_LEFT_FRAC = 0.36


@dataclass(frozen=True, slots=True)
class _Frame:
    """Ends of the axes, shared by all scenarios so that they compare."""

    price: tuple[float, float]
    order_kw: tuple[float, float]
    total_kw: tuple[float, float]
    price_unit: str

    @property
    def y(self) -> alt.Y:
        return alt.Y(
            "price:Q",
            title=f"Price ({self.price_unit})",
            scale=alt.Scale(domain=list(self.price), nice=False),
        )

    def x(self, domain: tuple[float, float], title: str) -> alt.X:
        return alt.X(
            "quantity_kw:Q",
            title=title,
            scale=alt.Scale(domain=list(domain), nice=False),
        )


def market_curves(
    curves: pd.DataFrame,
    awards: pd.DataFrame,
    *,
    title: str,
    price_unit: str = "c/kWh",
    facet: str | None = None,
) -> alt.VConcatChart:
    """Show every order as a line with its dispatch as a dot, and the sums beside it.

    Left, each order by itself: an inelastic one is a vertical line. The prices that
    consumers pay stand at the right edge with the number of bids that pay them. Right,
    all offers and all bids added up: where they cross is what would be traded if no
    line had a limit.

    Args:
        curves: Corner points with columns ``participant``, ``side`` (``bid`` or
            ``offer``), ``quantity_kw``, ``price``, and ``facet`` if given; corners of
            an order in rising quantity.
        awards: Dispatch with columns ``participant``, ``side``, ``quantity_kw``,
            ``price``, and ``facet`` if given. May have no rows.
        title: What the picture shows.
        price_unit: Unit of all prices.
        facet: Column of scenarios; each gets a row of its own, on equal axes.

    Raises:
        InputError: A column is missing, there is no curve, or a side is neither.

    Source:
        El Helou et al., OpenGridGym, figures 5 and 6.
    """
    extra = () if facet is None else (facet,)
    wanted = ("participant", "side", "quantity_kw", "price", *extra)
    check_columns("curves of a market", curves, wanted)
    check_columns("awards of a market", awards, wanted)
    _check_sides(curves, awards)
    names = [None] if facet is None else list(dict.fromkeys(curves[facet]))
    parts = [
        (name, _of(curves, facet, name), _of(awards, facet, name)) for name in names
    ]
    frame = _frame([part for _, part, _ in parts], awards, price_unit)
    rows = [_row(points, dots, frame, name) for name, points, dots in parts]
    subtitle = (
        "Each order with its dispatch (mark); at the right edge, the prices that "
        "consumers pay and the number of bids that pay them. All orders added up: "
        "they cross (circle) where they would trade without line limits; the dashed "
        "line is what is traded."
    )
    chart = alt.vconcat(*rows, spacing=36)
    return themed(chart, title, subtitle, margin_px=136)


def _check_sides(curves: pd.DataFrame, awards: pd.DataFrame) -> None:
    faults = [
        f"side is {side!r}, expected 'bid' or 'offer'."
        for side in dict.fromkeys([*curves["side"], *awards["side"]])
        if side not in _SIDES
    ]
    if curves.empty:
        faults.append("no curve has any corner.")
    if faults:
        raise InputError("curves of a market", faults)


def _of(table: pd.DataFrame, facet: str | None, name: object) -> pd.DataFrame:
    return table if facet is None else table[table[facet] == name]


def _frame(parts: list[pd.DataFrame], awards: pd.DataFrame, price_unit: str) -> _Frame:
    largest = 0.0
    for part in parts:
        most = part.groupby(["side", "participant"])["quantity_kw"].max()
        largest = max(largest, float(most.groupby("side").sum().max()))
    every = pd.concat([*parts, awards])
    single = float(every["quantity_kw"].max())
    price = extent(every["price"].to_numpy(dtype=np.float64), pad_frac=0.08)
    return _Frame(price, (0.0, 1.03 * single), (0.0, 1.03 * largest), price_unit)


def _row(
    points: pd.DataFrame, dots: pd.DataFrame, frame: _Frame, name: object
) -> alt.HConcatChart:
    what = "Each order" if name is None else f"{name}: each order"
    total = "All orders" if name is None else f"{name}: all orders"
    left = alt.layer(
        *_price_notes(dots, frame), _order_lines(points, frame), _dots(dots, frame)
    ).properties(
        width=_WIDTH_PX,
        height=_HEIGHT_PX,
        title=_panel_title(f"{what} and its dispatch"),
    )
    right = _sums(points, dots, frame).properties(
        width=_WIDTH_PX,
        height=_HEIGHT_PX,
        title=_panel_title(f"{total} added up"),
    )
    return alt.hconcat(left, right, spacing=28)


def _panel_title(text: str) -> alt.TitleParams:
    return alt.TitleParams(
        text=text, fontSize=TEXT_PX + 1, fontWeight="normal", offset=8
    )


def _colour() -> alt.Color:
    return alt.Color(
        "side_name:N",
        title=None,
        scale=alt.Scale(
            domain=list(SIDE_COLOUR), range=[SIDE_COLOUR[s] for s in SIDE_COLOUR]
        ),
        legend=alt.Legend(symbolOpacity=1),
    )


def _named(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(side_name=table["side"].map(_SIDES))


def _order_lines(points: pd.DataFrame, frame: _Frame) -> alt.Chart:
    """Draw each order's curve; one that cannot bend is a vertical line."""
    corners = []
    for (_, side), own in points.groupby(["participant", "side"], sort=False):
        if own["quantity_kw"].nunique() == 1:
            ends = frame.price if side == "offer" else frame.price[::-1]
            own = own.iloc[[0, 0]].assign(price=list(ends))
        corners.append(own)
    table = _named(pd.concat(corners, ignore_index=True))
    table["order"] = table["participant"].astype(str) + " " + table["side"].astype(str)
    lines: alt.Chart = (
        alt.Chart(inline(table))
        .mark_line(strokeWidth=1.6, opacity=0.6, clip=True)
        .encode(
            x=frame.x(frame.order_kw, "Power of one order (kW)"),
            y=frame.y,
            detail="order:N",
            color=_colour(),
            tooltip=[
                alt.Tooltip("participant:N", title="Participant"),
                alt.Tooltip("side_name:N", title="Side"),
            ],
        )
    )
    return lines


def _dots(dots: pd.DataFrame, frame: _Frame) -> alt.Chart:
    marks: alt.Chart = (
        alt.Chart(inline(_named(dots)))
        .mark_point(filled=True, size=80, opacity=0.95, stroke="white", strokeWidth=1)
        .encode(
            x=frame.x(frame.order_kw, "Power of one order (kW)"),
            y=frame.y,
            color=_colour(),
            shape=alt.Shape(
                "side_name:N",
                title=None,
                scale=alt.Scale(
                    domain=list(SIDE_COLOUR), range=["circle", "triangle-up"]
                ),
                legend=alt.Legend(symbolOpacity=1),
            ),
            tooltip=[
                alt.Tooltip("participant:N", title="Participant"),
                alt.Tooltip("side_name:N", title="Side"),
                alt.Tooltip("quantity_kw:Q", title="Dispatch (kW)", format=".1f"),
                alt.Tooltip(
                    "price:Q", title=f"Price ({frame.price_unit})", format=".3f"
                ),
            ],
        )
    )
    return marks


def _price_notes(dots: pd.DataFrame, frame: _Frame) -> list[alt.Chart]:
    """Name the few prices that consumers pay, at the right edge."""
    bids = dots[(dots["side"] == "bid") & (dots["quantity_kw"] > 0)]
    counts = bids["price"].round(2).value_counts().sort_index()
    if counts.empty or len(counts) > _MOST_PRICES:
        return []
    table = pd.DataFrame({"price": counts.index, "n_bid": counts.to_numpy()})
    table["text"] = [
        f"{price:.2f} ({number})"
        for price, number in zip(table["price"], table["n_bid"], strict=True)
    ]
    table["text_price"] = _spread(table["price"].to_list(), frame.price)
    rules = (
        alt.Chart(inline(table))
        .mark_rule(color=SLATE, strokeDash=[3, 3], strokeWidth=1)
        .encode(y=frame.y)
    )
    notes = (
        alt.Chart(inline(table))
        .mark_text(align="left", dx=6, fontSize=TEXT_PX, color=INK)
        .encode(
            x=alt.value("width"),
            y=alt.Y("text_price:Q", scale=alt.Scale(domain=list(frame.price))),
            text="text:N",
        )
    )
    return [rules, notes]


def _spread(prices: list[float], domain: tuple[float, float]) -> list[float]:
    """Move rising text positions apart so that no two lines of text touch."""
    gap = _LEAST_GAP_PX / _HEIGHT_PX * (domain[1] - domain[0])
    placed: list[float] = []
    for price in prices:
        low = placed[-1] + gap if placed else price
        placed.append(max(price, low))
    excess = max(0.0, placed[-1] - domain[1])
    for at in range(len(placed) - 1, -1, -1):
        top = placed[at + 1] - gap if at + 1 < len(placed) else placed[at] - excess
        placed[at] = min(placed[at], top)
    return placed


def _sums(points: pd.DataFrame, dots: pd.DataFrame, frame: _Frame) -> alt.LayerChart:
    sums = pd.concat(
        [aggregate(points, side, frame.price).assign(side=side) for side in _SIDES],
        ignore_index=True,
    )
    x = frame.x(frame.total_kw, "Power of all orders (kW)")
    lines = (
        alt.Chart(inline(_named(sums)))
        .mark_line(strokeWidth=2.6, clip=True, interpolate="linear")
        .encode(x=x, y=frame.y, color=_colour(), order=alt.Order("row:Q"))
        .transform_window(row="row_number()")
    )
    layers = [lines]
    total = float(dots.loc[dots["side"] == "bid", "quantity_kw"].sum())
    if total > 0:
        layers += _dispatched_mark(total, frame)
    met = crossing(points)
    if met is not None:
        layers += _crossing_mark(met.quantity_kw, met.price, frame)
    return alt.LayerChart(layer=layers)


def _crossing_mark(quantity_kw: float, price: float, frame: _Frame) -> list[alt.Chart]:
    where = pd.DataFrame(
        {
            "quantity_kw": [quantity_kw],
            "price": [price],
            "text": [f"no limits: {price:.2f}"],
        }
    )
    base = alt.Chart(inline(where)).encode(
        x=frame.x(frame.total_kw, "Power of all orders (kW)"), y=frame.y
    )
    ring = base.mark_point(size=150, color=INK, strokeWidth=2, filled=False, opacity=1)
    # Supply rises and demand falls, so the room is beside their crossing.
    left = quantity_kw > _LEFT_FRAC * frame.total_kw[1]
    words = base.encode(text="text:N")
    if left:
        return [ring, *edged(words, align="right", dx=-14, dy=-13)]
    return [ring, *edged(words, align="left", dx=14, dy=13)]


def _dispatched_mark(total_kw: float, frame: _Frame) -> list[alt.Chart]:
    where = pd.DataFrame({"quantity_kw": [total_kw], "text": [f"{total_kw:,.0f} kW"]})
    base = alt.Chart(inline(where)).encode(
        x=frame.x(frame.total_kw, "Power of all orders (kW)")
    )
    rule = base.mark_rule(color=MUTED, strokeDash=[5, 3], strokeWidth=1.4)
    left = total_kw > _LEFT_FRAC * frame.total_kw[1]
    foot = base.encode(y=alt.value(_HEIGHT_PX - 12), text="text:N")
    align: Side
    align, dx = ("right", -7) if left else ("left", 7)
    return [rule, *edged(foot, align=align, dx=dx, colour=MUTED)]
