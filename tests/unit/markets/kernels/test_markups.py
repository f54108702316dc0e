"""The compiled clearing under markups, by hand and small."""

import numpy as np
import pytest

from gridagora.markets.kernels.markups import (
    CLEARED,
    UNKNOWN,
    account,
    clear_markup,
    clear_rounds,
)
from gridagora.markets.markup_market import MarkupMarket
from gridagora.types.network import Network, RadialNetwork
from gridagora.types.orders import Bid, Curve, CurveColumns, Offer

TOWN = Bid.affine("town", "c", p_max=9, p_min=9, q_max=9, q_min=9)
BOOK = (
    Offer.affine("coal", "a", p_max=1, p_min=1, q_max=20),
    Offer.affine("gas", "b", p_max=2, p_min=2, q_max=20),
    TOWN,
)


def ring_market(**options):
    # See test_regions: 3 kW of coal and 6 kW of gas at prices 1, 2, 3.
    ring = Network.from_table(
        {
            "from_bus": ["a", "b", "a"],
            "to_bus": ["b", "c", "c"],
            "limit_kw": [None, None, 4.0],
        }
    )
    return MarkupMarket(ring, CurveColumns.of(BOOK, ring), **options)


def chain_market(**options):
    # Gas sits at the source; 4 kW of coal come over a-b, the rest is gas.
    chain = RadialNetwork.from_table(
        {"bus": ["a", "b", "c"], "parent": ["b", None, "b"], "limit_kw": [4, None, 9]}
    )
    return MarkupMarket(chain, CurveColumns.of(BOOK, chain), **options)


def cleared(market, markup):
    quantity, price = np.full(3, -1.0), np.full(3, -1.0)
    status = clear_markup(market.arrays(), 0, np.array(markup), quantity, price)
    return status, quantity, price


def test_a_markup_outside_of_all_regions_is_unknown_and_fills_nothing():
    status, quantity, price = cleared(ring_market(), [0.0, 0.0])

    assert status == UNKNOWN
    assert (quantity == -1.0).all() and (price == -1.0).all()


def test_a_markup_in_a_known_region_is_answered_from_its_laws():
    market = ring_market()
    market.learn_region(np.array([0.0, 0.0]), 0)
    status, quantity, price = cleared(market, [0.25, 0.5])

    assert status == CLEARED
    assert quantity == pytest.approx([3, 6, 9])
    assert price == pytest.approx([1.25, 2.5, 3.75])  # 3 - 0.25 + 2 * 0.5
    assert cleared(market, [2.0, 0.0])[0] == UNKNOWN


def test_a_point_answers_for_its_own_markup_only():
    market = ring_market()
    market.learn_region(np.array([1.0, 0.0]), 0)  # coal and gas both ask 2

    assert market.n_known == (0, 1)
    assert cleared(market, [1.0, 0.0])[0] == CLEARED
    assert cleared(market, [1.0 + 1e-15, 0.0])[0] == UNKNOWN
    assert cleared(market, [1.0, 1e-15])[0] == UNKNOWN


def test_regions_often_met_are_tried_first():
    market = ring_market()
    for markup in ([0.0, 0.0], [2.0, 0.0]):
        market.learn_region(np.array(markup), 0)
    arrays = market.arrays()
    ranks = []
    for markup in ([0.0, 0.0], [2.0, 0.0], [2.0, 0.0]):
        clear_markup(arrays, 0, np.array(markup), np.zeros(3), np.zeros(3))
        ranks.append(arrays.region_rank[0, :2].tolist())

    assert ranks == [[0, 1], [1, 0], [1, 0]]


def test_a_tree_knows_every_markup():
    status, quantity, price = cleared(chain_market(), [0.5, 3.0])

    assert status == CLEARED
    # In the order of the tree: b, a, c. Coal asks 1.5, gas 5.
    assert quantity == pytest.approx([4, 5, 9])
    assert price == pytest.approx([5.0, 1.5, 5.0])


