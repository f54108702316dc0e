"""Consumers: a hidden utility, and bids that may be elastic or not."""

from typing import final

from gridagora.agents.participants import CurveParticipants
from gridagora.agents.strategies import Strategy, truthful
from gridagora.types.arrays import FloatArray
from gridagora.types.preferences import Preferences, require_side


@final
class Consumers(CurveParticipants):
    """Consumers with a hidden utility who send bids.

    ``strategies.inelastic`` makes all of them ask for their most power at any price,
    ``strategies.flexible_mix`` all but some. The reward is eq. (10) of the paper:
    utility of what was awarded, less what was paid for it.

    Args:
        preferences: Marginal values, ``Preferences.of_consumers``.
        strategy: Turns them into bids; the truth when not given.
        factors: Multiplies all quantities in each interval, >= 0. Shape
            ``(n_interval,)`` or ``(n_interval, n_participant)``.
        name: Name of the agent.

    Raises:
        InvalidOrderError: A participant has a marginal cost.

    Source:
        El Helou et al., OpenGridGym, section IV-A3.

    Example:
        >>> homes = Preferences.of_consumers(
        ...     ["anna", "ben"], ["b1", "b2"], p_max=9.0, p_min=3.0, q_max=[2.0, 5.0]
        ... )
        >>> Consumers(homes).participants
        ('anna', 'ben')
    """

    def __init__(
        self,
        preferences: Preferences,
        *,
        strategy: Strategy = truthful,
        factors: FloatArray | None = None,
        name: str = "",
    ) -> None:
        require_side(preferences, consumers=True)
        super().__init__(preferences, strategy=strategy, factors=factors, name=name)
