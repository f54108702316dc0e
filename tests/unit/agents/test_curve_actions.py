import numpy as np
import pytest

from gridagora.agents.curve_actions import TRUTH, CurveActions
from gridagora.errors import InvalidConfigError
from gridagora.types.preferences import Preferences

UNITS = Preferences.of_producers(
    ["one", "two"], ["a", "b"], p_max=[6.0, 3.0], p_min=[2.0, 3.0], q_max=10.0
)
# Value falls from 9 to 5: the first kW less costs 5, the last 9.
HOME = Preferences.of_consumers(["anna"], ["a"], p_max=9.0, p_min=5.0, q_max=4, q_min=1)


def pairs(grid):
    return list(zip(grid.factor.tolist(), grid.adder_per_kwh.tolist(), strict=True))


def test_the_truth_comes_first_and_once():
    grid = CurveActions.of_markups(adder_per_kwh=[1.0, 0.0], factor=[1.0, 2.0])
    assert pairs(grid) == [(1.0, 0.0), (1.0, 1.0), (2.0, 1.0), (2.0, 0.0)]
    assert pairs(grid)[TRUTH] == (1.0, 0.0)


def test_the_truth_is_added_and_doubles_are_left_out():
    grid = CurveActions.of_slopes(adder_per_kwh=[2.0, 2.0, 3.0])
    assert pairs(grid) == [(1.0, 0.0), (1.0, 2.0), (1.0, 3.0)]
    assert grid.n_action == 3
    assert CurveActions.of_markups().n_action == 1


@pytest.mark.parametrize("kind", [CurveActions.of_markups, CurveActions.of_slopes])
@pytest.mark.parametrize("preferences", [UNITS, HOME])
def test_the_truthful_action_declares_the_private_curve_to_the_last_bit(
    kind, preferences
):
    grid = kind(adder_per_kwh=[-0.1, 0.3], factor=[0.7, 1.3])
    action = np.full(preferences.n_participant, TRUTH)
    declared = grid.strategy(action)(preferences)
    assert np.array_equal(declared.price_per_kwh, preferences.price_per_kwh)


def test_each_participant_takes_its_own_action():
    grid = CurveActions.of_markups(adder_per_kwh=[0.0, 1.0], factor=2.0)
    declared = grid.strategy(np.array([2, TRUTH]))(UNITS)
    assert declared.price_per_kwh.tolist() == [5.0, 13.0, 3.0, 3.0]
    assert declared.quantity_kw.tolist() == UNITS.quantity_kw.tolist()


def test_an_offer_turns_about_the_price_of_its_first_kw():
    # From 2 to 6: begins at 2 + 1 and rises by 4 x 1.5.
    grid = CurveActions.of_slopes(adder_per_kwh=1.0, factor=1.5)
    declared = grid.strategy(np.array([1, 1]))(UNITS)
    assert declared.price_per_kwh.tolist() == [3.0, 9.0, 4.0, 4.0]


def test_a_bid_turns_about_the_cost_of_the_first_kw_reduced():
    # From the right: begins at 5 + 1 and rises by 4 x 0.5; the firm part stays.
    grid = CurveActions.of_slopes(adder_per_kwh=1.0, factor=0.5)
    declared = grid.strategy(np.array([1]))(HOME)
    assert declared.price_per_kwh.tolist() == [8.0, 6.0]
    assert declared.firm_kw.tolist() == [1.0]
    assert declared.most_kw.tolist() == [4.0]


@pytest.mark.parametrize(
    ("adder", "factor", "faults"),
    [
        (np.inf, -1.0, "adder_per_kwh is inf, expected finite numbers. factor is -1.0, "
         "expected finite numbers >= 0."),
        ([], 1.0, "adder_per_kwh is [], expected finite numbers."),
        (0.0, [[1.0]], "factor is [[1.0]], expected finite numbers >= 0."),
        (0.0, np.nan, "factor is nan, expected finite numbers >= 0."),
    ],
)  # fmt: skip
def test_numbers_that_make_no_curve_are_refused(adder, factor, faults):
    with pytest.raises(InvalidConfigError) as caught:
        CurveActions.of_markups(adder_per_kwh=adder, factor=factor)
    assert str(caught.value) == f"curve actions: {faults}"
