"""Who carries what a bus is asked for."""

from dataclasses import replace

import numpy as np
import pytest

from gridagora.errors import InvalidActionError
from gridagora.grids.bus_dispatch import BusDispatch
from gridagora.grids.case_reading import read_nodes
from gridagora.grids.cases.files import read_case
from gridagora.grids.cases.scan import Statement
from gridagora.grids.circuit_state import CircuitState
from gridagora.grids.market_view import MarketView
from gridagora.grids.opendss import DSS
from gridagora.grids.opendss_grid import OpenDSSGrid
from gridagora.types.actions import GridActions


@pytest.fixture
def parts(small_case):
    def make(*buses):
        engine = DSS(small_case, trusted=True)
        engine.solve()
        nodes = read_nodes(engine)
        state = CircuitState(engine, nodes, buses, constant_power=True)
        view = MarketView(engine, nodes, merge_regulators=True)
        return state, BusDispatch(engine, view, state)

    return make


def act(*rows):
    kvar = [row[2] if len(row) > 2 else np.nan for row in rows]
    return [
        GridActions.of(
            [f"p{at}" for at in range(len(rows))],
            [row[0] for row in rows],
            np.array([float(row[1]) for row in rows]),
            np.array(kvar),
        )
    ]


def test_demand_goes_to_the_loads_by_nominal_share(parts):
    _, dispatch = parts()
    powers = dispatch.dispatch(act(("end", 50)))

    assert powers.load_kw == pytest.approx([300, 30, 20])  # 60 : 40
    assert powers.load_kvar == pytest.approx([90, 10, 0])


def test_injection_goes_to_the_generators_of_the_bus(parts):
    _, dispatch = parts("end")
    powers = dispatch.dispatch(act(("end", -90, -30)))

    assert powers.load_kw == pytest.approx([300, 0, 0])
    assert powers.load_kvar == pytest.approx([90, 0, 0])
    assert powers.generator_kw == pytest.approx([30, 30, 30])
    assert powers.generator_kvar == pytest.approx([10, 10, 10])


def test_injection_without_reactive_power_is_at_unity(parts):
    _, dispatch = parts("end")
    powers = dispatch.dispatch(act(("end", -90)))

    assert powers.generator_kvar.tolist() == [0, 0, 0]
    assert powers.load_kvar == pytest.approx([90, 0, 0])


def test_a_generator_at_a_load_bus_leaves_the_loads_what_others_ask(parts):
    # the roof's 90 kW go to three generators; the shop's 50 kW stay on the two loads
    # (60 : 40) with their 20 kvar per 60 kW
    _, dispatch = parts("end")
    powers = dispatch.dispatch(act(("end", 50), ("end", -90)))

    assert powers.load_kw == pytest.approx([300, 30, 20])
    assert powers.load_kvar == pytest.approx([90, 10, 0])
    assert powers.generator_kw == pytest.approx([30, 30, 30])
    assert powers.generator_kvar.tolist() == [0, 0, 0]


def test_reactive_power_of_each_row_goes_where_the_row_goes(parts):
    _, dispatch = parts("end")
    powers = dispatch.dispatch(act(("end", 50, 30), ("end", -90, 12), ("end", 10)))

    assert powers.load_kw == pytest.approx([300, 36, 24])
    # 30 kvar given go to the load that has kvar; 10 kW bring 6 kW * 20/60 = 2 kvar
    assert powers.load_kvar == pytest.approx([90, 32, 0])
    assert powers.generator_kvar == pytest.approx([-4, -4, -4])


def test_the_net_demand_of_a_bus_is_asked_and_served(parts):
    state, dispatch = parts("end")
    state.asked = dispatch.dispatch(act(("end", 50), ("end", -90), ("mid", 150)))
    state.solve()

    assert dispatch.get_asked_kw() == pytest.approx([0, 150, -40])
    assert dispatch.get_served_kw() == pytest.approx([0, 150, -40], rel=1e-4)


def test_generators_of_the_case_may_stand_in_the_middle_of_a_line():
    case = read_case("ieee13")
    own = Statement("new generator.own bus1=mid671.1 phases=1 kv=2.4 kw=9", "own", 1)
    grid = OpenDSSGrid(replace(case, statements=(*case.statements, own)))

    assert grid.asked_kw.sum() == pytest.approx(3466)
    assert grid.generators == ("own",)


def test_injection_without_generator_is_negative_load(parts):
    _, dispatch = parts()
    powers = dispatch.dispatch(act(("end", -50)))

    assert powers.load_kw == pytest.approx([300, -30, -20])


def test_a_generator_at_a_bus_without_load_takes_demand_too(parts):
    _, dispatch = parts("src")
    powers = dispatch.dispatch(act(("src", 30)))

    assert powers.generator_kw == pytest.approx([-10, -10, -10])


def test_the_source_needs_no_element(parts):
    _, dispatch = parts()
    powers = dispatch.dispatch(act(("src", -600)))

    assert powers.load_kw.tolist() == [300, 60, 40]


def test_a_bus_without_element_is_refused_with_the_fix(parts, small_case):
    text = small_case.read_text().replace("bus1=mid phases=3 conn", "bus1=end conn")
    small_case.write_text(text)
    _, dispatch = parts()
    dispatch.dispatch(act(("mid", 0)))  # asks for nothing

    with pytest.raises(InvalidActionError) as caught:
        dispatch.dispatch(act(("mid", -10)))
    assert str(caught.value) == (
        "grid actions on small: bus 'mid' is asked to draw -10 kW but has neither load "
        "nor generator; declare one with generators=('mid',)."
    )


def test_asked_and_served_are_counted_at_the_bus(parts):
    state, dispatch = parts("end")
    state.asked = dispatch.dispatch(act(("end", -90), ("mid", 150)))
    state.solve()

    assert dispatch.get_asked_kw() == pytest.approx([0, 150, -90])
    assert dispatch.get_served_kw() == pytest.approx([0, 150, -90], rel=1e-4)


def test_generators_of_the_case_keep_to_the_case(parts, small_case):
    small_case.write_text(
        small_case.read_text() + "new generator.own bus1=mid kv=4.16 kw=12 kvar=3\n"
    )
    state, dispatch = parts("end")
    state.asked = dispatch.dispatch(act(("end", -90)))
    state.solve()

    assert state.asked.generator_kw[0] == 12
    assert dispatch.get_asked_kw() == pytest.approx([0, 300, -90])
    assert dispatch.get_served_kw() == pytest.approx([0, 300, -90], rel=1e-4)
