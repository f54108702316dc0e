"""Curves cut into pieces with one price line each, scaled to order one."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from gridagora.markets.kernels.pieces import cut, snap
from gridagora.markets.qp import Program
from gridagora.types.arrays import BoolArray, FloatArray, IntArray
from gridagora.types.orders import CurveColumns

NEAR = 1e-10
"""Scaled numbers this close count as equal."""

_DUST = 1e-12  # of the largest quantity


@dataclass(frozen=True, slots=True, eq=False)
class Pieces:
    """The pieces of a book; powers over ``scale_kw``, prices over ``scale_price``.

    Vertical pieces, and those narrower than ``NEAR``, are not in it: their quantity is
    reached with the piece to the left.

    Attributes:
        order: Order of each piece. Shape ``(n_piece,)``.
        place: Where it draws or delivers. Shape ``(n_piece,)``.
        sign: 1 for a bid, -1 for an offer. Shape ``(n_piece,)``.
        width: Its width. Shape ``(n_piece,)``.
        first: Price at its left end. Shape ``(n_piece,)``.
        last: Price at its right end. Shape ``(n_piece,)``.
        base: Firm quantity of each order. Shape ``(n_order,)``.
        firm: Net demand of the firm quantities. Shape ``(n_place,)``.
        middle_price: Middle of the lowest and the highest price of all curves.
        scale_kw: Largest quantity of any curve. kW.
        scale_price: Span of all prices and zero. Currency/kWh.
    """

    order: IntArray
    place: IntArray
    sign: FloatArray
    width: FloatArray
    first: FloatArray
    last: FloatArray
    base: FloatArray
    firm: FloatArray
    middle_price: float
    scale_kw: float
    scale_price: float

    @classmethod
    def of(cls, orders: CurveColumns, place: IntArray, n_place: int) -> Self:
        """Cut at least one order into pieces.

        Args:
            orders: The orders.
            place: Where each draws or delivers; a bus, as a rule. Shape ``(n_order,)``.
            n_place: Number of places.
        """
        scale_kw = float(orders.quantity_kw.max()) or 1.0
        price = orders.price_per_kwh
        lowest, highest = float(price.min()), float(price.max())
        scale_price = max(highest, 0.0) - min(lowest, 0.0) or 1.0
        order, width, first, last, base = cut(
            orders.is_bid, orders.start, orders.quantity_kw, price, NEAR * scale_kw
        )
        side = np.where(orders.is_bid, 1.0, -1.0)
        firm = np.bincount(place, weights=side * base, minlength=n_place)
        return cls(
            order=order,
            place=place[order],
            sign=side[order],
            width=width / scale_kw,
            first=first / scale_price,
            last=last / scale_price,
            base=base / scale_kw,
            firm=firm / scale_kw,
            middle_price=(0.5 * lowest + 0.5 * highest) / scale_price,
            scale_kw=scale_kw,
            scale_price=scale_price,
        )

    @property
    def flat(self) -> BoolArray:
        """Which pieces have one price."""
        return np.abs(self.last - self.first) <= NEAR / 10

    def net_demand(self, filled: FloatArray) -> FloatArray:
        """Return bought less sold at each place."""
        drawn = np.bincount(
            self.place, weights=self.sign * filled, minlength=self.firm.size
        )
        return np.asarray(self.firm + drawn)

    def awards_kw(self, orders: CurveColumns, filled: FloatArray) -> FloatArray:
        """Return what each order gets, on a corner of its curve when next to it."""
        share = np.bincount(self.order, weights=filled, minlength=orders.n_order)
        quantity_kw = (self.base + share) * self.scale_kw
        quantity_kw = np.clip(quantity_kw, orders.firm_kw, orders.most_kw)
        snap(orders.start, orders.quantity_kw, quantity_kw, _DUST * self.scale_kw)
        return quantity_kw

    def objective(self) -> Program:
        """Return cost less value as a program without rows."""
        flat = self.flat
        slope = np.abs(self.last - self.first) / self.width
        level = np.where(flat, 0.5 * (self.first + self.last), self.first)
        none = np.zeros(0)
        return Program(
            curvature=np.where(flat, 0.0, slope),
            linear=-self.sign * level,
            least=np.zeros(self.width.size),
            most=self.width,
            rows=np.zeros((0, self.width.size)),
            row_least=none,
            row_most=none,
        )
