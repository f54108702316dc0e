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
