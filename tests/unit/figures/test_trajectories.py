import pandas as pd
import pytest

from gridagora.errors import InputError
from gridagora.figures.tables import Measure
from gridagora.figures.trajectories import trajectories

TIME = Measure("t", "Generation")
MARKUP = Measure("markup", "Mean markup", "c/kWh")
NAN = float("nan")


@pytest.fixture
def runs():
    """Two players in two runs of three generations; G2 plays only in run 1."""
    return pd.DataFrame(
        {
            "t": [2, 1, 0, 0, 1, 2, 0, 1, 2],
            "markup": [7.0, 8.0, 9.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0],
            "low": [6.0, 7.0, 8.0, 0.0, 1.0, 2.0, 3.0, NAN, 5.0],
            "high": [9.0, 9.0, 9.5, 2.0, 3.0, 4.0, 5.0, 6.0, 12.0],
            "who": ["G1"] * 3 + ["G2"] * 3 + ["G1"] * 3,
            "run": ["run 1"] * 6 + ["run 2"] * 3,
        }
    )


def draw(table, **kwargs):
    kwargs = {"x": TIME, "y": MARKUP, "group": "who", "panel": "run", **kwargs}
    return trajectories(table, title="Markups", **kwargs)


def marks(spec, parts, kind):
    return [view for view in parts(spec) if view.get("mark", {}).get("type") == kind]


def panels(spec):
    return [panel for row in spec["vconcat"] for panel in row["hconcat"]]


def names(panel, spec, parts, rows):
    """Names at the right of a panel, and at which height their lines end."""
    found = [
        rows(spec, view)[0]
        for view in marks(panel, parts, "text")
        if "text" in view["encoding"]
    ]
    return {row["text"]: (row["x"], row["y"]) for row in found}


def test_every_run_has_a_panel_and_every_player_a_line_along_x(runs, parts, rows):
    spec = draw(runs).to_dict()
    drawn = [
        [[row["y"] for row in rows(spec, line)] for line in marks(panel, parts, "line")]
        for panel in panels(spec)
    ]

    assert [panel["title"]["text"] for panel in panels(spec)] == ["run 1", "run 2"]
    assert drawn == [[[9.0, 8.0, 7.0], [1.0, 2.0, 3.0]], [[4.0, 5.0, 6.0]]]


def test_a_player_looks_the_same_in_all_panels_and_differs_in_grey(runs, parts):
    spec = draw(runs).to_dict()
    looks = [
        [(view["mark"]["color"], view["mark"]["strokeDash"]) for view in lines]
        for lines in (marks(panel, parts, "line") for panel in panels(spec))
    ]

    assert looks[0][0] == looks[1][0]
    assert looks[0][0][0] != looks[0][1][0]
    assert looks[0][0][1] != looks[0][1][1]


def test_lines_are_named_at_their_ends_in_place_of_a_legend(runs, parts, rows):
    spec = draw(runs).to_dict()

    assert names(panels(spec)[0], spec, parts, rows) == {
        "G1": (2.0, 7.0),
        "G2": (2.0, 3.0),
    }
    assert names(panels(spec)[1], spec, parts, rows) == {"G1": (2.0, 6.0)}


def test_all_panels_have_the_same_axes_which_hold_bands_and_levels(runs, parts):
    spec = draw(runs, spread=("low", "high"), levels={"highest": 15.0}).to_dict()
    scales = {
        (str(view["encoding"]["x"]["scale"]), str(view["encoding"]["y"]["scale"]))
        for kind in ("line", "area")
        for view in marks(spec, parts, kind)
    }

    # from 0 to 15, and 6 % of that as air
    assert scales == {
        (
            "{'domain': [0.0, 2.0], 'nice': False}",
            "{'domain': [-0.9, 15.9], 'nice': False}",
        )
    }


def test_a_band_is_as_thin_as_the_line_where_an_end_is_not_known(runs, parts, rows):
    spec = draw(runs, spread=("low", "high")).to_dict()
    (area,) = marks(panels(spec)[1], parts, "area")

    found = [(row["low"], row["high"]) for row in rows(spec, area)]
    assert found == [(3.0, 5.0), (5.0, 6.0), (5.0, 12.0)]


def test_without_a_spread_there_is_no_band(runs, parts):
    assert marks(draw(runs).to_dict(), parts, "area") == []


