"""Laws of nodal clearing on random networks with loops.

Every clearing carries its certificate (laws N1 to N7 and N9), so that these tests add
what no single result can show: comparison with another clearing of a changed market.
"""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from random_meshed import random_meshed_market

from gridagora.errors import ClearingError
from gridagora.markets.laws import irrationality_per_kwh, permuted, scaled, wanted_kw
from gridagora.markets.meshed import clear_meshed
from gridagora.markets.nodal import clear_nodal
from gridagora.markets.surplus import welfare_per_h
from gridagora.types.dispatch import Dispatch, Outcome
from gridagora.types.network import Network
from gridagora.types.orders import Bid, Curve, CurveColumns, Offer

COUNTS = [150, pytest.param(10_000, marks=pytest.mark.validate)]
PRICED = (Outcome.CLEARED, Outcome.ONE_SIDED)
FLOORS = {
    "congested": 0.15,
    "tied": 0.10,
    "open price": 0.02,
    "empty": 0.02,
    "one-sided": 0.02,
    "infeasible": 0.03,
    "zero limit": 0.05,
    "negative price": 0.10,
    "parallel": 0.05,
}


def markets(count, seed):
    """Draw and clear markets.

    Where slopes of 1e-9 of the price span or powers eight decades apart meet, a clearing
    may be refused with an error (never passed on wrong): seldom, and only there.
    """
    rng = np.random.default_rng(seed)
    refused = 0
    for _ in range(count):
        network, orders, classes = random_meshed_market(rng)
        try:
            dispatch = clear_meshed(network, orders)
        except ClearingError:
            assert near(classes)
            refused += 1
            continue
        yield network, orders, classes, dispatch, rng
    assert refused <= count / 1_000


def near(kinds):
    """Return whether prices differ in the last digits only: no unique optimum."""
    return bool(kinds & {"near", "wide"})


def relaxed(network: Network, factor: float) -> Network:
    return replace(
        network,
        from_bus=network.from_bus.copy(),
        to_bus=network.to_bus.copy(),
        reactance_pu=network.reactance_pu.copy(),
        limit_kw=network.limit_kw * factor,
    )


def scales(dispatch: Dispatch) -> tuple[float, float]:
    """Return the largest quantity and the span of prices."""
    orders = dispatch.orders
    power = float(orders.quantity_kw.max(initial=0.0)) or 1.0
    price = orders.price_per_kwh
    span = max(price.max(initial=0.0), 0.0) - min(price.min(initial=0.0), 0.0)
    return power, float(span) or 1.0


@pytest.mark.parametrize("count", COUNTS)
def test_every_clearing_is_certified_and_every_class_is_met(count):
    seen: Counter[str] = Counter()
    for _, orders, classes, dispatch, _ in markets(count, seed=11):
        seen.update(classes)
        seen[dispatch.outcome.value + " outcome"] += 1
        seen["infeasible"] += dispatch.outcome is Outcome.INFEASIBLE
        seen["congested"] += bool(dispatch.binding.any())
        assert dispatch.certificate.passed
        if dispatch.outcome not in PRICED:
            assert np.isnan(dispatch.price_per_kwh).all()
            assert not dispatch.quantity_kw.any()
            continue
        low, high = wanted_kw(orders, dispatch.order_price_per_kwh)
        seen["open price"] += bool(np.all(low == high))
        assert dispatch.congestion_rent_per_h >= -1e-9 * np.prod(scales(dispatch)) * 20
    assert {
        name: seen[name] / count
        for name, floor in FLOORS.items()
        if seen[name] < floor * count
    } == {}


@pytest.mark.parametrize("count", COUNTS)
def test_nobody_pays_more_or_gets_less_than_its_curve(count):
    for _, orders, classes, dispatch, _ in markets(count, seed=12):
        if dispatch.outcome in PRICED and not near(classes):
            price = dispatch.order_price_per_kwh
            # Where an award stands on a steep piece its rounding moves the curve.
            slack = 1e-6 * scales(dispatch)[1]
            assert (
                irrationality_per_kwh(orders, dispatch.quantity_kw, price).max(
                    initial=0.0
                )
                <= slack
            )


@pytest.mark.parametrize("count", COUNTS)
def test_arrival_order_does_not_matter(count):
    for network, orders, classes, dispatch, rng in markets(count, seed=13):
        if near(classes):
            continue
        places = rng.permutation(orders.n_order)
        again = clear_meshed(network, permuted(orders, places))
        power, span = scales(dispatch)
        assert again.outcome is dispatch.outcome
        assert again.reason == dispatch.reason
        assert (
            np.abs(again.quantity_kw - dispatch.quantity_kw[places]).max(initial=0.0)
            <= 1e-7 * power
        )
        if dispatch.outcome in PRICED:
            apart = np.abs(again.price_per_kwh - dispatch.price_per_kwh).max()
            assert apart <= 1e-7 * span


@pytest.mark.parametrize("count", COUNTS)
def test_the_reference_bus_is_a_matter_of_words(count):
    for network, orders, classes, dispatch, rng in markets(count, seed=14):
        if near(classes):
            continue
        other = replace(
            relaxed(network, 1.0), reference=int(rng.integers(network.n_bus))
        )
        again = clear_meshed(other, orders)
        power, span = scales(dispatch)
        assert again.outcome is dispatch.outcome
        if dispatch.outcome in PRICED:
            assert np.abs(again.flow_kw - dispatch.flow_kw).max() <= 1e-7 * power
            apart = np.abs(again.price_per_kwh - dispatch.price_per_kwh).max()
            assert apart <= 1e-7 * span


