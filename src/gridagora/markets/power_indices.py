"""Indices of market power: Lerner, Herfindahl, residual supply."""

from collections.abc import Sequence
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from gridagora.errors import InputError, InvalidOrderError, UnknownNameError
from gridagora.markets.players import sellers
from gridagora.markets.residual_supply import (
    Players,
    orders_of,
    residual_supply_index,
)
from gridagora.types.arrays import Columns, FloatArray
from gridagora.types.dispatch import Dispatch, Outcome
from gridagora.types.orders import CurveColumns

Side: TypeAlias = Literal["left", "middle", "right"]

_ROUNDING = 1e-9  # of the linear program: an index of 1 is not pivotal
_CLEARED = (Outcome.CLEARED, Outcome.ONE_SIDED)


def lerner_index(
    price_per_kwh: ArrayLike, marginal_cost_per_kwh: ArrayLike
) -> FloatArray:
    """Return the part of a price that is not marginal cost, ``(price - cost) / price``.

    0 under perfect competition, towards 1 the more a price lies above cost; negative
    where it lies below. NaN where the price is not positive: no share of it is defined.

    Args:
        price_per_kwh: Prices. Currency/kWh. Any shape.
        marginal_cost_per_kwh: Marginal costs, see ``marginal_cost``. Currency/kWh. Of a
            shape that fits.

    Source:
        Lerner, The concept of monopoly and the measurement of monopoly power, Rev.
        Econ. Stud. 1(3), 1934.

    Example:
        >>> lerner_index([50.0, 20.0, 0.0], 20.0).tolist()
        [0.6, 0.0, nan]
    """
    price = np.asarray(price_per_kwh, dtype=np.float64)
    cost = np.asarray(marginal_cost_per_kwh, dtype=np.float64)
    known = np.where(price > 0.0, price, np.nan)
    return np.asarray((known - cost) / known)


def herfindahl_index(
    quantity_kw: ArrayLike, owner: Sequence[str] | None = None
) -> float:
    """Return the sum of squares of market shares, shares being parts of 1.

    ``1 / n`` with ``n`` equal sellers, 1 with a single one. Authorities state it with
    shares in percent: multiply by 10,000. It knows no network: behind a full line, a
    seller may be alone in a market that looks wide. NaN when nothing is sold.

    Args:
        quantity_kw: What each entry sells, >= 0. kW. Shape ``(n,)``.
        owner: Who owns each entry; one owner's entries are one seller. ``None``: every
            entry is a seller. Length ``n``.

    Raises:
        InputError: A quantity is negative or not finite, or owners are missing.

    Source:
        Hirschman, The paternity of an index, Am. Econ. Rev. 54(5), 1964.

    Example:
        >>> herfindahl_index([50.0, 25.0, 25.0])
        0.375
        >>> herfindahl_index([50.0, 25.0, 25.0], ["a", "b", "b"])
        0.5
    """
    quantity = np.asarray(quantity_kw, dtype=np.float64)
    faults = [
        f"entry {at} is {quantity[at]:g} kW, expected a finite quantity >= 0."
        for at in np.flatnonzero(~(quantity >= 0.0) | np.isinf(quantity))
    ]
    if owner is not None and len(owner) != quantity.size:
        given = f"{len(owner)} owners and {quantity.size} quantities"
        faults.append(f"there are {given}, expected one owner for each.")
    if faults:
        raise InputError("Herfindahl index", faults)
    total = float(quantity.sum())
    if total == 0.0:
        return float("nan")
    if owner is not None:
        _, place = np.unique(np.asarray(owner, dtype=str), return_inverse=True)
        quantity = np.bincount(place, weights=quantity).astype(np.float64)
    share = quantity / total
    return float(share @ share)


def marginal_cost(
    orders: CurveColumns, quantity_kw: ArrayLike, *, side: Side = "left"
) -> FloatArray:
    """Return the price on each order's curve at a quantity.

    For an offer made at cost it is the marginal cost, for a bid the marginal value.
    Where the curve jumps the two sides of the quantity differ: ``left`` is the cost of
    the last kW sold, ``right`` that of the next one, ``middle`` their mean. Up to the
    firm quantity the first price holds; beyond the last corner the last price goes on,
    although nothing is to be had there.

    Args:
        orders: The curves.
        quantity_kw: Quantity of each order. kW. Shape ``(n_order,)``.
        side: Which side of the quantity.

    Returns:
        Currency/kWh. Shape ``(n_order,)``.

    Raises:
        UnknownNameError: There is no such side.

    Example:
        Cost rises from 0 to 2 over 10 kW, then steps up to 5.

        >>> from gridagora.types.network import Network
        >>> from gridagora.types.orders import Curve, Offer
        >>> stairs = Offer("a", "bus", Curve((0, 10, 10, 20), (0, 2, 5, 5)))
        >>> net = Network.from_table({"from_bus": ["bus"], "to_bus": ["b"]})
        >>> book = CurveColumns.of([stairs], net)
        >>> [marginal_cost(book, [10.0], side=s).item() for s in ("left", "right")]
        [2.0, 5.0]
    """
    if side not in ("left", "middle", "right"):
        raise UnknownNameError("side", side, ("left", "middle", "right"))
    quantity = np.asarray(quantity_kw, dtype=np.float64)
    if side == "middle":
        left = marginal_cost(orders, quantity, side="left")
        return 0.5 * (left + marginal_cost(orders, quantity, side="right"))
    price = np.empty(orders.n_order)
    for order in range(orders.n_order):
        corners = slice(orders.start[order], orders.start[order + 1])
        price[order] = _price_at(
            orders.quantity_kw[corners],
            orders.price_per_kwh[corners],
            float(quantity[order]),
            side,
        )
    return price


