"""Payments for reductions by hand, and who is charged."""

from functools import partial

import numpy as np
import pytest

from gridagora.errors import CertificateError, ClearingError, UnknownNameError
from gridagora.markets.demand_response import (
    CHARGE,
    PAYMENT,
    reduction_rule,
    reductions_of,
)
from gridagora.markets.nodal import NodalMarket, clear_nodal
from gridagora.markets.settlement import settle
from gridagora.markets.successive import clear_book
from gridagora.types.cost_columns import CostColumns
from gridagora.types.cost_orders import (
    AnyOrder,
    CostOffer,
    ExportBid,
    ImportOffer,
    ReducibleDemand,
)
from gridagora.types.costs import PolynomialCost
from gridagora.types.dispatch import Outcome
from gridagora.types.network import Network

LINE = Network.from_table({"from_bus": ["a"], "to_bus": ["b"], "limit_kw": [4]})
# Behind a line of 4 kW the home takes 3 kW and the mill 4, less what it reduces at a
# marginal cost of 4 + 2 r. Gas costs 12. So r = 3 and the price at b is 10. Without
# reductions gas would run and the price be 12. At a it is 2 either way.
GRID: list[AnyOrder] = [ImportOffer("t", "a", 2.0), ExportBid("t", "a", 0.0)]
GAS = CostOffer("gas", "b", PolynomialCost((0, 12)), q_max=5)
SHOP = ReducibleDemand("shop", "a", 2.0)
HOME = ReducibleDemand("home", "b", 3.0)
MILL = ReducibleDemand("mill", "b", 4.0, PolynomialCost((0, 4, 1)), 4.0)
BOOK: list[AnyOrder] = [*GRID, GAS, SHOP, HOME, MILL]
NANO = 1_000_000_000  # one currency


def reduced(orders=BOOK, network=LINE):
    clear = partial(clear_nodal, network)
    book = CostColumns.of(orders, network)
    dispatch = clear_book(clear, book).dispatch
    return dispatch, reductions_of(dispatch, book, clear)


def by_participant(column, found):
    rows = zip(found.orders.participant, column.tolist(), strict=True)
    return {name: pytest.approx(value) for name, value in rows if value}


def test_a_reduction_is_paid_the_price_by_those_whose_price_fell():
    dispatch, found = reduced()

    assert dispatch.price_per_kwh == pytest.approx([2.0, 10.0])
    assert by_participant(found.reduced_kw, found) == {"mill": 3.0}
    assert by_participant(found.payment_per_h, found) == {"mill": 30.0}
    # The price fell by 2 on 3 kW of the home and on the 1 kW that the mill still takes.
    assert by_participant(found.saved_per_h, found) == {"home": 6.0, "mill": 2.0}
    assert by_participant(found.charge_per_h, found) == {"home": 22.5, "mill": 7.5}
    assert by_participant(found.extra_per_h, found) == {"home": 22.5, "mill": -22.5}
    assert found.without is Outcome.CLEARED


