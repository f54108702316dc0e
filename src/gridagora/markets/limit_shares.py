"""What each limit that binds adds to the price at each place."""

from dataclasses import dataclass

import numpy as np

from gridagora.types.arrays import FloatArray, IntArray
from gridagora.types.linear_dispatch import LinearDispatch
from gridagora.types.linear_grid import LinearGrid, Response


@dataclass(frozen=True, slots=True, eq=False)
class LimitShares:
    """The limits that bind, and their shares in prices and in money.

    Attributes:
        row: Rows of ``LinearDispatch.limits``. Shape ``(n_binding,)``.
        per_kwh: Share in the price of active power. Currency/kWh. Shape
            ``(n_binding, n_place)``.
        per_kvarh: The same of reactive power. Currency/kvarh.
        rent_per_h: What all together pay for the limit beyond what they get for it, at
            these shares. Currency/h. Shape ``(n_binding,)``.
    """

    row: IntArray
    per_kwh: FloatArray
    per_kvarh: FloatArray
    rent_per_h: FloatArray

    @classmethod
    def of(cls, dispatch: LinearDispatch) -> "LimitShares":
        """Return the shares of a clearing."""
        row = dispatch.limits.binding
        per_kwh, per_kvarh = _shares(dispatch, dispatch.grid)
        rent = per_kwh @ dispatch.net_demand_kw + per_kvarh @ dispatch.net_demand_kvar
        return cls(row, per_kwh, per_kvarh, rent)


def loss_surplus_per_h(dispatch: LinearDispatch) -> float:
    """Return what all together pay for losses beyond what the losses cost.

    Everyone pays what the next kWh loses; as losses grow with the square of currents,
    that is about twice what the average one does. Currency/h.
    """
    grid = dispatch.grid
    paid_kw = float(
        grid.loss.per_kw[0] @ dispatch.net_demand_kw
        + grid.loss.per_kvar[0] @ dispatch.net_demand_kvar
    )
    return float(dispatch.active.energy[grid.source]) * (paid_kw - dispatch.loss_kw)


def prices_on(
    dispatch: LinearDispatch, grid: LinearGrid
) -> tuple[FloatArray, FloatArray]:
    """Return the prices that a clearing's multipliers give on another model.

    Args:
        dispatch: Gives the price of energy and the worth of each limit.
        grid: The same grid, linearised at another point.

    Returns:
        Prices of active and of reactive power. Shapes ``(n_place,)``.
    """
    per_kwh, per_kvarh = _shares(dispatch, grid)
    energy = float(dispatch.active.energy[grid.source])
    return (
        energy * (1.0 + grid.loss.per_kw[0]) + per_kwh.sum(axis=0),
        energy * grid.loss.per_kvar[0] + per_kvarh.sum(axis=0),
    )


def _shares(
    dispatch: LinearDispatch, grid: LinearGrid
) -> tuple[FloatArray, FloatArray]:
    """Return what each limit that binds adds to both prices, one row each."""
    limits = dispatch.limits
    row = limits.binding
    per_kwh, per_kvarh = np.zeros((2, row.size, grid.n_place))
    for at, limit in enumerate(row):
        kw, kvar = _slopes(grid, limits.kind[limit], limits.name[limit])
        per_kwh[at] = limits.worth[limit] * kw
        per_kvarh[at] = limits.worth[limit] * kvar
    return per_kwh, per_kvarh


def _slopes(grid: LinearGrid, kind: str, name: str) -> tuple[FloatArray, FloatArray]:
    """Return what one more kW and kvar at each place adds to a limited value."""
    if kind == "substation":  # all demand away from the source, and the losses
        away = np.ones(grid.n_place)
        away[grid.bus == grid.source] = 0.0
        return away + grid.loss.per_kw[0], grid.loss.per_kvar[0]
    responses: dict[str, Response] = {
        "flow": grid.flows,
        "outage": grid.flows,
        "current": grid.currents,
        "voltage": grid.voltages,
    }
    response = responses[kind]
    row = response.name.index(name)
    return response.per_kw[row], response.per_kvar[row]
