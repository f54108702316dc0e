import numpy as np
import pytest

from gridagora.errors import InvalidActionError
from gridagora.learning.equilibria import pure_equilibria


def of_two(rows, columns):
    return np.stack([np.array(rows), np.array(columns)], axis=-1)


def test_the_sexes_meet_at_either_place():
    table = of_two([[2, 0], [0, 1]], [[1, 0], [0, 2]])
    assert pure_equilibria(table) == [(0, 0), (1, 1)]


def test_matching_pennies_have_none():
    match = [[1, -1], [-1, 1]]
    assert pure_equilibria(of_two(match, -np.array(match))) == []


def test_players_may_have_different_numbers_of_actions():
    # The row player's second row is best against all; then the third column.
    assert pure_equilibria(of_two([[0, 0, 0], [1, 1, 1]], [[9, 0, 0], [1, 2, 3]])) == [
        (1, 2)
    ]


def test_three_players_by_hand():
    # Each gets 1 if it alone does 1, else 0: exactly one may stand out, or whoever does
    # is not the only one: with two or three doing 1 nobody gains by leaving either.
    joint = np.stack(np.meshgrid([0, 1], [0, 1], [0, 1], indexing="ij"), axis=-1)
    table = np.where((joint == 1) & (joint.sum(axis=-1, keepdims=True) == 1), 1.0, 0.0)
    assert pure_equilibria(table) == [
        (0, 0, 1), (0, 1, 0), (0, 1, 1), (1, 0, 0), (1, 0, 1), (1, 1, 0), (1, 1, 1),
    ]  # fmt: skip


def test_gains_within_the_tolerance_do_not_count():
    table = of_two([[1.0], [1.0 + 1e-6]], [[0], [0]])
    assert pure_equilibria(table) == [(1, 0)]
    assert pure_equilibria(table, tolerance=1e-5) == [(0, 0), (1, 0)]


def test_one_player_does_what_pays_most():
    assert pure_equilibria(np.array([[1.0], [3.0], [3.0]])) == [(1,), (2,)]


def test_what_is_no_game_is_refused():
    with pytest.raises(InvalidActionError) as caught:
        pure_equilibria(np.full((2, 2, 3), np.nan), tolerance=-1.0)
    assert str(caught.value) == (
        "game: the payoffs have the shape (2, 2, 3), expected one axis of actions for "
        "each player and then one of players. 12 payoffs are not finite, expected none. "
        "tolerance is -1.0, expected >= 0."
    )


@pytest.mark.parametrize("shape", [(), (3,), (0, 1), (2, 0, 2)])
def test_a_game_has_players_and_actions(shape):
    with pytest.raises(InvalidActionError, match="expected one axis of actions"):
        pure_equilibria(np.zeros(shape))
