"""Curves read both ways: price at a quantity, quantity at a price."""

import numpy as np
import pytest

from gridagora.markets.kernels.laws import (
    lost_surplus,
    price_interval,
    quantity_interval,
    spanning_tree,
)

INF = np.inf
# A bid: firm 2 kW, falls 9 -> 7 to 4 kW, drops to 5, level to 6 kW, falls to 1 at 10.
BID_KW = np.array([2.0, 4.0, 4.0, 6.0, 10.0])
BID_PRICE = np.array([9.0, 7.0, 5.0, 5.0, 1.0])
# An offer: free up to 1 kW, jumps to 3, rises to 5 at 5 kW.
OFFER_KW = np.array([0.0, 1.0, 1.0, 5.0])
OFFER_PRICE = np.array([0.0, 0.0, 3.0, 5.0])


@pytest.mark.parametrize(
    ("at_kw", "low", "high"),
    [
        (2.0, 9.0, INF),  # firm: taken at any price above
        (3.0, 8.0, 8.0),
        (4.0, 5.0, 7.0),  # the vertical piece
        (5.0, 5.0, 5.0),
        (6.0, 5.0, 5.0),
        (8.0, 3.0, 3.0),
        (10.0, -INF, 1.0),
        (11.0, -INF, 1.0),  # outside counts as the end
    ],
)
def test_a_bid_has_an_interval_of_prices_at_each_quantity(at_kw, low, high):
    assert price_interval(BID_KW, BID_PRICE, -1.0, at_kw) == (low, high)


@pytest.mark.parametrize(
    ("at_kw", "low", "high"),
    [
        (0.0, -INF, 0.0),
        (0.5, 0.0, 0.0),
        (1.0, 0.0, 3.0),
        (3.0, 4.0, 4.0),
        (5.0, 5.0, INF),
    ],
)
def test_an_offer_has_an_interval_of_prices_at_each_quantity(at_kw, low, high):
    assert price_interval(OFFER_KW, OFFER_PRICE, 1.0, at_kw) == (low, high)


def test_a_firm_quantity_is_right_at_any_price():
    for direction in (-1.0, 1.0):
        firm = price_interval(np.array([3.0]), np.array([7.0]), direction, 3.0)
        assert firm == (-INF, INF)


@pytest.mark.parametrize(
    ("price", "low", "high"),
    [
        (12.0, 2.0, 2.0),
        (9.0, 2.0, 2.0),
        (8.0, 3.0, 3.0),
        (7.0, 4.0, 4.0),
        (6.0, 4.0, 4.0),
        (5.0, 4.0, 6.0),  # the level piece
        (3.0, 8.0, 8.0),
        (1.0, 10.0, 10.0),
        (-4.0, 10.0, 10.0),
    ],
)
def test_a_bid_wants_more_the_cheaper_it_is(price, low, high):
    assert quantity_interval(BID_KW, BID_PRICE, -1.0, price) == (low, high)


@pytest.mark.parametrize(
    ("price", "low", "high"),
    [(-1.0, 0.0, 0.0), (0.0, 0.0, 1.0), (2.0, 1.0, 1.0), (4.0, 3.0, 3.0), (9, 5, 5)],
)
def test_an_offer_gives_more_the_dearer_it_is(price, low, high):
    found = quantity_interval(OFFER_KW, OFFER_PRICE, 1.0, float(price))
    assert found == (low, high)


def test_lost_surplus_is_the_area_between_curve_and_price():
    # Price 8, from 3 kW (where the bid wants to be) to 6 kW: the triangle 8 -> 7 over
    # 1 kW is 0.5, then 3 below the price over 2 kW is 6.
    assert lost_surplus(BID_KW, BID_PRICE, 8.0, 3.0, 6.0) == pytest.approx(6.5)


def test_the_spanning_tree_prefers_small_reactances():
    # A triangle 0-1, 1-2, 0-2; the branch 0-1 is the longest and stays out.
    order, parent, feeding = spanning_tree(
        3, 0, np.array([0, 1, 0]), np.array([1, 2, 2]), np.array([3.0, 1.0, 2.0])
    )
    assert order.tolist() == [0, 2, 1]
    assert parent.tolist() == [-1, 2, 0]
    assert feeding.tolist() == [-1, 1, 2]
