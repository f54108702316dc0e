"""Laws of exact radial clearing, on random trees and orders of every kind."""

from collections import Counter
from fractions import Fraction

import numpy as np
import pytest
from exact import clear_exactly
from hypothesis import given, settings
from hypothesis import strategies as st
from random_markets import random_market, random_orders, random_tree

from gridagora.markets.laws import permuted, scaled, wanted_kw
from gridagora.markets.radial import clear_radial
from gridagora.markets.surplus import (
    consumer_surplus_per_h,
    gross_cost_per_h,
    gross_value_per_h,
    producer_surplus_per_h,
    welfare_per_h,
)
from gridagora.types.dispatch import Dispatch, Outcome
from gridagora.types.network import RadialNetwork
from gridagora.types.orders import CurveColumns

seeds = st.integers(0, 2**32 - 1)
some = settings(max_examples=80, deadline=None)
TRADED = (Outcome.CLEARED, Outcome.ONE_SIDED)

# Share of all random markets that must be of each class, or the laws prove little.
FLOORS = {
    "congested": 0.20,
    "tied": 0.10,
    "degenerate": 0.02,
    "empty": 0.02,
    "one-sided": 0.02,
    "zero limit": 0.05,
    "negative price": 0.10,
    "infeasible": 0.02,
    "near": 0.02,
    "wide": 0.02,
}


def draw(seed, kind=None, **fixed):
    return random_market(np.random.default_rng(seed), kind, **fixed)


def scale_kw(orders):
    return max(float(orders.quantity_kw.max(initial=0.0)), 1e-300)


def scale_per_kwh(orders):
    return max(float(np.abs(orders.price_per_kwh).max(initial=0.0)), 1e-300)


def measured(dispatch: Dispatch) -> set[str]:
    """Classes that only the result shows."""
    found = {dispatch.outcome.value}
    if dispatch.binding.any():
        found.add("congested")
    if dispatch.outcome is Outcome.CLEARED:
        low, high = wanted_kw(dispatch.orders, dispatch.order_price_per_kwh)
        movable = dispatch.orders.firm_kw < dispatch.orders.most_kw
        off = (dispatch.quantity_kw == low) & (low == high)
        at_end = (low == dispatch.orders.firm_kw) | (low == dispatch.orders.most_kw)
        if (movable & ~(off & at_end)).sum() == 0:
            found.add("degenerate")  # no order is marginal anywhere
    return found


def check_feasible(dispatch: Dispatch) -> None:
    """Balance, limits and bounds, without the code of the certificate."""
    network, orders = dispatch.network, dispatch.orders
    assert isinstance(network, RadialNetwork)
    arriving = np.concatenate([[0.0], dispatch.flow_kw])
    leaving = np.bincount(
        network.parent[1:], weights=dispatch.flow_kw, minlength=network.n_bus
    )
    size = max(dispatch.demand_kw.sum(), orders.most_kw.max(initial=0.0), 1e-300)
    residual = arriving - leaving - dispatch.demand_kw + dispatch.supply_kw
    assert np.abs(residual).max() <= 1e-14 * size
    assert (np.abs(dispatch.flow_kw) <= network.limit_kw).all()
    assert (dispatch.flow_kw[network.limit_kw == 0.0] == 0.0).all()
    assert (dispatch.quantity_kw >= orders.firm_kw).all()
    assert (dispatch.quantity_kw <= orders.most_kw).all()


@pytest.mark.parametrize("first", [0, 1000, 2000])
def test_every_random_market_is_cleared_or_proved_infeasible(first):
    count: Counter[str] = Counter()
    for seed in range(first, first + 1000):
        network, orders, classes = draw(seed)
        dispatch = clear_radial(network, orders)
        count.update(classes | measured(dispatch))
        if dispatch.outcome in TRADED:
            check_feasible(dispatch)
            assert dispatch.certificate.passed  # optimality: see markets/laws.py
        if dispatch.outcome is Outcome.INFEASIBLE:
            assert dispatch.certificate.passed
    missed = {name: count[name] for name in FLOORS if count[name] < 1000 * FLOORS[name]}

    assert not missed, count


@pytest.mark.validate
def test_fifty_thousand_random_markets_are_cleared():
    for seed in range(10_000, 60_000):
        dispatch = clear_radial(*draw(seed)[:2])
        if dispatch.outcome in TRADED:
            check_feasible(dispatch)


@pytest.mark.parametrize("kind", ["smooth", "grid", "inelastic", "near", "wide"])
@pytest.mark.parametrize("n_bus", [60, 700])
def test_large_trees_clear_within_rounding(kind, n_bus):
    for seed in range(4):
        rng = np.random.default_rng(seed)
        network = random_tree(rng, n_bus, kind)
        orders = random_orders(rng, 2 * n_bus, n_bus, kind)

        dispatch = clear_radial(network, orders)

        if dispatch.outcome in TRADED:
            check_feasible(dispatch)


