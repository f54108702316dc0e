"""Clearing and accounts of one book of orders under players' markups, compiled.

On a network without loops ``clear_markup`` is the exact tree clearing. With loops it
answers from regions: sets of markups over which the same pieces and lines stand at
their bounds, so that quantities and prices are affine in the markups. A markup strictly
inside a region has, by the Karush-Kuhn-Tucker conditions, the optimum that the region's
law states. Of markups outside of all known regions the kernel says ``UNKNOWN``.

The tree clearing stands in a file of its own: an edit there needs a fresh compiled
cache, which the Makefile keeps for each state of the sources.
"""

from typing import NamedTuple

from gridagora.markets.kernels.compiling import compiled, lean
from gridagora.markets.kernels.tree import clear_tree
from gridagora.types.arrays import BoolArray, FloatArray, IntArray

CLEARED = 0
UNKNOWN = 1


class MarketArrays(NamedTuple):
    """A market as kernels take it; all arrays writeable and contiguous.

    The books of all states have the same orders; a region or a point is of one state.
    Threads must not share one: a kernel reorders ``region_rank``.

    Attributes:
        is_tree: Whether the tree clearing answers; otherwise regions and points do.
        pays_bid: Whether orders are settled at their declared prices.
        parent: Of the tree. int64, shape ``(n_bus,)``.
        limit_kw: Of its lines. kW. Shape ``(n_bus - 1,)``.
        place: Position in the tree of each bus. Shape ``(n_bus,)``.
        order_bus: Bus of each order. Shape ``(n_order,)``.
        order_place: The same as a position in the tree. Shape ``(n_order,)``.
        is_bid: True for a bid. Shape ``(n_order,)``.
        start: First corner of each order. Shape ``(n_order + 1,)``.
        quantity_kw: Corners. kW. Shape ``(n_state, n_corner)``.
        price_per_kwh: True prices there. Currency/kWh. Shape ``(n_state, n_corner)``.
        weight: What one unit of markup adds to the prices of each order: positive for
            offers, negative for bids. Shape ``(n_state, n_order)``.
        order_player: Who declares each order; -1 for nobody. Shape ``(n_order,)``.
        share: Weight of each order in the price its player sees.
            Shape ``(n_state, n_order)``.
        region_count: Number of known regions. Shape ``(n_state,)``.
        region_rank: In which order they are tried, often met ones first.
            Shape ``(n_state, n_region)``.
        region_n_row: Number of inequalities of each. Shape ``(n_state, n_region)``.
        region_row: Their left sides. Shape ``(n_state, n_region, n_row, n_player)``.
        region_bound: Their right sides. Shape ``(n_state, n_region, n_row)``.
        region_quantity: Quantities in the region: a constant, then the effect of each
            markup. kW. Shape ``(n_state, n_region, n_order, 1 + n_player)``.
        region_price: The same of nodal prices. Currency/kWh.
            Shape ``(n_state, n_region, n_bus, 1 + n_player)``.
        point_count: Number of single markups known. Shape ``(n_state,)``.
        point_markup: These markups. Shape ``(n_state, n_point, n_player)``.
        point_quantity: What was cleared there. kW.
            Shape ``(n_state, n_point, n_order)``.
        point_price: At which prices. Shape ``(n_state, n_point, n_bus)``.
    """

    is_tree: bool
    pays_bid: bool
    parent: IntArray
    limit_kw: FloatArray
    place: IntArray
    order_bus: IntArray
    order_place: IntArray
    is_bid: BoolArray
    start: IntArray
    quantity_kw: FloatArray
    price_per_kwh: FloatArray
    weight: FloatArray
    order_player: IntArray
    share: FloatArray
    region_count: IntArray
    region_rank: IntArray
    region_n_row: IntArray
    region_row: FloatArray
    region_bound: FloatArray
    region_quantity: FloatArray
    region_price: FloatArray
    point_count: IntArray
    point_markup: FloatArray
    point_quantity: FloatArray
    point_price: FloatArray


@compiled
def clear_markup(
    market: MarketArrays,
    state: int,
    markup: FloatArray,
    quantity_kw: FloatArray,
    price_per_kwh: FloatArray,
) -> int:
    """Clear the book of one state with every player's prices moved by its markup.

    Args:
        market: The market.
        state: Which book.
        markup: Of each player. Shape ``(n_player,)``.
        quantity_kw: Is filled: award of each order. kW. Shape ``(n_order,)``.
        price_per_kwh: Is filled: nodal prices. Currency/kWh. Shape ``(n_bus,)``.

    Returns:
        ``CLEARED``; or ``UNKNOWN`` where no region or point has the markup, with
        nothing filled.
    """
    if market.is_tree:
        _clear_tree(market, state, markup, quantity_kw, price_per_kwh)
        return CLEARED
    return clear_known(market, state, markup, quantity_kw, price_per_kwh)


