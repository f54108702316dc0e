"""The linear model of a grid as markets take it."""

import pickle  # noqa: TID251  (linearizers travel to worker processes)

import numpy as np
import pytest

from gridagora.errors import (
    InvalidActionError,
    InvalidConfigError,
    InvalidNetworkError,
    PowerFlowError,
)
from gridagora.grids.linear import Linearizer
from gridagora.grids.opendss_grid import OpenDSSGrid
from gridagora.types.actions import GridActions

REGULATED = """\
Clear
New Circuit.regulated bus1=src phases=3 basekv=4.16 pu=1.0 r1=0.0001 x1=0.001 r0=0.0001 x0=0.001
New Transformer.reg phases=3 windings=2 buses=[src reg] conns=[wye wye] kvs=[4.16 4.16] kvas=[2000 2000] xhl=0.01 %rs=[0.0005 0.0005]
New RegControl.reg transformer=reg winding=2 vreg=122 band=2 ptratio=20
New Line.a bus1=reg bus2=end phases=3 r1=0.1 x1=0.2 r0=0.3 x0=0.6 length=1 units=km normamps=200
New Load.near bus1=reg.1 phases=1 kv=2.4 kw=30 kvar=10
New Load.far bus1=end phases=3 kv=4.16 kw=100 kvar=30
Set VoltageBases=[4.16]
CalcVoltageBases
"""


@pytest.fixture(scope="module")
def ieee13():
    return OpenDSSGrid("ieee13", generators=("680",))


@pytest.fixture(scope="module")
def exact13(ieee13):
    return Linearizer(ieee13)()


@pytest.fixture
def regulated(tmp_path):
    path = tmp_path / "regulated.dss"
    path.write_text(REGULATED)
    return path


def test_places_are_those_of_the_grid(ieee13, exact13):
    assert exact13.place[:13] == ieee13.buses
    assert exact13.place[13] == "680.supply"
    assert exact13.supply[ieee13.bus_index("680")] == 13
    assert exact13.place[exact13.source] == "650"
    terminals = [exact13.place[at] for at in exact13.terminals]
    assert terminals == list(ieee13.nodes) == list(exact13.voltages.name)
    assert exact13.flows.name == ieee13.market_network().branch
    assert exact13.flow_limit_kw.tolist() == ieee13.market_network().limit_kw.tolist()
    table = ieee13.get_line_table()
    assert exact13.current_limit_a.tolist() == list(table["ampacity_a"])
    assert exact13.currents.name[:3] == ("lrg60_632.1", "lrg60_632.2", "lrg60_632.3")


def test_values_are_those_of_the_grid(ieee13, exact13):
    ieee13.solve()

    assert exact13.voltages.value == pytest.approx(ieee13.get_voltages(), abs=1e-5)
    assert exact13.currents.value == pytest.approx(ieee13.get_currents_a(), abs=0.01)
    assert exact13.loss.value[0] == pytest.approx(ieee13.get_losses().real, abs=0.01)
    assert exact13.demand_kw[:13] == pytest.approx(ieee13.asked_kw)


def test_what_the_source_gives_is_demand_and_losses(ieee13, exact13):
    # at the operating point, and in first order: the flow out of the source bus
    away = exact13.bus != exact13.source
    out = exact13.flows.name.index("lrg60_632")

    flow = exact13.flows
    assert flow.value[out] == pytest.approx(
        exact13.demand_kw.sum() + exact13.loss.value[0], abs=0.02
    )
    # the losses of the regulator, ideal but for rounding, come before the branch
    per_kw = flow.per_kw[out, away] - exact13.loss.per_kw[0, away]
    assert per_kw == pytest.approx(1, abs=1e-5)
    assert flow.per_kvar[out] == pytest.approx(exact13.loss.per_kvar[0], abs=1e-5)


def test_columns_of_the_source_are_exactly_zero(exact13):
    for place in ("650", "650.1", "650.2", "650.3"):
        at = exact13.bus_index(place)
        for response in (
            exact13.voltages,
            exact13.flows,
            exact13.currents,
            exact13.loss,
        ):
            assert not response.per_kw[:, at].any()
            assert not response.per_kvar[:, at].any()


def test_a_bus_is_the_sum_of_its_loads(exact13):
    # 652 has one load on phase a; 680 has none: a third on each phase
    at = exact13.bus_index
    per_kw = exact13.voltages.per_kw
    assert per_kw[:, at("652")] == pytest.approx(per_kw[:, at("652.1")])
    thirds = sum(per_kw[:, at(f"680.{phase}")] for phase in (1, 2, 3)) / 3
    assert per_kw[:, at("680")] == pytest.approx(thirds)
    assert per_kw[:, at("680.supply")] == pytest.approx(thirds)
    # 652 draws 128 kW and 86 kvar
    assert exact13.kvar_per_kw[at("652")] == pytest.approx(86 / 128)
    assert exact13.kvar_per_kw[[at("680"), at("680.supply"), at("652.1")]].tolist() == [
        0,
        0,
        0,
    ]


