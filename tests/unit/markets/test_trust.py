"""Prices against differences of cost, straight lines against the grid, by hand."""

from dataclasses import replace

import numpy as np
import pytest

from gridagora.errors import UnknownNameError
from gridagora.markets.agreement import clear_on_grid, clear_once
from gridagora.markets.trust import cost_of_more, model_errors, price_errors
from gridagora.types.grid_limits import GridLimits
from gridagora.types.orders import Bid, Curve, CurveColumns, Offer

FREE = GridLimits(voltage_pu=None)
GRID = Offer("grid", "source", Curve((0.0, 1000.0), (10.0, 10.0)))
HOME = Bid("home", "house", Curve((60.0, 60.0), (90.0, 90.0)))


def cleared_on(street, *orders, limits=FREE):
    columns = CurveColumns.of([GRID, *orders], street())
    return clear_on_grid(street, columns, limits).dispatch


def test_total_cost_with_more_demand_is_that_of_the_whole_problem(street):
    # 1 kW more at the house: 61 kW and what the line then loses, at 10.
    dispatch = cleared_on(street, HOME)
    cost = cost_of_more(street, dispatch, FREE)
    more = np.array([0.0, 1.0, 0.0, 0.0])

    volt = (1 + (1 - 0.004 * 61) ** 0.5) / 2
    assert cost(more, np.zeros(4)) == pytest.approx(10 * 61 / volt - 90 * 60)


def test_cost_without_a_dispatch_is_infinite(street):
    dispatch = cleared_on(street, HOME, limits=GridLimits(voltage_pu=(0.9, 1.1)))
    cost = cost_of_more(street, dispatch, GridLimits(voltage_pu=(0.9, 1.1)))

    assert cost(np.array([0.0, 100.0, 0.0, 0.0]), np.zeros(4)) == np.inf


def test_prices_where_cost_is_smooth_are_its_central_difference(street):
    dispatch = cleared_on(street, HOME)
    table = price_errors(
        dispatch, cost_of_more(street, dispatch, FREE), ["house", "house.1"], step=0.01
    )

    assert table["place"] == ["house", "house", "house.1", "house.1"]
    assert table["unit"] == ["kWh", "kvarh", "kWh", "kvarh"]
    assert table["dlmp"] == pytest.approx([10 / 0.76**0.5, 0, 10 / 0.76**0.5, 0])
    assert np.abs(table["error"]).max() < 1e-6
    assert np.all(table["unique"])
    assert np.all(table["inside"])


def test_at_a_kink_the_price_lies_between_the_one_sided_ones(street):
    # The engine's 20 kW at 8 end just where the house's 20 kW do: one kW less of
    # demand saves 8, one more costs 10, and the line carries nothing.
    home = Bid("home", "house", Curve((20.0, 20.0), (90.0, 90.0)))
    engine = Offer("engine", "house", Curve((0.0, 20.0), (8.0, 8.0)))
    dispatch = cleared_on(street, home, engine)
    table = price_errors(dispatch, cost_of_more(street, dispatch, FREE), ["house"])

    assert table["left"][0] == pytest.approx(8.0, abs=1e-6)
    assert table["right"][0] == pytest.approx(10.0, abs=1e-2)
    assert list(table["unique"]) == [False, True]
    assert list(table["inside"]) == [True, True]
    assert table["error"][0] == 0.0


def test_a_wrong_price_is_outside(street):
    dispatch = cleared_on(street, HOME)
    parts = replace(dispatch.active, voltage=dispatch.active.voltage + 1.0)
    wrong = replace(dispatch, active=parts)
    table = price_errors(wrong, cost_of_more(street, wrong, FREE), ["house"])

    assert list(table["inside"]) == [False, True]
    assert table["error"][0] == pytest.approx(1.0, abs=1e-4)


def test_a_place_that_is_not_there_is_refused(street):
    dispatch = cleared_on(street, HOME)
    with pytest.raises(UnknownNameError, match="no place is called 'shed'"):
        price_errors(dispatch, cost_of_more(street, dispatch, FREE), ["shed"])


def test_one_model_is_compared_with_the_grid_at_its_dispatch(street):
    # From 50 to 60 kW: v = (1 + sqrt(0.8)) / 2 - 0.01 / sqrt(0.8) is promised.
    columns = CurveColumns.of([GRID, HOME], street())
    dispatch = clear_once(street, columns, FREE).dispatch
    solved = street(dispatch.net_demand_kw, dispatch.net_demand_kvar)
    table = model_errors(dispatch, solved)

    promised = (1 + 0.8**0.5) / 2 - 0.01 / 0.8**0.5
    volt = (1 + 0.76**0.5) / 2
    assert table["quantity"] == ["voltage", "flow", "current", "loss"]
    assert table["where"] == ["house.1", "street", "street.1", "loss"]
    assert table["promised"][0] == pytest.approx(promised)
    assert table["solved"][0] == pytest.approx(volt)
    assert table["largest_error"][0] == pytest.approx(promised - volt)
    flow_kw = 50 / ((1 + 0.8**0.5) / 2) + 10 / 0.8**0.5
    assert table["largest_error"][1] == pytest.approx(60 / volt - flow_kw)
