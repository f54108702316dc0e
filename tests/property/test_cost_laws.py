"""Laws of costs of any degree and of payments for reductions, and CVXPY's opinion."""

from collections import Counter
from functools import partial
from itertools import pairwise

import numpy as np
import pytest
from random_costs import random_cost_market
from scipy.optimize import brentq

from gridagora.markets.demand_response import reductions_of
from gridagora.markets.laws import nodal_certificate, settlement_certificate
from gridagora.markets.nodal import clear_nodal
from gridagora.markets.settlement import RULES, settle
from gridagora.markets.successive import (
    CostClearing,
    clear_book,
    clear_costs,
    total_cost_per_h,
)
from gridagora.types.cost_columns import CostColumns
from gridagora.types.cost_orders import (
    AnyOrder,
    CostOffer,
    ExportBid,
    ImportOffer,
    ReducibleDemand,
)
from gridagora.types.costs import PolynomialCost
from gridagora.types.dispatch import Dispatch, Outcome
from gridagora.types.network import Network, RadialNetwork

PRICED = (Outcome.CLEARED, Outcome.ONE_SIDED)


def counts(default, long):
    return pytest.mark.parametrize(
        "count", [default, pytest.param(long, marks=pytest.mark.validate)]
    )


def cleared(network, orders, **options) -> CostClearing[Dispatch]:
    return clear_costs(partial(clear_nodal, network), orders, network, **options)


def price_span(dispatch: Dispatch) -> float:
    return max(1.0, float(np.abs(dispatch.orders.price_per_kwh).max()))


@counts(150, 5_000)
def test_awards_stand_where_the_true_marginal_cost_is_the_price(count):
    rng = np.random.default_rng(61)
    seen: Counter[str] = Counter()
    while seen["priced"] < count:
        network, orders = random_cost_market(rng, most_degree=9)
        found = cleared(network, orders)
        dispatch = found.dispatch
        seen[dispatch.outcome.value] += 1
        if dispatch.outcome not in PRICED:
            continue
        seen["priced"] += 1
        curved = sum(getattr(order, "is_curved", False) for order in orders)
        assert found.n_round <= (15 if curved else 1)
        seen["several rounds"] += found.n_round > 1
        seen["many rounds"] += found.n_round > 6
        seen["congested"] += bool(dispatch.binding.any())
        near = 1e-8 * price_span(dispatch)
        near_kw = 2e-9 * float(dispatch.orders.quantity_kw.max())
        for row, order in enumerate(orders):
            # The certificate of the clearing holds for straight pieces already.
            if isinstance(order, CostOffer | ReducibleDemand) and order.is_curved:
                award = float(dispatch.quantity_kw[row])
                price = float(dispatch.order_price_per_kwh[row])
                assert wants(order, award, price, near=near, near_kw=near_kw)
    assert seen["several rounds"] >= count // 3
    assert seen["many rounds"] <= count // 50
    assert seen["congested"] >= count // 10
    assert seen["infeasible"] >= count // 20


def wants(order, award_kw, price, *, near: float, near_kw: float) -> bool:
    """Whether an order wants its award at its price, but for an error in either."""
    least, most = order.range_kw
    at = np.array([np.clip(award_kw, least, most)])
    more = price - float(order.price_per_kwh(at)[0])
    if isinstance(order, ReducibleDemand):
        more = -more
    near += near_kw * float(order.bend_per_kwh(at)[0])
    return bool(
        (more <= near or at[0] >= most - near_kw)
        and (more >= -near or at[0] <= least + near_kw)
    )


