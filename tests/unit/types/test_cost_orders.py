"""Orders for costs as bids and offers, and every way to get them wrong."""

import math

import numpy as np
import pytest

from gridagora.errors import InvalidOrderError
from gridagora.types.cost_orders import (
    CostOffer,
    ExportBid,
    ImportOffer,
    ReducibleDemand,
    preferences_of,
)
from gridagora.types.costs import PiecewiseLinearCost, PolynomialCost
from gridagora.types.orders import Bid, Curve, Offer

DIESEL = PolynomialCost((0.0, 70.0, 0.05))
CONCAVE = PolynomialCost((0.0, 0.0, -1.0))


def message_of(make):
    with pytest.raises(InvalidOrderError) as caught:
        make()
    return str(caught.value)


def test_a_quadratic_cost_is_an_offer_exactly():
    offer = CostOffer("d", "735", DIESEL, q_max=200, q_min=50).order()

    assert isinstance(offer, Offer)
    assert offer.curve == Curve((50.0, 200.0), (75.0, 90.0))


def test_straight_pieces_are_an_offer_of_steps():
    steps = PiecewiseLinearCost((0.0, 10.0, 20.0), (0.0, 5.0, 15.0))

    assert CostOffer("d", "b", steps, q_max=20).order().curve == Curve(
        (0.0, 10.0, 10.0, 20.0), (0.5, 0.5, 1.0, 1.0)
    )


def test_demand_that_can_be_reduced_is_a_bid_read_from_the_right():
    # Reducing costs 90 + 0.4 r: 90 for the 126th kW, 102 for the 96th.
    mill = ReducibleDemand("m", "738", 126.0, PolynomialCost((0, 90, 0.2)), 30.0)
    bid = mill.order()

    assert isinstance(bid, Bid)
    assert bid.curve == Curve((96.0, 126.0), (102.0, 90.0))
    assert mill.cost_per_h(116.0) == pytest.approx(90 * 10 + 0.2 * 100)
    assert mill.cost_per_h(126.0 + 1e-12) == 0.0


def test_steps_of_reduction_turn_round_too():
    # The first 10 kW of reduction cost 1 per kW, the next 20 cost 2.
    steps = PiecewiseLinearCost((0.0, 10.0, 30.0), (0.0, 10.0, 50.0))
    bid = ReducibleDemand("m", "b", 50.0, steps, 30.0).order()

    assert bid.curve == Curve((20.0, 40.0, 40.0, 50.0), (2.0, 2.0, 1.0, 1.0))


def test_plain_demand_is_firm():
    home = ReducibleDemand("h", "b", 5.0)

    assert home.order().curve == Curve((5.0, 5.0), (0.0, 0.0))
    assert home.range_kw == (5.0, 5.0)
    assert not home.is_curved


def test_a_cubic_cost_has_true_prices_at_its_corners():
    cube = PolynomialCost((0.0, 0.0, 0.0, 1.0))
    offer = CostOffer("d", "b", cube, q_max=2.0)
    demand = ReducibleDemand("m", "b", 10.0, cube, 2.0)

    assert offer.is_curved
    assert demand.is_curved
    assert offer.order(np.array([1.0])).curve == Curve((0, 1, 2), (0, 3, 12))
    assert demand.order(np.array([9.0])).curve == Curve((8, 9, 10), (12, 3, 0))
    assert offer.price_per_kwh(np.array([1.0])).tolist() == [3.0]
    assert demand.price_per_kwh(np.array([9.0])).tolist() == [3.0]
    assert offer.bend_per_kwh(np.array([1.0])).tolist() == [6.0]
    assert demand.bend_per_kwh(np.array([9.0])).tolist() == [6.0]
    assert offer.cost_per_h(2.0) == 8.0


def test_a_curved_cost_without_a_range_is_a_point():
    cube = PolynomialCost((0.0, 0.0, 0.0, 1.0))

    assert not CostOffer("d", "b", cube, q_max=2.0, q_min=2.0).is_curved
    assert not ReducibleDemand("m", "b", 10.0, cube, 0.0).is_curved


