"""What an agent needs of a learning algorithm."""

from typing import Protocol

import numpy as np

from gridagora.types.arrays import FloatArray, IntArray


class Learner(Protocol):
    """Learns, for many players at once, which of a few actions pays best.

    State is arrays with one row per player; players never see each other's.

    Attributes:
        n_player: Number of players.
        n_action: Number of actions of each.
    """

    n_player: int
    n_action: int

    def choose(self, rng: np.random.Generator) -> IntArray:
        """Return the action of each player for the next round. ``(n_player,)``."""
        ...

    def learn(self, action: IntArray, reward: FloatArray) -> None:
        """Take in what each player's action brought.

        Args:
            action: What each did. Shape ``(n_player,)``.
            reward: What followed; only its size against other rewards matters.
                Shape ``(n_player,)``.
        """
        ...

    def greedy(self) -> IntArray:
        """Return the action that each player now thinks best. ``(n_player,)``."""
        ...
