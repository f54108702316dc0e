import numpy as np
import pytest

from gridagora.errors import (
    InvalidNetworkError,
    InvalidOrderError,
    UnknownNameError,
)
from gridagora.types.nodal_case import NodalCase

BRANCHES = {"from_bus": ["a", "b"], "to_bus": ["b", "c"], "limit_kw": [50.0, None]}
GENERATORS = {
    "participant": ["coal", "gas"],
    "bus": ["a", "c"],
    "quantity_kw": [[0.0, 80.0], [10.0, 20.0, 20.0]],
    "price_per_kwh": [[0.02, 0.04], [0.05, 0.05, 0.06]],
}
LOADS = {
    "participant": ["town"],
    "bus": ["b"],
    "quantity_kw": [[40.0]],
    "price_per_kwh": [[0.06]],
}


def test_offers_come_before_bids_and_buses_are_positions():
    case = NodalCase.from_tables(BRANCHES, GENERATORS, LOADS, reference="b")

    assert case.network.bus == ("a", "b", "c")
    assert case.network.reference == 1
    assert case.orders.participant == ("coal", "gas", "town")
    assert case.orders.bus.tolist() == [0, 2, 1]
    assert case.orders.is_bid.tolist() == [False, False, True]
    assert case.left_out == ()


def test_the_tables_come_back_as_they_were_given():
    case = NodalCase.from_tables(BRANCHES, GENERATORS, LOADS)

    assert case.generators() == GENERATORS
    assert case.loads() == LOADS
    branches = case.branches()
    assert branches["branch"] == ("a-b", "b-c")
    assert branches["from_bus"] == ["a", "b"]
    assert branches["to_bus"] == ["b", "c"]
    assert list(branches["limit_kw"]) == [50.0, np.inf]
    again = NodalCase.from_tables(branches, case.generators(), case.loads())
    assert again.orders.quantity_kw.tolist() == case.orders.quantity_kw.tolist()


def test_what_was_left_out_is_kept():
    case = NodalCase.from_tables(BRANCHES, GENERATORS, LOADS, left_out=("a line",))

    assert case.left_out == ("a line",)


def test_a_name_stands_once_over_both_tables():
    loads = {**LOADS, "participant": ["gas"]}

    with pytest.raises(InvalidOrderError) as caught:
        NodalCase.from_tables(BRANCHES, GENERATORS, loads)

    assert str(caught.value) == "case: participant 'gas' stands there twice."


def test_every_row_that_is_no_order_is_named():
    generators = {
        "participant": ["coal", "gas", "oil"],
        "bus": ["a", "a", "a"],
        "quantity_kw": [[0.0, -1.0], [0.0, 5.0], 7.0],
        "price_per_kwh": [[0.1, 0.2], [0.2, 0.1], [0.1]],
    }

    with pytest.raises(InvalidOrderError) as caught:
        NodalCase.from_tables(BRANCHES, generators, LOADS)

    assert str(caught.value) == (
        "generators: row 0, 'coal': quantity_kw is -1.0, expected a finite number >= 0 "
        "kW. row 1, 'gas': prices [0.2, 0.1] fall with quantity, expected never "
        "falling. row 2, 'oil': corners are 7.0 and [0.1], expected two lists of "
        "numbers."
    )


def test_a_table_without_a_column_is_refused_by_its_name():
    loads = {name: LOADS[name] for name in ("participant", "quantity_kw")}

    with pytest.raises(InvalidNetworkError) as caught:
        NodalCase.from_tables(BRANCHES, GENERATORS, loads)

    assert str(caught.value) == (
        "loads: column 'bus' is missing; the table has participant, quantity_kw. "
        "column 'price_per_kwh' is missing; the table has participant, quantity_kw."
    )


def test_an_order_at_no_bus_of_the_network_is_refused():
    with pytest.raises(UnknownNameError) as caught:
        NodalCase.from_tables(BRANCHES, GENERATORS, {**LOADS, "bus": ["d"]})

    assert str(caught.value) == "no bus is called 'd'. Known: a, b, c."
