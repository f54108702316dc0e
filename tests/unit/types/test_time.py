from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from gridagora.errors import InvalidConfigError
from gridagora.types.time import Horizon

BERLIN = ZoneInfo("Europe/Berlin")


def test_intervals_follow_one_another_in_utc():
    horizon = Horizon(datetime(2026, 1, 1, tzinfo=BERLIN), 0.25, 96, "Europe/Berlin")
    first, last = horizon.interval(0), horizon.interval(95)
    assert first.start == datetime(2025, 12, 31, 23, tzinfo=UTC)
    assert last.start == datetime(2026, 1, 1, 22, 45, tzinfo=UTC)
    assert (last.index, last.hours) == (95, 0.25)


@pytest.mark.parametrize(
    ("day", "n_hours"), [("2026-03-29", 23), ("2026-10-25", 25), ("2028-02-29", 24)]
)
def test_days_have_as_many_hours_as_they_have(day, n_hours):
    horizon = Horizon(
        datetime.fromisoformat(day).replace(tzinfo=BERLIN),
        1.0,
        n_hours,
        "Europe/Berlin",
    )
    last = horizon.local(n_hours - 1)
    assert (last.hour, last.day) == (23, int(day[-2:]))


def test_an_interval_outside_is_an_index_error():
    horizon = Horizon(datetime(2026, 1, 1, tzinfo=UTC), 1.0, 24)
    with pytest.raises(IndexError, match="interval 24 is outside 0 to 23"):
        horizon.interval(24)
    with pytest.raises(IndexError, match="interval -1 is outside"):
        horizon.interval(-1)


def test_all_faults_are_named_at_once():
    with pytest.raises(InvalidConfigError) as caught:
        Horizon(datetime(2026, 1, 1), 0.0, 0, "Berlin")  # noqa: DTZ001  (the fault)
    assert str(caught.value) == (
        "horizon: start 2026-01-01 00:00:00 has no time zone, expected one. "
        "interval_hours is 0.0, expected > 0. n_intervals is 0, expected >= 1. zone "
        "'Berlin' is not an IANA time zone."
    )
