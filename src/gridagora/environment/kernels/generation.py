"""One generation of self-play as a compiled loop."""

from typing import NamedTuple

from numba import njit

from gridagora.learning.kernels.strategies import Population, choose_all, learn_all
from gridagora.markets.kernels.markups import (
    CLEARED,
    MarketArrays,
    account,
    clear_markup,
)
from gridagora.types.arrays import FloatArray, IntArray


class Rounds(NamedTuple):
    """What happened in the rounds of a generation; written by the loop.

    Attributes:
        markup: Of each player. Shape ``(n_round, n_player)``.
        profit_per_h: Of each player. Currency/h. Shape ``(n_round, n_player)``.
        price_per_kwh: Seen by each player. Currency/kWh. Shape ``(n_round, n_player)``.
        total: What all bids gain, what all offers gain, the congestion rent
            (currency/h), and the price per kWh bought. Shape ``(n_round, 4)``.
        quantity_kw: Awards of the last round. kW. Shape ``(n_order,)``.
        bus_price_per_kwh: Prices of the last round. Currency/kWh. Shape ``(n_bus,)``.
    """

    markup: FloatArray
    profit_per_h: FloatArray
    price_per_kwh: FloatArray
    total: FloatArray
    quantity_kw: FloatArray
    bus_price_per_kwh: FloatArray


@njit(cache=True, nogil=True)
def play_rounds(  # noqa: PLR0913  (a compiled loop takes its arrays one by one)
    market: MarketArrays,
    population: Population,
    pick: IntArray,
    state: IntArray,
    context: FloatArray,
    first: int,
    rounds: Rounds,
) -> int:
    """Play rounds up to the last, or up to one that the market has not learned yet.

    Of that round nothing is written but its markups; played again once the market has
    learned it, it has the same markups.

    Args:
        market: The market.
        population: The strategies; they learn from every round.
        pick: Strategy of each player in each round. Shape ``(n_round, n_player)``.
        state: State of the market in each round. Shape ``(n_round,)``.
        context: What strategies see in each state. Shape ``(n_state, n_context)``.
        first: The round to begin with.
        rounds: Where to write.

    Returns:
        The round that the market has not learned; the number of rounds when all were
        played.
    """
    quantity_kw, price_per_kwh = rounds.quantity_kw, rounds.bus_price_per_kwh
    for at in range(pick.shape[0]):  # from 0: indices that cannot be negative are quick
        if at < first:
            continue
        markup = rounds.markup[at]
        choose_all(population, pick[at], context[state[at]], markup)
        status = clear_markup(market, state[at], markup, quantity_kw, price_per_kwh)
        if status != CLEARED:
            return at
        account(
            market,
            state[at],
            markup,
            quantity_kw,
            price_per_kwh,
            rounds.profit_per_h[at],
            rounds.price_per_kwh[at],
            rounds.total[at],
        )
        learn_all(
            population,
            pick[at],
            markup,
            rounds.profit_per_h[at],
            rounds.price_per_kwh[at],
        )
    return int(pick.shape[0])
