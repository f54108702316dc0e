"""The rules that choose among optima: prices that are not unique, orders that tie."""

from dataclasses import replace

import numpy as np

from gridagora.errors import ClearingError
from gridagora.markets import qp
from gridagora.markets.kernels.pieces import bus_price_bounds
from gridagora.markets.pieces import NEAR, Pieces
from gridagora.markets.rows import Rows
from gridagora.types.arrays import FloatArray, IntArray

_PRICED = 1e-12  # scaled prices of limits below this are rounding


def choose_prices(
    pieces: Pieces,
    rows: Rows,
    dispatch: tuple[FloatArray, FloatArray],
    found: tuple[float, FloatArray],
) -> tuple[float, FloatArray]:
    """Return the energy price and the congestion prices of the declared rule.

    Prices support a dispatch when every piece wants what it got and only limits that
    bind have a worth. Of those the least sum of squares of ``effect * worth`` is taken,
    then the middle of the energy prices that are left.

    Args:
        pieces: The book.
        rows: What it keeps.
        dispatch: What each piece got and the values of the rows. Shapes ``(n_piece,)``
            and ``(n_row,)``.
        found: Energy price and worths that support it.

    Returns:
        Energy price and worths, scaled. They are ``found`` where no others support the
        dispatch.

    Raises:
        ClearingError: Rounding leaves no prices that do.
    """
    (filled, value), (energy_price, worth) = dispatch, found
    at_low, at_high = value <= rows.low + NEAR, value >= rows.high - NEAR
    full = at_low | at_high  # what others seem worth is rounding
    worth = np.where(np.abs(worth) > np.where(full, _PRICED, NEAR), worth, 0.0)
    low, high = bus_price_bounds(
        pieces.firm.size,
        pieces.place,
        pieces.sign > 0,
        pieces.width,
        pieces.first,
        pieces.last,
        filled,
        energy_price * rows.weight + rows.spread(worth),
        NEAR,
    )
    told = np.flatnonzero(np.isfinite(low) | np.isfinite(high))
    low, high, weight = low[told], high[told], rows.weight[told]
    limits = np.flatnonzero(full | (worth != 0.0))
    # price = weight * energy price + apart @ (effect * worth)
    apart = rows.rows(limits)[:, told].T / rows.effect[limits]
    known = low == high
    if _are_unique(weight[known], apart[known]):
        return energy_price, worth
    if limits.size:
        away = at_high[limits].astype(np.float64) - at_low[limits]
        away = np.where(full[limits], away, np.sign(worth[limits]))
        least = _least_effects(weight, apart, (low, high), away)
        worth[limits] = least / rows.effect[limits]
        spread = apart @ least
        low, high = low - spread, high - spread
    lowest, highest = _energy_prices(weight, low, high)
    return _middle(lowest, highest, pieces.middle_price), worth


def _are_unique(weight: FloatArray, apart: FloatArray) -> bool:
    """Return whether known prices, one per row, settle all the multipliers."""
    n_known, n_limit = apart.shape
    if n_known <= n_limit:
        return False
    known = np.column_stack([weight, apart])
    return n_limit == 0 or bool(np.linalg.matrix_rank(known) == n_limit + 1)


def _least_effects(
    weight: FloatArray,
    apart: FloatArray,
    within: tuple[FloatArray, FloatArray],
    away: FloatArray,
) -> FloatArray:
    """Return the effects of limits, of least norm, that keep prices within bounds.

    ``away`` is the sign that each may have, 0 for either.
    """
    n_limit = away.size
    free = np.full(n_limit, np.inf)
    found = qp.solve(
        qp.Program(
            curvature=np.append(0.0, np.ones(n_limit)),
            linear=np.zeros(n_limit + 1),
            least=np.append(-np.inf, np.where(away > 0, 0.0, -free)),
            most=np.append(np.inf, np.where(away < 0, 0.0, free)),
            rows=np.column_stack([weight, apart]),
            row_least=within[0],
            row_most=within[1],
        )
    )
    if not found.feasible:
        n_told = weight.size
        raise ClearingError(
            f"no prices support the dispatch up to rounding ({n_limit} limits that "
            f"bind, {n_told} places that tell a price). Check the data for extreme "
            "ratios."
        )
    return np.where(np.abs(found.x[1:]) > _PRICED, found.x[1:], 0.0)


