"""The physical grid as agents, markets and the environment use it."""

import pickle  # noqa: TID251  (grids travel to worker processes)
import types

import numpy as np
import pytest

from gridagora.errors import (
    InvalidActionError,
    InvalidConfigError,
    PowerFlowError,
    UnknownNameError,
)
from gridagora.grids.opendss_grid import OpenDSSGrid
from gridagora.types.actions import GridActions


def act(grid, *rows):
    bus = [row[0] for row in rows]
    table = GridActions.of(bus, bus, np.array([float(row[1]) for row in rows]))
    agent = types.SimpleNamespace(get_grid_actions=lambda: table)
    grid.env = types.SimpleNamespace(agents=[agent])
    grid.step()


@pytest.fixture(scope="module")
def shared34():
    return OpenDSSGrid("ieee34")


@pytest.fixture
def grid34(shared34):
    shared34.reset()
    return shared34


def test_ieee34_has_the_28_load_buses_of_the_paper(grid34):
    assert len(grid34.load_buses) == 28
    assert grid34.nominal_kw.sum() == pytest.approx(1769)
    assert grid34.nominal_kvar.sum() == pytest.approx(1044)
    nominal = dict(zip(grid34.load_buses, grid34.nominal_kw, strict=True))
    # mid-line loads folded half and half: 135/2 of 820-822, 34/2 of 818-820
    assert nominal["822"] == pytest.approx(67.5)
    assert nominal["820"] == pytest.approx(84.5)
    assert nominal["890"] == pytest.approx(450)


def test_with_the_load_models_of_the_case_the_published_solution_comes_out():
    grid = OpenDSSGrid("ieee34", controlled=False)

    # printed: 2042.872 kW and 273.049 kW of losses
    assert grid.get_source_power().real == pytest.approx(2042.872, abs=0.15)
    assert grid.get_losses().real == pytest.approx(273.049, abs=0.15)
    voltage = dict(zip(grid.nodes, grid.get_voltages(), strict=True))
    assert voltage["890.1"] == pytest.approx(0.9167, abs=2e-4)


def test_controlled_loads_draw_what_was_asked_even_at_bus_890(grid34):
    act(grid34, ("890", 430), ("844", 100))

    served = dict(zip(grid34.buses, grid34.served_kw, strict=True))
    assert served["890"] == pytest.approx(430, rel=1e-4)
    assert served["844"] == pytest.approx(100, rel=1e-4)
    assert grid34.asked_kw.sum() == pytest.approx(1769 - 450 + 430 - 432 + 100)


def test_source_power_is_loads_and_losses(grid34):
    act(grid34, ("844", 200))

    balance = grid34.get_source_power().real - grid34.get_losses().real
    assert balance == pytest.approx(grid34.served_kw.sum(), abs=0.02)
    assert grid34.get_source_phase_powers().sum() == pytest.approx(
        grid34.get_source_power(), rel=1e-5
    )


def test_each_step_starts_from_the_case(grid34):
    before = grid34.get_voltages()
    act(grid34, ("844", 10))
    assert not np.array_equal(grid34.get_voltages(), before)
    act(grid34)

    assert np.array_equal(grid34.get_voltages(), before)


def test_reset_returns_to_the_case_to_the_last_bit(grid34):
    before = grid34.get_voltages()
    grid34.set_taps(np.ones_like(grid34.get_taps()))
    grid34.set_capacitor_states(np.zeros(2))
    act(grid34, ("844", 10))
    assert grid34.get_capacitor_states().tolist() == [0, 0]
    grid34.reset()

    assert np.array_equal(grid34.get_voltages(), before)
    assert grid34.get_capacitor_states().tolist() == [1, 1]


def test_twice_the_load_more_than_doubles_the_losses():
    grid = OpenDSSGrid("ieee13")
    once = grid.get_losses().real
    grid.set_net_demand(
        GridActions.of(grid.load_buses, grid.load_buses, 1.5 * grid.nominal_kw)
    )
    grid.solve()

    assert grid.get_losses().real > 1.5**2 * once  # and lower voltages add to it
    assert grid.served_kw.sum() == pytest.approx(1.5 * 3466, rel=1e-4)


def test_half_a_gigawatt_is_not_served_and_says_so(grid34):
    with pytest.raises(PowerFlowError, match="power flow of ieee34:"):
        act(grid34, ("844", 500e3))


def test_load_that_is_not_served_raises_unless_it_is_allowed():
    grid = OpenDSSGrid("ieee13")
    grid.dss.command("edit vsource.source pu=0.4")  # below the 0.5 pu of a load
    with pytest.raises(PowerFlowError) as caught:
        grid.solve()
    assert str(caught.value).startswith("power flow of ieee13: load was not served: '")
    assert str(caught.value).endswith(
        "Ask for less power, or pass allow_unserved=True and read served_kw."
    )

    lenient = OpenDSSGrid("ieee13", allow_unserved=True)
    lenient.dss.command("edit vsource.source pu=0.4")
    lenient.solve()
    assert lenient.served_kw.sum() < 0.99 * lenient.asked_kw.sum()


