import pandas as pd
import pytest

from gridagora.errors import InputError
from gridagora.figures.response import response
from gridagora.figures.tables import Measure

OWN = Measure("markup", "Last markup", "c/kWh")
PRICE = Measure("price", "Last price", "c/kWh")
NEXT = Measure("next", "Next markup", "c/kWh", format=".1f")
NAN = float("nan")


@pytest.fixture
def grid():
    """Markups 0, 10, 30 against prices 20, 50."""
    points = [(m, p) for m in (0.0, 10.0, 30.0) for p in (20.0, 50.0)]
    table = pd.DataFrame(points, columns=["markup", "price"])
    return table.assign(next=[0.0, 1.0, 2.0, 3.0, 4.0, 5.0])


def draw(table, **kwargs):
    kwargs = {"x": OWN, "y": PRICE, "value": NEXT, **kwargs}
    return response(table, title="A strategy", **kwargs)


def data(spec, at):
    view = spec["layer"][at]
    return spec["datasets"][(view.get("data") or spec["data"])["name"]]


def test_cells_reach_half_way_to_their_neighbours_and_not_beyond_the_grid(grid):
    spec = draw(grid).to_dict()
    found = {
        (row["x"], row["y"]): [
            row[end] for end in ("x_low", "x_high", "y_low", "y_high")
        ]
        for row in data(spec, 0)
    }

    assert found[(0, 20)] == [0, 5, 20, 35]
    assert found[(10, 20)] == [5, 20, 20, 35]
    assert found[(30, 50)] == [20, 30, 35, 50]


def test_axes_end_with_the_grid_and_have_units(grid):
    cell = draw(grid).to_dict()["layer"][0]["encoding"]

    assert cell["x"]["scale"]["domain"] == [0.0, 30.0]
    assert cell["y"]["scale"]["domain"] == [20.0, 50.0]
    assert cell["x"]["title"] == "Last markup (c/kWh)"
    assert cell["color"]["title"] == "Next markup (c/kWh)"


def test_high_answers_are_dark(grid):
    scale = draw(grid).to_dict()["layer"][0]["encoding"]["color"]["scale"]

    assert scale["scheme"] == {"name": "viridis", "extent": [1.0, 0.0]}
    assert scale["domain"] == [0.0, 5.0]


def test_given_ends_are_kept(grid):
    spec = draw(grid, x=Measure("markup", "Markup", domain=(0, 20))).to_dict()

    assert spec["layer"][0]["encoding"]["x"]["scale"]["domain"] == [0, 20]
    assert spec["layer"][0]["mark"]["clip"]


def test_dots_show_what_was_met_on_the_map(grid):
    met = pd.DataFrame(
        {"markup": [1.0, 31.0, 2.0, NAN], "price": [30.0, 30.0, 9.0, 30]}
    )
    spec = draw(grid, dots=met, subtitle="Dots: round 1.").to_dict()

    assert data(spec, 1) == [{"x": 1.0, "y": 30.0}]
    assert spec["title"]["subtitle"] == ["Dots: round 1."]


def test_many_dots_are_thinned_evenly_and_that_is_said(grid):
    met = pd.DataFrame({"markup": [15.0] * 1100, "price": 30.0})
    spec = draw(grid, dots=met).to_dict()

    assert len(data(spec, 1)) == 367  # every third
    assert spec["title"]["subtitle"] == [
        "Dots: what was really met. Drawn are 367 of 1100 dots."
    ]


@pytest.mark.parametrize("dots", [None, pd.DataFrame({"markup": [], "price": []})])
def test_without_dots_there_are_shades_alone(grid, dots):
    spec = draw(grid, dots=dots).to_dict()

    assert len(spec["layer"]) == 1
    assert spec["title"]["subtitle"] == []


def test_a_point_without_an_answer_stays_white(grid):
    spec = draw(grid.assign(next=[NAN, 1.0, 2.0, 3.0, 4.0, 5.0])).to_dict()

    assert (0.0, 20.0) not in {(row["x"], row["y"]) for row in data(spec, 0)}
    assert len(data(spec, 0)) == 5


def test_faults_are_all_named(grid):
    flat = pd.concat([grid[:1], grid[:1]]).assign(next=NAN)

    with pytest.raises(InputError) as caught:
        draw(flat)

    assert str(caught.value) == (
        "table of a response: the point 0, 20 stands in more than one row. "
        "finite values of 'markup': 1, expected 2 or more. "
        "finite values of 'price': 1, expected 2 or more. "
        "no row has a finite 'next'."
    )


def test_missing_columns_of_the_dots_are_named(grid):
    with pytest.raises(InputError) as caught:
        draw(grid, dots=pd.DataFrame({"markup": [1.0]}))

    assert str(caught.value) == (
        "dots of a response: column 'price' is missing. Has: 'markup'"
    )


def test_the_chart_draws_without_a_warning(grid, drawn, capfd):
    met = pd.DataFrame({"markup": [1.0], "price": [30.0]})

    assert "Next markup (c/kWh)" in drawn(draw(grid, dots=met), capfd)
