"""What the commands about feeders do."""

from pathlib import Path

import numpy as np
import pandas as pd

from gridagora.errors import UnknownNameError
from gridagora.figures.feeder_map import feeder_map
from gridagora.figures.tables import Measure
from gridagora.grids.feeders import FEEDERS
from gridagora.grids.opendss_grid import OpenDSSGrid
from gridagora.interfaces.cli.screen import number, print_pairs, screen, table
from gridagora.interfaces.report.export import save_chart
from gridagora.interfaces.storage.files import writing

_TITLES = {
    "voltage": "voltages and line loading",
    "loading": "loading of the lines",
}
_FULL_PERCENT = 100.0
_FORMATS = ("html", "png", "svg", "pdf")


def list_feeders() -> None:
    """Print every shipped feeder with its size and its source."""
    rows = []
    for feeder in FEEDERS.values():
        grid = OpenDSSGrid(feeder.name)
        rows.append(
            (
                feeder.name,
                number(feeder.base_kv),
                str(len(grid.buses)),
                str(len(grid.loads)),
                f"{grid.nominal_kw.sum():.0f}",
                f"{grid.nominal_kvar.sum():.0f}",
                feeder.source,
            )
        )
    headings = ["name", "kV", "buses", "loads", "kW", "kvar", "source"]
    numeric = {"kV", "buses", "loads", "kW", "kvar"}
    screen().print(table(headings, rows, numeric=numeric, wrapped="source"))


def show(case: str, out: Path | None, color: str) -> None:
    """Solve a feeder, print its state and draw its map.

    Regulators and capacitors stay where the case puts them: the shipped feeders then
    show their published solution.

    Args:
        case: Name of a shipped feeder, or an OpenDSS file.
        out: File of the map; its suffix chooses the format. None makes a page named
            after the feeder, here, if the case has coordinates.
        color: ``voltage`` or ``loading``.

    Raises:
        UnknownNameError: No such feeder, colour or format.
        RunFolderError: The map cannot be written.
    """
    if color not in _TITLES:
        raise UnknownNameError("colour of a map", color, _TITLES)
    if out is not None and out.suffix.removeprefix(".") not in _FORMATS:
        raise UnknownNameError("format of a map", out.suffix, _FORMATS)
    grid = OpenDSSGrid(
        case,
        controlled=False,
        merge_regulators=False,
        allow_unserved=True,
    )
    buses, branches = _buses(grid), _branches(grid)
    _print_state(grid, buses, branches)
    if out is None and buses[["x", "y"]].isna().any(axis=None):
        print_pairs({"map": "not drawn: the case does not place every bus"})
        return
    out = out or Path(f"{grid.dss.name}-{color}.html")
    _draw(grid.dss.name, buses, branches, out, color)
    print_pairs({"map": str(out)})


def _buses(grid: OpenDSSGrid) -> pd.DataFrame:
    """Return ``bus, x, y`` with the lowest and highest phase voltage of each bus."""
    nodes = pd.DataFrame(grid.record()["voltages"])
    by_bus = nodes.groupby("bus", sort=False)
    voltages = pd.DataFrame(
        {
            "low_pu": by_bus["v_pu"].min(),
            "high_pu": by_bus["v_pu"].max(),
            "outside": by_bus["flag"].agg(lambda flags: bool((flags != "ok").any())),
        }
    )
    places = pd.DataFrame(grid.coordinates())
    drawn = places[places["bus"].isin(grid.network().bus)]
    return drawn.merge(voltages, left_on="bus", right_index=True)


def _branches(grid: OpenDSSGrid) -> pd.DataFrame:
    """Return the branches with the highest loading of the lines they are made of.

    A line with a middle bus counts as one; transformers have no loading.
    """
    network = grid.network()
    loading = _loadings(grid)
    bus = network.bus
    ends = [
        (bus[a], bus[b]) for a, b in zip(network.from_bus, network.to_bus, strict=True)
    ]
    percent = np.array([100 * loading.get(frozenset(pair), np.nan) for pair in ends])
    return pd.DataFrame(
        {
            "branch": network.branch,
            "from_bus": [here for here, _ in ends],
            "to_bus": [there for _, there in ends],
            "loading_percent": percent,
            "full": percent >= _FULL_PERCENT,
        }
    )


def _loadings(grid: OpenDSSGrid) -> dict[frozenset[str], float]:
    """Return the highest loading between two buses of the network. pu."""
    lines = grid.record()["lines"]
    ends = [
        (str(here), str(there))
        for here, there in zip(lines["from_bus"], lines["to_bus"], strict=True)
    ]
    neighbours: dict[str, set[str]] = {}
    for here, there in ends:
        neighbours.setdefault(here, set()).add(there)
        neighbours.setdefault(there, set()).add(here)
    kept = set(grid.network().bus)
    highest: dict[frozenset[str], float] = {}
    for pair, loading in zip(ends, lines["loading_pu"], strict=True):
        middle = next((bus for bus in pair if bus not in kept), None)
        key = frozenset(pair if middle is None else neighbours[middle])
        highest[key] = max(highest.get(key, 0.0), float(loading))
    return highest


def _print_state(
    grid: OpenDSSGrid, buses: pd.DataFrame, branches: pd.DataFrame
) -> None:
    source, losses = grid.get_source_power(), grid.get_losses()
    low, high = buses["low_pu"].to_numpy(), buses["high_pu"].to_numpy()
    names = buses["bus"].tolist()
    rows = {
        "feeder": f"{grid.dss.name}: {len(buses)} buses, {len(grid.loads)} loads",
        "source": f"{source.real:.1f} kW, {source.imag:.1f} kvar",
        "losses": f"{losses.real:.1f} kW, {losses.imag:.1f} kvar",
        "lowest voltage": f"{low.min():.4f} pu at bus {names[low.argmin()]}",
        "highest voltage": f"{high.max():.4f} pu at bus {names[high.argmax()]}",
    }
    percent = branches["loading_percent"].to_numpy()
    if not np.isnan(percent).all():
        line = branches["branch"].tolist()[int(np.nanargmax(percent))]
        rows["highest loading"] = f"{np.nanmax(percent):.1f} % of line {line}"
    print_pairs(rows)


def _draw(
    name: str, buses: pd.DataFrame, branches: pd.DataFrame, out: Path, color: str
) -> None:
    voltage = Measure(
        "low_pu",
        "Lowest phase voltage",
        "pu",
        format=".3f",
        middle=1.0,
        flag="outside",
        flag_name="outside 0.95 to 1.05 pu",
    )
    loading = Measure("loading_percent", "Line loading", "%", format=".0f", flag="full")
    chart = feeder_map(
        buses,
        branches,
        title=f"{name}: {_TITLES[color]}",
        bus=voltage if color == "voltage" else None,
        branch=loading,
    )
    with writing(out):
        save_chart(chart, out.with_suffix(""), [out.suffix.removeprefix(".")])
