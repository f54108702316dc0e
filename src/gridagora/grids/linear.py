"""From a grid in OpenDSS to its first order around an operating point."""

from typing import Any, get_args

import numpy as np

from gridagora.errors import InvalidConfigError
from gridagora.grids.admittance import (
    SERIES,
    SOURCE,
    conductor_nodes,
    impedance_of,
    node_admittance,
    read_primitives,
    require_linear,
    terminal_currents,
)
from gridagora.grids.case_reading import read_element_buses, read_source_bus
from gridagora.grids.first_order import FirstOrder, Model
from gridagora.grids.measurements import Branches
from gridagora.grids.moved_grid import MovedGrid
from gridagora.grids.opendss_grid import OpenDSSGrid
from gridagora.grids.places import PlaceBuilder, Terminals, phases_by_bus
from gridagora.types.arrays import BoolArray, FloatArray
from gridagora.types.linear_grid import LinearGrid

_DELTA = 1
_FLOATING = 20.0  # impedance to ground over that between phases, where none is grounded


class Linearizer:
    """The first order of a grid around any operating point, exact for its physics.

    It has a private copy of the grid, moves it to the demand it is called with, solves
    it by OpenDSS and takes the derivative there. Regulators and capacitors stand as
    they stand in the grid at each call. Loads and generators are of constant power, as
    a market sells it.

    ``model="tangent"`` differentiates the three-phase AC equations themselves: around
    the solution, voltages obey ``Y dV + D conj(dV) = dI`` with the network's admittance
    matrix ``Y`` and the answer ``D`` of wye and delta loads to the voltage.

    ``model="lindist3flow"`` is the usual approximation: currents of the other loads
    stay as they are, ``dV = -Z conj(dS / V)``, and flows are the powers drawn behind a
    branch, without losses. For magnitudes squared that gives
    ``d|V|^2 = -2 Re(conj(V) Z conj(dS / V))``, which is LinDist3Flow with the ratios of
    phase voltages of the operating point in place of balanced ones (of 120 degrees and
    equal size). Only for trees.

    Terminals are measured between phases at buses without a path to ground, and at all
    buses of a feeder whose loads are all in delta; else from phase to ground. The load
    sides of merged regulators and the middles of lines have terminals too: their bus is
    the market bus that stands for them, of two the nearer.

    Args:
        grid: The grid; it is read, never moved.
        model: ``"tangent"`` or ``"lindist3flow"``.

    Raises:
        InvalidConfigError: No such model; a grid with ``controlled=False``; elements
            whose first order is not known; generators for agents behind a regulator
            that is merged with the source.
        InvalidNetworkError: A feeder with loops for ``"lindist3flow"``.
        PowerFlowError: Part of the circuit has no path to a source.

    Source:
        Christakou, LeBoudec, Paolone, Tomozei, IEEE Trans. Smart Grid 4(2), 2013;
        Gan & Low, PSCC 2014; Sankur, Dobbe, Stewart, Callaway, Arnold,
        arXiv:1606.04492, 2016.

    Example:
        >>> linear = Linearizer(OpenDSSGrid("ieee13"))()
        >>> at = linear.bus_index("675")
        >>> round(float(linear.loss.per_kw[0, at]), 3)
        0.078
    """

    def __init__(self, grid: OpenDSSGrid, *, model: Model = "tangent") -> None:
        _require_options(grid, model)
        require_linear(grid.dss)
        self._grid, self._model = grid, model
        network = grid.network()
        is_tree = network.is_radial or model == "lindist3flow"
        self._branches = Branches.of(grid.market_network() if is_tree else network)
        self._terminals = Terminals.of(grid._nodes.table, _in_pairs(grid))
        source_bus = read_source_bus(grid.dss)
        self._places = PlaceBuilder(
            register=grid._view.bus,
            mid_line=grid._view.mid_line,
            shares=grid._dispatch.shares,
            generators=grid._dispatch.generators,
            terminals=self._terminals,
            source_bus=source_bus,
        ).build()
        self._fixed = _fixed_at_source(grid, self._places.source, source_bus)
        self._is_read = False
        self._renew_copy()

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuilt, (self._grid, self._model)

    def __call__(
        self,
        demand_kw: FloatArray | None = None,
        demand_kvar: FloatArray | None = None,
    ) -> LinearGrid:
        """Return the first order around the solution for a demand by place.

        Args:
            demand_kw: Power drawn at each place; ``None`` for what the grid is asked
                for now. Loads share it as in ``OpenDSSGrid``; generators of the case
                stay as they are. kW. Shape ``(n_place,)``.
            demand_kvar: The same of reactive power. kvar. Shape ``(n_place,)``.

        Returns:
            The same places in the same order at every call.

        Raises:
            InvalidActionError: Not one finite number for each place.
            PowerFlowError: No operating point, load that was not served, or elements
                that do not draw what they are asked.
        """
        if not self._copy.is_current:
            self._renew_copy()
        if self._copy.follow():
            self._is_read = False
        point = self._copy.move(demand_kw, demand_kvar)
        if not self._is_read:  # the engine renews admittances when it solves
            self._first_order.renew()
            self._is_read = True
        responses = self._first_order.around(point, self._model)
        places = self._places
        return LinearGrid(
            place=places.name,
            n_bus=places.n_bus,
            bus=places.bus,
            supply=places.supply,
            source=places.source,
            demand_kw=point.demand_kw,
            demand_kvar=point.demand_kvar,
            kvar_per_kw=places.kvar_per_kw,
            voltages=responses.voltages,
            flows=responses.flows,
            currents=responses.currents,
            loss=responses.loss,
            flow_limit_kw=self._branches.limit_kw,
            current_limit_a=self._first_order.lines.ampacity_a,
        )

    def _renew_copy(self) -> None:
        self._copy = MovedGrid(self._grid, self._terminals, self._places, self._fixed)
        self._first_order = FirstOrder(
            self._copy,
            self._places,
            self._terminals,
            branches=self._branches,
            view=self._grid._view,
        )
        self._is_read = False


