"""The limits of a linear grid that a market keeps, one row each."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from gridagora.errors import GridagoraError, UnknownNameError
from gridagora.markets.pieces import Pieces
from gridagora.markets.rows import DenseRows
from gridagora.types.arrays import BoolArray, FloatArray, IntArray
from gridagora.types.grid_limits import GridLimits
from gridagora.types.linear_grid import LinearGrid, Response

AFTER_LOSS = " after loss of "
"""Joins the two branches in the name of a flow that a network has after an outage."""

_FLAT = 1e-6  # of its limit: what counts as 1 in a row is never less
_STILL = 1e-3  # of the row of its kind that moves most: nor less than this
_NOISE = 1e-10  # a row that moves less than this does so by rounding only
_UNITS = {
    "flow": "kW",
    "outage": "kW",
    "current": "A",
    "voltage": "pu",
    "substation": "kW",
}


@dataclass(frozen=True, slots=True, eq=False)
class KeptLimits:
    """Rows of a grid's responses with the limits that a market keeps.

    Attributes:
        name: What is limited. Shape ``(n_limit,)``.
        kind: ``flow``, ``outage``, ``current``, ``voltage`` or ``substation``.
            Shape ``(n_limit,)``.
        low: Least values, in the unit of the kind. Shape ``(n_limit,)``.
        high: Most values. Shape ``(n_limit,)``.
        parts: The responses they belong to, in this order, and the rows of each.
        n_place: Number of places of the grid.
    """

    name: tuple[str, ...]
    kind: tuple[str, ...]
    low: FloatArray
    high: FloatArray
    parts: tuple[tuple[Response, IntArray], ...]
    n_place: int

    @property
    def unit(self) -> tuple[str, ...]:
        """Unit of each limit: ``kW``, ``A`` or ``pu``."""
        return tuple([_UNITS[kind] for kind in self.kind])

    @property
    def operating(self) -> FloatArray:
        """Values at the operating point. Shape ``(n_limit,)``."""
        found = [response.value[rows] for response, rows in self.parts]
        return np.concatenate([np.zeros(0), *found])

    @property
    def is_power(self) -> BoolArray:
        """Which limits are of power in kW. Shape ``(n_limit,)``."""
        return np.array([unit == "kW" for unit in self.unit], dtype=np.bool_)

    @property
    def is_voltage(self) -> BoolArray:
        """Which limits are of voltages. Shape ``(n_limit,)``."""
        return np.array([kind == "voltage" for kind in self.kind], dtype=np.bool_)

    def columns(self, place: IntArray, kvar_per_kw: FloatArray) -> FloatArray:
        """Return what each kW drawn at places, with its kvar, adds to each row.

        Shape ``(n_limit, place.size)``.
        """
        found = np.empty((len(self.name), place.size))
        at = 0
        for response, rows in self.parts:
            part = found[at : at + rows.size]
            part[:] = _block(response.per_kw, rows, place)
            if kvar_per_kw.any():
                by_kvar = _block(response.per_kvar, rows, place)
                by_kvar *= kvar_per_kw
                part += by_kvar
            at += rows.size
        return found

    def value(self, more_kw: FloatArray, more_kvar: FloatArray) -> FloatArray:
        """Return each value once every place draws that much more."""
        drawn = np.flatnonzero((more_kw != 0.0) | (more_kvar != 0.0))
        n_drawn = int(drawn[-1]) + 1 if drawn.size else 0  # terminals draw nothing
        more = more_kw[:n_drawn], more_kvar[:n_drawn]
        found = [_after(response, rows, more) for response, rows in self.parts]
        return np.concatenate([np.zeros(0), *found])

    def spread(self, worth: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return what worths of limits add to the prices of kWh and kvarh by place."""
        per_kwh, per_kvarh = np.zeros(self.n_place), np.zeros(self.n_place)
        at = 0
        for response, rows in self.parts:
            mine = worth[at : at + rows.size]
            used = np.flatnonzero(mine)
            if used.size:
                per_kwh += mine[used] @ response.per_kw[rows[used]]
                per_kvarh += mine[used] @ response.per_kvar[rows[used]]
            at += rows.size
        return per_kwh, per_kvarh


