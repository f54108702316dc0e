"""The physical grid in OpenDSS, driven by what agents ask for at its buses."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from gridagora.errors import InvalidActionError, InvalidConfigError, PowerFlowError
from gridagora.grids.bus_dispatch import BusDispatch
from gridagora.grids.case_reading import read_nodes
from gridagora.grids.cases.files import CaseScript
from gridagora.grids.circuit_state import CircuitState
from gridagora.grids.grid_reading import LineReader, NodeReader, SourceReader
from gridagora.grids.market_view import MarketView
from gridagora.grids.opendss import DSS, Controls
from gridagora.types.actions import GridActions
from gridagora.types.arrays import Columns, ComplexArray, FloatArray, IntArray
from gridagora.types.base import BaseGrid
from gridagora.types.network import Network, RadialNetwork


@dataclass(frozen=True, slots=True)
class GridOptions:
    """How a case becomes a grid; ``OpenDSSGrid`` explains each field."""

    controls: Controls = "off"
    controlled: bool = True
    generators: tuple[str, ...] = ()
    merge_regulators: bool = True
    allow_unserved: bool = False
    voltage_limits_pu: tuple[float, float] = (0.95, 1.05)

    def __post_init__(self) -> None:
        low, high = self.voltage_limits_pu
        if not 0 <= low < high:
            what = "OpenDSSGrid"
            fault = f"voltage_limits_pu is {(low, high)}, expected 0 <= low < high."
            raise InvalidConfigError(what, [fault])


class OpenDSSGrid(BaseGrid):
    """A distribution grid whose physics OpenDSS solves, three-phase and unbalanced.

    Buses that agents act on draw what the agents ask; the others draw what the case
    says. Nothing is left of the last step but taps and capacitor states, and those
    only with controls on.

    Args:
        case: A shipped feeder (``"ieee34"``), a .dss file, a folder with one main file,
            or a case already read.
        controls: ``"off"`` freezes regulators and capacitors; ``"static"`` lets them
            act within each solve.
        controlled: Make the loads constant power at any voltage from 0.5 to 2 pu, so
            that they draw what the market sold. False leaves the load models of the
            case, for validation.
        generators: Buses that get generators of constant power: one for each phase, or
            for each pair of phases where all loads of the case are delta connected.
        merge_regulators: Count the load side of a regulator to its line side in the
            market's network.
        allow_unserved: Report load that was not served instead of raising.
        voltage_limits_pu: Voltages outside are flagged, never raised. pu.
        trusted: Load a case of your own without scan and probe.

    Attributes:
        dss: The engine.
        options: As given.
        nodes: Names of the nodes, ``bus.phase``. Shape ``(n_node,)``.
        loads: Names of the loads. Shape ``(n_load,)``.
        generators: Names of the generators. Shape ``(n_generator,)``.
        lines: Names of the lines. Shape ``(n_line,)``.
        buses: Names of the market's buses. Shape ``(n_bus,)``.
        load_buses: Those of them that have load in the case.

    Raises:
        UnknownNameError: No such feeder, or a generator at a bus that is not there.
        MissingFileError: The case file is not there.
        InvalidCaseError: The case cannot be loaded; every fault is named.
        InvalidConfigError: Options out of range.
        PowerFlowError: The case as it stands has no operating point.

    Example:
        >>> grid = OpenDSSGrid("ieee34")
        >>> grid.set_net_demand(GridActions.of(["mill"], ["890"], np.array([300.0])))
        >>> grid.solve()
        >>> len(grid.load_buses), round(float(grid.served_kw.sum()))
        (28, 1619)
    """

    def __init__(  # noqa: PLR0913  (one keyword for each choice)
        self,
        case: str | Path | CaseScript,
        *,
        controls: Controls = "off",
        controlled: bool = True,
        generators: Sequence[str] = (),
        merge_regulators: bool = True,
        allow_unserved: bool = False,
        voltage_limits_pu: tuple[float, float] = (0.95, 1.05),
        trusted: bool = False,
    ) -> None:
        options = GridOptions(
            controls=controls,
            controlled=controlled,
            generators=tuple(name.lower() for name in generators),
            merge_regulators=merge_regulators,
            allow_unserved=allow_unserved,
            voltage_limits_pu=voltage_limits_pu,
        )
        self._build(DSS(case, controls=controls, trusted=trusted), options)

    def _build(self, dss: DSS, options: GridOptions) -> None:
        self.dss, self.options = dss, options
        dss.solve()
        nodes = read_nodes(dss)
        self._view = MarketView(dss, nodes, merge_regulators=options.merge_regulators)
        for name in options.generators:
            self._view.bus.index(name)
        self._state = CircuitState(
            dss, nodes, options.generators, constant_power=options.controlled
        )
        self._nodes, self._lines = NodeReader(dss, nodes), LineReader(dss)
        self._source = SourceReader(dss)
        self._dispatch = BusDispatch(dss, self._view, self._state)
        self.nodes, self.lines = nodes.name, self._lines.names
        self.loads = self._state.loads.names
        self.generators = self._state.generators.names
        self.buses = self._view.bus.bus
        self._has_load = self._dispatch.shares.has_load
        self.load_buses = tuple(np.array(self.buses)[self._has_load].tolist())
        self.reset()

    def __reduce__(self) -> tuple[Any, ...]:
        made_of = (self.dss.case, self.dss.commands, self.options)
        return _rebuilt, (*made_of, self.t, self.get_state())

    # The paper's two verbs

    def reset(self) -> None:
        """Return taps, capacitors, loads and generators to the case, and solve."""
        self._state.reset()
        self._dispatch.reset()
        self.solve()

    def step(self) -> None:
        """Carry out the grid actions of all agents and solve.

        Raises:
            InvalidActionError: A row names an unknown bus, or asks a bus for what it
                has no element for.
            PowerFlowError: No operating point, or load that was not served.
        """
        tables = [agent.get_grid_actions() for agent in self.env.agents]
        self._state.asked = self._dispatch.dispatch(tables)
        self.solve()

    # What the circuit is asked for

    def set_net_demand(self, actions: GridActions) -> None:
        """Set the demand of the buses that rows name; the others return to the case.

        Row by row: what is injected where generators were added goes to these, evenly,
        with the kvar of the row or none; every other row goes to the loads of its bus
        by nominal share, as negative load when it injects. Loads draw nothing when all
        rows of their bus inject into generators. Where there is no load, generators
        also draw. Rows at the source bus need no element. The circuit is solved by
        ``solve``.

        Raises:
            InvalidActionError: A row names an unknown bus, or asks a bus for what it
                has no element for.
        """
        self._state.asked = self._dispatch.dispatch([actions])

    def set_loads(self, kw: FloatArray, kvar: FloatArray) -> None:
        """Set what every load draws, in the order of ``loads``. kW and kvar."""
        self._state.asked = replace(
            self._state.asked,
            load_kw=_powers("load", self.loads, kw),
            load_kvar=_powers("load", self.loads, kvar),
        )
        self._dispatch.carried_kw = (
            self._dispatch.shares.owned * self._state.asked.load_kw
        )

    def set_generators(self, kw: FloatArray, kvar: FloatArray) -> None:
        """Set what every generator delivers, in the order of ``generators``."""
        self._state.asked = replace(
            self._state.asked,
            generator_kw=_powers("generator", self.generators, kw),
            generator_kvar=_powers("generator", self.generators, kvar),
        )

    def set_taps(self, taps_pu: FloatArray) -> None:
        """Put every transformer winding on a tap, in the order of ``get_taps``. pu."""
        self._state.set_switches(
            np.asarray(taps_pu, dtype=np.float64),
            self.get_capacitor_states().astype(np.float64),
        )

    def set_capacitor_states(self, states: IntArray) -> None:
        """Switch every capacitor step, in the order of ``get_capacitor_states``."""
        self._state.set_switches(self.get_taps(), np.asarray(states, dtype=np.float64))

    def solve(self) -> None:
        """Find the operating point for what the circuit is asked for.

        Raises:
            PowerFlowError: No finite operating point, powers that do not add up, or
                controlled load that was not served.
        """
        self._state.solve()
        unserved = "" if self.options.allow_unserved else self._state.unserved()
        if unserved:
            raise PowerFlowError(
                self.dss.name,
                f"load was not served: {unserved}",
                "Ask for less power, or pass allow_unserved=True and read served_kw",
            )

    def get_state(self) -> dict[str, FloatArray]:
        """Return the physical state as arrays: taps, capacitors, powers."""
        return self._state.get_state() | {
            "carried_kw": self._dispatch.carried_kw.copy()
        }

    def set_state(self, state: Mapping[str, FloatArray]) -> None:
        """Return to a state that ``get_state`` gave, and solve."""
        self._state.set_state(state)
        self._dispatch.carried_kw = np.array(state["carried_kw"])
        self.solve()

    # What the circuit does

    def get_voltages(self) -> FloatArray:
        """Return voltage magnitudes to ground in the order of ``nodes``. pu.

        Shape ``(n_node,)``; 0 for a node whose elements are all switched off.
        """
        return self._nodes.get_voltages_pu()

    def get_volts(self) -> ComplexArray:
        """Return voltages to ground in the order of ``nodes``. V. ``(n_node,)``."""
        return self._nodes.get_volts()

    def get_currents_a(self) -> FloatArray:
        """Return current magnitudes, one for each row of ``get_line_table``. A."""
        return self._lines.get_currents_a()

    def get_loadings_pu(self) -> FloatArray:
        """Return currents over ampacities, rows as in ``get_line_table``. pu."""
        return self._lines.get_loadings_pu()

    def get_line_flows(self) -> ComplexArray:
        """Return power into each line of ``lines``. kW + j kvar. ``(n_line,)``.

        Positive from the line's first bus to its second.
        """
        return self._lines.get_total_flows()

    def get_line_losses(self) -> ComplexArray:
        """Return losses of each line of ``lines``. kW + j kvar. ``(n_line,)``."""
        return self._lines.get_losses()

    def get_line_table(self) -> Columns:
        """Return currents, ratings and flows, one row for each line and phase."""
        return self._lines.get_table()

    def get_losses(self) -> complex:
        """Return the losses of all lines and transformers. kW + j kvar."""
        return self.dss.get_losses()

    def get_source_power(self) -> complex:
        """Return the power drawn from the source. kW + j kvar."""
        return self.dss.get_source_power()

    def get_source_phase_powers(self) -> ComplexArray:
        """Return the power drawn from phases 1 to 3 of the source. kW + j kvar."""
        return self._source.get_phase_powers()

    def get_taps(self) -> FloatArray:
        """Return the tap of every winding, transformer by transformer. pu."""
        return self.dss.get_taps()

    def get_capacitor_states(self) -> IntArray:
        """Return 1 for every closed capacitor step, capacitor by capacitor."""
        return self.dss.get_capacitor_states()

    @property
    def asked_kw(self) -> FloatArray:
        """Net demand that each bus of ``buses`` was asked for. kW. ``(n_bus,)``."""
        return self._dispatch.get_asked_kw()

    @property
    def served_kw(self) -> FloatArray:
        """Net demand of each bus in the last solution. kW. Shape ``(n_bus,)``."""
        return self._dispatch.get_served_kw()

    def record(self) -> Mapping[str, Columns]:
        """Return tables ``voltages``, ``lines`` and ``grid`` (one row)."""
        low, high = self.options.voltage_limits_pu
        voltages = self._nodes.get_table(low, high)
        lines = self._lines.get_table()
        source, losses = self.get_source_power(), self.get_losses()
        return {
            "voltages": voltages,
            "lines": lines,
            "grid": {
                "source_kw": [source.real],
                "source_kvar": [source.imag],
                "loss_kw": [losses.real],
                "loss_kvar": [losses.imag],
                "asked_kw": [float(self.asked_kw.sum())],
                "served_kw": [float(self.served_kw.sum())],
                "converged": [True],  # a solution that did not converge raised
                "controls_settled": [self.dss.controls_settled],
                "n_voltage_violation": [int(np.sum(voltages["flag"] != "ok"))],
                "n_overload": [int(np.sum(np.asarray(lines["loading_pu"]) > 1))],
            },
        }

    # What a market sees

    @property
    def nominal_kw(self) -> FloatArray:
        """Demand of each bus of ``load_buses`` in the case. kW. ``(n_load_bus,)``.

        A load spread along a line counts to the line's ends by its shares.
        """
        return self._dispatch.shares.nominal_kw[self._has_load]

    @property
    def nominal_kvar(self) -> FloatArray:
        """Reactive demand of each bus of ``load_buses``. kvar. ``(n_load_bus,)``."""
        return self._dispatch.shares.nominal_kvar[self._has_load]

    def bus_index(self, name: str) -> int:
        """Return the position of a bus in ``buses``, whatever the letter case.

        Raises:
            UnknownNameError: The feeder has no such bus.
        """
        return self._view.bus.index(name)

    def market_network(self) -> RadialNetwork:
        """Return the feeder as a tree of buses, rooted at the source.

        Lines, closed switches, transformers and regulators are branches; a line with a
        middle bus is one branch. A branch's limit is its rated power in kVA, counted
        as kW.

        Raises:
            InvalidNetworkError: The feeder has loops; use ``network``.
        """
        return self._view.radial

    def network(self) -> Network:
        """Return the same network with reactances on 1 MVA; it may have loops."""
        return self._view.network

    def coordinates(self) -> Columns:
        """Return columns ``bus``, ``x``, ``y`` of all buses; NaN where not given."""
        return self._view.coordinates

    def distances(self) -> Columns:
        """Return columns ``bus``, ``distance_km``: length of line from the source."""
        return self._view.distances


def _powers(kind: str, names: Sequence[str], values: FloatArray) -> FloatArray:
    """Return a copy of bulk powers, or refuse those that do not fit."""
    powers = np.array(values, dtype=np.float64)
    if powers.shape != (len(names),) or not np.isfinite(powers).all():
        raise InvalidActionError(
            f"powers of {kind}s",
            [f"expected {len(names)} finite numbers, got shape {powers.shape}."],
        )
    return powers


def _rebuilt(
    case: CaseScript | None,
    commands: Sequence[str],
    options: GridOptions,
    t: int,
    state: Mapping[str, FloatArray],
) -> OpenDSSGrid:
    """Build a grid anew in the process that unpickles it."""
    grid = OpenDSSGrid.__new__(OpenDSSGrid)
    grid._build(DSS(case or "", controls=options.controls), options)
    for text in commands:
        grid.dss.command(text)
    grid.t = t
    grid.set_state(state)
    return grid
