"""A private copy of a grid that can be moved to any demand by place."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import cast

import numpy as np
from scipy import sparse

from gridagora.errors import InvalidActionError, PowerFlowError
from gridagora.grids.admittance import SERIES, SOURCE, read_primitives
from gridagora.grids.bus_demand import by_bus
from gridagora.grids.cases.files import CaseScript
from gridagora.grids.cases.scan import Statement
from gridagora.grids.opendss_grid import OpenDSSGrid
from gridagora.grids.places import Places, Terminals
from gridagora.grids.sensitivity import GROUND
from gridagora.types.arrays import ComplexArray, FloatArray, IntArray

_TOLERANCE_PU = 1e-11  # of the solver: a first order needs more than a settlement
_ROUGHER_PU = 1e-9  # where rounding keeps buses that float from settling so well
_STILL_KW = 1e-6  # where demand cannot move, it moves less than this


@dataclass(frozen=True, slots=True, eq=False)
class OperatingPoint:
    """What a circuit was solved for, and the solution.

    Attributes:
        demand_kw: Power drawn at each place. kW. Shape ``(n_place,)``.
        demand_kvar: The same of reactive power. kvar. Shape ``(n_place,)``.
        load_kva: What each load draws. kW + j kvar. Shape ``(n_load,)``.
        generator_kva: What each generator of the copy delivers. kW + j kvar.
            Shape ``(n_generator,)``.
        volts: Voltages of the nodes. V. Shape ``(n_node,)``.
    """

    demand_kw: FloatArray
    demand_kvar: FloatArray
    load_kva: ComplexArray
    generator_kva: ComplexArray
    volts: ComplexArray


class MovedGrid:
    """A copy of a grid, controls frozen, with one more generator at each terminal.

    Args:
        model: The grid to copy and to follow.
        terminals: Where the generators stand.
        places: How demand by place is split over elements.
        fixed: Buses whose demand cannot move, with the reason.

    Attributes:
        grid: The copy. Its generators are those of the case, those at the terminals and
            those added for agents, in this order.
        generator: What each of its generators delivers per power drawn at a place.
            Shape ``(n_generator, n_place)``.
    """

    def __init__(
        self,
        model: OpenDSSGrid,
        terminals: Terminals,
        places: Places,
        fixed: Mapping[int, str],
    ) -> None:
        self._model, self._places = model, places
        joined = _joined(model, terminals)
        self._fixed = {**_cut_off(places, joined), **fixed}
        self._n_terminal = len(joined)
        self._n_own = len(model.generators) - int(
            np.count_nonzero(model._dispatch.generators.is_added)
        )
        nothing = places.added[: self._n_own]
        self.generator = sparse.csr_array(
            sparse.vstack(
                [nothing, -places.terminal[joined], places.added[self._n_own :]]
            )
        )
        self._commands = model.dss.commands
        self.grid = _copied(model, terminals, joined)
        self._switches: tuple[bytes, bytes] | None = None

    @property
    def is_current(self) -> bool:
        """Whether the model has had no commands since it was copied."""
        return self._commands == self._model.dss.commands

    def follow(self) -> bool:
        """Put taps and capacitors where the model has them; return whether they moved.

        The first call says that they moved.
        """
        taps_pu, states = self._model.get_taps(), self._model.get_capacitor_states()
        switches = (taps_pu.tobytes(), states.tobytes())
        if switches == self._switches:
            return False
        self.grid.set_taps(taps_pu)
        self.grid.set_capacitor_states(states)
        self._switches = switches
        return True

    def move(
        self, demand_kw: FloatArray | None, demand_kvar: FloatArray | None
    ) -> OperatingPoint:
        """Solve for demand by place, or where ``None`` for what the model is asked.

        Raises:
            InvalidActionError: Not one finite number for each place, or demand that
                cannot move.
            PowerFlowError: There is no operating point.
        """
        asked = self._model._state.asked
        now_kw, now_kvar = self._demand()
        load_kw, load_kvar = asked.load_kw, asked.load_kvar
        generator_kw = self._spread(asked.generator_kw)
        generator_kvar = self._spread(asked.generator_kvar)
        places, base = self._places, self._model._state.base
        if demand_kw is not None:
            now_kw = self._checked("kW", demand_kw, now_kw)
            load_kw = base.load_kw + places.load_kw @ (now_kw - places.nominal_kw)
            generator_kw = self._delivered(asked.generator_kw, now_kw)
        if demand_kvar is not None:
            now_kvar = self._checked("kvar", demand_kvar, now_kvar)
            more_kvar = now_kvar - places.nominal_kvar
            load_kvar = base.load_kvar + places.load_kvar @ more_kvar
            generator_kvar = self._delivered(asked.generator_kvar, now_kvar)
        self.grid.set_loads(load_kw, load_kvar)
        self.grid.set_generators(generator_kw, generator_kvar)
        self._solve()
        return OperatingPoint(
            demand_kw=now_kw,
            demand_kvar=now_kvar,
            load_kva=load_kw + 1j * load_kvar,
            generator_kva=generator_kw + 1j * generator_kvar,
            volts=self.grid.get_volts(),
        )

    def _solve(self) -> None:
        solution = self.grid.dss.context.ActiveCircuit.Solution
        solution.Tolerance = _TOLERANCE_PU
        try:
            self.grid.solve()
        except PowerFlowError:
            solution.Tolerance = _ROUGHER_PU
            self.grid.solve()

    def _delivered(self, asked: FloatArray, demand: FloatArray) -> FloatArray:
        """Return what generators deliver for a demand; those of the case as asked."""
        delivered: FloatArray = self.generator @ demand
        delivered[: self._n_own] = asked[: self._n_own]
        return delivered

    def _spread(self, asked: FloatArray) -> FloatArray:
        """Return what generators deliver as asked, and those at terminals nothing."""
        return np.insert(asked, [self._n_own] * self._n_terminal, 0.0)

    def _demand(self) -> tuple[FloatArray, FloatArray]:
        """Return what the model is asked for by place. kW and kvar.

        The reactive power of a load in the middle of a line counts to its ends as the
        power factor of the case says, and what is beyond that by ownership.
        """
        dispatch, asked = self._model._dispatch, self._model._state.asked
        shares, places = dispatch.shares, self._places
        carried_kvar = dispatch.carried_kw * shares.kvar_per_kw
        carried_kvar += shares.owned * (asked.load_kvar - carried_kvar.sum(axis=0))
        demand_kw, demand_kvar = np.zeros(places.n_place), np.zeros(places.n_place)
        demand_kw[: places.n_bus] = by_bus(
            shares.bus, dispatch.carried_kw, places.n_bus
        )
        demand_kvar[: places.n_bus] = by_bus(shares.bus, carried_kvar, places.n_bus)
        added = np.flatnonzero(dispatch.generators.is_added)
        at = places.supply[dispatch.generators.bus[added]]
        np.subtract.at(demand_kw, at, asked.generator_kw[added])
        np.subtract.at(demand_kvar, at, asked.generator_kvar[added])
        return demand_kw, demand_kvar

    def _checked(self, unit: str, demand: FloatArray, now: FloatArray) -> FloatArray:
        """Return a copy of a demand by place, or refuse it."""
        moved = np.array(demand, dtype=np.float64)
        what = f"demand by place of {self._model.dss.name}"
        if moved.shape != now.shape or not np.isfinite(moved).all():
            fault = f"expected {len(now)} finite {unit}, got shape {moved.shape}."
            raise InvalidActionError(what, [fault])
        faults = [
            f"{self._places.name[at]!r} is asked for {moved[at]:g} {unit} but keeps "
            f"its {now[at]:g} {unit}: {why}."
            for at, why in self._fixed.items()
            if abs(moved[at] - now[at]) > _STILL_KW
        ]
        if faults:
            raise InvalidActionError(what, faults)
        return moved


def _joined(model: OpenDSSGrid, terminals: Terminals) -> IntArray:
    """Return the terminals whose nodes are joined to something.

    A generator of no power alone at a node would leave the engine's matrix singular.
    """
    joins = np.zeros(len(model.nodes) + 1, dtype=np.bool_)
    for element in read_primitives(model.dss, model.nodes, (*SERIES, SOURCE)):
        joins[element.node.ravel()] = True
    joins[GROUND] = True
    return np.flatnonzero(joins[terminals.port.plus] & joins[terminals.port.minus])


def _cut_off(places: Places, joined: IntArray) -> dict[int, str]:
    """Return the places that draw at terminals that nothing joins."""
    alone = np.ones(places.terminal.shape[0], dtype=np.bool_)
    alone[joined] = False
    why = "no element joins it to the feeder"
    return dict.fromkeys(places.terminal[alone].nonzero()[1].tolist(), why)


def _copied(model: OpenDSSGrid, terminals: Terminals, joined: IntArray) -> OpenDSSGrid:
    """Return the grid built anew, with a generator of no power at each terminal."""
    case = cast(CaseScript, model.dss.case)  # a grid always has one
    added = []
    for at in joined.tolist():
        home = terminals.home[at]
        ends = terminals.name[at].split(".")[1:]
        kv = float(terminals.base_v[at]) / 1e3
        in_delta = terminals.port.minus[at] != GROUND
        text = (
            f"new generator.terminal_{home}_{'_'.join(ends)} bus1={terminals.name[at]} "
            f"phases=1 conn={'delta' if in_delta else 'wye'} kv={kv!r} kw=0 kvar=0 "
            "model=1 vminpu=0.5 vmaxpu=2"
        )
        added.append(Statement(text, "terminals", at + 1))
    # The model has shown that the case is sound: no second probe in a child process.
    whole = replace(case, statements=(*case.statements, *added), trusted=True)
    options = model.options
    copy = OpenDSSGrid(
        whole,
        controls="off",
        controlled=True,
        generators=options.generators,
        merge_regulators=options.merge_regulators,
        voltage_limits_pu=options.voltage_limits_pu,
    )
    for command in model.dss.commands:
        copy.dss.command(command)
    return copy