def test_the_money_is_whole_and_sums_to_zero():
    _, found = reduced()

    assert found.money(0.5) == (
        ("mill", PAYMENT, 15 * NANO),
        ("home", CHARGE, -11 * NANO - NANO // 4),
        ("mill", CHARGE, -3 * NANO - 3 * NANO // 4),
    )


def test_charges_are_divided_by_largest_remainder():
    homes = [ReducibleDemand(name, "b", 1.0) for name in ("c", "a", "b")]
    mill = ReducibleDemand("mill", "b", 2.0, PolynomialCost((0, 9e-6, 5e-7)), 2.0)
    gas = CostOffer("gas", "b", PolynomialCost((0, 2e-5)), q_max=9)
    line = Network.from_table({"from_bus": ["a"], "to_bus": ["b"], "limit_kw": [3]})
    _, found = reduced([ImportOffer("t", "a", 0.0), gas, *homes, mill], line)

    # It reduces 2 kW at up to 1.1e-5: 11 nano per Wh, for the 1 Wh of 1.8 s. Three
    # homes that saved alike share them; the mill takes nothing and saved nothing.
    assert found.reduced_kw[-1] == pytest.approx(2.0)
    money = found.money(0.5 / 1000)
    assert money[0] == ("mill", PAYMENT, 11)
    assert money[1:] == (("c", CHARGE, -3), ("a", CHARGE, -4), ("b", CHARGE, -4))


def test_where_the_baseline_cannot_be_served_consumption_is_charged():
    # Without gas, 7 kW cannot pass the line of 4.
    _, found = reduced([*GRID, SHOP, HOME, MILL])

    assert found.without is Outcome.INFEASIBLE
    assert not found.saved_per_h.any()
    assert by_participant(found.share_frac, found) == {
        "shop": 2 / 6,
        "home": 3 / 6,
        "mill": 1 / 6,
    }


def test_where_nobody_saved_consumption_is_charged():
    # Reducing costs less than gas at 12, which sets the price either way.
    some = ReducibleDemand("mill", "b", 4.0, PolynomialCost((0, 4, 1)), 1.0)
    dispatch, found = reduced([*GRID, GAS, HOME, some])

    assert dispatch.price_per_kwh == pytest.approx([2.0, 12.0])
    assert found.without is Outcome.CLEARED
    assert by_participant(found.share_frac, found) == {"home": 0.5, "mill": 0.5}


def test_where_nobody_consumes_the_operator_pays():
    # Bid at 1, offer at 5: nothing is traded at the middle price of 3.
    gas = CostOffer("gas", "b", PolynomialCost((0, 5)), q_max=5)
    mill = ReducibleDemand("mill", "b", 2.0, PolynomialCost((0, 1)), 2.0)
    dispatch, found = reduced([gas, mill])

    assert dispatch.price_per_kwh == pytest.approx([3.0, 3.0])
    assert found.money() == (
        ("mill", PAYMENT, 6 * NANO),
        ("operator", CHARGE, -6 * NANO),
    )
    assert found.extra_per_h.tolist() == [0.0, -6.0]


def test_exports_are_neither_reductions_nor_consumption():
    # Solar exports at 1; the mill reduces at 0.5 to export more; nobody saves.
    sun = CostOffer("sun", "b", PolynomialCost((0.0,)), q_max=5.0)
    mill = ReducibleDemand("mill", "b", 3.0, PolynomialCost((0, 0.5)), 1.0)
    dispatch, found = reduced([GRID[0], ExportBid("t", "a", 1.0), sun, mill])

    assert dispatch.quantity_kw.tolist() == [0.0, 3.0, 5.0, 2.0]
    assert by_participant(found.reduced_kw, found) == {"mill": 1.0}
    assert by_participant(found.charge_per_h, found) == {"mill": 1.0}


def test_a_reduction_at_a_negative_price_earns_nothing():
    wind = CostOffer("wind", "b", PolynomialCost((0, -1)), q_max=5.0)
    mill = ReducibleDemand("mill", "b", 3.0, PolynomialCost((0, -2)), 1.0)
    dispatch, found = reduced([wind, mill])

    assert dispatch.price_per_kwh[1] == -1.0
    assert found.reduced_kw.tolist() == [0.0, 1.0]
    assert not found.payment_per_h.any()
    assert found.money() == ()


def test_without_reductions_nothing_is_cleared_again():
    clear = partial(clear_nodal, LINE)
    book = CostColumns.of([GRID[0], SHOP, HOME], LINE)
    dispatch = clear_book(clear, book).dispatch

    def never(_):
        raise AssertionError

    found = reductions_of(dispatch, book, never)
    assert found.without is None
    assert found.money() == ()
    assert not found.extra_per_h.any()
    assert found.table()["participant"] == []


def test_without_a_dispatch_nothing_is_reduced():
    big = ReducibleDemand("mill", "b", 9.0, PolynomialCost((0, 1)), 1.0)
    dispatch, found = reduced([*GRID, big])

    assert dispatch.outcome is Outcome.INFEASIBLE
    assert not found.reduced_kw.any()


def test_the_table_has_those_who_reduce_or_are_charged():
    _, found = reduced()
    table = found.table()

    assert table["participant"] == ["home", "mill"]
    assert list(table["reduced_kw"]) == pytest.approx([0.0, 3.0])
    assert list(table["price_per_kwh"]) == pytest.approx([0.0, 10.0])
    assert list(table["payment_per_h"]) == pytest.approx([0.0, 30.0])
    assert list(table["saved_per_h"]) == pytest.approx([6.0, 2.0])
    assert list(table["charge_per_h"]) == pytest.approx([22.5, 7.5])


def test_effective_prices_and_money_hold_the_payments():
    dispatch, found = reduced()
    price, taken = dispatch.order_price_per_kwh, dispatch.quantity_kw

    # The home pays 10 + 22.5 / 3; the mill 10 + (7.5 - 30) / 1.
    prices = found.effective_prices(price, taken)
    assert prices[4:] == pytest.approx([17.5, -12.5])
    assert prices[:4] == pytest.approx(price[:4])
    # Imports of 6 kW at 2; no exports, no gas; 2 kW at 2.
    assert found.order_money_per_h(price, taken) == pytest.approx(
        [12.0, 0.0, 0.0, 4.0, 52.5, -12.5]
    )


def test_a_reduction_is_paid_where_nothing_is_taken():
    gas = CostOffer("gas", "b", PolynomialCost((0, 5)), q_max=5)
    mill = ReducibleDemand("mill", "b", 2.0, PolynomialCost((0, 1)), 2.0)
    dispatch, found = reduced([gas, mill])
    price, taken = dispatch.order_price_per_kwh, dispatch.quantity_kw

    assert found.effective_prices(price, taken).tolist() == price.tolist()
    assert found.order_money_per_h(price, taken).tolist() == [0.0, -6.0]


def test_settlements_and_the_market_take_the_money_in():
    market = NodalMarket(LINE, reductions="paid-by-beneficiaries")
    assert market.last_reductions is None
    market.clear([CostColumns.of(BOOK, LINE)])
    settled = market.last_settlement

    assert settled is not None
    assert int(settled.money_nano.sum()) == 0
    assert settled.balance("home") == (3000, -52_500_000_000)
    assert settled.balance("mill") == (1000, 12_500_000_000)
    assert settled.balance("operator")[1] == 4 * 8 * NANO
    assert market.effective_prices()[4:] == pytest.approx([17.5, -12.5])
    assert market.order_money_per_h()[4:] == pytest.approx([52.5, -12.5])
    assert market.record()["reductions"]["participant"] == ["home", "mill"]
    assert market.last_rounds == 1


def test_uncharged_reductions_leave_everything_as_it_is():
    market = NodalMarket(LINE)
    dispatch = market.clear([CostColumns.of(BOOK, LINE)])

    assert market.last_reductions is None
    assert market.effective_prices() == pytest.approx(dispatch.order_price_per_kwh)
    assert market.order_money_per_h()[4:] == pytest.approx([30.0, 10.0])
    assert "reductions" not in market.record()
    assert market.last_settlement is not None
    assert market.last_settlement.account[6:] == ("operator",)


def test_a_market_without_a_clearing_has_no_money():
    market = NodalMarket(LINE, reductions="paid-by-beneficiaries")

    assert market.order_money_per_h().size == 0
    assert market.last_rounds == 0


def test_extra_money_that_does_not_sum_to_zero_is_not_settled():
    dispatch, _ = reduced()
    with pytest.raises(CertificateError) as caught:
        settle(dispatch, extra=[("mill", PAYMENT, 5)])
    assert str(caught.value) == (
        "settlement: the result breaks money: residual 5.000e+00, allowed 0.0e+00. "
        "The result was not used; please report the orders."
    )


def test_payments_too_large_for_whole_units_are_refused():
    dispatch, found = reduced()
    with pytest.raises(ClearingError, match="use larger units"):
        found.money(1e9)
    assert dispatch.quantity_kw.size == 6


def test_a_misspelt_rule_is_refused():
    assert reduction_rule("uncharged") == "uncharged"
    with pytest.raises(UnknownNameError) as caught:
        NodalMarket(LINE, reductions="paid")
    assert str(caught.value) == (
        "no rule for reductions is called 'paid'. Known: paid-by-beneficiaries, "
        "uncharged."
    )


def test_shares_do_not_depend_on_the_order_of_orders():
    _, there = reduced()
    _, back = reduced(BOOK[::-1])

    assert back.extra_per_h[::-1] == pytest.approx(there.extra_per_h)
    assert sorted(back.money()) == sorted(there.money())
    np.testing.assert_allclose(back.share_frac.sum(), 1.0)