def _energy_prices(
    weight: FloatArray, low: FloatArray, high: FloatArray
) -> tuple[float, float]:
    """Return the lowest and the highest energy price within bounds of each place."""
    at = np.flatnonzero(np.abs(weight) > NEAR)
    ends = low[at] / weight[at], high[at] / weight[at]
    lowest = np.max(np.minimum(*ends), initial=-np.inf)
    return float(lowest), float(np.min(np.maximum(*ends), initial=np.inf))


def _middle(lowest: float, highest: float, otherwise: float) -> float:
    """Return the midpoint of a range or its finite end."""
    if np.isfinite(lowest) and np.isfinite(highest):
        return 0.5 * (lowest + highest)
    if np.isfinite(lowest):
        return lowest
    return highest if np.isfinite(highest) else otherwise


def share_ties(
    pieces: Pieces,
    rows: Rows,
    dispatch: tuple[FloatArray, FloatArray],
    price: FloatArray,
    worth: FloatArray,
) -> FloatArray:
    """Return the quantities of the declared rule: most volume, then pro rata.

    Args:
        pieces: The book.
        rows: What it keeps.
        dispatch: An optimum: what each piece got and the values of the rows. Shapes
            ``(n_piece,)`` and ``(n_row,)``.
        price: Prices that support it, scaled. Shape ``(n_place,)``.
        worth: Worths of the rows, scaled. Shape ``(n_row,)``.

    Returns:
        The optimum of least ``sum(filled^2 / width)`` over tied pieces, among those of
        most volume; the very array that came in where none tie.
        Shape ``(n_piece,)``.
    """
    level = 0.5 * (pieces.first + pieces.last)
    ties = np.flatnonzero(pieces.flat & (np.abs(price[pieces.place] - level) <= NEAR))
    filled = dispatch[0]
    if ties.size < 2:
        return filled
    tied, least, most = _tie_rows(pieces, rows, dispatch, worth, ties)
    width = pieces.width[ties]
    bids = pieces.sign[ties] > 0
    program = qp.Program(
        curvature=np.zeros(ties.size),
        linear=np.where(bids, -1.0, 0.0),
        least=np.zeros(ties.size),
        most=width,
        rows=tied,
        row_least=least,
        row_most=most,
    )
    if bids.any() and not bids.all():
        program = _optima(program)
    program = replace(program, curvature=1.0 / width, linear=np.zeros(ties.size))
    shared = filled.copy()
    shared[ties] = np.clip(qp.solve(program).x, 0.0, width)
    return shared


def _optima(program: qp.Program) -> qp.Program:
    """Return the program with bounds and rows drawn in to its set of optima.

    All optima obey the bounds that have a multiplier in one of them as equalities.
    """
    found = qp.solve(program)
    value = np.asarray(program.rows @ found.x)
    at, row_at = np.abs(found.bound_dual) > NEAR, np.abs(found.row_dual) > NEAR
    there = np.where(found.bound_dual > 0, program.most, program.least)
    return replace(
        program,
        least=np.where(at, there, program.least),
        most=np.where(at, there, program.most),
        row_least=np.where(row_at, value, program.row_least),
        row_most=np.where(row_at, value, program.row_most),
    )


def _tie_rows(
    pieces: Pieces,
    rows: Rows,
    dispatch: tuple[FloatArray, FloatArray],
    worth: FloatArray,
    ties: IntArray,
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return balance and the limits within reach, as rows over the tied pieces."""
    filled, value = dispatch
    sign = pieces.sign[ties]
    column = rows.columns(pieces.place[ties]) * sign
    reach = np.abs(column) @ pieces.width[ties]
    priced = worth != 0.0
    near = (value + reach > rows.high) | (value - reach < rows.low)
    kept = np.flatnonzero((priced | near) & (reach > 0.0))
    there = value[kept]
    most = np.where(priced[kept], there, np.maximum(rows.high[kept], there))
    least = np.where(priced[kept], there, np.minimum(rows.low[kept], there))
    others = there - column[kept] @ filled[ties]
    balance = rows.weight[pieces.place[ties]] * sign
    total = float(balance @ filled[ties])
    return (
        np.vstack([balance, column[kept]]),
        np.append(total, least - others),
        np.append(total, most - others),
    )
