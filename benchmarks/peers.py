"""The solvers that ours is compared with, each in its quickest documented form.

Peers of radial clearing solve the same quadratic program: quantities ``q``, flows
``f`` of the lines, one balance per bus. They are set up once; a call hands over new
orders (slopes, prices and sizes all differ) through the peer's own update and solves.
Matrices are built before the clock starts and results are read after it stops, which
favours the peers: ours is timed from order columns to prices.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from benchmarks.cases import Array, Quadratic, RadialCase

NO_LIMIT = 1e30


@dataclass(frozen=True)
class Answer:
    """What a contender found: quantity by order and price by bus."""

    quantity_kw: Array
    price_per_kwh: Array


@dataclass(frozen=True)
class LinearAnswer:
    """What a contender found on a linear grid, or on the grid itself.

    Attributes:
        quantity_kw: Of every order.
        price_per_kwh: Of active power at every place, or at every bus.
        price_per_kvarh: Of reactive power there.
    """

    quantity_kw: Array
    price_per_kwh: Array
    price_per_kvarh: Array


@dataclass(frozen=True)
class FlowProgram:
    """Minimise ``q.P.q / 2 + c.q`` over ``x = [q, f]`` with ``balance @ x = 0``."""

    hessian: sparse.csc_matrix
    linear: Array
    balance: sparse.csc_matrix
    least: Array
    most: Array
    n_order: int

    @classmethod
    def of(cls, case: RadialCase, variant: int) -> "FlowProgram":
        """Write one set of orders as a program."""
        network, terms = case.network, Quadratic.of(case.variants[variant])
        n_order, n_line = terms.bus.size, network.n_branch
        line = np.arange(n_line)
        rows = np.concatenate([terms.bus, line + 1, network.parent[1:]])
        columns = np.concatenate([np.arange(n_order), n_order + line, n_order + line])
        values = np.concatenate([terms.sign, np.ones(n_line), -np.ones(n_line)])
        size = n_order + n_line
        diagonal = np.concatenate([terms.curvature, np.zeros(n_line)])
        return cls(
            hessian=sparse.csc_matrix(
                (diagonal, np.arange(size), np.arange(size + 1)), shape=(size, size)
            ),
            linear=np.concatenate([terms.linear, np.zeros(n_line)]),
            balance=sparse.csc_matrix(
                (values, (rows, columns)), shape=(network.n_bus, size)
            ),
            least=np.concatenate([terms.least, -network.limit_kw]),
            most=np.concatenate([terms.most, network.limit_kw]),
            n_order=n_order,
        )


class Peer(ABC):
    """One solver, set up for one case.

    Attributes:
        name: As the table shows it.
        largest: Most buses it is asked for.
        reason: Why not more.
    """

    name: str
    largest: int = 10**9
    reason: str = ""

    @abstractmethod
    def __init__(self, case: RadialCase, cap_s: float) -> None:
        """Build everything that does not belong under the clock."""

    @abstractmethod
    def solve(self, variant: int) -> object:
        """Take new orders and solve: what is timed."""

    @abstractmethod
    def answer(self) -> Answer:
        """Return what the last call found."""


class Daqp(Peer):
    """Dual active set, dense, in the H form: orders only, one row per limited line."""

    name = "DAQP, dense H form, updated"
    largest = 1_000
    reason = "dense: 1 GB of matrices at 10,000 buses"

    def __init__(self, case: RadialCase, cap_s: float) -> None:
        import daqp

        del cap_s  # an active-set method on these sizes ends soon
        network = case.network
        self._limited = np.flatnonzero(np.isfinite(network.limit_kw))
        self._sensitivity = network.injection_sensitivity()[self._limited]
        self._data = [self._dense(case, at) for at in range(len(case.variants))]
        self._model = daqp.Model()
        hessian, linear, rows, upper, lower, sense = self._data[0]
        self._model.settings = {"eps_prox": -1.0}
        self._model.setup(hessian, linear, rows, upper, lower, sense)
        self._x = self._lam = linear

    def _dense(self, case: RadialCase, variant: int) -> tuple[Array, ...]:
        terms = Quadratic.of(case.variants[variant])
        limit = case.network.limit_kw[self._limited]
        rows = np.vstack([terms.sign, self._sensitivity[:, terms.bus] * terms.sign])
        upper = np.concatenate([terms.most, [0.0], limit])
        lower = np.concatenate([terms.least, [0.0], -limit])
        sense = np.where(upper == lower, 5, 0).astype(np.int32)
        hessian = np.ascontiguousarray(np.diag(terms.curvature))
        return hessian, terms.linear, np.ascontiguousarray(rows), upper, lower, sense

    def solve(self, variant: int) -> object:
        hessian, linear, rows, upper, lower, sense = self._data[variant]
        self._model.update(hessian, linear, rows, upper, lower, sense)
        self._x, _, flag, info = self._model.solve()
        self._lam = info["lam"]
        return _require(flag == 1, self.name, flag)

    def answer(self) -> Answer:
        n_order = self._x.size
        dual = np.asarray(self._lam)[n_order:]
        price = -dual[0] - self._sensitivity.T @ dual[1:]
        return Answer(np.array(self._x), price)


class Piqp(Peer):
    """Proximal interior point, sparse, updated."""

    name = "PIQP, sparse, updated"

    def __init__(self, case: RadialCase, cap_s: float) -> None:
        import piqp

        del cap_s  # PIQP takes no time limit
        self._programs = _programs(case)
        first = self._programs[0]
        self._model = piqp.SparseSolver()
        self._model.setup(
            first.hessian,
            first.linear,
            first.balance,
            np.zeros(first.balance.shape[0]),
            x_l=np.maximum(first.least, -NO_LIMIT),
            x_u=np.minimum(first.most, NO_LIMIT),
        )

    def solve(self, variant: int) -> object:
        program = self._programs[variant]
        self._model.update(
            P=program.hessian, c=program.linear, x_l=program.least, x_u=program.most
        )
        status = self._model.solve()
        return _require(status.value == 1, self.name, status)

    def answer(self) -> Answer:
        found = self._model.result
        n_order = self._programs[0].n_order
        return Answer(np.array(found.x)[:n_order], -np.array(found.y))


class Clarabel(Peer):
    """Conic interior point through its own interface, updated."""

    name = "Clarabel, sparse, updated"

    def __init__(self, case: RadialCase, cap_s: float) -> None:
        import clarabel

        self._programs = _programs(case)
        first = self._programs[0]
        size = first.linear.size
        self._above = np.flatnonzero(np.isfinite(first.most))
        self._below = np.flatnonzero(np.isfinite(first.least))
        eye = sparse.identity(size, format="csr")
        rows = sparse.vstack(
            [first.balance, eye[self._above], -eye[self._below]], format="csc"
        )
        self._n_balance = first.balance.shape[0]
        self._sides = [self._side(program) for program in self._programs]
        cones = [
            clarabel.ZeroConeT(self._n_balance),
            clarabel.NonnegativeConeT(rows.shape[0] - self._n_balance),
        ]
        settings = clarabel.DefaultSettings()
        settings.verbose = False
        settings.presolve_enable = False  # data updates need it off
        settings.max_threads = 1
        settings.time_limit = cap_s
        self._model = clarabel.DefaultSolver(
            first.hessian, first.linear, rows, self._sides[0], cones, settings
        )
        self._found: object = None

    def _side(self, program: FlowProgram) -> Array:
        balance = np.zeros(self._n_balance)
        return np.concatenate(
            [balance, program.most[self._above], -program.least[self._below]]
        )

    def solve(self, variant: int) -> object:
        program = self._programs[variant]
        self._model.update(P=program.hessian, q=program.linear, b=self._sides[variant])
        self._found = self._model.solve()
        status = str(self._found.status)
        return _require(status == "Solved", self.name, status)

    def answer(self) -> Answer:
        n_order = self._programs[0].n_order
        price = -np.array(self._found.z)[: self._n_balance]
        return Answer(np.array(self._found.x)[:n_order], price)


class Highs(Peer):
    """HiGHS's active-set QP through highspy, model kept, data changed."""

    name = "HiGHS QP, model kept"
    largest = 1_000
    reason = "no answer within 30 s at 10,000 buses"

    def __init__(self, case: RadialCase, cap_s: float) -> None:
        import highspy

        self._programs = _programs(case)
        first = self._programs[0]
        size = first.linear.size
        model = highspy.HighsLp()
        model.num_col_, model.num_row_ = size, first.balance.shape[0]
        model.col_cost_ = first.linear
        model.col_lower_, model.col_upper_ = first.least, first.most
        model.row_lower_ = model.row_upper_ = np.zeros(first.balance.shape[0])
        model.a_matrix_.format_ = highspy.MatrixFormat.kColwise
        model.a_matrix_.start_ = first.balance.indptr
        model.a_matrix_.index_ = first.balance.indices
        model.a_matrix_.value_ = first.balance.data
        self._highs = highspy.Highs()
        self._highs.setOptionValue("output_flag", False)  # noqa: FBT003  (its signature)
        self._highs.setOptionValue("threads", 1)
        self._cap_s = cap_s
        self._highs.passModel(model)
        self._columns = np.arange(size, dtype=np.int32)
        self._optimal = highspy.HighsModelStatus.kOptimal

    def solve(self, variant: int) -> object:
        program, size = self._programs[variant], self._columns.size
        hessian = program.hessian
        self._highs.changeColsCost(size, self._columns, program.linear)
        self._highs.changeColsBounds(size, self._columns, program.least, program.most)
        self._highs.passHessian(
            size, size, 1, hessian.indptr[:-1], hessian.indices, hessian.data
        )
        limit = self._highs.getRunTime() + self._cap_s  # it counts over all runs
        self._highs.setOptionValue("time_limit", limit)
        self._highs.run()
        status = self._highs.getModelStatus()
        return _require(status == self._optimal, self.name, status)

    def answer(self) -> Answer:
        found = self._highs.getSolution()
        n_order = self._programs[0].n_order
        return Answer(np.array(found.col_value)[:n_order], np.array(found.row_dual))


