import numpy as np

from gridagora.learning.ties import best_actions, first_best


def test_values_that_differ_by_rounding_are_equally_good():
    value = np.array([[2.0, 2.0 + 4e-16, 1.0], [2.0, 2.0 + 1e-8, 1.0]])
    assert best_actions(value).tolist() == [[True, True, False], [False, True, False]]
    assert first_best(value).tolist() == [0, 1]


def test_rounding_is_measured_by_the_players_own_values():
    # 1e-10 is rounding beside 1000 and much beside 1e-9.
    value = np.array([[1e3, 1e3 + 1e-10], [1e-9, 1.1e-9]])
    assert first_best(value).tolist() == [0, 1]


def test_infinite_values_are_compared_as_they_are():
    value = np.array([[1.0, np.inf, np.inf], [-np.inf, -3.0, -np.inf]])
    assert best_actions(value).tolist() == [[False, True, True], [False, True, False]]
    assert first_best(np.full((1, 2), -np.inf)).tolist() == [0]
