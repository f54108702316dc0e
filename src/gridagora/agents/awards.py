"""What a clearing gave to an agent's own orders."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from gridagora.errors import EpisodeError
from gridagora.types.arrays import FloatArray, IntArray
from gridagora.types.dispatch import Dispatch
from gridagora.types.orders import CurveColumns


class OwnRows:
    """Finds an agent's orders among all, and remembers where they were.

    Markets may put orders in any row. Rows are looked up by participant, bus and
    side, and only again when one of those columns has changed.
    """

    def __init__(self) -> None:
        self._found: tuple[CurveColumns, CurveColumns] | None = None
        self._rows: IntArray = np.zeros(0, dtype=np.int64)

    def of(self, own: CurveColumns, orders: CurveColumns) -> IntArray:
        """Return the rows of ``own`` in ``orders``.

        Raises:
            EpisodeError: An order was not part of the clearing.
        """
        found = self._found
        if found is None or not (_agree(own, found[0]) and _agree(orders, found[1])):
            self._rows = own_rows(own, orders)
            self._found = own, orders
        return self._rows


def own_rows(own: CurveColumns, orders: CurveColumns) -> IntArray:
    """Return the row in ``orders`` of each order of ``own``.

    Orders that agree in participant, bus and side are told apart by their sequence.

    Returns:
        Shape ``(n_order of own,)``.

    Raises:
        EpisodeError: An order was not part of the clearing.
    """
    places: dict[tuple[str, int, bool], list[int]] = {}
    for row, key in enumerate(_keys(orders)):
        places.setdefault(key, []).append(row)
    rows = []
    for key in _keys(own):
        if not places.get(key):
            name, _, is_bid = key
            msg = (
                f"the {'bid' if is_bid else 'offer'} of {name!r} was not part of the "
                "last clearing; the market must collect the orders of every agent."
            )
            raise EpisodeError(msg)
        rows.append(places[key].pop(0))
    return np.array(rows, dtype=np.int64)


def order_prices(market: Any, dispatch: Dispatch) -> FloatArray:
    """Return the price of each order: the settlement's if there is one, else nodal.

    Args:
        market: If it has a method ``effective_prices``, that gives the prices that
            buyers pay and sellers get, for each order of its last dispatch.
        dispatch: The market's last dispatch.

    Returns:
        Currency/kWh. Shape ``(n_order,)``.
    """
    effective = getattr(market, "effective_prices", None)
    if effective is None:
        return dispatch.order_price_per_kwh
    prices: FloatArray = effective()
    return prices


def order_money(market: Any, dispatch: Dispatch) -> FloatArray:
    """Return what each bid pays and each offer gets.

    Args:
        market: If it has a method ``order_money_per_h``, that says it: money may change
            hands for a reduction of demand where no power is bought.
        dispatch: The market's last dispatch.

    Returns:
        Currency/h; without that method price times quantity. Shape ``(n_order,)``.
    """
    per_h = getattr(market, "order_money_per_h", None)
    if per_h is None:
        return money_per_h(order_prices(market, dispatch), dispatch.quantity_kw)
    money: FloatArray = per_h()
    return money


def money_per_h(price_per_kwh: FloatArray, quantity_kw: FloatArray) -> FloatArray:
    """Return price x quantity, 0 where there is no quantity and so no price.

    Returns:
        Currency/h. Same shape.
    """
    money = np.zeros(quantity_kw.shape)
    return np.multiply(price_per_kwh, quantity_kw, out=money, where=quantity_kw != 0.0)


def _agree(orders: CurveColumns, others: CurveColumns) -> bool:
    """Return whether two tables agree in participant, bus and side, row by row."""
    return (
        orders.participant == others.participant
        and (orders.bus is others.bus or orders.bus.tobytes() == others.bus.tobytes())
        and (
            orders.is_bid is others.is_bid
            or orders.is_bid.tobytes() == others.is_bid.tobytes()
        )
    )


def _keys(orders: CurveColumns) -> Iterator[tuple[str, int, bool]]:
    return zip(
        orders.participant, orders.bus.tolist(), orders.is_bid.tolist(), strict=True
    )