class CvxpyKept(Peer):
    """CVXPY, problem built once with parameters, solved by Clarabel."""

    name = "CVXPY, built once"
    largest = 10_000
    reason = "7 s to compile at 10,000 buses"

    def __init__(self, case: RadialCase, cap_s: float) -> None:
        import cvxpy

        del cap_s
        self._cvxpy = cvxpy
        self._programs = _programs(case)
        self._build(self._programs[0].balance.shape, self._programs[0].n_order)

    def _build(self, shape: tuple[int, int], n_order: int) -> None:
        cvxpy, first = self._cvxpy, self._programs[0]
        self._x = cvxpy.Variable(shape[1])
        self._root = cvxpy.Parameter(n_order, nonneg=True)
        self._linear = cvxpy.Parameter(n_order)
        self._least = cvxpy.Parameter(n_order)
        self._most = cvxpy.Parameter(n_order)
        q, f = self._x[:n_order], self._x[n_order:]
        limit = first.most[n_order:]
        tight = np.flatnonzero(np.isfinite(limit))
        self._balance = first.balance @ self._x == 0
        held = [q >= self._least, q <= self._most]
        held += [f[tight] <= limit[tight], f[tight] >= -limit[tight]]
        cost = 0.5 * cvxpy.sum_squares(cvxpy.multiply(self._root, q)) + self._linear @ q
        self._problem = cvxpy.Problem(cvxpy.Minimize(cost), [self._balance, *held])

    def solve(self, variant: int) -> object:
        program = self._programs[variant]
        n_order = program.n_order
        self._root.value = np.sqrt(program.hessian.data[:n_order])
        self._linear.value = program.linear[:n_order]
        self._least.value = program.least[:n_order]
        self._most.value = program.most[:n_order]
        self._problem.solve(solver="CLARABEL", warm_start=True, max_threads=1)
        status = self._problem.status
        return _require(status == "optimal", self.name, status)

    def answer(self) -> Answer:
        n_order = self._programs[0].n_order
        price = -np.asarray(self._balance.dual_value)
        return Answer(np.asarray(self._x.value)[:n_order], price)


