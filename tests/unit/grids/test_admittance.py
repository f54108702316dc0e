"""The admittance matrix of a circuit against hand-worked entries and the engine."""

import numpy as np
import pytest

from gridagora.errors import InvalidConfigError, PowerFlowError
from gridagora.grids.admittance import (
    SERIES,
    SOURCE,
    conductor_nodes,
    impedance_of,
    node_admittance,
    read_ports,
    read_primitives,
    require_linear,
    terminal_currents,
)
from gridagora.grids.case_reading import read_nodes
from gridagora.grids.opendss import DSS
from gridagora.grids.sensitivity import GROUND


@pytest.fixture
def small(small_case):
    engine = DSS(small_case, trusted=True)
    engine.solve()
    return engine, read_nodes(engine).name


@pytest.fixture
def zoo(zoo_case):
    engine = DSS(zoo_case, trusted=True)
    engine.solve()
    return engine, read_nodes(engine).name


def matrix_of(engine, nodes, kinds):
    elements = read_primitives(engine, nodes, kinds)
    return node_admittance(
        terminal_currents(elements, len(nodes)), conductor_nodes(elements)
    ).toarray()


def test_lines_enter_with_own_and_mutual_admittance(small):
    engine, nodes = small
    matrix = matrix_of(engine, nodes, ("line",))

    # z1 = 0.1+0.2j, z0 = 0.3+0.6j; y = 1/z: own (y0 + 2 y1) / 3, mutual (y0 - y1) / 3
    y1, y0 = 1 / (0.1 + 0.2j), 1 / (0.3 + 0.6j)
    own, mutual = (y0 + 2 * y1) / 3, (y0 - y1) / 3
    src, mid = nodes.index("src.1"), nodes.index("mid.1")
    assert matrix[src, mid] == pytest.approx(-own, rel=1e-6)
    assert matrix[src, mid + 1] == pytest.approx(-mutual, rel=1e-6)
    assert matrix[mid, mid] == pytest.approx(2 * own, rel=1e-6)
    assert np.abs(matrix.sum(axis=1)).max() < 1e-4  # no shunts but 1e-6 S of the engine


def test_disabled_elements_are_left_out(small):
    engine, nodes = small
    engine.command("disable line.b")
    matrix = matrix_of(engine, nodes, ("line",))

    end = nodes.index("end.1")
    assert not matrix[end].any()


def test_the_matrix_of_any_circuit_explains_its_solution(zoo):
    engine, nodes = zoo
    elements = read_primitives(engine, nodes, (*SERIES, SOURCE, "load", "generator"))
    volts = engine.get_volts(
        np.array([engine.node_order.index(node) for node in nodes])
    )
    into = terminal_currents(elements, len(nodes)) @ volts

    # Currents of series elements as the engine reads them, conductor by conductor
    read = [engine.elements(kind).get_currents() for kind in SERIES]
    n_row = sum(currents.size for currents in read)
    assert into[:n_row] == pytest.approx(np.concatenate(read), rel=1e-7, abs=1e-6)


def test_ports_are_phases_to_neutral_in_wye_and_between_phases_in_delta(zoo):
    engine, nodes = zoo
    loads = read_ports(engine, nodes, "load")
    names = engine.elements("load").names
    label = dict(enumerate(nodes)) | {GROUND: "0"}

    def ends(name):
        rows = np.flatnonzero(loads.element == names.index(name))
        port = loads.port
        return [(label[port.plus[at]], label[port.minus[at]]) for at in rows]

    assert ends("w3") == [("low.1", "0"), ("low.2", "0"), ("low.3", "0")]
    assert ends("d3") == [("two.1", "two.2"), ("two.2", "two.3"), ("two.3", "two.1")]
    assert ends("d2") == [("three.1", "three.2"), ("three.2", "three.3")]
    assert ends("w2") == [("three.1", "0"), ("three.2", "0")]
    assert ends("neu") == [("ter2.1", "ter2.4")]
    assert ends("h") == [("house.1", "house.2")]
    assert loads.part[loads.element == names.index("d2")].tolist() == [0.5, 0.5]


def test_disabled_loads_have_no_ports(small):
    engine, nodes = small
    engine.command("disable load.e1")

    assert set(read_ports(engine, nodes, "load").element.tolist()) == {0, 2}


def test_a_circuit_without_loads_has_no_ports(small_case):
    text = small_case.read_text()
    small_case.write_text(
        "\n".join(line for line in text.splitlines() if "Load" not in line)
    )
    engine = DSS(small_case, trusted=True)
    engine.solve()

    assert read_ports(engine, read_nodes(engine).name, "load").part.shape == (0,)


def test_the_inverse_leaves_dead_nodes_to_themselves(small):
    engine, nodes = small
    engine.command("disable line.b")
    for name in ("m", "e1", "e2"):
        engine.command(f"disable load.{name}")
    elements = read_primitives(engine, nodes, (*SERIES, SOURCE))
    matrix = node_admittance(
        terminal_currents(elements, len(nodes)), conductor_nodes(elements)
    )
    impedance = impedance_of(matrix, engine.name)

    end, mid = nodes.index("end.1"), nodes.index("mid.1")
    assert np.abs(impedance[end, mid]) == 0
    assert np.abs(impedance[mid, mid]) > 0.1


def test_a_circuit_without_a_path_to_ground_is_refused(small):
    engine, nodes = small
    elements = read_primitives(engine, nodes, ("line",))
    for element in elements:  # the engine adds 1e-6 S to ground: take it away
        each = element.siemens.shape[0] // 2
        element.siemens[:] = np.kron([[1, -1], [-1, 1]], np.eye(each))
    matrix = node_admittance(
        terminal_currents(elements, len(nodes)), conductor_nodes(elements)
    )

    with pytest.raises(PowerFlowError) as caught:
        impedance_of(matrix, "small")
    assert str(caught.value) == (
        "power flow of small: its admittance matrix is singular. Look for a part of "
        "the circuit that no source feeds."
    )


def test_elements_whose_first_order_is_not_known_are_named(small_case):
    small_case.write_text(
        small_case.read_text()
        + "new isource.harmonic bus1=end.1 phases=1 amps=1\n"
        + "new generator.held bus1=mid kv=4.16 kw=10 model=3\n"
        + "new generator.fine bus1=mid kv=4.16 kw=10 model=1\n"
        + "new monitor.eye element=line.a\n"
    )
    engine = DSS(small_case, trusted=True)

    with pytest.raises(InvalidConfigError) as caught:
        require_linear(engine)
    assert str(caught.value) == (
        "linear model of small: 'isource.harmonic' is none of line, transformer, "
        "capacitor, reactor, vsource, load, generator; its first order is not known. "
        "'generator.held' has model 3, expected 1, constant power."
    )
    engine.command("disable isource.harmonic")
    engine.command("disable generator.held")
    require_linear(engine)
