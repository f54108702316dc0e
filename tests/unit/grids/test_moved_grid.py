"""The private copy draws what the grid would draw, and follows its switches."""

import numpy as np
import pytest

from gridagora.errors import InvalidActionError, PowerFlowError
from gridagora.grids import moved_grid
from gridagora.grids.linear import Linearizer
from gridagora.grids.opendss_grid import OpenDSSGrid
from gridagora.types.actions import GridActions


@pytest.fixture
def small(small_case):
    # mid: 300 kW, 90 kvar on three phases; end: 60 + 40 kW, 20 kvar; src: none
    grid = OpenDSSGrid(small_case, trusted=True, generators=("end",))
    linearizer = Linearizer(grid)
    return grid, linearizer._copy, linearizer._places


def test_nothing_given_is_what_the_grid_is_asked(small):
    grid, copy, places = small
    grid.set_loads(np.array([200.0, 50, 10]), np.array([70.0, 30, 5]))
    grid.set_generators(np.array([3.0, 4, 5]), np.array([1.0, 0, 1]))
    grid.solve()
    point = copy.move(None, None)

    assert point.volts == pytest.approx(grid.get_volts(), rel=1e-6)
    assert point.load_kva.tolist() == [200 + 70j, 50 + 30j, 10 + 5j]
    names = dict(
        zip(places.name, point.demand_kw + 1j * point.demand_kvar, strict=True)
    )
    assert names["src"] == 0
    assert names["mid"] == 200 + 70j
    assert names["end"] == 60 + 35j
    assert names["end.supply"] == -12 - 2j
    assert not any(names[name] for name in ("end.1", "mid.2"))


def test_demand_by_place_is_split_as_the_grid_splits_it(small):
    grid, copy, places = small
    kw, kvar = np.zeros((2, places.n_place))
    kw[[1, 2]], kvar[[1, 2]] = [240, 50], [60, 8]
    point = copy.move(kw, kvar)

    rows = GridActions.of(["a", "b"], ["mid", "end"], kw[[1, 2]], kvar[[1, 2]])
    grid.set_net_demand(rows)
    grid.solve()
    assert point.load_kva == pytest.approx([240 + 60j, 30 + 8j, 20])
    assert point.volts == pytest.approx(grid.get_volts(), rel=1e-6)
    assert point.demand_kw.tolist() == kw.tolist()


def test_supply_and_terminals_have_generators_of_their_own(small):
    _, copy, places = small
    now = copy.move(None, None)
    kw, kvar = now.demand_kw.copy(), now.demand_kvar.copy()
    kw[places.name.index("end.supply")] = -60
    kvar[places.name.index("end.supply")] = -9
    kw[places.name.index("mid.2")] = 14
    point = copy.move(kw, kvar)

    names = copy.grid.generators
    given = dict(zip(names, point.generator_kva, strict=True))
    assert [given[f"end_{phase}"] for phase in (1, 2, 3)] == [20 + 3j] * 3
    assert given["terminal_mid_2"] == -14
    assert point.load_kva == pytest.approx(now.load_kva)
    drawn = copy.grid.get_source_power() - copy.grid.get_losses()
    assert drawn.real == pytest.approx(400 - 60 + 14, abs=1e-6)


def test_one_of_both_powers_may_be_left_as_it_is(small):
    grid, copy, places = small
    grid.set_loads(np.array([200.0, 50, 10]), np.array([70.0, 30, 5]))
    kw = np.zeros(places.n_place)

    assert copy.move(kw, None).load_kva == pytest.approx([70j, 30j, 5j])
    assert copy.move(None, kw).load_kva == pytest.approx([200, 50, 10])


def test_generators_of_the_case_stay_as_they_are(small_case):
    small_case.write_text(
        small_case.read_text()
        + "new generator.own bus1=mid kv=4.16 kw=12 kvar=3 vminpu=0.5 vmaxpu=2\n"
    )
    grid = OpenDSSGrid(small_case, trusted=True, generators=("end",))
    linearizer = Linearizer(grid)
    point = linearizer._copy.move(np.zeros(linearizer._places.n_place), None)

    given = dict(
        zip(linearizer._copy.grid.generators, point.generator_kva, strict=True)
    )
    assert given.pop("own") == 12 + 3j
    assert not any(given.values())


def test_the_reactive_power_of_middle_loads_counts_to_both_ends():
    grid = OpenDSSGrid("ieee34")
    linearizer = Linearizer(grid)
    rows = GridActions.of(["a"], ["820"], np.array([100.0]))
    grid.set_net_demand(rows)
    point = linearizer._copy.move(None, None)

    # 820 owns half of 34+j17 (818-820) and of 135+j70 (820-822): 84.5 + j43.5
    at = grid.bus_index("820")
    assert point.demand_kw[at] == pytest.approx(100)
    assert point.demand_kvar[at] == pytest.approx(100 * 43.5 / 84.5)
    assert point.demand_kw.sum() == pytest.approx(grid.asked_kw.sum())
    assert point.demand_kvar.sum() == pytest.approx(grid._state.asked.load_kvar.sum())
    again = linearizer._copy.move(point.demand_kw, point.demand_kvar)
    assert again.load_kva == pytest.approx(point.load_kva)


@pytest.mark.parametrize(
    ("demand", "shape"), [(np.zeros(3), "(3,)"), (np.full(13, np.nan), "(13,)")]
)
def test_demand_that_does_not_fit_is_refused(small, demand, shape):
    _, copy, places = small
    assert places.n_place == 13

    with pytest.raises(InvalidActionError) as caught:
        copy.move(demand, None)
    assert str(caught.value) == (
        f"demand by place of small: expected 13 finite kW, got shape {shape}."
    )


def test_taps_and_capacitors_are_followed():
    grid = OpenDSSGrid("ieee13")
    linearizer = Linearizer(grid)
    copy = linearizer._copy
    assert copy.follow()
    assert not copy.follow()
    grid.set_taps(np.full(len(grid.get_taps()), 1.0))
    grid.set_capacitor_states(np.zeros(len(grid.get_capacitor_states()), dtype=int))
    assert copy.follow()
    assert not copy.follow()

    grid.solve()
    assert copy.grid.get_capacitor_states().tolist() == [0, 0]
    assert copy.move(None, None).volts == pytest.approx(grid.get_volts(), rel=1e-5)


def test_commands_since_the_copy_make_it_old(small):
    grid, copy, _ = small
    assert copy.is_current
    grid.dss.command("line.b.length=2")

    assert not copy.is_current


def test_buses_that_do_not_settle_to_the_last_digit_are_solved_to_fewer(
    small, monkeypatch
):
    _, copy, places = small
    monkeypatch.setattr(moved_grid, "_TOLERANCE_PU", 1e-30)
    at_rest = copy.move(None, None)

    assert copy.grid.dss.context.ActiveCircuit.Solution.Tolerance == 1e-9
    assert np.abs(at_rest.volts[:3]) / 2401.78 == pytest.approx(1, abs=1e-3)
    too_much = np.zeros(places.n_place)
    too_much[places.name.index("end")] = 1e6
    with pytest.raises(PowerFlowError, match="no operating point"):
        copy.move(too_much, None)
