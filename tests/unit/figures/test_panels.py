import altair as alt
import pytest

from gridagora.errors import InputError
from gridagora.figures.line_ends import Axes
from gridagora.figures.panels import Panels
from gridagora.figures.tables import Measure

AXES = Axes(Measure("t", "Time", "h"), Measure("p", "Price", "c"), (0, 9), (0, 1))


def titles(panels, at):
    axes = panels.outer(AXES, at)
    return axes.along.label, axes.up.label


def test_titles_of_axes_stand_at_the_left_and_at_the_foot_of_each_column():
    # a b c
    # d e
    panels = Panels(("a", "b", "c", "d", "e"), columns=3)

    assert titles(panels, 0) == ("", "Price (c)")
    assert titles(panels, 1) == ("", "")
    assert titles(panels, 2) == ("Time (h)", "")  # nothing below it
    assert titles(panels, 3) == ("Time (h)", "Price (c)")


def test_a_row_fits_into_the_page_and_fewer_panels_are_wider():
    for n_panel in (1, 2, 3, 4):
        panels = Panels(tuple("abcd"[:n_panel]), columns=4, beside_px=50)
        room = n_panel * (panels.width_px + panels.margin_px) + 18 * (n_panel - 1)
        assert room <= 1068
    assert Panels(("a",), columns=4).width_px == 640
    assert Panels(("a", "b"), columns=2).width_px == 461  # (1068 - 18) / 2 - 64


def test_many_columns_keep_a_width_that_can_be_read():
    assert Panels(tuple("abcdefgh"), columns=8, beside_px=90).width_px == 130


def test_narrow_panels_have_fewer_ticks():
    assert Panels(("a",), columns=1).outer(AXES, 0).n_tick == 12  # 640 / 52
    assert Panels(tuple("abcdefgh"), columns=8).outer(AXES, 0).n_tick == 2


def test_panels_stand_in_rows_under_their_names(parts):
    layers = [
        [alt.Chart(alt.InlineData(values=[])).mark_point()],
    ] * 3
    spec = Panels(("x", "y", "z"), columns=2).drawn(layers).to_dict()

    named = [
        [view["title"]["text"] for view in row["hconcat"]] for row in spec["vconcat"]
    ]
    assert named == [["x", "y"], ["z"]]


def test_no_panel_and_no_column_are_refused():
    with pytest.raises(InputError) as caught:
        Panels((), columns=0)

    assert str(caught.value) == (
        "panels of a chart: there is no panel. 0 columns, expected 1 or more."
    )
