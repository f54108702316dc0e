"""What a loaded case consists of: buses, nodes, series elements."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from gridagora.errors import InvalidCaseError
from gridagora.grids.feeder_view import Segment
from gridagora.grids.opendss import DSS
from gridagora.types.arrays import Columns, FloatArray, IntArray

# Kilometres per unit, by OpenDSS's number of the unit: none, mi, kft, km, m, ft, in,
# cm, mm. A length without unit counts as km, as in OpenDSS's own distances.
_KM = (1.0, 1.609344, 0.3048, 1.0, 1e-3, 0.3048e-3, 0.0254e-3, 1e-5, 1e-6)
_SAME_VOLTAGE = 0.01


@dataclass(frozen=True, slots=True, eq=False)
class NodeTable:
    """The nodes of a case in a stable order: buses as defined, phases rising.

    Attributes:
        name: ``bus.phase``. Shape ``(n_node,)``.
        bus: Bus of each node. Shape ``(n_node,)``.
        phase: Phase of each node. Shape ``(n_node,)``.
        base_v: Base voltage to ground. V. Shape ``(n_node,)``.
    """

    name: tuple[str, ...]
    bus: tuple[str, ...]
    phase: IntArray
    base_v: FloatArray


def read_nodes(dss: DSS) -> NodeTable:
    """Return the nodes of a case.

    Raises:
        InvalidCaseError: A bus has no base voltage.
    """
    circuit = dss.context.ActiveCircuit
    rows: list[tuple[str, int, float]] = []
    bare = []
    for name in circuit.AllBusNames:
        circuit.SetActiveBus(name)
        bus = circuit.ActiveBus
        base_v = float(bus.kVBase) * 1e3
        if base_v <= 0:
            bare.append(name)
        rows += [(name.lower(), int(p), base_v) for p in sorted(bus.Nodes) if p > 0]
    if bare:
        raise InvalidCaseError(
            f"case {dss.name!r}",
            [
                f"bus {name!r} has no base voltage; end the case with "
                "'set voltagebases=[...]' and 'calcvoltagebases'."
                for name in bare
            ],
        )
    return NodeTable(
        name=tuple(f"{bus}.{phase}" for bus, phase, _ in rows),
        bus=tuple(bus for bus, _, _ in rows),
        phase=np.array([phase for _, phase, _ in rows], dtype=np.int64),
        base_v=np.array([base for _, _, base in rows]),
    )


def read_coordinates(dss: DSS) -> Columns:
    """Return columns ``bus``, ``x``, ``y`` of all buses; NaN where none is given."""
    circuit = dss.context.ActiveCircuit
    names, x, y = [], [], []
    for name in circuit.AllBusNames:
        circuit.SetActiveBus(name)
        bus = circuit.ActiveBus
        names.append(name.lower())
        x.append(float(bus.x) if bus.Coorddefined else np.nan)
        y.append(float(bus.y) if bus.Coorddefined else np.nan)
    return {"bus": names, "x": np.array(x), "y": np.array(y)}


def read_source_bus(dss: DSS) -> str:
    """Return the bus of the first voltage source."""
    circuit = dss.context.ActiveCircuit
    circuit.SetActiveElement(f"vsource.{dss.elements('vsource').names[0]}")
    return bus_name(circuit.ActiveCktElement.BusNames[0])


def read_element_buses(dss: DSS, kind: str) -> tuple[str, ...]:
    """Return the bus of terminal 1 of every element of a class."""
    circuit = dss.context.ActiveCircuit
    buses = []
    for name in dss.elements(kind).names:
        circuit.SetActiveElement(f"{kind}.{name}")
        buses.append(bus_name(circuit.ActiveCktElement.BusNames[0]))
    return tuple(buses)


def read_segments(dss: DSS, nodes: NodeTable) -> list[Segment]:
    """Return the closed series elements of a case, in order of definition."""
    kv = {
        bus: base * np.sqrt(3) / 1e3
        for bus, base in zip(nodes.bus, nodes.base_v.tolist(), strict=True)
    }
    return [
        *_line_segments(dss, kv),
        *_transformer_segments(dss),
        *_reactor_segments(dss, kv),
    ]


def _line_segments(dss: DSS, kv: dict[str, float]) -> list[Segment]:
    circuit = dss.context.ActiveCircuit
    lines, element = circuit.Lines, circuit.ActiveCktElement
    segments = []
    for name in dss.elements("line").names:
        lines.Name = name
        ends = _closed_ends(element)
        if not ends:
            continue
        phases = _phases(element)
        length_km = float(lines.Length) * _KM[int(lines.Units)]
        reactance_ohm = _positive_sequence(np.array(lines.Xmatrix), int(lines.Phases))
        segments.append(
            Segment(
                name=name,
                from_bus=ends[0],
                to_bus=ends[1],
                phases=phases,
                limit_kva=float(element.NormalAmps)
                * len(phases)
                * kv[ends[0]]
                / np.sqrt(3),
                length_km=0.0 if lines.IsSwitch else length_km,
                reactance_pu=reactance_ohm * float(lines.Length) / kv[ends[0]] ** 2,
            )
        )
    return segments


def _transformer_segments(dss: DSS) -> list[Segment]:
    circuit = dss.context.ActiveCircuit
    transformers, element = circuit.Transformers, circuit.ActiveCktElement
    regulated = _regulated(dss)
    segments = []
    for name in dss.elements("transformer").names:
        transformers.Name = name
        ends = _closed_ends(element)
        if not ends:
            continue
        phases = _phases(element)
        transformers.Wdg = 1
        kva, first_kv = float(transformers.kVA), float(transformers.kV)
        for winding, bus in enumerate(ends[1:], 2):
            transformers.Wdg = winding
            same = abs(float(transformers.kV) / first_kv - 1) < _SAME_VOLTAGE
            segments.append(
                Segment(
                    name=name if len(ends) == 2 else f"{name}.{winding}",
                    from_bus=ends[0],
                    to_bus=bus,
                    phases=phases,
                    limit_kva=kva,
                    length_km=0.0,
                    reactance_pu=float(transformers.Xhl) / 100 * 1e3 / kva,
                    regulator=name in regulated and same,
                )
            )
    return segments


def _reactor_segments(dss: DSS, kv: dict[str, float]) -> list[Segment]:
    """Return reactors that join two buses; those to ground are no segments."""
    circuit = dss.context.ActiveCircuit
    reactors, element = circuit.Reactors, circuit.ActiveCktElement
    segments = []
    for name in dss.elements("reactor").names:
        reactors.Name = name
        ends = _closed_ends(element)
        n_conductor = int(element.NumConductors)
        grounded = not any(terminal_nodes(element.BusNames[-1], n_conductor))
        if len(ends) == 2 and ends[0] != ends[1] and not grounded:
            segments.append(
                Segment(
                    name=name,
                    from_bus=ends[0],
                    to_bus=ends[1],
                    phases=_phases(element),
                    limit_kva=np.inf,
                    length_km=0.0,
                    reactance_pu=float(reactors.X) / kv[ends[0]] ** 2,
                )
            )
    return segments


def _regulated(dss: DSS) -> set[str]:
    controls = dss.context.ActiveCircuit.RegControls
    found = set()
    for name in dss.elements("regcontrol").names:
        controls.Name = name
        found.add(str(controls.Transformer).lower())
    return found


def _closed_ends(element: Any) -> list[str]:
    """Return the buses of an element, or none when it is disabled or open."""
    buses = [bus_name(bus) for bus in element.BusNames]
    is_open = any(element.IsOpen(terminal, 0) for terminal in range(1, len(buses) + 1))
    return [] if is_open or not element.Enabled else buses


def _phases(element: Any) -> frozenset[int]:
    n_conductor = int(element.NumConductors)
    first = terminal_nodes(element.BusNames[0], n_conductor)
    return frozenset(node for node in first if 1 <= node <= 3)


def _positive_sequence(matrix: FloatArray, n_phase: int) -> float:
    """Return mean own less mean mutual reactance. Same unit as the matrix."""
    square: FloatArray = matrix.reshape(n_phase, n_phase)
    own = float(np.trace(square)) / n_phase
    if n_phase == 1:
        return own
    return own - float(square.sum() - np.trace(square)) / (n_phase * (n_phase - 1))


def bus_name(text: str) -> str:
    """Return the bus of a connection.

    Example:
        >>> bus_name("814R.1.2")
        '814r'
    """
    return text.split(".", 1)[0].lower()


def terminal_nodes(text: str, n_conductor: int) -> list[int]:
    """Return the node of each conductor of a connection; left out ones count up.

    Example:
        >>> terminal_nodes("632.2.3", 2), terminal_nodes("632", 3)
        ([2, 3], [1, 2, 3])

    Raises:
        InvalidCaseError: A node is not a number; the engine takes it for one.
    """
    written = text.split(".")[1:]
    if not all(node.isdecimal() for node in written):
        raise InvalidCaseError(
            f"connection {text!r}", ["expected a bus and its nodes, e.g. 632.1.2."]
        )
    given = [int(node) for node in written]
    return (given + list(range(len(given) + 1, n_conductor + 1)))[:n_conductor]
