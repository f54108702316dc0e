"""The paper's DLMP market on the IEEE 37-node feeder: eqs. (12) to (18) and an example.

The example is ours, for the paper prints no numbers: the feeder's loads, an LMP of 50,
three diesels, three providers of demand response and two line limits. Its results were
first found by another program. CVXPY then solves the paper's equations as they are
printed, in increments around an operating point.
"""

from dataclasses import dataclass
from functools import partial

import numpy as np
import pytest

from gridagora.agents.prosumers import Prosumers
from gridagora.agents.transmission import TransmissionGrid
from gridagora.environment.environment import Environment
from gridagora.errors import InvalidOrderError
from gridagora.grids.linear import Linearizer
from gridagora.grids.opendss_grid import OpenDSSGrid
from gridagora.markets.bills import bills
from gridagora.markets.linear import clear_linear
from gridagora.markets.nodal import NodalMarket, clear_nodal
from gridagora.markets.successive import clear_costs, total_cost_per_h
from gridagora.types.cost_orders import (
    AnyOrder,
    CostOffer,
    ExportBid,
    ImportOffer,
    ReducibleDemand,
    preferences_of,
)
from gridagora.types.costs import PiecewiseLinearCost, PolynomialCost
from gridagora.types.dispatch import Outcome
from gridagora.types.grid_limits import GridLimits
from gridagora.types.network import Network, RadialNetwork

SOURCE = "799"
UNIT_PRICE = 100.0  # CVXPY gets numbers of order one
LIMITS_KW = {"l730_709": 560.0, "l704_720": 300.0}
DIESELS = [
    CostOffer("729", "729", PolynomialCost((0, 60, 0.05)), q_max=200),
    CostOffer("735", "735", PolynomialCost((0, 70, 0.05)), q_max=200),
    CostOffer("718", "718", PolynomialCost((0, 65, 0.05)), q_max=150),
]
# Part that can be left out, marginal cost of the first kW; it rises by 0.4 per kW.
PROVIDERS = {"738": (0.3, 90.0), "701": (0.2, 85.0), "722": (0.3, 95.0)}
BEHIND_709 = [
    *("709", "708", "731", "732", "733", "734", "735", "736", "737", "738"),
    *("710", "711", "740", "741", "775"),
]
BEHIND_720 = ("720", "706", "707", "722", "724", "725")


@pytest.fixture(scope="module")
def feeder():
    return OpenDSSGrid("ieee37")


def demand(feeder, more=None):
    """Return the loads of the feeder, with one more firm load."""
    found: list[ReducibleDemand | CostOffer] = []
    for bus, kw in zip(feeder.load_buses, feeder.nominal_kw.tolist(), strict=True):
        part, price = PROVIDERS.get(bus, (0.0, 0.0))
        cost = PolynomialCost((0.0, price, 0.2))
        found.append(ReducibleDemand(bus, bus, kw, cost, part * kw))
    if more is not None:
        bus, kw = more
        if kw > 0:
            found.append(ReducibleDemand("more", bus, kw))
        else:
            found.append(CostOffer("less", bus, PolynomialCost((0.0,)), -kw, -kw))
    return found


def example(feeder, more=None):
    grid = [ImportOffer("grid", SOURCE, 50.0), ExportBid("grid", SOURCE, 0.0)]
    return [*grid, *DIESELS, *demand(feeder, more)]


def cleared(network, orders):
    return clear_costs(partial(clear_nodal, network), orders, network).dispatch


def limited(feeder):
    return feeder.market_network().with_limits(LIMITS_KW)


def cost_per_h(feeder, more=None):
    orders = example(feeder, more)
    return total_cost_per_h(orders, cleared(limited(feeder), orders).quantity_kw)


