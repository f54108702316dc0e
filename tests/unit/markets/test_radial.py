import numpy as np
import pytest

from gridagora.errors import CertificateError, InvalidOrderError
from gridagora.markets import radial
from gridagora.markets.radial import clear_radial
from gridagora.types.dispatch import Certificate, Outcome
from gridagora.types.network import RadialNetwork
from gridagora.types.orders import Bid, Curve, CurveColumns, Offer


def tree(parents, limits=None):
    """Buses a, b, c, ... with the given parents, and limits by the bus they feed."""
    names = "abcdefgh"[: len(parents)]
    limits = limits or {}
    return RadialNetwork.from_table(
        {
            "bus": list(names),
            "parent": [name or None for name in parents],
            "limit_kw": [limits.get(name) for name in names],
        }
    )


def level_bid(bus, kw, price, who="buyer"):
    return Bid(who, bus, Curve((0.0, kw), (price, price)))


def level_offer(bus, kw, price, who="seller"):
    return Offer(who, bus, Curve((0.0, kw), (price, price)))


def firm_bid(bus, kw, price=9.0):
    return Bid("fixed", bus, Curve((kw,), (price,)))


def firm_offer(bus, kw, price=0.0):
    return Offer("fixed", bus, Curve((kw,), (price,)))


def cleared(network, *orders):
    return clear_radial(network, CurveColumns.of(orders, network))


def test_two_crossing_lines_meet_at_the_price_that_equates_them():
    # Demand 10 (1 - p / 5) = supply 10 (p / 5): p = 2.5, 5 kW.
    dispatch = cleared(
        tree(["", "a"]),
        Bid.affine("mill", "b", p_max=5.0, p_min=0.0, q_max=10.0),
        Offer.affine("wind", "a", p_max=5.0, p_min=0.0, q_max=10.0),
    )

    assert dispatch.outcome is Outcome.CLEARED
    assert dispatch.price_per_kwh.tolist() == [2.5, 2.5]
    assert dispatch.quantity_kw.tolist() == [5.0, 5.0]
    assert dispatch.flow_kw.tolist() == [5.0]
    assert dispatch.certificate.passed


def test_a_full_line_gives_each_side_the_price_of_its_own_curve():
    # 4 kW reach b: its demand 10 (1 - p / 5) = 4 at p = 3; supply 4 kW at p = 2.
    dispatch = cleared(
        tree(["", "a"], {"b": 4.0}),
        Bid.affine("mill", "b", p_max=5.0, p_min=0.0, q_max=10.0),
        Offer.affine("wind", "a", p_max=5.0, p_min=0.0, q_max=10.0),
    )

    assert dispatch.price_per_kwh.tolist() == [2.0, 3.0]
    assert dispatch.flow_kw.tolist() == [4.0]
    assert dispatch.congestion_per_kwh.tolist() == [1.0]
    assert dispatch.congestion_rent_per_h == 4.0


def test_a_line_full_towards_the_source_has_a_negative_worth():
    # The same market turned round: 4 kW leave b, whose supply costs 2 there.
    dispatch = cleared(
        tree(["", "a"], {"b": 4.0}),
        Bid.affine("mill", "a", p_max=5.0, p_min=0.0, q_max=10.0),
        Offer.affine("wind", "b", p_max=5.0, p_min=0.0, q_max=10.0),
    )

    assert dispatch.price_per_kwh.tolist() == [3.0, 2.0]
    assert dispatch.flow_kw.tolist() == [-4.0]
    assert dispatch.congestion_per_kwh.tolist() == [-1.0]


def test_tied_bids_share_what_there_is_pro_rata():
    # 6 kW for 4 + 8 kW of equal bids: one half each.
    dispatch = cleared(
        tree(["", "a"]),
        level_bid("a", 4.0, 3.0),
        level_bid("b", 8.0, 3.0),
        level_offer("a", 6.0, 1.0),
    )

    assert dispatch.price_per_kwh.tolist() == [3.0, 3.0]
    assert dispatch.quantity_kw.tolist() == [2.0, 4.0, 6.0]


