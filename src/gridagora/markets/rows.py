"""What a clearing keeps: one balance, and limits on linear functions of net demand."""

from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from gridagora.markets.qp import Program
from gridagora.types.arrays import FloatArray, IntArray

MANY_ROWS = 60
"""Beyond so many limits a solver begins without and is given those that break."""


class Rows(Protocol):
    """A balance and limits over the places of a book, scaled to order one.

    For every dispatch ``weight @ net_demand`` has one value and ``value(net_demand)``
    stays between ``low`` and ``high``. The price at each place is then ``energy price *
    weight + spread(worth)``, ``worth`` being the multipliers of the limits: positive at
    ``high``, negative at ``low``.
    """

    @property
    def weight(self) -> FloatArray:
        """What each unit drawn takes out of the balance. Shape ``(n_place,)``."""
        ...

    @property
    def low(self) -> FloatArray:
        """Least value of each row. Shape ``(n_row,)``."""
        ...

    @property
    def high(self) -> FloatArray:
        """Most value of each row. Shape ``(n_row,)``."""
        ...

    @property
    def effect(self) -> FloatArray:
        """What to multiply worths by before they are compared. Shape ``(n_row,)``."""
        ...

    def value(self, net_demand: FloatArray) -> FloatArray:
        """Return the value of each row for a net demand by place."""
        ...

    def spread(self, worth: FloatArray) -> FloatArray:
        """Return what limits add to the price at each place."""
        ...

    def rows(self, at: IntArray) -> FloatArray:
        """Return what each place adds to some rows. Shape ``(at.size, n_place)``."""
        ...

    def columns(self, places: IntArray) -> FloatArray:
        """Return what some places add to each row. Shape ``(n_row, places.size)``."""
        ...

    def first(self) -> tuple[IntArray, bool]:
        """Return the rows to begin with, and whether these are all that have limits."""
        ...

    def program(
        self,
        objective: Program,
        drawn: tuple[IntArray, FloatArray],
        firm: FloatArray,
        held: IntArray,
    ) -> Program:
        """Return the program that keeps the balance and some rows.

        Args:
            objective: Costs and bounds of the variables, without rows.
            drawn: Place of each variable, and 1 where it draws, -1 where it delivers.
                Two columns of shape ``(n,)``.
            firm: Net demand that is no variable. Shape ``(n_place,)``.
            held: Positions of the rows.
        """
        ...

    def multipliers(
        self, row_dual: FloatArray, held: IntArray
    ) -> tuple[float, FloatArray]:
        """Return energy price and worths from the multipliers of that program."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class DenseRows:
    """Rows as a matrix over places.

    Attributes:
        matrix: What each place adds to each row. Shape ``(n_row, n_place)``.
        offset: Value of each row without any demand. Shape ``(n_row,)``.
        low: Least values. Shape ``(n_row,)``.
        high: Most values. Shape ``(n_row,)``.
        effect: See ``Rows``. Shape ``(n_row,)``.
        size: What counts as 1 in each row, in its own unit. Shape ``(n_row,)``.
        weight: See ``Rows``. Shape ``(n_place,)``.
        total: Value of ``weight @ net_demand``.
    """

    matrix: FloatArray
    offset: FloatArray
    low: FloatArray
    high: FloatArray
    effect: FloatArray
    size: FloatArray
    weight: FloatArray
    total: float = 0.0

    def value(self, net_demand: FloatArray) -> FloatArray:
        """Return the value of each row for a net demand by place."""
        return np.asarray(self.matrix @ net_demand + self.offset)

    def spread(self, worth: FloatArray) -> FloatArray:
        """Return what limits add to the price at each place."""
        used = np.flatnonzero(worth)
        return np.asarray(worth[used] @ self.matrix[used])

    def rows(self, at: IntArray) -> FloatArray:
        """Return what each place adds to some rows. Shape ``(at.size, n_place)``."""
        return self.matrix[at]

    def columns(self, places: IntArray) -> FloatArray:
        """Return what some places add to each row. Shape ``(n_row, places.size)``."""
        return self.matrix[:, places]

    def first(self) -> tuple[IntArray, bool]:
        """Return all rows that have limits, or none when they are many."""
        limited = np.flatnonzero(np.isfinite(self.low) | np.isfinite(self.high))
        few = limited.size <= MANY_ROWS
        return (limited, True) if few else (limited[:0], False)

    def program(
        self,
        objective: Program,
        drawn: tuple[IntArray, FloatArray],
        firm: FloatArray,
        held: IntArray,
    ) -> Program:
        """Return the program: the balance, then some rows; see ``Rows.program``."""
        place, sign = drawn
        rest = self.matrix[held]
        fixed = rest @ firm + self.offset[held]
        total = self.total - self.weight @ firm
        return replace(
            objective,
            rows=np.vstack([self.weight[place] * sign, rest[:, place] * sign]),
            row_least=np.append(total, self.low[held] - fixed),
            row_most=np.append(total, self.high[held] - fixed),
        )

    def multipliers(
        self, row_dual: FloatArray, held: IntArray
    ) -> tuple[float, FloatArray]:
        """Return energy price and worths from the multipliers of that program."""
        worth = np.zeros(self.low.size)
        worth[held] = row_dual[1:]
        return float(row_dual[0]), worth