def test_dispatch_cost_and_limits_of_the_example(feeder):
    network, orders = limited(feeder), example(feeder)
    dispatch = cleared(network, orders)
    reduced = {
        order.bus: order.baseline_kw - kw
        for order, kw in zip(orders, dispatch.quantity_kw, strict=True)
        if isinstance(order, ReducibleDemand) and order.bus in PROVIDERS
    }
    worth = dict(zip(network.branch, dispatch.congestion_per_kwh, strict=True))

    assert dispatch.outcome is Outcome.CLEARED
    assert total_cost_per_h(orders, dispatch.quantity_kw) == pytest.approx(
        130_979.2, abs=1e-6
    )
    assert dispatch.quantity_kw[:5] == pytest.approx([2213.0, 0.0, 0.0, 200.0, 0.0])
    assert reduced == pytest.approx({"738": 14.0, "701": 0.0, "722": 30.0})
    assert {name: mu for name, mu in worth.items() if mu} == pytest.approx(
        {"l730_709": 45.6, "l704_720": 57.0}
    )
    assert dispatch.congestion_rent_per_h == pytest.approx(42_636.0)
    assert pytest.approx(42_636.0) == 45.6 * 560 + 57.0 * 300
    assert dispatch.certificate.passed


def test_the_price_of_every_bus_of_the_example(feeder):
    network = limited(feeder)
    dispatch = cleared(network, example(feeder))
    expected = dict.fromkeys(network.bus, 50.0)
    expected |= dict.fromkeys(BEHIND_709, 95.6)
    expected |= dict.fromkeys(BEHIND_720, 107.0)

    assert len(expected) == network.n_bus == 37
    assert dict(zip(network.bus, dispatch.price_per_kwh, strict=True)) == pytest.approx(
        expected, abs=1e-9
    )


def test_the_price_is_the_central_difference_of_cost_at_every_bus(feeder):
    network = limited(feeder)
    dispatch = cleared(network, example(feeder))
    step = 1e-3
    slope = [
        (cost_per_h(feeder, (bus, step)) - cost_per_h(feeder, (bus, -step))) / step / 2
        for bus in network.bus
    ]

    assert dispatch.price_per_kwh == pytest.approx(slope, abs=1e-5)


def test_one_more_kilowatt_costs_more_than_the_price_where_costs_rise(feeder):
    # Behind both lines demand response answers, at a marginal cost that rises by 0.4
    # per kW: half of that on average. At the source nothing rises.
    base = cost_per_h(feeder)

    assert cost_per_h(feeder, ("738", 1.0)) - base == pytest.approx(95.8)
    assert cost_per_h(feeder, ("722", 1.0)) - base == pytest.approx(107.2)
    assert cost_per_h(feeder, ("701", 1.0)) - base == pytest.approx(50.0)


def test_without_line_limits_there_is_one_price(feeder):
    dispatch = cleared(feeder.market_network(), example(feeder))

    assert dispatch.price_per_kwh == pytest.approx(np.full(37, 50.0))
    assert dispatch.quantity_kw[0] == pytest.approx(2457.0)


# The equations as printed, by CVXPY.


@dataclass
class Paper:
    """What eqs. (12) to (18) need, bus by bus.

    ``generators`` and ``baselines`` are orders; ``operating_kw`` is the net injection
    of the operating point.
    """

    network: RadialNetwork | Network
    lmp: float
    export_price: float
    generators: list[CostOffer]
    baselines: list[ReducibleDemand]
    operating_kw: np.ndarray


