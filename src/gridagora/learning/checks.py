"""What every learner checks: its parameters, its experience and a state it is given."""

from collections.abc import Mapping
from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gridagora.errors import InvalidActionError, InvalidConfigError
from gridagora.types.arrays import FloatArray, IntArray

State = Mapping[str, NDArray[Any]]
"""All that a learner has learned, as arrays with one row per player."""


def whole_fault(name: str, value: object, *, least: int = 1) -> list[str]:
    """Return the fault of a parameter that should be a whole number, if it has one."""
    sound = isinstance(value, Integral) and not isinstance(value, bool)
    if sound and int(value) >= least:  # type: ignore[call-overload]  # checked above
        return []
    return [f"{name} is {value!r}, expected a whole number >= {least}."]


def number_fault(
    name: str, value: object, low: float, high: float, *, above_low: bool = False
) -> list[str]:
    """Return the fault of a parameter that should be in a range, if it has one.

    Args:
        name: Of the parameter.
        value: As given.
        low: Least value that is sound.
        high: Most value that is sound; ``inf`` means any finite number.
        above_low: Whether ``low`` itself is not sound.
    """
    if isinstance(value, Real) and not isinstance(value, bool):
        number = float(value)
        enough = number > low if above_low else number >= low
        if enough and number <= high and number < np.inf:
            return []
    least = "" if low == -np.inf else f" {'>' if above_low else '>='} {low:g}"
    most = "" if high == np.inf else f" and <= {high:g}"
    return [f"{name} is {value!r}, expected a finite number{least}{most}."]


def require_no_faults(learner: str, faults: list[str]) -> None:
    """Refuse parameters with faults.

    Raises:
        InvalidConfigError: There is a fault; it lists all.
    """
    if faults:
        raise InvalidConfigError(f"learner {learner}", faults)


def players_that_learn(
    learner: str, action: IntArray, reward: FloatArray, shape: tuple[int, int]
) -> IntArray:
    """Return the players with a reward; NaN means that a player sat out.

    Args:
        learner: Name, for messages.
        action: What each player did. Shape ``(n_player,)``.
        reward: What it brought. Shape ``(n_player,)``.
        shape: Number of players, number of actions.

    Returns:
        Rows, rising.

    Raises:
        InvalidActionError: The columns do not have one entry per player, a reward is
            infinite, or an action is none of the learner's.
    """
    n_player, n_action = shape
    faults = [
        f"{name} has the shape {column.shape}, expected {(n_player,)}."
        for name, column in (("action", action), ("reward", reward))
        if column.shape != (n_player,)
    ]
    if action.dtype.kind != "i":
        faults.append(f"action has the type {action.dtype}, expected whole numbers.")
    if not faults:
        rows = np.flatnonzero(~np.isnan(reward))
        given, got = action[rows], reward[rows]
        faults = [
            f"player {row} got the reward {reward[row]}, expected a finite number, or "
            "NaN for who sat out."
            for row in rows[np.isinf(got)]
        ] + [
            f"player {row} took the action {action[row]}, expected 0 to {n_action - 1}."
            for row in rows[(given < 0) | (given >= n_action)]
        ]
        if not faults:
            return rows
    raise InvalidActionError(f"experience of learner {learner}", faults)


def checked_state(learner: str, state: State, like: State) -> dict[str, NDArray[Any]]:
    """Return copies of a state's arrays, which must look like those of another.

    Args:
        learner: Name, for messages.
        state: As given.
        like: A state of the right names, shapes and types.

    Raises:
        InvalidConfigError: An array is missing or unknown, has another shape or type,
            or holds NaN or a negative count.
    """
    faults = [f"has no array {name!r}." for name in like if name not in state]
    faults += [
        f"has an array {name!r}, expected only {sorted(like)}."
        for name in state
        if name not in like
    ]
    for name, wanted in like.items():
        if name in state:
            faults += _array_faults(name, np.asarray(state[name]), wanted)
    if faults:
        raise InvalidConfigError(f"state of learner {learner}", faults)
    return {name: np.array(state[name], dtype=like[name].dtype) for name in like}


def _array_faults(name: str, given: NDArray[Any], wanted: NDArray[Any]) -> list[str]:
    if given.shape != wanted.shape:
        return [f"{name} has the shape {given.shape}, expected {wanted.shape}."]
    if not np.can_cast(given.dtype, wanted.dtype, casting="safe"):
        return [f"{name} has the type {given.dtype}, expected {wanted.dtype}."]
    if np.isnan(given).any():
        return [f"{name} holds NaN, expected numbers."]
    if wanted.dtype.kind == "i" and (given < 0).any():
        return [f"{name} holds {given.min()}, expected counts >= 0."]
    return []
