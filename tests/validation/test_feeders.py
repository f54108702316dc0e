import csv
import functools
import math
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import dss
import pytest

import gridagora
from gridagora.grids.opendss_grid import OpenDSSGrid

FEEDERS = ("ieee13", "ieee34", "ieee37", "ieee123")
SHIPPED = Path(gridagora.__file__).parent / "grids" / "feeders"
DATA = Path(__file__).parent / "data"

PUBLISHED_TOLERANCE_PU = 0.002
PUBLISHED_TOLERANCE_DEG = 0.05
REACHED_PU = {"ieee13": 3e-4, "ieee34": 3e-4, "ieee37": 2e-4, "ieee123": 2e-4}
REFERENCE_PU = {"ieee13": 1.5e-3, "ieee34": 1e-4, "ieee37": 1e-4, "ieee123": 1e-4}
NOT_RATED_BY_THE_SOURCE_A = 1000.0
OPENDSS_DEFAULT_A = (400.0, 600.0)
PUBLISHED_TAPS = {
    "ieee13": {"reg1a": 10, "reg1b": 8, "reg1c": 11},
    "ieee34": {
        "reg1a": 12,
        "reg1b": 5,
        "reg1c": 5,
        "reg2a": 13,
        "reg2b": 11,
        "reg2c": 12,
    },
    "ieee37": {"reg1ab": 7, "reg1cb": 4},
    "ieee123": {
        "reg1": 7,
        "reg2a": -1,
        "reg3a": 0,
        "reg3c": -1,
        "reg4a": 8,
        "reg4b": 1,
        "reg4c": 5,
    },
}

Row = Mapping[str, str]


@dataclass(frozen=True)
class LineState:
    current_a: tuple[float, ...]
    rating_a: float
    is_switch: bool


@dataclass(frozen=True)
class LoadState:
    bus: str
    nominal_kw: float
    nominal_kvar: float


@dataclass(frozen=True)
class Solution:
    converged: bool
    node_v_pu: Mapping[tuple[str, str], complex]
    has_coordinates: Mapping[str, bool]
    input_kva: tuple[complex, ...]
    losses_kva: complex
    lines: Mapping[str, LineState]
    loads: Mapping[str, LoadState]
    taps: Mapping[str, tuple[float, float, float, int]]


@functools.cache
def solved(feeder: str) -> Solution:
    engine = dss.DSS.NewContext()
    engine.AllowChangeDir = False
    for command in (
        f'compile "{SHIPPED / feeder / f"{feeder}.dss"}"',
        "set controlmode=off",
        "set tolerance=1e-8",
        "calcv",
        "solve",
    ):
        engine.Text.Command = command
    circuit = engine.ActiveCircuit
    element = circuit.ActiveCktElement

    node_v_pu: dict[tuple[str, str], complex] = {}
    has_coordinates = {}
    for name in circuit.AllBusNames:
        circuit.SetActiveBus(name)
        bus = circuit.ActiveBus
        has_coordinates[name] = bool(bus.Coorddefined)
        volts = complexes(bus.puVoltages)
        for node, v_pu in zip(bus.Nodes, volts, strict=True):
            node_v_pu[name, "abc"[node - 1]] = v_pu

    circuit.SetActiveElement("Vsource.source")
    input_kva = tuple(-s for s in complexes(element.Powers)[:3])

    lines = {}
    for _ in circuit.Lines:
        line = circuit.Lines
        currents = complexes(element.Currents)[: line.Phases]
        lines[line.Name] = LineState(
            tuple(abs(i) for i in currents), line.NormAmps, line.IsSwitch
        )

    loads = {}
    for _ in circuit.Loads:
        load = circuit.Loads
        bus_name = element.BusNames[0].split(".")[0]
        loads[load.Name] = LoadState(bus_name, load.kW, load.kvar)

    taps = {}
    for _ in circuit.RegControls:
        transformer = circuit.Transformers
        transformer.Name = circuit.RegControls.Transformer
        transformer.Wdg = circuit.RegControls.TapWinding
        taps[transformer.Name] = (
            transformer.Tap,
            transformer.MinTap,
            transformer.MaxTap,
            transformer.NumTaps,
        )

    losses = complexes(circuit.Losses)[0] / 1000
    converged = bool(circuit.Solution.Converged)
    return Solution(
        converged, node_v_pu, has_coordinates, input_kva, losses, lines, loads, taps
    )


def complexes(values: object) -> list[complex]:
    flat = [float(x) for x in values]  # type: ignore[attr-defined]
    return [complex(*pair) for pair in zip(flat[::2], flat[1::2], strict=True)]


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def voltage(solution: Solution, bus: str, phase: str) -> complex:
    if len(phase) == 1:
        return solution.node_v_pu[bus, phase]
    first, second = (solution.node_v_pu[bus, p] for p in phase)
    return (first - second) / math.sqrt(3)


def deviations(solution: Solution, table: list[dict[str, str]]) -> dict[str, float]:
    return {
        f"{row['bus']}.{row['phase']}": abs(
            abs(voltage(solution, row["bus"], row["phase"])) - float(row["v_pu"])
        )
        for row in table
    }


