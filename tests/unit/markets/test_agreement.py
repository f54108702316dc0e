"""Straight lines and grid are repeated until they agree, on a street worked by hand."""

import numpy as np
import pytest

from gridagora.errors import ClearingError, PowerFlowError
from gridagora.markets.agreement import Agreement, clear_on_grid, clear_once
from gridagora.types.dispatch import Outcome
from gridagora.types.grid_limits import GridLimits
from gridagora.types.orders import Bid, Curve, CurveColumns, Offer

FREE = GridLimits(voltage_pu=None)
GRID = Offer("grid", "source", Curve((0.0, 1000.0), (10.0, 10.0)))


def flat(kind, name, most_kw, price, *, firm_kw=0.0, bus="house"):
    return kind(name, bus, Curve((firm_kw, most_kw), (price, price)))


def clear(street, *orders, limits=FREE, **options):
    columns = CurveColumns.of([GRID, *orders], street())
    return clear_on_grid(street, columns, limits, **options)


def test_firm_demand_needs_one_move_and_is_priced_where_it_ends(street):
    # 60 kW: v = (1 + sqrt(0.76)) / 2, and the next kW takes 1 / sqrt(0.76) from the
    # source, at 10.
    found = clear(street, flat(Bid, "home", 60.0, 90.0, firm_kw=60.0))

    assert found.dispatch.outcome is Outcome.CLEARED
    assert found.n_round == 3
    # before the first move it was linearised at 50 kW
    assert found.rounds["moved_kw"] == pytest.approx([10.0, 0.0, 0.0], abs=1e-9)
    assert found.dispatch.price_per_kwh[1] == pytest.approx(10 / 0.76**0.5, rel=1e-12)
    assert found.dispatch.quantity_kw[0] == pytest.approx(
        60 / ((1 + 0.76**0.5) / 2), rel=1e-12
    )
    assert found.dispatch.certificate.passed


def test_a_voltage_floor_holds_on_the_grid_itself(street):
    # 0.95 pu is reached with 1000 * 0.95 * 0.05 = 47.5 kW, which the house values at
    # 50 - 47.5 / 2; from the source come 47.5 / 0.95 = 50 kW.
    bid = Bid.affine("home", "house", p_max=50, p_min=20, q_max=60)
    found = clear(street, bid, limits=GridLimits())

    assert found.dispatch.quantity_kw == pytest.approx([50.0, 47.5], rel=1e-9)
    assert found.dispatch.price_per_kwh[1] == pytest.approx(26.25, rel=1e-9)
    assert found.dispatch.grid.voltages.value == pytest.approx([0.95], abs=1e-9)
    # each round about squares the error of the one before
    error = np.asarray(found.rounds["voltage_error_pu"])[1:]
    assert np.all(error[1:] <= 1e2 * error[:-1] ** 2 + 1e-15)


def test_flat_curves_that_cycle_between_corners_are_brought_together(street):
    # A generator at 11: it runs until the next kW from the source costs as much,
    # 10 / (2 v - 1) = 11, v = 10.5 / 11, P = 1000 v (1 - v) of the 60 kW.
    volt = 10.5 / 11
    found = clear(
        street,
        flat(Bid, "home", 60.0, 90.0, firm_kw=60.0),
        flat(Offer, "engine", 40.0, 11.0),
    )

    assert found.rounds["moved_kw"][1] == pytest.approx(40.0)  # from all to nothing
    assert np.max(found.rounds["tilt_per_kwh"]) > 0.01
    assert found.dispatch.quantity_kw[2] == pytest.approx(
        60.0 - 1000 * volt * (1 - volt), rel=1e-6
    )
    assert found.dispatch.price_per_kwh[1] == pytest.approx(11.0, rel=1e-8)
    assert found.dispatch.certificate.passed
    assert found.dispatch.orders.price_per_kwh[-1] == 11.0  # as it was sent
    assert found.n_round <= 8


def test_orders_at_one_place_end_where_their_prices_say(street):
    # The second engine begins at 11 and rises: it must end with nothing, although the
    # way there passes through quantities of both.
    found = clear(
        street,
        flat(Bid, "home", 60.0, 90.0, firm_kw=60.0),
        flat(Offer, "engine", 40.0, 11.0),
        Offer.affine("second", "house", p_max=11.1, p_min=11.0, q_max=40.0),
    )

    assert found.dispatch.quantity_kw[3] == pytest.approx(0.0, abs=1e-6)
    assert found.dispatch.price_per_kwh[1] == pytest.approx(11.0, rel=1e-8)
    assert found.n_round <= 15


def test_a_flat_bid_ends_between_its_corners_as_well(street):
    # Worth 11 to the house: it takes power until the next kW costs 11.
    volt = 10.5 / 11
    found = clear(street, flat(Bid, "home", 200.0, 11.0))

    assert found.dispatch.quantity_kw[1] == pytest.approx(
        1000 * volt * (1 - volt), rel=1e-6
    )
    assert found.dispatch.price_per_kwh[1] == pytest.approx(11.0, rel=1e-8)