def _rebuilt(grid: OpenDSSGrid, model: Model) -> Linearizer:
    """Build a linearizer anew in the process that unpickles it."""
    return Linearizer(grid, model=model)


def _require_options(grid: OpenDSSGrid, model: str) -> None:
    faults = []
    if model not in get_args(Model):
        expected = " or ".join(repr(name) for name in get_args(Model))
        faults.append(f"model is {model!r}, expected {expected}.")
    if not grid.options.controlled:
        faults.append(
            "the grid has controlled=False, so its loads are not of constant power; "
            "build it with controlled=True."
        )
    if faults:
        raise InvalidConfigError(f"linear model of {grid.dss.name}", faults)


def _in_pairs(grid: OpenDSSGrid) -> BoolArray:
    """Return which nodes stand at buses that are measured between phases.

    These are all buses where every load of the case is in delta, by the same rule that
    puts generators of agents between phases, and buses that float: what a current into
    one phase meets is far more than between two phases.
    """
    nodes = grid._nodes.table
    connections = grid.dss.elements("load").get_ints("conn")
    if connections.size and bool((connections == _DELTA).all()):
        return np.ones(len(nodes.name), dtype=np.bool_)
    n_node = len(nodes.name)
    elements = read_primitives(grid.dss, nodes.name, (*SERIES, SOURCE))
    admittance = node_admittance(
        terminal_currents(elements, n_node), conductor_nodes(elements)
    )
    impedance = impedance_of(admittance, grid.dss.name)
    floating = np.zeros(n_node, dtype=np.bool_)
    for here in phases_by_bus(nodes).values():
        own = impedance[np.ix_(here, here)]
        to_ground = np.diag(own)
        between = to_ground[:, None] + to_ground[None, :] - own - own.T
        floating[here] = np.abs(to_ground).min() > _FLOATING * np.abs(between).max()
    return floating


def _fixed_at_source(grid: OpenDSSGrid, source: int, source_bus: str) -> dict[int, str]:
    """Return the source if loads that count to it stand elsewhere; refuse generators.

    What is drawn at the source does not pass through the feeder, but what is drawn
    behind its regulator, or halfway along the first line, does.
    """
    dispatch, dss = grid._dispatch, grid.dss
    homes = np.array(read_element_buses(dss, "generator"), dtype=np.str_)
    added = dispatch.generators.is_added & (dispatch.generators.bus == source)
    behind = [
        grid.generators[at] for at in np.flatnonzero(added & (homes != source_bus))
    ]
    if behind:
        raise InvalidConfigError(
            f"linear model of {dss.name}",
            [
                f"generators {', '.join(behind)} stand behind the regulator of the "
                "source; build the grid with merge_regulators=False."
            ],
        )
    shares = dispatch.shares
    owned = (shares.owned * (shares.bus == source)).sum(axis=0) > 0
    loads = [
        name
        for name, here, home in zip(
            grid.loads, owned, read_element_buses(dss, "load"), strict=True
        )
        if here and home != source_bus
    ]
    why = f"loads {', '.join(loads)} of the source stand elsewhere in the feeder"
    return {source: why} if loads else {}
