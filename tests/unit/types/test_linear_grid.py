from dataclasses import replace

import numpy as np
import pytest

from gridagora.errors import InvalidNetworkError, UnknownNameError
from gridagora.types.linear_grid import Response


def one_row(name, n_place, *, value=0.0):
    zeros = np.zeros((1, n_place))
    return Response((name,), np.array([value]), zeros, zeros.copy())


def test_what_is_measured_answers_to_power_and_reactive_power(village):
    grid = village
    more = np.array([0.0, 10.0, -5.0, 0.0])

    # 5 kW and 4 kvar more: 0.98 less 0.005 less 0.008
    after = grid.voltages.after(more, np.array([0.0, 4.0, 0.0, 0.0]))

    assert after == pytest.approx([0.967])


def test_places_are_found_by_name_and_terminals_come_last(village):
    grid = village

    assert grid.bus_index("village.supply") == 2
    assert grid.terminals.tolist() == [3]
    assert grid.n_place == 4
    with pytest.raises(UnknownNameError, match="no place is called 'vilage'"):
        grid.bus_index("vilage")


def test_a_terminal_behind_a_merged_regulator_is_not_the_buss_own(village):
    merged = replace(village, place=("source", "village", "village.supply", "reg.1"))

    assert village.own_terminals.tolist() == [3]
    assert merged.own_terminals.tolist() == []
    assert merged.terminals.tolist() == [3]


def test_columns_cannot_be_written(village):
    grid = village

    for array in (grid.demand_kw, grid.voltages.per_kw, grid.flow_limit_kw):
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 1.0


def test_every_fault_is_named_at_once(village):
    grid = village

    with pytest.raises(InvalidNetworkError) as caught:
        replace(
            grid,
            place=("source", "village", "village", "village.1"),
            source=2,
            supply=np.array([0]),
            flows=one_row("line", 3),
            loss=one_row("loss", 4, value=np.nan),
        )

    assert str(caught.value) == (
        "linear grid: two places have the same name. "
        "flows answer to other places than the grid has. loss are not finite. "
        "supply has the shape (1,), expected (2,). source is 2, expected 0 to 1."
    )
