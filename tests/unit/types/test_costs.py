"""Cost functions by hand, and where they are not convex."""

import numpy as np
import pytest

from gridagora.errors import InvalidOrderError
from gridagora.types.costs import PiecewiseLinearCost, PolynomialCost

NOWHERE = np.zeros(0)


def message_of(make):
    with pytest.raises(InvalidOrderError) as caught:
        make()
    return str(caught.value)


def test_a_polynomial_and_its_slope_at_a_quantity():
    # 7 + 60 q + 0.05 q^2 + 0.001 q^3 at 10: 7 + 600 + 5 + 1; slope 60 + 1 + 0.3.
    cost = PolynomialCost((7.0, 60.0, 0.05, 0.001))

    assert float(cost.value_per_h(10.0)) == pytest.approx(613.0)
    assert float(cost.marginal_per_kwh(10.0)) == pytest.approx(61.3)
    assert cost.marginal_per_kwh([0.0, 10.0]) == pytest.approx([60.0, 61.3])
    assert cost.bend_per_kwh([0.0, 10.0]) == pytest.approx([0.1, 0.16])


def test_the_degree_is_that_of_the_last_coefficient_that_counts():
    assert PolynomialCost((1.0, 2.0, 3.0, 0.0)).degree == 2
    assert not PolynomialCost((1.0, 2.0, 3.0, 0.0)).is_curved
    assert PolynomialCost((0.0, 0.0, 0.0, 1.0)).is_curved
    assert PolynomialCost((0.0,)).degree == 0


def test_quadratic_costs_have_two_corners_and_cubic_ones_as_many_as_wanted():
    square = PolynomialCost((0.0, 60.0, 0.05))
    quantity, price = square.marginal_corners(0.0, 200.0, np.array([50.0]))
    assert quantity.tolist() == [0.0, 200.0]
    assert price == pytest.approx([60.0, 80.0])

    cube = PolynomialCost((0.0, 0.0, 0.0, 1.0))
    quantity, price = cube.marginal_corners(0.0, 2.0, np.array([1.0]))
    assert quantity.tolist() == [0.0, 1.0, 2.0]
    assert price.tolist() == [0.0, 3.0, 12.0]


@pytest.mark.parametrize(
    ("coefficient", "least", "most", "start", "stop"),
    [
        # c'' = -6 q: concave all the way.
        ((0.0, 1.0, 0.0, -1.0), 0.0, 5.0, "0", "5"),
        # c'' = -60 + 6 q: up to 10.
        ((0.0, 0.0, -30.0, 1.0), 0.0, 100.0, "0", "10"),
        # c'' = 6 q - 0.12 q^2 = 6 q (1 - q / 50): from 50 on.
        ((0.0, 0.0, 0.0, 1.0, -0.01), 0.0, 100.0, "50", "100"),
        # c'' = (q - 1) (q - 2), so c = q^4 / 12 - q^3 / 2 + q^2: between its roots.
        ((0.0, 0.0, 1.0, -0.5, 1 / 12), 0.0, 3.0, "1", "2"),
        # A tiny bend the wrong way is one, next to any slope.
        ((0.0, 50.0, -1e-20), 0.0, 5.0, "0", "5"),
    ],
)
def test_a_fault_says_where_the_marginal_cost_falls(
    coefficient, least, most, start, stop
):
    assert PolynomialCost(coefficient).faults(least, most) == [
        f"its marginal cost falls from {start} to {stop} kW, expected a convex cost "
        f"between {least:g} and {most:g} kW."
    ]


def test_only_the_range_that_is_offered_has_to_be_convex():
    cost = PolynomialCost((0.0, 0.0, -30.0, 1.0))  # convex from 10 kW on

    assert cost.faults(10.0, 100.0) == []
    assert cost.faults(5.0, 5.0) == []
    assert cost.faults(9.0, 100.0) != []