def solve_paper(paper: Paper):
    """Return cost and DLMPs of eqs. (12) to (18), powers in parts of the largest."""
    cp = pytest.importorskip("cvxpy")
    net, generators, loads = paper.network, paper.generators, paper.baselines
    unit_kw = max(most for _, most in ranges_kw(generators) + ranges_kw(loads))
    least_g, most_g = np.array(ranges_kw(generators)).T / unit_kw
    least_d, baseline = np.array(ranges_kw(loads)).T / unit_kw
    matrix_h = net.injection_sensitivity()
    operating = paper.operating_kw / unit_kw
    f_max = net.limit_kw / unit_kw
    p_g, p_d = cp.Variable(len(generators)), cp.Variable(len(loads))
    p_source = cp.Variable()
    c_gen = total(cp, generators, p_g, unit_kw)
    c_dr = total(cp, loads, baseline - p_d, unit_kw)
    # LMP max(0, P) where exports earn nothing
    source = cp.maximum(paper.lmp * p_source, paper.export_price * p_source)
    objective = (source * unit_kw + c_gen + c_dr) / (UNIT_PRICE * unit_kw)  # (12)
    balance = p_source == cp.sum(p_d) - cp.sum(p_g)  # (13)
    generator_limits = [p_g >= least_g, p_g <= most_g]  # (14)
    reduction_limits = [
        p_d >= least_d,
        p_d <= baseline,
    ]  # (15), what each can leave out
    delta_p = place(net, generators) @ p_g - place(net, loads) @ p_d - operating  # (16)
    delta_f = matrix_h @ delta_p  # (17)
    f = matrix_h @ operating + delta_f
    some = np.flatnonzero(np.isfinite(f_max))
    upper, lower = f[some] <= f_max[some], f[some] >= -f_max[some]  # (18)
    rules = [balance, *generator_limits, *reduction_limits]
    rules += [upper, lower] if some.size else []
    problem = cp.Problem(cp.Minimize(objective), rules)
    problem.solve(
        solver=cp.CLARABEL, tol_gap_abs=1e-12, tol_gap_rel=1e-12, tol_feas=1e-12
    )
    assert problem.status in ("optimal", "optimal_inaccurate")
    mu = upper.dual_value - lower.dual_value if some.size else np.zeros(0)
    dlmp = -float(balance.dual_value) - matrix_h[some].T @ mu
    return float(problem.value) * UNIT_PRICE * unit_kw, dlmp * UNIT_PRICE


def total(cp, orders, power, unit_kw):
    """Return what all orders cost at powers given in parts of a unit."""
    return sum(
        polynomial(cp, one.cost, power[at] * unit_kw / size_kw(one), size_kw(one))
        for at, one in enumerate(orders)
    )


def ranges_kw(orders):
    return [one.range_kw for one in orders]


def size_kw(order: CostOffer | ReducibleDemand) -> float:
    """Return the most that an order can produce or reduce, more than 0."""
    least, most = order.range_kw
    return most if isinstance(order, CostOffer) else most - least or most


def polynomial(cp, cost, part, size: float):
    """Return the cost of a part of a size."""
    return sum(
        factor * size**k * (cp.power(part, k) if k > 1 else part if k else 1.0)
        for k, factor in enumerate(cost.coefficient)
        if factor
    )


def place(network, orders) -> np.ndarray:
    """Return which order stands at which bus."""
    found = np.zeros((network.n_bus, len(orders)))
    for at, order in enumerate(orders):
        found[network.bus_index(order.bus), at] = 1.0
    return found


def ours(paper: Paper):
    network = paper.network
    source = network.bus[0 if isinstance(network, RadialNetwork) else network.reference]
    orders = [
        ImportOffer("grid", source, paper.lmp),
        ExportBid("grid", source, paper.export_price),
        *paper.generators,
        *paper.baselines,
    ]
    dispatch = cleared(network, orders)
    return orders, dispatch


def compare(paper: Paper):
    """Compare objective and prices; return how many prices are not unique."""
    orders, dispatch = ours(paper)
    value, dlmp = solve_paper(paper)
    cost = total_cost_per_h(orders, dispatch.quantity_kw)
    assert cost == pytest.approx(value, rel=1e-8, abs=1e-8)
    near = 1e-6 * max(1.0, float(np.abs(dispatch.price_per_kwh).max()))
    apart = np.flatnonzero(np.abs(dispatch.price_per_kwh - dlmp) > near)
    for bus in apart.tolist():
        low, high = one_sided(paper, bus)
        assert low - 10 * near <= dispatch.price_per_kwh[bus] <= high + 10 * near
        assert low - 10 * near <= dlmp[bus] <= high + 10 * near
    return apart.size


