"""One prosumer with several roles, by hand."""

import numpy as np
import pytest

from gridagora.agents.prosumers import Prosumers
from gridagora.agents.strategies import marked_up
from gridagora.agents.transmission import TransmissionGrid
from gridagora.devices.battery import Battery, ChargedBatteries
from gridagora.environment.environment import Environment
from gridagora.errors import InvalidConfigError, InvalidOrderError
from gridagora.grids.infinite_bus import InfiniteBusGrid
from gridagora.markets.bills import bills
from gridagora.markets.nodal import NodalMarket
from gridagora.types.cost_orders import CostOffer, ReducibleDemand, preferences_of
from gridagora.types.costs import PolynomialCost
from gridagora.types.network import RadialNetwork

LINE = RadialNetwork.from_table(
    {"bus": "ab", "parent": ["", "a"], "limit_kw": [None, 4.0]}
)
# At b the mill takes 8 kW, of which it can leave out 4 at a marginal cost of 4 + 2 r;
# it has a diesel of 2 kW at 6 and the home a roof of 1 kW at 0. 4 kW come through the
# line at 2.
USE = [
    ReducibleDemand("mill", "b", 8.0, PolynomialCost((0, 4, 1)), 4.0),
    ReducibleDemand("shop", "a", 1.0),
]
MAKE = [
    CostOffer("home", "b", PolynomialCost((0.0,)), q_max=1.0),
    CostOffer("mill", "b", PolynomialCost((0, 6)), q_max=2.0),
]


def world(prosumers, n_intervals=1, *, hours=1.0, **options):
    market = NodalMarket(LINE, **options)
    agents = [TransmissionGrid("a", 2.0), prosumers]
    env = Environment(
        InfiniteBusGrid("ab"), market, agents, n_intervals=n_intervals,
        interval_hours=hours,
    )  # fmt: skip
    env.reset()
    return env


def prosumers(use=USE, make=MAKE, **options):
    return Prosumers(preferences_of(use), preferences_of(make), **options)


def test_a_prosumer_consumes_reduces_and_produces_at_once():
    # Behind the line 8 - r - 1 - g = 4. At a price of 6 the mill reduces by r = 1, and
    # its diesel, which costs 6, makes up for the rest with all it has, g = 2.
    agent = prosumers(name="people")
    env = world(agent)
    env.step()

    assert agent.participants == ("mill", "shop", "home")
    assert env.market.last.price_per_kwh == pytest.approx([2.0, 6.0])
    assert agent.reduced_kw == pytest.approx([1.0, 0.0])
    assert agent.consumption.award_kw == pytest.approx([7.0, 1.0])
    assert agent.production.award_kw == pytest.approx([1.0, 2.0])
    # Mill: bill 42, reduction 4 + 1, diesel sold for 12 at a cost of 12. Shop: bill 2.
    assert agent.get_reward() == pytest.approx([-47.0, -2.0, 6.0])


def test_consumption_and_production_both_act_on_the_grid():
    agent = prosumers()
    env = world(agent)
    env.step()
    actions = agent.get_grid_actions()

    assert actions.participant == ("mill", "shop", "home", "mill")
    assert actions.bus == ("b", "a", "b", "b")
    assert actions.net_demand_kw == pytest.approx([7.0, 1.0, -1.0, -2.0])
    assert env.grid.asked_kw == pytest.approx([1.0, 4.0])


def test_payments_for_reductions_are_rewards_and_bills_by_role():
    # Without its reduction the diesel cannot make up for it: 8 - 1 - 2 > 4. So all
    # consumption is charged: 7 of 8 parts of 6 x 1 to the mill, one to the shop.
    agent = prosumers()
    env = world(agent, reductions="paid-by-beneficiaries")
    env.step()

    assert agent.get_reward() == pytest.approx([-47 + 6 - 5.25, -2.75, 6.0])
    table = bills(env.market.last_settlement, {"transmission": "transmission grid"})
    rows = zip(table["account"], table["role"], table["money"], strict=True)
    found = {(account, role): money for account, role, money in rows}
    assert found == pytest.approx(
        {
            ("mill", "consumer"): -42 - 5.25,
            ("mill", "demand-response provider"): 6.0,
            ("mill", "producer"): 12.0,
            ("shop", "consumer"): -2.75,
            ("home", "producer"): 6.0,
            ("transmission", "transmission grid"): 10.0,
            ("operator", "congestion rent"): 16.0,
        }
    )


