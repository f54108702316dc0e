"""Exact clearing of price curves on a tree of lines, in O(n log n).

**Curves of subtrees.** The net demand ``D(p)`` of a subtree never rises with price and
is piecewise linear with jumps. It is kept as breakpoints (price, change of slope,
jump) plus its values at the far ends. A line's limit ``F`` clips the curve to
``[-F, F]``: breakpoints are taken from the low end until ``D <= F`` and from the high
end until ``D >= -F``, and one takes the place of those that left. Each line remembers
the price ``above`` below which it runs at ``+F`` and the price ``below`` above which it
runs at ``-F``.

**Bags.** Breakpoints of a subtree lie unsorted in a bag. As buses are visited depth
first, from the last to the source, the bags form one stack: that of a subtree is its
top part, and children need no merging. To clip, breakpoints are halved as quickselect
does (Hoare, Comm. ACM 4, 1961) until few are left around the fall through the limit;
those are walked in order of price.

**Heaps.** A long chain of lines, each of which takes little away, would look at the
same bag again and again. Once a subtree has been looked at ``_PATIENCE`` times per
breakpoint, its bag moves into two pairing heaps (Fredman et al., Algorithmica 1,
1986), lowest price first and highest price first, which parents meld in constant time.
So all clips together cost O(n log n) on any tree.

**Prices.** At the source the curve must hold 0, which leaves one price or an interval;
going down, a bus takes its parent's price clamped to ``[above, below]``.

**Quantities.** At its bus's price an order is on a slope (one quantity) or on a
horizontal piece (a tie). Ties of a zone are shared pro rata: tied bids are served
first, then tied offers withdraw. What rounding leaves is shared by the orders on a
slope in proportion to it.

**Rounding.** Running values and slopes are kept in double-double arithmetic, for a
steep piece that comes and goes would otherwise leave the dust of its slope behind.
A value within ``_ROUNDING`` of the subtree's total quantity counts as equal, so that
sums which are equal on paper meet at the same breakpoint.

In the heaps breakpoint ``k`` of ``n`` is node ``k`` of one keyed by price and node
``k + n`` of one keyed by minus the price. Its row holds change of slope and jump, two
words each.

Longer than other modules: it is one algorithm, and its kernels call only what stands
in this file, so that the compiled cache cannot miss an edit.
"""

import numpy as np
from numpy.typing import NDArray

from gridagora.markets.kernels.compiling import compiled, inner
from gridagora.types.arrays import BoolArray, FloatArray, IntArray

Links = NDArray[np.int32]

CLEARED = 0
EMPTY = 1
ONE_SIDED = 2
INFEASIBLE = 3
OUTSIDE = 4

_ROUNDING = 16 * 2.220446049250313e-16
_STEEP = 1e-13  # a piece this narrow, relative to its price, counts as horizontal
_STEEPEST = 1e200  # nor may a slope overflow near price 0
_SLACK = 1e-10  # rounding moves an order along its slope by less than this, of price
_CAUTION = 64.0  # widens the tolerance where plain floats estimate
_FEW = 24  # breakpoints that are walked rather than halved
_PATIENCE = 16  # looks at each breakpoint of a bag before it moves into heaps
_SPLIT = 134217729.0  # 2**27 + 1

_SLOPE, _SLOPE_LOW, _JUMP, _JUMP_LOW = 0, 1, 2, 3
_CHILD, _SIBLING = 0, 1
_LOOSE, _CREDIT = 0, 1  # breakpoints in the bag, looks left
_BASE, _TIE, _DOWN, _UP = 0, 1, 2, 3
_FOLLOWS, _HELD, _CLIPPED = 0, 1, 2  # what sets a flow: the parent, the line, both


@inner
def _add(high: float, low: float, x_high: float, x_low: float) -> tuple[float, float]:
    """Add two double-double numbers."""
    total = high + x_high
    part = total - high
    error = (high - (total - part)) + (x_high - part)
    low = low + x_low + error
    result = total + low
    return result, low - (result - total)


@inner
def _add_product(
    high: float, low: float, factor: float, first: float, second: float
) -> tuple[float, float]:
    """Add ``factor * (first - second)`` to a double-double number, unrounded.

    Source: Dekker, Numer. Math. 18, 1971 (exact product by splitting).
    """
    difference = first - second
    part = first - difference
    lost = (first - (difference + part)) + (part - second)
    product = factor * difference
    scaled = _SPLIT * factor
    factor_high = scaled - (scaled - factor)
    factor_low = factor - factor_high
    scaled = _SPLIT * difference
    top = scaled - (scaled - difference)
    bottom = difference - top
    error = factor_high * top - product
    error = error + factor_high * bottom + factor_low * top + factor_low * bottom
    return _add(high, low, product, error + factor * lost)