@counts(60, 2_000)
def test_each_round_leaves_far_less_than_the_last(count):
    # Superlinear: what is left falls faster than by any factor. From the second round
    # on, when the points stand around the award, it is about squared.
    rng = np.random.default_rng(62)
    factors: list[float] = []
    while len(factors) < count:
        network, orders = random_cost_market(rng)
        gaps = np.array(cleared(network, orders).gaps_per_kwh) / 10.0
        factors += [
            np.log(after) / np.log(before)
            for before, after in pairwise(gaps[1:])
            if after > 1e-13 and before < 0.1
        ]
    assert np.median(factors) >= 1.5
    assert np.quantile(factors, 0.05) >= 1.05


@counts(60, 2_000)
def test_on_one_bus_a_search_over_the_price_finds_the_same(count):
    # A second method: at a price everybody's own best quantity, by root finding on the
    # true marginal cost; then the price at which these quantities balance.
    rng = np.random.default_rng(63)
    seen = 0
    while seen < count:
        network, orders = random_cost_market(rng, n_bus=1)
        smooth = [order for order in orders if is_smooth(order)]
        found = cleared(network, smooth)
        if found.dispatch.outcome is not Outcome.CLEARED:
            continue
        low, high = -1.0, 60.0
        if excess_kw(smooth, low) >= 0 or excess_kw(smooth, high) <= 0:
            continue  # nobody's quantity depends on the price there
        balance = partial(excess_kw, smooth)
        price = float(brentq(balance, low, high, xtol=1e-13, rtol=1e-14))
        if balance(price - 1e-4) > -1e-9 or balance(price + 1e-4) < 1e-9:
            continue  # everybody is at an end of the range: an interval of prices
        best = [best_kw(order, price) for order in smooth]
        assert found.dispatch.price_per_kwh[0] == pytest.approx(price, abs=1e-7)
        assert found.dispatch.quantity_kw == pytest.approx(best, abs=1e-5)
        seen += 1


def is_smooth(order: AnyOrder) -> bool:
    """Whether its quantity is a continuous function of the price."""
    if not isinstance(order, CostOffer | ReducibleDemand):
        return False
    cost = order.cost
    return isinstance(cost, PolynomialCost) and (
        cost.degree >= 2 or order.range_kw[0] == order.range_kw[1]
    )


def best_kw(order, price: float) -> float:
    least, most = order.range_kw
    side = 1.0 if isinstance(order, CostOffer) else -1.0

    def short(quantity: float) -> float:
        return side * (price - float(order.price_per_kwh(np.array([quantity]))[0]))

    if least == most or short(least) <= 0:
        return float(least)
    if short(most) >= 0:
        return float(most)
    return float(brentq(short, least, most, xtol=1e-14, rtol=1e-14))


def excess_kw(orders, price: float) -> float:
    return sum(
        (1.0 if isinstance(order, CostOffer) else -1.0) * best_kw(order, price)
        for order in orders
    )


def solve_by_cvxpy(network: Network | RadialNetwork, orders):
    """Return objective and prices from voltage angles and true costs."""
    cp = pytest.importorskip("cvxpy")
    general = network.general() if isinstance(network, RadialNetwork) else network
    quantity = cp.Variable(len(orders))
    rules, objective = [], 0.0
    place = np.zeros((general.n_bus, len(orders)))
    for row, order in enumerate(orders):
        bid = isinstance(order, ReducibleDemand | ExportBid)
        place[general.bus_index(order.bus), row] = 1.0 if bid else -1.0
        if isinstance(order, ImportOffer | ExportBid):
            rules.append(quantity[row] >= 0)
            sign = -1.0 if bid else 1.0
            objective = objective + sign * order.price_per_kwh * quantity[row]
            continue
        least, most = order.range_kw
        rules += [quantity[row] >= least, quantity[row] <= most]
        used = most - quantity[row] if bid else quantity[row]
        objective = objective + cvxpy_cost(cp, order.cost, used, max(most, 1e-3))
    balance, physics = cvxpy_network(cp, general, place @ quantity)
    problem = cp.Problem(cp.Minimize(objective), [*rules, balance, *physics])
    problem.solve(
        solver=cp.CLARABEL, tol_gap_abs=1e-11, tol_gap_rel=1e-11, tol_feas=1e-11
    )
    if problem.status not in ("optimal", "optimal_inaccurate"):
        return None
    return problem.value, np.array(balance.dual_value)


