"""What agents ask of the grid."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from gridagora.errors import InvalidActionError
from gridagora.types.arrays import FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class GridActions:
    """Net demand of participants at buses, as columns.

    A bus's demand is split over its loads by nominal share. Several rows may name the
    same bus: they add up.

    Attributes:
        participant: Who acts. Shape ``(n_action,)``.
        bus: Where. Shape ``(n_action,)``.
        net_demand_kw: Power drawn, negative when injected. kW. Shape ``(n_action,)``.
        net_demand_kvar: Reactive power drawn; NaN leaves it to the power factor of the
            bus's loads. kvar. Shape ``(n_action,)``.

    Raises:
        InvalidActionError: Columns of unequal length or powers that are not finite.
    """

    participant: tuple[str, ...]
    bus: tuple[str, ...]
    net_demand_kw: FloatArray
    net_demand_kvar: FloatArray

    def __post_init__(self) -> None:
        shape = (len(self.participant),)
        kw, kvar = self.net_demand_kw, self.net_demand_kvar
        if not kw.shape == kvar.shape == shape == (len(self.bus),):
            raise InvalidActionError("grid actions", ["columns differ in length."])
        bad = ~np.isfinite(kw) | np.isinf(kvar)
        if np.count_nonzero(bad):
            raise InvalidActionError(
                "grid actions",
                [
                    f"{self.participant[at]!r} asks for {self.net_demand_kw[at]} kW "
                    f"and {self.net_demand_kvar[at]} kvar, expected finite numbers."
                    for at in np.flatnonzero(bad)
                ],
            )

    @classmethod
    def of(
        cls,
        participant: Sequence[str],
        bus: Sequence[str],
        net_demand_kw: FloatArray,
        net_demand_kvar: FloatArray | None = None,
    ) -> Self:
        """Build the columns; without kvar the loads keep their power factor."""
        power = np.array(net_demand_kw, dtype=np.float64)
        if net_demand_kvar is None:
            reactive = np.full(power.shape, np.nan)
        else:
            reactive = np.array(net_demand_kvar, dtype=np.float64)
        return cls(tuple(participant), tuple(bus), power, reactive)

    @classmethod
    def none(cls) -> Self:
        """Return the table without rows."""
        return cls((), (), np.zeros(0), np.zeros(0))