def accounts(market, markup):
    status, quantity, price = cleared(market, markup)
    assert status == CLEARED
    profit, seen, total = (
        np.full(market.n_player, 7.0),
        np.full(3, 7.0),
        np.full(4, 7.0),
    )
    seen = seen[: market.n_player]
    account(market.arrays(), 0, np.array(markup), quantity, price, profit, seen, total)
    return profit, seen, total


def test_accounts_at_nodal_prices():
    # Coal: (1.5 - 1) * 4, gas: (5 - 2) * 5, town: (9 - 5) * 9; 3.5 on 4 kW of a-b.
    profit, seen, total = accounts(chain_market(), [0.5, 3.0])

    assert profit == pytest.approx([2.0, 15.0])
    assert seen == pytest.approx([1.5, 5.0])
    assert total == pytest.approx([36.0, 17.0, 14.0, 5.0])


def test_accounts_at_declared_prices():
    # The town pays its 9, coal gets 1.5 and gas 5; what is left is 81 - 6 - 25.
    profit, seen, total = accounts(chain_market(pays_bid=True), [0.5, 3.0])

    assert profit == pytest.approx([2.0, 15.0])
    assert seen == pytest.approx([1.5, 5.0])
    assert total == pytest.approx([0.0, 17.0, 50.0, 9.0])


def test_who_sells_nothing_sees_its_own_price_where_bids_are_paid():
    profit, seen, _ = accounts(chain_market(pays_bid=True), [6.0, 0.5])  # 7 and 2.5

    assert profit == pytest.approx([0.0, 4.5])
    assert seen == pytest.approx([7.0, 2.5])


def test_a_curve_is_worth_the_area_under_its_true_corners():
    # A bid of 1 kW firm at 8, then 6 to 4 over 2 kW, then 4 over 5 kW; wind at 4 gives
    # 7 kW: 8 + (6 + 4) / 2 * 2 + 4 * 4 = 34, less 4 * 7.
    spot = RadialNetwork.from_table({"bus": ["a"], "parent": [None]})
    stairs = Curve((1.0, 1.0, 3.0, 8.0), (8.0, 6.0, 4.0, 4.0))
    book: list[Bid | Offer] = [
        Bid("mill", "a", stairs),
        Offer.affine("wind", "a", p_max=4, p_min=4, q_max=7),
    ]
    market = MarkupMarket(spot, CurveColumns.of(book, spot))
    quantity, price = np.array([7.0, 7.0]), np.array([4.0])
    profit, seen, total = np.zeros(1), np.zeros(1), np.zeros(4)
    account(market.arrays(), 0, np.zeros(1), quantity, price, profit, seen, total)

    assert total == pytest.approx([6.0, 0.0, 0.0, 4.0])


def rounds(market, markup, first=0):
    n = len(markup)
    sizes = (3, 3, market.n_player, market.n_player, 4)
    filled = [np.full((n, size), np.nan) for size in sizes]
    state = np.zeros(n, dtype=np.int64)
    reached = clear_rounds(market.arrays(), first, state, np.array(markup), *filled)
    return reached, filled


def test_rounds_stop_at_the_first_unknown_one_and_go_on_from_there():
    market = ring_market()
    market.learn_region(np.zeros(2), 0)
    markup = [[0.0, 0.0], [0.0, 0.5], [3.0, 0.0], [0.0, 0.0]]
    reached, filled = rounds(market, markup)

    assert reached == 2
    assert filled[1][1] == pytest.approx([1, 2.5, 4])
    assert np.isnan(filled[1][2:]).all()
    market.learn_region(np.array(markup[2]), 0)
    reached, filled = rounds(market, markup, first=2)
    assert reached == 4
    assert np.isnan(filled[1][:2]).all()
    assert filled[0][2] == pytest.approx([0, 9, 9])  # coal asks 4, gas serves all
    assert filled[2][3] == pytest.approx([0, 0])


def test_rounds_on_a_tree_all_clear():
    reached, filled = rounds(chain_market(), [[0.5, 3.0], [0.0, 0.0]])

    assert reached == 2
    assert filled[2] == pytest.approx(np.array([[2.0, 15.0], [0.0, 0.0]]))
    assert filled[4][0] == pytest.approx([36.0, 17.0, 14.0, 5.0])
