"""Clearing on linear grids against a textbook formulation in CVXPY."""

from collections import Counter

import numpy as np
import pytest
from random_linear import random_linear_market
from reference_linear import solve_linear

from gridagora.errors import ClearingError
from gridagora.markets.laws import marginal_prices
from gridagora.markets.linear import clear_linear
from gridagora.markets.linear_rows import keep_limits
from gridagora.types.dispatch import Outcome
from gridagora.types.preferences import curve_integral_per_h

COUNTS = [30, pytest.param(500, marks=pytest.mark.validate)]


def welfare_per_h(dispatch):
    worth = curve_integral_per_h(dispatch.orders, dispatch.quantity_kw)
    return float(np.where(dispatch.orders.is_bid, worth, -worth).sum())


def has_unique_prices(dispatch, limits):
    """Return whether orders that want just their award settle all multipliers."""
    grid, table = dispatch.grid, dispatch.limits
    low, high = marginal_prices(dispatch.orders, dispatch.quantity_kw)
    inside = np.flatnonzero(low == high)
    slack = np.minimum(table.high - table.value, table.value - table.low)
    at = np.flatnonzero(slack <= 1e-7)
    place, ratio = dispatch.place[inside], dispatch.kvar_per_kw[inside]
    weight = 1 + grid.loss.per_kw[0][place] + ratio * grid.loss.per_kvar[0][place]
    column = keep_limits(grid, limits).columns(place, ratio)[at]
    known = np.vstack([weight, column])
    return inside.size > 0 and np.linalg.matrix_rank(known, 1e-9) == at.size + 1


@pytest.mark.parametrize("count", COUNTS)
def test_welfare_and_unique_prices_are_those_of_another_solver(count):
    rng = np.random.default_rng(51)
    seen: Counter[str] = Counter()
    while seen["cleared"] < count:
        grid, orders, limits, classes = random_linear_market(rng)
        ours = clear_linear(grid, orders, limits)
        if ours.outcome is Outcome.EMPTY:
            continue
        theirs = solve_linear(grid, orders, limits, ours.fixed_kw, ours.fixed_kvar)
        assert (theirs is None) == (ours.outcome is Outcome.INFEASIBLE)
        if theirs is None:
            seen["infeasible"] += 1
            continue
        seen["cleared"] += 1
        welfare = welfare_per_h(ours)
        assert theirs.welfare_per_h == pytest.approx(welfare, rel=1e-8, abs=1e-8)
        if has_unique_prices(ours, limits):
            seen["unique"] += 1
            seen["unique and limited"] += bool(ours.limits.binding.size)
            seen["unique and lossy"] += "lossy" in classes
            span = np.ptp(np.append(orders.price_per_kwh, 0.0)) or 1.0
            assert theirs.price_per_kwh == pytest.approx(
                ours.price_per_kwh, abs=1e-6 * span
            )
            assert theirs.price_per_kvarh == pytest.approx(
                ours.price_per_kvarh, abs=1e-6 * span
            )
    assert seen["infeasible"] > 0
    assert seen["unique"] >= 0.4 * count
    assert seen["unique and limited"] >= 0.05 * count
    assert seen["unique and lossy"] >= 0.2 * count


@pytest.mark.parametrize("count", [8, pytest.param(150, marks=pytest.mark.validate)])
def test_books_of_level_orders_have_the_welfare_of_the_simplex_method(count):
    rng = np.random.default_rng(52)
    seen: Counter[str] = Counter()
    while seen["level"] < count:
        grid, drawn, limits, _ = random_linear_market(rng, "grid")
        level = np.repeat(drawn.price_per_kwh[drawn.start[:-1]], np.diff(drawn.start))
        orders = type(drawn)(
            drawn.participant,
            drawn.bus.copy(),
            drawn.is_bid.copy(),
            drawn.start.copy(),
            drawn.quantity_kw.copy(),
            level,
        )
        ours = clear_linear(grid, orders, limits)
        theirs = solve_linear(
            grid, orders, limits, ours.fixed_kw, ours.fixed_kvar, "HIGHS"
        )
        assert (theirs is None) == (ours.outcome is Outcome.INFEASIBLE)
        if theirs is not None:
            seen["level"] += 1
            welfare = welfare_per_h(ours)
            assert theirs.welfare_per_h == pytest.approx(welfare, rel=1e-8, abs=1e-8)


@pytest.mark.parametrize("count", [12, pytest.param(1_000, marks=pytest.mark.validate)])
def test_prices_and_shares_do_not_depend_on_the_solver(count):
    # Open prices and ties follow declared rules: two solvers must end at one result. An
    # interior point without a fallback gives up on a few books with ties.
    rng = np.random.default_rng(53)
    refused = 0
    for _ in range(count):
        grid, orders, limits, _ = random_linear_market(rng, "grid")
        first = clear_linear(grid, orders, limits, solver="daqp")
        try:
            second = clear_linear(grid, orders, limits, solver="piqp")
        except ClearingError:
            refused += 1
            continue
        assert second.outcome is first.outcome
        assert second.quantity_kw == pytest.approx(first.quantity_kw, abs=1e-7)
        assert second.price_per_kwh == pytest.approx(
            first.price_per_kwh, abs=1e-6, nan_ok=True
        )
    assert refused <= count / 50
