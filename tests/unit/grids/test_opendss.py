"""The engine's traps, one test each."""

import gc
import os
import pickle  # noqa: TID251  (engines travel to worker processes)
import subprocess
import sys
import weakref

import numpy as np
import pytest

from gridagora.errors import (
    GridError,
    InvalidCaseError,
    InvalidConfigError,
    MissingFileError,
    PowerFlowError,
    UnknownNameError,
)
from gridagora.grids.opendss import DSS


def volts(engine):
    engine.solve()
    return dict(zip(engine.node_order, engine.get_volts(), strict=True))


def test_voltages_are_read_at_any_places_and_at_the_ground(small_case):
    engine = DSS(small_case)
    engine.solve()
    every = engine.get_volts()

    assert engine.get_volts(np.array([4, -1, 0])).tolist() == [every[4], 0, every[0]]


def test_two_engines_know_nothing_of_each_other(small_case):
    first, second = DSS(small_case), DSS("ieee13")
    before = volts(first)

    second.command("edit load.l634a kw=1")
    second.solve()

    assert volts(first) == before
    assert first.name == "small"


def test_the_engine_that_the_process_shares_is_never_touched():
    from dss import dss as shared

    circuits = shared.NumCircuits
    DSS("ieee13").solve()

    assert shared.NumCircuits == circuits


def test_an_engine_is_freed_with_its_object(small_case):
    engine = DSS(small_case)
    engine.elements("load")
    gone = weakref.ref(engine)
    del engine
    gc.collect()

    assert gone() is None


def test_the_first_engine_stays_in_the_working_directory(tmp_path):
    # The engine remembers where it was loaded and goes back there with its first
    # context, so the fault shows only in a fresh process.
    program = (
        "import os\n"
        "from gridagora.grids.opendss import DSS\n"
        f"os.chdir({str(tmp_path)!r})\n"
        "DSS('ieee13')\n"
        "print(os.getcwd())\n"
    )

    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert ran.stdout.strip() == str(tmp_path)


def test_the_working_directory_does_not_change(small_case):
    before = os.getcwd()  # noqa: PTH109
    DSS(small_case).command("? circuit.small.basekv")

    assert os.getcwd() == before  # noqa: PTH109


def test_an_empty_engine_is_filled_by_commands():
    engine = DSS(case="")
    assert not engine.has_circuit
    engine.command("new circuit.c bus1=a basekv=4.16")
    engine.command("set voltagebases=[4.16]")
    engine.command("calcvoltagebases")

    assert len(volts(engine)) == 3
    assert len(pickle.loads(pickle.dumps(engine)).commands) == 3


def test_solving_without_a_circuit_says_so():
    with pytest.raises(PowerFlowError, match="power flow of an engine without a case"):
        DSS().solve()


def test_controls_are_off_or_static():
    with pytest.raises(InvalidConfigError) as caught:
        DSS("ieee13", controls="on")  # type: ignore[arg-type]  # what is tested
    assert str(caught.value) == "DSS: controls is 'on', expected 'off' or 'static'."


def test_controls_that_are_off_leave_the_taps_alone():
    engine = DSS("ieee34")
    taps = engine.get_taps()
    engine.command("batchedit load..* kw=1")
    engine.solve()

    assert np.array_equal(engine.get_taps(), taps)


def test_controls_that_are_static_move_taps_between_solves():
    engine = DSS("ieee34", controls="static")
    taps = engine.get_taps()
    engine.command("batchedit load..* kw=1")
    engine.solve()

    assert not np.array_equal(engine.get_taps(), taps)
    assert engine.controls_settled


def test_too_many_control_moves_are_a_flag_and_not_an_exception():
    engine = DSS("ieee34", controls="static")
    engine.command("batchedit load..* kw=1")
    engine.command("set maxcontroliter=1")

    engine.solve()
    assert not engine.controls_settled

    engine.command("batchedit load..* kw=60")
    assert engine.command("solve") == ""
    assert not engine.controls_settled


def test_a_solution_does_not_depend_on_what_was_solved_before():
    fresh, used = DSS("ieee13"), DSS("ieee13")
    expected = volts(fresh)
    for kw in (1.0, 400.0, 5.0):
        used.command(f"edit load.l634a kw={kw}")
        used.solve()
    used.command("edit load.l634a kw=160")

    assert volts(used) == expected


def test_voltage_bases_set_by_hand_survive_a_solve(small_case):
    engine = DSS(small_case)
    engine.command("setkvbase bus=end kvll=3.3")
    engine.solve()
    engine.context.ActiveCircuit.SetActiveBus("end")

    assert engine.context.ActiveCircuit.ActiveBus.kVBase == pytest.approx(3.3 / 3**0.5)


def test_a_pickled_engine_keeps_taps_capacitors_powers_and_commands():
    engine = DSS("ieee13")
    taps = engine.get_taps()
    taps[1] = 1.05
    engine.set_taps(taps)
    engine.set_capacitor_states(np.array([1, 0]))
    engine.command("disable line.l671_680")
    engine.elements("load").set_floats("kW", np.full(20, 7.0))

    copy = pickle.loads(pickle.dumps(engine))

    assert np.array_equal(copy.get_taps(), taps)
    assert copy.get_capacitor_states().tolist() == [1, 0]
    assert copy.commands == ("disable line.l671_680",)
    assert copy.elements("load").get_floats("kW").tolist() == [7.0] * 20
    assert volts(copy) == pytest.approx(volts(engine), abs=1e-2)


