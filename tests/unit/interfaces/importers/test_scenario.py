from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from gridagora.errors import InvalidScenarioError, MissingFileError, UnknownNameError
from gridagora.interfaces.importers.scenario import read_scenario


def read(tmp_path, text, zone="Europe/Berlin", **rules):
    path = tmp_path / "day.csv"
    path.write_text(text)
    return read_scenario(path, zone=zone, **rules)


def rows(*cells):
    """Stamps by the hour of 1 January 2026, a value after each."""
    return "time,load_kw\n" + "".join(
        f"2026-01-01T{stamp},{value}\n" for stamp, value in cells
    )


def faults(tmp_path, text, **rules):
    with pytest.raises(InvalidScenarioError) as caught:
        read(tmp_path, text, **rules)
    assert caught.value.what == "scenario 'day.csv'"
    return list(caught.value.faults)


def test_a_sound_file_becomes_a_scenario(tmp_path):
    text = rows(("00:00", 1), ("00:30", 2), ("01:00", 3.5))
    scenario = read(tmp_path, text)
    assert scenario.column == ("load_kw",)
    assert scenario.values.tolist() == [[1.0], [2.0], [3.5]]
    horizon = scenario.horizon
    assert horizon.start == datetime(2025, 12, 31, 23, tzinfo=UTC)
    assert (horizon.interval_hours, horizon.n_intervals) == (0.5, 3)
    assert horizon.zone == "Europe/Berlin"
    assert horizon.local(0).hour == 0


def test_units_are_converted_and_columns_renamed(tmp_path):
    text = (
        "time,a_w,b_mw,c_percent,d_multiplier,e_per_mwh,f_wh,g_kwh,h_mwh,i\n"
        "2026-01-01T00:00,1000,1,50,0.5,300,500,1,1,7\n"
        "2026-01-01T00:30,2000,2,25,1.5,100,250,2,2,8\n"
    )
    scenario = read(tmp_path, text, unit="kvar")
    # Energy in half an hour is twice as much power.
    assert {name: column.tolist() for name, column in scenario.table().items()} == {
        "a_kw": [1.0, 2.0],
        "b_kw": [1000.0, 2000.0],
        "c_frac": [0.5, 0.25],
        "d_frac": [0.5, 1.5],
        "e_per_kwh": [0.3, 0.1],
        "f_kw": [1.0, 0.5],
        "g_kw": [2.0, 4.0],
        "h_kw": [2000.0, 4000.0],
        "i_kvar": [7.0, 8.0],
    }


def test_columns_without_a_unit_are_refused(tmp_path):
    found = faults(tmp_path, "when,load\n2026-01-01,1\n")
    assert found == [
        "column 'time' is missing; the file has when, load.",
        *(
            f"column {name!r} has no unit, expected a name that ends in one of _kw, "
            "_kvar, _frac, _per_kwh, _c, _w_per_m2, _m_per_s, _w, _mw, _percent, "
            "_multiplier, _per_mwh, _wh, _kwh, _mwh, or the argument unit=..."
            for name in ("when", "load")
        ),
    ]


def test_columns_that_become_one_and_files_of_stamps_alone_are_refused(tmp_path):
    text = "time,a_kw,a_w\n2026-01-01,1,1\n"
    assert faults(tmp_path, text) == ["2 columns become 'a_kw'; rename or drop one."]
    assert faults(tmp_path, "time\n2026-01-01\n") == [
        "there is no column but the stamps."
    ]


def test_another_time_column_can_be_named(tmp_path):
    text = rows(("00:00", 1), ("01:00", 2)).replace("time", "start")
    assert read(tmp_path, text, time_column="start").values.size == 2


def test_a_gap_is_refused_unless_a_rule_fills_it(tmp_path):
    text = rows(("00:00", 1), ("01:00", 2), ("04:00", 8))
    assert faults(tmp_path, text) == [
        "line 4: 2026-01-01T04:00:00+01:00 follows a gap of 2 intervals; choose "
        "gaps='interpolate' or 'previous'."
    ]
    filled = read(tmp_path, text, gaps="interpolate").series("load_kw")
    assert filled.tolist() == [1.0, 2.0, 4.0, 6.0, 8.0]
    filled = read(tmp_path, text, gaps="previous").series("load_kw")
    assert filled.tolist() == [1.0, 2.0, 2.0, 2.0, 8.0]


