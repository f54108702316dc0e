"""Which actions are as good as the best, rounding aside."""

import numpy as np

from gridagora.types.arrays import BoolArray, FloatArray, IntArray

_TIE = 1e-9


def best_actions(value: FloatArray) -> BoolArray:
    """Return which actions have the largest value of each player.

    Values within 1e-9 of the largest, relative to the player's largest size, count as
    equal to it: two awards that differ by rounding are worth the same.

    Args:
        value: ``inf`` and ``-inf`` are allowed. Shape ``(n_player, n_action)``.

    Example:
        >>> best_actions(np.array([[1.0, 3.0 - 1e-12, 3.0], [0.0, np.inf, 5.0]]))
        array([[False,  True,  True],
               [False,  True, False]])
    """
    size = np.where(np.isfinite(value), np.abs(value), 0.0).max(axis=1, keepdims=True)
    enough = value.max(axis=1, keepdims=True) - _TIE * size
    best: BoolArray = value >= enough
    return best


def first_best(value: FloatArray) -> IntArray:
    """Return the first of each player's best actions.

    Returns:
        Shape ``(n_player,)``.
    """
    action: IntArray = best_actions(value).argmax(axis=1)
    return action
