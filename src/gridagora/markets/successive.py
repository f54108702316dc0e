"""Costs of any convex kind, cleared by the engines for straight curves."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Generic, Protocol, TypeVar

import numpy as np

from gridagora.errors import ClearingError
from gridagora.types.arrays import FloatArray
from gridagora.types.cost_columns import CostColumns, first_corners_kw
from gridagora.types.cost_orders import AnyOrder, CostOrder
from gridagora.types.curve_layout import Buses
from gridagora.types.dispatch import Outcome
from gridagora.types.orders import Bid, CurveColumns, Offer
from gridagora.types.preferences import curve_integral_per_h

TOLERANCE = 1e-10
"""Largest gap between curve and true marginal cost at an award, as a part of the span
of all prices and zero."""

_MOST_ROUNDS = 50
PRICED = (Outcome.CLEARED, Outcome.ONE_SIDED)
_AHEAD = 4.0  # new corners stand this many times further away than the award may move
_CLOSE = 1e-8  # corners keep this distance, as a part of the order's range


class Cleared(Protocol):
    """What any clearing returns: ``Dispatch``, ``LinearDispatch``."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def orders(self) -> CurveColumns:
        """What was cleared."""
        ...

    @property
    def outcome(self) -> Outcome:
        """How it ended."""
        ...

    @property
    def quantity_kw(self) -> FloatArray:
        """Power awarded to each order. kW. Shape ``(n_order,)``."""
        ...


D = TypeVar("D", bound=Cleared)


@dataclass(frozen=True, slots=True, eq=False)
class CostClearing(Generic[D]):
    """A clearing of orders of any kind.

    Attributes:
        dispatch: The last clearing; the curves of curved orders are those of its round.
        gaps_per_kwh: Largest difference between the true marginal cost at an award and
            the curve that was cleared, round by round. Currency/kWh.
    """

    dispatch: D
    gaps_per_kwh: tuple[float, ...]

    @property
    def n_round(self) -> int:
        """How often the engine cleared; 1 without curved orders."""
        return len(self.gaps_per_kwh)

    @property
    def gap_per_kwh(self) -> float:
        """The difference that is left. Currency/kWh."""
        return self.gaps_per_kwh[-1]


def clear_costs(
    clear: Callable[[CurveColumns], D],
    orders: Sequence[AnyOrder],
    buses: Buses,
    *,
    tolerance: float = TOLERANCE,
    beyond_kw: float = 0.0,
) -> CostClearing[D]:
    """Clear costs of any degree with an engine for straight curves.

    Costs of degrees up to 2 and straight pieces are curves exactly, and one clearing is
    enough. The marginal cost of a higher degree is drawn as straight lines between
    true values. Where the award falls between two of them, the award and a point on
    either side become true values as well, and the engine clears again, until at every
    award the line is as high as the true marginal cost. Then awards and prices obey the
    conditions of optimality of the true problem. The points stand as far from the
    award as it may yet move, so that each round about squares what is left; points are
    never taken away, so that it cannot go in circles.

    Args:
        clear: The engine with its network given, ``partial(clear_nodal, network)`` for
            instance.
        orders: Bids, offers, costs and the transmission grid, in any order. Order ``k``
            is row ``k`` of the result.
        buses: Where names of buses are looked up, the network or the grid.
        tolerance: See ``TOLERANCE``.
        beyond_kw: Power taken that no order names, losses for instance; an unlimited
            ``ImportOffer`` delivers it too. kW.

    Returns:
        The clearing, how many rounds it took and what gap is left.

    Raises:
        UnknownNameError: An order names a bus that is not there.
        InvalidOrderError: Exports at a higher price than imports.
        ClearingError: The gap did not close.

    Source:
        El Helou et al., OpenGridGym, eq. (12). Meyer, Two-Segment Separable
        Programming, Management Science 25(4), 1979.

    Example:
        >>> from functools import partial
        >>> from gridagora.markets.nodal import clear_nodal
        >>> from gridagora.types.cost_orders import CostOffer, ReducibleDemand
        >>> from gridagora.types.costs import PolynomialCost
        >>> from gridagora.types.network import Network
        >>> net = Network.from_table({"from_bus": ["a"], "to_bus": ["b"]})
        >>> book = [
        ...     CostOffer("one", "a", PolynomialCost((0, 0, 0, 1)), q_max=10),
        ...     CostOffer("two", "b", PolynomialCost((0, 12)), q_max=10),
        ...     ReducibleDemand("mill", "b", 6),
        ... ]
        >>> found = clear_costs(partial(clear_nodal, net), book, net)
        >>> found.dispatch.quantity_kw.round(6).tolist()
        [2.0, 4.0, 6.0]
    """
    book = CostColumns.of(orders, buses)
    return clear_book(clear, book, tolerance=tolerance, beyond_kw=beyond_kw)


