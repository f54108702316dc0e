import numpy as np
import pytest

from gridagora.errors import InvalidActionError
from gridagora.types.actions import GridActions


def test_without_kvar_the_loads_keep_their_power_factor():
    actions = GridActions.of(["anna"], ["a"], np.array([2.0]))
    assert actions.net_demand_kw.tolist() == [2.0]
    assert np.isnan(actions.net_demand_kvar).all()


def test_kvar_can_be_given():
    actions = GridActions.of(["anna"], ["a"], np.array([2.0]), np.array([0.5]))
    assert actions.net_demand_kvar.tolist() == [0.5]


def test_no_actions_are_a_table_without_rows():
    assert GridActions.none().participant == ()


def test_columns_must_have_one_length():
    with pytest.raises(InvalidActionError) as caught:
        GridActions.of(["anna"], ["a", "b"], np.array([2.0]))
    assert str(caught.value) == "grid actions: columns differ in length."


def test_powers_that_are_not_finite_are_refused_by_name():
    with pytest.raises(InvalidActionError) as caught:
        GridActions.of(
            ["anna", "ben"],
            ["a", "b"],
            np.array([np.nan, 1.0]),
            np.array([0.0, np.inf]),
        )
    assert str(caught.value) == (
        "grid actions: 'anna' asks for nan kW and 0.0 kvar, expected finite numbers. "
        "'ben' asks for 1.0 kW and inf kvar, expected finite numbers."
    )
