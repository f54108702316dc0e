"""Names for the arrays and column tables that floors exchange."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]
ComplexArray = NDArray[np.complex128]

Column = NDArray[np.generic] | Sequence[str] | Sequence[float] | Sequence[int]
Columns = Mapping[str, Column]
"""A table: column name to values, all of one length. ``pandas.DataFrame(columns)``
shows it; floors below ``environment`` never import pandas."""


def frozen(array: NDArray[np.generic]) -> NDArray[np.generic]:
    """Return the array marked read-only, so that a record cannot change later."""
    array.flags.writeable = False
    return array
