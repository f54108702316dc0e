import pytest

from gridagora.agents.converters import (
    CONVERTERS,
    converter_for,
    curve_buses,
    curve_orders,
)
from gridagora.errors import InvalidActionError
from gridagora.types.base import BaseMarket
from gridagora.types.network import RadialNetwork
from gridagora.types.preferences import Preferences

HOMES = Preferences.of_consumers(["anna"], ["b"], p_max=9.0, p_min=3.0, q_max=6.0)


class Market(BaseMarket):
    network = RadialNetwork.from_table({"bus": "ab", "parent": ["", "a"]})
    last = None

    def reset(self):
        pass

    def step(self):
        pass


def test_curves_are_placed_on_the_markets_network():
    orders = curve_orders(HOMES, Market(), "homes")
    assert orders.bus.tolist() == [1]
    assert orders.most_kw.tolist() == [6.0]


def test_the_converter_is_found_by_order_type():
    assert converter_for(Market(), "homes") is CONVERTERS["curve"]


def test_a_curve_market_must_show_its_network_and_its_dispatch():
    with pytest.raises(InvalidActionError) as caught:
        curve_orders(HOMES, object(), "homes")
    assert str(caught.value) == (
        "orders of 'homes': the market object has no `network`, which every market of "
        "the order type 'curve' offers. the market object has no `last`, which every "
        "market of the order type 'curve' offers."
    )


def test_agents_that_send_orders_one_by_one_find_the_markets_network():
    assert curve_buses(Market(), "grid") is Market.network

    market = Market()
    market.order_type = "quantity"
    with pytest.raises(InvalidActionError) as caught:
        curve_buses(market, "grid")
    assert str(caught.value) == (
        "orders of 'grid': the market Market takes orders of the type 'quantity', but "
        "the agent can send ['curve'] only; use another agent or market."
    )
