"""Money by hand, in whole units."""

import numpy as np
import pytest

from gridagora.errors import CertificateError, ClearingError, UnknownNameError
from gridagora.markets.laws import imbalance_nano, settlement_certificate
from gridagora.markets.nodal import clear_nodal
from gridagora.markets.settlement import (
    RULES,
    effective_price_per_kwh,
    effective_prices,
    settle,
)
from gridagora.types.dispatch import Certificate, Dispatch, Outcome
from gridagora.types.network import Network
from gridagora.types.orders import Bid, CurveColumns, Offer

LINE = Network.from_table(
    {"from_bus": ["a"], "to_bus": ["b"], "limit_kw": [4]}
).radial()
# Coal at a costs 1; solar at b sells 2 kW at 2; the mill at b pays 9 - 6/8 q. Through
# the line come 4 kW, so the mill takes 6 at 4.5. Rent: 4 kW * 3.5 = 14.
BOOK = [
    Offer.affine("coal", "a", p_max=1, p_min=1, q_max=20),
    Offer.affine("solar", "b", p_max=2, p_min=2, q_max=2),
    Bid.affine("mill", "b", p_max=9, p_min=3, q_max=8),
]
NANO = 1_000_000  # 1 currency/kWh


def cleared(book=BOOK, network=LINE):
    return clear_nodal(network, CurveColumns.of(book, network))


def test_nodal_settlement_leaves_the_rent_with_the_operator():
    settled = settle(cleared())

    assert settled.account == ("coal", "solar", "mill", "operator")
    assert settled.cause == ("offer", "offer", "bid", "congestion rent")
    assert settled.energy_wh.tolist() == [-4000, -2000, 6000, 0]
    assert settled.price_nano_per_wh.tolist() == [NANO, 4_500_000, 4_500_000, 0]
    assert settled.money_nano.tolist() == [
        4000 * NANO,
        9000 * NANO,
        -27000 * NANO,
        14000 * NANO,
    ]
    assert imbalance_nano(settled) == 14000 * NANO
    assert settlement_certificate(settled).passed


def test_rent_to_producers_is_the_same_on_every_kwh_sold():
    # 14 over 6 kWh is 2.3333 per kWh: coal gets 1 + 2.3333, solar 4.5 + 2.3333.
    settled = settle(cleared(), "rent-to-producers")

    assert imbalance_nano(settled) == 0
    assert effective_price_per_kwh(settled, "mill") == 4.5
    assert effective_price_per_kwh(settled, "coal") == pytest.approx(1 + 14 / 6)
    assert effective_price_per_kwh(settled, "solar") == pytest.approx(4.5 + 14 / 6)
    shares = dict(zip(settled.account[3:], settled.money_nano[3:], strict=True))
    # 14e9 nano over 6000 Wh: 9333333333.33 and 4666666666.67, the rest to solar.
    assert shares == {"coal": 9_333_333_333, "solar": 4_666_666_667}


def test_rent_to_consumers_lowers_what_they_pay():
    settled = settle(cleared(), "rent-to-consumers")

    assert imbalance_nano(settled) == 0
    assert effective_price_per_kwh(settled, "mill") == pytest.approx(4.5 - 14 / 6)
    assert effective_price_per_kwh(settled, "coal") == 1.0


def test_rent_to_both_moves_both_sides_alike():
    settled = settle(cleared(), "rent-to-both")

    assert imbalance_nano(settled) == 0
    share = 14 / 12
    assert effective_price_per_kwh(settled, "mill") == pytest.approx(4.5 - share)
    assert effective_price_per_kwh(settled, "coal") == pytest.approx(1 + share)
    assert effective_price_per_kwh(settled, "solar") == pytest.approx(4.5 + share)


@pytest.mark.parametrize("rule", sorted(RULES))
def test_effective_prices_of_orders_are_those_of_the_settlement(rule):
    dispatch = cleared()
    settled = settle(dispatch, rule)

    prices = effective_prices(dispatch, rule)

    expected = [
        effective_price_per_kwh(settled, name) for name in dispatch.orders.participant
    ]
    assert prices.tolist() == pytest.approx(expected, rel=1e-9)


def test_effective_prices_without_trade_are_nodal():
    dispatch = cleared([BOOK[0], Bid.affine("mill", "b", p_max=0.5, p_min=0, q_max=8)])

    assert not dispatch.quantity_kw.any()
    np.testing.assert_array_equal(
        effective_prices(dispatch, "rent-to-both"), dispatch.order_price_per_kwh
    )


