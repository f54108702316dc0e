"""Costs of any degree through the engines for straight curves, by hand."""

from functools import partial

import numpy as np
import pytest

from gridagora.errors import ClearingError, InvalidOrderError
from gridagora.markets.meshed import clear_meshed
from gridagora.markets.nodal import clear_nodal
from gridagora.markets.successive import (
    TOLERANCE,
    clear_book,
    clear_costs,
    total_cost_per_h,
)
from gridagora.types.cost_columns import CostColumns
from gridagora.types.cost_orders import (
    AnyOrder,
    CostOffer,
    ExportBid,
    ImportOffer,
    ReducibleDemand,
)
from gridagora.types.costs import PiecewiseLinearCost, PolynomialCost
from gridagora.types.dispatch import Outcome
from gridagora.types.network import Network
from gridagora.types.orders import Bid, CurveColumns, Offer

LINE = Network.from_table({"from_bus": ["a"], "to_bus": ["b"], "limit_kw": [4]})
RING = Network.from_table(
    {
        "from_bus": ["a", "b", "a"],
        "to_bus": ["b", "c", "c"],
        "limit_kw": [None, None, 4],
    }
)
CUBE = PolynomialCost((0.0, 0.0, 0.0, 1.0))


def cleared(orders, network=LINE, **options):
    return clear_costs(partial(clear_nodal, network), orders, network, **options)


def test_quadratic_costs_and_straight_pieces_need_one_round():
    # One kW through the line costs 1 + q at a; steps at b cost 2, then 8.
    orders: list[AnyOrder] = [
        CostOffer("coal", "a", PolynomialCost((0, 1, 0.5)), q_max=20),
        CostOffer("gas", "b", PiecewiseLinearCost((0, 3, 9), (0, 6, 54)), q_max=9),
        ReducibleDemand("mill", "b", 8.0),
    ]
    found = cleared(orders)

    assert (found.n_round, found.gap_per_kwh) == (1, 0.0)
    assert found.dispatch.quantity_kw.tolist() == [4.0, 4.0, 8.0]
    assert found.dispatch.price_per_kwh.tolist() == [5.0, 8.0]
    # 4 + 8 for coal, 6 + 8 for gas.
    assert total_cost_per_h(orders, found.dispatch.quantity_kw) == pytest.approx(26.0)


def test_a_cubic_cost_meets_a_flat_one_where_its_slope_is_the_price():
    # 3 q^2 = 12 at q = 2.
    orders: list[AnyOrder] = [
        CostOffer("one", "a", CUBE, q_max=10),
        Offer.affine("two", "b", p_max=12, p_min=12, q_max=10),
        ReducibleDemand("mill", "b", 6.0),
    ]
    found = cleared(orders)

    assert found.dispatch.quantity_kw == pytest.approx([2.0, 4.0, 6.0], abs=1e-9)
    assert found.dispatch.price_per_kwh == pytest.approx([12.0, 12.0])
    assert 1 < found.n_round <= 5
    assert found.gap_per_kwh <= TOLERANCE * 300.0  # 3 x 10^2 is the highest price


@pytest.mark.parametrize(
    "network", [LINE, LINE.radial(), RING], ids=["net", "tree", "ring"]
)
def test_reductions_of_high_degree_meet_the_price_behind_a_full_line(network):
    # Behind the line of 4 kW: 9 kW of demand, reducing r costs r^4, and solar brings 2.
    # So r = 3, and the price there is 4 r^3 = 108. On the ring a third of what comes
    # from a takes the long way, so that 6 kW arrive: r = 1 and the price is 4.
    orders: list[AnyOrder] = [
        ImportOffer("t", "a", 2.0),
        CostOffer("sun", network.bus[-1], PolynomialCost((0.0,)), q_max=2.0),
        ReducibleDemand(
            "m", network.bus[-1], 9.0, PolynomialCost((0, 0, 0, 0, 1)), 9.0
        ),
    ]
    found = cleared(orders, network)
    reduced = 1.0 if network is RING else 3.0

    assert found.dispatch.quantity_kw[2] == pytest.approx(9.0 - reduced, abs=1e-9)
    assert found.dispatch.order_price_per_kwh[2] == pytest.approx(4 * reduced**3)
    assert found.dispatch.certificate.passed


