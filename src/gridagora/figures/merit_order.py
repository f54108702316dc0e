"""Aggregated supply and demand: what everybody together takes or delivers."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from gridagora.types.arrays import FloatArray, IntArray


@dataclass(frozen=True, slots=True)
class Crossing:
    """Where aggregated supply meets aggregated demand.

    Attributes:
        quantity_kw: Power traded there. kW.
        price: Price there, in the unit of the curves.
    """

    quantity_kw: float
    price: float


def aggregate(
    curves: pd.DataFrame, side: str, price_range: tuple[float, float]
) -> pd.DataFrame:
    """Add up the curves of one side over all prices of a range.

    Args:
        curves: Corner points with columns ``participant``, ``side``, ``quantity_kw``,
            ``price``; the corners of each participant in rising quantity.
        side: ``bid`` or ``offer``.
        price_range: Lowest and highest price to show; firm quantities reach both.

    Returns:
        Corner points of the sum with columns ``quantity_kw`` and ``price``, quantity
        never falling; no rows where nobody is on that side.
    """
    chosen = curves[curves["side"] == side]
    if chosen.empty:
        return pd.DataFrame({"quantity_kw": [], "price": []}, dtype=np.float64)
    sign = 1.0 if side == "offer" else -1.0
    low, high = sorted((sign * price_range[0], sign * price_range[1]))
    price = np.unique(np.append(sign * chosen["price"].to_numpy(), [low, high]))
    price = price[(price >= low) & (price <= high)]
    total = np.zeros((price.size, 2))
    for _, points in chosen.groupby("participant", sort=False):
        total += _quantities(points, sign, price)
    return pd.DataFrame(
        {"quantity_kw": total.ravel(), "price": sign * np.repeat(price, 2)}
    ).drop_duplicates(ignore_index=True)


def crossing(curves: pd.DataFrame) -> Crossing | None:
    """Find where the whole supply would meet the whole demand without a network.

    Args:
        curves: As for `aggregate`.

    Returns:
        The crossing, or None where a side is absent or the sides do not meet.
        Where they meet in a whole range of prices, the lowest of it.
    """
    if curves["side"].nunique() < 2:
        return None
    price = np.unique(curves["price"].to_numpy(dtype=np.float64))
    supply, demand = np.zeros((price.size, 2)), np.zeros((price.size, 2))
    for (_, side), points in curves.groupby(["participant", "side"], sort=False):
        if side == "offer":
            supply += _quantities(points, 1.0, price)
        else:  # seen from high prices, just above comes before just below
            demand += _quantities(points, -1.0, -price[::-1])[::-1, ::-1]
    excess = (supply - demand).ravel()
    steps = np.repeat(price, 2)
    after = int(np.searchsorted(excess, 0.0))
    if after == excess.size or (after == 0 and excess[0] > 0):
        return None
    if after == 0 or excess[after] == 0:
        return Crossing(float(supply.ravel()[after]), float(steps[after]))
    weight = -excess[after - 1] / (excess[after] - excess[after - 1])
    line = np.array([1 - weight, weight])
    return Crossing(
        float(line @ supply.ravel()[after - 1 : after + 1]),
        float(line @ steps[after - 1 : after + 1]),
    )


def _quantities(points: pd.DataFrame, sign: float, price: FloatArray) -> FloatArray:
    """Quantities just below and just above each rising signed price."""
    corner = sign * points["price"].to_numpy(dtype=np.float64)
    quantity = points["quantity_kw"].to_numpy(dtype=np.float64)
    below = _at(corner, quantity, price, _place(corner, price, "left"))
    above = _at(corner, quantity, price, _place(corner, price, "right"))
    return np.column_stack([below, above])


def _place(
    corner: FloatArray, price: FloatArray, side: Literal["left", "right"]
) -> IntArray:
    return np.searchsorted(corner, price, side).astype(np.int64)


def _at(
    corner: FloatArray, quantity: FloatArray, price: FloatArray, after: IntArray
) -> FloatArray:
    """Interpolate between the corner before and the corner ``after`` each price."""
    right = np.clip(after, 0, corner.size - 1)
    left = np.clip(after - 1, 0, corner.size - 1)
    width = corner[right] - corner[left]
    share = np.divide(
        price - corner[left], width, out=np.zeros_like(price), where=width > 0
    )
    return quantity[left] + share * (quantity[right] - quantity[left])
