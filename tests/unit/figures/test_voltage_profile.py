import pandas as pd
import pytest

from gridagora.errors import InputError
from gridagora.figures.theme import PHASE_COLOUR
from gridagora.figures.voltage_profile import voltage_profile


@pytest.fixture
def nodes():
    return pd.DataFrame(
        [
            ("s", 1, 0.0, 1.05),
            ("s", 2, 0.0, 1.05),
            ("a", 1, 2.0, 0.99),
            ("a", 2, 2.0, 1.00),
            ("b", 1, 5.0, 0.94),
        ],
        columns=["bus", "phase", "distance_km", "v_pu"],
    )


def segments(spec, parts, rows):
    return [
        (row["from_bus"], row["to_bus"], row["phase"], view["mark"]["color"])
        for view in parts(spec)
        if "x2" in view.get("encoding", {})
        for row in rows(spec, view)
    ]


def test_a_branch_is_drawn_in_each_phase_that_both_ends_have(
    nodes, branches, parts, rows
):
    spec = voltage_profile(nodes, branches, title="").to_dict()

    assert segments(spec, parts, rows) == [
        ("s", "a", "A", PHASE_COLOUR["A"]),
        ("a", "b", "A", PHASE_COLOUR["A"]),
        ("s", "a", "B", PHASE_COLOUR["B"]),
    ]


def test_axes_have_units_and_phases_colour_and_shape(nodes, branches, parts):
    spec = voltage_profile(nodes, branches, title="").to_dict()
    (points,) = [view for view in parts(spec) if "shape" in view.get("encoding", {})]

    assert points["encoding"]["x"]["title"] == "Distance from the substation (km)"
    assert points["encoding"]["y"]["title"] == "Voltage (pu)"
    assert points["encoding"]["color"]["scale"] == {
        "domain": ["A", "B", "C"],
        "range": list(PHASE_COLOUR.values()),
    }
    assert len(set(points["encoding"]["shape"]["scale"]["range"])) == 3


def test_limits_are_inside_the_axis_and_named(nodes, branches, parts, rows):
    inside = nodes.assign(v_pu=1.0)
    spec = voltage_profile(inside, branches, title="").to_dict()

    named = {
        row["text"]
        for view in parts(spec)
        if view.get("encoding", {}).get("text")
        for row in rows(spec, view)
    }
    low, high = spec["layer"][0]["encoding"]["y"]["scale"]["domain"]
    assert {"limit 0.95 pu", "limit 1.05 pu"} <= named
    assert low < 0.95 < 1.05 < high


def test_nodes_outside_the_limits_are_counted(nodes, branches):
    spec = voltage_profile(nodes, branches, title="", subtitle="Fixed taps.").to_dict()

    assert spec["title"]["subtitle"] == [
        "Fixed taps. 1 of 5 node voltages lie outside 0.95 to 1.05 pu."
    ]


def test_the_lowest_and_the_highest_node_are_named(nodes, branches, parts, rows):
    spec = voltage_profile(nodes, branches, title="").to_dict()

    named = [
        (view["mark"]["align"], row["text"])
        for view in parts(spec)
        if view.get("encoding", {}).get("text")
        for row in rows(spec, view)
        if row["text"].startswith("bus")
    ]
    assert set(named) == {
        ("right", "bus b, phase A: 0.940 pu"),
        ("left", "bus s, phase A: 1.050 pu"),
    }


def test_rows_of_a_filtered_table_keep_their_own_extremes(nodes, branches):
    shuffled = pd.concat([nodes, nodes.assign(v_pu=1.0)])  # every index twice
    spec = voltage_profile(shuffled, branches, title="").to_dict()

    assert spec["title"]["subtitle"][0].startswith("1 of 10")


def test_an_unknown_phase_is_refused(nodes, branches):
    with pytest.raises(InputError) as caught:
        voltage_profile(nodes.assign(phase="R"), branches, title="")

    assert str(caught.value) == (
        "nodes of a profile: phase is 'R', expected A, B, C or 1, 2, 3."
    )


def test_a_profile_without_nodes_is_refused(nodes, branches):
    with pytest.raises(InputError, match="there is no node"):
        voltage_profile(nodes[:0], branches, title="")


def test_the_chart_draws_without_a_warning(nodes, branches, drawn, capfd):
    assert "Profile" in drawn(voltage_profile(nodes, branches, title="Profile"), capfd)
