from fractions import Fraction

import numba
import numpy as np
import pytest

from gridagora.markets.kernels import tree

ONE_BUS = (np.array([-1]), np.zeros(0))


def clear(parent, limit, orders):
    """Clear orders given as (bus, is_bid, quantities, prices)."""
    return tree.clear_tree(
        np.array(parent, dtype=np.int64),
        np.array(limit, dtype=np.float64),
        np.array([order[0] for order in orders], dtype=np.int64),
        np.array([order[1] for order in orders], dtype=np.bool_),
        np.cumsum([0, *(len(order[2]) for order in orders)]).astype(np.int64),
        np.array([q for order in orders for q in order[2]], dtype=np.float64),
        np.array([p for order in orders for p in order[3]], dtype=np.float64),
    )


@numba.njit
def add_all(terms):
    high = low = 0.0
    for term in terms:
        high, low = tree._add(high, low, term, 0.0)
    return high, low


@numba.njit
def add_product(high, low, factor, first, second):
    return tree._add_product(high, low, factor, first, second)


@numba.njit
def through_a_heap(keys):
    links = np.full((keys.size, 2), -1, dtype=np.int32)
    key = np.empty(keys.size)
    heap = -1
    for node in range(keys.size):
        heap = tree._insert(node, keys[node], heap, key, links)
    popped = np.full(keys.size, np.nan)
    for at in range(keys.size):
        popped[at] = key[heap]
        heap = tree._pop(heap, key, links)
    return popped


def test_double_double_sums_keep_what_a_float_drops():
    high, low = add_all(np.array([1e16, 1.0, -1e16]))

    assert (high, low) == (1.0, 0.0)


def test_a_product_is_added_without_rounding():
    factor, first, second = 1.1e15, 3.3, 1e-7
    high, low = add_product(0.0, 0.0, factor, first, second)

    exact = Fraction(factor) * (Fraction(first) - Fraction(second))
    assert abs(Fraction(high) + Fraction(low) - exact) <= abs(exact) / 2**100


def test_a_heap_gives_back_its_keys_in_order():
    keys = np.random.default_rng(5).integers(0, 20, 60).astype(np.float64)

    popped = through_a_heap(keys)

    assert popped.tolist() == sorted(keys)


def test_an_empty_book_is_empty():
    status, award, price, flow, short = clear([-1, 0], [1.0], [])

    assert status == tree.EMPTY
    assert np.isnan(price).all()
    assert (award.size, flow.tolist(), short.tolist()) == (0, [0.0], [0.0, 0.0])


def test_the_network_as_a_whole_can_be_short():
    status, _, _, _, short = clear([-1], [], [(0, True, [4.0], [1.0])])

    assert status == tree.INFEASIBLE
    assert short.tolist() == [4.0]


def test_the_network_as_a_whole_can_have_too_much():
    status, _, _, _, short = clear([-1], [], [(0, False, [4.0], [1.0])])

    assert status == tree.INFEASIBLE
    assert short.tolist() == [-4.0]


def test_the_kernel_says_when_there_is_one_side_only():
    assert clear([-1], [], [(0, True, [0.0, 4.0], [2.0, 1.0])])[0] == tree.ONE_SIDED


@pytest.mark.parametrize("bus", [-1, 2])
def test_an_order_outside_the_network_is_not_cleared(bus):
    status, award, _, _, _ = clear(
        [-1, 0], [1.0], [(bus, True, [0.0, 4.0], [2.0, 1.0])]
    )

    assert status == tree.OUTSIDE
    assert award.tolist() == [0.0]


@pytest.mark.parametrize("n_each", [1, 40])
def test_equal_breakpoints_of_many_orders_act_as_one(n_each):
    # The sum of n bids of 0.1 kW meets n offers of 0.1 kW whose slopes end and begin
    # at the very same prices: 1 to 2 and 2 to 3. All trade; any price from 2 to 2.
    orders = [(0, False, [0.0, 0.1], [1.0, 2.0])] * n_each
    orders += [(0, True, [0.0, 0.1], [3.0, 2.0])] * n_each

    status, award, price, _, _ = clear([-1], [], orders)

    assert status == tree.CLEARED
    assert price.tolist() == [2.0]
    assert award == pytest.approx(0.1, rel=1e-14)


