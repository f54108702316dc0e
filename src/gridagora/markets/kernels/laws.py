"""Residuals of the laws of nodal clearing, compiled.

Longer than other modules: one kernel for each law, and they share their helpers.
"""

import numpy as np
from numba import njit

from gridagora.types.arrays import BoolArray, FloatArray, IntArray


@njit(cache=True)
def price_interval(
    quantity: FloatArray, price: FloatArray, direction: float, at_kw: float
) -> tuple[float, float]:
    """Return the prices at which an order wants exactly one quantity.

    Args:
        quantity: Corners of the curve, never falling. kW.
        price: Prices of the corners.
        direction: 1 for an offer (prices rise), -1 for a bid.
        at_kw: The quantity; outside the curve counts as its nearest end. kW.

    Returns:
        Lowest and highest such price; infinite at the ends of the curve, where the
        quantity stays whatever the price.
    """
    last = quantity.size - 1
    if at_kw <= quantity[0]:
        top = 0
        while top < last and quantity[top + 1] == quantity[0]:
            top += 1
        if top == last:
            return -np.inf, np.inf
        return (-np.inf, price[top]) if direction > 0 else (price[top], np.inf)
    if at_kw >= quantity[last]:
        low = last
        while low > 0 and quantity[low - 1] == quantity[last]:
            low -= 1
        return (price[low], np.inf) if direction > 0 else (-np.inf, price[low])
    right = np.searchsorted(quantity, at_kw)  # quantity[right - 1] < at_kw
    if quantity[right] == at_kw:
        first = price[right]
        while right < last and quantity[right + 1] == at_kw:
            right += 1
        return min(first, price[right]), max(first, price[right])
    share = (at_kw - quantity[right - 1]) / (quantity[right] - quantity[right - 1])
    there = price[right - 1] + share * (price[right] - price[right - 1])
    return there, there


@njit(cache=True)
def quantity_interval(
    quantity: FloatArray, price: FloatArray, direction: float, at_price: float
) -> tuple[float, float]:
    """Return the least and the most that an order wants at one price. kW."""
    wanted = direction * at_price
    low, high = quantity[0], quantity[0]
    for k in range(quantity.size - 1):
        before, after = direction * price[k], direction * price[k + 1]
        if before > wanted:
            break
        left, right = quantity[k], quantity[k + 1]
        if after <= wanted:
            high = right
            if after < wanted or before < wanted:
                low = right
            continue
        high = left + (wanted - before) / (after - before) * (right - left)
        low = high if before < wanted else low
        break
    return low, high


@njit(cache=True)
def price_intervals(
    is_bid: BoolArray,
    start: IntArray,
    quantity_point_kw: FloatArray,
    price_point: FloatArray,
    quantity_kw: FloatArray,
) -> FloatArray:
    """Return ``price_interval`` of every order. Shape ``(n_order, 2)``."""
    ends = np.empty((is_bid.size, 2))
    for k in range(is_bid.size):
        ends[k, 0], ends[k, 1] = price_interval(
            quantity_point_kw[start[k] : start[k + 1]],
            price_point[start[k] : start[k + 1]],
            -1.0 if is_bid[k] else 1.0,
            quantity_kw[k],
        )
    return ends


@njit(cache=True)
def quantity_intervals(
    is_bid: BoolArray,
    start: IntArray,
    quantity_point_kw: FloatArray,
    price_point: FloatArray,
    price: FloatArray,
) -> FloatArray:
    """Return ``quantity_interval`` of every order. kW. Shape ``(n_order, 2)``."""
    ends = np.empty((is_bid.size, 2))
    for k in range(is_bid.size):
        ends[k, 0], ends[k, 1] = quantity_interval(
            quantity_point_kw[start[k] : start[k + 1]],
            price_point[start[k] : start[k + 1]],
            -1.0 if is_bid[k] else 1.0,
            price[k],
        )
    return ends