def test_tied_bids_are_all_served_before_tied_offers_withdraw():
    # Bids of 6 and offers of 9 kW, all at 2: all bids, two thirds of each offer.
    dispatch = cleared(
        tree(["", "a"]),
        level_bid("a", 6.0, 2.0),
        level_offer("a", 3.0, 2.0),
        level_offer("b", 6.0, 2.0),
    )

    assert dispatch.price_per_kwh.tolist() == [2.0, 2.0]
    assert dispatch.quantity_kw.tolist() == [6.0, 2.0, 4.0]


def test_tied_orders_behind_a_full_line_share_what_it_lets_through():
    # Line b lets 3 of 8 kW through at the same price on both sides.
    dispatch = cleared(
        tree(["", "a"], {"b": 3.0}),
        level_bid("b", 6.0, 2.0),
        level_bid("b", 2.0, 2.0),
        level_offer("a", 10.0, 2.0),
    )

    assert dispatch.price_per_kwh.tolist() == [2.0, 2.0]
    assert dispatch.quantity_kw == pytest.approx([2.25, 0.75, 3.0], rel=1e-15)
    assert dispatch.flow_kw.tolist() == [3.0]


def test_an_interval_of_prices_gives_its_midpoint():
    # 5 kW change hands at every price from 1 (offer full) to 4 (bid full).
    dispatch = cleared(tree([""]), level_bid("a", 5.0, 4.0), level_offer("a", 5.0, 1.0))

    assert dispatch.price_per_kwh.tolist() == [2.5]


def test_no_trade_is_priced_midway_between_best_bid_and_best_offer():
    dispatch = cleared(tree([""]), level_bid("a", 5.0, 1.0), level_offer("a", 5.0, 4.0))

    assert dispatch.outcome is Outcome.CLEARED
    assert dispatch.price_per_kwh.tolist() == [2.5]
    assert dispatch.quantity_kw.tolist() == [0.0, 0.0]


def test_a_half_line_of_prices_gives_its_end():
    # The bid wants its 5 firm kW at any price; the offer gives them from price 1 on.
    dispatch = cleared(tree([""]), firm_bid("a", 5.0), level_offer("a", 5.0, 1.0))

    assert dispatch.price_per_kwh.tolist() == [1.0]


def test_a_half_line_of_prices_below_gives_its_end():
    # The offer delivers 5 firm kW at any price; the bid takes them up to price 4.
    dispatch = cleared(tree([""]), level_bid("a", 5.0, 4.0), firm_offer("a", 5.0))

    assert dispatch.price_per_kwh.tolist() == [4.0]


def test_firm_orders_in_balance_are_priced_midway_between_all_prices_named():
    dispatch = cleared(tree([""]), firm_bid("a", 5.0, 9.0), firm_offer("a", 5.0, 1.0))

    assert dispatch.price_per_kwh.tolist() == [5.0]
    assert dispatch.quantity_kw.tolist() == [5.0, 5.0]


def test_a_zone_without_a_marginal_order_stays_as_near_its_feeder_as_it_can():
    # b gets 3 kW, all that its bid at 7 wants: prices 2 to 7 would do, 2 is next to a.
    near = cleared(
        tree(["", "a"], {"b": 3.0}),
        level_bid("b", 3.0, 7.0),
        level_offer("a", 9.0, 2.0),
    )
    # With 1 kW more wanted at 5, the limit binds and b's price must rise to 5.
    apart = cleared(
        tree(["", "a"], {"b": 3.0}),
        level_bid("b", 3.0, 7.0),
        level_bid("b", 1.0, 5.0),
        level_offer("a", 9.0, 2.0),
    )

    assert near.price_per_kwh.tolist() == [2.0, 2.0]
    assert apart.price_per_kwh.tolist() == [2.0, 5.0]


