"""The nodal market: one price per bus, the dispatch of greatest welfare."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from gridagora.errors import GridagoraError, InvalidActionError
from gridagora.markets.direct_current import DenseFlows, SparseFlows, prepare_flows
from gridagora.markets.laws import nodal_certificate, require
from gridagora.markets.meshed import clear_meshed
from gridagora.markets.radial import clear_radial
from gridagora.markets.settlement import effective_prices, settle, settlement_rule
from gridagora.markets.surplus import welfare_per_h
from gridagora.types.arrays import Columns, FloatArray, IntArray
from gridagora.types.base import BaseMarket
from gridagora.types.dispatch import Dispatch, Outcome, Settlement
from gridagora.types.network import Network, RadialNetwork
from gridagora.types.orders import Bid, CurveColumns, CurveJoin, Offer

_MECHANISM = "nodal"


@dataclass(frozen=True, slots=True, eq=False)
class _Tree:
    """A network without loops, and where its parts stand in tree form.

    Attributes:
        tree: The network rooted at its reference bus.
        place: Position in the tree of each bus of the network. Shape ``(n_bus,)``.
        line: Line of the tree that is each branch. Shape ``(n_branch,)``.
        sign: -1 where a branch points towards the reference. Shape ``(n_branch,)``.
    """

    tree: RadialNetwork
    place: IntArray
    line: IntArray
    sign: FloatArray


def clear_nodal(network: Network | RadialNetwork, orders: CurveColumns) -> Dispatch:
    """Find the dispatch of greatest welfare and the nodal prices that support it.

    A network without loops is cleared exactly as a tree (``clear_radial``), any other
    by quadratic programming on its sensitivities (``clear_meshed``); ties and prices
    that are not unique follow the rules stated there. Awards, prices and flows come
    back in the order and direction of ``network``.

    Args:
        network: Buses, branches and limits.
        orders: Bids and offers, ``bus`` being positions in ``network``.

    Returns:
        The dispatch with its certificate; the outcome says when there is none.

    Raises:
        InvalidOrderError: An order is at a bus that the network does not have.
        CertificateError: The result breaks a law; it was not used.

    Example:
        >>> net = Network.from_table({"from_bus": ["a"], "to_bus": ["b"]})
        >>> book = [
        ...     Offer.affine("wind", "a", p_max=0.3, p_min=0.1, q_max=10.0),
        ...     Bid.affine("mill", "b", p_max=0.5, p_min=0.2, q_max=15.0),
        ... ]
        >>> dispatch = clear_nodal(net, CurveColumns.of(book, net))
        >>> dispatch.price_per_kwh.round(3).tolist(), dispatch.quantity_kw.tolist()
        ([0.3, 0.3], [10.0, 10.0])
    """
    if isinstance(network, RadialNetwork):
        return clear_radial(network, orders)
    if network.is_radial:
        return _clear_tree(network, _tree(network), orders)
    return clear_meshed(network, orders)


class NodalMarket(BaseMarket):
    """Collects curves from all agents, clears them at once, settles at nodal prices.

    Agents send ``CurveColumns`` indexed on ``market.network``, or bids and offers, or
    nothing. A clearing without a dispatch (outcome ``INFEASIBLE``) raises nothing: it
    stays readable in ``last``, and every award is 0.

    Attributes:
        network: Where it clears.
        settlement: Name of the rule that turns prices into money.
        interval_hours: Length of an interval; ``None`` takes the environment's, or one
            hour outside of an environment. h.
        last: The latest clearing; ``None`` before the first of an episode.

    Example:
        >>> net = Network.from_table({"from_bus": ["a"], "to_bus": ["b"]})
        >>> market = NodalMarket(net, settlement="rent-to-producers")
        >>> market.clear(()).outcome
        <Outcome.EMPTY: 'empty'>
    """

    order_type = "curve"

    def __init__(
        self,
        network: Network | RadialNetwork,
        *,
        settlement: str = "nodal",
        interval_hours: float | None = None,
    ) -> None:
        """Check the settlement rule and prepare the network.

        Raises:
            UnknownNameError: There is no such settlement rule.
        """
        settlement_rule(settlement)
        self.network = network
        self.settlement = settlement
        self.interval_hours = interval_hours
        self.last: Dispatch | None = None
        self._settled: Settlement | None = None
        self._join = CurveJoin()
        self._tree: _Tree | None = None
        self._flows: DenseFlows | SparseFlows | None = None
        if isinstance(network, Network) and network.is_radial:
            self._tree = _tree(network)
        elif isinstance(network, Network):
            self._flows = prepare_flows(network)

    def reset(self) -> None:
        """Forget the clearing of an earlier episode; agents may read an interval's."""
        if self.env is None or self.env.t <= 0:
            self.last = None
            self._settled = None

    def step(self) -> None:
        """Clear what the agents of the environment sent.

        Raises:
            InvalidActionError: An agent sent something that is not a set of curves at
                buses of the network; every such agent is named.
        """
        agents = () if self.env is None else self.env.agents
        faults: list[str] = []
        parts: list[CurveColumns] = []
        for agent in agents:
            try:
                parts.append(self._columns(agent.get_market_actions()))
            except (GridagoraError, AttributeError, TypeError, ValueError) as fault:
                faults.append(f"agent {agent.name!r}: {fault}")
        if faults:
            raise InvalidActionError("market actions", faults)
        self.clear([part for part in parts if part.n_order])

    def clear(self, parts: Sequence[CurveColumns]) -> Dispatch:
        """Clear tables of orders and keep the result.

        Returns:
            What is now ``last``.
        """
        orders = self._join(parts)
        if isinstance(self.network, RadialNetwork):
            self.last = clear_radial(self.network, orders)
        elif self._tree is not None:
            self.last = _clear_tree(self.network, self._tree, orders)
        else:
            self.last = clear_meshed(self.network, orders, flows=self._flows)
        self._settled = None
        return self.last

    @property
    def last_settlement(self) -> Settlement | None:
        """Money of the latest clearing, worked out when it is first asked for.

        Raises:
            ClearingError: An energy or a price is too large for whole units.
        """
        if self._settled is None and self.last is not None:
            hours = self._hours()
            self._settled = settle(self.last, self.settlement, interval_hours=hours)
        return self._settled

    def effective_prices(self) -> FloatArray:
        """Return what each order of the latest clearing pays or gets, rent included.

        Returns:
            Currency/kWh, in the order of ``last.orders``; empty before any clearing.
        """
        if self.last is None:
            return np.zeros(0)
        return effective_prices(self.last, self.settlement)

    def record(self) -> Mapping[str, Columns]:
        """Return awards, prices, flows, settlement and one line on the market."""
        last, settlement = self.last, self.last_settlement
        if last is None or settlement is None:
            return {}
        return {
            "awards": last.awards(),
            "prices": {
                "bus": self.network.bus,
                "price_per_kwh": last.price_per_kwh,
            },
            "flows": last.flows(),
            "settlement": settlement.entries(),
            "market": {
                "outcome": [last.outcome.value],
                "reason": [last.reason],
                "welfare_per_h": [welfare_per_h(last)],
                "congestion_rent_per_h": [last.congestion_rent_per_h],
                "residual": [last.certificate.worst[1]],
            },
        }

    def _hours(self) -> float:
        if self.interval_hours is not None:
            return self.interval_hours
        return 1.0 if self.env is None else float(self.env.interval_hours)

    def _columns(self, actions: Any) -> CurveColumns:
        """Return an agent's actions as columns, or raise with what is wrong."""
        if not isinstance(actions, CurveColumns):
            return CurveColumns.of(_curves(actions), self.network)
        n_bus = self.network.n_bus
        outside = actions.bus[(actions.bus < 0) | (actions.bus >= n_bus)]
        if outside.size:
            raise InvalidActionError(
                "curves", [f"bus {outside[0]} is not one of 0 to {n_bus - 1}."]
            )
        return actions


