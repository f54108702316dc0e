import numpy as np
import pytest

from gridagora.interfaces.importers.marginal_costs import (
    N_PIECES,
    PiecewiseCost,
    PolynomialCost,
)


def test_a_quadratic_cost_has_a_straight_marginal_cost():
    # 0.02 P^2 + 10 P + 7: the marginal cost is 10 + 0.04 P
    cost = PolynomialCost((7.0, 10.0, 0.02))

    assert cost.corners(50.0, 100.0) == [(50.0, 12.0), (100.0, 14.0)]
    assert cost.total(100.0) == 7 + 1000 + 200
    assert cost.error(50.0, 100.0) == 0.0
    assert cost.fault(50.0, 100.0) == ""


@pytest.mark.parametrize("coefficients", [(3.0,), (3.0, 0.0), (3.0, 0.0, 0.0, 0.0)])
def test_a_constant_cost_has_a_marginal_cost_of_nothing(coefficients):
    cost = PolynomialCost(coefficients)

    assert cost.corners(0.0, 9.0) == [(0.0, 0.0), (9.0, 0.0)]
    assert cost.fault(0.0, 9.0) == ""
    assert cost.total(9.0) == 3.0


def test_one_output_has_one_corner():
    assert PolynomialCost((0.0, 1.0, 2.0)).corners(5.0, 5.0) == [(5.0, 21.0)]
    # far below 0, where the marginal cost would be negative, nothing bends
    assert PolynomialCost((0.0, 1.0, -2.0)).fault(5.0, 5.0) == ""


def test_a_cost_that_bends_down_is_a_fault():
    why = "its marginal cost falls with output; a market needs it never to"

    assert PolynomialCost((0.0, 5.0, -0.1)).fault(0.0, 10.0) == why
    # P^3 - 15 P^2: the marginal cost 3 P^2 - 30 P falls up to P = 5
    bent = PolynomialCost((0.0, 0.0, -15.0, 1.0))
    assert bent.fault(0.0, 10.0) == why
    assert bent.fault(5.0, 10.0) == ""
    # P^4/4 - P^3/3: the marginal cost P^3 - P^2 falls between 0 and 2/3 only
    dented = PolynomialCost((0.0, 0.0, 0.0, -1 / 3, 0.25))
    assert dented.fault(-1.0, 2.0) == why
    assert dented.fault(0.7, 2.0) == ""


def test_a_cubic_cost_takes_equal_pieces_whose_error_is_known():
    # P^3: marginal cost 3 P^2; a chord over a width h is off by 3 h^2 / 4 at most
    cost = PolynomialCost((0.0, 0.0, 0.0, 1.0))

    corners = cost.corners(0.0, 16.0)

    assert len(corners) == N_PIECES + 1
    assert corners[0] == (0.0, 0.0)
    assert corners[1] == pytest.approx((1.0, 3.0))
    assert corners[-1] == pytest.approx((16.0, 768.0))
    assert cost.error(0.0, 16.0) == pytest.approx(0.75)
    assert cost.error(4.0, 4.0) == 0.0


def test_the_stated_error_is_the_largest_there_is():
    cost = PolynomialCost((2.0, 1.0, 0.5, 0.01, 0.002))
    corners = cost.corners(1.0, 30.0)
    outputs = np.linspace(1.0, 30.0, 20_001)
    at_mw, prices = np.array(corners).T
    straight = np.interp(outputs, at_mw, prices)
    exact = 1 + outputs + 0.03 * outputs**2 + 0.008 * outputs**3

    largest = np.abs(straight - exact).max()

    assert cost.error(1.0, 30.0) == pytest.approx(largest, rel=1e-6)


def test_pieces_become_steps_and_go_on_beyond_their_points():
    cost = PiecewiseCost.through((0.0, 12.0, 36.0, 60.0), (0.0, 144.0, 1008.0, 2832.0))

    assert cost.per_mwh == (12.0, 36.0, 76.0)
    assert cost.corners(0.0, 60.0) == [
        *((0.0, 12.0), (12.0, 12.0)),
        *((12.0, 36.0), (36.0, 36.0)),
        *((36.0, 76.0), (60.0, 76.0)),
    ]
    assert cost.corners(-5.0, 10.0) == [(-5.0, 12.0), (10.0, 12.0)]
    assert cost.corners(40.0, 90.0) == [(40.0, 76.0), (90.0, 76.0)]
    assert cost.corners(12.0, 20.0) == [(12.0, 36.0), (20.0, 36.0)]
    assert cost.corners(12.0, 12.0) == [(12.0, 36.0)]
    assert cost.error(0.0, 60.0) == 0.0


def test_pieces_add_up_to_the_cost_on_both_sides_of_the_first_point():
    cost = PiecewiseCost.through((10.0, 20.0, 40.0), (100.0, 150.0, 350.0))

    assert cost.total(10.0) == 100.0
    assert cost.total(20.0) == 150.0
    assert cost.total(40.0) == 350.0
    assert cost.total(50.0) == 450.0  # 10 a MWh beyond the last point
    assert cost.total(0.0) == 50.0  # 5 a MWh below the first


def test_pieces_that_get_cheaper_are_a_fault_only_where_the_unit_can_be():
    cost = PiecewiseCost((0.0, 10.0, 20.0, 30.0), (5.0, 3.0, 8.0))

    assert cost.fault(0.0, 30.0) == (
        "its pieces get cheaper at 10 MW; a market needs rising ones"
    )
    assert cost.fault(10.0, 30.0) == ""


def test_rounding_of_equal_slopes_is_no_fault():
    cost = PiecewiseCost((0.0, 1.0, 2.0), (10.0, 10.0 - 1e-12))

    assert cost.fault(0.0, 2.0) == ""
    assert [price for _, price in cost.corners(0.0, 2.0)] == [10.0] * 4
