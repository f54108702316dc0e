import numpy as np
import pytest

from gridagora.errors import InvalidCaseError, InvalidConfigError
from gridagora.interfaces.importers.pypower import pypower_case


def test_a_case_of_lists_or_arrays_becomes_kw_and_currency_per_kwh(matrices):
    arrays = {
        name: np.array(value) if isinstance(value, list) else value
        for name, value in matrices.items()
    }
    kept = {name: np.array(value) for name, value in arrays.items()}

    for case in (pypower_case(matrices), pypower_case(arrays)):
        assert case.network.bus == ("1", "2")
        assert case.network.branch == ("1-2",)
        assert case.network.limit_kw.tolist() == [60_000.0]
        assert case.network.reactance_pu.tolist() == [0.1]
        assert case.orders.participant == ("g1", "load 2")
        assert case.generators()["quantity_kw"] == [[0.0, 80_000.0]]
        assert case.generators()["price_per_kwh"] == [[0.02, 0.036]]
        assert case.loads()["quantity_kw"] == [[50_000.0]]
        assert case.loads()["price_per_kwh"] == [[10.0]]
    assert all((arrays[name] == kept[name]).all() for name in kept)


def test_a_value_of_load_is_taken(matrices):
    case = pypower_case(matrices, value_per_kwh=0.06)

    assert case.loads()["price_per_kwh"] == [[0.06]]
    with pytest.raises(InvalidConfigError, match="value_per_kwh: it is nan"):
        pypower_case(matrices, value_per_kwh=float("nan"))


def test_everything_that_is_no_case_is_named(matrices):
    del matrices["gencost"]
    matrices |= {"baseMVA": "many", "bus": [["a", 1]], "gen": [1, 2]}

    with pytest.raises(InvalidCaseError) as caught:
        pypower_case(matrices)

    assert str(caught.value) == (
        "PYPOWER case: 'gencost' is missing. 'bus' is no matrix of numbers. 'gen' is "
        "no matrix of numbers. 'baseMVA' is 'many', expected a number."
    )


def test_rows_of_different_length_are_no_matrix(matrices):
    matrices["branch"].append([1, 2])

    with pytest.raises(InvalidCaseError, match="'branch' is no matrix of numbers"):
        pypower_case(matrices)


def test_further_parts_are_named_where_they_hold_anything(matrices):
    case = pypower_case({**matrices, "dcline": [[1, 2]], "areas": np.zeros((0, 2))})

    assert case.left_out[1:] == (
        "'dcline' is left out: the power that DC lines move is missing at their ends.",
    )
