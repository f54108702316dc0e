"""From the matrices of MATPOWER and PYPOWER cases to a nodal case."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from gridagora.interfaces.importers.case_draft import (
    MOST_NUMBER,
    CaseDraft,
    Unit,
    fit_names,
    unique_names,
)
from gridagora.interfaces.importers.marginal_costs import (
    Cost,
    PiecewiseCost,
    PolynomialCost,
)
from gridagora.types.arrays import FloatArray
from gridagora.types.nodal_case import NodalCase

_N_COLUMN = {"bus": 13, "gen": 10, "branch": 11, "gencost": 5}
_ISOLATED, _REFERENCE = 4, 3
_PIECEWISE, _POLYNOMIAL = 1, 2
_FULL_TURN = 360.0
_MOST_COEFFICIENTS = 16

# columns, counted from 0, by the manual of MATPOWER 7, appendix B
_BUS_NUMBER, _BUS_TYPE, _PD, _GS = 0, 1, 2, 4
_GEN_BUS, _GEN_STATUS, _PMAX, _PMIN, _FIRST_RAMP = 0, 7, 8, 9, 10
_FROM, _TO, _X, _RATE_A, _TAP, _SHIFT, _BR_STATUS, _ANGMIN = 0, 1, 3, 5, 8, 9, 10, 11
_MODEL, _STARTUP, _SHUTDOWN, _N_COST, _FIRST_COST = 0, 1, 2, 3, 4

_EFFECTS = {
    "areas": "areas play no part in clearing",
    "dcline": "the power that DC lines move is missing at their ends",
    "dclinecost": "no DC line is left to have a cost",
    "reserves": "no reserve is held",
    "if": "limits on interfaces of several branches do not hold",
    "softlims": "limits are hard",
    "gentype": "kinds of units play no part in clearing",
    "genfuel": "fuels play no part in clearing",
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CaseMatrices:
    """The matrices of a case, one row per part, in the units of MATPOWER.

    Attributes:
        base_mva: Power that 1 pu stands for. MVA.
        bus: Shape ``(n_bus, 13 or more)``.
        gen: Shape ``(n_unit, 10 or more)``.
        branch: Shape ``(n_branch, 11 or more)``.
        gencost: Shape ``(n_unit or 2 n_unit, 5 or more)``.
        names: Names by matrix, for ``bus``, ``gen`` and ``branch`` where there are any.
        further: What else the case has and this reader does not use.
        places: Where each row stands, by matrix; ``row N`` where nothing is said.
    """

    base_mva: float
    bus: FloatArray
    gen: FloatArray
    branch: FloatArray
    gencost: FloatArray
    names: Mapping[str, Sequence[object]] = field(default_factory=dict)
    further: Sequence[str] = ()
    places: Mapping[str, Sequence[str]] = field(default_factory=dict)


def nodal_case(matrices: CaseMatrices, what: str, *, value_per_kwh: float) -> NodalCase:
    """Turn matrices into a nodal case.

    Args:
        matrices: The case.
        what: Its name, for messages: ``case 'case9.m'``.
        value_per_kwh: What a kWh of firm load is worth. Currency/kWh.

    Raises:
        InvalidCaseError: Everything that is wrong with the case.
        InvalidConfigError: ``value_per_kwh`` is not a finite number.
    """
    draft = CaseDraft(what, value_per_kwh)
    reading = _Reading(matrices, draft)
    reading.check()
    draft.stop_at_faults()
    reading.read_buses()
    reading.read_branches()
    reading.read_units()
    reading.name_the_rest()
    return draft.build(reading.reference)


class _Reading:
    """One walk through the matrices."""

    def __init__(self, matrices: CaseMatrices, draft: CaseDraft) -> None:
        self._case = matrices
        self._draft = draft
        self._bus: dict[float, str] = {}  # name by number, of buses that stay
        self._isolated: set[float] = set()
        self.reference: str | None = None

    def check(self) -> None:
        """Find what makes the matrices unusable, before any is used."""
        case, faults = self._case, self._draft.faults
        if not (math.isfinite(case.base_mva) and case.base_mva > 0):
            faults.append(f"baseMVA is {case.base_mva!r}, expected a number > 0.")
        for name, least in _N_COLUMN.items():
            n_column = getattr(case, name).shape[1]
            if n_column < least and len(getattr(case, name)):
                faults.append(
                    f"{name} has {n_column} columns, expected {least} or more."
                )
        n_cost, n_unit = len(case.gencost), len(case.gen)
        if n_cost not in (n_unit, 2 * n_unit):
            faults.append(
                f"gencost has {n_cost} rows for {n_unit} units, expected one for each, "
                "or two; a market needs costs."
            )
        if faults:
            return
        self._require("bus", {"number": _BUS_NUMBER, "Pd": _PD, "Gs": _GS})
        self._require("gen", {"status": _GEN_STATUS})
        self._require("branch", {"x": _X, "ratio": _TAP, "angle": _SHIFT})
        self._require("branch", {"status": _BR_STATUS})
        self._check_buses()
        self._check_limits()

    def _require(self, name: str, columns: Mapping[str, int]) -> None:
        """Refuse values that are not finite."""
        matrix = getattr(self._case, name)
        for column, at in columns.items():
            for row in np.flatnonzero(~(abs(matrix[:, at]) <= MOST_NUMBER)).tolist():
                self._draft.faults.append(
                    f"{self._place(name, row)}: {column} is {matrix[row, at]}, "
                    f"expected a number of at most {MOST_NUMBER:g}."
                )

    def _check_buses(self) -> None:
        case, faults = self._case, self._draft.faults
        seen: set[float] = set()
        for row, (number, kind) in enumerate(case.bus[:, :_PD].tolist()):
            place = self._place("bus", row)
            if number in seen:
                faults.append(f"{place}: bus {number:g} stands there twice.")
            if number % 1:
                faults.append(f"{place}: bus {number!r} has no whole number.")
            if kind not in (1, 2, _REFERENCE, _ISOLATED):
                faults.append(f"{place}: bus type is {kind:g}, expected 1 to 4.")
            seen.add(number)
        for name, at in (("gen", _GEN_BUS), ("branch", _FROM), ("branch", _TO)):
            faults += [
                f"{self._place(name, row)}: there is no bus {number:g}."
                for row, number in enumerate(getattr(case, name)[:, at].tolist())
                if number not in seen
            ]

    def _check_limits(self) -> None:
        case, faults = self._case, self._draft.faults
        for row, (most, least) in enumerate(case.gen[:, _PMAX : _PMIN + 1].tolist()):
            if not (least <= most and least <= MOST_NUMBER and most >= -MOST_NUMBER):
                faults.append(
                    f"{self._place('gen', row)}: PMIN is {least:g} and PMAX {most:g}, "
                    "expected PMIN <= PMAX."
                )
        for row, rate in enumerate(case.branch[:, _RATE_A].tolist()):
            if not rate >= 0:
                faults.append(
                    f"{self._place('branch', row)}: rateA is {rate:g}, expected a "
                    "number >= 0 (0 for no limit)."
                )

    def read_buses(self) -> None:
        """Take buses with their loads."""
        bus = self._case.bus
        names = self._names("bus", [f"{number:.0f}" for number in bus[:, _BUS_NUMBER]])
        isolated = []
        for row, name in zip(bus.tolist(), names, strict=True):
            if row[_BUS_TYPE] == _ISOLATED:
                self._isolated.add(row[_BUS_NUMBER])
                isolated.append(repr(name))
                continue
            self._bus[row[_BUS_NUMBER]] = name
            self._draft.add_bus(name)
            if row[_BUS_TYPE] == _REFERENCE and self.reference is None:
                self.reference = name
            kind = "load" if row[_PD] > 0 else "supply"
            self._draft.add_load(f"{kind} {name}", name, row[_PD])
            self._draft.add_load(f"shunt {name}", name, row[_GS])
        self._draft.note(
            "Buses {} are isolated (type 4): left out with all that stands there.",
            isolated,
        )
        shunts = [
            repr(self._bus[r[0]]) for r in bus.tolist() if r[_GS] and r[0] in self._bus
        ]
        self._draft.note(
            "Shunt conductance at buses {} stands as firm demand at 1 pu, as in DC "
            "power flow: it does not change with voltage.",
            shunts,
        )

    def read_branches(self) -> None:
        """Take branches in service."""
        branch = self._case.branch
        ends = [
            (self._bus_name(row[_FROM]), self._bus_name(row[_TO]))
            for row in branch.tolist()
        ]
        defaults = unique_names(["-".join(pair) for pair in ends])
        names = self._names("branch", defaults)
        out, shifted, turned = [], [], []
        for at, (row, name) in enumerate(zip(branch.tolist(), names, strict=True)):
            if row[_BR_STATUS] <= 0 or {row[_FROM], row[_TO]} & self._isolated:
                out.append(name)
                continue
            reactance = row[_X] * (row[_TAP] or 1.0)
            if not reactance >= 1 / MOST_NUMBER:
                self._draft.faults.append(
                    f"{self._place('branch', at)}: the reactance of {name!r} is "
                    f"{reactance:g} pu, expected > 0; join a series capacitor or a "
                    "star point with the branches beside it."
                )
                continue
            if row[_SHIFT]:
                mw = self._driven_mw(row[_SHIFT], reactance)
                shifted.append(f"{name!r} ({row[_SHIFT]:g} degrees, {mw:.4g} MW)")
            limit_mw = _limit(row[_RATE_A]) or math.inf
            turn = _angle_limit(row)
            if turn is not None and not row[_SHIFT]:
                limit_mw = min(limit_mw, self._driven_mw(turn, reactance))
            elif turn is not None or _holds_angle(row):
                turned.append(repr(name))
            self._draft.add_branch(
                name, ends[at], limit_mw=limit_mw, reactance_pu=reactance
            )
        self._draft.cut += out
        quoted = [repr(name) for name in out]
        self._draft.note("Branches {} are out of service: left out.", quoted)
        self._draft.note(
            "Branches {} shift the phase: their shift is left out, and with it what it "
            "drives around loops, at most the power beside each.",
            shifted,
        )
        self._draft.note(
            "Branches {} limit the angle between their ends unevenly: left out; more "
            "may flow there.",
            turned,
        )

    def _driven_mw(self, degrees: float, reactance_pu: float) -> float:
        """Return the power that an angle drives through a branch. MW."""
        return self._case.base_mva * math.radians(abs(degrees)) / reactance_pu

    def _bus_name(self, number: float) -> str:
        return self._bus.get(number, f"{number:.0f}")

    def read_units(self) -> None:
        """Take units in service, each with its cost."""
        case = self._case
        defaults = [f"g{at}" for at in range(1, len(case.gen) + 1)]
        names = self._names("gen", defaults)
        out, powerless = [], []
        for at, (row, name) in enumerate(zip(case.gen.tolist(), names, strict=True)):
            if row[_GEN_STATUS] <= 0 or row[_GEN_BUS] in self._isolated:
                out.append(repr(name))
            elif row[_PMAX] == row[_PMIN] == 0:
                powerless.append(repr(name))
            else:
                self._read_unit(at, name)
        self._draft.note("Units {} are out of service: left out.", out)
        self._draft.note(
            "Units {} give no active power (PMIN = PMAX = 0): left out.", powerless
        )

    def _read_unit(self, at: int, name: str) -> None:
        case = self._case
        row = case.gen[at].tolist()
        cost = _cost(case.gencost[at].tolist())
        if isinstance(cost, str):
            self._draft.faults.append(f"{self._place('gencost', at)}: {cost}.")
            return
        bus = self._bus[row[_GEN_BUS]]
        least, most = (_limit(row[column]) for column in (_PMIN, _PMAX))
        self._draft.add_unit(Unit(name, bus, least, most, cost))

    def name_the_rest(self) -> None:
        """Say what the matrices hold that no order and no network can."""
        case, draft = self._case, self._draft
        n_unit = len(case.gen)
        if case.gencost[:n_unit, _STARTUP : _SHUTDOWN + 1].any():
            draft.note("Costs of start-up and shutdown are left out: every unit runs.")
        if len(case.gencost) > n_unit:
            draft.note("Costs of reactive power are left out: there is none.")
        if case.gen[:, _FIRST_RAMP:20].any():
            draft.note(
                "Ramp rates and capability curves are left out: a clearing knows one "
                "interval and no reactive power."
            )
        for name in case.further:
            effect = _EFFECTS.get(name, "what it says does not hold here")
            draft.note(f"{name!r} is left out: {effect}.")

    def _names(self, matrix: str, defaults: list[str]) -> list[str]:
        """Return the case's own names where each can name one thing."""
        given = self._case.names.get(matrix)
        if given is None:
            return defaults
        fit = fit_names(given)
        if fit is not None and len(fit) == len(defaults):
            return fit
        self._draft.note(
            f"The names of {matrix} are left out, for they do not name each row once."
        )
        return defaults

    def _place(self, matrix: str, row: int) -> str:
        places = self._case.places.get(matrix)
        return f"{matrix}, {places[row] if places else f'row {row}'}"


