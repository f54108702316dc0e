"""How the net demand of a bus is carried by the loads of a case."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from gridagora.errors import InvalidActionError, UnknownNameError
from gridagora.grids.cases.files import MidLineBus
from gridagora.types.actions import GridActions
from gridagora.types.arrays import BoolArray, FloatArray, IntArray

_MOST_REMEMBERED = 4096


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Rows of grid actions, those of all tables together.

    Attributes:
        bus: Position of the bus of each. Shape ``(n_row,)``.
        kw: Power drawn, negative when injected. kW. Shape ``(n_row,)``.
        kvar: Reactive power drawn, NaN where it is not given. kvar. ``(n_row,)``.
    """

    bus: IntArray
    kw: FloatArray
    kvar: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class BusDemand:
    """What rows ask of the loads of the market buses.

    Attributes:
        named: Whether any row names the bus, for its loads or not: then its loads draw
            what rows ask of them and nothing else. Shape ``(n_bus,)``.
        kw: Power drawn, negative when injected. kW. Shape ``(n_bus,)``.
        given: Whether some row gives the loads reactive power. Shape ``(n_bus,)``.
        kvar: Sum of the reactive power given. kvar. Shape ``(n_bus,)``.
        following_kw: Part of ``kw`` whose reactive power follows the power factor of
            the bus's loads. kW. Shape ``(n_bus,)``.
    """

    named: BoolArray
    kw: FloatArray
    given: BoolArray
    kvar: FloatArray
    following_kw: FloatArray

    @classmethod
    def of(cls, rows: Rows, n_bus: int, elsewhere: BoolArray) -> "BusDemand":
        """Add rows up by bus.

        Args:
            rows: All of them.
            n_bus: Number of buses.
            elsewhere: Rows that loads do not carry. Shape ``(n_row,)``.
        """
        free = np.isnan(rows.kvar)
        kw = np.where(elsewhere, 0.0, rows.kw)
        kvar = np.where(elsewhere | free, 0.0, rows.kvar)
        return cls(
            named=np.bincount(rows.bus, minlength=n_bus) > 0,
            kw=by_bus(rows.bus, kw, n_bus),
            given=np.bincount(rows.bus, ~free & ~elsewhere, n_bus) > 0,
            kvar=by_bus(rows.bus, kvar, n_bus),
            following_kw=by_bus(rows.bus, np.where(free, kw, 0.0), n_bus),
        )


@dataclass(slots=True)
class BusRegister:
    """The market buses by name.

    Attributes:
        bus: Names of the market buses. Shape ``(n_bus,)``.
        alias: Further names, e.g. the load side of a regulator, and their bus.
    """

    bus: tuple[str, ...]
    alias: Mapping[str, str]
    _index: dict[str, int] = field(init=False)
    _remembered: dict[int, tuple[tuple[str, ...], IntArray]] = field(init=False)

    def __post_init__(self) -> None:
        place = {name: at for at, name in enumerate(self.bus)}
        self._index = {
            name: place[bus] for name, bus in self.alias.items() if bus in place
        } | place
        self._remembered = {}

    def index(self, name: str) -> int:
        """Return the position of a bus, whatever the case of its letters.

        Raises:
            UnknownNameError: The feeder has no such bus.
        """
        at = self._index.get(name.lower())
        if at is None:
            raise UnknownNameError("bus", name, self.bus)
        return at

    def indices(self, names: tuple[str, ...]) -> IntArray:
        """Return the positions of many buses; the same tuple is looked up once.

        Raises:
            InvalidActionError: Names that the feeder does not have, all of them.
        """
        known = self._remembered.get(id(names))
        if known is not None and known[0] is names:
            return known[1]
        faults = []
        found = np.zeros(len(names), dtype=np.int64)
        for row, name in enumerate(names):
            try:
                found[row] = self.index(name)
            except UnknownNameError as error:
                faults.append(f"row {row}: {error.message}")
        if faults:
            what = "grid actions"
            raise InvalidActionError(what, faults)
        if len(self._remembered) >= _MOST_REMEMBERED:
            self._remembered.clear()
        self._remembered[id(names)] = (names, found)
        return found

    def rows(self, tables: Sequence[GridActions]) -> Rows:
        """Put the rows of all tables together.

        Raises:
            InvalidActionError: A row names a bus that the feeder does not have.
        """
        nothing = np.zeros(0)
        return Rows(
            bus=np.concatenate(
                [nothing.astype(np.int64), *(self.indices(t.bus) for t in tables)]
            ),
            kw=np.concatenate([nothing, *(t.net_demand_kw for t in tables)]),
            kvar=np.concatenate([nothing, *(t.net_demand_kvar for t in tables)]),
        )