def test_a_wide_interval_among_many_breakpoints_is_found_whole():
    # 60 bids above 6 and 60 offers below 2 take 0.1 kW each: every price between the
    # cheapest bid (6) and the dearest offer (2) balances, so the midpoint is 4.
    rng = np.random.default_rng(1)
    bid_price = np.append(6.0 + rng.random(59), 6.0)
    offer_price = np.append(2.0 - rng.random(59), 2.0)
    orders = [(0, True, [0.0, 0.1], [p, p]) for p in bid_price]
    orders += [(0, False, [0.0, 0.1], [p, p]) for p in offer_price]

    _, award, price, _, _ = clear([-1], [], orders)

    assert price.tolist() == [4.0]
    assert (award == 0.1).all()


def test_a_very_steep_piece_leaves_no_dust_on_the_others():
    # 1e6 kW come and go within 1e-9 of price at 5; then 1e-3 kW must still balance.
    orders = [
        (0, True, [0.0, 1e6], [5.0, 5.0 - 1e-9]),
        (0, False, [0.0, 1e6], [5.0 - 1e-9, 5.0]),
        (0, True, [0.0, 1e-3], [2.0, 1.0]),
        (0, False, [0.0, 1e-3], [1.0, 2.0]),
    ]

    _, award, price, _, _ = clear([-1], [], orders)

    assert price[0] == pytest.approx(5.0, abs=1e-9)
    assert award[2:].tolist() == [0.0, 1e-3]
    assert award[0] + award[2] == pytest.approx(award[1] + award[3], rel=1e-15)


@pytest.mark.parametrize(("behind_a_line", "seed"), [(False, 2), (True, 59)])
def test_an_estimate_spoilt_by_a_steep_piece_is_replaced_by_an_exact_walk(
    behind_a_line, seed
):
    # 1e6 kW of firm demand are met within 1e-11 of price 0.5. In plain floats that
    # slope leaves an error of several kW at the prices of the small orders, 1 kW in all;
    # among those the i-th cheapest offer meets the i-th dearest bid. So it must be for
    # the whole network and for what lies behind a line of 0 kW.
    rng = np.random.default_rng(seed)
    bid_price, offer_price = 1.0 + 4.0 * rng.random((2, 50))
    orders = [
        (0, True, [1e6], [9.0]),
        (0, False, [0.0, 1e6], [0.5 - 1e-11, 0.5]),
        *((0, True, [0.0, 0.01], [p, p]) for p in bid_price),
        *((0, False, [0.0, 0.01], [p, p]) for p in offer_price),
    ]
    if behind_a_line:
        orders = [(1, *order[1:]) for order in orders]

    _, award, price, _, _ = clear([-1, 0], [0.0], orders)
    at = float(price[1 if behind_a_line else 0])

    bids, offers = award[2:52], award[52:]
    trades = (np.sort(bid_price)[::-1] > np.sort(offer_price)).sum()
    assert bids[bid_price > at] == pytest.approx(0.01)
    assert offers[offer_price < at] == pytest.approx(0.01)
    assert bids.sum() == pytest.approx(0.01 * trades, abs=1e-9)
    assert offers.sum() == pytest.approx(0.01 * trades, abs=1e-9)


def test_a_piece_narrower_than_rounding_counts_as_level():
    # At the seller's last price and the buyer's lowest, nobody is asked for more than
    # their curve says.
    above = np.nextafter(3.0, 4.0)
    orders = [
        (0, True, [0.0, 8.0], [above, 3.0]),
        (0, False, [0.0, 2.0], [0.0, 1.0]),
    ]

    _, award, price, _, _ = clear([-1], [], orders)

    assert price.tolist() == [3.0]
    assert award.tolist() == [2.0, 2.0]


