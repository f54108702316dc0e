"""Tables on their way into a chart: checked, and turned into rows."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from gridagora.errors import InputError, listed

_DIGITS = 7


@dataclass(frozen=True, slots=True)
class Measure:
    """A column of a table, and how a person reads it.

    Attributes:
        column: Name of the column.
        name: What it is, e.g. ``Price``.
        unit: Its unit, e.g. ``c/kWh``; empty for a pure number.
        domain: Ends of its axis or colour scale; None takes them from the data.
        format: How numbers are written (d3-format).
        middle: Neutral value of a scale with two sides, e.g. 1 pu; None for a scale
            that only rises.
        flag: Column of truth values that marks rows at or over a limit; None for none.
        flag_name: What such a row is called in the legend.

    Example:
        >>> Measure("price", "Price", "c/kWh").label
        'Price (c/kWh)'
    """

    column: str
    name: str
    unit: str = ""
    domain: tuple[float, float] | None = None
    format: str = ".2f"
    middle: float | None = None
    flag: str | None = None
    flag_name: str = "at its limit"

    @property
    def label(self) -> str:
        """Name and unit, as axes and legends show them."""
        return f"{self.name} ({self.unit})" if self.unit else self.name

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns that a table must have to show this measure."""
        return (self.column,) if self.flag is None else (self.column, self.flag)


def check_columns(what: str, table: pd.DataFrame, columns: Iterable[str]) -> None:
    """Make sure that a table has what a chart is to show.

    Raises:
        InputError: Columns are missing; all of them are named.
    """
    missing = [name for name in dict.fromkeys(columns) if name not in table.columns]
    if missing:
        has = listed([repr(str(name)) for name in table.columns], 20) or "none"
        raise InputError(
            what, [f"column {name!r} is missing." for name in missing] + [f"Has: {has}"]
        )


def inline(table: pd.DataFrame) -> alt.InlineData:
    """Return the rows of a table as data inside a chart.

    Numbers keep seven digits, which no picture resolves; what is not finite becomes
    null. A cell may be a list of such values. Handing rows over avoids the row limit
    and the type guesses of altair.
    """
    names = [str(name) for name in table.columns]
    columns = [[_plain(value) for value in table[name]] for name in table.columns]
    rows = [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]
    return alt.InlineData(values=rows)


def extent(values: Iterable[float], *, pad_frac: float = 0.06) -> tuple[float, float]:
    """Return round ends of an axis that holds all finite values, with some air.

    Example:
        >>> extent([2.0, 7.0])
        (1.7, 7.3)
        >>> extent([])
        (0.0, 1.0)
    """
    finite = [float(value) for value in values if math.isfinite(value)]
    if not finite:
        return 0.0, 1.0
    low, high = min(finite), max(finite)
    air = pad_frac * (high - low) or max(abs(high) * pad_frac, 0.05)
    digits = 1 - math.floor(math.log10(air))
    return round(low - air, digits), round(high + air, digits)


def _plain(value: object) -> str | bool | int | float | list[Any] | None:
    if isinstance(value, list):
        return [_plain(part) for part in value]
    if isinstance(value, bool | np.bool_):
        return bool(value)
    if isinstance(value, int | np.integer):
        return int(value)
    if isinstance(value, float | np.floating):
        number = float(value)
        return float(f"{number:.{_DIGITS}g}") if math.isfinite(number) else None
    return None if value is None or value is pd.NA or value is pd.NaT else str(value)
