"""What a reduction of demand earns beyond not being charged, and who pays for it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeVar

import numpy as np

from gridagora.errors import UnknownNameError
from gridagora.markets.settlement import (
    NANO_PER_WH,
    OPERATOR,
    WH_PER_KWH,
    Money,
    check_size,
    divided,
)
from gridagora.markets.successive import PRICED, Cleared, clear_book
from gridagora.types.arrays import BoolArray, Columns, FloatArray
from gridagora.types.cost_columns import CostColumns
from gridagora.types.dispatch import Outcome
from gridagora.types.orders import CurveColumns

UNCHARGED = "uncharged"
PAID = "paid-by-beneficiaries"
REDUCTION_RULES = (PAID, UNCHARGED)
"""What reductions earn: nothing beyond not being charged, or the price as well."""

PAYMENT = "demand response payment"
CHARGE = "demand response charge"

_DUST = 1e-9  # of the largest quantity: rounding, no reduction
_FINE = 10**12  # charges keep their proportions to one part in this


class Priced(Cleared, Protocol):
    """A clearing whose orders have prices: ``Dispatch``, ``LinearDispatch``."""

    @property
    def order_price_per_kwh(self) -> FloatArray:
        """What each order pays or gets. Currency/kWh. Shape ``(n_order,)``."""
        ...


P = TypeVar("P", bound=Priced)


@dataclass(frozen=True, slots=True, eq=False)
class Reductions:
    """Reductions of demand, what they are paid and who is charged.

    Attributes:
        orders: What was cleared.
        reduced_kw: Baseline less award of each bid, 0 for offers. kW.
            Shape ``(n_order,)``.
        price_per_kwh: What a reduction there is paid, >= 0. Currency/kWh.
            Shape ``(n_order,)``.
        saved_per_h: What reductions saved each bid on the power that it still takes.
            Currency/h. Shape ``(n_order,)``.
        share_frac: Part of all payments that each bid is charged; all 0 when nobody
            consumes, and the operator pays. Shape ``(n_order,)``.
        without: How the clearing without reductions ended; ``None`` when there was no
            reduction and so no such clearing.
    """

    orders: CurveColumns
    reduced_kw: FloatArray
    price_per_kwh: FloatArray
    saved_per_h: FloatArray
    share_frac: FloatArray
    without: Outcome | None

    @property
    def payment_per_h(self) -> FloatArray:
        """What each bid is paid for its reduction. Currency/h. ``(n_order,)``."""
        return self.price_per_kwh * self.reduced_kw

    @property
    def charge_per_h(self) -> FloatArray:
        """What each bid is charged for all reductions. Currency/h. ``(n_order,)``."""
        return self.share_frac * float(self.payment_per_h.sum())

    @property
    def extra_per_h(self) -> FloatArray:
        """Charge less payment: what an order pays beyond price x quantity."""
        return self.charge_per_h - self.payment_per_h

    def effective_prices(
        self, price_per_kwh: FloatArray, quantity_kw: FloatArray
    ) -> FloatArray:
        """Return prices with what each order pays beyond them, on every kWh it takes.

        Args:
            price_per_kwh: What orders pay or get otherwise. Shape ``(n_order,)``.
            quantity_kw: Awards. kW. Shape ``(n_order,)``.

        Returns:
            Currency/kWh; as given where nothing is taken. Shape ``(n_order,)``.
        """
        more = np.zeros(quantity_kw.size)
        np.divide(self.extra_per_h, quantity_kw, out=more, where=quantity_kw != 0.0)
        return price_per_kwh + more

    def order_money_per_h(
        self, price_per_kwh: FloatArray, quantity_kw: FloatArray
    ) -> FloatArray:
        """Return what each bid pays and each offer gets, also where nothing is taken.

        Args:
            price_per_kwh: What orders pay or get otherwise. Shape ``(n_order,)``.
            quantity_kw: Awards. kW. Shape ``(n_order,)``.

        Returns:
            Currency/h. Shape ``(n_order,)``.
        """
        paid = np.zeros(quantity_kw.size)
        np.multiply(price_per_kwh, quantity_kw, out=paid, where=quantity_kw != 0.0)
        return paid + self.extra_per_h

    def money(self, interval_hours: float = 1.0) -> tuple[Money, ...]:
        """Return payments and charges in whole units; they sum to exactly 0.

        A payment is the price in 1e-9 currency/Wh times the reduction in Wh, both
        rounded. Charges are divided by largest remainder; equal ones go by
        participant, then bus.

        Args:
            interval_hours: Length of the interval, > 0. h.

        Raises:
            ClearingError: A payment is too large for whole units.
        """
        if self.without is None:
            return ()
        energy_wh = np.rint(self.reduced_kw * (interval_hours * WH_PER_KWH))
        price_nano = np.rint(self.price_per_kwh * NANO_PER_WH)
        check_size(energy_wh, price_nano)
        names = self.orders.participant
        paid = [
            (names[row], PAYMENT, int(price_nano[row]) * int(energy_wh[row]))
            for row in np.flatnonzero((energy_wh > 0) & (price_nano > 0)).tolist()
        ]
        total = sum(amount for _, _, amount in paid)
        if total == 0:
            return ()
        rows = np.flatnonzero(self.share_frac > 0.0)
        if rows.size == 0:
            return (*paid, (OPERATOR, CHARGE, -total))
        whole = np.rint(self.share_frac[rows] * _FINE).astype(np.int64)
        charged = [names[row] for row in rows]
        parts = divided(total, whole, charged, self.orders.bus[rows])
        charges = zip(charged, parts, strict=True)
        return (*paid, *((name, CHARGE, -part) for name, part in charges if part))

    def table(self) -> Columns:
        """Return one row per bid that reduces or is charged."""
        rows = np.flatnonzero((self.reduced_kw > 0.0) | (self.share_frac > 0.0))
        return {
            "participant": [self.orders.participant[row] for row in rows],
            "reduced_kw": self.reduced_kw[rows],
            "price_per_kwh": self.price_per_kwh[rows],
            "payment_per_h": self.payment_per_h[rows],
            "saved_per_h": self.saved_per_h[rows],
            "charge_per_h": self.charge_per_h[rows],
        }


def reduction_rule(name: str) -> str:
    """Return the name of a rule for reductions.

    Raises:
        UnknownNameError: There is none of that name.
    """
    if name not in REDUCTION_RULES:
        raise UnknownNameError("rule for reductions", name, REDUCTION_RULES)
    return name


def reductions_of(
    dispatch: P,
    book: CostColumns,
    clear: Callable[[CurveColumns], P],
    *,
    beyond_kw: float = 0.0,
) -> Reductions:
    """Find what bids reduced, what that is paid, and who benefits.

    The paper pays for demand response and has it "paid for by other consumers that
    benefit from such reduction". Here: the most quantity of every bid is its baseline,
    and what it does not take is a reduction. A reduction is paid the price at its bus,
    a negative one earning nothing. Who benefits is found by clearing once more with
    every bid at its baseline. A bid saved the fall of its price, if there is one, times
    the power that it still takes; all payments are charged in proportion to that.
    Where nobody saved, or the baseline cannot be served at all, they are charged by
    power consumed. Exports are neither reductions nor consumption.

    A provider saves its own price for the power it does not take, and at the margin
    that alone is worth what the reduction costs it. The payment comes on top: it is
    the paper's rule, not one that efficiency asks for, and it pays for a baseline that
    was declared too high.

    Args:
        dispatch: The clearing.
        book: What was cleared, before quantities were given to unlimited orders.
        clear: The engine that cleared it.
        beyond_kw: As for ``clear_costs``.

    Returns:
        Reductions, payments and shares; all 0 without a dispatch.

    Source:
        El Helou et al., OpenGridGym, section IV-C. FERC Order 745, 2011, charges those
        whose price fell as well.
    """
    orders = dispatch.orders
    inside = orders.is_bid.copy()
    inside[list(book.outside)] = False
    none = np.zeros(orders.n_order)
    reduced = np.where(inside, orders.most_kw - dispatch.quantity_kw, 0.0)
    dust = _DUST * float(orders.quantity_kw.max(initial=0.0))
    reduced[reduced <= dust] = 0.0
    if dispatch.outcome not in PRICED or not reduced.any():
        return Reductions(orders, none, none, none, none, None)
    price = dispatch.order_price_per_kwh
    without = clear_book(clear, book.at_baseline(), beyond_kw=beyond_kw).dispatch
    saved = _saved_per_h(dispatch, without, inside)
    consumed = np.where(inside, dispatch.quantity_kw, 0.0)
    weight = saved if saved.any() else consumed
    whole = float(weight.sum())
    return Reductions(
        orders=orders,
        reduced_kw=reduced,
        price_per_kwh=np.where(reduced > 0.0, np.maximum(price, 0.0), 0.0),
        saved_per_h=saved,
        share_frac=weight / whole if whole > 0.0 else none,
        without=without.outcome,
    )


def _saved_per_h(dispatch: P, without: P, inside: BoolArray) -> FloatArray:
    """Return the fall of each bid's price on the power that it still takes."""
    saved = np.zeros(inside.size)
    if without.outcome not in PRICED:
        return saved
    price, before = dispatch.order_price_per_kwh, without.order_price_per_kwh
    fall = before[inside] - price[inside]
    size = np.maximum(np.abs(before[inside]), np.abs(price[inside]))
    fall[fall <= _DUST * size] = 0.0
    saved[inside] = fall * dispatch.quantity_kw[inside]
    return saved
