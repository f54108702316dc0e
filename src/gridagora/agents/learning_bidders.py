"""Participants who learn by trying how to declare their curves."""

from collections.abc import Mapping, Sequence
from typing import final

import numpy as np

from gridagora.agents.curve_actions import CurveActions
from gridagora.agents.participants import CurveParticipants
from gridagora.errors import InvalidConfigError
from gridagora.types.arrays import Columns, FloatArray, IntArray
from gridagora.types.dispatch import Dispatch, Outcome
from gridagora.types.learner import Learner
from gridagora.types.preferences import Preferences
from gridagora.types.storage import Storage

_WITH_DISPATCH = (Outcome.CLEARED, Outcome.ONE_SIDED)
_NONE = -1


@final
class LearningBidders(CurveParticipants):
    """Producers, or consumers who can reduce, who learn how to declare their curves.

    Once in each interval, in the market's first round, the learner chooses an action
    of each participant, and the action turns its private curve into the declared one.
    When the market is done and the award is known, the learner is told the reward: the
    private surplus at the prices of the settlement, as ``get_reward`` returns it.
    Rewards go to the learner as they are; how large they are is the learner's to find.

    A participant sits out, and learns nothing, in an interval in which it has no
    choice (its firm quantity is its most quantity, as that of a photovoltaic unit at
    night) and when there is no dispatch: what is declared changes no quantity, so no
    action was to blame.

    With several learners each interval belongs to one of them, its context, for
    instance the block of hours of the day.

    Draws come from the agent's stream, as one array for all participants. ``reset``
    keeps what was learned.

    Attributes:
        learning: While false nothing is drawn or learned, and every participant does
            what its learner thinks best. It may be changed between intervals.
        learners: One for each context.
        actions: The grid of actions; action 0 is the truth.
        action: Actions of the last interval, -1 where there was none.
            Shape ``(n_participant,)``.

    Args:
        preferences: Private curves, of producers, consumers or both.
        learner: A learner with one row per participant, or one for each context.
        actions: As above.
        learning: As above.
        context: Learner of each interval, >= 0. Shape ``(n_interval,)``; needed with
            several learners.
        factors: Multiplies all quantities in each interval, >= 0. Shape
            ``(n_interval,)`` or ``(n_interval, n_participant)``.
        storage: What the power comes from; nobody is awarded more than is left in it.
        name: Name of the agent.

    Raises:
        InvalidConfigError: A learner has other numbers of players or actions, or the
            contexts are not positions of learners; lists all.

    Source:
        El Helou et al., OpenGridGym, section IV-C: agents set the parameters of their
        cost curves at every clearing.
    """

    def __init__(  # noqa: PLR0913  (a population and how it learns, by keyword)
        self,
        preferences: Preferences,
        *,
        learner: Learner | Sequence[Learner],
        actions: CurveActions,
        learning: bool = True,
        context: IntArray | None = None,
        factors: FloatArray | None = None,
        storage: Storage | None = None,
        name: str = "",
    ) -> None:
        super().__init__(preferences, factors=factors, storage=storage, name=name)
        self.learners: tuple[Learner, ...] = (
            tuple(learner) if isinstance(learner, Sequence) else (learner,)
        )
        self.actions = actions
        self.learning = learning
        self.action = self._no_action()
        self._context = context
        self._declares = self._no_action()
        self._chosen_in = _NONE
        faults = self._learner_faults() + self._context_faults()
        if faults:
            raise InvalidConfigError(f"agent {self.name!r}", faults)

    def reset(self) -> None:
        """Forget awards, prices and the last actions, not what was learned.

        Raises:
            InvalidConfigError: ``factors`` or ``context`` do not cover the
                environment's intervals.
        """
        super().reset()
        self.action = self._no_action()
        self._chosen_in = _NONE
        n_interval = self.env.n_intervals
        if self._context is not None and self._context.shape != (n_interval,):
            raise InvalidConfigError(
                f"agent {self.name!r}",
                [
                    f"context has the shape {self._context.shape}, expected "
                    f"{(n_interval,)} for the environment's intervals."
                ],
            )

    def set_market_actions(self) -> None:
        """Choose actions in the first round of an interval, and declare the curves.

        Raises:
            InvalidActionError: The market's order type is not supported.
            UnknownNameError: A bus is not in the market's network.
        """
        if self._chosen_in != self.env.t:
            self._chosen_in = self.env.t
            self._choose()
        super().set_market_actions()

    def set_grid_actions(self) -> None:
        """Draw or inject what was awarded, and learn from what it brought."""
        super().set_grid_actions()
        dispatch: Dispatch | None = self.env.market.last
        if self._chosen_in != self.env.t:
            self.action = self._no_action()
        elif self.learning and dispatch is not None:
            self._learn(dispatch)

    def get_observation(self) -> Columns:
        """Return what every population sees, and the own last action."""
        return {**super().get_observation(), **self._action_columns()}

    def record(self) -> Mapping[str, Columns]:
        """Return the table ``learning``: action, what it is, and what it brought."""
        count = len(self.participants)
        return {
            "learning": {
                "participant": self.participants,
                "context": np.full(count, self._context_now()),
                **self._action_columns(),
                "reward": self.get_reward(),
            }
        }

    def _choose(self) -> None:
        learner = self.learners[self._context_now()]
        if self.learning:
            self.action = learner.choose(self.env.stream(self.name))
        else:
            self.action = learner.greedy()
        if not np.array_equal(self.action, self._declares):
            self._declares = self.action
            self.strategy = self.actions.strategy(self.action)

    def _learn(self, dispatch: Dispatch) -> None:
        if dispatch.outcome not in _WITH_DISPATCH:
            return
        has_choice = self.present.most_kw > self.present.firm_kw
        reward = np.where(has_choice, self.get_reward(), np.nan)
        self.learners[self._context_now()].learn(self.action, reward)

    def _context_now(self) -> int:
        return 0 if self._context is None else int(self._context[self.env.t])

    def _action_columns(self) -> dict[str, IntArray | FloatArray]:
        taken = self.action >= 0
        return {
            "action": self.action,
            "adder_per_kwh": np.where(
                taken, self.actions.adder_per_kwh[self.action], np.nan
            ),
            "factor": np.where(taken, self.actions.factor[self.action], np.nan),
        }

    def _no_action(self) -> IntArray:
        return np.full(len(self.participants), _NONE, dtype=np.int64)

    def _learner_faults(self) -> list[str]:
        wanted = (len(self.participants), self.actions.n_action)
        return [
            f"learner {at} has {learner.n_player} players with {learner.n_action} "
            f"actions, expected {wanted[0]} with {wanted[1]}: one row per participant, "
            "the actions of the grid."
            for at, learner in enumerate(self.learners)
            if (learner.n_player, learner.n_action) != wanted
        ]

    def _context_faults(self) -> list[str]:
        count = len(self.learners)
        if self._context is None:
            if count == 1:
                return []
            return [f"there are {count} learners, expected one, or a context."]
        within = (self._context >= 0) & (self._context < count)
        if self._context.dtype.kind == "i" and within.all():
            return []
        return [
            f"context holds {sorted(set(self._context.tolist()))}, expected positions "
            f"of learners, 0 to {count - 1}."
        ]
