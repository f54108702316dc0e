"""Places at which power can be drawn, and the elements that draw it there."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from gridagora.grids.bus_demand import BusRegister, LoadShares
from gridagora.grids.bus_routes import AddedGenerators
from gridagora.grids.case_reading import NodeTable
from gridagora.grids.cases.files import MidLineBus
from gridagora.grids.sensitivity import GROUND, Ports, Sparse
from gridagora.types.arrays import BoolArray, FloatArray, IntArray

_HALF = 0.5
_PHASES = 3


@dataclass(frozen=True, slots=True, eq=False)
class Terminals:
    """Where a voltage is measured: phase to ground, or between two phases.

    Attributes:
        name: ``BUS.1`` or ``BUS.1.2``. Shape ``(n_terminal,)``.
        home: Bus at which it stands, as the case calls it. Shape ``(n_terminal,)``.
        port: Its two ends.
        base_v: Base voltage between them. V. Shape ``(n_terminal,)``.
    """

    name: tuple[str, ...]
    home: tuple[str, ...]
    port: Ports
    base_v: FloatArray

    @classmethod
    def of(cls, nodes: NodeTable, in_pairs: BoolArray) -> "Terminals":
        """Choose the terminals of every bus.

        Args:
            nodes: The nodes. Those beyond phase 3 are neutrals: none is measured.
            in_pairs: Whether the bus of each node is measured between its phases.
                Three phases make three pairs, two make one, one alone is measured to
                ground. Shape ``(n_node,)``.
        """
        rows: list[tuple[str, int, int]] = []
        for bus, here in phases_by_bus(nodes).items():
            if in_pairs[here[0]] and len(here) > 1:
                ring = list(zip(here, here[1:] + here[:1], strict=True))
                rows += [(bus, a, b) for a, b in ring[: 1 if len(here) == 2 else None]]
            else:
                rows += [(bus, a, GROUND) for a in here]
        plus = np.array([a for _, a, _ in rows], dtype=np.int64)
        minus = np.array([b for _, _, b in rows], dtype=np.int64)
        between = np.where(minus == GROUND, 1.0, np.sqrt(3))
        names = [
            nodes.name[a] if b == GROUND else f"{nodes.name[a]}.{nodes.phase[b]}"
            for _, a, b in rows
        ]
        return cls(
            name=tuple(names),
            home=tuple(bus for bus, _, _ in rows),
            port=Ports(plus, minus),
            base_v=nodes.base_v[plus] * between,
        )


def phases_by_bus(nodes: NodeTable) -> dict[str, list[int]]:
    """Return the positions of the nodes of phases 1 to 3 of each bus."""
    found: dict[str, list[int]] = {}
    for at, bus in enumerate(nodes.bus):
        if nodes.phase[at] <= _PHASES:
            found.setdefault(bus, []).append(at)
    return found


@dataclass(frozen=True, slots=True, eq=False)
class Places:
    """The places of a feeder, and how what they draw is split over elements.

    What is drawn at the source does not pass through the feeder: it is split over
    nothing.

    Attributes:
        name: Names, unique. Shape ``(n_place,)``.
        n_bus: How many of them are buses.
        bus: Market bus of each. Shape ``(n_place,)``.
        supply: Place at which a supply at each bus delivers. Shape ``(n_bus,)``.
        source: Position of the source.
        kvar_per_kw: Power factor of the loads there, as a ratio. Shape ``(n_place,)``.
        nominal_kw: Power drawn there in the case. kW. Shape ``(n_place,)``.
        nominal_kvar: The same of reactive power. kvar. Shape ``(n_place,)``.
        load_kw: Part of each place's power that a load draws.
            Shape ``(n_load, n_place)``.
        load_kvar: The same of reactive power. Shape ``(n_load, n_place)``.
        added: What each generator added for agents delivers per power drawn.
            Shape ``(n_generator, n_place)``.
        terminal: Part of each place's power that is drawn at a terminal.
            Shape ``(n_terminal, n_place)``.
    """

    name: tuple[str, ...]
    n_bus: int
    bus: IntArray
    supply: IntArray
    source: int
    kvar_per_kw: FloatArray
    nominal_kw: FloatArray
    nominal_kvar: FloatArray
    load_kw: Sparse
    load_kvar: Sparse
    added: Sparse
    terminal: Sparse

    @property
    def n_place(self) -> int:
        """Number of places."""
        return len(self.name)


@dataclass(frozen=True, slots=True)
class PlaceBuilder:
    """Lists the places: buses, ``BUS.supply`` where generators are, terminals.

    Attributes:
        register: The market buses.
        mid_line: Middle buses of distributed loads.
        shares: How loads share the demand of their buses.
        generators: Those of the circuit.
        terminals: Where voltages are measured.
        source_bus: The source, as the case calls it.
    """

    register: BusRegister
    mid_line: Sequence[MidLineBus]
    shares: LoadShares
    generators: AddedGenerators
    terminals: Terminals
    source_bus: str

    def build(self) -> Places:
        """Return the places."""
        buses, n_bus = self.register.bus, len(self.register.bus)
        supplied = np.flatnonzero(self.generators.n_added)
        name = (
            *buses,
            *(f"{buses[at]}.supply" for at in supplied),
            *self.terminals.name,
        )
        bus = np.concatenate([np.arange(n_bus), supplied, self._terminal_buses()])
        supply = np.arange(n_bus)
        supply[supplied] = np.arange(n_bus, n_bus + len(supplied))
        shares, nothing = self.shares, np.zeros(len(name) - n_bus)
        per_kw = np.zeros(len(name))
        np.add.at(per_kw, shares.bus, shares.kw_part * shares.kvar_per_kw)
        source = self.register.index(self.source_bus)
        passes = np.ones(len(name))  # through the feeder
        passes[[source, supply[source]]] = 0.0
        passes[-len(self.terminals.name) :] *= self._away()
        return Places(
            name=name,
            n_bus=n_bus,
            bus=bus.astype(np.int64),
            supply=supply,
            source=source,
            kvar_per_kw=per_kw,
            nominal_kw=np.concatenate([shares.nominal_kw, nothing]),
            nominal_kvar=np.concatenate([shares.nominal_kvar, nothing]),
            load_kw=self._loads(shares.kw_part, passes),
            load_kvar=self._loads(shares.kvar_part, passes),
            added=self._added(supply, passes),
            terminal=self._at_terminals(passes),
        )

    def _away(self) -> FloatArray:
        """Return 0 for terminals at the source itself, else 1."""
        home = np.array(self.terminals.home)
        return np.where(home == self.source_bus, 0.0, 1.0)

    def _terminal_buses(self) -> list[int]:
        nearer = {
            middle.bus: middle.from_bus if middle.share_from >= _HALF else middle.to_bus
            for middle in self.mid_line
        }
        return [
            self.register.index(nearer.get(home, home)) for home in self.terminals.home
        ]

    def _loads(self, part: FloatArray, passes: FloatArray) -> Sparse:
        load = np.arange(part.shape[1])
        row, column = np.concatenate([load, load]), self.shares.bus.ravel()
        return _matrix(part.ravel(), row, column, (part.shape[1], passes))

    def _added(self, supply: IntArray, passes: FloatArray) -> Sparse:
        row = np.flatnonzero(self.generators.is_added)
        bus = self.generators.bus[row]
        each = -1 / self.generators.n_added[bus]
        return _matrix(each, row, supply[bus], (len(self.generators.bus), passes))

    def _at_terminals(self, passes: FloatArray) -> Sparse:
        """Split what terminals draw, and buses without load draw evenly over theirs."""
        n_terminal, home = len(self.terminals.name), np.array(self.terminals.home)
        row, value = [np.arange(n_terminal)], [np.ones(n_terminal)]
        column = [np.arange(len(passes) - n_terminal, len(passes))]
        for bus in np.flatnonzero(~self.shares.has_load):
            here = np.flatnonzero(home == self.register.bus[bus])
            row.append(here)
            column.append(np.full(here.size, bus))
            value.append(np.full(here.size, 1 / max(here.size, 1)))
        return _matrix(
            np.concatenate(value),
            np.concatenate(row),
            np.concatenate(column),
            (n_terminal, passes),
        )


def _matrix(
    value: FloatArray, row: IntArray, column: IntArray, size: tuple[int, FloatArray]
) -> Sparse:
    """Return parts by element and place, nothing at places that do not pass."""
    n_element, passes = size
    matrix = sparse.csr_array(
        (value * passes[column], (row, column)), shape=(n_element, len(passes))
    )
    matrix.eliminate_zeros()
    return matrix
