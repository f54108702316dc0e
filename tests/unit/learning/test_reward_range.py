import numpy as np

from gridagora.learning.reward_range import RewardRange


def test_the_width_is_the_highest_less_the_lowest_reward_of_each_player():
    seen = RewardRange(3)
    seen.take(np.array([0, 2]), np.array([5.0, -1.0]))
    seen.take(np.array([0, 2]), np.array([2.0, 7.0]))
    seen.take(np.array([0]), np.array([4.0]))
    assert seen.low.tolist() == [2.0, np.inf, -1.0]
    assert seen.high.tolist() == [5.0, -np.inf, 7.0]
    assert seen.width.tolist() == [3.0, 1.0, 8.0]


def test_equal_rewards_are_measured_by_1():
    seen = RewardRange(1)
    seen.take(np.array([0]), np.array([1000.0]))
    seen.take(np.array([0]), np.array([1000.0]))
    assert seen.width.tolist() == [1.0]


def test_rounding_is_no_width():
    seen = RewardRange(1)
    seen.take(np.array([0]), np.array([1000.0]))
    seen.take(np.array([0]), np.array([1000.0 - 1e-10]))
    assert seen.width.tolist() == [1.0]
    seen.take(np.array([0]), np.array([1000.001]))
    assert seen.width[0] == seen.high[0] - seen.low[0]


def test_a_given_width_stays():
    seen = RewardRange(2, 10.0)
    seen.take(np.array([0, 1]), np.array([0.0, 50.0]))
    assert seen.width.tolist() == [10.0, 10.0]
