"""DLMPs: the linear problem beside general solvers, the AC problem beside OPF programs.

IEEE 37 and 123 are three-phase and unbalanced in the first table. The programs of the
second know balanced feeders only; there everybody solves these, and the unbalanced
ones stand beside them in one more row.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from benchmarks.agreement import Gap, compare_linear
from benchmarks.dlmp_cases import (
    PUBLISHED,
    SIZES,
    WITH,
    WITHOUT,
    DlmpCase,
    balanced_case,
    three_phase_case,
)
from benchmarks.linear_peers import LINEAR_PEERS, LinearModel, LinearPeer
from benchmarks.opf_peers import (
    NOT_INSTALLED,
    PANDAPOWER_PYTHON,
    OpfPeer,
    PandapowerOpf,
    PypowerOpf,
    processor_time,
)
from benchmarks.peers import PeerFailedError
from benchmarks.report import Claim, Row, Section
from benchmarks.timing import Call, Timing, interleaved
from gridagora.markets.agreement import clear_on_grid
from gridagora.markets.linear import clear_linear
from gridagora.types.dispatch import Outcome
from gridagora.types.grid_limits import GridLimits
from gridagora.types.linear_dispatch import LinearDispatch

__all__ = ["SIZES", "measure"]

OURS = "clear_linear"
KEPT = "CVXPY, built once"
ON_GRID = "clear_on_grid"
OPENDSS = "clear_on_grid, three-phase in OpenDSS"

Timer = Callable[..., dict[str, Timing]]
"""``interleaved`` with its limits of time."""

STRICT = 1e-9  # PYPOWER's tolerance in the comparison of prices
PRICE = 1e-4  # relative to the highest: what is claimed of that comparison
_USUAL = (1e-5, 1e-2)  # of objective and prices, at PYPOWER's usual tolerances
_N_STRICT = 2  # books
_LARGE, _N_LARGE = 500, 2  # from so many buses PYPOWER takes seconds: fewer books


def measure(sizes: Sequence[int], *, budget_s: float, cap_s: float) -> list[Section]:
    """Time all contenders, with and without voltage limits.

    Args:
        sizes: Numbers of buses, of ``SIZES``.
        budget_s: Time for the rounds of one case. s.
        cap_s: Time one peer may use on one case. s.
    """
    linear, whole = Measured(), Measured()
    for n_bus in sizes:
        unbalanced = three_phase_case(n_bus) if n_bus in PUBLISHED else None
        balanced = balanced_case(n_bus)
        for key in (WITH, WITHOUT):
            timer = partial(interleaved, budget_s=budget_s, cap_s=cap_s)
            linear.add(_linear(unbalanced or balanced, key, timer))
            whole.add(_whole(balanced, unbalanced, key, timer))
    return [
        linear.section("DLMPs on a linear grid: one clearing", (OURS, KEPT)),
        whole.section(
            "DLMPs of the AC problem: linearised, cleared, solved until all agree",
            (ON_GRID, OURS),
        ),
    ]


@dataclass
class Measured:
    """Rows and claims of a section so far."""

    rows: list[Row] = field(default_factory=list)
    claims: list[Claim] = field(default_factory=list)

    def add(self, other: "Measured") -> None:
        """Take over those of one more case."""
        self.rows += other.rows
        self.claims += other.claims

    def section(self, title: str, baselines: tuple[str, ...]) -> Section:
        """Return all of it as a section."""
        return Section(
            title, baselines, "x {}", self.rows, self.claims, rate="clearings/s"
        )


def _linear(case: DlmpCase, key: str, timer: Timer) -> Measured:
    """Time ``clear_linear`` and general solvers on the same arrays."""
    limits, count = case.limits[key], len(case.variants)
    ours = [_cleared(clear_linear(case.grid, book, limits)) for book in case.variants]
    model = LinearModel(case, limits)
    contenders = {OURS: _clear_linear(case, limits)}
    gaps: dict[str, Gap] = {}
    for kind in LINEAR_PEERS:
        peer = kind(model)
        gaps[kind.name] = _agree(peer, ours, None)
        contenders[kind.name] = _cycled(peer.solve, count)
    timings = timer(contenders)
    label = f"{_label(case, key)} ({_binding(ours)})"
    return Measured([_row(label, at, timings, (OURS, KEPT), gaps) for at in timings])


def _whole(
    case: DlmpCase, unbalanced: DlmpCase | None, key: str, timer: Timer
) -> Measured:
    """Time the whole loop and AC optimal power flows of the same balanced feeder."""
    limits = case.limits[key]
    books = case.variants if case.feeder.n_bus < _LARGE else case.variants[:_N_LARGE]
    found = [clear_on_grid(case.linearise, book, limits) for book in books]
    ours = [_cleared(clearing.dispatch) for clearing in found]
    contenders = {
        ON_GRID: _clear_on_grid(case, key),
        OURS: _clear_linear(case, limits),
    }
    if unbalanced is not None:
        contenders[OPENDSS] = _clear_on_grid(unbalanced, key)
        contenders[OPENDSS](0)
    peers: list[OpfPeer] = [PypowerOpf(case, limits)]
    left_out: dict[str, str] = {}
    if PANDAPOWER_PYTHON.exists():
        peers.append(PandapowerOpf(case, limits))
    else:
        left_out[PandapowerOpf.name] = NOT_INSTALLED
    gaps: dict[str, Gap] = {}
    for peer in peers:
        try:
            gaps[peer.name] = _agree(peer, ours, _USUAL)
        except PeerFailedError as failure:
            left_out[peer.name] = str(failure)
            continue
        contenders[peer.name] = _cycled(peer.solve, len(books))
    timings = timer(contenders, clock=lambda: processor_time(peers))
    for peer in peers:
        peer.close()
    rounds = [clearing.n_round for clearing in found]
    label = f"{_label(case, key)} ({_binding(ours)}, {_range(rounds)} rounds)"
    rows = [_row(label, name, timings, (ON_GRID, OURS), gaps) for name in timings]
    rows += [Row(label, name, note=why) for name, why in left_out.items()]
    return Measured(rows, [_strict_claim(case, key, ours)])


def _clear_linear(case: DlmpCase, limits: GridLimits) -> Call:
    count = len(case.variants)
    return lambda at: clear_linear(case.grid, case.variants[at % count], limits)


def _clear_on_grid(case: DlmpCase, key: str) -> Call:
    limits, count = case.limits[key], len(case.variants)
    return lambda at: _cleared(
        clear_on_grid(case.linearise, case.variants[at % count], limits).dispatch
    )


def _strict_claim(case: DlmpCase, key: str, ours: Sequence[LinearDispatch]) -> Claim:
    """Compare prices with PYPOWER's at a strict tolerance."""
    peer = PypowerOpf(case, case.limits[key], STRICT)
    apart = 0.0
    for variant, dispatch in enumerate(ours[:_N_STRICT]):
        peer.solve(variant)
        gap = compare_linear(peer.name, dispatch, peer.answer(), _USUAL)
        apart = max(apart, gap.price / float(np.abs(dispatch.price_per_kwh).max()))
    return Claim(
        f"{case.name}, {key}: prices against PYPOWER at {STRICT:g}, relative",
        f"<= {PRICE:g}",
        f"{apart:.0e}",
        apart <= PRICE,
    )


