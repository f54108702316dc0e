"""One private OpenDSS engine, and the traps of the engine kept away from its users."""

import itertools
import os
import re
import weakref
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np
from dss import DSSException, dss

from gridagora.errors import (
    InvalidCaseError,
    InvalidConfigError,
    PowerFlowError,
    UnknownNameError,
)
from gridagora.grids.cases.files import CaseScript, read_case
from gridagora.grids.cases.loading import (
    NO_CONTROL_LIMIT,
    load_statements,
    sentence,
)
from gridagora.grids.cases.probe import require_sound
from gridagora.grids.cases.scan import Statement, canonical_verb, file_references
from gridagora.grids.engine_arrays import ElementBatch
from gridagora.types.arrays import ComplexArray, FloatArray, IntArray

Controls = Literal["off", "static"]

_BUSES_REPROCESSED = 4  # AltDSSEvent.ReprocessBuses
_LOOKS = ("?", "solve")
_NEED_ELEMENT = ("edit", "enable", "disable", "open", "close", "select")


class DSS:
    """One private OpenDSS engine, holding one case.

    What is different from the engine itself:

    - Every object has an engine of its own; the one that the process shares is never
      touched. The working directory never changes.
    - Letter case of file names does not matter, nor do line ends and encodings.
    - A case from outside the package is scanned, then compiled and solved once in a
      child process, before this process lets it near an engine.
    - Every ``solve`` starts from the engine's own first guess, not from the last
      solution, so that equal inputs give equal bits, whatever was solved before.
    - Controls (regulators, switched capacitors) stand still unless asked for.
    - A solution that did not converge or is not finite raises.
    - It pickles: as its case, its commands and its state.

    Args:
        case: A shipped feeder, a .dss file, a folder with one main file, or a case
            already read. Empty for an engine without a circuit.
        controls: ``"off"`` or ``"static"`` (controls act within each solve).
        trusted: Load a case of your own without scan and probe.

    Attributes:
        controls: As given.
        controls_settled: Whether the controls came to rest in the last solve.

    Raises:
        UnknownNameError: A bare name that is no feeder.
        MissingFileError: The case file is not there.
        InvalidCaseError: The case cannot be loaded; every fault is named.
        InvalidConfigError: ``controls`` is neither of the two.

    Example:
        >>> engine = DSS(case="ieee13")
        >>> engine.solve()
        >>> engine.command("? load.l634a.kw")
        '160'
    """

    def __init__(
        self,
        case: str | Path | CaseScript = "",
        *,
        controls: Controls = "off",
        trusted: bool = False,
    ) -> None:
        if controls not in ("off", "static"):
            fault = f"controls is {controls!r}, expected 'off' or 'static'."
            raise InvalidConfigError("DSS", [fault])
        self.controls = controls
        self.controls_settled = True
        self._commands: list[str] = []
        self._start_engine()
        if isinstance(case, CaseScript):
            self.case: CaseScript | None = case
        else:
            self.case = read_case(case, trusted=trusted) if str(case) else None
        if self.case is not None:
            if not self.case.trusted:
                require_sound(self.case)
            self._load(self.case)

    def _start_engine(self) -> None:
        self.context = _new_context()
        self.context.AllowForms = False
        self.context.AllowEditor = False
        util = self.context._api_util
        self._ffi, self._lib, self._ctx = util.ffi, util.lib_unpatched, util.ctx
        self._error = self._lib.ctx_Error_Get_NumberPtr(self._ctx)
        self._pointer = self._ffi.new("double **")
        self._pair = self._ffi.new("double **")
        self._pair_size = self._ffi.new("int32_t[4]")
        self._node_order: tuple[str, ...] = ()
        self._batches: weakref.WeakSet[ElementBatch] = weakref.WeakSet()
        moved = self._moved = [1]  # a list: the callback must not hold the engine
        self._callback = self._ffi.callback(
            "void(void *, int32_t, int32_t, void *)", lambda *_: moved.append(1)
        )
        self._lib.ctx_DSSEvents_RegisterAlt(
            self._ctx, _BUSES_REPROCESSED, self._callback
        )

    def _load(self, case: CaseScript) -> None:
        faults = load_statements(self.context, case)
        if faults:
            raise InvalidCaseError(f"case {case.name!r}", faults)
        self._set_controls()

    def _set_controls(self) -> None:
        self.context.Text.Command = f"set controlmode={self.controls}"

    def __reduce__(self) -> tuple[Any, ...]:
        state = self.get_state() if self.has_circuit else {}
        return _rebuilt, (self.case, self.controls, self.commands, state)

    @property
    def has_circuit(self) -> bool:
        """Whether a circuit is loaded."""
        return int(self.context.NumCircuits) > 0

    @property
    def name(self) -> str:
        """Name of the case, for messages."""
        return self.case.name if self.case is not None else "an engine without a case"

    def command(self, text: str) -> str:
        """Carry out one command in OpenDSS's own language.

        The text interface costs about four times what the arrays cost; in loops use
        ``elements``.

        Args:
            text: One command, e.g. ``"? load.a.kw"`` or ``"disable line.b"``.

        Returns:
            What the engine answers; empty for most commands.

        Raises:
            InvalidCaseError: The engine refuses the command.
            UnknownNameError: The command is about an element that is not there.
        """
        verb = canonical_verb(text)
        if verb in ("redirect", "compile"):
            return self._run_file(text)
        self._require_element(verb, text)
        if verb in ("clear", "clearall") or text.lower().startswith("new circuit"):
            self._forget_elements()
        try:
            self.context.Text.Command = text
        except DSSException as error:
            if error.args[0] == NO_CONTROL_LIMIT:
                self.controls_settled = False
                return ""
            fault = sentence(error.args[1])
            raise InvalidCaseError(f"command {text!r}", [fault]) from error
        if not text.strip().lower().startswith(_LOOKS):
            self._note(text)
        return str(self.context.Text.Result)

    def _run_file(self, text: str) -> str:
        """Carry out a script file; the engine never sees the file itself."""
        names = file_references(Statement(text, "command", 1))
        script = read_case(names[0].name if names else "")
        self._forget_elements()
        faults = load_statements(self.context, script)
        if faults:
            raise InvalidCaseError(f"case {script.name!r}", faults)
        for statement in script.statements:
            self._note(statement.text)
        self._set_controls()
        return ""

    def _require_element(self, verb: str, text: str) -> None:
        """Refuse what the engine passes over in silence: an element it has not."""
        match = re.match(r"\S+\s+(?:object=)?[\"']?([^\s.]+)\.([^\s\"'=]+)", text)
        if verb not in _NEED_ELEMENT or match is None or not self.has_circuit:
            return
        kind, name = match[1].lower(), match[2].lower()
        self.context.SetActiveClass(kind)
        known = [str(item).lower() for item in self.context.ActiveClass.AllNames]
        if name not in known:
            raise UnknownNameError(kind, name, known)

    def _note(self, text: str) -> None:
        self._commands.append(text)
        self._moved.append(1)

    def _forget_elements(self) -> None:
        for batch in self._batches:
            batch.close()
        self._batches = weakref.WeakSet()

    def solve(self) -> None:
        """Find the operating point of the circuit as it stands.

        Raises:
            PowerFlowError: There is no circuit, the solution did not converge, or a
                voltage is not finite.
        """
        # The first guess is set back through SolutionInitialized and not by the
        # command calcv. Calcv also guesses the voltage bases anew, and when loads
        # have changed since the matrix was built it leaves their admittances out of
        # step with it: on IEEE 34 that gave 1539 kW too little, Converged true.
        self.controls_settled = True
        self._lib.ctx_YMatrix_Set_SolutionInitialized(self._ctx, 0)
        self._lib.ctx_Solution_Solve(self._ctx)
        number = self._error[0]
        if number:
            self._error[0] = 0
            if number != NO_CONTROL_LIMIT:
                text = self._ffi.string(self._lib.ctx_Error_Get_Description(self._ctx))
                why = sentence(text.decode()).rstrip(".")
                raise PowerFlowError(self.name, why, "Check the case")
            self.controls_settled = False
        if not self._lib.ctx_Solution_Get_Converged(self._ctx):
            raise PowerFlowError(
                self.name,
                "no operating point was found",
                "Ask for less power, or check taps and ratings",
            )
        if not np.isfinite(np.add.reduce(self._volts())):
            raise PowerFlowError(
                self.name,
                "the solution has voltages that are not finite",
                "Look for loads or impedances that are not numbers",
            )

    @property
    def commands(self) -> tuple[str, ...]:
        """Commands that changed the circuit since the case was loaded."""
        return tuple(self._commands)

    @property
    def n_iteration(self) -> int:
        """Iterations of the last solve."""
        return int(self._lib.ctx_Solution_Get_Iterations(self._ctx))

    @property
    def node_order(self) -> tuple[str, ...]:
        """Names of the nodes, ``bus.phase``, in the engine's present order.

        The order can change when elements are switched, so nothing may be kept by
        position across solves.
        """
        if self._moved:
            names = self.context.ActiveCircuit.YNodeOrder
            self._node_order = tuple(name.lower() for name in names)
            self._moved.clear()
        return self._node_order

    def _volts(self) -> ComplexArray:
        """Return the engine's own voltage vector; its ground node comes first. V."""
        self._lib.ctx_YMatrix_getVpointer(self._ctx, self._pointer)
        n_node = int(self._lib.ctx_Circuit_Get_NumNodes(self._ctx))
        raw = self._ffi.buffer(self._pointer[0], 16 * (n_node + 1))
        return np.frombuffer(raw, dtype=np.complex128)

    def get_volts(self, place: IntArray | None = None) -> ComplexArray:
        """Return voltages at places of ``node_order`` (-1 is the ground), or all. V."""
        volts = self._volts()
        return volts[1:].copy() if place is None else volts[place + 1]

    def get_losses(self) -> complex:
        """Return the losses of the whole circuit. kW + j kvar."""
        self._lib.ctx_Circuit_Get_Losses(self._ctx, self._pair, self._pair_size)
        return complex(self._pair[0][0], self._pair[0][1]) / 1e3

    def get_source_power(self) -> complex:
        """Return the power that flows in from all sources. kW + j kvar."""
        self._lib.ctx_Circuit_Get_TotalPower(self._ctx, self._pair, self._pair_size)
        return -complex(self._pair[0][0], self._pair[0][1])

    def elements(self, kind: str) -> ElementBatch:
        """Return all elements of one class, e.g. ``"load"``, as arrays."""
        batch = ElementBatch(self.context, kind)
        self._batches.add(batch)
        return batch

    def get_taps(self) -> FloatArray:
        """Return the tap of every winding, transformer by transformer. pu."""
        return np.array([tap for taps in self._each_taps() for tap in taps])

    def _each_taps(self) -> list[list[float]]:
        found = []
        transformers = self.context.ActiveCircuit.Transformers
        for name in self.elements("transformer").names:
            transformers.Name = name
            windings = range(1, int(transformers.NumWindings) + 1)
            found.append([self._tap(transformers, winding) for winding in windings])
        return found

    def _tap(self, transformers: Any, winding: int) -> float:
        transformers.Wdg = winding
        return float(transformers.Tap)

    def set_taps(self, taps_pu: FloatArray) -> None:
        """Put every winding on a tap, in the order of ``get_taps``. pu."""
        given = iter(np.asarray(taps_pu, dtype=np.float64).tolist())
        transformers = self.context.ActiveCircuit.Transformers
        now = self._each_taps()
        for name, taps in zip(self.elements("transformer").names, now, strict=True):
            wanted = list(itertools.islice(given, len(taps)))
            transformers.Name = name
            for winding, tap in enumerate(wanted, 1):
                if tap != taps[winding - 1]:
                    transformers.Wdg = winding
                    transformers.Tap = tap

    def get_capacitor_states(self) -> IntArray:
        """Return 1 for every capacitor step that is closed, capacitor by capacitor."""
        capacitors = self.context.ActiveCircuit.Capacitors
        states: list[int] = []
        for name in self.elements("capacitor").names:
            capacitors.Name = name
            states += [int(state) for state in capacitors.States]
        return np.array(states, dtype=np.int64)

    def set_capacitor_states(self, states: IntArray) -> None:
        """Switch every capacitor step, in the order of ``get_capacitor_states``."""
        given = iter(np.asarray(states).tolist())
        capacitors = self.context.ActiveCircuit.Capacitors
        for name in self.elements("capacitor").names:
            capacitors.Name = name
            now = [int(state) for state in capacitors.States]
            wanted = list(itertools.islice(given, len(now)))
            if wanted != now:
                capacitors.States = wanted

    def get_state(self) -> dict[str, FloatArray]:
        """Return what changes from solve to solve: taps, capacitors, powers."""
        state = {
            "taps_pu": self.get_taps(),
            "capacitor_states": self.get_capacitor_states().astype(np.float64),
        }
        for kind in ("load", "generator"):
            for quantity in ("kW", "kvar"):
                state[f"{kind}_{quantity}"] = self.elements(kind).get_floats(quantity)
        return state

    def set_state(self, state: Mapping[str, FloatArray]) -> None:
        """Return to a state that ``get_state`` gave."""
        self.set_taps(state["taps_pu"])
        self.set_capacitor_states(state["capacitor_states"].astype(np.int64))
        for kind in ("load", "generator"):
            for quantity in ("kW", "kvar"):
                self.elements(kind).set_floats(quantity, state[f"{kind}_{quantity}"])


def _new_context() -> Any:
    """Return a context of its own, and stay in the working directory.

    Making the first context takes the process back to where the engine was loaded.
    """
    folder = Path.cwd()
    context = dss.NewContext()
    context.AllowChangeDir = False
    os.chdir(folder)
    return context


def _rebuilt(
    case: CaseScript | None,
    controls: Controls,
    commands: tuple[str, ...],
    state: Mapping[str, FloatArray],
) -> DSS:
    """Build an engine anew in the process that unpickles it."""
    engine = DSS(case or "", controls=controls)
    for text in commands:
        engine.command(text)
    if engine.has_circuit:
        engine.set_state(state)
    return engine
