"""Costs of pandapower's units, from its two tables of them."""

from itertools import pairwise
from typing import Any

from gridagora.interfaces.importers.case_draft import MOST_NUMBER, CaseDraft
from gridagora.interfaces.importers.marginal_costs import (
    Cost,
    PiecewiseCost,
    PolynomialCost,
)
from gridagora.interfaces.importers.pandapower_json import Row, Tables

_POLYNOMIAL = ("cp0_eur", "cp1_eur_per_mw", "cp2_eur_per_mw2")
_REACTIVE = ("cq0_eur", "cq1_eur_per_mvar", "cq2_eur_per_mvar2")
_FREE = PolynomialCost((0.0,))


class Costs:
    """The costs of a file, each handed out to the element that it belongs to."""

    def __init__(self, tables: Tables, draft: CaseDraft) -> None:
        self._draft = draft
        self._rows: dict[str, Row] = {}
        self._taken: set[str] = set()
        self._firm: list[str] = []
        self._free: list[str] = []
        reactive = []
        for row in [*tables.rows("poly_cost"), *tables.rows("pwl_cost")]:
            if row.cells.get("power_type") == "q":
                reactive.append(row.label)
                continue
            if any(row.number(name, 0.0) for name in _REACTIVE):
                reactive.append(row.label)
            label = f"{row.cells.get('et')} {row.number('element'):.0f}"
            if label in self._rows:
                draft.faults.append(f"{label} has two costs, expected one.")
            self._rows[label] = row
        draft.note("Costs of reactive power ({}) are left out.", reactive)

    def pass_over(self, row: Row) -> None:
        """Note that an element is firm, whatever cost it has."""
        if row.label in self._rows:
            self._taken.add(row.label)
            self._firm.append(row.label)

    def of(self, row: Row) -> Cost:
        """Return the cost of what an element gives; nothing where none is stated."""
        stated = self._rows.get(row.label)
        if stated is None:
            self._free.append(row.label)
            return _FREE
        self._taken.add(row.label)
        takes = row.table == "load"
        if stated.table == "pwl_cost":
            return self._piecewise(row, stated, takes=takes)
        constant, linear, quadratic = (stated.number(one, 0.0) for one in _POLYNOMIAL)
        if takes and quadratic:
            self._draft.faults.append(
                f"{row.label}: its quadratic cost has no one sign in pandapower; state "
                "a linear cost."
            )
        return PolynomialCost((constant, -linear if takes else linear, quadratic))

    def _piecewise(self, row: Row, stated: Row, *, takes: bool) -> Cost:
        points = stated.cells.get("points")
        pieces = _pieces(points)
        if takes:
            self._draft.faults.append(
                f"{row.label}: its piecewise cost has no one sign in pandapower; state "
                "a linear cost."
            )
        if pieces is None:
            self._draft.faults.append(
                f"{stated.label}: points are {str(points)[:60]!r}, expected [[from MW, "
                "to MW, currency/MWh], ...], each from where the last ends."
            )
        if takes or pieces is None:
            return _FREE
        at_mw = [piece[0] for piece in pieces] + [pieces[-1][1]]
        slopes = tuple(piece[2] for piece in pieces)
        return PiecewiseCost(tuple(at_mw), slopes, at_mw[0] * slopes[0])

    def name_unused(self) -> None:
        """Say which costs belong to nothing, and what has none."""
        self._draft.note("No cost is stated for {}: 0 stands for it.", self._free)
        self._draft.note(
            "The costs of {} are left out: what is not controllable is firm.",
            self._firm,
        )
        unused = sorted(set(self._rows) - self._taken)
        self._draft.note("Costs of {} are left out, as what they are of is.", unused)


def _pieces(points: Any) -> list[tuple[float, float, float]] | None:
    """Return pieces that join, or None."""
    if not isinstance(points, list) or not points:
        return None
    pieces = []
    for piece in points:
        if not isinstance(piece, list) or len(piece) != 3:
            return None
        if not all(isinstance(n, int | float) and abs(n) <= MOST_NUMBER for n in piece):
            return None
        low, high, slope = map(float, piece)
        if not low < high:
            return None
        pieces.append((low, high, slope))
    joined = all(before[1] == after[0] for before, after in pairwise(pieces))
    return pieces if joined else None
