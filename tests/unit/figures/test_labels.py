import numpy as np
import pytest

from gridagora.figures.labels import place

NO_LINES = np.zeros((0, 4))


def put(names, dots, lines=NO_LINES):
    dots = np.array(dots, dtype=float)
    return place(
        names,
        dots,
        np.array(lines, dtype=float),
        text_px=10,
        dot_px=np.full(len(dots), 4.0),
    )


def overlap(found, names):
    shown = np.flatnonzero(found.shown)
    for i in shown:
        for j in shown[shown > i]:
            width = (len(names[i]) + len(names[j])) * 0.58 * 10 / 2
            wide = abs(found.x_px[i] - found.x_px[j]) < width
            if wide and abs(found.y_px[i] - found.y_px[j]) < 10:
                return True
    return False


def test_a_name_stands_above_its_dot_when_all_is_free():
    found = put(["800"], [(50, 50)])

    # dot 4, air 3, half a line of text 5
    assert (found.x_px[0], found.y_px[0]) == (50.0, 38.0)


def test_a_name_leaves_the_line_that_goes_up():
    found = put(["800"], [(50, 50)], [(50, 50, 50, 0)])

    assert (found.x_px[0], found.y_px[0]) == (50.0, 62.0)


def test_names_of_neighbours_do_not_overlap():
    names = ["100", "200", "300", "400"]
    found = put(names, [(50, 50), (60, 50), (50, 58), (60, 58)])

    assert found.shown.all()
    assert not overlap(found, names)


def test_names_without_room_are_left_out_and_the_rest_do_not_overlap():
    names = [f"bus_{n}" for n in range(40)]
    dots = [(50 + 3 * (n % 8), 50 + 3 * (n // 8)) for n in range(40)]
    found = put(names, dots)

    assert not found.shown.all()
    assert not overlap(found, names)
    assert np.isnan(found.x_px[~found.shown]).all()


def test_a_large_dot_pushes_its_name_away():
    found = place(
        ["a"], np.array([[50.0, 50.0]]), NO_LINES, text_px=10, dot_px=np.array([20.0])
    )

    assert found.y_px[0] == pytest.approx(50 - 20 - 3 - 5)
