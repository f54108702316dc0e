"""Our clearing against other solvers and other formulations.

Objectives are compared first, then optimality crosswise: their dispatch with our
prices, and our dispatch with their prices, must pass our certificate, for any optimal
dispatch goes with any optimal prices. Raw prices differ where they are not unique.
"""

from collections import Counter

import numpy as np
import pytest
from random_markets import random_market
from random_meshed import random_meshed_market

from gridagora.markets.laws import nodal_certificate
from gridagora.markets.meshed import clear_meshed
from gridagora.markets.nodal import clear_nodal
from gridagora.markets.radial import clear_radial
from gridagora.markets.surplus import welfare_per_h
from gridagora.types.dispatch import Dispatch, Outcome
from gridagora.types.network import Network
from gridagora.types.orders import CurveColumns
from gridagora.types.preferences import curve_integral_per_h

PRICED = (Outcome.CLEARED, Outcome.ONE_SIDED)


def counts(default, long):
    return pytest.mark.parametrize(
        "count", [default, pytest.param(long, marks=pytest.mark.validate)]
    )


BOTH_PATHS = counts(300, 10_000)
CVXPY = counts(20, 500)
PYPOWER = counts(10, 300)


def money_scale(orders: CurveColumns) -> float:
    price = orders.price_per_kwh
    power = float(orders.quantity_kw.max(initial=0.0)) or 1.0
    span = max(price.max(initial=0.0), 0.0) - min(price.min(initial=0.0), 0.0)
    return power * (float(span) or 1.0)


@BOTH_PATHS
def test_trees_clear_alike_as_trees_and_as_quadratic_programs(count):
    rng = np.random.default_rng(41)
    seen: Counter[str] = Counter()
    for _ in range(count):
        tree, orders, classes = random_market(rng)
        radial = clear_radial(tree, orders)
        meshed = clear_meshed(tree.general(), orders)
        seen.update(classes)
        seen[radial.outcome.value + " outcome"] += 1
        assert meshed.outcome is radial.outcome
        if radial.outcome not in PRICED:
            continue
        seen["congested"] += bool(radial.binding.any())
        assert welfare_per_h(meshed) == pytest.approx(
            welfare_per_h(radial), rel=1e-9, abs=1e-9 * money_scale(orders)
        )
        for one, other in ((radial, meshed), (meshed, radial)):
            assert crossed(one, other).worst[1] <= 3e-9
    for name in ("congested", "tied", "negative price"):
        assert seen[name] >= 0.1 * count, name
    for name in ("empty outcome", "one-sided outcome", "infeasible outcome"):
        assert seen[name] >= 0.02 * count, name
    assert seen["zero limit"] >= 0.05 * count


def crossed(dispatch: Dispatch, prices: Dispatch):
    """Return the certificate of one result's dispatch with another's prices."""
    return nodal_certificate(
        dispatch.network,
        dispatch.orders,
        dispatch.quantity_kw,
        prices.price_per_kwh,
        dispatch.flow_kw,
        prices.congestion_per_kwh,
        mechanism="crossed",
    )