def test_an_offer_that_is_not_convex_says_where():
    assert message_of(lambda: CostOffer("d", "b", CONCAVE, q_max=8.0)) == (
        "offer of 'd': its marginal cost falls from 0 to 8 kW, expected a convex cost "
        "between 0 and 8 kW."
    )


def test_p_min_above_p_max_is_refused():
    assert message_of(lambda: CostOffer("d", "b", DIESEL, q_max=1.0, q_min=2.0)) == (
        "offer of 'd': q_min is 2.0, expected P_min <= P_max: at most q_max = 1.0 kW."
    )


def test_every_power_at_fault_is_named():
    assert message_of(
        lambda: CostOffer("d", "b", DIESEL, q_max=math.inf, q_min=-1.0)
    ) == (
        "offer of 'd': q_max is inf, expected a finite number >= 0 kW. "
        "q_min is -1.0, expected a finite number >= 0 kW."
    )
    assert message_of(lambda: ReducibleDemand("m", "b", -3.0, DIESEL, math.nan)) == (
        "demand of 'm': baseline_kw is -3.0, expected a finite number >= 0 kW. "
        "most_reduction_kw is nan, expected a finite number >= 0 kW."
    )


def test_nobody_reduces_more_than_the_baseline():
    assert message_of(lambda: ReducibleDemand("m", "b", 3.0, DIESEL, 4.0)) == (
        "demand of 'm': most_reduction_kw is 4.0, expected at most the baseline of "
        "3.0 kW."
    )


def test_a_cost_of_reducing_must_be_convex_as_far_as_it_goes():
    cost = PiecewiseLinearCost((0.0, 1.0, 2.0), (0.0, 3.0, 4.0))

    assert ReducibleDemand("m", "b", 3.0, cost, 1.0).order().curve.price_per_kwh == (
        3.0,
        3.0,
    )
    assert message_of(lambda: ReducibleDemand("m", "b", 3.0, cost, 2.0)) == (
        "demand of 'm': its marginal cost falls from 3 to 1 per kWh at 1 kW, expected "
        "a convex cost between 0 and 2 kW."
    )


def test_imports_and_exports_are_level():
    offer = ImportOffer("t", "799", 50.0, most_kw=2000.0)
    bid = ExportBid("t", "799", 20.0, most_kw=100.0)

    assert offer.order() == Offer("t", "799", Curve((0.0, 2000.0), (50.0, 50.0)))
    assert bid.order() == Bid("t", "799", Curve((0.0, 100.0), (20.0, 20.0)))
    assert (offer.cost_per_h(3.0), bid.cost_per_h(3.0)) == (150.0, -60.0)
    assert ImportOffer("t", "799", 50.0).order().curve.quantity_kw == (0.0, 0.0)


def test_imports_need_a_finite_price_and_a_limit_that_is_not_negative():
    assert message_of(lambda: ImportOffer("t", "b", math.nan, most_kw=-1.0)) == (
        "import offer of 't': price_per_kwh is nan, expected finite. most_kw is -1.0, "
        "expected >= 0 kW."
    )
    assert message_of(lambda: ExportBid("t", "b", math.inf)) == (
        "export bid of 't': price_per_kwh is inf, expected finite."
    )


def test_costs_become_the_curves_of_a_population():
    mill = ReducibleDemand("m", "738", 126.0, PolynomialCost((0, 90, 0.2)), 30.0)
    found = preferences_of([mill, CostOffer("d", "735", DIESEL, q_max=200)])

    assert found.participant == ("m", "d")
    assert found.bus == ("738", "735")
    assert found.is_bid.tolist() == [True, False]
    assert found.firm_kw.tolist() == [96.0, 0.0]
    assert found.price_per_kwh.tolist() == [102.0, 90.0, 70.0, 90.0]
    assert preferences_of([]).n_participant == 0


def test_curved_costs_are_no_curves_of_a_population():
    cube = PolynomialCost((0.0, 0.0, 0.0, 1.0))
    assert message_of(lambda: preferences_of([CostOffer("d", "b", cube, 1.0)])) == (
        "preferences: the cost of 'd' is of a degree above 2, expected a curve; send "
        "it to the market as it is, or state it as straight pieces."
    )
