"""Exact clearing of price curves on a radial network."""

import numpy as np

from gridagora.errors import InvalidOrderError
from gridagora.markets.kernels import tree
from gridagora.markets.laws import (
    infeasibility_certificate,
    nodal_certificate,
    require,
)
from gridagora.types.arrays import FloatArray
from gridagora.types.dispatch import Certificate, Dispatch, Outcome
from gridagora.types.network import RadialNetwork
from gridagora.types.orders import CurveColumns

_MECHANISM = "radial clearing"


def clear_radial(network: RadialNetwork, orders: CurveColumns) -> Dispatch:
    """Find the dispatch of greatest welfare on a tree of lines, exactly.

    Welfare is what the bids are worth less what the offers cost, both as areas under
    their curves. Each bus balances with its lines, no line carries more than its limit
    and each order stays between its firm and its most quantity. The time needed grows
    as ``n log n`` in buses and corners, whatever the shape of the tree.

    **Where the optimum leaves a choice**, these rules make it:

    * *Price.* The source takes the only price that balances the tree; of an interval,
      its midpoint; of a half-line, its end; and if every price does, the midpoint of
      the lowest and the highest price that any order names. A bus takes the price of
      the bus that feeds it, moved only as far as the flow at the limit of its line
      requires: prices lie as close together as the dispatch permits.
    * *Quantity.* Orders tied at the price are shared pro rata, in each zone of lines
      that are not full. Of all such dispatches the one that trades most is taken:
      tied bids are served before tied offers withdraw.

    The arrival order of the orders plays no part, up to rounding (1e-12).

    Args:
        network: The tree.
        orders: Bids and offers in any order, also none.

    Returns:
        The dispatch with its certificate. ``ONE_SIDED`` when there are only bids or
        only offers (quantities 0, prices by the same rules); ``EMPTY`` without orders;
        ``INFEASIBLE`` when firm power has no way, with every short line in ``reason``
        and the proof of the innermost one in the certificate.

    Raises:
        InvalidOrderError: An order is at a bus that the network does not have.
        CertificateError: The result breaks a law; a fault of this function.

    Example:
        >>> from gridagora.types.orders import Bid, Offer
        >>> net = RadialNetwork.from_table({"bus": ["a", "b"], "parent": [None, "a"]})
        >>> book = [
        ...     Offer.affine("wind", "a", p_max=0.3, p_min=0.1, q_max=10.0),
        ...     Bid.affine("mill", "b", p_max=0.5, p_min=0.2, q_max=15.0),
        ... ]
        >>> dispatch = clear_radial(net, CurveColumns.of(book, net))
        >>> dispatch.price_per_kwh.round(3).tolist(), dispatch.quantity_kw.tolist()
        ([0.3, 0.3], [10.0, 10.0])
    """
    status, quantity_kw, price_per_kwh, flow_kw, short_kw = tree.clear_tree(
        network.parent,
        network.limit_kw,
        orders.bus,
        orders.is_bid,
        orders.start,
        orders.quantity_kw,
        orders.price_per_kwh,
    )
    if status == tree.OUTSIDE:
        raise _outside(network, orders)
    congestion_per_kwh = np.zeros(network.n_branch)
    certificate, reason = Certificate(_MECHANISM, {}), ""
    if status == tree.INFEASIBLE:
        reason = _reason(network, short_kw)
        certificate = _proof(network, orders, short_kw)
    elif status != tree.EMPTY:
        congestion_per_kwh = price_per_kwh[1:] - price_per_kwh[network.parent[1:]]
        certificate = nodal_certificate(
            network,
            orders,
            quantity_kw,
            price_per_kwh,
            flow_kw,
            congestion_per_kwh,
            mechanism=_MECHANISM,
        )
        require(certificate)
    for array in (quantity_kw, price_per_kwh, flow_kw, congestion_per_kwh):
        array.flags.writeable = False
    return Dispatch(
        network=network,
        orders=orders,
        outcome=_OUTCOMES[status],
        quantity_kw=quantity_kw,
        price_per_kwh=price_per_kwh,
        flow_kw=flow_kw,
        congestion_per_kwh=congestion_per_kwh,
        certificate=certificate,
        reason=reason,
    )


_OUTCOMES = {
    tree.CLEARED: Outcome.CLEARED,
    tree.EMPTY: Outcome.EMPTY,
    tree.ONE_SIDED: Outcome.ONE_SIDED,
    tree.INFEASIBLE: Outcome.INFEASIBLE,
}


def _outside(network: RadialNetwork, orders: CurveColumns) -> InvalidOrderError:
    """Name the orders at buses that the network does not have."""
    outside = np.flatnonzero((orders.bus < 0) | (orders.bus >= network.n_bus))
    return InvalidOrderError(
        "orders",
        [
            f"order of {orders.participant[at]!r} is at bus {orders.bus[at]}, expected "
            f"0 to {network.n_bus - 1}; build the columns with this network."
            for at in outside
        ],
    )


def _reason(network: RadialNetwork, short_kw: FloatArray) -> str:
    """Say for each cut how much firm power has no way, innermost first."""
    sentences = []
    for bus in np.flatnonzero(short_kw)[::-1]:
        firm, way = (
            ("demand", "can be served")
            if short_kw[bus] > 0
            else ("supply", "can be taken up")
        )
        where = (
            f"at bus {network.bus[bus]!r} and beyond, through line "
            f"{network.branch[bus - 1]!r} of {network.limit_kw[bus - 1]:g} kW"
            if bus
            else "in the whole network"
        )
        sentences.append(
            f"{abs(short_kw[bus]):g} kW more firm {firm} than {way} {where}."
        )
    return " ".join(sentences)


def _proof(
    network: RadialNetwork, orders: CurveColumns, short_kw: FloatArray
) -> Certificate:
    """Certify the innermost cut: the buses behind its line up to further full lines.

    Beyond a line that firm power would fill the other way, nothing more can help; the
    cut leaves out what lies behind such lines.
    """
    top = int(np.flatnonzero(short_kw)[-1])
    sign = float(np.sign(short_kw[top]))
    toward = np.where(orders.is_bid, sign, -sign)
    own = toward * np.where(toward > 0, orders.firm_kw, orders.most_kw)
    least = np.bincount(orders.bus, weights=own, minlength=network.n_bus)
    outward = np.zeros(network.n_bus, dtype=np.bool_)
    for bus in range(network.n_bus - 1, top, -1):
        outward[bus] = least[bus] < -network.limit_kw[bus - 1]
        least[network.parent[bus]] += max(least[bus], -network.limit_kw[bus - 1])
    weight = np.zeros(network.n_bus)
    weight[top] = sign
    for bus in range(top + 1, network.n_bus):
        weight[bus] = 0.0 if outward[bus] else weight[network.parent[bus]]
    return infeasibility_certificate(
        network,
        orders,
        weight,
        weight[1:] - weight[network.parent[1:]],
        mechanism=_MECHANISM,
    )
