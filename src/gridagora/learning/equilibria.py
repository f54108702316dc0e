"""Equilibria of games with few actions, by looking at all of them."""

import numpy as np

from gridagora.errors import InvalidActionError
from gridagora.types.arrays import BoolArray, FloatArray


def pure_equilibria(
    payoff: FloatArray, tolerance: float = 1e-9
) -> list[tuple[int, ...]]:
    """Return the joint actions from which no player gains by moving alone.

    Args:
        payoff: What each player gets in each joint action.
            Shape ``(n_action_0, ..., n_action_last, n_player)``.
        tolerance: Gain that does not count, in the unit of payoffs. >= 0.

    Returns:
        The pure Nash equilibria, one index per player in each, in the order of the
        first player's action, then the second's and so on; empty if there is none.

    Raises:
        InvalidActionError: The table does not have one axis per player and one column
            for each at its end, is not finite, or the tolerance is below 0.

    Source:
        Nash, Equilibrium points in n-person games, PNAS 36, 1950.

    Example:
        In the prisoners' dilemma both confess (1).

        >>> years = np.array([[[1, 1], [3, 0]], [[0, 3], [2, 2]]])
        >>> pure_equilibria(-years)
        [(1, 1)]
    """
    table = np.asarray(payoff, dtype=np.float64)
    _require_game(table, tolerance)
    n_player = table.ndim - 1
    stays: BoolArray = np.ones(table.shape[:-1], dtype=np.bool_)
    for player in range(n_player):
        own = table[..., player]
        stays &= own >= own.max(axis=player, keepdims=True) - tolerance
    return [tuple(joint) for joint in np.argwhere(stays).tolist()]


def _require_game(table: FloatArray, tolerance: float) -> None:
    faults = []
    if table.ndim < 2 or table.shape[-1] != table.ndim - 1 or table.size == 0:
        faults.append(
            f"the payoffs have the shape {table.shape}, expected one axis of actions "
            "for each player and then one of players."
        )
    if not np.isfinite(table).all():
        n_odd = int((~np.isfinite(table)).sum())
        faults.append(f"{n_odd} payoffs are not finite, expected none.")
    if not tolerance >= 0:
        faults.append(f"tolerance is {tolerance}, expected >= 0.")
    if faults:
        raise InvalidActionError("game", faults)
