"""Clearing on a DC network with loops: ours, DAQP without any frame, and PYPOWER."""

from collections.abc import Sequence

import numpy as np

from benchmarks.agreement import Gap, compare
from benchmarks.cases import Array, MeshedCase, Quadratic, five_bus_case, meshed_case
from benchmarks.peers import Answer, Daqp, Peer, PeerFailedError
from benchmarks.report import Row, Section
from benchmarks.timing import Call, Timing, interleaved
from gridagora.markets.direct_current import prepare_flows
from gridagora.markets.meshed import clear_meshed
from gridagora.types.dispatch import Dispatch

OURS = "clear_meshed, flows prepared"
UNPREPARED = "clear_meshed"
DAQP = "DAQP"
PYPOWER = "PYPOWER rundcopf"

GENERATION = 500  # clearings

_BASE_MVA = 100.0


def measure(*, budget_s: float, cap_s: float) -> list[Section]:
    """Time the 5-bus duopoly with new markups each time, and 118 random buses."""
    rows: list[Row] = []
    for case, peers in (
        (five_bus_case(GENERATION), (DaqpAlone, Pypower)),
        (meshed_case(118), (Daqp, Pypower)),
    ):
        rows += _rows(case, peers, budget_s=budget_s, cap_s=cap_s)
    title = "Clearing on a DC network with loops"
    return [Section(title, (OURS, DAQP), "x {}", rows, [])]


class DaqpAlone(Daqp):
    """DAQP with all that a careful user can do by hand for one study.

    Orders of fixed size are taken out of the problem, the model is set up once, and a
    clearing hands over prices only. It is what the solver costs and nothing else; new
    sizes or slopes would need ``Daqp``.
    """

    name = "DAQP alone, prices updated"

    def __init__(self, case: MeshedCase, cap_s: float) -> None:
        import daqp

        del cap_s
        network = case.network
        terms = [Quadratic.of(variant) for variant in case.variants]
        first = terms[0]
        self._free = np.flatnonzero(first.most > first.least)
        self._sensitivity = network.injection_sensitivity()
        self._limited = np.flatnonzero(np.isfinite(network.limit_kw))
        self._fixed = first.least.copy()
        self._fixed[self._free] = 0.0
        self._linear = [np.ascontiguousarray(t.linear[self._free]) for t in terms]
        rows = np.vstack(
            [first.sign, self._sensitivity[self._limited][:, first.bus] * first.sign]
        )
        gone = rows @ self._fixed
        limit = np.concatenate([[0.0], network.limit_kw[self._limited]])
        upper = np.concatenate([first.most[self._free], limit - gone])
        lower = np.concatenate([first.least[self._free], -limit - gone])
        sense = np.where(upper == lower, 5, 0).astype(np.int32)
        self._model = daqp.Model()
        self._model.setup(
            np.diag(first.curvature[self._free]),
            self._linear[0],
            np.ascontiguousarray(rows[:, self._free]),
            upper,
            lower,
            sense,
        )
        self._x = self._lam = self._linear[0]

    def solve(self, variant: int) -> object:
        self._model.update(f=self._linear[variant])
        self._x, _, flag, info = self._model.solve()
        self._lam = info["lam"]
        if flag != 1:
            msg = f"{self.name} ended with {flag}"
            raise PeerFailedError(msg)
        return None

    def answer(self) -> Answer:
        quantity = self._fixed.copy()
        quantity[self._free] = self._x
        dual = np.asarray(self._lam)[self._free.size :]
        price = -dual[0] - self._sensitivity[self._limited].T @ dual[1:]
        return Answer(quantity, price)


