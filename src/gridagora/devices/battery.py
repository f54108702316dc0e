"""Batteries: energy after a step, exactly, whatever the length of the step."""

from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import ArrayLike

from gridagora.errors import InvalidActionError, InvalidConfigError
from gridagora.types.arrays import BoolArray, FloatArray

_DUST = 1e-9  # of the capacity: rounding, not an empty or a full battery


@dataclass(frozen=True, slots=True, eq=False)
class Battery:
    """Batteries of one or many participants, as columns.

    Energy leaks at a rate in proportion to itself; delivering and charging lose a part
    of the power. All rates are per hour, so that a step may have any length.

    Attributes:
        capacity_kwh: Most energy, > 0. kWh. Shape ``(n_battery,)``.
        most_kw: Most power either way at the terminals, >= 0. kW.
        discharge_frac: Power delivered over power taken out, in (0, 1].
        charge_frac: Power put in over power drawn, in (0, 1].
        leak_per_h: Part of the energy lost in an hour, as a rate: after ``t`` hours
            ``exp(-leak t)`` of it are left. 1/h, >= 0.

    Raises:
        InvalidConfigError: Columns of unequal length or numbers out of range.
    """

    capacity_kwh: FloatArray
    most_kw: FloatArray
    discharge_frac: FloatArray
    charge_frac: FloatArray
    leak_per_h: FloatArray

    @classmethod
    def of(
        cls,
        capacity_kwh: ArrayLike,
        most_kw: ArrayLike,
        *,
        discharge_frac: ArrayLike = 1.0,
        charge_frac: ArrayLike = 1.0,
        leak_per_h: ArrayLike = 0.0,
    ) -> "Battery":
        """Build the columns; one number stands for all batteries.

        Example:
            >>> Battery.of([10.0, 20.0], 5.0).most_kw.tolist()
            [5.0, 5.0]
        """
        columns = (capacity_kwh, most_kw, discharge_frac, charge_frac, leak_per_h)
        given = [np.atleast_1d(np.asarray(one, dtype=np.float64)) for one in columns]
        return cls(*(np.array(one) for one in np.broadcast_arrays(*given)))

    def __post_init__(self) -> None:
        shape = self.capacity_kwh.shape
        ranges = {
            "capacity_kwh": (self.capacity_kwh > 0, "> 0"),
            "most_kw": (self.most_kw >= 0, ">= 0"),
            "discharge_frac": (_is_part(self.discharge_frac), "in (0, 1]"),
            "charge_frac": (_is_part(self.charge_frac), "in (0, 1]"),
            "leak_per_h": (self.leak_per_h >= 0, ">= 0"),
        }
        faults = []
        for name, (sound, expected) in ranges.items():
            column = getattr(self, name)
            if column.shape != shape or column.ndim != 1:
                faults.append(f"{name} has the shape {column.shape}, expected {shape}.")
            elif not (sound & np.isfinite(column)).all():
                faults.append(
                    f"{name} is {column.tolist()}, expected finite and {expected}."
                )
        if faults:
            what = "battery"
            raise InvalidConfigError(what, faults)

    @property
    def n_battery(self) -> int:
        """Number of batteries."""
        return self.capacity_kwh.size


def most_discharge_kw(
    battery: Battery, energy_kwh: FloatArray, hours: float
) -> FloatArray:
    """Return the most power that can be delivered evenly through a step.

    Args:
        battery: The batteries.
        energy_kwh: What is in them at the start. kWh. Shape ``(n_battery,)``.
        hours: Length of the step, > 0. h.

    Returns:
        kW, >= 0. Shape ``(n_battery,)``.
    """
    left, span_h = _decay(battery, hours)
    empties = battery.discharge_frac * np.maximum(energy_kwh, 0.0) * left / span_h
    return np.minimum(battery.most_kw, empties)


def most_charge_kw(
    battery: Battery, energy_kwh: FloatArray, hours: float
) -> FloatArray:
    """Return the most power that can be drawn evenly through a step.

    Args:
        battery: The batteries.
        energy_kwh: What is in them at the start. kWh. Shape ``(n_battery,)``.
        hours: Length of the step, > 0. h.

    Returns:
        kW, >= 0. Shape ``(n_battery,)``.
    """
    left, span_h = _decay(battery, hours)
    room_kwh = np.maximum(battery.capacity_kwh - energy_kwh * left, 0.0)
    return np.minimum(battery.most_kw, room_kwh / span_h / battery.charge_frac)


