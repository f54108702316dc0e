"""The laws of the mechanisms, stated once for certificates, tests and audits."""

from collections.abc import Sequence

import numpy as np

from gridagora.errors import CertificateError
from gridagora.markets.kernels.laws import (
    lost_surplus,
    nodal_residuals,
    price_intervals,
    quantity_intervals,
)
from gridagora.types.arrays import FloatArray, IntArray
from gridagora.types.dispatch import Certificate, Settlement
from gridagora.types.network import Network, RadialNetwork
from gridagora.types.orders import CurveColumns

TOLERANCE = 1e-9
"""Largest scaled residual of a clearing in floating point that passes."""

NODAL_LAWS = (
    "energy balance",
    "flow definition",
    "flow limits",
    "order bounds",
    "orders at their price",
    "price differences",
    "complementary slackness",
    "duality gap",
    "congestion rent",
)
"""Laws of a nodal clearing, in the order in which the kernel returns them."""

HOUSE = ("operator", "market")
"""Accounts of a settlement that are not participants."""

_DUST = 1e-14  # a difference this small against its terms may be rounding
_NONE = np.zeros(0)
_NOWHERE = np.zeros(0, dtype=np.int64)


def nodal_certificate(  # noqa: PLR0913  (the primal and the dual of one clearing)
    network: Network | RadialNetwork,
    orders: CurveColumns,
    quantity_kw: FloatArray,
    price_per_kwh: FloatArray,
    flow_kw: FloatArray,
    congestion_per_kwh: FloatArray,
    *,
    mechanism: str,
    tolerance: float = TOLERANCE,
) -> Certificate:
    """Check that awards and prices are an optimum of the market, from scratch.

    Nothing that a solver reported is believed: primal feasibility, dual feasibility and
    complementarity are measured on the orders and the network as they were given. A
    pair that passes is optimal, whoever found it. Residuals are scaled by the data,
    never by the result, so that a wrong result cannot excuse itself: powers by the
    largest quantity ``Q`` that any curve names, prices by the span ``P`` of all curve
    prices and zero, money by ``P`` times the larger of ``Q`` and the power traded
    (each scale is 1 where the data give 0).

    ==========================  ====================================================
    energy balance              bought = sold, relative to the larger of ``Q`` and
                                the power bought
    flow definition             each bus balances with the flows of its branches;
                                around loops ``reactance * flow`` sums to 0
    flow limits                 ``|flow| <= limit``; a line of limit 0 carries exactly 0
    order bounds                least and most quantity of each order
    orders at their price       each award is what its order wants at the price of its
                                bus: the smaller of the errors in quantity and price
    price differences           ``price = energy price - H' congestion``; along a
                                line of a tree ``congestion = price[to] - price[from]``
    complementary slackness     a limit with a price binds, in the direction of its
                                sign: the smaller of its price and its slack
    duality gap                 surplus lost against the bound that the prices prove
    congestion rent             payments less receipts = ``sum |congestion| limit``
    ==========================  ====================================================

    Args:
        network: Where it was cleared.
        orders: What was cleared.
        quantity_kw: Awards. kW. Shape ``(n_order,)``.
        price_per_kwh: Nodal prices. Currency/kWh. Shape ``(n_bus,)``.
        flow_kw: Flow of each branch in its direction. kW. Shape ``(n_branch,)``.
        congestion_per_kwh: Signed worth of each limit, see ``Dispatch``.
            Currency/kWh. Shape ``(n_branch,)``.
        mechanism: Name of the rule that cleared.
        tolerance: Largest residual that passes.

    Returns:
        The residuals. Numbers that are not finite leave a residual that never passes.
    """
    if isinstance(network, RadialNetwork):
        reference, from_bus, to_bus, reactance = 0, network.parent, _NOWHERE, _NONE
    else:
        reference, from_bus = network.reference, network.from_bus
        to_bus, reactance = network.to_bus, network.reactance_pu
    residual = nodal_residuals(
        network.n_bus,
        reference,
        from_bus,
        to_bus,
        reactance,
        network.limit_kw,
        orders.bus,
        orders.is_bid,
        orders.start,
        orders.quantity_kw,
        orders.price_per_kwh,
        quantity_kw,
        price_per_kwh,
        flow_kw,
        congestion_per_kwh,
    )
    named = dict(zip(NODAL_LAWS, residual.tolist(), strict=True))
    return Certificate(mechanism, named, tolerance)


