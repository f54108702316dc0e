"""From grid actions at buses to powers of loads and generators."""

from collections.abc import Sequence

import numpy as np

from gridagora.errors import InvalidActionError
from gridagora.grids.bus_demand import BusDemand, BusRegister, LoadShares, by_bus
from gridagora.grids.bus_routes import AddedGenerators, BusRoutes
from gridagora.grids.case_reading import read_element_buses
from gridagora.grids.circuit_state import CircuitState, Powers
from gridagora.grids.market_view import MarketView
from gridagora.grids.opendss import DSS
from gridagora.types.actions import GridActions
from gridagora.types.arrays import FloatArray


class BusDispatch:
    """Who carries what a market bus is asked to draw or to deliver.

    Attributes:
        shares: How loads share the demand of their buses.
        generators: Those of the circuit, and which of them were added for agents.
        carried_kw: What each load was last asked to draw for each of its buses. kW.
            Shape ``(2, n_load)``.
    """

    def __init__(self, dss: DSS, view: MarketView, state: CircuitState) -> None:
        self._case = dss.name
        self._state = state
        self._register: BusRegister = view.bus
        self._source = view.bus.index(view.source)
        self.shares = LoadShares.of(
            view.bus,
            read_element_buses(dss, "load"),
            view.mid_line,
            load_kw=state.base.load_kw,
            load_kvar=state.base.load_kvar,
        )
        homes = zip(
            state.generators.names, read_element_buses(dss, "generator"), strict=True
        )
        # Those of the case keep to the case, wherever they stand: no bus counts them.
        self.generators = AddedGenerators.of(
            [view.bus.index(at) if name in state.added else 0 for name, at in homes],
            [name in state.added for name in state.generators.names],
            len(view.bus.bus),
        )
        self._routes = BusRoutes(
            view.bus,
            self.shares,
            self.generators,
            source=self._source,
            base=state.base,
        )
        self.reset()

    def reset(self) -> None:
        """Return to the loads of the case."""
        self.carried_kw = self.shares.owned * self.shares.load_kw

    def dispatch(self, tables: Sequence[GridActions]) -> Powers:
        """Return the powers that carry out the rows of all tables.

        Raises:
            InvalidActionError: A row names an unknown bus, or asks a bus for what it
                has no element for.
        """
        filled = [table for table in tables if table.participant]
        carried = self._routes.carry(filled) if filled else None
        if carried is None:
            return self._dispatch_any(filled)
        powers, self.carried_kw = carried
        return powers

    def _dispatch_any(self, tables: Sequence[GridActions]) -> Powers:
        rows = self._register.rows(tables)
        n_bus, generators = len(self._register.bus), self.generators
        delivers = generators.serve(rows, self.shares.has_load)
        demand = BusDemand.of(rows, n_bus, delivers)
        supply = BusDemand.of(rows, n_bus, ~delivers)
        self._refuse_unserviceable(demand)
        self.carried_kw = self.shares.carried_kw(demand)
        each = -1.0 / np.maximum(generators.n_added, 1.0)
        at, is_added = generators.bus, generators.is_added
        base = self._state.base
        return Powers(
            load_kw=self.carried_kw.sum(axis=0),
            load_kvar=self.shares.carried_kvar(demand),
            generator_kw=np.where(is_added, (each * supply.kw)[at], base.generator_kw),
            generator_kvar=np.where(
                is_added, (each * supply.kvar)[at], base.generator_kvar
            ),
        )

    def _refuse_unserviceable(self, demand: BusDemand) -> None:
        idle = (demand.kw == 0) & (demand.kvar == 0)
        helpless = ~idle & ~self.shares.has_load
        helpless[self._source] = False
        if not helpless.any():
            return
        names = [self._register.bus[at] for at in np.flatnonzero(helpless)]
        raise InvalidActionError(
            f"grid actions on {self._case}",
            [
                f"bus {name!r} is asked to draw {kw:g} kW but has neither load nor "
                f"generator; declare one with generators=({name!r},)."
                for name, kw in zip(names, demand.kw[helpless], strict=True)
            ],
        )

    def get_asked_kw(self) -> FloatArray:
        """Return the net demand that each bus was asked for. kW. ``(n_bus,)``."""
        loads = by_bus(self.shares.bus, self.carried_kw, len(self.shares.has_load))
        return loads - self._delivered_kw(self._state.asked.generator_kw)

    def get_served_kw(self) -> FloatArray:
        """Return the net demand of each bus in the last solution. kW. ``(n_bus,)``.

        A load in the middle of a line counts to its ends as they asked for it.
        """
        drawn_kw, _ = self._state.get_served()
        asked_kw = self._state.asked.load_kw
        asks = asked_kw != 0
        ratio = np.where(asks, drawn_kw / np.where(asks, asked_kw, 1.0), 1.0)
        loads = by_bus(
            self.shares.bus, self.carried_kw * ratio, len(self.shares.has_load)
        )
        delivered_kw = -self._state.generators.get_total_powers().real
        return loads - self._delivered_kw(delivered_kw)

    def _delivered_kw(self, generator_kw: FloatArray) -> FloatArray:
        added_kw = np.where(self.generators.is_added, generator_kw, 0.0)
        return by_bus(self.generators.bus, added_kw, len(self._register.bus))
