"""Reading buses, nodes and elements of a loaded case."""

import numpy as np
import pytest

from gridagora.errors import InvalidCaseError
from gridagora.grids.case_reading import (
    read_coordinates,
    read_element_buses,
    read_nodes,
    read_segments,
    read_source_bus,
    terminal_nodes,
)
from gridagora.grids.opendss import DSS


def opened(small_case, extra=""):
    small_case.write_text(small_case.read_text() + extra)
    engine = DSS(small_case, trusted=True)
    engine.solve()
    return engine


def test_nodes_come_bus_by_bus_with_their_base_voltage(small_case):
    nodes = read_nodes(opened(small_case))

    assert nodes.name[:4] == ("src.1", "src.2", "src.3", "mid.1")
    assert nodes.bus[-1] == "end"
    assert nodes.phase.tolist() == [1, 2, 3] * 3
    assert nodes.base_v == pytest.approx(np.full(9, 4160 / 3**0.5))


def test_a_case_without_voltage_bases_is_refused(small_case):
    text = small_case.read_text().split("Set Volt", maxsplit=1)[0]
    small_case.write_text(text)
    engine = DSS(small_case, trusted=True)
    engine.solve()
    with pytest.raises(InvalidCaseError) as caught:
        read_nodes(engine)
    assert caught.value.faults[0] == (
        "bus 'src' has no base voltage; end the case with 'set voltagebases=[...]' and "
        "'calcvoltagebases'."
    )


def test_coordinates_that_are_not_given_are_not_a_number(small_case):
    (small_case.parent / "xy.csv").write_text("mid, 3, 4\n")
    table = read_coordinates(opened(small_case, "buscoords XY.csv\n"))

    assert table["bus"] == ["src", "mid", "end"]
    assert table["x"][1] == 3.0
    assert table["y"][1] == 4.0
    assert np.isnan(table["x"][0])


def test_elements_know_their_bus_and_the_source_its_own(small_case):
    engine = opened(small_case)

    assert read_source_bus(engine) == "src"
    assert read_element_buses(engine, "load") == ("mid", "end", "end")


def test_a_line_has_its_rating_length_and_positive_sequence_reactance(small_case):
    engine = opened(small_case)
    first, second = read_segments(engine, read_nodes(engine))

    assert (first.name, first.from_bus, first.to_bus) == ("a", "src", "mid")
    assert first.phases == {1, 2, 3}
    # sqrt(3) x 4.16 kV x 200 A
    assert first.limit_kva == pytest.approx(3**0.5 * 4.16 * 200)
    assert second.limit_kva == pytest.approx(3**0.5 * 4.16 * 100)
    assert first.length_km == 1.0
    # x1 = 0.2 ohm on 4.16^2 ohm of 1 MVA
    assert first.reactance_pu == pytest.approx(0.2 / 4.16**2)


def test_disabled_and_open_lines_are_left_out(small_case):
    extra = (
        "new line.c bus1=mid bus2=far length=1 enabled=no\n"
        "new line.d bus1=mid bus2=end length=1\nopen line.d 2\n"
    )
    engine = opened(small_case, extra)

    names = [item.name for item in read_segments(engine, read_nodes(engine))]
    assert names == ["a", "b"]


def test_single_phase_lines_are_rated_to_ground(small_case):
    extra = "new line.c bus1=end.2 bus2=far.2 phases=1 length=100 units=m normamps=10\n"
    engine = opened(small_case, extra + "calcvoltagebases\n")
    line = read_segments(engine, read_nodes(engine))[-1]

    assert line.phases == {2}
    assert line.limit_kva == pytest.approx(10 * 4.16 / 3**0.5)
    assert line.length_km == pytest.approx(0.1)


def test_transformers_and_regulators_are_segments(small_case):
    extra = (
        "new transformer.t phases=3 windings=2 buses=[end low] kvs=[4.16 0.48] "
        "kvas=[500 500] xhl=5\n"
        "new transformer.r phases=3 windings=2 buses=[mid midr] kvs=[4.16 4.16] "
        "kvas=[900 900] xhl=1\n"
        "new regcontrol.r transformer=r winding=2 vreg=120 ptratio=20\n"
        "new transformer.w phases=3 windings=3 buses=[end l1 l2] "
        "kvs=[4.16 0.48 0.48] kvas=[90 90 90]\n"
        "new transformer.off phases=3 windings=2 buses=[end low] kvs=[4.16 0.48] "
        "enabled=no\n"
        "set voltagebases=[4.16 0.48]\ncalcvoltagebases\n"
    )
    engine = opened(small_case, extra)
    found = {item.name: item for item in read_segments(engine, read_nodes(engine))}

    assert set(found) == {"a", "b", "t", "r", "w.2", "w.3"}
    assert found["t"].limit_kva == 500.0
    assert found["t"].reactance_pu == pytest.approx(0.1)  # 5 % of 1000 / 500 kVA
    assert not found["t"].regulator
    assert found["r"].regulator
    assert (found["w.3"].from_bus, found["w.3"].to_bus) == ("end", "l2")


def test_reactors_between_buses_are_segments_and_those_to_ground_are_not(small_case):
    extra = (
        "new reactor.s bus1=end bus2=far phases=3 r=0 x=1.7\n"
        "new reactor.g bus1=end phases=3 kv=4.16 kvar=1\n"
        "new load.f bus1=far kv=4.16 kw=1\ncalcvoltagebases\n"
    )
    engine = opened(small_case, extra)
    found = {item.name: item for item in read_segments(engine, read_nodes(engine))}

    assert set(found) == {"a", "b", "s"}
    assert found["s"].reactance_pu == pytest.approx(1.7 / 4.16**2)


def test_a_node_that_is_no_number_is_refused_although_the_engine_takes_it():
    with pytest.raises(InvalidCaseError) as caught:
        terminal_nodes("632.1.x", 2)
    assert str(caught.value) == (
        "connection '632.1.x': expected a bus and its nodes, e.g. 632.1.2."
    )
