"""What happens from outside: a scenario played as grid actions."""

from collections.abc import Sequence
from typing import final

import numpy as np

from gridagora.errors import InvalidActionError, InvalidScenarioError
from gridagora.types.actions import GridActions
from gridagora.types.arrays import Columns, FloatArray
from gridagora.types.base import BaseAgent
from gridagora.types.scenario import Scenario, unit_of


@final
class ExogenousAgent(BaseAgent):
    """Uncontrolled load and generation that follow a scenario and send no orders.

    In interval ``t`` participant ``k`` draws ``scale[k]`` times the value of its
    column. For a column in ``_kw`` the scale is 1 for load and -1 for generation; for
    one in ``_frac`` it is the nominal power, negative for generation.

    Args:
        scenario: The series.
        participants: Names.
        bus: Bus of each.
        column: Column of the scenario that each follows, in ``_kw`` or ``_frac``.
        scale: Multiplies the column; positive draws power, negative injects it. Shape
            ``(n_participant,)``.
        name: Name of the agent.

    Raises:
        InvalidActionError: Columns of unequal length, a column in another unit, or a
            scale that is not finite.
        UnknownNameError: The scenario has no such column.

    Example:
        >>> from datetime import UTC, datetime
        >>> from gridagora.types.time import Horizon
        >>> day = Horizon(datetime(2026, 1, 1, tzinfo=UTC), 1.0, 2)
        >>> sun = Scenario.of(day, {"pv_frac": [0.0, 0.5]})
        >>> roof = ExogenousAgent(
        ...     sun, ["roof"], bus=["840"], column=["pv_frac"], scale=[-10.0]
        ... )
        >>> roof.net_demand_kw(1).tolist()
        [-5.0]
    """

    def __init__(
        self,
        scenario: Scenario,
        participants: Sequence[str],
        *,
        bus: Sequence[str],
        column: Sequence[str],
        scale: Sequence[float] | FloatArray,
        name: str = "",
    ) -> None:
        self.name = name
        self.scenario = scenario
        self.participants = tuple(participants)
        self._bus = tuple(bus)
        factor = np.array(scale, dtype=np.float64)
        faults = _faults(self.participants, self._bus, column, factor)
        if faults:
            raise InvalidActionError("exogenous agent", faults)
        places = [scenario.place(one) for one in column]
        self._net_demand_kw: FloatArray = scenario.values[:, places] * factor
        self._no_kvar = np.full(len(self.participants), np.nan)

    def reset(self) -> None:
        """Check that the scenario fits the environment's intervals.

        Raises:
            InvalidScenarioError: It is too short, its intervals have another length,
                or it starts at another time than the environment's horizon.
        """
        mine = self.scenario.horizon
        count, hours = self.env.n_intervals, self.env.interval_hours
        if mine.n_intervals < count or mine.interval_hours != hours:
            raise InvalidScenarioError(
                f"scenario of {self.name!r}",
                [
                    f"it has {mine.n_intervals} intervals of "
                    f"{mine.interval_hours:g} h, the environment asks for {count} of "
                    f"{hours:g} h; use scenario.resampled({hours:g})."
                ],
            )
        if self.env.horizon is not None and self.env.horizon.start != mine.start:
            raise InvalidScenarioError(
                f"scenario of {self.name!r}",
                [
                    f"it starts at {mine.start.isoformat()}, the environment at "
                    f"{self.env.horizon.start.isoformat()}."
                ],
            )

    def net_demand_kw(self, t: int) -> FloatArray:
        """Return what each participant draws in an interval. kW."""
        present: FloatArray = self._net_demand_kw[t]
        return present

    def set_market_actions(self) -> None:
        """Send nothing."""
        self.market_actions = ()

    def set_grid_actions(self) -> None:
        """Draw what the scenario says for the present interval."""
        self.grid_actions = self.planned_actions()

    def planned_actions(self) -> GridActions:
        """Return what will be drawn in the present interval, for markets to plan by."""
        return GridActions(
            self.participants,
            self._bus,
            self._net_demand_kw[self.env.t],
            self._no_kvar,
        )

    def get_observation(self) -> Columns:
        """Return what is drawn in the present interval; nothing before the first."""
        t = self.env.t
        if t < 0:
            return {}
        return {
            "participant": self.participants,
            "net_demand_kw": self.net_demand_kw(t),
        }


def _faults(
    participants: Sequence[str],
    bus: Sequence[str],
    column: Sequence[str],
    scale: FloatArray,
) -> list[str]:
    lengths = (len(participants), len(bus), len(column), *scale.shape)
    if set(lengths) != {len(participants)} or scale.ndim != 1:
        return [
            f"{len(participants)} participants, {len(bus)} buses, {len(column)} "
            f"columns and scales of shape {scale.shape}, expected one of each for each."
        ]
    faults = [
        f"{who!r} follows column {one!r}, expected one that ends in _kw or _frac."
        for who, one in zip(participants, column, strict=True)
        if unit_of(one) not in (None, "kw", "frac")  # a name without one is unknown
    ]
    return faults + [
        f"{participants[at]!r} has the scale {scale[at]}, expected a finite number."
        for at in np.flatnonzero(~np.isfinite(scale)).tolist()
    ]