@lean
def clear_known(
    market: MarketArrays,
    state: int,
    markup: FloatArray,
    quantity_kw: FloatArray,
    price_per_kwh: FloatArray,
) -> int:
    """Answer from the regions, then from the points, of a state.

    The same as ``clear_markup`` on a network with loops, and quicker to call by a
    quarter of a microsecond: it makes no array, so that no references are counted.
    """
    for rank in range(market.region_count[state]):
        region = market.region_rank[state, rank]
        if _holds(market, state, region, markup):
            # Regions that are met often move to the front, step by step.
            ahead = rank // 2
            market.region_rank[state, rank] = market.region_rank[state, ahead]
            market.region_rank[state, ahead] = region
            _follow(market.region_quantity[state, region], markup, quantity_kw)
            _follow(market.region_price[state, region], markup, price_per_kwh)
            return CLEARED
    for point in range(market.point_count[state]):
        same = True
        for player in range(markup.size):
            if market.point_markup[state, point, player] != markup[player]:
                same = False
                break
        if same:
            for order in range(quantity_kw.size):
                quantity_kw[order] = market.point_quantity[state, point, order]
            for bus in range(price_per_kwh.size):
                price_per_kwh[bus] = market.point_price[state, point, bus]
            return CLEARED
    return UNKNOWN


@compiled
def _clear_tree(
    market: MarketArrays,
    state: int,
    markup: FloatArray,
    quantity_kw: FloatArray,
    price_per_kwh: FloatArray,
) -> None:
    """Clear on the tree; prices come back in the order of the network's buses."""
    price = market.price_per_kwh[state].copy()
    for order in range(market.order_player.size):
        player = market.order_player[order]
        if player >= 0:
            rise = market.weight[state, order] * markup[player]
            for corner in range(market.start[order], market.start[order + 1]):
                price[corner] += rise
    _, award, bus_price, _, _ = clear_tree(
        market.parent,
        market.limit_kw,
        market.order_place,
        market.is_bid,
        market.start,
        market.quantity_kw[state],
        price,
    )
    for order in range(quantity_kw.size):
        quantity_kw[order] = award[order]
    for bus in range(price_per_kwh.size):
        price_per_kwh[bus] = bus_price[market.place[bus]]


@lean
def _holds(market: MarketArrays, state: int, region: int, markup: FloatArray) -> bool:
    """Return whether a markup keeps every inequality of a region."""
    for row in range(market.region_n_row[state, region]):
        left = 0.0
        for player in range(markup.size):
            left += market.region_row[state, region, row, player] * markup[player]
        if not left <= market.region_bound[state, region, row]:
            return False
    return True


@lean
def _follow(law: FloatArray, markup: FloatArray, values: FloatArray) -> None:
    """Write the values that an affine law has at a markup."""
    for at in range(values.size):
        value = law[at, 0]
        for player in range(markup.size):
            value += law[at, player + 1] * markup[player]
        values[at] = value


@lean
def account(
    market: MarketArrays,
    state: int,
    markup: FloatArray,
    quantity_kw: FloatArray,
    price_per_kwh: FloatArray,
    profit_per_h: FloatArray,
    player_price_per_kwh: FloatArray,
    total: FloatArray,
) -> None:
    """Work out what a clearing is worth to each player and to all together.

    Args:
        market: The market.
        state: Which book was cleared.
        markup: Of each player. Shape ``(n_player,)``.
        quantity_kw: Awards. kW. Shape ``(n_order,)``.
        price_per_kwh: Nodal prices. Currency/kWh. Shape ``(n_bus,)``.
        profit_per_h: Is filled: by the true curves. Currency/h. Shape ``(n_player,)``.
        player_price_per_kwh: Is filled: price that each player sees. Currency/kWh.
            Shape ``(n_player,)``.
        total: Is filled: what all bids gain, what all offers gain, what is paid beyond
            what is earned (currency/h), price per kWh bought. Shape ``(4,)``.
    """
    profit_per_h[:] = 0.0
    player_price_per_kwh[:] = 0.0
    total[:] = 0.0
    bought = 0.0
    for order in range(quantity_kw.size):
        player = market.order_player[order]
        quantity = quantity_kw[order]
        nodal = price_per_kwh[market.order_bus[order]]
        area = _area(market, state, order, quantity)
        money = _money(market, state, order, markup, quantity, nodal, area)
        if market.is_bid[order]:
            gain = area - money
            bought += quantity
            total[0] += gain
            total[2] += money
            total[3] += money
        else:
            gain = money - area
            total[1] += gain
            total[2] -= money
        if player >= 0:
            profit_per_h[player] += gain
            player_price_per_kwh[player] += market.share[state, order] * nodal
    total[3] = total[3] / bought if bought > 0.0 else 0.0
    if market.pays_bid:
        for player in range(profit_per_h.size):
            player_price_per_kwh[player] = _own_price(
                market, state, player, markup, quantity_kw
            )


