"""Clearing on a tree: ours against general solvers of the same quadratic program."""

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from benchmarks.agreement import Gap, compare
from benchmarks.cases import RadialCase, radial_case
from benchmarks.peers import RADIAL_PEERS, Peer, PeerFailedError
from benchmarks.report import Claim, Row, Section
from benchmarks.timing import Call, Timing, interleaved
from gridagora.markets.kernels.tree import clear_tree
from gridagora.markets.radial import clear_radial
from gridagora.types.dispatch import Dispatch

SIZES = (34, 100, 1_000, 10_000, 100_000)
KERNEL = "kernel"
PUBLIC = "clear_radial"

PROTOTYPE_MS = {34: 0.010, 100: 0.026, 1_000: 0.29, 10_000: 3.0, 100_000: 56.0}
LARGEST_MS = 100.0

_BATCH = 8
_CHECKED_UP_TO = 10_000  # buses; beyond, only the first set of orders is compared


def measure(
    sizes: Sequence[int], *, budget_s: float, cap_s: float, threads: int
) -> list[Section]:
    """Time all contenders at all sizes.

    Args:
        sizes: Numbers of buses; 34 is the IEEE 34 market.
        budget_s: Time for the rounds of one size. s.
        cap_s: Time one peer may use at one size. s.
        threads: Threads for the batches.

    Returns:
        Single clearings, and batches of clearings in threads.
    """
    rows: list[Row] = []
    batches: list[Row] = []
    claims: list[Claim] = []
    for n_bus in sizes:
        case = radial_case(n_bus)
        found = _single(case, n_bus, budget_s=budget_s, cap_s=cap_s)
        rows += found
        claims += _claims(n_bus, found)
        if n_bus >= 1_000:
            batches += _batches(case, threads=threads, budget_s=budget_s / 2)
    title = "Clearing on a tree: affine bids, line limits, lossless"
    sections = [Section(title, (KERNEL, PUBLIC), "x {}", rows, claims)]
    if batches:
        title = (
            f"Batches of {_BATCH} clearings in threads, ms of wall time per clearing"
        )
        sections.append(Section(title, ("one thread",), "x {}", batches))
    return sections


def kernel_call(case: RadialCase) -> Call:
    """Return what clears one variant by the kernel alone: columns in, arrays out."""
    network = case.network
    columns = [
        (v.bus, v.is_bid, v.start, v.quantity_kw, v.price_per_kwh)
        for v in case.variants
    ]
    parent, limit, count = network.parent, network.limit_kw, len(columns)
    return lambda at: clear_tree(parent, limit, *columns[at % count])


def public_call(case: RadialCase) -> Call:
    """Return what clears one variant by the public function."""
    network, variants, count = case.network, case.variants, len(case.variants)
    return lambda at: clear_radial(network, variants[at % count])


def _single(
    case: RadialCase, n_bus: int, *, budget_s: float, cap_s: float
) -> list[Row]:
    n_check = len(case.variants) if n_bus <= _CHECKED_UP_TO else 1
    ours = [clear_radial(case.network, case.variants[at]) for at in range(n_check)]
    contenders: dict[str, Call] = {KERNEL: kernel_call(case), PUBLIC: public_call(case)}
    contenders[KERNEL](0)
    gaps: dict[str, Gap] = {}
    left_out: dict[str, str] = {}
    for kind in RADIAL_PEERS:
        if n_bus > kind.largest:
            left_out[kind.name] = kind.reason
            continue
        try:
            peer = kind(case, cap_s)
            gaps[kind.name] = _agree(peer, ours)
        except PeerFailedError as failure:
            left_out[kind.name] = str(failure)
            continue
        contenders[kind.name] = _cycled(peer, len(case.variants))
    timings = interleaved(contenders, budget_s=budget_s, cap_s=cap_s)
    binding = int((ours[0].binding != 0).sum())
    label = f"{case.name} ({case.variants[0].n_order:,} orders, {binding:,} lines bind)"
    rows = [_row(label, name, timings, gaps.get(name)) for name in contenders]
    return rows + [Row(label, name, note=why) for name, why in left_out.items()]


def _cycled(peer: Peer, count: int) -> Call:
    return lambda at: peer.solve(at % count)


def _agree(peer: Peer, ours: Sequence[Dispatch]) -> Gap:
    gap = Gap(0.0, 0.0)
    for variant, dispatch in enumerate(ours):
        peer.solve(variant)
        gap = gap.worst(compare(peer.name, dispatch, peer.answer()))
    return gap


def _row(case: str, name: str, timings: dict[str, Timing], gap: Gap | None) -> Row:
    timing = timings[name]
    return Row(
        case=case,
        contender=name if gap else f"gridagora, {name}",
        median_ms=timing.median_ms,
        ratios={base: timing.times(timings[base]) for base in (KERNEL, PUBLIC)},
        price_gap=gap and gap.price,
        objective_gap=gap and gap.objective,
        rounds=len(timing.seconds),
        calls=len(timing.seconds) * timing.calls_per_turn,
    )


def _claims(n_bus: int, rows: Sequence[Row]) -> list[Claim]:
    """Compare the kernel with the prototype, and the largest case with its limit."""
    median = rows[0].median_ms
    if n_bus not in PROTOTYPE_MS or median is None:
        return []
    target = PROTOTYPE_MS[n_bus]
    claims = [
        Claim(
            f"kernel, {n_bus:,} buses, against the prototype",
            f"<= {target:g} ms",
            f"{median:.3g} ms",
            median <= target,
        )
    ]
    public = rows[1].median_ms
    if n_bus == 100_000 and public is not None:
        claims.append(
            Claim(
                f"clear_radial with certificate, {n_bus:,} buses",
                f"< {LARGEST_MS:g} ms",
                f"{public:.3g} ms",
                public < LARGEST_MS,
            )
        )
    return claims


def _batches(case: RadialCase, *, threads: int, budget_s: float) -> list[Row]:
    """Time a batch of clearings one after the other and in threads."""
    with ThreadPoolExecutor(threads) as pool:
        contenders: dict[str, Call] = {}
        for name, call in ((KERNEL, kernel_call(case)), (PUBLIC, public_call(case))):
            contenders[f"{name}, one thread"] = _in_turn(call)
            contenders[f"{name}, {threads} threads"] = _in_threads(call, pool, threads)
        timings = interleaved(
            contenders, budget_s=budget_s, cap_s=budget_s, clock=time.perf_counter
        )
    return [
        Row(
            case=case.name,
            contender=f"gridagora, {name}",
            median_ms=timing.median_ms / _BATCH,
            ratios={"one thread": timing.times(timings[_alone(name)])},
            rounds=len(timing.seconds),
            calls=len(timing.seconds) * timing.calls_per_turn * _BATCH,
        )
        for name, timing in timings.items()
    ]


def _alone(name: str) -> str:
    return f"{name.rpartition(',')[0]}, one thread"


def _in_turn(call: Call) -> Call:
    def batch(_: int) -> None:
        for at in range(_BATCH):
            call(at)

    return batch


def _in_threads(call: Call, pool: ThreadPoolExecutor, threads: int) -> Call:
    def share(worker: int) -> None:
        for at in range(worker, _BATCH, threads):
            call(at)

    def batch(_: int) -> None:
        for _done in pool.map(share, range(threads)):
            pass

    return batch