def test_a_feeder_whose_loads_are_in_delta_is_measured_between_phases():
    linear = Linearizer(OpenDSSGrid("ieee37"))()

    names = [linear.place[at] for at in linear.terminals]
    assert names[-3:] == ["775.1.2", "775.2.3", "775.3.1"]
    assert len(names) == 3 * 38
    # published: 741 at 0.9981 0.9963 0.9849 pu with its own load models
    at = names.index("741.1.2")
    assert linear.voltages.value[at : at + 3] == pytest.approx(
        [0.9981, 0.9963, 0.9849], abs=1e-3
    )


def test_a_bus_that_floats_is_measured_between_phases():
    linear = Linearizer(OpenDSSGrid("ieee123"))()

    between = {
        name.split(".")[0] for name in linear.voltages.name if name.count(".") > 1
    }
    assert between == {"610"}


def test_the_grid_is_read_and_not_moved(ieee13):
    linearizer = Linearizer(ieee13)
    ieee13.reset()
    before = ieee13.get_state(), ieee13.get_voltages()
    here = linearizer()
    linearizer(0.5 * here.demand_kw, 0.5 * here.demand_kvar)

    assert np.array_equal(ieee13.get_voltages(), before[1])
    after = ieee13.get_state()
    assert all(np.array_equal(after[name], kept) for name, kept in before[0].items())


def test_equal_demand_gives_equal_bits_whatever_came_before(ieee13):
    linearizer = Linearizer(ieee13)
    here = linearizer()
    first = linearizer(0.7 * here.demand_kw, here.demand_kvar)
    linearizer(1.3 * here.demand_kw)
    again = linearizer(0.7 * here.demand_kw, here.demand_kvar)

    assert np.array_equal(first.voltages.per_kw, again.voltages.per_kw)
    assert np.array_equal(first.loss.value, again.loss.value)


def test_half_the_demand_follows_the_first_order_to_the_second(exact13, ieee13):
    linearizer = Linearizer(ieee13)
    for part in (0.1, 0.01):
        moved = linearizer((1 + part) * exact13.demand_kw)
        told = exact13.voltages.after(part * exact13.demand_kw, 0 * exact13.demand_kw)
        error = np.abs(told - moved.voltages.value).max()
        assert error < 0.02 * part**2


def test_taps_of_the_grid_are_followed():
    grid = OpenDSSGrid("ieee13")
    linearizer = Linearizer(grid)
    before = linearizer()
    grid.set_taps(np.ones(len(grid.get_taps())))
    after = linearizer()
    grid.solve()

    at = after.bus_index("rg60.1") - after.terminals[0]
    assert before.voltages.value[at] == pytest.approx(1.0625, abs=1e-3)
    assert after.voltages.value[at] == pytest.approx(1.0, abs=1e-3)
    assert after.voltages.value == pytest.approx(grid.get_voltages(), abs=1e-5)


def test_controls_that_act_in_the_grid_stand_still_in_the_model():
    grid = OpenDSSGrid("ieee13", controls="static")
    linear = Linearizer(grid)()

    assert linear.voltages.value == pytest.approx(grid.get_voltages(), abs=1e-5)
    assert linear.voltages.name == grid.nodes


def test_a_command_to_the_grid_is_followed(small_case):
    grid = OpenDSSGrid(small_case, trusted=True)
    linearizer = Linearizer(grid)
    before = linearizer()
    grid.dss.command("line.b.length=3")
    after = linearizer()

    assert after.place == before.place
    assert after.loss.value[0] > 1.1 * before.loss.value[0]


def test_a_part_that_is_switched_off_answers_nothing(small_case):
    grid = OpenDSSGrid(small_case, trusted=True)
    linearizer = Linearizer(grid)
    grid.dss.command("disable line.b")
    grid.set_loads(np.array([300.0, 0, 0]), np.array([90.0, 0, 0]))
    after = linearizer()

    at = after.bus_index
    dead = after.terminals[-3:]
    assert [after.place[k] for k in dead] == ["end.1", "end.2", "end.3"]
    assert after.voltages.value[-3:].tolist() == [0, 0, 0]
    assert not after.voltages.per_kw[:, [at("end"), *dead]].any()
    assert not after.voltages.per_kw[-3:].any()
    assert after.currents.value[-3:].tolist() == [0, 0, 0]
    assert not after.currents.per_kw[-3:].any()
    more = after.demand_kw.copy()
    more[at("end.2")] = 5
    with pytest.raises(InvalidActionError) as caught:
        linearizer(more)
    assert str(caught.value) == (
        "demand by place of small: 'end.2' is asked for 5 kW but keeps its 0 kW: "
        "no element joins it to the feeder."
    )


