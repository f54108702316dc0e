"""How far rewards spread, so that learners need not know how large they are."""

import numpy as np

from gridagora.types.arrays import FloatArray, IntArray

_ROUNDING = 1e-9


class RewardRange:
    """Width of the interval that each player's rewards lie in.

    Rewards are amounts of money of any size, and a consumer's hold a large constant,
    the worth of what it uses anyway. What matters is how much better one reward is
    than another, so a learner measures differences of rewards in widths. The width is
    given, or it is the highest less the lowest reward seen so far; unlike rewards that
    are divided as they come, what was learned under a smaller width stays right.

    Attributes:
        low: Lowest reward of each player, ``inf`` before any. Shape ``(n_player,)``.
        high: Highest reward, ``-inf`` before any. Shape ``(n_player,)``.

    Args:
        n_player: Number of players.
        given: The width for all players, > 0; ``None`` to find it.

    Example:
        >>> seen = RewardRange(2)
        >>> seen.take(np.array([0]), np.array([100.0]))
        >>> seen.take(np.array([0, 1]), np.array([104.0, 7.0]))
        >>> seen.width.tolist()
        [4.0, 1.0]
    """

    def __init__(self, n_player: int, given: float | None = None) -> None:
        self.low: FloatArray = np.full(n_player, np.inf)
        self.high: FloatArray = np.full(n_player, -np.inf)
        self._given = given

    @property
    def width(self) -> FloatArray:
        """Width of each player's rewards, 1 while all were equal but for rounding.

        In the unit of rewards. Shape ``(n_player,)``.
        """
        if self._given is not None:
            return np.full(self.low.shape, self._given)
        width = self.high - self.low  # -inf before any reward
        rounding = _ROUNDING * np.maximum(np.abs(self.low), np.abs(self.high))
        return np.where(width > rounding, width, 1.0)

    def take(self, rows: IntArray, reward: FloatArray) -> None:
        """Take note of the rewards of some players.

        Args:
            rows: Which players, each once. Shape ``(n_row,)``.
            reward: Their rewards, finite. Shape ``(n_row,)``.
        """
        self.low[rows] = np.minimum(self.low[rows], reward)
        self.high[rows] = np.maximum(self.high[rows], reward)
