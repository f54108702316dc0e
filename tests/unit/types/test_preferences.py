import numpy as np
import pytest

from gridagora.errors import InvalidOrderError, UnknownNameError
from gridagora.types.network import RadialNetwork
from gridagora.types.orders import Bid, Curve, CurveColumns, Offer
from gridagora.types.preferences import (
    CurveIntegral,
    Preferences,
    cost_per_h,
    curve_integral_per_h,
    utility_per_h,
)

TREE = RadialNetwork.from_table({"bus": "ab", "parent": ["", "a"]})
HOMES = Preferences.of_consumers(
    ["anna", "ben"], ["b", "a"], p_max=9.0, p_min=[3.0, 1.0], q_max=[6.0, 5.0], q_min=1
)
UNITS = Preferences.of_producers(["gen"], ["a"], p_max=8.0, p_min=2.0, q_max=6.0)


def test_quadruples_become_two_corners():
    assert HOMES.quantity_kw.tolist() == [1.0, 6.0, 1.0, 5.0]
    assert HOMES.price_per_kwh.tolist() == [9.0, 3.0, 9.0, 1.0]
    assert UNITS.price_per_kwh.tolist() == [2.0, 8.0]
    assert (HOMES.firm_kw.tolist(), HOMES.most_kw.tolist()) == ([1, 1], [6, 5])
    assert HOMES.n_participant == 2


def test_curves_are_placed_on_a_network_by_bus_name():
    orders = HOMES.curves(TREE)
    assert orders.bus.tolist() == [1, 0]
    assert orders.is_bid.all()
    assert not UNITS.curves(TREE).is_bid.any()
    with pytest.raises(UnknownNameError, match="no bus is called 'b'"):
        HOMES.curves(RadialNetwork.from_table({"bus": ["a"], "parent": [""]}))


def test_quantities_can_be_scaled_for_all_or_for_each():
    assert HOMES.scaled(2.0).quantity_kw.tolist() == [2.0, 12.0, 2.0, 10.0]
    assert HOMES.scaled([1.0, 0.0]).quantity_kw.tolist() == [1.0, 6.0, 0.0, 0.0]


@pytest.mark.parametrize("factor", [-1.0, [1.0, np.nan], np.inf])
def test_factors_that_make_no_curve_are_refused(factor):
    with pytest.raises(InvalidOrderError, match="a quantity is not finite >= 0"):
        HOMES.scaled(factor)


def test_curves_that_no_market_can_clear_are_refused():
    with pytest.raises(InvalidOrderError) as caught:
        Preferences.of_consumers(["anna"], ["a"], p_max=1.0, p_min=2.0, q_max=-1.0)
    assert str(caught.value) == (
        "orders: bid of 'anna': a quantity is not finite >= 0. bid of 'anna': "
        "quantities fall. bid of 'anna': prices go the wrong way."
    )
    with pytest.raises(InvalidOrderError) as caught:
        Preferences.of_consumers(["anna"], ["a", "b"], p_max=2, p_min=1, q_max=1)
    assert str(caught.value) == (
        "preferences: 1 participants and 2 buses, expected one bus for each."
    )


def test_utility_counts_the_firm_part_at_the_first_price():
    # Anna falls from 9 at 1 kW to 3 at 6 kW, 1.2 per kW: 9 firm, then 9 to 6.6 over
    # 2 kW is 15.6. Ben with half of his firm kW: 4.5.
    assert utility_per_h(HOMES, np.array([3.0, 0.5])) == pytest.approx([24.6, 4.5])


def test_cost_is_the_area_under_the_marginal_cost():
    # 2 + q: 2 x 4 + 8.
    assert cost_per_h(UNITS, np.array([4.0])) == pytest.approx([16.0])


def test_beyond_the_last_corner_the_last_price_goes_on():
    # 12 + 18 for 6 kW, then 0.5 kW at 8.
    assert cost_per_h(UNITS, np.array([6.5])) == pytest.approx([34.0])


def test_utility_of_producers_and_cost_of_consumers_are_refused():
    with pytest.raises(InvalidOrderError) as caught:
        utility_per_h(UNITS, np.ones(1))
    assert str(caught.value) == (
        "preferences: 'gen' has a marginal cost, expected a marginal value."
    )
    with pytest.raises(InvalidOrderError, match="'ben' has a marginal value"):
        cost_per_h(HOMES, np.ones(2))


def test_vertical_and_horizontal_pieces_have_their_areas():
    # 10 at 0..2 (20), falls vertically to 6 at 2, to 4 at 4 (10), one firm point:
    # 3 kW at 5, of which 2 are taken.
    orders = CurveColumns.of(
        [
            Bid("anna", "a", Curve((0, 2, 2, 4), (10, 10, 6, 4))),
            Offer("gen", "b", Curve((3,), (5,))),
        ],
        TREE,
    )
    areas = curve_integral_per_h(orders, np.array([4.0, 2.0]))
    assert areas.tolist() == [30.0, 10.0]
    assert curve_integral_per_h(orders, np.array([1, 3])).tolist() == [10.0, 15.0]


def test_inelastic_curves_count_at_their_first_price():
    orders = CurveColumns.of(
        [Bid.affine("x", "a", p_max=9, p_min=3, q_max=6, q_min=6)], TREE
    )
    assert curve_integral_per_h(orders, np.array([6.0])).tolist() == [54.0]


def test_no_orders_have_no_areas():
    orders = CurveColumns.of([], TREE)
    assert CurveIntegral.of(orders)(np.zeros(0)).shape == (0,)
