"""Upper confidence bounds: try what may still turn out to be the best."""

from typing import Literal, final

import numpy as np

from gridagora.learning.checks import (
    State,
    checked_state,
    number_fault,
    players_that_learn,
    require_no_faults,
    whole_fault,
)
from gridagora.learning.reward_range import RewardRange
from gridagora.learning.ties import best_actions, first_best
from gridagora.types.arrays import FloatArray, IntArray

_NAME = "ucb"


@final
class UCB:
    """UCB1 for many players at once.

    Each player takes the action with the largest

    ``mean + scale * width * sqrt(2 ln(rounds) / count)``,

    where ``mean`` is what the action brought on average, ``count`` how often it was
    tried, ``rounds`` how often the player has played and ``width`` that of its
    rewards. An action not yet tried comes before all that were.

    Among equals the lowest index wins and nothing is drawn. With ``ties="random"``
    each player draws among its equals: every round draws one array for all players,
    row ``k`` for player ``k``.

    It is made for a world that does not answer back. Rivals who are alike and draw
    nothing try the same actions in the same rounds, never see what undercutting brings
    and settle at high prices; random ties help little, for their trials stay alike.
    Let rivals learn by ``PolicyGradient`` or ``EpsilonGreedy``.

    Attributes:
        n_player: Number of players.
        n_action: Number of actions of each.

    Args:
        n_player: As above.
        n_action: As above.
        scale: How much more an action is tried that is known less; 1 is UCB1. >= 0.
        reward_range: Width of the interval of rewards, > 0; that of the rewards seen
            when ``None``.
        ties: ``lowest`` or ``random``.

    Raises:
        InvalidConfigError: A parameter is out of its range; lists all.

    Source:
        Auer, Cesa-Bianchi and Fischer, Finite-time analysis of the multiarmed bandit
        problem, Machine Learning 47, 2002, figure 1 (there for rewards in [0, 1]). On
        rivals: Hansen, Misra and Pai, Algorithmic collusion: supra-competitive prices
        via independent algorithms, Marketing Science 40, 2021.

    Example:
        >>> learner = UCB(1, 3)
        >>> learner.learn(np.array([0]), np.array([5.0]))
        >>> learner.choose(np.random.default_rng(1)).tolist()
        [1]
    """

    def __init__(
        self,
        n_player: int,
        n_action: int,
        *,
        scale: float = 1.0,
        reward_range: float | None = None,
        ties: Literal["lowest", "random"] = "lowest",
    ) -> None:
        faults = whole_fault("n_player", n_player) + whole_fault("n_action", n_action)
        faults += number_fault("scale", scale, 0.0, np.inf)
        if reward_range is not None:
            faults += number_fault(
                "reward_range", reward_range, 0.0, np.inf, above_low=True
            )
        if ties not in ("lowest", "random"):
            faults.append(f"ties is {ties!r}, expected 'lowest' or 'random'.")
        require_no_faults(_NAME, faults)
        self.n_player = n_player
        self.n_action = n_action
        self._scale = scale
        self._draws = ties == "random"
        self._mean: FloatArray = np.zeros((n_player, n_action))
        self._count: IntArray = np.zeros((n_player, n_action), dtype=np.int64)
        self._range = RewardRange(n_player, reward_range)

    def choose(self, rng: np.random.Generator) -> IntArray:
        """Return the action of each player for the next round. ``(n_player,)``."""
        bound = self.bound
        if not self._draws:
            return first_best(bound)
        draw = np.where(best_actions(bound), rng.random(bound.shape), -1.0)
        action: IntArray = draw.argmax(axis=1)
        return action

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
        taken, got = action[rows], reward[rows]
        self._range.take(rows, got)
        self._count[rows, taken] += 1
        further = got - self._mean[rows, taken]
        self._mean[rows, taken] += further / self._count[rows, taken]

    def greedy(self) -> IntArray:
        """Return the action of the highest mean, 0 before any. ``(n_player,)``."""
        return first_best(np.where(self._count > 0, self._mean, -np.inf))

    @property
    def bound(self) -> FloatArray:
        """Upper bound of each action, ``inf`` before it was tried.

        In the unit of rewards. Shape ``(n_player, n_action)``.
        """
        rounds = np.maximum(self._count.sum(axis=1, keepdims=True), 1)
        known = np.sqrt(2.0 * np.log(rounds) / np.maximum(self._count, 1))
        width = self._range.width[:, None]
        bound: FloatArray = self._mean + self._scale * width * known
        bound[self._count == 0] = np.inf
        return bound

    def get_state(self) -> State:
        """Return copies of what was learned: means, counts, range of rewards."""
        return {
            "mean": self._mean.copy(),
            "count": self._count.copy(),
            "low": self._range.low.copy(),
            "high": self._range.high.copy(),
        }

    def set_state(self, state: State) -> None:
        """Go on from a state of a learner with the same parameters.

        Raises:
            InvalidConfigError: It is not a state of such a learner.
        """
        arrays = checked_state(_NAME, state, self.get_state())
        self._mean, self._count = arrays["mean"], arrays["count"]
        self._range.low, self._range.high = arrays["low"], arrays["high"]
