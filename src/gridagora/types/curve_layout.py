"""What tables of curves share while only quantities and prices change."""

from typing import Any, Protocol

import numpy as np

from gridagora.types.arrays import IntArray


class Buses(Protocol):
    """Whatever knows buses by name: a network or a grid."""

    def bus_index(self, name: str) -> int:
        """Return the position of a bus; raise ``UnknownNameError`` for others."""
        ...


class CurveLayout:
    """Whose corners are whose, and where the buses are, found once.

    Attributes:
        owner: Curve of each corner. Shape ``(n_point,)``.

    Args:
        bus: Name of the bus of each curve. Shape ``(n_curve,)``.
        start: First corner of each curve, and the number of corners. Shape
            ``(n_curve + 1,)``.
    """

    def __init__(self, bus: tuple[str, ...], start: IntArray) -> None:
        self.owner: IntArray = np.repeat(np.arange(len(bus)), np.diff(start))
        self._made_of = bus, start
        self._known: tuple[Buses, IntArray] | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        return CurveLayout, self._made_of  # places are found again

    def places(self, buses: Buses) -> IntArray:
        """Return the position of each curve's bus; looked up once for each ``buses``.

        Raises:
            UnknownNameError: A bus is not in ``buses``.
        """
        if self._known is None or self._known[0] is not buses:
            names, _ = self._made_of
            found = np.array([buses.bus_index(name) for name in names], dtype=np.int64)
            self._known = buses, found
        return self._known[1]