@njit(cache=True)
def lost_surplus(
    quantity: FloatArray,
    price: FloatArray,
    at_price: float,
    from_kw: float,
    to_kw: float,
) -> float:
    """Return the area between curve and price from one quantity to another."""
    area = 0.0
    for k in range(quantity.size - 1):
        left = max(quantity[k], from_kw)
        right = min(quantity[k + 1], to_kw)
        if right > left:
            slope = (price[k + 1] - price[k]) / (quantity[k + 1] - quantity[k])
            middle = price[k] + slope * (0.5 * (left + right) - quantity[k])
            area += abs(middle - at_price) * (right - left)
    return area


@njit(cache=True)
def order_residuals(
    bus: IntArray,
    is_bid: BoolArray,
    start: IntArray,
    quantity_point_kw: FloatArray,
    price_point: FloatArray,
    quantity_kw: FloatArray,
    price: FloatArray,
    net_demand_kw: FloatArray,
) -> tuple[float, float, float, float, float, float, float]:
    """Measure how well each order gets what it wants at its price.

    Args:
        bus: Bus of each order. Shape ``(n_order,)``.
        is_bid: True for a bid. Shape ``(n_order,)``.
        start: First corner of each order. Shape ``(n_order + 1,)``.
        quantity_point_kw: Corners. kW. Shape ``(n_point,)``.
        price_point: Corners. Currency/kWh. Shape ``(n_point,)``.
        quantity_kw: Awards. kW. Shape ``(n_order,)``.
        price: Nodal prices. Currency/kWh. Shape ``(n_bus,)``.
        net_demand_kw: Written: bought less sold at each bus. Shape ``(n_bus,)``.

    Returns:
        Scale of quantities (kW), scale of prices, worst breach of bounds and of
        stationarity (scaled), surplus lost (currency/h), bought and sold (kW).
    """
    scale_kw, low_price, high_price = 0.0, 0.0, 0.0
    for k in range(quantity_point_kw.size):
        scale_kw = max(scale_kw, quantity_point_kw[k])
        low_price = min(low_price, price_point[k])
        high_price = max(high_price, price_point[k])
    scale_kw = scale_kw if scale_kw > 0.0 else 1.0
    scale_price = high_price - low_price if high_price > low_price else 1.0
    bounds, stationarity, lost, bought, sold = 0.0, 0.0, 0.0, 0.0, 0.0
    for k in range(bus.size):
        corners = quantity_point_kw[start[k] : start[k + 1]]
        prices = price_point[start[k] : start[k + 1]]
        there, got = price[bus[k]], quantity_kw[k]
        if not (np.isfinite(got) and np.isfinite(there)):
            bounds = np.inf
            continue
        bounds = max(bounds, corners[0] - got, got - corners[corners.size - 1])
        direction = -1.0 if is_bid[k] else 1.0
        low, high = quantity_interval(corners, prices, direction, there)
        off_kw = max(low - got, got - high)
        if off_kw > 0.0:
            low_p, high_p = price_interval(corners, prices, direction, got)
            off_price = max(low_p - there, there - high_p, 0.0)
            stationarity = max(
                stationarity, min(off_kw / scale_kw, off_price / scale_price)
            )
            lost += lost_surplus(corners, prices, there, min(got, high), max(got, low))
        if is_bid[k]:
            net_demand_kw[bus[k]] += got
            bought += got
        else:
            net_demand_kw[bus[k]] -= got
            sold += got
    bounds /= scale_kw
    return scale_kw, scale_price, bounds, stationarity, lost, bought, sold


