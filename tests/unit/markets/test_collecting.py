"""Agents' actions become tables of curves, or every agent at fault is named."""

from types import SimpleNamespace

import numpy as np
import pytest

from gridagora.errors import InvalidActionError
from gridagora.markets.collecting import collect_orders
from gridagora.types.cost_columns import CostColumns
from gridagora.types.cost_orders import (
    CostOffer,
    ExportBid,
    ImportOffer,
    ReducibleDemand,
)
from gridagora.types.costs import PolynomialCost
from gridagora.types.network import Network
from gridagora.types.orders import Bid, CurveColumns, Offer

NET = Network.from_table({"from_bus": ["a", "b"], "to_bus": ["b", "c"]})
COAL = Offer.affine("coal", "a", p_max=1, p_min=1, q_max=20)
MILL = Bid.affine("mill", "c", p_max=9, p_min=3, q_max=8)


def agent(name, actions):
    return SimpleNamespace(name=name, get_market_actions=lambda: actions)


def test_every_agent_that_sent_orders_has_a_table_in_the_order_of_agents():
    columns = CurveColumns.of([COAL], NET)
    agents = [agent("one", [MILL, COAL]), agent("idle", ()), agent("two", columns)]
    first, second = collect_orders(agents, NET, n_bus=NET.n_bus)

    assert isinstance(first, CostColumns)
    assert first.curves.participant == ("mill", "coal")
    assert first.curves.bus.tolist() == [2, 0]
    assert second is columns


def test_costs_and_the_transmission_grid_are_orders_too():
    cube = CostOffer("gas", "b", PolynomialCost((0, 0, 0, 1)), q_max=2)
    own = CostColumns.of([ImportOffer("t", "a", 5.0), cube], NET)
    demand = [ReducibleDemand("m", "c", 3.0), ExportBid("t", "a")]
    first, second = collect_orders(
        [agent("grid", own), agent("m", demand)], NET, n_bus=NET.n_bus
    )

    assert first is own
    assert isinstance(second, CostColumns)
    assert second.outside == (1,)


def test_columns_of_costs_must_fit_the_network_too():
    far = Network.from_table({"from_bus": ["a", "b", "c"], "to_bus": ["b", "c", "d"]})
    own = CostColumns.of([ImportOffer("t", "d", 5.0)], far)
    with pytest.raises(InvalidActionError, match="bus 3 is not one of 0 to 2"):
        collect_orders([agent("grid", own)], NET, n_bus=NET.n_bus)


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
    agents = [
        agent("good", [MILL]),
        agent("one", [3.5]),
        agent("two", outside),
        agent("three", [elsewhere]),
        agent("four", 7),
    ]
    with pytest.raises(InvalidActionError) as caught:
        collect_orders(agents, NET, n_bus=NET.n_bus)

    assert str(caught.value) == (
        "market actions: "
        "agent 'one': curves: got a float, expected bids and offers (gridagora.Bid, "
        "gridagora.Offer, CostOffer, ReducibleDemand, ImportOffer, ExportBid) or "
        "columns of them. "
        "agent 'two': curves: bus 3 is not one of 0 to 2. "
        "agent 'three': no bus is called 'd'. Known: a, b, c. "
        "agent 'four': 'int' object is not iterable"
    )