@dataclass(frozen=True, slots=True, eq=False)
class LoadShares:
    """Which loads carry the demand of which bus, and in what parts.

    A load in the middle of a line belongs to both ends; any other load to one bus. What
    a bus draws beyond its nominal demand is split over its loads in proportion to
    their nominal power, so that a load draws its nominal power times the bus's demand
    over the bus's nominal demand, summed over its buses by ownership.

    Attributes:
        bus: First and second bus of each load, equal unless it is mid-line.
            Shape ``(2, n_load)``.
        owned: Part of the load that belongs to each. Shape ``(2, n_load)``.
        kw_part: Part of a change in those buses' kW that the load carries.
            Shape ``(2, n_load)``.
        kvar_part: The same of given kvar. Shape ``(2, n_load)``.
        load_kw: Nominal power of each load. kW. Shape ``(n_load,)``.
        load_kvar: Nominal reactive power of each load. kvar. Shape ``(n_load,)``.
        kvar_per_kw: Ratio at the load's own power factor. Shape ``(n_load,)``.
        nominal_kw: Nominal demand of each bus. kW. Shape ``(n_bus,)``.
        nominal_kvar: Nominal reactive demand of each bus. kvar. Shape ``(n_bus,)``.
        has_load: Which buses have a load. Shape ``(n_bus,)``.
    """

    bus: IntArray
    owned: FloatArray
    kw_part: FloatArray
    kvar_part: FloatArray
    load_kw: FloatArray
    load_kvar: FloatArray
    kvar_per_kw: FloatArray
    nominal_kw: FloatArray
    nominal_kvar: FloatArray
    has_load: BoolArray

    @classmethod
    def of(
        cls,
        register: BusRegister,
        load_bus: Sequence[str],
        mid_line: Sequence[MidLineBus],
        *,
        load_kw: FloatArray,
        load_kvar: FloatArray,
    ) -> "LoadShares":
        """Work out the shares from where the loads stand and what they draw."""
        n_bus = len(register.bus)
        bus, owned = _ownership(register, load_bus, mid_line)
        has_load = np.zeros(n_bus, dtype=np.bool_)
        has_load[bus[owned > 0]] = True
        draws = load_kw != 0
        return cls(
            bus=bus,
            owned=owned,
            kw_part=_parts(bus, owned, [load_kw], n_bus),
            kvar_part=_parts(bus, owned, [load_kvar, load_kw], n_bus),
            load_kw=load_kw,
            load_kvar=load_kvar,
            kvar_per_kw=np.where(draws, load_kvar / np.where(draws, load_kw, 1.0), 0.0),
            nominal_kw=by_bus(bus, owned * load_kw, n_bus),
            nominal_kvar=by_bus(bus, owned * load_kvar, n_bus),
            has_load=has_load,
        )

    def carried_kw(self, demand: BusDemand) -> FloatArray:
        """Return what every load draws for each of its buses. kW, ``(2, n_load)``."""
        change = np.where(demand.named, demand.kw - self.nominal_kw, 0.0)
        carried: FloatArray = (
            self.owned * self.load_kw + self.kw_part * change[self.bus]
        )
        return carried

    def carried_kvar(self, demand: BusDemand) -> FloatArray:
        """Return the reactive power that every load draws. kvar, ``(n_load,)``."""
        following = np.where(
            demand.given,
            demand.following_kw,
            np.where(demand.named, demand.kw - self.nominal_kw, 0.0),
        )
        given = np.where(demand.given, demand.kvar - self.nominal_kvar, 0.0)
        at_factor = (self.kw_part * following[self.bus]).sum(axis=0) * self.kvar_per_kw
        as_given = (self.kvar_part * given[self.bus]).sum(axis=0)
        drawn: FloatArray = self.load_kvar + at_factor + as_given
        return drawn


def by_bus(bus: IntArray, values: FloatArray, n_bus: int) -> FloatArray:
    """Add values up by bus. Shape ``(n_bus,)``."""
    sums = np.bincount(bus.ravel(), values.ravel(), n_bus)
    return np.asarray(sums, dtype=np.float64)  # whole numbers when nothing is added


def _ownership(
    register: BusRegister, load_bus: Sequence[str], mid_line: Sequence[MidLineBus]
) -> tuple[IntArray, FloatArray]:
    middles = {middle.bus: middle for middle in mid_line}
    bus = np.zeros((2, len(load_bus)), dtype=np.int64)
    owned = np.zeros((2, len(load_bus)))
    for load, name in enumerate(load_bus):
        middle = middles.get(name)
        if middle is None:
            bus[:, load] = register.index(name)
            owned[0, load] = 1.0
        else:
            bus[0, load] = register.index(middle.from_bus)
            bus[1, load] = register.index(middle.to_bus)
            owned[:, load] = middle.share_from, 1.0 - middle.share_from
    return bus, owned


def _parts(
    bus: IntArray, owned: FloatArray, sizes: Sequence[FloatArray], n_bus: int
) -> FloatArray:
    """Return each load's part of its buses, by the first size that is not all zero.

    A bus whose loads are zero in every size splits evenly.
    """
    part = np.zeros_like(owned)
    waiting = np.ones(n_bus, dtype=np.bool_)
    for size in (*(np.abs(given) for given in sizes), np.ones(owned.shape[1])):
        weight = owned * size
        total = by_bus(bus, weight, n_bus)
        ready = waiting & (total > 0)
        part = np.where(ready[bus], weight / np.where(ready, total, 1.0)[bus], part)
        waiting &= ~ready
    return part
