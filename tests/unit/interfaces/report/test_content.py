import numpy as np
import pandas as pd
import pytest

from gridagora.interfaces.report.content import Table, flattened, written


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (6.6401234, "6.64012"),
        (np.float64(0.1), "0.1"),
        (float("nan"), ""),
        (float("inf"), "inf"),
        (None, ""),
        (pd.NaT, ""),
        (np.True_, "yes"),
        (False, "no"),
        (np.int64(7), "7"),
        ("a", "a"),
    ],
)
def test_cells_are_written_for_people(value, text):
    assert written(value) == text


@pytest.mark.parametrize(
    ("numbers", "texts"),
    [
        ([-4912.75, 655.9, 0.0], ("-4912.75", "655.90", "0.00")),
        ([13, 37, 0], ("13", "37", "0")),
        ([1200.0, 30.0], ("1200", "30")),
        ([1 / 3, 2 / 3], ("0.333333", "0.666667")),
        ([12345.678912, 0.5], ("12345.679", "0.500")),  # three digits of the smallest
        ([0.0031, 0.00012, float("nan")], ("0.00310", "0.00012", "")),
        ([2.1e-9, 4.44e-7, 0.0], ("2.10e-9", "4.44e-7", "0")),
        ([1e-6, float("nan"), float("inf")], ("1.00e-6", "", "inf")),
        ([3e9, 1.0], ("3.00e9", "1.00e0")),
        ([float("nan")], ("",)),
        ([-0.0], ("0",)),
    ],
)
def test_numbers_to_read_have_equally_many_decimals(numbers, texts):
    table = Table.to_read("", pd.DataFrame({"number": numbers}))

    assert tuple(row[0] for row in table.rows) == texts
    assert table.numeric == (True,)


def test_a_table_to_read_is_shown_as_a_whole_with_its_flags_as_words():
    frame = pd.DataFrame({"bus": [f"b{n}" for n in range(37)], "agrees": True})
    table = Table.to_read("Trust", frame)

    assert len(table.rows) == table.n_row == 37
    assert table.rows[0] == ("b0", "yes")
    assert table.numeric == (False, False)


def test_integers_that_may_be_missing_stay_integers():
    frame = pd.DataFrame({"n": pd.array([10_000_000, pd.NA], dtype="Int64")})

    assert Table.to_read("", frame).rows == (("10000000",), ("",))


def test_a_long_table_shows_its_first_rows_and_its_length():
    table = Table.of("Steps", pd.DataFrame({"step": range(1000)}))

    assert len(table.rows) == 20
    assert table.rows[0] == ("0",)
    assert table.n_row == 1000


def test_columns_of_numbers_are_known_and_flags_are_none():
    frame = pd.DataFrame({"name": ["a"], "kw": [1.5], "binding": [True]})

    assert Table.of("", frame).numeric == (False, True, False)


def test_a_table_without_rows_keeps_its_columns():
    table = Table.of("", pd.DataFrame({"name": [], "kw": []}))

    assert (table.columns, table.rows) == (("name", "kw"), ())


def test_nested_entries_are_rows_with_dotted_names():
    manifest = {"git": {"commit": "abc"}, "range": [1.5, 2.0], "none": None}

    assert flattened(manifest) == [
        ("git.commit", "abc"),
        ("range", "1.5, 2"),
        ("none", ""),
    ]
