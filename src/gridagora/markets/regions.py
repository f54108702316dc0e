"""Sets of markups over which the optimum of a market with loops is an affine function.

A dispatch of greatest welfare puts some pieces of curves at their ends, some lines at
their limits, and lets the rest float. While that stays so, the Karush-Kuhn-Tucker
conditions are linear equations: quantities and prices are affine in the markups, and
inequalities say how far that goes. Whoever knows them need not optimise again.

Source:
    Bemporad, Morari, Dua, Pistikopoulos, The explicit linear quadratic regulator for
    constrained systems, Automatica 38, 2002 (critical regions).
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
from scipy.linalg import lapack

from gridagora.markets.direct_current import DenseFlows, SparseFlows
from gridagora.markets.pieces import Pieces
from gridagora.types.arrays import BoolArray, FloatArray, IntArray
from gridagora.types.dispatch import Dispatch
from gridagora.types.orders import CurveColumns

MARGIN = 1e-9
"""Scaled distance from every boundary within which a region does not answer."""

_CONSTANT = 1e-12  # an inequality that markups move less than this is none
_SINGULAR = 1e-8  # reciprocal condition number
_ZERO, _FREE, _FULL = 0, 1, 2
_FEWEST = 16  # regions, or points, that there is room for at first
_MOST_REGIONS = 4096  # of one state; more would take longer to try than to clear
_MOST_POINTS = 4096
_MOST_BYTES = 2**28  # of regions, and of points, of all states together


@dataclass(frozen=True, slots=True, eq=False)
class Region:
    """A polyhedron of markups and the affine laws that hold in it.

    Attributes:
        row: Left sides of ``row @ markup <= bound``. Shape ``(n_row, n_player)``.
        bound: Right sides, ``MARGIN`` taken off. Shape ``(n_row,)``.
        quantity_kw: Award of each order: a constant, then the effect of each markup.
            kW. Shape ``(n_order, 1 + n_player)``.
        price_per_kwh: Price of each bus likewise. Currency/kWh.
            Shape ``(n_bus, 1 + n_player)``.
    """

    row: FloatArray
    bound: FloatArray
    quantity_kw: FloatArray
    price_per_kwh: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class MarkedBook:
    """A book of orders whose prices markups move, prepared to find regions.

    Attributes:
        orders: The book without markups.
        pieces: Its pieces.
        left: Where each piece begins, of its order's quantity, scaled.
            Shape ``(n_piece,)``.
        move: What each markup adds to the prices of each piece, scaled.
            Shape ``(n_piece, n_player)``.
        line: Lines that have a limit. Shape ``(n_limited,)``.
        limit: Their limits, scaled. Shape ``(n_limited,)``.
        per_demand: What demand at each bus adds to their flows.
            Shape ``(n_limited, n_bus)``.
    """

    orders: CurveColumns
    pieces: Pieces
    left: FloatArray
    move: FloatArray
    line: IntArray
    limit: FloatArray
    per_demand: FloatArray

    @classmethod
    def of(
        cls,
        orders: CurveColumns,
        move: FloatArray,
        *,
        limit_kw: FloatArray,
        flows: DenseFlows | SparseFlows,
    ) -> Self:
        """Prepare a book.

        Args:
            orders: At least one order.
            move: What each markup adds to the prices of each order.
                Shape ``(n_order, n_player)``.
            limit_kw: Limit of each line. kW. Shape ``(n_branch,)``.
            flows: Of the network.
        """
        rows = flows.within(limit_kw)
        pieces = Pieces.of(orders, orders.bus, rows.weight.size)
        line = np.flatnonzero(np.isfinite(limit_kw))
        ends = np.cumsum(pieces.width)
        before = np.searchsorted(pieces.order, pieces.order)  # first of the order
        left = ends - pieces.width - (ends - pieces.width)[before]
        return cls(
            orders=orders,
            pieces=pieces,
            left=pieces.base[pieces.order] + left,
            move=move[pieces.order] / pieces.scale_price,
            line=line,
            limit=limit_kw[line] / pieces.scale_kw,
            per_demand=rows.rows(line),
        )

    @property
    def most_rows(self) -> int:
        """Most inequalities that a region can have."""
        return 2 * self.pieces.width.size + 2 * self.line.size


def find_region(
    book: MarkedBook, dispatch: Dispatch, markup: FloatArray
) -> Region | None:
    """Return the region around a markup whose dispatch is known.

    Args:
        book: The orders.
        dispatch: What they clear to at the markup.
        markup: Of each player. Shape ``(n_player,)``.

    Returns:
        ``None`` where there is no region with the markup inside: orders are tied,
        prices are not unique, or the markup lies on a boundary.
    """
    stands = _stands(book, dispatch)
    binding = _binding(book, dispatch)
    laws = _laws(book, stands, binding)
    if laws is None:
        return None
    row, bound = _inequalities(book, stands, binding, laws)
    moved = np.abs(row).max(axis=1, initial=0.0) > _CONSTANT
    if np.any(bound[~moved] < 0.0):
        return None
    row, bound = row[moved], bound[moved]
    room = (bound - row @ markup) / np.linalg.norm(row, axis=1)
    nearest = np.argsort(room, kind="stable")
    region = Region(
        row=row[nearest],
        bound=bound[nearest],
        quantity_kw=_quantity_law(book, stands, laws),
        price_per_kwh=laws.price * book.pieces.scale_price,
    )
    inside = bool(np.all(room >= 0.0))
    return region if inside and _reproduces(book, region, dispatch, markup) else None


@dataclass(frozen=True, slots=True, eq=False)
class _Laws:
    """Scaled affine functions of the markups: a constant, then one column for each.

    Attributes:
        filled: Of the pieces that float.
        worth: Multipliers of the lines at their limits.
        price: Prices of the buses.
        net: Net demand of the buses.
    """

    filled: FloatArray
    worth: FloatArray
    price: FloatArray
    net: FloatArray


def _stands(book: MarkedBook, dispatch: Dispatch) -> IntArray:
    """Return whether each piece is empty, floats, or is full."""
    pieces = book.pieces
    filled = dispatch.quantity_kw[pieces.order] / pieces.scale_kw - book.left
    stands = np.full(filled.size, _FREE)
    stands[filled <= MARGIN] = _ZERO
    stands[filled >= pieces.width - MARGIN] = _FULL
    return stands


def _binding(book: MarkedBook, dispatch: Dispatch) -> FloatArray:
    """Return 1 or -1 for lines at their limit that are worth something, else 0."""
    worth = dispatch.congestion_per_kwh[book.line] / book.pieces.scale_price
    return np.where(np.abs(worth) > MARGIN, np.sign(worth), 0.0)


def _laws(book: MarkedBook, stands: IntArray, binding: FloatArray) -> _Laws | None:
    """Solve the optimality conditions of one set of bounds; ``None`` if singular.

    Stationarity of each floating piece, the balance, and one equation per full line:

        curvature filled + sign (energy price + per_demand' worth) = sign level(markup)
        sign' filled                                               = - rest
        per_demand sign filled                                     = limit - rest
    """
    pieces = book.pieces
    free, full = np.flatnonzero(stands == _FREE), stands == _FULL
    objective, sign = pieces.objective(), pieces.sign[free]
    held = np.flatnonzero(binding)
    lines = book.per_demand[held]
    rows = np.vstack([sign, lines[:, pieces.place[free]] * sign])
    n_free, n_row = free.size, held.size + 1
    matrix = np.zeros((n_free + n_row, n_free + n_row))
    matrix[np.arange(n_free), np.arange(n_free)] = objective.curvature[free]
    matrix[:n_free, n_free:], matrix[n_free:, :n_free] = rows.T, rows
    rest = pieces.net_demand(np.where(full, pieces.width, 0.0))
    right = np.zeros((n_free + n_row, 1 + book.move.shape[1]))
    right[:n_free, 0] = -objective.linear[free]
    right[:n_free, 1:] = sign[:, None] * book.move[free]
    right[n_free, 0] = -rest.sum()
    right[n_free + 1 :, 0] = binding[held] * book.limit[held] - lines @ rest
    found = _solve(matrix, right)
    if found is None:
        return None
    filled, worth = found[:n_free], found[n_free + 1 :]
    net = np.zeros((rest.size, right.shape[1]))
    net[:, 0] = rest
    np.add.at(net, pieces.place[free], sign[:, None] * filled)
    return _Laws(filled, worth, found[n_free] + lines.T @ worth, net)


def _solve(matrix: FloatArray, right: FloatArray) -> FloatArray | None:
    """Solve linear equations; ``None`` where rounding could decide the result."""
    factors, pivots, zero_pivot = lapack.dgetrf(matrix)
    norm = np.abs(matrix).sum(axis=0).max()
    if zero_pivot or lapack.dgecon(factors, norm)[0] < _SINGULAR:
        return None
    return np.asarray(lapack.dgetrs(factors, pivots, right)[0])


def _inequalities(
    book: MarkedBook, stands: IntArray, binding: FloatArray, laws: _Laws
) -> tuple[FloatArray, FloatArray]:
    """Return the rows and bounds within which no piece and no line changes its stand.

    Each is written as a law that must not fall below ``MARGIN``. An order with a
    floating piece needs no more than that piece's; of any other order only the last
    full and the first empty piece can be next to change.
    """
    pieces = book.pieces
    free = stands == _FREE
    floats = np.isin(pieces.order, pieces.order[free])
    empty = _first_empty(pieces, stands) & ~floats
    full = _last_full(pieces, stands) & ~floats
    gap = laws.price[pieces.place] * pieces.sign[:, None]  # bids pay it, offers get it
    moved = pieces.sign[:, None] * book.move
    above = gap - np.column_stack([pieces.sign * pieces.first, moved])
    below = np.column_stack([pieces.sign * pieces.last, moved]) - gap
    room = -laws.filled
    room[:, 0] += pieces.width[free]
    held = binding != 0.0
    flow = book.per_demand[~held] @ laws.net
    limit = np.zeros_like(flow)
    limit[:, 0] = book.limit[~held]
    law = np.vstack(
        [
            laws.filled,
            room,
            above[empty],
            below[full],
            limit - flow,
            limit + flow,
            binding[held][:, None] * laws.worth,
        ]
    )
    return -law[:, 1:], law[:, 0] - MARGIN


def _first_empty(pieces: Pieces, stands: IntArray) -> BoolArray:
    """Return which pieces are empty and follow none that is, within their order."""
    again = (pieces.order[1:] == pieces.order[:-1]) & (stands[:-1] == _ZERO)
    return np.asarray((stands == _ZERO) & ~np.append(False, again))


def _last_full(pieces: Pieces, stands: IntArray) -> BoolArray:
    """Return which pieces are full and precede none that is, within their order."""
    again = (pieces.order[1:] == pieces.order[:-1]) & (stands[1:] == _FULL)
    return np.asarray((stands == _FULL) & ~np.append(again, False))


def _quantity_law(book: MarkedBook, stands: IntArray, laws: _Laws) -> FloatArray:
    """Return the law of the awards: a corner of the curve unless a piece floats. kW.

    The corner itself, not the award of the dispatch, which may be a rounding off it:
    the law must not depend on the markup at which the region was found.
    """
    pieces = book.pieces
    free = np.flatnonzero(stands == _FREE)
    quantity = np.zeros((book.orders.n_order, laws.net.shape[1]))
    full = np.where(stands == _FULL, pieces.width, 0.0)
    quantity[:, 0] = pieces.awards_kw(book.orders, full)
    quantity[pieces.order[free]] = laws.filled * pieces.scale_kw
    quantity[pieces.order[free], 0] += book.left[free] * pieces.scale_kw
    return quantity


def _reproduces(
    book: MarkedBook, region: Region, dispatch: Dispatch, markup: FloatArray
) -> bool:
    """Return whether the laws give the dispatch from which they were read."""
    at = np.append(1.0, markup)
    off_kw = np.abs(region.quantity_kw @ at - dispatch.quantity_kw)
    off_price = np.abs(region.price_per_kwh @ at - dispatch.price_per_kwh)
    return bool(
        np.all(off_kw <= MARGIN * book.pieces.scale_kw)
        and np.all(off_price <= MARGIN * book.pieces.scale_price)
    )


class KnownRegions:
    """Regions and single markups found so far, in arrays that kernels read.

    The arrays grow as needed; when a state has as many as it may have, the oldest makes
    room. Their meaning is in ``kernels.markups.MarketArrays``.

    Args:
        n_state: Number of books.
        n_order: Orders of each.
        n_bus: Buses.
        n_player: Players.
        n_row: Most inequalities of any region.
    """

    def __init__(
        self, n_state: int, *, n_order: int, n_bus: int, n_player: int, n_row: int
    ) -> None:
        law = (n_order + n_bus) * (1 + n_player)
        sizes = np.array([n_row * (1 + n_player) + law, n_order + n_bus + n_player])
        most = _MOST_BYTES // (8 * n_state * np.maximum(sizes, 1))
        self._most_region = int(np.clip(most[0], _FEWEST, _MOST_REGIONS))
        self._most_point = int(np.clip(most[1], _FEWEST, _MOST_POINTS))
        self._oldest_region = np.zeros(n_state, dtype=np.int64)
        self._oldest_point = np.zeros(n_state, dtype=np.int64)
        self.region_count = np.zeros(n_state, dtype=np.int64)
        self.point_count = np.zeros(n_state, dtype=np.int64)
        first = (n_state, _FEWEST)
        self.region_rank = np.zeros(first, dtype=np.int64)
        self.region_n_row = np.zeros(first, dtype=np.int64)
        self.region_row = np.zeros((*first, n_row, n_player))
        self.region_bound = np.zeros((*first, n_row))
        self.region_quantity = np.zeros((*first, n_order, 1 + n_player))
        self.region_price = np.zeros((*first, n_bus, 1 + n_player))
        self.point_markup = np.zeros((*first, n_player))
        self.point_quantity = np.zeros((*first, n_order))
        self.point_price = np.zeros((*first, n_bus))

    def add_region(self, state: int, region: Region) -> None:
        """Keep a region of a state."""
        count, n_row = int(self.region_count[state]), region.bound.size
        if count < self._most_region:
            self._grow("region_", count, self._most_region)
            at = count
            self.region_rank[state, count] = at
            self.region_count[state] += 1
        else:
            at = int(self._oldest_region[state])
            self._oldest_region[state] = (at + 1) % count
        self.region_n_row[state, at] = n_row
        self.region_row[state, at, :n_row] = region.row
        self.region_bound[state, at, :n_row] = region.bound
        self.region_quantity[state, at] = region.quantity_kw
        self.region_price[state, at] = region.price_per_kwh

    def add_point(self, state: int, markup: FloatArray, dispatch: Dispatch) -> None:
        """Keep the dispatch of a single markup of a state."""
        count = int(self.point_count[state])
        if count < self._most_point:
            self._grow("point_", count, self._most_point)
            at = count
            self.point_count[state] += 1
        else:
            at = int(self._oldest_point[state])
            self._oldest_point[state] = (at + 1) % count
        self.point_markup[state, at] = markup
        self.point_quantity[state, at] = dispatch.quantity_kw
        self.point_price[state, at] = dispatch.price_per_kwh

    def _grow(self, kind: str, count: int, most: int) -> None:
        """Double the room of one kind of array where there is none for one more."""
        for name, array in vars(self).items():
            if not name.startswith(kind) or array.ndim < 2 or count < array.shape[1]:
                continue
            shape = (array.shape[0], min(2 * count, most), *array.shape[2:])
            larger = np.zeros(shape, dtype=array.dtype)
            larger[:, :count] = array
            setattr(self, name, larger)