def _cleared(dispatch: LinearDispatch) -> LinearDispatch:
    if dispatch.outcome is not Outcome.CLEARED:
        msg = f"gridagora did not clear a book: {dispatch.outcome} {dispatch.reason}"
        raise PeerFailedError(msg)
    return dispatch


def _agree(
    peer: LinearPeer | OpfPeer,
    ours: Sequence[LinearDispatch],
    tolerances: tuple[float, float] | None,
) -> Gap:
    gap = Gap(0.0, 0.0)
    for variant, dispatch in enumerate(ours):
        peer.solve(variant)
        found = compare_linear(peer.name, dispatch, peer.answer(), tolerances)
        gap = gap.worst(found)
    return gap


def _cycled(solve: Callable[[int], object], count: int) -> Call:
    return lambda at: solve(at % count)


def _label(case: DlmpCase, key: str) -> str:
    return f"{case.name}, {case.variants[0].n_order} orders, {key}"


def _binding(ours: Sequence[LinearDispatch]) -> str:
    """Say how many limits bind, on average over books."""
    kinds = [at.limits.kind[row] for at in ours for row in at.limits.binding]
    counts = {
        name: kinds.count(kind) / len(ours)
        for kind, name in (("flow", "lines"), ("voltage", "voltages"))
    }
    told = [f"{count:.3g} {name}" for name, count in counts.items() if count]
    return f"{' and '.join(told)} bind"


def _range(counts: Sequence[int]) -> str:
    low, high = min(counts), max(counts)
    return str(low) if low == high else f"{low} to {high}"


def _row(
    case: str,
    name: str,
    timings: Mapping[str, Timing],
    bases: tuple[str, ...],
    gaps: Mapping[str, Gap],
) -> Row:
    timing, gap = timings[name], gaps.get(name)
    return Row(
        case=case,
        contender=name if gap else f"gridagora, {name}",
        median_ms=timing.median_ms,
        ratios={base: timing.times(timings[base]) for base in bases},
        price_gap=gap and gap.price,
        objective_gap=gap and gap.objective,
        rounds=len(timing.seconds),
        calls=len(timing.seconds) * timing.calls_per_turn,
    )
