"""Powers, taps and capacitors of a circuit, and the checks of its solution."""

from dataclasses import replace

import numpy as np
import pytest

from gridagora.errors import PowerFlowError
from gridagora.grids.case_reading import read_nodes
from gridagora.grids.circuit_state import CircuitState
from gridagora.grids.opendss import DSS


def state_of(case, buses=(), **options):
    engine = DSS(case, trusted=True, controls=options.pop("controls", "off"))
    engine.solve()
    options = {"constant_power": True} | options
    return engine, CircuitState(engine, read_nodes(engine), buses, **options)


def test_the_matrix_of_lighter_loads_saves_iterations():
    engine, state = state_of("ieee34")
    state.asked = replace(state.asked, load_kw=0.6 * state.base.load_kw)
    state.solve()
    quick = engine.n_iteration
    engine.elements("load").set_floats("kW", state.base.load_kw)  # into the matrix
    engine.solve()
    state.solve()

    assert quick < engine.n_iteration


def test_regulators_never_see_lighter_loads_than_those_of_the_case():
    plain = DSS("ieee34", controls="static")
    plain.solve()
    engine, _ = state_of("ieee34", controls="static")

    # the loads of the case are not constant power, so taps may differ by one step
    assert engine.get_taps() == pytest.approx(plain.get_taps(), abs=0.0063)


def test_controlled_loads_draw_the_same_at_any_voltage(small_case):
    engine, state = state_of(small_case)
    engine.command("edit vsource.source pu=0.7")
    state.solve()

    # e2 is a constant impedance in the case; at 0.7 pu it would draw half
    assert state.get_served()[0] == pytest.approx([300, 60, 40], rel=1e-4)
    assert state.unserved() == ""


def test_loads_that_are_not_controlled_keep_their_model(small_case):
    engine, state = state_of(small_case, constant_power=False)
    engine.command("edit vsource.source pu=0.8")
    state.solve()

    assert state.get_served()[0][2] < 30
    assert state.unserved() == ""


def test_the_load_multiplier_is_written_into_variable_loads(small_case):
    text = small_case.read_text().replace("Load.e1", "Load.e1 status=fixed")
    small_case.write_text(text + "set loadmult=0.5\n")
    _, state = state_of(small_case)

    assert state.base.load_kw.tolist() == [150.0, 60.0, 20.0]
    assert state.get_served()[0] == pytest.approx([0, 0, 0])  # before the first solve
    state.solve()
    assert state.get_served()[0] == pytest.approx([150, 60, 20], rel=1e-4)


def test_generators_are_one_for_each_phase_and_deliver(small_case):
    engine, state = state_of(small_case, ["end"])
    assert state.generators.names == ("end_1", "end_2", "end_3")

    state.asked = replace(state.asked, generator_kw=np.full(3, 50.0))
    before = engine.get_source_power().real
    state.solve()

    assert engine.get_source_power().real == pytest.approx(before - 150, rel=0.02)


def test_generators_of_a_delta_feeder_stand_between_phases():
    _, state = state_of("ieee37", ["775"])

    assert state.generators.names == ("775_1_2", "775_2_3", "775_3_1")


def test_a_delta_bus_of_two_phases_gets_one_generator(small_case):
    text = small_case.read_text().replace("conn=wye", "conn=delta")
    lines = [line for line in text.splitlines() if "Load.e" not in line]
    lines.insert(4, "New Line.c bus1=end.1.3 bus2=far.1.3 phases=2 length=1")
    small_case.write_text("\n".join(lines) + "\n")
    _, state = state_of(small_case, ["far"])

    assert state.generators.names == ("far_1_3",)


def test_load_that_is_not_served_is_named(small_case):
    _, state = state_of(small_case)
    state.asked = replace(state.asked, load_kw=np.array([300.0, 500e3, 40.0]))
    try:
        state.solve()
        told = state.unserved()
    except PowerFlowError as error:
        told = str(error)

    assert "'e1' draws" in told or "no operating point" in told


def test_taps_and_capacitors_return_to_the_case():
    engine, state = state_of("ieee13")
    taps, steps = engine.get_taps(), engine.get_capacitor_states()
    state.solve()
    expected = engine.get_volts()

    state.set_switches(np.ones_like(taps), np.zeros(len(steps)))
    state.solve()
    assert not np.array_equal(engine.get_volts(), expected)
    state.reset()
    state.solve()

    assert np.array_equal(engine.get_taps(), taps)
    assert np.array_equal(engine.get_volts(), expected)


