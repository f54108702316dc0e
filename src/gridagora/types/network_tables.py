"""Reading and checking of the tables that networks are built from."""

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np

from gridagora.errors import InvalidNetworkError, listed
from gridagora.types.arrays import FloatArray, IntArray, Table


def is_nameless(value: object) -> bool:
    """Return whether a cell holds no name: empty, or the NaN that frames put there."""
    return _absent(value) or (isinstance(value, float) and math.isnan(value))


def require_columns(table: Table, needed: Sequence[str]) -> None:
    """Refuse a table without the columns needed, or with columns of unequal length.

    Raises:
        InvalidNetworkError: Names every missing or unequal column.
    """
    have = listed([str(name) for name in table], 10)
    faults = [
        f"column {name!r} is missing; the table has {have}."
        for name in needed
        if name not in table
    ]
    if not faults:
        n_row = len(table[needed[0]])
        faults = [
            f"column {name!r} has {len(table[name])} rows, {needed[0]!r} has {n_row}."
            for name in table
            if len(table[name]) != n_row
        ]
    if faults:
        raise InvalidNetworkError("network table", faults)


def name_column(table: Table, column: str, default: Sequence[str]) -> list[str]:
    """Return names as text, the default where the cell or the column is empty."""
    if column not in table:
        return list(default)
    given = list(table[column])
    return [
        default[at] if is_nameless(name) else str(name) for at, name in enumerate(given)
    ]


def number_column(
    table: Table, column: str, default: float, n_row: int
) -> tuple[FloatArray, list[str]]:
    """Return the numbers of a column, empty cells as the default, and the faults.

    NaN is a number here and stays, so that the checks that follow can refuse it.
    """
    if column not in table:
        return np.full(n_row, default), []
    values = np.full(n_row, default)
    faults: list[str] = []
    for row, value in enumerate(table[column]):
        if _absent(value):
            continue
        try:
            values[row] = float(value)
        except (TypeError, ValueError):
            faults.append(f"row {row}: {column} is {value!r}, expected a number.")
    return values, faults


def repeated_names(kind: str, names: Sequence[str]) -> list[str]:
    """Return one fault for each name that occurs more than once."""
    counted = Counter(names)
    twice = [name for name, times in counted.items() if times > 1]
    return [f"{kind} {name!r} is named more than once." for name in twice]


def limit_faults(branch: Sequence[str], limit_kw: FloatArray) -> list[str]:
    """Return one fault for each limit that is negative or not a number."""
    return [
        f"branch {branch[at]!r}: limit_kw is {limit_kw[at]:g}, expected a number >= 0 "
        "(inf, None or an empty cell for no limit)."
        for at in np.flatnonzero(~(limit_kw >= 0)).tolist()
    ]


def reactance_faults(branch: Sequence[str], reactance_pu: FloatArray) -> list[str]:
    """Return one fault for each reactance that is not finite and positive."""
    sound = np.isfinite(reactance_pu) & (reactance_pu > 0)
    return [
        f"branch {branch[at]!r}: reactance_pu is {reactance_pu[at]:g}, expected a "
        "finite number > 0."
        for at in np.flatnonzero(~sound).tolist()
    ]


def self_loops(
    branch: Sequence[str], from_bus: IntArray, to_bus: IntArray
) -> list[str]:
    """Return one fault for each branch whose two ends are the same bus."""
    return [
        f"branch {branch[at]!r} joins a bus to itself."
        for at in np.flatnonzero(from_bus == to_bus).tolist()
    ]


def spanning_tree(
    n_bus: int, from_bus: IntArray, to_bus: IntArray, root: int
) -> tuple[list[int], list[int]]:
    """Search breadth first from the root.

    Returns:
        Parent bus and feeding branch of each bus, -1 where there is none: at the root
        and at buses that cannot be reached.
    """
    touching: list[list[tuple[int, int]]] = [[] for _ in range(n_bus)]
    ends = zip(from_bus.tolist(), to_bus.tolist(), strict=True)
    for branch, (sending, receiving) in enumerate(ends):
        touching[sending].append((receiving, branch))
        touching[receiving].append((sending, branch))
    parent = [-1] * n_bus
    feeding = [-1] * n_bus
    reached = {root}
    queue = [root]
    for bus in queue:
        for other, branch in touching[bus]:
            if other not in reached:
                reached.add(other)
                parent[other], feeding[other] = bus, branch
                queue.append(other)
    return parent, feeding


def island_faults(bus: Sequence[str], parent: Sequence[int], root: int) -> list[str]:
    """Return a fault that names the buses a search from the root did not reach."""
    lost = [bus[at] for at, above in enumerate(parent) if above < 0 and at != root]
    if not lost:
        return []
    names = listed([repr(name) for name in lost])
    return [f"{names} cannot be reached from {bus[root]!r}; join or remove them."]


def tree_faults(bus: Sequence[str], parent: Sequence[str | None]) -> list[str]:
    """Return the reasons why parents by name do not form one tree; none if they do."""
    known = set(bus)
    pairs = list(zip(bus, parent, strict=True))
    faults = [
        f"bus {name!r}: its parent {above!r} is not in the table."
        for name, above in pairs
        if above is not None and above not in known
    ]
    sources = [name for name, above in pairs if above is None]
    if not sources:
        faults.append("no bus is the source; leave the parent of one bus empty.")
    if len(sources) > 1:
        names = listed([repr(name) for name in sources])
        faults.append(f"{names} all have no parent; a tree has one source.")
    return faults + _cycles(bus, parent)


def outward_order(bus: Sequence[str], parent: Sequence[str | None]) -> list[int]:
    """Return row numbers from the source outwards, rows of one depth in given order."""
    children: dict[str | None, list[int]] = {}
    for at, above in enumerate(parent):
        children.setdefault(above, []).append(at)
    order = list(children.get(None, ()))
    for at in order:
        order.extend(children.get(bus[at], ()))
    return order


def _absent(value: object) -> bool:
    """Return whether a cell is empty: None, a blank string or pandas' NA."""
    if isinstance(value, str):
        return not value.strip()
    return value is None or type(value).__name__ == "NAType"


def _cycles(bus: Sequence[str], parent: Sequence[str | None]) -> list[str]:
    """Return one fault for each cycle of parents, naming its buses."""
    above = dict(zip(bus, parent, strict=True))
    settled: set[str] = set()
    faults = []
    for start in bus:
        path: dict[str, None] = {}
        at: str | None = start
        while at is not None and at in above and at not in settled and at not in path:
            path[at] = None
            at = above[at]
        if at is not None and at in path:
            names = list(path)
            ring = [repr(name) for name in names[names.index(at) :]]
            faults.append(f"the parents of {listed(ring)} form a cycle.")
        settled.update(path)
    return faults
