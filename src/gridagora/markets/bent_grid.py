"""Clearing on a linear grid whose places grow dearer as they draw more."""

from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from gridagora.markets.linear import clear_linear
from gridagora.markets.linear_rows import keep_limits
from gridagora.markets.price_parts import price_parts
from gridagora.types.arrays import FloatArray, IntArray
from gridagora.types.dispatch import Outcome
from gridagora.types.grid_limits import GridLimits
from gridagora.types.linear_dispatch import LimitTable, LinearDispatch
from gridagora.types.linear_grid import LinearGrid, Response
from gridagora.types.orders import CurveColumns

_PREFIX = "curve "  # names of places that are not there


@dataclass(frozen=True, slots=True, eq=False)
class Bend:
    """How some places of a linear grid grow dearer with what they draw.

    Attributes:
        place: The places. Shape ``(n_bent,)``.
        rate: How fast each direction grows dearer, > 0. Currency/kWh per kW. Shape
            ``(n_direction,)``.
        direction: Part of each place in each. Shape ``(n_direction, n_bent)``.
        reach_kw: How far each place may move at most. kW. Shape ``(n_bent,)``.
    """

    place: IntArray
    rate: FloatArray
    direction: FloatArray
    reach_kw: FloatArray

    def tilt_per_kwh(self, more_kw: FloatArray) -> FloatArray:
        """Return how much dearer the places are once they draw more. ``(n_bent,)``."""
        tilt: FloatArray = self.direction.T @ (self.rate * (self.direction @ more_kw))
        return tilt


def clear_bent(
    grid: LinearGrid,
    orders: CurveColumns,
    limits: GridLimits,
    bend: Bend,
    *,
    fixed: tuple[FloatArray, FloatArray],
) -> LinearDispatch:
    """Clear on a linear grid plus half of ``rate (direction move)^2`` of cost.

    The engine for straight lines does it: each direction gets a place of its own,
    which is not connected to anything, and a limit of 0 that makes what is drawn there
    equal to how far places move along the direction. A bid and an offer at that place
    are dear in proportion to what they draw or deliver.

    Args:
        grid: The grid.
        orders: Bids and offers.
        limits: What must be kept.
        bend: The curvature, about the operating point of ``grid``.
        fixed: Power drawn by whoever sent no order. kW and kvar, ``(n_place,)`` each.

    Returns:
        The dispatch, in terms of ``grid`` and ``orders``. Its prices are those of the
        straight lines: what the bend adds to them, orders have paid attention to, but
        the record does not hold. Hence its certificate is that of the bent problem.
    """
    extended = _Extended.of(grid, bend)
    names = extended.grid.place[extended.new]
    found = clear_linear(
        extended.grid,
        extended.book(orders, bend),
        replace(limits, flow_kw={**limits.flow_kw, **dict.fromkeys(names, 0.0)}),
        fixed_kw=extended.wide(fixed[0]),
        fixed_kvar=extended.wide(fixed[1]),
    )
    if found.outcome not in (Outcome.CLEARED, Outcome.ONE_SIDED):
        # places that are not there must not be named among the reasons
        return clear_linear(
            grid, orders, limits, fixed_kw=fixed[0], fixed_kvar=fixed[1]
        )
    real = np.array([not name.startswith(_PREFIX) for name in found.limits.name])
    table = _rows_of(found.limits, np.flatnonzero(real))
    energy = float(found.active.energy[extended.grid.source])
    active, reactive = price_parts(grid, keep_limits(grid, limits), energy, table.worth)
    dispatch = replace(
        found,
        grid=grid,
        orders=orders,
        place=extended.narrow(found.place[: orders.n_order]),
        kvar_per_kw=found.kvar_per_kw[: orders.n_order],
        fixed_kw=fixed[0],
        fixed_kvar=fixed[1],
        quantity_kw=found.quantity_kw[: orders.n_order],
        active=active,
        reactive=reactive,
        limits=table,
    )
    more = (
        dispatch.net_demand_kw - grid.demand_kw,
        dispatch.net_demand_kvar - grid.demand_kvar,
    )
    return replace(dispatch, loss_kw=float(grid.loss.after(*more)[0]))


