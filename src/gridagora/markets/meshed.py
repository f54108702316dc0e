"""Clearing of price curves on a DC network with loops, by quadratic programming."""

import numpy as np

from gridagora.errors import InvalidOrderError
from gridagora.markets.direct_current import DenseFlows, SparseFlows, prepare_flows
from gridagora.markets.laws import nodal_certificate, require
from gridagora.markets.optimum import NoOptimum, Optimum, find_optimum
from gridagora.markets.pieces import Pieces
from gridagora.markets.shortage import prove_infeasible
from gridagora.types.dispatch import Certificate, Dispatch, Outcome
from gridagora.types.network import Network
from gridagora.types.orders import CurveColumns

_MECHANISM = "meshed clearing"


def clear_meshed(
    network: Network,
    orders: CurveColumns,
    *,
    solver: str = "auto",
    flows: DenseFlows | SparseFlows | None = None,
) -> Dispatch:
    """Find the dispatch of greatest welfare under DC power flow, with exact prices.

    Each piece of a curve is a variable with a linear price; convexity fills them from
    left to right. Flows are ``H`` times injections and the prices are the multipliers:
    ``price = energy price - H' congestion``.

    **Where the optimum leaves a choice**, these rules make it, whatever the arrival
    order of the orders and whatever the reference bus:

    * *Price.* Of all prices that support the dispatch those with the least sum of
      squares of ``congestion_per_kwh``; then the energy price is the midpoint of what
      is left, its only finite end, or, if every price will do, the midpoint of the
      lowest and the highest price that any order names. On a network without loops
      ``clear_nodal`` uses ``clear_radial``, whose rule starts from the source instead;
      the two differ only where a full line leaves the price behind it open.
    * *Quantity.* Orders tied at the price trade as much as the limits allow, and share
      it in proportion to the power that each has at that price (least sum of
      ``award^2 / power``); limits may force other shares.

    Args:
        network: Buses, branches, limits and reactances; loops are welcome.
        orders: Bids and offers in any order, also none.
        solver: One of ``qp.SOLVERS``; ``auto`` goes by size.
        flows: What ``prepare_flows(network)`` returned, to clear it many times.

    Returns:
        The dispatch with its certificate. ``ONE_SIDED`` when there are only bids or
        only offers; ``EMPTY`` without orders; ``INFEASIBLE`` when firm power has no
        way: ``reason`` names a smallest set of limits that are short, and the
        certificate is the proof.

    Raises:
        InvalidOrderError: An order is at a bus that the network does not have.
        UnknownNameError: No such solver.
        ClearingError: No solver reached an exact optimum; seen only where slopes of
            1e-9 of the price span or powers eight decades apart meet.
        CertificateError: The result breaks a law; it was not used.

    Source:
        El Helou et al., OpenGridGym, eqs. (16) to (18); Schweppe et al., Spot Pricing
        of Electricity, 1988.

    Example:
        >>> from gridagora.types.orders import Bid, Offer
        >>> ring = Network.from_table(
        ...     {
        ...         "from_bus": ["a", "b", "a"],
        ...         "to_bus": ["b", "c", "c"],
        ...         "limit_kw": [None, None, 4],
        ...     }
        ... )
        >>> book = [
        ...     Offer.affine("coal", "a", p_max=1, p_min=1, q_max=20),
        ...     Offer.affine("gas", "b", p_max=2, p_min=2, q_max=20),
        ...     Bid.affine("town", "c", p_max=9, p_min=9, q_max=9, q_min=9),
        ... ]
        >>> dispatch = clear_meshed(ring, CurveColumns.of(book, ring))
        >>> dispatch.quantity_kw.round(6).tolist()
        [3.0, 6.0, 9.0]
        >>> dispatch.price_per_kwh.round(6).tolist()
        [1.0, 2.0, 3.0]
    """
    _check_buses(network, orders)
    if orders.n_order == 0:
        proof = Certificate(_MECHANISM, {})
        return _no_dispatch(network, orders, Outcome.EMPTY, (proof, ""))
    pieces = Pieces.of(orders, orders.bus, network.n_bus)
    rows = (flows or prepare_flows(network)).within(network.limit_kw / pieces.scale_kw)
    found = find_optimum(pieces, rows, solver=solver)
    if isinstance(found, NoOptimum):
        proof_and_reason = prove_infeasible(network, orders, mechanism=_MECHANISM)
        return _no_dispatch(network, orders, Outcome.INFEASIBLE, proof_and_reason)
    return _dispatch(network, orders, pieces, found)


def _check_buses(network: Network, orders: CurveColumns) -> None:
    """Refuse bus indices that no array has."""
    outside = np.flatnonzero((orders.bus < 0) | (orders.bus >= network.n_bus))
    if outside.size:
        raise InvalidOrderError(
            "orders",
            [
                f"order of {orders.participant[at]!r} is at bus {orders.bus[at]}, "
                f"expected 0 to {network.n_bus - 1}; build the columns with this "
                "network."
                for at in outside
            ],
        )


def _no_dispatch(
    network: Network,
    orders: CurveColumns,
    outcome: Outcome,
    proof: tuple[Certificate, str],
) -> Dispatch:
    """Return the record of a clearing without a dispatch."""
    certificate, reason = proof
    require(certificate)
    return Dispatch(
        network=network,
        orders=orders,
        outcome=outcome,
        quantity_kw=np.zeros(orders.n_order),
        price_per_kwh=np.full(network.n_bus, np.nan),
        flow_kw=np.zeros(network.n_branch),
        congestion_per_kwh=np.zeros(network.n_branch),
        certificate=certificate,
        reason=reason,
    )


def _dispatch(
    network: Network,
    orders: CurveColumns,
    pieces: Pieces,
    found: Optimum,
) -> Dispatch:
    """Undo the scaling, put full lines exactly at their limits, and certify."""
    quantity_kw = pieces.awards_kw(orders, found.filled)
    flow_kw = found.value * pieces.scale_kw
    full = found.worth != 0.0
    flow_kw[full] = np.sign(found.worth[full]) * network.limit_kw[full]
    flow_kw = np.clip(flow_kw, -network.limit_kw, network.limit_kw) + 0.0
    price = found.price * pieces.scale_price
    congestion_per_kwh = found.worth * pieces.scale_price
    certificate = nodal_certificate(
        network,
        orders,
        quantity_kw,
        price,
        flow_kw,
        congestion_per_kwh,
        mechanism=_MECHANISM,
    )
    require(certificate)
    both = orders.is_bid.any() and not orders.is_bid.all()
    outcome = Outcome.CLEARED if both else Outcome.ONE_SIDED
    for array in (quantity_kw, price, flow_kw, congestion_per_kwh):
        array.flags.writeable = False
    return Dispatch(
        network=network,
        orders=orders,
        outcome=outcome,
        quantity_kw=quantity_kw,
        price_per_kwh=price,
        flow_kw=flow_kw,
        congestion_per_kwh=congestion_per_kwh,
        certificate=certificate,
    )
