"""How prices grow with demand: guessed from voltages, then learned."""

from dataclasses import replace

import numpy as np
import pytest

from gridagora.markets.curvature import Curvature
from gridagora.markets.linear import clear_linear
from gridagora.types.grid_limits import GridLimits
from gridagora.types.orders import Bid, Curve, CurveColumns, Offer

BOOK: list[Bid | Offer] = [
    Offer("grid", "source", Curve((0.0, 1000.0), (10.0, 10.0))),
    Bid("home", "house", Curve((60.0, 60.0), (90.0, 90.0))),
]


def cleared_at(street, drawn_kw):
    model = street(np.array([0.0, drawn_kw, 0.0, 0.0]))
    orders = CurveColumns.of(BOOK, model)
    return clear_linear(model, orders, GridLimits(voltage_pu=None))


def test_the_guess_is_the_energy_price_times_twice_the_fall_of_voltage(street):
    # One more kW at the house lowers its voltage by 0.001 / sqrt(0.8) pu at 50 kW; the
    # true growth of 10 / (2 v - 1) is 10 * 0.002 / 0.8^1.5, a quarter more.
    curvature = Curvature(cleared_at(street, 50.0), np.array([1]))

    assert curvature.matrix == pytest.approx(np.array([[0.02 / 0.8**0.5]]))
    assert curvature.matrix[0, 0] == pytest.approx(0.8 * 0.02 / 0.8**1.5)


def test_reactive_power_that_goes_with_power_counts_by_its_square(cleared):
    # 0.5 kvar with each kW: 2 * 10 * 0.0005 * (1 + 0.25); the supply draws none.
    curvature = Curvature(cleared, np.array([1, 2]))

    assert curvature.matrix[0, 0] == pytest.approx(0.0125, rel=0.05)
    assert curvature.matrix[1, 1] == pytest.approx(0.008, rel=0.05)


def test_places_at_one_point_of_the_grid_grow_dearer_together(street):
    # What the house draws less what its supply delivers: one direction.
    curvature = Curvature(cleared_at(street, 50.0), np.array([1, 2]))
    rate, direction = curvature.directions(np.array([True, True]))

    assert rate == pytest.approx([2 * 0.02 / 0.8**0.5])
    assert np.abs(direction) == pytest.approx(np.full((1, 2), 0.5**0.5))
    alone, _ = curvature.directions(np.array([True, False]))
    assert alone == pytest.approx([0.02 / 0.8**0.5])
    nobody, none = curvature.directions(np.array([False, False]))
    assert nobody.size == none.size == 0


def test_what_prices_did_on_the_way_replaces_the_guess(street):
    # From 50 to 60 kW the price went from 10 / sqrt(0.8) to 10 / sqrt(0.76).
    dispatch = cleared_at(street, 50.0)
    curvature = Curvature(dispatch, np.array([1]))
    curvature.learn(dispatch, dispatch.grid, street(np.array([0.0, 60.0, 0.0, 0.0])))

    learned = (10 / 0.76**0.5 - 10 / 0.8**0.5) / 10
    assert curvature.matrix == pytest.approx(np.array([[learned]]))


def test_what_was_learned_of_one_direction_leaves_others_alone(street):
    dispatch = cleared_at(street, 50.0)
    curvature = Curvature(dispatch, np.array([1, 2]))
    curvature.matrix = np.diag([0.04, 0.07])
    curvature.learn(dispatch, dispatch.grid, street(np.array([0.0, 60.0, 0.0, 0.0])))

    # both places have the same price, so that the supply is known to share its growth
    learned = (10 / 0.76**0.5 - 10 / 0.8**0.5) / 10
    assert curvature.matrix == pytest.approx(
        np.array([[learned, learned], [learned, 0.07 + learned]])
    )


def test_where_nothing_was_known_along_the_way_all_is_learned(street):
    dispatch = cleared_at(street, 50.0)
    curvature = Curvature(dispatch, np.array([1]))
    curvature.matrix = np.zeros((1, 1))
    curvature.learn(dispatch, dispatch.grid, street(np.array([0.0, 60.0, 0.0, 0.0])))

    learned = (10 / 0.76**0.5 - 10 / 0.8**0.5) / 10
    assert curvature.matrix == pytest.approx(np.array([[learned]]))


def test_places_that_grew_cheaper_teach_nothing(street):
    dispatch = cleared_at(street, 50.0)
    curvature = Curvature(dispatch, np.array([1]))
    before = curvature.matrix.copy()
    cheaper = replace(street(), demand_kw=np.array([0.0, 70.0, 0.0, 0.0]))
    dearer_now = street(np.array([0.0, 60.0, 0.0, 0.0]))
    curvature.learn(dispatch, dearer_now, cheaper)  # 60 -> 70 kW, priced as at 50

    assert curvature.matrix.tolist() == before.tolist()
