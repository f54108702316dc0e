from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from gridagora.errors import UnknownNameError
from gridagora.interfaces.importers.stamps import chosen_dst, read_instants

BERLIN = ZoneInfo("Europe/Berlin")


def instants(*cells, dst=(), zone=BERLIN):
    place = [f"line {at}" for at in range(2, len(cells) + 2)]
    return read_instants(cells, place, zone=zone, dst=dst)


def utc(*cells, **settings):
    found = instants(*cells, **settings)
    assert found.faults == []
    return [datetime.fromtimestamp(at, UTC).isoformat()[:16] for at in found.second]


def test_clock_times_are_those_of_the_zone():
    assert utc("2026-01-01", "2026-07-01T02:00") == [
        "2025-12-31T23:00",
        "2026-07-01T00:00",
    ]


def test_offsets_say_themselves_when_they_are():
    assert utc("2026-10-25T02:00+02:00", "2026-10-25T02:00+01:00") == [
        "2026-10-25T00:00",
        "2026-10-25T01:00",
    ]
    assert utc("2026-01-01T00:00Z") == ["2026-01-01T00:00"]


def test_datetimes_are_taken_as_they_are():
    assert utc(datetime(2026, 1, 1, tzinfo=UTC)) == ["2026-01-01T00:00"]


def test_skipped_and_repeated_clock_times_are_faults():
    found = instants("2026-03-29T02:30", "2026-10-25T02:30", "2026-10-25T03:00")
    fix = "choose a rule dst=..., or write stamps with a UTC offset."
    assert found.faults == [
        "line 2: 2026-03-29T02:30:00 does not exist on the clocks of Europe/Berlin; "
        + fix,
        "line 3: 2026-10-25T02:30:00 comes twice on the clocks of Europe/Berlin; "
        + fix,
    ]
    assert found.second[:2] == [None, None]


def test_repeated_clock_times_follow_the_rule():
    twice = ("2026-10-25T02:00", "2026-10-25T02:00")
    assert utc(*twice, dst=["both"]) == ["2026-10-25T00:00", "2026-10-25T01:00"]
    assert utc(*twice, dst=["first"]) == ["2026-10-25T00:00"] * 2
    assert utc(*twice, dst=["second"]) == ["2026-10-25T01:00"] * 2


def test_skipped_clock_times_can_move_forward():
    found = instants("2026-03-29T01:30", "2026-03-29T02:30", dst=["shift"])
    assert found.moved == {1}
    assert utc("2026-03-29T02:30", dst=["shift"]) == ["2026-03-29T01:30"]


@pytest.mark.parametrize("zone", ["Europe/Berlin", "Europe/Dublin"])
def test_a_clock_without_daylight_saving_keeps_its_offset(zone):
    offset = {"Europe/Berlin": 1, "Europe/Dublin": 0}[zone]
    cells = ("2026-03-29T02:30", "2026-10-25T02:30", "2026-07-01T12:00")
    assert utc(*cells, dst=["utc-offset"], zone=ZoneInfo(zone)) == [
        f"2026-03-29T{2 - offset:02}:30",
        f"2026-10-25T{2 - offset:02}:30",
        f"2026-07-01T{12 - offset:02}:00",
    ]


def test_southern_zones_save_daylight_in_their_summer():
    sydney = ZoneInfo("Australia/Sydney")
    assert utc("2026-01-01T12:00", dst=["utc-offset"], zone=sydney) == [
        "2026-01-01T02:00"
    ]


def test_what_is_no_stamp_is_a_fault():
    found = instants("soon", "", None, "2026-01-01T00:00:00.5")
    expected = "expected a date and time in whole seconds, as 2026-03-29T14:00."
    assert found.faults == [
        f"line 2: time is 'soon', {expected}",
        f"line 3: time is '', {expected}",
        f"line 4: time is None, {expected}",
        f"line 5: time is '2026-01-01T00:00:00.5', {expected}",
    ]


def test_stamps_with_and_without_offset_do_not_mix():
    assert instants("2026-01-01", "2026-01-01T01:00Z").faults == [
        "1 stamps carry a UTC offset and 1 do not, expected all or none."
    ]


def test_unknown_rules_are_refused():
    assert chosen_dst(["both", "shift"]) == ("both", "shift")
    with pytest.raises(UnknownNameError) as caught:
        chosen_dst(["boht"])
    assert str(caught.value) == (
        "no daylight-saving rule is called 'boht'. Did you mean 'both'? Known: both, "
        "first, second, shift, utc-offset."
    )
