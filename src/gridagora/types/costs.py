"""Convex costs as participants submit them: polynomials and straight pieces."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.polynomial import polynomial
from numpy.typing import ArrayLike

from gridagora.errors import InvalidOrderError
from gridagora.types.arrays import FloatArray, IntArray

_CONVEX = 1e-12  # a breach this small against the terms of a polynomial is rounding
_LEVEL = 1e-9  # slopes this close, relative to the steepest, count as equal


@dataclass(frozen=True, slots=True)
class PolynomialCost:
    """Cost ``c(q) = sum coefficient[k] q^k`` of any degree.

    Attributes:
        coefficient: Factor of each power of ``q``, the constant first; ``q`` in kW.
            Currency/h per kW^k.

    Raises:
        InvalidOrderError: No coefficient, or one that is not finite.

    Example:
        >>> diesel = PolynomialCost((0.0, 60.0, 0.05))
        >>> float(diesel.value_per_h(10.0)), float(diesel.marginal_per_kwh(10.0))
        (605.0, 61.0)
    """

    coefficient: tuple[float, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "coefficient", _floats(self.coefficient))
        faults = _not_finite("coefficient", self.coefficient)
        if not self.coefficient:
            faults.append("there is no coefficient, expected one or more.")
        if faults:
            raise InvalidOrderError("polynomial cost", faults)

    @property
    def degree(self) -> int:
        """Highest power with a coefficient other than 0."""
        powers = [k for k, factor in enumerate(self.coefficient) if factor != 0.0]
        return max(powers, default=0)

    @property
    def is_curved(self) -> bool:
        """Whether the marginal cost is more than one straight line."""
        return self.degree > 2

    def value_per_h(self, quantity_kw: ArrayLike) -> FloatArray:
        """Return the cost of quantities. Currency/h."""
        return _evaluated(np.array(self.coefficient), quantity_kw)

    def marginal_per_kwh(self, quantity_kw: ArrayLike) -> FloatArray:
        """Return the cost of one more kW at quantities. Currency/kWh."""
        return _evaluated(_derivative(np.array(self.coefficient)), quantity_kw)

    def bend_per_kwh(self, quantity_kw: ArrayLike) -> FloatArray:
        """Return the rise of the marginal cost at quantities. Currency/kWh per kW."""
        slope = _derivative(np.array(self.coefficient))
        return _evaluated(_derivative(slope), quantity_kw)

    def faults(self, least_kw: float, most_kw: float) -> list[str]:
        """Return why this is no convex cost between two quantities >= 0.

        The second derivative is looked at where it is least: at its own extremes and at
        both ends. A breach below 1e-12 of its terms is rounding of the coefficients.
        """
        if least_kw == most_kw:
            return []
        powers = np.arange(self.degree + 1)
        with np.errstate(over="ignore", invalid="ignore"):
            scaled = np.array(self.coefficient)[powers] * np.power(most_kw, powers)
        if not np.isfinite(scaled).all():
            return [f"its terms at {most_kw:g} kW are too large, expected finite."]
        bend = _derivative(_derivative(scaled))  # over parts of the most quantity
        size = float(np.abs(bend).sum())
        low = least_kw / most_kw
        turns = _within(bend, low)
        at = np.concatenate([[low, 1.0], turns, _within(_derivative(bend), low)])
        value = _evaluated(bend, at)
        worst = int(np.argmin(value))
        if value[worst] >= -_CONVEX * size:
            return []
        ends = np.concatenate([[low, 1.0], turns])
        start = most_kw * float(ends[ends < at[worst]].max(initial=low))
        stop = most_kw * float(ends[ends > at[worst]].min(initial=1.0))
        return [
            f"its marginal cost falls from {start:g} to {stop:g} kW, expected a convex "
            f"cost between {least_kw:g} and {most_kw:g} kW."
        ]

    def marginal_corners(
        self, least_kw: float, most_kw: float, inner_kw: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """Return corners of the marginal cost between two quantities.

        Args:
            least_kw: The first corner. kW.
            most_kw: The last corner. kW.
            inner_kw: Corners between them, rising; used where it is curved. kW.

        Returns:
            Quantities, kW, and prices, currency/kWh, both never falling.
        """
        inner = inner_kw if self.is_curved else np.zeros(0)
        quantity = np.concatenate([[least_kw], inner, [most_kw]])
        return quantity, np.maximum.accumulate(self.marginal_per_kwh(quantity))


@dataclass(frozen=True, slots=True)
class PiecewiseLinearCost:
    """Cost given at some quantities, straight lines between them.

    Attributes:
        quantity_kw: Two or more quantities >= 0, rising. kW.
        cost_per_h: The cost at each. Currency/h.

    Raises:
        InvalidOrderError: Lengths that differ, numbers that are not finite, quantities
            that are negative or do not rise.

    Example:
        >>> steps = PiecewiseLinearCost((0.0, 10.0, 20.0), (0.0, 5.0, 15.0))
        >>> steps.marginal_per_kwh([5.0, 10.0]).tolist()
        [0.5, 1.0]
    """

    quantity_kw: tuple[float, ...]
    cost_per_h: tuple[float, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "quantity_kw", _floats(self.quantity_kw))
        object.__setattr__(self, "cost_per_h", _floats(self.cost_per_h))
        quantity, cost = self.quantity_kw, self.cost_per_h
        faults = _not_finite("quantity_kw", quantity) + _not_finite("cost_per_h", cost)
        if len(quantity) < 2 or len(quantity) != len(cost):
            faults.append(
                f"{len(quantity)} quantities and {len(cost)} costs, expected one cost "
                "for each of two or more quantities."
            )
        if not faults and (quantity[0] < 0 or min(np.diff(quantity)) <= 0):
            faults.append(
                f"quantities are {list(quantity)}, expected >= 0 kW and rising."
            )
        if faults:
            what = "piecewise linear cost"
            raise InvalidOrderError(what, faults)

    @property
    def is_curved(self) -> bool:
        """False: the marginal cost is made of steps."""
        return False

    def value_per_h(self, quantity_kw: ArrayLike) -> FloatArray:
        """Return the cost of quantities; the end pieces go on. Currency/h."""
        quantity = np.asarray(quantity_kw, dtype=np.float64)
        piece = self._piece(quantity)
        before = np.array(self.quantity_kw)[piece]
        cost = np.array(self.cost_per_h)[piece]
        return np.asarray(cost + self._slopes()[piece] * (quantity - before))

    def marginal_per_kwh(self, quantity_kw: ArrayLike) -> FloatArray:
        """Return the cost of one more kW; at a corner, beyond it. Currency/kWh."""
        piece = self._piece(np.asarray(quantity_kw, dtype=np.float64))
        return np.asarray(self._slopes()[piece])

    def bend_per_kwh(self, quantity_kw: ArrayLike) -> FloatArray:
        """Return 0 everywhere: between its steps the marginal cost is level."""
        return np.zeros(np.shape(quantity_kw))

    def faults(self, least_kw: float, most_kw: float) -> list[str]:
        """Return why this is no convex cost between two quantities."""
        first, last = self.quantity_kw[0], self.quantity_kw[-1]
        faults = []
        if least_kw < first or most_kw > last:
            faults.append(
                f"its cost is given from {first:g} to {last:g} kW, expected from "
                f"{least_kw:g} to {most_kw:g} kW."
            )
        slope = self._slopes()
        near = _LEVEL * float(np.abs(slope).max())
        faults += [
            f"its marginal cost falls from {before:g} to {after:g} per kWh at {at:g} "
            f"kW, expected a convex cost between {least_kw:g} and {most_kw:g} kW."
            for at, before, after in zip(
                self.quantity_kw[1:-1], slope[:-1], slope[1:], strict=True
            )
            if least_kw < at < most_kw and after < before - near
        ]
        return faults

    def marginal_corners(
        self, least_kw: float, most_kw: float, inner_kw: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """Return the steps of the marginal cost between two quantities.

        Args:
            least_kw: The first corner. kW.
            most_kw: The last corner. kW.
            inner_kw: Not used: the steps are exact.

        Returns:
            Quantities, kW, and prices, currency/kWh, both never falling.
        """
        edges = [at for at in self.quantity_kw[1:-1] if least_kw < at < most_kw]
        ends = np.array([least_kw, *edges, most_kw])
        price = self.marginal_per_kwh(ends[:-1])
        return np.repeat(ends, 2)[1:-1], np.maximum.accumulate(np.repeat(price, 2))

    def _slopes(self) -> FloatArray:
        return np.asarray(np.diff(self.cost_per_h) / np.diff(self.quantity_kw))

    def _piece(self, quantity_kw: FloatArray) -> IntArray:
        """Return the piece to the right of each quantity, the last one at the end."""
        piece = np.searchsorted(self.quantity_kw, quantity_kw, side="right") - 1
        return np.asarray(np.clip(piece, 0, len(self.quantity_kw) - 2), dtype=np.int64)


Cost = PolynomialCost | PiecewiseLinearCost
"""What an order for a cost carries."""


def _floats(numbers: Sequence[float]) -> tuple[float, ...]:
    return tuple(float(number) for number in numbers)


def _evaluated(coefficient: FloatArray, at: ArrayLike) -> FloatArray:
    value = polynomial.polyval(np.asarray(at, dtype=np.float64), coefficient)
    return np.asarray(value, dtype=np.float64)


def _derivative(coefficient: FloatArray) -> FloatArray:
    return np.asarray(polynomial.polyder(coefficient), dtype=np.float64)


def _not_finite(name: str, numbers: Sequence[float]) -> list[str]:
    return [
        f"{name} {at} is {number!r}, expected a finite number."
        for at, number in enumerate(numbers)
        if not math.isfinite(number)
    ]


def _within(coefficient: FloatArray, low: float) -> FloatArray:
    """Return where a polynomial may be 0 between ``low`` and 1, double roots too.

    Rounding turns a double root into two complex ones beside it, hence real parts.
    Factors too small to matter there are left out: a root far outside is of no use.
    """
    size = np.abs(coefficient).max(initial=0.0)
    kept = np.flatnonzero(np.abs(coefficient) > 1e-16 * size)
    if kept.size == 0 or kept[-1] == 0:
        return np.zeros(0)
    root = np.real(polynomial.polyroots(coefficient[: kept[-1] + 1] / size))
    return np.asarray(root[(root > low) & (root < 1.0)], dtype=np.float64)
