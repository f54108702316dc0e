"""Loads and generators of a circuit, set in bulk, solved and checked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from gridagora.errors import PowerFlowError, listed
from gridagora.grids.case_reading import NodeTable
from gridagora.grids.opendss import DSS
from gridagora.types.arrays import FloatArray

_CONSTANT_POWER = 1
_DELTA = 1
_LEAST_PU, _LINEAR_PU, _MOST_PU = 0.5, 0.4, 2.0  # constant power between these
_TOLERANCE_PU = 1e-5  # of the solver: a tenth of what served power is checked to
_SERVED = 1e-4  # largest relative difference of served and asked power
_SERVED_FLOOR_KVA = 0.1  # ... of at least this much power
# A load of constant power draws more current where the voltage is lower, an admittance
# less: loads in the matrix slow the solver down (9 iterations on IEEE 34, 6 with a
# tenth). None at all would leave a node that only loads connect without a voltage.
_MATRIX_PART = 0.1
_MOST_ITERATIONS = 200  # enough near the point of voltage collapse
_BALANCE = 1e-3  # largest part of the circuit's power that may be unaccounted for
_BALANCED_KINDS = ("generator", "pvsystem", "storage")
_OTHER_KINDS = ("isource", "vccs", "upfc", "indmach012", "gicsource", "windgen")


@dataclass(frozen=True, slots=True, eq=False)
class Powers:
    """What loads draw and generators deliver.

    Attributes:
        load_kw: kW. Shape ``(n_load,)``.
        load_kvar: kvar. Shape ``(n_load,)``.
        generator_kw: kW. Shape ``(n_generator,)``.
        generator_kvar: kvar. Shape ``(n_generator,)``.
    """

    load_kw: FloatArray
    load_kvar: FloatArray
    generator_kw: FloatArray
    generator_kvar: FloatArray

    def with_loads(self, part: float) -> "Powers":
        """Return the same but for loads that draw a part."""
        return replace(
            self, load_kw=part * self.load_kw, load_kvar=part * self.load_kvar
        )


class CircuitState:
    """The powers, taps and capacitors of a circuit, and its checked solution.

    The admittance matrix always holds the same part of the loads of the case, whatever
    they draw later; with controls off that makes a solution depend on taps, capacitors
    and powers alone, to the last bit, and not on what was solved before.

    Attributes:
        loads: All loads.
        generators: All generators, those of the case and those added.
        added: Bus of each generator that was added here, by element name.
        base: Powers of the case.
        asked: Powers that the last solve was asked for.
    """

    def __init__(
        self,
        dss: DSS,
        nodes: NodeTable,
        generator_buses: Sequence[str],
        *,
        constant_power: bool,
    ) -> None:
        self._dss = dss
        self._constant_power = constant_power
        self.loads = dss.elements("load")
        connections = self.loads.get_ints("conn")
        in_delta = bool(connections.size) and bool((connections == _DELTA).all())
        self.added: dict[str, str] = {}
        for bus in generator_buses:
            self._add_generators(bus, nodes, in_delta=in_delta)
        self.generators = dss.elements("generator")
        found = [dss.elements(kind) for kind in _BALANCED_KINDS]
        self._balanced = [batch for batch in found if len(batch)]
        self._sums_up = not any(len(dss.elements(kind)) for kind in _OTHER_KINDS)
        self._drawn = np.zeros(len(self.loads), dtype=np.complex128)
        self._fix_loads()
        self.base = Powers(
            self.loads.get_floats("kW"),
            self.loads.get_floats("kvar"),
            self.generators.get_floats("kW"),
            self.generators.get_floats("kvar"),
        )
        self.asked = self.base
        self._taps_pu = dss.get_taps()
        self._capacitors = dss.get_capacitor_states()
        self._renew_matrix()

    def _add_generators(self, bus: str, nodes: NodeTable, *, in_delta: bool) -> None:
        here = [at for at, name in enumerate(nodes.bus) if name == bus]
        phases = [int(nodes.phase[at]) for at in here]
        kv = float(nodes.base_v[here[0]]) / 1e3
        if in_delta and len(phases) >= 2:
            kv *= float(np.sqrt(3))
            ring = list(zip(phases, phases[1:] + phases[:1], strict=True))
            ends = [f"{a}.{b}" for a, b in ring[: 1 if len(phases) == 2 else None]]
        else:
            ends = [str(phase) for phase in phases]
        for end in ends:
            name = f"{bus}_{end.replace('.', '_')}".replace(".", "_")
            conn = "delta" if "." in end else "wye"
            self._dss.context.Text.Command = (
                f"new generator.{name} bus1={bus}.{end} phases=1 conn={conn} kv={kv!r} "
                f"kw=0 kvar=0 model=1 vminpu={_LEAST_PU} vmaxpu={_MOST_PU}"
            )
            self.added[name] = bus

    def _fix_loads(self) -> None:
        """Write the global load multiplier into the loads, and set their models."""
        solution = self._dss.context.ActiveCircuit.Solution
        solution.Tolerance = min(_TOLERANCE_PU, float(solution.Tolerance))
        solution.MaxIterations = max(_MOST_ITERATIONS, int(solution.MaxIterations))
        variable = self.loads.get_ints("status") == 0
        multiplier = np.where(variable, float(solution.LoadMult), 1.0)
        kw = self.loads.get_floats("kW") * multiplier
        kvar = self.loads.get_floats("kvar") * multiplier
        solution.LoadMult = 1.0
        n_load = len(self.loads)
        if self._constant_power:
            self.loads.set_ints("model", np.full(n_load, _CONSTANT_POWER))
            self.loads.set_floats("vlowpu", np.full(n_load, _LINEAR_PU))
            self.loads.set_floats("vminpu", np.full(n_load, _LEAST_PU))
            self.loads.set_floats("vmaxpu", np.full(n_load, _MOST_PU))
        self.loads.set_floats("kW", kw)
        self.loads.set_floats("kvar", kvar)

    def _renew_matrix(self) -> None:
        """Build the admittance matrix anew, and solve the case."""
        self._n_command = len(self._dss.commands)
        if self._constant_power and self._dss.controls == "off":
            self._apply(self.base.with_loads(_MATRIX_PART), keep_matrix=False)
            self._dss.solve()  # builds the matrix
            self._apply(self.base, keep_matrix=True)
        else:  # controls act on every solution: there must be none but the case's
            self._apply(self.base, keep_matrix=False)
        self._dss.solve()

    def _apply(self, powers: Powers, *, keep_matrix: bool) -> None:
        self.loads.set_floats("kW", powers.load_kw, keep_matrix=keep_matrix)
        self.loads.set_floats("kvar", powers.load_kvar, keep_matrix=keep_matrix)
        self.generators.set_floats("kW", powers.generator_kw, keep_matrix=keep_matrix)
        self.generators.set_floats(
            "kvar", powers.generator_kvar, keep_matrix=keep_matrix
        )

    def reset(self) -> None:
        """Return taps, capacitors and powers to the case."""
        self.set_switches(self._taps_pu, self._capacitors.astype(np.float64))
        self.asked = self.base

    def set_switches(self, taps_pu: FloatArray, capacitors: FloatArray) -> None:
        """Set taps and capacitor states; a change builds the matrix anew."""
        same = np.array_equal(self._dss.get_taps(), taps_pu) and np.array_equal(
            self._dss.get_capacitor_states(), capacitors
        )
        if not same:
            self._dss.set_taps(taps_pu)
            self._dss.set_capacitor_states(capacitors.astype(np.int64))
            self._renew_matrix()

    def solve(self) -> None:
        """Solve with the powers asked for, and check that the solution is one.

        Raises:
            PowerFlowError: No finite operating point, or powers that do not add up.
        """
        if len(self._dss.commands) != self._n_command:
            self._renew_matrix()
        # Controls that act rebuild the matrix midway; then it must start from these
        # powers, or a solution would depend on the one before.
        self._apply(self.asked, keep_matrix=self._dss.controls == "off")
        self._dss.solve()
        if self._adds_up():
            return
        # Another user of the engine has left the matrix out of step with the loads.
        self._renew_matrix()
        self._apply(self.asked, keep_matrix=self._dss.controls == "off")
        self._dss.solve()
        if not self._adds_up():
            left_kw, given = self._unaccounted_kw()
            raise PowerFlowError(
                self._dss.name,
                f"{left_kw:.3g} kW of {self._scale_kva(given):.3g} kVA are "
                "unaccounted for",
                "The engine's solution breaks Kirchhoff's laws; simplify the case",
            )

    def _adds_up(self) -> bool:
        """Read what loads draw; return whether nearly all power is accounted for."""
        self._drawn = self.loads.get_total_powers()
        left_kw, given = self._unaccounted_kw()
        if abs(left_kw) <= _BALANCE * max(abs(given), 1.0):
            return True  # without the sum over all loads, which could only allow more
        return abs(left_kw) <= _BALANCE * self._scale_kva(given)

    def _unaccounted_kw(self) -> tuple[float, complex]:
        """Return what sources give less what everything draws or loses, and the first.

        Returns:
            kW, and the power of the sources in kW + j kvar.
        """
        given = self._dss.get_source_power()
        if not self._sums_up:
            return 0.0, given
        drawn: complex = np.add.reduce(self._drawn)
        for batch in self._balanced:
            drawn += np.add.reduce(batch.get_total_powers())
        left = given - self._dss.get_losses() - drawn
        return float(left.real), given

    def _scale_kva(self, given: complex) -> float:
        """Return a power to compare a mismatch with. kVA."""
        asked_kw = np.abs(self.asked.load_kw).sum()
        return max(float(asked_kw), abs(given), 1.0)

    def get_served(self) -> tuple[FloatArray, FloatArray]:
        """Return what loads draw in the last solution. kW and kvar, ``(n_load,)``."""
        return self._drawn.real, self._drawn.imag

    def unserved(self) -> str:
        """Return which controlled loads do not draw what was asked; empty if all do."""
        if not self._constant_power:
            return ""
        asked = self.asked.load_kw + 1j * self.asked.load_kvar
        allowed_kva = _SERVED * np.maximum(np.abs(asked), _SERVED_FLOOR_KVA)
        bad = np.abs(self._drawn - asked) > allowed_kva
        if not np.count_nonzero(bad):
            return ""
        kw, _ = self.get_served()
        return listed(
            [
                f"{self.loads.names[at]!r} draws {kw[at]:.6g} kW of "
                f"{self.asked.load_kw[at]:.6g} kW asked"
                for at in np.flatnonzero(bad)
            ]
        )

    def get_state(self) -> dict[str, FloatArray]:
        """Return taps, capacitor states and powers as arrays, for a checkpoint."""
        return {
            "taps_pu": self._dss.get_taps(),
            "capacitor_states": self._dss.get_capacitor_states().astype(np.float64),
            "load_kw": self.asked.load_kw.copy(),
            "load_kvar": self.asked.load_kvar.copy(),
            "generator_kw": self.asked.generator_kw.copy(),
            "generator_kvar": self.asked.generator_kvar.copy(),
        }

    def set_state(self, state: Mapping[str, FloatArray]) -> None:
        """Return to a state that ``get_state`` gave, without solving."""
        self.set_switches(state["taps_pu"], state["capacitor_states"])
        names = ("load_kw", "load_kvar", "generator_kw", "generator_kvar")
        self.asked = Powers(*(np.array(state[name]) for name in names))
