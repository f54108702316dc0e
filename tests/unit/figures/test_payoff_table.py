import numpy as np
import pandas as pd
import pytest

from gridagora.errors import InputError
from gridagora.figures.payoff_table import payoff_table
from gridagora.figures.tables import Measure
from gridagora.figures.theme import VIRIDIS

ROW = Measure("a", "Markup of G1", "%")
COLUMN = Measure("b", "Markup of G2", "%")
SUM = Measure("sum", "Sum of payoffs", "c/h")


@pytest.fixture
def game():
    return pd.DataFrame(
        {
            "a": [30, 30, 0, 0],
            "b": [0.0, 10.0, 0.0, 10.0],
            "sum": [2.0, 5.0, 6.0, 8.0],
            "text": ["1.0 | 1.0", "0.0 | 5.0", "54.8 | 138.4", "4.0 | 4.0"],
            "marked": [False, False, True, False],
        }
    )


def draw(table, **kwargs):
    kwargs = {"row": ROW, "column": COLUMN, "value": SUM, "label": "text", **kwargs}
    return payoff_table(table, marked="marked", title="Game", **kwargs)


def cells(spec):
    return {row["text"]: row for row in spec["datasets"][spec["data"]["name"]]}


def test_actions_stand_in_rising_order_with_names_and_units(game):
    shades = draw(game).to_dict()["layer"][0]["encoding"]

    assert shades["x"]["scale"]["domain"] == ["0", "10"]
    assert shades["y"]["scale"]["domain"] == ["0", "30"]
    assert shades["x"]["title"] == "Markup of G2 (%)"
    assert shades["y"]["title"] == "Markup of G1 (%)"
    assert shades["x"]["axis"]["orient"] == "top"


def test_actions_with_names_keep_the_order_of_the_table(game):
    named = game.assign(a=["low", "low", "high", "high"])
    shades = draw(named).to_dict()["layer"][0]["encoding"]

    assert shades["y"]["scale"]["domain"] == ["low", "high"]


def test_every_cell_has_its_text_and_marked_ones_a_double_outline(game):
    layers = draw(game).to_dict()["layer"]
    outlines = [layer for layer in layers if "stroke" in layer["mark"]]

    assert [layer["mark"]["strokeWidth"] for layer in outlines] == [8, 4]
    assert {str(layer["transform"]) for layer in outlines} == {
        "[{'filter': 'datum.marked'}]"
    }
    assert {layer["encoding"]["text"]["field"] for layer in layers[3:]} == {"text"}
    assert "'bold'" in layers[3]["mark"]["fontWeight"]["expr"]


def test_text_is_black_on_light_cells_and_white_on_dark_ones(game):
    spec = draw(game).to_dict()

    assert cells(spec)["1.0 | 1.0"]["ink"] == "#000000"  # the lowest: yellow
    assert cells(spec)["4.0 | 4.0"]["ink"] == "#FFFFFF"  # the highest: dark violet
    texts = [layer["mark"]["color"] for layer in spec["layer"][3:]]
    assert sorted(texts) == ["#000000", "#FFFFFF"]


def luminance(colour):
    parts = np.array([int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)])
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


@pytest.mark.parametrize("step", range(6))
def test_text_has_a_contrast_of_at_least_four_and_a_half(step):
    ramp = pd.DataFrame(
        {"a": 0, "b": range(6), "sum": np.arange(6.0), "text": "1", "marked": False}
    )
    spec = draw(ramp).to_dict()
    ink = spec["datasets"][spec["data"]["name"]][step]["ink"]

    pair = sorted([luminance(ink) + 0.05, luminance(VIRIDIS[step]) + 0.05])
    assert pair[1] / pair[0] >= 4.5


def test_the_scale_reaches_from_the_lowest_to_the_highest_value(game):
    colour = draw(game).to_dict()["layer"][0]["encoding"]["color"]

    assert colour["scale"]["domain"] == [2.0, 8.0]
    assert colour["title"] == "Sum of payoffs (c/h)"


def test_a_given_scale_is_kept(game):
    wide = Measure("sum", "Sum", domain=(0.0, 100.0))
    spec = draw(game, value=wide).to_dict()

    assert spec["layer"][0]["encoding"]["color"]["scale"]["domain"] == [0.0, 100.0]
    assert {row["ink"] for row in cells(spec).values()} == {"#000000"}


def test_one_value_for_all_has_no_legend(game):
    spec = draw(game.assign(sum=1.0)).to_dict()

    assert spec["layer"][0]["encoding"]["color"]["legend"] is None


def test_a_cell_without_a_value_is_white_and_keeps_its_text(game, drawn, capfd):
    holes = game.assign(sum=[float("nan"), 5.0, 6.0, 8.0])
    spec = draw(holes).to_dict()

    assert spec["layer"][0]["transform"] == [{"filter": "isValid(datum.value)"}]
    assert cells(spec)["1.0 | 1.0"]["ink"] == "#000000"
    assert "1.0 | 1.0" in drawn(draw(holes), capfd)


def test_cells_are_as_wide_as_their_texts(game):
    spec = draw(game).to_dict()

    # two columns, 12 letters of 7 px and 26 px of air; two rows of 46 px
    assert (spec["width"], spec["height"]) == (2 * (12 * 7 + 26), 92)
    assert spec["usermeta"]["gridagora"]["least_width_px"] == 220


def test_short_texts_leave_a_least_width():
    tiny = pd.DataFrame(
        {"a": [1], "b": [1], "sum": [0.0], "text": ["1"], "marked": [0]}
    )

    assert draw(tiny).to_dict()["width"] == 58


def test_a_pair_of_actions_that_stands_twice_is_refused(game):
    with pytest.raises(InputError) as caught:
        draw(pd.concat([game, game[:1]]))

    assert str(caught.value) == (
        "payoff table: actions '30' and '0' stand in more than one row."
    )


def test_an_empty_table_is_refused(game):
    with pytest.raises(InputError) as caught:
        draw(game[:0])

    assert str(caught.value) == "payoff table: there is no row."


def test_the_chart_draws_without_a_warning(game, drawn, capfd):
    assert "54.8 | 138.4" in drawn(draw(game, subtitle="G1, then G2."), capfd)
