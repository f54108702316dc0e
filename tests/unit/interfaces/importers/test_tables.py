import pytest

from gridagora.errors import InvalidNetworkError, MissingFileError
from gridagora.interfaces.importers.tables import read_table


def table(tmp_path, text, name="feeder.csv"):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_table(path, "network", InvalidNetworkError)


def refused(tmp_path, text, name="feeder.csv"):
    with pytest.raises(InvalidNetworkError) as caught:
        table(tmp_path, text, name)
    return str(caught.value)


def test_cells_keep_their_lines_over_blank_ones(tmp_path):
    read = table(
        tmp_path, "\ufeffbus, parent\n a ,\n\n,,\nb,a\n".replace(",,\n", ",\n")
    )
    assert read.header == ("bus", "parent")
    assert read.rows == (("a", ""), ("b", "a"))
    assert read.place == ("line 2", "line 5")
    assert read.column("parent") == ["", "a"]


def test_a_missing_file_is_named_with_its_neighbours(tmp_path):
    (tmp_path / "feeder.csv").write_text("a")
    with pytest.raises(MissingFileError) as caught:
        read_table(tmp_path / "feder.csv", "network", InvalidNetworkError)
    assert str(caught.value) == (
        f"network file not found: {tmp_path / 'feder.csv'}. In that folder: feeder.csv."
    )
    with pytest.raises(MissingFileError) as caught:
        read_table(tmp_path / "no" / "x.csv", "network", InvalidNetworkError)
    assert caught.value.near == ()


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "it is empty, expected a line with column names."),
        ("bus;parent\na;\n", "its columns are separated by ';', expected ','."),
        ("bus,parent\n", "it has no row below the header."),
        (
            "bus,,bus\na,b,c\n",
            "column 2 has no name. columns named more than once: bus.",
        ),
        (
            "bus,parent\na\nb,a,c\n",
            "line 2 has 1 cells, expected 2. line 3 has 3 cells, expected 2.",
        ),
        (b"bus,parent\n\xff,\n", "it is not UTF-8 text (invalid start byte)."),
    ],
)
def test_what_is_no_table_is_refused(tmp_path, text, fault):
    assert refused(tmp_path, text) == f"network 'feeder.csv': {fault}"


def test_parquet_is_read_by_rows(tmp_path):
    import pyarrow as pa
    from pyarrow import parquet

    path = tmp_path / "feeder.parquet"
    parquet.write_table(pa.table({"bus": ["a", "b"], "limit_kw": [None, 2.0]}), path)
    read = read_table(path, "network", InvalidNetworkError)
    assert read.rows == (("a", None), ("b", 2.0))
    assert read.place == ("row 0", "row 1")


def test_a_parquet_file_without_rows_or_of_another_kind_is_refused(tmp_path):
    import pyarrow as pa
    from pyarrow import parquet

    path = tmp_path / "none.parquet"
    parquet.write_table(pa.table({"bus": pa.array([], pa.string())}), path)
    with pytest.raises(InvalidNetworkError, match="it has no row"):
        read_table(path, "network", InvalidNetworkError)
    message = refused(tmp_path, "bus,parent\n", "feeder.parquet")
    assert message.startswith("network 'feeder.parquet': it is not a Parquet file (")
