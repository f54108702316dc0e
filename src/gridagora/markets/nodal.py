"""The nodal market: one price per bus, the dispatch of greatest welfare."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from gridagora.markets.collecting import collect_orders
from gridagora.markets.demand_response import (
    PAID,
    UNCHARGED,
    Reductions,
    reduction_rule,
    reductions_of,
)
from gridagora.markets.direct_current import DenseFlows, SparseFlows, prepare_flows
from gridagora.markets.laws import nodal_certificate, require
from gridagora.markets.meshed import clear_meshed
from gridagora.markets.radial import clear_radial
from gridagora.markets.settlement import effective_prices, settle, settlement_rule
from gridagora.markets.successive import CostClearing, clear_book
from gridagora.markets.surplus import welfare_per_h
from gridagora.types.arrays import Columns, FloatArray, IntArray
from gridagora.types.base import BaseMarket
from gridagora.types.cost_columns import CostColumns
from gridagora.types.dispatch import Dispatch, Outcome, Settlement
from gridagora.types.network import Network, RadialNetwork
from gridagora.types.orders import CurveColumns, CurveJoin

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
        >>> from gridagora.types.orders import Bid, Offer
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

    Agents send ``CurveColumns`` indexed on ``market.network``, or bids, offers, costs
    (``CostOffer``, ``ReducibleDemand``) and orders of the transmission grid
    (``ImportOffer``, ``ExportBid``), or nothing. A clearing without a dispatch (outcome
    ``INFEASIBLE``) raises nothing: it stays readable in ``last``, and every award is 0.

    Attributes:
        network: Where it clears.
        settlement: Name of the rule that turns prices into money.
        reductions: What demand response earns: with ``uncharged`` that it need not pay
            for what it does not take; with ``paid-by-beneficiaries`` the price on top,
            see ``reductions_of``. The most quantity of every bid then is a baseline.
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
        reductions: str = UNCHARGED,
        interval_hours: float | None = None,
    ) -> None:
        """Check the rules and prepare the network.

        Raises:
            UnknownNameError: There is no such settlement rule, or rule for reductions.
        """
        settlement_rule(settlement)
        self.network = network
        self.settlement = settlement
        self.reductions = reduction_rule(reductions)
        self.interval_hours = interval_hours
        self.last: Dispatch | None = None
        self._settled: Settlement | None = None
        self._reduced: Reductions | None = None
        self._prices: FloatArray | None = None
        self._clearing: CostClearing[Dispatch] | None = None
        self._book = CostColumns.joined([])
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
            self.last = self._clearing = None
            self._settled = self._reduced = self._prices = None

    def step(self) -> None:
        """Clear what the agents of the environment sent.

        Raises:
            InvalidActionError: An agent sent something that is not a set of orders at
                buses of the network; every such agent is named.
            ClearingError: Costs of a high degree did not settle, see ``clear_costs``.
        """
        agents = () if self.env is None else self.env.agents
        n_bus = self.network.n_bus
        self.clear(collect_orders(agents, self.network, n_bus=n_bus))

    def clear(self, parts: Sequence[CurveColumns | CostColumns]) -> Dispatch:
        """Clear tables of orders and keep the result.

        Returns:
            What is now ``last``.
        """
        self._book = CostColumns.joined(parts, self._join)
        self._clearing = clear_book(self._clear, self._book)
        self.last = self._clearing.dispatch
        self._settled = self._reduced = self._prices = None
        return self.last

    def _clear(self, orders: CurveColumns) -> Dispatch:
        if isinstance(self.network, RadialNetwork):
            return clear_radial(self.network, orders)
        if self._tree is not None:
            return _clear_tree(self.network, self._tree, orders)
        return clear_meshed(self.network, orders, flows=self._flows)

    @property
    def last_rounds(self) -> int:
        """How often the latest clearing cleared; more than 1 for costs of degree 3."""
        return 0 if self._clearing is None else self._clearing.n_round

    @property
    def last_reductions(self) -> Reductions | None:
        """What reductions of the latest clearing are paid, and by whom.

        ``None`` before any clearing and where reductions are only uncharged. Worked
        out when it is first asked for: the market clears once more without reductions.
        """
        if self.reductions != PAID or self.last is None:
            return None
        if self._reduced is None:
            self._reduced = reductions_of(self.last, self._book, self._clear)
        return self._reduced

    @property
    def last_settlement(self) -> Settlement | None:
        """Money of the latest clearing, worked out when it is first asked for.

        Raises:
            ClearingError: An energy or a price is too large for whole units.
        """
        if self._settled is None and self.last is not None:
            hours = self._hours()
            reduced = self.last_reductions
            self._settled = settle(
                self.last,
                self.settlement,
                interval_hours=hours,
                extra=reduced.money(hours) if reduced else (),
            )
        return self._settled

    def effective_prices(self) -> FloatArray:
        """Return what each order of the latest clearing pays or gets per kWh.

        Shares of the rent are included, and for bids that take power what they are
        paid and charged for reductions.

        Returns:
            Currency/kWh, in the order of ``last.orders``; empty before any clearing.
        """
        if self.last is None:
            return np.zeros(0)
        if self._prices is None:
            price = effective_prices(self.last, self.settlement)
            reduced = self.last_reductions
            if reduced is not None:
                price = reduced.effective_prices(price, self.last.quantity_kw)
            price.flags.writeable = False
            self._prices = price
        return self._prices

    def order_money_per_h(self) -> FloatArray:
        """Return what each bid of the latest clearing pays and each offer gets.

        It is price times quantity at ``effective_prices``; and for a bid that takes
        nothing what it is paid for its reduction, with the sign of a payment received.

        Returns:
            Currency/h, in the order of ``last.orders``; empty before any clearing.
        """
        if self.last is None:
            return np.zeros(0)
        taken = self.last.quantity_kw
        money = np.zeros(taken.size)
        np.multiply(self.effective_prices(), taken, out=money, where=taken != 0.0)
        reduced = self.last_reductions
        if reduced is None:
            return money
        return np.where(taken != 0.0, money, reduced.extra_per_h)

    def record(self) -> Mapping[str, Columns]:
        """Return awards, prices, flows, settlement and one line on the market.

        And, where reductions are paid, the table ``reductions``.
        """
        last, settlement = self.last, self.last_settlement
        if last is None or settlement is None:
            return {}
        reduced = self.last_reductions
        return {
            **({} if reduced is None else {"reductions": reduced.table()}),
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