def cvxpy_network(cp, general, drawn):
    """Return the balance of each bus, and what else a DC network demands."""
    angle, flow = cp.Variable(general.n_bus), cp.Variable(general.n_branch)
    lines = np.arange(general.n_branch)
    incidence = np.zeros((general.n_branch, general.n_bus))
    incidence[lines, general.from_bus], incidence[lines, general.to_bus] = 1.0, -1.0
    rules = [angle[general.reference] == 0]
    if general.n_branch:
        rules.append(cp.multiply(general.reactance_pu, flow) == incidence @ angle)
    finite = np.flatnonzero(np.isfinite(general.limit_kw))
    if finite.size:
        rules.append(cp.abs(flow[finite]) <= general.limit_kw[finite])
    return drawn + incidence.T @ flow == 0, rules


def cvxpy_cost(cp, cost, used, size: float):
    """Return a cost of a power, in parts of its size so that the solver is exact."""
    if isinstance(cost, PolynomialCost):
        part = used / size
        terms = [
            factor * size**k * (cp.power(part, k) if k > 1 else part if k else 1.0)
            for k, factor in enumerate(cost.coefficient)
            if factor
        ]
        return cp.sum(cp.hstack(terms)) if terms else 0.0
    slope = np.diff(cost.cost_per_h) / np.diff(cost.quantity_kw)
    return cp.max(
        cp.hstack(
            [
                cost.cost_per_h[k] + slope[k] * (used - cost.quantity_kw[k])
                for k in range(slope.size)
            ]
        )
    )


@counts(25, 500)
@pytest.mark.filterwarnings("ignore")
def test_cvxpy_finds_the_same_cost_and_prices_for_degrees_up_to_four(count):
    rng = np.random.default_rng(64)
    seen: Counter[str] = Counter()
    while seen["compared"] < count:
        network, orders = random_cost_market(rng, most_degree=4)
        found = cleared(network, orders).dispatch
        if found.outcome is not Outcome.CLEARED:
            continue
        solved = solve_by_cvxpy(network, orders)
        assert solved is not None
        seen["compared"] += 1
        seen["congested"] += bool(found.binding.any())
        value, price = solved
        ours = total_cost_per_h(orders, found.quantity_kw)
        scale = max(abs(value), 1.0)
        assert ours <= value + 1e-8 * scale
        assert ours == pytest.approx(value, abs=1e-8 * scale)
        near = 1e-6 * price_span(found)
        for bus in np.flatnonzero(np.abs(found.price_per_kwh - price) > near).tolist():
            seen["not unique"] += 1
            low, high = slopes_per_kwh(network, orders, bus)
            assert low - near <= found.price_per_kwh[bus] <= high + near
            assert low - 10 * near <= price[bus] <= high + 10 * near
    assert seen["congested"] >= count // 10
    assert seen["not unique"] <= count  # buses of a few markets, not the rule


def slopes_per_kwh(network, orders, bus: int) -> tuple[float, float]:
    """Return what one kW less saves and one more costs at a bus, by the true cost."""

    def cost(more: float) -> float:
        name = network.bus[bus]
        extra: AnyOrder
        if more >= 0:
            extra = ReducibleDemand("extra", name, more)
        else:
            extra = CostOffer("extra", name, PolynomialCost((0.0,)), -more, -more)
        found = cleared(network, [*orders, extra], beyond_kw=1.0).dispatch
        if found.outcome is not Outcome.CLEARED:
            return np.inf
        return total_cost_per_h(orders, found.quantity_kw[:-1])

    step, base = 1e-4, cost(0.0)
    return (base - cost(-step)) / step, (cost(step) - base) / step


