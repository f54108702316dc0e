"""Elements of one class as arrays."""

import numpy as np
import pytest

from gridagora.errors import InvalidActionError
from gridagora.grids.opendss import DSS


@pytest.fixture
def engine(small_case):
    made = DSS(small_case, trusted=True)
    made.solve()
    return made


def test_values_come_in_the_order_of_names(engine):
    loads = engine.elements("load")

    assert loads.names == ("m", "e1", "e2")
    assert loads.get_floats("kW").tolist() == [300.0, 60.0, 40.0]
    assert loads.get_ints("model").tolist() == [1, 1, 2]
    assert len(loads) == 3


def test_values_that_are_set_are_read_back(engine):
    loads = engine.elements("load")
    loads.set_floats("kW", np.array([1.0, 2.0, 3.0]))
    loads.set_ints("model", np.array([1, 1, 1]))

    assert engine.command("? load.e2.kw") == "3"
    assert loads.get_ints("model").tolist() == [1, 1, 1]


def test_too_few_numbers_are_refused_before_the_engine_reads_past_them(engine):
    loads = engine.elements("load")
    with pytest.raises(InvalidActionError) as caught:
        loads.set_floats("kW", np.ones(2))
    assert str(caught.value) == (
        "property 'kW' of loads: expected 3 numbers, got shape (2,)."
    )
    with pytest.raises(InvalidActionError):
        loads.set_ints("model", np.ones(4))


@pytest.mark.parametrize("keep_matrix", [True, False])
def test_keeping_the_matrix_does_not_change_the_solution(engine, keep_matrix):
    loads = engine.elements("load")
    engine.command("set tolerance=1e-10")
    loads.set_floats("kW", np.array([100.0, 90.0, 10.0]), keep_matrix=keep_matrix)
    loads.set_floats("kvar", np.array([30.0, 9.0, 1.0]), keep_matrix=keep_matrix)
    engine.solve()
    loads = engine.elements("load").get_total_powers()

    # constant power draws what it is told at any voltage
    assert loads[0] == pytest.approx(100 + 30j, rel=1e-6)
    assert loads[1] == pytest.approx(90 + 9j, rel=1e-6)
    assert engine.get_source_power() == pytest.approx(
        loads.sum() + engine.get_losses(), abs=1e-5
    )


def test_a_class_without_elements_is_empty(engine):
    storage = engine.elements("storage")
    storage.set_floats("kW", np.zeros(0))
    storage.set_ints("model", np.zeros(0, dtype=np.int64))

    assert storage.names == ()
    for values in (
        storage.get_floats("kW"),
        storage.get_ints("model"),
        storage.get_total_powers(),
        storage.get_powers(),
        storage.get_currents(),
    ):
        assert values.size == 0


def test_conductor_values_are_those_of_the_engine_s_own_interface(engine):
    circuit = engine.context.ActiveCircuit
    lines = engine.elements("line")
    powers, currents = lines.get_powers(), lines.get_currents()
    start = 0
    for name in lines.names:
        circuit.SetActiveElement(f"line.{name}")
        expected = circuit.ActiveCktElement.Powers.view(complex)
        assert powers[start : start + 6] == pytest.approx(expected)
        expected = circuit.ActiveCktElement.Currents.view(complex)
        assert currents[start : start + 6] == pytest.approx(expected)
        start += 6
    assert powers.sum() == pytest.approx(engine.get_losses())
    assert lines.get_total_powers()[0] == pytest.approx(powers[:3].sum())
