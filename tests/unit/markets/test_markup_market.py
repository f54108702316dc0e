"""Hand-worked rounds of markets whose prices players move."""

import copy
from dataclasses import replace

import numpy as np
import pytest

from gridagora.errors import ClearingError, InvalidActionError, InvalidOrderError
from gridagora.markets.markup_market import MarkupMarket
from gridagora.types.dispatch import Outcome
from gridagora.types.network import Network, RadialNetwork
from gridagora.types.orders import Bid, CurveColumns, Offer

SPOT = RadialNetwork.from_table({"bus": ["a"], "parent": [None]})
ANNA = Offer.affine("anna", "a", p_max=3, p_min=1, q_max=10)
MILL = Bid.affine("mill", "a", p_max=5, p_min=1, q_max=10)
RING = Network.from_table(
    {
        "from_bus": ["a", "b", "a"],
        "to_bus": ["b", "c", "c"],
        "limit_kw": [None, None, 4.0],
    }
)
RING_BOOK = (
    Offer.affine("coal", "a", p_max=1, p_min=1, q_max=20),
    Offer.affine("gas", "b", p_max=2, p_min=2, q_max=20),
    Bid.affine("town", "c", p_max=9, p_min=9, q_max=9, q_min=9),
)


def market(book=(ANNA, MILL), network=SPOT, **options):
    return MarkupMarket(network, CurveColumns.of(book, network), **options)


def ring_market(**options):
    return market(RING_BOOK, RING, **options)


def test_an_offer_that_asks_more_sells_less_at_a_higher_price():
    # 1 + m + 0.2 q = 5 - 0.4 q: q = (4 - m) / 0.6. Profit: (price - 1) q - 0.1 q^2.
    rounds = market().clear(np.array([[0.0], [0.4]]))

    assert rounds.quantity_kw[:, 0] == pytest.approx([4 / 0.6, 6.0])
    assert rounds.price_per_kwh[:, 0] == pytest.approx([7 / 3, 2.6])
    assert rounds.profit_per_h[1] == pytest.approx([6.0])  # 1.6 * 6 - 3.6
    assert rounds.consumer_per_h[1] == pytest.approx(7.2)  # 0.5 * (5 - 2.6) * 6
    assert rounds.producer_per_h[1] == pytest.approx(6.0)
    assert rounds.rent_per_h == pytest.approx([0.0, 0.0])
    assert rounds.mean_price_per_kwh[1] == pytest.approx(2.6)
    assert rounds.player_price_per_kwh[1] == pytest.approx([2.6])


def test_a_bid_that_admits_less_value_buys_less_at_a_lower_price():
    # 1 + 0.2 q = 4.4 - 0.4 q: q = 17/3 at 32/15. Worth 5 q - 0.2 q^2.
    played = market(players={"buyer": ["mill"]})
    rounds = played.clear(np.array([[0.6]]))

    quantity, price = 17 / 3, 32 / 15
    assert played.player == ("buyer",)
    assert rounds.quantity_kw[0] == pytest.approx([quantity, quantity])
    worth = 5 * quantity - 0.2 * quantity**2
    assert rounds.profit_per_h[0, 0] == pytest.approx(worth - price * quantity)
    assert rounds.consumer_per_h[0] == pytest.approx(worth - price * quantity)


def test_relative_markups_are_parts_of_the_first_price():
    # 40 per cent of 1 is 0.4.
    rounds = market(relative=True).clear(np.array([[0.4]]))

    assert rounds.price_per_kwh[0] == pytest.approx([2.6])


def test_sellers_that_are_paid_their_bids_earn_the_area_under_them():
    # As above at 0.4: 6 kW, declared 1.4 to 2.6, 2 on average, cost 1.6 on average; the
    # mill pays from 5 down to 2.6, 3.8 on average, and the rest is rent.
    rounds = market(pays_bid=True).clear(np.array([[0.4]]))

    assert rounds.profit_per_h[0] == pytest.approx([2.4])
    assert rounds.player_price_per_kwh[0] == pytest.approx([2.0])
    assert rounds.consumer_per_h[0] == pytest.approx(0.0)
    assert rounds.rent_per_h[0] == pytest.approx(10.8)
    assert rounds.mean_price_per_kwh[0] == pytest.approx(3.8)


