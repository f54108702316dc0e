"""Columns of orders of every kind: which rows need more, and what they become."""

import numpy as np
import pytest

from gridagora.errors import InvalidOrderError, UnknownNameError
from gridagora.types.cost_columns import CostColumns, first_corners_kw
from gridagora.types.cost_orders import (
    AnyOrder,
    CostOffer,
    ExportBid,
    ImportOffer,
    ReducibleDemand,
)
from gridagora.types.costs import PolynomialCost
from gridagora.types.network import Network
from gridagora.types.orders import Bid, CurveColumns, CurveJoin

NET = Network.from_table({"from_bus": ["a"], "to_bus": ["b"]})
CUBE = PolynomialCost((0.0, 0.0, 0.0, 1.0))
HOME = Bid.affine("home", "a", p_max=9, p_min=3, q_max=6)
ORDERS: list[AnyOrder] = [
    ImportOffer("t", "a", 5.0),
    ExportBid("t", "a", 1.0),
    CostOffer("sun", "b", PolynomialCost((0.0,)), q_max=4.0),
    CostOffer("gas", "b", CUBE, q_max=8.0),
    ReducibleDemand("mill", "b", 10.0, CUBE, 2.0),
    HOME,
]
BOOK = CostColumns.of(ORDERS, NET)


def test_rows_are_orders_and_those_that_need_more_are_noted():
    assert BOOK.curves.participant == ("t", "t", "sun", "gas", "mill", "home")
    assert BOOK.curves.bus.tolist() == [0, 0, 1, 1, 1, 0]
    assert BOOK.curves.is_bid.tolist() == [False, True, False, False, True, True]
    assert list(BOOK.curved) == [3, 4]
    assert BOOK.outside == (0, 1)
    assert BOOK.unlimited == (0, 1)
    # A curved row has 9 true values to begin with: 3 q^2 at 0, 1, ..., 8.
    gas = slice(int(BOOK.curves.start[3]), int(BOOK.curves.start[4]))
    assert BOOK.curves.quantity_kw[gas].tolist() == list(range(9))
    assert BOOK.curves.price_per_kwh[gas].tolist() == [3.0 * q * q for q in range(9)]
    assert first_corners_kw(BOOK.curved[3]).tolist() == list(range(1, 8))


def test_unlimited_orders_get_twice_what_the_others_can_take_or_deliver():
    # Bids: 10 + 6, plus 1 of losses; offers: 4 + 8.
    sized = BOOK.sized(beyond_kw=1.0)

    assert sized.curves.most_kw[:2].tolist() == [34.0, 24.0]
    assert sized.curves.most_kw[2:].tolist() == BOOK.curves.most_kw[2:].tolist()
    assert sized.unlimited == ()
    assert sized.sized(99.0) is sized


def test_a_limit_of_their_own_stays():
    book = CostColumns.of([ImportOffer("t", "a", 5.0, most_kw=3.0), *ORDERS[1:]], NET)

    assert book.unlimited == (1,)
    assert book.sized().curves.most_kw[:2].tolist() == [3.0, 24.0]


def test_at_the_baseline_every_bid_is_firm_but_exports():
    base = BOOK.at_baseline()

    assert base.curves.firm_kw.tolist() == [0.0, 0.0, 0.0, 0.0, 10.0, 6.0]
    assert base.curves.most_kw.tolist() == BOOK.curves.most_kw.tolist()
    assert list(base.curved) == [3]
    assert base.unlimited == (0, 1)
    exports = CostColumns.of([ExportBid("t", "a", 1.0, most_kw=3.0)], NET)
    assert exports.at_baseline().curves.firm_kw.tolist() == [0.0]


def test_joined_tables_keep_their_rows():
    plain = CurveColumns.of([HOME], NET)
    join = CurveJoin()
    book = CostColumns.joined([plain, BOOK, plain], join)

    assert book.n_order == 8
    assert list(book.curved) == [4, 5]
    assert book.outside == book.unlimited == (1, 2)
    again = CostColumns.joined([plain, BOOK, plain], join)
    assert again.curves.participant is book.curves.participant  # joined once
    assert CostColumns.joined([]).n_order == 0


def test_buses_are_looked_up():
    with pytest.raises(UnknownNameError, match="no bus is called 'c'"):
        CostColumns.of([CostOffer("x", "c", CUBE, q_max=1.0)], NET)


def test_power_that_could_go_in_circles_at_a_gain_is_refused():
    circle: list[AnyOrder] = [ImportOffer("t", "a", 5.0), ExportBid("u", "a", 6.0)]
    elsewhere: list[AnyOrder] = [ImportOffer("t", "a", 5.0), ExportBid("u", "b", 6.0)]

    assert CostColumns.of(elsewhere, NET).n_order == 2
    with pytest.raises(InvalidOrderError) as caught:
        CostColumns.of(circle, NET)
    assert str(caught.value) == (
        "orders of the transmission grid: bus 'a' exports at 6 per kWh and imports at "
        "5, expected an export price of at most that: power would be bought and sold "
        "back at a gain."
    )


def test_columns_of_nothing():
    assert CostColumns.of([], NET).n_order == 0
    np.testing.assert_array_equal(CostColumns.of([], NET).sized().curves.start, [0])
