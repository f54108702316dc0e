"""One door to the solvers of separable quadratic and linear programs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from types import MappingProxyType

import daqp
import numpy as np
import piqp
from scipy import sparse
from scipy.linalg import qr
from scipy.optimize import linprog
from scipy.sparse.linalg import splu

from gridagora.errors import ClearingError, UnknownNameError
from gridagora.types.arrays import FloatArray, IntArray

SOLVERS = ("auto", "daqp", "highs", "piqp")
"""``auto`` is DAQP up to ``DENSE_SIZE`` variables and PIQP beyond."""

DENSE_SIZE = 400
_ACCURACY = 1e-11  # KKT residual, for data of order one, at which the search ends
_ACCEPTED = 1e-8  # the largest that leaves this module; certificates are stricter
_REFINEMENTS = 30
_NO_LIMIT = 1e30  # how DAQP and PIQP write infinity
_EQUALITY = 5  # DAQP's mark of a row with one value
_STRICT = 1e-6  # below this curvature, proximal steps keep DAQP well conditioned
_DEPENDENT = 1e-11  # rows this close to a combination of others follow from them
_DAQP_INFEASIBLE = -1
_HIGHS_INFEASIBLE = 2


@dataclass(frozen=True, slots=True, eq=False)
class Program:
    """Minimise ``sum(curvature x^2 / 2 + linear x)`` within bounds and rows.

    Data should be of order one: tolerances are absolute.

    Attributes:
        curvature: Second derivative by variable, >= 0. Shape ``(n,)``.
        linear: First derivative at 0. Shape ``(n,)``.
        least: Lower bounds, ``-inf`` for none. Shape ``(n,)``.
        most: Upper bounds, ``inf`` for none. Shape ``(n,)``.
        rows: Matrix of the rows, dense or sparse. Shape ``(m, n)``.
        row_least: ``row_least <= rows @ x``; ``-inf`` for none. Shape ``(m,)``.
        row_most: ``rows @ x <= row_most``; equal to ``row_least`` for an equality.
            Shape ``(m,)``.
    """

    curvature: FloatArray
    linear: FloatArray
    least: FloatArray
    most: FloatArray
    rows: "FloatArray | sparse.csr_array"
    row_least: FloatArray
    row_most: FloatArray

    @property
    def is_linear(self) -> bool:
        """Whether there is no curvature at all."""
        return not self.curvature.any()


@dataclass(frozen=True, slots=True, eq=False)
class Solution:
    """A point and its multipliers.

    ``curvature x + linear + rows' row_dual + bound_dual = 0``; a multiplier is
    positive where an upper bound holds the point back, negative at a lower bound.

    Attributes:
        feasible: Whether there is a point at all; the rest is empty when not.
        x: The point. Shape ``(n,)``.
        row_dual: Multipliers of the rows. Shape ``(m,)``.
        bound_dual: Multipliers of the bounds. Shape ``(n,)``.
    """

    feasible: bool
    x: FloatArray
    row_dual: FloatArray
    bound_dual: FloatArray


_NO_SOLUTION = Solution(
    feasible=False, x=np.zeros(0), row_dual=np.zeros(0), bound_dual=np.zeros(0)
)


def solve(program: Program, *, solver: str = "auto") -> Solution:
    """Solve a program with exact multipliers.

    DAQP is an active-set method and ends at the solution of a linear system. PIQP is an
    interior-point method: its point is polished, that is, solved again as a linear
    system on the bounds it found active. HiGHS takes linear programs only.

    Args:
        program: What to minimise.
        solver: One of ``SOLVERS``.

    Returns:
        The solution, KKT residual 1e-11 (in hard cases up to 1e-8) for data of order
        one, or the word that there is none.

    Raises:
        UnknownNameError: No such solver.
        ClearingError: The solver gave up, or its result cannot be polished.

    Source:
        Arnstrom, Bemporad & Axehill, IEEE Trans. Autom. Control 67(8), 2022 (DAQP);
        Schwan, Jiang, Kuhn & Jones, IEEE CDC 2023 (PIQP).
    """
    if solver not in SOLVERS:
        raise UnknownNameError("solver", solver, SOLVERS)
    if program.linear.size == 0:
        return _without_variables(program)
    best, left = _best(program, _attempts(program, solver))
    if left <= _ACCEPTED:
        return best
    if not _is_feasible(program):
        return _NO_SOLUTION
    raise ClearingError(
        f"no solution ({solver}): KKT residual {left:.1e}, expected at most "
        f"{_ACCEPTED:.0e}, on {program.linear.size} variables and "
        f"{program.row_least.size} rows. Check the data for extreme ratios."
    )


def _best(program: Program, attempts: tuple["_Method", ...]) -> tuple[Solution, float]:
    """Return the first solution that is accurate, or the best of all, and its error."""
    best, left = _NO_SOLUTION, np.inf
    for attempt in attempts:
        found = attempt(program)
        if found is None or not found.feasible:
            continue
        found, residual = _refined(program, found)
        if residual < left:
            best, left = found, residual
        if left <= _ACCURACY:
            break
    return best, left


def _without_variables(program: Program) -> Solution:
    """Return the empty point if 0 meets the rows."""
    off = np.maximum(program.row_least, -program.row_most)
    if off.max(initial=0.0) > _ACCURACY:
        return _NO_SOLUTION
    none = np.zeros(0)
    return Solution(feasible=True, x=none, row_dual=np.zeros(off.size), bound_dual=none)


def _is_feasible(program: Program) -> bool:
    """Return whether any point meets bounds and rows, by the simplex method."""
    none = np.zeros(program.linear.size)
    found = _highs(replace(program, curvature=none, linear=none))
    return found is None or found.feasible


def _refined(program: Program, found: Solution) -> tuple[Solution, float]:
    """Polish a solution if that makes it better."""
    left = kkt_residual(program, found)
    if left <= _ACCURACY:
        return found, left
    polished = _polished(program, found)
    after = kkt_residual(program, polished)
    return (polished, after) if after < left else (found, left)


def kkt_residual(program: Program, solution: Solution) -> float:
    """Return the largest breach of the optimality conditions.

    A gradient that does not vanish counts as a distance in price or, where curvature is
    above 1, in ``x``: whichever is smaller.
    """
    x, row_dual, bound_dual = solution.x, solution.row_dual, solution.bound_dual
    value = program.rows @ x
    gradient = program.curvature * x + program.linear
    stationarity = gradient + program.rows.T @ row_dual + bound_dual
    breaches = (
        np.abs(stationarity) / np.maximum(program.curvature, 1.0),
        _breach(x, program.least, program.most, bound_dual),
        _breach(value, program.row_least, program.row_most, row_dual),
    )
    worst = max(float(breach.max(initial=0.0)) for breach in breaches)
    return np.inf if np.isnan(worst) else worst


def _breach(
    value: FloatArray, least: FloatArray, most: FloatArray, dual: FloatArray
) -> FloatArray:
    """Return how far values leave their range or multipliers miss their bound."""
    outside = np.maximum(least - value, value - most)
    slack = np.where(dual > 0, most - value, value - least)
    return np.maximum(outside, np.minimum(np.abs(dual), np.abs(slack)))


def _daqp(program: Program, proximal: float) -> Solution | None:
    """Solve by the dual active-set method; proximal steps where curvature is 0."""
    n = program.linear.size
    rows = program.rows.toarray() if sparse.issparse(program.rows) else program.rows
    upper = np.concatenate([program.most, program.row_most])
    lower = np.concatenate([program.least, program.row_least])
    idle = n + _dependent(rows, upper, lower)
    upper[idle], lower[idle] = np.inf, -np.inf
    sense: IntArray = np.where(upper == lower, _EQUALITY, 0)
    strict = bool(np.all(program.curvature > _STRICT))
    x, _, flag, info = daqp.solve(
        np.diag(program.curvature),
        program.linear,
        np.ascontiguousarray(rows),
        np.minimum(upper, _NO_LIMIT),
        np.maximum(lower, -_NO_LIMIT),
        sense.astype(np.int32),
        eps_prox=0.0 if strict else proximal,
        eta_prox=1e-13,
        primal_tol=1e-12,
        dual_tol=1e-13,
    )
    if flag == _DAQP_INFEASIBLE:
        return _NO_SOLUTION
    if flag != 1:
        return None
    dual = np.asarray(info["lam"], dtype=np.float64)
    return Solution(
        feasible=True, x=np.array(x), row_dual=dual[n:], bound_dual=dual[:n]
    )


def _dependent(rows: FloatArray, upper: FloatArray, lower: FloatArray) -> IntArray:
    """Return equality rows that follow from others; DAQP would refuse them.

    Should they contradict the others, the KKT residual of what is found shows it.
    """
    n = rows.shape[1]
    fixed = upper[:n] == lower[:n]
    equal = np.flatnonzero(upper[n:] == lower[n:])
    if equal.size + int(fixed.sum()) < 2 or not equal.size:
        return np.zeros(0, dtype=np.int64)
    part = np.where(fixed, 0.0, rows[equal])
    _, triangle, pivot = qr(part.T, mode="economic", pivoting=True)
    size = np.zeros(equal.size)
    size[: min(triangle.shape)] = np.abs(np.diag(triangle))
    dependent: IntArray = equal[pivot[size <= _DEPENDENT * max(size[0], 1.0)]]
    return dependent


def _piqp(program: Program) -> Solution | None:
    """Solve by the proximal interior-point method on sparse matrices."""
    rows = sparse.csc_matrix(program.rows)
    equal = program.row_least == program.row_most
    ranged = ~equal
    model = piqp.SparseSolver()
    model.settings.eps_abs = 1e-11
    model.settings.eps_rel = 0.0
    model.settings.max_iter = 500
    model.setup(
        sparse.csc_matrix(sparse.diags_array(program.curvature)),
        program.linear,
        rows[equal],
        program.row_least[equal],
        rows[ranged],
        np.maximum(program.row_least[ranged], -_NO_LIMIT),
        np.minimum(program.row_most[ranged], _NO_LIMIT),
        np.maximum(program.least, -_NO_LIMIT),
        np.minimum(program.most, _NO_LIMIT),
    )
    status = model.solve()
    if status == piqp.PIQP_PRIMAL_INFEASIBLE:
        return _NO_SOLUTION
    if status not in (piqp.PIQP_SOLVED, piqp.PIQP_MAX_ITER_REACHED):
        return None
    found = model.result
    row_dual = np.zeros(program.row_least.size)
    row_dual[equal] = found.y
    row_dual[ranged] = np.asarray(found.z_u) - np.asarray(found.z_l)
    return Solution(
        feasible=True,
        x=np.array(found.x),
        row_dual=row_dual,
        bound_dual=np.asarray(found.z_bu) - np.asarray(found.z_bl),
    )


def _highs(program: Program) -> Solution | None:
    """Solve a linear program by the simplex method."""
    if not program.is_linear:
        return None
    equal = program.row_least == program.row_most
    over, under = np.isfinite(program.row_most), np.isfinite(program.row_least)
    over, under = over & ~equal, under & ~equal
    rows = sparse.csr_array(program.rows)
    found = linprog(
        program.linear,
        A_ub=sparse.vstack([rows[over], -rows[under]]),
        b_ub=np.concatenate([program.row_most[over], -program.row_least[under]]),
        A_eq=rows[equal],
        b_eq=program.row_most[equal],
        bounds=list(zip(program.least.tolist(), program.most.tolist(), strict=True)),
        method="highs",
        options={
            "primal_feasibility_tolerance": 1e-10,
            "dual_feasibility_tolerance": 1e-10,
        },
    )
    if found.status == _HIGHS_INFEASIBLE:
        return _NO_SOLUTION
    if found.status != 0:
        return None
    row_dual = np.zeros(program.row_least.size)
    row_dual[equal] = -found.eqlin.marginals
    upward, downward = np.split(-found.ineqlin.marginals, [int(over.sum())])
    row_dual[over] += upward
    row_dual[under] -= downward
    bound_dual = -found.lower.marginals - found.upper.marginals
    return Solution(
        feasible=True, x=np.array(found.x), row_dual=row_dual, bound_dual=bound_dual
    )


def _polished(program: Program, rough: Solution) -> Solution:
    """Solve again with the bounds that are active in ``rough`` as equalities.

    The correction nearest to ``rough`` is taken, so that a point inside a face of
    optima keeps the signs of its multipliers.

    Source:
        Stellato et al., OSQP, Math. Program. Comput. 12, 2020, section 5.2.
    """
    rows = sparse.csr_array(program.rows)
    at = _active(rough.x, program.least, program.most, rough.bound_dual)
    row_at = _active(
        rows @ rough.x, program.row_least, program.row_most, rough.row_dual
    )
    free = np.flatnonzero(np.isnan(at))
    held = np.flatnonzero(~np.isnan(row_at))
    x = np.where(np.isnan(at), rough.x, at)
    row_dual = np.where(np.isnan(row_at), 0.0, rough.row_dual)
    part = sparse.csc_array(rows[held][:, free])
    small = 1e-9
    system = sparse.block_array(
        [
            [sparse.diags_array(program.curvature[free] + small), part.T],
            [part, sparse.diags_array(np.full(held.size, -small))],
        ],
        format="csc",
    )
    factor = splu(system) if system.shape[0] else None
    for _ in range(_REFINEMENTS):
        gradient = program.curvature * x + program.linear + rows.T @ row_dual
        off = np.concatenate([-gradient[free], row_at[held] - (rows @ x)[held]])
        if factor is None or np.abs(off).max() <= _ACCURACY / 100:
            break
        step = factor.solve(off)
        x[free] += step[: free.size]
        row_dual[held] += step[free.size :]
    gradient = program.curvature * x + program.linear + rows.T @ row_dual
    bound_dual = np.where(np.isnan(at), 0.0, -gradient)
    return Solution(feasible=True, x=x, row_dual=row_dual, bound_dual=bound_dual)


def _active(
    value: FloatArray, least: FloatArray, most: FloatArray, dual: FloatArray
) -> FloatArray:
    """Return the bound that holds each value, NaN where none does."""
    at = np.full(value.size, np.nan)
    above = (dual > 0) & (dual > most - value)
    below = (dual < 0) & (-dual > value - least)
    at[above] = most[above]
    at[below] = least[below]
    fixed = least == most
    at[fixed] = least[fixed]
    return at


_Method = Callable[[Program], Solution | None]


def _attempts(program: Program, solver: str) -> tuple[_Method, ...]:
    """Return what to try, in turn."""
    if solver != "auto":
        return _METHODS[solver]
    if program.linear.size <= DENSE_SIZE:
        return _METHODS["daqp"] + _METHODS["piqp"]
    return _METHODS["piqp"] + _METHODS["daqp"]


_METHODS: Mapping[str, tuple[_Method, ...]] = MappingProxyType(
    {
        # Fixed proximal steps are the most exact; those that the solver scales itself
        # (negative) end sooner where curvature is nearly 0.
        "daqp": tuple(
            partial(_daqp, proximal=step)
            for step in (1e-2, 1e-1, 1e-4, -1e-2, -1e-4, -1e-6)
        ),
        "highs": (_highs,),
        "piqp": (_piqp,),
    }
)
