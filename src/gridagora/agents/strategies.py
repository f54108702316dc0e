"""Bidding strategies: private preferences to what is declared to the market."""

from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import ArrayLike

from gridagora.errors import InvalidConfigError, UnknownNameError
from gridagora.types.preferences import Preferences

Strategy = Callable[[Preferences], Preferences]
"""Turns private curves into declared ones: a function of its argument alone, so that
what it returned once may be used again."""


def truthful(preferences: Preferences) -> Preferences:
    """Declare the private curves as they are."""
    return preferences


def inelastic(preferences: Preferences) -> Preferences:
    """Declare the most quantity of each curve as firm, at every price."""
    return preferences.replaced(quantity_kw=preferences.at_corners(preferences.most_kw))


def flexible_mix(flexible: Iterable[str]) -> Strategy:
    """Return the strategy by which some participants are elastic and the others not.

    Args:
        flexible: Participants who declare their curve; all others declare their most
            quantity as firm. ``draw_flexible`` draws them.

    Returns:
        A strategy; it raises ``UnknownNameError`` when one of the flexible is not
        among the participants.
    """
    chosen = frozenset(flexible)

    def mixed(preferences: Preferences) -> Preferences:
        for name in sorted(chosen.difference(preferences.participant)):
            raise UnknownNameError("participant", name, preferences.participant)
        elastic = [name in chosen for name in preferences.participant]
        return preferences.replaced(
            quantity_kw=np.where(
                preferences.at_corners(elastic).astype(np.bool_),
                preferences.quantity_kw,
                inelastic(preferences).quantity_kw,
            )
        )

    return mixed


def draw_flexible(
    participants: Iterable[str], share_frac: float, rng: np.random.Generator
) -> tuple[str, ...]:
    """Draw the participants who are flexible, each equally likely, without return.

    Args:
        participants: Names; the draw does not depend on their order.
        share_frac: Part of the participants, in [0, 1]; the number is rounded to the
            nearest whole, halves to the even one.
        rng: Source of the draw.

    Returns:
        Names, sorted.

    Raises:
        InvalidConfigError: The share is outside [0, 1].

    Example:
        >>> names = [f"bus {place}" for place in range(28)]
        >>> len(draw_flexible(names, 0.08, np.random.default_rng(1)))
        2
    """
    if not 0.0 <= share_frac <= 1.0:
        raise InvalidConfigError(
            "flexible mix",
            [f"share_frac is {share_frac!r}, expected a number in [0, 1]."],
        )
    names = sorted(participants)
    count = round(share_frac * len(names))
    drawn = rng.permutation(len(names))[:count]
    return tuple(sorted(names[at] for at in drawn))


def marked_up(*, adder_per_kwh: ArrayLike = 0.0, factor: ArrayLike = 1.0) -> Strategy:
    """Return the strategy that declares price x factor + adder.

    Args:
        adder_per_kwh: Added to every price, in an offer the markup; one number for
            all participants, or one for each. Currency/kWh.
        factor: Multiplies every price, >= 0; as above.

    Raises:
        InvalidConfigError: An adder is not finite, or a factor is negative or not
            finite.
    """
    adder = np.array(adder_per_kwh, dtype=np.float64)
    factors = np.array(factor, dtype=np.float64)
    faults = []
    if not np.isfinite(adder).all():
        faults.append(f"adder_per_kwh is {adder_per_kwh!r}, expected finite numbers.")
    if not (np.isfinite(factors) & (factors >= 0)).all():
        faults.append(f"factor is {factor!r}, expected finite numbers >= 0.")
    if faults:
        raise InvalidConfigError("markup", faults)

    def declared(preferences: Preferences) -> Preferences:
        return preferences.replaced(
            price_per_kwh=preferences.price_per_kwh * preferences.at_corners(factors)
            + preferences.at_corners(adder)
        )

    return declared
