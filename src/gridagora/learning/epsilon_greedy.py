"""Epsilon-greedy: do what paid best so far, and now and then anything."""

from typing import final

import numpy as np

from gridagora.learning.checks import (
    State,
    checked_state,
    number_fault,
    players_that_learn,
    require_no_faults,
    whole_fault,
)
from gridagora.learning.ties import first_best
from gridagora.types.arrays import FloatArray, IntArray

_NAME = "epsilon-greedy"


@final
class EpsilonGreedy:
    """Action values for many players at once, and exploration that fades.

    With the probability ``max(least_epsilon, epsilon * decay ** rounds)`` a player
    takes any action, each equally likely; otherwise the one of the highest value, of
    the lowest index among equals. ``rounds`` counts what the player has learned from.

    Every round draws two numbers per player, in one array: row ``k`` of the learner
    uses its row ``k``, and players know nothing of each other.

    Attributes:
        n_player: Number of players.
        n_action: Number of actions of each.

    Args:
        n_player: As above.
        n_action: As above.
        epsilon: Share of rounds in which anything is tried, in [0, 1].
        decay: Factor on ``epsilon`` from round to round, in (0, 1].
        least_epsilon: What ``epsilon`` does not fall below, in [0, 1].
        step: Weight of each new reward in an action's value, in (0, 1]; ``None`` for
            the plain mean of all. A weight forgets, for a world that changes.
        start: Value of an action before it was tried; above all rewards it makes
            players try everything first. With ``None`` such an action is only found
            by trying anything, and an action's first reward is its value.

    Raises:
        InvalidConfigError: A parameter is out of its range; lists all.

    Source:
        Sutton and Barto, Reinforcement Learning, 2nd edition, 2018, sections 2.2 to
        2.6.

    Example:
        >>> learner = EpsilonGreedy(1, 3, epsilon=0.0)
        >>> learner.learn(np.array([2]), np.array([-5.0]))
        >>> learner.choose(np.random.default_rng(1)).tolist()
        [2]
    """

    def __init__(  # noqa: PLR0913  (one algorithm's parameters, by keyword)
        self,
        n_player: int,
        n_action: int,
        *,
        epsilon: float = 0.1,
        decay: float = 1.0,
        least_epsilon: float = 0.0,
        step: float | None = None,
        start: float | None = None,
    ) -> None:
        faults = whole_fault("n_player", n_player) + whole_fault("n_action", n_action)
        faults += number_fault("epsilon", epsilon, 0.0, 1.0)
        faults += number_fault("decay", decay, 0.0, 1.0, above_low=True)
        faults += number_fault("least_epsilon", least_epsilon, 0.0, 1.0)
        if step is not None:
            faults += number_fault("step", step, 0.0, 1.0, above_low=True)
        if start is not None:
            faults += number_fault("start", start, -np.inf, np.inf, above_low=True)
        require_no_faults(_NAME, faults)
        self.n_player = n_player
        self.n_action = n_action
        self._exploration = (epsilon, decay, least_epsilon)
        self._step = step
        self._forgets_start = start is None
        self._value: FloatArray = np.full((n_player, n_action), start or 0.0)
        self._count: IntArray = np.zeros((n_player, n_action), dtype=np.int64)

    @property
    def epsilon(self) -> FloatArray:
        """Probability of each player to try anything next. Shape ``(n_player,)``."""
        epsilon, decay, least = self._exploration
        rounds = self._count.sum(axis=1).astype(np.float64)
        faded: FloatArray = np.maximum(epsilon * decay**rounds, least)
        return faded

    def choose(self, rng: np.random.Generator) -> IntArray:
        """Return the action of each player for the next round. ``(n_player,)``."""
        draw = rng.random((self.n_player, 2))
        anything = (draw[:, 1] * self.n_action).astype(np.int64)
        return np.where(draw[:, 0] < self.epsilon, anything, self.greedy())

    def learn(self, action: IntArray, reward: FloatArray) -> None:
        """Take in what each player's action brought.

        Args:
            action: What each did. Shape ``(n_player,)``.
            reward: What followed; NaN for a player who sat out and learns nothing.
                Shape ``(n_player,)``.

        Raises:
            InvalidActionError: Not one action and one reward, finite or NaN, for each.
        """
        shape = self._count.shape
        rows = players_that_learn(_NAME, action, reward, shape)
        taken = action[rows]
        self._count[rows, taken] += 1
        count = self._count[rows, taken]
        weight = 1.0 / count if self._step is None else np.full(rows.size, self._step)
        if self._forgets_start:
            weight[count == 1] = 1.0
        further = reward[rows] - self._value[rows, taken]
        self._value[rows, taken] += weight * further

    def greedy(self) -> IntArray:
        """Return the action of the highest value. Shape ``(n_player,)``."""
        value = self._value
        if self._forgets_start:
            value = np.where(self._count > 0, value, -np.inf)
        return first_best(value)

    def get_state(self) -> State:
        """Return copies of what was learned: values and counts."""
        return {"value": self._value.copy(), "count": self._count.copy()}

    def set_state(self, state: State) -> None:
        """Go on from a state of a learner with the same parameters.

        Raises:
            InvalidConfigError: It is not a state of such a learner.
        """
        arrays = checked_state(_NAME, state, self.get_state())
        self._value, self._count = arrays["value"], arrays["count"]