def one_sided(paper: Paper, bus: int) -> tuple[float, float]:
    """Return what one kW less saves and one more costs, everything solved again."""
    name, step = paper.network.bus[bus], 1e-4
    orders, dispatch = ours(paper)
    base = total_cost_per_h(orders, dispatch.quantity_kw)
    more = Paper(
        **{
            **vars(paper),
            "baselines": [*paper.baselines, ReducibleDemand("more", name, step)],
        }
    )
    less = Paper(
        **{
            **vars(paper),
            "generators": [
                *paper.generators,
                CostOffer("less", name, PolynomialCost((0.0,)), step, step),
            ],
        }
    )
    costs = []
    for changed in (less, more):
        orders, dispatch = ours(changed)
        priced = dispatch.outcome is Outcome.CLEARED
        costs.append(
            total_cost_per_h(orders, dispatch.quantity_kw) if priced else np.inf
        )
    return (base - costs[0]) / step, (costs[1] - base) / step


@pytest.mark.filterwarnings("ignore")
def test_cvxpy_agrees_on_the_example(feeder):
    network = limited(feeder)
    at = np.zeros(37)
    for bus, kw in zip(feeder.load_buses, feeder.nominal_kw, strict=True):
        at[network.bus_index(bus)] = -kw
    paper = Paper(network, 50.0, 0.0, DIESELS, demand(feeder), at)

    assert compare(paper) == 0
    assert solve_paper(paper)[0] == pytest.approx(130_979.2, rel=1e-8)


COUNTS = [12, pytest.param(300, marks=pytest.mark.validate)]


@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.filterwarnings("ignore")
def test_cvxpy_agrees_on_random_markets_of_the_feeder(feeder, count):
    rng = np.random.default_rng(71)
    tree = feeder.market_network()
    bound = apart = exports = 0
    while count:
        limits = {
            name: float(rng.uniform(50, 900))
            for name in rng.choice(tree.branch, 4, replace=False).tolist()
        }
        part = rng.choice([1.0, 0.1])  # an evening, or a noon with exports
        loads = random_demand(rng, feeder.load_buses, part * feeder.nominal_kw)
        lmp = float(rng.uniform(20, 90))
        paper = Paper(
            tree.with_limits(limits),
            lmp,
            lmp * float(rng.choice([0.0, 0.8])),
            random_generators(rng, tree.bus, 6, 900.0),
            loads,
            rng.uniform(-90.0, 90.0, 37),
        )
        _, dispatch = ours(paper)
        if dispatch.outcome is Outcome.INFEASIBLE:
            continue
        apart += compare(paper)
        bound += bool(dispatch.binding.any())
        exports += bool(dispatch.quantity_kw[1] > 1.0)
        count -= 1
    assert bound
    assert exports
    assert apart <= 40


@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.filterwarnings("ignore")
def test_cvxpy_agrees_on_random_networks_with_loops(count):
    rng = np.random.default_rng(72)
    bound = 0
    while count:
        network = random_ring(rng)
        kw = rng.uniform(20, 120, network.n_bus)
        paper = Paper(
            network,
            float(rng.uniform(20, 90)),
            0.0,
            random_generators(rng, network.bus, 4, 150.0),
            random_demand(rng, network.bus, kw),
            rng.uniform(-90.0, 90.0, network.n_bus),
        )
        _, dispatch = ours(paper)
        if dispatch.outcome is Outcome.INFEASIBLE:
            continue
        compare(paper)
        bound += bool(dispatch.binding.any())
        count -= 1
    assert bound


