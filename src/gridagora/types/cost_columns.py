"""Orders for costs and of the transmission grid among curves, as columns."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from gridagora.errors import InvalidOrderError
from gridagora.types.arrays import FloatArray
from gridagora.types.cost_orders import (
    AnyOrder,
    CostOffer,
    CostOrder,
    Exchange,
    ExportBid,
    ImportOffer,
    ReducibleDemand,
)
from gridagora.types.curve_layout import Buses
from gridagora.types.orders import Bid, CurveColumns, Offer

_FIRST_PIECES = 8
_AMPLE = 2.0  # an order without a limit has this much of what anyone could ask of it


@dataclass(frozen=True, slots=True, eq=False)
class CostColumns:
    """Curves, and the rows among them that a clearing has to do more for.

    Attributes:
        curves: All orders. Curved rows have the true price at their corners only, and
            unlimited rows have no quantity yet.
        curved: Orders whose price is no straight pieces, by row.
        outside: Rows of the transmission grid: what it takes leaves the feeder and is
            nobody's consumption.
        unlimited: Those of them without a limit of their own.
    """

    curves: CurveColumns
    curved: Mapping[int, CostOrder] = field(default_factory=dict)
    outside: tuple[int, ...] = ()
    unlimited: tuple[int, ...] = ()

    @classmethod
    def of(cls, orders: Sequence[AnyOrder], buses: Buses) -> "CostColumns":
        """Turn orders of any kind into columns.

        Args:
            orders: Any number, also none. Row ``k`` of the columns is order ``k``.
            buses: Where names of buses are looked up.

        Raises:
            UnknownNameError: An order names a bus that is not in ``buses``.
            InvalidOrderError: An export bid pays more than an import offer at its bus
                asks for.
        """
        curved = {
            row: order
            for row, order in enumerate(orders)
            if isinstance(order, CostOffer | ReducibleDemand) and order.is_curved
        }
        exchange = {
            row: order
            for row, order in enumerate(orders)
            if isinstance(order, ImportOffer | ExportBid)
        }
        _check_exchange(list(exchange.values()))
        plain = [_plain(order) for order in orders]
        return cls(
            CurveColumns.of(plain, buses),
            curved,
            tuple(exchange),
            tuple(row for row, one in exchange.items() if np.isinf(one.most_kw)),
        )

    @classmethod
    def joined(
        cls,
        parts: Sequence["CurveColumns | CostColumns"],
        join: Callable[[Sequence[CurveColumns]], CurveColumns] = CurveColumns.joined,
    ) -> "CostColumns":
        """Return the orders of several tables one after the other.

        Args:
            parts: Tables of either kind.
            join: Joins the curves; a ``CurveJoin`` keeps what did not change.
        """
        curved: dict[int, CostOrder] = {}
        outside: list[int] = []
        unlimited: list[int] = []
        curves = []
        first = 0
        for part in parts:
            if isinstance(part, CostColumns):
                curves.append(part.curves)
                curved |= {first + row: one for row, one in part.curved.items()}
                outside += [first + row for row in part.outside]
                unlimited += [first + row for row in part.unlimited]
            else:
                curves.append(part)
            first += curves[-1].n_order
        return cls(join(curves), curved, tuple(outside), tuple(unlimited))

    @property
    def n_order(self) -> int:
        """Number of orders."""
        return self.curves.n_order

    def sized(self, beyond_kw: float = 0.0) -> "CostColumns":
        """Return the orders with quantities for those without a limit.

        An import offer gets twice what all others could take, an export bid twice what
        all others could deliver, so that neither is ever at its most and the price at
        the source is theirs.

        Args:
            beyond_kw: Power taken that no order names, losses for instance. kW, >= 0.
        """
        if not self.unlimited:
            return self
        curves = self.curves
        inside = np.ones(curves.n_order, dtype=np.bool_)
        inside[list(self.outside)] = False
        taken = float(curves.most_kw[curves.is_bid & inside].sum()) + beyond_kw
        given = float(curves.most_kw[~curves.is_bid & inside].sum())
        quantity = curves.quantity_kw.copy()
        for row in self.unlimited:
            most = given if curves.is_bid[row] else taken
            quantity[curves.start[row + 1] - 1] = _AMPLE * most
        return CostColumns(
            _with_quantities(curves, quantity), self.curved, self.outside
        )

    def at_baseline(self) -> "CostColumns":
        """Return the orders with every bid firm at its most, but for exports.

        It is the same market without demand response.
        """
        curves = self.curves
        rigid = curves.is_bid.copy()
        rigid[list(self.outside)] = False
        size = np.diff(curves.start)
        quantity = np.where(
            np.repeat(rigid, size),
            np.repeat(curves.most_kw, size),
            curves.quantity_kw,
        )
        curved = {row: one for row, one in self.curved.items() if not rigid[row]}
        return CostColumns(
            _with_quantities(curves, quantity), curved, self.outside, self.unlimited
        )


def first_corners_kw(order: CostOrder) -> FloatArray:
    """Return where a curved order first gets its true price. kW."""
    least, most = order.range_kw
    return np.linspace(least, most, _FIRST_PIECES + 1)[1:-1]


def _plain(order: AnyOrder) -> Bid | Offer:
    if isinstance(order, Bid | Offer):
        return order
    if isinstance(order, CostOffer | ReducibleDemand) and order.is_curved:
        return order.order(first_corners_kw(order))
    return order.order()


def _check_exchange(orders: Sequence[Exchange]) -> None:
    """Refuse exports that pay more than imports cost: power would go in circles."""
    faults = [
        f"bus {bid.bus!r} exports at {bid.price_per_kwh:g} per kWh and imports at "
        f"{offer.price_per_kwh:g}, expected an export price of at most that: power "
        "would be bought and sold back at a gain."
        for bid in orders
        for offer in orders
        if isinstance(bid, ExportBid)
        and isinstance(offer, ImportOffer)
        and bid.bus == offer.bus
        and bid.price_per_kwh > offer.price_per_kwh
    ]
    if faults:
        what = "orders of the transmission grid"
        raise InvalidOrderError(what, faults)


def _with_quantities(curves: CurveColumns, quantity_kw: FloatArray) -> CurveColumns:
    return CurveColumns.trusted(
        curves.participant,
        curves.bus,
        curves.is_bid,
        curves.start,
        quantity_kw,
        curves.price_per_kwh,
    )