def test_generators_serve_negative_demand():
    grid = OpenDSSGrid("ieee34", generators=("848", "808"))
    assert len(grid.generators) == 6
    before = grid.get_source_power().real
    act(grid, ("808", -300), ("848", -100))

    assert grid.served_kw[grid.bus_index("808")] == pytest.approx(-300, rel=1e-4)
    assert grid.get_source_power().real < before - 350
    grid.reset()
    assert grid.get_source_power().real == pytest.approx(before)


def test_a_generator_at_an_unknown_bus_is_refused():
    with pytest.raises(UnknownNameError, match="no bus is called '999'"):
        OpenDSSGrid("ieee34", generators=("999",))


def test_voltage_limits_must_be_in_order():
    with pytest.raises(InvalidConfigError) as caught:
        OpenDSSGrid("ieee34", voltage_limits_pu=(1.0, 0.9))
    assert str(caught.value) == (
        "OpenDSSGrid: voltage_limits_pu is (1.0, 0.9), expected 0 <= low < high."
    )


def test_bulk_powers_are_set_by_element(grid34):
    kw = np.full(len(grid34.loads), 10.0)
    grid34.set_loads(kw, kw / 2)
    grid34.solve()

    assert grid34.served_kw.sum() == pytest.approx(480, rel=1e-4)
    with pytest.raises(InvalidActionError) as caught:
        grid34.set_loads(kw[:3], kw)
    assert str(caught.value) == (
        "powers of loads: expected 48 finite numbers, got shape (3,)."
    )
    with pytest.raises(InvalidActionError):
        grid34.set_loads(kw * np.nan, kw)


def test_bulk_generation_is_set_by_element():
    grid = OpenDSSGrid("ieee13", generators=("680",))
    before = grid.get_source_power().real
    grid.set_generators(np.full(3, 100.0), np.zeros(3))
    grid.solve()

    assert grid.get_source_power().real == pytest.approx(before - 300, rel=0.02)


def test_a_pickled_grid_is_the_same_grid():
    grid = OpenDSSGrid("ieee34", generators=("848",))
    grid.t = 5
    grid.set_taps(grid.get_taps() * 1.00625)
    act(grid, ("848", -80), ("890", 300))
    grid.env = None

    copy = pickle.loads(pickle.dumps(grid))

    assert np.array_equal(copy.get_voltages(), grid.get_voltages())
    assert np.array_equal(copy.served_kw, grid.served_kw)
    assert copy.t == 5
    assert copy.options == grid.options


def test_a_pickled_grid_keeps_what_was_switched_by_command():
    grid = OpenDSSGrid("ieee13")
    grid.dss.command("disable line.l671_680")
    grid.solve()

    copy = pickle.loads(pickle.dumps(grid))

    assert np.array_equal(copy.get_voltages(), grid.get_voltages())
    assert copy.get_voltages()[copy.nodes.index("680.1")] == 0


def test_controls_move_taps_and_reset_puts_them_back():
    grid = OpenDSSGrid("ieee34", controls="static")
    first, taps = grid.get_voltages(), grid.get_taps()
    act(grid, ("844", 10), ("890", 10))
    assert not np.array_equal(grid.get_taps(), taps)
    grid.reset()

    assert np.array_equal(grid.get_voltages(), first)


def test_records_are_tables_of_equal_columns(grid34):
    tables = grid34.record()

    for table in tables.values():
        assert len({len(column) for column in table.values()}) == 1
    assert len(tables["voltages"]["bus"]) == len(grid34.nodes) == 135
    [row] = zip(*tables["grid"].values(), strict=True)
    record = dict(zip(tables["grid"], row, strict=True))
    assert record["source_kw"] == pytest.approx(
        record["served_kw"] + record["loss_kw"], abs=0.02
    )
    flagged = np.sum((grid34.get_voltages() < 0.95) | (grid34.get_voltages() > 1.05))
    assert record["n_voltage_violation"] == flagged > 0
    assert record["n_overload"] == 0
    assert record["converged"]
    assert record["controls_settled"]


def test_readings_of_lines_agree_with_each_other(grid34):
    table = grid34.get_line_table()

    assert np.array_equal(grid34.get_currents_a(), table["current_a"])
    assert np.array_equal(grid34.get_loadings_pu(), table["loading_pu"])
    assert grid34.get_line_flows().shape == grid34.get_line_losses().shape
    assert grid34.get_line_flows()[0].real == pytest.approx(
        grid34.get_source_power().real, rel=1e-6
    )
    assert len(grid34.get_volts()) == len(grid34.nodes)


def test_the_market_sees_a_tree_of_the_same_buses(grid34):
    tree = grid34.market_network()

    assert set(tree.bus) == set(grid34.buses)
    assert grid34.network().n_branch == tree.n_branch
    assert len(grid34.coordinates()["bus"]) == 55
    assert len(grid34.distances()["bus"]) == 55
    assert grid34.buses[grid34.bus_index("814R")] == "814"
