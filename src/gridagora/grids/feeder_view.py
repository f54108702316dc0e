"""The tree or mesh of buses that a market sees, drawn from the elements of a case."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from gridagora.errors import InvalidCaseError
from gridagora.grids.cases.files import MidLineBus
from gridagora.types.network import Network, RadialNetwork

_LEAST_REACTANCE_PU = 1e-6  # switches and ideal regulators have none of their own


@dataclass(frozen=True, slots=True)
class Segment:
    """One series element of a case: a line, switch, transformer or regulator.

    Attributes:
        name: Element name, without its class.
        from_bus: Bus of terminal 1.
        to_bus: Bus of another terminal.
        phases: Phases it carries, from 1 to 3.
        limit_kva: Rated power, ``inf`` when it has no rating. kVA.
        length_km: Length; 0 for a transformer. km.
        reactance_pu: Series reactance on 1 MVA. pu.
        regulator: Whether it is a regulator between buses of one voltage.
    """

    name: str
    from_bus: str
    to_bus: str
    phases: frozenset[int]
    limit_kva: float
    length_km: float
    reactance_pu: float
    regulator: bool = False


def merged_buses(
    segments: Sequence[Segment], *, merge_regulators: bool
) -> dict[str, str]:
    """Return, for every bus, the bus of the market network that stands for it.

    The load side of a regulator belongs to its line side.
    """
    stands_for = {
        bus: bus for segment in segments for bus in (segment.from_bus, segment.to_bus)
    }
    if merge_regulators:
        for segment in segments:
            if segment.regulator and segment.from_bus != segment.to_bus:
                stands_for[segment.to_bus] = segment.from_bus
    return {bus: _followed(stands_for, bus) for bus in stands_for}


def _followed(stands_for: Mapping[str, str], bus: str) -> str:
    seen = {bus}
    while stands_for[bus] not in seen:
        bus = stands_for[bus]
        seen.add(bus)
    return bus


def market_segments(
    segments: Sequence[Segment],
    merged: Mapping[str, str],
    mid_line: Sequence[MidLineBus],
) -> list[Segment]:
    """Return one segment for each pair of market buses that are joined.

    The halves of a line with a middle bus become one line again; elements in parallel
    (three single-phase regulators) become one with the sum of their ratings.

    Raises:
        InvalidCaseError: A middle bus does not lie between the two buses that
            ``distributed_loads.csv`` names.
    """
    whole = _joined_at_middles(segments, mid_line)
    grouped: dict[frozenset[str], list[Segment]] = {}
    for segment in whole:
        ends = replace(
            segment,
            from_bus=merged[segment.from_bus],
            to_bus=merged[segment.to_bus],
        )
        if ends.from_bus != ends.to_bus:
            key = frozenset((ends.from_bus, ends.to_bus))
            grouped.setdefault(key, []).append(ends)
    return [_in_parallel(group) for group in grouped.values()]


def _joined_at_middles(
    segments: Sequence[Segment], mid_line: Sequence[MidLineBus]
) -> list[Segment]:
    middles = {middle.bus: middle for middle in mid_line}
    halves: dict[str, list[Segment]] = {name: [] for name in middles}
    kept: list[Segment | str] = []
    for segment in segments:
        middle = next(
            (b for b in (segment.from_bus, segment.to_bus) if b in middles), None
        )
        if middle is None:
            kept.append(segment)
            continue
        if not halves[middle]:
            kept.append(middle)  # keeps the line's place in the case
        halves[middle].append(segment)
    faults = list(_middle_faults(middles, halves))
    if faults:
        what = "distributed_loads.csv"
        raise InvalidCaseError(what, faults)
    return [
        item
        if isinstance(item, Segment)
        else _in_series(halves[item][0], halves[item][1], middles[item])
        for item in kept
    ]


def _middle_faults(
    middles: Mapping[str, MidLineBus], halves: Mapping[str, Sequence[Segment]]
) -> Iterator[str]:
    for name, middle in middles.items():
        ends = {b for half in halves[name] for b in (half.from_bus, half.to_bus)}
        if len(halves[name]) != 2 or ends != {name, middle.from_bus, middle.to_bus}:
            yield (
                f"bus {name!r} does not lie in the middle of one line from "
                f"{middle.from_bus!r} to {middle.to_bus!r}."
            )


def _in_series(first: Segment, second: Segment, middle: MidLineBus) -> Segment:
    if middle.from_bus not in (first.from_bus, first.to_bus):
        first, second = second, first
    return Segment(
        name=first.name.replace(middle.bus, middle.to_bus),
        from_bus=middle.from_bus,
        to_bus=middle.to_bus,
        phases=first.phases & second.phases,
        limit_kva=min(first.limit_kva, second.limit_kva),
        length_km=first.length_km + second.length_km,
        reactance_pu=first.reactance_pu + second.reactance_pu,
    )


def _in_parallel(group: Sequence[Segment]) -> Segment:
    first = group[0]
    if len(group) == 1:
        return first
    phases = frozenset[int]().union(*(segment.phases for segment in group))
    disjoint = len(phases) == sum(len(segment.phases) for segment in group)
    reactances = [max(s.reactance_pu, _LEAST_REACTANCE_PU) for s in group]
    if disjoint:  # one element per phase: each phase sees its own reactance
        reactance_pu = sum(reactances) / len(group)
    else:
        reactance_pu = 1 / sum(1 / value for value in reactances)
    return replace(
        first,
        phases=phases,
        limit_kva=sum(segment.limit_kva for segment in group),
        length_km=min(segment.length_km for segment in group),
        reactance_pu=reactance_pu,
    )


def network_of(segments: Sequence[Segment], source: str) -> Network:
    """Return segments as a network that may have loops.

    Raises:
        InvalidNetworkError: A bus cannot be reached from the source.
    """
    table = {
        "branch": [segment.name for segment in segments],
        "from_bus": [segment.from_bus for segment in segments],
        "to_bus": [segment.to_bus for segment in segments],
        "limit_kw": [segment.limit_kva for segment in segments],
        "reactance_pu": [
            max(segment.reactance_pu, _LEAST_REACTANCE_PU) for segment in segments
        ],
    }
    return Network.from_table(table, reference=source)


def radial_network_of(segments: Sequence[Segment], source: str) -> RadialNetwork:
    """Return segments as a tree rooted at the source.

    Raises:
        InvalidNetworkError: The segments close a loop, or a bus cannot be reached.
    """
    return network_of(segments, source).radial()


def distances_km(segments: Sequence[Segment], source: str) -> dict[str, float]:
    """Return the length of the shortest electrical path from the source. km."""
    touching: dict[str, list[tuple[str, float]]] = {}
    for segment in segments:
        for here, there in (
            (segment.from_bus, segment.to_bus),
            (segment.to_bus, segment.from_bus),
        ):
            touching.setdefault(here, []).append((there, segment.length_km))
    found = {source: 0.0}
    queue = [source]
    for bus in queue:  # a bus is queued again whenever a shorter way is found
        for other, length_km in touching.get(bus, []):
            reached = found[bus] + length_km
            if reached < found.get(other, np.inf):
                found[other] = reached
                queue.append(other)
    return found