def _curves(actions: Any) -> Sequence[Bid | Offer]:
    """Return bids and offers, or raise naming the first thing that is neither."""
    for action in actions:
        if not isinstance(action, Bid | Offer):
            raise InvalidActionError(
                "curves",
                [
                    f"got a {type(action).__name__}, expected bids and offers "
                    "(gridagora.Bid, gridagora.Offer) or CurveColumns."
                ],
            )
    return tuple(actions)


def _tree(network: Network) -> _Tree:
    tree = network.radial()
    line = {name: at for at, name in enumerate(tree.branch)}
    lines = np.array([line[name] for name in network.branch], dtype=np.int64)
    place = np.array([tree.bus_index(name) for name in network.bus], dtype=np.int64)
    away = place[network.to_bus] == lines + 1
    return _Tree(tree, place, lines, np.where(away, 1.0, -1.0))


def _clear_tree(network: Network, view: _Tree, orders: CurveColumns) -> Dispatch:
    """Clear as a tree and return the result in the network's own order."""
    outside = (orders.bus < 0) | (orders.bus >= network.n_bus)
    place = orders.bus if outside.any() else view.place[orders.bus]  # refused there
    dispatch = clear_radial(view.tree, replace(orders, bus=place))
    price, flow = dispatch.price_per_kwh[view.place], dispatch.flow_kw[view.line]
    congestion = dispatch.congestion_per_kwh[view.line] * view.sign
    certificate = dispatch.certificate
    if dispatch.outcome in (Outcome.CLEARED, Outcome.ONE_SIDED):
        certificate = nodal_certificate(
            network,
            orders,
            dispatch.quantity_kw,
            price,
            flow * view.sign,
            congestion,
            mechanism=_MECHANISM,
        )
        require(certificate)
    return replace(
        dispatch,
        network=network,
        orders=orders,
        price_per_kwh=price,
        flow_kw=flow * view.sign,
        congestion_per_kwh=congestion,
        certificate=certificate,
    )
