import numpy as np
import pytest

from gridagora.agents.awards import (
    OwnRows,
    money_per_h,
    order_money,
    order_prices,
    own_rows,
)
from gridagora.errors import EpisodeError
from gridagora.markets.nodal import clear_nodal
from gridagora.types.network import RadialNetwork
from gridagora.types.orders import Bid, CurveColumns, Offer

TREE = RadialNetwork.from_table({"bus": "ab", "parent": ["", "a"]})
ANNA = Bid.affine("anna", "b", p_max=9, p_min=3, q_max=6)
ANNA_SELLS = Offer.affine("anna", "b", p_max=9, p_min=3, q_max=6)
BEN = Bid.affine("ben", "a", p_max=9, p_min=3, q_max=6)


def table(*orders):
    return CurveColumns.of(orders, TREE)


def test_own_orders_are_found_in_any_row():
    mine = table(ANNA, ANNA_SELLS)
    assert own_rows(mine, table(ANNA_SELLS, BEN, ANNA)).tolist() == [2, 0]


def test_equal_orders_are_told_apart_by_their_sequence():
    assert own_rows(table(BEN, BEN), table(BEN, ANNA, BEN)).tolist() == [0, 2]


def test_rows_are_found_again_when_the_others_changed():
    rows, mine = OwnRows(), table(ANNA)
    assert rows.of(mine, table(BEN, ANNA)).tolist() == [1]
    assert rows.of(mine, table(BEN, ANNA)).tolist() == [1]
    assert rows.of(mine, table(ANNA, BEN)).tolist() == [0]


def test_rows_are_found_again_when_only_buses_or_sides_changed():
    rows, mine = OwnRows(), table(ANNA)
    elsewhere = Bid.affine("anna", "a", p_max=9, p_min=3, q_max=6)
    assert rows.of(mine, table(elsewhere, ANNA)).tolist() == [1]
    assert rows.of(mine, table(ANNA, elsewhere)).tolist() == [0]
    assert rows.of(mine, table(ANNA_SELLS, ANNA)).tolist() == [1]
    assert rows.of(table(ANNA_SELLS), table(ANNA_SELLS, ANNA)).tolist() == [0]


def test_an_order_that_was_not_cleared_is_an_error():
    with pytest.raises(EpisodeError) as caught:
        own_rows(table(ANNA_SELLS), table(ANNA))
    assert str(caught.value) == (
        "the offer of 'anna' was not part of the last clearing; the market must "
        "collect the orders of every agent."
    )


def test_prices_are_nodal_unless_the_market_says_otherwise():
    dispatch = clear_nodal(TREE, table(BEN, ANNA_SELLS))
    # 9 - q = 3 + q at q = 3, p = 6.
    assert order_prices(object(), dispatch) == pytest.approx([6.0, 6.0])

    class Market:
        def effective_prices(self):
            return np.array([5.0, 7.0])

    assert order_prices(Market(), dispatch).tolist() == [5.0, 7.0]


def test_money_is_price_times_quantity_unless_the_market_says_otherwise():
    dispatch = clear_nodal(TREE, table(BEN, ANNA_SELLS))
    assert order_money(object(), dispatch) == pytest.approx([18.0, 18.0])

    class Market:
        def order_money_per_h(self):
            return np.array([5.0, 7.0])

    assert order_money(Market(), dispatch).tolist() == [5.0, 7.0]


def test_no_quantity_costs_nothing_even_without_a_price():
    money = money_per_h(np.array([np.nan, 2.0]), np.array([0.0, 3.0]))
    assert money.tolist() == [0.0, 6.0]
