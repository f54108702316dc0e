"""Laws of clearing on grids that are not straight lines, on random feeders."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from random_feeder import random_feeder_market

from gridagora.markets.agreement import clear_on_grid
from gridagora.markets.laws import permuted, settlement_certificate
from gridagora.markets.limit_shares import LimitShares, loss_surplus_per_h
from gridagora.markets.linear_laws import linear_certificate
from gridagora.markets.linear_settlement import settle_linear
from gridagora.markets.surplus import welfare_per_h
from gridagora.markets.trust import TIGHT, cost_of_more, price_errors
from gridagora.types.dispatch import Outcome

COUNTS = [150, pytest.param(5000, marks=pytest.mark.validate)]
FEW = [25, pytest.param(500, marks=pytest.mark.validate)]
TRADED = (Outcome.CLEARED, Outcome.ONE_SIDED)


def cleared_markets(count, seed, **options):
    for number in range(count):
        rng = np.random.default_rng((seed, number))
        feeder, orders, limits = random_feeder_market(rng)
        yield feeder, orders, limits, clear_on_grid(feeder, orders, limits, **options)


@pytest.mark.parametrize("count", COUNTS)
def test_market_and_grid_agree_and_the_result_is_certified(count):
    seen: Counter[str] = Counter()
    for feeder, _, limits, found in cleared_markets(count, seed=41):
        dispatch = found.dispatch
        bent = bool(np.max(found.rounds["tilt_per_kwh"]) > 0)
        seen[dispatch.outcome.value] += 1
        seen["bent"] += bent
        seen["binding"] += dispatch.limits.binding.size > 0
        assert found.n_round == len(found.rounds["round"]) <= 15
        if dispatch.outcome not in TRADED:
            assert not dispatch.quantity_kw.any()
            continue
        # the grid at the dispatch is what the model says there
        solved = feeder(dispatch.net_demand_kw)
        assert np.abs(solved.voltages.value - dispatch.voltages_pu).max() <= 1e-9
        assert np.abs(solved.flows.value - dispatch.flows_kw).max() <= 1e-5
        assert solved.loss.value[0] == pytest.approx(dispatch.loss_kw, abs=1e-5)
        assert linear_certificate(dispatch, limits, mechanism="test").passed

    assert seen["cleared"] > count / 2
    assert min(seen["bent"], seen["binding"], seen["infeasible"]) >= count // 60


@pytest.mark.parametrize("count", FEW)
def test_prices_are_the_derivatives_of_total_cost(count):
    checked = 0
    for number, (feeder, _, limits, found) in enumerate(
        cleared_markets(count, seed=42, agreement=TIGHT)
    ):
        dispatch = found.dispatch
        if dispatch.outcome not in TRADED:
            continue
        place = feeder.place[1 + number % (feeder.n_bus - 1)]
        cost = cost_of_more(feeder, dispatch, limits)
        table = price_errors(dispatch, cost, [place], step=1e-2)
        assert np.all(table["inside"])
        largest = float(np.abs(dispatch.price_per_kwh).max())
        if np.asarray(table["unique"])[0]:
            assert abs(np.asarray(table["error"])[0]) <= 1e-4 * largest
            checked += 1

    assert checked > count / 2


@pytest.mark.parametrize("count", COUNTS)
def test_money_sums_to_zero_and_every_part_of_it_has_a_cause(count):
    for _, _, _, found in cleared_markets(count, seed=43):
        dispatch = found.dispatch
        settlement = settle_linear(dispatch, interval_hours=0.25)
        assert settlement_certificate(settlement).passed
        if dispatch.outcome not in TRADED:
            continue
        # what all pay beyond what all get is the loss surplus and the rents
        paid = dispatch.surplus_per_h + float(
            dispatch.fixed_kw @ dispatch.price_per_kwh
        )
        rents = LimitShares.of(dispatch).rent_per_h
        surplus = loss_surplus_per_h(dispatch)
        turnover = float(dispatch.quantity_kw @ np.abs(dispatch.order_price_per_kwh))
        assert paid == pytest.approx(
            float(rents.sum()) + surplus, abs=1e-8 * (turnover + 1.0)
        )
        # losses grow with the square of the power, and so do payments for them
        if dispatch.active.energy[0] >= 0.0:
            assert surplus >= -1e-6 * (turnover + 1.0)
        causes = dict(zip(settlement.cause, settlement.money_nano, strict=True))
        n_entry = len(settlement.account)
        allowed = 2e-9 * float(np.abs(settlement.energy_wh).sum()) + 1e-12 * turnover
        allowed += 1e-3 * n_entry * float(np.abs(dispatch.price_per_kwh).max())
        assert abs(int(causes.get("rounding", 0))) <= 1e9 * allowed


@pytest.mark.parametrize("count", FEW)
def test_arrival_order_changes_nothing(count):
    for number, (feeder, orders, limits, found) in enumerate(
        cleared_markets(count, seed=44)
    ):
        places = np.random.default_rng(number).permutation(orders.n_order)
        turned = clear_on_grid(feeder, permuted(orders, places), limits)
        one, other = found.dispatch, turned.dispatch
        assert other.outcome is one.outcome
        # prices where they are unique, welfare always
        assert welfare_per_h(other) == pytest.approx(welfare_per_h(one), rel=1e-6)
        if one.outcome in TRADED:
            assert other.net_demand_kw == pytest.approx(one.net_demand_kw, abs=1e-2)


@pytest.mark.parametrize("count", FEW)
def test_no_dispatch_nearby_that_the_grid_allows_costs_less(count):
    compared = 0
    for number, (feeder, orders, limits, found) in enumerate(
        cleared_markets(count, seed=45)
    ):
        dispatch = found.dispatch
        if dispatch.outcome not in TRADED:
            continue
        rng = np.random.default_rng(number)
        least = welfare_per_h(dispatch)
        for _ in range(10):
            moved = other_dispatch(rng, feeder, orders, limits, dispatch)
            if moved is None:
                continue
            compared += 1
            assert welfare_per_h(moved) <= least + 1e-6 * abs(least) + 1e-6

    assert compared > 2 * count


def other_dispatch(rng, feeder, orders, limits, dispatch):
    """Return another dispatch that the grid itself allows, the source balancing it."""
    step = rng.normal(0.0, 5.0, orders.n_order)
    quantity = np.clip(dispatch.quantity_kw + step, orders.firm_kw, orders.most_kw)
    moved = replace(dispatch, quantity_kw=quantity)
    solved = feeder(moved.net_demand_kw)
    low, high = limits.voltage_pu
    if solved.voltages.value.min() < low or solved.voltages.value.max() > high:
        return None
    for name, most_kw in limits.flow_kw.items():
        if abs(solved.flows.value[solved.flows.name.index(name)]) > most_kw:
            return None
    grid_row = orders.participant.index("grid")
    short_kw = solved.loss.value[0] + float(moved.net_demand_kw.sum())
    quantity = quantity.copy()
    quantity[grid_row] += short_kw
    if not 0.0 <= quantity[grid_row] <= orders.most_kw[grid_row]:
        return None
    return replace(moved, quantity_kw=quantity)
