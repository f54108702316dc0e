import pandas as pd
import pytest

from gridagora.errors import InputError
from gridagora.figures.duration import duration
from gridagora.figures.tables import Measure

PRICE = Measure("price", "Price", "c/kWh")


@pytest.fixture
def day():
    return pd.DataFrame(
        {"price": [4.0, 8.0, 6.0, 6.0, 5.0, 3.0], "case": ["a"] * 4 + ["b"] * 2}
    )


def test_values_fall_in_steps_of_their_share(day, rows):
    spec = duration(day[:4], value=PRICE, title="").to_dict()
    line = spec["layer"][0]

    # 8 holds for the first quarter, 6 for two, 4 for the last
    points = [(row["share"], row["value"]) for row in rows(spec, line)]
    assert points == [(0.0, 8.0), (25.0, 6.0), (50.0, 6.0), (75.0, 4.0), (100.0, 4.0)]
    assert line["mark"]["interpolate"] == "step-after"


def test_axes_have_units_and_the_share_its_name(day):
    spec = duration(day, value=PRICE, title="", share="Share of bus-hours").to_dict()
    line = spec["layer"][0]["encoding"]

    assert line["x"]["title"] == "Share of bus-hours (%)"
    assert line["x"]["scale"]["domain"] == [0.0, 100.0]
    assert line["y"]["title"] == "Price (c/kWh)"


def test_groups_are_named_at_their_ends_without_a_legend(day, parts, rows):
    spec = duration(day, value=PRICE, title="", group="case").to_dict()

    texts = [
        rows(spec, view)[0]["text"]
        for view in parts(spec)
        if view.get("mark", {}).get("type") == "text"
    ]
    assert texts == ["a", "b"]
    assert '"legend"' not in str(spec["layer"])
    lines = [v["mark"] for v in parts(spec) if v.get("mark", {}).get("type") == "line"]
    assert len({(line["color"], str(line["strokeDash"])) for line in lines}) == 2


def test_a_long_curve_is_thinned_and_keeps_its_ends(rows):
    long = pd.DataFrame({"price": range(3552)})
    spec = duration(long, value=PRICE, title="").to_dict()
    points = rows(spec, spec["layer"][0])

    assert len(points) == 401
    assert (points[0]["value"], points[-1]["value"]) == (3551.0, 0.0)
    assert spec["layer"][0]["mark"]["interpolate"] == "linear"


def test_rows_without_a_value_are_left_out_and_counted(day, rows):
    holes = day.assign(price=[4.0, float("nan"), 6.0, float("inf"), 5.0, 3.0])
    spec = duration(holes, value=PRICE, title="").to_dict()

    assert len(rows(spec, spec["layer"][0])) == 5
    assert " ".join(spec["title"]["subtitle"]).endswith("Rows without a value: 2.")


def test_given_ends_are_kept(day):
    price = Measure("price", "Price", domain=(0.0, 20.0))
    spec = duration(day, value=price, title="").to_dict()

    assert spec["layer"][0]["encoding"]["y"]["scale"]["domain"] == [0.0, 20.0]


def test_a_group_without_values_is_refused(day):
    empty = day.assign(price=[1.0, 1.0, 1.0, 1.0, float("nan"), float("nan")])

    with pytest.raises(InputError) as caught:
        duration(empty, value=PRICE, title="", group="case")

    assert str(caught.value) == "duration curve: no row of 'b' has a finite 'price'."


@pytest.mark.parametrize(
    ("rows_kept", "fault"),
    [(0, "there is no row."), (1, "no row has a finite 'price'.")],
)
def test_a_table_without_values_is_refused(rows_kept, fault):
    table = pd.DataFrame({"price": [float("nan")]})[:rows_kept]

    with pytest.raises(InputError) as caught:
        duration(table, value=PRICE, title="")

    assert str(caught.value) == f"duration curve: {fault}"


@pytest.mark.parametrize("group", [None, "case"])
def test_the_chart_draws_without_a_warning(day, group, drawn, capfd):
    assert "Day" in drawn(duration(day, value=PRICE, title="Day", group=group), capfd)