@inner
def _link(a: int, b: int, key: FloatArray, links: Links) -> int:
    """Join two heaps, smallest key first; -1 is the empty one."""
    if a < 0:
        return b
    if b < 0:
        return a
    if key[b] < key[a]:
        a, b = b, a
    links[b, _SIBLING] = links[a, _CHILD]
    links[a, _CHILD] = b
    return a


@inner
def _pop(root: int, key: FloatArray, links: Links) -> int:
    """Return the heap without its root: pair the children, then join from the right."""
    node = links[root, _CHILD]
    pairs = -1
    while node >= 0:
        other = links[node, _SIBLING]
        if other < 0:
            links[node, _SIBLING] = pairs
            pairs = node
            break
        following = links[other, _SIBLING]
        if key[other] < key[node]:
            node, other = other, node
        links[other, _SIBLING] = links[node, _CHILD]
        links[node, _CHILD] = other
        links[node, _SIBLING] = pairs
        pairs = node
        node = following
    heap = -1
    while pairs >= 0:
        following = links[pairs, _SIBLING]
        heap = _link(heap, pairs, key, links)
        pairs = following
    return heap


@inner
def _insert(node: int, at_key: float, root: int, key: FloatArray, links: Links) -> int:
    """Return the heap with one more node."""
    key[node] = at_key
    links[node, _CHILD] = -1
    links[node, _SIBLING] = -1
    return _link(root, node, key, links)


@inner
def _write(
    at: int,
    slope: float,
    slope_low: float,
    jump: float,
    jump_low: float,
    points: FloatArray,
) -> None:
    """Write what happens to the curve at breakpoint ``at``."""
    points[at, _SLOPE] = slope
    points[at, _SLOPE_LOW] = slope_low
    points[at, _JUMP] = jump
    points[at, _JUMP_LOW] = jump_low


@inner
def _is_level(low_price: float, high_price: float, height: float) -> bool:
    """Return whether a piece is horizontal, or too steep in ``D(p)`` to be told so."""
    width = high_price - low_price
    widest = max(abs(low_price), abs(high_price))
    return width <= _STEEP * widest or height > _STEEPEST * width


@inner
def _far_ends(
    order_bus: IntArray,
    is_bid: BoolArray,
    start: IntArray,
    quantity: FloatArray,
    ends: FloatArray,
) -> None:
    """Add up what the orders of each bus come to at the far ends of price.

    ``ends`` rows become: value at price -inf (two words), at +inf (two words), and
    the sum of quantities, which sets the scale of rounding.
    """
    for order in range(order_bus.size):
        bus = order_bus[order]
        firm = quantity[start[order]]
        most = quantity[start[order + 1] - 1]
        at_low = most if is_bid[order] else -firm
        at_high = firm if is_bid[order] else -most
        ends[bus, 0], ends[bus, 1] = _add(ends[bus, 0], ends[bus, 1], at_low, 0.0)
        ends[bus, 2], ends[bus, 3] = _add(ends[bus, 2], ends[bus, 3], at_high, 0.0)
        ends[bus, 4] += most


@compiled
def _ordered(
    parent: IntArray, limit: FloatArray, ends: FloatArray, ordered: BoolArray
) -> None:
    """Mark buses whose breakpoints some line may have to take in order of price.

    Column 0 marks the order from the lowest price, needed behind a line that the most
    demand could overload; column 1 the one from the highest price, for supply.
    """
    n_bus = parent.size
    sums = np.empty((n_bus, 3))
    for bus in range(n_bus):
        sums[bus, 0] = ends[bus, 0]
        sums[bus, 1] = -ends[bus, 2]
        sums[bus, 2] = ends[bus, 4]
    for bus in range(n_bus - 1, 0, -1):
        for part in range(3):
            sums[parent[bus], part] += sums[bus, part]
    for bus in range(1, n_bus):
        least = limit[bus - 1] - _CAUTION * _ROUNDING * sums[bus, 2]
        for side in range(2):
            ordered[bus, side] = ordered[parent[bus], side] or sums[bus, side] > least


