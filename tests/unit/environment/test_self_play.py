"""Runs with NUMBA_DISABLE_JIT=1 as well, so generations are small."""

import copy
from dataclasses import replace

import numpy as np
import pytest

from gridagora.agents.consumers import Consumers
from gridagora.agents.evolving_bidders import EvolvingBidders
from gridagora.environment.environment import Environment
from gridagora.environment.self_play import SelfPlay
from gridagora.environment.streams import named_stream
from gridagora.errors import ClearingError, EpisodeError, InvalidConfigError
from gridagora.grids.infinite_bus import InfiniteBusGrid
from gridagora.learning.genetic import GeneticSettings
from gridagora.learning.neuroevolution import Neuroevolution
from gridagora.markets.markup_market import MarkupMarket
from gridagora.markets.nodal import NodalMarket
from gridagora.types.network import Network, RadialNetwork
from gridagora.types.orders import Bid, CurveColumns, Offer
from gridagora.types.preferences import Preferences

SPOT = RadialNetwork.from_table({"bus": ["a"], "parent": [None]})
PAIR = RadialNetwork.from_table(
    {"bus": ["a", "b"], "parent": [None, "a"], "limit_kw": [None, 30.0]}
)
# Five buses with two loops. G3 is alone in a pocket behind the line from 2 to 5.
MESH = Network.from_table(
    {
        "from_bus": ["1", "2", "1", "3", "2", "4"],
        "to_bus": ["2", "3", "4", "4", "5", "5"],
        "reactance_pu": [0.1, 0.1, 0.1, 0.1, 0.1, 0.2],
        "limit_kw": [None, None, None, None, 100e3, None],
    }
)
COST = np.array([0.0175, 0.0175, 0.02234341889])
RISE = np.array([0.02389093, 0.02389093, 0.0275]) / 1e6
MOST_KW = np.array([255e3, 255e3, 260e3])
LOAD_BUS = ["2", "3", "4", "5"]
LOAD_KW = np.array([55e3, 55e3, 50e3, 340e3])
TOP = 0.03

SMALL = GeneticSettings(n_strategy=4, n_iteration=12, n_hidden=2, n_elite=1)
LEVELS = np.array([0.0, 0.01, 0.02, TOP])
LOAD_OF_HOUR = np.array([[0.8], [1.0], [0.9]])


def spot_market(load_kw=(60.0,)):
    """Two equal units and a town whose load differs by hour."""
    units: list[Bid | Offer] = [
        Offer.affine(name, "a", p_max=0.02, p_min=0.01, q_max=100.0)
        for name in ("one", "two")
    ]
    towns = [
        Bid.affine("town", "a", p_max=0.09, p_min=0.01, q_max=load, q_min=load / 2)
        for load in load_kw
    ]
    books: list[list[Bid | Offer]] = [[*units, town] for town in towns]
    return MarkupMarket(SPOT, [CurveColumns.of(book, SPOT) for book in books])


def pair_market(load_kw=(70.0,)):
    """A unit at each end of a line of 30 kW."""
    books: list[list[Bid | Offer]] = [
        [
            Offer.affine("here", "a", p_max=0.02, p_min=0.01, q_max=100.0),
            Offer.affine("there", "b", p_max=0.05, p_min=0.02, q_max=100.0),
            Bid.affine("near", "a", p_max=0.09, p_min=0.03, q_max=20.0),
            Bid.affine("far", "b", p_max=0.09, p_min=0.03, q_max=load, q_min=35.0),
        ]
        for load in load_kw
    ]
    return MarkupMarket(PAIR, [CurveColumns.of(book, PAIR) for book in books])


def units_and_loads(share=1.0):
    units = Preferences.of_producers(
        ["G1", "G2", "G3"],
        ["1", "3", "5"],
        p_min=COST,
        p_max=COST + RISE * MOST_KW,
        q_max=MOST_KW,
    )
    loads = Preferences.of_consumers(
        LOAD_BUS,
        LOAD_BUS,
        p_min=0.06,
        p_max=0.06,
        q_min=share * LOAD_KW,
        q_max=share * LOAD_KW,
    )
    return units, loads