def test_levels_hold_for_all_panels_or_for_those_they_name(runs, parts, rows):
    levels = {"highest": 10.0, "mean": {"run 2": 5.5}}
    spec = draw(runs, levels=levels).to_dict()
    drawn = [
        [
            row["y"]
            for view in marks(panel, parts, "rule")
            if "x" not in view["encoding"]
            for row in rows(spec, view)
        ]
        for panel in panels(spec)
    ]

    assert drawn == [[10.0], [10.0, 5.5]]
    assert "mean" not in names(panels(spec)[0], spec, parts, rows)
    assert names(panels(spec)[1], spec, parts, rows)["mean"] == (2.0, 5.5)


def test_a_short_run_is_drawn_whole_and_says_nothing_of_it():
    short = pd.DataFrame({"t": range(400), "markup": 1.0, "who": "G1", "run": "1"})
    spec = draw(short, subtitle="Bands: none.").to_dict()

    assert len(next(iter(spec["datasets"].values()))) == 400
    assert spec["title"]["subtitle"] == ["Bands: none."]


def test_a_long_run_is_thinned_and_keeps_its_peaks_and_its_ends(parts, rows):
    # 4000 values: parts of 20. A peak at 1234 and a hole at 1238 lie in one part.
    long = pd.DataFrame({"t": range(4000), "markup": 5.0, "who": "G1", "run": "1"})
    long.loc[[1234, 1238], "markup"] = [9.0, 1.0]
    long["low"], long["high"] = long["markup"] - 1, long["markup"] + 1
    spec = draw(long, spread=("low", "high")).to_dict()
    (line,) = marks(spec, parts, "line")
    drawn = {row["x"]: row for row in rows(spec, line)}

    assert len(drawn) <= 402
    assert (drawn[1234]["y"], drawn[1238]["y"]) == (9.0, 1.0)
    assert {0.0, 3999.0} <= set(drawn)
    assert (drawn[1234]["low"], drawn[1234]["high"]) == (0.0, 10.0)  # of the part
    assert (drawn[0]["low"], drawn[0]["high"]) == (4.0, 6.0)
    assert spec["title"]["subtitle"] == [
        "Drawn are the lowest and the highest of every 20 values of a line."
    ]


def test_rows_without_a_value_are_left_out(runs, parts, rows):
    spec = draw(runs.assign(markup=[NAN, *runs["markup"][1:]])).to_dict()

    assert [row["y"] for row in rows(spec, marks(spec, parts, "line")[0])] == [9.0, 8.0]


def test_given_ends_of_the_axes_are_kept(runs, parts):
    spec = draw(
        runs,
        x=Measure("t", "Generation", domain=(0, 5)),
        y=Measure("markup", "Markup", domain=(0, 30)),
    ).to_dict()
    line = marks(spec, parts, "line")[0]["encoding"]

    assert line["x"]["scale"]["domain"] == [0, 5]
    assert line["y"]["scale"]["domain"] == [0, 30]


def test_faults_of_the_table_are_all_named(runs):
    twice = pd.concat([runs, runs[:1]])

    with pytest.raises(InputError) as caught:
        draw(twice, levels={"mean": {"run 3": 1.0}})

    assert str(caught.value) == (
        "table of trajectories: 'G1' in 'run 1' has more than one row at 2. "
        "level 'mean' is for 'run 3', which is no panel."
    )


def test_a_table_without_values_is_refused(runs):
    with pytest.raises(InputError) as caught:
        draw(runs.assign(markup=NAN))

    assert str(caught.value) == "table of trajectories: no row has a finite 'markup'."


def test_missing_columns_are_named(runs):
    with pytest.raises(InputError) as caught:
        draw(runs.drop(columns=["who"]), spread=("low", "top"))

    assert str(caught.value) == (
        "table of trajectories: column 'who' is missing. column 'top' is missing. "
        "Has: 't', 'markup', 'low', 'high', 'run'"
    )


def test_one_generation_can_be_drawn(drawn, capfd):
    one = pd.DataFrame({"t": [3], "markup": [5.0], "who": "G1", "run": "run 1"})

    assert "run 1" in drawn(draw(one), capfd)


def test_the_chart_draws_without_a_warning(runs, drawn, capfd):
    levels = {"price of indifference": 8.0}
    text = drawn(draw(runs, spread=("low", "high"), levels=levels), capfd)

    assert text.count("indifference") >= 2  # once in each panel
