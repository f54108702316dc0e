import pandas as pd
import pytest

from gridagora.errors import InputError
from gridagora.figures.bars import bars
from gridagora.figures.tables import Measure

UNIT = Measure("unit", "Unit")
POWER = Measure("kw", "Dispatch", "kW", format=".0f")


@pytest.fixture
def table():
    return pd.DataFrame(
        {
            "unit": ["G2", "G1", "G2", "G1"],
            "kw": [300.0, 111.0, -5.0, 100.0],
            "case": ["raised", "raised", "elastic", "elastic"],
            "claim": [300.0, float("nan"), 0.0, 100.0],
        }
    )


def test_bars_keep_the_order_of_the_table_and_name_the_unit(table, rows):
    spec = bars(table[:2], category=UNIT, value=POWER, title="").to_dict()
    bar = spec["layer"][0]

    assert [row["category"] for row in rows(spec, bar)] == ["G2", "G1"]
    assert bar["encoding"]["y"]["sort"] is None
    assert bar["encoding"]["x"]["title"] == "Dispatch (kW)"
    assert bar["encoding"]["color"]["legend"] is None


def test_groups_stand_side_by_side_in_their_colours(table):
    spec = bars(table, category=UNIT, value=POWER, title="", group="case").to_dict()
    bar = spec["layer"][0]["encoding"]

    assert bar["yOffset"]["field"] == "group"
    assert bar["color"]["scale"]["domain"] == ["raised", "elastic"]


def test_values_are_written_outside_of_the_bars_on_both_sides(table):
    spec = bars(table, category=UNIT, value=POWER, title="", group="case").to_dict()

    texts = [view["mark"] for view in spec["layer"] if view["mark"]["type"] == "text"]
    assert [(mark["align"], mark["dx"]) for mark in texts] == [
        ("left", 6),
        ("right", -6),
    ]


def test_expected_values_are_ticks_that_the_subtitle_explains(table):
    spec = bars(
        table[:2], category=UNIT, value=POWER, title="", expected="claim"
    ).to_dict()

    assert spec["layer"][-1]["mark"]["type"] == "tick"
    assert spec["title"]["subtitle"] == ["Black ticks: expected values."]


def test_long_names_are_wrapped_and_their_bars_stand_wider_apart(table, rows):
    long = table[:1].assign(unit="d. 75 % of the bids are flexible from the start")
    spec = bars(long, category=UNIT, value=POWER, title="").to_dict()

    (row,) = rows(spec, spec["layer"][0])
    assert row["category"] == "d. 75 % of the\nbids are flexible\nfrom the start"
    assert spec["height"]["step"] == 3 * 14 + 12
    offset = spec["layer"][0]["encoding"]["y"]["axis"]["labelOffset"]
    assert [at["value"] for at in offset["condition"]] == [-7, -14]  # half of 14, of 28


def test_a_given_domain_is_kept(table):
    power = Measure("kw", "Dispatch", "kW", domain=(0, 600))
    spec = bars(table[:2], category=UNIT, value=power, title="").to_dict()

    assert spec["layer"][0]["encoding"]["x"]["scale"]["domain"] == [0, 600]


def test_a_table_without_rows_is_refused(table):
    with pytest.raises(InputError) as caught:
        bars(table[:0], category=UNIT, value=POWER, title="")

    assert str(caught.value) == "table of bars: there is no row."


@pytest.mark.parametrize("group", [None, "case"])
def test_the_chart_draws_without_a_warning(table, group, drawn, capfd):
    shown = table if group else table.assign(kw=-table["kw"].abs())[:2]
    chart = bars(
        shown, category=UNIT, value=POWER, title="Units", group=group, expected="claim"
    )

    assert "Units" in drawn(chart, capfd)


def test_negative_values_have_a_line_at_zero_and_room_for_their_numbers(table, rows):
    spec = bars(table, category=UNIT, value=POWER, title="", group="case").to_dict()
    plain = bars(table[:2], category=UNIT, value=POWER, title="").to_dict()

    line = spec["layer"][-1]
    assert line["mark"]["type"] == "rule"
    assert rows(spec, line) == [{"value": 0}]
    axis = spec["layer"][0]["encoding"]["y"]["axis"]
    assert (axis["domain"], axis["labelPadding"]) == (False, 50)
    assert spec["usermeta"]["gridagora"]["margin_px"] == 240
    assert [view["mark"]["type"] for view in plain["layer"]] == ["bar", "text"]
    axis = plain["layer"][0]["encoding"]["y"]["axis"]
    assert (axis["domain"], axis["labelPadding"]) == (True, 6)
    assert plain["usermeta"]["gridagora"]["margin_px"] == 190
