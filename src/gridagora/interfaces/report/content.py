"""What a report says, before it is a page."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from gridagora.figures.theme import AnyChart
from gridagora.interfaces.results import Results
from gridagora.types.arrays import FloatArray

_MOST_ROWS = 20
_MOST_ROWS_TO_READ = 200
_DIGITS, _LEAST_DIGITS, _MOST_DECIMALS = 6, 3, 6
_LARGE, _SMALL = 1e7, 1e-4


@dataclass(frozen=True, slots=True)
class Table:
    """Rows to read.

    Attributes:
        caption: What the rows are, units included where the columns do not say.
        columns: Names of the columns.
        rows: Cells as text, one per column.
        numeric: Which columns hold numbers and stand at the right.
        file: Where the whole table is, relative to the report; None for nowhere.
        n_row: Number of rows of the whole table.
    """

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numeric: tuple[bool, ...]
    file: str | None = None
    n_row: int = 0

    @classmethod
    def of(
        cls, caption: str, frame: pd.DataFrame, *, file: str | None = None
    ) -> "Table":
        """Take the first rows of a table.

        Example:
            >>> Table.of("Prices", pd.DataFrame({"bus": ["a"], "price": [4.6]})).rows
            (('a', '4.6'),)
        """
        shown = frame.head(_MOST_ROWS)
        columns = [[written(cell) for cell in shown[name]] for name in shown.columns]
        return cls(
            caption=caption,
            columns=tuple(str(name) for name in frame.columns),
            rows=tuple(zip(*columns, strict=True)),
            numeric=tuple(_is_number(frame[name]) for name in frame.columns),
            file=file,
            n_row=len(frame),
        )

    @classmethod
    def to_read(cls, caption: str, frame: pd.DataFrame) -> "Table":
        """Take a table that is made for readers: all rows, columns of one precision.

        Args:
            caption: What the rows are.
            frame: The table; its columns are the heads, units included.

        Example:
            >>> bills = pd.DataFrame({"role": ["a", "b"], "bill (c)": [-1204.5, 3.25]})
            >>> Table.to_read("Bills", bills).rows
            (('a', '-1204.50'), ('b', '3.25'))
        """
        shown = frame.head(_MOST_ROWS_TO_READ)
        numeric = tuple(_is_number(frame[name]) for name in frame.columns)
        columns = [
            _aligned(shown[name]) if number else [written(cell) for cell in shown[name]]
            for name, number in zip(shown.columns, numeric, strict=True)
        ]
        return cls(
            caption=caption,
            columns=tuple(str(name) for name in frame.columns),
            rows=tuple(zip(*columns, strict=True)),
            numeric=numeric,
            n_row=len(frame),
        )


@dataclass(frozen=True, slots=True, eq=False)
class Figure:
    """A chart with what is said about it.

    Attributes:
        name: Names the chart among the figures of the report; its files' stem.
        chart: The chart.
        caption: What it shows, in whole sentences.
        files: Where the chart is as PNG, SVG or PDF, relative to the report.
    """

    name: str
    chart: AnyChart
    caption: str
    files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Section:
    """A part of a report: text, then charts, then tables.

    Attributes:
        title: Its heading; empty for none.
        text: Paragraphs, parted by empty lines.
        figures: Charts in reading order.
        tables: Tables in reading order.
    """

    title: str
    text: str = ""
    figures: tuple[Figure, ...] = ()
    tables: tuple[Table, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Report:
    """All that a report says; empty parts are left out of the page.

    Attributes:
        title: What was studied.
        lead: Paragraphs that say it in short, parted by empty lines.
        source: The publication; empty for none.
        results: Targets and departures.
        sections: The body.
        parameters: Every parameter with its unit and origin.
        manifest: How the run was made: seed, versions, commit, time. May be nested.
    """

    title: str
    lead: str = ""
    source: str = ""
    results: Results | None = None
    sections: tuple[Section, ...] = ()
    parameters: Table | None = None
    manifest: Mapping[str, Any] = field(default_factory=dict)


def written(value: object) -> str:
    """Return a cell as people read it: six digits, and nothing for no value.

    Example:
        >>> written(4.60000001), written(float("nan")), written(True), written(1769)
        ('4.6', '', 'yes', '1769')
    """
    if value is None or value is pd.NA or value is pd.NaT:
        return ""
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    if isinstance(value, float | np.floating):
        return "" if np.isnan(value) else f"{value:.6g}"
    return str(value)


def _is_number(column: pd.Series) -> bool:
    return bool(
        pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)
    )


def _aligned(column: pd.Series) -> list[str]:
    """Write numbers that stand below each other with equally many decimals.

    As many as they have, but no more than six digits of the largest and three of the
    smallest need; a column with very small or very large numbers has powers of ten.
    """
    if pd.api.types.is_integer_dtype(column):
        return [written(cell) for cell in column]
    values = column.to_numpy(dtype=np.float64, na_value=np.nan) + 0.0  # no minus zero
    size = np.abs(values[np.isfinite(values) & (values != 0.0)])
    if size.size and (size.max() >= _LARGE or size.min() < _SMALL):
        return [_power_of_ten(value) for value in values.tolist()]
    decimals = _decimals(size)
    return ["" if np.isnan(value) else f"{value:.{decimals}f}" for value in values]


def _decimals(size: FloatArray) -> int:
    if not size.size:
        return 0
    largest, smallest = float(size.max()), float(size.min())
    useful = max(
        _DIGITS - 1 - math.floor(math.log10(largest)),
        _LEAST_DIGITS - 1 - math.floor(math.log10(smallest)),
        0,
    )
    return next(
        (
            decimals
            for decimals in range(min(useful, _MOST_DECIMALS))
            if np.allclose(size, size.round(decimals), rtol=0.0, atol=1e-9 * smallest)
        ),
        min(useful, _MOST_DECIMALS),
    )


def _power_of_ten(value: float) -> str:
    if math.isnan(value):
        return ""
    digits, _, exponent = f"{value:.2e}".partition("e")
    return f"{digits}e{int(exponent)}" if exponent and value else f"{value:g}"


def flattened(mapping: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    """Return a nested mapping as rows of names with dots and values.

    Example:
        >>> flattened({"seed": 1, "git": {"commit": "abc", "dirty": False}})
        [('seed', '1'), ('git.commit', 'abc'), ('git.dirty', 'no')]
    """
    rows: list[tuple[str, str]] = []
    for name, value in mapping.items():
        path = f"{prefix}{name}"
        if isinstance(value, Mapping):
            rows += flattened(value, f"{path}.")
        elif isinstance(value, Sequence) and not isinstance(value, str):
            rows.append((path, ", ".join(written(part) for part in value)))
        else:
            rows.append((path, written(value)))
    return rows
