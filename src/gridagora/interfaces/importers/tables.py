"""Reading of tables, cell by cell, so that a fault can be named by its place."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gridagora.errors import InputError, MissingFileError, listed


@dataclass(frozen=True, slots=True)
class FileTable:
    """A table as it stands in a file.

    Attributes:
        path: The file.
        header: Column names, without spaces around them.
        rows: Cells of each row, in the order of the header.
        place: Where each row is, e.g. ``line 7``.
    """

    path: Path
    header: tuple[str, ...]
    rows: tuple[tuple[object, ...], ...]
    place: tuple[str, ...]

    def column(self, name: str) -> list[object]:
        """Return the cells of one column."""
        at = self.header.index(name)
        return [row[at] for row in self.rows]


def read_table(path: Path, kind: str, error: type[InputError]) -> FileTable:
    """Read a CSV file, or a Parquet file if its name ends so.

    A CSV file is UTF-8 and separated by commas, its first line names the columns, and
    blank lines are skipped.

    Args:
        path: The file.
        kind: What it should be, for messages: ``network``.
        error: Raised for what cannot be read as a table.

    Raises:
        MissingFileError: There is no such file.
        InputError: Of the type ``error``: no header, repeated or empty column names,
            rows of another length, or not text; all faults at once.
    """
    if not path.is_file():
        raise MissingFileError(f"{kind} file", path, _near(path))
    if path.suffix.lower() in (".parquet", ".pq"):
        return _read_parquet(path, kind, error)
    return _read_csv(path, kind, error)


def _near(path: Path) -> Sequence[str]:
    if not path.parent.is_dir():
        return ()
    return sorted(one.name for one in path.parent.iterdir() if one.is_file())


def _read_csv(path: Path, kind: str, error: type[InputError]) -> FileTable:
    what = f"{kind} {path.name!r}"
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as fault:
        raise error(what, [f"it is not UTF-8 text ({fault.reason})."]) from fault
    reader = csv.reader(text.splitlines(keepends=True))
    header = tuple(name.strip() for name in next(reader, []))
    faults = _header_faults(header)
    rows, places = [], []
    for row in reader:
        if not any(cell.strip() for cell in row):
            continue
        if len(row) != len(header):
            faults.append(
                f"line {reader.line_num} has {len(row)} cells, expected {len(header)}."
            )
        rows.append(tuple(cell.strip() for cell in row))
        places.append(f"line {reader.line_num}")
    if not faults and not rows:
        faults.append("it has no row below the header.")
    if faults:
        raise error(what, faults)
    return FileTable(path, header, tuple(rows), tuple(places))


def _header_faults(header: tuple[str, ...]) -> list[str]:
    if not header:
        return ["it is empty, expected a line with column names."]
    if len(header) == 1 and ";" in header[0]:
        return ["its columns are separated by ';', expected ','."]
    faults = [
        f"column {at + 1} has no name." for at, name in enumerate(header) if not name
    ]
    twice = sorted({name for name in header if name and header.count(name) > 1})
    if twice:
        faults.append(f"columns named more than once: {listed(twice)}.")
    return faults


def _read_parquet(path: Path, kind: str, error: type[InputError]) -> FileTable:
    import pyarrow as pa  # most imports never meet Parquet, and this one is slow
    from pyarrow import parquet

    try:
        table = parquet.read_table(path)
    except (pa.ArrowException, OSError) as fault:
        first = str(fault).partition("\n")[0]
        raise error(
            f"{kind} {path.name!r}", [f"it is not a Parquet file ({first})."]
        ) from fault
    columns = [column.to_pylist() for column in table.itercolumns()]
    header = tuple(str(name) for name in table.column_names)
    faults = _header_faults(header)
    if not faults and not table.num_rows:
        faults.append("it has no row.")
    if faults:
        raise error(f"{kind} {path.name!r}", faults)
    rows = tuple(zip(*columns, strict=True))
    places = tuple(f"row {at}" for at in range(len(rows)))
    return FileTable(path, header, rows, places)
