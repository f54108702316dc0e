import altair as alt
import numpy as np
import pytest

from gridagora.figures.line_ends import Axes, End, apart, end_names, margin_px
from gridagora.figures.tables import Measure

AXES = Axes(Measure("t", "Time", "h"), Measure("p", "Price"), (0.0, 24.0), (2.0, 12.0))


def test_boxes_that_do_not_meet_stay_where_they_are():
    wanted = np.array([80.0, 10.0, 40.0])

    assert apart(wanted, np.full(3, 17.0), 100.0).tolist() == [80.0, 10.0, 40.0]


def test_boxes_that_meet_share_the_way_and_keep_their_order():
    # 50 and 54 want 17 px each: their pile of 34 px is centred on 52
    wanted = np.array([54.0, 50.0])

    assert apart(wanted, np.full(2, 17.0), 100.0).tolist() == [60.5, 43.5]


def test_a_pile_that_grows_takes_in_its_neighbour():
    # 50, 50 spread to 40 ... 60, which meets the box of 62: all three around 54
    wanted = np.array([50.0, 50.0, 62.0])

    assert apart(wanted, np.full(3, 10.0), 100.0) == pytest.approx([44.0, 54.0, 64.0])


@pytest.mark.parametrize(("wanted", "put"), [([0.0], [5.0]), ([99.0], [95.0])])
def test_boxes_stay_inside_the_chart(wanted, put):
    assert apart(np.array(wanted), np.array([10.0]), 100.0).tolist() == put


def test_more_boxes_than_fit_begin_at_the_top():
    assert apart(np.zeros(3), np.full(3, 10.0), 20.0).tolist() == [5.0, 15.0, 25.0]


def test_a_piece_of_each_line_leads_to_its_name(rows):
    ends = [
        End("cheap", 24.0, 4.0, "#0072B2", (7, 3)),
        End("dear", 20.0, 9.0, "#D55E00"),
    ]
    layers = end_names(ends, AXES, tall_px=100)

    leader, name = (layer.to_dict() for layer in layers[:2])
    assert leader["mark"]["color"] == "#0072B2"
    assert leader["mark"]["strokeDash"] == [7, 3]
    assert leader["encoding"]["x2"] == {"value": "width"}
    (row,) = rows(leader, leader)
    assert row == {"x": 24.0, "y": 4.0, "y2": pytest.approx(4.0), "text": "cheap"}
    assert name["encoding"]["text"]["field"] == "text"
    assert name["encoding"]["y"]["scale"]["domain"] == [2.0, 12.0]


def test_a_long_name_has_several_lines_centred_on_their_place(rows):
    ends = [End("agents that learn all day", 24.0, 7.0, "#0072B2")]
    name = end_names(ends, AXES, tall_px=100)[1].to_dict()

    assert rows(name, name)[0]["text"] == "agents that\nlearn all day"
    assert name["mark"]["dy"] == -7.0
    assert margin_px(["agents that learn all day"]) == 103  # 16 + 13 letters of 6.7


def test_axes_begin_and_end_where_they_are_told():
    chart = alt.Chart(alt.InlineData(values=[])).mark_point()
    spec = chart.encode(x=AXES.x("a:Q"), y=AXES.y("b:Q")).to_dict()["encoding"]

    assert (spec["x"]["title"], spec["x"]["scale"]["domain"]) == ("Time (h)", [0, 24])
    assert (spec["y"]["title"], spec["y"]["scale"]["domain"]) == ("Price", [2, 12])


def test_an_empty_name_is_allowed():
    assert margin_px([""]) == 16


@pytest.mark.parametrize(
    ("written", "ends", "ticks"),
    [
        (".0f", (0.0, 2.0), [0, 1, 2]),
        (",.0f", (0.5, 3.2), [1, 2, 3]),
        (".0f", (0.0, 200.0), None),  # too many to name each
        (".2f", (0.0, 2.0), None),
    ],
)
def test_short_axes_of_whole_numbers_have_no_ticks_between(written, ends, ticks):
    hour = Measure("hour", "Hour", format=written)
    axes = Axes(hour, hour, ends, ends)

    chart = alt.Chart(alt.InlineData(values=[])).mark_point()
    spec = chart.encode(x=axes.x("a:Q"), y=axes.y("b:Q")).to_dict()["encoding"]
    for way in ("x", "y"):
        axis = spec[way]["axis"]
        assert axis.get("values") == ticks
        assert axis.get("format") == (written if ticks else None)