def keep_limits(grid: LinearGrid, limits: GridLimits) -> KeptLimits:
    """Return the limits of a grid that count.

    Flows come first, then currents, voltages and the substation, which carries as much
    back as it lets in. ``flow_kw`` names flows as ``grid.flows`` does, a flow after an
    outage by its whole name.

    Raises:
        UnknownNameError: A limit is for a branch, bus or terminal that is not there.
    """
    flow_kw = _flow_limits(grid, limits)
    current_a = grid.current_limit_a if limits.currents else np.zeros(0)
    least, most = _voltage_limits(grid, limits)
    kept = [
        _limited(grid.flows, "flow", -flow_kw, flow_kw),
        _limited(grid.voltages, "voltage", least, most),
    ]
    if limits.currents:
        kept.insert(
            1,
            _limited(
                grid.currents, "current", np.full(current_a.size, -np.inf), current_a
            ),
        )
    if np.isfinite(limits.source_kw):
        most_kw = np.array([limits.source_kw])
        kept.append(_limited(_substation(grid), "substation", -most_kw, most_kw))
    return KeptLimits(
        name=sum((part[0] for part in kept), ()),
        kind=sum((part[1] for part in kept), ()),
        low=np.concatenate([part[2] for part in kept]),
        high=np.concatenate([part[3] for part in kept]),
        parts=tuple(part[4] for part in kept if part[4][1].size),
        n_place=grid.n_place,
    )


def dense_rows(
    grid: LinearGrid,
    kept: KeptLimits,
    pieces: Pieces,
    place: IntArray,
    more: tuple[FloatArray, FloatArray],
) -> DenseRows:
    """Return the rows of a book.

    Args:
        grid: The grid.
        kept: Its limits.
        pieces: The book, its places being positions in ``place``.
        place: Places where orders draw or deliver. Shape ``(n_used,)``.
        more: What is drawn by whoever sent no order beyond the operating point. kW and
            kvar. Each of shape ``(n_place,)``.
    """
    ratio = grid.kvar_per_kw[place]
    column = kept.columns(place, ratio)
    size = row_sizes(kept, column, pieces.scale_kw)
    moves = _largest(column) * pieces.scale_kw > _NOISE * size
    scaled = np.where(moves, pieces.scale_kw / size, 0.0)
    column *= scaled[:, None]
    loss = grid.loss
    weight = 1.0 + loss.per_kw[0, place] + ratio * loss.per_kvar[0, place]
    balance_kw = float(loss.after(*more)[0] + (more[0] + grid.demand_kw).sum())
    return DenseRows(
        matrix=column,
        offset=kept.value(*more) / size,
        low=kept.low / size,
        high=kept.high / size,
        effect=np.where(kept.is_power & moves, scaled, 1.0),
        size=size,
        weight=weight,
        total=-balance_kw / pieces.scale_kw,
    )


def row_sizes(kept: KeptLimits, column: FloatArray, scale_kw: float) -> FloatArray:
    """Return what counts as 1 in each row: by how much a power moves it at most.

    Args:
        kept: The limits.
        column: What each place with orders adds per kW. Shape ``(n_limit, n_used)``.
        scale_kw: The power. kW.

    Returns:
        In the unit of each limit; at least 1e-6 of it, and 1e-3 of what the power moves
        the most movable row of its kind, for less may be rounding.
        Shape ``(n_limit,)``.
    """
    most = _largest(column)
    ends = [
        np.where(np.isfinite(end), np.abs(end), 0.0) for end in (kept.low, kept.high)
    ]
    size = np.maximum(most * scale_kw, _FLAT * np.maximum(*ends))
    at = 0
    for _, rows in kept.parts:
        part = slice(at, at + rows.size)
        least = _STILL * scale_kw * float(most[part].max())
        size[part] = np.maximum(size[part], least)
        at += rows.size
    return np.where(size > 0.0, size, scale_kw)


def _largest(column: FloatArray) -> FloatArray:
    """Return the largest entry of each row in size."""
    above, below = column.max(axis=1, initial=0.0), column.min(axis=1, initial=0.0)
    return np.asarray(np.maximum(above, -below))


