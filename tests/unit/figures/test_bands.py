import pandas as pd
import pytest

from gridagora.errors import InputError
from gridagora.figures.bands import band
from gridagora.figures.tables import Measure

SHARE = Measure("share", "Flexible bids", "%", domain=(0, 100))
PRICE = Measure("price", "Average price", "c/kWh")
MARKS = pd.DataFrame(
    {"x": [8.0, 75.0], "y": [6.64, 5.28], "label": ["printed 8 %", "printed 75 %"]}
)


@pytest.fixture
def runs():
    return pd.DataFrame(
        {
            "share": [0.0] * 11 + [50.0] * 11,
            "price": [float(n) for n in range(11)] + [5.0] * 11,
            "way": ["random"] * 22,
        }
    )


def test_the_line_is_the_median_and_the_band_the_middle_80_percent(runs, rows):
    spec = band(runs, x=SHARE, y=PRICE, title="").to_dict()

    # 0, 1, ..., 10: the median is 5, the 10 % quantile 1 and the 90 % quantile 9
    assert rows(spec, spec["layer"][0])[0] == {
        "group": "",
        "x": 0.0,
        "middle": 5.0,
        "low": 1.0,
        "high": 9.0,
        "n_seed": 11,
        "place": 0,
    }
    assert "median of 11 runs" in spec["title"]["subtitle"][0]


def test_axes_have_units_and_the_given_ends(runs):
    area = band(runs, x=SHARE, y=PRICE, title="").to_dict()["layer"][0]

    assert area["encoding"]["x"]["title"] == "Flexible bids (%)"
    assert area["encoding"]["x"]["scale"]["domain"] == [0, 100]
    assert area["encoding"]["y"]["title"] == "Average price (c/kWh)"


def test_one_run_is_called_one_run(runs):
    spec = band(runs[:1], x=SHARE, y=PRICE, title="").to_dict()

    assert spec["title"]["subtitle"] == ["One run."]


def test_marks_are_labelled_diamonds_on_the_side_with_room(runs, parts, rows):
    spec = band(runs, x=SHARE, y=PRICE, title="", marks=MARKS).to_dict()

    written = {
        (view["mark"]["align"], rows(spec, view)[0]["label"])
        for view in parts(spec)
        if view.get("mark", {}).get("type") == "text"
    }
    assert written == {("left", "printed 8 %"), ("right", "printed 75 %")}
    assert "Diamonds: expected values." in spec["title"]["subtitle"][0]


def test_a_single_mark_without_given_ends_is_labelled_at_its_right(runs, parts):
    share = Measure("share", "Flexible bids", "%")
    spec = band(runs, x=share, y=PRICE, title="", marks=MARKS[:1]).to_dict()

    marks = [view["mark"] for view in parts(spec) if "mark" in view]
    assert {m["align"] for m in marks if m["type"] == "text"} == {"left"}


def test_groups_differ_in_colour_and_dash_in_the_order_of_the_table(runs):
    both = pd.concat([runs.assign(way="b"), runs.assign(way="a")])
    spec = band(both, x=SHARE, y=PRICE, title="", group="way").to_dict()
    line = spec["layer"][1]["encoding"]

    assert line["color"]["scale"]["domain"] == ["b", "a"]
    assert len(set(line["color"]["scale"]["range"])) == 2
    assert len({str(dash) for dash in line["strokeDash"]["scale"]["range"]}) == 2


def test_groups_are_named_at_their_ends_and_not_in_a_legend(runs, parts, rows):
    both = pd.concat([runs.assign(way="b"), runs.assign(way="a")])
    spec = band(both, x=SHARE, y=PRICE, title="", group="way").to_dict()

    named = [
        (
            rows(spec, view)[0]["text"],
            rows(spec, view)[0]["x"],
            rows(spec, view)[0]["y"],
        )
        for view in parts(spec)
        if view.get("mark", {}).get("type") == "text"
    ]
    assert named == [("b", 50.0, 5.0), ("a", 50.0, 5.0)]
    assert spec["layer"][0]["encoding"]["color"]["legend"] is None


def test_levels_are_thin_lines_with_names_that_the_axis_holds(runs, rows):
    spec = band(
        runs, x=SHARE, y=PRICE, title="", levels={"optimum": 12.0, "truthful": 3.0}
    ).to_dict()
    rules, *_, last = spec["layer"]

    assert [row["y"] for row in rows(spec, rules)] == [12.0, 3.0]
    assert rows(spec, last)[0]["text"] == "truthful"
    assert rules["encoding"]["y"]["scale"]["domain"][1] > 12.0
    assert (
        spec["usermeta"]["gridagora"]["margin_px"] == 76 + 70
    )  # 16 + 8 letters of 6.7


def test_a_single_run_of_one_round_can_be_drawn(drawn, capfd):
    one = pd.DataFrame({"round": [3], "price": [5.0]})
    chart = band(one, x=Measure("round", "Round"), y=PRICE, title="Learning")

    assert "Learning" in drawn(chart, capfd)


def test_a_long_line_has_no_dots():
    steps = pd.DataFrame({"share": range(61), "price": range(61)})
    spec = band(steps, x=SHARE, y=PRICE, title="").to_dict()

    assert [layer["mark"]["type"] for layer in spec["layer"]] == ["area", "line"]


def test_runs_of_different_number_are_said(runs):
    spec = band(runs[:-1], x=SHARE, y=PRICE, title="").to_dict()

    assert "median of 10 to 11 runs" in spec["title"]["subtitle"][0]


def test_a_table_without_values_is_refused():
    empty = pd.DataFrame({"share": [1.0], "price": [float("nan")]})

    with pytest.raises(InputError) as caught:
        band(empty, x=SHARE, y=PRICE, title="")

    assert str(caught.value) == "table of a band: no row has a finite 'price'."


def test_the_chart_draws_without_a_warning(runs, drawn, capfd):
    chart = band(runs, x=SHARE, y=PRICE, title="T", group="way", marks=MARKS)

    assert "printed 75 %" in drawn(chart, capfd)