@pytest.mark.parametrize("rule", sorted(RULES))
def test_without_congestion_all_rules_are_one(rule):
    free = LINE.with_limits({"a-b": np.inf})
    settled = settle(cleared(network=free), rule)

    assert settled.account == ("coal", "solar", "mill")
    assert imbalance_nano(settled) == 0


def test_energy_is_rounded_by_largest_remainder_to_one_total():
    # 10 Wh over three equal sellers is 3.33 each: 4 to the first by name.
    sellers = [
        Offer.affine(name, "a", p_max=1, p_min=1, q_max=1) for name in ("c", "a", "b")
    ]
    book = [*sellers, Bid.affine("mill", "a", p_max=9, p_min=9, q_max=0.01)]
    settled = settle(cleared(book))

    assert settled.energy_wh.tolist() == [-3, -4, -3, 10]


def test_prices_are_rounded_in_favour_of_the_one_at_the_margin():
    # Both curves meet at 1/3 per kWh = 333333.33 nano/Wh. The buyer pays 333333, the
    # seller gets 333334, and the market pays 1 nano for each of the 1000 Wh.
    third = 1 / 3
    book = [
        Offer.affine("coal", "a", p_max=third, p_min=third, q_max=1),
        Bid.affine("mill", "a", p_max=third, p_min=third, q_max=1),
    ]
    for rule in RULES:
        settled = settle(cleared(book), rule)
        assert settled.account == ("coal", "mill", "market")
        assert settled.cause[2] == "rounding"
        assert settled.price_nano_per_wh.tolist() == [333334, 333333, 0]
        assert settled.money_nano.tolist() == [333334000, -333333000, -1000]


def test_nothing_is_owed_without_a_dispatch():
    firm = Bid.affine("town", "b", p_max=9, p_min=9, q_max=50, q_min=50)
    dispatch = cleared([BOOK[0], firm])
    settled = settle(dispatch)

    assert dispatch.outcome is Outcome.INFEASIBLE
    assert settled.account == ("coal", "town")
    assert not settled.energy_wh.any()
    assert not settled.money_nano.any()
    assert settle(cleared([])).account == ()


def test_a_net_position_of_zero_has_no_price():
    book = [
        Offer.affine("x", "a", p_max=1, p_min=1, q_max=1),
        Bid.affine("x", "a", p_max=2, p_min=2, q_max=1),
    ]
    settled = settle(cleared(book))

    assert effective_price_per_kwh(settled, "x") is None
    assert effective_price_per_kwh(settled, "nobody") is None


def test_an_unknown_rule_is_refused():
    with pytest.raises(UnknownNameError, match="no settlement rule is called 'rent'"):
        settle(cleared(), "rent")


def test_a_dispatch_whose_certificate_failed_is_never_settled():
    good = cleared()
    bad = Dispatch(
        network=good.network,
        orders=good.orders,
        outcome=good.outcome,
        quantity_kw=good.quantity_kw,
        price_per_kwh=good.price_per_kwh,
        flow_kw=good.flow_kw,
        congestion_per_kwh=good.congestion_per_kwh,
        certificate=Certificate("nodal", {"energy balance": 1e-3}),
    )
    with pytest.raises(CertificateError):
        settle(bad)


def test_numbers_beyond_64_bits_are_refused():
    book = [
        Offer.affine("coal", "a", p_max=1, p_min=1, q_max=2e6),
        Bid.affine("mill", "a", p_max=9, p_min=9, q_max=2e6),
    ]
    with pytest.raises(ClearingError) as caught:
        settle(cleared(book))

    assert str(caught.value) == (
        "settlement: 2e+09 Wh, a price of 5e+06e-9 currency/Wh and a turnover of "
        "2e+16e-9 currency, expected at most 1e+09 Wh, 1e+09e-9 currency/Wh and 2^62; "
        "use larger units."
    )


def test_sides_that_differ_by_too_much_are_refused():
    good = cleared()
    off = Dispatch(
        network=good.network,
        orders=good.orders,
        outcome=good.outcome,
        quantity_kw=good.quantity_kw + np.array([0.0, 0.0, 0.01]),
        price_per_kwh=good.price_per_kwh,
        flow_kw=good.flow_kw,
        congestion_per_kwh=good.congestion_per_kwh,
        certificate=good.certificate,
    )
    with pytest.raises(CertificateError, match="the result breaks energy"):
        settle(off)
