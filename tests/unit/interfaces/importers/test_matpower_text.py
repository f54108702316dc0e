from typing import Any

import numpy as np
import pytest

from gridagora.interfaces.importers.matpower_text import Matrix, read_assignments


def values(text) -> dict[str, Any]:
    read = read_assignments(text)
    assert read.faults == []
    return read.values


def faults(text):
    return read_assignments(text).faults


def test_numbers_texts_and_lists_are_read():
    read = values(
        "function mpc = two\n"
        "mpc.version = '2';\n"
        "mpc.baseMVA = 1.5e2, mpc.x = -.5; mpc.y=1D2\n"
        'mpc.title = "say ""it\'s""";\n'
        "mpc.bus_name = {'it''s'; 'South',\n'{x}' };\n"
        "mpc.none = {};\n"
        "end\n"
    )

    assert read == {
        "version": "2",
        "baseMVA": 150.0,
        "x": -0.5,
        "y": 100.0,
        "title": 'say "it\'s"',
        "bus_name": ("it's", "South", "{x}"),
        "none": (),
    }


def test_a_matrix_ends_its_rows_with_lines_or_semicolons():
    read = values(
        "mpc.a = [\n"
        "\t1\t-2, 3;  % first; row ] 9\n"
        "\n"
        "  4 5 ... the row goes on\n"
        "  6\n"
        "];\n"
        "mpc.b = [1 2; 3 4; ]; mpc.c = [];\n"
        "mpc.d = [Inf -Inf nan]\n"
    )

    assert read["a"].value.tolist() == [[1, -2, 3], [4, 5, 6]]
    assert read["a"].line == (2, 4)
    assert read["b"].value.tolist() == [[1, 2], [3, 4]]
    assert read["b"].line == (7, 7)
    assert read["c"].value.shape == (0, 0)
    assert np.isinf(read["d"].value[0, :2]).all()
    assert np.isnan(read["d"].value[0, 2])


def test_lines_end_as_every_system_ends_them():
    for end in ("\n", "\r\n", "\r"):
        text = end.join(["mpc.a = [1", "2];", "mpc.b = 3; % x", "mpc.c = x;"])
        read = read_assignments(text)
        matrix = read.values["a"]
        assert isinstance(matrix, Matrix)
        assert matrix.line == (1, 2)
        assert read.values["b"] == 3.0
        assert read.faults == ["line 4: 'mpc.c = x' is computed."]


def test_block_comments_are_passed_over_with_what_is_in_them():
    text = (
        "%{\n"
        "mpc.a = 1;\n"
        "  %{\n"
        "mpc.a = 2;\n"
        "  %}\n"
        "mpc.a = 3;\n"
        "%}\n"
        "mpc.a = 4;\n"
        "%{ no block: something follows\n"
        "mpc.b = [5 6\n"
        "%{\n7\n%}\n"
        "8 9];\n"
    )

    read = values(text)
    assert read["a"] == 4.0
    assert read["b"].value.tolist() == [[5, 6], [8, 9]]
    assert read["b"].line == (10, 14)
    assert faults("mpc.a = 1\n%{\nmpc.b = 2") == [
        "a block comment '%{' is not closed by '%}' on a line of its own."
    ]


def test_signs_in_texts_begin_no_comment_and_comments_no_text():
    read = values(
        "mpc.a = '100 % of %{'; % it's\nmpc.b = {'...'}; % 'x\nmpc.c = [1 % it's\n2];"
    )

    assert read["a"] == "100 % of %{"
    assert read["b"] == ("...",)
    assert read["c"].value.tolist() == [[1], [2]]


def test_the_name_of_the_structure_is_that_of_the_function():
    read = values("function ppc = x\nppc.a = 1; mpc.b = 2; c = 3; ppc.d.e = 4;")
    assert read == {"a": 1.0, "variable mpc.b": 2.0, "variable c": 3.0, "d.e": 4.0}

    old = "function [baseMVA, bus, ...\n gen] = x\nbaseMVA = 1; bus = [1 2];"
    assert list(values(old)) == ["baseMVA", "bus"]


