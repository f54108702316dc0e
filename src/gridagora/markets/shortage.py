"""Proofs that firm power has no way: which limits are short, and by how much."""

import numpy as np

from gridagora.errors import listed
from gridagora.markets import qp
from gridagora.markets.conflicts import missing, smallest_conflict
from gridagora.markets.direct_current import SparseFlows
from gridagora.markets.laws import infeasibility_certificate
from gridagora.types.arrays import FloatArray
from gridagora.types.dispatch import Certificate
from gridagora.types.network import Network
from gridagora.types.orders import CurveColumns


def prove_infeasible(
    network: Network, orders: CurveColumns, *, mechanism: str
) -> tuple[Certificate, str]:
    """Say why no dispatch exists, with a proof.

    The least power that must stay unserved or untaken is found as a linear program;
    its multipliers are the proof. Limits are then lifted one after the other, by name,
    for as long as power stays short: what is left is a set of limits that no dispatch
    meets, while lifting any one of them is enough. Orders and balances count as given.

    Args:
        network: The network.
        orders: Orders for which no dispatch was found.
        mechanism: Name of the rule, for the certificate.

    Returns:
        The certificate of the proof, and the reason in words.

    Raises:
        ClearingError: There is a dispatch after all.
    """
    program, scale_kw = _unserved(network, orders)
    first_limit = network.n_bus
    finite = np.flatnonzero(np.isfinite(network.limit_kw))
    by_name = sorted(range(finite.size), key=lambda at: network.branch[finite[at]])
    needed, program, found = smallest_conflict(
        program, [first_limit + at for at in by_name], mechanism=mechanism
    )
    weight = found.row_dual[:first_limit]
    congestion = np.zeros(network.n_branch)
    congestion[finite] = found.row_dual[first_limit:]
    certificate = infeasibility_certificate(
        network, orders, weight, congestion, mechanism=mechanism
    )
    short_kw = missing(program, found) * scale_kw
    names = [network.branch[finite[row - first_limit]] for row in needed]
    return certificate, _reason(short_kw, float(weight.sum()), names)


def _unserved(network: Network, orders: CurveColumns) -> tuple[qp.Program, float]:
    """Return the program of least unserved and untaken power, and its scale in kW.

    Variables: bought and sold at each bus, unserved and untaken power at each bus,
    voltage angles. Orders of a bus are added up, so that their arrival plays no part.
    """
    n_bus = network.n_bus
    scale_kw = float(orders.quantity_kw.max()) or 1.0
    bid = orders.is_bid
    least: list[FloatArray] = []
    most: list[FloatArray] = []
    for side in (bid, ~bid):
        for power_kw, ends in ((orders.firm_kw, least), (orders.most_kw, most)):
            bus = orders.bus[side]
            total = np.bincount(bus, weights=power_kw[side], minlength=n_bus)
            ends.append(total.astype(np.float64))
    every = np.arange(n_bus)
    one, none = np.ones(n_bus), np.zeros(n_bus)
    objective = qp.Program(
        curvature=np.zeros(4 * n_bus),
        linear=np.concatenate([none, none, one, one]),
        least=np.concatenate([*least, none, none]) / scale_kw,
        most=np.concatenate([*most, one * np.inf, one * np.inf]) / scale_kw,
        rows=np.zeros((0, 4 * n_bus)),
        row_least=np.zeros(0),
        row_most=np.zeros(0),
    )
    rows = SparseFlows.of(network).within(network.limit_kw / scale_kw)
    program = rows.program(
        objective,
        (np.tile(every, 4), np.concatenate([one, -one, -one, one])),
        none,
        np.flatnonzero(np.isfinite(network.limit_kw)),
    )
    return program, scale_kw


def _reason(short_kw: float, weight: float, names: list[str]) -> str:
    if names:
        shown = listed([repr(name) for name in names])
        return (
            f"{short_kw:g} kW of firm power has no way through the limits of "
            f"{shown}; raising any one of them enough would help."
        )
    firm, way = (
        ("demand", "can be served") if weight > 0 else ("supply", "can be taken up")
    )
    return f"{short_kw:g} kW more firm {firm} than {way} in the whole network."
