import pytest

from gridagora.errors import InputError
from gridagora.figures.one_line import one_line


def test_kinds_differ_in_colour_and_dash_with_lines_first(buses, branches):
    spec = one_line(buses, branches, title="Plan").to_dict()

    lines = spec["layer"][0]["encoding"]
    assert lines["color"]["scale"]["domain"] == ["line", "cable", "regulator"]
    assert len(set(lines["color"]["scale"]["range"])) == 3
    assert len({str(dash) for dash in lines["strokeDash"]["scale"]["range"]}) == 3


def test_loads_are_discs_with_a_legend_in_kw(buses, branches, rows):
    spec = one_line(buses, branches, title="Plan").to_dict()

    discs = spec["layer"][1]
    assert [row["bus"] for row in rows(spec, discs)] == ["a", "b", "c"]
    assert discs["encoding"]["size"]["title"] == "Load (kW)"
    assert discs["encoding"]["size"]["scale"]["domain"] == [0.0, 100.0]


def test_a_feeder_without_load_is_drawn(buses, branches, drawn, capfd):
    chart = one_line(buses.assign(load_kw=0.0), branches, title="Plan")

    assert "Plan" in drawn(chart, capfd)


def test_the_kind_and_the_load_are_asked_for(buses, branches):
    with pytest.raises(InputError, match="column 'load_kw' is missing"):
        one_line(buses.drop(columns="load_kw"), branches, title="")
    with pytest.raises(InputError, match="column 'kind' is missing"):
        one_line(buses, branches.drop(columns="kind"), title="")