def mesh_market(share=(1.0,)):
    books = [
        CurveColumns.joined([part.curves(MESH) for part in units_and_loads(one)])
        for one in share
    ]
    return MarkupMarket(MESH, books)


MARKETS = {
    "one bus": (spot_market, (48.0, 60.0, 54.0)),
    "two buses": (pair_market, (56.0, 70.0, 63.0)),
    "a mesh": (mesh_market, tuple(LOAD_OF_HOUR[:, 0])),
}


def learner_of(n_player, settings=SMALL, *, levels=None):
    return Neuroevolution(
        n_player,
        low=0.0,
        high=TOP,
        price_origin=0.02,
        settings=settings,
        levels=levels,
    )


def play_of(market=None, *, seed=1, settings=SMALL, context=None, **options):
    market = spot_market() if market is None else market
    learner = learner_of(market.n_player, settings, **options)
    return SelfPlay(market, learner, seed=seed, context=context)


def bytes_of(play):
    """Everything that a run has kept, as bytes by name."""
    tables = {**play.players(), **play.markets()}
    parts = {name: np.asarray(column).tobytes() for name, column in tables.items()}
    return parts | {name: x.tobytes() for name, x in play.get_state().items()}


def played_by_hand(market, learner, *, seed, n_generation, context=None):
    """Call learner and market round by round; return the rounds of all generations."""
    stream = named_stream(seed, "self-play")
    generations = []
    for generation in range(n_generation):
        rounds = []
        for at in range(learner.settings.n_iteration):
            state = (generation * learner.settings.n_iteration + at) % market.n_state
            seen = None if context is None else context[state]
            markup = learner.choose(stream, seen)
            cleared = market.clear(markup[None], np.array([state]))
            profit, price = cleared.profit_per_h[0], cleared.player_price_per_kwh[0]
            learner.learn(markup, profit, price)
            total = (
                cleared.consumer_per_h[0],
                cleared.producer_per_h[0],
                cleared.rent_per_h[0],
                cleared.mean_price_per_kwh[0],
            )
            rounds.append((markup, profit, price, np.array(total)))
        generations.append([np.array(column) for column in zip(*rounds, strict=True)])
    return generations


NO_STREAMS = (
    '{"bit_generator": "MT19937"}',
    '{"bit_generator": "PCG64"}',
    '{"bit_generator": "PCG64", "state": {"state": -1, "inc": 1}}',
)

