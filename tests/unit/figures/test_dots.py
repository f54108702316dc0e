import pandas as pd
import pytest

from gridagora.errors import InputError
from gridagora.figures.dots import dots
from gridagora.figures.tables import Measure

FEEDER = Measure("feeder", "Feeder")
ERROR = Measure("error", "Error", "c/kWh", format=".1e")
BUS = Measure("bus", "Bus")
NAN = float("nan")


@pytest.fixture
def errors():
    return pd.DataFrame(
        {
            "feeder": ["IEEE 13"] * 3 + ["IEEE 37"] * 3,
            "bus": ["671", "692", "680", "701", "702", "703"],
            "error": [2e-9, 3e-8, 2e-9, 5e-7, 4e-6, 1e-9],
        }
    )


def draw(table, **kwargs):
    return dots(table, category=FEEDER, value=ERROR, name=BUS, title="Trust", **kwargs)


def points(spec, parts, rows):
    (view,) = (v for v in parts(spec) if v.get("mark", {}).get("type") == "circle")
    return view, rows(spec, view)


def names(spec, parts, rows):
    return [
        row["name"]
        for view in parts(spec)
        if view.get("mark", {}).get("type") == "text" and "stroke" in view["mark"]
        for row in rows(spec, view)
    ]


def test_errors_lie_on_a_scale_of_powers_of_ten_with_a_unit(errors, parts, rows):
    view, _ = points(draw(errors).to_dict(), parts, rows)

    assert view["encoding"]["x"]["scale"]["type"] == "log"
    assert view["encoding"]["x"]["scale"]["domain"] == pytest.approx([1e-9, 1e-5])
    assert view["encoding"]["x"]["title"] == "Error (c/kWh)"


def test_categories_are_rows_in_the_order_of_the_table(errors, parts, rows):
    view, table = points(draw(errors).to_dict(), parts, rows)

    assert [row["row"] for row in table] == [0, 0, 0, 1, 1, 1]
    assert '["IEEE 13", "IEEE 37"]' in view["encoding"]["y"]["axis"]["labelExpr"]


def test_dots_at_one_place_move_apart(errors, parts, rows):
    _, table = points(draw(errors).to_dict(), parts, rows)

    # both of 2e-9: the first stays in the middle, the second moves by 6 of 62 px
    assert table[0]["at"] == 0
    assert table[2]["at"] == pytest.approx(-6 / 62, abs=1e-6)


def test_a_pile_higher_than_its_row_stays_inside(parts, rows):
    pile = pd.DataFrame({"feeder": "a", "bus": range(40), "error": 1e-9})
    _, table = points(draw(pile).to_dict(), parts, rows)

    assert max(abs(row["at"]) for row in table) == pytest.approx(18 / 62, abs=1e-6)


def test_the_largest_error_of_each_row_is_named(errors, parts, rows):
    assert sorted(names(draw(errors).to_dict(), parts, rows)) == ["692", "702"]


def test_errors_beyond_what_is_allowed_are_marked_and_counted(errors, parts, rows):
    spec = draw(errors, most=1e-6).to_dict()
    _, table = points(spec, parts, rows)

    assert [row["name"] for row in table if row["beyond"]] == ["702"]
    assert spec["title"]["subtitle"] == [
        "6 dots; the largest of each row is named. Beyond the dashed line: 1."
    ]


def test_none_beyond_is_said(errors):
    spec = draw(errors, most=1e-3).to_dict()

    assert "Beyond the dashed line: none." in spec["title"]["subtitle"][0]


def test_a_name_without_room_beside_its_dot_stands_above_it(errors, parts, rows):
    spec = draw(errors, most=4e-6).to_dict()  # the dot of 702 touches the line

    above = [
        row["name"]
        for view in parts(spec)
        if view.get("mark", {}).get("dy") == -27 and "stroke" in view["mark"]
        for row in rows(spec, view)
    ]
    assert above == ["702"]


def test_zero_stands_at_the_left_end_under_a_zero(errors, parts, rows):
    exact = errors.assign(error=[0.0, 3e-8, 2e-9, 5e-7, 4e-6, 2e-9])
    view, table = points(draw(exact).to_dict(), parts, rows)

    axis = view["encoding"]["x"]
    assert axis["scale"]["domain"] == pytest.approx([1e-10, 1e-5])
    assert axis["axis"]["labelExpr"].endswith("? '0' : ''")
    assert (table[0]["shown"], table[0]["value"]) == (1e-10, 0.0)


def test_zeros_alone_can_be_drawn(drawn, capfd):
    exact = pd.DataFrame({"feeder": ["a"], "bus": ["b"], "error": [0.0]})

    assert "bus b: 0.0e+0" in drawn(draw(exact), capfd)


def test_rows_without_a_value_are_left_out_and_counted(errors, parts, rows):
    holes = errors.assign(error=[NAN, 3e-8, 2e-9, 5e-7, 4e-6, NAN])
    spec = draw(holes).to_dict()

    assert len(points(spec, parts, rows)[1]) == 4
    assert spec["title"]["subtitle"][0].endswith("Rows without a value: 2.")


def test_negative_errors_are_refused(errors):
    with pytest.raises(InputError) as caught:
        draw(errors.assign(error=-1e-9)[:2])

    assert str(caught.value) == (
        "table of dots: error of '671' is -1e-09, expected >= 0. "
        "error of '692' is -1e-09, expected >= 0."
    )


def test_a_table_without_values_is_refused(errors):
    with pytest.raises(InputError) as caught:
        draw(errors.assign(error=NAN))

    assert str(caught.value) == "table of dots: no row has a finite 'error'."


def test_the_chart_draws_without_a_warning(errors, drawn, capfd):
    text = drawn(draw(errors, most=1e-6), capfd)

    assert "bus 702: 4.0e-6" in text
    assert "allowed: 1.0e-6" in text