def test_states_are_books_of_other_quantities_and_prices():
    day = CurveColumns.of([ANNA, MILL], SPOT)
    night = CurveColumns.of(
        [ANNA, Bid.affine("mill", "a", p_max=3, p_min=1, q_max=5)], SPOT
    )
    played = MarkupMarket(SPOT, [day, night])
    rounds = played.clear(np.array([[0.4], [0.2]]), np.array([0, 1]))

    # At night 1.2 + 0.2 q = 3 - 0.4 q: 3 kW at 1.8.
    assert (played.n_state, played.n_player) == (2, 1)
    assert rounds.quantity_kw[:, 0] == pytest.approx([6.0, 3.0])
    assert rounds.price_per_kwh[:, 0] == pytest.approx([2.6, 1.8])
    assert played.profits(np.array([[0.2]]), np.array([1]))[0] == pytest.approx([1.5])


def test_nothing_bought_has_price_zero_per_kwh_bought():
    rounds = market().clear(np.array([[9.0]]))

    assert rounds.quantity_kw[0].tolist() == [0.0, 0.0]
    assert rounds.mean_price_per_kwh.tolist() == [0.0]


def test_a_network_with_loops_is_answered_from_regions():
    # 3 kW of coal and 6 kW of gas at 1 + x, 2 + y and 3 - x + 2 y, while x - y < 1;
    # then gas serves all at 2 + y. The two regions answer for all other markups.
    played = ring_market()
    markup = np.array([[0, 0], [0.3, 0.1], [4, 1], [5, 1.5], [-2, 0]], dtype=float)
    rounds = played.clear(markup)

    assert rounds.quantity_kw[:, 0] == pytest.approx([3, 3, 0, 0, 3])
    assert rounds.price_per_kwh == pytest.approx(
        np.array([[1, 2, 3], [1.3, 2.1, 2.9], [3, 3, 3], [3.5, 3.5, 3.5], [-1, 2, 5]])
    )
    assert rounds.rent_per_h[0] == pytest.approx(12.0)  # 9 * 3 - 3 * 1 - 6 * 2
    assert played.n_known == (2, 0)


def test_tied_orders_are_answered_one_markup_at_a_time():
    played = ring_market()
    rounds = played.clear(np.array([[1.0, 0.0], [1.0, 0.0], [1.5, 0.5]]))

    assert played.n_known == (0, 2)
    assert rounds.quantity_kw[0] == pytest.approx(
        played.dispatch(np.array([1.0, 0.0])).quantity_kw
    )


def test_results_do_not_depend_on_what_is_known():
    rng = np.random.default_rng(3)
    markup = np.round(rng.uniform(-1, 2, (60, 2)), 1)
    one, other = ring_market(), ring_market()
    other.clear(np.array([[0.5, 0.0], [3.0, 0.0]]))
    backwards = other.clear(markup[::-1])
    forwards = one.clear(markup)

    assert forwards.quantity_kw.tobytes() == backwards.quantity_kw[::-1].tobytes()
    assert forwards.price_per_kwh.tobytes() == backwards.price_per_kwh[::-1].tobytes()
    assert forwards.profit_per_h.tobytes() == backwards.profit_per_h[::-1].tobytes()


def test_a_radial_network_clears_as_its_tree_whatever_its_order():
    # Reference c; 4 kW of coal come over b-a, gas at the middle gives the rest.
    network = Network.from_table(
        {"from_bus": ["b", "c"], "to_bus": ["a", "b"], "limit_kw": [4, None]},
        reference="c",
    )
    played = market(RING_BOOK, network)
    markup = np.array([0.5, 3.0])
    rounds, dispatch = played.clear(markup[None]), played.dispatch(markup)

    assert dispatch.price_per_kwh[[network.bus_index(n) for n in "abc"]] == (
        pytest.approx([1.5, 5.0, 5.0])
    )
    assert rounds.price_per_kwh[0].tobytes() == dispatch.price_per_kwh.tobytes()
    assert rounds.quantity_kw[0].tobytes() == dispatch.quantity_kw.tobytes()
    assert rounds.profit_per_h[0] == pytest.approx([2.0, 15.0])