def worth_exactly(orders: CurveColumns, quantity_kw) -> Fraction:
    """Welfare of awards in fractions."""
    total = Fraction(0)
    for order in range(orders.n_order):
        at = slice(orders.start[order], orders.start[order + 1])
        corner = [Fraction(kw) for kw in orders.quantity_kw[at]]
        price = [Fraction(p) for p in orders.price_per_kwh[at]]
        area = corner[0] * price[0]
        for k in range(len(corner) - 1):
            width = corner[k + 1] - corner[k]
            taken = min(
                max(Fraction(quantity_kw[order]) - corner[k], Fraction(0)), width
            )
            if taken:
                last = price[k] + (price[k + 1] - price[k]) * taken / width
                area += taken * (price[k] + last) / 2
        total += area if orders.is_bid[order] else -area
    return total


def small(seed):
    rng = np.random.default_rng(seed)
    network, orders, classes = random_market(rng, n_bus=int(rng.integers(1, 5)))
    return network, permuted(orders, range(min(orders.n_order, 6))), classes


@some
@given(seeds)
def test_welfare_and_feasibility_equal_those_of_exact_fractions(seed):
    check_against_fractions(seed)


@pytest.mark.validate
def test_ten_thousand_small_markets_equal_exact_fractions():
    for seed in range(100_000, 110_000):
        check_against_fractions(seed)


def check_against_fractions(seed):
    network, orders, _ = small(seed)

    dispatch = clear_radial(network, orders)
    exact = clear_exactly(network, orders)

    assert (exact is None) == (dispatch.outcome is Outcome.INFEASIBLE)
    if exact is not None:
        lost = exact.welfare - worth_exactly(orders, dispatch.quantity_kw)
        assert abs(lost) <= 1e-12 * scale_kw(orders) * scale_per_kwh(orders)


@some
@given(seeds)
def test_quantities_that_no_tie_leaves_open_equal_those_of_exact_fractions(seed):
    network, orders, _ = small(seed)
    dispatch = clear_radial(network, orders)
    exact = clear_exactly(network, orders)
    if exact is None or not orders.n_order:
        return

    near = 1e-9 * scale_per_kwh(orders)
    below, _ = wanted_kw(orders, dispatch.order_price_per_kwh + near)
    _, above = wanted_kw(orders, dispatch.order_price_per_kwh - near)
    low, high = np.minimum(below, above), np.maximum(below, above)
    fixed = high - low <= 1e-6 * scale_kw(orders)
    expected = np.array([float(kw) for kw in exact.quantity])
    off = np.abs(dispatch.quantity_kw - expected)[fixed]

    assert off.max(initial=0.0) <= 1e-6 * scale_kw(orders)
    smooth = off[(high - low)[fixed] == 0.0]
    assert smooth.max(initial=0.0) <= 1e-12 * scale_kw(orders)


@some
@given(seeds)
def test_a_price_lies_between_the_worth_of_one_kw_less_and_one_more(seed):
    network, orders, classes = small(seed)
    dispatch = clear_radial(network, orders)
    exact = clear_exactly(network, orders)
    if exact is None or dispatch.outcome not in TRADED or "near" in classes:
        return
    bus = seed % network.n_bus
    step = Fraction(scale_kw(orders)) / 2**40
    more = clear_exactly(network, orders, extra_bus=bus, extra_kw=step)
    less = clear_exactly(network, orders, extra_bus=bus, extra_kw=-step)

    slack = 1e-6 * scale_per_kwh(orders)
    price = dispatch.price_per_kwh[bus]
    if more is not None:
        assert price <= float((exact.welfare - more.welfare) / step) + slack
    if less is not None:
        assert price >= float((less.welfare - exact.welfare) / step) - slack


@some
@given(seeds)
def test_arrival_order_does_not_matter(seed):
    network, orders, classes = draw(seed)
    places = np.random.default_rng(seed).permutation(orders.n_order)

    first = clear_radial(network, orders)
    second = clear_radial(network, permuted(orders, places))

    assert second.outcome is first.outcome
    kw = (1e-5 if "near" in classes else 1e-12) * scale_kw(orders)
    price = 1e-12 * scale_per_kwh(orders)
    np.testing.assert_allclose(second.quantity_kw, first.quantity_kw[places], 0, kw)
    np.testing.assert_allclose(second.price_per_kwh, first.price_per_kwh, 0, price)
    np.testing.assert_allclose(second.flow_kw, first.flow_kw, 0, kw * orders.n_order)


@some
@given(seeds, st.sampled_from([0.125, 4.0, 1024.0]))
def test_scaling_powers_and_limits_scales_awards_and_nothing_else(seed, factor):
    network, orders, _ = draw(seed)
    larger = RadialNetwork(
        network.bus, network.parent.copy(), network.branch, network.limit_kw * factor
    )

    first = clear_radial(network, orders)
    second = clear_radial(larger, scaled(orders, quantity=factor))

    np.testing.assert_array_equal(second.quantity_kw, first.quantity_kw * factor)
    np.testing.assert_array_equal(second.price_per_kwh, first.price_per_kwh)


