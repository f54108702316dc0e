from typing import Any

import numpy as np
import pytest

from gridagora.errors import InvalidActionError, InvalidConfigError
from gridagora.learning.roth_erev import RothErev

UNIT: dict[str, Any] = {"reward_size": 1.0}


def one(*experience, n_action=3, **parameters):
    """A player who has seen (action, reward), ..."""
    learner = RothErev(1, n_action, **parameters)
    for action, reward in experience:
        learner.learn(np.array([action]), np.array([float(reward)]))
    return learner


def test_a_reward_reinforces_its_action_and_the_others_are_forgotten_more_slowly():
    # Taken: (1 - 0.3) x 1 + (1 - 0.4) x 10 = 6.7; others (1 - 0.3 + 0.4 / 2) x 1 = 0.9.
    # Then action 0: 0.7 x 0.9 + 0.6 x -1 = 0.03; 0.9 x 6.7 and 0.9 x 0.9.
    settings = {"epsilon": 0.4, "recency": 0.3, **UNIT}
    first = one((1, 10), **settings)
    assert first.propensity[0] == pytest.approx([0.9, 6.7, 0.9])
    second = one((1, 10), (0, -1), **settings)
    assert second.propensity[0] == pytest.approx([0.03, 6.03, 0.81])


def test_proportional_choice_follows_propensities_and_none_below_zero():
    # 0.9, 6.7, 0.9 of 8.5 above; then action 1 loses: 0.7 x 6.7 - 0.6 x 10 < 0.
    settings = {"epsilon": 0.4, "recency": 0.3, **UNIT}
    policy = one((1, 10), **settings).policy[0]
    assert policy == pytest.approx([0.9 / 8.5, 6.7 / 8.5, 0.9 / 8.5])
    assert one((1, 10), (1, -10), **settings).policy[0] == pytest.approx([0.5, 0, 0.5])


def test_without_any_propensity_all_actions_are_equally_likely():
    assert one(start=0.0).policy[0] == pytest.approx([1 / 3] * 3)
    assert one((2, -4), start=0.0).policy[0] == pytest.approx([1 / 3] * 3)


def test_boltzmann_choice_cools_to_its_least_temperature():
    # Temperatures 8, 4, 2, then 1.5 instead of 1.
    cooling: dict[str, Any] = {"temperature": 8.0, "decay": 0.5} | UNIT
    cooling |= {"choice": "boltzmann", "least_temperature": 1.5}
    cooling |= {"recency": 0.0, "epsilon": 0.0}
    seen = [(0, 1)] * 3
    learners = [one(*seen[:n], n_action=2, **cooling) for n in range(4)]
    assert [each.temperature[0] for each in learners] == [8.0, 4.0, 2.0, 1.5]
    # Propensities 1 + n and 1: the odds are exp(n / temperature).
    odds = [each.policy[0, 0] / each.policy[0, 1] for each in learners]
    assert odds == pytest.approx(np.exp([0.0, 1 / 4, 2 / 2, 3 / 1.5]))


def test_the_start_is_in_the_size_of_the_largest_reward():
    # The reward -4 makes the size 4 and the start 4: 0.9 x 4 - 0.8 x 4 = 0.4 and
    # (0.9 + 0.1) x 4. The later reward 2 is no larger.
    learner = one((0, -4))
    assert learner.propensity[0] == pytest.approx([0.4, 4.0, 4.0])
    learner.learn(np.array([0]), np.array([2.0]))
    assert learner.propensity[0] == pytest.approx([0.9 * 0.4 + 0.8 * 2, 4.0, 4.0])
    # Nothing earned yet: the size counts as 1.
    assert one((0, 0)).propensity[0] == pytest.approx([0.9, 1.0, 1.0])


def test_players_draw_actions_as_often_as_their_policy_says():
    learner = RothErev(4000, 3, epsilon=0.4, recency=0.3, **UNIT)
    learner.learn(np.full(4000, 1), np.full(4000, 10.0))
    share = np.bincount(learner.choose(np.random.default_rng(1)), minlength=3) / 4000
    # Four standard deviations are below 0.03.
    assert share == pytest.approx([0.9 / 8.5, 6.7 / 8.5, 0.9 / 8.5], abs=0.03)


