# mypy: allow-untyped-defs, allow-untyped-calls
"""Laws of learners, whatever the algorithm."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridagora.learning.exploitability import exploitability
from gridagora.learning.policy_gradient import score, softmax
from gridagora.learning.registry import learner_class

VARIANTS = [
    ("ucb", {}),
    ("ucb", {"scale": 0.3, "ties": "random"}),
    ("policy-gradient", {"step": 0.7}),
    ("policy-gradient", {"baseline_step": 0.2}),
    ("epsilon-greedy", {"epsilon": 0.4, "decay": 0.9}),
    ("epsilon-greedy", {"epsilon": 0.4, "step": 0.3}),
    ("roth-erev", {}),
    ("roth-erev", {"choice": "boltzmann", "decay": 0.9, "recency": 0.3}),
]
N_ACTION = 4
variants = pytest.mark.parametrize(("name", "parameters"), VARIANTS)
few = settings(max_examples=25, deadline=None)


class Permuted:
    """A source of randomness that gives each player the draws of another."""

    def __init__(self, seed, order):
        self._rng, self._order = np.random.default_rng(seed), order

    def random(self, shape):
        return self._rng.random(shape)[self._order]


def rewards(draw_seed, n_round, n_player):
    """Coarse rewards, so that ties and equal rewards are common; some sit out."""
    table = np.random.default_rng(draw_seed).integers(-3, 4, (n_round, n_player, 4))
    reward = table.astype(np.float64)
    reward[np.random.default_rng(draw_seed + 1).random(reward.shape) < 0.1] = np.nan
    return reward


def play(learner, table, rng):
    """Play all rounds of a table of rewards; return the actions."""
    taken = []
    for row in table:
        action = learner.choose(rng)
        learner.learn(action, row[np.arange(action.size), action])
        taken.append(action)
    return np.array(taken).reshape(len(table), table.shape[1])


def same(one, other):
    return one.keys() == other.keys() and all(
        one[name].tobytes() == other[name].tobytes() for name in one
    )


@variants
@few
@given(st.integers(0, 999), st.integers(1, 4), st.integers(0, 30))
def test_a_run_that_stops_and_resumes_ends_with_the_same_bytes(
    name, parameters, seed, n_player, cut
):
    table = rewards(seed, 30, n_player)
    whole, first, second = (
        learner_class(name)(n_player, N_ACTION, **parameters) for _ in range(3)
    )
    rng = np.random.default_rng(seed)
    at_once = play(whole, table, rng)
    start, go_on = np.random.default_rng(seed), np.random.default_rng()
    before = play(first, table[:cut], start)
    second.set_state(first.get_state())
    go_on.bit_generator.state = start.bit_generator.state
    after = play(second, table[cut:], go_on)
    assert np.array_equal(np.concatenate([before, after]), at_once)
    assert same(second.get_state(), whole.get_state())


@variants
@few
@given(st.integers(0, 999), st.permutations(range(4)))
def test_players_in_another_order_do_and_learn_the_same(name, parameters, seed, order):
    table = rewards(seed, 25, 4)
    plain, permuted = (learner_class(name)(4, N_ACTION, **parameters) for _ in range(2))
    done = play(plain, table, Permuted(seed, np.arange(4)))
    moved = play(permuted, table[:, order], Permuted(seed, order))
    assert np.array_equal(moved, done[:, order])
    state = {key: array[order] for key, array in plain.get_state().items()}
    assert same(permuted.get_state(), state)


@variants
@few
@given(st.integers(0, 999), st.integers(0, 2))
def test_what_one_player_earns_never_moves_another(name, parameters, seed, at):
    table = rewards(seed, 25, 3)
    other = table.copy()
    other[:, at] = rewards(seed + 7, 25, 3)[:, at] * 100.0
    learners = [learner_class(name)(3, N_ACTION, **parameters) for _ in range(2)]
    done = [
        play(learner, each, np.random.default_rng(seed))
        for learner, each in zip(learners, (table, other), strict=True)
    ]
    rest = np.delete(np.arange(3), at)
    assert np.array_equal(done[0][:, rest], done[1][:, rest])
    states = [
        {key: array[rest] for key, array in learner.get_state().items()}
        for learner in learners
    ]
    assert same(*states)


@variants
@few
@given(st.integers(0, 999), st.integers(-20, 20))
def test_only_the_size_of_rewards_against_each_other_matters(
    name, parameters, seed, power
):
    table = rewards(seed, 30, 2)
    learners = [learner_class(name)(2, N_ACTION, **parameters) for _ in range(2)]
    done = [
        play(learner, each, np.random.default_rng(seed))
        for learner, each in zip(learners, (table, table * 2.0**power), strict=True)
    ]
    assert np.array_equal(done[0], done[1])


@few
@given(
    st.lists(st.floats(-3, 3), min_size=3, max_size=3),
    st.lists(st.integers(-5, 5), min_size=3, max_size=3),
    st.floats(-5, 5),
)
def test_the_mean_step_is_the_gradient_of_the_expected_reward(
    preference, reward, baseline
):
    h, q = np.array([preference]), np.array(reward, dtype=float)
    policy = softmax(h)[0]
    steps = [score(h, np.array([a]), np.array([q[a] - baseline]))[0] for a in range(3)]
    nudges = np.eye(3)[:, None, :] * 1e-5
    slope = [float((softmax(h + n)[0] - softmax(h - n)[0]) @ q) / 2e-5 for n in nudges]
    assert policy @ np.array(steps) == pytest.approx(slope, abs=1e-7)


@settings(max_examples=80, deadline=None)
@given(st.integers(1, 3), st.integers(1, 4), st.data())
def test_exploitability_is_that_of_brute_force(n_player, n_action, data):
    """All joint actions are tried, and those that differ by one player looked at."""
    size = (n_player, *[n_action] * n_player)
    seed = data.draw(st.integers(0, 9999))
    tables = np.random.default_rng(seed).integers(-4, 5, size).astype(np.float64)

    def payoff(joint):
        return np.stack([table[tuple(joint.T)] for table in tables], axis=1)

    everything = list(product(range(n_action), repeat=n_player))
    for action in everything:
        expected = np.zeros(n_player)
        for other in everything:
            moved = [p for p in range(n_player) if other[p] != action[p]]
            if len(moved) == 1:
                (p,) = moved
                gain = tables[p][other] - tables[p][action]
                expected[p] = max(expected[p], gain)
        found = exploitability(payoff, np.array(action), n_action)
        assert found.tolist() == expected.tolist()