@compiled
def _depth_first(parent: IntArray) -> tuple[IntArray, IntArray]:
    """Return the bus at each place of a depth-first order, and each bus's place."""
    n_bus = parent.size
    size = np.ones(n_bus, dtype=np.int64)
    for bus in range(n_bus - 1, 0, -1):
        size[parent[bus]] += size[bus]
    place = np.zeros(n_bus, dtype=np.int64)
    following = np.ones(n_bus, dtype=np.int64)
    bus_at = np.zeros(n_bus, dtype=np.int64)
    for bus in range(1, n_bus):
        at = following[parent[bus]]
        following[parent[bus]] += size[bus]
        following[bus] = at + 1
        place[bus] = at
        bus_at[at] = bus
    return bus_at, place


@compiled
def _by_bus(order_bus: IntArray, place: IntArray) -> tuple[IntArray, IntArray]:
    """Return the orders sorted by place of their bus, and where each place begins."""
    first = np.zeros(place.size + 2, dtype=np.int64)
    for order in range(order_bus.size):
        first[place[order_bus[order]] + 2] += 1
    for at in range(2, first.size):
        first[at] += first[at - 1]
    visit = np.empty(order_bus.size, dtype=np.int64)
    for order in range(order_bus.size):
        at = place[order_bus[order]] + 1
        visit[first[at]] = order
        first[at] += 1
    return visit, first


@inner
def _unfold(
    order_is_bid: np.bool_,
    first: int,
    last: int,
    quantity: FloatArray,
    price: FloatArray,
    key: FloatArray,
    points: FloatArray,
    dead: BoolArray,
    n_point: int,
) -> int:
    """Turn an order into breakpoints; return how many there are of all orders."""
    for corner in range(first, last):
        height = quantity[corner + 1] - quantity[corner]
        if height == 0.0:
            continue
        low_price = price[corner + 1] if order_is_bid else price[corner]
        high_price = price[corner] if order_is_bid else price[corner + 1]
        dead[n_point] = False
        if _is_level(low_price, high_price, height):
            key[n_point] = price[corner + 1]
            _write(n_point, 0.0, 0.0, -height, 0.0, points)
            n_point += 1
        else:
            slope = height / (high_price - low_price)
            key[n_point] = low_price
            _write(n_point, -slope, 0.0, 0.0, 0.0, points)
            n_point += 1
            dead[n_point] = False
            key[n_point] = high_price
            _write(n_point, slope, 0.0, 0.0, 0.0, points)
            n_point += 1
    return n_point


@inner
def _enter(
    bus: int,
    first: int,
    last: int,
    ordered: BoolArray,
    bag: Links,
    heaps: IntArray,
    key: FloatArray,
    links: Links,
) -> None:
    """Move breakpoints from the bag to the heaps of a bus."""
    mirror = key.size // 2
    for k in range(first, last):
        at = bag[k]
        if ordered[bus, 0]:
            heaps[bus, 0] = _insert(at, key[at], heaps[bus, 0], key, links)
        if ordered[bus, 1]:
            heaps[bus, 1] = _insert(at + mirror, -key[at], heaps[bus, 1], key, links)


@inner
def _foremost(bag: Links, first: int, last: int, side: int, key: FloatArray) -> int:
    """Return where in the bag the lowest (side 0) or highest (side 1) price is."""
    best = first
    extreme = key[bag[first]]
    if side == 0:
        for k in range(first + 1, last):
            price = key[bag[k]]
            if price < extreme:
                extreme = price
                best = k
    else:
        for k in range(first + 1, last):
            price = key[bag[k]]
            if price > extreme:
                extreme = price
                best = k
    return best