def solve_by_cvxpy(network: Network, orders: CurveColumns):
    """Return welfare, awards, flows, prices and worth of limits, or ``None``.

    A second formulation: voltage angles, one balance per bus, and the curves as
    increments between corners.
    """
    cp = pytest.importorskip("cvxpy")
    sign = np.where(orders.is_bid, 1.0, -1.0)
    member, level, bend, most = increments(orders)
    part = cp.Variable(most.size)
    award = orders.firm_kw + member @ part
    place = np.zeros((network.n_bus, orders.n_order))
    place[orders.bus, np.arange(orders.n_order)] = sign
    firm = sign * orders.firm_kw @ orders.price_per_kwh[orders.start[:-1]]
    worth = firm + level @ part - cp.sum(cp.multiply(bend, cp.square(part)))
    angle, flow = cp.Variable(network.n_bus), cp.Variable(network.n_branch)
    lines = np.arange(network.n_branch)
    incidence = np.zeros((network.n_branch, network.n_bus))
    incidence[lines, network.from_bus], incidence[lines, network.to_bus] = 1.0, -1.0
    finite = np.flatnonzero(np.isfinite(network.limit_kw))
    balance = place @ award + incidence.T @ flow == 0
    upper = flow[finite] <= network.limit_kw[finite]
    lower = flow[finite] >= -network.limit_kw[finite]
    physics = cp.multiply(network.reactance_pu, flow) == incidence @ angle
    rules = [part >= 0, part <= most, angle[network.reference] == 0, physics, balance]
    rules += [upper, lower] if finite.size else []
    problem = cp.Problem(cp.Maximize(worth), rules)
    problem.solve(
        solver=cp.CLARABEL, tol_gap_abs=1e-10, tol_gap_rel=1e-10, tol_feas=1e-10
    )
    if problem.status in ("infeasible", "infeasible_inaccurate"):
        return None
    congestion = np.zeros(network.n_branch)
    if finite.size:
        congestion[finite] = upper.dual_value - lower.dual_value
    return problem.value, award.value, flow.value, balance.dual_value, congestion


def increments(orders: CurveColumns):
    """Return which order each increment belongs to, its price line and its width.

    There is at least one, of width 0 if need be.
    """
    owner = np.repeat(np.arange(orders.n_order), np.diff(orders.start))
    height = np.diff(orders.quantity_kw)
    left = np.flatnonzero((owner[1:] == owner[:-1]) & (height > 0))
    n = max(left.size, 1)
    member = np.zeros((orders.n_order, n))
    member[owner[left], np.arange(left.size)] = 1.0
    first, last = orders.price_per_kwh[left], orders.price_per_kwh[left + 1]
    level, bend, most = np.zeros((3, n))
    level[: left.size] = np.where(orders.is_bid[owner[left]], first, -first)
    bend[: left.size] = np.abs(first - last) / height[left] / 2
    most[: left.size] = height[left]
    return member, level, bend, most


@CVXPY
@pytest.mark.filterwarnings("ignore")
def test_cvxpy_finds_the_same_optimum(count):
    rng = np.random.default_rng(42)
    seen: Counter[str] = Counter()
    while seen["compared"] < count:
        network, orders, _ = random_meshed_market(
            rng, str(rng.choice(["smooth", "grid", "inelastic"]))
        )
        ours = clear_nodal(network, orders)
        theirs = solve_by_cvxpy(network, orders)
        seen["compared"] += 1
        seen["infeasible"] += theirs is None
        assert (theirs is None) == (ours.outcome is Outcome.INFEASIBLE)
        if theirs is None:
            continue
        value, quantity, flow, price, congestion = theirs
        seen["congested"] += bool(ours.binding.any())
        assert welfare_per_h(ours) == pytest.approx(
            value, rel=1e-7, abs=1e-7 * money_scale(orders)
        )
        # Interior points miss bounds by 1e-8 or so; sides of a duality pair follow.
        assert np.array(quantity) == pytest.approx(
            np.clip(quantity, orders.firm_kw, orders.most_kw), abs=1e-6
        )
        shut = np.where(network.limit_kw == 0.0, 0.0, flow)
        for q, f, p, mu in (
            (quantity, shut, ours.price_per_kwh, ours.congestion_per_kwh),
            (ours.quantity_kw, ours.flow_kw, price, congestion),
        ):
            mixed = nodal_certificate(
                network, orders, q, p, f, mu, mechanism="crossed", tolerance=1e-5
            )
            assert mixed.passed, mixed.worst
    assert seen["congested"] >= count // 10


