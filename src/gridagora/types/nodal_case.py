"""A network with the units and loads on it, as one record."""

from collections import Counter
from dataclasses import dataclass
from typing import Self

import numpy as np

from gridagora.errors import InvalidNetworkError, InvalidOrderError
from gridagora.types.arrays import Columns, FloatArray, Table
from gridagora.types.network import Network
from gridagora.types.network_tables import require_columns
from gridagora.types.orders import Bid, Curve, CurveColumns, Offer

_ORDER_COLUMNS = ("participant", "bus", "quantity_kw", "price_per_kwh")


@dataclass(frozen=True, slots=True, eq=False)
class NodalCase:
    """A DC network, the true costs of its generators and the values of its loads.

    Attributes:
        network: Buses, branches, limits, reactances.
        orders: Offers at marginal cost, then bids at value; ``bus`` holds positions in
            ``network``.
        left_out: What the source of the case has and this record has not, one sentence
            each, with what that changes; empty when nothing was left out.
    """

    network: Network
    orders: CurveColumns
    left_out: tuple[str, ...] = ()

    @classmethod
    def from_tables(
        cls,
        branches: Table,
        generators: Table,
        loads: Table,
        *,
        reference: str | None = None,
        left_out: tuple[str, ...] = (),
    ) -> Self:
        """Build a case from three tables.

        Args:
            branches: As ``Network.from_table`` takes them.
            generators: Columns ``participant``, ``bus``, ``quantity_kw`` and
                ``price_per_kwh``: a row's last two are the corners of its marginal
                cost, rising.
            loads: The same columns; the corners of the marginal value, falling. One
                corner is a firm load, and its price what a kWh is worth.
            reference: Name of the reference bus; the first named when ``None``.
            left_out: See the class.

        Raises:
            InvalidNetworkError: The branches form no network, or columns are missing.
            InvalidOrderError: Curves that are not sound, or a name that stands twice.
            UnknownNameError: A generator or a load is at no bus of the network.

        Example:
            >>> case = NodalCase.from_tables(
            ...     {"from_bus": ["a"], "to_bus": ["b"], "limit_kw": [50.0]},
            ...     {"participant": ["coal"], "bus": ["a"],
            ...      "quantity_kw": [[0.0, 80.0]], "price_per_kwh": [[0.02, 0.04]]},
            ...     {"participant": ["town"], "bus": ["b"],
            ...      "quantity_kw": [[40.0]], "price_per_kwh": [[0.06]]},
            ... )
            >>> case.orders.participant, case.orders.most_kw.tolist()
            (('coal', 'town'), [80.0, 40.0])
        """
        network = Network.from_table(branches, reference=reference)
        orders = [
            *_orders(generators, "generators", Offer),
            *_orders(loads, "loads", Bid),
        ]
        times = Counter(order.participant for order in orders)
        twice = sorted(name for name, count in times.items() if count > 1)
        if twice:
            raise InvalidOrderError(
                "case", [f"participant {name!r} stands there twice." for name in twice]
            )
        return cls(network, CurveColumns.of(orders, network), left_out)

    def branches(self) -> Columns:
        """Return one row per branch, as ``from_tables`` takes them."""
        net = self.network
        return {
            "branch": net.branch,
            "from_bus": [net.bus[at] for at in net.from_bus],
            "to_bus": [net.bus[at] for at in net.to_bus],
            "limit_kw": net.limit_kw,
            "reactance_pu": net.reactance_pu,
        }

    def generators(self) -> dict[str, list[object]]:
        """Return one row per offer, as ``from_tables`` takes them."""
        return self._table(bids=False)

    def loads(self) -> dict[str, list[object]]:
        """Return one row per bid, as ``from_tables`` takes them."""
        return self._table(bids=True)

    def _table(self, *, bids: bool) -> dict[str, list[object]]:
        orders = self.orders
        chosen = np.flatnonzero(orders.is_bid == bids).tolist()

        def corners(values: FloatArray) -> list[object]:
            return [
                values[orders.start[at] : orders.start[at + 1]].tolist()
                for at in chosen
            ]

        return {
            "participant": [orders.participant[at] for at in chosen],
            "bus": [self.network.bus[orders.bus[at]] for at in chosen],
            "quantity_kw": corners(orders.quantity_kw),
            "price_per_kwh": corners(orders.price_per_kwh),
        }


def _orders(
    table: Table, kind: str, make: type[Bid] | type[Offer]
) -> list[Bid | Offer]:
    """Return one order per row.

    Raises:
        InvalidNetworkError: Columns are missing or of unequal length.
        InvalidOrderError: Every row that is no order.
    """
    try:
        require_columns(table, _ORDER_COLUMNS)
    except InvalidNetworkError as error:
        raise InvalidNetworkError(kind, error.faults) from error
    orders: list[Bid | Offer] = []
    faults: list[str] = []
    rows = zip(*(list(table[name]) for name in _ORDER_COLUMNS), strict=True)
    for at, (name, bus, quantity, price) in enumerate(rows):
        try:
            corners = (tuple(map(float, part)) for part in (quantity, price))
            orders.append(make(str(name), str(bus), Curve(*corners)))
        except InvalidOrderError as error:
            faults += [f"row {at}, {name!r}: {fault}" for fault in error.faults]
        except (TypeError, ValueError):
            faults.append(
                f"row {at}, {name!r}: corners are {quantity!r} and {price!r}, expected "
                "two lists of numbers."
            )
    if faults:
        raise InvalidOrderError(kind, faults)
    return orders