def test_a_slope_that_would_overflow_counts_as_level():
    orders = [
        (0, True, [0.0, 8.0], [5e-324, 0.0]),
        (0, False, [0.0, 2.0], [-2.0, -1.0]),
    ]

    _, award, price, _, _ = clear([-1], [], orders)

    assert price.tolist() == [0.0]
    assert award.tolist() == [2.0, 2.0]


def test_a_tie_between_two_slopes_of_one_order_is_shared_from_its_own_start():
    # At 2 the bid is level from 1 to 5 kW, with slopes on either side; 4 kW arrive.
    orders = [
        (0, True, [0.0, 1.0, 5.0, 6.0], [3.0, 2.0, 2.0, 1.0]),
        (0, False, [4.0], [0.0]),
    ]

    _, award, price, _, _ = clear([-1], [], orders)

    assert price.tolist() == [2.0]
    assert award.tolist() == [4.0, 4.0]


def random_case(n_bus, shape, seed):
    rng = np.random.default_rng(seed)
    parent = np.arange(-1, n_bus - 1)
    if shape == "star":
        parent[1:] = 0
    if shape == "any":
        parent[1:] = [rng.integers(bus) for bus in range(1, n_bus)]
    limit = np.where(rng.random(n_bus - 1) < 0.3, rng.uniform(0, 9, n_bus - 1), np.inf)
    orders = []
    for _ in range(2 * n_bus):
        prices = np.sort(rng.uniform(1, 9, 3))
        is_bid = bool(rng.random() < 0.6)
        quantities = [0.0, *np.sort(rng.uniform(0, 9, 2))]
        prices = prices[::-1] if is_bid else prices
        orders.append((int(rng.integers(n_bus)), is_bid, quantities, prices))
    return parent, limit, orders


def check_optimum(parent, limit, orders, *, n_full):
    status, award, price, flow, _ = clear(parent, limit, orders)

    assert status == tree.CLEARED
    net = np.zeros(len(parent))
    for (bus, is_bid, _, _), kw in zip(orders, award, strict=True):
        net[bus] += kw if is_bid else -kw
    arriving = np.append(0.0, flow) - np.bincount(
        parent[1:], flow, minlength=len(parent)
    )
    np.testing.assert_allclose(arriving, net, 0, 1e-13)
    step = price[1:] - price[parent[1:]]
    assert (np.abs(flow) <= limit).all()
    assert (flow[step > 0] == limit[step > 0]).all()
    assert (flow[step < 0] == -limit[step < 0]).all()
    assert (step != 0).sum() >= n_full
    for (bus, is_bid, quantities, prices), kw in zip(orders, award, strict=True):
        turn = -1.0 if is_bid else 1.0
        wanted = np.interp(turn * price[bus], turn * np.array(prices), quantities)
        assert kw == pytest.approx(wanted, abs=1e-11)


@pytest.mark.parametrize("shape", ["chain", "star", "any"])
def test_every_bus_balances_at_prices_that_only_full_lines_separate(shape):
    parent, limit, orders = random_case(150, shape, 3)

    check_optimum(parent, limit, orders, n_full=6)


def test_a_long_chain_of_tight_lines_is_cleared_when_bags_have_given_way_to_heaps():
    # Each line passes half of what could be drawn beyond it, so every one of them cuts
    # a little off a curve with more and more breakpoints.
    rng = np.random.default_rng(4)
    low, rise, most = rng.uniform(1, [9, 2, 9], (200, 3)).T
    parent = np.arange(-1, 199)
    limit = 0.5 * np.cumsum(most[::-1])[::-1][1:]
    orders = [
        (bus, True, [0.0, most[bus]], [low[bus] + rise[bus], low[bus]])
        for bus in range(200)
    ]
    orders += [(0, False, [0.0, 2000.0], [1.0, 2.0])]
    orders += [(bus, False, [0.0, 1.0], [3.0, 4.0]) for bus in range(150, 200)]

    check_optimum(parent, limit, orders, n_full=4)
