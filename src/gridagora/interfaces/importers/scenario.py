"""Reading of scenarios from files."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

import numpy as np

from gridagora.errors import InvalidScenarioError, UnknownNameError, listed
from gridagora.interfaces.importers.stamps import chosen_dst, read_instants
from gridagora.interfaces.importers.tables import FileTable, read_table
from gridagora.types.arrays import FloatArray, IntArray
from gridagora.types.scenario import UNITS, Scenario, unit_of
from gridagora.types.time import Horizon

GAP_RULES = ("interpolate", "previous")
DUPLICATE_RULES = ("first", "mean")

_CONVERTED: Mapping[str, tuple[str, float]] = {
    "w": ("kw", 1e-3),
    "mw": ("kw", 1e3),
    "percent": ("frac", 1e-2),
    "multiplier": ("frac", 1.0),
    "per_mwh": ("per_kwh", 1e-3),
}
_ENERGY: Mapping[str, float] = {"wh": 1e-3, "kwh": 1.0, "mwh": 1e3}
_HOUR_S = 3600

_Result = TypeVar("_Result")


def read_scenario(  # noqa: PLR0913  (each rule is a choice of its own, by keyword)
    path: Path | str,
    *,
    zone: str,
    unit: str | None = None,
    time_column: str = "time",
    interval_hours: float | None = None,
    gaps: str | None = None,
    duplicates: str | None = None,
    dst: str | Sequence[str] = (),
) -> Scenario:
    """Read a scenario from a CSV or Parquet file.

    One column holds the start of each interval, the others numbers whose unit ends
    their name: ``_kw``, ``_kvar``, ``_frac``, ``_per_kwh``, ``_c``, ``_w_per_m2``,
    ``_m_per_s``. ``_w``, ``_mw``, ``_percent``, ``_multiplier``, ``_per_mwh`` and
    energy per interval in ``_wh``, ``_kwh``, ``_mwh`` are converted, and the columns
    renamed. Nothing is guessed or filled: each rule below must be asked for.

    Args:
        path: The file.
        zone: IANA time zone of stamps without a UTC offset, e.g. ``Europe/Berlin``.
        unit: Unit of columns whose name has none; such a name gets it as its ending.
        time_column: Name of the column with the stamps.
        interval_hours: Length of the intervals; the commonest step of the file when
            ``None``. h.
        gaps: What stands in for missing rows and empty cells: ``interpolate`` (on the
            line between the neighbours) or ``previous``.
        duplicates: Which of several rows of one instant counts: ``first`` or ``mean``.
        dst: Rules for clock times that daylight saving skips or repeats: ``both`` (the
            first time a clock time stands in the file is the first pass, the second
            time the second), ``first`` or ``second`` (always that pass), ``shift``
            (a skipped clock time moves an hour forward), ``utc-offset`` (the file's
            clock ignores daylight saving); one or several.

    Returns:
        The scenario, in UTC, from the first stamp to the last.

    Raises:
        MissingFileError: There is no such file.
        InvalidScenarioError: Names the file and all faults in it, by line and stamp.
        UnknownNameError: There is no such rule or zone.
    """
    rules = _Rules(
        _zone(zone),
        _one_of("gap rule", gaps, GAP_RULES),
        _one_of("duplicate rule", duplicates, DUPLICATE_RULES),
        chosen_dst((dst,) if isinstance(dst, str) else dst),
    )
    table = read_table(Path(path), "scenario", InvalidScenarioError)
    what = f"scenario {table.path.name!r}"
    series = _sound(what, *_series_of(table, time_column, unit))
    rows = _sound(what, *_rows_of(table, series, time_column, rules))
    rows, faults = _one_per_instant(rows, rules)
    step_s, grid_faults = _step(rows, interval_hours, rules)
    _sound(what, rows, faults + grid_faults)
    names = [one.source for one in series]
    values = _sound(what, *_filled(_on_grid(rows, step_s), names, rules))
    hours = step_s / _HOUR_S
    factors = [one.factor / (hours if one.is_energy else 1.0) for one in series]
    start = datetime.fromtimestamp(int(rows.second[0]), UTC)
    return Scenario(
        Horizon(start, hours, len(values), zone),
        tuple(one.name for one in series),
        values * factors,
    )


@dataclass(frozen=True, slots=True)
class _Rules:
    """What the caller chose."""

    zone: ZoneInfo
    gaps: str | None
    duplicates: str | None
    dst: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Series:
    """One column of the file: its name there, its name and factor in our units."""

    source: str
    name: str
    factor: float
    is_energy: bool


@dataclass(frozen=True, slots=True)
class _Rows:
    """Rows of a file; NaN stands for an empty cell.

    Attributes:
        second: Instant of each row, seconds since 1970 in UTC. Shape ``(n_row,)``.
        values: As in the file. Shape ``(n_row, n_column)``.
        place: Where each row is in the file.
    """

    second: IntArray
    values: FloatArray
    place: tuple[str, ...]


def _sound(what: str, result: _Result, faults: Sequence[str]) -> _Result:
    """Return the result of a stage unless it has faults."""
    if faults:
        raise InvalidScenarioError(what, faults)
    return result


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as fault:
        raise UnknownNameError("time zone", name, available_timezones()) from fault


def _one_of(kind: str, rule: str | None, known: Sequence[str]) -> str | None:
    if rule is not None and rule not in known:
        raise UnknownNameError(kind, rule, known)
    return rule


def _series_of(
    table: FileTable, time_column: str, unit: str | None
) -> tuple[list[_Series], list[str]]:
    """Return what the columns mean."""
    faults = []
    if time_column not in table.header:
        faults.append(
            f"column {time_column!r} is missing; the file has {listed(table.header)}."
        )
    series = []
    for source in table.header:
        if source == time_column:
            continue
        meaning = _meaning(source) or (_meaning(f"{source}_{unit}") if unit else None)
        if meaning is None:
            known = listed(["_" + one for one in (*UNITS, *_CONVERTED, *_ENERGY)], 20)
            faults.append(
                f"column {source!r} has no unit, expected a name that ends in one of "
                f"{known}, or the argument unit=..."
            )
        else:
            series.append(replace(meaning, source=source))
    if not faults and not series:
        faults.append("there is no column but the stamps.")
    for name, times in Counter(one.name for one in series).items():
        if times > 1:
            faults.append(f"{times} columns become {name!r}; rename or drop one.")
    return series, faults


def _meaning(name: str) -> _Series | None:
    """Return the name and factor of a column in our units, if its name has a unit."""
    if unit_of(name):
        return _Series(name, name, 1.0, is_energy=False)
    for unit, (ours, factor) in _CONVERTED.items():
        if name.endswith(f"_{unit}"):
            renamed = name.removesuffix(unit) + ours
            return _Series(name, renamed, factor, is_energy=False)
    for unit, factor in _ENERGY.items():
        if name.endswith(f"_{unit}"):
            return _Series(name, name.removesuffix(unit) + "kw", factor, is_energy=True)
    return None


def _rows_of(
    table: FileTable, series: Sequence[_Series], time_column: str, rules: _Rules
) -> tuple[_Rows, list[str]]:
    """Return stamps as instants and cells as numbers."""
    cells = table.column(time_column)
    found = read_instants(cells, table.place, zone=rules.zone, dst=rules.dst)
    values, faults = _numbers(table, series, cells, rules)
    second = np.array([0 if at is None else at for at in found.second], dtype=np.int64)
    faults = found.faults + faults
    if not found.faults:
        kept = [row for row in range(len(second)) if row not in found.moved]
        faults += [
            f"{table.place[row]}: {cells[row]} comes before the stamp above it; sort "
            "the file."
            for above, row in pairwise(kept)
            if second[row] < second[above]
        ]
    return _Rows(second, values, table.place), faults


def _numbers(
    table: FileTable, series: Sequence[_Series], stamps: Sequence[object], rules: _Rules
) -> tuple[FloatArray, list[str]]:
    """Return the cells as numbers, NaN where a rule will fill an empty one."""
    values = np.full((len(table.rows), len(series)), np.nan)
    faults = []
    for at, one in enumerate(series):
        for row, cell in enumerate(table.column(one.source)):
            number = _number(cell)
            if number is None or (np.isnan(number) and rules.gaps is None):
                faults.append(
                    f"{table.place[row]} ({stamps[row]}): {one.source} is "
                    f"{_shown(cell)}, expected a finite number."
                )
            else:
                values[row, at] = number
    return values, faults


def _number(cell: object) -> float | None:
    """Return the number in a cell, NaN when it is empty, ``None`` when it is wrong."""
    if cell is None or (isinstance(cell, str) and not cell.strip()):
        return float("nan")
    try:
        number = float(str(cell))
    except ValueError:
        return None
    return None if np.isinf(number) else number


def _shown(cell: object) -> str:
    return "empty" if cell is None or cell == "" else str(cell)


def _one_per_instant(rows: _Rows, rules: _Rules) -> tuple[_Rows, list[str]]:
    """Return one row per instant, in order; without a rule a further one is a fault."""
    second, first, group = np.unique(
        rows.second, return_index=True, return_inverse=True
    )
    place = tuple(rows.place[row] for row in first)
    further = np.setdiff1d(np.arange(len(rows.second)), first)
    faults = []
    if rules.duplicates is None:
        faults = [
            f"{rows.place[row]}: {_stamp(rows.second[row], rules)} was there already "
            f"in {place[group[row]]}; choose duplicates='first' or 'mean'."
            for row in further
        ]
    values = rows.values[first]
    if rules.duplicates == "mean":
        known = ~np.isnan(rows.values)
        total, count = np.zeros_like(values), np.zeros_like(values)
        np.add.at(total, group, np.where(known, rows.values, 0.0))
        np.add.at(count, group, known)
        values = np.where(count > 0, total / np.maximum(count, 1.0), np.nan)
    return _Rows(second, values, place), faults


def _step(
    rows: _Rows, interval_hours: float | None, rules: _Rules
) -> tuple[int, list[str]]:
    """Return the step in seconds, and what does not lie on its grid."""
    steps = Counter(np.diff(rows.second).tolist())
    asked_s = None if interval_hours is None else round(interval_hours * _HOUR_S)
    if not steps:
        if asked_s:
            return asked_s, []
        return 0, ["there is one row only, so interval_hours=... must be given."]
    common_s = min(steps, key=lambda step: (-steps[step], step))
    step_s = asked_s or common_s
    if common_s != step_s:
        return step_s, [
            f"the stamps are {common_s} s apart, expected {step_s} s; read the file "
            f"with interval_hours={common_s / _HOUR_S:g} and use resampled()."
        ]
    faults = []
    for row, (before, after) in enumerate(pairwise(rows.second.tolist()), start=1):
        missing, rest = divmod(after - before, step_s)
        where = f"{rows.place[row]}: {_stamp(after, rules)}"
        if rest:
            faults.append(
                f"{where} is {after - before} s after the stamp before it, expected "
                f"a multiple of {step_s} s."
            )
        elif missing > 1 and rules.gaps is None:
            faults.append(
                f"{where} follows a gap of {missing - 1} intervals; choose "
                "gaps='interpolate' or 'previous'."
            )
    return step_s, faults


def _stamp(second: int, rules: _Rules) -> str:
    return datetime.fromtimestamp(int(second), rules.zone).isoformat()


def _on_grid(rows: _Rows, step_s: int) -> FloatArray:
    """Return one row per interval, NaN where the file has none."""
    index = (rows.second - rows.second[0]) // step_s
    values = np.full((int(index[-1]) + 1, rows.values.shape[1]), np.nan)
    values[index] = rows.values
    return values


def _filled(
    values: FloatArray, names: Sequence[str], rules: _Rules
) -> tuple[FloatArray, list[str]]:
    """Return the values with gaps filled by the chosen rule."""
    faults = []
    filled = values.copy()
    place = np.arange(len(values))
    for at, name in enumerate(names):
        known = np.flatnonzero(~np.isnan(values[:, at]))
        last = len(values) - 1 if rules.gaps == "previous" else known.max(initial=-1)
        if known.size == 0 or known[0] > 0 or last < len(values) - 1:
            faults.append(
                f"{name} is empty at the beginning or the end, where gaps="
                f"{rules.gaps!r} has nothing to fill from."
            )
        elif rules.gaps == "previous":
            latest = known[np.searchsorted(known, place, side="right") - 1]
            filled[:, at] = values[latest, at]
        else:
            filled[:, at] = np.interp(place, known, values[known, at])
    return filled, faults
