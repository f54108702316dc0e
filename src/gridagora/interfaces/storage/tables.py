"""Tables as files: Parquet for programs, CSV for people; same table, same bytes."""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from gridagora.errors import InputError
from gridagora.interfaces.storage.files import write_bytes
from gridagora.interfaces.storage.names import name_faults

_FORMULA = r"^([=+\-@\t\r])"


def parquet_bytes(table: pd.DataFrame) -> bytes:
    """Return a table as Parquet, without anything that is not in the table.

    The notes that pandas would add (its version, its index) are left out, so that the
    bytes depend on the columns only.
    """
    columns = pa.Table.from_pandas(table, preserve_index=False)
    buffer = io.BytesIO()
    pq.write_table(columns.replace_schema_metadata(None), buffer, compression="zstd")
    return buffer.getvalue()


def csv_bytes(table: pd.DataFrame) -> bytes:
    """Return a table as UTF-8 CSV; text that a spreadsheet would run gets a ``'``."""
    harmless = table.copy()
    for name in harmless.columns:
        if pd.api.types.is_string_dtype(harmless[name].dtype):
            text = harmless[name].astype("str")
            harmless[name] = text.str.replace(_FORMULA, r"'\1", regex=True)
    return harmless.to_csv(index=False, lineterminator="\n").encode()


def read_table(path: Path) -> pd.DataFrame:
    """Read back what ``parquet_bytes`` wrote."""
    frame: pd.DataFrame = pq.read_table(path).to_pandas()
    return frame


def check_tables(owner: str, tables: Mapping[str, pd.DataFrame]) -> None:
    """Check that tables can be stored without loss.

    Args:
        owner: Who returned them, for the message.
        tables: Tables by name.

    Raises:
        InputError: A name is unsafe, or a table has a named index, which would be lost.
    """
    faults = list(name_faults("table", tables))
    for name, table in tables.items():
        if any(level is not None for level in table.index.names):
            faults.append(
                f"table {name!r} has the index {list(table.index.names)}, expected "
                "plain columns (use reset_index)."
            )
    if faults:
        raise InputError(owner, faults)


def write_tables(folder: Path, tables: Mapping[str, pd.DataFrame]) -> None:
    """Write every table as Parquet and as CSV."""
    folder.mkdir(exist_ok=True)
    for name, table in tables.items():
        write_bytes(folder / f"{name}.parquet", parquet_bytes(table))
        write_bytes(folder / f"{name}.csv", csv_bytes(table))


def stack(
    owner: str, parts: Sequence[Mapping[str, pd.DataFrame]]
) -> dict[str, pd.DataFrame]:
    """Stack the tables of all cells by name, in the order of the cells.

    Args:
        owner: Whose cells they are, for the message.
        parts: The tables of each cell. A cell may leave a table out.

    Returns:
        One table per name, rows numbered from 0.

    Raises:
        InputError: The columns of one table differ between cells.
    """
    names = list(dict.fromkeys(name for part in parts for name in part))
    faults = []
    stacked = {}
    for name in names:
        pieces = [part[name] for part in parts if name in part]
        columns = list(pieces[0].columns)
        odd = [list(p.columns) for p in pieces if list(p.columns) != columns]
        if odd:
            faults.append(
                f"table {name!r} has the columns {odd[0]} in one cell and {columns} in "
                "another, expected the same."
            )
        else:
            stacked[name] = pd.concat(pieces, ignore_index=True)
    if faults:
        raise InputError(owner, faults)
    return stacked