def test_a_line_of_limit_zero_carries_exactly_nothing():
    dispatch = cleared(
        tree(["", "a", "b"], {"b": 0.0}),
        level_bid("c", 5.0, 4.0),
        level_offer("b", 2.0, 3.0),
        level_offer("a", 9.0, 1.0),
    )

    assert dispatch.flow_kw.tolist() == [0.0, 2.0]
    assert dispatch.price_per_kwh.tolist() == [1.0, 4.0, 4.0]
    assert not np.signbit(dispatch.flow_kw).any()


def test_negative_prices_clear_like_others():
    # Supply must leave: 10 kW firm, the bid takes 10 (-1 - p) / 2 of them: p = -3.
    dispatch = cleared(
        tree([""]),
        Bid.affine("sink", "a", p_max=-1.0, p_min=-5.0, q_max=20.0),
        firm_offer("a", 10.0),
    )

    assert dispatch.price_per_kwh.tolist() == [-3.0]
    assert dispatch.quantity_kw.tolist() == [10.0, 10.0]


def test_firm_quantities_are_awarded_out_of_the_money():
    dispatch = cleared(
        tree([""]),
        Bid("half firm", "a", Curve((2.0, 6.0), (1.0, 1.0))),
        level_offer("a", 9.0, 3.0),
    )

    assert dispatch.quantity_kw.tolist() == [2.0, 2.0]
    assert dispatch.price_per_kwh.tolist() == [3.0]


def test_a_curve_of_slopes_and_steps_is_followed_corner_by_corner():
    # Bid: 2 kW worth 6; falling from 6 to 4 up to 4 kW; level at 4 up to 8 kW; falling
    # to 2 up to 10 kW. Offers of 1, 3, 6 and 9 kW at price 0 meet each piece.
    curve = Curve((0.0, 2.0, 4.0, 8.0, 10.0), (6.0, 6.0, 4.0, 4.0, 2.0))
    prices = [
        float(
            cleared(
                tree([""]), Bid("mill", "a", curve), firm_offer("a", supply)
            ).price_per_kwh[0]
        )
        for supply in (1.0, 3.0, 6.0, 9.0)
    ]

    assert prices == [6.0, 5.0, 4.0, 3.0]


def test_a_vertical_piece_leaves_an_interval_of_prices():
    # The bid wants just the 3 firm kW at every price from 2 to 5.
    curve = Curve((0.0, 3.0, 3.0, 5.0), (6.0, 5.0, 2.0, 1.0))

    dispatch = cleared(tree([""]), Bid("mill", "a", curve), firm_offer("a", 3.0))

    assert dispatch.price_per_kwh.tolist() == [3.5]
    assert dispatch.quantity_kw.tolist() == [3.0, 3.0]


def test_no_orders_leave_no_price():
    dispatch = cleared(tree(["", "a"]))

    assert dispatch.outcome is Outcome.EMPTY
    assert np.isnan(dispatch.price_per_kwh).all()
    assert dispatch.flow_kw.tolist() == [0.0]
    assert dispatch.certificate.passed


@pytest.mark.parametrize(
    ("order", "price"),
    [(level_bid("b", 5.0, 4.0), 4.0), (level_offer("b", 5.0, 3.0), 3.0)],
)
def test_one_side_alone_trades_nothing_at_its_best_price(order, price):
    dispatch = cleared(tree(["", "a"]), order)

    assert dispatch.outcome is Outcome.ONE_SIDED
    assert dispatch.quantity_kw.tolist() == [0.0]
    assert dispatch.price_per_kwh.tolist() == [price, price]


def test_firm_demand_without_a_way_names_the_line_and_the_shortage():
    dispatch = cleared(
        tree(["", "a", "b"], {"b": 4.0}),
        firm_bid("c", 7.0),
        level_offer("b", 1.0, 3.0),
        level_offer("a", 99.0, 3.0),
    )

    assert dispatch.outcome is Outcome.INFEASIBLE
    assert dispatch.reason == (
        "2 kW more firm demand than can be served at bus 'b' and beyond, through line "
        "'a-b' of 4 kW."
    )
    assert dispatch.quantity_kw.tolist() == [0.0, 0.0, 0.0]
    assert np.isnan(dispatch.price_per_kwh).all()
    assert dispatch.certificate.passed
    assert "shortage" in dispatch.certificate.residual


