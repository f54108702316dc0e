import pytest

from gridagora.errors import InvalidCaseError, MissingFileError
from gridagora.interfaces.importers import matpower
from gridagora.interfaces.importers.matpower import read_matpower

TWO = """\
function mpc = two
%TWO  Two buses, one unit and one load.
mpc.version = '2';
mpc.baseMVA = 100;
mpc.bus = [
	1	3	0	0	0	0	1	1	0	230	1	1.1	0.9;
	2	1	50	10	0	0	1	1	0	230	1	1.1	0.9;
];
mpc.gen = [
	1	0	0	30	-30	1	100	1	80	0;
];
mpc.branch = [
	1	2	0.01	0.1	0.02	60	0	0	0	0	1	-360	360;
];
mpc.gencost = [
	2	0	0	3	0.1	20	0;
];
"""


def read(tmp_path, text, **settings):
    path = tmp_path / "two.m"
    path.write_text(text, "utf-8")
    return read_matpower(path, **settings)


def refused(tmp_path, text):
    with pytest.raises(InvalidCaseError) as caught:
        read(tmp_path, text)
    return str(caught.value)


def test_a_file_becomes_a_case(tmp_path):
    case = read(tmp_path, TWO, value_per_kwh=0.5)

    assert case.network.bus == ("1", "2")
    assert case.network.limit_kw.tolist() == [60_000.0]
    assert case.generators()["price_per_kwh"] == [[0.02, 0.036]]
    assert case.loads()["participant"] == ["load 2"]
    assert case.loads()["price_per_kwh"] == [[0.5]]
    assert len(case.left_out) == 1


def test_version_1_assigns_without_a_structure(tmp_path):
    text = TWO.replace("mpc.version = '2';\n", "").replace("mpc.", "")
    text = text.replace("mpc =", "[baseMVA, bus, gen, branch, areas, gencost] =")
    text += "areas = [1 1];\n"

    case = read(tmp_path, text)

    assert case.network.bus == ("1", "2")
    assert case.left_out[1:] == (
        "'areas' is left out: areas play no part in clearing.",
    )


def test_names_of_the_file_are_taken(tmp_path):
    names = "mpc.bus_name = {'Port'; 'Town'};\nmpc.gen_name = {'Coal'};\n"

    case = read(tmp_path, f"{TWO}{names}mpc.branch_name = {{'Line'}};\n")

    assert case.network.bus == ("Port", "Town")
    assert case.network.branch == ("Line",)
    assert case.orders.participant == ("Coal", "load Town")


def test_further_fields_are_named_unless_they_are_empty(tmp_path):
    further = (
        "mpc.dcline = [1 2 1 10];\nmpc.areas = [];\nmpc.genfuel = {'coal'};\n"
        "mpc.note = 'x';\nmpc.odd = {1};\nmpc.bus_name = [1];\nmpc.if.map = [];\n"
    )

    case = read(tmp_path, TWO + further)

    assert case.left_out[1:] == (
        "'dcline' is left out: the power that DC lines move is missing at their ends.",
        "'genfuel' is left out: fuels play no part in clearing.",
        "'note' is left out: what it says does not hold here.",
        "'bus_name' is left out: what it says does not hold here.",
        "'odd' is left out: what it says does not hold here.",
    )


def test_a_file_that_computes_is_refused_with_a_way_out(tmp_path):
    # as in distribution cases, whose impedances stand in ohm and loads in kW
    block = (
        "[PQ, PV, REF] = idx_bus;\n"
        "Vbase = mpc.bus(1, BASE_KV) * 1e3;\n"
        "mpc.branch(:, [BR_R BR_X]) = mpc.branch(:, [BR_R BR_X]) / 10;\n"
        "mpc.bus(:, [PD, QD]) = mpc.bus(:, [PD, QD]) / 1e3;\n"
        "x = y;\n"
    )

    assert refused(tmp_path, TWO + block) == (
        "case 'two.m': line 18: '[PQ, PV, REF] = idx_bus' is computed. line 19: "
        "'Vbase = mpc.bus(1, BASE_KV) * 1e3' is computed. line 20: 'mpc.branch(:, "
        "[BR_R BR_X]) = mpc.branch(:, [BR_R BR_X]) / 10' is computed. line 21: "
        "'mpc.bus(:, [PD, QD]) = mpc.bus(:, [PD, QD]) / 1e3' is computed. Nothing is "
        "run here: save the case with savecase in MATPOWER, which writes what was "
        "computed, and read that file. and 1 more"
    )


def test_what_is_missing_or_of_another_kind_is_named(tmp_path):
    assert refused(
        tmp_path,
        "function mpc = x\nmpc.version = '3';\nmpc.baseMVA = [100];\nmpc.gen = 3;",
    ) == (
        "case 'two.m': it does not assign a number to baseMVA. its version is '3', "
        "expected '2' or '1'. it does not assign a matrix to bus. it does not assign a "
        "matrix to gen. it does not assign a matrix to branch. and 1 more"
    )


def test_a_version_may_be_a_number(tmp_path):
    assert read(tmp_path, TWO.replace("'2'", "2")).network.n_bus == 2


def test_faults_of_the_matrices_name_their_lines(tmp_path):
    text = TWO.replace("	1	2	0.01	0.1", "	1	7	0.01	0.1")

    assert (
        refused(tmp_path, text) == "case 'two.m': branch, line 13: there is no bus 7."
    )


def test_a_case_without_costs_is_refused(tmp_path):
    text = TWO.replace("	2	0	0	3	0.1	20	0;\n", "")

    assert refused(tmp_path, text) == (
        "case 'two.m': gencost has 0 rows for 1 units, expected one for each, or two; "
        "a market needs costs."
    )


def test_islands_name_the_file(tmp_path):
    row = "	2	1	50	10	0	0	1	1	0	230	1	1.1	0.9;\n"
    text = TWO.replace(row, row + row.replace("2", "3", 1) + row.replace("2", "4", 1))
    row = "	1	2	0.01	0.1	0.02	60	0	0	0	0	1	-360	360;\n"
    text = text.replace(
        row,
        row
        + row.replace("	1	2", "	3	4")
        + row.replace("	1	-3", "	0	-3"),
    )

    assert refused(tmp_path, text) == (
        "case 'two.m': '3', '4' cannot be reached from '1'; join or remove them. left "
        "out, and perhaps missing there: '1-2 (2)'."
    )


def test_old_files_are_read_as_latin_1(tmp_path):
    path = tmp_path / "two.m"
    path.write_bytes((TWO + "mpc.bus_name = {'Köln', 'Bad'}; % ü\n").encode("latin-1"))

    assert read_matpower(path).network.bus == ("Köln", "Bad")


def test_a_missing_file_names_what_is_there(tmp_path):
    read(tmp_path, TWO)

    with pytest.raises(MissingFileError) as caught:
        read_matpower(tmp_path / "tow.m")

    assert str(caught.value) == (
        f"case file not found: {tmp_path / 'tow.m'}. In that folder: two.m."
    )


def test_a_file_that_is_no_text_or_too_long_is_refused(tmp_path, monkeypatch):
    assert refused(tmp_path, "MATLAB 5.0 MAT-file\0\0") == (
        "case 'two.m': it is no text, expected a MATPOWER case."
    )
    monkeypatch.setattr(matpower, "_MOST_BYTES", 100)
    assert refused(tmp_path, TWO) == (
        f"case 'two.m': it has {len(TWO)} bytes, expected at most 100."
    )
