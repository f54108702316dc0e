"""A grid of ways to declare a curve, from which learners choose."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import product
from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from gridagora.agents.strategies import Strategy, marked_up
from gridagora.errors import InvalidConfigError
from gridagora.types.arrays import FloatArray, IntArray
from gridagora.types.preferences import Preferences

TRUTH = 0
"""The action that declares the private curve as it is, in every grid."""


@dataclass(frozen=True, slots=True, eq=False)
class CurveActions:
    """Each action declares ``pivot + factor * (price - pivot) + adder`` at each corner.

    The pivot is 0 (``of_markups``) or the price at which the curve begins
    (``of_slopes``). Quantities, firm ones among them, stay as they are. In an offer a
    larger price is a markup. In the bid of a consumer who can do with less it is a
    larger declared cost of reduction: its curve, read from the right, is the marginal
    cost of reducing, and begins at its most quantity.

    Action 0 is the truth (``TRUTH``); it is added where it is not in the grid. The
    others follow factor by factor, adder by adder, in the order given.

    Attributes:
        adder_per_kwh: Currency/kWh. Shape ``(n_action,)``.
        factor: >= 0. Shape ``(n_action,)``.
        pivots: Whether the factor leaves the price where the curve begins.
    """

    adder_per_kwh: FloatArray
    factor: FloatArray
    pivots: bool

    @classmethod
    def of_markups(
        cls, *, adder_per_kwh: ArrayLike = 0.0, factor: ArrayLike = 1.0
    ) -> Self:
        """Return every pair of an adder and a factor on the price.

        Args:
            adder_per_kwh: One or several numbers. Currency/kWh.
            factor: One or several numbers, >= 0.

        Raises:
            InvalidConfigError: An adder is not finite, a factor is negative or not
                finite, or there is none of them.

        Example:
            >>> grid = CurveActions.of_markups(factor=[0.8, 1.0, 1.2])
            >>> grid.factor.tolist()
            [1.0, 0.8, 1.2]
        """
        return cls._of_pairs(adder_per_kwh, factor, pivots=False)

    @classmethod
    def of_slopes(
        cls, *, adder_per_kwh: ArrayLike = 0.0, factor: ArrayLike = 1.0
    ) -> Self:
        """Return every pair of a markup where the curve begins and a slope factor.

        Of a quadratic cost ``b q + c q^2 / 2`` these are an adder on ``b`` and a factor
        on ``c``.

        Args:
            adder_per_kwh: One or several numbers. Currency/kWh.
            factor: One or several numbers, >= 0.

        Raises:
            InvalidConfigError: As for ``of_markups``.
        """
        return cls._of_pairs(adder_per_kwh, factor, pivots=True)

    @property
    def n_action(self) -> int:
        """Number of actions."""
        return self.factor.size

    def strategy(self, action: IntArray) -> Strategy:
        """Return the strategy by which each participant takes its action.

        Args:
            action: In the order of the participants. Shape ``(n_participant,)``.
        """
        adder, factor = self.adder_per_kwh[action], self.factor[action]
        if not self.pivots:
            return marked_up(adder_per_kwh=adder, factor=factor)

        def declared(preferences: Preferences) -> Preferences:
            pivot = preferences.at_corners(_first_prices(preferences))
            steeper = preferences.at_corners(factor)
            more = preferences.at_corners(adder)
            return preferences.replaced(
                price_per_kwh=pivot
                + steeper * (preferences.price_per_kwh - pivot)
                + more
            )

        return declared

    @classmethod
    def _of_pairs(
        cls, adder_per_kwh: ArrayLike, factor: ArrayLike, *, pivots: bool
    ) -> Self:
        adders = np.atleast_1d(np.array(adder_per_kwh, dtype=np.float64))
        factors = np.atleast_1d(np.array(factor, dtype=np.float64))
        faults = []
        if adders.ndim != 1 or not adders.size or not np.isfinite(adders).all():
            faults.append(
                f"adder_per_kwh is {adder_per_kwh!r}, expected finite numbers."
            )
        sound = np.isfinite(factors) & (factors >= 0.0)
        if factors.ndim != 1 or not factors.size or not sound.all():
            faults.append(f"factor is {factor!r}, expected finite numbers >= 0.")
        if faults:
            raise InvalidConfigError("curve actions", faults)
        return cls._with_truth_first(
            product(factors.tolist(), adders.tolist()), pivots=pivots
        )

    @classmethod
    def _with_truth_first(
        cls, pairs: Iterable[tuple[float, float]], *, pivots: bool
    ) -> Self:
        """Put the truth first and leave out pairs that were given before."""
        table = np.array(list(dict.fromkeys([(1.0, 0.0), *pairs])))
        table.flags.writeable = False
        return cls(table[:, 1], table[:, 0], pivots)


def _first_prices(preferences: Preferences) -> FloatArray:
    """Return the price where each curve begins: of the first kW sold or reduced."""
    first, last = preferences.start[:-1], preferences.start[1:] - 1
    begins = np.where(preferences.is_bid, last, first)
    return preferences.price_per_kwh[begins]
