"""First orders of small networks whose answers are known."""

import numpy as np
import pytest

from gridagora.grids.sensitivity import (
    GROUND,
    Ports,
    voltage_response,
    without_feedback,
)

# Four buses in per unit, the first held at 1: lines 0-1 .02+.04j, 1-2 .03+.02j,
# 1-3 .025+.03j; demands .10+.05j, .40+.15j, .20+.05j. The numbers below were worked out
# from conj(dV_i) (Y V)_i + conj(V_i) (Y dV)_i = dS_i and checked by finite differences.
LINES = ((0, 1, 0.02 + 0.04j), (1, 2, 0.03 + 0.02j), (1, 3, 0.025 + 0.03j))
DEMAND = np.array([0.10 + 0.05j, 0.40 + 0.15j, 0.20 + 0.05j])
EACH = Ports(np.arange(3), np.full(3, GROUND))


def admittance():
    matrix = np.zeros((4, 4), dtype=complex)
    for a, b, ohm in LINES:
        matrix[[a, b, a, b], [a, b, b, a]] += np.array([1, 1, -1, -1]) / ohm
    return matrix


def solved(impedance, no_load, ports, drawn):
    """Fixed point of V = V_no_load - Z A conj(S / U)."""
    volts = no_load.copy()
    for _ in range(500):
        volts = no_load - ports.reach(impedance) @ np.conj(drawn / ports.across(volts))
    return volts


@pytest.fixture
def four_buses():
    impedance = np.linalg.inv(admittance()[1:, 1:])
    volts = solved(impedance, np.ones(3, dtype=complex), EACH, DEMAND)
    return impedance, volts


def magnitudes(volts, changes):
    return np.real(np.conj(volts)[:, None] * changes) / np.abs(volts)[:, None]


def test_the_four_bus_example_has_the_voltages_worked_out_by_hand(four_buses):
    impedance, volts = four_buses
    answer = voltage_response(EACH.reach(impedance), volts, EACH, DEMAND)

    assert np.abs(volts) == pytest.approx([0.974731, 0.959084, 0.968004], abs=1e-6)
    per_injected = -magnitudes(volts, answer.per_active)
    assert per_injected[:, 0] == pytest.approx([0.022091, 0.022457, 0.022246], abs=1e-6)
    assert per_injected[:, 1] == pytest.approx([0.023412, 0.055679, 0.023576], abs=1e-6)
    assert per_injected[:, 2] == pytest.approx([0.022865, 0.023244, 0.049190], abs=1e-6)
    per_var = -magnitudes(volts, answer.per_reactive)
    assert per_var[:, 1] == pytest.approx([0.042175, 0.063955, 0.042471], abs=1e-6)


def test_the_four_bus_example_has_the_losses_worked_out_by_hand(four_buses):
    impedance, volts = four_buses
    answer = voltage_response(EACH.reach(impedance), volts, EACH, DEMAND)
    whole = np.concatenate([[1.0], volts])
    changes = np.vstack([np.zeros(3), answer.per_active])
    conductance = admittance().real

    loss = np.real(np.conj(whole) @ conductance @ whole)
    per_injected = -2 * np.real(np.conj(whole) @ conductance @ changes)
    assert loss == pytest.approx(0.0189829, abs=1e-7)
    assert per_injected == pytest.approx([-0.030652, -0.058170, -0.041874], abs=1e-6)


def test_loads_between_two_nodes_feed_back_through_the_difference():
    # Two phases behind 0.02+0.05j each, coupled by 0.01j; a load between them, one to
    # ground. Compared with the central difference of the fixed point.
    impedance = np.array([[0.02 + 0.05j, 0.01j], [0.01j, 0.02 + 0.05j]])
    no_load = np.array([1.0 + 0j, np.exp(-2j * np.pi / 3)])
    ports = Ports(np.array([0, 1]), np.array([1, GROUND]))
    drawn = np.array([0.9 + 0.3j, 0.5 - 0.2j])
    volts = solved(impedance, no_load, ports, drawn)
    answer = voltage_response(ports.reach(impedance), volts, ports, drawn)

    step = 1e-4
    for per, unit in ((answer.per_active, 1.0), (answer.per_reactive, 1j)):
        for port in range(2):
            more = step * unit * np.eye(2)[port]
            up = solved(impedance, no_load, ports, drawn + more)
            down = solved(impedance, no_load, ports, drawn - more)
            assert per[:, port] == pytest.approx((up - down) / (2 * step), abs=1e-7)


def test_without_feedback_currents_of_loads_stay_as_they_are(four_buses):
    impedance, volts = four_buses
    reach = EACH.reach(impedance)
    plain = without_feedback(reach, volts, EACH)

    assert plain == pytest.approx(-impedance / np.conj(volts))
    unloaded = voltage_response(reach, volts, EACH, np.zeros(3, dtype=complex))
    assert unloaded.forward == pytest.approx(plain)
    assert not unloaded.feedback.any()


def test_a_port_without_voltage_moves_nothing(four_buses):
    impedance, volts = four_buses
    volts[2] = 0.0
    answer = voltage_response(EACH.reach(impedance), volts, EACH, DEMAND)

    assert not answer.per_active[:, 2].any()
    assert answer.per_active[:, :2].all()