@counts(100, 3_000)
def test_taking_back_what_the_grid_sold_to_itself_breaks_no_law(count):
    rng = np.random.default_rng(65)
    seen = 0
    while seen < count:
        network, orders = random_cost_market(rng, most_degree=2)
        if not isinstance(orders[0], ImportOffer):
            continue
        orders[1] = ExportBid("grid", "b0", orders[0].price_per_kwh)
        found = cleared(network, orders).dispatch
        if found.outcome is not Outcome.CLEARED:
            continue
        seen += 1
        assert min(found.quantity_kw[:2]) == 0.0
        assert nodal_certificate(
            found.network,
            found.orders,
            found.quantity_kw,
            found.price_per_kwh,
            found.flow_kw,
            found.congestion_per_kwh,
            mechanism="netted",
        ).passed


@counts(120, 4_000)
def test_payments_and_charges_for_reductions_add_up_to_exactly_zero(count):
    rng = np.random.default_rng(66)
    seen: Counter[str] = Counter()
    while seen["paid"] < count:
        network, orders = random_cost_market(rng, most_degree=3)
        clear = partial(clear_nodal, network)
        book = CostColumns.of(orders, network)
        dispatch = clear_book(clear, book).dispatch
        found = reductions_of(dispatch, book, clear)
        if not found.payment_per_h.any():
            continue
        seen["paid"] += 1
        seen["infeasible before"] += found.without is Outcome.INFEASIBLE
        seen["saved"] += bool(found.saved_per_h.any())
        hours = float(rng.choice([1.0, 0.25, 1 / 12]))
        rule = str(rng.choice(sorted(RULES)))
        settled = settle(dispatch, rule, interval_hours=hours, extra=found.money(hours))
        assert settlement_certificate(settled).passed
        assert (found.saved_per_h >= 0).all()
        assert (found.payment_per_h >= 0).all()
        consumed = dispatch.orders.is_bid & (dispatch.quantity_kw > 0)
        if found.share_frac.any():
            assert found.share_frac.sum() == pytest.approx(1.0)
            assert found.extra_per_h.sum() == pytest.approx(0.0, abs=1e-9)
            assert not found.share_frac[~consumed].any()
        assert not found.share_frac[list(book.outside)].any()
        assert not found.reduced_kw[list(book.outside)].any()
        check_whole_money(dispatch, found, hours)
    assert seen["saved"] >= count // 10
    assert seen["infeasible before"] >= count // 10


def check_whole_money(dispatch, found, hours: float) -> None:
    """Money of every account, in whole units, is that of the rates within rounding."""
    money = found.money(hours)
    # Half a Wh and half a unit of price in each payment, and all are charged.
    turnover = 1e6 * price_span(dispatch) + 1e3 * found.reduced_kw.sum() * hours
    for row in np.flatnonzero(found.extra_per_h):
        name = dispatch.orders.participant[row]
        got = sum(amount for who, _, amount in money if who == name)
        exact = -found.extra_per_h[row] * hours * 1e9
        assert abs(got - exact) <= dispatch.orders.n_order * turnover


@counts(60, 2_000)
def test_arrival_order_changes_no_award_price_or_payment(count):
    rng = np.random.default_rng(67)
    seen = 0
    while seen < count:
        network, orders = random_cost_market(rng, most_degree=4)
        clear = partial(clear_nodal, network)
        places = rng.permutation(len(orders))
        books = [
            CostColumns.of(orders, network),
            CostColumns.of([orders[at] for at in places], network),
        ]
        there, back = (clear_book(clear, book).dispatch for book in books)
        assert there.outcome is back.outcome
        if there.outcome not in PRICED:
            continue
        seen += 1
        near = 1e-7 * price_span(there)
        assert back.price_per_kwh == pytest.approx(there.price_per_kwh, abs=near)
        assert back.quantity_kw == pytest.approx(there.quantity_kw[places], abs=1e-5)
