"""General solvers of the problem that ``clear_linear`` solves, on the same arrays.

Orders of fixed size are taken out. What is left has one variable per order, one balance
and one row per limit; a call hands over new prices, slopes, sizes and right-hand sides.
Rows and prices are scaled to numbers of order one before the clock starts.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np

from benchmarks.cases import Array, Quadratic
from benchmarks.dlmp_cases import DlmpCase
from benchmarks.peers import LinearAnswer, PeerFailedError
from gridagora.types.grid_limits import GridLimits
from gridagora.types.linear_grid import LinearGrid
from gridagora.types.orders import CurveColumns

_MONEY = 1e-2  # of the unit of money that the solvers see
_STILL = 1e-5  # of its limit: rows that all orders together move by less are left out


@dataclass(frozen=True)
class LinearProgram:
    """Minimise ``q.P.q / 2 + c.q`` with ``weight.q = total``, ``low <= R q <= high``.

    Attributes:
        curvature: Diagonal of ``P``. Shape ``(n_free,)``.
        linear: ``c``.
        least: Least quantities.
        most: Most quantities.
        weight: What each kW of an order adds to the power from the source.
        total: What the free orders have to add up to.
        rows: ``R``, the largest number in each row being 1.
        low: Least values less what all else adds, divided by what the row was.
        high: Most values less what all else adds.
    """

    curvature: Array
    linear: Array
    least: Array
    most: Array
    weight: Array
    total: float
    rows: Array
    low: Array
    high: Array


class LinearModel:
    """One case with one set of limits, and its books as programs."""

    def __init__(self, case: DlmpCase, limits: GridLimits) -> None:
        grid = case.grid
        self._grid = grid
        per_kw, per_kvar, start, low, high = _limited_rows(grid, limits)
        first = Quadratic.of(case.variants[0])
        self.free = np.flatnonzero(first.most > first.least)
        place = self._places(case.variants[0])[self.free]
        moved = np.abs(per_kw[:, place]).max(axis=1)
        reach = moved * first.most[self.free].sum()
        free = reach > _STILL * np.maximum(np.abs(low), np.abs(high))
        self.per_kw, self.per_kvar, self._size = (
            per_kw[free],
            per_kvar[free],
            moved[free],
        )
        self._orders = [Quadratic.of(book) for book in case.variants]
        self.programs = [
            self._program(book, start[free], low[free], high[free])
            for book in case.variants
        ]

    def _places(self, book: CurveColumns) -> Array:
        return np.where(book.is_bid, book.bus, self._grid.supply[book.bus])

    def _program(
        self, book: CurveColumns, start: Array, low: Array, high: Array
    ) -> LinearProgram:
        grid, terms = self._grid, Quadratic.of(book)
        place, size = self._places(book), self._size
        ratio = grid.kvar_per_kw[place]
        columns = -terms.sign * (
            self.per_kw[:, place] + ratio * self.per_kvar[:, place]
        )
        loss = grid.loss.per_kw[0, place] + ratio * grid.loss.per_kvar[0, place]
        weight = -terms.sign * (1 + loss)
        kw, kvar = np.array(grid.demand_kw), np.array(grid.demand_kvar)
        kw[place] = kvar[place] = 0.0
        more_kw, more_kvar = kw - grid.demand_kw, kvar - grid.demand_kvar
        held = terms.least.copy()
        held[self.free] = 0.0
        offset = start + self.per_kw @ more_kw + self.per_kvar @ more_kvar
        offset += columns @ held
        drawn = kw.sum() + grid.loss.after(more_kw, more_kvar)[0] + weight @ held
        free = self.free
        return LinearProgram(
            curvature=_MONEY * terms.curvature[free],
            linear=_MONEY * terms.linear[free],
            least=terms.least[free],
            most=terms.most[free],
            weight=weight[free],
            total=-float(drawn),
            rows=np.ascontiguousarray(columns[:, free] / size[:, None]),
            low=(low - offset) / size,
            high=(high - offset) / size,
        )

    def answer(
        self, variant: int, quantity: Array, energy: float, worth: Array
    ) -> LinearAnswer:
        """Return quantities and prices in the terms of the market.

        Args:
            variant: Which book.
            quantity: Of the free orders.
            energy: What one more kW from the source costs.
            worth: What one more unit of each row's limit saves, negative at the least.
        """
        whole = self._orders[variant].least.copy()
        whole[self.free] = quantity
        loss = self._grid.loss
        energy, worth = energy / _MONEY, worth / (_MONEY * self._size)
        return LinearAnswer(
            quantity_kw=whole,
            price_per_kwh=energy * (1 + loss.per_kw[0]) + worth @ self.per_kw,
            price_per_kvarh=energy * loss.per_kvar[0] + worth @ self.per_kvar,
        )


class LinearPeer(ABC):
    """One solver, set up for one model."""

    name: str

    def __init__(self, model: LinearModel) -> None:
        """Build everything that does not belong under the clock."""
        self.model = model
        self._variant = 0
        self._set_up(model.programs[0])

    @abstractmethod
    def _set_up(self, first: LinearProgram) -> None: ...

    @abstractmethod
    def solve(self, variant: int) -> object:
        """Take a new book and solve: what is timed."""

    @abstractmethod
    def answer(self) -> LinearAnswer:
        """Return what the last call found."""


class LinearDaqp(LinearPeer):
    """Dual active set, dense, updated."""

    name = "DAQP, dense, updated"

    def _set_up(self, first: LinearProgram) -> None:
        import daqp

        self._data = [_dense(program) for program in self.model.programs]
        self._model = daqp.Model()
        self._model.settings = {"eps_prox": -1.0 if first.curvature.all() else 1e-7}
        self._model.setup(*self._data[0])
        self._x = self._lam = first.linear

    def solve(self, variant: int) -> object:
        self._variant = variant
        self._model.update(*self._data[variant])
        self._x, _, flag, info = self._model.solve()
        self._lam = info["lam"]
        return _require(flag == 1, self.name, flag)

    def answer(self) -> LinearAnswer:
        count = self.model.free.size
        dual = np.asarray(self._lam)[count:]
        return self.model.answer(self._variant, np.array(self._x), dual[0], dual[1:])


class LinearPiqp(LinearPeer):
    """Proximal interior point, dense, updated."""

    name = "PIQP, dense, updated"

    def _set_up(self, first: LinearProgram) -> None:
        import piqp

        self._hessians = [np.diag(p.curvature) for p in self.model.programs]
        self._model = piqp.DenseSolver()
        self._model.setup(
            self._hessians[0],
            first.linear,
            first.weight[None],
            np.array([first.total]),
            first.rows,
            first.low,
            first.high,
            first.least,
            first.most,
        )

    def solve(self, variant: int) -> object:
        self._variant = variant
        program = self.model.programs[variant]
        self._model.update(
            P=self._hessians[variant],
            c=program.linear,
            b=np.array([program.total]),
            h_l=program.low,
            h_u=program.high,
            x_l=program.least,
            x_u=program.most,
        )
        status = self._model.solve()
        return _require(status.value == 1, self.name, status)

    def answer(self) -> LinearAnswer:
        found = self._model.result
        worth = np.array(found.z_u) - np.array(found.z_l)
        return self.model.answer(
            self._variant, np.array(found.x), float(found.y[0]), worth
        )


class LinearCvxpyKept(LinearPeer):
    """CVXPY, problem built once with parameters, solved by Clarabel."""

    name = "CVXPY, built once"

    def _set_up(self, first: LinearProgram) -> None:
        import cvxpy

        self._cvxpy = cvxpy
        self._root, self._linear, self._least, self._most = (
            cvxpy.Parameter(first.linear.size, nonneg=at == 0) for at in range(4)
        )
        self._total = cvxpy.Parameter()
        self._low, self._high = (cvxpy.Parameter(first.low.size) for _ in range(2))
        self._write(
            first,
            (self._root, self._linear),
            (self._least, self._most),
            (self._total, self._low, self._high),
        )

    def _write(
        self,
        program: LinearProgram,
        cost: tuple[object, object],
        ends: tuple[object, object],
        sides: tuple[object, object, object],
    ) -> None:
        cvxpy = self._cvxpy
        self._q = cvxpy.Variable(program.linear.size)
        total, low, high = sides
        value = program.rows @ self._q
        self._balance = program.weight @ self._q == total
        self._above, self._below = value <= high, value >= low
        held = [self._balance, self._above, self._below]
        held += [self._q >= ends[0], self._q <= ends[1]]
        quadratic = cvxpy.sum_squares(cvxpy.multiply(cost[0], self._q)) / 2
        goal = cvxpy.Minimize(quadratic + cost[1] @ self._q)
        self._problem = cvxpy.Problem(goal, held)

    def solve(self, variant: int) -> object:
        self._variant = variant
        program = self.model.programs[variant]
        self._root.value = np.sqrt(program.curvature)
        self._linear.value = program.linear
        self._least.value, self._most.value = program.least, program.most
        self._total.value = program.total
        self._low.value, self._high.value = program.low, program.high
        return self._run()

    def _run(self) -> object:
        self._problem.solve(solver="CLARABEL", warm_start=True, max_threads=1)
        status = self._problem.status
        return _require(status == "optimal", self.name, status)

    def answer(self) -> LinearAnswer:
        worth = np.asarray(self._above.dual_value) - np.asarray(self._below.dual_value)
        return self.model.answer(
            self._variant,
            np.asarray(self._q.value),
            float(self._balance.dual_value),
            worth,
        )


class LinearCvxpyRebuilt(LinearCvxpyKept):
    """CVXPY, problem written down anew for each clearing, solved by Clarabel."""

    name = "CVXPY, rebuilt"

    def solve(self, variant: int) -> object:
        self._variant = variant
        program = self.model.programs[variant]
        self._write(
            program,
            (np.sqrt(program.curvature), program.linear),
            (program.least, program.most),
            (program.total, program.low, program.high),
        )
        return self._run()


LINEAR_PEERS: tuple[type[LinearPeer], ...] = (
    LinearDaqp,
    LinearPiqp,
    LinearCvxpyKept,
    LinearCvxpyRebuilt,
)


def _limited_rows(grid: LinearGrid, limits: GridLimits) -> tuple[Array, ...]:
    """Return sensitivities, values and limits of what is limited."""
    flow = grid.flow_limit_kw.copy()
    for name, limit in limits.flow_kw.items():
        flow[grid.flows.name.index(name)] = limit
    kept = np.flatnonzero(np.isfinite(flow))
    parts = [
        (grid.flows.per_kw[kept], grid.flows.per_kvar[kept], grid.flows.value[kept]),
    ]
    low, high = [-flow[kept]], [flow[kept]]
    if limits.voltage_pu is not None:
        volts = grid.voltages
        least = np.full(volts.n_row, limits.voltage_pu[0])
        most = np.full(volts.n_row, limits.voltage_pu[1])
        terminals = [grid.place[at] for at in grid.terminals]
        for name, pair in limits.voltage_at.items():
            at = terminals.index(name)
            least[at], most[at] = pair
        parts.append((volts.per_kw, volts.per_kvar, volts.value))
        low.append(least)
        high.append(most)
    per_kw, per_kvar, value = (
        np.concatenate(part) for part in zip(*parts, strict=True)
    )
    return per_kw, per_kvar, value, np.concatenate(low), np.concatenate(high)


def _dense(program: LinearProgram) -> tuple[Array, ...]:
    rows = np.vstack([program.weight, program.rows])
    upper = np.concatenate([program.most, [program.total], program.high])
    lower = np.concatenate([program.least, [program.total], program.low])
    sense = np.where(upper == lower, 5, 0).astype(np.int32)
    hessian = np.ascontiguousarray(np.diag(program.curvature))
    return hessian, program.linear, np.ascontiguousarray(rows), upper, lower, sense


def _require(solved: object, name: str, status: object) -> None:
    if not solved:
        msg = f"{name} ended with {status}"
        raise PeerFailedError(msg)