def random_ring(rng) -> Network:
    """Draw a ring with chords."""
    n_bus = int(rng.integers(4, 9))
    ends = [(at, (at + 1) % n_bus) for at in range(n_bus)]
    ends += [tuple(rng.choice(n_bus, 2, replace=False).tolist()) for _ in range(2)]
    limits = np.where(
        rng.random(len(ends)) < 0.5, rng.uniform(40, 300, len(ends)), np.inf
    )
    return Network.from_table(
        {
            "from_bus": [f"b{a}" for a, _ in ends],
            "to_bus": [f"b{b}" for _, b in ends],
            "branch": [f"l{at}" for at in range(len(ends))],
            "limit_kw": limits,
            "reactance_pu": rng.uniform(0.5, 2.0, len(ends)),
        }
    )


def random_cost(rng, most: float, price: float) -> PolynomialCost:
    """Draw a convex cost up to degree 4, of a marginal cost around a price."""
    size = [0.0, price]
    size += [rng.uniform(1, 40) / most ** (k - 1) for k in range(2, rng.integers(3, 6))]
    return PolynomialCost(tuple(size))


def random_generators(rng, buses, count, most):
    return [
        CostOffer(
            f"g{at}", str(bus), random_cost(rng, q_max, rng.uniform(0, 80)), q_max
        )
        for at, bus in enumerate(rng.choice(buses, count))
        for q_max in (float(rng.uniform(0.1, 1.0) * most),)
    ]


def random_demand(rng, buses, nominal_kw):
    found = []
    for bus, nominal in zip(buses, nominal_kw, strict=True):
        kw = float(nominal * rng.uniform(0.3, 1.2))
        less = kw * float(rng.choice([0.0, 0.3, 1.0]))
        cost = (
            random_cost(rng, less, rng.uniform(40, 120))
            if less
            else PolynomialCost((0,))
        )
        found.append(ReducibleDemand(str(bus), str(bus), kw, cost, less))
    return found


# Substation, bad input, and the market among agents.


def test_a_substation_raises_every_price_until_reductions_suffice(feeder):
    # The substation lets 2200 kW in where 2213 were wanted. The diesels at 729 (from
    # 60) and 718 (from 65) stand before both full lines: 729 makes up for 13 kW at a
    # marginal cost of 60 + 0.1 x 13.
    network = limited(feeder).with_substation(2200.0)
    orders = [ImportOffer("grid", "substation", 50.0), *DIESELS, *demand(feeder)]
    dispatch = cleared(network, orders)
    price = dict(zip(network.bus, dispatch.price_per_kwh, strict=True))

    assert dispatch.quantity_kw[:4] == pytest.approx([2200.0, 13.0, 200.0, 0.0])
    assert price["substation"] == pytest.approx(50.0)
    assert price["701"] == pytest.approx(61.3)
    assert price["738"] == pytest.approx(95.6)
    assert price["722"] == pytest.approx(107.0)


def test_limits_that_cannot_be_kept_are_named_with_the_shortage(feeder):
    # Below the line 774 kW, of which 37.8 can be left out and the diesel brings 200.
    tight = feeder.market_network().with_limits({"l730_709": 500.0})
    dispatch = cleared(tight, example(feeder))

    assert dispatch.outcome is Outcome.INFEASIBLE
    assert dispatch.reason == (
        "36.2 kW more firm demand than can be served at bus '709' and beyond, through "
        "line 'l730_709' of 500 kW."
    )
    assert dispatch.certificate.passed
    small = feeder.market_network().with_substation(1500.0)
    orders = [ImportOffer("grid", "substation", 50.0), *DIESELS, *demand(feeder)]
    assert "line 'substation' of 1500 kW" in cleared(small, orders).reason