def test_node_order_is_read_anew_when_elements_are_switched():
    engine = DSS("ieee13")
    before = volts(engine)
    engine.command("disable line.l671_684")
    switched = volts(engine)
    engine.command("enable line.l671_684")

    assert set(switched) == set(before)
    assert list(switched) != list(before)  # the trap: same nodes in another order
    assert volts(engine) == pytest.approx(before, rel=1e-9)


@pytest.mark.parametrize("element", ["load.m kw", "vsource.source pu", "line.a r1"])
def test_numbers_that_are_none_never_pass_as_a_solution(small_case, element):
    engine = DSS(small_case)
    engine.command(f"edit {element}=nan")  # the engine takes it without a word

    with pytest.raises(PowerFlowError, match="power flow of small:"):
        engine.solve()


def test_voltages_that_are_not_finite_are_caught_although_the_engine_says_converged(
    small_case, monkeypatch
):
    engine = DSS(small_case)
    monkeypatch.setattr(engine, "_volts", lambda: np.array([1.0, np.nan]))

    with pytest.raises(PowerFlowError) as caught:
        engine.solve()
    assert str(caught.value) == (
        "power flow of small: the solution has voltages that are not finite. "
        "Look for loads or impedances that are not numbers."
    )
    assert engine.context.ActiveCircuit.Solution.Converged


def test_a_solve_without_an_operating_point_raises(small_case):
    engine = DSS(small_case)
    engine.command("set maxiterations=1 tolerance=1e-14")
    with pytest.raises(PowerFlowError) as caught:
        engine.solve()
    assert str(caught.value) == (
        "power flow of small: no operating point was found. "
        "Ask for less power, or check taps and ratings."
    )


def test_an_error_of_the_engine_in_a_solve_raises(small_case):
    engine = DSS(small_case)
    engine.command("edit line.b rmatrix=[0 0 0 | 0 0 0 | 0 0 0]")
    engine.command("edit line.b xmatrix=[0 0 0 | 0 0 0 | 0 0 0]")
    with pytest.raises(PowerFlowError, match="power flow of small:"):
        engine.solve()


def test_a_refused_command_raises_with_the_engine_s_reason(small_case):
    with pytest.raises(InvalidCaseError) as caught:
        DSS(small_case).command("new load.q phases=-1")
    assert str(caught.value) == (
        "command 'new load.q phases=-1': Load.q.Phases: Value (-1) cannot be negative."
    )


def test_a_command_about_an_element_that_is_not_there_is_refused(small_case):
    with pytest.raises(UnknownNameError) as caught:
        DSS(small_case).command("disable load.e11")
    assert str(caught.value) == (
        "no load is called 'e11'. Did you mean 'e1'? Known: e1, e2, m."
    )


def test_a_case_with_commands_that_the_engine_refuses_is_invalid(small_case):
    small_case.write_text(small_case.read_text() + "new load.x phases=-1\n")
    with pytest.raises(InvalidCaseError, match=r"small\.dss:10: Load\.x\.Phases"):
        DSS(small_case, trusted=True)


def test_faults_of_a_hopeless_case_are_not_collected_for_ever(small_case):
    small_case.write_text("new load.x phases=-1\n" * 100)
    with pytest.raises(InvalidCaseError) as caught:
        DSS(small_case, trusted=True)
    assert len(caught.value.faults) == 40


def test_a_script_run_by_command_is_scanned_and_replaces_the_circuit(
    small_case, tmp_path
):
    engine = DSS("ieee13")
    loads = engine.elements("load")

    engine.command(f"redirect {tmp_path / 'SMALL.dss'}")

    assert len(volts(engine)) == 9
    with pytest.raises(GridError, match="belong to a circuit that was cleared"):
        loads.get_floats("kW")
    small_case.write_text("redirect small.dss")
    with pytest.raises(InvalidCaseError, match="redirects to itself"):
        engine.command(f"compile {small_case}")
    small_case.write_text("new load.y spectrum=none")
    with pytest.raises(InvalidCaseError, match="not found"):
        engine.command(f"redirect {small_case}")


def test_a_cleared_circuit_takes_its_arrays_with_it(small_case):
    engine = DSS(small_case)
    loads = engine.elements("load")
    engine.command("clear")

    with pytest.raises(GridError, match="belong to a circuit that was cleared"):
        loads.set_floats("kW", np.ones(3))


def test_a_missing_case_is_not_found():
    with pytest.raises(MissingFileError):
        DSS("nowhere/feeder.dss")


def test_text_answers_come_back(small_case):
    assert DSS(small_case).command("? load.m.kw") == "300"


def test_losses_and_source_power_balance_with_loads(small_case):
    engine = DSS(small_case)
    engine.command("set tolerance=1e-9")
    engine.solve()
    loads = engine.elements("load").get_total_powers().sum()

    assert engine.get_source_power() == pytest.approx(
        loads + engine.get_losses(), abs=1e-4
    )
    assert engine.n_iteration > 0
