import json
from pathlib import Path

import pytest
import yaml

from gridagora.interfaces import configuration
from gridagora.interfaces.configuration import read_study_file
from gridagora.interfaces.importers.matpower import read_matpower

TWO = """\
function mpc = two
mpc.version = '2';
mpc.baseMVA = 100;
mpc.bus = [
	1	3	0	0	0	0	1	1	0	230	1	1.1	0.9;
	2	1	50.1	10	0	0	1	1	0	230	1	1.1	0.9;
];
mpc.gen = [
	1	0	0	30	-30	1	100	1	80.3	0;
];
mpc.branch = [
	1	2	0.01	0.1	0.02	60	0	0	0	0	1	-360	360;
	1	2	0.01	0.0000123	0	0	0	0	2	0	1	-360	360;
	1	2	0.01	0.1	0.02	60	0	0	0	0	0	-360	360;
];
mpc.gencost = [
	2	0	0	3	0.1	20	0;
];
"""


@pytest.fixture(autouse=True)
def case(cli):
    """The file ``two.m`` in the empty folder of the command line."""
    Path("two.m").write_text(TWO)


def test_a_case_becomes_a_study_file_and_says_what_was_left_out(cli):
    result = cli("convert", "two.m", "two.yaml")

    assert result.exit_code == 0, result.output
    assert result.stdout == (
        "case        two.m: 2 buses, 2 branches (1 with a limit)\n"
        "generators  1, 80300 kW, of which 0 kW are firm\n"
        "loads       1, 50100 kW, of which 50100 kW are firm\n"
        "study file  two.yaml\n"
        "left out\n"
        "- Resistance, line charging, reactive power and voltage limits have no place "
        "in DC power flow: nothing is lost, and a limit in MVA or kA holds active power "
        "alone.\n"
        "- Branches '1-2 (3)' are out of service: left out.\n"
    )
    assert Path("two.yaml").read_text() == (
        "# Made from two.m by gridagora convert. kW, currency/kWh, pu.\n"
        "# Left out: Resistance, line charging, reactive power and voltage limits have "
        "no place in DC power flow: nothing is lost, and a limit in MVA or kA holds "
        "active power alone.\n"
        "# Left out: Branches '1-2 (3)' are out of service: left out.\n"
        "study: self-play-case\n"
        "reference: '1'\n"
        "branches:\n"
        "- {branch: 1-2, from_bus: '1', to_bus: '2', limit_kw: 60000.0, "
        "reactance_pu: 0.1}\n"
        "- {branch: 1-2 (2), from_bus: '1', to_bus: '2', limit_kw: null, "
        "reactance_pu: 2.46e-05}\n"
        "generators:\n"
        "- {participant: g1, bus: '1', quantity_kw: [0.0, 80300.0], "
        "price_per_kwh: [0.02, 0.03606]}\n"
        "loads:\n"
        "- {participant: load 2, bus: '2', quantity_kw: [50100.0], "
        "price_per_kwh: [10.0]}\n"
    )


@pytest.mark.parametrize("name", ["two.yaml", "two.yml", "two.json"])
def test_the_file_reads_as_the_case_to_the_last_digit(cli, name):
    cli("convert", "two.m", name, "--value-per-kwh", "0.0573")

    file = read_study_file(Path(name))
    read = read_matpower("two.m", value_per_kwh=0.0573)
    assert file.study == "self-play-case"
    assert file.parameters["reference"] == "1"
    for table, rows in (
        ("branches", read.branches()),
        ("generators", read.generators()),
        ("loads", read.loads()),
    ):
        columns = {key: [row[key] for row in file.parameters[table]] for key in rows}
        limits = columns.get("limit_kw", [])
        assert [one for one in limits if one is None] == limits[1:]
        for key, values in rows.items():
            kept = [float("inf") if one is None else one for one in columns[key]]
            assert kept == list(values)


def test_a_file_that_is_there_is_replaced_only_when_forced(cli):
    Path("two.yaml").write_text("mine")

    result = cli("convert", "two.m", "two.yaml")

    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == (
        "gridagora: file 'two.yaml': it is there already; replace it with --force, or "
        "name another.\n"
    )
    assert Path("two.yaml").read_text() == "mine"
    assert cli("convert", "two.m", "two.yaml", "--force").exit_code == 0
    assert Path("two.yaml").read_text().startswith("# Made from two.m")
    assert sorted(path.name for path in Path.cwd().iterdir()) == ["two.m", "two.yaml"]


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (
            ("two.raw", "x.yaml"),
            "case 'two.raw': its name ends in '.raw', expected .m or .json; a .py case "
            "is a program and is not run; in Python, use pypower_case.",
        ),
        (
            ("two.m", "x.txt"),
            "file 'x.txt': its name ends in '.txt', expected .yaml, .yml or .json.",
        ),
        (("tow.m", "x.yaml"), "case file not found: tow.m. In that folder: two.m."),
        (
            ("two.m", "no/x.yaml"),
            "file 'no/x.yaml': it cannot be written (No such file or directory); name "
            "another.",
        ),
        (
            ("two.m", "x.yaml", "--value-per-kwh", "nan"),
            "value_per_kwh: it is nan, expected a finite number.",
        ),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(cli, words, line):
    result = cli("convert", *words)

    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == f"gridagora: {line}\n"
    assert [path.name for path in Path.cwd().iterdir()] == ["two.m"]