def beyond(limit: float, found: Mapping[str, float]) -> dict[str, float]:
    return {where: value for where, value in found.items() if not value <= limit}


def folded_kw(feeder: str, solution: Solution) -> dict[str, float]:
    ends = {}
    listed = SHIPPED / feeder / "distributed_loads.csv"
    if listed.exists():
        ends = {row["mid_bus"]: row for row in rows(listed)}
    kw_at: dict[str, float] = defaultdict(float)
    for load in solution.loads.values():
        if load.bus in ends:
            row = ends[load.bus]
            share = float(row["share_from"])
            kw_at[row["from_bus"]] += share * load.nominal_kw
            kw_at[row["to_bus"]] += (1 - share) * load.nominal_kw
        else:
            kw_at[load.bus] += load.nominal_kw
    return dict(kw_at)


def quantity(feeder: str, name: str) -> float:
    solution = solved(feeder)
    total = sum(solution.input_kva)
    of_phase = dict(zip("abc", solution.input_kva, strict=True))
    head = "l799r_701" if feeder == "ieee37" else "l800_802"
    kind, _, tail = name.partition("_")
    if kind == "loading":
        line = solution.lines[tail]
        return max(line.current_a) / line.rating_a
    if name.startswith("head_current_"):
        return solution.lines[head].current_a["abc".index(name[-1])]
    if name.startswith("input_kw_"):
        return of_phase[name[-1]].real
    if name.startswith("input_kvar_"):
        return of_phase[name[-1]].imag
    return {
        "input_kw": total.real,
        "input_kvar": total.imag,
        "losses_kw": solution.losses_kva.real,
        "losses_kvar": solution.losses_kva.imag,
        "nominal_kw": sum(load.nominal_kw for load in solution.loads.values()),
        "nominal_kvar": sum(load.nominal_kvar for load in solution.loads.values()),
        "load_buses": float(len(folded_kw(feeder, solution))),
    }[name]


TOTALS = [
    pytest.param(feeder, row, id=f"{feeder}-{row['quantity']}-{number}")
    for feeder in FEEDERS
    for number, row in enumerate(rows(DATA / feeder / "totals.csv"))
]


@pytest.mark.parametrize("feeder", FEEDERS)
def test_the_solution_converges_to_finite_voltages(feeder: str) -> None:
    solution = solved(feeder)
    assert solution.converged
    assert all(0.8 < abs(v) < 1.2 for v in solution.node_v_pu.values())


@pytest.mark.parametrize("feeder", FEEDERS)
def test_every_published_voltage_is_met_within_two_thousandths(feeder: str) -> None:
    table = rows(DATA / feeder / "published.csv")
    found = deviations(solved(feeder), table)
    assert len(found) == len(table)
    assert beyond(PUBLISHED_TOLERANCE_PU, found) == {}


@pytest.mark.parametrize("feeder", FEEDERS)
def test_published_voltages_are_met_as_closely_as_documented(feeder: str) -> None:
    found = deviations(solved(feeder), rows(DATA / feeder / "published.csv"))
    assert beyond(REACHED_PU[feeder], found) == {}


@pytest.mark.parametrize("feeder", FEEDERS)
def test_published_angles_are_met(feeder: str) -> None:
    found = {}
    for row in rows(DATA / feeder / "published.csv"):
        if row["angle_deg"]:
            v = voltage(solved(feeder), row["bus"], row["phase"])
            angle = math.degrees(math.atan2(v.imag, v.real))
            off = (angle - float(row["angle_deg"]) + 180) % 360 - 180
            found[f"{row['bus']}.{row['phase']}"] = abs(off)
    assert beyond(PUBLISHED_TOLERANCE_DEG, found) == {}


@pytest.mark.parametrize("feeder", FEEDERS)
def test_stored_opendss_voltages_are_met_up_to_known_data_differences(
    feeder: str,
) -> None:
    found = deviations(solved(feeder), rows(DATA / feeder / "reference_opendss.csv"))
    assert beyond(REFERENCE_PU[feeder], found) == {}


@pytest.mark.parametrize("feeder", FEEDERS)
def test_every_solved_node_has_a_stored_opendss_voltage(feeder: str) -> None:
    table = rows(DATA / feeder / "reference_opendss.csv")
    stored = {row["bus"] for row in table}
    ours = {bus for bus, _ in solved(feeder).node_v_pu}
    assert ours - stored == ({"mid671"} if feeder == "ieee13" else set())


@pytest.mark.parametrize(("feeder", "row"), TOTALS)
def test_totals_are_met(feeder: str, row: Row) -> None:
    reached = quantity(feeder, row["quantity"])
    expected, tolerance = float(row["expected"]), float(row["tolerance"])
    assert reached == pytest.approx(expected, rel=0, abs=tolerance)


@pytest.mark.parametrize("feeder", FEEDERS)
def test_every_number_states_its_origin_and_where_it_stands(feeder: str) -> None:
    table = rows(DATA / feeder / "published.csv") + rows(DATA / feeder / "totals.csv")
    assert {row["origin"] for row in table} <= {"PRINTED", "REFERENCE", "DERIVED"}
    assert all(row["where"] for row in table)


