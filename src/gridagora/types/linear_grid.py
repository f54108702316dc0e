"""A grid around one operating point, as straight lines: what a DLMP market takes."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from gridagora.errors import InvalidNetworkError, UnknownNameError
from gridagora.types.arrays import FloatArray, IntArray


@dataclass(frozen=True, slots=True, eq=False)
class Response:
    """Measured quantities, and what one more kW or kvar of demand adds to each.

    Attributes:
        name: What each row measures. Shape ``(n_row,)``.
        value: Its value at the operating point. Shape ``(n_row,)``.
        per_kw: Change per kW of demand at each place. Shape ``(n_row, n_place)``.
        per_kvar: Change per kvar of demand. Shape ``(n_row, n_place)``.
    """

    name: tuple[str, ...]
    value: FloatArray
    per_kw: FloatArray
    per_kvar: FloatArray

    def __post_init__(self) -> None:
        for array in (self.value, self.per_kw, self.per_kvar):
            array.flags.writeable = False

    @property
    def n_row(self) -> int:
        """Number of quantities."""
        return len(self.name)

    def after(self, more_kw: FloatArray, more_kvar: FloatArray) -> FloatArray:
        """Return the values once every place draws that much more.

        Args:
            more_kw: Demand beyond that of the operating point. kW. ``(n_place,)``.
            more_kvar: The same of reactive power. kvar. Shape ``(n_place,)``.

        Returns:
            Shape ``(n_row,)``.
        """
        after: FloatArray = (
            self.value + self.per_kw @ more_kw + self.per_kvar @ more_kvar
        )
        return after


@dataclass(frozen=True, slots=True, eq=False)
class LinearGrid:
    """First-order model of a grid: voltages, flows, currents and losses by place.

    A place is a way to draw power. There are three kinds, in this order:

    * every market bus by its name: power is drawn by the loads there, in the parts by
      which they share it (evenly over the phases where there is no load);
    * ``BUS.supply`` for every bus with generators: power is drawn, when negative
      delivered, by these;
    * the terminals: ``BUS.1`` is phase 1 to ground; ``BUS.1.2`` is between two phases,
      at buses without a path to ground and all over a feeder whose loads are all in
      delta. The load side of a merged regulator and the middle of a line have
      terminals too, whose bus is the market bus that stands for them.

    What is drawn at the source bus does not pass through the feeder: its columns are 0.

    Attributes:
        place: Names, unique. Shape ``(n_place,)``.
        n_bus: How many of them are buses.
        bus: Position of the bus of each place. Shape ``(n_place,)``.
        supply: Place at which an offer at each bus delivers: its ``.supply``, else the
            bus itself. Shape ``(n_bus,)``.
        source: Position of the source bus.
        demand_kw: Power drawn at the operating point; 0 at terminals. kW.
            Shape ``(n_place,)``.
        demand_kvar: The same of reactive power. kvar. Shape ``(n_place,)``.
        kvar_per_kw: What each place draws in reactive power with each kW, the power
            factor of its loads; 0 at ``.supply`` places and terminals.
            Shape ``(n_place,)``.
        voltages: Magnitude at each terminal. pu; between two phases of the base
            between two phases.
        flows: Power into each branch of the market network in its direction, all
            phases together. kW.
        currents: Magnitude in each phase of each line, ``LINE.1``. A.
        loss: One row: losses of the whole grid. kW.
        flow_limit_kw: Rated power of each branch, ``inf`` when unlimited. kW.
        current_limit_a: Ampacity, rows as in ``currents``. A.

    Raises:
        InvalidNetworkError: Columns that do not fit together, or numbers that are not
            finite.
    """

    place: tuple[str, ...]
    n_bus: int
    bus: IntArray
    supply: IntArray
    source: int
    demand_kw: FloatArray
    demand_kvar: FloatArray
    kvar_per_kw: FloatArray
    voltages: Response
    flows: Response
    currents: Response
    loss: Response
    flow_limit_kw: FloatArray
    current_limit_a: FloatArray
    _index: Mapping[str, int] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        faults = _faults(self)
        if faults:
            raise InvalidNetworkError("linear grid", faults)
        for array in (
            self.bus,
            self.supply,
            self.demand_kw,
            self.demand_kvar,
            self.kvar_per_kw,
            self.flow_limit_kw,
            self.current_limit_a,
        ):
            array.flags.writeable = False
        index = {name: at for at, name in enumerate(self.place)}
        object.__setattr__(self, "_index", index)

    @property
    def n_place(self) -> int:
        """Number of places."""
        return len(self.place)

    @property
    def terminals(self) -> IntArray:
        """Positions of the terminals, in the order of ``voltages``."""
        return np.arange(self.n_place - self.voltages.n_row, self.n_place)

    @property
    def own_terminals(self) -> IntArray:
        """Positions of the terminals that are a bus's own, not of what is merged."""
        own = [
            at
            for at in self.terminals.tolist()
            if self.place[at].startswith(f"{self.place[self.bus[at]]}.")
        ]
        return np.array(own, dtype=np.int64)

    def bus_index(self, name: str) -> int:
        """Return the position of a place; a bus is one.

        Raises:
            UnknownNameError: No place has that name.
        """
        if name not in self._index:
            raise UnknownNameError("place", name, self.place)
        return self._index[name]


def _faults(grid: LinearGrid) -> list[str]:
    n_place = len(grid.place)
    faults = []
    if len(set(grid.place)) < n_place:
        faults.append("two places have the same name.")
    responses = {
        "voltages": grid.voltages,
        "flows": grid.flows,
        "currents": grid.currents,
        "loss": grid.loss,
    }
    for name, response in responses.items():
        wide = (len(response.name), n_place)
        if response.per_kw.shape != wide or response.per_kvar.shape != wide:
            faults.append(f"{name} answer to other places than the grid has.")
        elif not all(
            np.isfinite(array).all()
            for array in (response.value, response.per_kw, response.per_kvar)
        ):
            faults.append(f"{name} are not finite.")
    sizes = {
        "bus": (grid.bus, n_place),
        "demand_kw": (grid.demand_kw, n_place),
        "demand_kvar": (grid.demand_kvar, n_place),
        "kvar_per_kw": (grid.kvar_per_kw, n_place),
        "supply": (grid.supply, grid.n_bus),
        "flow_limit_kw": (grid.flow_limit_kw, grid.flows.n_row),
        "current_limit_a": (grid.current_limit_a, grid.currents.n_row),
    }
    faults += [
        f"{name} has the shape {array.shape}, expected ({size},)."
        for name, (array, size) in sizes.items()
        if array.shape != (size,)
    ]
    if not 0 <= grid.source < grid.n_bus:
        faults.append(f"source is {grid.source}, expected 0 to {grid.n_bus - 1}.")
    return faults
