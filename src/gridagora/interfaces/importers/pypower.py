"""Nodal cases from the dictionaries of PYPOWER."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from gridagora.errors import InvalidCaseError
from gridagora.interfaces.importers.case_draft import VALUE_PER_KWH
from gridagora.interfaces.importers.power_case import CaseMatrices, nodal_case
from gridagora.types.arrays import FloatArray
from gridagora.types.nodal_case import NodalCase

_MATRICES = ("bus", "gen", "branch", "gencost")
_KNOWN = frozenset({"baseMVA", "version", *_MATRICES})


def pypower_case(
    case: Mapping[str, Any], *, value_per_kwh: float = VALUE_PER_KWH
) -> NodalCase:
    """Turn a PYPOWER case into a nodal case.

    The rules are those of ``read_matpower``.

    Args:
        case: What ``pypower.case30.case30()`` and the like return: ``baseMVA`` and the
            matrices ``bus``, ``gen``, ``branch``, ``gencost``. It is not changed.
        value_per_kwh: What a kWh of firm load is worth. Currency/kWh.

    Raises:
        InvalidCaseError: Everything that is wrong with the case.
        InvalidConfigError: ``value_per_kwh`` is not a finite number.

    Example:
        >>> bus = [[1, 3, 0, *[0] * 10], [2, 1, 50, *[0] * 10]]
        >>> case = pypower_case(
        ...     {
        ...         "baseMVA": 100.0,
        ...         "bus": bus,
        ...         "gen": [[1, 0, 0, 0, 0, 1, 100, 1, 80, 0]],
        ...         "branch": [[1, 2, 0, 0.1, 0, 60, 0, 0, 0, 0, 1]],
        ...         "gencost": [[2, 0, 0, 3, 0.1, 20, 0]],
        ...     }
        ... )
        >>> case.generators()["quantity_kw"], case.generators()["price_per_kwh"]
        ([[0.0, 80000.0]], [[0.02, 0.036]])
    """
    what = "PYPOWER case"
    missing = [name for name in ("baseMVA", *_MATRICES) if name not in case]
    faults = [f"{name!r} is missing." for name in missing]
    matrices: dict[str, FloatArray] = {}
    for name in _MATRICES:
        if name in case:
            matrix = _matrix(case[name])
            if matrix is None:
                faults.append(f"{name!r} is no matrix of numbers.")
            else:
                matrices[name] = matrix
    base_mva = np.asarray(case.get("baseMVA", 1.0))
    if base_mva.size != 1 or base_mva.dtype.kind not in "iuf":
        faults.append(f"'baseMVA' is {case['baseMVA']!r}, expected a number.")
    if faults:
        raise InvalidCaseError(what, faults)
    return nodal_case(
        CaseMatrices(
            base_mva=float(base_mva.item()),
            further=[
                str(name)
                for name, value in case.items()
                if name not in _KNOWN and np.size(value)
            ],
            bus=matrices["bus"],
            gen=matrices["gen"],
            branch=matrices["branch"],
            gencost=matrices["gencost"],
        ),
        what,
        value_per_kwh=value_per_kwh,
    )


def _matrix(value: Any) -> FloatArray | None:
    """Return a copy as numbers, or None where it is no matrix of them."""
    try:
        matrix = np.array(value, dtype=np.float64)
    except (TypeError, ValueError):
        return None
    return matrix if matrix.ndim == 2 else None
