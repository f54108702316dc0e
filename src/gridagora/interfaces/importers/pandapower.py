"""Nodal cases from the files of pandapower."""

import math
from collections.abc import Sequence
from pathlib import Path

from gridagora.errors import listed
from gridagora.interfaces.importers.case_draft import (
    VALUE_PER_KWH,
    CaseDraft,
    Unit,
    fit_names,
)
from gridagora.interfaces.importers.pandapower_branches import (
    impedance_reactance,
    line_values,
    transformer_values,
)
from gridagora.interfaces.importers.pandapower_costs import Costs
from gridagora.interfaces.importers.pandapower_json import Row, Tables, read_tables
from gridagora.types.nodal_case import NodalCase

_READ = frozenset(
    {
        *("bus", "line", "trafo", "impedance", "switch"),
        *("load", "gen", "sgen", "ext_grid", "poly_cost", "pwl_cost"),
    }
)
_SILENT = frozenset(  # what says nothing about the network as it stands
    {
        *("bus_geodata", "line_geodata", "measurement", "controller", "group"),
        *("characteristic", "q_capability_curve_table", "q_capability_characteristic"),
        *("trafo_characteristic_table", "shunt_characteristic_table", "dtypes"),
    }
)
_EFFECTS = {
    "dcline": "the power that DC lines move is missing at their ends",
    "storage": "a clearing knows one interval; what storage takes or gives is missing",
    "shunt": "the active power that shunts draw is missing",
    "ward": "the active power of the equivalents is missing",
    "xward": "the active power of the equivalents is missing",
    "motor": "the active power of the motors is missing",
    "trafo3w": "what transformers of three windings join stays apart without them",
    "asymmetric_load": "the active power of these loads is missing",
    "asymmetric_sgen": "the active power of these units is missing",
}
_END_OF = {"l": "line", "t": "trafo", "t3": "trafo3w"}


def read_pandapower(
    path: Path | str,
    *,
    value_per_kwh: float = VALUE_PER_KWH,
    loading_percent: float | None = None,
) -> NodalCase:
    """Read a network that pandapower's ``to_json`` wrote, version 2 or newer.

    pandapower is not needed. Elements mean what they mean in its DC optimal power
    flow: units give between their limits at the cost of ``poly_cost`` or ``pwl_cost``,
    at no cost where there is none; what is not controllable is firm; lines and
    transformers are limited by ``max_loading_percent``. Closed switches between buses
    make one bus of them, open switches take their line or transformer out. What has no
    place in the record is named in its ``left_out``.

    Args:
        path: A file ``net.json``.
        value_per_kwh: What a kWh of firm load is worth. It plays no part in clearing,
            only in the surplus of consumers. Currency/kWh.
        loading_percent: Limit of lines and transformers that state no
            ``max_loading_percent``; without one, as in pandapower, they have no limit.

    Raises:
        MissingFileError: There is no such file.
        InvalidCaseError: Everything that is wrong with the file.
        InvalidConfigError: ``value_per_kwh`` is not a finite number.

    Source:
        pandapower documentation: elements, file I/O, optimal power flow.
    """
    path = Path(path)
    tables = read_tables(path)
    draft = CaseDraft(f"case {path.name!r}", value_per_kwh)
    draft.faults = tables.faults
    draft.stop_at_faults()
    reading = _Reading(tables, draft, loading_percent)
    reading.read_buses()
    reading.read_branches()
    reading.read_units()
    reading.name_the_rest()
    return draft.build(reading.reference)


