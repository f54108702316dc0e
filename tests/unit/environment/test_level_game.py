from typing import Any

import numpy as np
import pytest

from gridagora.environment.level_game import (
    LevelGame,
    alternations,
    near_equilibrium,
    visits,
)
from gridagora.errors import InvalidActionError, InvalidConfigError
from gridagora.learning.epsilon_greedy import EpsilonGreedy
from gridagora.learning.exploitability import exploitability
from gridagora.learning.roth_erev import RothErev
from gridagora.markets.markup_market import MarkupMarket
from gridagora.types.network import Network
from gridagora.types.orders import Bid, CurveColumns, Offer


class Scripted:
    """Takes given actions in turn and notes what they brought."""

    def __init__(self, *actions, n_action=3):
        self.n_player, self.n_action = len(actions[0]), n_action
        self.actions = [np.array(each) for each in actions]
        self.rewards: list[list[float]] = []

    def choose(self, rng):
        return self.actions[len(self.rewards) % len(self.actions)]

    def learn(self, action, reward):
        self.rewards.append(reward.tolist())

    def greedy(self):
        return self.actions[0]


def sums(asked):
    """Everybody gets ten times what it asks, and what the others ask."""
    return 9.0 * asked + asked.sum(axis=1, keepdims=True)


def history_of(*runs):
    """A history of several runs; each is a list of joint actions."""
    action = np.array(runs).swapaxes(0, 1)
    place = np.indices(action.shape)
    return {
        "run": place[1].ravel(),
        "player": place[2].ravel(),
        "action": action.ravel(),
    }


def test_the_table_holds_every_joint_action_the_last_player_first():
    game = LevelGame(sums, [1.0, 2.0], n_player=2)
    assert (game.n_player, game.n_level) == (2, 2)
    assert game.table.tolist() == [[11, 11], [12, 21], [21, 12], [22, 22]]
    assert game.payoff(np.array([[1, 0], [0, 0]])).tolist() == [[21, 12], [11, 11]]
    assert game.payoff(np.zeros((0, 2), dtype=np.int64)).shape == (0, 2)


def test_players_may_have_levels_of_their_own():
    game = LevelGame(sums, [[1.0, 2.0], [5.0, 7.0]])
    assert game.asked(np.array([[1, 0], [0, 1]])).tolist() == [[2, 5], [1, 7]]
    assert game.payoff(np.array([[1, 0]])).tolist() == [[25, 52]]
    assert game.equilibria() == [(1, 1)]


def test_a_large_table_is_made_of_parts_of_a_few_thousand_joint_actions():
    sizes = []

    def counted(asked):
        sizes.append(len(asked))
        return sums(asked)

    game = LevelGame(counted, np.arange(9.0), n_player=4)
    assert sizes == [4096, 6561 - 4096]
    joint = np.random.default_rng(1).integers(9, size=(50, 4))
    assert np.array_equal(game.payoff(joint), sums(joint.astype(float)))


def test_rounding_makes_and_breaks_no_equilibrium():
    # The first player has 1e6 anyway, up to rounding: both of its actions are best.
    noise = np.array([[0.0, 1e-5], [2e-5, 0.0]])

    def profits(asked):
        one, two = asked.astype(int).T
        return np.stack([1e6 + noise[one, two], 3.0 - two], axis=1)

    game = LevelGame(profits, [0.0, 1.0], n_player=2)
    assert game.equilibria() == [(0, 0), (1, 0)]
    assert game.equilibria(tolerance=1e-7) == [(1, 0)]


def test_exploitability_takes_the_game():
    # Each gains 10 by asking 1 more.
    game = LevelGame(sums, [0.0, 1.0, 2.0], n_player=3)
    gains = exploitability(game.payoff, np.array([0, 1, 2]), game.n_level)
    assert gains.tolist() == [20.0, 10.0, 0.0]


@pytest.mark.parametrize("seed", range(12))
def test_equilibria_are_where_nobody_can_be_exploited(seed):
    prizes = np.random.default_rng(seed).integers(0, 4, (3, 3, 3, 3)).astype(float)

    def profits(asked):
        return prizes[tuple(asked.astype(int).T)]

    game = LevelGame(profits, [0.0, 1.0, 2.0], n_player=3)
    stable = [
        joint
        for joint in np.ndindex(3, 3, 3)
        if not exploitability(game.payoff, np.array(joint), 3).any()
    ]
    assert game.equilibria() == stable