def test_a_point_that_the_grid_refuses_is_approached_by_half(street):
    # At no load the line seems to lose nothing: 20 - 11 / 300 P = 10 at 272.7 kW, but
    # the grid carries less than 250 kW. Half of the step is where the next one begins.
    street.drawn_kw = 0.0
    bid = Bid.affine("home", "house", p_max=20.0, p_min=9.0, q_max=300.0)
    found = clear(street, bid)

    assert found.rounds["moved_kw"][0] == pytest.approx(3000 / 11)
    # in the end the house values the next kW at what it costs, 10 / (2 v - 1)
    power_kw = found.dispatch.quantity_kw[1]
    slope = (1 - 0.004 * power_kw) ** -0.5
    assert 10 * slope == pytest.approx(20 - 11 / 300 * power_kw, rel=1e-7)


def test_a_grid_that_refuses_every_step_is_told(street):
    def refusing(demand_kw=None, demand_kvar=None):
        if demand_kw is None:
            return street()
        raise PowerFlowError("street", "nothing converges", "Draw less")

    orders = CurveColumns.of(
        [GRID, flat(Bid, "home", 60.0, 90.0, firm_kw=60.0)], street()
    )
    with pytest.raises(PowerFlowError, match="nothing converges"):
        clear_on_grid(refusing, orders, FREE)


def test_too_few_rounds_are_told_with_the_gaps(street):
    with pytest.raises(ClearingError) as caught:
        clear(
            street,
            flat(Bid, "home", 60.0, 90.0, firm_kw=60.0),
            flat(Offer, "engine", 40.0, 11.0),
            agreement=Agreement(most_rounds=2),
        )

    # In the second round the engine goes from 40 kW to nothing.
    assert str(caught.value) == (
        "market and grid did not agree in 2 rounds: the dispatch still moves by 40 kW "
        "(allowed 0.0001) and voltages were 0.00117 pu (allowed 1e-07) from what was "
        "promised; allow more with Agreement(most_rounds=...), or give flat curves a "
        "slope."
    )


def test_without_a_dispatch_a_model_without_limits_is_tried_and_no_more(street):
    # 60 kW are more than the floor of 0.95 pu lets pass, wherever one linearises.
    found = clear(
        street, flat(Bid, "home", 60.0, 90.0, firm_kw=60.0), limits=GridLimits()
    )

    assert found.dispatch.outcome is Outcome.INFEASIBLE
    assert "house.1" in found.dispatch.reason
    assert found.n_round == 2
    assert np.isnan(found.rounds["moved_kw"]).all()
    assert found.dispatch.grid.demand_kw[1] == 60.0
    assert not found.dispatch.quantity_kw.any()
    assert clear_on_grid(street, CurveColumns.joined([])).n_round == 1


def test_a_limit_that_only_a_far_model_sees_broken_does_not_end_the_clearing(street):
    # At 200 kW the line of voltages is so steep that it promises 1.148 pu at 10 kW.
    street.drawn_kw = 200.0
    found = clear(
        street,
        flat(Bid, "home", 10.0, 90.0, firm_kw=10.0),
        limits=GridLimits(voltage_pu=(0.9, 1.05)),
    )

    assert found.dispatch.outcome is Outcome.CLEARED
    assert found.dispatch.voltages_pu == pytest.approx([(1 + 0.96**0.5) / 2])
    assert found.n_round <= 4


def test_who_sends_no_order_keeps_drawing_what_it_drew_at_first(street):
    street.drawn_kw = 30.0
    found = clear(street, flat(Offer, "engine", 10.0, 5.0))

    assert found.dispatch.fixed_kw.tolist() == [0.0, 30.0, 0.0, 0.0]
    assert found.dispatch.net_demand_kw[1:].tolist() == [30.0, -10.0, 0.0]
    assert found.dispatch.grid.demand_kw[1:].tolist() == [30.0, -10.0, 0.0]


def test_one_model_alone_is_one_round(street):
    orders = CurveColumns.of(
        [GRID, flat(Bid, "home", 60.0, 90.0, firm_kw=60.0)], street()
    )
    before = street.n_call
    found = clear_once(street, orders, FREE)

    assert street.n_call == before + 1
    assert found.n_round == 1
    # the slope at 50 kW, not at 60
    assert found.dispatch.price_per_kwh[1] == pytest.approx(10 / 0.8**0.5)


def test_the_rounds_tell_cost_and_errors(street):
    found = clear(street, flat(Bid, "home", 60.0, 90.0, firm_kw=60.0))
    rounds = {name: np.asarray(column) for name, column in found.rounds.items()}

    assert rounds["round"].tolist() == [1, 2, 3]
    assert np.isnan(rounds["voltage_error_pu"][0])
    # Linearised at 50 kW: v falls by 0.01 / sqrt(0.8); solved: (1 + sqrt(0.76)) / 2.
    promised = (1 + 0.8**0.5) / 2 - 0.01 / 0.8**0.5
    solved = (1 + 0.76**0.5) / 2
    assert rounds["voltage_error_pu"][1] == pytest.approx(promised - solved)
    source_kw = 60 / solved
    assert rounds["cost_per_h"][-1] == pytest.approx(10 * source_kw - 90 * 60)