def solve_by_pypower(network: Network, orders: CurveColumns):
    """Return cost less value, net injections and prices by ``rundcopf``.

    An offer is a generator with cost ``p0 x + slope x^2 / 2``, a bid one that produces
    a negative amount.
    """
    api = pytest.importorskip("pypower.api")
    bus = np.zeros((network.n_bus, 13))
    bus[:, 0] = np.arange(1, network.n_bus + 1)
    bus[:, 1] = np.where(np.arange(network.n_bus) == network.reference, 3, 1)
    bus[:, [6, 7, 9, 10, 11, 12]] = [1, 1, 1, 1, 1.1, 0.9]
    branch = np.zeros((network.n_branch, 13))
    branch[:, 0], branch[:, 1] = network.from_bus + 1, network.to_bus + 1
    branch[:, 3] = network.reactance_pu
    branch[:, 5] = np.where(np.isfinite(network.limit_kw), network.limit_kw, 0.0)
    branch[:, 10], branch[:, 11], branch[:, 12] = 1, -360, 360
    n = orders.n_order
    first, last = orders.price_per_kwh[0::2], orders.price_per_kwh[1::2]
    slope = np.abs(last - first) / orders.most_kw
    generator = np.zeros((n, 21))
    generator[:, 0] = orders.bus + 1
    generator[:, [5, 6, 7]] = [1, 100, 1]
    generator[:, 8] = np.where(orders.is_bid, 0.0, orders.most_kw)
    generator[:, 9] = np.where(orders.is_bid, -orders.most_kw, 0.0)
    cost = np.zeros((n, 7))
    cost[:, 0], cost[:, 3] = 2, 3
    cost[:, 4], cost[:, 5] = slope / 2, first
    case = {
        "version": "2",
        "baseMVA": 1.0,
        "bus": bus,
        "gen": generator,
        "branch": branch,
        "gencost": cost,
    }
    options = api.ppoption(VERBOSE=0, OUT_ALL=0, PDIPM_FEASTOL=1e-9,
                           PDIPM_GRADTOL=1e-9, PDIPM_COMPTOL=1e-9,
                           PDIPM_COSTTOL=1e-10)  # fmt: skip
    return api.rundcopf(case, options)


@PYPOWER
@pytest.mark.filterwarnings("ignore")
def test_pypower_finds_the_same_optimum(count):
    rng = np.random.default_rng(43)
    seen: Counter[str] = Counter()
    while seen["compared"] < count:
        network, drawn, _ = random_meshed_market(rng, "smooth")
        limit = np.maximum(network.limit_kw, 0.1)  # 0 means unlimited there
        network = Network(network.bus, network.branch, network.from_bus.copy(),
                          network.to_bus.copy(), limit, network.reactance_pu.copy(),
                          network.reference)  # fmt: skip
        n = drawn.n_order
        level = rng.uniform(1.0, 5.0, n)
        orders = CurveColumns.affine(
            drawn.participant,
            drawn.bus,
            drawn.is_bid,
            p_max=level + rng.uniform(0.1, 4.0, n),
            p_min=level,
            q_max=rng.uniform(0.5, 8.0, n),
            q_min=np.zeros(n),
        )
        ours = clear_nodal(network, orders)
        if ours.outcome is not Outcome.CLEARED or not ours.quantity_kw.any():
            continue
        found = solve_by_pypower(network, orders)
        seen["solved"] += bool(found["success"])
        seen["compared"] += 1
        if not found["success"]:
            continue
        seen["congested"] += bool(ours.binding.any())
        quantity = np.abs(found["gen"][:, 1])
        assert -found["f"] == pytest.approx(welfare_per_h(ours), rel=1e-6, abs=1e-6)
        worth = curve_integral_per_h(orders, np.minimum(quantity, orders.most_kw))
        value = float(np.where(orders.is_bid, worth, -worth).sum())
        assert value == pytest.approx(welfare_per_h(ours), rel=1e-5, abs=1e-5)
        # Every curve slopes, so quantities are unique, and so are prices wherever an
        # award is inside its curve.
        assert quantity == pytest.approx(ours.quantity_kw, abs=1e-4)
        inside = (ours.quantity_kw > 1e-3) & (ours.quantity_kw < orders.most_kw - 1e-3)
        theirs = found["bus"][:, 13][orders.bus]
        assert theirs[inside] == pytest.approx(
            ours.order_price_per_kwh[inside], abs=1e-4
        )
    assert seen["congested"] >= count // 10
    assert seen["solved"] >= 0.9 * count