def infeasibility_certificate(
    network: Network | RadialNetwork,
    orders: CurveColumns,
    price_per_kwh: FloatArray,
    congestion_per_kwh: FloatArray,
    *,
    mechanism: str,
) -> Certificate:
    """Check a proof that no dispatch exists.

    The proof is a set of weights of buses (``price_per_kwh``) and branches
    (``congestion_per_kwh``) that obey the law of price differences. For every dispatch
    the weighted net demand is at most ``sum |congestion| limit``; when even the firm
    quantities and the most of the rest exceed that, there is none. A cut is the case
    with weight 1 (or -1) on one side of it and 0 on the other.

    Args:
        network: Where it was to be cleared.
        orders: What was to be cleared.
        price_per_kwh: Weight of each bus. Shape ``(n_bus,)``.
        congestion_per_kwh: Signed weight of each branch. Shape ``(n_branch,)``.
        mechanism: Name of the rule that found no dispatch.

    Returns:
        Residuals of the two laws of such a proof: ``price differences``, and
        ``shortage``, which is 0 when the proof holds and 1 when it does not.
    """
    nothing = np.zeros(network.n_branch)
    empty = CurveColumns(
        (), _NOWHERE, _NONE.astype(np.bool_), np.zeros(1, np.int64), _NONE, _NONE
    )
    weights = nodal_certificate(
        network,
        empty,
        _NONE,
        price_per_kwh,
        nothing,
        congestion_per_kwh,
        mechanism=mechanism,
    )
    largest = max(float(np.abs(price_per_kwh).max(initial=0.0)), 1e-300)
    short_kw, size_kw = _shortage(network, orders, price_per_kwh, congestion_per_kwh)
    residual = {
        "price differences": weights.residual["price differences"] / largest,
        "shortage": 0.0 if short_kw > _DUST * size_kw else 1.0,
    }
    return Certificate(mechanism, residual, TOLERANCE)


def shortage_kw(
    network: Network | RadialNetwork,
    orders: CurveColumns,
    price_per_kwh: FloatArray,
    congestion_per_kwh: FloatArray,
) -> float:
    """Return by how much the least weighted net demand exceeds what limits let pass.

    Positive proves that no dispatch exists, see ``infeasibility_certificate``. kW when
    the weights are 0 and 1.
    """
    return _shortage(network, orders, price_per_kwh, congestion_per_kwh)[0]


def _shortage(
    network: Network | RadialNetwork,
    orders: CurveColumns,
    price_per_kwh: FloatArray,
    congestion_per_kwh: FloatArray,
) -> tuple[float, float]:
    """Return the shortage and the size of the terms that it is the difference of."""
    weight = np.where(orders.is_bid, 1.0, -1.0) * price_per_kwh[orders.bus]
    least = np.where(weight > 0, orders.firm_kw, orders.most_kw)
    used = congestion_per_kwh != 0.0
    passing = float(np.abs(congestion_per_kwh[used]) @ network.limit_kw[used])
    short = float(weight @ least - passing)
    return short, float(np.abs(weight) @ least + passing)


def require(certificate: Certificate) -> None:
    """Let a result through only if its laws hold.

    Raises:
        CertificateError: The worst residual exceeds the tolerance, or is NaN.
    """
    if not certificate.passed:
        law, size = certificate.worst
        raise CertificateError(certificate.mechanism, law, size, certificate.tolerance)


