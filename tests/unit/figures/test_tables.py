import numpy as np
import pandas as pd
import pytest

from gridagora.errors import InputError
from gridagora.figures.tables import Measure, check_columns, extent, inline


def test_missing_columns_are_all_named():
    table = pd.DataFrame({"bus": ["a"]})

    with pytest.raises(InputError) as caught:
        check_columns("buses of a map", table, ["bus", "x", "y"])

    assert str(caught.value) == (
        "buses of a map: column 'x' is missing. column 'y' is missing. Has: 'bus'"
    )


def test_rows_hold_plain_values_and_null_for_what_is_not_finite():
    table = pd.DataFrame(
        {
            "number": [1.23456789, float("nan")],
            "count": np.array([1, 2], dtype=np.int32),
            "flag": [True, False],
            "name": ["a", None],
        }
    )

    assert inline(table).to_dict()["values"] == [
        {"number": 1.234568, "count": 1, "flag": True, "name": "a"},
        {"number": None, "count": 2, "flag": False, "name": None},
    ]


def test_a_cell_may_be_a_list():
    table = pd.DataFrame({"all": [[1.23456789, float("nan")], [np.int64(2), None]]})

    assert inline(table).to_dict()["values"] == [
        {"all": [1.234568, None]},
        {"all": [2, None]},
    ]


def test_more_rows_than_altair_allows_in_a_table_are_fine():
    assert len(inline(pd.DataFrame({"a": range(6000)})).to_dict()["values"]) == 6000


@pytest.mark.parametrize(
    ("values", "ends"),
    [
        ([0.0, 1.0], (-0.06, 1.06)),
        ([5.0], (4.7, 5.3)),  # 6 % of 5 on both sides
        ([0.0, 0.0], (-0.05, 0.05)),
        ([float("nan"), float("inf")], (0.0, 1.0)),
    ],
)
def test_an_axis_has_air_at_both_ends(values, ends):
    assert extent(values) == pytest.approx(ends)


def test_a_measure_names_its_unit_and_its_columns():
    loading = Measure("loading", "Loading", "%", flag="binding")

    assert loading.label == "Loading (%)"
    assert loading.columns == ("loading", "binding")
    assert Measure("n", "Number").label == "Number"