def test_a_case_that_computes_is_refused(cli):
    Path("two.m").write_text(TWO + "mpc.bus(:, 3) = mpc.bus(:, 3) / 1e3;\n")

    result = cli("convert", "two.m", "two.yaml")

    assert result.exit_code == 2
    assert (
        "line 19: 'mpc.bus(:, 3) = mpc.bus(:, 3) / 1e3' is computed." in result.stderr
    )
    assert not Path("two.yaml").exists()


def test_names_cannot_break_out_of_a_line(cli):
    # a name of a unit that would be YAML of its own, at a branch that is left out
    odd = "x: {y} # 'null'"
    names = "mpc.bus_name = {'yes'; '1.0'};\n"
    quoted = odd.replace("'", "''")
    Path("two.m").write_text(f"{TWO}{names}mpc.gen_name = {{'{quoted}'}};\n")

    result = cli("convert", "two.m", "two.yaml")

    assert result.exit_code == 0, result.output
    parameters = read_study_file(Path("two.yaml")).parameters
    assert parameters["generators"][0]["participant"] == odd
    assert parameters["generators"][0]["bus"] == "yes"
    assert parameters["loads"][0]["bus"] == "1.0"


def test_a_pandapower_network_is_converted_by_its_suffix(cli):
    def frame(columns, *rows):
        split = {"columns": columns, "index": list(range(len(rows))), "data": rows}
        return {"_class": "DataFrame", "_object": json.dumps(split)}

    inner = {
        "version": "2.14.0",
        "sn_mva": 1.0,
        "bus": frame(["name", "vn_kv"], ["a\nb", 20.0], ["c", 20.0]),
        "line": frame(
            ["from_bus", "to_bus", "length_km", "x_ohm_per_km"], [0, 1, 1.0, 0.4]
        ),
        "ext_grid": frame(["bus", "min_p_mw", "max_p_mw"], [0, 0.0, 5.0]),
        "odd\nname": frame(["x"], [1]),
    }
    content = {"_class": "pandapowerNet", "_object": inner}
    Path("net.json").write_text(json.dumps(content))

    result = cli("convert", "net.json", "net.yaml")

    assert result.exit_code == 0, result.output
    parameters = read_study_file(Path("net.yaml")).parameters
    assert parameters["loads"] == []
    assert parameters["branches"][0]["limit_kw"] is None
    assert "loads       0, 0 kW, of which 0 kW are firm\n" in result.stdout


def test_what_would_be_too_long_to_run_is_not_written(cli, monkeypatch):
    monkeypatch.setattr(configuration, "_MOST_BYTES", 300)

    result = cli("convert", "two.m", "two.yaml")

    assert result.exit_code == 2
    n_byte = result.stderr.partition("it has ")[2].partition(" ")[0]
    assert result.stderr == (
        f"gridagora: file 'two.yaml': it has {n_byte} bytes, expected at most 300.\n"
    )
    assert not Path("two.yaml").exists()


def test_what_would_be_read_as_something_else_is_not_written(cli, monkeypatch):
    dump = yaml.safe_dump

    def rounded(value, **settings):
        return dump(value, **settings).replace("80300", "80000")

    monkeypatch.setattr(yaml, "safe_dump", rounded)

    result = cli("convert", "two.m", "two.yaml")

    assert result.exit_code == 2
    assert result.stderr == (
        "gridagora: file 'two.yaml': it would not be read as what was written; please "
        "report the case.\n"
    )
    assert not Path("two.yaml").exists()


def test_players_are_named_where_a_generator_is_firm(cli):
    firm = "	2	0	0	0	0	1	100	1	5	5;\n	1	0	0	0	0	1	100	1	9	3;\n"
    text = TWO.replace("80.3	0;\n", f"80.3	0;\n{firm}")
    cost = "	2	0	0	3	0.1	20	0;\n"
    Path("two.m").write_text(text.replace(cost, cost * 3))

    for name in ("two.yaml", "two.json"):
        result = cli("convert", "two.m", name)
        assert result.exit_code == 0, result.output
        said = "generators  3, 94300 kW, of which 8000 kW are firm\n"
        assert said in result.stdout
        parameters = read_study_file(Path(name)).parameters
        assert parameters["players"] == {"g1": ["g1"], "g3": ["g3"]}
        assert len(parameters["generators"]) == 3