class Pypower(Peer):
    """PYPOWER's DC optimal power flow on the same case, elastic bids as generators."""

    name = PYPOWER

    def __init__(self, case: MeshedCase, cap_s: float) -> None:
        from pypower.api import ppoption, rundcopf

        del cap_s
        self._run = rundcopf
        self._options = ppoption(VERBOSE=0, OUT_ALL=0)
        self._terms = [Quadratic.of(variant) for variant in case.variants]
        first = self._terms[0]
        self._fixed = (first.most == first.least) & (first.sign < 0)
        self._cases = [self._case(case, terms) for terms in self._terms]
        self._found: dict[str, Array] = {}

    def _case(self, case: MeshedCase, terms: Quadratic) -> dict[str, object]:
        network, fixed = case.network, self._fixed
        bus = np.zeros((network.n_bus, 13))
        bus[:, 0] = np.arange(network.n_bus) + 1
        bus[:, 1] = np.where(np.arange(network.n_bus) == network.reference, 3, 1)
        bus[:, 2] = np.bincount(terms.bus[fixed], terms.most[fixed], network.n_bus)
        bus[:, [6, 7, 10]] = 1.0
        bus[:, 9], bus[:, 11], bus[:, 12] = 100.0, 1.1, 0.9
        branch = np.zeros((network.n_branch, 13))
        branch[:, 0], branch[:, 1] = network.from_bus + 1, network.to_bus + 1
        branch[:, 3], branch[:, 10] = network.reactance_pu, 1.0
        branch[:, 5] = np.where(np.isfinite(network.limit_kw), network.limit_kw, 0.0)
        branch[:, 11], branch[:, 12] = -360.0, 360.0
        sign, free = terms.sign[~fixed], ~fixed
        gen = np.zeros((int(free.sum()), 21))
        gen[:, 0] = terms.bus[free] + 1
        gen[:, 5], gen[:, 6], gen[:, 7] = 1.0, _BASE_MVA, 1.0
        ends = np.sort(
            np.column_stack([sign * terms.least[free], sign * terms.most[free]])
        )
        gen[:, 9], gen[:, 8] = ends[:, 0], ends[:, 1]
        cost = np.zeros((gen.shape[0], 7))
        cost[:, 0], cost[:, 3] = 2, 3
        cost[:, 4] = 0.5 * terms.curvature[free]
        cost[:, 5] = sign * terms.linear[free]
        return {
            "version": "2",
            "baseMVA": _BASE_MVA,
            "bus": bus,
            "gen": gen,
            "branch": branch,
            "gencost": cost,
        }

    def solve(self, variant: int) -> object:
        self._found = self._run(self._cases[variant], self._options)
        if not self._found["success"]:
            msg = f"{self.name} did not converge"
            raise PeerFailedError(msg)
        return None

    def answer(self) -> Answer:
        terms = self._terms[0]
        quantity = terms.most.copy()
        quantity[~self._fixed] = np.abs(self._found["gen"][:, 1])
        return Answer(quantity, self._found["bus"][:, 13])


def _rows(
    case: MeshedCase,
    peers: Sequence[type[Peer]],
    *,
    budget_s: float,
    cap_s: float,
) -> list[Row]:
    network, variants, count = case.network, case.variants, len(case.variants)
    flows = prepare_flows(network)
    ours = [clear_meshed(network, orders, flows=flows) for orders in variants[:8]]
    contenders: dict[str, Call] = {
        OURS: lambda at: clear_meshed(network, variants[at % count], flows=flows),
        UNPREPARED: lambda at: clear_meshed(network, variants[at % count]),
    }
    gaps: dict[str, Gap] = {}
    for kind in peers:
        peer = kind(case, cap_s)
        gaps[peer.name] = _agree(peer, ours)
        contenders[peer.name] = _cycled(peer, count)
    timings = interleaved(contenders, budget_s=budget_s, cap_s=cap_s)
    label = (
        f"{case.name}, {network.n_branch} lines "
        f"({variants[0].n_order} orders, {np.count_nonzero(ours[0].binding)} bind)"
    )
    bases = {OURS: timings[OURS], DAQP: timings[peers[0].name]}
    return [
        timed_row(label, name, timings[name], bases, gaps.get(name)) for name in timings
    ]


def _cycled(peer: Peer, count: int) -> Call:
    return lambda at: peer.solve(at % count)


def _agree(peer: Peer, ours: Sequence[Dispatch]) -> Gap:
    gap = Gap(0.0, 0.0)
    for variant, dispatch in enumerate(ours):
        peer.solve(variant)
        gap = gap.worst(compare(peer.name, dispatch, peer.answer()))
    return gap


def timed_row(
    case: str, name: str, timing: Timing, bases: dict[str, Timing], gap: Gap | None
) -> Row:
    """Return a row of the report; only peers have a gap, for ours is the measure."""
    return Row(
        case=case,
        contender=name if gap else f"gridagora, {name}",
        median_ms=timing.median_ms,
        ratios={base: timing.times(other) for base, other in bases.items()},
        price_gap=gap and gap.price,
        objective_gap=gap and gap.objective,
        rounds=len(timing.seconds),
        calls=len(timing.seconds) * timing.calls_per_turn,
    )
