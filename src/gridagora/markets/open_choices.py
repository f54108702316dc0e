"""The rules that choose among optima: prices that are not unique, orders that tie."""

from dataclasses import replace

import numpy as np

from gridagora.markets import qp
from gridagora.markets.direct_current import DenseFlows, SparseFlows
from gridagora.markets.kernels.pieces import bus_price_bounds
from gridagora.markets.pieces import NEAR, Pieces
from gridagora.types.arrays import FloatArray, IntArray

_PRICED = 1e-12  # scaled prices of limits below this are rounding


def choose_prices(
    pieces: Pieces,
    flows: DenseFlows | SparseFlows,
    filled: FloatArray,
    found: tuple[float, FloatArray],
) -> tuple[float, FloatArray]:
    """Return the energy price and the congestion prices of the declared rule.

    Prices support a dispatch when every piece wants what it got and only limits that
    bind have a price. Of those the least sum of squares of congestion prices is taken,
    then the middle of the energy prices that are left.

    Args:
        pieces: The book.
        flows: The network.
        filled: What each piece got. Shape ``(n_piece,)``.
        found: Energy price and congestion prices that support it.

    Returns:
        Energy price at the reference bus and congestion prices, scaled. They are
        ``found`` where no others support the dispatch.
    """
    energy_price, congestion = found
    flow = flows.flow(pieces.net_demand(filled))
    idle = np.abs(flow) < pieces.limit - NEAR  # what they seem worth is rounding
    small = np.where(idle, NEAR, _PRICED)
    congestion = np.where(np.abs(congestion) > small, congestion, 0.0)
    low, high = bus_price_bounds(
        pieces.firm.size,
        pieces.bus,
        pieces.sign > 0,
        pieces.width,
        pieces.first,
        pieces.last,
        filled,
        energy_price - flows.spread(congestion),
        NEAR,
    )
    told = np.flatnonzero(np.isfinite(low) | np.isfinite(high))
    low, high = low[told], high[told]
    full = (np.abs(flow) >= pieces.limit - NEAR) | (congestion != 0.0)
    lines = np.flatnonzero(full)
    # price = energy price + apart @ congestion
    apart = -flows.rows(lines)[:, told].T
    if _are_unique(apart[low == high]):
        return energy_price, congestion
    if lines.size:
        away = np.where(pieces.limit[lines] <= NEAR, 0.0, np.sign(flow[lines]))
        congestion[lines] = _least_congestion(apart, low, high, away)
    spread = apart @ congestion[lines]
    lowest = float(np.max(low - spread, initial=-np.inf))
    highest = float(np.min(high - spread, initial=np.inf))
    return _middle(lowest, highest, pieces.middle_price), congestion


def _are_unique(apart: FloatArray) -> bool:
    """Return whether known prices, one per row, settle all the multipliers."""
    n_known, n_line = apart.shape
    if n_known <= n_line:
        return False
    known = np.column_stack([np.ones(n_known), apart])
    return n_line == 0 or bool(np.linalg.matrix_rank(known) == n_line + 1)


def _least_congestion(
    apart: FloatArray, low: FloatArray, high: FloatArray, away: FloatArray
) -> FloatArray:
    """Return the congestion prices of least norm that keep prices within bounds.

    ``away`` is the sign that each may have, 0 for either.
    """
    n_told, n_line = apart.shape
    free = np.full(n_line, np.inf)
    found = qp.solve(
        qp.Program(
            curvature=np.append(0.0, np.ones(n_line)),
            linear=np.zeros(n_line + 1),
            least=np.append(-np.inf, np.where(away > 0, 0.0, -free)),
            most=np.append(np.inf, np.where(away < 0, 0.0, free)),
            rows=np.column_stack([np.ones(n_told), apart]),
            row_least=low,
            row_most=high,
        )
    )
    return np.where(np.abs(found.x[1:]) > _PRICED, found.x[1:], 0.0)


def _middle(lowest: float, highest: float, otherwise: float) -> float:
    """Return the midpoint of a range or its finite end."""
    if np.isfinite(lowest) and np.isfinite(highest):
        return 0.5 * (lowest + highest)
    if np.isfinite(lowest):
        return lowest
    return highest if np.isfinite(highest) else otherwise


def share_ties(
    pieces: Pieces,
    flows: DenseFlows | SparseFlows,
    filled: FloatArray,
    price: FloatArray,
    congestion: FloatArray,
) -> FloatArray:
    """Return the quantities of the declared rule: most volume, then pro rata.

    Args:
        pieces: The book.
        flows: The network.
        filled: An optimum. Shape ``(n_piece,)``.
        price: Prices that support it, scaled. Shape ``(n_bus,)``.
        congestion: Congestion prices, scaled. Shape ``(n_branch,)``.

    Returns:
        The optimum of least ``sum(filled^2 / width)`` over tied pieces, among those of
        most volume. Shape ``(n_piece,)``.
    """
    level = 0.5 * (pieces.first + pieces.last)
    ties = np.flatnonzero(pieces.flat & (np.abs(price[pieces.bus] - level) <= NEAR))
    if ties.size < 2:
        return filled
    rows, least, most = _tie_rows(pieces, flows, filled, congestion, ties)
    width = pieces.width[ties]
    bids = pieces.sign[ties] > 0
    program = qp.Program(
        curvature=np.zeros(ties.size),
        linear=np.where(bids, -1.0, 0.0),
        least=np.zeros(ties.size),
        most=width,
        rows=rows,
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
    flows: DenseFlows | SparseFlows,
    filled: FloatArray,
    congestion: FloatArray,
    ties: IntArray,
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return balance and the limits within reach, as rows over the tied pieces."""
    flow = flows.flow(pieces.net_demand(filled))
    column = -flows.columns(pieces.bus[ties]) * pieces.sign[ties]
    reach = np.abs(column) @ pieces.width[ties]
    priced = congestion != 0.0
    near = np.isfinite(pieces.limit) & (np.abs(flow) + reach > pieces.limit)
    kept = np.flatnonzero((priced | near) & (reach > 0.0))
    limit, there = pieces.limit[kept], flow[kept]
    most = np.where(priced[kept], there, np.maximum(limit, there))
    least = np.where(priced[kept], there, np.minimum(-limit, there))
    others = there - column[kept] @ filled[ties]
    total = float(pieces.sign[ties] @ filled[ties])
    return (
        np.vstack([pieces.sign[ties], column[kept]]),
        np.append(total, least - others),
        np.append(total, most - others),
    )
