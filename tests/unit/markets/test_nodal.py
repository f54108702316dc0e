"""One door for all networks, and the market object around it."""

from types import SimpleNamespace

import numpy as np
import pytest

from gridagora.errors import InvalidActionError, InvalidOrderError, UnknownNameError
from gridagora.markets.nodal import NodalMarket, clear_nodal
from gridagora.types.cost_orders import (
    CostOffer,
    ExportBid,
    ImportOffer,
    ReducibleDemand,
)
from gridagora.types.costs import PolynomialCost
from gridagora.types.dispatch import Outcome
from gridagora.types.network import Network
from gridagora.types.orders import Bid, CurveColumns, Offer

# b is the middle and the reference; b-a is written against the flow, b-c along it, and
# the buses stand in another order than in the tree.
NET = Network.from_table(
    {
        "from_bus": ["c", "b"],
        "to_bus": ["b", "a"],
        "branch": ["cb", "ba"],
        "limit_kw": [4, None],
    },
    reference="b",
)
COAL = Offer.affine("coal", "a", p_max=1, p_min=1, q_max=20)
MILL = Bid.affine("mill", "c", p_max=9, p_min=3, q_max=8)


def test_a_tree_comes_back_in_the_callers_order_and_direction():
    # Coal at a serves the mill at c over b; c-b is written towards b, so its flow is
    # -4 and its limit's worth is negative. The mill's 4th kW is worth 6.
    dispatch = clear_nodal(NET, CurveColumns.of([MILL, COAL], NET))

    assert dispatch.network is NET
    assert NET.bus == ("c", "b", "a")
    assert dispatch.quantity_kw == pytest.approx([4.0, 4.0])
    assert dispatch.price_per_kwh == pytest.approx([6.0, 1.0, 1.0])
    assert dispatch.flow_kw == pytest.approx([-4.0, -4.0])
    assert dispatch.congestion_per_kwh == pytest.approx([-5.0, 0.0])
    assert dispatch.certificate.passed


def test_radial_and_meshed_networks_go_to_their_own_clearing():
    tree = NET.radial()
    radial = clear_nodal(tree, CurveColumns.of([MILL, COAL], tree))
    ring = Network.from_table({"from_bus": ["a", "a"], "to_bus": ["c", "c"],
                               "branch": ["x", "y"], "limit_kw": [2, 2]})  # fmt: skip
    meshed = clear_nodal(ring, CurveColumns.of([MILL, COAL], ring))

    assert radial.certificate.mechanism == "radial clearing"
    assert meshed.certificate.mechanism == "meshed clearing"
    assert meshed.quantity_kw == pytest.approx([4.0, 4.0])


def test_a_tree_without_a_dispatch_says_why():
    firm = Bid.affine("town", "c", p_max=9, p_min=9, q_max=5, q_min=5)
    dispatch = clear_nodal(NET, CurveColumns.of([firm, COAL], NET))

    assert dispatch.outcome is Outcome.INFEASIBLE
    assert "'cb'" in dispatch.reason
    assert dispatch.network is NET
    assert np.isnan(dispatch.price_per_kwh).all()


def test_orders_outside_a_tree_are_refused():
    outside = CurveColumns(
        participant=("town",),
        bus=np.array([7]),
        is_bid=np.array([True]),
        start=np.array([0, 1]),
        quantity_kw=np.array([1.0]),
        price_per_kwh=np.array([1.0]),
    )
    with pytest.raises(InvalidOrderError, match="'town' is at bus 7"):
        clear_nodal(NET, outside)


class Agent:
    def __init__(self, name, actions):
        self.name = name
        self.actions = actions

    def get_market_actions(self):
        return self.actions


def market_with(*agents, network=NET, t=0, **options):
    market = NodalMarket(network, **options)
    market.env = SimpleNamespace(agents=agents, t=t, interval_hours=0.25)
    market.reset()
    market.step()
    return market


def test_the_market_clears_what_all_agents_sent():
    market = market_with(
        Agent("mill", [MILL]),
        Agent("coal", CurveColumns.of([COAL], NET)),
        Agent("idle", ()),
    )
    assert market.last is not None
    assert market.last.orders.participant == ("mill", "coal")
    assert market.last.price_per_kwh == pytest.approx([6.0, 1.0, 1.0])
    # A quarter of an hour: 1000 Wh; 6 currency/kWh is 6e6 nano/Wh; the rent is 5e9.
    assert market.last_settlement is not None
    assert market.last_settlement.balance("mill") == (1000, -6_000_000_000)
    assert market.last_settlement.balance("operator") == (0, 5_000_000_000)


@pytest.mark.parametrize(
    "network",
    [
        NET,
        NET.radial(),
        Network.from_table(
            {
                "from_bus": ["c", "b", "c"],
                "to_bus": ["b", "a", "a"],
                "limit_kw": [2, None, None],
            }
        ),
    ],
    ids=["tree", "radial", "ring"],
)
def test_the_market_and_the_function_agree_on_every_kind_of_network(network):
    market = market_with(Agent("all", [MILL, COAL]), network=network)
    alone = clear_nodal(network, CurveColumns.of([MILL, COAL], network))

    assert market.last is not None
    assert market.last.quantity_kw.tolist() == alone.quantity_kw.tolist()
    assert market.last.price_per_kwh.tolist() == alone.price_per_kwh.tolist()


