"""Curves as pieces with one price line each, compiled."""

import numpy as np
from numba import njit

from gridagora.types.arrays import BoolArray, FloatArray, IntArray


@njit(cache=True)
def cut(
    is_bid: BoolArray,
    start: IntArray,
    quantity_point_kw: FloatArray,
    price_point: FloatArray,
    narrow_kw: float,
) -> tuple[IntArray, FloatArray, FloatArray, FloatArray, FloatArray]:
    """Cut curves into pieces that are not vertical.

    Args:
        is_bid: True for a bid. Shape ``(n_order,)``.
        start: First corner of each order. Shape ``(n_order + 1,)``.
        quantity_point_kw: Corners. kW. Shape ``(n_point,)``.
        price_point: Corners. Currency/kWh. Shape ``(n_point,)``.
        narrow_kw: Pieces no wider than this count as vertical. kW.

    Returns:
        By piece: its order, width (kW), prices at both ends; by order: the quantity
        that pieces do not hold, firm (kW).
    """
    most = quantity_point_kw.size - is_bid.size
    order = np.empty(most, dtype=np.int64)
    width = np.empty(most)
    first = np.empty(most)
    last = np.empty(most)
    base = np.empty(is_bid.size)
    n_piece = 0
    for k in range(is_bid.size):
        base[k] = quantity_point_kw[start[k]]
        for point in range(start[k], start[k + 1] - 1):
            across = quantity_point_kw[point + 1] - quantity_point_kw[point]
            if across > narrow_kw:
                order[n_piece] = k
                width[n_piece] = across
                first[n_piece] = price_point[point]
                last[n_piece] = price_point[point + 1]
                n_piece += 1
    return order[:n_piece], width[:n_piece], first[:n_piece], last[:n_piece], base


@njit(cache=True)
def bus_price_bounds(
    n_bus: int,
    bus: IntArray,
    is_bid: BoolArray,
    width: FloatArray,
    first: FloatArray,
    last: FloatArray,
    filled: FloatArray,
    price: FloatArray,
    near_kw: float,
) -> tuple[FloatArray, FloatArray]:
    """Return the prices at each bus for which every piece wants what it got.

    Args:
        n_bus: Number of buses.
        bus: Bus of each piece.
        is_bid: Whether each piece belongs to a bid.
        width: Width of each piece. kW.
        first: Price at its left end.
        last: Price at its right end.
        filled: What it got. kW.
        price: One price of each bus that is known to support it.
        near_kw: A piece so near to an end counts as at the end. kW.

    Returns:
        Lowest and highest price by bus; they enclose ``price``.
    """
    low = np.full(n_bus, -np.inf)
    high = np.full(n_bus, np.inf)
    for k in range(bus.size):
        at = bus[k]
        bottom, top = -np.inf, np.inf
        if filled[k] <= near_kw:
            if is_bid[k]:
                bottom = first[k]
            else:
                top = first[k]
        elif filled[k] >= width[k] - near_kw:
            if is_bid[k]:
                top = last[k]
            else:
                bottom = last[k]
        else:
            bottom = top = price[at]
        low[at] = max(low[at], min(bottom, price[at]))
        high[at] = min(high[at], max(top, price[at]))
    return low, high


@njit(cache=True)
def snap(
    start: IntArray,
    quantity_point_kw: FloatArray,
    quantity_kw: FloatArray,
    near_kw: float,
) -> None:
    """Move awards that are next to a corner of their curve onto it, in place.

    A corner has an interval of prices, a point beside it has one: dust such as 1e-30 kW
    would count as an accepted order and put the price on the wrong side of its curve.
    """
    for k in range(quantity_kw.size):
        for point in range(start[k], start[k + 1]):
            if abs(quantity_kw[k] - quantity_point_kw[point]) <= near_kw:
                quantity_kw[k] = quantity_point_kw[point]
                break
