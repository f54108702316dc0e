from pathlib import Path

import pytest

from gridagora.grids.feeders import FEEDERS


def test_grids_lists_every_feeder_with_its_size(cli, monkeypatch):
    monkeypatch.delenv("COLUMNS", raising=False)

    result = cli("grids")

    lines = [line.split() for line in result.stdout.splitlines()[2:]]
    assert [line[0] for line in lines] == list(FEEDERS)
    # 34 nodes; total load 1769 kW and 1044 kvar by its published totals
    assert lines[1][1:3] == ["24.9", "34"]
    assert lines[1][4:6] == ["1769", "1044"]


def test_show_prints_the_state_of_a_feeder(cli):
    result = cli("grids", "show", "ieee34")

    rows = dict(line.split("  ", 1) for line in result.stdout.splitlines())
    assert {name: text.strip() for name, text in rows.items()} == {
        "feeder": "ieee34: 36 buses, 48 loads",
        # the published solution: 2042.872 kW, 290.258 kvar, losses 273.049, 34.999
        "source": "2042.8 kW, 290.6 kvar",
        "losses": "273.0 kW, 35.4 kvar",
        "lowest voltage": "0.9167 pu at bus 890",
        "highest voltage": "1.0500 pu at bus 800",
        "highest loading": "30.5 % of line l888_890",
        "map": "ieee34-voltage.html",
    }
    assert Path("ieee34-voltage.html").read_text("utf-8").startswith("<!DOCTYPE html>")


@pytest.mark.parametrize("color", ["voltage", "loading"])
def test_show_draws_the_map(cli, color):
    result = cli("grids", "show", "ieee13", "--out", "map.svg", "--color", color)

    assert result.exit_code == 0, result.output
    assert result.stdout.endswith("map  map.svg\n")
    drawing = Path("map.svg").read_text("utf-8")
    assert drawing.startswith("<svg")
    assert "Line loading (%)" in drawing
    assert ("Lowest phase voltage (pu)" in drawing) == (color == "voltage")


def test_show_reads_a_case_of_the_user(cli):
    Path("tiny.dss").write_text(
        "clear\n"
        "new circuit.tiny basekv=12.47 bus1=head pu=1.0\n"
        "new line.one bus1=head bus2=end length=1 units=km r1=0.3 x1=0.4\n"
        "new load.mill bus1=end kv=12.47 kw=100 pf=0.95\n"
        "set voltagebases=[12.47]\n"
        "calcvoltagebases\n"
        "solve\n"
    )

    result = cli("grids", "show", "tiny.dss")

    assert result.exit_code == 0, result.output
    assert "tiny: 2 buses, 1 loads" in result.stdout
    assert "not drawn: the case does not place every bus" in result.stdout


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("ieee35",), "no feeder or case file is called 'ieee35'"),
        (("ieee13", "--color", "red"), "no colour of a map is called 'red'"),
        (("ieee13", "--out", "map.gif"), "no format of a map is called '.gif'"),
        (("ieee13", "--out", "/proc/none/map.svg"), "cannot be written"),
        (("missing.dss",), "OpenDSS case not found: missing.dss"),
    ],
)
def test_show_refuses_what_it_cannot_do(cli, words, message):
    result = cli("grids", "show", *words)

    assert result.exit_code == 2
    assert message in result.stderr
    assert len(result.stderr.splitlines()) == 1
