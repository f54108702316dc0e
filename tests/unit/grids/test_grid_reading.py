"""Readings of a solved circuit."""

from typing import Any

import numpy as np
import pytest

from gridagora.grids.case_reading import read_nodes
from gridagora.grids.grid_reading import LineReader, NodeReader, SourceReader
from gridagora.grids.opendss import DSS


@pytest.fixture
def engine(small_case):
    made = DSS(small_case, trusted=True)
    made.solve()
    return made


def test_voltages_keep_their_names_when_the_engine_changes_its_order():
    engine = DSS("ieee13")
    engine.solve()
    reader = NodeReader(engine, read_nodes(engine))
    before = reader.get_voltages_pu()
    order = engine.node_order
    engine.command("disable line.l671_684")
    engine.solve()
    during = reader.get_voltages_pu()

    assert engine.node_order != order
    at = [reader.table.name.index(name) for name in ("650.1", "632.2", "675.3")]
    assert during[at] == pytest.approx(before[at], abs=0.03)
    engine.command("enable line.l671_684")
    engine.solve()
    assert reader.get_voltages_pu() == pytest.approx(before, rel=1e-9)


def test_a_node_without_elements_is_dead():
    engine = DSS("ieee13")
    engine.solve()
    reader = NodeReader(engine, read_nodes(engine))
    engine.command("disable line.l671_680")
    engine.solve()
    table: Any = reader.get_table(0.95, 1.05)

    dead = [bus == "680" for bus in table["bus"]]
    assert table["v_pu"][dead].tolist() == [0.0, 0.0, 0.0]
    assert set(table["flag"][dead]) == {"low"}


def test_the_voltage_table_flags_what_lies_outside(engine):
    reader = NodeReader(engine, read_nodes(engine))
    pu = reader.get_voltages_pu()
    table = reader.get_table(0.0, 0.5)
    assert set(table["flag"]) == {"high"}
    table = reader.get_table(pu.min() + 1e-5, 2.0)
    assert list(table["flag"]).count("low") == 1
    assert table["v_v"] == pytest.approx(pu * 4160 / 3**0.5)
    assert table["angle_deg"][:3] == pytest.approx([0, -120, 120], abs=0.1)


def test_a_source_held_at_the_limit_is_not_outside_of_it():
    feeder = DSS("ieee34")
    feeder.solve()
    table = NodeReader(feeder, read_nodes(feeder)).get_table(0.95, 1.05)

    assert [str(bus) for bus in table["bus"][:3]] == ["800"] * 3
    assert set(table["flag"][:3]) == {"ok"}


def test_line_currents_are_what_the_power_and_voltage_say(engine):
    nodes = NodeReader(engine, read_nodes(engine))
    lines = LineReader(engine)
    table: Any = lines.get_table()
    volts = dict(zip(nodes.table.name, nodes.get_volts(), strict=True))

    for row, line in enumerate(table["line"]):
        node = f"{table['from_bus'][row]}.{table['phase'][row]}"
        kva = abs(table["flow_kw"][row] + 1j * table["flow_kvar"][row])
        expected = kva * 1e3 / abs(volts[node])
        assert table["current_a"][row] == pytest.approx(expected, rel=1e-6), line
    # no shunt: the same current at both ends
    assert table["loading_pu"] == pytest.approx(
        table["current_a"] / table["ampacity_a"], rel=1e-6
    )


def test_flows_and_losses_of_lines_add_up(engine):
    lines = LineReader(engine)
    first, second = lines.get_total_flows()

    assert lines.names == ("a", "b")
    assert first == pytest.approx(engine.get_source_power(), rel=1e-6)
    assert lines.get_losses().sum() == pytest.approx(engine.get_losses(), rel=1e-6)
    assert second.real == pytest.approx(100, abs=2)  # 60 kW + 40 kW and losses


def test_a_disabled_line_carries_nothing():
    engine = DSS("ieee13")
    engine.solve()
    lines = LineReader(engine)
    engine.command("disable line.l671_680")
    engine.solve()
    off = [name == "l671_680" for name in lines.line]

    assert np.all(lines.get_currents_a()[off] == 0)
    assert np.all(lines.get_flows()[off] == 0)
    assert lines.get_losses()[lines.names.index("l671_680")] == 0


def test_lines_that_are_off_from_the_start_do_not_shift_the_others():
    engine = DSS("ieee123")  # has two open switches
    engine.solve()
    lines = LineReader(engine)
    circuit = engine.context.ActiveCircuit
    flows = dict(zip(lines.names, lines.get_total_flows(), strict=True))

    for name in ("l1_2", "sw97_197", "l149_1", lines.names[-3]):
        circuit.SetActiveElement(f"line.{name}")
        element = circuit.ActiveCktElement
        n = element.NumConductors
        expected = element.Powers.view(complex)[:n].sum()
        assert flows[name] == pytest.approx(expected)


def test_the_source_reports_each_phase(engine):
    phases = SourceReader(engine).get_phase_powers()

    assert phases.sum() == pytest.approx(engine.get_source_power(), rel=1e-6)
    # 100 kW a phase at mid; 60 kW more on 1, 40 kW more on 2
    assert phases.real == pytest.approx([160, 140, 100], rel=0.02)
