"""The dispatch of greatest welfare of a book, and the prices and shares of the rules.

Every market that clears curves by optimisation comes through here.
"""

from dataclasses import dataclass

import numpy as np

from gridagora.markets import qp
from gridagora.markets.open_choices import choose_prices, share_ties
from gridagora.markets.pieces import NEAR, Pieces
from gridagora.markets.rows import Rows
from gridagora.types.arrays import FloatArray, IntArray

_ADDED = 12  # rows that one more round adds, the worst first


@dataclass(frozen=True, slots=True, eq=False)
class Optimum:
    """Quantities and prices, scaled as ``Pieces``.

    Attributes:
        filled: What each piece got. Shape ``(n_piece,)``.
        energy_price: Price of the balance.
        worth: Multipliers of the rows. Shape ``(n_row,)``.
        price: Price at each place. Shape ``(n_place,)``.
        value: Values of the rows. Shape ``(n_row,)``.
    """

    filled: FloatArray
    energy_price: float
    worth: FloatArray
    price: FloatArray
    value: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class NoOptimum:
    """No dispatch keeps the balance and these rows.

    Attributes:
        held: Positions of rows.
    """

    held: IntArray


def find_optimum(
    pieces: Pieces, rows: Rows, *, solver: str = "auto"
) -> Optimum | NoOptimum:
    """Find the dispatch of greatest welfare, then settle what it leaves open.

    Rows that a dispatch breaks are added until none is broken: the result is the
    optimum under all of them.

    Args:
        pieces: The book.
        rows: What it must keep.
        solver: One of ``qp.SOLVERS``.
    """
    objective, drawn = pieces.objective(), (pieces.place, pieces.sign)
    held, complete = rows.first()
    while True:
        program = rows.program(objective, drawn, pieces.firm, held)
        found = qp.solve(program, solver=solver)
        if not found.feasible:
            return NoOptimum(held)
        filled = np.clip(found.x[: pieces.width.size], 0.0, pieces.width)
        value = rows.value(pieces.net_demand(filled))
        more = () if complete else _broken(rows, value, held)
        if not len(more):
            break
        held = np.union1d(held, more)
    energy_price, worth = choose_prices(
        pieces, rows, (filled, value), rows.multipliers(found.row_dual, held)
    )
    price = energy_price * rows.weight + rows.spread(worth)
    shared = share_ties(pieces, rows, (filled, value), price, worth)
    if shared is not filled:
        value = rows.value(pieces.net_demand(shared))
    return Optimum(shared, energy_price, worth, price, value)


def _broken(rows: Rows, value: FloatArray, held: IntArray) -> IntArray:
    """Return the rows that values break most, without those already held."""
    excess = np.maximum(value - rows.high, rows.low - value)
    excess[held] = 0.0
    broken = np.flatnonzero(excess > NEAR)
    return broken[np.argsort(-excess[broken], kind="stable")[:_ADDED]]
