# mypy: allow-untyped-defs, allow-untyped-calls
"""Laws of self-play, whatever the market, the pools and the seed."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from gridagora.environment.self_play import SelfPlay
from gridagora.environment.streams import named_stream
from gridagora.learning.genetic import GeneticSettings
from gridagora.learning.neuroevolution import Neuroevolution
from gridagora.markets.markup_market import MarkupMarket
from gridagora.types.network import Network, RadialNetwork
from gridagora.types.orders import Bid, CurveColumns, Offer

few = settings(max_examples=25, deadline=None)
seeds = st.integers(0, 2**32 - 1)
own_settings = st.builds(
    GeneticSettings,
    n_strategy=st.integers(3, 6),
    n_iteration=st.integers(1, 15),
    n_hidden=st.integers(1, 3),
    memory=st.integers(0, 2),
    n_context=st.integers(0, 1),
    n_elite=st.integers(0, 2),
    weight_limit=st.sampled_from([3.0, 100.0]),
    start=st.sampled_from(["random", "low", "high"]),
)
networks = st.sampled_from(
    [
        RadialNetwork.from_table({"bus": ["a"], "parent": [None]}),
        RadialNetwork.from_table(
            {"bus": ["a", "b"], "parent": [None, "a"], "limit_kw": [None, 3.0]}
        ),
        Network.from_table(
            {
                "from_bus": ["a", "b", "a", "c"],
                "to_bus": ["b", "c", "c", "d"],
                "limit_kw": [None, 2.0, 4.0, 3.0],
            }
        ),
    ]
)
# A coarse grid: level curves, equal units and orders at their limits are common.
prices = st.sampled_from([1.0, 1.5, 2.0, 3.0])
rises = st.sampled_from([0.0, 0.5, 1.0])
sizes = st.sampled_from([2.0, 4.0, 5.0])
all_levels = st.sampled_from([None, None, np.array([0.0, 1.0, 2.0])])
TOP = 2.0


@st.composite
def worlds(draw):
    """Draw what makes markets: a network and a book of orders for each state."""
    network = draw(networks)
    at = st.sampled_from(network.bus)
    units = []
    for name in ("one", "two", "three")[: draw(st.integers(1, 3))]:
        low = draw(prices)
        most = low + draw(rises)
        units.append(
            Offer.affine(name, draw(at), p_min=low, p_max=most, q_max=draw(sizes))
        )
    places = draw(st.lists(at, min_size=1, max_size=2))
    books = []
    for _ in range(draw(st.integers(1, 3))):
        towns = [
            Bid.affine(
                f"town {place}", bus, p_max=4.0, p_min=draw(prices), q_max=draw(sizes)
            )
            for place, bus in enumerate(places)
        ]
        books.append(CurveColumns.of([*units, *towns], network))
    return network, books, draw(st.booleans())


def parts_of(world, own, levels):
    """A market that knows no region and a learner that knows nothing."""
    network, books, pays_bid = world
    market = MarkupMarket(network, books, pays_bid=pays_bid)
    learner = Neuroevolution(
        market.n_player,
        low=0.0,
        high=TOP,
        price_origin=1.0,
        settings=own,
        levels=levels,
    )
    seen = np.linspace(-1.0, 1.0, market.n_state * own.n_context)
    return market, learner, seen.reshape(market.n_state, own.n_context)


def play_of(world, own, levels, seed):
    market, learner, context = parts_of(world, own, levels)
    return SelfPlay(market, learner, seed=seed, context=context)


def bytes_of(play):
    return {name: array.tobytes() for name, array in play.get_state().items()}


@few
@given(world=worlds(), own=own_settings, levels=all_levels, seed=seeds)
def test_playing_by_hand_gives_the_same_bytes(world, own, levels, seed):
    play = play_of(world, own, levels, seed)
    market, learner, context = parts_of(world, own, levels)
    stream = named_stream(seed, "self-play")
    for generation in range(3):
        rounds = play.step()
        for at in range(own.n_iteration):
            state = (generation * own.n_iteration + at) % market.n_state
            markup = learner.choose(stream, context[state])
            cleared = market.clear(markup[None], np.array([state]))
            profit, price = cleared.profit_per_h[0], cleared.player_price_per_kwh[0]
            learner.learn(markup, profit, price)
            assert rounds.markup[at].tobytes() == markup.tobytes()
            assert rounds.profit_per_h[at].tobytes() == profit.tobytes()
            assert rounds.price_per_kwh[at].tobytes() == price.tobytes()
    own_state = play.learner.get_state()
    for name, array in learner.get_state().items():
        assert own_state[name].tobytes() == array.tobytes()


@few
@given(
    world=worlds(),
    own=own_settings,
    levels=all_levels,
    seed=seeds,
    stops=st.lists(st.integers(0, 2), min_size=1, max_size=4),
)
def test_a_run_stopped_anywhere_goes_on_to_the_same_bytes(
    world, own, levels, seed, stops
):
    whole = play_of(world, own, levels, seed)
    whole.run(sum(stops))
    parted = play_of(world, own, levels, seed)
    for n_generation in stops:
        parted.run(n_generation)
        state = parted.get_state()
        parted = play_of(world, own, levels, seed + 1)  # its market knows no region
        parted.set_state(state)

    assert parted.generation == sum(stops)
    assert bytes_of(parted) == bytes_of(whole)


@few
@given(world=worlds(), own=own_settings, seed=seeds)
def test_means_lie_where_markups_may_and_gains_add_up(world, own, seed):
    play = play_of(world, own, None, seed)
    play.run(3)

    players, markets = play.players(), play.markets()
    markup = players["markup"]
    assert np.all((markup >= 0.0) & (markup <= TOP))
    assert np.all(players["markup_low"] <= players["markup_high"])
    assert np.all(players["markup_low"] >= 0.0)
    assert np.all(players["markup_high"] <= TOP)
    # Every offer has a player, so that their profits are what producers gain.
    profit = players["profit_per_h"].reshape(3, -1).sum(axis=1)
    np.testing.assert_allclose(profit, markets["producer_per_h"], atol=1e-9)
    # Nobody gains more than there is to gain: 4 a kWh, at most 10 kW bought.
    total = sum(markets[f"{name}_per_h"] for name in ("consumer", "producer", "rent"))
    assert np.all((total >= -1e-9) & (total <= 40.0))