@inner
def _bracket(
    value: float,
    tolerance: float,
    side: int,
    key: FloatArray,
    points: FloatArray,
    bag: Links,
    first: int,
    last: int,
) -> tuple[int, int, float]:
    """Narrow the breakpoints ``bag[first:last]`` to those around a fall through 0.

    Halves them as quickselect does, in plain floats: an estimate, which an exact sum
    has to check. The bag is rearranged: those passed come first, those beyond last.

    Returns:
        The narrower range, and the price of the last breakpoint passed.
    """
    sign = 1.0 if side == 0 else -1.0
    reached = -sign * np.inf
    slope = 0.0
    patience = _PATIENCE * (last - first)
    while last - first > _FEW and patience > 0:
        patience -= last - first
        a = key[bag[first]]
        b = key[bag[(first + last) // 2]]
        c = key[bag[last - 1]]
        pivot = max(min(a, b), min(max(a, b), c))
        at_pivot = value
        if slope != 0.0:
            at_pivot += slope * (sign * (pivot - reached))
        steeper = slope
        middle = first
        for k in range(first, last):
            point = bag[k]
            ahead = sign * (pivot - key[point])
            bag[k] = bag[middle]
            bag[middle] = point
            if ahead >= 0.0:
                middle += 1
                change = sign * points[point, _SLOPE]
                at_pivot += points[point, _JUMP] + change * ahead
                steeper += change
        if at_pivot > tolerance:
            first = middle
            reached = pivot
            value = at_pivot
            slope = steeper
        elif at_pivot < -tolerance and middle < last:
            last = middle
        else:
            break
    return first, last, reached


@inner
def _passed(
    value: float,
    value_low: float,
    reached: float,
    side: int,
    key: FloatArray,
    points: FloatArray,
    bag: Links,
    first: int,
    last: int,
) -> tuple[float, float, float, float]:
    """Return value and slope at a price past the breakpoints ``bag[first:last]``."""
    slope = 0.0
    slope_low = 0.0
    for k in range(first, last):
        point = bag[k]
        change = points[point, _SLOPE]
        change_low = points[point, _SLOPE_LOW]
        value, value_low = _add(
            value, value_low, points[point, _JUMP], points[point, _JUMP_LOW]
        )
        value, value_low = _add_product(value, value_low, change, reached, key[point])
        value_low += change_low * (reached - key[point])
        slope, slope_low = _add(slope, slope_low, change, change_low)
    if side == 1:
        return value, value_low, -slope, -slope_low
    return value, value_low, slope, slope_low


@inner
def _clip(
    bus: int,
    limit: float,
    side: int,
    ends: FloatArray,
    ordered: BoolArray,
    bag: Links,
    base: int,
    top: int,
    tally: IntArray,
    heaps: IntArray,
    key: FloatArray,
    points: FloatArray,
    links: Links,
    dead: BoolArray,
    n_point: int,
) -> tuple[float, int, int]:
    """Clip the curve of ``bus`` to at most ``limit`` (side 0) or at least (side 1).

    Side 0 walks up from the lowest price, side 1 walks down from the highest. Signs
    are turned so that both read as: the value starts above the limit and falls.

    Returns:
        The price where the curve leaves the limit, the end of the bag, and how many
        breakpoints exist.
    """
    sign = 1.0 if side == 0 else -1.0
    tolerance = _ROUNDING * ends[bus, 4]
    value = sign * ends[bus, 2 * side]
    value_low = sign * ends[bus, 2 * side + 1]
    target = sign * limit
    reached = -sign * np.inf
    if (value - target) + value_low <= tolerance:
        return reached, top, n_point
    slope = 0.0
    slope_low = 0.0
    loose = heaps[bus, side] < 0
    first, last, near = base, top, reached
    if loose and top - base > _FEW:
        tally[bus, _CREDIT] -= top - base
        if tally[bus, _CREDIT] > 0:
            first, last, near = _bracket(
                value - target, _CAUTION * tolerance, side, key, points, bag, base, top
            )
        if last - first > _FEW:
            loose = False
        elif first > base:
            value, value_low, slope, slope_low = _passed(
                value, value_low, near, side, key, points, bag, base, first
            )
            reached = near
            if (value - target) + value_low <= tolerance:  # the estimate was off
                loose = False
                value = sign * ends[bus, 2 * side]
                value_low = sign * ends[bus, 2 * side + 1]
                slope = 0.0
                slope_low = 0.0
                reached = -sign * np.inf
    if not loose:
        _enter(bus, base, top, ordered, bag, heaps, key, links)
        first = last = top = base
    mirror = side * dead.size
    at = base
    node = -1
    while True:
        if loose:
            if first == last:  # the estimate was off: go on to those beyond
                last = top
                if first == top:
                    break
            at = _foremost(bag, first, last, side, key)
            point = bag[at]
        else:
            node = heaps[bus, side]
            while node >= 0 and dead[node - mirror]:
                node = _pop(node, key, links)
            heaps[bus, side] = node
            if node < 0:
                break
            point = node - mirror
        price = key[point]
        before = value
        before_low = value_low
        if slope != 0.0:
            fall = slope * (sign * (price - reached))
            before, before_low = _add(value, value_low, fall, 0.0)
        if (before - target) + before_low < -tolerance:
            crossing = reached + sign * (((target - value) - value_low) / slope)
            crossing = min(max(crossing, min(reached, price)), max(reached, price))
            fall = slope * (sign * (crossing - reached))
            value, value_low = _add(value, value_low, fall, 0.0)
            value, value_low = _add(value, value_low, -target, 0.0)
            _write(n_point, sign * slope, sign * slope_low, value, value_low, points)
            key[n_point] = crossing
            dead[n_point] = False
            bag[top] = n_point
            if loose:
                top += 1
            else:
                _enter(bus, top, top + 1, ordered, bag, heaps, key, links)
            n_point += 1
            reached = crossing
            break
        value, value_low = before, before_low
        if points[point, _JUMP] != 0.0:
            value, value_low = _add(
                value, value_low, points[point, _JUMP], points[point, _JUMP_LOW]
            )
        slope, slope_low = _add(
            slope,
            slope_low,
            sign * points[point, _SLOPE],
            sign * points[point, _SLOPE_LOW],
        )
        reached = price
        if (value - target) + value_low <= tolerance:
            value, value_low = _add(value, value_low, -target, 0.0)
            _write(point, sign * slope, sign * slope_low, value, value_low, points)
            break
        if loose:
            bag[at] = bag[first]
            bag[first] = point
            first += 1
        else:
            dead[point] = True
            heaps[bus, side] = _pop(node, key, links)
    # Those passed lie first in the bag; others move into their places.
    for k in range(base, first):
        dead[bag[k]] = True
    left = top - first
    for k in range(min(first - base, left)):
        bag[base + k] = bag[top - 1 - k]
    top = base + left
    ends[bus, 2 * side] = limit
    ends[bus, 2 * side + 1] = 0.0
    return reached, top, n_point


@inner
def _level(bus: int, value: float, ends: FloatArray, heaps: IntArray) -> None:
    """Make the curve of a bus one value at every price."""
    heaps[bus, 0] = -1
    heaps[bus, 1] = -1
    ends[bus, 0] = value
    ends[bus, 1] = 0.0
    ends[bus, 2] = value
    ends[bus, 3] = 0.0


@inner
def _shortage(bus: int, limit: float, ends: FloatArray) -> float:
    """Return by how much firm power exceeds what a limit lets through.

    Positive: demand beyond the line that cannot be served. Negative: supply that
    cannot leave. 0 when there is a way.
    """
    tolerance = _ROUNDING * ends[bus, 4]
    missing = (ends[bus, 2] - limit) + ends[bus, 3]
    if missing > tolerance:
        return float(missing)
    trapped = (ends[bus, 0] + limit) + ends[bus, 1]
    if trapped < -tolerance:
        return float(trapped)
    return 0.0


@compiled
def _balance(
    ends: FloatArray,
    key: FloatArray,
    points: FloatArray,
    links: Links,
    dead: BoolArray,
    n_point: int,
) -> tuple[float, float]:
    """Return the lowest and the highest price at which the whole tree balances."""
    tolerance = _ROUNDING * ends[0, 4]
    live = np.empty(n_point, dtype=np.int32)
    n_live = 0
    for point in range(n_point):
        live[n_live] = point
        n_live += not dead[point]
    first, last, reached = _bracket(
        ends[0, 0], _CAUTION * tolerance, 0, key, points, live, 0, n_live
    )
    while True:
        value, value_low, slope, slope_low = _passed(
            ends[0, 0], ends[0, 1], reached, 0, key, points, live, 0, first
        )
        heap = -1
        for k in range(first, last):
            heap = _insert(live[k], key[live[k]], heap, key, links)
        if first == 0 or value + value_low > tolerance:
            ended, lowest, highest = _walk(
                heap, value, value_low, slope, slope_low, reached, tolerance,
                key, points, links,
            )  # fmt: skip
            if ended or last == n_live:
                return lowest, highest
        # The estimate was off by rounding, or an interval reaches beyond it.
        first, last, reached = 0, n_live, -np.inf


@inner
def _walk(
    heap: int,
    value: float,
    value_low: float,
    slope: float,
    slope_low: float,
    reached: float,
    tolerance: float,
    key: FloatArray,
    points: FloatArray,
    links: Links,
) -> tuple[bool, float, float]:
    """Walk up a heap of breakpoints to where the value passes 0.

    Returns:
        Whether it got below 0, and the lowest and highest price at which it is 0.
    """
    lowest = -np.inf
    level = value + value_low <= tolerance
    while heap >= 0:
        price = key[heap]
        before = value
        before_low = value_low
        if slope != 0.0:
            before, before_low = _add(value, value_low, slope * (price - reached), 0.0)
        if before + before_low < -tolerance:
            if level:
                return True, lowest, reached
            crossing = reached - (value + value_low) / slope
            crossing = min(max(crossing, reached), price)
            return True, crossing, crossing
        value, value_low = _add(
            before, before_low, points[heap, _JUMP], points[heap, _JUMP_LOW]
        )
        slope, slope_low = _add(
            slope, slope_low, points[heap, _SLOPE], points[heap, _SLOPE_LOW]
        )
        reached = price
        if not level and value + value_low <= tolerance:
            level = True
            lowest = price
        if level and value + value_low < -tolerance:
            return True, lowest, price
        heap = _pop(heap, key, links)
    return False, lowest if level else reached, np.inf


@compiled
def _source_price(lowest: float, highest: float, price: FloatArray) -> float:
    """Choose one price at the source; the rule is in ``clear_radial``."""
    if np.isinf(lowest) and np.isinf(highest):
        return float(0.5 * price.min() + 0.5 * price.max())
    if np.isinf(lowest):
        return highest
    if np.isinf(highest) or lowest == highest:
        return lowest
    return min(max(0.5 * lowest + 0.5 * highest, lowest), highest)


@inner
def _place(
    order_is_bid: np.bool_,
    first: int,
    last: int,
    quantity: FloatArray,
    price: FloatArray,
    at: float,
    slack: float,
    place: FloatArray,
) -> None:
    """Write where price ``at`` puts an order on its curve.

    Columns of ``place``: quantity without the tie, tied quantity, and by how much
    rounding of the price may move it down and up its slopes.
    """
    base = quantity[first]
    tie = 0.0
    down = 0.0
    up = 0.0
    for corner in range(first, last):
        height = quantity[corner + 1] - quantity[corner]
        if height == 0.0:
            continue
        # Turned so that both sides read as a bid: taken while the price is below.
        near = price[corner] if order_is_bid else -price[corner]
        far = price[corner + 1] if order_is_bid else -price[corner + 1]
        level = at if order_is_bid else -at
        if _is_level(far, near, height):
            if level > far:
                break
            if level < far:
                base = quantity[corner + 1]
            else:
                tie += height
            continue
        if level > near:
            break
        if level < far:
            base = quantity[corner + 1]
            continue
        width = near - far
        taken = height * ((near - level) / width) if level > far else height
        reach = height * (slack / width)
        if tie == 0.0:  # else this slope begins where the tie ends
            base = quantity[corner] + taken if level > far else quantity[corner + 1]
        down += min(taken, reach)
        up += min(height - taken, reach)
    place[_BASE] = base
    place[_TIE] = tie
    place[_DOWN] = down
    place[_UP] = up


@inner
def _stage(flow: float, five: FloatArray) -> tuple[int, float]:
    """Return the stage in which a net demand equals ``flow``, and the share of it."""
    if flow <= five[0]:
        return 0, 0.0
    for stage in range(4):
        if flow <= five[stage + 1] and five[stage] < five[stage + 1]:
            return stage, (flow - five[stage]) / (five[stage + 1] - five[stage])
    return 3, 1.0


@inner
def _award(
    order_is_bid: np.bool_, stage: int, share: float, place: FloatArray
) -> float:
    """Return the quantity of an order at a share of a stage."""
    rising = stage if order_is_bid else 3 - stage  # an offer goes the other way
    part = share if order_is_bid else 1.0 - share
    if rising == 0:
        return float(place[_BASE] - (1.0 - part) * place[_DOWN])
    if rising == 3:
        return float(place[_BASE] + place[_TIE] + part * place[_UP])
    if rising == 1:
        return float(place[_BASE] + part * place[_TIE])
    return float(place[_BASE] + place[_TIE])


@inner
def _share(
    parent: IntArray,
    limit: FloatArray,
    order_bus: IntArray,
    is_bid: BoolArray,
    start: IntArray,
    quantity: FloatArray,
    price: FloatArray,
    above: FloatArray,
    below: FloatArray,
    bus_price: FloatArray,
    flow: FloatArray,
    award: FloatArray,
    places: FloatArray,
    five: FloatArray,
    hold: NDArray[np.int8],
    stages: IntArray,
    shares: FloatArray,
) -> None:
    """Fill ``flow`` and ``award`` at given prices.

    As more is drawn, the net demand of every bus and subtree passes ``five`` corners,
    and so four stages between them: rounding slack used downwards; no tied bid and all
    tied offers; all tied bids and all tied offers; all tied bids and no tied offer;
    slack used upwards. All orders of a zone are at the same share of the same stage.
    """
    n_bus = parent.size
    n_order = order_bus.size
    slack = 0.0
    for corner in range(price.size):
        slack = max(slack, abs(price[corner]))
    slack *= _SLACK
    for order in range(n_order):
        bus = order_bus[order]
        place = places[order]
        first = start[order]
        last = start[order + 1] - 1
        _place(
            is_bid[order], first, last, quantity, price, bus_price[bus], slack, place
        )
        base = place[_BASE]
        full = base + place[_TIE]
        if is_bid[order]:
            five[bus, 0] += base - place[_DOWN]
            five[bus, 1] += base
            five[bus, 2] += full
            five[bus, 3] += full
            five[bus, 4] += full + place[_UP]
        else:
            five[bus, 0] -= full + place[_UP]
            five[bus, 1] -= full
            five[bus, 2] -= full
            five[bus, 3] -= base
            five[bus, 4] -= base - place[_DOWN]
    for bus in range(n_bus - 1, 0, -1):
        up = parent[bus]
        most = limit[bus - 1]
        if bus_price[up] < above[bus]:
            hold[bus] = _HELD
            flow[bus - 1] = most
        elif bus_price[up] > below[bus]:
            hold[bus] = _HELD
            flow[bus - 1] = -most
        elif five[bus, 0] < -most or five[bus, 4] > most:
            hold[bus] = _CLIPPED
        for part in range(5):
            if hold[bus] == _HELD:
                five[up, part] += flow[bus - 1]
            else:
                five[up, part] += min(max(five[bus, part], -most), most)
    stages[0], shares[0] = _stage(0.0, five[0])
    for bus in range(1, n_bus):
        stage = stages[parent[bus]]
        share = shares[parent[bus]]
        most = limit[bus - 1]
        if hold[bus] == _FOLLOWS:
            stages[bus] = stage
            shares[bus] = share
            flow[bus - 1] = (1.0 - share) * five[bus, stage] + share * five[
                bus, stage + 1
            ]
            continue
        if hold[bus] == _CLIPPED:
            low = min(max(five[bus, stage], -most), most)
            high = min(max(five[bus, stage + 1], -most), most)
            flow[bus - 1] = (1.0 - share) * low + share * high
        stages[bus], shares[bus] = _stage(flow[bus - 1], five[bus])
    for line in range(n_bus - 1):
        flow[line] = min(max(flow[line], -limit[line]), limit[line]) + 0.0
    for order in range(n_order):
        bus = order_bus[order]
        drawn = _award(is_bid[order], stages[bus], shares[bus], places[order])
        firm = quantity[start[order]]
        most = quantity[start[order + 1] - 1]
        award[order] = min(max(drawn, firm), most)


@inner
def _sum_up(
    parent: IntArray,
    limit: FloatArray,
    is_bid: BoolArray,
    start: IntArray,
    quantity: FloatArray,
    price: FloatArray,
    bus_at: IntArray,
    visit: IntArray,
    first: IntArray,
    ends: FloatArray,
    ordered: BoolArray,
    bag: Links,
    tally: IntArray,
    heaps: IntArray,
    key: FloatArray,
    points: FloatArray,
    links: Links,
    dead: BoolArray,
    above: FloatArray,
    below: FloatArray,
    short: FloatArray,
) -> int:
    """Add up the curves towards the source; return how many breakpoints there are.

    Fills ``above``, ``below`` and, but for the source, ``short``.
    """
    top = 0
    n_point = 0
    for at in range(parent.size - 1, -1, -1):
        bus = bus_at[at]
        base = top - tally[bus, _LOOSE]
        for k in range(first[at], first[at + 1]):
            order = visit[k]
            known = n_point
            n_point = _unfold(
                is_bid[order], start[order], start[order + 1] - 1, quantity, price,
                key, points, dead, n_point,
            )  # fmt: skip
            for point in range(known, n_point):
                bag[top] = point
                top += 1
            tally[bus, _CREDIT] += _PATIENCE * (n_point - known)
        if bus == 0:
            break
        most = limit[bus - 1]
        if most < ends[bus, 4]:
            short[bus] = _shortage(bus, most, ends)
            if short[bus] != 0.0:
                top = base
                _level(bus, most if short[bus] > 0.0 else -most, ends, heaps)
            for side in range(2):
                reached, top, n_point = _clip(
                    bus, most if side == 0 else -most, side, ends, ordered, bag, base,
                    top, tally, heaps, key, points, links, dead, n_point,
                )  # fmt: skip
                if side == 0:
                    above[bus] = reached
                else:
                    below[bus] = reached
            below[bus] = max(above[bus], below[bus])
        up = parent[bus]
        tally[up, _LOOSE] += top - base
        tally[up, _CREDIT] += tally[bus, _CREDIT]
        ends[up, 0], ends[up, 1] = _add(
            ends[up, 0], ends[up, 1], ends[bus, 0], ends[bus, 1]
        )
        ends[up, 2], ends[up, 3] = _add(
            ends[up, 2], ends[up, 3], ends[bus, 2], ends[bus, 3]
        )
        ends[up, 4] += ends[bus, 4]
        heaps[up, 0] = _link(heaps[up, 0], heaps[bus, 0], key, links)
        heaps[up, 1] = _link(heaps[up, 1], heaps[bus, 1], key, links)
    return n_point


@compiled
def clear_tree(
    parent: IntArray,
    limit: FloatArray,
    order_bus: IntArray,
    is_bid: BoolArray,
    start: IntArray,
    quantity: FloatArray,
    price: FloatArray,
) -> tuple[int, FloatArray, FloatArray, FloatArray, FloatArray]:
    """Clear curves on a tree of lines at the greatest welfare.

    Args:
        parent: Index of the feeding bus, ``parent[i] < i``, -1 first.
            int64, shape ``(n_bus,)``.
        limit: Limit of the line that feeds bus ``k + 1``; ``inf`` for none. kW.
            Shape ``(n_bus - 1,)``.
        order_bus: Bus of each order. int64, shape ``(n_order,)``.
        is_bid: True for a bid. bool, shape ``(n_order,)``.
        start: First corner of each order, and one past the last.
            int64, shape ``(n_order + 1,)``.
        quantity: Corner quantities, never falling. kW. Shape ``(n_corner,)``.
        price: Corner prices. Currency/kWh. Shape ``(n_corner,)``.

    Returns:
        ``(status, award, bus_price, flow, short)``: one of the codes above; kW per
        order; currency/kWh per bus; kW per line, positive away from the source; and
        when infeasible, kW per bus by which firm demand (positive) or firm supply
        (negative) at and beyond the bus exceeds what can pass the line that feeds it.
        Without a dispatch the quantities and flows are 0 and the prices NaN.
    """
    n_bus = parent.size
    n_order = order_bus.size
    award = np.zeros(n_order)
    bus_price = np.full(n_bus, np.nan)
    flow = np.zeros(n_bus - 1)
    short = np.zeros(n_bus)
    for order in range(n_order):
        if order_bus[order] < 0 or order_bus[order] >= n_bus:
            return OUTSIDE, award, bus_price, flow, short
    if n_order == 0:
        return EMPTY, award, bus_price, flow, short

    ends = np.zeros((n_bus, 5))
    _far_ends(order_bus, is_bid, start, quantity, ends)
    ordered = np.zeros((n_bus, 2), dtype=np.bool_)
    _ordered(parent, limit, ends, ordered)
    most_points = 2 * (quantity.size - n_order) + 2 * n_bus
    key = np.empty(2 * most_points)
    points = np.empty((most_points, 4))
    links = np.empty((2 * most_points, 2), dtype=np.int32)
    dead = np.empty(most_points, dtype=np.bool_)
    above = np.full(n_bus, -np.inf)
    below = np.full(n_bus, np.inf)
    bus_at, place = _depth_first(parent)
    visit, first = _by_bus(order_bus, place)
    n_point = _sum_up(
        parent, limit, is_bid, start, quantity, price, bus_at, visit, first, ends,
        ordered, np.empty(most_points, dtype=np.int32), np.zeros((n_bus, 2), np.int64),
        np.full((n_bus, 2), -1, dtype=np.int64), key, points, links, dead, above,
        below, short,
    )  # fmt: skip
    short[0] = _shortage(0, 0.0, ends)
    if short.any():
        return INFEASIBLE, award, bus_price, flow, short

    lowest, highest = _balance(ends, key, points, links, dead, n_point)
    bus_price[0] = _source_price(lowest, highest, price)
    for bus in range(1, n_bus):
        bus_price[bus] = min(max(bus_price[parent[bus]], above[bus]), below[bus])
    _share(
        parent, limit, order_bus, is_bid, start, quantity, price, above, below,
        bus_price, flow, award, np.empty((n_order, 4)), np.zeros((n_bus, 5)),
        np.zeros(n_bus, dtype=np.int8), np.empty(n_bus, dtype=np.int64),
        np.empty(n_bus),
    )  # fmt: skip
    n_bid = 0
    for order in range(n_order):
        n_bid += is_bid[order]
    status = ONE_SIDED if n_bid in (0, n_order) else CLEARED
    return status, award, bus_price, flow, short
