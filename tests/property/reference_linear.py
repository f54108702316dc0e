"""The linear market as a textbook would write it, for CVXPY: no line shared with ours."""

from dataclasses import dataclass
from typing import Any

import cvxpy
import numpy as np

from gridagora.types.grid_limits import GridLimits
from gridagora.types.linear_grid import LinearGrid
from gridagora.types.orders import CurveColumns

cp: Any = cvxpy  # its annotations know half of its names


@dataclass(frozen=True)
class Answer:
    """Optimum and prices; ``None`` when there is no dispatch."""

    welfare_per_h: float
    quantity_kw: np.ndarray
    price_per_kwh: np.ndarray
    price_per_kvarh: np.ndarray


def solve_linear(
    grid: LinearGrid,
    orders: CurveColumns,
    limits: GridLimits,
    fixed_kw: np.ndarray,
    fixed_kvar: np.ndarray,
    solver: str = "CLARABEL",
) -> Answer | None:
    """Maximise value less cost; demands by place are variables, their duals prices.

    The sign of a dual follows how its equality is written: here the demand that has to
    be met stands on the right, so that the price is the dual with its sign turned.
    """
    n = grid.n_place
    kw, kvar = cp.Variable(n), cp.Variable(n)
    welfare = 0.0
    keep, quantity = [], []
    drawn_kw, drawn_kvar = list(fixed_kw), list(fixed_kvar)
    for order in range(orders.n_order):
        side = 1.0 if orders.is_bid[order] else -1.0
        award, worth, bounds = _curve(orders, order, side)
        keep += bounds
        welfare = welfare + side * worth
        place = int(orders.bus[order])
        if side < 0 and place < grid.n_bus:
            place = int(grid.supply[place])
        drawn_kw[place] = drawn_kw[place] + side * award
        ratio = float(grid.kvar_per_kw[place])
        drawn_kvar[place] = drawn_kvar[place] + side * award * ratio
        quantity.append(award)
    at_kw = [kw[i] == drawn_kw[i] for i in range(n)]
    at_kvar = [kvar[i] == drawn_kvar[i] for i in range(n)]
    keep += _limits(grid, limits, kw, kvar)
    problem = cp.Problem(cp.Maximize(welfare), [*keep, *at_kw, *at_kvar])
    problem.solve(solver=solver, **_ACCURACY[solver])
    if problem.status in ("infeasible", "infeasible_inaccurate"):
        return None
    assert problem.status in ("optimal", "optimal_inaccurate"), problem.status
    return Answer(
        float(problem.value),
        np.array([float(getattr(each, "value", each)) for each in quantity]),
        np.array([-float(row.dual_value) for row in at_kw]),
        np.array([-float(row.dual_value) for row in at_kvar]),
    )


_ACCURACY = {
    "CLARABEL": {
        "tol_gap_abs": 1e-11,
        "tol_gap_rel": 1e-11,
        "tol_feas": 1e-11,
        "reduced_tol_gap_abs": 1e-9,
        "reduced_tol_gap_rel": 1e-9,
        "reduced_tol_feas": 1e-9,
    },
    "HIGHS": {
        "primal_feasibility_tolerance": 1e-9,
        "dual_feasibility_tolerance": 1e-9,
    },
}


def _curve(orders, order, side):
    """Return what an order gets, the area under its curve up to there, and bounds."""
    at = slice(orders.start[order], orders.start[order + 1])
    q, p = orders.quantity_kw[at], orders.price_per_kwh[at]
    wide = np.diff(q) > 0
    award, worth = q[0], p[0] * q[0]
    if not wide.any():
        return award, worth, []
    width = np.diff(q)[wide]
    part = cp.Variable(width.size)
    half_slope = np.diff(p)[wide] / width / 2
    worth = worth + p[:-1][wide] @ part
    if half_slope.any():
        rise = cp.sum_squares(cp.multiply(np.sqrt(np.abs(half_slope)), part))
        worth = worth - side * rise
    return award + cp.sum(part), worth, [part >= 0, part <= width]


def _limits(grid, limits, kw, kvar):
    """Return balance and limits."""
    more_kw, more_kvar = kw - grid.demand_kw, kvar - grid.demand_kvar

    def after(rows):
        return rows.value + rows.per_kw @ more_kw + rows.per_kvar @ more_kvar

    losses = after(grid.loss)[0]
    kept = [cp.sum(kw) + losses == 0]
    if grid.flows.n_row:
        most = grid.flow_limit_kw if limits.flows else np.full(grid.flows.n_row, np.inf)
        most = np.array(
            [
                limits.flow_kw.get(name, x)
                for name, x in zip(grid.flows.name, most, strict=True)
            ]
        )
        flow, told = after(grid.flows), np.isfinite(most)
        if told.any():
            kept += [flow[told] <= most[told], flow[told] >= -most[told]]
    if limits.currents and np.isfinite(grid.current_limit_a).any():
        told = np.isfinite(grid.current_limit_a)
        kept.append(after(grid.currents)[told] <= grid.current_limit_a[told])
    pu: Any = after(grid.voltages) if grid.voltages.n_row else ()
    for row, name in enumerate(grid.voltages.name):
        bus = grid.place[grid.bus[grid.n_place - grid.voltages.n_row + row]]
        pair = limits.voltage_at.get(
            name, limits.voltage_at.get(bus, limits.voltage_pu)
        )
        if pair is not None:
            kept += [pu[row] >= pair[0], pu[row] <= pair[1]]
    if np.isfinite(limits.source_kw):
        outside = (grid.bus != grid.source).astype(float)
        entering = outside @ kw + losses
        kept += [entering <= limits.source_kw, entering >= -limits.source_kw]
    return kept
