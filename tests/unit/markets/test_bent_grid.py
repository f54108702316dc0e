"""Clearing where places grow dearer as they draw more."""

import numpy as np
import pytest

from gridagora.markets.bent_grid import Bend, clear_bent
from gridagora.types.dispatch import Outcome
from gridagora.types.grid_limits import GridLimits
from gridagora.types.orders import Bid, Curve, CurveColumns, Offer

FREE = GridLimits(voltage_pu=None)
GRID = Offer("grid", "source", Curve((0.0, 1000.0), (10.0, 10.0)))
HOME = Bid("home", "house", Curve((60.0, 60.0), (90.0, 90.0)))
ENGINE = Offer("engine", "house", Curve((0.0, 40.0), (11.0, 11.0)))


def bend_of(*places, rate=0.02):
    count = len(places)
    return Bend(
        np.array(places),
        np.array([rate * count]),
        np.full((1, count), count**-0.5),
        np.full(count, 100.0),
    )


def clear(street, *orders, bend, limits=FREE, fixed_kw=0.0):
    grid = street()
    columns = CurveColumns.of([GRID, *orders], grid)
    fixed = np.array([0.0, fixed_kw, 0.0, 0.0])
    return clear_bent(grid, columns, limits, bend, fixed=(fixed, np.zeros(4)))


def test_a_flat_offer_ends_where_the_bend_brings_the_price_to_it(street):
    # At 50 kW the next kW costs 10 / sqrt(0.8) = 11.180 at the house, 0.02 less for
    # each kW that house and supply together draw less: 11 at 50 - 9.017 kW.
    less_kw = (10 / 0.8**0.5 - 11) / 0.02
    found = clear(street, HOME, ENGINE, bend=bend_of(1, 2))

    assert found.outcome is Outcome.CLEARED
    assert found.quantity_kw[1:] == pytest.approx([60.0, 10.0 + less_kw])
    # the record is about the grid as it is: its straight lines, its places, its losses
    assert found.grid.place == street().place
    assert found.place.tolist() == [0, 1, 2]
    assert found.price_per_kwh[1] == pytest.approx(10 / 0.8**0.5)
    assert found.limits.name == ()
    assert found.loss_kw == pytest.approx(
        50 / ((1 + 0.8**0.5) / 2) - 50 - less_kw * (1 / 0.8**0.5 - 1)
    )
    assert found.net_demand_kw.sum() + found.loss_kw == pytest.approx(0.0, abs=1e-9)


def test_where_the_bend_adds_nothing_it_changes_nothing(street):
    home = Bid("home", "house", Curve((50.0, 50.0), (90.0, 90.0)))
    found = clear(street, home, bend=bend_of(1))

    assert found.quantity_kw[1] == 50.0
    assert found.certificate.passed


def test_orders_at_terminals_keep_their_places(street):
    lamp = Bid("lamp", "house.1", Curve((0.0, 80.0), (11.0, 11.0)))
    found = clear(street, lamp, bend=bend_of(3), fixed_kw=50.0)

    # nothing is drawn at the terminal at the point of the model, and 11 < 11.18
    assert found.place.tolist() == [0, 3]
    assert found.quantity_kw[1] == 0.0
    dear = Bid("lamp", "house.1", Curve((0.0, 80.0), (12.0, 12.0)))
    found = clear(street, dear, bend=bend_of(3), fixed_kw=50.0)
    assert found.quantity_kw[1] == pytest.approx((12 - 10 / 0.8**0.5) / 0.02)
    assert found.fixed_kw.tolist() == [0.0, 50.0, 0.0, 0.0]


def test_limits_are_kept_and_reported_as_without_a_bend(street):
    # 0.96 pu is passed at 38.4 kW; on the straight line from 50 kW at 0.9472 pu, at
    # 50 - 0.01279 / 0.001118 kW.
    most_kw = 50 - (0.96 - (1 + 0.8**0.5) / 2) * 0.8**0.5 / 0.001
    limits = GridLimits(voltage_pu=(0.96, 1.1))
    found = clear(street, HOME, ENGINE, bend=bend_of(1, 2), limits=limits)

    assert found.net_demand_kw[1:3].sum() == pytest.approx(most_kw)
    assert found.limits.name == ("house.1",)
    assert found.limits.binding.tolist() == [0]
    assert found.limits.value == pytest.approx([0.96])


def test_without_a_dispatch_the_reason_names_only_what_is_there(street):
    found = clear(
        street, HOME, bend=bend_of(1, 2), limits=GridLimits(voltage_pu=(0.96, 1.1))
    )

    assert found.outcome is Outcome.INFEASIBLE
    assert "house.1" in found.reason
    assert "curve" not in found.reason


def test_a_bend_says_how_much_dearer_places_become():
    bend = bend_of(1, 2, rate=0.02)

    # 3 kW more together: both are 0.06 dearer
    assert bend.tilt_per_kwh(np.array([5.0, -2.0])) == pytest.approx([0.06, 0.06])
