"""Bounds of supporting prices, piece by piece."""

import numpy as np

from gridagora.markets.kernels.pieces import bus_price_bounds, cut, snap


def test_pieces_narrower_than_told_count_as_vertical():
    order, width, first, last, base = cut(
        np.array([True]),
        np.array([0, 3]),
        np.array([1.0, 1.0 + 1e-12, 3.0]),
        np.array([9.0, 8.0, 7.0]),
        1e-10,
    )
    assert order.tolist() == [0]
    assert width.tolist() == [3.0 - (1.0 + 1e-12)]
    assert (first.tolist(), last.tolist(), base.tolist()) == ([8.0], [7.0], [1.0])


def test_prices_are_bounded_by_what_pieces_got():
    # One bus each: an empty bid (price at least 5), a full bid (at most 4), an empty
    # offer (at most 2), a full offer (at least 3), a part-filled bid (its own price).
    low, high = bus_price_bounds(
        6,
        np.arange(5),
        np.array([True, True, False, False, True]),
        np.ones(5),
        np.array([5.0, 5.0, 2.0, 2.0, 5.0]),
        np.array([4.0, 4.0, 3.0, 3.0, 4.0]),
        np.array([0.0, 1.0, 0.0, 1.0, 0.5]),
        np.array([6.0, 1.0, 1.0, 7.0, 4.5, 0.0]),
        1e-10,
    )
    inf = np.inf
    assert low.tolist() == [5.0, -inf, -inf, 3.0, 4.5, -inf]
    assert high.tolist() == [inf, 4.0, 2.0, inf, 4.5, inf]


def test_bounds_always_enclose_the_price_that_is_known_to_support():
    low, high = bus_price_bounds(
        1,
        np.array([0]),
        np.array([True]),
        np.ones(1),
        np.array([5.0]),
        np.array([4.0]),
        np.array([0.0]),
        np.array([5.0 - 1e-12]),
        1e-10,
    )
    assert low[0] == 5.0 - 1e-12
    assert high[0] == np.inf


def test_dust_beside_a_corner_is_snapped_onto_it():
    quantity = np.array([1e-30, 2.5, 4.0 + 1e-13])
    snap(
        np.array([0, 2, 4, 6]),
        np.array([0.0, 3.0, 0.0, 3.0, 0.0, 4.0]),
        quantity,
        1e-12,
    )
    assert quantity.tolist() == [0.0, 2.5, 4.0]
