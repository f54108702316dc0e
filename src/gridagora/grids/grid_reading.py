"""Reading a solved circuit: nodes and lines as arrays in a stable order."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from gridagora.grids.case_reading import NodeTable, bus_name, terminal_nodes
from gridagora.grids.opendss import DSS
from gridagora.types.arrays import (
    BoolArray,
    Columns,
    ComplexArray,
    FloatArray,
    IntArray,
)

_GROUND = -1
_DUST_PU = 1e-6  # a source held at the limit is not outside of it


class NodeReader:
    """Voltages of the nodes, by name, whatever order the engine keeps them in.

    Attributes:
        table: The nodes in the order of all results.
    """

    def __init__(self, dss: DSS, table: NodeTable) -> None:
        self._dss = dss
        self.table = table
        self._order: tuple[str, ...] = ()
        self._place = np.zeros(0, dtype=np.int64)

    def get_volts(self) -> ComplexArray:
        """Return voltages to ground. V. Shape ``(n_node,)``.

        A node that the circuit no longer has, because all elements at it are switched
        off, is dead: 0 V.
        """
        order = self._dss.node_order
        if order is not self._order:
            place = {name: at for at, name in enumerate(order)}
            self._place = np.array(
                [place.get(name, _GROUND) for name in self.table.name], dtype=np.int64
            )
            self._order = order
        return self._dss.get_volts(self._place)

    def get_voltages_pu(self) -> FloatArray:
        """Return voltage magnitudes. pu of the base to ground. Shape ``(n_node,)``."""
        magnitudes: FloatArray = np.abs(self.get_volts()) / self.table.base_v
        return magnitudes

    def get_table(self, low_pu: float, high_pu: float) -> Columns:
        """Return one row for each node; ``flag`` is ``low``, ``ok`` or ``high``."""
        volts = self.get_volts()
        magnitudes = np.abs(volts)
        voltages_pu = magnitudes / self.table.base_v
        flag = np.where(voltages_pu > high_pu + _DUST_PU, "high", "ok")
        return {
            "bus": self.table.bus,
            "phase": self.table.phase,
            "v_pu": voltages_pu,
            "v_v": magnitudes,
            "angle_deg": np.degrees(np.angle(volts)),
            "flag": np.where(voltages_pu < low_pu - _DUST_PU, "low", flag),
        }


class SourceReader:
    """Power that the voltage sources deliver."""

    def __init__(self, dss: DSS) -> None:
        self._sources = dss.elements("vsource")
        circuit = dss.context.ActiveCircuit
        phases: list[int] = []
        for name in self._sources.names:
            circuit.SetActiveElement(f"vsource.{name}")
            element = circuit.ActiveCktElement
            n_conductor = int(element.NumConductors)
            here = terminal_nodes(element.BusNames[0], n_conductor)
            phases += here + [0] * n_conductor  # terminal 2 is ground
        self._phase = np.array(phases, dtype=np.int64)

    def get_phase_powers(self) -> ComplexArray:
        """Return power delivered on phases 1 to 3. kW + j kvar. Shape ``(3,)``."""
        powers = -self._sources.get_powers()
        return np.array([powers[self._phase == phase].sum() for phase in (1, 2, 3)])


class _Row(NamedTuple):
    """One conductor of one line, and where the engine keeps its values."""

    line: str
    from_bus: str
    to_bus: str
    phase: int
    ampacity_a: float
    first: int
    second: int
    owner: int


class LineReader:
    """Currents and flows of the lines, one row for each line and phase.

    Attributes:
        line: Name of the line of each row. Shape ``(n_row,)``.
        from_bus: Bus of terminal 1. Shape ``(n_row,)``.
        to_bus: Bus of terminal 2. Shape ``(n_row,)``.
        phase: Phase at terminal 1. Shape ``(n_row,)``.
        ampacity_a: Normal rating of the conductor. A. Shape ``(n_row,)``.
    """

    def __init__(self, dss: DSS) -> None:
        self._dss = dss
        self._lines = dss.elements("line")
        rows = list(self._rows())
        self.line: tuple[str, ...] = tuple(row.line for row in rows)
        self.from_bus: tuple[str, ...] = tuple(row.from_bus for row in rows)
        self.to_bus: tuple[str, ...] = tuple(row.to_bus for row in rows)
        self.phase: IntArray = np.array([row.phase for row in rows], dtype=np.int64)
        self.ampacity_a: FloatArray = np.array([row.ampacity_a for row in rows])
        self._first: IntArray = np.array([row.first for row in rows], dtype=np.int64)
        self._second: IntArray = np.array([row.second for row in rows], dtype=np.int64)
        self._owner: IntArray = np.array([row.owner for row in rows], dtype=np.int64)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the lines. Shape ``(n_line,)``."""
        return self._lines.names

    def _rows(self) -> Iterator[_Row]:
        circuit = self._dss.context.ActiveCircuit
        start = 0
        for owner, name in enumerate(self._lines.names):
            circuit.Lines.Name = name
            element = circuit.ActiveCktElement
            n_conductor = int(element.NumConductors)
            here, there = element.BusNames
            for at, phase in enumerate(terminal_nodes(here, n_conductor)):
                first = start + at
                yield _Row(
                    line=name,
                    from_bus=bus_name(here),
                    to_bus=bus_name(there),
                    phase=phase,
                    ampacity_a=float(element.NormalAmps),
                    first=first,
                    second=first + n_conductor,
                    owner=owner,
                )
            start += 2 * n_conductor

    def get_currents_a(self) -> FloatArray:
        """Return current magnitudes at terminal 1. A. Shape ``(n_row,)``."""
        magnitudes, _ = self._ends_a(self._live())
        return magnitudes

    def get_loadings_pu(self) -> FloatArray:
        """Return the larger current of both ends over the rating. ``(n_row,)``."""
        loading: FloatArray = np.maximum(*self._ends_a(self._live())) / self.ampacity_a
        return loading

    def get_flows(self) -> ComplexArray:
        """Return power into terminal 1 of each row. kW + j kvar. Shape ``(n_row,)``."""
        return self._flows(self._live())

    def get_total_flows(self) -> ComplexArray:
        """Return power into terminal 1 of each line. kW + j kvar. ``(n_line,)``."""
        return self._by_line(self.get_flows())

    def get_losses(self) -> ComplexArray:
        """Return losses of each line. kW + j kvar. Shape ``(n_line,)``.

        What flows in at one end less what flows out at the other; the charging of the
        line counts as negative kvar.
        """
        # The engine's own batch call for losses ends the process on some circuits.
        powers = self._lines.get_powers()
        lost = np.where(self._live(), powers[self._first] + powers[self._second], 0.0)
        return self._by_line(lost)

    def get_table(self) -> Columns:
        """Return all of it, one row for each line and phase."""
        live = self._live()  # nothing is read twice: a record needs this every step
        flows, (here_a, there_a) = self._flows(live), self._ends_a(live)
        return {
            "line": self.line,
            "from_bus": self.from_bus,
            "to_bus": self.to_bus,
            "phase": self.phase,
            "current_a": here_a,
            "ampacity_a": self.ampacity_a,
            "loading_pu": np.maximum(here_a, there_a) / self.ampacity_a,
            "flow_kw": flows.real,
            "flow_kvar": flows.imag,
        }

    def _by_line(self, values: ComplexArray) -> ComplexArray:
        n_line = len(self._lines)
        real = np.bincount(self._owner, values.real, n_line)
        return real + 1j * np.bincount(self._owner, values.imag, n_line)

    def _live(self) -> BoolArray:
        live: BoolArray = self._lines.get_ints("enabled")[self._owner] != 0
        return live

    def _flows(self, live: BoolArray) -> ComplexArray:
        """Return power into terminal 1 of each row, 0 where it is disabled."""
        powers = self._lines.get_powers()[self._first]
        powers[~live] = 0.0
        return powers

    def _ends_a(self, live: BoolArray) -> tuple[FloatArray, FloatArray]:
        """Return current magnitudes at both ends, 0 where disabled. A."""
        magnitudes = np.abs(self._lines.get_currents())
        here = np.where(live, magnitudes[self._first], 0.0)
        return here, np.where(live, magnitudes[self._second], 0.0)