@some
@given(seeds, st.sampled_from([0.125, 4.0, 1024.0]))
def test_scaling_prices_scales_prices_and_nothing_else(seed, factor):
    network, orders, _ = draw(seed)

    first = clear_radial(network, orders)
    second = clear_radial(network, scaled(orders, price=factor))

    np.testing.assert_array_equal(second.quantity_kw, first.quantity_kw)
    np.testing.assert_array_equal(second.price_per_kwh, first.price_per_kwh * factor)


@some
@given(seeds, st.booleans())
def test_an_order_far_out_of_the_money_changes_no_award(seed, is_bid):
    network, orders, _ = draw(seed, "smooth")
    before = clear_radial(network, orders)
    if before.outcome is not Outcome.CLEARED:
        return
    price = -99.0 if is_bid else 99.0
    idle = CurveColumns.affine(
        ["idle"],
        np.array([seed % network.n_bus]),
        np.array([is_bid]),
        p_max=np.array([price]),
        p_min=np.array([price]),
        q_max=np.array([3.0]),
        q_min=np.array([0.0]),
    )

    after = clear_radial(network, CurveColumns.joined([orders, idle]))

    assert after.quantity_kw[-1] == 0.0
    np.testing.assert_allclose(after.quantity_kw[:-1], before.quantity_kw, 0, 1e-12)


@some
@given(seeds)
def test_one_more_order_never_lowers_welfare(seed):
    network, orders, _ = draw(seed)
    if orders.n_order < 2 or orders.firm_kw[-1] > 0.0:
        return
    fewer = clear_radial(network, permuted(orders, range(orders.n_order - 1)))
    if fewer.outcome is Outcome.INFEASIBLE:
        return

    more = clear_radial(network, orders)

    slack = 1e-12 * scale_kw(orders) * scale_per_kwh(orders) * orders.n_order
    assert welfare_per_h(more) >= welfare_per_h(fewer) - slack


@some
@given(seeds)
def test_a_wider_limit_never_lowers_welfare(seed):
    network, orders, _ = draw(seed)
    wider = RadialNetwork(
        network.bus, network.parent.copy(), network.branch, network.limit_kw * 1.5 + 1.0
    )
    narrow = clear_radial(network, orders)
    if narrow.outcome is Outcome.INFEASIBLE:
        return

    wide = clear_radial(wider, orders)

    slack = 1e-12 * scale_kw(orders) * scale_per_kwh(orders) * (orders.n_order + 1)
    assert welfare_per_h(wide) >= welfare_per_h(narrow) - slack


@some
@given(seeds)
def test_surpluses_and_rent_add_up_to_welfare_and_rent_to_full_lines(seed):
    network, orders, _ = draw(seed)
    dispatch = clear_radial(network, orders)
    if dispatch.outcome not in TRADED:
        return

    surplus = consumer_surplus_per_h(dispatch) + producer_surplus_per_h(dispatch)
    rent = dispatch.congestion_rent_per_h
    full = dispatch.binding != 0
    earned = np.abs(dispatch.congestion_per_kwh[full]) @ network.limit_kw[full]

    slack = 1e-12 * scale_kw(orders) * scale_per_kwh(orders) * orders.n_order
    gross = gross_value_per_h(dispatch) - gross_cost_per_h(dispatch)
    assert surplus + rent == pytest.approx(gross, abs=slack)
    assert rent == pytest.approx(earned, abs=slack)


@some
@given(seeds)
def test_without_limits_there_is_one_price(seed):
    network, orders, _ = draw(seed)
    free = network.with_limits(dict.fromkeys(network.branch, np.inf))

    dispatch = clear_radial(free, orders)

    if dispatch.outcome in TRADED:
        assert len(set(dispatch.price_per_kwh.tolist())) == 1
        assert (dispatch.congestion_per_kwh == 0.0).all()


@some
@given(seeds)
def test_another_root_leaves_flows_and_unique_prices_unchanged(seed):
    network, orders, _ = draw(seed, "smooth")
    before = clear_radial(network, orders)
    general = network.general()
    turned = type(general)(
        general.bus,
        general.branch,
        general.from_bus.copy(),
        general.to_bus.copy(),
        general.limit_kw.copy(),
        general.reactance_pu.copy(),
        reference=seed % network.n_bus,
    ).radial()
    place = np.array([turned.bus_index(name) for name in network.bus])
    moved = CurveColumns(
        orders.participant,
        place[orders.bus],
        orders.is_bid.copy(),
        orders.start.copy(),
        orders.quantity_kw.copy(),
        orders.price_per_kwh.copy(),
    )

    after = clear_radial(turned, moved)

    assert after.outcome is before.outcome
    if before.outcome not in TRADED:
        return
    np.testing.assert_allclose(after.quantity_kw, before.quantity_kw, 0, 1e-12)
    size = dict(zip(turned.branch, np.abs(after.flow_kw), strict=True))
    for name, flow in zip(network.branch, before.flow_kw, strict=True):
        assert size[name] == pytest.approx(abs(flow), abs=1e-11)
    marginal = (before.quantity_kw > 1e-9) & (
        before.quantity_kw < orders.most_kw - 1e-9
    )
    np.testing.assert_allclose(
        after.order_price_per_kwh[marginal],
        before.order_price_per_kwh[marginal],
        0,
        1e-11,
    )
