import numpy as np
import pytest

from gridagora.errors import InvalidConfigError
from gridagora.learning.epsilon_greedy import EpsilonGreedy

RNG = np.random.default_rng(0)


def one(*experience, **parameters):
    """A player with three actions who has seen (action, reward), ..."""
    learner = EpsilonGreedy(1, 3, **parameters)
    for action, reward in experience:
        learner.learn(np.array([action]), np.array([float(reward)]))
    return learner


def values(learner):
    return learner.get_state()["value"][0].tolist()


def test_values_are_means_by_default():
    assert values(one((0, 2), (0, 4), (2, -1))) == [3.0, 0.0, -1.0]


def test_a_step_weighs_the_latest_reward():
    # The first reward is the value; then 2 + 0.25 x (4 - 2).
    assert values(one((0, 2), (0, 4), step=0.25)) == [2.5, 0.0, 0.0]


def test_a_start_is_moved_by_a_step_and_replaced_by_a_mean():
    assert values(one((0, 2), step=0.25, start=10.0)) == [8.0, 10.0, 10.0]
    assert values(one((0, 2), start=10.0)) == [2.0, 10.0, 10.0]


def test_a_high_start_makes_players_try_everything():
    learner = one(epsilon=0.0, start=10.0)
    taken = []
    for _ in range(4):
        action = learner.choose(RNG)
        taken.append(int(action[0]))
        learner.learn(action, -1.0 * action)
    assert taken == [0, 1, 2, 0]


def test_without_a_start_only_what_was_tried_is_thought_of():
    assert one().greedy().tolist() == [0]
    assert one((2, -5)).greedy().tolist() == [2]
    assert one((1, 3), (2, 3)).greedy().tolist() == [1]
    assert one((2, -5), start=0.0).greedy().tolist() == [0]


def test_exploration_fades_to_its_least():
    # 0.8, 0.4, 0.2, then 0.15 instead of 0.1.
    fading = {"epsilon": 0.8, "decay": 0.5, "least_epsilon": 0.15}
    seen = [(0, 1)] * 3
    faded = [one(*seen[:n], **fading).epsilon[0] for n in range(4)]
    assert faded == pytest.approx([0.8, 0.4, 0.2, 0.15])


def test_anything_is_tried_in_the_given_share_of_rounds():
    learner = EpsilonGreedy(4000, 4, epsilon=0.4)
    learner.learn(np.full(4000, 1), np.ones(4000))
    share = np.bincount(learner.choose(np.random.default_rng(1)), minlength=4) / 4000
    # 0.6 + 0.4 / 4 greedy, 0.1 each other; four standard deviations are below 0.03.
    assert share == pytest.approx([0.1, 0.7, 0.1, 0.1], abs=0.03)


def test_the_best_arm_is_found_whatever_the_seed():
    # As for the policy gradient: 200 players, all find it with these seeds.
    means = np.array([0.0, 0.5, 1.0, 1.5, 2.5])
    learner = EpsilonGreedy(200, 5)
    draws, noise = np.random.default_rng(4), np.random.default_rng(3)
    for _ in range(1000):
        action = learner.choose(draws)
        learner.learn(action, noise.normal(means[action], 1.0))
    assert (learner.greedy() == 4).mean() >= 0.99


def test_who_sits_out_learns_nothing():
    learner = EpsilonGreedy(2, 2, epsilon=0.5, decay=0.5)
    learner.learn(np.array([1, 1]), np.array([1.0, np.nan]))
    assert learner.greedy().tolist() == [1, 0]
    assert learner.epsilon.tolist() == [0.25, 0.5]


def test_parameters_out_of_range_are_refused_together():
    with pytest.raises(InvalidConfigError) as caught:
        EpsilonGreedy(
            -1, 2, epsilon=1.5, decay=0.0, least_epsilon=-1.0, step=2.0, start=np.nan
        )
    assert str(caught.value) == (
        "learner epsilon-greedy: n_player is -1, expected a whole number >= 1. epsilon "
        "is 1.5, expected a finite number >= 0 and <= 1. decay is 0.0, expected a "
        "finite number > 0 and <= 1. least_epsilon is -1.0, expected a finite number "
        ">= 0 and <= 1. step is 2.0, expected a finite number > 0 and <= 1. and 1 more"
    )
    assert caught.value.faults[5] == "start is nan, expected a finite number."


def test_a_state_is_taken_over_and_not_shared():
    learner = one((0, 1), (1, 3))
    other = EpsilonGreedy(1, 3)
    other.set_state(learner.get_state())
    learner.learn(np.array([2]), np.array([9.0]))
    assert other.greedy().tolist() == [1]
    assert values(other) == [1.0, 3.0, 0.0]