def test_a_pickled_linearizer_gives_the_same_model(ieee13, exact13):
    ieee13.reset()
    again = pickle.loads(pickle.dumps(Linearizer(ieee13)))()

    assert again.place == exact13.place
    assert np.array_equal(again.voltages.per_kw, exact13.voltages.per_kw)


def test_a_feeder_with_loops_has_a_tangent_and_no_lindist3flow(zoo_case):
    grid = OpenDSSGrid(zoo_case, trusted=True)
    linear = Linearizer(grid)()

    assert linear.flows.name == grid.network().branch
    with pytest.raises(InvalidNetworkError, match="closes a loop"):
        Linearizer(grid, model="lindist3flow")


def test_lindist3flow_is_the_formula_of_its_papers(ieee13, exact13):
    # d|V|^2 = -2 Re(conj(V) Z conj(dS / V)), here for 1 kW at 675.1
    linearizer = Linearizer(ieee13, model="lindist3flow")
    ieee13.reset()
    linear = linearizer()
    nodes = linearizer._grid.nodes
    volts = linearizer._copy.grid.get_volts()
    at, first = nodes.index("675.1"), linearizer._first_order
    port = first._ports.port
    own = np.flatnonzero((port.plus == at) & (port.minus == -1))[0]
    reach = first._reach[:, own]
    squares = -2 * np.real(np.conj(volts) * reach * np.conj(1e3 / volts[at]))

    base_v = np.abs(volts) / linear.voltages.value
    per_kw = linear.voltages.per_kw[:, linear.bus_index("675.1")]
    assert per_kw == pytest.approx(squares / (2 * np.abs(volts) * base_v))
    # near the exact one, and not equal to it
    exact = exact13.voltages.per_kw
    off = np.abs(linear.voltages.per_kw - exact).max() / np.abs(exact).max()
    assert 0.01 < off < 0.2


def test_wrong_options_are_named_at_once():
    grid = OpenDSSGrid("ieee13", controlled=False)

    with pytest.raises(InvalidConfigError) as caught:
        Linearizer(grid, model="dc")  # type: ignore[arg-type]  # that is the fault
    assert str(caught.value) == (
        "linear model of ieee13: model is 'dc', expected 'tangent' or 'lindist3flow'. "
        "the grid has controlled=False, so its loads are not of constant power; build "
        "it with controlled=True."
    )


def test_generators_behind_the_regulator_of_the_source_are_refused(regulated):
    grid = OpenDSSGrid(regulated, trusted=True, generators=("reg",))

    with pytest.raises(InvalidConfigError) as caught:
        Linearizer(grid)
    assert str(caught.value) == (
        "linear model of regulated: generators reg_1, reg_2, reg_3 stand behind the "
        "regulator of the source; build the grid with merge_regulators=False."
    )
    apart = OpenDSSGrid(
        regulated, trusted=True, generators=("reg",), merge_regulators=False
    )
    linear = Linearizer(apart)()
    assert linear.loss.per_kw[0, linear.bus_index("reg.supply")] > 0


def test_loads_of_the_source_that_stand_elsewhere_keep_their_power(regulated):
    grid = OpenDSSGrid(regulated, trusted=True)
    linearizer = Linearizer(grid)
    here = linearizer()
    assert here.demand_kw[here.source] == 30
    more = here.demand_kw.copy()
    more[here.bus_index("end")] += 20
    linearizer(more)

    more[here.source] += 5
    with pytest.raises(InvalidActionError) as caught:
        linearizer(more)
    assert str(caught.value) == (
        "demand by place of regulated: 'src' is asked for 35 kW but keeps its 30 kW: "
        "loads near of the source stand elsewhere in the feeder."
    )


def test_generators_at_the_source_itself_deliver_outside_the_feeder(regulated):
    grid = OpenDSSGrid(regulated, trusted=True, generators=("src", "end"))
    linear = Linearizer(grid)()

    assert not linear.voltages.per_kw[:, linear.bus_index("src.supply")].any()
    grid.set_net_demand(GridActions.of(["a"], ["end"], np.array([-40.0])))
    assert Linearizer(grid)().demand_kw[linear.bus_index("end.supply")] == -40


def test_switches_that_moved_before_a_failure_are_not_forgotten(small_case):
    small_case.write_text(
        small_case.read_text() + "new capacitor.c bus1=mid phases=3 kvar=300 kv=4.16\n"
    )
    grid = OpenDSSGrid(small_case, trusted=True)
    linearizer = Linearizer(grid)
    here = linearizer()
    grid.set_capacitor_states(np.zeros(1, dtype=np.int64))
    too_much = here.demand_kw.copy()
    too_much[here.bus_index("end")] = 1e6
    with pytest.raises(PowerFlowError):
        linearizer(too_much)

    after = linearizer()
    fresh = Linearizer(grid)()
    assert np.array_equal(after.voltages.per_kvar, fresh.voltages.per_kvar)
    assert not np.array_equal(after.voltages.per_kvar, here.voltages.per_kvar)