@lean
def _area(market: MarketArrays, state: int, order: int, quantity: float) -> float:
    """Return the area from 0 to a quantity under an order's true curve.

    As ``types.preferences.CurveIntegral``: the firm part counts at the price of the
    first corner.
    """
    first = market.start[order]
    corner_kw = market.quantity_kw[state]
    price = market.price_per_kwh[state]
    area = min(quantity, corner_kw[first]) * price[first]
    for corner in range(first, market.start[order + 1] - 1):
        width = corner_kw[corner + 1] - corner_kw[corner]
        filled = min(quantity - corner_kw[corner], width)
        if filled > 0.0:
            rise = (price[corner + 1] - price[corner]) * (filled / width)
            area += filled * (price[corner] + 0.5 * rise)
    return float(area)


@lean
def _money(
    market: MarketArrays,
    state: int,
    order: int,
    markup: FloatArray,
    quantity: float,
    nodal: float,
    area: float,
) -> float:
    """Return what an order is paid, or pays: at the nodal or at its declared prices."""
    if not market.pays_bid:
        return nodal * quantity
    player = market.order_player[order]
    rise = market.weight[state, order] * markup[player] if player >= 0 else 0.0
    return float(area + rise * quantity)


@lean
def _own_price(
    market: MarketArrays,
    state: int,
    player: int,
    markup: FloatArray,
    quantity_kw: FloatArray,
) -> float:
    """Return a player's money per kWh; its declared first price without trade."""
    money = 0.0
    traded = 0.0
    declared = 0.0
    for order in range(quantity_kw.size):
        if market.order_player[order] != player:
            continue
        quantity = quantity_kw[order]
        area = _area(market, state, order, quantity)
        money += _money(market, state, order, markup, quantity, 0.0, area)
        traded += quantity
        first = market.price_per_kwh[state, market.start[order]]
        first += market.weight[state, order] * markup[player]
        declared += market.share[state, order] * first
    return money / traded if traded > 0.0 else declared


@compiled
def clear_rounds(
    market: MarketArrays,
    first: int,
    state: IntArray,
    markup: FloatArray,
    quantity_kw: FloatArray,
    price_per_kwh: FloatArray,
    profit_per_h: FloatArray,
    player_price_per_kwh: FloatArray,
    total: FloatArray,
) -> int:
    """Clear and account for many rounds, up to the first one that is unknown.

    Args:
        market: The market.
        first: Round to begin with.
        state: Book of each round. Shape ``(n_round,)``.
        markup: Shape ``(n_round, n_player)``.
        quantity_kw: As in ``account``, like the others by round.
        price_per_kwh: Nodal prices.
        profit_per_h: Profits.
        player_price_per_kwh: Prices that players see.
        total: The four totals.

    Returns:
        The round that is unknown; ``n_round`` when all are done.
    """
    if not market.is_tree:
        return _known_rounds(
            market, first, state, markup, quantity_kw, price_per_kwh, profit_per_h,
            player_price_per_kwh, total,
        )  # fmt: skip
    for at in range(first, state.size):
        _clear_tree(market, state[at], markup[at], quantity_kw[at], price_per_kwh[at])
        account(
            market, state[at], markup[at], quantity_kw[at], price_per_kwh[at],
            profit_per_h[at], player_price_per_kwh[at], total[at],
        )  # fmt: skip
    return int(state.size)


@lean
def _known_rounds(
    market: MarketArrays,
    first: int,
    state: IntArray,
    markup: FloatArray,
    quantity_kw: FloatArray,
    price_per_kwh: FloatArray,
    profit_per_h: FloatArray,
    player_price_per_kwh: FloatArray,
    total: FloatArray,
) -> int:
    """Do ``clear_rounds`` on a network with loops, where no clearing makes an array."""
    for at in range(state.size):  # an index that may be negative costs four times this
        if at < first:
            continue
        status = clear_known(
            market, state[at], markup[at], quantity_kw[at], price_per_kwh[at]
        )
        if status != CLEARED:
            return at
        account(
            market, state[at], markup[at], quantity_kw[at], price_per_kwh[at],
            profit_per_h[at], player_price_per_kwh[at], total[at],
        )  # fmt: skip
    return int(state.size)
