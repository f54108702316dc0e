"""Nodal cases from the case files of MATPOWER."""

from pathlib import Path

import numpy as np

from gridagora.errors import InvalidCaseError, MissingFileError
from gridagora.interfaces.importers.case_draft import VALUE_PER_KWH
from gridagora.interfaces.importers.matpower_text import (
    Assignments,
    Matrix,
    read_assignments,
)
from gridagora.interfaces.importers.power_case import CaseMatrices, nodal_case
from gridagora.types.arrays import FloatArray
from gridagora.types.nodal_case import NodalCase

_MOST_BYTES = 50_000_000
_MATRICES = ("bus", "gen", "branch", "gencost")
_NAMES = {"bus": "bus_name", "gen": "gen_name", "branch": "branch_name"}
_KNOWN = frozenset({"version", "baseMVA", *_MATRICES})
_VERSIONS = ("1", "2")
_FIX = (
    "Nothing is run here: save the case with savecase in MATPOWER, which writes what "
    "was computed, and read that file."
)


def read_matpower(
    path: Path | str, *, value_per_kwh: float = VALUE_PER_KWH
) -> NodalCase:
    """Read a case file of MATPOWER, version 2 or 1.

    The file is read, never run: a file that computes something is refused. Power
    becomes kW and costs become currency/kWh. Units offer at marginal cost, what they
    must give being firm; loads are firm bids; a unit that can only take power is a bid
    at its marginal value. Reactances are multiplied by off-nominal taps, as in DC
    power flow, and equal limits on the angle either way join the limits on power. What
    has no place in the record is named in its ``left_out``.

    Args:
        path: A file ``case9.m``.
        value_per_kwh: What a kWh of firm load is worth. It plays no part in clearing,
            only in the surplus of consumers. Currency/kWh.

    Raises:
        MissingFileError: There is no such file.
        InvalidCaseError: Everything that is wrong with the file.
        InvalidConfigError: ``value_per_kwh`` is not a finite number.

    Source:
        Zimmerman and Murillo-Sanchez, MATPOWER User's Manual, version 7, appendix B.
    """
    path = Path(path)
    what = f"case {path.name!r}"
    read = read_assignments(_text(path, what))
    if read.faults:
        raise InvalidCaseError(what, [*read.faults[:4], _FIX, *read.faults[4:]])
    return nodal_case(_matrices(read, what), what, value_per_kwh=value_per_kwh)


def _text(path: Path, what: str) -> str:
    """Return the text of a file, UTF-8 or else Latin-1, which old files are in."""
    if not path.is_file():
        near = [one.name for one in sorted(path.parent.glob("*.m"))]
        raise MissingFileError("case file", path, near)
    size = path.stat().st_size
    if size > _MOST_BYTES:
        fault = f"it has {size} bytes, expected at most {_MOST_BYTES}."
        raise InvalidCaseError(what, [fault])
    content = path.read_bytes()
    if b"\0" in content:
        raise InvalidCaseError(what, ["it is no text, expected a MATPOWER case."])
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("latin-1")


def _matrices(read: Assignments, what: str) -> CaseMatrices:
    """Return the matrices of a file.

    Raises:
        InvalidCaseError: They are not there, or are something else.
    """
    values, faults = read.values, list[str]()
    base_mva = values.get("baseMVA")
    if not isinstance(base_mva, float):
        faults.append("it does not assign a number to baseMVA.")
    version = values.get("version", _VERSIONS[0])
    if _plain(version) not in _VERSIONS:
        faults.append(f"its version is {_plain(version)!r}, expected '2' or '1'.")
    matrices: dict[str, FloatArray] = {}
    places = {}
    for name in _MATRICES:
        matrix = values.get(name)
        if isinstance(matrix, Matrix):
            matrices[name] = matrix.value
            places[name] = [f"line {line}" for line in matrix.line]
        else:
            faults.append(f"it does not assign a matrix to {name}.")
    if faults or not isinstance(base_mva, float):
        raise InvalidCaseError(what, faults)
    named = {key: values.get(name) for key, name in _NAMES.items()}
    names = {key: texts for key, texts in named.items() if isinstance(texts, tuple)}
    known = _KNOWN | {_NAMES[key] for key in names}
    further = [name for name in values if name not in known and _holds(values[name])]
    return CaseMatrices(
        base_mva=base_mva,
        bus=matrices["bus"],
        gen=matrices["gen"],
        branch=matrices["branch"],
        gencost=matrices["gencost"],
        names=names,
        further=[*further, *read.other],
        places=places,
    )


def _plain(version: object) -> str:
    return f"{version:g}" if isinstance(version, float) else str(version)


def _holds(value: object) -> bool:
    """Return whether a value says anything: an empty matrix or list does not."""
    if isinstance(value, Matrix):
        return bool(np.size(value.value))
    return value not in ((), "")
