import numpy as np
import pytest

from gridagora.errors import InvalidConfigError
from gridagora.learning.policy_gradient import PolicyGradient, score, softmax


def learned(learner, *experience):
    for action, reward in experience:
        learner.learn(np.array([action]), np.array([float(reward)]))
    return learner


def test_the_first_steps_by_hand():
    # Reward 5 sets the baseline and changes nothing. Reward 7 of action 1 is 2 above
    # it, the whole width: h moves by step x 1 x (0 - 1/2, 1 - 1/2) = (-1/2, 1/2), the
    # baseline becomes 6. Reward 4 of action 0 is 2 below, of a width of 3: with
    # pi_0 = 1 / (1 + e) = 0.268941, h_0 falls by 2/3 x 0.731059 = 0.487373.
    learner = PolicyGradient(1, 2, step=1.0)
    assert learned(learner, (0, 5)).get_state()["preference"].tolist() == [[0.0, 0.0]]
    learned(learner, (1, 7))
    assert learner.get_state()["preference"].tolist() == [[-0.5, 0.5]]
    assert learner.get_state()["baseline"].tolist() == [6.0]
    learned(learner, (0, 4))
    assert learner.get_state()["preference"][0] == pytest.approx(
        [-0.987373, 0.987373], abs=1e-6
    )
    assert learner.get_state()["baseline"] == pytest.approx([16 / 3])


def test_a_given_range_and_baseline_step():
    # (7 - 5) / 4 x step 0.5 = 1/4, times 1/2; baseline 5 + 0.25 x 2.
    learner = PolicyGradient(1, 2, step=0.5, baseline_step=0.25, reward_range=4.0)
    learned(learner, (0, 5), (1, 7))
    assert learner.get_state()["preference"].tolist() == [[-0.125, 0.125]]
    assert learner.get_state()["baseline"].tolist() == [5.5]


def test_the_mean_step_is_the_gradient_of_the_expected_reward():
    # Central differences of J(h) = sum pi_a q_a; the baseline drops out of the mean.
    preference = np.array([[0.3, -1.2, 0.8, 0.0]])
    reward = np.array([2.0, -1.0, 0.5, 4.0])
    policy = softmax(preference)[0]
    mean_step = sum(
        policy[action]
        * score(preference, np.array([action]), np.array([reward[action] - 1.7]))[0]
        for action in range(4)
    )
    for at in range(4):
        nudge = np.zeros((1, 4))
        nudge[0, at] = 1e-5
        up = softmax(preference + nudge)[0] @ reward
        down = softmax(preference - nudge)[0] @ reward
        assert mean_step[at] == pytest.approx((up - down) / 2e-5, abs=1e-9)


def test_actions_are_drawn_by_the_policy():
    learner = PolicyGradient(4000, 3)
    state = {**learner.get_state(), "preference": np.log([[0.5, 0.2, 0.3]] * 4000)}
    learner.set_state(state)
    assert learner.policy[0] == pytest.approx([0.5, 0.2, 0.3])
    share = np.bincount(learner.choose(np.random.default_rng(1)), minlength=3) / 4000
    # Four standard deviations of a share of 1/2 are 4 x 0.5 / sqrt(4000) = 0.032.
    assert share == pytest.approx([0.5, 0.2, 0.3], abs=0.032)


def test_the_best_arm_is_found_whatever_the_seed():
    # Normal rewards of standard deviation 1, means 0 to 2.5; 200 players, 1000 rounds
    # each. All prefer the best arm in the end (with these seeds), and play it at least
    # nine times out of ten (the least: 0.96).
    means = np.array([0.0, 0.5, 1.0, 1.5, 2.5])
    learner = PolicyGradient(200, 5, step=0.2)
    draws, noise = np.random.default_rng(4), np.random.default_rng(3)
    for _ in range(1000):
        action = learner.choose(draws)
        learner.learn(action, noise.normal(means[action], 1.0))
    assert (learner.greedy() == 4).mean() >= 0.99
    assert learner.policy[:, 4].min() > 0.9


def test_greedy_is_the_likeliest_and_the_first_among_equals():
    assert PolicyGradient(1, 3).greedy().tolist() == [0]
    learner = learned(PolicyGradient(1, 3), (0, 1), (2, 4))
    assert learner.greedy().tolist() == [2]


def test_who_sits_out_learns_nothing():
    learner = PolicyGradient(2, 2)
    learner.learn(np.array([0, 0]), np.array([1.0, np.nan]))
    learner.learn(np.array([1, 0]), np.array([3.0, np.nan]))
    assert learner.policy[0, 1] > 0.5
    assert learner.policy[1].tolist() == [0.5, 0.5]
    assert learner.get_state()["count"].tolist() == [2, 0]


def test_large_preferences_do_not_overflow():
    assert softmax(np.array([[2000.0, 0.0]])).tolist() == [[1.0, 0.0]]


def test_parameters_out_of_range_are_refused_together():
    with pytest.raises(InvalidConfigError) as caught:
        PolicyGradient(1, 0, step=0.0, baseline_step=1.5, reward_range=-1.0)
    assert str(caught.value) == (
        "learner policy-gradient: n_action is 0, expected a whole number >= 1. step is "
        "0.0, expected a finite number > 0. baseline_step is 1.5, expected a finite "
        "number > 0 and <= 1. reward_range is -1.0, expected a finite number > 0."
    )


def test_a_state_is_taken_over_and_not_shared():
    learner = learned(PolicyGradient(1, 2), (0, 1), (1, 3))
    other = PolicyGradient(1, 2)
    other.set_state(learner.get_state())
    before = other.policy
    learned(learner, (1, 9))
    assert np.array_equal(other.policy, before)
    learned(other, (1, 9))
    assert np.array_equal(other.policy, learner.policy)
