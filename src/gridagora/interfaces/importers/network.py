"""Reading of networks from files."""

from pathlib import Path

from gridagora.errors import InvalidNetworkError
from gridagora.interfaces.importers.tables import FileTable, read_table
from gridagora.types.network import Network, RadialNetwork

_TREE = frozenset({"bus", "parent", "limit_kw", "branch"})
_GRAPH = frozenset({"from_bus", "to_bus", "limit_kw", "branch", "reactance_pu"})


def read_network(
    path: Path | str, *, reference: str | None = None
) -> Network | RadialNetwork:
    """Read a network from a CSV or Parquet file.

    The columns decide the form. ``bus, parent`` with one row per bus gives a tree, the
    source being the bus without a parent. ``from_bus, to_bus`` with one row per branch
    gives any network. Both may have ``branch`` (a name) and ``limit_kw``, the second
    ``reactance_pu``. An empty ``limit_kw`` means no limit.

    Args:
        path: The file.
        reference: Name of the reference bus of a file of branches; the first bus
            named when ``None``. A file of parents has its source.

    Raises:
        MissingFileError: There is no such file.
        InvalidNetworkError: Names the file and every fault in it.
        UnknownNameError: ``reference`` is not one of the buses.
    """
    table = read_table(Path(path), "network", InvalidNetworkError)
    what = f"network {table.path.name!r}"
    names = set(table.header)
    form = _TREE if "parent" in names else _GRAPH
    needed = {"bus", "parent"} if form is _TREE else {"from_bus", "to_bus"}
    faults = [f"column {name!r} is missing." for name in sorted(needed - names)]
    faults += [
        f"column {name!r} is not one of {', '.join(sorted(form))}."
        for name in sorted(names - form)
    ]
    if form is _TREE and reference is not None:
        faults.append(
            f"reference {reference!r} is asked for, but the file names its source by "
            "an empty parent."
        )
    if faults:
        raise InvalidNetworkError(what, faults)
    faults = _blank_faults(table, needed - {"parent"})
    if faults:
        raise InvalidNetworkError(what, faults)
    columns = {name: table.column(name) for name in table.header}
    try:
        if form is _TREE:
            return RadialNetwork.from_table(columns)
        return Network.from_table(columns, reference=reference)
    except InvalidNetworkError as fault:
        raise InvalidNetworkError(what, fault.faults) from fault


def _blank_faults(table: FileTable, needed: set[str]) -> list[str]:
    return [
        f"{place}: {name} is empty, expected the name of a bus."
        for name in sorted(needed)
        for place, cell in zip(table.place, table.column(name), strict=True)
        if cell is None or not str(cell).strip()
    ]