@pytest.mark.parametrize(
    "statement",
    [
        "Vbase = mpc.bus(1, BASE_KV) * 1e3",
        "mpc.branch(:, [BR_R BR_X]) = mpc.branch(:, [BR_R BR_X]) / 2",
        "[PQ, PV] = idx_bus",
        "mpc = loadcase('case9')",
        "mpc.baseMVA = 100 * 2",
        "mpc.baseMVA = 100 / 2",
        "mpc.baseMVA = sqrt(4)",
        "mpc.baseMVA = x",
        "mpc.baseMVA == 3",
        "mpc.bus_name{5} = 'x'",
        "mpc.bus(3, 2) = 5",
        "mpc.bus = [1 2; 3 4]'",
        "mpc.bus = [1 2; 3 4] * 2",
        "mpc.bus = [1 2](1)",
        "mpc.bus = [[1 2]; 3 4]",
        "mpc.bus = [mpc.bus(1) 2]",
        "mpc.bus = ['ab']",
        "mpc.bus = zeros(2)",
        "mpc.name = ['a' 'b']",
        "mpc.name = 'a' 'b'",
        "if 0, mpc.bus = [1 2]; end",
        "clear all",
        "define_constants",
        "mpc.a = 1 mpc.b = 2",
        "mpc.bus = [1 2",
        "mpc.names = {'a'",
        "mpc.names = {'a', mpc.bus(1)}",
        "mpc.gen = @sin",
        "mpc.gen = 1:5",
        "mpc.x = 1_000",
        "mpc.x = infinity",
        "mpc.x = ٣",
        "!rm -rf x",
        "µ.bus = 3",
    ],
)
def test_whatever_is_computed_is_a_fault_and_nothing_is_made_of_it(statement):
    read = read_assignments(f"function mpc = x\nmpc.a = 1;\n{statement};\n")

    assert read.values == {"a": 1.0}
    assert read.faults == [f"line 3: {statement!r} is computed."]


def test_a_long_statement_is_shown_in_part():
    (fault,) = faults(f"x = {'1 + ' * 40} 1")

    assert fault == f"line 1: {('x = ' + '1 + ' * 40)[:60]!r} is computed.".replace(
        "' is", "...' is"
    )


@pytest.mark.parametrize(
    ("row", "cell"),
    [
        ("1 - 2", "'-'"),
        ("1-2 3", "'1-2'"),
        ("1/3 2", "'1/3'"),
        ("1 x", "'x'"),
        ("1 2*3", "'2*3'"),
        ("1,,2", "',,'"),
        ("1 1_0", "'1_0'"),
        ("1 infinity", "'infinity'"),
        ("1 2:3", "'2:3'"),
        ("1 ٣", "'٣'"),
        ("1 1e", "'1e'"),
        ("1 0x1", "'0x1'"),
    ],
)
def test_a_cell_that_is_computed_is_named_by_its_line(row, cell):
    assert faults(f"mpc.bus = [1 2\n{row}];") == [
        f"line 2: {cell} is no number; what is computed is not read."
    ]


def test_a_matrix_is_as_matlab_reads_it_where_signs_are_close():
    assert values("mpc.a = [1 -2; +3 -.4]")["a"].value.tolist() == [[1, -2], [3, -0.4]]


def test_uneven_rows_are_named_by_their_lines():
    assert faults("mpc.bus = [1 2\n3\n4 5 6];") == [
        "line 2: 1 columns, expected 2 as above.",
        "line 3: 3 columns, expected 2 as above.",
    ]


def test_a_second_value_or_function_is_a_fault():
    assert faults(
        "function mpc = a\nmpc.x = 1;\nmpc.x = 2;\nmpc.y = {1};\nmpc.y = {2};\n"
        "function mpc = b\n"
    ) == [
        "line 3: mpc.x is assigned a second time.",
        "line 5: mpc.y is assigned a second time.",
        "line 6: a second function begins.",
    ]


def test_lists_of_other_things_are_told_apart():
    read = read_assignments("mpc.a = {1, 2};\nmpc.b = {'x', 3};\n")

    assert (read.values, read.other, read.faults) == ({}, ["a", "b"], [])


def test_a_matrix_knows_its_lines_behind_lines_that_go_on():
    read = values("mpc.a = ...\n ...\n [1\n2];")

    assert isinstance(read["a"], Matrix)
    assert read["a"].line == (3, 4)