class _Reading:
    """One walk through the tables."""

    def __init__(
        self, tables: Tables, draft: CaseDraft, loading_percent: float | None
    ) -> None:
        self._tables = tables
        self._draft = draft
        self._loading = loading_percent
        self._costs = Costs(tables, draft)
        self._bus: dict[int, str] = {}  # name by index, of buses in service
        self._kv: dict[int, float] = {}
        self._known: set[int] = set()
        self._out: list[str] = []
        self.reference: str | None = None

    def read_buses(self) -> None:
        """Take the buses in service, one for all that closed switches join."""
        rows = self._tables.rows("bus")
        self._known = {row.index for row in rows}
        names = fit_names([row.cells.get("name") for row in rows])
        if names is None:
            names = [str(row.index) for row in rows]
            if any(row.has("name") for row in rows):
                self._draft.note(
                    "The names of buses are left out, for they do not name each bus "
                    "once: buses are called by their index."
                )
        own = {row.index: name for row, name in zip(rows, names, strict=True)}
        served = [row for row in rows if row.in_service]
        joined = self._joined({row.index for row in served})
        merged = []
        for row in served:
            self._kv[row.index] = row.positive("vn_kv")
            first = joined[row.index]
            self._bus[row.index] = own[first]
            if first == row.index:
                self._draft.add_bus(own[first])
            else:
                merged.append(f"{own[row.index]!r} (of {own[first]!r})")
        self._draft.note(
            "Buses {} are joined to another by closed switches: they stand as one bus.",
            merged,
        )
        out = [repr(own[row.index]) for row in rows if not row.in_service]
        self._draft.note(
            "Buses {} are out of service: left out with all that stands there.", out
        )

    def _joined(self, served: set[int]) -> dict[int, int]:
        """Return for each bus the one that stands for it, the least index."""
        first = {index: index for index in served}

        def root(index: int) -> int:
            while first[index] != index:
                index = first[index]
            return index

        resisting = []
        for row in self._tables.rows("switch"):
            if row.cells.get("et") != "b" or not row.flag("closed", default=True):
                continue
            ends = [self._index(row, column) for column in ("bus", "element")]
            if not set(ends) <= served:
                continue
            if row.number("z_ohm", 0.0) > 0:
                resisting.append(row.label)
            low, high = sorted(root(end) for end in ends)
            first[high] = low
        self._draft.note("The impedance of {} is left out.", resisting)
        return {index: root(index) for index in served}

    def _index(self, row: Row, column: str) -> int:
        """Return the index of a bus that a row refers to, -1 where there is none."""
        value = row.cells.get(column)
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not is_number or value not in self._known:
            self._draft.faults.append(
                f"{row.label}: {column} is {value!r}, expected the index of a bus."
            )
            return -1
        return int(value)

    def _served(self, row: Row, *columns: str) -> list[int] | None:
        """Return the buses of a row; None, and its name noted, if it is out."""
        buses = [self._index(row, column) for column in columns]
        if -1 in buses:
            return None
        if not row.in_service or any(bus not in self._bus for bus in buses):
            self._out.append(row.label)
            return None
        return buses

    def read_branches(self) -> None:
        """Take lines, transformers and impedances in service."""
        opened = self._opened()
        unlimited: list[str] = []
        ends = ("from_bus", "to_bus")
        for table, columns in (
            ("line", ends),
            ("trafo", ("hv_bus", "lv_bus")),
            ("impedance", ends),
        ):
            for row in self._tables.rows(table):
                if row.label in opened:
                    self._draft.cut.append(row.label)
                    continue
                buses = self._served(row, *columns)
                if buses is None:
                    self._draft.cut.append(row.label)
                    continue
                self._read_branch(row, buses, unlimited)
        self._draft.note("Open switches take {} out: left out.", sorted(opened))
        self._draft.note(
            "No max_loading_percent is stated for {}: no limit holds there.", unlimited
        )

    def _opened(self) -> set[str]:
        """Return the labels of lines and transformers that a switch takes out."""
        opened = set()
        for row in self._tables.rows("switch"):
            table = _END_OF.get(str(row.cells.get("et")))
            if table is not None and not row.flag("closed", default=True):
                opened.add(f"{table} {row.number('element'):.0f}")
        return opened

    def _read_branch(self, row: Row, buses: list[int], unlimited: list[str]) -> None:
        kv = [self._kv[bus] for bus in buses]
        sn_mva = self._tables.sn_mva
        start, end = (self._bus[bus] for bus in buses)
        if start == end:
            self._draft.note(f"{row.label} joins a bus to itself: left out.")
            return
        rating_mva = math.inf
        if row.table == "line":
            reactance, rating_mva = line_values(row, kv[0], sn_mva)
        elif row.table == "trafo":
            reactance, rating_mva = transformer_values(row, kv, sn_mva, self._draft)
        else:
            reactance = impedance_reactance(row, sn_mva, self._draft)
        limit_mw = self._limit_mw(row, rating_mva, unlimited)
        if reactance <= 0 or limit_mw < 0:  # what is not a number is named already
            self._draft.faults.append(
                f"{row.label}: its reactance is {reactance:g} pu and its limit "
                f"{limit_mw:g} MW, expected > 0 and >= 0."
            )
            return
        name = row.name if row.name != row.label else f"{start}-{end}"
        self._draft.add_branch(
            name, (start, end), limit_mw=limit_mw, reactance_pu=reactance
        )

    def _limit_mw(self, row: Row, rating_mva: float, unlimited: list[str]) -> float:
        if row.table == "impedance":
            return math.inf
        if not row.has("max_loading_percent") and self._loading is None:
            unlimited.append(row.label)
            return math.inf
        return row.number("max_loading_percent", self._loading) / 100 * rating_mva

    def read_units(self) -> None:
        """Take loads and units in service."""
        for table, sign, controllable in (
            ("load", -1.0, False),
            ("gen", 1.0, True),
            ("sgen", 1.0, False),
        ):
            for row in self._tables.rows(table):
                if buses := self._served(row, "bus"):
                    name = self._bus[buses[0]]
                    if row.flag("slack", default=False):
                        self.reference = self.reference or name
                    if row.flag("controllable", default=controllable):
                        self._add(row, name, sign=sign)
                    else:
                        self._add_firm(row, name, sign=sign)
        self._read_external_grids()
        self._draft.note(
            "Out of service, or at a bus that is: {} are left out.", self._out
        )
        self._costs.name_unused()

    def _read_external_grids(self) -> None:
        first = True
        for row in self._tables.rows("ext_grid"):
            if buses := self._served(row, "bus"):
                name = self._bus[buses[0]]
                if first:
                    self.reference = name
                first = False
                self._add(row, name, sign=1.0, unlimited=math.inf)

    def _add_firm(self, row: Row, bus: str, *, sign: float) -> None:
        mw = row.number("p_mw") * row.number("scaling", 1.0)
        if not math.isnan(mw):
            self._draft.add_load(row.name, bus, -sign * mw)
        self._costs.pass_over(row)

    def _add(
        self, row: Row, bus: str, *, sign: float, unlimited: float | None = None
    ) -> None:
        """Add what gives between two limits, or takes with a negative sign.

        Without limits it is a fault, or the number is taken that is given for none.
        """
        least = row.number("min_p_mw", None if unlimited is None else -unlimited)
        most = row.number("max_p_mw", unlimited)
        if math.isnan(least) or math.isnan(most):
            return
        if least > most:
            self._draft.faults.append(
                f"{row.label}: min_p_mw is {least:g} and max_p_mw {most:g}, expected "
                "min_p_mw <= max_p_mw."
            )
        elif least == most == 0:
            self._draft.note(f"{row.label} gives and takes no active power: left out.")
        else:
            low, high = sorted((sign * least, sign * most))
            self._draft.add_unit(Unit(row.name, bus, low, high, self._costs.of(row)))

    def name_the_rest(self) -> None:
        """Say which tables have no place here."""
        for name in self._tables.names():
            harmless = name in _SILENT or name.startswith(("res_", "_"))
            if name in _READ or harmless:
                continue
            rows = [row for row in self._tables.rows(name) if row.in_service]
            if rows:
                self._draft.cut += [row.label for row in rows if name == "trafo3w"]
                effect = _EFFECTS.get(name, "what it says does not hold here")
                shown = _at_buses(rows)
                self._draft.note(f"Table {name!r} is left out{shown}: {effect}.")


def _at_buses(rows: Sequence[Row]) -> str:
    """Return the active power of rows where they state any."""
    columns = ("p_mw", "ps_mw", "pn_mech_mw")
    column = next((one for one in columns if rows[0].has(one)), None)
    labels = listed([row.label for row in rows], 8)
    if column is None:
        return f" ({labels})"
    mw = math.fsum(row.number(column, 0.0) for row in rows)
    return f" ({labels}; {column} {mw:g} in all)"