CASES = {
    "as it is": (SMALL, None, False),
    "without memory": (replace(SMALL, memory=0), None, False),
    "memory of two rounds and levels": (replace(SMALL, memory=2), LEVELS, False),
    "hours that all see": (replace(SMALL, n_context=1), None, True),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("place", MARKETS)
def test_the_compiled_loop_gives_the_bytes_of_playing_by_hand(place, case):
    build, loads = MARKETS[place]
    settings, levels, with_hours = CASES[case]
    context = LOAD_OF_HOUR if with_hours else None
    loads = loads if with_hours else loads[1:2]
    play = play_of(build(loads), settings=settings, levels=levels, context=context)
    learner = learner_of(play.market.n_player, settings, levels=levels)

    by_hand = played_by_hand(
        build(loads), learner, seed=1, n_generation=3, context=context
    )

    for expected in by_hand:
        rounds = play.step()
        for given, wanted in zip(rounds[:4], expected, strict=True):
            assert given.tobytes() == wanted.tobytes()
    own = play.learner.get_state()
    for name, array in learner.get_state().items():
        assert own[name].tobytes() == array.tobytes(), name
    assert own["progress"].tolist() == [3, 12]


def test_states_go_on_from_one_generation_to_the_next():
    # 12 rounds are no multiple of 5 states: the second generation begins with state 2.
    # An inelastic town and players without a choice: the price shows the state.
    loads = (10.0, 20.0, 30.0, 40.0, 50.0)
    units: list[Bid | Offer] = [
        Offer.affine(name, "a", p_max=3.0, p_min=1.0, q_max=100.0)
        for name in ("one", "two")
    ]
    books: list[list[Bid | Offer]] = [
        [*units, Bid.affine("t", "a", p_max=9, p_min=9, q_max=load, q_min=load)]
        for load in loads
    ]
    market = MarkupMarket(SPOT, [CurveColumns.of(book, SPOT) for book in books])
    play = play_of(market, levels=np.array([0.0]))

    play.run(2)

    # Each sells half the load at 1 + 0.02 per kW.
    price = [1.0 + 0.02 * loads[(12 + at) % 5] / 2 for at in range(12)]
    assert play.last.total[:, 3] == pytest.approx(price)
    assert play.last.quantity_kw == pytest.approx([20.0, 20.0, 40.0])  # (12 + 11) % 5
    assert play.last.bus_price_per_kwh == pytest.approx([1.4])


def test_tables_are_means_and_quantiles_of_the_rounds():
    play = play_of(seed=3)
    play.run(1)
    first = play.last
    second = play.step()

    players, markets = play.players(), play.markets()

    assert list(players) == [
        "generation",
        "player",
        "markup",
        "markup_low",
        "markup_high",
        "profit_per_h",
        "price_per_kwh",
    ]
    assert players["generation"].tolist() == [1, 1, 2, 2]
    assert players["player"] == ["one", "two", "one", "two"]
    markup = np.concatenate([first.markup, second.markup], axis=1)
    # Rank 0.1 x (12 - 1) = 1.1 of the sorted rounds, counted from 0, between two.
    low = np.sort(markup, axis=0)
    low = 0.9 * low[1] + 0.1 * low[2]
    high = -np.sort(-markup, axis=0)
    high = 0.9 * high[1] + 0.1 * high[2]
    assert players["markup"] == pytest.approx(markup.mean(axis=0))
    assert players["markup_low"] == pytest.approx(low)
    assert players["markup_high"] == pytest.approx(high)
    profit = [first.profit_per_h.mean(axis=0), second.profit_per_h.mean(axis=0)]
    assert players["profit_per_h"] == pytest.approx(np.concatenate(profit))
    price = [first.price_per_kwh.mean(axis=0), second.price_per_kwh.mean(axis=0)]
    assert players["price_per_kwh"] == pytest.approx(np.concatenate(price))
    assert list(markets) == [
        "generation",
        "consumer_per_h",
        "producer_per_h",
        "rent_per_h",
        "mean_price_per_kwh",
    ]
    assert markets["generation"].tolist() == [1, 2]
    table = np.array([markets[name] for name in list(markets)[1:]]).T
    assert table[0] == pytest.approx(first.total.mean(axis=0))
    assert table[1] == pytest.approx(second.total.mean(axis=0))


def test_a_run_that_has_not_begun_has_empty_tables_and_a_state():
    play = play_of()
    other = play_of(seed=9)

    other.set_state(play.get_state())

    assert (play.generation, play.last) == (0, None)
    assert all(len(column) == 0 for column in play.players().values())
    assert all(len(column) == 0 for column in play.markets().values())
    play.run(2)
    other.run(2)
    assert bytes_of(other) == bytes_of(play)


@pytest.mark.parametrize(
    ("network", "build"), [(MESH, mesh_market), (PAIR, pair_market)]
)
def test_an_environment_with_evolving_bidders_follows_to_rounding(network, build):
    # Not the same bytes: the environment clears every round anew by the general
    # engine, where the mesh is answered from regions, and adds up money order by order
    # in its settlement. Fitness is compared after rounding, so that the same strategies
    # breed; markups then differ by what strategies remember of prices alone.
    market = build()
    if build is mesh_market:
        units, loads = units_and_loads()
    else:
        units, loads = of_pair()
    play = SelfPlay(market, learner_of(market.n_player), seed=5)
    # The stream of an agent is that of its name.
    bidders = EvolvingBidders(
        units, learner=learner_of(market.n_player), name="self-play"
    )
    env = Environment(
        InfiniteBusGrid(network.bus),
        NodalMarket(network),
        [bidders, Consumers(loads)],
        n_intervals=36,
        seed=5,
    )
    env.reset()
    table = env.run().table("markups")

    for generation in range(3):
        rounds = play.step()
        own = table.iloc[generation * 12 * market.n_player :][: rounds.markup.size]
        assert own["player"].tolist() == list(market.player) * 12
        for name, expected in (
            ("markup", rounds.markup),
            ("price_per_kwh", rounds.price_per_kwh),
            ("reward", rounds.profit_per_h),
        ):
            scale = np.abs(expected).max()
            assert own[name].to_numpy() == pytest.approx(
                expected.ravel(), abs=1e-8 * scale
            )


def of_pair():
    units = Preferences.of_producers(
        ["here", "there"],
        ["a", "b"],
        p_min=[0.01, 0.02],
        p_max=[0.02, 0.05],
        q_max=[100.0, 100.0],
    )
    loads = Preferences.of_consumers(
        ["near", "far"],
        ["a", "b"],
        p_min=0.03,
        p_max=0.09,
        q_max=[20.0, 70.0],
        q_min=[0.0, 35.0],
    )
    return units, loads


@pytest.mark.parametrize("place", MARKETS)
def test_a_run_that_was_stopped_goes_on_to_the_same_bytes(place):
    build, loads = MARKETS[place]
    settings = replace(SMALL, n_context=1, memory=2, n_iteration=10)
    options = {"settings": settings, "context": LOAD_OF_HOUR}
    whole = play_of(build(loads), **options)
    whole.run(6)
    first = play_of(build(loads), **options)
    first.run(3)
    state = first.get_state()
    kept = {name: array.copy() for name, array in state.items()}
    first.run(3)  # must not reach into the state that was taken

    again = play_of(build(loads), seed=77, **options)  # a market that knows no region
    again.set_state(state)

    assert again.generation == 3
    again.run(3)
    assert bytes_of(again) == bytes_of(whole) == bytes_of(first)
    assert again.last.markup.tobytes() == whole.last.markup.tobytes()
    for name, array in kept.items():
        assert state[name].tobytes() == array.tobytes(), name


def test_a_state_can_be_set_twice_and_forgets_what_came_after():
    play = play_of()
    play.run(2)
    state = play.get_state()
    play.run(2)
    expected = bytes_of(play)

    play.set_state(state)

    assert (play.generation, play.last) == (2, None)
    play.run(2)
    assert bytes_of(play) == expected


def test_what_the_market_knows_already_changes_no_byte():
    plain = play_of(mesh_market())
    plain.run(3)
    market = mesh_market()
    rng = np.random.default_rng(1)
    market.clear(rng.uniform(-0.01, 2 * TOP, (60, 3)))
    assert market.n_known[0] > 3
    informed = play_of(market)
    informed.run(3)

    assert bytes_of(informed) == bytes_of(plain)


def test_the_seed_decides():
    one, same, other = play_of(seed=4), play_of(seed=4), play_of(seed=5)
    for play in (one, same, other):
        play.run(2)

    assert bytes_of(same) == bytes_of(one)
    assert bytes_of(other)["markup"] != bytes_of(one)["markup"]


def test_one_more_player_and_one_more_state_are_taken_as_they_come():
    more = [
        Offer.affine(f"unit {at}", "a", p_max=0.02, p_min=0.01, q_max=50.0)
        for at in range(3)
    ]
    for n_player in (1, 2, 3):
        for n_state in (1, 2):
            town = Bid.affine("town", "a", p_max=0.09, p_min=0.01, q_max=90.0)
            book = CurveColumns.of([*more[:n_player], town], SPOT)
            play = play_of(MarkupMarket(SPOT, [book] * n_state))
            play.run(2)
            assert play.players()["player"] == list(play.market.player) * 2
            assert len(play.players()["markup"]) == 2 * n_player


def test_a_learner_goes_on_from_what_it_learned_elsewhere():
    learner = learner_of(2)
    SelfPlay(spot_market(), learner, seed=1).run(2)
    weights = learner.population.weights.copy()
    play = SelfPlay(spot_market(), learner, seed=2)

    play.run(1)

    assert (play.generation, learner.generation) == (1, 3)
    # It bred from what was there: the elite of each player is one of the old strategies.
    elite = learner.population.weights[:, :1]
    assert (elite == weights).all(axis=2).any(axis=1).all()
    assert not (learner.population.weights == weights).all()


def test_all_that_does_not_fit_is_told_at_once():
    with pytest.raises(InvalidConfigError) as caught:
        SelfPlay(spot_market(), learner_of(3), seed=1, context=np.zeros((1, 2)))

    assert str(caught.value) == (
        "self-play: the learner has 3 players, the market 2: one, two; expected as "
        "many. context has the shape (1, 2), expected (1, 0): a row for each state of "
        "the market, n_context of the settings in each."
    )


def test_a_learner_that_waits_for_context_is_not_left_without():
    settings = replace(SMALL, n_context=1)
    with pytest.raises(InvalidConfigError, match=r"shape \(1, 0\), expected \(1, 1\)"):
        play_of(settings=settings)


def test_context_that_is_not_finite_is_refused():
    settings = replace(SMALL, n_context=1)
    with pytest.raises(InvalidConfigError) as caught:
        play_of(settings=settings, context=np.array([[np.nan]]))

    assert str(caught.value) == (
        "self-play: context is not finite, expected numbers of order one."
    )


def test_context_is_copied_and_may_lie_in_memory_in_any_order():
    settings = replace(SMALL, n_context=2)
    context = np.array([[0.1, 0.2], [0.3, 0.4]])
    expected = play_of(spot_market((50, 60)), settings=settings, context=context)
    turned = np.asfortranarray(context)
    play = play_of(spot_market((50, 60)), settings=settings, context=turned)
    turned[:] = 9.0

    expected.run(2)
    play.run(2)

    assert bytes_of(play) == bytes_of(expected)


@pytest.mark.parametrize("seed", [-1, 1.5])
def test_seeds_that_are_none_are_refused(seed):
    with pytest.raises(InvalidConfigError, match=f"seed is {seed}, expected a whole"):
        play_of(seed=seed)


@pytest.mark.parametrize("n_generation", [-1, 1.5, True])
def test_numbers_of_generations_that_are_none_are_refused_at_once(n_generation):
    with pytest.raises(InvalidConfigError) as caught:
        play_of().iterate(n_generation)

    assert str(caught.value) == (
        f"self-play: n_generation is {n_generation!r}, expected a whole number >= 0."
    )


def test_a_learner_in_the_middle_of_a_generation_is_left_alone():
    learner = learner_of(2)
    learner.choose(np.random.default_rng(1))
    play = SelfPlay(spot_market(), learner, seed=1)

    with pytest.raises(EpisodeError, match="generation 1 has 12 of 12 rounds left"):
        play.step()

    assert (learner.generation, learner.round, play.generation) == (1, 0, 0)


class Broken:
    """A market whose general engine fails at the second markup that it has to learn."""

    def __init__(self, market, error):
        self._market, self._error, self.n_left = market, error, 1

    def __getattr__(self, name):
        return getattr(self._market, name)

    def learn_region(self, markup, state):
        if self.n_left == 0:
            raise self._error
        self.n_left -= 1
        self._market.learn_region(markup, state)


@pytest.mark.parametrize(
    "error", [ClearingError("no exact optimum"), KeyboardInterrupt()]
)
@pytest.mark.parametrize("n_before", [0, 2])
def test_what_stops_a_generation_leaves_the_run_as_it_was_before(error, n_before):
    settings = replace(SMALL, n_iteration=40)
    whole = play_of(mesh_market(), settings=settings)
    whole.run(n_before)
    before, last = bytes_of(whole), whole.last
    whole.run(2)
    play = play_of(mesh_market(), settings=settings)
    play.run(n_before)
    play.market = Broken(mesh_market(), error)

    with pytest.raises(type(error)):
        play.step()

    assert play.market.n_left == 0  # it was in the middle
    assert bytes_of(play) == before
    assert (play.last is None) == (last is None)
    play.market.n_left = -1  # repaired
    play.run(2)
    assert bytes_of(play) == bytes_of(whole)


def test_states_of_other_runs_are_refused_and_change_nothing():
    play = play_of()
    play.run(1)
    before = bytes_of(play)
    other = play_of(mesh_market())
    other.run(1)

    with pytest.raises(InvalidConfigError) as caught:
        play.set_state(other.get_state())

    assert str(caught.value) == (
        "state of self-play: it is of the players G1, G2, G3, expected one, two. "
        "players has the shape (1, 3, 5) and the type float64, expected rows of the "
        "shape (2, 5) and the type float64."
    )
    assert bytes_of(play) == before


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"names": None, "stream": None},
            "state of self-play: has no array 'names'. has no array 'stream'.",
        ),
        (
            {"strem": np.zeros(1)},
            "state of self-play: has an array 'strem', expected names, stream, "
            "players, markets and the learner's.",
        ),
        (
            {"names": np.array("one")},
            "state of self-play: it is of the players one, expected one, two.",
        ),
        (
            {"markets": np.array(0.0)},
            "state of self-play: markets has the shape () and the type float64, "
            "expected rows of the shape (4,) and the type float64. players has 1 "
            "generations, markets 0; expected as many.",
        ),
        (
            {"markets": np.zeros((1, 4), dtype=np.int64)},
            "state of self-play: markets has the shape (1, 4) and the type int64, "
            "expected rows of the shape (4,) and the type float64.",
        ),
        (
            {"markets": np.zeros((2, 4))},
            "state of self-play: players has 1 generations, markets 2; expected as "
            "many.",
        ),
        *(
            (
                {"stream": np.array(text)},
                "state of self-play: stream is not what get_state writes of a random "
                "stream.",
            )
            for text in ("{", "[]", "{}", *NO_STREAMS)
        ),
        (
            {"learner weights": None},
            "state of learner neuroevolution: has no array 'weights'.",
        ),
        (
            {"learner colour": np.zeros(1)},
            "state of learner neuroevolution: has an array 'colour', expected only "
            "['count', 'picks', 'progress', 'remembered', 'total', 'weights'].",
        ),
    ],
)
def test_states_that_are_none_are_refused_and_change_nothing(changes, message):
    play = play_of()
    play.run(1)
    state = play.get_state()
    play.run(1)
    before = bytes_of(play)
    state = {name: x for name, x in (state | changes).items() if x is not None}

    with pytest.raises(InvalidConfigError) as caught:
        play.set_state(state)

    assert str(caught.value) == message
    assert bytes_of(play) == before