class CvxpyRebuilt(CvxpyKept):
    """CVXPY, problem written down anew for each clearing, solved by Clarabel."""

    name = "CVXPY, rebuilt"
    largest = 10**9
    reason = ""

    def solve(self, variant: int) -> object:
        program = self._programs[variant]
        cvxpy, n_order = self._cvxpy, program.n_order
        self._x = cvxpy.Variable(program.linear.size)
        limit = program.most[n_order:]
        tight = np.flatnonzero(np.isfinite(limit))
        q, f = self._x[:n_order], self._x[n_order:]
        self._balance = program.balance @ self._x == 0
        held = [q >= program.least[:n_order], q <= program.most[:n_order]]
        held += [f[tight] <= limit[tight], f[tight] >= -limit[tight]]
        root = np.sqrt(program.hessian.data[:n_order])
        cost = 0.5 * cvxpy.sum_squares(cvxpy.multiply(root, q))
        cost = cost + program.linear[:n_order] @ q
        self._problem = cvxpy.Problem(cvxpy.Minimize(cost), [self._balance, *held])
        self._problem.solve(solver="CLARABEL", max_threads=1)
        status = self._problem.status
        return _require(status == "optimal", self.name, status)


RADIAL_PEERS: tuple[type[Peer], ...] = (
    Daqp,
    Piqp,
    Clarabel,
    Highs,
    CvxpyKept,
    CvxpyRebuilt,
)


class PeerFailedError(RuntimeError):
    """A peer did not solve the case."""


def _require(solved: object, name: str, status: object) -> None:
    if not solved:
        msg = f"{name} ended with {status}"
        raise PeerFailedError(msg)


def _programs(case: RadialCase) -> list[FlowProgram]:
    return [FlowProgram.of(case, at) for at in range(len(case.variants))]
