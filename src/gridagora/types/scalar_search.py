"""The best of many numbers, looked for on a grid that becomes finer."""

from collections.abc import Callable

import numpy as np

from gridagora.errors import InvalidActionError, InvalidConfigError
from gridagora.types.arrays import FloatArray

PayoffOfMany = Callable[[FloatArray], FloatArray]
"""Takes numbers, shape ``(n,)``; returns what each pays, the same shape."""

_TIE = 1e-9


def best_scalar(
    payoff_of_many: PayoffOfMany, candidates: FloatArray, *, refinements: int = 2
) -> tuple[float, float]:
    """Return the number that pays most, the smallest one among equals.

    All candidates are tried; then, as often as asked, as many again evenly between the
    neighbours of the best one so far. Payoffs within 1e-9 of the largest, relative to
    it or to 1, count as equal, so that rounding cannot raise the answer. A maximum
    that is narrower than the candidates lie apart may be missed.

    Args:
        payoff_of_many: Asked once per round of the search, for the numbers not yet
            tried, rising.
        candidates: Numbers to try first, rising, at least two.
            Shape ``(n_candidate,)``.
        refinements: How often to look again around the best, >= 0.

    Returns:
        The number and what it pays.

    Raises:
        InvalidConfigError: Fewer than two candidates, not finite and rising, or fewer
            than 0 refinements.
        InvalidActionError: What the candidates pay has another shape or is not finite.

    Example:
        >>> best_scalar(lambda x: x * (4 - x), np.linspace(0, 3, 4))
        (2.0, 4.0)
    """
    grid = _checked(candidates, refinements)
    tried = paid = np.array([])
    for _ in range(refinements + 1):
        new = np.setdiff1d(grid, tried)  # rising
        if new.size:
            order = np.argsort(np.concatenate([tried, new]))
            paid = np.concatenate([paid, _asked(payoff_of_many, new)])[order]
            tried = np.concatenate([tried, new])[order]
        best = _smallest_best(paid)
        low, high = tried[max(best - 1, 0)], tried[min(best + 1, tried.size - 1)]
        grid = np.linspace(low, high, grid.size)
    best = _smallest_best(paid)
    return float(tried[best]), float(paid[best])


def _smallest_best(paid: FloatArray) -> int:
    most = float(paid.max())
    return int((paid >= most - _TIE * max(1.0, abs(most))).argmax())


def _asked(payoff_of_many: PayoffOfMany, numbers: FloatArray) -> FloatArray:
    paid = np.asarray(payoff_of_many(numbers), dtype=np.float64)
    if paid.shape != numbers.shape or not np.isfinite(paid).all():
        raise InvalidActionError(
            "scalar search",
            [
                f"what {numbers.size} numbers from {numbers[0]:g} to {numbers[-1]:g} "
                f"pay has the shape {paid.shape} and {int((~np.isfinite(paid)).sum())} "
                f"that are not finite, expected {numbers.shape} and none."
            ],
        )
    return paid


def _checked(candidates: FloatArray, refinements: int) -> FloatArray:
    given = np.array(candidates, dtype=np.float64)
    faults = []
    rising = given.ndim == 1 and bool(np.all(np.diff(given) > 0))
    if given.size < 2 or not rising or not np.isfinite(given).all():
        faults.append(
            f"candidates are {given.tolist()}, expected two or more finite numbers, "
            "rising."
        )
    if refinements < 0:
        faults.append(f"refinements is {refinements}, expected >= 0.")
    if faults:
        raise InvalidConfigError("scalar search", faults)
    return given