def _limit(mw: float) -> float:
    """Return a limit, infinite where it is beyond all numbers of cases."""
    return mw if abs(mw) <= MOST_NUMBER else math.copysign(math.inf, mw)


def _angle_limit(row: Sequence[float]) -> float | None:
    """Return the limit on the angle either way, None without one. Degrees."""
    if len(row) <= _ANGMIN + 1:
        return None
    low, high = row[_ANGMIN : _ANGMIN + 2]
    return high if -low == high and 0 < high < _FULL_TURN else None


def _holds_angle(row: Sequence[float]) -> bool:
    """Return whether the angle is limited at all: 0 and 360 degrees mean it is not."""
    limits = row[_ANGMIN : _ANGMIN + 2]
    return any(limit and abs(limit) < _FULL_TURN for limit in limits)


def _cost(row: Sequence[float]) -> Cost | str:
    """Return the cost that a row states, or what is wrong with it."""
    model, n_cost = row[_MODEL], row[_N_COST]
    if model not in (_PIECEWISE, _POLYNOMIAL):
        return f"the cost model is {model:g}, expected 1 (piecewise) or 2 (polynomial)"
    n_there = len(row) - _FIRST_COST
    if model == _PIECEWISE:
        least, most, n_value, kind = 2, n_there // 2, n_cost * 2, "points"
    else:
        least, most, n_value, kind = 1, _MOST_COEFFICIENTS, n_cost, "coefficients"
    if n_cost % 1 or not least <= n_cost <= most or n_value > n_there:
        return (
            f"NCOST is {n_cost:g} with {n_there} numbers behind it, expected {least} "
            f"or more {kind}, and so many of them there"
        )
    values = row[_FIRST_COST : _FIRST_COST + int(n_value)]
    if not all(abs(value) <= MOST_NUMBER for value in values):
        return f"its values are {list(values)}, expected at most {MOST_NUMBER:g}"
    if model == _POLYNOMIAL:
        return PolynomialCost(tuple(reversed(values)))
    at_mw, per_h = values[::2], values[1::2]
    if any(b <= a for a, b in pairwise(at_mw)):
        return f"its points stand at {list(at_mw)} MW, expected rising outputs"
    return PiecewiseCost.through(at_mw, per_h)
