"""DC networks as linear grids, secure against the loss of single branches."""

from collections.abc import Sequence
from itertools import chain

import numpy as np

from gridagora.errors import (
    InvalidConfigError,
    InvalidNetworkError,
    UnknownNameError,
    listed,
)
from gridagora.markets.linear_rows import AFTER_LOSS
from gridagora.types.arrays import FloatArray
from gridagora.types.linear_grid import LinearGrid, Response
from gridagora.types.network import Network
from gridagora.types.network_tables import spanning_tree

_SAME = 1e-12  # a share of a lost flow this small is none


def linear_grid_of(
    network: Network, *, outages: Sequence[str] = (), emergency_factor: float = 1.0
) -> LinearGrid:
    """Return a DC network as a linear grid without losses, secure against outages.

    Every branch is a flow with its limit. For each outage the flow of every other
    limited branch is a flow as well, called ``LINE after loss of OTHER``: the dispatch
    stays, the lost flow takes the other ways, and what then flows keeps to
    ``emergency_factor`` times the limit. ``clear_linear`` on the result is
    ``clear_meshed`` made N-1 secure against the outages listed; without any it is
    ``clear_meshed``.

    Args:
        network: Buses, branches, limits and reactances.
        outages: Names of branches, each of which may fail alone.
        emergency_factor: What a branch may carry after an outage, as a multiple of its
            limit; at least 1.

    Returns:
        The grid: a place for each bus, no terminals, no reactive power.

    Raises:
        UnknownNameError: No branch has that name.
        InvalidNetworkError: An outage would leave buses without a way to the reference
            bus; each is named.
        InvalidConfigError: The factor is below 1 or not a number.

    Source:
        Wood, Wollenberg & Sheble, Power Generation, Operation, and Control, 3rd ed.,
        section 7.2 (line outage distribution factors).

    Example:
        >>> ring = Network.from_table(
        ...     {
        ...         "from_bus": ["a", "b", "a"],
        ...         "to_bus": ["b", "c", "c"],
        ...         "limit_kw": [9, 9, 9],
        ...     }
        ... )
        >>> grid = linear_grid_of(ring, outages=["a-c"])
        >>> grid.flows.name[3:]
        ('a-b after loss of a-c', 'b-c after loss of a-c')
        >>> grid.flows.per_kw[3:, 2].round(9).tolist()
        [1.0, 1.0]
    """
    if not 1.0 <= emergency_factor < np.inf:
        fault = f"emergency_factor is {emergency_factor}, expected a number >= 1."
        raise InvalidConfigError("outages", [fault])
    lost = _positions(network, outages)
    per_kw = -network.injection_sensitivity()
    name, limit, rows = [list(network.branch)], [network.limit_kw], [per_kw]
    for out in lost:
        share = _outage_factors(network, per_kw, out)
        moved = np.isfinite(network.limit_kw) & (np.abs(share) > _SAME)
        moved[out] = False
        line = np.flatnonzero(moved)
        rows.append(per_kw[line] + share[line, None] * per_kw[out])
        limit.append(network.limit_kw[line] * emergency_factor)
        gone = network.branch[out]
        name.append([f"{network.branch[at]}{AFTER_LOSS}{gone}" for at in line])
    every = np.arange(network.n_bus, dtype=np.int64)
    return LinearGrid(
        place=network.bus,
        n_bus=network.n_bus,
        bus=every,
        supply=every.copy(),
        source=network.reference,
        demand_kw=np.zeros(network.n_bus),
        demand_kvar=np.zeros(network.n_bus),
        kvar_per_kw=np.zeros(network.n_bus),
        voltages=_response((), np.zeros((0, network.n_bus))),
        flows=_response(tuple(chain.from_iterable(name)), np.vstack(rows)),
        currents=_response((), np.zeros((0, network.n_bus))),
        loss=_response(("losses",), np.zeros((1, network.n_bus))),
        flow_limit_kw=np.concatenate(limit),
        current_limit_a=np.zeros(0),
    )


def _positions(network: Network, outages: Sequence[str]) -> list[int]:
    """Return branches by name, refusing those without which there are islands."""
    place = {name: at for at, name in enumerate(network.branch)}
    for name in outages:
        if name not in place:
            raise UnknownNameError("branch", name, network.branch)
    lost = [place[name] for name in dict.fromkeys(outages)]
    faults = []
    for out in lost:
        left = np.arange(network.n_branch) != out
        ends = network.from_bus[left], network.to_bus[left]
        parent, _ = spanning_tree(network.n_bus, *ends, network.reference)
        cut = [at for at in range(network.n_bus) if parent[at] < 0]
        cut.remove(network.reference)
        if cut:
            names = listed([repr(network.bus[at]) for at in cut])
            faults.append(
                f"the loss of {network.branch[out]!r} leaves {names} without a way to "
                f"{network.bus[network.reference]!r}; leave this outage out."
            )
    if faults:
        raise InvalidNetworkError("outages", faults)
    return lost


def _outage_factors(network: Network, per_kw: FloatArray, out: int) -> FloatArray:
    """Return which part of a lost branch's flow each branch takes over.

    A transfer between the ends of the lost branch that makes up for its flow leaves
    nothing on it: the transfer is ``1 / (1 - own share)`` times the flow.
    """
    start, end = network.from_bus[out], network.to_bus[out]
    shares = per_kw[:, end] - per_kw[:, start]
    return np.asarray(shares / (1.0 - shares[out]))


def _response(name: tuple[str, ...], per_kw: FloatArray) -> Response:
    """Return quantities that are 0 without demand and do not heed reactive power."""
    return Response(name, np.zeros(len(name)), per_kw, np.zeros_like(per_kw))
