"""What tables of curves share."""

import copy

import numpy as np
import pytest

from gridagora.errors import UnknownNameError
from gridagora.types.curve_layout import CurveLayout
from gridagora.types.network import RadialNetwork

TREE = RadialNetwork.from_table({"bus": "ab", "parent": ["", "a"]})
OTHER = RadialNetwork.from_table({"bus": "ba", "parent": ["", "b"]})


def layout(*buses):
    return CurveLayout(buses, np.arange(0, 2 * len(buses) + 1, 2))


def test_every_corner_knows_its_curve():
    owner = CurveLayout(("a", "b", "a"), np.array([0, 2, 3, 6])).owner
    assert owner.tolist() == [0, 0, 1, 2, 2, 2]


def test_places_are_looked_up_once_for_each_network():
    curves = layout("b", "a")
    places = curves.places(TREE)

    assert places.tolist() == [1, 0]
    assert curves.places(TREE) is places
    assert curves.places(OTHER).tolist() == [0, 1]


def test_a_bus_that_is_not_there_is_refused():
    with pytest.raises(UnknownNameError, match="'c'"):
        layout("a", "c").places(TREE)


def test_a_copy_looks_places_up_anew():
    curves = layout("b", "a")
    places = curves.places(TREE)
    twin = copy.copy(curves)

    assert twin.owner.tolist() == [0, 0, 1, 1]
    assert twin.places(TREE).tolist() == [1, 0]
    assert twin.places(TREE) is not places
