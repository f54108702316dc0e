import numpy as np
import pytest

from gridagora.errors import InvalidActionError, InvalidConfigError
from gridagora.learning.checks import (
    checked_state,
    number_fault,
    players_that_learn,
    require_no_faults,
    whole_fault,
)

SHAPE = (3, 2)


def actions(*taken):
    return np.array(taken, dtype=np.int64)


@pytest.mark.parametrize("value", [0, -3, 1.5, "2", None, True])
def test_what_is_not_a_count_is_a_fault(value):
    assert whole_fault("n_player", value) == [
        f"n_player is {value!r}, expected a whole number >= 1."
    ]


@pytest.mark.parametrize("value", [1, 7, np.int64(2)])
def test_a_count_is_no_fault(value):
    assert whole_fault("n_player", value) == []


@pytest.mark.parametrize("value", [0.0, 1.0, 1, 0.5, np.float64(0.25)])
def test_a_number_within_its_range_is_no_fault(value):
    assert number_fault("epsilon", value, 0.0, 1.0) == []


@pytest.mark.parametrize("value", [-0.1, 1.1, np.nan, np.inf, "0.5", None, False])
def test_a_number_outside_its_range_is_a_fault(value):
    assert number_fault("epsilon", value, 0.0, 1.0) == [
        f"epsilon is {value!r}, expected a finite number >= 0 and <= 1."
    ]


def test_open_and_endless_ranges_are_said_as_they_are():
    assert number_fault("step", 0.0, 0.0, np.inf, above_low=True) == [
        "step is 0.0, expected a finite number > 0."
    ]
    assert number_fault("step", 1e-9, 0.0, np.inf, above_low=True) == []
    assert number_fault("start", np.inf, -np.inf, np.inf, above_low=True) == [
        "start is inf, expected a finite number."
    ]
    assert number_fault("start", -5.0, -np.inf, np.inf, above_low=True) == []


def test_faults_of_parameters_are_raised_together():
    require_no_faults("ucb", [])
    with pytest.raises(InvalidConfigError) as caught:
        require_no_faults("ucb", ["This.", "That."])
    assert str(caught.value) == "learner ucb: This. That."


def test_players_without_a_reward_sat_out():
    reward = np.array([1.0, np.nan, 0.0])
    assert players_that_learn("ucb", actions(0, -1, 1), reward, SHAPE).tolist() == [
        0,
        2,
    ]


def test_experience_of_the_wrong_shape_or_type_is_refused():
    with pytest.raises(InvalidActionError) as caught:
        players_that_learn("ucb", np.zeros((3, 1)), np.zeros(2), SHAPE)  # type: ignore[arg-type]  # refused
    assert str(caught.value) == (
        "experience of learner ucb: action has the shape (3, 1), expected (3,). "
        "reward has the shape (2,), expected (3,). action has the type float64, "
        "expected whole numbers."
    )


def test_experience_that_cannot_be_is_refused():
    with pytest.raises(InvalidActionError) as caught:
        players_that_learn("ucb", actions(2, -1, 0), np.array([0, 0, np.inf]), SHAPE)
    assert str(caught.value) == (
        "experience of learner ucb: player 2 got the reward inf, expected a finite "
        "number, or NaN for who sat out. player 0 took the action 2, expected 0 to 1. "
        "player 1 took the action -1, expected 0 to 1."
    )


LIKE = {"mean": np.zeros((1, 2)), "count": np.zeros(2, dtype=np.int64)}


def test_a_state_is_copied():
    given = {"mean": np.array([[1.0, np.inf]]), "count": np.array([1, 2])}
    taken = checked_state("ucb", given, LIKE)
    given["mean"][:] = 0.0
    assert taken["mean"].tolist() == [[1.0, np.inf]]
    assert taken["count"].dtype == np.int64


def test_a_state_of_another_learner_is_refused():
    with pytest.raises(InvalidConfigError) as caught:
        checked_state("ucb", {"count": np.zeros(3, int), "value": np.zeros(1)}, LIKE)
    assert str(caught.value) == (
        "state of learner ucb: has no array 'mean'. has an array 'value', expected "
        "only ['count', 'mean']. count has the shape (3,), expected (2,)."
    )


@pytest.mark.parametrize(
    ("name", "array", "fault"),
    [
        ("count", np.zeros(2), "count has the type float64, expected int64."),
        ("mean", np.full((1, 2), np.nan), "mean holds NaN, expected numbers."),
        ("count", np.array([3, -1]), "count holds -1, expected counts >= 0."),
    ],
)
def test_arrays_that_no_learner_can_have_are_refused(name, array, fault):
    with pytest.raises(InvalidConfigError) as caught:
        checked_state("ucb", {**LIKE, name: array}, LIKE)
    assert str(caught.value) == f"state of learner ucb: {fault}"
