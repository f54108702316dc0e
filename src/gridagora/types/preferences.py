"""Private preferences of participants, and what a quantity is worth under a curve."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from gridagora.types.arrays import FloatArray, IntArray
from gridagora.types.orders import CurveColumns


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