@pytest.mark.parametrize("count", COUNTS)
def test_results_scale_with_prices_and_quantities(count):
    for network, orders, classes, dispatch, _ in markets(count, seed=15):
        if near(classes):
            continue
        larger = clear_meshed(
            relaxed(network, 8.0), scaled(orders, quantity=8.0, price=0.25)
        )
        power, span = scales(dispatch)
        assert larger.outcome is dispatch.outcome
        assert larger.quantity_kw / 8 == pytest.approx(
            dispatch.quantity_kw, abs=1e-7 * power
        )
        if dispatch.outcome in PRICED:
            assert larger.price_per_kwh * 4 == pytest.approx(
                dispatch.price_per_kwh, abs=1e-7 * span
            )


@pytest.mark.parametrize("count", COUNTS)
def test_more_orders_and_wider_limits_never_lower_welfare(count):
    for network, orders, classes, dispatch, rng in markets(count, seed=16):
        if dispatch.outcome not in PRICED or near(classes):
            continue
        slack = 1e-9 * np.prod(scales(dispatch)) * (1 + orders.n_order)
        wider = clear_meshed(relaxed(network, 1.5), orders)
        assert wider.outcome in PRICED
        assert welfare_per_h(wider) >= welfare_per_h(dispatch) - slack
        bus = network.bus[int(rng.integers(network.n_bus))]
        span = float(orders.price_per_kwh.max())
        extra = CurveColumns.of(
            [
                Bid(
                    "new",
                    bus,
                    Curve((0.0, 1.0), (span, span / 2 if span > 0 else span)),
                )
            ],
            network,
        )
        more = clear_meshed(network, CurveColumns.joined([orders, extra]))
        assert welfare_per_h(more) >= welfare_per_h(dispatch) - slack


@pytest.mark.parametrize("count", COUNTS)
def test_orders_out_of_the_money_change_no_award(count):
    for network, orders, classes, dispatch, rng in markets(count, seed=17):
        if dispatch.outcome not in PRICED or near(classes):
            continue
        power, span = scales(dispatch)
        at = int(rng.integers(network.n_bus))
        price = dispatch.price_per_kwh[at]
        extra = CurveColumns.of(
            [
                Bid("low", network.bus[at], Curve((0, power), (price - span, price - 2 * span))),
                Offer("high", network.bus[at], Curve((0, power), (price + span, price + 2 * span))),
            ],
            network,
        )  # fmt: skip
        more = clear_meshed(network, CurveColumns.joined([orders, extra]))
        assert more.quantity_kw[-2:] == pytest.approx([0, 0], abs=1e-9 * power)
        assert more.quantity_kw[:-2] == pytest.approx(
            dispatch.quantity_kw, abs=1e-7 * power
        )


@pytest.mark.parametrize("count", [60, pytest.param(5_000, marks=pytest.mark.validate)])
def test_a_price_is_what_one_more_kwh_costs(count):
    # N8: with J the least cost less value, (J(d + e) - J(d)) / e is at least the price
    # and (J(d) - J(d - e)) / e at most. A firm bid or offer of e is the change of d.
    checked = 0
    for network, orders, classes, dispatch, rng in markets(count, seed=18):
        if dispatch.outcome not in PRICED or near(classes):
            continue
        power, span = scales(dispatch)
        step = 1e-4 * power
        at = int(rng.integers(network.n_bus))
        bus = network.bus[at]
        here = welfare_per_h(dispatch)
        price = dispatch.price_per_kwh[at]
        firm = Curve((step, step), (0.0, 0.0))  # worth nothing by itself
        for order, sign in (
            (Bid("more", bus, firm), 1),
            (Offer("less", bus, firm), -1),
        ):
            extra = CurveColumns.of([order], network)
            moved = clear_meshed(network, CurveColumns.joined([orders, extra]))
            if moved.outcome is Outcome.INFEASIBLE:
                continue  # one more kWh has no way at any price
            rate = sign * (here - welfare_per_h(moved)) / step
            assert sign * (rate - price) >= -1e-5 * span
            checked += 1
    assert checked > count


@pytest.mark.parametrize("count", COUNTS)
def test_without_full_lines_there_is_one_price(count):
    for network, orders, classes, _, _ in markets(count, seed=19):
        if near(classes):
            continue
        free = clear_nodal(relaxed_to_infinity(network), orders)
        if free.outcome in PRICED:
            assert np.ptp(free.price_per_kwh) <= 1e-9 * scales(free)[1]


def relaxed_to_infinity(network: Network) -> Network:
    return replace(relaxed(network, 1.0), limit_kw=np.full(network.n_branch, np.inf))


@pytest.mark.parametrize("count", COUNTS)
def test_named_limits_are_short_and_each_of_them_is_needed(count):
    # N15: without all other limits there is still no dispatch; without any one of
    # those named there is one, or a different reason.
    met = 0
    for network, orders, classes, dispatch, _ in markets(2 * count, seed=20):
        if (
            near(classes)
            or dispatch.outcome is not Outcome.INFEASIBLE
            or "limits of" not in dispatch.reason
        ):
            continue
        met += 1
        named = [f"'{name}'" in dispatch.reason for name in network.branch]
        only = np.where(named, network.limit_kw, np.inf)
        base = relaxed(network, 1.0)
        assert (
            clear_meshed(replace(base, limit_kw=only), orders).outcome
            is Outcome.INFEASIBLE
        )
        for line in np.flatnonzero(named):
            base = relaxed(network, 1.0)
            without = np.where(np.arange(len(only)) == line, np.inf, only)
            rest = clear_meshed(replace(base, limit_kw=without), orders)
            assert rest.outcome in PRICED
    assert met >= count // 50
