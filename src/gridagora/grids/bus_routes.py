"""Ways from rows to loads and generators, worked out once for rows that come again.

In most runs the same participants act at the same buses in every interval and leave
reactive power to the power factor; only the kW differ. Who can carry what then depends
on the rows' buses alone, and is kept. ``BusDemand`` and ``LoadShares`` state the rule
itself, for any rows.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gridagora.grids.bus_demand import BusRegister, LoadShares, Rows, by_bus
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

    def serve(self, rows: Rows, has_load: BoolArray) -> BoolArray:
        """Return which rows generators carry, the others being for loads.

        Where there are generators they carry what is injected, and where there is no
        load whatever is asked. Shape ``(n_row,)``.
        """
        here = self.n_added[rows.bus] > 0
        serve: BoolArray = here & ((rows.kw < 0) | ~has_load[rows.bus])
        return serve


@dataclass(frozen=True, slots=True, eq=False)
class _Layout:
    """The buses of rows, and who carries what at them.

    Attributes:
        row_bus: Bus of each row. Shape ``(n_row,)``.
        may_deliver: Rows at buses with added generators. Shape ``(n_row,)``.
        only_delivers: Those of them at buses without load. Shape ``(n_row,)``.
        supplied: Whether there are any.
        nominal_kw: Nominal demand of buses that a row names, 0 at the others. kW.
            Shape ``(n_bus,)``.
        kw_part: Part of the change from it that loads carry. Shape ``(2, n_load)``.
        helpless: Buses that rows name and that have neither load nor generator.
    """

    row_bus: IntArray
    may_deliver: BoolArray
    only_delivers: BoolArray
    supplied: bool
    nominal_kw: FloatArray
    kw_part: FloatArray
    helpless: IntArray


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
        added = generators.is_added
        each = -1.0 / np.maximum(generators.n_added, 1.0)
        self._generator_part = np.where(added, each[generators.bus], 0.0)
        self._own_kw = shares.owned * shares.load_kw
        self._kept_kw = np.where(added, 0.0, base.generator_kw)
        self._kept_kvar = np.where(added, 0.0, base.generator_kvar)
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
        drawn_kw = np.concatenate([table.net_demand_kw for table in tables])
        n_bus, delivered_kw = len(layout.nominal_kw), self._kept_kw
        if layout.supplied:  # sums for generators stand behind those for loads
            delivers = layout.may_deliver & (drawn_kw < 0) | layout.only_delivers
            slot = layout.row_bus + n_bus * delivers
            kw, supply_kw = by_bus(slot, drawn_kw, 2 * n_bus).reshape(2, n_bus)
            supplied_kw = self._generator_part * supply_kw[self._generators.bus]
            delivered_kw = delivered_kw + supplied_kw
        else:
            kw = by_bus(layout.row_bus, drawn_kw, n_bus)
        if layout.helpless.size and np.count_nonzero(kw[layout.helpless]):
            return None
        return self._carried(layout, kw - layout.nominal_kw, delivered_kw)

    def _carried(
        self, layout: _Layout, change_kw: FloatArray, delivered_kw: FloatArray
    ) -> tuple[Powers, FloatArray]:
        shares = self._shares
        moved_kw = layout.kw_part * change_kw[shares.bus]
        carried_kw = self._own_kw + moved_kw
        powers = Powers(
            load_kw=carried_kw[0] + carried_kw[1],
            load_kvar=shares.load_kvar
            + (moved_kw[0] + moved_kw[1]) * shares.kvar_per_kw,
            generator_kw=delivered_kw,
            generator_kvar=self._kept_kvar,
        )
        return powers, carried_kw

    def _layout(self, buses: tuple[tuple[str, ...], ...]) -> _Layout:
        layout = self._layouts.get(buses)
        if layout is not None:
            return layout
        row_bus = np.concatenate([self._register.indices(names) for names in buses])
        shares, may_deliver = self._shares, self._generators.n_added[row_bus] > 0
        named = np.zeros(len(self._register.bus), dtype=np.bool_)
        named[row_bus] = True
        layout = _Layout(
            row_bus=row_bus,
            may_deliver=may_deliver,
            only_delivers=may_deliver & ~shares.has_load[row_bus],
            supplied=bool(may_deliver.any()),
            nominal_kw=np.where(named, shares.nominal_kw, 0.0),
            kw_part=np.where(named[shares.bus], shares.kw_part, 0.0),
            helpless=np.flatnonzero(named & ~self._has_element),
        )
        if len(self._layouts) >= _MOST_REMEMBERED:
            self._layouts.clear()
        self._layouts[buses] = layout
        return layout