def _price_at(
    corner_kw: FloatArray,
    corner_price: FloatArray,
    quantity_kw: float,
    side: Literal["left", "right"],
) -> float:
    after = int(np.searchsorted(corner_kw, quantity_kw, side=side))
    if after == 0:
        return float(corner_price[0])
    if after == corner_kw.size:
        return float(corner_price[-1])
    along = (quantity_kw - corner_kw[after - 1]) / (
        corner_kw[after] - corner_kw[after - 1]
    )
    rise = corner_price[after] - corner_price[after - 1]
    return float(corner_price[after - 1] + along * rise)


def power_indices(
    dispatch: Dispatch,
    costs: CurveColumns | None = None,
    players: Players | None = None,
) -> Columns:
    """Return the indices of market power of every player in a dispatch.

    Args:
        dispatch: A clearing that found prices.
        costs: The same orders at true cost; ``None`` takes those of the dispatch, as
            if they were true.
        players: Participants by player. ``None``: every participant with an offer.

    Returns:
        One row for each player: ``player``; ``share`` of all power sold;
        ``lerner_index`` of its price and marginal cost (``left``), both means weighted
        by what each of its offers sells, NaN where it sells nothing or the price is not
        positive; ``residual_supply_index`` for the power that was bought, NaN where
        none was; ``is_pivotal``, whether that is below 1; and ``herfindahl_index`` of
        the whole market, where participants that no player acts for count by
        themselves: the same in all rows.

    Raises:
        InvalidOrderError: The dispatch has no prices, ``costs`` are not those of the
            same orders, or two players act for one participant.
        UnknownNameError: A player acts for a participant that has no order.
        ClearingError: No solver reached an exact optimum.

    Example:
        Two equal plants, of which one asks 3 for power that costs it 1.

        >>> from gridagora.markets.nodal import clear_nodal
        >>> from gridagora.types.network import Network
        >>> from gridagora.types.orders import Bid, Offer
        >>> net = Network.from_table({"from_bus": ["a"], "to_bus": ["b"]})
        >>> town = Bid.affine("town", "b", p_max=9, p_min=9, q_max=80, q_min=80)
        >>> one = Offer.affine("one", "a", p_max=1, p_min=1, q_max=50)
        >>> two, asked = (
        ...     Offer.affine("two", "a", p_max=p, p_min=p, q_max=50) for p in (1, 3)
        ... )
        >>> true = CurveColumns.of([town, one, two], net)
        >>> cleared = clear_nodal(net, CurveColumns.of([town, one, asked], net))
        >>> table = power_indices(cleared, true)
        >>> table["player"], table["share"].tolist(), table["is_pivotal"].tolist()
        (['one', 'two'], [0.625, 0.375], [True, True])
        >>> table["lerner_index"].round(3).tolist()
        [0.667, 0.667]
    """
    orders = dispatch.orders
    true = orders if costs is None else costs
    _check(dispatch, true, players)
    groups = sellers(orders) if players is None else players
    owned = orders_of(orders, groups)
    sold_kw = np.where(orders.is_bid, 0.0, dispatch.quantity_kw)
    cost_per_kwh = marginal_cost(true, dispatch.quantity_kw)
    own_kw = [np.where(mine, sold_kw, 0.0) for mine in owned.values()]
    lerner = [
        lerner_index(dispatch.order_price_per_kwh @ part, cost_per_kwh @ part).item()
        if part.any()
        else float("nan")
        for part in own_kw
    ]
    residual = _residual(dispatch, groups)
    owner = [f"participant {name}" for name in orders.participant]
    for player, mine in owned.items():
        for at in np.flatnonzero(mine):
            owner[at] = f"player {player}"
    total_kw = sold_kw.sum() or float("nan")
    return {
        "player": list(owned),
        "share": np.array([part.sum() / total_kw for part in own_kw]),
        "lerner_index": np.array(lerner),
        "residual_supply_index": residual,
        "is_pivotal": residual < 1.0 - _ROUNDING,
        "herfindahl_index": np.full(len(owned), herfindahl_index(sold_kw, owner)),
    }


def _check(dispatch: Dispatch, costs: CurveColumns, players: Players | None) -> None:
    """Refuse what no index can be taken of."""
    orders, faults = dispatch.orders, []
    if dispatch.outcome not in _CLEARED:
        faults.append(f"the outcome is {dispatch.outcome.value!r}, expected prices.")
    same = costs.participant == orders.participant
    if not (same and np.array_equal(costs.is_bid, orders.is_bid)):
        faults.append(
            "costs have other participants or sides than the orders of the dispatch, "
            "expected the same in the same order."
        )
    acting = [name for group in (players or {}).values() for name in set(group)]
    faults += [
        f"{acting.count(name)} players act for participant {name!r}, expected one."
        for name in sorted(set(acting))
        if acting.count(name) > 1
    ]
    if faults:
        raise InvalidOrderError("power indices", faults)


def _residual(dispatch: Dispatch, players: Players) -> FloatArray:
    orders, bought_kw = dispatch.orders, dispatch.quantity_kw
    if not np.any(bought_kw[orders.is_bid] > 0.0):
        return np.full(len(players), np.nan)
    return residual_supply_index(dispatch.network, orders, players, demand_kw=bought_kw)