@njit(cache=True)
def limit_residuals(
    limit_kw: FloatArray,
    flow_kw: FloatArray,
    congestion: FloatArray,
    scale_kw: float,
    scale_price: float,
) -> tuple[float, float, float]:
    """Measure flows over limits and prices of limits that do not bind.

    Returns:
        Worst overload and worst complementarity (scaled), and the worth of all limits,
        ``sum |congestion| limit`` (currency/h).
    """
    over, slack, worth = 0.0, 0.0, 0.0
    for k in range(limit_kw.size):
        if not (np.isfinite(flow_kw[k]) and np.isfinite(congestion[k])):
            return np.inf, np.inf, np.inf
        over = max(over, (abs(flow_kw[k]) - limit_kw[k]) / scale_kw)
        if limit_kw[k] == 0.0 and flow_kw[k] != 0.0:
            over = np.inf  # a line of limit zero carries exactly nothing
        if congestion[k] != 0.0:
            left = limit_kw[k] - np.sign(congestion[k]) * flow_kw[k]
            slack = max(
                slack, min(abs(congestion[k]) / scale_price, abs(left) / scale_kw)
            )
            if np.isfinite(limit_kw[k]):
                worth += abs(congestion[k]) * limit_kw[k]
    return over, slack, worth


@njit(cache=True)
def radial_residuals(
    parent: IntArray,
    net_demand_kw: FloatArray,
    price: FloatArray,
    flow_kw: FloatArray,
    congestion: FloatArray,
) -> tuple[float, float]:
    """Measure balance at each bus (kW) and price steps along lines of a tree."""
    n_bus = parent.size
    missing = net_demand_kw.copy()
    apart = 0.0
    for k in range(1, n_bus):
        missing[k] -= flow_kw[k - 1]
        missing[parent[k]] += flow_kw[k - 1]
        step = price[k] - price[parent[k]]
        apart = max(apart, abs(step - congestion[k - 1]))
    worst = 0.0
    for k in range(n_bus):
        worst = max(worst, abs(missing[k]))
    return worst, apart


@njit(cache=True)
def spanning_tree(
    n_bus: int,
    reference: int,
    from_bus: IntArray,
    to_bus: IntArray,
    reactance: FloatArray,
) -> tuple[IntArray, IntArray, IntArray]:
    """Return the tree of least reactance, outwards from the reference bus.

    Small reactances in the tree keep the checks well conditioned: what a loop's closing
    branch carries is then never magnified on its way round.

    Returns:
        Buses from the reference outwards, parent of each bus, branch to the parent
        (both -1 at the reference).
    """
    n_branch = from_bus.size
    group = np.arange(n_bus)
    degree = np.zeros(n_bus + 1, dtype=np.int64)
    chosen = np.zeros(n_branch, dtype=np.bool_)
    for k in np.argsort(reactance, kind="mergesort"):
        ends = np.array([from_bus[k], to_bus[k]])
        for side in range(2):
            at = ends[side]
            while group[at] != at:
                group[at] = group[group[at]]
                at = group[at]
            ends[side] = at
        if ends[0] != ends[1]:
            group[ends[0]] = ends[1]
            chosen[k] = True
            degree[from_bus[k] + 1] += 1
            degree[to_bus[k] + 1] += 1
    start = np.cumsum(degree)
    fill = start[:-1].copy()
    touching = np.empty(start[n_bus], dtype=np.int64)
    for k in range(n_branch):
        if chosen[k]:
            for at in (from_bus[k], to_bus[k]):
                touching[fill[at]] = k
                fill[at] += 1
    order = np.empty(n_bus, dtype=np.int64)
    parent = np.full(n_bus, -1, dtype=np.int64)
    feeding = np.full(n_bus, -1, dtype=np.int64)
    order[0] = reference
    found = 1
    for place in range(n_bus):
        at = order[place]
        for k in touching[start[at] : start[at + 1]]:
            other = to_bus[k] if from_bus[k] == at else from_bus[k]
            if k != feeding[at]:
                parent[other], feeding[other] = at, k
                order[found] = other
                found += 1
    return order, parent, feeding


