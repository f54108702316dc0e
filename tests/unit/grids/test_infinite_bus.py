"""The grid without physics."""

import types

import numpy as np
import pytest

from gridagora.errors import InvalidActionError, InvalidNetworkError, UnknownNameError
from gridagora.grids.infinite_bus import InfiniteBusGrid
from gridagora.types.actions import GridActions


def actor(*rows):
    bus = [row[0] for row in rows]
    table = GridActions.of(bus, bus, np.array([float(row[1]) for row in rows]))
    return types.SimpleNamespace(get_grid_actions=lambda: table)


def test_a_step_serves_what_all_agents_ask():
    grid = InfiniteBusGrid(["a", "b"])
    grid.env = types.SimpleNamespace(
        agents=[actor(("a", 3.0), ("b", -1.0)), actor(("a", 2.0))]
    )
    grid.step()
    grid.solve()

    assert grid.served_kw.tolist() == [5.0, -1.0]
    assert grid.get_source_power() == 4.0
    assert grid.get_losses() == 0
    assert grid.get_voltages().tolist() == [1.0, 1.0]


def test_reset_forgets_demand():
    grid = InfiniteBusGrid(["a"])
    grid.set_net_demand(actor(("a", 3.0)).get_grid_actions())
    grid.reset()

    assert grid.asked_kw.tolist() == [0.0]
    assert grid.nominal_kw.tolist() == [0.0]


def test_unknown_buses_are_named_at_once():
    grid = InfiniteBusGrid(["a"])
    with pytest.raises(InvalidActionError) as caught:
        grid.set_net_demand(actor(("x", 1.0), ("y", 1.0)).get_grid_actions())
    assert str(caught.value) == (
        "grid actions: no bus is called 'x'. Known: a. no bus is called 'y'. Known: a."
    )
    with pytest.raises(UnknownNameError):
        grid.bus_index("x")
    assert grid.bus_index("a") == 0


def test_a_grid_needs_buses_with_different_names():
    with pytest.raises(InvalidNetworkError) as caught:
        InfiniteBusGrid(["a", "a"])
    assert str(caught.value) == "infinite bus: bus 'a' is named more than once."
    with pytest.raises(InvalidNetworkError, match="there is no bus"):
        InfiniteBusGrid([])


def test_records_have_the_tables_of_a_real_grid():
    tables = InfiniteBusGrid(["a", "b"]).record()

    assert set(tables) == {"voltages", "grid"}
    assert {len(column) for column in tables["voltages"].values()} == {2}
    assert {len(column) for column in tables["grid"].values()} == {1}