def test_play_tells_the_learner_its_rewards_and_keeps_the_history():
    game = LevelGame(sums, [0.0, 1.0, 2.0], n_player=2)
    learner = Scripted([0, 1], [2, 2], [1, 0])
    history = game.play(learner, 5, np.random.default_rng(1), every=2)
    assert learner.rewards == [[1, 10], [22, 22], [10, 1], [1, 10], [22, 22]]
    assert {name: np.asarray(column).tolist() for name, column in history.items()} == {
        "round": [0, 0, 2, 2, 4, 4],
        "run": [0] * 6,
        "player": [0, 1] * 3,
        "action": [0, 1, 1, 0, 2, 2],
        "level": [0.0, 1.0, 1.0, 0.0, 2.0, 2.0],
        "reward": [1.0, 10.0, 10.0, 1.0, 22.0, 22.0],
    }


def test_several_runs_are_played_side_by_side():
    game = LevelGame(sums, [0.0, 1.0, 2.0], n_player=2)
    learner = Scripted([0, 1, 2, 2], [1, 0, 0, 0])
    history = game.play(learner, 2, np.random.default_rng(1))
    assert learner.rewards == [[1, 10, 22, 22], [10, 1, 0, 0]]
    assert np.asarray(history["run"]).tolist() == [0, 0, 1, 1] * 2
    assert np.asarray(history["reward"]).tolist() == [1, 10, 22, 22, 10, 1, 0, 0]


