"""Residual supply: what part of demand a network can serve without some sellers."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TypeAlias

import numpy as np
from scipy import sparse

from gridagora.errors import InvalidOrderError, UnknownNameError
from gridagora.markets import qp
from gridagora.markets.direct_current import SparseFlows
from gridagora.types.arrays import BoolArray, FloatArray
from gridagora.types.network import Network, RadialNetwork
from gridagora.types.orders import CurveColumns

Players: TypeAlias = Mapping[str, Sequence[str]]
"""Participants by the player that acts for them."""


def residual_supply_index(
    network: Network | RadialNetwork,
    orders: CurveColumns,
    players: Players | Sequence[str],
    *,
    demand_kw: FloatArray | None = None,
) -> FloatArray:
    """Return what part of demand can be served without each player's offers.

    All loads are scaled alike until capacity or a line gives out; that factor is the
    index. Below 1 the player is *pivotal*: without it load goes short, so that it can
    name its price. Without limits the index is ``(all capacity - own) / demand``; with
    limits it is never above that. Prices play no part, and offers may deliver anything
    between 0 and their most. One linear program for each player.

    Args:
        network: Where power flows, by the DC rule within limits.
        orders: The bids whose power counts, the offers whose capacity counts.
        players: Participants by player, whose offers are left out together; or
            participants, each for itself.
        demand_kw: Power of each order that counts where it is a bid. kW. Shape
            ``(n_order,)``. ``None``: the most of every bid, its flexible part included;
            give ``orders.firm_kw`` for what must be served at any price, or the
            quantities of a dispatch for what was bought.

    Returns:
        Parts of demand, in the order of ``players``; may exceed 1.
        Shape ``(n_player,)``.

    Raises:
        UnknownNameError: A player acts for a participant that has no order.
        InvalidOrderError: No bid has any power that counts, or an order is at a bus
            that the network does not have.
        ClearingError: No solver reached an exact optimum.

    Source:
        Sheffrin, Chen & Hobbs, Watching watts to prevent abuse of power, IEEE Power and
        Energy Magazine 2(4), 2004; here with the limits of the network.

    Example:
        Of 100 kW at b, 40 can come over the line.

        >>> from gridagora.types.orders import Bid, Offer
        >>> net = Network.from_table(
        ...     {"from_bus": ["a"], "to_bus": ["b"], "limit_kw": [40]}
        ... )
        >>> book = [
        ...     Offer.affine("far", "a", p_max=1, p_min=1, q_max=200),
        ...     Offer.affine("near", "b", p_max=2, p_min=2, q_max=90),
        ...     Bid.affine("town", "b", p_max=9, p_min=9, q_max=100, q_min=100),
        ... ]
        >>> book = CurveColumns.of(book, net)
        >>> residual_supply_index(net, book, ["far", "near"]).round(9).tolist()
        [0.9, 0.4]
    """
    counted_kw = orders.most_kw if demand_kw is None else demand_kw
    drawn_kw = np.where(orders.is_bid, counted_kw, 0.0)
    _check_demand(network, orders, drawn_kw)
    general = network.general() if isinstance(network, RadialNetwork) else network
    served = _Served(general, orders, drawn_kw)
    own = orders_of(orders, players).values()
    return np.array([served.without(mine) for mine in own], dtype=np.float64)


def orders_of(
    orders: CurveColumns, players: Players | Sequence[str]
) -> dict[str, BoolArray]:
    """Return which orders each player acts for, its bids included.

    Returns:
        Truth values by player. Shape ``(n_order,)`` each.

    Raises:
        UnknownNameError: A player acts for a participant that has no order.
    """
    groups = (
        players if isinstance(players, Mapping) else {name: (name,) for name in players}
    )
    known = set(orders.participant)
    for name in (name for group in groups.values() for name in group):
        if name not in known:
            raise UnknownNameError("participant", name, known)
    names = np.array(orders.participant, dtype=str)
    return {
        player: np.isin(names, np.array(list(group), dtype=str))
        for player, group in groups.items()
    }


class _Served:
    """How much of demand a network can serve, as one linear program.

    Variables: power delivered at each bus that has an offer, the part of demand that is
    served (in units in which all of it is ``demand``), voltage angles.
    """

    def __init__(
        self, network: Network, orders: CurveColumns, drawn_kw: FloatArray
    ) -> None:
        n_bus = network.n_bus
        self._orders = orders
        self._place, self._slot = np.unique(
            orders.bus[~orders.is_bid], return_inverse=True
        )
        self._scale_kw = float(max(orders.most_kw.max(), drawn_kw.max()))
        at_bus = np.bincount(orders.bus, weights=drawn_kw, minlength=n_bus)
        self._demand = float(drawn_kw.sum()) / self._scale_kw
        n_place = self._place.size
        objective = qp.Program(
            curvature=np.zeros(n_place + 1),
            linear=np.append(np.zeros(n_place), -1.0),
            least=np.zeros(n_place + 1),
            most=np.append(np.zeros(n_place), np.inf),
            rows=np.zeros((0, n_place + 1)),
            row_least=np.zeros(0),
            row_most=np.zeros(0),
        )
        program = SparseFlows.of(network).within(network.limit_kw / self._scale_kw)
        whole = program.program(
            objective,
            (np.append(self._place, 0), np.append(-np.ones(n_place), 0.0)),
            np.zeros(n_bus),
            np.flatnonzero(np.isfinite(network.limit_kw)),
        )
        # the served part draws at all buses at once, which no single place can say
        loads = np.flatnonzero(at_bus)
        part = at_bus[loads] / drawn_kw.sum()
        column = np.full(loads.size, n_place)
        rows = sparse.csr_array((part, (loads, column)), shape=whole.rows.shape)
        self._program = replace(whole, rows=sparse.csr_array(whole.rows + rows))

    def without(self, own: BoolArray) -> float:
        """Return the part of demand served when some offers are left out."""
        n_place = self._place.size
        offer = ~self._orders.is_bid
        left_kw = np.where(own, 0.0, self._orders.most_kw)[offer]
        capacity = np.bincount(self._slot, weights=left_kw, minlength=n_place)
        most = self._program.most.copy()
        most[:n_place] = capacity / self._scale_kw
        found = qp.solve(replace(self._program, most=most), solver="highs")
        return float(found.x[n_place]) / self._demand


def _check_demand(
    network: Network | RadialNetwork, orders: CurveColumns, drawn_kw: FloatArray
) -> None:
    outside = np.flatnonzero((orders.bus < 0) | (orders.bus >= network.n_bus))
    faults = [
        f"order of {orders.participant[at]!r} is at bus {orders.bus[at]}, expected 0 "
        f"to {network.n_bus - 1}; build the columns with this network."
        for at in outside
    ]
    if not drawn_kw.sum() > 0.0:
        faults.append("no bid has any power that counts as demand, expected some.")
    if faults:
        raise InvalidOrderError("residual supply", faults)
