from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from gridagora.errors import InvalidScenarioError, UnknownNameError
from gridagora.types.scenario import Scenario, unit_of
from gridagora.types.time import Horizon

START = datetime(2026, 1, 1, tzinfo=UTC)


def scenario(hours, series):
    count = len(next(iter(series.values())))
    return Scenario.of(Horizon(START, hours, count), series)


def test_series_are_columns_by_name():
    given = scenario(1.0, {"load_kw": [1, 2], "pv_frac": [0.0, 0.5]})
    assert given.column == ("load_kw", "pv_frac")
    assert given.series("pv_frac").tolist() == [0.0, 0.5]
    assert given.table()["load_kw"].tolist() == [1.0, 2.0]


def test_values_cannot_change():
    with pytest.raises(ValueError, match="read-only"):
        scenario(1.0, {"load_kw": [1, 2]}).values[0, 0] = 3.0


def test_an_unknown_column_is_refused_with_a_suggestion():
    with pytest.raises(UnknownNameError) as caught:
        scenario(1.0, {"load_kw": [1]}).series("laod_kw")
    assert str(caught.value) == (
        "no scenario column is called 'laod_kw'. Did you mean 'load_kw'? Known: "
        "load_kw."
    )


def test_all_faults_are_named_at_once():
    values = np.array([[1.0, np.nan, 2.0]])
    with pytest.raises(InvalidScenarioError) as caught:
        Scenario(Horizon(START, 1.0, 1), ("load", "a_kw", "a_kw"), values)
    assert str(caught.value) == (
        "scenario: column 'load' does not end in a unit, expected one of _kw, _kvar, "
        "_frac, _per_kwh, _c, _w_per_m2, _m_per_s. column 'a_kw' is there more than "
        "once. 'a_kw' is nan in interval 0, expected a finite number."
    )


def test_values_must_fit_the_horizon():
    with pytest.raises(InvalidScenarioError) as caught:
        Scenario(Horizon(START, 1.0, 2), ("a_kw",), np.zeros((3, 1)))
    assert str(caught.value) == (
        "scenario: values have the shape (3, 1), expected (2, 1)."
    )
    with pytest.raises(InvalidScenarioError) as caught:
        Scenario.of(Horizon(START, 1.0, 2), {"a_kw": [1.0]})
    assert str(caught.value) == "scenario: 'a_kw' has the shape (1,), expected (2,)."


def test_longer_intervals_average():
    given = scenario(0.25, {"load_kw": [1, 2, 3, 6, 5, 5, 5, 5]})
    hourly = given.resampled(1.0)
    assert hourly.series("load_kw").tolist() == [3.0, 5.0]
    assert (hourly.horizon.n_intervals, hourly.horizon.interval_hours) == (2, 1.0)
    assert hourly.horizon.start == START


def test_shorter_intervals_repeat():
    given = scenario(1.0, {"load_kw": [1, 2]}).resampled(0.5)
    assert given.series("load_kw").tolist() == [1.0, 1.0, 2.0, 2.0]


def test_lengths_that_do_not_divide_share_their_common_part():
    # 15 min to 10 min over 30 min: 5-minute parts 1 1 1 4 4 4, averaged in pairs.
    given = scenario(0.25, {"load_kw": [1, 4]}).resampled(1 / 6)
    assert given.series("load_kw").tolist() == [1.0, 2.5, 4.0]


def test_intervals_that_do_not_fill_the_horizon_are_refused():
    with pytest.raises(InvalidScenarioError) as caught:
        scenario(0.25, {"load_kw": [1, 4, 2]}).resampled(0.5)
    assert str(caught.value) == (
        "scenario: 3 intervals of 900 s cannot be divided into intervals of 1800 s."
    )


@pytest.mark.parametrize("hours", [0.0, -1.0, np.nan, np.inf, 1e-4])
def test_lengths_must_be_whole_seconds(hours):
    with pytest.raises(InvalidScenarioError) as caught:
        scenario(1.0, {"load_kw": [1]}).resampled(hours)
    assert str(caught.value) == (
        f"scenario: interval_hours is {hours!r}, expected > 0 and whole seconds."
    )


@pytest.mark.parametrize(
    ("day", "n_intervals"), [("2026-03-29", 23), ("2026-10-25", 25)]
)
def test_days_of_23_and_25_hours_keep_their_energy(day, n_intervals):
    start = datetime.fromisoformat(day).replace(tzinfo=ZoneInfo("Europe/Berlin"))
    horizon = Horizon(start, 1.0, n_intervals, "Europe/Berlin")
    given = Scenario.of(horizon, {"load_kw": np.arange(float(n_intervals))})
    quarter = given.resampled(0.25)
    assert quarter.horizon.n_intervals == 4 * n_intervals
    assert quarter.values.sum() * 0.25 == given.values.sum()
    last = quarter.horizon.local(4 * n_intervals - 1)
    assert (last.hour, last.minute) == (23, 45)


def test_units_are_the_endings_of_names():
    assert unit_of("price_per_kwh") == "per_kwh"
    assert unit_of("kw") is None