def test_runs_side_by_side_know_nothing_of_each_other():
    # Two runs on the draws of one: rows of the learner use rows of the draws.
    class Doubled:
        def __init__(self, rng):
            self.rng = rng

        def random(self, shape):
            return np.tile(self.rng.random((shape[0] // 2, *shape[1:])), (2, 1))

    game = LevelGame(sums, [0.0, 1.0, 2.0], n_player=2)
    both = EpsilonGreedy(4, 3, epsilon=0.4, step=0.3)
    one = EpsilonGreedy(2, 3, epsilon=0.4, step=0.3)
    doubled: Any = Doubled(np.random.default_rng(7))
    twice = np.asarray(game.play(both, 60, doubled)["action"]).reshape(60, 2, 2)
    once = game.play(one, 60, np.random.default_rng(7))["action"]
    assert np.array_equal(twice[:, 0], twice[:, 1])
    assert np.array_equal(twice[:, 0], np.asarray(once).reshape(60, 2))


def test_stateless_q_learning_is_epsilon_greedy_with_a_step_from_zero():
    game = LevelGame(lambda asked: 8.0 - asked, [0.0, 1.0, 2.0], n_player=1)
    learner = EpsilonGreedy(1, 3, epsilon=0.3, step=0.25, start=0.0)
    history = game.play(learner, 200, np.random.default_rng(3))
    value = np.zeros(3)
    for action in np.asarray(history["action"]).tolist():
        value[action] += 0.25 * ((8.0 - action) - value[action])
    assert learner.get_state()["value"][0] == pytest.approx(value)


def test_a_joint_action_is_near_what_one_player_can_leave():
    both = [(0, 3, 3), (3, 0, 3)]
    joint = [
        [0, 3, 3],
        [3, 0, 3],
        [1, 3, 3],
        [3, 0, 2],
        [3, 3, 3],
        [0, 0, 3],
        [1, 2, 3],
    ]
    assert near_equilibrium(np.array(joint), both).tolist() == [0, 1, 0, 1, -1, -1, -1]
    # Two players away is far, even if every other equilibrium is farther.
    assert near_equilibrium(np.array([[0, 2, 1]]), both).tolist() == [-1]
    # Who is at one is near it, though another is one step away.
    step = [(0, 0), (0, 1)]
    assert near_equilibrium(np.array([[0, 0], [0, 2]]), step).tolist() == [0, -1]


def test_play_is_where_more_than_half_of_the_rounds_of_a_window_are():
    # Two of four rounds are not more than half. What is left at the end is not seen.
    one, two, far = [0, 0, 0], [2, 2, 2], [0, 1, 2]
    run = [one, one, one, far, one, one, two, two, far, two, two, two, one]
    assert visits(history_of(run), [(0, 0, 0), (2, 2, 2)], window=4).tolist() == [
        [0, -1, 1]
    ]


def test_alternations_pass_over_windows_in_between_and_count_changes_only():
    one, two, far = [0, 0, 0], [2, 2, 2], [0, 1, 2]
    both = [(0, 0, 0), (2, 2, 2)]
    there_and_back = [one, far, one, two, far, far, two, one]
    never = [far, one, far, one, one, far, far, one]
    nowhere = [far] * 8
    history = history_of(there_and_back, never, nowhere)
    assert alternations(history, both, window=1).tolist() == [2, 0, 0]
    # Windows of two: none, none, none, none.
    assert alternations(history, both, window=2).tolist() == [0, 0, 0]
    assert alternations(history_of(there_and_back[2:4] * 3), both, window=1) == [5]


def test_levels_that_are_none_are_refused():
    with pytest.raises(InvalidConfigError) as caught:
        LevelGame(sums, [0.0, np.inf], n_player=0)
    assert str(caught.value) == (
        "level game: levels have the shape (2,) and 1 that are not finite, expected "
        "finite numbers, the same for all players or one row for each. n_player is 0, "
        "expected >= 1."
    )
    with pytest.raises(InvalidConfigError) as caught:
        LevelGame(sums, [0.0, 1.0])
    assert str(caught.value) == (
        "level game: levels are the same for all players; say how many: n_player."
    )
    with pytest.raises(InvalidConfigError) as caught:
        LevelGame(sums, [[0.0, 1.0]], n_player=2)
    assert str(caught.value) == (
        "level game: levels have 1 rows, expected n_player, 2."
    )


def test_too_many_joint_actions_are_refused_before_any_is_asked():
    def never(asked):
        raise AssertionError(asked)

    with pytest.raises(InvalidConfigError) as caught:
        LevelGame(never, np.arange(10.0), n_player=7)
    assert str(caught.value) == (
        "level game: 7 players with 10 levels have 10,000,000 joint actions, expected "
        "at most 1,000,000; take fewer levels, or raise most_joint."
    )
    with pytest.raises(InvalidConfigError):
        LevelGame(never, np.arange(3.0), n_player=2, most_joint=8)
    assert LevelGame(sums, np.arange(3.0), n_player=2, most_joint=9).n_level == 3


def test_profits_of_another_shape_or_not_finite_are_refused():
    with pytest.raises(InvalidActionError) as caught:
        LevelGame(lambda asked: asked[:, :1] * np.inf, [1.0, 2.0], n_player=2)
    assert str(caught.value) == (
        "level game: the profits of 4 joint actions have the shape (4, 1) and 4 that "
        "are not finite, expected (4, 2) and none."
    )


@pytest.mark.parametrize(
    ("joint", "found"),
    [
        ([[0, 3]], "actions from 0 to 3"),
        ([[-1, 0]], "actions from -1 to 0"),
        ([0, 1], "an array of int64 of the shape (2,)"),
        ([[0.0, 1.0]], "an array of float64 of the shape (1, 2)"),
    ],
)
def test_joint_actions_of_another_game_are_refused(joint, found):
    game = LevelGame(sums, [0.0, 1.0, 2.0], n_player=2)
    with pytest.raises(InvalidActionError) as caught:
        game.payoff(np.array(joint))
    assert str(caught.value) == (
        f"level game: joint actions are {found}, expected whole numbers from 0 to 2 in "
        "rows of 2 players."
    )


def test_a_learner_of_another_game_and_no_rounds_are_refused_together():
    game = LevelGame(sums, [0.0, 1.0, 2.0], n_player=2)
    with pytest.raises(InvalidConfigError) as caught:
        game.play(EpsilonGreedy(3, 3), 0, np.random.default_rng(1), every=0)
    assert str(caught.value) == (
        "level game: n_round is 0, expected >= 1. every is 0, expected >= 1. the "
        "learner has 3 players with 3 actions, expected 2 for each run, with 3."
    )
    with pytest.raises(InvalidConfigError, match="players with 4 actions"):
        game.play(EpsilonGreedy(2, 4), 1, np.random.default_rng(1))


def test_visits_that_cannot_be_counted_are_refused():
    history = history_of([[0, 1], [1, 0]])
    for window in (0, 3):
        with pytest.raises(InvalidConfigError) as caught:
            alternations(history, [(0, 1)], window=window)
        assert str(caught.value) == (
            f"equilibrium visits: window is {window}, expected 1 to the 2 rounds there "
            "are."
        )
    for equilibria, shown in (([], "[]"), ([(0, 1, 1)], "[(0, 1, 1)]")):
        with pytest.raises(InvalidConfigError) as caught:
            visits(history, equilibria, window=1)
        assert str(caught.value) == (
            f"equilibrium visits: equilibria are {shown}, expected at least one joint "
            "action of 2 players."
        )


def firm(name, bus, power_kw, worth):
    return Bid.affine(
        name, bus, p_max=worth, p_min=worth, q_max=power_kw, q_min=power_kw
    )


# The six-bus case of Wood and Wollenberg as PYPOWER has it (case6ww): from, to,
# reactance in pu, limit in MW.
SIX_BUS = [
    *[(1, 2, 0.20, 40), (1, 4, 0.20, 60), (1, 5, 0.30, 40), (2, 3, 0.25, 40)],
    *[(2, 4, 0.10, 60), (2, 5, 0.30, 30), (2, 6, 0.20, 90), (3, 5, 0.26, 70)],
    *[(3, 6, 0.10, 80), (4, 5, 0.40, 20), (5, 6, 0.30, 40)],
]


def six_bus(cost_per_mwh):
    """G1 and G2 play, are paid what they ask, and add a part of their cost."""
    start, end, reactance, limit_mw = zip(*SIX_BUS, strict=True)
    network = Network.from_table(
        {
            "from_bus": [str(bus) for bus in start],
            "to_bus": [str(bus) for bus in end],
            "reactance_pu": reactance,
            "limit_kw": [1e3 * limit for limit in limit_mw],
        }
    )
    units = [
        Offer.affine(f"G{at}", str(at), p_max=cost / 1e3, p_min=cost / 1e3, q_max=most)
        for at, cost, most in zip(
            (1, 2, 3), cost_per_mwh, (110e3, 110e3, 220e3), strict=True
        )
    ]
    loads = [firm(f"L{at}", str(at), 70e3, 1.0) for at in (4, 5, 6)]
    market = MarkupMarket(
        network,
        CurveColumns.of([*units, *loads], network),
        players={"G1": ["G1"], "G2": ["G2"]},
        relative=True,
        pays_bid=True,
    )
    return LevelGame(market.profits, [0.0, 0.1, 0.2, 0.3], n_player=2)


# Rewards of G1 and G2 as printed in Lincoln, Learning to trade power, PhD thesis,
# University of Strathclyde, chapter 5: rows by the markup of G2, columns by that of G1.
PRINTED_ONE = [
    [(0.0, 0.0), (40.0, 0.0), (80.0, 0.0), (120.0, 0.0)],
    [(0.0, 33.0), (40.0, 33.0), (80.0, 33.0), (120.0, 33.0)],
    [(0.0, 66.0), (40.0, 66.0), (80.0, 66.0), (120.0, 66.0)],
    [(0.0, 99.0), (40.0, 99.0), (80.0, 99.0), (120.0, 99.0)],
]
PRINTED_TWO = [
    [(0.0, 0.0), (51.0, 0.0), (0.0, 0.0), (0.0, 0.0)],
    [(0.0, 49.5), (51.0, 49.5), (0.0, 49.5), (0.0, 49.5)],
    [(0.0, 92.2), (51.0, 99.0), (0.0, 99.0), (0.0, 99.0)],
    [(0.0, 126.8), (54.8, 138.4), (0.0, 148.5), (0.0, 148.5)],
]


@pytest.mark.parametrize(
    ("cost_per_mwh", "printed", "equilibrium"),
    [((4.0, 3.0, 6.0), PRINTED_ONE, (3, 3)), ((5.1, 4.5, 6.0), PRINTED_TWO, (1, 3))],
)
def test_rewards_of_the_six_bus_case_are_those_printed(
    cost_per_mwh, printed, equilibrium
):
    game = six_bus(cost_per_mwh)
    rewards = game.table.reshape(4, 4, 2).swapaxes(0, 1)
    assert rewards.round(1).tolist() == np.array(printed).tolist()
    assert game.equilibria() == [equilibrium]


@pytest.mark.parametrize("learner", [EpsilonGreedy, RothErev])
def test_learners_find_the_one_equilibrium_of_the_first_six_bus_case(learner):
    # Whatever the other does, 30 % pays most: nobody can miss it.
    game = six_bus((4.0, 3.0, 6.0))
    players = learner(2 * 20, 4)
    game.play(players, 1000, np.random.default_rng(1))
    assert players.greedy().tolist() == [3] * 40


@pytest.fixture(scope="module")
def five_bus():
    """Three units, one weak line into the pocket of bus 5; markups 0 to 30 per MWh."""
    network = Network.from_table(
        {
            "from_bus": ["1", "2", "1", "3", "2", "4"],
            "to_bus": ["2", "3", "4", "4", "5", "5"],
            "reactance_pu": [0.1, 0.1, 0.1, 0.1, 0.1, 0.2],
            "limit_kw": [None, None, None, None, 100e3, None],
        }
    )
    orders: list[Bid | Offer] = []
    for name, bus, base, slope, most_mw in (
        ("G1", "1", 17.5, 0.02389093, 255),
        ("G2", "3", 17.5, 0.02389093, 255),
        ("G3", "5", 22.34341889, 0.0275, 260),
    ):
        prices = {"p_min": base / 1e3, "p_max": (base + slope * most_mw) / 1e3}
        orders.append(Offer.affine(name, bus, q_max=most_mw * 1e3, **prices))
    for bus, load_mw in (("2", 55), ("3", 55), ("4", 50), ("5", 340)):
        orders.append(firm(f"load {bus}", bus, load_mw * 1e3, 0.06))
    market = MarkupMarket(network, CurveColumns.of(orders, network))
    return LevelGame(market.profits, [0.0, 0.01, 0.02, 0.03], n_player=3)


BOTH = [(0, 3, 3), (3, 0, 3)]


def test_the_five_bus_case_has_two_equilibria(five_bus):
    assert five_bus.equilibria() == BOTH
    # At (0, 30, 30) G1 sells all its 255 MW at 49.077: (49.077 - 17.5) x 255 - 0.02389093
    # x 255^2 / 2 = 7275.3; G2 sells 66 MW at as much, G3 179 MW at 57.266.
    earned = five_bus.payoff(np.array(BOTH))
    assert earned[0] == pytest.approx([7275.33, 2032.03, 5810.56], abs=0.01)
    assert earned[1] == pytest.approx([2032.03, 7275.33, 5810.56], abs=0.01)


def test_how_often_q_learners_alternate_depends_on_exploration_and_step(five_bus):
    # Ten runs with three settings, 50 rounds a window; a tie between markups that pay
    # the same keeps some windows from counting.
    moves, places = [], []
    for epsilon, step in ((0.1, 0.3), (0.05, 0.05), (0.05, 0.01)):
        learner = EpsilonGreedy(3 * 10, 4, epsilon=epsilon, step=step, start=0.0)
        history = five_bus.play(learner, 10_000, np.random.default_rng(1))
        moves.append(alternations(history, BOTH, window=50))
        places.append(visits(history, BOTH, window=50)[:, 100:])
    assert moves[0].min() >= 10
    assert 0 < moves[1].sum() <= 15
    assert moves[2].sum() == 0
    # All keep returning to one of the two, and both are found.
    assert [(place >= 0).mean() > 0.7 for place in places] == [True] * 3
    assert [set(place.ravel().tolist()) >= {0, 1} for place in places] == [True] * 3
