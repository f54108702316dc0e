"""Which limits of a grid a market must keep."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from gridagora.errors import InvalidConfigError


@dataclass(frozen=True, slots=True)
class GridLimits:
    """The limits that a DLMP market keeps; each can be left out.

    Attributes:
        voltage_pu: Least and most voltage magnitude of every terminal; ``None`` for no
            voltage limits. pu.
        voltage_at: Other limits for some buses or terminals, by name. pu.
        flows: Whether branches keep to their rated power.
        flow_kw: Other limits for some branches, kept even without ``flows``. kW.
        currents: Whether the phases of lines keep to their ampacity.
        source_kw: Most power that may enter the feeder at its source, or leave it
            there: what transformer and substation can carry. kW.

    Raises:
        InvalidConfigError: A limit is negative, not a number, or least above most.

    Example:
        >>> GridLimits(voltage_pu=(0.95, 1.05), flow_kw={"l730_709": 560.0}).flows
        True
    """

    voltage_pu: tuple[float, float] | None = (0.95, 1.05)
    voltage_at: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    flows: bool = True
    flow_kw: Mapping[str, float] = field(default_factory=dict)
    currents: bool = False
    source_kw: float = np.inf

    def __post_init__(self) -> None:
        pairs = dict(self.voltage_at)
        if self.voltage_pu is not None:
            pairs["voltage_pu"] = self.voltage_pu
        faults = [
            f"{name} is {pair}, expected 0 <= low < high in pu."
            for name, pair in pairs.items()
            if not 0 <= pair[0] < pair[1]
        ]
        powers = {**self.flow_kw, "source_kw": self.source_kw}
        faults += [
            f"{name} is {limit} kW, expected a number >= 0."
            for name, limit in powers.items()
            if not limit >= 0
        ]
        if faults:
            raise InvalidConfigError("grid limits", faults)
