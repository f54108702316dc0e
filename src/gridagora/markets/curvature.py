"""How fast places of a grid grow dearer the more they draw."""

import numpy as np

from gridagora.markets.limit_shares import prices_on
from gridagora.types.arrays import BoolArray, FloatArray, IntArray
from gridagora.types.linear_dispatch import LinearDispatch
from gridagora.types.linear_grid import LinearGrid

_DUST = 1e-12  # of the length of two vectors: their product may be rounding


class Curvature:
    """Change of prices with demand by place, guessed first and learned on the way.

    **Guess.** Losses of a feeder are about ``sum R P P`` with the resistance ``R`` that
    two places have in common, and one more kW at one of them lowers the voltage at the
    other by ``R`` pu. So the price of energy times twice that fall is how fast losses
    at the margin grow. The voltage of a place is the mean over the terminals of its
    bus, each counted as the place itself lowers it.

    **Learning.** On the way from one model to the next, places move and their prices
    change: the guess is corrected by as little as agrees with that (BFGS). It stays
    symmetric and without negative directions.

    Attributes:
        place: The places. Shape ``(n,)``.
        matrix: Change of each price with each demand. Currency/kWh per kW. ``(n, n)``.

    Source:
        Nocedal and Wright, Numerical Optimization, 2nd ed., eq. (6.19).
    """

    def __init__(self, dispatch: LinearDispatch, place: IntArray) -> None:
        self.place = place
        self.matrix = _guess(dispatch, place)

    def learn(self, dispatch: LinearDispatch, old: LinearGrid, new: LinearGrid) -> None:
        """Take notice of how prices changed on the way between two models.

        Args:
            dispatch: Its multipliers make prices of both models.
            old: Where the way began.
            new: Where it ended.
        """
        before, after = prices_on(dispatch, old), prices_on(dispatch, new)
        ratio = new.kvar_per_kw
        change = (after[0] - before[0] + ratio * (after[1] - before[1]))[self.place]
        step = (new.demand_kw - old.demand_kw)[self.place]
        grown = float(change @ step)
        if grown <= _DUST * float(np.linalg.norm(change) * np.linalg.norm(step)):
            return  # it grew cheaper, which no straight line can be bent to
        known = self.matrix @ step
        along = float(known @ step)
        if along > _DUST * float(np.linalg.norm(known) * np.linalg.norm(step)):
            self.matrix = self.matrix - np.outer(known, known) / along
        self.matrix = self.matrix + np.outer(change, change) / grown

    def directions(self, active: BoolArray) -> tuple[FloatArray, FloatArray]:
        """Return independent directions in which some places grow dearer.

        Args:
            active: Which places count. Shape ``(n,)``.

        Returns:
            How fast each grows dearer, > 0, shape ``(n_direction,)``; and the
            directions, of length 1, shape ``(n_direction, n_active)``.
        """
        rate, across = np.linalg.eigh(self.matrix[np.ix_(active, active)])
        kept = rate > _SLOWEST * float(rate.max(initial=0.0))
        return rate[kept], across.T[kept]


_SLOWEST = 1e-4  # of the fastest: a direction that grows dearer so slowly does not


def _guess(dispatch: LinearDispatch, place: IntArray) -> FloatArray:
    grid = dispatch.grid
    energy = abs(float(dispatch.active.energy[grid.source]))
    fall = -grid.voltages.per_kw[:, place]
    at_bus = grid.bus[grid.terminals][:, None] == grid.bus[place]
    weight = np.where(at_bus, np.maximum(fall, 0.0), 0.0)
    weight /= np.maximum(weight.sum(axis=0), np.finfo(np.float64).tiny)
    ratio = grid.kvar_per_kw[place]
    raw = 2.0 * energy * (weight.T @ fall) * (1.0 + np.outer(ratio, ratio))
    rate, across = np.linalg.eigh(0.5 * (raw + raw.T))
    guess: FloatArray = (across * np.maximum(rate, 0.0)) @ across.T
    return guess
