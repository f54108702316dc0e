"""What is measured in small circuits, and its first order by the difference."""

import numpy as np
import pytest
from scipy import sparse

from gridagora.grids.admittance import SERIES, Primitive, read_primitives
from gridagora.grids.bus_demand import BusRegister
from gridagora.grids.case_reading import read_nodes
from gridagora.grids.cases.files import MidLineBus
from gridagora.grids.measurements import (
    Branches,
    Circuit,
    downstream,
    flow_terminals,
    voltages,
)
from gridagora.grids.opendss_grid import OpenDSSGrid
from gridagora.grids.places import Terminals
from gridagora.grids.sensitivity import GROUND
from gridagora.types.network import Network

BRANCHES = Branches(
    name=("src-a", "a-b"),
    from_bus=("src", "a"),
    to_bus=("a", "b"),
    limit_kw=np.full(2, np.inf),
)
REGISTER = BusRegister(("src", "a", "b"), {"r": "src"})
MIDDLE = (MidLineBus("m", "a", "b"),)


def element(name, *buses):
    return Primitive(
        name=name,
        bus=buses,
        node=np.zeros((len(buses), 1), dtype=np.int64),
        siemens=np.zeros((len(buses), len(buses)), dtype=complex),
    )


@pytest.fixture
def zoo(zoo_case):
    return OpenDSSGrid(zoo_case, trusted=True)


def circuit_of(grid):
    elements = read_primitives(grid.dss, grid.nodes, SERIES)
    branches = Branches.of(grid.network())
    flows = flow_terminals(elements, branches, grid._view.bus, ())
    lines = list(grid.get_line_table()["line"])
    return Circuit.of(
        elements, len(grid.nodes), flows, n_branch=len(branches.name), line=lines
    ), branches


def test_a_flow_enters_at_the_terminal_of_its_first_bus():
    elements = [element("line.x", "r", "a"), element("line.y", "b", "a")]

    assert flow_terminals(elements, BRANCHES, REGISTER, ()) == [
        (0, 0, 0, 1.0),  # r is the load side of a regulator merged with src
        (1, 1, 1, 1.0),  # a-b enters line y at its second terminal
    ]


def test_regulators_that_are_merged_and_shunts_are_no_branch():
    elements = [
        element("transformer.reg", "src", "r"),
        element("reactor.shunt", "a", "a"),
        element("capacitor.c", "a", "b"),
        element("line.tie", "src", "b"),  # open: not in the market's network
    ]

    assert flow_terminals(elements, BRANCHES, REGISTER, ()) == []


def test_a_line_with_a_middle_bus_is_measured_at_its_first_half():
    halves = [element("line.am", "a", "m"), element("line.mb", "m", "b")]

    assert flow_terminals(halves, BRANCHES, REGISTER, MIDDLE) == [(1, 0, 0, 1.0)]


def test_further_windings_are_measured_by_what_they_give():
    three = [element("transformer.t", "src", "a", "b")]
    branches = Branches(
        ("src-a", "b-src"), ("src", "b"), ("a", "src"), np.full(2, np.inf)
    )

    assert flow_terminals(three, branches, REGISTER, ()) == [
        (0, 0, 1, -1.0),
        (1, 0, 2, 1.0),  # power runs from b into the winding
    ]


def test_power_drawn_at_a_bus_passes_the_branches_above_it():
    passes = downstream(BRANCHES, ["src", "r", "a", "b", "m"], REGISTER, MIDDLE)

    assert passes.tolist() == [[0, 0, 1, 1, 1], [0, 0, 0, 1, 1]]


def test_a_middle_named_the_other_way_round_lies_below_the_same_bus():
    backwards = (MidLineBus("m", "b", "a"),)

    assert downstream(BRANCHES, ["m"], REGISTER, backwards).tolist() == [[1], [1]]


def test_branches_keep_order_and_direction_of_the_network():
    network = Network.from_table(
        {"from_bus": ["s", "b"], "to_bus": ["b", "c"], "limit_kw": [7.0, None]}
    )

    found = Branches.of(network)
    assert (found.from_bus, found.to_bus) == (("s", "b"), ("b", "c"))
    assert found.limit_kw.tolist() == [7.0, np.inf]
    assert Branches.of(network.radial()).name == found.name


def test_flows_and_currents_are_those_of_the_engine(zoo):
    circuit, branches = circuit_of(zoo)
    volts = zoo.get_volts()
    flows = dict(zip(branches.name, circuit.flows(volts).value, strict=True))

    lines = dict(zip(zoo.lines, zoo.get_line_flows().real, strict=True))
    assert {name: flows[name] for name in zoo.lines} == pytest.approx(lines, abs=1e-6)
    assert flows["t3.2"] == pytest.approx(200, abs=0.01)  # all that 'low' draws
    assert circuit.currents(volts).value == pytest.approx(
        zoo.get_currents_a(), abs=1e-6
    )


def test_losses_are_what_the_source_and_generators_give_beyond_demand(zoo):
    circuit, _ = circuit_of(zoo)
    loss = circuit.loss(zoo.get_volts()).value[0]

    # the engine's own sum leaves out shunts, here 1 ohm from a neutral to ground
    given = zoo.get_source_power().real + 120
    assert loss == pytest.approx(given - 721, abs=0.01)
    assert loss > zoo.get_losses().real + 0.1


def test_rows_are_the_first_order_of_what_is_measured(zoo):
    circuit, _ = circuit_of(zoo)
    volts = zoo.get_volts()
    terminals = Terminals.of(read_nodes(zoo.dss), np.ones(len(volts), dtype=bool))
    rng = np.random.default_rng(3)
    change = 1e-3 * (rng.normal(size=len(volts)) + 1j * rng.normal(size=len(volts)))

    def at(point):
        return (
            voltages(terminals, point),
            circuit.flows(point),
            circuit.currents(point),
            circuit.loss(point),
        )

    for here, up, down in zip(
        at(volts), at(volts + change), at(volts - change), strict=True
    ):
        slope = np.real(here.row @ change)
        assert (up.value - down.value) / 2 == pytest.approx(slope, rel=1e-5, abs=1e-8)


def test_a_terminal_without_voltage_measures_nothing(zoo):
    terminals = Terminals.of(read_nodes(zoo.dss), np.ones(len(zoo.nodes), dtype=bool))
    found = voltages(terminals, np.zeros(len(zoo.nodes), dtype=complex))

    assert not found.value.any()
    assert not found.row.toarray().any()


def test_a_line_without_current_does_not_move():
    nodes = np.array([[0], [1]])
    line = Primitive("line.l", ("a", "b"), nodes, np.array([[1, -1], [-1, 1]]) + 0j)
    circuit = Circuit.of([line], 2, [(0, 0, 0, 1.0)], n_branch=1, line=["l"])
    volts = np.array([0.0, 0.0], dtype=complex)
    found = circuit.currents(volts)

    assert found.value.tolist() == [0]
    assert sparse.csr_array(found.row).toarray().tolist() == [[0, 0]]


def test_a_disabled_line_has_no_current():
    nodes = np.array([[0], [GROUND]])
    line = Primitive("line.on", ("a", "b"), nodes, np.array([[1, -1], [-1, 1]]) + 0j)
    circuit = Circuit.of([line], 1, [], n_branch=0, line=["off", "on"])

    assert circuit.currents(np.array([3.0 + 4j])).value.tolist() == [0, 5]
