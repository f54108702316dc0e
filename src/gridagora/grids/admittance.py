"""The admittance matrix of a circuit, put together from those of its elements."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import splu

from gridagora.errors import InvalidConfigError, PowerFlowError
from gridagora.grids.case_reading import bus_name
from gridagora.grids.opendss import DSS
from gridagora.grids.sensitivity import GROUND, Ports, Sparse
from gridagora.types.arrays import ComplexArray, FloatArray, IntArray

SERIES = ("line", "transformer", "capacitor", "reactor")
SOURCE = "vsource"
DRAWING = ("load", "generator")
# What carries no power: it watches or switches, and switches stand still.
_BYSTANDERS = (
    "capcontrol",
    "energymeter",
    "fuse",
    "monitor",
    "recloser",
    "regcontrol",
    "relay",
    "sensor",
    "swtcontrol",
)
_CONSTANT_POWER = 1
_GROUND_LOOP = 1e6  # admittance of a node that nothing joins: any number will do


@dataclass(frozen=True, slots=True, eq=False)
class Primitive:
    """An element as its own admittance matrix.

    Attributes:
        name: Class and name, e.g. ``line.l701_702``.
        bus: Bus of each terminal.
        node: Position of the node of each conductor, ``GROUND`` for the ground.
            Shape ``(n_terminal, n_conductor)``.
        siemens: Currents into the conductors per voltage. S. Square, conductors in
            the order of ``node.ravel()``.
    """

    name: str
    bus: tuple[str, ...]
    node: IntArray
    siemens: ComplexArray


@dataclass(frozen=True, slots=True, eq=False)
class ElementPorts:
    """Where loads or generators draw, phase by phase.

    Attributes:
        port: The ports, those of one element together.
        element: Position of the element of each port. Shape ``(n_port,)``.
        part: Part of the element's power that it draws there. Shape ``(n_port,)``.
    """

    port: Ports
    element: IntArray
    part: FloatArray


def require_linear(dss: DSS) -> None:
    """Refuse a circuit with elements whose first order is not known here.

    Raises:
        InvalidConfigError: Elements that are neither lines, transformers, capacitors,
            reactors, loads, generators nor voltage sources; each is named. Generators
            of the case that do not deliver constant power.
    """
    known = (*SERIES, SOURCE, *DRAWING, *_BYSTANDERS)
    circuit = dss.context.ActiveCircuit
    faults = []
    for name in circuit.AllElementNames:
        kind = name.split(".")[0].lower()
        if kind not in known:
            circuit.SetActiveElement(name)
            if circuit.ActiveCktElement.Enabled:
                faults.append(
                    f"{name.lower()!r} is none of {', '.join(known[:7])}; its first "
                    "order is not known."
                )
    generators = dss.elements("generator")
    models = generators.get_ints("model")
    enabled = generators.get_ints("enabled")
    faults += [
        f"'generator.{generators.names[at]}' has model {models[at]}, expected 1, "
        "constant power."
        for at in np.flatnonzero((models != _CONSTANT_POWER) & (enabled != 0))
    ]
    if faults:
        raise InvalidConfigError(f"linear model of {dss.name}", faults)


def read_primitives(
    dss: DSS, nodes: Sequence[str], kinds: Sequence[str]
) -> list[Primitive]:
    """Return the enabled elements of some classes, as taps and switches stand.

    Args:
        dss: The engine.
        nodes: Names of the nodes, ``bus.phase``.
        kinds: Classes, e.g. ``line``.
    """
    place = {name: at for at, name in enumerate(nodes)}
    circuit = dss.context.ActiveCircuit
    element = circuit.ActiveCktElement
    found = []
    for kind in kinds:
        for name in dss.elements(kind).names:
            circuit.SetActiveElement(f"{kind}.{name}")
            if not element.Enabled:
                continue
            buses = tuple(bus_name(bus) for bus in element.BusNames)
            node = _conductors(element, buses, place)
            siemens = np.array(element.Yprim).view(np.complex128)
            found.append(
                Primitive(
                    name=f"{kind}.{name}",
                    bus=buses,
                    node=node,
                    siemens=siemens.reshape(node.size, node.size),
                )
            )
    return found


def _conductors(element: Any, buses: Sequence[str], place: dict[str, int]) -> IntArray:
    """Return the node of each conductor of each terminal."""
    order = [int(node) for node in element.NodeOrder]
    each = len(order) // len(buses)
    return np.array(
        [
            [
                place[f"{bus}.{node}"] if node else GROUND
                for node in order[terminal * each : (terminal + 1) * each]
            ]
            for terminal, bus in enumerate(buses)
        ],
        dtype=np.int64,
    )


def read_ports(dss: DSS, nodes: Sequence[str], kind: str) -> ElementPorts:
    """Return where the loads or generators of a circuit draw power.

    An element draws the same part of its power in each of its phases: between a phase
    and the neutral in wye, between two phases in delta.
    """
    place = {name: at for at, name in enumerate(nodes)}
    circuit = dss.context.ActiveCircuit
    element = circuit.ActiveCktElement
    batch = dss.elements(kind)
    in_delta = batch.get_ints("conn") != 0
    rows: list[tuple[int, int, int, float]] = []
    for at, name in enumerate(batch.names):
        circuit.SetActiveElement(f"{kind}.{name}")
        if not element.Enabled:
            continue
        node = _conductors(element, [bus_name(element.BusNames[0])], place)[0].tolist()
        n_phase = int(element.NumPhases)
        if in_delta[at]:
            ends = [(node[k], node[(k + 1) % len(node)]) for k in range(n_phase)]
        else:
            ends = [(node[k], node[n_phase]) for k in range(n_phase)]
        rows += [(plus, minus, at, 1 / n_phase) for plus, minus in ends]
    table = np.array(rows, dtype=np.float64).reshape(len(rows), 4)
    plus, minus, element_at = table[:, :3].astype(np.int64).T
    return ElementPorts(Ports(plus, minus), element_at, table[:, 3])


def terminal_currents(primitives: Sequence[Primitive], n_node: int) -> Sparse:
    """Return the matrix that turns node voltages into currents at conductors.

    Returns:
        A per V. One row for each conductor, element by element in the order of
        ``node.ravel()``; one column for each node, the ground left out.
    """
    row: list[IntArray] = []
    column: list[IntArray] = []
    value: list[ComplexArray] = []
    start = 0
    for primitive in primitives:
        node = primitive.node.ravel()
        joined = np.flatnonzero(node != GROUND)
        row.append(np.repeat(np.arange(start, start + node.size), joined.size))
        column.append(np.tile(node[joined], node.size))
        value.append(primitive.siemens[:, joined].ravel())
        start += node.size
    return sparse.csr_array(
        (_joined(value), (_joined(row), _joined(column))), shape=(start, n_node)
    )


def conductor_nodes(primitives: Sequence[Primitive]) -> IntArray:
    """Return the node of each row of ``terminal_currents``, ``GROUND`` for ground."""
    nodes: IntArray = _joined([primitive.node.ravel() for primitive in primitives])
    return nodes.astype(np.int64)


def _joined(arrays: Sequence[Any]) -> Any:
    return np.concatenate(arrays) if arrays else np.zeros(0)


def node_admittance(currents: Sparse, node: IntArray) -> Sparse:
    """Return the admittance matrix: currents at conductors added up by node. S.

    Args:
        currents: From ``terminal_currents``.
        node: From ``conductor_nodes``.
    """
    n_node = currents.shape[1]
    joined = np.flatnonzero(node != GROUND)
    gather = sparse.csr_array(
        (np.ones(joined.size), (node[joined], joined)), shape=(n_node, node.size)
    )
    return sparse.csc_array(gather @ currents)


def impedance_of(admittance: Sparse, case: str) -> ComplexArray:
    """Return the inverse of an admittance matrix. Ohm. Shape ``(n_node, n_node)``.

    Nodes that nothing joins, because all elements at them are switched off, keep to
    themselves.

    Raises:
        PowerFlowError: Part of the circuit has no path to a source or to the ground.
    """
    size = np.abs(admittance).sum(axis=0)
    alone = np.where(size == 0, _GROUND_LOOP, 0.0)
    n_node = admittance.shape[0]
    try:
        factors = splu(sparse.csc_array(admittance + sparse.diags_array(alone)))
    except RuntimeError as error:
        raise PowerFlowError(
            case,
            "its admittance matrix is singular",
            "Look for a part of the circuit that no source feeds",
        ) from error
    unit: Any = np.eye(n_node, dtype=np.complex128)
    impedance: ComplexArray = factors.solve(unit)
    return impedance
