import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from gridagora.errors import InputError
from gridagora.interfaces.storage.tables import (
    check_tables,
    csv_bytes,
    parquet_bytes,
    read_table,
    stack,
    write_tables,
)


def prices():
    return pd.DataFrame(
        {
            "bus": ["a", "b"],
            "price": [0.1, np.nan],
            "round": [1, 2],
            "kind": pd.Categorical(["x", "y"]),
        }
    )


def test_a_table_comes_back_as_it_was(tmp_path):
    write_tables(tmp_path / "tables", {"prices": prices()})

    back = read_table(tmp_path / "tables" / "prices.parquet")

    pd.testing.assert_frame_equal(back, prices())


def test_equal_tables_are_equal_bytes_whatever_their_index():
    shuffled = prices().iloc[::-1].iloc[::-1]
    shuffled.index = pd.Index([7, 9])

    assert parquet_bytes(shuffled) == parquet_bytes(prices())


def test_parquet_holds_the_columns_and_no_notes_of_pandas(tmp_path):
    write_tables(tmp_path / "tables", {"prices": prices()})

    assert pq.read_schema(tmp_path / "tables" / "prices.parquet").metadata is None


def test_csv_has_plain_numbers_and_one_line_end():
    assert csv_bytes(prices()) == b"bus,price,round,kind\na,0.1,1,x\nb,,2,y\n"


def test_csv_text_that_a_spreadsheet_would_run_is_made_harmless():
    table = pd.DataFrame({"note": ["=cmd()", "@x", "a=b", "-1"], "kw": [-1, 2, 3, 4]})

    assert csv_bytes(table) == b"note,kw\n'=cmd(),-1\n'@x,2\na=b,3\n'-1,4\n"


def test_tables_that_would_lose_something_are_refused():
    indexed = prices().set_index("bus")

    with pytest.raises(InputError) as caught:
        check_tables("tables of cell 'a'", {"prices": indexed, "A b": prices()})

    assert str(caught.value) == (
        "tables of cell 'a': table 'A b' cannot name a file, expected 1 to 64 of a-z, "
        "0-9, '.', '_', '-', starting with a letter or digit. table 'prices' has the "
        "index ['bus'], expected plain columns (use reset_index)."
    )


def test_tables_are_stacked_by_name_in_the_order_of_the_cells():
    one, two = pd.DataFrame({"x": [1]}), pd.DataFrame({"x": [2]})

    stacked = stack("tables", [{"a": two}, {"a": one, "b": one}])

    assert list(stacked) == ["a", "b"]
    assert stacked["a"]["x"].tolist() == [2, 1]
    assert stacked["a"].index.tolist() == [0, 1]


def test_columns_that_differ_between_cells_are_refused():
    one, two = pd.DataFrame({"x": [1]}), pd.DataFrame({"y": [2]})

    with pytest.raises(InputError) as caught:
        stack("tables of study 's'", [{"a": one}, {"a": two}])

    assert str(caught.value) == (
        "tables of study 's': table 'a' has the columns ['y'] in one cell and ['x'] in "
        "another, expected the same."
    )
