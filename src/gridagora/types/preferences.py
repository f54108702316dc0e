"""Private preferences of participants, and what a quantity is worth under a curve."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from gridagora.errors import InvalidOrderError
from gridagora.types.arrays import BoolArray, FloatArray, IntArray
from gridagora.types.curve_layout import Buses, CurveLayout
from gridagora.types.orders import CurveColumns


@dataclass(frozen=True, slots=True, eq=False)
class Preferences:
    """What quantities are worth to participants, or cost them, as columns.

    A consumer's curve is the marginal value of power, a producer's its marginal cost.
    They are private: a market sees only what a strategy declares, which is a table of
    the same form. The participant's bus is kept by name, so that the same preferences
    fit any network that has the bus.

    Attributes:
        participant: Whose curve. Shape ``(n_participant,)``.
        bus: Name of the bus of each. Shape ``(n_participant,)``.
        is_bid: True for marginal value (a consumer), False for marginal cost.
            Shape ``(n_participant,)``.
        start: Corners of curve ``k`` are ``start[k]`` to ``start[k + 1] - 1``.
            Shape ``(n_participant + 1,)``.
        quantity_kw: Quantities of all corners. kW. Shape ``(n_point,)``.
        price_per_kwh: Marginal value or cost there. Currency/kWh. Shape ``(n_point,)``.

    Raises:
        InvalidOrderError: Columns of unequal length, or a curve that is not finite,
            negative in quantity or not monotone; every one at fault is named.
    """

    participant: tuple[str, ...]
    bus: tuple[str, ...]
    is_bid: BoolArray
    start: IntArray
    quantity_kw: FloatArray
    price_per_kwh: FloatArray
    _layout: CurveLayout = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if len(self.bus) != len(self.participant):
            given = f"{len(self.participant)} participants and {len(self.bus)} buses"
            fault = f"{given}, expected one bus for each."
            raise InvalidOrderError("preferences", [fault])
        CurveColumns(  # checks the curves
            self.participant,
            np.zeros(len(self.bus), dtype=np.int64),
            self.is_bid,
            self.start,
            self.quantity_kw,
            self.price_per_kwh,
        )
        object.__setattr__(self, "_layout", CurveLayout(self.bus, self.start))

    @classmethod
    def of_consumers(
        cls,
        participant: Sequence[str],
        bus: Sequence[str],
        *,
        p_max: ArrayLike,
        p_min: ArrayLike,
        q_max: ArrayLike,
        q_min: ArrayLike = 0.0,
    ) -> Self:
        """Return marginal values that fall from ``p_max`` to ``p_min``.

        Args:
            participant: Names.
            bus: Name of the bus of each.
            p_max: Value of the power at ``q_min``; one number for all or one for each,
                like the other three. Currency/kWh.
            p_min: Value of the power at ``q_max``. Currency/kWh.
            q_max: Most power. kW.
            q_min: Firm power, taken at any price. kW.

        Raises:
            InvalidOrderError: As for the class.

        Source:
            El Helou et al., OpenGridGym, eq. (3).
        """
        return cls._affine(participant, bus, (p_max, p_min, q_min, q_max), is_bid=True)

    @classmethod
    def of_producers(
        cls,
        participant: Sequence[str],
        bus: Sequence[str],
        *,
        p_max: ArrayLike,
        p_min: ArrayLike,
        q_max: ArrayLike,
        q_min: ArrayLike = 0.0,
    ) -> Self:
        """Return marginal costs that rise from ``p_min`` to ``p_max``.

        Args:
            participant: Names.
            bus: Name of the bus of each.
            p_max: Cost of the power at ``q_max``; one number for all or one for each,
                like the other three. Currency/kWh.
            p_min: Cost of the power at ``q_min``. Currency/kWh.
            q_max: Most power. kW.
            q_min: Firm power, delivered at any price. kW.

        Raises:
            InvalidOrderError: As for the class.

        Source:
            El Helou et al., OpenGridGym, eq. (2).
        """
        quadruple = (p_min, p_max, q_min, q_max)
        return cls._affine(participant, bus, quadruple, is_bid=False)

    @property
    def n_participant(self) -> int:
        """Number of curves."""
        return len(self.participant)

    @property
    def firm_kw(self) -> FloatArray:
        """Quantity taken or delivered at any price. kW. Shape ``(n_participant,)``."""
        return self.quantity_kw[self.start[:-1]]

    @property
    def most_kw(self) -> FloatArray:
        """Most quantity. kW. Shape ``(n_participant,)``."""
        return self.quantity_kw[self.start[1:] - 1]

    def at_corners(self, values: ArrayLike) -> FloatArray:
        """Repeat one value per participant for each corner of its curve.

        Args:
            values: One number for all, or shape ``(n_participant,)``.

        Returns:
            Shape ``(n_point,)``.
        """
        each = np.asarray(values, dtype=np.float64)
        if each.shape != (self.n_participant,):
            each = np.broadcast_to(each, (self.n_participant,))
        return each[self._layout.owner]

    def replaced(
        self,
        *,
        quantity_kw: FloatArray | None = None,
        price_per_kwh: FloatArray | None = None,
    ) -> Self:
        """Return the same participants with other corners, as many as before."""
        return type(self)(
            self.participant,
            self.bus,
            self.is_bid,
            self.start,
            self.quantity_kw if quantity_kw is None else quantity_kw,
            self.price_per_kwh if price_per_kwh is None else price_per_kwh,
        )

    def scaled(self, factor: ArrayLike) -> Self:
        """Return the curves with all quantities multiplied.

        Args:
            factor: >= 0; one number for all, or shape ``(n_participant,)``.

        Raises:
            InvalidOrderError: A factor is negative or not finite.
        """
        factors = self.at_corners(factor)
        sound = (factors >= 0.0) & (factors < np.inf)
        if np.count_nonzero(sound) < sound.size:
            return self.replaced(quantity_kw=self.quantity_kw * factors)  # refused
        scaled = object.__new__(type(self))  # sound curves stay sound: no check
        for name in self.__slots__:
            object.__setattr__(scaled, name, getattr(self, name))
        object.__setattr__(scaled, "quantity_kw", self.quantity_kw * factors)
        return scaled

    def curves(self, buses: Buses) -> CurveColumns:
        """Return the curves as orders on a network.

        Args:
            buses: The network whose positions the ``bus`` column will hold.

        Raises:
            UnknownNameError: A participant's bus is not in ``buses``.
        """
        return self.placed(self._layout.places(buses))

    def placed(self, bus: IntArray) -> CurveColumns:
        """Return the curves as orders at known positions.

        Args:
            bus: Position of each participant's bus. Shape ``(n_participant,)``.
        """
        return CurveColumns.trusted(
            self.participant,
            bus,
            self.is_bid,
            self.start,
            self.quantity_kw,
            self.price_per_kwh,
        )

    @classmethod
    def _affine(
        cls,
        participant: Sequence[str],
        bus: Sequence[str],
        quadruple: tuple[ArrayLike, ArrayLike, ArrayLike, ArrayLike],
        *,
        is_bid: bool,
    ) -> Self:
        """Build two-corner curves from first price, last price, firm and most kW."""
        count = len(participant)
        columns = [
            np.broadcast_to(np.asarray(number, dtype=np.float64), (count,))
            for number in quadruple
        ]
        return cls(
            participant=tuple(participant),
            bus=tuple(bus),
            is_bid=np.full(count, is_bid, dtype=np.bool_),
            start=np.arange(0, 2 * count + 1, 2, dtype=np.int64),
            quantity_kw=np.column_stack(columns[2:]).ravel(),
            price_per_kwh=np.column_stack(columns[:2]).ravel(),
        )


@dataclass(frozen=True, slots=True, eq=False)
class CurveIntegral:
    """Areas under many price curves, prepared once and evaluated often.

    The firm part of a curve counts at the price of its first corner. Beyond the last
    corner the last price goes on, so that rounding of an award is harmless.

    Attributes:
        start: First corner of each curve. Shape ``(n_order,)``.
        owner: Curve of each corner. Shape ``(n_point,)``.
        from_kw: Where the piece after each corner begins; 0 at a first corner whose
            firm part it includes. kW. Shape ``(n_point,)``.
        width_kw: Length of that piece, ``inf`` after the last corner. kW.
        price_per_kwh: Price where the piece begins. Currency/kWh.
        half_slope: Half the change of the price along the piece. Currency/kWh per kW.
        firm_kw: Firm quantity of each curve. kW. Shape ``(n_order,)``.
        first_price_per_kwh: Price at the first corner. Shape ``(n_order,)``.
    """

    start: IntArray
    owner: IntArray
    from_kw: FloatArray
    width_kw: FloatArray
    price_per_kwh: FloatArray
    half_slope: FloatArray
    firm_kw: FloatArray
    first_price_per_kwh: FloatArray

    @classmethod
    def of(cls, orders: CurveColumns) -> Self:
        """Prepare the curves of some orders, bids and offers alike."""
        return cls.of_corners(orders.start, orders.quantity_kw, orders.price_per_kwh)

    @classmethod
    def of_corners(
        cls, start: IntArray, quantity_kw: FloatArray, price_per_kwh: FloatArray
    ) -> Self:
        """Prepare curves given as columns of corners, as in ``CurveColumns``."""
        first, last = start[:-1], start[1:] - 1
        width = np.append(np.diff(quantity_kw), np.inf)[: quantity_kw.size]
        rise = np.append(np.diff(price_per_kwh), 0.0)[: quantity_kw.size]
        width[last], rise[last] = np.inf, 0.0
        sloped = np.where(width > 0.0, width, np.inf)  # a vertical piece has no area
        return cls(
            start=first,
            owner=np.repeat(np.arange(first.size), np.diff(start)),
            from_kw=quantity_kw,
            width_kw=width,
            price_per_kwh=price_per_kwh,
            half_slope=0.5 * rise / sloped,
            firm_kw=quantity_kw[first],
            first_price_per_kwh=price_per_kwh[first],
        )

    def __call__(self, quantity_kw: FloatArray) -> FloatArray:
        """Return the area from 0 to a quantity under each curve.

        Args:
            quantity_kw: One quantity for each curve, >= 0. kW. Shape ``(n_order,)``.

        Returns:
            Currency/h. Shape ``(n_order,)``.
        """
        if self.start.size == 0:
            return np.zeros(0)
        filled = quantity_kw[self.owner] - self.from_kw
        filled = np.minimum(np.maximum(filled, 0.0), self.width_kw)
        pieces = filled * (self.price_per_kwh + self.half_slope * filled)
        firm = np.minimum(quantity_kw, self.firm_kw) * self.first_price_per_kwh
        return np.add.reduceat(pieces, self.start) + firm


def curve_integral_per_h(orders: CurveColumns, quantity_kw: FloatArray) -> FloatArray:
    """Return the area under each order's curve from 0 to a quantity.

    For a bid it is the money the quantity is worth to the bidder, for an offer what
    it costs the seller; with the orders as submitted, both are *declared* values. The
    firm part counts at the price of the first corner.

    Args:
        orders: Bids and offers.
        quantity_kw: Quantity of each order, >= 0. kW. Shape ``(n_order,)``.

    Returns:
        Currency/h. Shape ``(n_order,)``.

    Source:
        El Helou et al., OpenGridGym, eqs. (9) and (10).

    Example:
        A bid falls from 4 at 1 kW to 0 at 3 kW: 1 kW x 4 firm, then half of 2 x 4.

        >>> ones = np.ones(1)
        >>> bid = CurveColumns.affine(
        ...     ["anna"], np.zeros(1), np.array([True]),
        ...     p_max=4 * ones, p_min=0 * ones, q_max=3 * ones, q_min=ones,
        ... )
        >>> curve_integral_per_h(bid, np.array([3.0])).tolist()
        [8.0]
    """
    return CurveIntegral.of(orders)(np.asarray(quantity_kw, dtype=np.float64))


def utility_per_h(preferences: Preferences, quantity_kw: FloatArray) -> FloatArray:
    """Return what quantities are worth to consumers, ``u_d(q_d)`` of eq. (10).

    Args:
        preferences: Marginal values.
        quantity_kw: Power taken by each. kW. Shape ``(n_participant,)``.

    Returns:
        Currency/h. Shape ``(n_participant,)``.

    Raises:
        InvalidOrderError: A participant has a marginal cost, not a value.
    """
    require_side(preferences, consumers=True)
    return integral_of(preferences)(quantity_kw)


def cost_per_h(preferences: Preferences, quantity_kw: FloatArray) -> FloatArray:
    """Return what quantities cost producers, ``c_s(q_s)`` of eq. (9).

    Args:
        preferences: Marginal costs.
        quantity_kw: Power delivered by each. kW. Shape ``(n_participant,)``.

    Returns:
        Currency/h. Shape ``(n_participant,)``.

    Raises:
        InvalidOrderError: A participant has a marginal value, not a cost.
    """
    require_side(preferences, consumers=False)
    return integral_of(preferences)(quantity_kw)


def integral_of(preferences: Preferences) -> CurveIntegral:
    """Prepare the areas under private curves."""
    return CurveIntegral.of_corners(
        preferences.start, preferences.quantity_kw, preferences.price_per_kwh
    )


def require_side(preferences: Preferences, *, consumers: bool) -> None:
    """Refuse producers among consumers, or the other way round.

    Raises:
        InvalidOrderError: Names every participant on the wrong side.
    """
    wrong = np.flatnonzero(preferences.is_bid != consumers)
    if wrong.size:
        has, wants = ("cost", "value") if consumers else ("value", "cost")
        raise InvalidOrderError(
            "preferences",
            [
                f"{preferences.participant[at]!r} has a marginal {has}, expected a "
                f"marginal {wants}."
                for at in wrong
            ],
        )
