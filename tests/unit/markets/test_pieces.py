"""Curves become variables of order one."""

import numpy as np
import pytest

from gridagora.markets.pieces import Pieces
from gridagora.types.network import Network
from gridagora.types.orders import Bid, Curve, CurveColumns, Offer

NET = Network.from_table({"from_bus": ["a"], "to_bus": ["b"], "limit_kw": [8]})
# Bid: firm 2, falls 9 -> 7 to 4, drops to 5, level to 6, falls to 1 at 10 kW.
BOOK = CurveColumns.of(
    [
        Bid("town", "b", Curve((2, 4, 4, 6, 10), (9, 7, 5, 5, 1))),
        Offer("coal", "a", Curve((0, 5), (-1, 3))),
    ],
    NET,
)


def test_vertical_pieces_vanish_and_the_rest_is_scaled():
    pieces = Pieces.of(BOOK, BOOK.bus, 2)

    # Quantities over 10 kW, prices over 9 - (-1) = 10.
    assert pieces.scale_kw == 10.0
    assert pieces.scale_price == 10.0
    assert pieces.order.tolist() == [0, 0, 0, 1]
    assert pieces.place.tolist() == [1, 1, 1, 0]
    assert pieces.sign.tolist() == [1.0, 1.0, 1.0, -1.0]
    assert pieces.width == pytest.approx([0.2, 0.2, 0.4, 0.5])
    assert pieces.first == pytest.approx([0.9, 0.5, 0.5, -0.1])
    assert pieces.last == pytest.approx([0.7, 0.5, 0.1, 0.3])
    assert pieces.base == pytest.approx([0.2, 0.0])
    assert pieces.firm == pytest.approx([0.0, 0.2])
    assert pieces.middle_price == pytest.approx(0.4)
    assert pieces.flat.tolist() == [False, True, False, False]


def test_net_demand_adds_firm_and_filled():
    pieces = Pieces.of(BOOK, BOOK.bus, 2)

    filled = pieces.net_demand(np.array([0.1, 0.0, 0.0, 0.3]))
    assert filled == pytest.approx([-0.3, 0.3])


def test_the_objective_is_cost_less_value():
    program = Pieces.of(BOOK, BOOK.bus, 2).objective()

    assert program.curvature == pytest.approx([1.0, 0.0, 1.0, 0.8])
    assert program.linear == pytest.approx([-0.9, -0.5, -0.5, -0.1])


def test_a_book_of_zeros_keeps_scale_one():
    zero = CurveColumns.of([Bid("x", "a", Curve((0, 0), (0, 0)))], NET)
    pieces = Pieces.of(zero, zero.bus, 2)

    assert (pieces.scale_kw, pieces.scale_price, pieces.order.size) == (1.0, 1.0, 0)