@dataclass(frozen=True, slots=True, eq=False)
class _Extended:
    """A grid with further places, which stand before the terminals.

    Attributes:
        grid: The grid.
        new: Where the further places stand.
    """

    grid: LinearGrid
    new: slice

    @classmethod
    def of(cls, grid: LinearGrid, bend: Bend) -> Self:
        count, first = bend.rate.size, grid.n_place - grid.voltages.n_row
        new = slice(first, first + count)
        names = tuple(f"{_PREFIX}{at}" for at in range(count))

        def wide(values: FloatArray, fill: float = 0.0) -> FloatArray:
            return np.insert(values, [first] * count, fill, axis=-1)

        def with_places(old: Response, fill: float = 0.0) -> Response:
            per_kw, per_kvar = wide(old.per_kw, fill), wide(old.per_kvar)
            return Response(old.name, old.value, per_kw, per_kvar)

        flows = with_places(grid.flows)
        rows = np.zeros((count, grid.n_place + count))
        moved = np.where(bend.place >= first, bend.place + count, bend.place)
        rows[:, moved] = bend.direction
        rows[np.arange(count), np.arange(first, first + count)] = -1.0
        bus = (grid.source + 1) % grid.n_bus  # any but the source
        extended = replace(
            grid,
            place=(*grid.place[:first], *names, *grid.place[first:]),
            bus=np.insert(grid.bus, [first] * count, bus),
            demand_kw=wide(grid.demand_kw),
            demand_kvar=wide(grid.demand_kvar),
            kvar_per_kw=wide(grid.kvar_per_kw),
            voltages=with_places(grid.voltages),
            flows=Response(
                (*flows.name, *names),
                np.append(flows.value, np.zeros(count)),
                np.vstack([flows.per_kw, rows]),
                np.vstack([flows.per_kvar, np.zeros(rows.shape)]),
            ),
            currents=with_places(grid.currents),
            loss=with_places(grid.loss, -1.0),  # so that the balance does not see them
            flow_limit_kw=np.append(grid.flow_limit_kw, np.full(count, np.inf)),
        )
        return cls(extended, new)

    def book(self, orders: CurveColumns, bend: Bend) -> CurveColumns:
        """Return the orders, then a bid and an offer for each direction."""
        count, first = bend.rate.size, self.new.start
        at = np.arange(first, first + count)
        most_kw = np.abs(bend.direction) @ bend.reach_kw
        dearest = bend.rate * most_kw
        nothing = np.zeros(count)
        moved = np.where(orders.bus >= first, orders.bus + count, orders.bus)
        further = CurveColumns.affine(
            ("",) * (2 * count),
            np.concatenate([at, at]),
            np.repeat([True, False], count),
            p_max=np.concatenate([nothing, dearest]),
            p_min=np.concatenate([-dearest, nothing]),
            q_max=np.concatenate([most_kw, most_kw]),
            q_min=np.concatenate([nothing, nothing]),
        )
        return CurveColumns.joined([replace(orders, bus=moved), further])

    def wide(self, values: FloatArray) -> FloatArray:
        """Return values by place with 0 at the further places."""
        return np.insert(
            values, [self.new.start] * (self.new.stop - self.new.start), 0.0
        )

    def narrow(self, place: IntArray) -> IntArray:
        """Return positions in the grid without the further places."""
        count = self.new.stop - self.new.start
        return np.where(place >= self.new.stop, place - count, place)


def _rows_of(table: LimitTable, rows: IntArray) -> LimitTable:
    return LimitTable(
        name=tuple([table.name[row] for row in rows]),
        kind=tuple([table.kind[row] for row in rows]),
        unit=tuple([table.unit[row] for row in rows]),
        low=table.low[rows],
        high=table.high[rows],
        value=table.value[rows],
        worth=table.worth[rows],
    )
