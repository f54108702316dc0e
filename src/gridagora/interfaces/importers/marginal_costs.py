"""Marginal cost curves from the cost functions that power system cases state."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol, Self

import numpy as np
from numpy.polynomial import Polynomial

N_PIECES = 16
"""Straight pieces that stand for a marginal cost that is no straight line."""

_ROUNDING = 1e-9
_NOTHING = 1e-14  # a leading term this small beside the others moves no root

Corners = list[tuple[float, float]]
"""Output and marginal cost, both never falling. MW, currency/MWh."""


class Cost(Protocol):
    """What a unit's output costs an hour."""

    def total(self, mw: float) -> float:
        """Return the cost of an output. Currency/h."""
        ...

    def corners(self, least_mw: float, most_mw: float) -> Corners:
        """Return the corners of the marginal cost between two outputs."""
        ...

    def fault(self, least_mw: float, most_mw: float) -> str:
        """Return why no market can clear the cost there; empty when one can."""
        ...

    def error(self, least_mw: float, most_mw: float) -> float:
        """Return how far the corners are off at most. Currency/MWh."""
        ...


@dataclass(frozen=True, slots=True)
class PolynomialCost:
    """A polynomial of the output.

    Up to the second degree the marginal cost is a straight line, and exact. From the
    third on, ``N_PIECES`` straight pieces of equal width join points of it.

    Attributes:
        coefficients: The constant first, then the factors of MW, MW squared, ...
            Currency/h.

    Example:
        >>> PolynomialCost((150.0, 5.0, 0.11)).corners(10.0, 250.0)
        [(10.0, 7.2), (250.0, 60.0)]
    """

    coefficients: tuple[float, ...]

    def total(self, mw: float) -> float:
        """Return the cost of an output. Currency/h."""
        return float(Polynomial(self.coefficients)(mw))

    def corners(self, least_mw: float, most_mw: float) -> Corners:
        """Return the corners of the marginal cost between two outputs."""
        n_piece = N_PIECES if self._bends else 1
        outputs = [least_mw]
        if most_mw > least_mw:
            outputs = np.linspace(least_mw, most_mw, n_piece + 1).tolist()
        prices = self._marginal()(np.array(outputs))
        rising = np.maximum.accumulate(prices)  # rounding may fall where it is flat
        return list(zip(outputs, rising.tolist(), strict=True))

    def fault(self, least_mw: float, most_mw: float) -> str:
        """Return why no market can clear the cost there; empty when one can."""
        bend = self._marginal().deriv()
        places = [least_mw, most_mw, *_between(bend.deriv(), least_mw, most_mw)]
        bends = [float(bend(place)) for place in places]
        scale = max(map(abs, bends))
        if most_mw > least_mw and min(bends) < -_ROUNDING * scale:
            return "its marginal cost falls with output; a market needs it never to"
        return ""

    def error(self, least_mw: float, most_mw: float) -> float:
        """Return how far the corners are off at most. Currency/MWh."""
        if not self._bends:
            return 0.0
        marginal = self._marginal()
        off = [0.0]
        for (a, low), (b, high) in pairwise(self.corners(least_mw, most_mw)):
            chord = Polynomial(
                [low - a * (high - low) / (b - a), (high - low) / (b - a)]
            )
            gap = marginal - chord
            off += [abs(float(gap(place))) for place in _between(gap.deriv(), a, b)]
        return max(off)

    @property
    def _bends(self) -> bool:
        return any(self.coefficients[3:])

    def _marginal(self) -> Polynomial:
        return Polynomial(self.coefficients).deriv()


@dataclass(frozen=True, slots=True)
class PiecewiseCost:
    """Straight pieces; the first and the last go on beyond the points.

    Attributes:
        at_mw: Outputs where pieces meet and end, rising. MW.
        per_mwh: Slope of each piece, one fewer than ``at_mw``. Currency/MWh.
        first_per_h: Cost at the first output. Currency/h.

    Example:
        >>> cost = PiecewiseCost((0.0, 20.0, 30.0), (1.0, 2.0))
        >>> cost.corners(0.0, 30.0), cost.total(30.0)
        ([(0.0, 1.0), (20.0, 1.0), (20.0, 2.0), (30.0, 2.0)], 40.0)
    """

    at_mw: tuple[float, ...]
    per_mwh: tuple[float, ...]
    first_per_h: float = 0.0

    @classmethod
    def through(cls, at_mw: Sequence[float], per_h: Sequence[float]) -> Self:
        """Return the cost that takes given values at given outputs."""
        steps = zip(pairwise(at_mw), pairwise(per_h), strict=True)
        slopes = tuple((f - e) / (b - a) for (a, b), (e, f) in steps)
        return cls(tuple(at_mw), slopes, per_h[0])

    def total(self, mw: float) -> float:
        """Return the cost of an output. Currency/h."""
        ends = (-np.inf, *self.at_mw[1:-1], np.inf)
        first = self.at_mw[0]
        low, high = sorted((first, mw))
        parts = [
            slope * max(0.0, min(high, b) - max(low, a))
            for slope, (a, b) in zip(self.per_mwh, pairwise(ends), strict=True)
        ]
        return self.first_per_h + (sum(parts) if mw >= first else -sum(parts))

    def corners(self, least_mw: float, most_mw: float) -> Corners:
        """Return the corners of the marginal cost between two outputs."""
        rising = np.maximum.accumulate(self.per_mwh).tolist()  # see _ROUNDING in fault
        inner = np.array(self.at_mw[1:-1])
        if most_mw <= least_mw:
            return [(least_mw, rising[int(np.searchsorted(inner, least_mw, "right"))])]
        bends = inner[(inner > least_mw) & (inner < most_mw)].tolist()
        first = int(np.searchsorted(inner, least_mw, "right"))
        corners: Corners = []
        for piece, (a, b) in enumerate(pairwise([least_mw, *bends, most_mw]), first):
            corners += [(a, rising[piece]), (b, rising[piece])]
        return corners

    def fault(self, least_mw: float, most_mw: float) -> str:
        """Return why no market can clear the cost there; empty when one can."""
        falls = -np.diff(self.per_mwh)
        inner = np.array(self.at_mw[1:-1])
        within = (inner > least_mw) & (inner < most_mw)
        slack = _ROUNDING * float(np.abs(self.per_mwh).max())
        if (falls[within] > slack).any():
            at = float(inner[within & (falls > slack)][0])
            return f"its pieces get cheaper at {at:g} MW; a market needs rising ones"
        return ""

    def error(self, least_mw: float, most_mw: float) -> float:
        """Return how far the corners are off at most: nothing. Currency/MWh."""
        return 0.0


def _between(polynomial: Polynomial, low: float, high: float) -> list[float]:
    """Return the real roots strictly between two numbers."""
    within = polynomial(Polynomial([low, high - low]))  # so that they are in 0 to 1
    scale = float(np.abs(within.coef).max())
    if not 0 < scale < np.inf:
        return []
    roots = (within / scale).trim(_NOTHING).roots()
    real = roots[np.abs(roots.imag) <= _ROUNDING].real
    return [low + (high - low) * float(root) for root in real if 0 < root < 1]
