"""Orders of a market: price curves in kW, one by one and as columns."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, pairwise
from operator import is_
from typing import Self

import numpy as np

from gridagora.errors import InvalidOrderError
from gridagora.types.arrays import BoolArray, FloatArray, IntArray
from gridagora.types.curve_layout import Buses
from gridagora.types.order_checks import (
    check_quadruple,
    column_faults,
    curve_faults,
    is_sound,
    shape_faults,
)


@dataclass(frozen=True, slots=True)
class Curve:
    """Quantity against price, as corner points joined by straight pieces.

    The quantity stays in [first, last] at every price: the first quantity is firm,
    taken or delivered whatever the price. A piece may be vertical (one quantity over
    a range of prices) or horizontal (one price over a range of quantities). A single
    point is a firm quantity with a price that only measures its surplus.

    Attributes:
        quantity_kw: Quantities of the corners, never falling, >= 0. kW.
        price_per_kwh: Prices of the corners: never rising in a bid, never falling in
            an offer. May be negative. Currency/kWh.
    """

    quantity_kw: tuple[float, ...]
    price_per_kwh: tuple[float, ...]

    def __post_init__(self) -> None:
        faults = list(curve_faults(self.quantity_kw, self.price_per_kwh))
        if faults:
            raise InvalidOrderError("curve", faults)


@dataclass(frozen=True, slots=True)
class Bid:
    """A wish to take power at a bus, more of it the cheaper it is.

    Attributes:
        participant: Who pays.
        bus: Name of the bus where the power is taken.
        curve: Prices never rising with quantity.
    """

    participant: str
    bus: str
    curve: Curve

    def __post_init__(self) -> None:
        _check_direction(self, rising=False)

    @classmethod
    def affine(
        cls,
        participant: str,
        bus: str,
        *,
        p_max: float,
        p_min: float,
        q_max: float,
        q_min: float = 0.0,
    ) -> Self:
        """Return the demand line of the paper from its four numbers.

        The price falls from ``p_max`` at ``q_min`` to ``p_min`` at ``q_max``.
        ``q_min`` is firm. ``q_min = q_max`` is inelastic demand, a limit that eq. (5)
        leaves out.

        Raises:
            InvalidOrderError: A number is not finite, a quantity is negative, or a
                maximum is below its minimum.

        Source:
            El Helou et al., OpenGridGym, eqs. (3) to (5).
        """
        check_quadruple(f"bid of {participant!r}", p_max, p_min, q_max, q_min)
        return cls(participant, bus, Curve((q_min, q_max), (p_max, p_min)))


@dataclass(frozen=True, slots=True)
class Offer:
    """A wish to deliver power at a bus, more of it the dearer it is.

    Attributes:
        participant: Who is paid.
        bus: Name of the bus where the power is delivered.
        curve: Prices never falling with quantity.
    """

    participant: str
    bus: str
    curve: Curve

    def __post_init__(self) -> None:
        _check_direction(self, rising=True)

    @classmethod
    def affine(
        cls,
        participant: str,
        bus: str,
        *,
        p_max: float,
        p_min: float,
        q_max: float,
        q_min: float = 0.0,
    ) -> Self:
        """Return the supply line of the paper from its four numbers.

        The price rises from ``p_min`` at ``q_min`` to ``p_max`` at ``q_max``.
        ``p_min = p_max`` is a fixed price.

        Raises:
            InvalidOrderError: A number is not finite, a quantity is negative, or a
                maximum is below its minimum.

        Source:
            El Helou et al., OpenGridGym, eqs. (2), (4) and (5).
        """
        check_quadruple(f"offer of {participant!r}", p_max, p_min, q_max, q_min)
        return cls(participant, bus, Curve((q_min, q_max), (p_min, p_max)))


@dataclass(frozen=True, slots=True, eq=False)
class CurveColumns:
    """Many bids and offers as columns, the form in which markets clear them.

    Attributes:
        participant: Who sent each order. Shape ``(n_order,)``.
        bus: Index of each order's bus in the network. Shape ``(n_order,)``.
        is_bid: True for a bid, False for an offer. Shape ``(n_order,)``.
        start: Corner points of order ``k`` are ``start[k]`` to ``start[k + 1] - 1``.
            Shape ``(n_order + 1,)``.
        quantity_kw: Quantities of all corners. kW. Shape ``(n_point,)``.
        price_per_kwh: Prices of all corners. Currency/kWh. Shape ``(n_point,)``.

    Raises:
        InvalidOrderError: Columns of unequal length, or curves that are not finite,
            negative in quantity or not monotone; every order at fault is named.
    """

    participant: tuple[str, ...]
    bus: IntArray
    is_bid: BoolArray
    start: IntArray
    quantity_kw: FloatArray
    price_per_kwh: FloatArray

    def __post_init__(self) -> None:
        if not is_sound(self):
            faults = shape_faults(self) or column_faults(self)
            if faults:
                raise InvalidOrderError("orders", faults)
        for array in (
            self.bus,
            self.is_bid,
            self.start,
            self.quantity_kw,
            self.price_per_kwh,
        ):
            array.flags.writeable = False

    @classmethod
    def of(cls, orders: Sequence[Bid | Offer], buses: Buses) -> "CurveColumns":
        """Turn bids and offers into columns.

        Args:
            orders: Any number, in any order, also none.
            buses: The network whose positions the ``bus`` column will hold.

        Raises:
            UnknownNameError: An order names a bus that is not in ``buses``.
        """
        sizes = [len(order.curve.quantity_kw) for order in orders]
        points = [order.curve for order in orders]
        return cls(
            participant=tuple(order.participant for order in orders),
            bus=np.array([buses.bus_index(o.bus) for o in orders], dtype=np.int64),
            is_bid=np.array([isinstance(o, Bid) for o in orders], dtype=np.bool_),
            start=np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
            quantity_kw=np.array(
                [q for curve in points for q in curve.quantity_kw], dtype=np.float64
            ),
            price_per_kwh=np.array(
                [p for curve in points for p in curve.price_per_kwh], dtype=np.float64
            ),
        )

    @classmethod
    def affine(  # noqa: PLR0913  (the paper's quadruple, as columns)
        cls,
        participant: Sequence[str],
        bus: IntArray,
        is_bid: BoolArray,
        *,
        p_max: FloatArray,
        p_min: FloatArray,
        q_max: FloatArray,
        q_min: FloatArray,
    ) -> "CurveColumns":
        """Build columns from the paper's quadruples, without a Python loop.

        Args:
            participant: Who sent each order. Length ``n_order``.
            bus: Index of each order's bus. Shape ``(n_order,)``.
            is_bid: True for a bid. Shape ``(n_order,)``.
            p_max: Highest price. Currency/kWh. Shape ``(n_order,)``.
            p_min: Lowest price. Currency/kWh. Shape ``(n_order,)``.
            q_max: Most power. kW. Shape ``(n_order,)``.
            q_min: Firm power. kW. Shape ``(n_order,)``.

        Raises:
            InvalidOrderError: As for the class.
        """
        quantity = np.column_stack([q_min, q_max]).astype(np.float64)
        first = np.where(is_bid, p_max, p_min)
        last = np.where(is_bid, p_min, p_max)
        price = np.column_stack([first, last]).astype(np.float64)
        return cls(
            participant=tuple(participant),
            bus=np.array(bus, dtype=np.int64),
            is_bid=np.array(is_bid, dtype=np.bool_),
            start=np.arange(0, 2 * len(participant) + 1, 2, dtype=np.int64),
            quantity_kw=quantity.ravel(),
            price_per_kwh=price.ravel(),
        )

    @classmethod
    def joined(cls, parts: Sequence["CurveColumns"]) -> "CurveColumns":
        """Return the orders of several tables one after the other."""
        if len(parts) == 1:
            return parts[0]
        if not parts:
            nothing = np.zeros(0)
            whole = nothing.astype(np.int64)
            side = nothing.astype(np.bool_)
            return cls((), whole, side, np.zeros(1, np.int64), nothing, nothing.copy())
        starts = [parts[0].start]
        for part in parts[1:]:
            starts.append(part.start[1:] + starts[-1][-1])
        return cls.trusted(
            tuple(chain.from_iterable([part.participant for part in parts])),
            np.concatenate([part.bus for part in parts]),
            np.concatenate([part.is_bid for part in parts]),
            np.concatenate(starts),
            np.concatenate([part.quantity_kw for part in parts]),
            np.concatenate([part.price_per_kwh for part in parts]),
        )

    @classmethod
    def trusted(
        cls,
        participant: tuple[str, ...],
        bus: IntArray,
        is_bid: BoolArray,
        start: IntArray,
        quantity_kw: FloatArray,
        price_per_kwh: FloatArray,
    ) -> "CurveColumns":
        """Return columns made of columns that were checked before, without a check.

        For inner loops that join tables, move them to other buses or scale all their
        quantities. Whatever comes from outside goes through the class itself.
        """
        columns = object.__new__(cls)
        arrays = (bus, is_bid, start, quantity_kw, price_per_kwh)
        for array in arrays:
            array.setflags(write=False)
        put = object.__setattr__
        for name, column in zip(cls.__slots__, (participant, *arrays), strict=True):
            put(columns, name, column)
        return columns

    @property
    def n_order(self) -> int:
        """Number of orders."""
        return len(self.participant)

    @property
    def firm_kw(self) -> FloatArray:
        """Least quantity of each order, taken or delivered at any price. kW."""
        return self.quantity_kw[self.start[:-1]]

    @property
    def most_kw(self) -> FloatArray:
        """Most quantity of each order. kW."""
        return self.quantity_kw[self.start[1:] - 1]


class CurveJoin:
    """Joins tables again and again, and builds anew only what has changed.

    From one interval to the next the same participants usually stand at the same
    buses, with the same column objects; then only quantities and prices are joined.
    """

    def __init__(self) -> None:
        self._made_of: list[object] = []
        self._joined: CurveColumns | None = None

    def __call__(self, parts: Sequence[CurveColumns]) -> CurveColumns:
        """Return the same as ``CurveColumns.joined``."""
        made_of: list[object] = []
        for part in parts:
            made_of += (part.participant, part.bus, part.is_bid, part.start)
        last = self._joined
        if (
            last is None
            or len(parts) < 2
            or len(made_of) != len(self._made_of)
            or not all(map(is_, made_of, self._made_of))
        ):
            self._made_of, self._joined = made_of, CurveColumns.joined(parts)
            return self._joined
        return CurveColumns.trusted(
            last.participant,
            last.bus,
            last.is_bid,
            last.start,
            np.concatenate([part.quantity_kw for part in parts]),
            np.concatenate([part.price_per_kwh for part in parts]),
        )


def _check_direction(order: Bid | Offer, *, rising: bool) -> None:
    price = order.curve.price_per_kwh
    steps = [b - a for a, b in pairwise(price)]
    if rising and min(steps, default=0.0) < 0:
        raise InvalidOrderError(
            f"offer of {order.participant!r}",
            [f"prices {list(price)} fall with quantity, expected never falling."],
        )
    if not rising and max(steps, default=0.0) > 0:
        raise InvalidOrderError(
            f"bid of {order.participant!r}",
            [f"prices {list(price)} rise with quantity, expected never rising."],
        )