@pytest.mark.parametrize("choice", ["proportional", "boltzmann"])
def test_the_best_arm_is_found_by_nearly_all_players(choice):
    means = np.array([0.0, 0.5, 1.0, 1.5, 4.0])
    learner = RothErev(200, 5, choice=choice)
    draws, noise = np.random.default_rng(4), np.random.default_rng(3)
    for _ in range(1000):
        action = learner.choose(draws)
        learner.learn(action, noise.normal(means[action], 1.0))
    assert (learner.greedy() == 4).mean() >= 0.95


def test_greedy_is_the_first_of_the_likeliest():
    assert one().greedy().tolist() == [0]
    assert one((2, 3)).greedy().tolist() == [2]
    assert one((0, -3)).greedy().tolist() == [1]


def test_a_single_action_has_no_others_to_spare():
    learner = one((0, 5), n_action=1, epsilon=0.5, recency=0.1, **UNIT)
    assert learner.propensity.tolist() == [[pytest.approx(0.9 + 2.5)]]
    assert learner.choose(np.random.default_rng(1)).tolist() == [0]


def test_who_sits_out_learns_nothing():
    learner = RothErev(2, 2)
    learner.learn(np.array([1, 1]), np.array([2.0, np.nan]))
    assert learner.greedy().tolist() == [1, 0]
    assert learner.get_state()["count"].tolist() == [1, 0]
    assert learner.propensity[1].tolist() == [1.0, 1.0]


def test_parameters_out_of_range_are_refused_together():
    odd: dict[str, Any] = {"choice": "best", "temperature": 0.0, "start": -1.0}
    with pytest.raises(InvalidConfigError) as caught:
        RothErev(0, 2, epsilon=1.5, recency=-1.0, **odd)
    assert caught.value.what == "learner roth-erev"
    assert caught.value.faults == (
        "n_player is 0, expected a whole number >= 1.",
        "epsilon is 1.5, expected a finite number >= 0 and <= 1.",
        "recency is -1.0, expected a finite number >= 0 and <= 1.",
        "choice is 'best', expected 'proportional' or 'boltzmann'.",
        "temperature is 0.0, expected a finite number > 0.",
        "start is -1.0, expected a finite number >= 0.",
    )
    with pytest.raises(InvalidConfigError) as caught:
        RothErev(1, 2, decay=0.0, least_temperature=0.0, reward_size=-1.0)
    assert str(caught.value) == (
        "learner roth-erev: decay is 0.0, expected a finite number > 0 and <= 1. "
        "least_temperature is 0.0, expected a finite number > 0. reward_size is -1.0, "
        "expected a finite number > 0."
    )


def test_parameters_under_which_propensities_explode_are_refused():
    with pytest.raises(InvalidConfigError) as caught:
        RothErev(1, 4, epsilon=0.97, recency=0.04)
    assert str(caught.value) == (
        "learner roth-erev: epsilon is 0.97, expected at most n_action * recency, 0.16, "
        "for propensities would grow without bound."
    )


@pytest.mark.parametrize("choice", ["proportional", "boltzmann"])
def test_propensities_stay_bounded_up_to_that(choice):
    learner = RothErev(50, 4, epsilon=0.39, recency=0.1, choice=choice)
    rng = np.random.default_rng(1)
    for _ in range(3000):
        learner.learn(learner.choose(rng), np.ones(50))
    # On average the sum tends to 0.61 / (0.1 - 0.39 / 4) = 244 or less.
    assert learner.propensity.sum(axis=1).mean() < 2 * 244


def test_an_action_it_does_not_have_is_refused():
    with pytest.raises(InvalidActionError) as caught:
        one().learn(np.array([3]), np.array([1.0]))
    assert str(caught.value) == (
        "experience of learner roth-erev: player 0 took the action 3, expected 0 to 2."
    )


def test_a_state_is_taken_over_and_not_shared():
    learner = one((0, 1), (1, 3))
    other = RothErev(1, 3)
    other.set_state(learner.get_state())
    propensity = learner.propensity.tolist()
    learner.learn(np.array([2]), np.array([9.0]))
    assert other.propensity.tolist() == propensity
    assert other.greedy().tolist() == [1]
