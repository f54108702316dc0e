"""Laws of clearing on linear grids, on random feeders and random dense grids.

Every clearing carries its certificate (laws N1 to N7 and N9, the sum of parts), so that
these tests add what no single result can show.
"""

import re
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from random_linear import random_feeder, random_linear_market
from random_markets import random_orders
from random_meshed import random_mesh, random_meshed_market
from scipy.optimize import linprog

from gridagora.errors import InvalidNetworkError
from gridagora.markets import rows
from gridagora.markets.laws import (
    irrationality_per_kwh,
    marginal_prices,
    permuted,
    scaled,
    wanted_kw,
)
from gridagora.markets.linear import clear_linear
from gridagora.markets.linear_rows import keep_limits
from gridagora.markets.meshed import clear_meshed
from gridagora.markets.nodal import clear_nodal
from gridagora.markets.security import linear_grid_of
from gridagora.types.dispatch import Outcome
from gridagora.types.grid_limits import GridLimits
from gridagora.types.linear_dispatch import LinearDispatch, PriceParts
from gridagora.types.linear_grid import LinearGrid, Response
from gridagora.types.network import Network
from gridagora.types.orders import CurveColumns
from gridagora.types.preferences import curve_integral_per_h

COUNTS = [120, pytest.param(5_000, marks=pytest.mark.validate)]
FEW = [40, pytest.param(1_000, marks=pytest.mark.validate)]
PRICED = (Outcome.CLEARED, Outcome.ONE_SIDED)
NONE = GridLimits(voltage_pu=None, flows=False)
FLOORS = {
    "feeder": 0.50,
    "dense": 0.10,
    "lossy": 0.50,
    "lossless": 0.15,
    "tied": 0.15,
    "flow": 0.05,
    "voltage": 0.10,
    "substation": 0.01,
    "infeasible": 0.03,
    "empty": 0.02,
    "one-sided": 0.02,
    "unbalance": 0.02,
}


def markets(count, seed):
    rng = np.random.default_rng(seed)
    for _ in range(count):
        grid, orders, limits, classes = random_linear_market(rng)
        yield grid, orders, limits, classes, clear_linear(grid, orders, limits), rng


def scales(dispatch):
    """Return the largest quantity and the span of prices."""
    orders = dispatch.orders
    power = float(orders.quantity_kw.max(initial=0.0)) or 1.0
    price = orders.price_per_kwh
    span = max(price.max(initial=0.0), 0.0) - min(price.min(initial=0.0), 0.0)
    return power, float(span) or 1.0


def welfare_per_h(dispatch: LinearDispatch) -> float:
    worth = curve_integral_per_h(dispatch.orders, dispatch.quantity_kw)
    return float(np.where(dispatch.orders.is_bid, worth, -worth).sum())


def again(dispatch: LinearDispatch, limits, more_kw=0.0, more_kvar=0.0, at=0):
    """Clear the same orders with a little more fixed demand at one place."""
    kw, kvar = dispatch.fixed_kw.copy(), dispatch.fixed_kvar.copy()
    kw[at] += more_kw
    kvar[at] += more_kvar
    return clear_linear(
        dispatch.grid, dispatch.orders, limits, fixed_kw=kw, fixed_kvar=kvar
    )


@pytest.mark.parametrize("count", COUNTS)
def test_every_clearing_is_certified_and_every_class_is_met(count):
    seen: Counter[str] = Counter()
    for _, _, _, classes, dispatch, _ in markets(count, seed=31):
        seen.update(classes)
        seen[dispatch.outcome.value] += dispatch.outcome is Outcome.INFEASIBLE
        assert dispatch.certificate.passed
        if dispatch.outcome not in PRICED:
            assert np.isnan(dispatch.price_per_kwh).all()
            assert not dispatch.quantity_kw.any()
            assert (dispatch.reason != "") == (dispatch.outcome is Outcome.INFEASIBLE)
            continue
        seen.update({dispatch.limits.kind[at] for at in dispatch.limits.binding})
        seen["unbalance"] += bool(np.abs(dispatch.active.unbalance).max() > 1e-6)
        kw = float(dispatch.net_demand_kw.sum()) + dispatch.loss_kw
        assert abs(kw) <= 1e-9 * (scales(dispatch)[0] + np.abs(dispatch.fixed_kw).sum())
    assert {
        name: seen[name] / count
        for name, floor in FLOORS.items()
        if seen[name] < floor * count
    } == {}