def test_factors_scale_loads_and_capacities_of_each_interval():
    agent = prosumers(
        load_factors=np.array([0.5, 1.0]),
        production_factors=np.array([[0.0, 1.0], [1.0, 1.0]]),
    )
    env = world(agent, 2)
    env.step()
    # 4 kW at b, all through the line, and half a kW at a.
    assert agent.consumption.award_kw.tolist() == [4.0, 0.5]
    assert agent.get_observation()["most_kw"].tolist() == [4.0, 0.5, 0.0, 2.0]
    env.step()
    assert agent.reduced_kw == pytest.approx([1.0, 0.0])


def test_what_is_declared_may_differ_from_the_truth():
    # It asks 3 more for reducing and for its diesel: the price rises to 9 at the same
    # dispatch, and the reward is measured on the private curves.
    more = marked_up(adder_per_kwh=3.0)
    agent = prosumers(declare_consumption=more, declare_production=more)
    env = world(agent)
    env.step()

    assert env.market.last.price_per_kwh[1] == pytest.approx(9.0)
    # Mill: bill 63, reduction 5, diesel 18 - 12.
    assert agent.get_reward() == pytest.approx([-62.0, -2.0, 9.0])


def test_a_charged_battery_is_a_producer_limited_by_what_is_left():
    # 1.5 kWh at 2 kW: 1 kWh in the first half hour, then 0.5 kWh at 1 kW.
    battery = [CostOffer("pack", "b", PolynomialCost((0, 6)), q_max=2.0)]
    pack = ChargedBatteries(Battery.of(1.5, 2.0))
    agent = prosumers(make=battery, storage=pack)
    env = world(agent, 3, hours=0.5)
    awards = []
    for _ in range(3):
        env.step()
        awards.append(float(agent.production.award_kw[0]))

    assert awards == pytest.approx([2.0, 1.0, 0.0])
    env.reset()
    assert pack.energy_kwh.tolist() == [1.5]


def test_an_observation_has_one_row_for_each_role():
    agent = prosumers()
    env = world(agent)
    env.step()
    seen = agent.get_observation()

    assert seen["participant"] == ("mill", "shop", "home", "mill")
    assert seen["role"] == ["consumer", "consumer", "producer", "producer"]
    assert list(seen["firm_kw"]) == [4.0, 1.0, 0.0, 0.0]
    assert list(seen["award_kw"]) == pytest.approx([7.0, 1.0, 1.0, 2.0])
    assert list(seen["interval"]) == [0, 0, 0, 0]


def test_the_record_says_what_each_consumed_reduced_and_produced():
    env = world(prosumers(name="people"))
    env.step()
    table = env.record.table("prosumers").set_index("participant")

    assert table.loc["mill", ["consumed_kw", "reduced_kw", "produced_kw"]].tolist() == (
        pytest.approx([7.0, 1.0, 2.0])
    )
    assert table.loc["home", "produced_kw"] == pytest.approx(1.0)


def test_a_participant_may_have_several_producers():
    two = [
        CostOffer("home", "b", PolynomialCost((0.0,)), q_max=1.0),
        CostOffer("home", "b", PolynomialCost((0, 1)), q_max=1.0),
    ]
    agent = prosumers(use=[ReducibleDemand("x", "b", 5.0)], make=two)
    env = world(agent)
    env.step()

    # 5 kW of demand, all of the cheap two and 3 from outside at 2.
    assert agent.get_reward() == pytest.approx([-10.0, 3.0])


def test_those_who_only_consume_or_only_produce_are_welcome():
    env = world(prosumers(use=USE[1:], make=[]))
    env.step()
    assert env.agents[1].get_reward() == pytest.approx([-2.0])
    env = world(prosumers(use=[], make=MAKE[:1]))
    env.step()
    assert env.agents[1].get_reward() == pytest.approx([0.0])


def test_a_part_that_is_replaced_in_its_strategy_declares_anew():
    agent = prosumers()
    env = world(agent, 2)
    env.step()
    agent.production.strategy = marked_up(adder_per_kwh=1.0)
    env.step()

    assert env.market.last.price_per_kwh[1] > 6.0


def test_factors_of_the_wrong_shape_are_refused_under_the_agents_name():
    with pytest.raises(InvalidConfigError) as caught:
        world(prosumers(load_factors=np.ones(7), name="people"))
    assert str(caught.value) == (
        "agent 'people': factors have the shape (7,), expected (1,) or (1, 2) for the "
        "environment's intervals."
    )


def test_costs_among_values_are_refused():
    with pytest.raises(InvalidOrderError, match="'home' has a marginal cost"):
        Prosumers(preferences_of(MAKE), preferences_of(MAKE))