@pytest.mark.parametrize("network", [NET, NET.radial()], ids=["net", "tree"])
def test_agents_send_costs_anew_at_every_clearing(network):
    # 3 a q^2 = 6 at q = 2 for a = 1/2 and at q = 1 for a = 2; the grid serves the rest
    # at 6, before the line of 4 kW.
    gas = Agent("gas", [])
    grid = Agent("grid", [ImportOffer("t", "b", 6.0), ExportBid("t", "b")])
    town = Agent("town", [ReducibleDemand("town", "b", 3.0)])
    market = NodalMarket(network)
    market.env = SimpleNamespace(agents=[gas, grid, town], t=0, interval_hours=1.0)
    for a, award in ((0.5, 2.0), (2.0, 1.0)):
        gas.actions = [CostOffer("gas", "a", PolynomialCost((0, 0, 0, a)), q_max=9)]
        market.step()
        assert market.last is not None
        assert market.last.quantity_kw == pytest.approx([award, 3 - award, 0, 3])
        assert market.last.price_per_kwh == pytest.approx([6.0, 6.0, 6.0])
        assert market.last_rounds > 1


def test_the_interval_length_can_be_set_apart_from_the_environment():
    market = market_with(Agent("all", [MILL, COAL]), interval_hours=1.0)

    assert market.last_settlement is not None
    assert market.last_settlement.balance("mill")[0] == 4000


def test_an_infeasible_interval_stays_readable_and_awards_nothing():
    firm = Bid.affine("town", "c", p_max=9, p_min=9, q_max=5, q_min=5)
    market = market_with(Agent("all", [firm, COAL]))

    assert market.last is not None
    assert market.last.outcome is Outcome.INFEASIBLE
    assert market.last_settlement is not None
    assert market.last_settlement.balance("town") == (0, 0)
    assert market.record()["market"]["outcome"] == ["infeasible"]


def test_the_record_has_one_row_per_order_bus_branch_and_entry():
    market = market_with(Agent("all", [MILL, COAL]))
    tables = market.record()

    assert set(tables) == {"awards", "prices", "flows", "settlement", "market"}
    assert tables["prices"]["bus"] == ("c", "b", "a")
    assert len(tables["awards"]["participant"]) == 2
    assert len(tables["flows"]["branch"]) == 2
    assert len(tables["settlement"]["account"]) == 3
    # Worth of 4 kW to the mill: (9 + 6) / 2 * 4 = 30, cost 4.
    assert tables["market"]["welfare_per_h"] == pytest.approx([26.0])
    assert tables["market"]["congestion_rent_per_h"] == pytest.approx([20.0])
    assert tables["market"]["residual"][0] <= 1e-9


def test_the_first_interval_forgets_and_later_ones_remember():
    market = market_with(Agent("all", [MILL, COAL]))
    market.env.t = 1
    market.reset()
    assert market.last is not None
    market.env.t = 0
    market.reset()
    assert market.last is None
    assert market.record() == {}


def test_prices_of_agents_include_their_share_of_the_rent():
    # 4 kW at 6 for the mill; the rent of 20 per hour goes to coal, 5 per kWh.
    market = market_with(Agent("all", [MILL, COAL]), settlement="rent-to-producers")

    assert market.effective_prices() == pytest.approx([6.0, 6.0])
    assert market.last_settlement is market.last_settlement
    assert NodalMarket(NET).effective_prices().size == 0
    assert NodalMarket(NET).last_settlement is None


def test_a_market_is_done_after_one_step():
    market = NodalMarket(NET)
    assert market.order_type == "curve"
    assert not market.done
    market.t = 0
    assert market.done


def test_without_an_environment_nothing_is_sent():
    market = NodalMarket(NET)
    market.reset()
    market.step()

    assert market.last is not None
    assert market.last.outcome is Outcome.EMPTY


def test_bad_actions_name_every_agent_at_fault():
    outside = CurveColumns(
        participant=("x",),
        bus=np.array([3]),
        is_bid=np.array([True]),
        start=np.array([0, 1]),
        quantity_kw=np.array([1.0]),
        price_per_kwh=np.array([1.0]),
    )
    elsewhere = Bid.affine("y", "d", p_max=2, p_min=1, q_max=1)
    with pytest.raises(InvalidActionError) as caught:
        market_with(
            Agent("good", [MILL]),
            Agent("one", [3.5]),
            Agent("two", outside),
            Agent("three", [elsewhere]),
            Agent("four", 7),
        )
    assert str(caught.value) == (
        "market actions: "
        "agent 'one': curves: got a float, expected bids and offers (gridagora.Bid, "
        "gridagora.Offer, CostOffer, ReducibleDemand, ImportOffer, ExportBid) or "
        "columns of them. "
        "agent 'two': curves: bus 3 is not one of 0 to 2. "
        "agent 'three': no bus is called 'd'. Known: a, b, c. "
        "agent 'four': 'int' object is not iterable"
    )


def test_a_misspelt_settlement_rule_is_refused_at_once():
    with pytest.raises(UnknownNameError) as caught:
        NodalMarket(NET, settlement="nodel")

    assert str(caught.value) == (
        "no settlement rule is called 'nodel'. Did you mean 'nodal'? Known: nodal, "
        "rent-to-both, rent-to-consumers, rent-to-producers."
    )
