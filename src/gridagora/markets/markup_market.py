"""One book of orders cleared again and again, its prices moved by players' markups."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from gridagora.errors import (
    ClearingError,
    InvalidActionError,
)
from gridagora.markets.direct_current import prepare_flows
from gridagora.markets.kernels import markups
from gridagora.markets.kernels.markups import MarketArrays
from gridagora.markets.meshed import clear_meshed
from gridagora.markets.nodal import clear_nodal
from gridagora.markets.players import (
    check_players,
    check_states,
    markup_weights,
    order_players,
    price_shares,
    sellers,
)
from gridagora.markets.regions import KnownRegions, MarkedBook, find_region
from gridagora.types.arrays import FloatArray, IntArray
from gridagora.types.dispatch import Dispatch, Outcome
from gridagora.types.network import Network, RadialNetwork
from gridagora.types.orders import CurveColumns


@dataclass(frozen=True, slots=True, eq=False)
class MarkupRounds:
    """What many clearings under markups brought; money by the true curves.

    In every round consumers', producers' and operator's gains add up to the welfare:
    what the power bought is worth less what the power sold costs.

    Attributes:
        quantity_kw: Awards. kW. Shape ``(n_round, n_order)``.
        price_per_kwh: Nodal prices. Currency/kWh. Shape ``(n_round, n_bus)``.
        profit_per_h: What each player earns beyond its true cost, or its power is worth
            beyond what it pays. Currency/h. Shape ``(n_round, n_player)``.
        player_price_per_kwh: The price each player sees: of its buses, weighted by the
            most quantity of its orders; in a market that pays bids, its money per kWh.
            Currency/kWh. Shape ``(n_round, n_player)``.
        consumer_per_h: What all bids gain. Currency/h. Shape ``(n_round,)``.
        producer_per_h: What all offers gain. Currency/h. Shape ``(n_round,)``.
        rent_per_h: What is paid beyond what is earned: the congestion rent, at nodal
            prices. Currency/h. Shape ``(n_round,)``.
        mean_price_per_kwh: What is paid per kWh bought; 0 when nothing is.
            Currency/kWh. Shape ``(n_round,)``.
    """

    quantity_kw: FloatArray
    price_per_kwh: FloatArray
    profit_per_h: FloatArray
    player_price_per_kwh: FloatArray
    consumer_per_h: FloatArray
    producer_per_h: FloatArray
    rent_per_h: FloatArray
    mean_price_per_kwh: FloatArray


class MarkupMarket:
    """One book of orders cleared again and again, its prices moved by markups.

    A player declares the curves of its participants moved up (offers) or down (bids) by
    its markup and is paid for what it then sells; slopes and quantities stay true. A
    positive markup asks more, or owns up to less value. Every clearing is the optimum
    of ``clear_nodal`` to 1e-9, with its rules for ties and open prices; on networks
    with loops it takes nanoseconds where a markup before had the same lines and orders
    at their limits (see ``regions``), else one clearing by the general engine.

    Attributes:
        network: Where it clears.
        orders: The true book of each state, e.g. of each hour of a day. They differ in
            quantities and prices only.
        player: Names of the players.
        order_player: Player who declares each order, -1 for nobody: such orders tell
            the truth. Shape ``(n_order,)``.
        relative: Whether a markup is a part of the order's price at its first corner
            (its size, where that is negative), rather than currency/kWh.
        pays_bid: Whether orders are settled at their own declared prices, area by area,
            rather than at the nodal price.

    Raises:
        InvalidOrderError: No bids, no offers, states that do not fit together, an offer
            of a player without capacity, a player whose orders are all firm.
        InvalidConfigError: Players without participants, or that share one.
        UnknownNameError: A player's participant has no order.
        ClearingError: Firm power of a state has no way.

    Example:
        Anna sells at 1 to 3 for up to 10 kW, and the town needs 5. Asking 0.5 more
        moves the price from 2 to 2.5.

        >>> import numpy as np
        >>> from gridagora.types.orders import Bid, Offer
        >>> net = RadialNetwork.from_table({"bus": ["a"], "parent": [None]})
        >>> book = [
        ...     Offer.affine("anna", "a", p_max=3, p_min=1, q_max=10),
        ...     Bid.affine("town", "a", p_max=9, p_min=9, q_max=5, q_min=5),
        ... ]
        >>> market = MarkupMarket(net, CurveColumns.of(book, net))
        >>> rounds = market.clear(np.array([[0.0], [0.5]]))
        >>> rounds.price_per_kwh[:, 0].tolist(), rounds.profit_per_h[:, 0].tolist()
        ([2.0, 2.5], [2.5, 5.0])
    """

    def __init__(
        self,
        network: Network | RadialNetwork,
        orders: CurveColumns | Sequence[CurveColumns],
        *,
        players: Mapping[str, Sequence[str]] | None = None,
        relative: bool = False,
        pays_bid: bool = False,
    ) -> None:
        """Check the book, clear each state once without markups, prepare the kernel.

        Args:
            network: Buses, branches and limits.
            orders: Bids and offers at true prices, ``bus`` being positions in
                ``network``; one book, or one of each state.
            players: Participants whose orders each player declares; by default every
                participant with an offer plays for itself.
            relative: See the class.
            pays_bid: See the class.
        """
        self.network = network
        books = (orders,) if isinstance(orders, CurveColumns) else tuple(orders)
        self.orders: tuple[CurveColumns, ...] = books
        self.relative = relative
        self.pays_bid = pays_bid
        check_states(books)
        whose = sellers(books[0]) if players is None else dict(players)
        self.player: tuple[str, ...] = tuple(whose)
        self.order_player: IntArray = order_players(books[0], whose)
        check_players(books, self.player, self.order_player)
        self._weight = markup_weights(books, self.order_player, relative=relative)
        self._flows = None
        if isinstance(network, Network) and not network.is_radial:
            self._flows = prepare_flows(network)
        for state in range(self.n_state):
            self._require_feasible(state)
        self._books = [self._marked(state) for state in range(self.n_state)]
        self._known = self._no_regions()
        self._fixed = self._fixed_arrays()

    @property
    def n_player(self) -> int:
        """Number of players."""
        return len(self.player)

    @property
    def n_state(self) -> int:
        """Number of books."""
        return len(self.orders)

    @property
    def n_known(self) -> tuple[int, int]:
        """How many regions and how many single markups are known; none on a tree."""
        known = self._known
        return int(known.region_count.sum()), int(known.point_count.sum())

    def clear(self, markup: FloatArray, state: IntArray | None = None) -> MarkupRounds:
        """Clear one round after the other.

        Args:
            markup: Of each player, in currency/kWh, or a part of the first price where
                ``relative``. Shape ``(n_round, n_player)``.
            state: Book of each round, the first when ``None``. Shape ``(n_round,)``.

        Raises:
            InvalidActionError: Markups or states of another shape, not finite, or
                outside of the books.
        """
        markup, state = self._checked(markup, state)
        n_round, n_order = markup.shape[0], self.order_player.size
        quantity = np.zeros((n_round, n_order))
        price = np.zeros((n_round, self.network.n_bus))
        profit, seen = np.zeros((2, n_round, self.n_player))
        total = np.zeros((n_round, 4))
        filled = (quantity, price, profit, seen, total)
        at = 0
        while True:
            at = markups.clear_rounds(self.arrays(), at, state, markup, *filled)
            if at == n_round:
                break
            self.learn_region(markup[at], int(state[at]))
        return MarkupRounds(
            quantity, price, profit, seen, *np.ascontiguousarray(total.T)
        )

    def profits(self, markup: FloatArray, state: IntArray | None = None) -> FloatArray:
        """Return what each player earns: the game that players are in.

        Args:
            markup: As for ``clear``.
            state: As for ``clear``.

        Returns:
            Currency/h. Shape ``(n_round, n_player)``.
        """
        return self.clear(markup, state).profit_per_h

    def declared(self, markup: FloatArray, state: int = 0) -> CurveColumns:
        """Return the orders of a state as they are declared under some markups.

        Args:
            markup: Shape ``(n_player,)``.
            state: Which book.
        """
        one, _ = self._checked(np.asarray(markup)[None], np.array([state]))
        orders = self.orders[state]
        rise = self._moves(state) @ one[0]
        moved = orders.price_per_kwh + np.repeat(rise, np.diff(orders.start))
        return replace(orders, price_per_kwh=moved)

    def dispatch(self, markup: FloatArray, state: int = 0) -> Dispatch:
        """Clear one round by the general engine, with flows and certificate.

        Args:
            markup: Shape ``(n_player,)``.
            state: Which book.
        """
        return self._clear(self.declared(markup, state))

    def arrays(self) -> MarketArrays:
        """Return the market as kernels take it; anew after ``learn_region``."""
        known = {
            name: array
            for name, array in vars(self._known).items()
            if not name.startswith("_")
        }
        return self._fixed._replace(**known)

    def learn_region(self, markup: FloatArray, state: int) -> None:
        """Clear one markup by the general engine and remember where its law holds.

        Args:
            markup: One that the kernel does not know. Shape ``(n_player,)``.
            state: Which book.

        Raises:
            ClearingError: As for ``clear_meshed``.
        """
        book = self._books[state]
        if book is None:
            return  # a tree knows every markup
        markup = np.array(markup, dtype=np.float64)
        dispatch = self.dispatch(markup, state)
        region = find_region(book, dispatch, markup)
        if region is not None:
            self._known.add_region(state, region)
            scratch = np.zeros(book.orders.n_order), np.zeros(self.network.n_bus)
            status = markups.clear_markup(self.arrays(), state, markup, *scratch)
            if status == markups.CLEARED:
                return
        self._known.add_point(state, markup, dispatch)

    def _clear(self, orders: CurveColumns) -> Dispatch:
        if self._flows is not None and isinstance(self.network, Network):
            return clear_meshed(self.network, orders, flows=self._flows)
        return clear_nodal(self.network, orders)

    def _require_feasible(self, state: int) -> None:
        found = self._clear(self.orders[state])
        if found.outcome is not Outcome.CLEARED:
            msg = f"state {state} of the book cannot be cleared: {found.reason}"
            raise ClearingError(msg)

    def _checked(
        self, markup: FloatArray, state: IntArray | None
    ) -> tuple[FloatArray, IntArray]:
        """Return contiguous copies fit for the kernel."""
        markup = np.array(markup, dtype=np.float64, order="C")
        faults = []
        if markup.ndim != 2 or markup.shape[1] != self.n_player:
            faults.append(
                f"markups have shape {markup.shape}, expected one row per round and "
                f"{self.n_player} columns, one for each player."
            )
        elif not np.all(np.isfinite(markup)):
            at, player = np.argwhere(~np.isfinite(markup))[0]
            faults.append(
                f"the markup of {self.player[player]!r} in round {at} is "
                f"{markup[at, player]}, expected a finite number."
            )
        n_round = len(markup) if markup.ndim else 0
        rows = np.zeros(n_round, dtype=np.int64) if state is None else np.array(state)
        if rows.shape != (n_round,):
            faults.append(
                f"states have shape {rows.shape}, expected one for each of "
                f"{n_round} rounds."
            )
        elif np.any((rows < 0) | (rows >= self.n_state)):
            faults.append(
                f"states go from {rows.min()} to {rows.max()}, expected 0 to "
                f"{self.n_state - 1}."
            )
        if faults:
            raise InvalidActionError("rounds", faults)
        return markup, rows.astype(np.int64)

    def _moves(self, state: int) -> FloatArray:
        """Return what each markup adds to each order's prices."""
        move = np.zeros((self.order_player.size, self.n_player))
        own = np.flatnonzero(self.order_player >= 0)
        move[own, self.order_player[own]] = self._weight[state, own]
        return move

    def _marked(self, state: int) -> MarkedBook | None:
        if self._flows is None:
            return None
        return MarkedBook.of(
            self.orders[state],
            self._moves(state),
            limit_kw=self.network.limit_kw,
            flows=self._flows,
        )

    def _no_regions(self) -> KnownRegions:
        return KnownRegions(
            self.n_state,
            n_order=self.order_player.size,
            n_bus=self.network.n_bus,
            n_player=self.n_player,
            n_row=max((book.most_rows for book in self._books if book), default=0),
        )

    def _fixed_arrays(self) -> MarketArrays:
        """Return the arrays that do not change, on a market that knows no region."""
        tree, place = _tree_of(self.network)
        first = self.orders[0]
        known = self._known
        return MarketArrays(
            is_tree=self._flows is None,
            pays_bid=bool(self.pays_bid),
            parent=tree.parent.copy(),
            limit_kw=tree.limit_kw.copy(),
            place=place,
            order_bus=first.bus.copy(),
            order_place=place[first.bus],
            is_bid=first.is_bid.copy(),
            start=first.start.copy(),
            quantity_kw=np.array([book.quantity_kw for book in self.orders]),
            price_per_kwh=np.array([book.price_per_kwh for book in self.orders]),
            weight=self._weight,
            order_player=self.order_player.copy(),
            share=price_shares(self.orders, self.order_player),
            **{k: v for k, v in vars(known).items() if not k.startswith("_")},
        )


def _tree_of(network: Network | RadialNetwork) -> tuple[RadialNetwork, IntArray]:
    """Return the tree and the position in it of each bus; a stub where there is none.

    A network with loops is cleared from regions, but its arrays have the same form.
    """
    if isinstance(network, RadialNetwork):
        return network, np.arange(network.n_bus)
    if not network.is_radial:
        stub = RadialNetwork.from_table({"bus": ["-"], "parent": [None]})
        return stub, np.zeros(network.n_bus, dtype=np.int64)
    tree = network.radial()
    return tree, np.array([tree.bus_index(name) for name in network.bus])
