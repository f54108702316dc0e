"""The tables in a file that pandapower wrote, read without pandapower."""

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gridagora.errors import InvalidCaseError, MissingFileError
from gridagora.interfaces.importers.case_draft import MOST_NUMBER

_MOST_BYTES = 50_000_000
_SHOWN = 60
_OLDEST = 2  # version 1 counted in kW, and producers as negative loads
_AGAIN = "open it with pandapower 2 or newer and save it again with to_json"


@dataclass(frozen=True, slots=True)
class Row:
    """One element of a table.

    Attributes:
        table: Name of the table: ``line``.
        index: Its index there, by which other tables refer to it.
        cells: Values by column.
        faults: Where wrong values are named.
    """

    table: str
    index: int
    cells: Mapping[str, Any]
    faults: list[str]

    @property
    def label(self) -> str:
        """What messages call it, and participants without a name: ``line 3``."""
        return f"{self.table} {self.index}"

    @property
    def name(self) -> str:
        """Its name where it has one that can be shown, else its label."""
        given = self.cells.get("name")
        name = given.strip() if isinstance(given, str) else ""
        return name if name and name.isprintable() else self.label

    @property
    def in_service(self) -> bool:
        """Whether it is in service, as it is where nothing is said."""
        return self.flag("in_service", default=True)

    def flag(self, column: str, *, default: bool) -> bool:
        """Return a yes or no; the default where nothing is said."""
        value = self.cells.get(column)
        if _missing(value):
            return default
        if value not in (0, 1):
            self.faults.append(
                f"{self.label}: {column} is {value!r}, not true or false."
            )
        return bool(value)

    def number(self, column: str, default: float | None = None) -> float:
        """Return a number; the default where nothing is said.

        A fault is noted, and NaN returned, where there is neither.
        """
        value = self.cells.get(column)
        if _missing(value) and default is not None:
            return default
        number = _number(value)
        if math.isnan(number):
            shown = repr(value)[:_SHOWN]
            self.faults.append(
                f"{self.label}: {column} is {shown}, expected a number of at most "
                f"{MOST_NUMBER:g}."
            )
        return number

    def positive(self, column: str, default: float | None = None) -> float:
        """Return a number > 0, by which one may divide; see ``number``."""
        value = self.number(column, default)
        if value < 1 / MOST_NUMBER:
            self.faults.append(f"{self.label}: {column} is {value:g}, expected > 0.")
            return math.nan
        return value

    def has(self, column: str) -> bool:
        """Return whether anything is said in a column."""
        return not _missing(self.cells.get(column))


class Tables:
    """The tables of one file.

    Attributes:
        sn_mva: Power that 1 pu stands for. MVA.
        faults: What is wrong, filled while the tables are read.
    """

    def __init__(self, content: Mapping[str, Any]) -> None:
        self.faults: list[str] = []
        self._content = content
        self.sn_mva = _number(content.get("sn_mva", 1.0))
        if not 0 < self.sn_mva < math.inf:
            self.faults.append("sn_mva is no number > 0.")

    def names(self) -> list[str]:
        """Return the names of the tables that have rows."""
        return [name for name, value in self._content.items() if _n_row(value)]

    def rows(self, name: str) -> list[Row]:
        """Return the rows of a table; none where the file does not have it."""
        if name not in self._content:
            return []
        return list(self._rows(name, self._content[name]))

    def _rows(self, name: str, value: Any) -> Iterator[Row]:
        table = _decoded(value)
        parts = [table.get(key) for key in ("columns", "index", "data")]
        if not all(isinstance(part, list) for part in parts):
            self.faults.append(f"table {name!r} is not split in columns, index, data.")
            return
        columns, index, data = (list(part) for part in parts if part is not None)
        for at, cells in zip(index, data, strict=False):
            sound = isinstance(cells, list) and len(cells) == len(columns)
            if not sound or isinstance(at, bool) or not isinstance(at, int):
                self.faults.append(f"table {name!r}: row {at!r} does not fit it.")
                continue
            yield Row(name, at, dict(zip(columns, cells, strict=True)), self.faults)
        if len(index) != len(data):
            self.faults.append(
                f"table {name!r} has {len(data)} rows and {len(index)} indices."
            )


def read_tables(path: Path) -> Tables:
    """Read a file that pandapower's ``to_json`` wrote.

    Raises:
        MissingFileError: There is no such file.
        InvalidCaseError: It is too long, no JSON, or not of pandapower 2 or newer.
    """
    what = f"case {path.name!r}"
    if not path.is_file():
        near = [one.name for one in sorted(path.parent.glob("*.json"))]
        raise MissingFileError("case file", path, near)
    size = path.stat().st_size
    if size > _MOST_BYTES:
        fault = f"it has {size} bytes, expected at most {_MOST_BYTES}."
        raise InvalidCaseError(what, [fault])
    try:
        content = json.loads(path.read_text("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise InvalidCaseError(what, [f"it is no JSON ({error})."]) from error
    inner = content.get("_object") if isinstance(content, dict) else None
    if not isinstance(inner, dict) or content.get("_class") != "pandapowerNet":
        fault = f"it holds no pandapower network of version 2 or newer; {_AGAIN}."
        raise InvalidCaseError(what, [fault])
    version = inner.get("format_version", inner.get("version"))
    major = str(version).partition(".")[0]
    if not major.isdecimal() or int(major) < _OLDEST:
        fault = f"it is of pandapower {version!r}, whose units differ; {_AGAIN}."
        raise InvalidCaseError(what, [fault])
    return Tables(inner)


def _decoded(value: Any) -> Mapping[str, Any]:
    """Return a data frame as it was split, or an empty mapping for anything else."""
    if not isinstance(value, dict) or not str(value.get("_class")).endswith(
        "DataFrame"
    ):
        return {}
    table = value.get("_object")
    if isinstance(table, str):
        try:
            table = json.loads(table)
        except (ValueError, RecursionError):
            return {}
    return table if isinstance(table, dict) else {}


def _n_row(value: Any) -> int:
    data = _decoded(value).get("data")
    return len(data) if isinstance(data, list) else 0


def _number(value: Any) -> float:
    """Return a number, NaN where it is none or more than any."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return math.nan
    return float(value) if abs(value) <= MOST_NUMBER else math.nan


def _missing(value: Any) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))
