import pandas as pd
import pytest

from gridagora.errors import InputError
from gridagora.figures.distribution import distribution
from gridagora.figures.tables import Measure

MARKUP = Measure("markup", "Markup", "c/kWh")
NAN = float("nan")


@pytest.fixture
def played():
    return pd.DataFrame(
        {
            "markup": [3.0, 1.0, 2.0, 2.0, 4.0, 8.0],
            "who": ["G1"] * 4 + ["G2"] * 2,
            "case": ["K = 10"] * 4 + ["K = 30"] * 2,
        }
    )


@pytest.fixture
def known():
    return pd.DataFrame({"x": [0.0, 4.0], "y": [0.0, 1.0], "group": "uniform"})


def draw(table, **kwargs):
    return distribution(table, value=MARKUP, group="who", title="Played", **kwargs)


def marks(spec, parts, kind):
    return [view for view in parts(spec) if view.get("mark", {}).get("type") == kind]


def panels(spec):
    return [panel for row in spec["vconcat"] for panel in row["hconcat"]]


def test_the_line_rises_in_steps_by_the_share_of_rows(played, parts, rows):
    spec = draw(played).to_dict()
    line = marks(spec, parts, "line")[0]

    # sorted 1, 2, 2, 3: a quarter each
    assert [(row["x"], row["y"]) for row in rows(spec, line)] == [
        (1.0, 0.0),
        (1.0, 25.0),
        (2.0, 50.0),
        (2.0, 75.0),
        (3.0, 100.0),
    ]
    assert line["mark"]["interpolate"] == "step-after"
    assert line["encoding"]["y"]["title"] == "Share of rounds at or below (%)"
    assert line["encoding"]["y"]["scale"]["domain"] == [0.0, 100.0]


def test_groups_differ_in_colour_and_mark_in_the_order_of_the_table(played, parts):
    point = marks(draw(played).to_dict(), parts, "point")[0]["encoding"]

    assert point["color"]["scale"]["domain"] == ["G1", "G2"]
    assert len(set(point["color"]["scale"]["range"])) == 2
    assert point["shape"]["scale"]["range"] == ["circle", "square"]


def test_marks_of_groups_stand_at_different_shares(parts, rows):
    even = pd.DataFrame({"markup": [*range(100)] * 2, "who": ["a"] * 100 + ["b"] * 100})
    spec = draw(even).to_dict()
    shares = [
        [row["y"] for row in rows(spec, view)] for view in marks(spec, parts, "point")
    ]

    # six each: 1/4 and 3/4 of a sixth into each sixth
    assert shares[0][:2] == pytest.approx([100 / 24, 100 / 24 + 100 / 6], abs=1e-4)
    assert shares[1][:2] == pytest.approx([300 / 24, 300 / 24 + 100 / 6], abs=1e-4)


def test_marks_lie_on_their_line(parts, rows):
    even = pd.DataFrame({"markup": range(100), "who": "a"})
    spec = draw(even).to_dict()
    (points,) = marks(spec, parts, "point")

    # share 8.33 %: the ninth of 100 values, which is 8
    assert rows(spec, points)[0]["x"] == 8


def test_one_group_has_no_legend(played, parts):
    spec = draw(played[:4]).to_dict()

    assert marks(spec, parts, "point")[0]["encoding"]["color"]["legend"] is None


def test_a_closed_form_is_a_dashed_line_in_percent_and_said(played, known, parts, rows):
    spec = draw(played, expected=known).to_dict()
    (dashed,) = (v for v in marks(spec, parts, "line") if "strokeDash" in v["mark"])

    assert [row["y"] for row in rows(spec, dashed)] == [0.0, 100.0]
    assert dashed["encoding"]["detail"]["field"] == "group"
    assert spec["title"]["subtitle"] == ["Dashed: known in closed form."]


def test_panels_have_their_own_closed_forms_and_the_same_axes(
    played, known, parts, rows
):
    both = pd.concat(
        [known.assign(case="K = 10"), known.assign(case="K = 30", x=[2, 8])]
    )
    spec = draw(played, panel="case", expected=both).to_dict()
    ends = [
        [
            rows(spec, view)[0]["x"]
            for view in marks(panel, parts, "line")
            if "strokeDash" in view["mark"]
        ]
        for panel in panels(spec)
    ]
    scales = {
        str(v["encoding"]["x"]["scale"]["domain"]) for v in marks(spec, parts, "line")
    }

    assert [panel["title"]["text"] for panel in panels(spec)] == ["K = 10", "K = 30"]
    assert ends == [[0.0], [2.0]]
    assert scales == {"[-0.24, 8.24]"}  # 0 to 8, and 3 % of that as air


def test_a_group_that_a_panel_lacks_is_left_out_of_it(played, parts):
    spec = draw(played, panel="case").to_dict()

    assert [len(marks(panel, parts, "line")) for panel in panels(spec)] == [1, 1]


def test_many_values_are_thinned_to_even_ranks(parts, rows):
    many = pd.DataFrame({"markup": range(100_000), "who": "a"})
    spec = draw(many).to_dict()
    corners = rows(spec, marks(spec, parts, "line")[0])

    assert len(corners) == 401
    assert (corners[-1]["x"], corners[-1]["y"]) == (99_999, 100.0)
    assert (corners[1]["x"], corners[1]["y"]) == (0.0, 0.001)


def test_what_lies_beyond_a_given_end_is_cut_off(played, known, parts, rows):
    narrow = Measure("markup", "Markup", domain=(0.0, 3.0))
    spec = distribution(
        played, value=narrow, group="who", title="", expected=known
    ).to_dict()

    assert all(view["mark"]["clip"] for view in marks(spec, parts, "line"))
    drawn = [row for view in marks(spec, parts, "point") for row in rows(spec, view)]
    assert max(row["x"] for row in drawn) == 3.0


def test_nothing_is_cut_off_when_all_lies_inside(played, known, parts):
    spec = draw(played, expected=known).to_dict()

    assert not any(view["mark"]["clip"] for view in marks(spec, parts, "line"))


def test_rows_without_a_value_are_left_out_and_counted(played, parts, rows):
    holes = played.assign(markup=[NAN, *played["markup"][1:]])
    spec = draw(holes, subtitle="Last 100 rounds.").to_dict()

    assert len(rows(spec, marks(spec, parts, "line")[0])) == 4
    assert spec["title"]["subtitle"] == ["Last 100 rounds. Rows without a value: 1."]


def test_faults_are_all_named(played, known):
    bad = known.assign(y=[0.0, 1.5], case="K = 50")

    with pytest.raises(InputError) as caught:
        draw(played.assign(markup=NAN), panel="case", expected=bad)

    assert str(caught.value) == (
        "table of a distribution: no row has a finite 'markup'. "
        "expected share of 'uniform' at 4 is 1.5, expected 0 to 1. "
        "an expected distribution is for 'K = 50', which is no panel."
    )


def test_missing_columns_of_the_closed_form_are_named(played, known):
    with pytest.raises(InputError) as caught:
        draw(played, expected=known.drop(columns="y"))

    assert str(caught.value) == (
        "expected distribution: column 'y' is missing. Has: 'x', 'group'"
    )


def test_the_chart_draws_without_a_warning(played, known, drawn, capfd):
    assert "G2" in drawn(draw(played, expected=known), capfd)
