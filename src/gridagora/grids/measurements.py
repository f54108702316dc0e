"""Voltages, flows, currents and losses of a circuit, and how they move with voltages.

Each quantity is a real function of the complex node voltages ``V``. Its first order is
kept as a complex row ``c`` such that a change ``dV`` adds ``Re(c dV)``.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from gridagora.grids.admittance import (
    Primitive,
    conductor_nodes,
    node_admittance,
    terminal_currents,
)
from gridagora.grids.bus_demand import BusRegister
from gridagora.grids.cases.files import MidLineBus
from gridagora.grids.places import Terminals
from gridagora.grids.sensitivity import GROUND, Sparse
from gridagora.types.arrays import ComplexArray, FloatArray, IntArray
from gridagora.types.network import Network, RadialNetwork

_W_PER_KW = 1e3
_NO_CURRENT_A = 1e-6  # less has no direction in which it could grow


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """Values at an operating point and the rows of their first order.

    Attributes:
        value: Shape ``(n_row,)``.
        row: What ``dV`` is multiplied with. Shape ``(n_row, n_node)``.
    """

    value: FloatArray
    row: Sparse


@dataclass(frozen=True, slots=True, eq=False)
class Branches:
    """The branches of a market network by the names of their buses.

    Attributes:
        name: Shape ``(n_branch,)``.
        from_bus: Market bus where positive power enters. Shape ``(n_branch,)``.
        to_bus: Market bus where it leaves. Shape ``(n_branch,)``.
        limit_kw: Rated power. kW. Shape ``(n_branch,)``.
    """

    name: tuple[str, ...]
    from_bus: tuple[str, ...]
    to_bus: tuple[str, ...]
    limit_kw: FloatArray

    @classmethod
    def of(cls, network: Network | RadialNetwork) -> "Branches":
        """Read them from a network, in its order and direction."""
        if isinstance(network, RadialNetwork):
            network = network.general()
        return cls(
            name=network.branch,
            from_bus=tuple(network.bus[at] for at in network.from_bus),
            to_bus=tuple(network.bus[at] for at in network.to_bus),
            limit_kw=network.limit_kw.copy(),
        )


@dataclass(frozen=True, slots=True, eq=False)
class Circuit:
    """The elements between the nodes, as matrices.

    Attributes:
        admittance: Currents that leave the nodes per voltage, sources left out. S.
        conductor: Currents into the conductors per voltage. S.
            Shape ``(n_conductor, n_node)``.
        node: Node of each conductor. Shape ``(n_conductor,)``.
        flow: Which conductors, and with which sign, make up the flow of each branch.
            Shape ``(n_branch, n_conductor)``.
        current: Which conductor makes each row of currents.
            Shape ``(n_current, n_conductor)``.
    """

    admittance: Sparse
    conductor: Sparse
    node: IntArray
    flow: Sparse
    current: Sparse

    @classmethod
    def of(
        cls,
        primitives: Sequence[Primitive],
        n_node: int,
        flows: Sequence[tuple[int, int, int, float]],
        n_branch: int,
        line: Sequence[str],
    ) -> "Circuit":
        """Put the elements together.

        Args:
            primitives: All series and shunt elements.
            n_node: Number of nodes.
            flows: From ``flow_terminals``.
            n_branch: Number of branches.
            line: Name of the line of each row of currents, the rows of one line
                together, a row for each conductor.
        """
        starts = np.cumsum([0, *(p.node.size for p in primitives)])
        conductor = terminal_currents(primitives, n_node)
        node = conductor_nodes(primitives)
        n_conductor = len(node)
        taken = [
            (branch, starts[element] + terminal * each + k, sign)
            for branch, element, terminal, sign in flows
            for each in (primitives[element].node.shape[1],)
            for k in range(each)
        ]
        start_of = {p.name: starts[at] for at, p in enumerate(primitives)}
        first_row = {name: -row for row, name in reversed(list(enumerate(line)))}
        measured = [
            (row, start_of[f"line.{name}"] + row + first_row[name], 1.0)
            for row, name in enumerate(line)
            if f"line.{name}" in start_of
        ]
        return cls(
            admittance=node_admittance(conductor, node),
            conductor=conductor,
            node=node,
            flow=_chosen(taken, (n_branch, n_conductor)),
            current=_chosen(measured, (len(line), n_conductor)),
        )

    def flows(self, volts: ComplexArray) -> Measured:
        """Return the power into each branch. kW."""
        here = np.append(volts, 0.0)[self.node]  # -1, the ground, is last
        amps = self.conductor @ volts
        joined = np.flatnonzero(self.node != GROUND)
        at_node = sparse.csr_array(
            (np.conj(amps[joined]), (joined, self.node[joined])),
            shape=self.conductor.shape,
        )
        by_current = sparse.diags_array(np.conj(here)) @ self.conductor
        row = self.flow @ (at_node + by_current) / _W_PER_KW
        power = self.flow @ (here * np.conj(amps)) / _W_PER_KW
        return Measured(np.real(power), sparse.csr_array(row))

    def currents(self, volts: ComplexArray) -> Measured:
        """Return the magnitude of the current in each phase of each line. A."""
        per_volt = self.current @ self.conductor
        amps = per_volt @ volts
        size = np.abs(amps)
        flowing = size > _NO_CURRENT_A
        towards = np.where(flowing, np.conj(amps) / np.where(flowing, size, 1.0), 0.0)
        row = sparse.diags_array(towards) @ per_volt
        return Measured(size, sparse.csr_array(row))

    def loss(self, volts: ComplexArray) -> Measured:
        """Return the losses of all elements. One row, kW."""
        amps = self.admittance @ volts
        back = self.admittance.T.conj() @ volts  # the same but for phase shifters
        row = np.conj(amps + back)[None, :] / _W_PER_KW
        lost = np.real(np.vdot(volts, amps)) / _W_PER_KW
        return Measured(np.array([lost]), sparse.csr_array(row))


def voltages(terminals: Terminals, volts: ComplexArray) -> Measured:
    """Return voltage magnitudes at terminals; 0 where there is none. pu."""
    port = terminals.port
    across = port.across(volts)
    size = np.abs(across)
    live = size > 0
    towards = np.where(live, np.conj(across) / np.where(live, size, 1.0), 0.0)
    towards = towards / terminals.base_v
    rows = np.arange(len(size))
    pair = np.flatnonzero(port.minus != GROUND)
    row = sparse.csr_array(
        (
            np.concatenate([towards, -towards[pair]]),
            (
                np.concatenate([rows, pair]),
                np.concatenate([port.plus, port.minus[pair]]),
            ),
        ),
        shape=(len(size), len(volts)),
    )
    return Measured(size / terminals.base_v, row)


def flow_terminals(
    primitives: Sequence[Primitive],
    branches: Branches,
    register: BusRegister,
    mid_line: Sequence[MidLineBus],
) -> list[tuple[int, int, int, float]]:
    """Return the element terminals that make up the flow of each branch.

    Returns:
        Position of the branch, of the element, of its terminal, and 1 where the flow
        enters the element there, -1 where it leaves.
    """
    ends = zip(branches.from_bus, branches.to_bus, strict=True)
    branch_of = {frozenset(pair): at for at, pair in enumerate(ends)}
    middles = {middle.bus: middle for middle in mid_line}
    found = []
    for element, primitive in enumerate(primitives):
        if not primitive.name.startswith(("line.", "transformer.", "reactor.")):
            continue
        for terminal, pair, bus in _crossings(primitive, register, middles):
            branch = branch_of.get(pair)
            if branch is None:
                continue
            enters = branches.from_bus[branch] == bus
            if len(primitive.bus) > 2:  # what each winding but the first gives
                found.append((branch, element, terminal, 1.0 if enters else -1.0))
            elif enters:
                found.append((branch, element, terminal, 1.0))
    return found


def downstream(
    branches: Branches,
    home: Sequence[str],
    register: BusRegister,
    mid_line: Sequence[MidLineBus],
) -> FloatArray:
    """Return 1 where power drawn at a bus passes a branch of a tree, else 0.

    Args:
        branches: Those of a tree, pointing away from the source.
        home: Buses as the case calls them.
        register: The market buses.
        mid_line: Middle buses: what is drawn there passes the branch they divide.

    Returns:
        Shape ``(n_branch, n_home)``.
    """
    feeding = {bus: branch for branch, bus in enumerate(branches.to_bus)}
    far_end = {}
    for middle in mid_line:
        ends = [_market_bus(register, end) for end in (middle.from_bus, middle.to_bus)]
        far_end[middle.bus] = next(
            bus
            for bus, other in (ends, ends[::-1])
            if bus in feeding and branches.from_bus[feeding[bus]] == other
        )
    passes = np.zeros((len(branches.name), len(home)))
    for at, name in enumerate(home):
        bus = far_end.get(name) or _market_bus(register, name)
        while bus in feeding:
            passes[feeding[bus], at] = 1.0
            bus = branches.from_bus[feeding[bus]]
    return passes


def _crossings(
    primitive: Primitive, register: BusRegister, middles: Mapping[str, MidLineBus]
) -> Iterator[tuple[int, frozenset[str], str]]:
    """Return terminals that an element joins to another market bus, and both buses."""
    middle = next((middles[bus] for bus in primitive.bus if bus in middles), None)
    markets = [
        None if bus in middles else _market_bus(register, bus) for bus in primitive.bus
    ]
    for terminal, bus in enumerate(markets):
        if bus is None:
            continue
        if middle is not None:
            ends = (middle.from_bus, middle.to_bus)
            yield terminal, frozenset(_market_bus(register, end) for end in ends), bus
        elif len(markets) == 2:
            yield terminal, frozenset((bus, str(markets[1 - terminal]))), bus
        elif terminal > 0:
            yield terminal, frozenset((str(markets[0]), bus)), bus


def _market_bus(register: BusRegister, bus: str) -> str:
    return register.bus[register.index(bus)]


def _chosen(
    entries: Sequence[tuple[int, int, float]], shape: tuple[int, int]
) -> Sparse:
    table = np.array(entries, dtype=np.float64).reshape(len(entries), 3)
    row, column = table[:, :2].astype(np.int64).T
    return sparse.csr_array((table[:, 2], (row, column)), shape=shape)
