"""A nodal case in the making: parts in MW, unique names, nothing dropped silently."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import count

from gridagora.errors import (
    InputError,
    InvalidCaseError,
    InvalidConfigError,
    listed,
)
from gridagora.interfaces.importers.marginal_costs import N_PIECES, Corners, Cost
from gridagora.types.nodal_case import NodalCase

VALUE_PER_KWH = 10.0
"""What a kWh of firm load is worth unless the caller says. Currency/kWh."""

MOST_NUMBER = 1e15
"""No number of a case is larger; beyond it, sums would lose the others."""

KW_PER_MW = 1000.0
_SHOWN = 8
_DC = (
    "Resistance, line charging, reactive power and voltage limits have no place in DC "
    "power flow: nothing is lost, and a limit in MVA or kA holds active power alone."
)

_Row = tuple[str, str, list[float], list[float]]
"""Participant, bus, quantities in kW and prices in currency/kWh of the corners."""


@dataclass(frozen=True, slots=True)
class Unit:
    """Something that gives power at a cost; what it gives below 0 it takes.

    Attributes:
        name: Its name as a participant.
        bus: Name of its bus.
        least_mw: Least output, ``-inf`` without a limit. MW.
        most_mw: Most output, ``inf`` without a limit. MW.
        cost: Cost of the output.
    """

    name: str
    bus: str
    least_mw: float
    most_mw: float
    cost: Cost


class CaseDraft:
    """Collects the parts of a case, what is wrong with them and what is left out.

    Attributes:
        faults: What makes the case unusable, one sentence each.
        cut: Names of branches that were left out, for the message about islands.

    Args:
        what: The source, for messages: ``case 'case9.m'``.
        value_per_kwh: What a kWh of firm load is worth. Currency/kWh.

    Raises:
        InvalidConfigError: ``value_per_kwh`` is not a finite number.
    """

    def __init__(self, what: str, value_per_kwh: float) -> None:
        if not math.isfinite(value_per_kwh):
            fault = f"it is {value_per_kwh!r}, expected a finite number."
            raise InvalidConfigError("value_per_kwh", [fault])
        self.faults: list[str] = []
        self.cut: list[str] = []
        self._what = what
        self._value = value_per_kwh
        self._notes = [_DC]
        self._bus: list[str] = []
        self._branches: list[tuple[str, str, str, float, float]] = []
        self._firm: list[tuple[str, str, float]] = []
        self._units: list[Unit] = []

    def note(self, sentence: str, about: Sequence[str] | None = None) -> None:
        """Say what is left out; ``{}`` becomes what it is about, if that is anything.

        Args:
            sentence: What, and what that changes.
            about: Names; with an empty list nothing is said.
        """
        if about is None:
            self._notes.append(sentence)
        elif about:
            self._notes.append(sentence.replace("{}", listed(about, _SHOWN)))

    def add_bus(self, name: str) -> None:
        """Add a bus."""
        self._bus.append(name)

    def add_branch(
        self, name: str, ends: tuple[str, str], *, limit_mw: float, reactance_pu: float
    ) -> None:
        """Add a branch between two buses. A limit of ``inf`` is none."""
        self._branches.append((name, *ends, limit_mw, reactance_pu))

    def add_load(self, name: str, bus: str, mw: float) -> None:
        """Add a demand that is served at any price; a negative one is a supply."""
        if mw:
            self._firm.append((name, bus, mw))

    def add_unit(self, unit: Unit) -> None:
        """Add something with a cost."""
        self._units.append(unit)

    def stop_at_faults(self) -> None:
        """Refuse the case if anything is wrong with it so far.

        Raises:
            InvalidCaseError: Every fault found.
        """
        if self.faults:
            raise InvalidCaseError(self._what, list(dict.fromkeys(self.faults)))

    def build(self, reference: str | None) -> NodalCase:
        """Return the case.

        Args:
            reference: Name of the reference bus, or None for the first.

        Raises:
            InvalidCaseError: The parts make no network or no orders; all faults.
        """
        if not self._branches:
            self.faults.append("no branch is in service; a network has at least one.")
        joined = self._check_buses()
        units = self._limited()
        self._check_costs(units)
        self.stop_at_faults()
        offers, bids = self._orders(units)
        self._name_constants(units)
        try:
            return NodalCase.from_tables(
                self._branch_table(),
                _table(offers),
                _table(bids),
                reference=reference if reference in joined else None,
                left_out=tuple(self._notes),
            )
        except InputError as error:
            faults = list(error.faults)
            if self.cut and any("cannot be reached" in fault for fault in faults):
                cut = listed([repr(name) for name in self.cut], _SHOWN)
                faults.append(f"left out, and perhaps missing there: {cut}.")
            raise InvalidCaseError(self._what, faults) from error

    def _check_buses(self) -> set[str]:
        """Return the joined buses; name others, a fault where something stands."""
        joined = {end for _, a, b, *_ in self._branches for end in (a, b)}
        busy = {bus for _, bus, _ in self._firm} | {unit.bus for unit in self._units}
        lonely = [name for name in self._bus if name not in joined]
        self.faults += [
            f"no branch in service joins bus {name!r}; join it or take it out of "
            "service."
            for name in lonely
            if name in busy and self._branches
        ]
        idle = [repr(name) for name in lonely if name not in busy]
        self.note("Buses {} stand alone and empty: left out.", idle)
        return joined

    def _limited(self) -> list[Unit]:
        """Return the units with the most that all others could take or give."""
        finite = [abs(mw) for _, _, mw in self._firm]
        finite += [
            abs(limit)
            for unit in self._units
            for limit in (unit.least_mw, unit.most_mw)
            if math.isfinite(limit)
        ]
        all_mw = math.fsum(finite)
        open_ended = [
            repr(unit.name)
            for unit in self._units
            if math.isinf(unit.least_mw) or math.isinf(unit.most_mw)
        ]
        self.note(
            f"Units {{}} have no limit: {all_mw * KW_PER_MW:g} kW stand for it, all "
            "that the others could take and give together.",
            open_ended,
        )
        return [
            Unit(
                unit.name,
                unit.bus,
                max(unit.least_mw, -all_mw),
                min(unit.most_mw, all_mw),
                unit.cost,
            )
            if math.isinf(unit.least_mw) or math.isinf(unit.most_mw)
            else unit
            for unit in self._units
        ]

    def _check_costs(self, units: Iterable[Unit]) -> None:
        bent = []
        for unit in units:
            fault = unit.cost.fault(unit.least_mw, unit.most_mw)
            if fault:
                self.faults.append(f"unit {unit.name!r}: {fault}.")
                continue
            error = max(unit.cost.error(*span) for span in _spans(unit))
            if error > 0:
                bent.append(f"{unit.name!r} ({error / KW_PER_MW:.3g})")
        self.note(
            f"The marginal cost of units {{}} bends: {N_PIECES} straight pieces stand "
            "for it, off by at most what stands beside each, in currency/kWh.",
            bent,
        )

    def _orders(self, units: Sequence[Unit]) -> tuple[list[_Row], list[_Row]]:
        """Return offers and bids under names of their own."""
        offers: list[_Row] = []
        bids: list[_Row] = []
        for unit in units:
            self._place(unit, offers, bids)
        for name, bus, mw in self._firm:
            rows, price = (bids, self._value) if mw > 0 else (offers, 0.0)
            rows.append((name, bus, [abs(mw) * KW_PER_MW], [price]))
        supply = [repr(name) for name, _, mw in self._firm if mw < 0]
        self.note(
            "Firm supply {} stands as an offer at 0 that is taken at any price.", supply
        )
        rows = [*offers, *bids]
        names = unique_names([row[0] for row in rows])
        rows = [(name, *row[1:]) for name, row in zip(names, rows, strict=True)]
        return rows[: len(offers)], rows[len(offers) :]

    def _place(self, unit: Unit, offers: list[_Row], bids: list[_Row]) -> None:
        both = unit.least_mw < 0 < unit.most_mw
        for low, high in _spans(unit):
            corners = unit.cost.corners(low, high)
            if high > 0:
                offers.append((unit.name, unit.bus, *_in_kw(corners)))
            else:
                name = f"{unit.name} taking" if both else unit.name
                mirrored = [(-mw or 0.0, price) for mw, price in reversed(corners)]
                bids.append((name, unit.bus, *_in_kw(mirrored)))
        if both:
            self.note(
                f"Unit {unit.name!r} both gives and takes: it stands as an offer and "
                f"as a bid of '{unit.name} taking'; at one price both may trade."
            )

    def _name_constants(self, units: Iterable[Unit]) -> None:
        """Name the costs that stay when every unit does as little as it can."""
        costs = [0.0]
        for unit in units:
            line = unit.cost.corners(*_spans(unit)[0])
            nearest, marginal = line[-1] if unit.most_mw <= 0 else line[0]
            costs.append(unit.cost.total(nearest) - nearest * marginal)
        if any(costs):
            self.note(
                f"Costs that no order can hold, {math.fsum(costs):.10g} an hour in all "
                "(constants, and the bend of costs below least outputs), are left out: "
                "dispatch and prices stay."
            )

    def _branch_table(self) -> dict[str, list[object]]:
        names = unique_names([name for name, *_ in self._branches])
        return {
            "branch": list(names),
            "from_bus": [row[1] for row in self._branches],
            "to_bus": [row[2] for row in self._branches],
            "limit_kw": [row[3] * KW_PER_MW for row in self._branches],
            "reactance_pu": [row[4] for row in self._branches],
        }


def _spans(unit: Unit) -> list[tuple[float, float]]:
    """Return the outputs of a unit, those above 0 and those below it apart."""
    if unit.least_mw < 0 < unit.most_mw:
        return [(0.0, unit.most_mw), (unit.least_mw, 0.0)]
    return [(unit.least_mw, unit.most_mw)]


def _in_kw(corners: Corners) -> tuple[list[float], list[float]]:
    quantities = [mw * KW_PER_MW for mw, _ in corners]
    return quantities, [per_mwh / KW_PER_MW for _, per_mwh in corners]


def _table(rows: Sequence[_Row]) -> dict[str, list[object]]:
    columns = ("participant", "bus", "quantity_kw", "price_per_kwh")
    return {name: [row[at] for row in rows] for at, name in enumerate(columns)}


def unique_names(names: Sequence[str]) -> list[str]:
    """Return the names, those that come again with a number behind them.

    Example:
        >>> unique_names(["1-2", "1-2", "2-3"])
        ['1-2', '1-2 (2)', '2-3']
    """
    taken, used = set(names), set[str]()
    unique = []
    for name in names:
        numbers = count(2)
        fresh = name
        while fresh in used or (fresh != name and fresh in taken):
            fresh = f"{name} ({next(numbers)})"
        used.add(fresh)
        unique.append(fresh)
    return unique


def fit_names(names: Sequence[object]) -> list[str] | None:
    """Return names of a case as text if each can name one thing, else None.

    A name is fit when it can be printed, is not blank and stands there once.
    """
    texts = ["" if name is None else str(name).strip() for name in names]
    fit = all(text and text.isprintable() for text in texts)
    return texts if fit and len(set(texts)) == len(texts) else None
