"""What is wrong with a price curve or with columns of curves."""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from gridagora.errors import InvalidOrderError

if TYPE_CHECKING:
    from gridagora.types.orders import CurveColumns


def curve_faults(
    quantity_kw: Sequence[float], price_per_kwh: Sequence[float]
) -> list[str]:
    """Return the faults of one curve, whichever side it is on."""
    if not quantity_kw or len(quantity_kw) != len(price_per_kwh):
        return [
            f"{len(quantity_kw)} quantities and {len(price_per_kwh)} prices, expected "
            "one price for each of one or more quantities."
        ]
    faults = [
        f"quantity_kw is {quantity!r}, expected a finite number >= 0 kW."
        for quantity in quantity_kw
        if not (math.isfinite(quantity) and quantity >= 0)
    ]
    faults += [
        f"price_per_kwh is {price!r}, expected a finite price."
        for price in price_per_kwh
        if not math.isfinite(price)
    ]
    falling = any(b < a for a, b in pairwise(quantity_kw))
    if not faults and falling:
        faults.append(f"quantities {list(quantity_kw)} fall, expected rising ones.")
    return faults


def check_quadruple(
    what: str, p_max: float, p_min: float, q_max: float, q_min: float
) -> None:
    """Refuse a quadruple that is no curve.

    Raises:
        InvalidOrderError: Names every number at fault.
    """
    named = {"p_max": p_max, "p_min": p_min, "q_max": q_max, "q_min": q_min}
    faults = [
        f"{name} is {value!r}, expected a finite number."
        for name, value in named.items()
        if not math.isfinite(value)
    ]
    faults += [
        f"{name} is {value!r}, expected >= 0 kW (to go the other way, send "
        f"{'an offer' if what.startswith('bid') else 'a bid'})."
        for name, value in (("q_max", q_max), ("q_min", q_min))
        if value < 0
    ]
    if p_max < p_min:
        faults.append(f"p_max is {p_max!r}, expected >= p_min = {p_min!r}.")
    if q_max < q_min:
        faults.append(f"q_max is {q_max!r}, expected >= q_min = {q_min!r}.")
    if faults:
        raise InvalidOrderError(what, faults)


def is_sound(columns: "CurveColumns") -> bool:
    """Return whether the columns are surely good: a quick look, for every clearing."""
    if shape_faults(columns):
        return False
    quantity, price, start = columns.quantity_kw, columns.price_per_kwh, columns.start
    if quantity.size == 0:
        return True
    if not (np.isfinite(quantity).all() and np.isfinite(price).all()):
        return False
    between = start[1:-1] - 1  # steps from one order to the next do not count
    rise_kw = quantity[1:] - quantity[:-1]
    rise_kw[between] = 0.0
    outward = np.where(columns.is_bid, -1.0, 1.0).repeat(start[1:] - start[:-1])
    rise = (price[1:] - price[:-1]) * outward[1:]
    rise[between] = 0.0
    lowest_kw = min(quantity.min(), rise_kw.min(initial=0.0))
    return bool(lowest_kw >= 0.0 and rise.min(initial=0.0) >= 0.0)


def shape_faults(columns: "CurveColumns") -> list[str]:
    """Return what is wrong with the lengths of the columns."""
    n_order = len(columns.participant)
    n_point = len(columns.quantity_kw)
    sound = (
        columns.bus.shape == columns.is_bid.shape == (n_order,)
        and columns.start.shape == (n_order + 1,)
        and columns.price_per_kwh.shape == (n_point,)
        and columns.start[0] == 0
        and columns.start[-1] == n_point
        and bool((columns.start[1:] > columns.start[:-1]).all())
    )
    return [] if sound else ["columns differ in length, or an order has no corner."]


def column_faults(columns: "CurveColumns") -> list[str]:
    """Return what is wrong with the curves, one fault for each order and law."""
    quantity, price = columns.quantity_kw, columns.price_per_kwh
    owner = np.repeat(np.arange(len(columns.participant)), np.diff(columns.start))
    within = owner[1:] == owner[:-1]
    with np.errstate(invalid="ignore"):  # infinite corners are named all the same
        rise_kw, rise = np.diff(quantity), np.diff(price)
    wrong_way = np.where(columns.is_bid[owner[1:]], rise, -rise) > 0
    checks = (
        (~(np.isfinite(quantity) & (quantity >= 0)), "a quantity is not finite >= 0"),
        (~np.isfinite(price), "a price is not finite"),
        (np.append(within & (rise_kw < 0), False), "quantities fall"),
        (np.append(within & wrong_way, False), "prices go the wrong way"),
    )
    faults = []
    for bad, why in checks:
        for order in np.unique(owner[bad[: owner.size]]).tolist():
            side = "bid" if columns.is_bid[order] else "offer"
            faults.append(f"{side} of {columns.participant[order]!r}: {why}.")
    return faults
