"""What a learner of scalars checks: the bounds of its actions and its experience."""

import numpy as np
from numpy.typing import ArrayLike

from gridagora.errors import InvalidActionError
from gridagora.types.arrays import FloatArray

_EXPERIENCE = ("action", "reward", "price")


def player_column(
    name: str, given: ArrayLike, n_player: int, faults: list[str]
) -> FloatArray:
    """Return one number per player, and add what is wrong with it to the faults.

    Args:
        name: Of the parameter.
        given: One number for all, or one for each.
        n_player: Number of players.
        faults: Takes what is wrong.

    Returns:
        Shape ``(n_player,)``; zeros if there is a fault.
    """
    column = np.asarray(given, dtype=np.float64)
    if column.shape not in ((), (n_player,)):
        faults.append(
            f"{name} has the shape {column.shape}, expected one number, or one for "
            f"each of {n_player} players."
        )
    elif not np.isfinite(column).all():
        faults.append(f"{name} is {column.tolist()}, expected finite numbers.")
    else:
        return np.full(n_player, column)
    return np.zeros(n_player)


def bound_faults(low: FloatArray, high: FloatArray) -> list[str]:
    """Return the faults of players with nothing between their bounds."""
    return [
        f"the bounds of player {k} are reversed: low is {low[k]:g} and high is "
        f"{high[k]:g}, expected low < high."
        if low[k] > high[k]
        else f"player {k} has nothing to choose: low and high are both {low[k]:g}, "
        "expected low < high."
        for k in np.flatnonzero(low >= high).tolist()
    ]


def level_faults(levels: FloatArray, low: FloatArray, high: FloatArray) -> list[str]:
    """Return the faults of a list of actions, which must rise within all bounds."""
    listed = levels.ndim == 1 and levels.size > 0 and bool(np.isfinite(levels).all())
    if not listed or (np.diff(levels) <= 0).any():
        return [f"levels is {levels.tolist()}, expected finite numbers, rising."]
    return [
        f"levels go from {levels[0]:g} to {levels[-1]:g}, expected them within the "
        f"bounds of player {k}, {low[k]:g} and {high[k]:g}."
        for k in np.flatnonzero((levels[0] < low) | (levels[-1] > high)).tolist()
    ]


def scalar_experience(
    learner: str, given: tuple[ArrayLike, ArrayLike, ArrayLike], n_player: int
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return action, reward and price of each player as columns of numbers.

    Args:
        learner: Name, for messages.
        given: Action, reward and price; NaN as the reward of a player who sat out.
        n_player: Number of players.

    Raises:
        InvalidActionError: Not one of each for each player, finite but for those of
            players who sat out; lists all faults.
    """
    action, reward, price = (np.asarray(column, dtype=np.float64) for column in given)
    columns = dict(zip(_EXPERIENCE, (action, reward, price), strict=True))
    faults = [
        f"{name} has the shape {column.shape}, expected {(n_player,)}."
        for name, column in columns.items()
        if column.shape != (n_player,)
    ]
    if not faults:
        played = ~np.isnan(reward)
        faults = [
            f"player {k} has the {name} {column[k]}, expected a finite number, or NaN "
            "as the reward of who sat out."
            for name, column in columns.items()
            for k in np.flatnonzero(played & ~np.isfinite(column)).tolist()
        ]
    if faults:
        raise InvalidActionError(f"experience of learner {learner}", faults)
    return action, reward, price