def test_a_bar_with_price_and_markups_goes_to_standard_error(capsys):
    play = play_of()

    done = list(play.iterate(2))

    shown = capsys.readouterr()
    assert done == [1, 2]
    assert shown.out == ""
    text = shown.err.rsplit("\r", maxsplit=1)[-1]
    price = play.markets()["mean_price_per_kwh"][-1]
    one, two = play.players()["markup"][-2:]
    assert "2/2" in text
    assert f"price {price:.4g}, markups one {one:.4g} two {two:.4g}]" in text


def test_a_bar_names_the_first_five_players(capsys):
    units = [
        Offer.affine(f"u{at}", "a", p_max=0.02, p_min=0.01, q_max=50.0)
        for at in range(7)
    ]
    town = Bid.affine("town", "a", p_max=0.09, p_min=0.01, q_max=90.0)
    play = play_of(MarkupMarket(SPOT, CurveColumns.of([*units, town], SPOT)))

    play.run(1, progress=True)

    text = capsys.readouterr().err
    assert " u4 " in text
    assert " u5 " not in text
    assert text.rstrip().endswith("...]")


def test_without_progress_nothing_is_shown(capsys):
    play = play_of()

    assert list(play.iterate(2, progress=False)) == [1, 2]
    play.run(1)

    assert capsys.readouterr() == ("", "")


def test_a_caller_may_stop_between_generations(capsys):
    play = play_of()

    for generation in play.iterate(5):
        if generation == 2:
            break

    assert play.generation == 2
    whole = play_of()
    whole.run(2)
    assert bytes_of(play) == bytes_of(whole)
    assert "2/5" in capsys.readouterr().err


def test_runs_are_copied_whole():
    play = play_of(mesh_market())
    play.run(1)
    twin = copy.deepcopy(play)
    play.run(1)
    twin.run(1)

    assert bytes_of(twin) == bytes_of(play)