def test_firm_supply_without_a_way_names_the_line_and_the_surplus():
    dispatch = cleared(
        tree(["", "a"], {"b": 4.0}), firm_offer("b", 7.0), level_bid("a", 99.0, 3.0)
    )

    assert dispatch.reason == (
        "3 kW more firm supply than can be taken up at bus 'b' and beyond, through "
        "line 'a-b' of 4 kW."
    )
    assert dispatch.certificate.passed


def test_every_short_line_is_named_from_the_inside_out():
    # Line c is 1 kW short; with the 4 kW that it passes, line b lacks 2; with the 5
    # that b passes, the network lacks all 5, for there is no supply.
    dispatch = cleared(
        tree(["", "a", "b"], {"b": 5.0, "c": 4.0}),
        firm_bid("b", 3.0),
        firm_bid("c", 5.0),
    )

    assert dispatch.reason == (
        "1 kW more firm demand than can be served at bus 'c' and beyond, through line "
        "'b-c' of 4 kW. 2 kW more firm demand than can be served at bus 'b' and "
        "beyond, through line 'a-b' of 5 kW. 5 kW more firm demand than can be served "
        "in the whole network."
    )


def test_a_cut_ends_where_firm_supply_already_fills_a_line():
    # c sends at most 2 of its 9 kW to b, so b lacks 4 kW whatever c could add.
    dispatch = cleared(
        tree(["", "a", "b"], {"b": 1.0, "c": 2.0}),
        firm_bid("b", 7.0),
        level_offer("c", 9.0, 1.0),
        level_offer("a", 9.0, 1.0),
    )

    assert dispatch.reason == (
        "4 kW more firm demand than can be served at bus 'b' and beyond, through line "
        "'a-b' of 1 kW."
    )
    assert dispatch.certificate.passed


def test_firm_sums_that_are_equal_on_paper_are_feasible():
    # 0.1 + 0.2 is above 0.3 in floats.
    dispatch = cleared(
        tree(["", "a"], {"b": 0.3}),
        firm_bid("b", 0.1),
        firm_bid("b", 0.2),
        level_offer("a", 1.0, 1.0),
    )

    assert dispatch.outcome is Outcome.CLEARED
    assert dispatch.flow_kw.tolist() == [0.3]


def test_the_record_cannot_be_changed():
    dispatch = cleared(tree([""]), firm_bid("a", 5.0), level_offer("a", 5.0, 1.0))

    with pytest.raises(ValueError, match="read-only"):
        dispatch.quantity_kw[0] = 1.0


def test_orders_of_another_network_are_refused():
    larger = tree(["", "a", "a"])
    orders = CurveColumns.of([firm_bid("b", 1.0), firm_bid("c", 1.0)], larger)

    with pytest.raises(InvalidOrderError) as caught:
        clear_radial(tree(["", "a"]), orders)

    assert str(caught.value) == (
        "orders: order of 'fixed' is at bus 2, expected 0 to 1; build the columns with "
        "this network."
    )


def test_a_dispatch_that_breaks_a_law_is_not_returned(monkeypatch):
    broken = Certificate("radial clearing", {"energy balance": 0.25})
    monkeypatch.setattr(radial, "nodal_certificate", lambda *_, **__: broken)

    with pytest.raises(CertificateError) as caught:
        cleared(tree([""]), firm_bid("a", 5.0), level_offer("a", 5.0, 1.0))

    assert str(caught.value) == (
        "radial clearing: the result breaks energy balance: residual 2.500e-01, "
        "allowed 1.0e-09. The result was not used; please report the orders."
    )