def clear_book(
    clear: Callable[[CurveColumns], D],
    book: CostColumns,
    *,
    tolerance: float = TOLERANCE,
    beyond_kw: float = 0.0,
) -> CostClearing[D]:
    """Clear orders that are columns already; see ``clear_costs``."""
    book = book.sized(beyond_kw)
    curves = book.curves
    if not book.curved:
        return CostClearing(_netted(clear(curves), book.outside), (0.0,))
    inner = {row: first_corners_kw(order) for row, order in book.curved.items()}
    gaps: dict[int, float] = {}
    worst: list[float] = []
    while len(worst) < _MOST_ROUNDS:
        dispatch = clear(curves)
        if dispatch.outcome not in PRICED:
            return CostClearing(dispatch, (*worst, 0.0))
        award = dispatch.quantity_kw
        gaps = {
            row: _gap(order, curves, row, float(award[row]))
            for row, order in book.curved.items()
        }
        worst.append(max(gaps.values()))
        if worst[-1] <= tolerance * _span(curves):
            return CostClearing(_netted(dispatch, book.outside), tuple(worst))
        for row, order in book.curved.items():
            inner[row] = _refined(order, inner[row], float(award[row]), worst[-1])
        curves = _redrawn(curves, book, inner)
    raise _unfinished(curves, gaps, tolerance)


def total_cost_per_h(orders: Sequence[AnyOrder], quantity_kw: FloatArray) -> float:
    """Return the objective of eq. (12) at a dispatch, on the true costs.

    Args:
        orders: What was cleared.
        quantity_kw: Award of each. kW. Shape ``(n_order,)``.

    Returns:
        Cost of production, of reductions and of imports, less what ordinary bids are
        worth and exports bring. Currency/h.

    Source:
        El Helou et al., OpenGridGym, eq. (12).
    """
    total = 0.0
    for order, quantity in zip(orders, quantity_kw.tolist(), strict=True):
        if isinstance(order, Bid | Offer):
            row = CurveColumns.of([order], _Anywhere())
            area = float(curve_integral_per_h(row, np.array([quantity]))[0])
            total += -area if isinstance(order, Bid) else area
        else:
            total += order.cost_per_h(quantity)
    return total


class _Anywhere:
    """Every bus at one place, where only the curve matters."""

    def bus_index(self, _: str) -> int:
        return 0


def _row(curves: CurveColumns, row: int) -> slice:
    return slice(int(curves.start[row]), int(curves.start[row + 1]))


def _gap(order: CostOrder, curves: CurveColumns, row: int, award_kw: float) -> float:
    """Return how far the line is from the true marginal cost at the award."""
    at = _row(curves, row)
    line = np.interp(award_kw, curves.quantity_kw[at], curves.price_per_kwh[at])
    true = order.price_per_kwh(np.clip(award_kw, *order.range_kw))
    return abs(float(line) - float(true))


def _span(curves: CurveColumns) -> float:
    price = curves.price_per_kwh
    return max(float(price.max()), 0.0) - min(float(price.min()), 0.0) or 1.0