def _block(matrix: FloatArray, rows: IntArray, columns: IntArray) -> FloatArray:
    """Return some rows and columns; all rows at once are quicker."""
    if rows.size == matrix.shape[0]:
        return matrix[:, columns]
    return matrix[np.ix_(rows, columns)]


def _after(
    response: Response, rows: IntArray, more: tuple[FloatArray, FloatArray]
) -> FloatArray:
    """Return values of some rows once the first places draw that much more."""
    n_drawn = more[0].size
    per_kw, per_kvar = response.per_kw[:, :n_drawn], response.per_kvar[:, :n_drawn]
    if rows.size < response.n_row:
        per_kw, per_kvar = per_kw[rows], per_kvar[rows]
    after: FloatArray = response.value[rows] + per_kw @ more[0] + per_kvar @ more[1]
    return after


_Kept = tuple[
    tuple[str, ...],
    tuple[str, ...],
    FloatArray,
    FloatArray,
    tuple[Response, IntArray],
]


def _limited(response: Response, kind: str, low: FloatArray, high: FloatArray) -> _Kept:
    """Return the rows of a response that have a limit."""
    rows = np.flatnonzero(np.isfinite(low) | np.isfinite(high))
    name = response.name
    if rows.size < response.n_row:
        name = tuple([name[at] for at in rows])
    kinds = (kind,) * rows.size
    if kind == "flow":
        kinds = tuple(["outage" if AFTER_LOSS in each else kind for each in name])
    return name, kinds, low[rows], high[rows], (response, rows)


def _flow_limits(grid: LinearGrid, limits: GridLimits) -> FloatArray:
    n_flow = grid.flows.n_row
    flow_kw = grid.flow_limit_kw.copy() if limits.flows else np.full(n_flow, np.inf)
    if limits.flow_kw:
        place = {name: at for at, name in enumerate(grid.flows.name)}
        for name in limits.flow_kw:
            if name not in place:
                raise UnknownNameError("branch", name, place)
            flow_kw[place[name]] = limits.flow_kw[name]
    return flow_kw


def _voltage_limits(
    grid: LinearGrid, limits: GridLimits
) -> tuple[FloatArray, FloatArray]:
    """Return least and most voltage of each terminal; a terminal's own come first."""
    low, high = limits.voltage_pu or (-np.inf, np.inf)
    least = np.full(grid.voltages.n_row, low)
    most = np.full(grid.voltages.n_row, high)
    if limits.voltage_at:
        for rows, pair in _named_terminals(grid, limits.voltage_at):
            least[rows], most[rows] = pair
    return least, most


def _named_terminals(
    grid: LinearGrid, voltage_at: Mapping[str, tuple[float, float]]
) -> list[tuple[IntArray, tuple[float, float]]]:
    """Return the terminals of each name and their limits, whole buses first."""
    first = grid.n_place - grid.voltages.n_row
    bus_of = grid.bus[first:]
    found: list[tuple[bool, IntArray, tuple[float, float]]] = []
    for name, pair in voltage_at.items():
        try:
            at = grid.bus_index(name)
        except GridagoraError:
            at = -1
        if not (0 <= at < grid.n_bus or at >= first):
            known = (*grid.place[: grid.n_bus], *grid.place[first:])
            raise UnknownNameError("bus or terminal", name, known)
        rows = (
            np.flatnonzero(bus_of == at) if at < grid.n_bus else np.array([at - first])
        )
        found.append((at >= first, rows, pair))
    found.sort(key=lambda each: each[0])
    return [(rows, pair) for _, rows, pair in found]


def _substation(grid: LinearGrid) -> Response:
    """Return the power that enters the feeder: demand beyond the source, and losses."""
    beyond = np.where(grid.bus == grid.source, 0.0, 1.0)
    drawn_kw = float(beyond @ grid.demand_kw)
    return Response(
        name=("substation",),
        value=grid.loss.value + drawn_kw,
        per_kw=grid.loss.per_kw + beyond,
        per_kvar=grid.loss.per_kvar.copy(),
    )
