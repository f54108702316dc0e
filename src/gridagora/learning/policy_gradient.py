"""Policy gradient: make what paid more than usual more likely."""

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
from gridagora.learning.reward_range import RewardRange
from gridagora.learning.ties import first_best
from gridagora.types.arrays import FloatArray, IntArray

_NAME = "policy-gradient"


@final
class PolicyGradient:
    """REINFORCE with one softmax over the actions of each of many players.

    A player takes action ``a`` with the probability ``pi_a = exp(h_a) / sum_b
    exp(h_b)``. After a reward ``r`` its preferences move by

    ``step * (r - baseline) / width * (1 if a was taken else 0 - pi_a)``,

    on average a step up the gradient of the expected reward. The baseline is the mean
    of the rewards before this one, and this one itself in a player's first round, which
    therefore changes nothing; ``width`` is that of the rewards, this one included.

    Every round draws one number per player, in one array: row ``k`` of the learner
    uses the ``k``-th, and players know nothing of each other.

    Attributes:
        n_player: Number of players.
        n_action: Number of actions of each.

    Args:
        n_player: As above.
        n_action: As above.
        step: Length of steps: a reward better than usual by the whole width of rewards
            moves a preference by this much. > 0.
        baseline_step: Weight of each new reward in the baseline, in (0, 1]; ``None``
            for the plain mean of all. A weight forgets, for a world that changes.
        reward_range: Width of the interval of rewards, > 0; that of the rewards seen
            when ``None``.

    Raises:
        InvalidConfigError: A parameter is out of its range; lists all.

    Source:
        Williams, Simple statistical gradient-following algorithms for connectionist
        reinforcement learning, Machine Learning 8, 1992, sections 4 and 5; Sutton and
        Barto, Reinforcement Learning, 2nd edition, 2018, section 2.8.

    Example:
        >>> learner = PolicyGradient(1, 2, step=1.0)
        >>> learner.learn(np.array([0]), np.array([5.0]))
        >>> learner.learn(np.array([1]), np.array([7.0]))
        >>> learner.policy.round(3).tolist()
        [[0.269, 0.731]]
    """

    def __init__(
        self,
        n_player: int,
        n_action: int,
        *,
        step: float = 0.2,
        baseline_step: float | None = None,
        reward_range: float | None = None,
    ) -> None:
        faults = whole_fault("n_player", n_player) + whole_fault("n_action", n_action)
        faults += number_fault("step", step, 0.0, np.inf, above_low=True)
        for name, value, most in (
            ("baseline_step", baseline_step, 1.0),
            ("reward_range", reward_range, np.inf),
        ):
            if value is not None:
                faults += number_fault(name, value, 0.0, most, above_low=True)
        require_no_faults(_NAME, faults)
        self.n_player = n_player
        self.n_action = n_action
        self._step = step
        self._baseline_step = baseline_step
        self._preference: FloatArray = np.zeros((n_player, n_action))
        self._baseline: FloatArray = np.zeros(n_player)
        self._count: IntArray = np.zeros(n_player, dtype=np.int64)
        self._range = RewardRange(n_player, reward_range)

    @property
    def policy(self) -> FloatArray:
        """Probability of each action. Shape ``(n_player, n_action)``."""
        return softmax(self._preference)

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
        shape = self._preference.shape
        rows = players_that_learn(_NAME, action, reward, shape)
        taken, got = action[rows], reward[rows]
        first = rows[self._count[rows] == 0]
        self._baseline[first] = reward[first]
        self._count[rows] += 1
        self._range.take(rows, got)
        better = got - self._baseline[rows]
        self._preference[rows] += score(
            self._preference[rows],
            taken,
            self._step * better / self._range.width[rows],
        )
        weight = self._baseline_step or 1.0 / self._count[rows]
        self._baseline[rows] += weight * better

    def greedy(self) -> IntArray:
        """Return the likeliest action, the first among equals. ``(n_player,)``."""
        return first_best(self._preference)

    def get_state(self) -> State:
        """Return copies of what was learned: preferences, baseline, range, rounds."""
        return {
            "preference": self._preference.copy(),
            "baseline": self._baseline.copy(),
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
        self._preference, self._baseline = arrays["preference"], arrays["baseline"]
        self._count = arrays["count"]
        self._range.low, self._range.high = arrays["low"], arrays["high"]


def softmax(preference: FloatArray) -> FloatArray:
    """Return the probability of each action, ``exp(h_a) / sum_b exp(h_b)``.

    Args:
        preference: Any finite numbers. Shape ``(n_player, n_action)``.
    """
    grown = np.exp(preference - preference.max(axis=1, keepdims=True))
    shares: FloatArray = grown / grown.sum(axis=1, keepdims=True)
    return shares


def drawn_actions(policy: FloatArray, rng: np.random.Generator) -> IntArray:
    """Return an action of each player, drawn by their probabilities.

    Args:
        policy: Probability of each action. Shape ``(n_player, n_action)``.
        rng: Gives one number per player, in one array.

    Returns:
        Shape ``(n_player,)``.
    """
    upto = policy.cumsum(axis=1)
    draw = rng.random(policy.shape[0]) * upto[:, -1]
    action: IntArray = (upto <= draw[:, None]).sum(axis=1)
    return action


def score(
    preference: FloatArray, action: IntArray, advantage: FloatArray
) -> FloatArray:
    """Return ``advantage`` x the gradient of ``ln pi_action`` by the preferences.

    Averaged over actions drawn from the softmax, with any advantage of the form
    ``reward - baseline``, it is the gradient of the expected reward.

    Args:
        preference: Shape ``(n_player, n_action)``.
        action: Action that each player took. Shape ``(n_player,)``.
        advantage: What it brought beyond the baseline. Shape ``(n_player,)``.

    Returns:
        Shape ``(n_player, n_action)``.
    """
    slope = -softmax(preference)
    slope[np.arange(action.size), action] += 1.0
    return advantage[:, None] * slope