def test_costs_of_any_degree_clear_on_the_linear_model_of_the_feeder_too(feeder):
    # One line keeps to 560 kW; losses and voltages are in. At 738 the marginal cost of
    # reducing is 90 + 0.06 r^2, at 735 that of the diesel 40 + 0.003 q^2.
    grid = OpenDSSGrid("ieee37", generators=("735",))
    model = Linearizer(grid)()
    limits = GridLimits(voltage_pu=(0.95, 1.05), flow_kw={"l730_709": 560.0})
    diesel = CostOffer("735", "735", PolynomialCost((0, 40, 0, 1e-3)), q_max=200)
    less = PolynomialCost((0.0, 90.0, 0.0, 0.02))
    mill = ReducibleDemand("738", "738", 126.0, less, most_reduction_kw=60.0)
    others = [
        ReducibleDemand(bus, bus, kw)
        for bus, kw in zip(grid.load_buses, grid.nominal_kw.tolist(), strict=True)
        if bus != "738"
    ]
    orders: list[AnyOrder] = [ImportOffer("grid", SOURCE, 50.0), diesel, mill]
    orders += others
    clear = partial(clear_linear, model, limits=limits)
    found = clear_costs(clear, orders, model, beyond_kw=300.0)
    award, price = found.dispatch.quantity_kw, found.dispatch.order_price_per_kwh

    assert found.dispatch.outcome is Outcome.CLEARED
    assert 1 < found.n_round <= 6
    assert 150.0 < award[1] < 200.0
    assert 66.0 < award[2] < 126.0
    assert price[1] == pytest.approx(40 + 0.003 * award[1] ** 2, abs=1e-7)
    assert price[2] == pytest.approx(90 + 0.06 * (126 - award[2]) ** 2, abs=1e-7)
    assert price[0] == pytest.approx(50.0)


def test_bad_costs_and_powers_are_refused_where_they_are_written():
    with pytest.raises(InvalidOrderError, match="its marginal cost falls from 0 to 20"):
        CostOffer("x", "701", PolynomialCost((0, 60, -0.05)), q_max=20)
    with pytest.raises(InvalidOrderError, match="expected P_min <= P_max"):
        CostOffer("x", "701", PolynomialCost((0, 60)), q_max=20, q_min=30)
    with pytest.raises(InvalidOrderError, match="baseline_kw is -5"):
        ReducibleDemand("x", "701", -5)
    with pytest.raises(InvalidOrderError, match="falls from 3 to 1 per kWh at 1 kW"):
        ReducibleDemand("x", "701", 9, PiecewiseLinearCost((0, 1, 2), (0, 3, 4)), 2)


def test_agents_on_the_feeder_act_as_the_market_dispatched(feeder):
    # The example as an environment, half an hour long, then without limits to the
    # price: the LMP falls to 40.
    grid = OpenDSSGrid("ieee37", generators=("729", "735", "718"))
    network = limited(grid)
    people = Prosumers(
        preferences_of(demand(grid)), preferences_of(DIESELS), name="people"
    )
    market = NodalMarket(network, reductions="paid-by-beneficiaries")
    env = Environment(
        grid,
        market,
        [TransmissionGrid(SOURCE, [50.0, 40.0]), people],
        n_intervals=2,
        interval_hours=0.5,
    )
    env.reset()
    env.step()

    assert market.last is not None
    price = market.last.price_per_kwh
    assert price[network.bus_index("738")] == pytest.approx(95.6)
    assert people.reduced_kw.sum() == pytest.approx(44.0)
    assert grid.served_kw == pytest.approx(grid.asked_kw, abs=1e-3)
    assert grid.asked_kw.sum() == pytest.approx(2213.0)
    settled = market.last_settlement
    assert settled is not None
    assert int(settled.money_nano.sum()) == int(settled.energy_wh.sum()) == 0
    table = bills(settled, {"transmission": "transmission grid"})
    paid = sum(
        money
        for role, money in zip(table["role"], table["money"], strict=True)
        if role == "demand-response provider"
    )
    # Both lines would be short without any reduction: 14 kW at 95.6 and 30 at 107.
    assert paid == pytest.approx(0.5 * (14 * 95.6 + 30 * 107.0))
    env.step()
    assert market.last.price_per_kwh[0] == pytest.approx(40.0)
