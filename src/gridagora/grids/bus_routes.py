"""Ways from rows to loads and generators, worked out once for rows that come again.

In most runs the same participants act at the same buses in every interval and leave
reactive power to the power factor; only the kW differ. Who carries what then depends
on the rows' buses and on which buses deliver, and is kept. ``BusDemand`` and
``LoadShares`` state the rule itself, for any rows.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from gridagora.grids.bus_demand import BusRegister, LoadShares, by_bus
from gridagora.grids.circuit_state import Powers
from gridagora.types.actions import GridActions
from gridagora.types.arrays import BoolArray, FloatArray, IntArray

_MOST_REMEMBERED = 64


@dataclass(frozen=True, slots=True, eq=False)
class AddedGenerators:
    """The generators of a circuit, and which of them were added for agents.

    Attributes:
        bus: Market bus of each. Shape ``(n_generator,)``.
        is_added: Whether agents act on it. Shape ``(n_generator,)``.
        n_added: Number of those at each bus. Shape ``(n_bus,)``.
    """

    bus: IntArray
    is_added: BoolArray
    n_added: FloatArray

    @classmethod
    def of(
        cls, bus: Sequence[int], is_added: Sequence[bool], n_bus: int
    ) -> "AddedGenerators":
        """Count those at each bus."""
        at, added = np.array(bus, dtype=np.int64), np.array(is_added, dtype=np.bool_)
        return cls(at, added, by_bus(at, added.astype(np.float64), n_bus))


@dataclass(frozen=True, slots=True, eq=False)
class _Route:
    """The way while the same buses deliver.

    Attributes:
        start_kw: What loads draw for each of their buses at its nominal demand; where
            generators serve the bus, what is left when it draws nothing. kW. Shape
            ``(2, n_load)``.
        kw_part: Part of the change from the nominal demand. Shape ``(2, n_load)``.
        start_kvar: Reactive power there. kvar. Shape ``(n_load,)``.
        generator_part: What a generator delivers per kW of net demand at its bus.
            Shape ``(n_generator,)``.
    """

    start_kw: FloatArray
    kw_part: FloatArray
    start_kvar: FloatArray
    generator_part: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class _Layout:
    """The buses of rows, and the ways found for them so far.

    Attributes:
        row_bus: Bus of each row. Shape ``(n_row,)``.
        named: Whether any row names the bus. Shape ``(n_bus,)``.
        nominal_kw: Nominal demand of those buses, 0 at the others. Shape ``(n_bus,)``.
        either: Those with both loads and added generators: the sign of the demand
            says which of them serve it.
        helpless: Those with neither.
        routes: Ways, by which of ``either`` deliver.
    """

    row_bus: IntArray
    named: BoolArray
    nominal_kw: FloatArray
    either: IntArray
    helpless: IntArray
    routes: dict[bytes, _Route] = field(default_factory=dict)


class BusRoutes:
    """Carries out rows without reactive power of their own.

    Args:
        register: The market buses.
        shares: How loads share the demand of their buses.
        generators: Those of the circuit.
        source: Position of the source bus, where nothing need serve the demand.
        base: Powers of the case.
    """

    def __init__(
        self,
        register: BusRegister,
        shares: LoadShares,
        generators: AddedGenerators,
        *,
        source: int,
        base: Powers,
    ) -> None:
        self._register = register
        self._shares = shares
        self._generators = generators
        self._has_element = shares.has_load | (generators.n_added > 0)
        self._has_element[source] = True
        self._kept_kw = np.where(generators.is_added, 0.0, base.generator_kw)
        self._kept_kvar = np.where(generators.is_added, 0.0, base.generator_kvar)
        self._layouts: dict[tuple[tuple[str, ...], ...], _Layout] = {}

    def carry(self, tables: Sequence[GridActions]) -> tuple[Powers, FloatArray] | None:
        """Return the powers that carry out the rows, if they are of this kind.

        Args:
            tables: One or more, none without rows.

        Returns:
            The powers, and what each load draws for each of its buses; ``None`` if a
            row brings reactive power of its own, or cannot be carried out.

        Raises:
            InvalidActionError: A row names a bus that the feeder does not have.
        """
        for table in tables:
            kvar = table.net_demand_kvar
            if np.count_nonzero(kvar == kvar):  # NaN is not equal to itself
                return None
        layout = self._layout(tuple(table.bus for table in tables))
        rows_kw = np.concatenate([table.net_demand_kw for table in tables])
        kw = by_bus(layout.row_bus, rows_kw, len(layout.named))
        if layout.helpless.size and np.count_nonzero(kw[layout.helpless]):
            return None
        return self._carried(self._route(layout, kw), kw, kw - layout.nominal_kw)

    def _carried(
        self, route: _Route, kw: FloatArray, change_kw: FloatArray
    ) -> tuple[Powers, FloatArray]:
        moved_kw = route.kw_part * change_kw[self._shares.bus]
        carried_kw = route.start_kw + moved_kw
        at_factor = (moved_kw[0] + moved_kw[1]) * self._shares.kvar_per_kw
        delivered_kw = route.generator_part * kw[self._generators.bus]
        powers = Powers(
            load_kw=carried_kw[0] + carried_kw[1],
            load_kvar=route.start_kvar + at_factor,
            generator_kw=self._kept_kw + delivered_kw,
            generator_kvar=self._kept_kvar,
        )
        return powers, carried_kw

    def _layout(self, buses: tuple[tuple[str, ...], ...]) -> _Layout:
        layout = self._layouts.get(buses)
        if layout is not None:
            return layout
        row_bus = np.concatenate([self._register.indices(names) for names in buses])
        shares, n_added = self._shares, self._generators.n_added
        named = np.zeros(len(self._register.bus), dtype=np.bool_)
        named[row_bus] = True
        layout = _Layout(
            row_bus=row_bus,
            named=named,
            nominal_kw=np.where(named, shares.nominal_kw, 0.0),
            either=np.flatnonzero(named & shares.has_load & (n_added > 0)),
            helpless=np.flatnonzero(named & ~self._has_element),
        )
        if len(self._layouts) >= _MOST_REMEMBERED:
            self._layouts.clear()
        self._layouts[buses] = layout
        return layout

    def _route(self, layout: _Layout, kw: FloatArray) -> _Route:
        delivers = kw[layout.either] < 0
        key = delivers.tobytes()
        route = layout.routes.get(key)
        if route is not None:
            return route
        shares, generators = self._shares, self._generators
        served = layout.named & (generators.n_added > 0) & ~shares.has_load
        served[layout.either[delivers]] = True
        idle_kw = np.where(served, -shares.nominal_kw, 0.0)[shares.bus]
        idle_kvar = np.where(served, -shares.nominal_kvar, 0.0)[shares.bus]
        each = np.where(served, -1.0 / np.maximum(generators.n_added, 1.0), 0.0)
        route = _Route(
            start_kw=shares.owned * shares.load_kw + shares.kw_part * idle_kw,
            kw_part=np.where((layout.named & ~served)[shares.bus], shares.kw_part, 0.0),
            start_kvar=shares.load_kvar + (shares.kvar_part * idle_kvar).sum(axis=0),
            generator_part=np.where(generators.is_added, each[generators.bus], 0.0),
        )
        if len(layout.routes) >= _MOST_REMEMBERED:
            layout.routes.clear()
        layout.routes[key] = route
        return route