def test_two_curved_costs_share_where_their_slopes_agree():
    # q1^3 and 8 q2^3 cost the same more at q1 = sqrt(8) q2.
    orders: list[AnyOrder] = [
        CostOffer("one", "b", CUBE, q_max=10),
        CostOffer("two", "b", PolynomialCost((0, 0, 0, 8)), q_max=10),
        ReducibleDemand("mill", "b", 6.0),
    ]
    q = cleared(orders).dispatch.quantity_kw

    assert q[0] / q[1] == pytest.approx(np.sqrt(8), rel=1e-8)


def test_awards_at_the_ends_of_a_range_are_exact():
    orders: list[AnyOrder] = [
        CostOffer("cheap", "b", PolynomialCost((0, 0, 0, 1e-3)), q_max=2, q_min=0.5),
        CostOffer("dear", "b", PolynomialCost((0, 90, 0, 1)), q_max=9, q_min=1),
        Offer.affine("grid", "b", p_max=5, p_min=5, q_max=10),
        ReducibleDemand("mill", "b", 6.0),
    ]
    found = cleared(orders)

    assert found.dispatch.quantity_kw == pytest.approx([2.0, 1.0, 3.0, 6.0])
    assert found.n_round == 1


def test_the_result_does_not_depend_on_the_order_of_orders():
    orders: list[AnyOrder] = [
        CostOffer("one", "b", CUBE, q_max=10),
        CostOffer("two", "a", PolynomialCost((0, 1, 0, 0, 2)), q_max=10),
        ReducibleDemand("mill", "b", 6.0, PolynomialCost((0, 3, 0, 1)), 6.0),
    ]
    there = cleared(orders).dispatch.quantity_kw
    back = cleared(orders[::-1]).dispatch.quantity_kw

    assert back[::-1] == pytest.approx(there, abs=1e-9)


def test_without_a_dispatch_the_first_round_is_the_last():
    orders: list[AnyOrder] = [
        CostOffer("one", "a", CUBE, q_max=10),
        ReducibleDemand("mill", "b", 6.0),
    ]
    found = cleared(orders)

    assert found.dispatch.outcome is Outcome.INFEASIBLE
    assert found.n_round == 1
    assert "'a-b'" in found.dispatch.reason
    assert cleared([]).dispatch.outcome is Outcome.EMPTY


def test_an_unlimited_import_never_binds_and_names_the_price():
    # All 100 kW come from outside; demand could be reduced at 85, far above the LMP.
    orders: list[AnyOrder] = [
        ImportOffer("t", "a", 50.0),
        ReducibleDemand("m", "a", 100.0, PolynomialCost((0, 85, 0.2)), 20.0),
    ]
    dispatch = cleared(orders).dispatch

    assert dispatch.quantity_kw.tolist() == [100.0, 100.0]
    assert dispatch.price_per_kwh[0] == 50.0


def test_surplus_leaves_at_the_export_price():
    orders: list[AnyOrder] = [
        ImportOffer("t", "a", 5.0),
        ExportBid("t", "a", 1.0),
        CostOffer("sun", "b", PolynomialCost((0.0,)), q_max=7.0),
        ReducibleDemand("home", "a", 2.0),
    ]
    dispatch = cleared(orders).dispatch

    # 4 kW pass the line, 2 of them leave; 3 are curtailed at a price of 0.
    assert dispatch.quantity_kw.tolist() == [0.0, 2.0, 4.0, 2.0]
    assert dispatch.price_per_kwh.tolist() == [1.0, 0.0]
    assert total_cost_per_h(orders, dispatch.quantity_kw) == -2.0