def test_learning_a_region_of_a_tree_is_nothing():
    played = market()
    played.learn_region(np.zeros(1), 0)

    assert played.n_known == (0, 0)


def test_declared_orders_are_what_the_general_engine_clears():
    played = ring_market(relative=True)
    declared = played.declared(np.array([0.5, 0.25]))
    dispatch = played.dispatch(np.array([0.5, 0.25]))

    assert declared.price_per_kwh.tolist() == [1.5, 1.5, 2.5, 2.5, 9.0, 9.0]
    assert dispatch.outcome is Outcome.CLEARED
    assert dispatch.certificate.passed
    assert played.orders[0].price_per_kwh.tolist() == [1, 1, 2, 2, 9, 9]


def test_a_copy_knows_what_its_original_knew_and_learns_alone():
    played = ring_market()
    markup = np.array([[0.0, 0.0], [4.0, 1.0]])
    rounds = played.clear(markup)
    twin = copy.deepcopy(played)  # as a process that is handed a market gets it
    twin.clear(np.array([[1.0, 0.0]]))

    assert (played.n_known, twin.n_known) == ((2, 0), (2, 1))
    assert twin.clear(markup).profit_per_h.tobytes() == rounds.profit_per_h.tobytes()


def test_a_state_without_a_way_for_firm_power_is_refused():
    town = Bid.affine("town", "a", p_max=9, p_min=9, q_max=12, q_min=12)
    fine = CurveColumns.of(
        [ANNA, Bid.affine("town", "a", p_max=9, p_min=9, q_max=5, q_min=5)], SPOT
    )
    with pytest.raises(ClearingError) as caught:
        MarkupMarket(SPOT, [fine, CurveColumns.of([ANNA, town], SPOT)])

    assert str(caught.value) == (
        "state 1 of the book cannot be cleared: 2 kW more firm demand than can be "
        "served in the whole network."
    )


def test_a_book_without_offers_is_refused():
    with pytest.raises(InvalidOrderError) as caught:
        market((MILL,))

    assert str(caught.value) == ("orders: state 0 has no offer, expected at least one.")


def test_a_generator_without_capacity_is_refused():
    with pytest.raises(InvalidOrderError, match="a generator with no capacity"):
        market((ANNA, MILL, Offer.affine("bert", "a", p_max=1, p_min=1, q_max=0)))


def test_markups_that_cannot_be_cleared_are_refused():
    played = market()
    with pytest.raises(InvalidActionError) as caught:
        played.clear(np.zeros((2, 3)), np.zeros(1, dtype=np.int64))
    assert str(caught.value) == (
        "rounds: markups have shape (2, 3), expected one row per round and 1 columns, "
        "one for each player. states have shape (1,), expected one for each of 2 "
        "rounds."
    )
    with pytest.raises(InvalidActionError) as caught:
        played.clear(np.array([[0.0], [np.nan]]), np.array([0, 1]))
    assert str(caught.value) == (
        "rounds: the markup of 'anna' in round 1 is nan, expected a finite number. "
        "states go from 0 to 1, expected 0 to 0."
    )


def test_no_rounds_are_no_rounds():
    rounds = market().clear(np.zeros((0, 1)))

    assert rounds.quantity_kw.shape == (0, 2)
    assert rounds.mean_price_per_kwh.shape == (0,)


def test_the_callers_orders_are_left_alone():
    orders = CurveColumns.of([ANNA, MILL], SPOT)
    before = replace(orders, price_per_kwh=orders.price_per_kwh.copy())
    MarkupMarket(SPOT, orders).clear(np.array([[0.4]]))

    assert orders.price_per_kwh.tolist() == before.price_per_kwh.tolist()