def marginal_prices(
    orders: CurveColumns, quantity_kw: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return the prices at which each order wants just its award.

    An order at its firm quantity accepts any price on the far side of its curve, one at
    its most any price on the near side.

    Returns:
        Lowest and highest price, infinite where there is no end. Currency/kWh.
        Shapes ``(n_order,)``.
    """
    ends = price_intervals(
        orders.is_bid,
        orders.start,
        orders.quantity_kw,
        orders.price_per_kwh,
        quantity_kw,
    )
    return ends[:, 0], ends[:, 1]


def wanted_kw(
    orders: CurveColumns, price_per_kwh: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return the least and the most that each order wants at its own price.

    Args:
        orders: The orders.
        price_per_kwh: Price of each order. Currency/kWh. Shape ``(n_order,)``.

    Returns:
        Two columns, equal unless the price lies on a flat piece. kW.
    """
    ends = quantity_intervals(
        orders.is_bid,
        orders.start,
        orders.quantity_kw,
        orders.price_per_kwh,
        price_per_kwh,
    )
    return ends[:, 0], ends[:, 1]


def irrationality_per_kwh(
    orders: CurveColumns, quantity_kw: FloatArray, price_per_kwh: FloatArray
) -> FloatArray:
    """Return how far each price is on the wrong side of the order's own curve.

    A buyer pays no more than its curve at its award (eq. 6) and a seller gets no less
    (eq. 7). At its firm quantity an order has no say; an award of 0 has no price.

    Args:
        orders: The orders.
        quantity_kw: Awards. kW. Shape ``(n_order,)``.
        price_per_kwh: What each order pays or gets. Currency/kWh. Shape ``(n_order,)``.

    Returns:
        Breach, 0 where the law holds. Currency/kWh. Shape ``(n_order,)``.

    Source:
        El Helou et al., OpenGridGym, eqs. (6) and (7).
    """
    low, high = marginal_prices(orders, quantity_kw)
    breach = np.where(orders.is_bid, price_per_kwh - high, low - price_per_kwh)
    return np.where(quantity_kw > 0.0, np.maximum(breach, 0.0), 0.0)


def lost_surplus_per_h(
    orders: CurveColumns, quantity_kw: FloatArray, price_per_kwh: FloatArray
) -> FloatArray:
    """Return the surplus each order misses against its best quantity at its price.

    Args:
        orders: The orders.
        quantity_kw: Awards. kW. Shape ``(n_order,)``.
        price_per_kwh: Price of each order. Currency/kWh. Shape ``(n_order,)``.

    Returns:
        Money missed, >= 0. Currency/h. Shape ``(n_order,)``.
    """
    low, high = wanted_kw(orders, price_per_kwh)
    lost = np.empty(orders.n_order)
    for order in range(orders.n_order):
        corners = slice(orders.start[order], orders.start[order + 1])
        lost[order] = lost_surplus(
            orders.quantity_kw[corners],
            orders.price_per_kwh[corners],
            price_per_kwh[order],
            min(quantity_kw[order], high[order]),
            max(quantity_kw[order], low[order]),
        )
    return lost


def settlement_certificate(settlement: Settlement) -> Certificate:
    """Check the laws of money and energy, all in whole units, all exact.

    ``energy``: the column sums to 0. ``money``: so does that one. ``price``: an entry
    with energy has exactly ``money = -price * energy``, one without energy no price.

    Returns:
        Residuals in Wh and 1e-9 currency; the tolerance is 0.
    """
    product = -settlement.price_nano_per_wh * settlement.energy_wh
    priced = (settlement.energy_wh != 0) | (settlement.price_nano_per_wh != 0)
    off = np.abs(settlement.money_nano - product)[priced]
    residual = {
        "energy": float(abs(int(settlement.energy_wh.sum()))),
        "money": float(abs(int(settlement.money_nano.sum()))),
        "price": float(off.max(initial=0)),
    }
    return Certificate("settlement", residual, 0.0)


def imbalance_nano(settlement: Settlement) -> int:
    """Return what participants pay beyond what participants get; 0 under eq. (8).

    Returns:
        What is left with the accounts of ``HOUSE``. 1e-9 currency.

    Source:
        El Helou et al., OpenGridGym, eq. (8).
    """
    house = [name in HOUSE for name in settlement.account]
    return int(settlement.money_nano[np.array(house, dtype=np.bool_)].sum())


def permuted(orders: CurveColumns, places: Sequence[int] | IntArray) -> CurveColumns:
    """Return the same orders in another arrival order.

    Args:
        orders: The orders.
        places: Position in ``orders`` of each order of the result; leaving some out
            gives a part of the book.
    """
    chosen = np.asarray(places, dtype=np.int64)
    size = np.diff(orders.start)[chosen]
    start = np.concatenate([[0], np.cumsum(size)]).astype(np.int64)
    point = np.repeat(orders.start[chosen] - start[:-1], size) + np.arange(start[-1])
    return CurveColumns(
        participant=tuple(orders.participant[place] for place in chosen),
        bus=orders.bus[chosen],
        is_bid=orders.is_bid[chosen],
        start=start,
        quantity_kw=orders.quantity_kw[point],
        price_per_kwh=orders.price_per_kwh[point],
    )


def scaled(
    orders: CurveColumns, *, quantity: float = 1.0, price: float = 1.0
) -> CurveColumns:
    """Return the same orders with all quantities and prices multiplied (> 0)."""
    return CurveColumns(
        participant=orders.participant,
        bus=orders.bus.copy(),
        is_bid=orders.is_bid.copy(),
        start=orders.start.copy(),
        quantity_kw=orders.quantity_kw * quantity,
        price_per_kwh=orders.price_per_kwh * price,
    )
