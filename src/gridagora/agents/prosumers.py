"""Prosumers: consumers, producers and providers of demand response at once."""

from collections.abc import Mapping
from typing import final

import numpy as np

from gridagora.agents.consumers import Consumers
from gridagora.agents.participants import CurveParticipants
from gridagora.agents.producers import Producers
from gridagora.agents.strategies import Strategy, truthful
from gridagora.types.actions import GridActions
from gridagora.types.arrays import Columns, FloatArray, IntArray
from gridagora.types.base import BaseAgent
from gridagora.types.orders import CurveColumns, CurveJoin
from gridagora.types.preferences import Preferences, integral_of
from gridagora.types.storage import Storage

CONSUMER = "consumer"
PRODUCER = "producer"


@final
class Prosumers(BaseAgent):
    """Participants who consume, may reduce what they consume, and produce.

    Their consumption is a population of ``Consumers`` and their production one of
    ``Producers``; a name in both is one prosumer with several roles, whose rewards add
    up. A participant may be in one of them only, and may have several producers.

    A consumption curve ends at the baseline. Its firm quantity is what cannot be
    reduced, and its price, read from the right, is the marginal cost of reducing:
    ``preferences_of`` makes such curves from ``ReducibleDemand``.

    Args:
        consumption: Marginal values, up to the baseline.
        production: Marginal costs, up to the capacity.
        declare_consumption: Turns them into bids; the truth when not given.
        declare_production: Turns them into offers; the truth when not given.
        load_factors: Multiplies baselines, and what can be reduced, in each interval,
            >= 0. Shape ``(n_interval,)`` or ``(n_interval, n_consumption)``.
        production_factors: Multiplies capacities. Shape ``(n_interval,)`` or
            ``(n_interval, n_production)``.
        storage: What the producers sell from, a row for each of ``production``.
        name: Name of the agent.

    Attributes:
        participants: Names, consumers first, then those who only produce.
        consumption: The consumers; their strategy may be replaced at any time.
        production: The producers; likewise.

    Raises:
        InvalidOrderError: A marginal cost in ``consumption``, or a marginal value in
            ``production``.

    Source:
        El Helou et al., OpenGridGym, section IV-C.

    Example:
        >>> from gridagora.types.cost_orders import CostOffer, ReducibleDemand
        >>> from gridagora.types.cost_orders import preferences_of
        >>> from gridagora.types.costs import PolynomialCost
        >>> less, more = PolynomialCost((0, 90, 0.2)), PolynomialCost((0, 60, 0.05))
        >>> use = [ReducibleDemand("mill", "738", 126, less, most_reduction_kw=30)]
        >>> own = [CostOffer("mill", "738", more, q_max=50)]
        >>> mill = Prosumers(preferences_of(use), preferences_of(own), name="mill")
        >>> mill.participants
        ('mill',)
    """

    def __init__(  # noqa: PLR0913  (two populations in one, by keyword)
        self,
        consumption: Preferences,
        production: Preferences,
        *,
        declare_consumption: Strategy = truthful,
        declare_production: Strategy = truthful,
        load_factors: FloatArray | None = None,
        production_factors: FloatArray | None = None,
        storage: Storage | None = None,
        name: str = "",
    ) -> None:
        self.name = name
        self.consumption = Consumers(
            consumption, strategy=declare_consumption, factors=load_factors
        )
        self.production = Producers(
            production,
            strategy=declare_production,
            factors=production_factors,
            storage=storage,
        )
        names = (*consumption.participant, *production.participant)
        self.participants = tuple(dict.fromkeys(names))
        place = {one: at for at, one in enumerate(self.participants)}
        self._owner: IntArray = np.array([place[one] for one in names], dtype=np.int64)
        self._names = names
        self._buses = (*consumption.bus, *production.bus)
        self._join = CurveJoin()

    def reset(self) -> None:
        """Forget awards and prices, and fill the storage again.

        Raises:
            InvalidConfigError: Factors do not cover the environment's intervals or the
                participants.
        """
        for part in self._parts():
            part.reset()

    def set_market_actions(self) -> None:
        """Declare consumption and production.

        Raises:
            InvalidActionError: The market's order type is not supported.
            UnknownNameError: A bus is not in the market's network.
        """
        curves: list[CurveColumns] = []
        for part in self._parts():
            part.set_market_actions()
            curves.append(part.get_market_actions())
        self.market_actions = self._join(curves)

    def set_grid_actions(self) -> None:
        """Draw what was awarded to consumption, inject what was to production."""
        for part in self._parts():
            part.set_grid_actions()
        drawn, injected = (part.get_grid_actions() for part in self._parts())
        self.grid_actions = GridActions(
            self._names,
            self._buses,
            np.concatenate([drawn.net_demand_kw, injected.net_demand_kw]),
            np.concatenate([drawn.net_demand_kvar, injected.net_demand_kvar]),
        )

    @property
    def reduced_kw(self) -> FloatArray:
        """Baseline less consumption in the last interval. kW. ``(n_consumption,)``."""
        use = self.consumption
        return np.maximum(use.present.most_kw - use.award_kw, 0.0)

    def get_reward(self) -> FloatArray:
        """Return what each prosumer gained or spent in the last interval.

        What it got for production, reductions and consumption together, less what
        production and reductions cost it by its private curves. Consumption is
        reckoned from the baseline: a bill counts in full, a reduction by its cost.

        Returns:
            Currency. Shape ``(n_participant,)``.

        Source:
            El Helou et al., OpenGridGym, section IV-C3.
        """
        use, make = self._parts()
        present = use.present
        baseline_per_h = integral_of(present)(present.most_kw)
        hours = float(self.env.interval_hours)
        gain = np.concatenate(
            [use.get_reward() - baseline_per_h * hours, make.get_reward()]
        )
        return np.bincount(
            self._owner, weights=gain, minlength=len(self.participants)
        ).astype(np.float64)

    def get_observation(self) -> Columns:
        """Return own curves, awards and prices, one row for each role held."""
        parts = self._parts()
        seen = [part.get_observation() for part in parts]
        size = [len(part.participants) for part in parts]
        return {
            "participant": self._names,
            "bus": self._buses,
            "role": np.repeat([CONSUMER, PRODUCER], size).tolist(),
            **{
                name: np.concatenate([np.asarray(one[name]) for one in seen])
                for name in seen[0]
                if name not in ("participant", "bus")
            },
        }

    def record(self) -> Mapping[str, Columns]:
        """Return the table ``prosumers``: what each consumed, reduced and produced."""
        use, make = self._parts()
        n_use = len(use.participants)
        return {
            "prosumers": {
                "participant": self.participants,
                "consumed_kw": self._sums(use.award_kw, self._owner[:n_use]),
                "reduced_kw": self._sums(self.reduced_kw, self._owner[:n_use]),
                "produced_kw": self._sums(make.award_kw, self._owner[n_use:]),
            }
        }

    def _parts(self) -> tuple[CurveParticipants, CurveParticipants]:
        """Return both populations, which see what this agent sees."""
        for part in (self.consumption, self.production):
            part.env = self.env
            part.name = self.name
        return self.consumption, self.production

    def _sums(self, values: FloatArray, owner: IntArray) -> FloatArray:
        count = len(self.participants)
        return np.bincount(owner, weights=values, minlength=count).astype(np.float64)
