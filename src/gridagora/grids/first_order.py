"""What a circuit's measured quantities answer to power drawn at its places."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import sparse

from gridagora.errors import PowerFlowError
from gridagora.grids.admittance import (
    SERIES,
    SOURCE,
    ElementPorts,
    conductor_nodes,
    impedance_of,
    node_admittance,
    read_ports,
    read_primitives,
    terminal_currents,
)
from gridagora.grids.grid_reading import LineReader
from gridagora.grids.market_view import MarketView
from gridagora.grids.measurements import (
    Branches,
    Circuit,
    Measured,
    downstream,
    flow_terminals,
    voltages,
)
from gridagora.grids.moved_grid import MovedGrid, OperatingPoint
from gridagora.grids.places import Places, Terminals
from gridagora.grids.sensitivity import (
    Ports,
    Sparse,
    VoltageResponse,
    voltage_response,
    without_feedback,
)
from gridagora.types.arrays import ComplexArray, IntArray
from gridagora.types.linear_grid import Response

Model = Literal["tangent", "lindist3flow"]

_VA_PER_KVA = 1e3
_KCL = 1e-6  # largest part of the largest current that may be unexplained
_ROUNDING = 1e-12  # ... and of what flows to and fro through stiff elements


@dataclass(frozen=True, slots=True, eq=False)
class PlacePorts:
    """Where elements of the copy draw, and what of each element and place.

    Attributes:
        port: Different ports, once each.
        load: Part of each load. Shape ``(n_port, n_load)``.
        generator: Part of each generator, negative. Shape ``(n_port, n_generator)``.
        per_kw: Part of the active power of each place. Shape ``(n_port, n_place)``.
        per_kvar: Part of its reactive power. Shape ``(n_port, n_place)``.
    """

    port: Ports
    load: Sparse
    generator: Sparse
    per_kw: Sparse
    per_kvar: Sparse

    @classmethod
    def of(cls, copy: MovedGrid, places: Places) -> "PlacePorts":
        """Read the ports of a copy."""
        dss, nodes = copy.grid.dss, copy.grid.nodes
        loads = read_ports(dss, nodes, "load")
        generators = read_ports(dss, nodes, "generator")
        both = [loads.port, generators.port]
        ends = np.array(
            [
                np.concatenate([ports.plus for ports in both]),
                np.concatenate([ports.minus for ports in both]),
            ]
        )
        (plus, minus), which = np.unique(ends, axis=1, return_inverse=True)
        n_port, n_load = len(plus), len(loads.element)
        load = _parts(loads, which[:n_load], (n_port, len(copy.grid.loads)))
        generator = -_parts(
            generators, which[n_load:], (n_port, len(copy.grid.generators))
        )
        return cls(
            port=Ports(plus, minus),
            load=load,
            generator=generator,
            per_kw=load @ places.load_kw + generator @ copy.generator,
            per_kvar=load @ places.load_kvar + generator @ copy.generator,
        )

    def drawn_va(self, point: OperatingPoint) -> ComplexArray:
        """Return what is drawn at each port. W + j var. Shape ``(n_port,)``."""
        drawn: ComplexArray = (
            self.load @ point.load_kva + self.generator @ point.generator_kva
        )
        return drawn * _VA_PER_KVA


@dataclass(frozen=True, slots=True, eq=False)
class Responses:
    """The four responses of a linear grid."""

    voltages: Response
    flows: Response
    currents: Response
    loss: Response


class FirstOrder:
    """Derivatives of a moved grid at its operating points.

    Args:
        copy: The grid.
        places: Where power can be drawn.
        terminals: Where voltages are measured.
        branches: Whose flows are measured.
        view: The market's view of the grid.

    Attributes:
        lines: The lines whose currents are measured.
    """

    def __init__(
        self,
        copy: MovedGrid,
        places: Places,
        terminals: Terminals,
        *,
        branches: Branches,
        view: MarketView,
    ) -> None:
        self._dss, self._nodes = copy.grid.dss, copy.grid.nodes
        self._terminals, self._branches, self._view = terminals, branches, view
        self._ports = PlacePorts.of(copy, places)
        self._sources = self._dss.elements(SOURCE)
        self.lines = LineReader(self._dss)
        phases = zip(self.lines.line, self.lines.phase.tolist(), strict=True)
        self._phases = tuple(f"{line}.{phase}" for line, phase in phases)
        self._bus = tuple(node.rsplit(".", 1)[0] for node in self._nodes)

    def renew(self) -> None:
        """Read the admittances anew, after taps or switches have moved.

        Raises:
            PowerFlowError: Part of the circuit has no path to a source.
        """
        branches, view, n_node = self._branches, self._view, len(self._nodes)
        elements = read_primitives(self._dss, self._nodes, SERIES)
        sources = read_primitives(self._dss, self._nodes, (SOURCE,))
        self._circuit = Circuit.of(
            elements,
            n_node,
            flow_terminals(elements, branches, view.bus, view.mid_line),
            n_branch=len(branches.name),
            line=self.lines.line,
        )
        self._stiffness = abs(self._circuit.admittance)
        self._source_node = conductor_nodes(sources)
        source = node_admittance(terminal_currents(sources, n_node), self._source_node)
        impedance = impedance_of(self._circuit.admittance + source, self._dss.name)
        self._reach = self._ports.port.reach(impedance)

    def around(self, point: OperatingPoint, model: Model) -> Responses:
        """Return values and derivatives at an operating point.

        Raises:
            PowerFlowError: The elements as read do not make up the solution.
        """
        drawn_va = self._ports.drawn_va(point)
        self._require_kirchhoff(point.volts, drawn_va)
        volts, port, circuit = point.volts, self._ports.port, self._circuit
        if model == "tangent":
            answer = voltage_response(self._reach, volts, port, drawn_va)
            flows = self._response(self._branches.name, circuit.flows(volts), answer)
            loss = self._response(("loss",), circuit.loss(volts), answer)
        else:
            plain = without_feedback(self._reach, volts, port)
            answer = VoltageResponse(plain, np.zeros_like(plain))
            flows, loss = self._lossless(volts)
        measured = voltages(self._terminals, volts)
        return Responses(
            voltages=self._response(self._terminals.name, measured, answer),
            flows=flows,
            currents=self._response(self._phases, circuit.currents(volts), answer),
            loss=loss,
        )

    def _response(
        self, name: Sequence[str], measured: Measured, answer: VoltageResponse
    ) -> Response:
        # Re(c dV) for dS = 1 and dS = j, where dV = forward conj(dS) + feedback dS.
        forward, feedback = (
            measured.row @ answer.forward,
            measured.row @ answer.feedback,
        )
        per_va = np.real(forward) + np.real(feedback)
        per_var = np.imag(forward) - np.imag(feedback)
        return Response(
            name=tuple(name),
            value=measured.value,
            per_kw=_VA_PER_KVA * (per_va @ self._ports.per_kw),
            per_kvar=_VA_PER_KVA * (per_var @ self._ports.per_kvar),
        )

    def _lossless(self, volts: ComplexArray) -> tuple[Response, Response]:
        """Return flows that are what is drawn behind a branch, and constant losses."""
        flows, loss = self._circuit.flows(volts), self._circuit.loss(volts)
        view = self._view
        passes = downstream(self._branches, self._bus, view.bus, view.mid_line)
        per_kw = passes[:, self._ports.port.plus] @ self._ports.per_kw
        none = np.zeros((1, per_kw.shape[1]))
        return (
            Response(self._branches.name, flows.value, per_kw, np.zeros_like(per_kw)),
            Response(("loss",), loss.value, none, none.copy()),
        )

    def _require_kirchhoff(self, volts: ComplexArray, drawn_va: ComplexArray) -> None:
        """Check that the elements as read, with the loads, make up the solution."""
        port = self._ports.port
        across = port.across(volts)
        amps = np.conj(drawn_va / np.where(across == 0, np.inf, across))
        left = np.append(self._circuit.admittance @ volts, 0.0)  # the ground is last
        np.add.at(left, port.plus, amps)
        np.subtract.at(left, port.minus, amps)
        np.add.at(left, self._source_node, self._sources.get_currents())
        unexplained_a = np.abs(left[:-1])
        largest_a = float(np.abs(self._circuit.conductor @ volts).max(initial=0.0))
        stiff_a = self._stiffness @ np.abs(volts)
        excess_a = unexplained_a - _KCL * largest_a - _ROUNDING * stiff_a
        worst = int(np.argmax(excess_a))
        if excess_a[worst] <= 0:
            return
        raise PowerFlowError(
            self._dss.name,
            f"elements of constant power leave {unexplained_a[worst]:.3g} A at node "
            f"{self._nodes[worst]!r} unexplained",
            "Look for loads and generators outside their voltage limits",
        )


def _parts(ports: ElementPorts, which: IntArray, size: tuple[int, int]) -> Sparse:
    """Return the part of each element that each port takes. Shape ``size``."""
    return sparse.csr_array((ports.part, (which, ports.element)), shape=size)
