"""From elements to the network that a market sees."""

import math
from typing import Any

import pytest

from gridagora.errors import InvalidCaseError, InvalidNetworkError
from gridagora.grids.cases.files import MidLineBus
from gridagora.grids.feeder_view import (
    Segment,
    distances_km,
    market_segments,
    merged_buses,
    network_of,
    radial_network_of,
)


def line(name, here, there, **kw):
    values: dict[str, Any] = {
        "phases": frozenset({1, 2, 3}),
        "limit_kva": 100.0,
        "length_km": 1.0,
        "reactance_pu": 0.1,
    } | kw
    return Segment(name, here, there, **values)


REGULATOR = line("r", "b", "br", regulator=True, length_km=0.0)


def test_the_load_side_of_a_regulator_counts_to_its_line_side():
    segments = [line("ab", "a", "b"), REGULATOR, line("bc", "br", "c")]

    merged = merged_buses(segments, merge_regulators=True)
    tree = radial_network_of(market_segments(segments, merged, ()), "a")

    assert merged["br"] == "b"
    assert tree.bus == ("a", "b", "c")
    assert tree.branch == ("ab", "bc")


def test_regulators_stay_branches_when_they_are_not_merged():
    segments = [line("ab", "a", "b"), REGULATOR, line("bc", "br", "c")]

    merged = merged_buses(segments, merge_regulators=False)
    tree = radial_network_of(market_segments(segments, merged, ()), "a")

    assert tree.branch == ("ab", "r", "bc")


def test_regulators_that_feed_each_other_in_a_ring_do_not_hang():
    segments = [
        line("r1", "a", "b", regulator=True),
        line("r2", "b", "a", regulator=True),
    ]
    assert set(merged_buses(segments, merge_regulators=True).values()) <= {"a", "b"}


def test_a_line_with_a_middle_bus_becomes_one_line_again():
    segments = [
        line("l_m_b", "m_b", "b", limit_kva=80.0),
        line("l_a_m_b", "a", "m_b", length_km=3.0),
    ]
    middle = MidLineBus("m_b", "a", "b", 0.75)

    [whole] = market_segments(
        segments, merged_buses(segments, merge_regulators=True), [middle]
    )

    # 1 + 3 km; the weaker half limits it; 0.1 + 0.1 pu
    assert (whole.name, whole.from_bus, whole.to_bus) == ("l_a_b", "a", "b")
    assert whole.length_km == 4.0
    assert whole.limit_kva == 80.0
    assert whole.reactance_pu == pytest.approx(0.2)


def test_a_middle_bus_that_is_not_in_the_middle_is_refused():
    segments = [line("am", "a", "m")]
    with pytest.raises(InvalidCaseError) as caught:
        market_segments(
            segments,
            merged_buses(segments, merge_regulators=True),
            [MidLineBus("m", "a", "b")],
        )
    assert str(caught.value) == (
        "distributed_loads.csv: bus 'm' does not lie in the middle of one line from "
        "'a' to 'b'."
    )


def test_one_element_per_phase_is_one_branch_with_the_sum_of_ratings():
    segments = [
        line("r1", "a", "b", phases=frozenset({1}), reactance_pu=0.3),
        line("r2", "b", "a", phases=frozenset({2}), reactance_pu=0.5),
    ]
    [both] = market_segments(segments, {"a": "a", "b": "b"}, ())

    assert both.limit_kva == 200.0
    assert both.reactance_pu == pytest.approx(0.4)  # each phase has its own: mean


def test_elements_in_parallel_on_the_same_phases_share_the_flow():
    segments = [
        line("l1", "a", "b", reactance_pu=0.3),
        line("l2", "a", "b", reactance_pu=0.6),
    ]
    [both] = market_segments(segments, {"a": "a", "b": "b"}, ())

    assert both.reactance_pu == pytest.approx(0.2)  # 1 / (1/0.3 + 1/0.6)


def test_switches_without_reactance_get_the_least():
    network = network_of([line("s", "a", "b", reactance_pu=0.0)], "a")

    assert network.reactance_pu.tolist() == [1e-6]
    assert network.limit_kw.tolist() == [100.0]


def test_a_mesh_is_a_network_and_no_tree():
    ring = [line("ab", "a", "b"), line("bc", "b", "c"), line("ca", "c", "a")]

    assert network_of(ring, "a").n_branch == 3
    with pytest.raises(InvalidNetworkError, match="closes a loop"):
        radial_network_of(ring, "a")


def test_the_distance_is_that_of_the_shortest_path():
    segments = [
        line("ac", "a", "c", length_km=9.0),
        line("ab", "a", "b", length_km=1.0),
        line("bc", "b", "c", length_km=2.0),
        line("cd", "d", "c", length_km=0.5),
    ]
    found = distances_km(segments, "a")

    assert found == {"a": 0.0, "b": 1.0, "c": 3.0, "d": 3.5}
    assert math.isfinite(sum(found.values()))