@pytest.mark.parametrize("feeder", FEEDERS)
def test_regulators_stand_at_the_published_taps(feeder: str) -> None:
    taps = solved(feeder).taps
    ratios = {name: ratio for name, (ratio, *_) in taps.items()}
    expected = {n: 1 + 0.00625 * k for n, k in PUBLISHED_TAPS[feeder].items()}
    assert ratios == pytest.approx(expected, rel=0, abs=1e-12)
    assert {tuple(steps) for _, *steps in taps.values()} == {(0.9, 1.1, 32)}


@pytest.mark.parametrize("feeder", FEEDERS)
def test_every_line_is_rated_by_its_conductor_and_switches_at_one_kiloampere(
    feeder: str,
) -> None:
    lines = solved(feeder).lines
    by_conductor = [line for line in lines.values() if not line.is_switch]
    switches = [line for line in lines.values() if line.is_switch]
    assert all(line.rating_a not in OPENDSS_DEFAULT_A for line in by_conductor)
    assert all(0 < line.rating_a <= 730 for line in by_conductor)
    assert {line.rating_a for line in switches} <= {NOT_RATED_BY_THE_SOURCE_A}
    assert all(max(line.current_a) < line.rating_a for line in switches)


def test_the_highest_loading_of_the_37_is_703_730() -> None:
    lines = solved("ieee37").lines
    highest = max(lines, key=lambda n: max(lines[n].current_a) / lines[n].rating_a)
    assert highest == "l703_730"


def test_only_the_head_of_the_123_exceeds_its_ampacity_in_the_base_case() -> None:
    over = {
        f"{feeder}.{name}"
        for feeder in FEEDERS
        for name, line in solved(feeder).lines.items()
        if max(line.current_a) > line.rating_a
    }
    head = {"l149_1", "l1_7", "l7_8", "l8_13"}
    assert over == {f"ieee123.{name}" for name in head}


def test_the_34_folds_to_the_28_load_buses_of_the_market() -> None:
    table = rows(DATA / "ieee34" / "load_per_bus.csv")
    expected = {row["bus"]: float(row["kw"]) for row in table}
    assert len(expected) == 28
    assert folded_kw("ieee34", solved("ieee34")) == pytest.approx(expected, abs=1e-9)


def test_the_13_folds_half_of_its_distributed_load_to_either_end() -> None:
    folded = folded_kw("ieee13", solved("ieee13"))
    assert folded["632"] == pytest.approx(100)
    assert folded["671"] == pytest.approx(3 * 385 + 100)


@pytest.mark.parametrize("feeder", FEEDERS)
def test_mid_line_buses_lie_on_the_segment_that_the_list_names(feeder: str) -> None:
    listed = SHIPPED / feeder / "distributed_loads.csv"
    table = rows(listed) if listed.exists() else []
    lines = solved(feeder).lines
    for row in table:
        mid = row["mid_bus"]
        assert f"l{row['from_bus']}_{mid}" in lines
        assert f"l{mid}_{row['to_bus']}" in lines
    ours = {bus for bus, _ in solved(feeder).node_v_pu if bus.startswith("mid")}
    assert ours == {row["mid_bus"] for row in table}


@pytest.mark.parametrize("feeder", FEEDERS)
def test_every_bus_has_coordinates_and_every_coordinate_a_bus(feeder: str) -> None:
    placed = {row["bus"] for row in rows(SHIPPED / feeder / "buscoords.csv")}
    assert placed == set(solved(feeder).has_coordinates)
    assert all(solved(feeder).has_coordinates.values())


@pytest.mark.parametrize("feeder", FEEDERS)
def test_the_script_only_defines_a_circuit(feeder: str) -> None:
    text = (SHIPPED / feeder / f"{feeder}.dss").read_text()
    verbs = {
        line.split()[0].lower()
        for line in text.splitlines()
        if line.strip() and not line.startswith("!")
    }
    allowed = {"clear", "new", "~", "set", "calcvoltagebases", "buscoords"}
    assert verbs <= allowed


@pytest.mark.parametrize("feeder", FEEDERS)
def test_the_grid_object_finds_the_solution_of_the_bare_engine(feeder):
    # Both from the same file; the grid solves to 1e-5 pu, the engine here to 1e-8.
    bare = solved(feeder)
    grid = OpenDSSGrid(feeder, controlled=False)

    source, losses = grid.get_source_power(), grid.get_losses()
    given = sum(bare.input_kva)
    assert source.real == pytest.approx(given.real, abs=0.1)
    assert source.imag == pytest.approx(given.imag, abs=0.1)
    assert losses.real == pytest.approx(bare.losses_kva.real, abs=0.1)
    voltages = dict(zip(grid.nodes, grid.get_voltages(), strict=True))
    for (bus, phase), v_pu in bare.node_v_pu.items():
        node = f"{bus}.{'abc'.index(phase) + 1}"
        assert voltages[node] == pytest.approx(abs(v_pu), abs=1e-4), node