def test_touching_zero_curvature_is_convex_and_a_hair_below_is_not():
    # c'' = (q - 1)^2, whose factors are not exact in floats.
    touching = (0.0, 0.0, 0.5, -1 / 3, 1 / 12)
    below = (0.0, 0.0, 0.5 - 1e-9, -1 / 3, 1 / 12)

    assert PolynomialCost(touching).faults(0.0, 5.0) == []
    assert len(PolynomialCost(below).faults(0.0, 5.0)) == 1


def test_touching_zero_curvature_anywhere_is_convex():
    for root in np.linspace(0.1, 4.9, 49).tolist():
        # c'' = (q - root)^2
        touching = (0.0, 0.0, root**2 / 2, -root / 3, 1 / 12)
        assert PolynomialCost(touching).faults(0.0, 5.0) == []


def test_terms_that_overflow_are_refused():
    cost = PolynomialCost((0.0, 0.0, 0.0, 1.0))

    assert cost.faults(0.0, 1e200) == [
        "its terms at 1e+200 kW are too large, expected finite."
    ]


def test_a_polynomial_needs_finite_coefficients():
    assert message_of(lambda: PolynomialCost((1.0, float("nan")))) == (
        "polynomial cost: coefficient 1 is nan, expected a finite number."
    )
    assert message_of(lambda: PolynomialCost(())) == (
        "polynomial cost: there is no coefficient, expected one or more."
    )


STEPS = PiecewiseLinearCost((0.0, 10.0, 20.0, 40.0), (0.0, 5.0, 15.0, 55.0))
# Slopes 0.5, 1 and 2.


def test_straight_pieces_are_interpolated_and_end_pieces_go_on():
    assert STEPS.value_per_h([5.0, 10.0, 15.0, 50.0]).tolist() == [2.5, 5.0, 10.0, 75.0]
    assert STEPS.marginal_per_kwh([5.0, 10.0, 40.0]).tolist() == [0.5, 1.0, 2.0]
    assert STEPS.bend_per_kwh([5.0, 15.0]).tolist() == [0.0, 0.0]
    assert not STEPS.is_curved


def test_straight_pieces_have_a_step_at_each_corner_within_the_range():
    quantity, price = STEPS.marginal_corners(5.0, 20.0, NOWHERE)
    assert quantity.tolist() == [5.0, 10.0, 10.0, 20.0]
    assert price.tolist() == [0.5, 0.5, 1.0, 1.0]

    quantity, price = STEPS.marginal_corners(5.0, 5.0, NOWHERE)
    assert quantity.tolist() == [5.0, 5.0]
    assert price.tolist() == [0.5, 0.5]


def test_pieces_that_get_flatter_are_refused_where_it_counts():
    bent = PiecewiseLinearCost((0.0, 1.0, 2.0), (0.0, 3.0, 4.0))

    assert bent.faults(0.0, 2.0) == [
        "its marginal cost falls from 3 to 1 per kWh at 1 kW, expected a convex cost "
        "between 0 and 2 kW."
    ]
    assert bent.faults(1.0, 2.0) == []
    assert STEPS.faults(0.0, 41.0) == [
        "its cost is given from 0 to 40 kW, expected from 0 to 41 kW."
    ]


def test_slopes_that_are_equal_but_for_rounding_are_convex_and_never_fall():
    even = PiecewiseLinearCost((0.0, 1.0, 2.0, 3.0), (0.0, 0.1, 0.2, 0.3))
    _, price = even.marginal_corners(0.0, 3.0, NOWHERE)

    assert even.faults(0.0, 3.0) == []
    assert np.all(np.diff(price) >= 0.0)


def test_pieces_must_rise_and_be_finite():
    assert message_of(lambda: PiecewiseLinearCost((0.0, 0.0), (1.0, 2.0))) == (
        "piecewise linear cost: quantities are [0.0, 0.0], expected >= 0 kW and rising."
    )
    assert message_of(lambda: PiecewiseLinearCost((0.0,), (float("inf"), 2.0))) == (
        "piecewise linear cost: cost_per_h 0 is inf, expected a finite number. "
        "1 quantities and 2 costs, expected one cost for each of two or more "
        "quantities."
    )
