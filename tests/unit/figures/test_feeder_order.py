import altair as alt
import numpy as np
import pandas as pd
import pytest

from gridagora.errors import InputError
from gridagora.figures.feeder_order import drawing, in_order

_ENDS = ["from_at", "from_line", "at", "line"]


def tree(*ends):
    return pd.DataFrame(
        {
            "branch": [a + b for a, b in ends],
            "from_bus": [a for a, _ in ends],
            "to_bus": [b for _, b in ends],
        }
    )


@pytest.fixture
def feeder():
    """A path s-a-b-c; at a hang d and, with e below it, f."""
    return tree("sa", "ab", "bc", "cg", "ad", "af", "fe")


def test_what_hangs_at_a_junction_comes_before_the_path_goes_on(feeder):
    order = in_order(feeder)

    # of a's children d has 1 bus behind it, f has 2 and b has 3
    assert order.buses["bus"].tolist() == ["s", "a", "d", "f", "e", "b", "c", "g"]
    assert order.buses["at"].tolist() == list(range(8))
    assert order.buses["line"].tolist() == [0, 0, 2, 1, 1, 0, 0, 0]


@pytest.mark.parametrize("seed", range(10))
def test_no_line_of_the_drawing_crosses_another(seed):
    rng = np.random.default_rng(seed)
    names = [f"{at:02d}" for at in range(30)]
    ends = [(names[rng.integers(at)], names[at]) for at in range(1, 30)]
    columns = in_order(tree(*ends)).links[_ENDS]
    links = columns.to_numpy().tolist()

    for near, near_line, far, line in links:
        for begin, _, end, other_line in links:
            goes_down_through = near_line < other_line <= line and begin < near < end
            ends_on = other_line == line and near < end < far
            assert not goes_down_through
            assert not ends_on


def test_each_branch_knows_the_places_of_its_ends(feeder):
    links = in_order(feeder).links.set_index("branch")[_ENDS]

    assert links.to_dict("index")["af"] == dict(zip(_ENDS, [1, 0, 3, 1], strict=True))


def test_the_order_of_rows_does_not_matter_where_sizes_differ(feeder):
    turned = in_order(feeder[::-1])

    assert turned.buses.equals(in_order(feeder).buses)


def test_the_drawing_has_a_cross_on_each_flagged_branch(feeder, rows):
    order = in_order(feeder.assign(full=feeder["branch"] == "af"))
    chart = drawing(order, lambda field: alt.X(field), flag="full")
    spec = chart.to_dict()

    *_, dots, crosses = spec["layer"]
    assert len(rows(spec, dots)) == 8
    (cross,) = rows(spec, crosses)
    assert (cross["middle"], cross["line"]) == (2.0, 1)
    assert chart.height == order.tall_px == 45


@pytest.mark.parametrize("flag", [None, "full"])
def test_without_a_flagged_branch_there_is_no_cross(feeder, flag):
    order = in_order(feeder.assign(full=False))

    assert len(drawing(order, lambda field: alt.X(field), flag=flag).layer) == 3


@pytest.mark.parametrize(
    ("branches", "faults"),
    [
        (tree(), "there is no branch."),
        (tree("sa", "tb"), "buses that no branch feeds: 's', 't', expected one."),
        (tree("sa", "sb", "ab"), "bus 'b' is at the far end of more than one branch."),
        (tree("sa", "bc", "cb"), "from 's' nothing leads to 'c', 'b'."),
        (tree("ab", "ba"), "buses that no branch feeds: none, expected one."),
    ],
    ids=["empty", "two sources", "loop", "island", "ring"],
)
def test_what_is_no_tree_is_refused(branches, faults):
    with pytest.raises(InputError) as caught:
        in_order(branches)

    assert str(caught.value) == f"branches of a tree: {faults}"