@njit(cache=True)
def meshed_residuals(
    n_bus: int,
    reference: int,
    from_bus: IntArray,
    to_bus: IntArray,
    reactance: FloatArray,
    net_demand_kw: FloatArray,
    price: FloatArray,
    flow_kw: FloatArray,
    congestion: FloatArray,
) -> tuple[float, float]:
    """Measure a DC network: balance and loops (kW), price steps along branches.

    Loops: the drops ``reactance * flow`` around each loop of the spanning tree sum to
    zero. Prices: with ``gap = price[from] - price[to] + congestion`` of each branch,
    ``gap / reactance`` is a circulation (flows into each bus as much as out of it);
    that is ``price = energy price - H' congestion`` without the matrix H.
    """
    order, parent, feeding = spanning_tree(
        n_bus, reference, from_bus, to_bus, reactance
    )
    depth = np.zeros(n_bus, dtype=np.int64)
    for place in range(1, n_bus):
        depth[order[place]] = depth[parent[order[place]]] + 1
    missing = net_demand_kw.copy()
    outflow = np.zeros(n_bus)
    off_kw = 0.0
    for k in range(from_bus.size):
        a, b = from_bus[k], to_bus[k]
        missing[b] -= flow_kw[k]
        missing[a] += flow_kw[k]
        if feeding[a] == k or feeding[b] == k:
            continue
        pull = (price[a] - price[b] + congestion[k]) / reactance[k]
        outflow[a] += pull
        outflow[b] -= pull
        drop, around = reactance[k] * flow_kw[k], reactance[k]
        while a != b:
            deeper = a if depth[a] >= depth[b] else b
            line = feeding[deeper]
            sign = 1.0 if from_bus[line] == deeper else -1.0
            if deeper == a:
                drop -= sign * reactance[line] * flow_kw[line]
                a = parent[a]
            else:
                drop += sign * reactance[line] * flow_kw[line]
                b = parent[b]
            around += reactance[line]
        off_kw = max(off_kw, abs(drop) / around)
    for k in range(n_bus):
        off_kw = max(off_kw, abs(missing[k]))
    apart = 0.0
    for place in range(n_bus - 1, 0, -1):
        at = order[place]
        line = feeding[at]
        sign = 1.0 if from_bus[line] == at else -1.0
        gap = price[from_bus[line]] - price[to_bus[line]] + congestion[line]
        apart = max(apart, abs(gap + sign * outflow[at] * reactance[line]))
        outflow[parent[at]] += outflow[at]
    return off_kw, apart


@njit(cache=True)
def nodal_residuals(
    n_bus: int,
    reference: int,
    from_bus: IntArray,
    to_bus: IntArray,
    reactance: FloatArray,
    limit_kw: FloatArray,
    bus: IntArray,
    is_bid: BoolArray,
    start: IntArray,
    quantity_point_kw: FloatArray,
    price_point: FloatArray,
    quantity_kw: FloatArray,
    price: FloatArray,
    flow_kw: FloatArray,
    congestion: FloatArray,
) -> FloatArray:
    """Return all residuals of a nodal clearing, in the order of ``laws.NODAL_LAWS``.

    For a ``RadialNetwork``, ``from_bus`` holds the parents (one more than branches) and
    ``to_bus`` and ``reactance`` are empty.
    """
    net_demand_kw = np.zeros(n_bus)
    scale_kw, scale_price, bounds, stationarity, lost, bought, sold = order_residuals(
        bus,
        is_bid,
        start,
        quantity_point_kw,
        price_point,
        quantity_kw,
        price,
        net_demand_kw,
    )
    if from_bus.size != to_bus.size:
        off_kw, apart = radial_residuals(
            from_bus, net_demand_kw, price, flow_kw, congestion
        )
    else:
        off_kw, apart = meshed_residuals(
            n_bus,
            reference,
            from_bus,
            to_bus,
            reactance,
            net_demand_kw,
            price,
            flow_kw,
            congestion,
        )
    over, slack, worth = limit_residuals(
        limit_kw, flow_kw, congestion, scale_kw, scale_price
    )
    rent = 0.0
    for k in range(n_bus):
        rent += price[k] * net_demand_kw[k]
    money = scale_price * max(scale_kw, bought, sold)
    return np.array(
        [
            abs(bought - sold) / max(scale_kw, bought),
            off_kw / scale_kw,
            over,
            bounds,
            stationarity,
            apart / scale_price,
            slack,
            abs(lost + worth - rent) / money,
            abs(worth - rent) / money,
        ]
    )