def energy_after_kwh(
    battery: Battery, energy_kwh: FloatArray, power_kw: FloatArray, hours: float
) -> FloatArray:
    """Return what is in the batteries after a step of even power.

    It solves ``dE/dt = -leak E - inner power`` exactly, so that one step of an hour
    ends where sixty steps of a minute do.

    Args:
        battery: The batteries.
        energy_kwh: What is in them at the start. kWh. Shape ``(n_battery,)``.
        power_kw: Power at the terminals: delivered when positive, drawn when negative.
            kW. Shape ``(n_battery,)``.
        hours: Length of the step, > 0. h.

    Returns:
        kWh. Shape ``(n_battery,)``.

    Raises:
        InvalidActionError: More power than a battery can deliver or take; names all.

    Example:
        >>> pack = Battery.of(10.0, 5.0, discharge_frac=0.8)
        >>> energy_after_kwh(pack, np.array([10.0]), np.array([4.0]), 0.5).tolist()
        [7.5]
    """
    left, span_h = _decay(battery, hours)
    inner_kw = np.where(
        power_kw > 0.0,
        power_kw / battery.discharge_frac,
        power_kw * battery.charge_frac,
    )
    after = energy_kwh * left - inner_kw * span_h
    dust = _DUST * battery.capacity_kwh
    over = np.abs(power_kw) > battery.most_kw * (1.0 + _DUST)
    over |= (after < -dust) | (after > battery.capacity_kwh + dust)
    if over.any():
        least = -most_charge_kw(battery, energy_kwh, hours)
        most = most_discharge_kw(battery, energy_kwh, hours)
        what = "battery"
        raise InvalidActionError(
            what,
            [
                f"battery {at} is asked for {power_kw[at]:g} kW through {hours:g} h, "
                f"expected {least[at]:g} to {most[at]:g} kW."
                for at in np.flatnonzero(over)
            ],
        )
    return np.clip(after, 0.0, battery.capacity_kwh)


@final
class ChargedBatteries:
    """Batteries that were charged beforehand and sell what is in them.

    A ``Storage`` for producers: their most power is what is left.

    Attributes:
        battery: Their parameters.
        energy_kwh: What is in them now. kWh. Shape ``(n_battery,)``.

    Args:
        battery: As above.
        energy_kwh: What is in them when an episode begins; full when not given. kWh.

    Raises:
        InvalidConfigError: Energy outside of 0 to the capacity.

    Example:
        >>> pack = ChargedBatteries(Battery.of(3.0, 5.0))
        >>> pack.deliver(np.array([4.0]), 0.5)
        >>> pack.available_kw(0.25).tolist(), pack.available_kw(1.0).tolist()
        ([4.0], [1.0])
    """

    def __init__(self, battery: Battery, energy_kwh: ArrayLike | None = None) -> None:
        self.battery = battery
        given = battery.capacity_kwh if energy_kwh is None else energy_kwh
        start = np.broadcast_to(
            np.asarray(given, dtype=np.float64), (battery.n_battery,)
        )
        if not ((start >= 0.0) & (start <= battery.capacity_kwh)).all():
            raise InvalidConfigError(
                "charged batteries",
                [
                    f"energy_kwh is {start.tolist()}, expected 0 to the capacity, "
                    f"{battery.capacity_kwh.tolist()}."
                ],
            )
        self._start_kwh = start.copy()
        self.reset()

    def reset(self) -> None:
        """Return to the energy at the beginning of an episode."""
        self.energy_kwh: FloatArray = self._start_kwh.copy()

    def available_kw(self, hours: float) -> FloatArray:
        """Return the most power that each can deliver all through an interval. kW."""
        return most_discharge_kw(self.battery, self.energy_kwh, hours)

    def deliver(self, power_kw: FloatArray, hours: float) -> None:
        """Take out what was delivered in an interval.

        Raises:
            InvalidActionError: More than there is.
        """
        self.energy_kwh = energy_after_kwh(
            self.battery, self.energy_kwh, power_kw, hours
        )


def _is_part(column: FloatArray) -> BoolArray:
    return (column > 0.0) & (column <= 1.0)


def _decay(battery: Battery, hours: float) -> tuple[FloatArray, FloatArray]:
    """Return what is left of the energy, and the hours that power counts for.

    Power early in the step leaks away again in part: ``(1 - left) / leak`` hours.
    """
    leaked = battery.leak_per_h * hours
    some = np.where(leaked > 0.0, leaked, 1.0)
    span_h = np.where(leaked > 0.0, -np.expm1(-some) / some, 1.0) * hours
    return np.exp(-leaked), span_h
