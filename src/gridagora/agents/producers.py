"""Producers: a hidden cost, and offers at cost or above it."""

from typing import final

from gridagora.agents.participants import CurveParticipants
from gridagora.agents.strategies import Strategy, truthful
from gridagora.types.arrays import FloatArray
from gridagora.types.preferences import Preferences, require_side
from gridagora.types.storage import Storage


@final
class Producers(CurveParticipants):
    """Producers with a hidden cost who send offers.

    ``strategies.marked_up`` makes them ask for more than their cost. The reward is
    eq. (9) of the paper: what was got for the award, less what it cost.

    Args:
        preferences: Marginal costs, ``Preferences.of_producers``.
        strategy: Turns them into offers; the truth when not given.
        factors: Multiplies all quantities in each interval, >= 0. Shape
            ``(n_interval,)`` or ``(n_interval, n_participant)``.
        storage: What they sell from, ``devices.battery.ChargedBatteries`` for instance;
            an offer ends at what is left in it.
        name: Name of the agent.

    Raises:
        InvalidOrderError: A participant has a marginal value.

    Source:
        El Helou et al., OpenGridGym, section IV-A3.

    Example:
        >>> units = Preferences.of_producers(
        ...     ["feeder"], ["800"], p_max=4.3, p_min=4.3, q_max=600.0
        ... )
        >>> Producers(units).participants
        ('feeder',)
    """

    def __init__(
        self,
        preferences: Preferences,
        *,
        strategy: Strategy = truthful,
        factors: FloatArray | None = None,
        storage: Storage | None = None,
        name: str = "",
    ) -> None:
        require_side(preferences, consumers=False)
        super().__init__(
            preferences, strategy=strategy, factors=factors, storage=storage, name=name
        )
