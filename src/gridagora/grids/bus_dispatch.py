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
from gridagora.types.arrays import BoolArray, FloatArray


class BusDispatch:
    """Who carries what a market bus is asked to draw or to deliver.

    Attributes:
        shares: How loads share the demand of their buses.
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
        self._generators = AddedGenerators.of(
            [view.bus.index(bus) for bus in read_element_buses(dss, "generator")],
            [name in state.added for name in state.generators.names],
            len(view.bus.bus),
        )
        self._routes = BusRoutes(
            view.bus,
            self.shares,
            self._generators,
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
        demand, n_added = self._register.demand(tables), self._generators.n_added
        by_generator = (n_added > 0) & demand.named
        by_generator &= (demand.kw < 0) | ~self.shares.has_load
        self._refuse_unserviceable(demand, by_generator)
        on_loads = BusDemand(
            named=demand.named,
            kw=np.where(by_generator, 0.0, demand.kw),
            given=demand.given | by_generator,
            kvar=np.where(by_generator, 0.0, demand.kvar),
            following_kw=np.where(by_generator, 0.0, demand.following_kw),
        )
        self.carried_kw = self.shares.carried_kw(on_loads)
        each = np.where(by_generator, -1.0 / np.maximum(n_added, 1.0), 0.0)
        at, is_added = self._generators.bus, self._generators.is_added
        base = self._state.base
        return Powers(
            load_kw=self.carried_kw.sum(axis=0),
            load_kvar=self.shares.carried_kvar(on_loads),
            generator_kw=np.where(is_added, (each * demand.kw)[at], base.generator_kw),
            generator_kvar=np.where(
                is_added, (each * demand.kvar)[at], base.generator_kvar
            ),
        )

    def _refuse_unserviceable(self, demand: BusDemand, by_generator: BoolArray) -> None:
        idle = (demand.kw == 0) & (demand.kvar == 0)
        helpless = demand.named & ~idle & ~self.shares.has_load & ~by_generator
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
        added_kw = np.where(self._generators.is_added, generator_kw, 0.0)
        return by_bus(self._generators.bus, added_kw, len(self._register.bus))
