"""Names for the arrays and column tables that floors exchange."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

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


class Table(Protocol):
    """A table that a user gives: a mapping of columns, or a ``pandas.DataFrame``."""

    def __getitem__(self, column: str, /) -> Any:
        """Return a column."""
        ...

    def __contains__(self, column: object, /) -> bool:
        """Return whether there is such a column."""
        ...

    def __iter__(self) -> Iterator[Any]:
        """Go through the names of the columns."""
        ...
