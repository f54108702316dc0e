"""Batteries by hand, and one step against many."""

import math

import numpy as np
import pytest

from gridagora.devices.battery import (
    Battery,
    ChargedBatteries,
    energy_after_kwh,
    most_charge_kw,
    most_discharge_kw,
)
from gridagora.errors import InvalidActionError, InvalidConfigError

LOSSY = Battery.of(
    [10.0, 20.0], 5.0, discharge_frac=0.8, charge_frac=0.9, leak_per_h=[0.0, 0.05]
)
FULL = np.array([10.0, 20.0])


def test_delivering_takes_out_more_and_charging_puts_in_less():
    # 4 kW for half an hour are 2 kWh: 2 / 0.8 out, 2 x 0.9 in.
    one = Battery.of(10.0, 5.0, discharge_frac=0.8, charge_frac=0.9)
    energy = np.array([5.0])

    assert energy_after_kwh(one, energy, np.array([4.0]), 0.5).tolist() == [2.5]
    assert energy_after_kwh(one, energy, np.array([-4.0]), 0.5) == pytest.approx([6.8])


def test_energy_leaks_at_a_rate_per_hour():
    idle = energy_after_kwh(LOSSY, FULL, np.zeros(2), 2.0)

    assert idle == pytest.approx([10.0, 20.0 * math.exp(-0.1)])


@pytest.mark.parametrize("minutes", [1, 5, 15, 60])
@pytest.mark.parametrize("power_kw", [4.0, 0.0, -3.0])
def test_an_hour_ends_the_same_in_steps_of_any_length(minutes, power_kw):
    energy = np.array([6.0, 9.0])
    power = np.full(2, power_kw)
    for _ in range(60 // minutes):
        energy = energy_after_kwh(LOSSY, energy, power, minutes / 60)

    whole = energy_after_kwh(LOSSY, np.array([6.0, 9.0]), power, 1.0)
    assert energy == pytest.approx(whole, rel=1e-12)


@pytest.mark.parametrize("minutes", [1, 5, 15, 60])
def test_the_most_power_of_an_hour_empties_or_fills_in_any_steps(minutes):
    big = Battery.of([10.0, 20.0], 99.0, discharge_frac=0.8, charge_frac=0.9,
                     leak_per_h=[0.0, 0.05])  # fmt: skip
    for most, start, end in (
        (most_discharge_kw(big, FULL, 1.0), FULL, np.zeros(2)),
        (-most_charge_kw(big, FULL / 4, 1.0), FULL / 4, FULL),
    ):
        energy = start
        for _ in range(60 // minutes):
            energy = energy_after_kwh(big, energy, most, minutes / 60)
        assert energy == pytest.approx(end, abs=1e-9)


def test_the_most_power_is_that_of_the_terminals_or_what_is_left():
    # 10 kWh x 0.8 are 8 kWh: 5 kW for an hour, 4 for two. With a leak of 0.05 per hour
    # 20 kWh last for 0.8 x 20 x 0.05 / (e^0.2 - 1) = 3.613 kW through four hours.
    assert most_discharge_kw(LOSSY, FULL, 1.0).tolist() == [5.0, 5.0]
    assert most_discharge_kw(LOSSY, FULL, 2.0)[0] == pytest.approx(4.0)
    assert most_discharge_kw(LOSSY, FULL, 4.0)[1] == pytest.approx(
        0.8 / math.expm1(0.2)
    )
    assert most_charge_kw(LOSSY, FULL, 1.0)[0] == 0.0
    # 20 (1 - e^-0.05) leaked in the hour is what a full battery can take again.
    assert most_charge_kw(LOSSY, FULL, 1.0)[1] == pytest.approx(0.05 * 20 / 0.9)


def test_more_than_there_is_is_refused_by_name():
    with pytest.raises(InvalidActionError) as caught:
        energy_after_kwh(LOSSY, np.array([1.0, 20.0]), np.array([2.0, -9.0]), 1.0)
    assert str(caught.value) == (
        "battery: battery 0 is asked for 2 kW through 1 h, expected -5 to 0.8 kW. "
        "battery 1 is asked for -9 kW through 1 h, expected -1.11111 to 5 kW."
    )


def test_rounding_is_not_more_than_there_is():
    one = Battery.of(10.0, 50.0)
    after = energy_after_kwh(one, np.array([10.0]), np.array([10.0 + 1e-12]), 1.0)

    assert after.tolist() == [0.0]


def test_every_number_out_of_range_is_named():
    with pytest.raises(InvalidConfigError) as caught:
        Battery.of([0.0, 1.0], math.inf, discharge_frac=0.0, charge_frac=1.1,
                   leak_per_h=-1.0)  # fmt: skip
    assert str(caught.value) == (
        "battery: capacity_kwh is [0.0, 1.0], expected finite and > 0. "
        "most_kw is [inf, inf], expected finite and >= 0. "
        "discharge_frac is [0.0, 0.0], expected finite and in (0, 1]. "
        "charge_frac is [1.1, 1.1], expected finite and in (0, 1]. "
        "leak_per_h is [-1.0, -1.0], expected finite and >= 0."
    )
    one, two = np.ones(1), np.ones(2)
    with pytest.raises(InvalidConfigError, match="most_kw has the shape"):
        Battery(one, two, one, one, one)


def test_charged_batteries_sell_what_is_left():
    pack = ChargedBatteries(LOSSY, [4.0, 0.0])

    assert pack.available_kw(1.0).tolist() == [3.2, 0.0]
    pack.deliver(np.array([1.6, 0.0]), 1.0)
    assert pack.energy_kwh == pytest.approx([2.0, 0.0])
    pack.reset()
    assert pack.energy_kwh.tolist() == [4.0, 0.0]
    assert ChargedBatteries(LOSSY).energy_kwh.tolist() == FULL.tolist()


def test_no_battery_begins_with_more_than_it_holds():
    with pytest.raises(InvalidConfigError) as caught:
        ChargedBatteries(LOSSY, 11.0)
    assert str(caught.value) == (
        "charged batteries: energy_kwh is [11.0, 11.0], expected 0 to the capacity, "
        "[10.0, 20.0]."
    )
