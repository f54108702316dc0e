"""Time as data: intervals of one length, counted from a zoned start."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from gridagora.errors import InvalidConfigError


@dataclass(frozen=True, slots=True)
class Interval:
    """One delivery interval.

    Attributes:
        index: Position from 0.
        start: First instant, in UTC.
        hours: Length. h.
    """

    index: int
    start: datetime
    hours: float


@dataclass(frozen=True, slots=True)
class Horizon:
    """A row of intervals of equal length.

    Instants are UTC inside; the zone matters only where a person reads or writes
    them, so a day of 23 or 25 hours simply has fewer or more intervals.

    Attributes:
        start: First instant; must carry a time zone.
        interval_hours: Length of every interval. h, > 0.
        n_intervals: Number of intervals, >= 1.
        zone: Name of the zone in which people read the times.

    Raises:
        InvalidConfigError: A naive start, an unknown zone, a length or number <= 0.

    Example:
        >>> start = datetime(2026, 3, 29, tzinfo=ZoneInfo("Europe/Berlin"))
        >>> Horizon(start, 1.0, 23, "Europe/Berlin").interval(22).start.hour
        21
    """

    start: datetime
    interval_hours: float
    n_intervals: int
    zone: str = "UTC"

    def __post_init__(self) -> None:
        faults = []
        if self.start.tzinfo is None:
            faults.append(f"start {self.start} has no time zone, expected one.")
        if not self.interval_hours > 0:
            faults.append(f"interval_hours is {self.interval_hours!r}, expected > 0.")
        if self.n_intervals < 1:
            faults.append(f"n_intervals is {self.n_intervals!r}, expected >= 1.")
        try:
            ZoneInfo(self.zone)
        except (ZoneInfoNotFoundError, ValueError):
            faults.append(f"zone {self.zone!r} is not an IANA time zone.")
        if faults:
            raise InvalidConfigError("horizon", faults)

    def interval(self, index: int) -> Interval:
        """Return one interval.

        Raises:
            IndexError: ``index`` is outside the horizon.
        """
        if not 0 <= index < self.n_intervals:
            msg = f"interval {index} is outside 0 to {self.n_intervals - 1}"
            raise IndexError(msg)
        passed = timedelta(hours=self.interval_hours * index)
        return Interval(index, self.start.astimezone(UTC) + passed, self.interval_hours)

    def local(self, index: int) -> datetime:
        """Return the start of an interval as people in the zone read it."""
        return self.interval(index).start.astimezone(ZoneInfo(self.zone))