@pytest.mark.parametrize("count", FEW)
def test_a_price_is_what_one_more_unit_of_demand_costs(count):
    # Cost is convex in fixed demand: what the step down saved <= price <= what the step
    # up costs, and where nothing changes in between the three are one.
    seen: Counter[str] = Counter()
    for grid, _, limits, _, dispatch, rng in markets(count, seed=32):
        if dispatch.outcome not in PRICED:
            continue
        power, span = scales(dispatch)
        step, middle = 1e-4 * power, welfare_per_h(dispatch)
        for kind in ("kw", "kvar"):
            at = int(rng.integers(grid.n_place))
            price = (
                dispatch.price_per_kwh if kind == "kw" else dispatch.price_per_kvarh
            )[at]
            up = again(dispatch, limits, **{f"more_{kind}": step}, at=at)
            down = again(dispatch, limits, **{f"more_{kind}": -step}, at=at)
            costs, saved = np.inf, -np.inf
            if up.outcome in PRICED:
                costs = (middle - welfare_per_h(up)) / step
            if down.outcome in PRICED:
                saved = (welfare_per_h(down) - middle) / step
            assert saved - 1e-6 * span <= price <= costs + 1e-6 * span
            seen["both"] += 1
            if costs - saved <= 1e-3 * span:
                seen["unique"] += 1
                # A quadratic has its slope between two points half way.
                assert 0.5 * (costs + saved) == pytest.approx(
                    price, abs=1e-6 * span + 0.5 * (costs - saved)
                )
    assert seen["unique"] >= 0.6 * seen["both"] > 0


@pytest.mark.parametrize("count", COUNTS)
def test_orders_get_all_or_nothing_unless_their_price_is_the_margin(count):
    for _, orders, _, _, dispatch, _ in markets(count, seed=33):
        if dispatch.outcome not in PRICED:
            continue
        power, span = scales(dispatch)
        price = dispatch.order_price_per_kwh
        assert (
            irrationality_per_kwh(orders, dispatch.quantity_kw, price).max(initial=0.0)
            <= 1e-6 * span
        )
        low, _ = wanted_kw(orders, price - 1e-6 * span * np.where(orders.is_bid, -1, 1))
        _, high = wanted_kw(
            orders, price + 1e-6 * span * np.where(orders.is_bid, -1, 1)
        )
        assert (dispatch.quantity_kw >= low - 1e-7 * power).all()
        assert (dispatch.quantity_kw <= high + 1e-7 * power).all()


@pytest.mark.parametrize("count", COUNTS)
def test_arrival_order_does_not_matter(count):
    for grid, orders, limits, _, dispatch, rng in markets(count, seed=34):
        places = rng.permutation(orders.n_order)
        other = clear_linear(grid, permuted(orders, places), limits)
        power, span = scales(dispatch)
        assert other.outcome is dispatch.outcome
        assert other.reason == dispatch.reason
        assert other.quantity_kw == pytest.approx(
            dispatch.quantity_kw[places], abs=1e-7 * power
        )
        for part in PriceParts.__slots__:
            assert getattr(other.active, part) == pytest.approx(
                getattr(dispatch.active, part), abs=1e-7 * span, nan_ok=True
            )


def enlarged(grid: LinearGrid, factor: float) -> LinearGrid:
    """Return the grid of a feeder on which all powers are larger."""

    def more(response: Response, by: float) -> Response:
        return Response(
            response.name,
            response.value * by,
            response.per_kw * (by / factor),
            response.per_kvar * (by / factor),
        )

    return replace(
        grid,
        demand_kw=grid.demand_kw * factor,
        demand_kvar=grid.demand_kvar * factor,
        voltages=more(grid.voltages, 1.0),
        flows=more(grid.flows, factor),
        currents=more(grid.currents, factor),
        loss=more(grid.loss, factor),
        flow_limit_kw=grid.flow_limit_kw * factor,
        current_limit_a=grid.current_limit_a * factor,
    )