@pytest.mark.parametrize("controls", ["off", "static"])
def test_equal_states_give_equal_bits_whatever_was_solved_before(controls):
    (_, fresh), (engine, used) = (
        state_of("ieee34", ["848"], controls=controls) for _ in range(2)
    )
    fresh.solve()
    for scale in (0.2, 1.1, 0.0):
        asked = used.asked
        used.asked = replace(
            asked,
            load_kw=fresh.base.load_kw * scale,
            generator_kw=asked.generator_kw + 30,
        )
        used.solve()
        used.set_switches(engine.get_taps() * 1.00625, np.array([1.0, 0.0]))
        used.solve()
    used.reset()
    used.solve()

    assert np.array_equal(engine.get_volts(), fresh._dss.get_volts())


def test_switches_by_command_build_the_matrix_with_the_loads_of_the_case():
    engine, state = state_of("ieee13")
    state.asked = replace(state.asked, load_kw=state.base.load_kw * 0.3)
    state.solve()
    engine.command("disable line.l671_680")
    state.solve()
    once = dict(zip(engine.node_order, engine.get_volts(), strict=True))

    other_engine, other = state_of("ieee13")
    other_engine.command("disable line.l671_680")
    other.asked = state.asked
    other.solve()

    twice = dict(zip(other_engine.node_order, other_engine.get_volts(), strict=True))
    assert once == twice


def spoil(engine, state):
    """Leave the matrix out of step with the loads, as calcv can."""
    circuit = engine.context.ActiveCircuit
    loads = engine.elements("load")
    for tap in (1.0, 1.0625):
        loads.set_floats("kW", 0.2 * state.base.load_kw, keep_matrix=True)
        circuit.Transformers.Name = "reg1a"
        circuit.Transformers.Wdg = 2
        circuit.Transformers.Tap = tap
        engine.context.Text.Command = "calcv"
        circuit.Solution.Solve()
        loads.set_floats("kW", state.base.load_kw, keep_matrix=True)
        engine.context.Text.Command = "calcv"
        circuit.Solution.Solve()


def balance_kw(engine):
    loads = engine.elements("load").get_total_powers().sum()
    return (engine.get_source_power() - engine.get_losses() - loads).real


def test_the_engine_can_break_kirchhoff_s_laws_and_say_converged():
    engine, state = state_of("ieee13")
    spoil(engine, state)

    assert engine.context.ActiveCircuit.Solution.Converged
    assert abs(balance_kw(engine)) > 100


def test_a_solution_that_breaks_kirchhoff_s_laws_is_found_and_repaired():
    engine, state = state_of("ieee13")
    spoil(engine, state)
    state.solve()

    assert abs(balance_kw(engine)) < 0.1


def test_a_solution_that_cannot_be_repaired_raises(monkeypatch):
    engine, state = state_of("ieee13")
    monkeypatch.setattr(engine, "get_losses", lambda: 1000.0 + 0j)
    with pytest.raises(PowerFlowError) as caught:
        state.solve()
    assert str(caught.value).startswith(
        "power flow of ieee13: -889 kW of 3.97e+03 kVA "
    )
    assert str(caught.value).endswith(
        "are unaccounted for. The engine's solution breaks Kirchhoff's laws; "
        "simplify the case."
    )


def test_circuits_with_elements_that_are_not_counted_are_not_balanced(small_case):
    small_case.write_text(
        small_case.read_text() + "new isource.i bus1=end.1 phases=1 amps=20\n"
    )
    _, state = state_of(small_case)
    state.solve()

    assert state.get_served()[0] == pytest.approx([300, 60, 40], rel=1e-4)


def test_a_state_comes_back_as_it_was():
    engine, state = state_of("ieee13")
    state.asked = replace(state.asked, load_kw=state.base.load_kw * 0.5)
    state.set_switches(engine.get_taps() * 1.0125, np.array([0.0, 1.0]))
    state.solve()
    saved, volts = state.get_state(), engine.get_volts()
    state.reset()
    state.solve()
    state.set_state(saved)
    state.solve()

    assert np.array_equal(engine.get_volts(), volts)
