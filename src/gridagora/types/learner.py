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


class ScalarLearner(Protocol):
    """Learns, for many players at once, which number of an interval pays best.

    The continuous sibling of ``Learner``: an action is a markup, a power, a price.

    Attributes:
        n_player: Number of players.
    """

    n_player: int

    def choose(
        self, rng: np.random.Generator, context: FloatArray | None = None
    ) -> FloatArray:
        """Return the action of each player for the next round.

        Args:
            rng: Where random numbers come from.
            context: What all players see of the round to come, e.g. the load of the
                hour. Shape ``(n_context,)``; ``None`` for nothing.

        Returns:
            Shape ``(n_player,)``.
        """
        ...

    def learn(self, action: FloatArray, reward: FloatArray, price: FloatArray) -> None:
        """Take in what each player's action brought.

        Args:
            action: What ``choose`` returned. Shape ``(n_player,)``.
            reward: What followed; NaN means that the player sat out and learns nothing.
                Shape ``(n_player,)``.
            price: The price that each player saw. Currency/kWh. Shape ``(n_player,)``.
        """
        ...
