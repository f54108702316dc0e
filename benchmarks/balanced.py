"""A balanced radial feeder: its AC power flow, and its LinearGrid around a solution.

PYPOWER and pandapower solve balanced feeders only, so the comparison with them takes
place on these. Voltages are counted in units of what an ideal regulator leaves over
(``base_pu``), which takes all taps out of the equations: impedances and shunts are
scaled instead, and so are the voltage limits that the peers are given.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import splu

from benchmarks.cases import Array
from gridagora.errors import PowerFlowError
from gridagora.grids.opendss_grid import OpenDSSGrid
from gridagora.types.linear_grid import LinearGrid, Response

BASE_KVA = 1_000.0

_TOLERANCE_PU = 1e-12
_MOST_STEPS = 100
_SMALLEST_PU = 3e-5  # on 1,000 kVA: switches and regulators below it are taken out


@dataclass(frozen=True, eq=False)
class BalancedFeeder:
    """A tree with one complex voltage per bus, all three phases alike.

    Attributes:
        bus: Names; the first is the source, every other comes after its parent.
        parent: Position of each bus's parent, -1 at the source.
        branch: Name of the line to each bus but the first.
        impedance_pu: Of those lines, on 1,000 kVA. Shape ``(n_bus - 1,)``.
        shunt_kvar: What capacitors deliver at 1 pu. Shape ``(n_bus,)``.
        base_pu: Voltage that counts as 1 in the equations. pu. Shape ``(n_bus,)``.
        load_kw: Demand when nobody acts. kW. Shape ``(n_bus,)``.
        load_kvar: The same of reactive power. kvar. Shape ``(n_bus,)``.
        supply_bus: Positions of the buses with producers.
        limit_kw: Most power into each line. Shape ``(n_bus - 1,)``.
    """

    bus: tuple[str, ...]
    parent: Array
    branch: tuple[str, ...]
    impedance_pu: Array
    shunt_kvar: Array
    base_pu: Array
    load_kw: Array
    load_kvar: Array
    supply_bus: Array
    limit_kw: Array
    _admittance: Any = field(init=False, repr=False)
    _factors: Any = field(init=False, repr=False)
    _no_load: Array = field(init=False, repr=False)

    def __post_init__(self) -> None:
        whole = self._admittances()
        factors = splu(whole[1:, 1:].tocsc())
        object.__setattr__(self, "_admittance", whole[1:, 1:].tocsc())
        object.__setattr__(self, "_factors", factors)
        source = -whole[1:, [0]].toarray().ravel()
        object.__setattr__(self, "_no_load", factors.solve(source))

    @property
    def n_bus(self) -> int:
        """Number of buses."""
        return len(self.bus)

    @property
    def scaled_impedance_pu(self) -> Array:
        """Impedance of the lines once taps are taken out. pu on 1,000 kVA."""
        return self.impedance_pu / self.base_pu[1:] ** 2

    @property
    def scaled_shunt_kvar(self) -> Array:
        """What the capacitors deliver at a voltage of 1 once taps are taken out."""
        return self.shunt_kvar * self.base_pu**2

    def _admittances(self) -> sparse.csr_matrix:
        child = np.arange(1, self.n_bus)
        across = 1 / self.scaled_impedance_pu
        ends = (self.parent[1:], child)
        rows = np.concatenate([*ends, *ends])
        columns = np.concatenate([*ends, *ends[::-1]])
        values = np.concatenate([across, across, -across, -across])
        size = (self.n_bus, self.n_bus)
        lines = sparse.csr_matrix((values, (rows, columns)), shape=size)
        return (lines + sparse.diags(1j * self.scaled_shunt_kvar / BASE_KVA)).tocsr()

    def solve(self, demand_pu: Array) -> Array:
        """Return the voltages at which every bus but the source draws that much.

        Args:
            demand_pu: Complex power on 1,000 kVA. Shape ``(n_bus,)``.

        Raises:
            PowerFlowError: There is no such point, or it was not found.
        """
        voltage = self._no_load.copy()
        for _ in range(_MOST_STEPS):
            drawn = np.conj(demand_pu[1:] / voltage)
            found = self._no_load - self._factors.solve(drawn)
            step = np.abs(found - voltage).max()
            voltage = found
            if step < _TOLERANCE_PU:
                return np.concatenate([[1.0], voltage])
        fault = f"voltages still moved by {step:.1e} after {_MOST_STEPS} steps"
        raise PowerFlowError("balanced feeder", fault, "Ask for less power")

    def linearise(
        self, demand_kw: Array | None = None, demand_kvar: Array | None = None
    ) -> LinearGrid:
        """Solve the power flow and return its exact first order.

        Args:
            demand_kw: Power drawn at each place; the loads when left out. kW.
            demand_kvar: The same of reactive power. kvar.
        """
        bus = np.concatenate([np.arange(self.n_bus), self.supply_bus])
        bus = np.concatenate([bus, np.arange(self.n_bus)])
        rest = bus.size - self.n_bus
        if demand_kw is None:
            demand_kw = np.concatenate([self.load_kw, np.zeros(rest)])
        if demand_kvar is None:
            demand_kvar = np.concatenate([self.load_kvar, np.zeros(rest)])
        drawn = np.bincount(bus, demand_kw, self.n_bus) + 0j
        drawn += 1j * np.bincount(bus, demand_kvar, self.n_bus)
        voltages, flows, loss = self._responses(drawn / BASE_KVA)
        supply = np.arange(self.n_bus)
        supply[self.supply_bus] = self.n_bus + np.arange(self.supply_bus.size)
        ratio = np.zeros(bus.size)
        loaded = np.flatnonzero(self.load_kw)
        ratio[loaded] = self.load_kvar[loaded] / self.load_kw[loaded]
        return LinearGrid(
            place=(
                *self.bus,
                *(f"{self.bus[at]}.supply" for at in self.supply_bus),
                *(f"{name}.1" for name in self.bus),
            ),
            n_bus=self.n_bus,
            bus=bus,
            supply=supply,
            source=0,
            demand_kw=np.array(demand_kw),
            demand_kvar=np.array(demand_kvar),
            kvar_per_kw=ratio,
            voltages=voltages,
            flows=flows,
            currents=Response((), np.zeros(0), *np.zeros((2, 0, bus.size))),
            loss=loss,
            flow_limit_kw=self.limit_kw.copy(),
            current_limit_a=np.zeros(0),
        )

    def _responses(self, demand_pu: Array) -> tuple[Response, Response, Response]:
        """Return voltages, flows and loss with their change per kW and kvar."""
        voltage = self.solve(demand_pu)
        moved = self._voltage_moves(demand_pu, voltage)
        parent, across = self.parent[1:], 1 / self.scaled_impedance_pu
        current = across * (voltage[parent] - voltage[1:])
        size = np.abs(voltage)
        turned = (self.base_pu * np.conj(voltage) / size)[:, None]
        volts, powers = [], []
        for move in moved:
            volts.append((turned * move).real / BASE_KVA)
            change = across[:, None] * (move[parent] - move[1:])
            power = move[parent] * np.conj(current)[:, None]
            powers.append((power + voltage[parent, None] * np.conj(change)).real)
        flow = (voltage[parent] * np.conj(current)).real * BASE_KVA
        head = parent == 0
        fed = np.ones(self.n_bus)
        fed[0] = 0.0
        lost_kw = flow[head].sum() - demand_pu[1:].real.sum() * BASE_KVA
        losses = [powers[0][head].sum(axis=0) - fed, powers[1][head].sum(axis=0)]
        name = tuple(f"{name}.1" for name in self.bus)
        return (
            Response(name, size * self.base_pu, *map(self._by_place, volts)),
            Response(self.branch, flow, *map(self._by_place, powers)),
            Response(
                ("loss",),
                np.array([lost_kw]),
                *(self._by_place(part[None]) for part in losses),
            ),
        )

    def _by_place(self, per_bus: Array) -> Array:
        return np.hstack([per_bus, per_bus[:, self.supply_bus], per_bus])

    def _voltage_moves(self, demand_pu: Array, voltage: Array) -> tuple[Array, Array]:
        """Return what every voltage moves by for each unit drawn at every bus.

        ``Y dv - conj(s / v ** 2) conj(dv) = -conj(ds / v)``, in real numbers.
        """
        inner = voltage[1:]
        answer = sparse.diags(np.conj(demand_pu[1:] / inner**2))
        real, imag = self._admittance.real, self._admittance.imag
        system = sparse.bmat(
            [
                [real - answer.real, -imag - answer.imag],
                [imag - answer.imag, real + answer.real],
            ],
            format="csc",
        )
        drawn = np.diag(-1 / np.conj(inner))
        sides = np.hstack([drawn, -1j * drawn])
        found = splu(system).solve(np.vstack([sides.real, sides.imag]))
        count = inner.size
        move = np.zeros((self.n_bus, 2, self.n_bus), dtype=complex)
        move[1:, :, 1:] = (found[:count] + 1j * found[count:]).reshape(count, 2, count)
        return move[:, 0], move[:, 1]


def balanced_equivalent(case: str, supply: tuple[str, ...]) -> BalancedFeeder:
    """Return a shipped feeder with its phases made alike.

    Lines get their positive-sequence impedance; one with fewer phases carries its power
    on these, which counts as that many times the impedance. Regulators are ideal, at
    the mean tap of their phases; line charging is left out. The two ends of a switch or
    regulator become one bus: PYPOWER does not converge with impedances as small as
    theirs.
    """
    grid = OpenDSSGrid(case, merge_regulators=False)
    network = grid.market_network()
    circuit = grid.dss.context.ActiveCircuit
    ratio = np.ones(network.n_bus)
    impedance = np.zeros(network.n_bus - 1, dtype=complex)
    at = {name: position for position, name in enumerate(network.bus)}
    for name, ends, found, tap in (*_transformers(circuit), *_lines(circuit)):
        child = max(at[end] for end in ends)
        ratio[child] *= tap
        if network.branch[child - 1] == name:
            impedance[child - 1] = found * BASE_KVA
    base = np.ones(network.n_bus)
    into = np.arange(network.n_bus)  # what is left of each bus
    for child in range(1, network.n_bus):
        base[child] = base[network.parent[child]] * ratio[child]
        if abs(impedance[child - 1]) < _SMALLEST_PU:
            into[child] = into[network.parent[child]]
    kept = np.unique(into)
    into = np.searchsorted(kept, into)
    lines = kept[1:] - 1
    load_at = into[[at[name] for name in grid.load_buses]]
    return BalancedFeeder(
        bus=tuple(network.bus[position] for position in kept),
        parent=np.concatenate([[-1], into[network.parent[kept[1:]]]]),
        branch=tuple(network.branch[position] for position in lines),
        impedance_pu=impedance[lines],
        shunt_kvar=np.bincount(into, _shunts(circuit, at), kept.size),
        base_pu=base[kept],
        load_kw=np.bincount(load_at, grid.nominal_kw, kept.size),
        load_kvar=np.bincount(load_at, grid.nominal_kvar, kept.size),
        supply_bus=np.unique(into[[at[name] for name in supply]]),
        limit_kw=np.full(lines.size, np.inf),
    )


Element = tuple[str, tuple[str, str], complex, float]
"""Name, buses, impedance on 1 kVA (0 for an ideal regulator) and ratio."""


def _lines(circuit: Any) -> list[Element]:
    lines, found = circuit.Lines, []
    more = lines.First
    while more:
        count = lines.Phases
        matrix = (np.array(lines.Rmatrix) + 1j * np.array(lines.Xmatrix)) * lines.Length
        matrix = matrix.reshape(count, count)
        own, all_of_it = np.trace(matrix), matrix.sum()
        mutual = (all_of_it - own) / max(count * (count - 1), 1)
        circuit.SetActiveBus(lines.Bus1)
        kilovolt = circuit.ActiveBus.kVBase * np.sqrt(3)
        ohm = (own / count - mutual) * 3 / count
        ends = (_bus(lines.Bus1), _bus(lines.Bus2))
        found.append((lines.Name, ends, complex(ohm / (1e3 * kilovolt**2)), 1.0))
        more = lines.Next
    return found


def _transformers(circuit: Any) -> list[Element]:
    """Return transformers; the units of one regulator share its ratio."""
    units, found = circuit.Transformers, []
    buses: dict[str, list[str]] = {}
    taps: dict[str, list[float]] = {}
    values: dict[str, complex] = {}
    more = units.First
    while more:
        name = units.Name
        circuit.SetActiveElement(f"Transformer.{name}")
        buses[name] = [_bus(end) for end in circuit.ActiveCktElement.BusNames]
        units.Wdg = 1
        taps[name], resistance = [units.Tap], units.R
        units.Wdg = 2
        taps[name].append(units.Tap)
        per_cent = resistance + units.R + 1j * units.Xhl
        values[name] = per_cent / 100 / units.kVA if units.Xhl > 0.1 else 0j
        more = units.Next
    for name, ends in buses.items():
        alike = [other for other in buses if buses[other] == ends]
        ratio = np.mean([taps[other][1] / taps[other][0] for other in alike])
        pair = (ends[0], ends[1])
        found.append((name, pair, values[name], float(ratio) ** (1 / len(alike))))
    return found


def _shunts(circuit: Any, at: dict[str, int]) -> Array:
    capacitors, delivered = circuit.Capacitors, np.zeros(len(at))
    more = capacitors.First
    while more:
        name = capacitors.Name
        circuit.SetActiveElement(f"Capacitor.{name}")
        delivered[at[_bus(circuit.ActiveCktElement.BusNames[0])]] += capacitors.kvar
        more = capacitors.Next
    return delivered


def _bus(terminal: str) -> str:
    return terminal.partition(".")[0].lower()
