"""Variant Roth-Erev: what paid is done more often, and what was done long ago less."""

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
from gridagora.learning.policy_gradient import drawn_actions, softmax
from gridagora.learning.ties import first_best
from gridagora.types.arrays import FloatArray, IntArray

_NAME = "roth-erev"
_CHOICES = ("proportional", "boltzmann")


@final
class RothErev:
    """The variant Roth-Erev algorithm for many players at once.

    Every action has a propensity ``q``. After a reward ``r`` for action ``a``

    ``q_a <- (1 - recency) * q_a + (1 - epsilon) * r``, and for each other action
    ``q_b <- (1 - recency) * q_b + epsilon / (n_action - 1) * q_b``.

    An action is taken with a probability proportional to its propensity, one below 0
    counting as 0 (each equally likely when none is above), or to ``exp(q / (T *
    size))`` with ``choice="boltzmann"``, where ``T`` is the temperature and ``size``
    the largest amount of the player's rewards so far, or that given.

    It reinforces by the amount of a reward: what loses money is avoided, and what earns
    much anyway is done again, though something else might earn more. Where all rewards
    hold one large constant (the worth of what a consumer uses anyway) it hardly learns.

    Every round draws one number per player, in one array: row ``k`` of the learner
    uses the ``k``-th, and players know nothing of each other.

    Attributes:
        n_player: Number of players.
        n_action: Number of actions of each.

    Args:
        n_player: As above.
        n_action: As above.
        epsilon: Experimentation: what of a reward the action does not get, and at what
            rate the others are spared from being forgotten; in [0, 1]. At most
            ``n_action * recency``, or propensities would grow without bound.
        recency: Part of a propensity that is forgotten in a round, in [0, 1].
        choice: ``proportional`` or ``boltzmann``.
        temperature: Of the Boltzmann choice, > 0: in sizes of rewards. Propensities
            grow to ``(1 - epsilon) / recency`` of them; far below that, players settle
            for what they happened to do first.
        decay: Factor on the temperature from round to round, in (0, 1]. Rounds are
            those that the player has learned from.
        least_temperature: What the temperature does not fall below, > 0.
        start: Propensity of each action before any round, >= 0: in sizes of rewards.
        reward_size: Size of rewards, > 0; that of the rewards seen when ``None``. With
            1, temperature and start are in the unit of rewards.

    Raises:
        InvalidConfigError: A parameter is out of its range; lists all.

    Source:
        Nicolaisen, Petrov and Tesfatsion, Market power and efficiency in a
        computational electricity market with discriminatory double-auction pricing,
        IEEE Transactions on Evolutionary Computation 5, 2001. The Boltzmann choice: as
        in Lincoln, Learning to trade power, PhD thesis, University of Strathclyde.

    Example:
        >>> learner = RothErev(1, 2, epsilon=0.2, recency=0.1, reward_size=1.0)
        >>> learner.learn(np.array([1]), np.array([5.0]))  # 0.9 + 0.8 x 5; 0.9 + 0.2
        >>> learner.propensity.round(3).tolist()
        [[1.1, 4.9]]
        >>> learner.policy.round(3).tolist()
        [[0.183, 0.817]]
    """

    def __init__(  # noqa: PLR0913  (one algorithm's parameters, by keyword)
        self,
        n_player: int,
        n_action: int,
        *,
        epsilon: float = 0.2,
        recency: float = 0.1,
        choice: Literal["proportional", "boltzmann"] = "proportional",
        temperature: float = 1.0,
        decay: float = 1.0,
        least_temperature: float = 0.01,
        start: float = 1.0,
        reward_size: float | None = None,
    ) -> None:
        faults = whole_fault("n_player", n_player) + whole_fault("n_action", n_action)
        faults += number_fault("epsilon", epsilon, 0.0, 1.0)
        faults += number_fault("recency", recency, 0.0, 1.0)
        if choice not in _CHOICES:
            faults.append(
                f"choice is {choice!r}, expected 'proportional' or 'boltzmann'."
            )
        for name, value, most in (
            ("temperature", temperature, np.inf),
            ("decay", decay, 1.0),
            ("least_temperature", least_temperature, np.inf),
            ("reward_size", 1.0 if reward_size is None else reward_size, np.inf),
        ):
            faults += number_fault(name, value, 0.0, most, above_low=True)
        faults += number_fault("start", start, 0.0, np.inf)
        require_no_faults(_NAME, faults or _growth_fault(n_action, epsilon, recency))
        self.n_player = n_player
        self.n_action = n_action
        self._kept = 1.0 - recency
        self._gained = 1.0 - epsilon
        self._spared = epsilon / max(n_action - 1, 1)
        self._cools = choice == "boltzmann"
        self._temperature = (temperature, decay, least_temperature)
        self._start = start
        self._given_size = reward_size
        # Propensities follow rewards linearly. The part that came from rewards and what
        # is left of the start are kept apart, so that the start can be in the size of
        # rewards although that is not known before them.
        self._earned: FloatArray = np.zeros((n_player, n_action))
        self._start_left: FloatArray = np.ones((n_player, n_action))
        self._largest: FloatArray = np.zeros(n_player)
        self._count: IntArray = np.zeros(n_player, dtype=np.int64)

    @property
    def propensity(self) -> FloatArray:
        """Propensity of each action, in rewards. Shape ``(n_player, n_action)``."""
        size = self._size[:, None]
        total: FloatArray = self._earned + self._start * size * self._start_left
        return total

    @property
    def temperature(self) -> FloatArray:
        """Temperature of each player, in sizes of rewards. Shape ``(n_player,)``."""
        first, decay, least = self._temperature
        cooled: FloatArray = np.maximum(
            first * decay ** self._count.astype(np.float64), least
        )
        return cooled

    @property
    def policy(self) -> FloatArray:
        """Probability of each action. Shape ``(n_player, n_action)``."""
        propensity = self.propensity
        if self._cools:
            return softmax(propensity / (self.temperature * self._size)[:, None])
        weight = np.maximum(propensity, 0.0)
        weight[weight.sum(axis=1) == 0.0] = 1.0
        shares: FloatArray = weight / weight.sum(axis=1, keepdims=True)
        return shares

    def choose(self, rng: np.random.Generator) -> IntArray:
        """Return the action of each player for the next round. ``(n_player,)``."""
        return drawn_actions(self.policy, rng)

    def learn(self, action: IntArray, reward: FloatArray) -> None:
        """Take in what each player's action brought.

        Args:
            action: What each did. Shape ``(n_player,)``.
            reward: What followed; NaN for a player who sat out and learns nothing.
                Shape ``(n_player,)``.

        Raises:
            InvalidActionError: Not one action and one reward, finite or NaN, for each.
        """
        rows = players_that_learn(_NAME, action, reward, self._earned.shape)
        taken, got = action[rows], reward[rows]
        self._count[rows] += 1
        self._largest[rows] = np.maximum(self._largest[rows], np.abs(got))
        keeps = np.full((rows.size, self.n_action), self._kept + self._spared)
        keeps[np.arange(rows.size), taken] = self._kept
        self._earned[rows] *= keeps
        self._start_left[rows] *= keeps
        self._earned[rows, taken] += self._gained * got

    def greedy(self) -> IntArray:
        """Return the likeliest action, the first among equals. ``(n_player,)``."""
        return first_best(self.propensity)

    def get_state(self) -> State:
        """Return copies of what was learned: propensities, size, rounds."""
        return {
            "earned": self._earned.copy(),
            "start_left": self._start_left.copy(),
            "largest": self._largest.copy(),
            "count": self._count.copy(),
        }

    def set_state(self, state: State) -> None:
        """Go on from a state of a learner with the same parameters.

        Raises:
            InvalidConfigError: It is not a state of such a learner.
        """
        arrays = checked_state(_NAME, state, self.get_state())
        self._earned, self._start_left = arrays["earned"], arrays["start_left"]
        self._largest, self._count = arrays["largest"], arrays["count"]

    @property
    def _size(self) -> FloatArray:
        """Size of each player's rewards, 1 while all were 0. ``(n_player,)``."""
        if self._given_size is not None:
            return np.full(self.n_player, self._given_size)
        return np.where(self._largest > 0.0, self._largest, 1.0)


def _growth_fault(n_action: int, epsilon: float, recency: float) -> list[str]:
    """Return the fault of parameters under which propensities grow exponentially.

    Rewards aside, the sum ``Q`` of a player's propensities changes in a round by
    ``-recency * Q + epsilon / (n_action - 1) * (Q - q_taken)``. Likelier actions have
    larger propensities, so ``q_taken`` is ``Q / n_action`` or more on average, and the
    change at most ``(epsilon / n_action - recency) * Q``.
    """
    if n_action == 1 or epsilon <= n_action * recency:
        return []
    return [
        f"epsilon is {epsilon!r}, expected at most n_action * recency, "
        f"{n_action * recency:g}, for propensities would grow without bound."
    ]