def test_empty_cells_are_gaps(tmp_path):
    text = rows(("00:00", 1), ("01:00", ""), ("02:00", 3), ("03:00", "nan"))
    assert faults(tmp_path, text) == [
        "line 3 (2026-01-01T01:00): load_kw is empty, expected a finite number.",
        "line 5 (2026-01-01T03:00): load_kw is nan, expected a finite number.",
    ]
    filled = read(tmp_path, text, gaps="previous").series("load_kw")
    assert filled.tolist() == [1.0, 1.0, 3.0, 3.0]


@pytest.mark.parametrize(
    ("cells", "rule"), [((1, 2, ""), "interpolate"), (("", 1, 2), "previous")]
)
def test_no_rule_fills_beyond_what_is_known(tmp_path, cells, rule):
    text = rows(*zip(("00:00", "01:00", "02:00"), cells, strict=True))
    assert faults(tmp_path, text, gaps=rule) == [
        f"load_kw is empty at the beginning or the end, where gaps={rule!r} has "
        "nothing to fill from."
    ]


def test_cells_that_are_no_numbers_are_refused_even_with_a_rule(tmp_path):
    text = rows(("00:00", "1,5".replace(",", ";")), ("01:00", "inf"), ("02:00", 1))
    assert faults(tmp_path, text, gaps="previous") == [
        "line 2 (2026-01-01T00:00): load_kw is 1;5, expected a finite number.",
        "line 3 (2026-01-01T01:00): load_kw is inf, expected a finite number.",
    ]


def test_duplicates_are_refused_unless_a_rule_chooses(tmp_path):
    text = rows(("00:00", 1), ("01:00", 2), ("01:00", 4), ("02:00", 5))
    assert faults(tmp_path, text) == [
        "line 4: 2026-01-01T01:00:00+01:00 was there already in line 3; choose "
        "duplicates='first' or 'mean'."
    ]
    first = read(tmp_path, text, duplicates="first").series("load_kw")
    assert first.tolist() == [1.0, 2.0, 5.0]
    mean = read(tmp_path, text, duplicates="mean").series("load_kw")
    assert mean.tolist() == [1.0, 3.0, 5.0]


def test_the_mean_of_duplicates_leaves_empty_cells_out(tmp_path):
    text = rows(("00:00", 1), ("01:00", 2), ("01:00", ""), ("02:00", ""), ("02:00", ""))
    mean = read(tmp_path, text, duplicates="mean", gaps="previous").series("load_kw")
    assert mean.tolist() == [1.0, 2.0, 2.0]


def test_duplicates_and_gaps_are_named_together(tmp_path):
    text = rows(("00:00", 1), ("01:00", 2), ("01:00", 4), ("03:00", 5), ("04:00", 6))
    assert len(faults(tmp_path, text)) == 2


def test_unsorted_stamps_are_refused(tmp_path):
    text = rows(("01:00", 1), ("00:00", 2), ("02:00", 3))
    assert faults(tmp_path, text) == [
        "line 3: 2026-01-01T00:00 comes before the stamp above it; sort the file."
    ]


def test_stamps_off_the_step_are_refused(tmp_path):
    text = rows(("00:00", 1), ("01:00", 2), ("02:10", 3), ("03:00", 4), ("04:00", 5))
    assert faults(tmp_path, text) == [
        "line 4: 2026-01-01T02:10:00+01:00 is 4200 s after the stamp before it, "
        "expected a multiple of 3600 s.",
        "line 5: 2026-01-01T03:00:00+01:00 is 3000 s after the stamp before it, "
        "expected a multiple of 3600 s.",
    ]


def test_another_resolution_than_asked_for_is_refused(tmp_path):
    text = rows(("00:00", 1), ("00:15", 2), ("00:30", 3))
    assert faults(tmp_path, text, interval_hours=1.0) == [
        "the stamps are 900 s apart, expected 3600 s; read the file with "
        "interval_hours=0.25 and use resampled()."
    ]
    assert read(tmp_path, text, interval_hours=0.25).horizon.n_intervals == 3


def test_one_row_needs_the_length_of_its_interval(tmp_path):
    text = rows(("00:00", 1))
    assert faults(tmp_path, text) == [
        "there is one row only, so interval_hours=... must be given."
    ]
    assert read(tmp_path, text, interval_hours=0.25).horizon.n_intervals == 1


