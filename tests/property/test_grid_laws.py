"""Laws of the physical grid, whatever it is asked for."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridagora.grids.opendss_grid import OpenDSSGrid
from gridagora.types.actions import GridActions

GRIDS = {
    "ieee13": OpenDSSGrid("ieee13", generators=("680",)),
    "ieee37": OpenDSSGrid("ieee37", generators=("775",)),
    "ieee34": OpenDSSGrid("ieee34", generators=("848",)),
}
names = st.sampled_from(sorted(GRIDS))
factors = st.lists(st.integers(-4, 10).map(lambda k: k / 10), min_size=28, max_size=28)
demands = st.tuples(names, factors)


def asked_of(grid, factors):
    scale = np.array(factors)[: len(grid.load_buses)]
    return GridActions.of(grid.load_buses, grid.load_buses, scale * grid.nominal_kw)


@settings(max_examples=60, deadline=None)
@given(demands)
def test_what_the_source_gives_is_drawn_or_lost(demand):
    grid = GRIDS[demand[0]]
    grid.set_net_demand(asked_of(grid, demand[1]))
    grid.solve()

    left_kw = (grid.get_source_power() - grid.get_losses()).real - grid.served_kw.sum()
    assert abs(left_kw) < 0.1
    assert grid.get_losses().real > 0


@settings(max_examples=60, deadline=None)
@given(demands)
def test_every_bus_is_served_what_it_asked(demand):
    grid = GRIDS[demand[0]]
    grid.set_net_demand(asked_of(grid, demand[1]))
    grid.solve()

    scale = np.maximum(np.abs(grid.asked_kw), 1.0)
    assert np.all(np.abs(grid.served_kw - grid.asked_kw) <= 2e-4 * scale)


@settings(max_examples=30, deadline=None)
@given(demands, st.lists(factors, max_size=3))
def test_a_solution_depends_on_the_demand_and_not_on_the_history(demand, history):
    grid = GRIDS[demand[0]]
    wanted = asked_of(grid, demand[1])
    grid.reset()
    grid.set_net_demand(wanted)
    grid.solve()
    before = grid.get_voltages()
    for past in history:
        grid.set_net_demand(asked_of(grid, past))
        grid.solve()
        grid.set_taps(grid.get_taps() * 1.00625)
        grid.solve()
    grid.reset()
    grid.set_net_demand(wanted)
    grid.solve()

    assert np.array_equal(grid.get_voltages(), before)


@settings(max_examples=30, deadline=None)
@given(demands, st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(demand, shuffler):
    grid = GRIDS[demand[0]]
    rows = asked_of(grid, demand[1])
    grid.set_net_demand(rows)
    grid.solve()
    before = grid.get_voltages()
    order = list(range(len(rows.bus)))
    shuffler.shuffle(order)
    bus = [rows.bus[at] for at in order]
    grid.set_net_demand(GridActions.of(bus, bus, rows.net_demand_kw[order]))
    grid.solve()

    assert np.array_equal(grid.get_voltages(), before)


@settings(max_examples=20, deadline=None)
@given(demands)
def test_current_that_enters_a_bus_leaves_it(demand):
    grid = GRIDS[demand[0]]
    grid.set_net_demand(asked_of(grid, demand[1]))
    grid.solve()
    lines = grid.get_line_flows()
    at = {name: place for place, name in enumerate(grid.lines)}
    # the bus behind the first line: what flows in less the line's loss flows on
    first = {"ieee13": "lrg60_632", "ieee37": "l799r_701", "ieee34": "l800_802"}
    line = at[first[demand[0]]]
    inflow = lines[line] - grid.get_line_losses()[line]
    behind = {
        "ieee13": ("l632_633", "l632_645", "l632_mid671"),
        "ieee37": ("l701_702",),
        "ieee34": ("l802_mid806",),
    }[demand[0]]
    here = {"ieee13": "632", "ieee37": "701", "ieee34": "802"}[demand[0]]
    outflow = sum(lines[at[name]] for name in behind)
    drawn_kw = grid.served_kw[grid.bus_index(here)] if demand[0] == "ieee37" else 0.0

    assert (inflow - outflow).real == pytest.approx(drawn_kw, abs=0.1)