def _refined(
    order: CostOrder, inner_kw: FloatArray, award_kw: float, gap_per_kwh: float
) -> FloatArray:
    """Add the award and a point on each side to the corners of a curve.

    Prices move by about the largest gap, hence awards by gap over slope; the points
    stand a few times as far away, but halve at least the pieces they fall into. The
    slope is that at the award where the piece is steeper as a whole, for the award
    may be at the level beginning of a long piece.
    """
    least, most = order.range_kw
    close = _CLOSE * (most - least)
    corner = np.concatenate([[least], inner_kw, [most]])
    left = float(corner[corner < award_kw].max(initial=least))
    right = float(corner[corner > award_kw].min(initial=most))
    ends = order.price_per_kwh(np.array([left, right]))
    chord = abs(float(ends[1] - ends[0])) / (right - left)
    slope = min(chord, float(order.bend_per_kwh(np.array([award_kw]))[0]))
    ahead = _AHEAD * gap_per_kwh
    reach = ahead / slope if slope * (right - left) > ahead else right - left
    reach = max(reach, 10.0 * close)
    wanted = (
        award_kw - min(reach, 0.5 * (award_kw - left)),
        award_kw,
        award_kw + min(reach, 0.5 * (right - award_kw)),
    )
    for new in wanted:
        if np.abs(corner - new).min() >= close:
            corner = np.append(corner, new)
    return np.sort(corner)[1:-1]


def _redrawn(
    curves: CurveColumns, book: CostColumns, inner: dict[int, FloatArray]
) -> CurveColumns:
    """Return the curves with the curved rows drawn through other corners."""
    quantity, price = [], []
    for row in range(curves.n_order):
        if row in inner:
            curve = book.curved[row].order(inner[row]).curve
            quantity.append(np.array(curve.quantity_kw))
            price.append(np.array(curve.price_per_kwh))
        else:
            at = _row(curves, row)
            quantity.append(curves.quantity_kw[at])
            price.append(curves.price_per_kwh[at])
    size = [part.size for part in quantity]
    return CurveColumns(
        participant=curves.participant,
        bus=curves.bus,
        is_bid=curves.is_bid,
        start=np.concatenate([[0], np.cumsum(size)]).astype(np.int64),
        quantity_kw=np.concatenate(quantity),
        price_per_kwh=np.concatenate(price),
    )


def _netted(dispatch: D, outside: tuple[int, ...]) -> D:
    """Take back what the transmission grid sold to itself.

    Where it buys at the price at which it sells, any amount may go out and in again.
    The price lies on both level curves, so that any quantity of theirs suits it, and
    the balance of the bus does not change.
    """
    if not outside:
        return dispatch
    orders = dispatch.orders
    quantity = dispatch.quantity_kw
    price = orders.price_per_kwh[orders.start[:-1]]
    for bid in (row for row in outside if orders.is_bid[row]):
        for offer in (row for row in outside if not orders.is_bid[row]):
            both = min(quantity[bid], quantity[offer])
            same = orders.bus[bid] == orders.bus[offer] and price[bid] == price[offer]
            if same and both > 0.0:
                quantity = quantity.copy()
                quantity[[bid, offer]] -= both
    if quantity is dispatch.quantity_kw:
        return dispatch
    quantity.flags.writeable = False
    return replace(dispatch, quantity_kw=quantity)


def _unfinished(
    curves: CurveColumns, gaps: dict[int, float], tolerance: float
) -> ClearingError:
    row = max(gaps, key=lambda one: gaps[one])
    return ClearingError(
        f"successive clearing: after {_MOST_ROUNDS} rounds the marginal cost of "
        f"{curves.participant[row]!r} at its award is still {gaps[row]:.3e} per kWh "
        f"off its curve, allowed {tolerance * _span(curves):.1e}; allow a larger "
        "tolerance, or state the cost as straight pieces."
    )
