"""Smallest sets of limits that no dispatch keeps, in words and with a proof."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse

from gridagora.errors import ClearingError, listed
from gridagora.markets import qp
from gridagora.markets.linear_rows import KeptLimits
from gridagora.markets.rows import DenseRows
from gridagora.types.arrays import FloatArray, IntArray

SHORT = 1e-10
"""Of the largest quantity: a smaller lack may be rounding."""

_NAMES = {
    "flow": "branch {!r}",
    "outage": "branch {!r}",
    "current": "line {!r}",
    "voltage": "terminal {!r}",
    "substation": "the {}",
}


@dataclass(frozen=True, slots=True, eq=False)
class Conflict:
    """What no dispatch can keep, and why.

    Attributes:
        energy: Weight of the balance in the proof.
        limit: Weight of each limit in it, 0 for those not needed: positive where the
            most is too little, negative where the least is too much. Per unit of the
            limit. Shape ``(n_limit,)``.
        reason: The same in words.
    """

    energy: float
    limit: FloatArray
    reason: str


def smallest_conflict(
    program: qp.Program, limits: Sequence[int], *, mechanism: str
) -> tuple[list[int], qp.Program, qp.Solution]:
    """Lift limits for as long as a program without a solution stays without one.

    Args:
        program: A linear program that always has a solution; its objective is how much
            is missing, 0 when nothing is.
        limits: Rows that may be lifted, in the order in which this is tried.
        mechanism: Name of the rule that found no dispatch, for the message.

    Returns:
        The rows that are left, which is a smallest set: lifting any one more leaves
        nothing missing. Then the program without the others, and its solution.

    Raises:
        ClearingError: Nothing is missing.
    """
    found = qp.solve(program, solver="highs")
    if missing(program, found) <= SHORT:
        raise ClearingError(
            f"{mechanism}: one solver finds no dispatch and another finds one; firm "
            "power equals what the limits let pass up to rounding."
        )
    needed = [row for row in limits if found.row_dual[row] != 0.0]
    program = _lifted(program, sorted(set(limits) - set(needed)))
    for row in list(needed):
        without = _lifted(program, [row])
        if missing(without, qp.solve(without, solver="highs")) > SHORT:
            program = without
            needed.remove(row)
    return needed, program, qp.solve(program, solver="highs")


def missing(program: qp.Program, found: qp.Solution) -> float:
    """Return the objective of a linear program, scaled as its data."""
    return float(program.linear @ found.x)


def find_conflict(
    kept: KeptLimits,
    rows: DenseRows,
    net: tuple[FloatArray, FloatArray],
    held: IntArray,
    *,
    scale_kw: float,
    mechanism: str,
) -> Conflict:
    """Find a smallest set of limits that no dispatch keeps.

    Limits are lifted by name, so that neither the arrival of orders nor the order of
    columns plays a part.

    Args:
        kept: The limits.
        rows: The same, scaled.
        net: Least and most net demand of each place, scaled. Shapes ``(n_place,)``.
        held: Rows that no dispatch keeps. Positions of limits.
        scale_kw: By what powers were divided. kW.
        mechanism: Name of the rule that found no dispatch.

    Raises:
        ClearingError: There is a dispatch after all.
    """
    ends = np.sort([rows.weight * net[0], rows.weight * net[1]], axis=0).sum(axis=1)
    over, under = ends[0] - rows.total, rows.total - ends[1]
    nothing = np.zeros(len(kept.name))
    if over > SHORT:
        reason = f"{over * scale_kw:g} kW more firm demand than can be served"
        return Conflict(1.0, nothing, f"{reason} in the whole grid.")
    if under > SHORT:
        reason = f"{under * scale_kw:g} kW more firm supply than can be taken up"
        return Conflict(-1.0, nothing, f"{reason} in the whole grid.")
    named = sorted(held.tolist(), key=lambda at: (kept.name[at], kept.kind[at]))
    program = _elastic(rows, net, np.array(named, dtype=np.int64))
    needed, _, found = smallest_conflict(
        program, range(1, len(named) + 1), mechanism=mechanism
    )
    chosen = [named[row - 1] for row in needed]
    weight = np.zeros(rows.low.size)
    weight[chosen] = found.row_dual[needed]
    return Conflict(
        energy=float(found.row_dual[0]),
        limit=weight * scale_kw / rows.size,
        reason=_reason(kept, rows, net, chosen, weight),
    )


def _reason(
    kept: KeptLimits,
    rows: DenseRows,
    net: tuple[FloatArray, FloatArray],
    chosen: Sequence[int],
    weight: FloatArray,
) -> str:
    """Say for each limit what it asks and what can be had while the others hold."""
    reach = _reach(rows, net, chosen, weight) * rows.size[chosen]
    asked = []
    for at, there in zip(chosen, reach, strict=True):
        name, unit = _NAMES[kept.kind[at]].format(kept.name[at]), kept.unit[at]
        asked.append(
            f"{name}: at most {kept.high[at]:g} {unit}, at least {there:.6g} reachable"
            if weight[at] > 0
            else f"{name}: at least {kept.low[at]:g} {unit}, at most {there:.6g} "
            "reachable"
        )
    if len(chosen) == 1:
        return f"no dispatch keeps this limit: {asked[0]}."
    return (
        f"no dispatch keeps these {len(chosen)} limits together, but lifting any one "
        f"lets it keep the others: {listed(asked, separator='; ')}."
    )


def _elastic(
    rows: DenseRows, net: tuple[FloatArray, FloatArray], held: IntArray
) -> qp.Program:
    """Return the program of the least total breach of some rows, balance kept.

    Variables: net demand of each place, then what each row is over, then under.
    """
    n, m = rows.weight.size, held.size
    one = sparse.eye_array(m)
    matrix = sparse.block_array(
        [
            [sparse.csr_array(rows.weight[None, :]), sparse.csr_array((1, 2 * m))],
            [sparse.csr_array(rows.matrix[held]), sparse.hstack([-one, one])],
        ],
        format="csr",
    )
    breach = np.zeros(2 * m)
    return qp.Program(
        curvature=np.zeros(n + 2 * m),
        linear=np.append(np.zeros(n), breach + 1.0),
        least=np.append(net[0], breach),
        most=np.append(net[1], breach + np.inf),
        rows=matrix,
        row_least=np.append(rows.total, rows.low[held] - rows.offset[held]),
        row_most=np.append(rows.total, rows.high[held] - rows.offset[held]),
    )


def _reach(
    rows: DenseRows,
    net: tuple[FloatArray, FloatArray],
    chosen: Sequence[int],
    weight: FloatArray,
) -> FloatArray:
    """Return how near each row comes to its limit while the others hold."""
    found = []
    for at in chosen:
        others = np.array([other for other in chosen if other != at], dtype=np.int64)
        toward = np.sign(weight[at]) * rows.matrix[at]
        program = qp.Program(
            curvature=np.zeros(toward.size),
            linear=toward,
            least=net[0],
            most=net[1],
            rows=np.vstack([rows.weight, rows.matrix[others]]),
            row_least=np.append(rows.total, rows.low[others] - rows.offset[others]),
            row_most=np.append(rows.total, rows.high[others] - rows.offset[others]),
        )
        best = qp.solve(program, solver="highs")
        found.append(float(rows.matrix[at] @ best.x + rows.offset[at]))
    return np.array(found)


def _lifted(program: qp.Program, rows: Sequence[int]) -> qp.Program:
    """Return the program without the limits of some rows."""
    at = np.asarray(rows, dtype=np.int64)
    row_least, row_most = program.row_least.copy(), program.row_most.copy()
    row_least[at], row_most[at] = -np.inf, np.inf
    return replace(program, row_least=row_least, row_most=row_most)
