"""Runs with NUMBA_DISABLE_JIT=1 as well."""

import numpy as np
import pytest

from gridagora.environment.kernels.generation import Rounds, play_rounds
from gridagora.learning.kernels.strategies import Population
from gridagora.markets.markup_market import MarkupMarket
from gridagora.types.network import Network, RadialNetwork
from gridagora.types.orders import Bid, CurveColumns, Offer

SPOT = RadialNetwork.from_table({"bus": ["a"], "parent": [None]})
RING = Network.from_table(
    {
        "from_bus": ["a", "b", "a"],
        "to_bus": ["b", "c", "c"],
        "limit_kw": [None, None, 4.0],
    }
)


def spot_market(loads=(4.0, 8.0)):
    """Anna asks 1 + 0.2 per kW and her markup of a town that needs its load."""
    books: list[list[Bid | Offer]] = [
        [
            Offer.affine("anna", "a", p_max=3, p_min=1, q_max=10),
            Bid.affine("town", "a", p_max=9, p_min=9, q_max=load, q_min=load),
        ]
        for load in loads
    ]
    return MarkupMarket(SPOT, [CurveColumns.of(book, SPOT) for book in books])


def ring_market():
    book: list[Bid | Offer] = [
        Offer.affine("coal", "a", p_max=1.2, p_min=1, q_max=20),
        Offer.affine("gas", "b", p_max=2.2, p_min=2, q_max=20),
        Bid.affine("town", "c", p_max=9, p_min=9, q_max=9, q_min=9),
    ]
    return MarkupMarket(RING, CurveColumns.of(book, RING))


def constants(*outputs, memory=0, n_context=0):
    """Strategies of one player each that ask the share 1 / (1 + exp(-output)) of 1.

    Context adds itself to the output, in the small: the hidden neuron is about linear.
    """
    n_input = 2 * memory + n_context
    weights = np.zeros((1, len(outputs), n_input + 3))
    weights[0, :, 2 * memory : n_input] = 1e-3
    weights[0, :, n_input + 1] = 1e3
    weights[0, :, n_input + 2] = outputs
    pool = (1, len(outputs))
    return Population(
        weights=weights,
        remembered=np.zeros((*pool, memory, 2)),
        total=np.zeros(pool),
        count=np.zeros(pool, dtype=np.int64),
        low=np.zeros(1),
        high=np.ones(1),
        origin=np.ones(1),
        levels=np.zeros(0),
        n_hidden=1,
    )


def rounds_of(n_round, market):
    each = (n_round, market.n_player)
    return Rounds(
        markup=np.full(each, np.nan),
        profit_per_h=np.full(each, np.nan),
        price_per_kwh=np.full(each, np.nan),
        total=np.full((n_round, 4), np.nan),
        quantity_kw=np.full(market.order_player.size, np.nan),
        bus_price_per_kwh=np.full(market.network.n_bus, np.nan),
    )


def column(*values):
    return np.array(values, dtype=np.int64)


def test_rounds_by_hand():
    # Outputs 0 and ln 3: markups 1/2 and 3/4. Anna sells the load at 1 + markup + 0.2
    # load; she earns markup + 0.2 load per kW beyond the first, less 0.1 load^2.
    market, pool = spot_market(), constants(0.0, np.log(3.0), memory=1)
    rounds = rounds_of(3, market)

    played = play_rounds(
        market.arrays(),
        pool,
        column(0, 1, 0)[:, None],
        column(0, 1, 1),
        np.zeros((2, 0)),
        0,
        rounds,
    )

    assert played == 3
    assert rounds.markup[:, 0] == pytest.approx([0.5, 0.75, 0.5])
    assert rounds.price_per_kwh[:, 0] == pytest.approx([2.3, 3.35, 3.1])
    # 0.5 x 4 + 0.1 x 16, 0.75 x 8 + 0.1 x 64, 0.5 x 8 + 0.1 x 64.
    assert rounds.profit_per_h[:, 0] == pytest.approx([3.6, 12.4, 10.4])
    # The town gains 9 less the price per kW.
    assert rounds.total[:, 0] == pytest.approx([26.8, 45.2, 47.2])
    assert rounds.total[:, 1] == pytest.approx(rounds.profit_per_h[:, 0])
    assert rounds.total[:, 2] == pytest.approx([0.0, 0.0, 0.0])
    assert rounds.total[:, 3] == pytest.approx([2.3, 3.35, 3.1])
    assert rounds.quantity_kw == pytest.approx([8.0, 8.0])
    assert rounds.bus_price_per_kwh == pytest.approx([3.1])
    assert pool.count.tolist() == [[2, 1]]
    assert pool.total[0] == pytest.approx([14.0, 12.4])
    # Each remembers its own last round: markup, and price less 1.
    assert pool.remembered[0, :, 0] == pytest.approx(
        np.array([[0.5, 2.1], [0.75, 2.35]])
    )


def test_strategies_see_the_context_of_the_state_of_the_round():
    # 1e3 tanh(1e-3 c) is c to one part in a million of it for these.
    market, pool = spot_market(), constants(0.0, n_context=1)
    rounds = rounds_of(2, market)

    play_rounds(
        market.arrays(),
        pool,
        column(0, 0)[:, None],
        column(1, 0),
        np.array([[0.0], [np.log(3.0)]]),
        0,
        rounds,
    )

    assert rounds.markup[:, 0] == pytest.approx([0.75, 0.5], abs=1e-5)


def test_rounds_before_the_first_are_left_alone():
    market, pool = spot_market(), constants(0.0)
    rounds = rounds_of(3, market)

    played = play_rounds(
        market.arrays(),
        pool,
        column(0, 0, 0)[:, None],
        column(0, 0, 0),
        np.zeros((2, 0)),
        2,
        rounds,
    )

    assert played == 3
    assert np.isnan(rounds.markup[:2]).all()
    assert rounds.markup[2, 0] == 0.5
    assert pool.count.tolist() == [[1]]


def test_a_round_that_the_market_has_not_learned_is_played_when_it_has():
    market = ring_market()
    pool = constants(0.0)
    pool = pool._replace(
        **{
            name: np.repeat(array, 2, axis=0)
            for name, array in pool._asdict().items()
            if name not in ("levels", "n_hidden")
        }
    )
    rounds = rounds_of(2, market)
    pick, state, seen = np.zeros((2, 2), dtype=np.int64), column(0, 0), np.zeros((1, 0))

    stopped = play_rounds(market.arrays(), pool, pick, state, seen, 0, rounds)

    assert stopped == 0
    assert rounds.markup[0].tolist() == [0.5, 0.5]
    for left in (rounds.profit_per_h, rounds.price_per_kwh, rounds.total):
        assert np.isnan(left).all()
    assert np.isnan(rounds.quantity_kw).all()
    assert pool.count.tolist() == [[0], [0]]

    market.learn_region(rounds.markup[stopped], 0)
    played = play_rounds(market.arrays(), pool, pick, state, seen, stopped, rounds)

    assert played == 2
    assert pool.count.tolist() == [[2], [2]]
    expected = market.clear(np.array([[0.5, 0.5]]))
    assert rounds.profit_per_h[1].tobytes() == expected.profit_per_h[0].tobytes()
    assert rounds.total[1, 3] == expected.mean_price_per_kwh[0]
