import numpy as np
import pytest

from gridagora.errors import InvalidActionError
from gridagora.learning.scalar_checks import (
    bound_faults,
    level_faults,
    player_column,
    scalar_experience,
)


def test_one_number_serves_all_players():
    faults: list[str] = []
    assert player_column("low", 2, 3, faults).tolist() == [2.0, 2.0, 2.0]
    assert player_column("low", [1, 2], 2, faults).tolist() == [1.0, 2.0]
    assert faults == []


def test_a_column_is_a_copy():
    given = np.array([1.0, 2.0])
    player_column("low", given, 2, [])[0] = 5.0
    assert given.tolist() == [1.0, 2.0]


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        (
            [1.0, 2.0, 3.0],
            "low has the shape (3,), expected one number, or one for each of 2 players.",
        ),
        ([1.0, np.nan], "low is [1.0, nan], expected finite numbers."),
        (np.inf, "low is inf, expected finite numbers."),
    ],
)
def test_what_is_no_column_of_numbers_is_a_fault(given, fault):
    faults = ["another."]
    assert player_column("low", given, 2, faults).tolist() == [0.0, 0.0]
    assert faults == ["another.", fault]


def test_bounds_must_leave_something_to_choose():
    low, high = np.array([0.0, 30.0, 5.0]), np.array([1.0, 0.0, 5.0])
    assert bound_faults(low, high) == [
        "the bounds of player 1 are reversed: low is 30 and high is 0, expected low < "
        "high.",
        "player 2 has nothing to choose: low and high are both 5, expected low < high.",
    ]


@pytest.mark.parametrize("levels", [[], [1.0, 1.0], [2.0, 1.0], [[1.0]], [0.0, np.inf]])
def test_levels_rise(levels):
    assert level_faults(np.array(levels), np.zeros(1), np.ones(1)) == [
        f"levels is {levels}, expected finite numbers, rising."
    ]


def test_levels_keep_within_the_bounds_of_all():
    levels = np.array([0.0, 10.0, 20.0])
    low, high = np.array([0.0, 5.0, 0.0]), np.array([20.0, 30.0, 15.0])
    assert level_faults(levels, low, high) == [
        "levels go from 0 to 20, expected them within the bounds of player 1, 5 and 30.",
        "levels go from 0 to 20, expected them within the bounds of player 2, 0 and 15.",
    ]
    assert level_faults(levels, low[:1], high[:1]) == []


def test_experience_comes_back_as_columns_of_numbers():
    action, reward, price = scalar_experience(
        "x", ([1, 2], [3, np.nan], [4, np.nan]), 2
    )
    assert action.dtype == np.float64
    assert action.tolist() == [1.0, 2.0]
    assert (reward[0], price[0]) == (3.0, 4.0)


def test_experience_of_other_shapes_is_refused():
    with pytest.raises(InvalidActionError) as caught:
        scalar_experience("x", (1.0, [1.0, 2.0], [1.0, 2.0, 3.0]), 2)
    assert str(caught.value) == (
        "experience of learner x: action has the shape (), expected (2,). price has the "
        "shape (3,), expected (2,)."
    )


def test_experience_that_is_not_finite_is_refused():
    with pytest.raises(InvalidActionError) as caught:
        scalar_experience("x", ([1.0, np.nan], [np.inf, 2.0], [1.0, np.nan]), 2)
    assert str(caught.value) == (
        "experience of learner x: player 1 has the action nan, expected a finite "
        "number, or NaN as the reward of who sat out. player 0 has the reward inf, "
        "expected a finite number, or NaN as the reward of who sat out. player 1 has "
        "the price nan, expected a finite number, or NaN as the reward of who sat out."
    )
