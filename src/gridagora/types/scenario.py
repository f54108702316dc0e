"""Scenarios: what happens from outside in each interval, as columns with units."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from gridagora.errors import InvalidScenarioError, UnknownNameError
from gridagora.types.arrays import Columns, FloatArray
from gridagora.types.time import Horizon

UNITS = ("kw", "kvar", "frac", "per_kwh", "c", "w_per_m2", "m_per_s")
"""Units a column may end in: power, reactive power, part of a nominal value (a
multiplier), price, degrees Celsius, irradiance, wind speed. All are averages over the
interval."""

_HOUR_S = 3600


@dataclass(frozen=True, slots=True, eq=False)
class Scenario:
    """Exogenous series, one row per interval: load, generation, weather, prices.

    Every value is the average over its interval, so power and multipliers keep their
    energy when the intervals are joined or split.

    Attributes:
        horizon: When the intervals are.
        column: Names, each ending in its unit: ``load_kw``, ``pv_frac``.
            Shape ``(n_column,)``.
        values: Finite numbers. Shape ``(n_interval, n_column)``.

    Raises:
        InvalidScenarioError: Shapes that do not fit, repeated names, a name without a
            unit, or a number that is not finite.

    Example:
        >>> from datetime import UTC, datetime
        >>> day = Horizon(datetime(2026, 1, 1, tzinfo=UTC), 0.5, 4)
        >>> sun = Scenario.of(day, {"pv_frac": [0.0, 0.5, 1.0, 0.5]})
        >>> sun.resampled(1.0).series("pv_frac").tolist()
        [0.25, 0.75]
    """

    horizon: Horizon
    column: tuple[str, ...]
    values: FloatArray

    def __post_init__(self) -> None:
        faults = _column_faults(self.column)
        shape = (self.horizon.n_intervals, len(self.column))
        if self.values.shape != shape:
            faults.append(
                f"values have the shape {self.values.shape}, expected {shape}."
            )
        else:
            faults += [
                f"{self.column[at]!r} is {self.values[row, at]} in interval {row}, "
                "expected a finite number."
                for row, at in np.argwhere(~np.isfinite(self.values))
            ]
        if faults:
            raise InvalidScenarioError("scenario", faults)
        self.values.flags.writeable = False

    @classmethod
    def of(cls, horizon: Horizon, series: Mapping[str, ArrayLike]) -> Self:
        """Build a scenario from series by column name.

        Raises:
            InvalidScenarioError: As for the class.
        """
        arrays = {
            name: np.asarray(one, dtype=np.float64) for name, one in series.items()
        }
        expected = (horizon.n_intervals,)
        faults = [
            f"{name!r} has the shape {one.shape}, expected {expected}."
            for name, one in arrays.items()
            if one.shape != expected
        ]
        if faults:
            raise InvalidScenarioError("scenario", faults)
        empty = np.zeros((horizon.n_intervals, 0))
        return cls(horizon, tuple(arrays), np.column_stack([empty, *arrays.values()]))

    def series(self, name: str) -> FloatArray:
        """Return one column. Shape ``(n_interval,)``.

        Raises:
            UnknownNameError: No column has that name.
        """
        return self.values[:, self.place(name)]

    def place(self, name: str) -> int:
        """Return the position of a column.

        Raises:
            UnknownNameError: No column has that name.
        """
        if name not in self.column:
            raise UnknownNameError("scenario column", name, self.column)
        return self.column.index(name)

    def table(self) -> Columns:
        """Return the columns by name."""
        return {name: self.values[:, at] for at, name in enumerate(self.column)}

    def resampled(self, interval_hours: float) -> Self:
        """Return the same course in intervals of another length.

        Longer intervals average, shorter ones repeat, and where neither length is a
        multiple of the other both are done over their common part. Energy stays.

        Args:
            interval_hours: New length, whole seconds. h, > 0.

        Raises:
            InvalidScenarioError: The length is not in whole seconds, or the new
                intervals do not fill the horizon exactly.
        """
        old_s = _seconds(self.horizon.interval_hours)
        new_s = _seconds(interval_hours)
        common_s = math.gcd(old_s, new_s)
        whole_s = old_s * self.horizon.n_intervals
        if whole_s % new_s:
            raise InvalidScenarioError(
                "scenario",
                [
                    f"{self.horizon.n_intervals} intervals of {old_s} s cannot be "
                    f"divided into intervals of {new_s} s."
                ],
            )
        fine = np.repeat(self.values, old_s // common_s, axis=0)
        group = new_s // common_s
        n_intervals = whole_s // new_s
        values = fine.reshape(n_intervals, group, len(self.column)).mean(axis=1)
        horizon = Horizon(
            self.horizon.start, interval_hours, n_intervals, self.horizon.zone
        )
        return type(self)(horizon, self.column, values)


def unit_of(column: str) -> str | None:
    """Return the unit that a column name ends in, ``None`` when it has none.

    Example:
        >>> unit_of("import_per_kwh"), unit_of("load_kw"), unit_of("load")
        ('per_kwh', 'kw', None)
    """
    return next((unit for unit in UNITS if column.endswith(f"_{unit}")), None)


def _column_faults(column: tuple[str, ...]) -> list[str]:
    faults = [
        f"column {name!r} does not end in a unit, expected one of "
        f"{', '.join('_' + unit for unit in UNITS)}."
        for name in column
        if unit_of(name) is None
    ]
    twice = sorted({name for name in column if column.count(name) > 1})
    return faults + [f"column {name!r} is there more than once." for name in twice]


def _seconds(hours: float) -> int:
    seconds = hours * _HOUR_S
    whole = round(seconds) if math.isfinite(seconds) else 0
    if whole < 1 or abs(seconds - whole) > 1e-6:
        raise InvalidScenarioError(
            "scenario",
            [f"interval_hours is {hours!r}, expected > 0 and whole seconds."],
        )
    return whole
