import numpy as np
import pytest

from gridagora.errors import InvalidNetworkError
from gridagora.types.network_tables import (
    name_column,
    number_column,
    outward_order,
    require_columns,
    spanning_tree,
    tree_faults,
)


def test_missing_columns_are_named_with_those_that_are_there():
    with pytest.raises(InvalidNetworkError) as caught:
        require_columns({"from": [1], "limit_kw": [1]}, ("bus", "parent"))

    assert str(caught.value) == (
        "network table: column 'bus' is missing; the table has from, limit_kw. "
        "column 'parent' is missing; the table has from, limit_kw."
    )


def test_columns_of_unequal_length_are_refused():
    with pytest.raises(InvalidNetworkError, match=r"'parent' has 2 rows, 'bus' has 1"):
        require_columns({"bus": ["a"], "parent": ["b", "c"]}, ("bus", "parent"))


def test_empty_cells_take_the_default_and_nan_stays():
    values, faults = number_column({"x": [1, None, " ", float("nan")]}, "x", 9.0, 4)

    np.testing.assert_array_equal(values, [1.0, 9.0, 9.0, np.nan])
    assert not faults


def test_text_that_is_no_number_is_a_fault_with_its_row():
    _, faults = number_column({"x": ["1.5", "wide"]}, "x", 0.0, 2)

    assert faults == ["row 1: x is 'wide', expected a number."]


def test_names_left_out_take_the_default():
    assert name_column({"x": ["a", None, float("nan")]}, "x", "pqr") == ["a", "q", "r"]
    assert name_column({}, "x", "pq") == ["p", "q"]


def test_a_search_reaches_what_is_connected():
    parent, feeding = spanning_tree(4, np.array([0, 2]), np.array([2, 1]), 0)

    assert parent == [-1, 2, 0, -1]
    assert feeding == [-1, 1, 0, -1]


def test_every_cycle_is_named_once():
    faults = tree_faults(["a", "b", "c", "d", "e"], [None, "c", "b", "e", "d"])

    assert faults == [
        "the parents of 'b', 'c' form a cycle.",
        "the parents of 'd', 'e' form a cycle.",
    ]


def test_rows_are_ordered_from_the_source_outwards():
    assert outward_order(["c", "b", "a"], ["b", "a", None]) == [2, 1, 0]