@pytest.mark.parametrize("clear", [clear_nodal, clear_meshed])
def test_the_transmission_grid_sells_nothing_to_itself(clear):
    # It buys at the price at which it sells, so any amount could go round.
    orders: list[AnyOrder] = [
        ImportOffer("t", "a", 5.0),
        ExportBid("t", "a", 5.0),
        CostOffer("sun", "b", PolynomialCost((0.0,)), q_max=3.0),
        ReducibleDemand("home", "a", 2.0),
    ]
    found = clear_costs(partial(clear, LINE), orders, LINE)

    assert found.dispatch.quantity_kw == pytest.approx([0.0, 1.0, 3.0, 2.0], abs=1e-9)
    assert found.dispatch.price_per_kwh == pytest.approx([5.0, 5.0])
    with pytest.raises(ValueError, match="read-only"):
        found.dispatch.quantity_kw[0] = 1.0


def test_what_passes_through_the_feeder_from_one_source_to_another_stays():
    orders: list[AnyOrder] = [
        ImportOffer("t", "a", 5.0, 9.0),
        ExportBid("u", "b", 6.0, 9.0),
    ]
    found = cleared(orders)

    assert found.dispatch.quantity_kw.tolist() == [4.0, 4.0]


def test_a_curve_that_begins_level_is_found_from_afar():
    # 0.375 kW of demand that a cost of degree 9 and a cubic one share at prices of
    # 1e-5, where both are all but level: 9 a q^8 = 3 b r^2 with q + r = 0.297.
    a, b = 0.0327, 23.8
    orders: list[AnyOrder] = [
        CostOffer("nine", "b", PolynomialCost((0,) * 9 + (a,)), q_max=1.675),
        CostOffer("three", "b", PolynomialCost((0, 0, 0, b)), q_max=0.374),
        ReducibleDemand("mill", "b", 0.297),
        CostOffer("dear", "b", PolynomialCost((0, 60)), q_max=1.0),
    ]
    found = cleared(orders)
    q, r = found.dispatch.quantity_kw[:2]

    assert found.n_round <= 15
    assert 9 * a * q**8 == pytest.approx(3 * b * r**2, abs=2e-8)


def test_ordinary_bids_and_offers_count_in_the_objective_with_their_curves():
    orders: list[AnyOrder] = [
        Offer.affine("coal", "a", p_max=3, p_min=1, q_max=2),
        Bid.affine("mill", "a", p_max=9, p_min=5, q_max=2),
    ]
    # 2 kW cost 2 + 2 and are worth 10 + 4.
    assert total_cost_per_h(orders, np.array([2.0, 2.0])) == pytest.approx(-10.0)


def test_a_gap_that_does_not_close_is_an_error():
    book = CostColumns.of([CostOffer("one", "a", CUBE, q_max=10)], LINE)
    demand_kw = iter(np.linspace(1.0, 2.0, 50).tolist())

    def restless(orders):
        """Clear other demand in every round."""
        demand = CurveColumns.of(
            [ReducibleDemand("m", "a", next(demand_kw)).order()], LINE
        )
        return clear_nodal(LINE, CurveColumns.joined([orders, demand]))

    with pytest.raises(ClearingError) as caught:
        clear_book(restless, book, tolerance=0.0)
    message = str(caught.value)
    assert message.startswith(
        "successive clearing: after 50 rounds the marginal cost of 'one' at its award "
        "is still "
    )
    assert message.endswith(
        "per kWh off its curve, allowed 0.0e+00; allow a larger tolerance, or state "
        "the cost as straight pieces."
    )


def test_exports_above_the_import_price_are_refused():
    with pytest.raises(InvalidOrderError, match="bought and sold back at a gain"):
        cleared([ImportOffer("t", "a", 5.0), ExportBid("t", "a", 6.0)])
