"""The DLMP market object around the clearing on a grid."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from gridagora.errors import EpisodeError, InvalidActionError, UnknownNameError
from gridagora.markets.dlmp import DLMPMarket
from gridagora.types.actions import GridActions
from gridagora.types.cost_orders import CostOffer, ImportOffer, ReducibleDemand
from gridagora.types.costs import PolynomialCost
from gridagora.types.dispatch import Outcome
from gridagora.types.grid_limits import GridLimits
from gridagora.types.orders import Bid, Curve, CurveColumns, Offer

FREE = GridLimits(voltage_pu=None)
GRID = Offer("grid", "source", Curve((0.0, 1000.0), (10.0, 10.0)))
HOME = Bid("home", "house", Curve((60.0, 60.0), (90.0, 90.0)))
# Worth 50 falling to 20 at 60 kW; the floor of 0.95 pu lets 47.5 kW pass.
MILL = Bid.affine("mill", "house", p_max=50, p_min=20, q_max=60)


class Agent:
    def __init__(self, name, actions, plan=None):
        self.name = name
        self.actions = actions
        if plan is not None:
            self.planned_actions = lambda: plan

    def get_market_actions(self):
        return self.actions


def stepped(market, *agents, t=0):
    market.env = SimpleNamespace(agents=agents, t=t, interval_hours=0.5)
    market.reset()
    market.step()
    return market


def money_of(settlement):
    return {
        (account, cause): int(money)
        for account, cause, money in zip(
            settlement.account, settlement.cause, settlement.money_nano, strict=True
        )
    }


def test_the_market_clears_what_all_agents_sent_on_the_grid(street):
    market = stepped(DLMPMarket(street), Agent("a", [GRID]), Agent("b", [MILL]))

    assert market.last is not None
    assert market.last.quantity_kw == pytest.approx([50.0, 47.5])
    assert market.last.price_per_kwh[1] == pytest.approx(26.25)
    assert market.last_clearing is not None
    assert market.last_clearing.n_round == 3
    assert market.last_clearing.dispatch is market.last
    assert market.order_type == "curve"
    assert market.effective_prices() == pytest.approx([10.0, 26.25])
    assert market.order_money_per_h() == pytest.approx([500.0, 47.5 * 26.25])


def test_money_of_half_an_hour_goes_where_prices_come_from(street):
    # 23.75 kWh at 26.25 are 623.4375, of which 250 go to the grid for 25 kWh. With
    # 2 v - 1 = 0.9 each kW loses 1 / 0.9 - 1 kW more: paid at 10 that is 47.5 / 0.9 *
    # 0.1 * 10 per hour, and 2.5 kW at 10 are the losses. The rest is voltage rent.
    market = stepped(DLMPMarket(street), Agent("a", [GRID, MILL]))
    money = money_of(market.last_settlement)
    surplus = round((47.5 / 0.9 * 0.1 * 10 - 25.0) * 0.5e9)

    assert money[("mill", "bid")] == -623_437_500_000
    assert money[("grid", "offer")] == 250_000_000_000
    assert money[("operator", "loss surplus")] == pytest.approx(surplus, abs=10_000)
    assert money[("operator", "voltage rent")] == pytest.approx(
        373_437_500_000 - surplus, abs=10_000
    )
    assert sum(money.values()) == 0
    assert market.last_settlement is market.last_settlement


def test_without_agreement_one_model_is_enough(street):
    market = DLMPMarket(street, FREE, agree=False, interval_hours=1.0)
    before = street.n_call
    market.clear([CurveColumns.of([GRID, HOME], market.network)])

    assert street.n_call == before + 1
    assert market.last is not None
    assert market.last.price_per_kwh[1] == pytest.approx(10 / 0.8**0.5)  # at 50 kW
    assert market.last_settlement is not None
    assert market.last_settlement.balance("home")[0] == 60_000


def test_the_reasons_of_every_interval_of_the_episode_are_kept(street):
    market = DLMPMarket(street, GridLimits(voltage_pu=(0.95, 1.1)))
    stepped(market, Agent("a", [GRID, MILL]), t=0)
    small = Bid.affine("mill", "house", p_max=50, p_min=20, q_max=6)
    stepped(market, Agent("a", [GRID, small]), t=1)

    assert "the voltage at 'house.1' (0.95 pu of at least 0.95 pu)" in market.explain(
        "house", 0
    )
    assert "voltage" not in market.explain("house", 1)
    assert market.explain("house") == market.explain("house", 1)
    with pytest.raises(EpisodeError) as caught:
        market.explain("house", 7)
    assert str(caught.value) == (
        "interval 7 was not cleared in this episode; cleared: 0, 1."
    )


def test_a_new_episode_forgets_and_later_intervals_remember(street):
    market = stepped(DLMPMarket(street), Agent("a", [GRID, MILL]))
    market.env.t = 1
    market.reset()
    assert market.last is not None
    market.env.t = 0
    market.reset()
    assert market.last is None
    assert market.last_clearing is None
    assert market.last_settlement is None
    assert market.record() == {}
    assert market.effective_prices().size == 0
    assert market.order_money_per_h().size == 0
    with pytest.raises(EpisodeError, match="cleared: none"):
        market.explain("house")


def test_the_record_has_a_table_for_each_thing(street):
    market = stepped(DLMPMarket(street), Agent("a", [GRID, MILL]))
    tables = market.record()

    assert set(tables) == {
        "awards",
        "prices",
        "limits",
        "rounds",
        "settlement",
        "market",
    }
    assert tables["prices"]["place"] == ("source", "house", "house.supply", "house.1")
    assert tables["rounds"]["round"].tolist() == [1, 2, 3]
    line = {name: column[0] for name, column in tables["market"].items()}
    # worth of 47.5 kW: from 50 to 26.25; 50 kW from the source at 10
    assert line["welfare_per_h"] == pytest.approx(47.5 * (50 + 26.25) / 2 - 500)
    assert line["surplus_per_h"] == pytest.approx(47.5 * 26.25 - 500)
    assert line["loss_kw"] == pytest.approx(2.5)
    assert line["n_round"] == 3
    assert line["moved_kw"] <= 1e-4
    assert line["outcome"] == "cleared"
    assert line["residual"] <= 1e-9
    lengths = [{len(column) for column in table.values()} for table in tables.values()]
    assert all(len(each) == 1 for each in lengths)


def test_an_interval_without_a_dispatch_stays_readable(street):
    market = stepped(DLMPMarket(street), Agent("a", [GRID, HOME]))

    assert market.last is not None
    assert market.last.outcome is Outcome.INFEASIBLE
    assert market.last_settlement is not None
    assert market.last_settlement.balance("home") == (0, 0)
    assert market.order_money_per_h().tolist() == [0.0, 0.0]
    assert market.record()["market"]["outcome"] == ["infeasible"]
    assert "the market was infeasible" in market.explain("house")


def test_without_an_environment_nobody_sends_anything(street):
    market = DLMPMarket(street)
    market.reset()
    market.step()

    assert market.last is not None
    assert market.last.outcome is Outcome.EMPTY
    assert market.explain("house") == (
        "There is no price at 'house': the market was empty."
    )


def test_buses_without_orders_draw_what_the_grid_is_asked_for(street):
    market = DLMPMarket(street, FREE)
    market.clear([CurveColumns.of([GRID], market.network)])

    assert market.last is not None
    assert market.last.fixed_kw.tolist() == [0.0, 50.0, 0.0, 0.0]
    assert market.last.price_per_kwh[1] == pytest.approx(10 / 0.8**0.5)


def test_a_bus_where_an_order_stands_draws_what_orders_say_as_in_the_grid(street):
    # The engine alone acts at the house: its load draws nothing then.
    engine = Offer("engine", "house", Curve((0.0, 20.0), (5.0, 5.0)))
    take = Bid("take", "source", Curve((0.0, 90.0), (8.0, 8.0)))
    market = DLMPMarket(street, FREE)
    market.clear([CurveColumns.of([engine, take], market.network)])

    assert market.last is not None
    assert market.last.fixed_kw.tolist() == [0.0, 0.0, 0.0, 0.0]
    assert market.last.quantity_kw[0] == pytest.approx(20.0)


def test_planned_actions_of_agents_without_orders_are_known_to_the_market(street):
    plan = GridActions.of(["sun", "oven"], ["house", "house"], np.array([-5.0, 12.0]))
    given = GridActions.of(["pump"], ["house"], np.array([1.0]), np.array([3.0]))
    market = stepped(
        DLMPMarket(street, FREE),
        Agent("a", [GRID]),
        Agent("b", (), plan),
        Agent("c", (), given),
    )

    assert market.last is not None
    # who injects does so by the generators of the bus
    assert market.last.fixed_kw.tolist() == [0.0, 13.0, -5.0, 0.0]
    assert market.last.fixed_kvar.tolist() == [0.0, 3.0, 0.0, 0.0]


def test_costs_of_any_degree_and_the_transmission_grid_are_taken(street):
    # Marginal cost q^2 / 30; the voltage floor lets 47.5 kW pass, the rest is local.
    engine = CostOffer("engine", "house", PolynomialCost((0, 0, 0, 1 / 90)), q_max=40)
    market = stepped(
        DLMPMarket(street),
        Agent("a", [ImportOffer("grid", "source", 10.0)]),
        Agent("b", [engine, ReducibleDemand("home", "house", 60.0)]),
    )

    assert market.last is not None
    # 12.5 kW would cost 5.2; by itself it runs until the next kW costs as much as
    # from the source: q^2 / 30 = 10 / (2 v - 1)
    power_kw = float(market.last.quantity_kw[1])
    slope = (1 - 0.004 * (60 - power_kw)) ** -0.5
    assert power_kw**2 / 30 == pytest.approx(10 * slope, rel=1e-6)
    assert market.last.quantity_kw[0] == pytest.approx(
        float(market.last.flows_kw[0]), rel=1e-9
    )


def test_an_unlimited_import_covers_losses_without_any_load(street):
    def with_iron_losses(demand_kw=None, demand_kvar=None):
        model = street(demand_kw, demand_kvar)
        loss = replace(model.loss, value=model.loss.value + 1.0)
        return replace(model, loss=loss)

    street.drawn_kw = 0.0
    market = stepped(
        DLMPMarket(with_iron_losses), Agent("a", [ImportOffer("grid", "source", 10.0)])
    )

    assert market.last is not None
    assert market.last.quantity_kw.tolist() == [1.0]
    assert market.last.price_per_kwh[0] == pytest.approx(10.0)


def test_reductions_are_paid_by_those_who_benefit(street):
    # The mill leaves out 12.5 of 60 kW; without that no dispatch keeps the floor, so
    # that the payment of 12.5 * 26.25 falls on all consumption, which is its own.
    market = DLMPMarket(street, reductions="paid-by-beneficiaries", interval_hours=1.0)
    market.clear([CurveColumns.of([GRID, MILL], market.network)])
    money = money_of(market.last_settlement)

    assert money[("mill", "demand response payment")] == 328_125_000_000
    assert money[("mill", "demand response charge")] == -328_125_000_000
    assert sum(money.values()) == 0
    assert market.effective_prices() == pytest.approx([10.0, 26.25])
    assert market.order_money_per_h() == pytest.approx([500.0, 47.5 * 26.25])
    assert market.record()["reductions"]["participant"] == ["mill"]
    assert market.last_reductions is market.last_reductions
    assert DLMPMarket(street).last_reductions is None


def test_a_misspelt_rule_is_refused_at_once(street):
    with pytest.raises(UnknownNameError, match="no rule for reductions is called"):
        DLMPMarket(street, reductions="paid")


def test_bad_actions_name_every_agent_at_fault(street):
    elsewhere = Bid.affine("y", "shed", p_max=2, p_min=1, q_max=1)
    with pytest.raises(InvalidActionError) as caught:
        stepped(DLMPMarket(street), Agent("one", [elsewhere]), Agent("two", 7))

    assert str(caught.value) == (
        "market actions: agent 'one': no place is called 'shed'. Known: house, "
        "house.1, house.supply, source. agent 'two': 'int' object is not iterable"
    )