@pytest.mark.parametrize("count", COUNTS)
def test_results_scale_with_prices_and_quantities(count):
    for grid, orders, limits, _, dispatch, _ in markets(count, seed=35):
        larger = clear_linear(
            enlarged(grid, 8.0),
            scaled(orders, quantity=8.0, price=0.25),
            replace(limits, source_kw=limits.source_kw * 8.0),
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
def test_a_part_of_the_price_goes_with_its_cause(count):
    for grid, orders, _, classes, dispatch, _ in markets(count, seed=36):
        if dispatch.outcome not in PRICED:
            continue
        if "lossless" in classes:
            assert not dispatch.active.loss.any()
        kinds = {dispatch.limits.kind[at] for at in dispatch.limits.binding}
        if "voltage" not in kinds:
            assert not dispatch.active.voltage.any()
        if kinds <= {"voltage"}:
            assert not dispatch.active.congestion.any()
        alone = np.bincount(grid.bus[grid.terminals], minlength=grid.n_bus) <= 1
        assert not dispatch.active.unbalance[alone[grid.bus]].any()
        free = clear_linear(
            grid,
            orders,
            NONE,
            fixed_kw=dispatch.fixed_kw,
            fixed_kvar=dispatch.fixed_kvar,
        )
        span, power = scales(dispatch)[1], scales(dispatch)[0]
        assert not free.active.congestion.any()
        assert not free.active.voltage.any()
        if "lossless" in classes:  # N12: one price everywhere
            assert np.ptp(free.price_per_kwh) <= 1e-9 * span
            assert not free.price_per_kvarh.any()
        # Lifting limits never costs welfare.
        assert welfare_per_h(free) >= welfare_per_h(dispatch) - 1e-9 * span * power


@pytest.mark.parametrize("count", COUNTS)
def test_what_is_paid_is_what_limits_and_losses_are_worth(count):
    for grid, _, _, _, dispatch, _ in markets(count, seed=37):
        if dispatch.outcome not in PRICED:
            continue
        power, span = scales(dispatch)
        paid = float(
            dispatch.price_per_kwh @ dispatch.net_demand_kw
            + dispatch.price_per_kvarh @ dispatch.net_demand_kvar
        )
        nothing = -grid.demand_kw, -grid.demand_kvar
        table, energy = dispatch.limits, dispatch.active.energy[0]
        rest = dict(zip(table.name, np.zeros(len(table.name)), strict=True))
        for response in (grid.flows, grid.currents, grid.voltages):
            rest |= dict(zip(response.name, response.after(*nothing), strict=True))
        rest["substation"] = 0.0 + grid.loss.after(*nothing)[0]
        worth = 0.0
        for at in table.binding:
            kind, name = table.kind[at], table.name[at]
            if kind == "current":
                value = dict(
                    zip(grid.currents.name, grid.currents.after(*nothing), strict=True)
                )[name]
            else:
                value = rest[name]
            end = table.high[at] if table.worth[at] > 0 else table.low[at]
            worth += table.worth[at] * (end - value)
            if table.low[at] <= value <= table.high[at]:  # N10
                assert table.worth[at] * (end - value) >= 0.0
        loss = -energy * grid.loss.after(*nothing)[0]
        assert paid == pytest.approx(worth + loss, abs=1e-8 * power * span)


@pytest.mark.parametrize("count", COUNTS)
def test_limits_said_to_conflict_do_and_every_one_of_them_is_needed(count):
    seen: Counter[str] = Counter()
    for grid, _, limits, _, dispatch, _ in markets(count * 3, seed=38):
        if dispatch.outcome is not Outcome.INFEASIBLE:
            continue
        told = dispatch.reason.partition(": ")[2]
        names = re.findall(r"(terminal|branch|line|the) '?([\w.]+)'?:", told)
        kinds = {"terminal": "voltage", "branch": "flow", "line": "current"}
        wanted = [(kinds.get(kind, "substation"), name) for kind, name in names]
        kept = keep_limits(grid, limits)
        every = list(zip(kept.kind, kept.name, strict=True))
        chosen = [every.index(each) for each in wanted]
        assert not is_feasible(dispatch, kept, chosen)
        for row in chosen:
            others = [other for other in chosen if other != row]
            assert is_feasible(dispatch, kept, others)
        seen[f"{min(len(chosen), 2)} limits"] += 1
        if not chosen:
            assert "in the whole grid" in dispatch.reason
    assert seen["1 limits"] > 0
    assert seen["0 limits"] > 0
    assert count < 1_000 or seen["2 limits"] > 0


def is_feasible(dispatch, kept, at):
    """Return whether awards exist that balance and keep some limits, by HiGHS."""
    grid, orders = dispatch.grid, dispatch.orders
    side = np.where(orders.is_bid, 1.0, -1.0)
    ratio = grid.kvar_per_kw[dispatch.place]
    more = dispatch.fixed_kw - grid.demand_kw, dispatch.fixed_kvar - grid.demand_kvar
    column = kept.columns(dispatch.place, ratio)[at] * side
    there = kept.value(*more)[at]
    loss = grid.loss
    weight = (
        1 + loss.per_kw[0][dispatch.place] + ratio * loss.per_kvar[0][dispatch.place]
    )
    told_high, told_low = np.isfinite(kept.high[at]), np.isfinite(kept.low[at])
    found = linprog(
        np.zeros(orders.n_order),
        A_ub=np.vstack([column[told_high], -column[told_low]]),
        b_ub=np.append(
            (kept.high[at] - there)[told_high], (there - kept.low[at])[told_low]
        ),
        A_eq=(weight * side)[None, :],
        b_eq=[-dispatch.fixed_kw.sum() - loss.after(*more)[0]],
        bounds=list(zip(orders.firm_kw, orders.most_kw, strict=True)),
    )
    assert found.status in (0, 2)
    return found.status == 0


@pytest.mark.parametrize("count", COUNTS)
def test_a_dc_network_as_a_linear_grid_clears_as_ever(count):
    rng = np.random.default_rng(39)
    seen: Counter[str] = Counter()
    for _ in range(count):
        network, orders, classes = random_meshed_market(rng)
        if classes & {"near", "wide"}:
            continue
        before = clear_meshed(network, orders)
        after = clear_linear(linear_grid_of(network), orders)
        power, span = scales(before)
        assert after.outcome is before.outcome
        assert after.quantity_kw == pytest.approx(before.quantity_kw, abs=1e-7 * power)
        if before.outcome in PRICED:
            assert after.price_per_kwh == pytest.approx(
                before.price_per_kwh, abs=1e-7 * span
            )
            assert after.flows_kw == pytest.approx(before.flow_kw, abs=1e-7 * power)
            worth = np.zeros(network.n_branch)
            worth[np.isfinite(network.limit_kw)] = after.limits.worth
            assert worth == pytest.approx(before.congestion_per_kwh, abs=1e-7 * span)
            seen["congested"] += bool(before.binding.any())
    assert seen["congested"] >= count // 12


@pytest.mark.parametrize("count", FEW)
def test_a_tree_as_a_linear_grid_has_the_prices_of_the_exact_kernel(count):
    # Where prices are open the kernel's rule starts from the source: welfare is one.
    rng = np.random.default_rng(40)
    for _ in range(count):
        n_bus = int(rng.integers(2, 8))
        tree = random_mesh(rng, n_bus, "smooth")
        ends = [(int(rng.integers(at)), at) for at in range(1, n_bus)]
        network = Network(
            tree.bus,
            tuple(f"l{at}" for at in range(n_bus - 1)),
            np.array([a for a, _ in ends]),
            np.array([b for _, b in ends]),
            tree.limit_kw[: n_bus - 1].copy(),
            np.ones(n_bus - 1),
        )
        orders = random_orders(rng, 2 * n_bus, n_bus, "smooth")
        exact = clear_nodal(network, orders)
        found = clear_linear(linear_grid_of(network), orders)
        assert found.outcome is exact.outcome
        power, span = scales(exact)
        assert found.quantity_kw == pytest.approx(exact.quantity_kw, abs=1e-7 * power)
        if exact.outcome in PRICED:
            told = unique_prices(found)
            if told:
                assert found.price_per_kwh == pytest.approx(
                    exact.price_per_kwh, abs=1e-7 * span
                )


def unique_prices(dispatch):
    """Return whether orders inside their curves settle all multipliers."""
    grid, table = dispatch.grid, dispatch.limits
    low, high = marginal_prices(dispatch.orders, dispatch.quantity_kw)
    inside = np.flatnonzero(low == high)
    at = np.flatnonzero(
        np.minimum(np.abs(table.high - table.value), np.abs(table.value - table.low))
        <= 1e-9
    )
    place, ratio = dispatch.place[inside], dispatch.kvar_per_kw[inside]
    weight = 1 + grid.loss.per_kw[0][place] + ratio * grid.loss.per_kvar[0][place]
    kept = keep_limits(grid, GridLimits())
    column = kept.columns(place, ratio)[at]
    known = np.vstack([weight, column])
    return known.size and np.linalg.matrix_rank(known) == at.size + 1


@pytest.mark.parametrize("count", FEW)
def test_after_any_listed_outage_all_flows_keep_their_limits(count):
    rng = np.random.default_rng(41)
    seen: Counter[str] = Counter()
    while seen["network"] < count:
        kind = str(rng.choice(["smooth", "grid"]))
        network, orders, _ = random_meshed_market(rng, kind)
        factor = float(rng.choice([1.0, 1.25]))
        outages = []
        for name in network.branch:
            try:
                linear_grid_of(network, outages=[name])
            except InvalidNetworkError:
                seen["islanding"] += 1
                continue
            outages.append(name)
        if not outages:
            continue
        seen["network"] += 1
        grid = linear_grid_of(network, outages=outages, emergency_factor=factor)
        dispatch = clear_linear(grid, orders)
        assert dispatch.certificate.passed
        if dispatch.outcome not in PRICED:
            continue
        kinds = [dispatch.limits.kind[at] for at in dispatch.limits.binding]
        seen["outage"] += "outage" in kinds
        for name in outages:
            out = network.branch.index(name)
            left = np.arange(network.n_branch) != out
            without = Network(
                network.bus,
                tuple(np.array(network.branch)[left].tolist()),
                network.from_bus[left],
                network.to_bus[left],
                network.limit_kw[left],
                network.reactance_pu[left],
                network.reference,
            )
            flow = -without.injection_sensitivity() @ dispatch.net_demand_kw
            assert (np.abs(flow) <= without.limit_kw * factor + 1e-7).all()
    assert seen["outage"] >= count // 12
    assert seen["islanding"] > 0


def test_a_feeder_with_many_limits_is_cleared_as_with_few(monkeypatch):
    # Rows added one by one give the same optimum as all rows at once.
    rng = np.random.default_rng(42)
    seen: Counter[str] = Counter()
    for _ in range(40):
        grid = random_feeder(rng, 12, n_phase=3)
        orders: CurveColumns = random_orders(rng, 20, 12, "smooth")
        limits = GridLimits(voltage_pu=(0.99, 1.05))
        monkeypatch.setattr(rows, "MANY_ROWS", 10_000)
        together = clear_linear(grid, orders, limits)
        monkeypatch.setattr(rows, "MANY_ROWS", 0)
        lazily = clear_linear(grid, orders, limits)
        seen[together.outcome.value] += 1
        assert lazily.outcome is together.outcome
        assert lazily.quantity_kw == pytest.approx(together.quantity_kw, abs=1e-8)
        assert lazily.price_per_kwh == pytest.approx(
            together.price_per_kwh, abs=1e-7, nan_ok=True
        )
    assert seen["cleared"] > 5
    assert seen["infeasible"] > 0