def test_stamps_that_cannot_be_read_are_named_with_bad_cells(tmp_path):
    text = "time,load_kw\nsoon,x\n"
    found = faults(tmp_path, text)
    assert len(found) == 2
    assert found[1] == "line 2 (soon): load_kw is x, expected a finite number."


def clock_day(day, hours):
    return "time,load_kw\n" + "".join(f"{day}T{hour:02}:00,{hour}\n" for hour in hours)


def test_a_day_of_23_hours_needs_no_rule(tmp_path):
    hours = [hour for hour in range(24) if hour != 2]
    scenario = read(tmp_path, clock_day("2026-03-29", hours))
    assert scenario.horizon.n_intervals == 23
    assert [scenario.horizon.local(at).hour for at in range(23)] == hours


def test_a_day_of_25_hours_is_read_in_both_passes(tmp_path):
    hours = [0, 1, 2, *range(2, 24)]
    text = clock_day("2026-10-25", hours)
    assert len(faults(tmp_path, text)) == 2
    scenario = read(tmp_path, text, dst="both")
    assert scenario.horizon.n_intervals == 25
    assert [scenario.horizon.local(at).hour for at in range(25)] == hours


def test_a_day_of_25_hours_with_one_pass_has_a_gap(tmp_path):
    text = clock_day("2026-10-25", range(24))
    scenario = read(tmp_path, text, dst="first", gaps="previous")
    assert scenario.series("load_kw").tolist() == [0, 1, 2, 2, *range(3, 24)]


def test_a_skipped_hour_can_join_the_next(tmp_path):
    text = clock_day("2026-03-29", range(24))
    scenario = read(tmp_path, text, dst=["shift"], duplicates="mean")
    assert scenario.series("load_kw").tolist() == [0, 1, 2.5, *range(4, 24)]


def test_skipped_quarter_hours_are_put_in_order(tmp_path):
    stamps = ("01:30", "02:00", "02:30", "03:00", "03:30")
    text = "time,load_kw\n" + "".join(f"2026-03-29T{s},{s[:2]}\n" for s in stamps)
    scenario = read(tmp_path, text, dst="shift", duplicates="first")
    assert scenario.series("load_kw").tolist() == [1, 2, 2]


def test_a_year_of_a_clock_without_daylight_saving_is_complete(tmp_path):
    start = datetime(2028, 1, 1, tzinfo=UTC)
    stamps = [start + timedelta(hours=hour) for hour in range(366 * 24)]
    text = "time,load_kw\n" + "".join(f"{s:%Y-%m-%dT%H:%M},1\n" for s in stamps)
    scenario = read(tmp_path, text, dst="utc-offset")
    assert scenario.horizon.n_intervals == 366 * 24
    assert "2028-02-29" in text


def test_parquet_with_zoned_stamps_is_read(tmp_path):
    import pyarrow as pa
    from pyarrow import parquet

    start = datetime(2026, 1, 1, tzinfo=UTC)
    stamps = pa.array([start, start + timedelta(hours=1)], pa.timestamp("us", "UTC"))
    path = tmp_path / "day.parquet"
    parquet.write_table(pa.table({"time": stamps, "pv_frac": [0.0, 0.5]}), path)
    scenario = read_scenario(path, zone="Europe/Berlin")
    assert np.array_equal(scenario.values, [[0.0], [0.5]])
    assert scenario.horizon.start == start


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(MissingFileError, match="scenario file not found"):
        read_scenario(tmp_path / "none.csv", zone="UTC")


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        (
            {"gaps": "linear"},
            "no gap rule is called 'linear'. Known: interpolate, previous.",
        ),
        (
            {"duplicates": "man"},
            "no duplicate rule is called 'man'. Did you mean "
            "'mean'? Known: first, mean.",
        ),
        (
            {"dst": "none"},
            "no daylight-saving rule is called 'none'. Known: both, "
            "first, second, shift, utc-offset.",
        ),
    ],
)
def test_unknown_rules_are_refused(tmp_path, rules, message):
    with pytest.raises(UnknownNameError) as caught:
        read(tmp_path, rows(("00:00", 1)), **rules)
    assert str(caught.value) == message


def test_an_unknown_zone_is_refused_with_a_suggestion(tmp_path):
    with pytest.raises(UnknownNameError) as caught:
        read(tmp_path, rows(("00:00", 1)), zone="Europe/Berln")
    assert str(caught.value).startswith(
        "no time zone is called 'Europe/Berln'. Did you mean 'Europe/Berlin'? Known: "
    )
