"""Reading of time stamps in a zone with daylight saving."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from gridagora.errors import UnknownNameError

DST_RULES = ("utc-offset", "first", "second", "both", "shift")
"""What to do with clock times that daylight saving skips or repeats."""

_FIX = "choose a rule dst=..., or write stamps with a UTC offset"


@dataclass(slots=True)
class Instants:
    """Stamps of a file as instants.

    Attributes:
        second: Seconds since 1970 in UTC, by row; ``None`` for a stamp at fault.
        moved: Rows whose clock time does not exist and was moved forward.
        faults: One sentence for each stamp that cannot be used.
    """

    second: list[int | None]
    moved: set[int]
    faults: list[str]


def chosen_dst(rules: Sequence[str]) -> tuple[str, ...]:
    """Return the rules, all of them known.

    Raises:
        UnknownNameError: A rule is not one of ``DST_RULES``.
    """
    kind = "daylight-saving rule"
    for rule in rules:
        if rule not in DST_RULES:
            raise UnknownNameError(kind, rule, DST_RULES)
    return tuple(rules)


def read_instants(
    cells: Sequence[object],
    place: Sequence[str],
    *,
    zone: ZoneInfo,
    dst: Collection[str],
) -> Instants:
    """Turn stamps into instants.

    Stamps with a UTC offset say themselves when they are. Stamps without one are clock
    times in the zone; those that daylight saving skips or repeats are faults unless a
    rule is given.

    Args:
        cells: ISO 8601 text or datetimes, one per row.
        place: Where each row is, for messages.
        zone: Zone of stamps without an offset.
        dst: Rules out of ``DST_RULES``.
    """
    found = Instants([], set(), [])
    clock = _Clock(zone, frozenset(dst))
    parsed = [_parsed(cell) for cell in cells]
    n_zoned = sum(stamp is not None and stamp.tzinfo is not None for stamp in parsed)
    n_stamp = sum(stamp is not None for stamp in parsed)
    if 0 < n_zoned < n_stamp:
        found.faults.append(
            f"{n_zoned} stamps carry a UTC offset and {n_stamp - n_zoned} do not, "
            "expected all or none."
        )
    for row, stamp in enumerate(parsed):
        if stamp is None or stamp.microsecond:
            found.faults.append(
                f"{place[row]}: time is {cells[row]!r}, expected a date and time in "
                "whole seconds, as 2026-03-29T14:00."
            )
            found.second.append(None)
            continue
        instant, moved, problem = clock.instant(stamp)
        if problem:
            found.faults.append(f"{place[row]}: {stamp.isoformat()} {problem}; {_FIX}.")
        if moved:
            found.moved.add(row)
        found.second.append(None if problem else round(instant.timestamp()))
    return found


class _Clock:
    """Clock times of one zone as instants, by the rules for daylight saving."""

    def __init__(self, zone: ZoneInfo, rules: frozenset[str]) -> None:
        self._zone = zone
        self._rules = rules
        self._passes: Counter[datetime] = Counter()

    def instant(self, stamp: datetime) -> tuple[datetime, bool, str]:
        """Return the instant, whether it was moved, and what is wrong with it."""
        if stamp.tzinfo is not None:
            return stamp, False, ""
        if "utc-offset" in self._rules:
            return stamp.replace(tzinfo=UTC) - self._standard(stamp.year), False, ""
        before = stamp.replace(tzinfo=self._zone)
        after = before.replace(fold=1)
        if before.utcoffset() == after.utcoffset():
            return before, False, ""
        if self._skipped(before):
            problem = "" if "shift" in self._rules else self._says("does not exist")
            return before, True, problem
        self._passes[stamp] += 1
        if "both" in self._rules:
            return (before, after)[min(self._passes[stamp] - 1, 1)], False, ""
        if "first" in self._rules:
            return before, False, ""
        problem = "" if "second" in self._rules else self._says("comes twice")
        return after, False, problem

    def _skipped(self, stamp: datetime) -> bool:
        there_and_back = stamp.astimezone(UTC).astimezone(self._zone)
        return there_and_back.replace(tzinfo=None) != stamp.replace(tzinfo=None)

    def _standard(self, year: int) -> timedelta:
        """Return the offset without daylight saving, the smaller one of a year."""
        seasons = (datetime(year, month, 1, tzinfo=self._zone) for month in (1, 7))
        return min(season.utcoffset() or timedelta() for season in seasons)

    def _says(self, what: str) -> str:
        return f"{what} on the clocks of {self._zone.key}"


def _parsed(cell: object) -> datetime | None:
    if isinstance(cell, datetime):
        return cell
    try:
        return datetime.fromisoformat(str(cell).strip())
    except ValueError:
        return None
