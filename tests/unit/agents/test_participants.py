import numpy as np
import pytest

from gridagora.agents.participants import CurveParticipants, money_per_h
from gridagora.agents.strategies import inelastic
from gridagora.environment.environment import Environment
from gridagora.errors import InvalidActionError, InvalidConfigError, UnknownNameError
from gridagora.markets.nodal import NodalMarket
from gridagora.types.base import BaseGrid, BaseMarket
from gridagora.types.network import RadialNetwork
from gridagora.types.orders import Bid, Offer
from gridagora.types.preferences import Preferences

HOMES = Preferences.of_consumers(
    ["anna", "ben"], ["b", "a"], p_max=9.0, p_min=3.0, q_max=[6.0, 2.0]
)
TREE = RadialNetwork.from_table({"bus": "ab", "parent": ["", "a"]})


class Grid(BaseGrid):
    def reset(self):
        pass

    def step(self):
        pass


class Feeder(CurveParticipants):
    """Offers of bids and offers one by one, with a flat price of 4."""

    def set_market_actions(self):
        self.market_actions = [Offer.affine("feeder", "a", p_max=4, p_min=4, q_max=20)]

    def set_grid_actions(self):
        pass

    def get_reward(self):
        return np.zeros(0)


def feeder():
    return Feeder(
        Preferences.of_producers(["feeder"], ["a"], p_max=4, p_min=4, q_max=20)
    )


def world(agents, market=None, n_intervals=2, **settings):
    market = NodalMarket(TREE) if market is None else market
    return Environment(Grid(), market, agents, n_intervals=n_intervals, **settings)


def test_orders_that_nothing_changed_are_sent_again_as_they_are():
    homes = CurveParticipants(HOMES)
    env = world([homes, feeder()])
    env.reset()
    env.step()
    first = homes.get_market_actions()
    env.step()
    assert homes.get_market_actions() is first
    homes.strategy = inelastic
    env.reset()
    env.step()
    assert homes.get_market_actions().firm_kw.tolist() == [6.0, 2.0]


def test_factors_scale_the_curves_of_each_interval():
    # At price 4 a line from 9 to 3 is taken up by 5/6: 5 of 6 kW and 10/6 of 2 kW.
    homes = CurveParticipants(HOMES, factors=np.array([1.0, 0.5]))
    env = world([homes, feeder()])
    env.reset()
    env.step()
    assert homes.award_kw == pytest.approx([5.0, 10 / 6])
    env.step()
    assert homes.award_kw == pytest.approx([2.5, 5 / 6])
    assert list(homes.get_observation()["most_kw"]) == [3.0, 1.0]


def test_factors_must_fit_intervals_and_participants():
    homes = CurveParticipants(HOMES, factors=np.ones(3), name="homes")
    env = world([homes, feeder()])
    with pytest.raises(InvalidConfigError) as caught:
        env.reset()
    assert str(caught.value) == (
        "agent 'homes': factors have the shape (3,), expected (2,) or (2, 2) for the "
        "environment's intervals."
    )


def test_an_observation_holds_own_things_only():
    homes = CurveParticipants(HOMES)
    env = world([homes, feeder()])
    env.reset()
    assert np.isnan(homes.price_per_kwh).all()
    assert list(homes.get_observation()["award_kw"]) == [0.0, 0.0]
    env.step()
    seen = {
        name: value
        if isinstance(value, tuple)
        else np.array(value, dtype=float).round(9).tolist()
        for name, value in homes.get_observation().items()
    }
    assert seen == {
        "participant": ("anna", "ben"),
        "bus": ("b", "a"),
        "interval": [0, 0],
        "firm_kw": [0.0, 0.0],
        "most_kw": [6.0, 2.0],
        "first_price_per_kwh": [9.0, 9.0],
        "last_price_per_kwh": [3.0, 3.0],
        "award_kw": [5.0, round(10 / 6, 9)],
        "award_price_per_kwh": [4.0, 4.0],
    }


def test_reset_forgets_awards():
    homes = CurveParticipants(HOMES)
    env = world([homes, feeder()])
    env.reset()
    env.step()
    env.reset()
    assert homes.award_kw.tolist() == [0.0, 0.0]
    assert homes.get_reward().tolist() == [0.0, 0.0]


class NoRoundMarket(NodalMarket):
    """Has nothing to negotiate, and so nothing cleared."""

    @property
    def done(self):
        return True


def test_without_a_clearing_there_is_no_award():
    homes = CurveParticipants(HOMES)
    env = world([homes], NoRoundMarket(TREE))
    env.reset()
    env.step()
    assert homes.get_grid_actions().net_demand_kw.tolist() == [0.0, 0.0]
    assert homes.get_reward().tolist() == [0.0, 0.0]


class RebatingMarket(NodalMarket):
    def effective_prices(self):
        assert self.last is not None
        return self.last.order_price_per_kwh - 1.0


def test_the_price_received_is_the_settlements_where_there_is_one():
    # Utility of 5 kW is 45 - 12.5, paid at 3 instead of 4.
    homes = CurveParticipants(HOMES)
    env = world([homes, feeder()], RebatingMarket(TREE))
    env.reset()
    env.step()
    assert homes.price_per_kwh == pytest.approx([3.0, 3.0])
    assert homes.get_reward()[0] == pytest.approx(32.5 - 15.0)


class AuctionMarket(BaseMarket):
    order_type = "negotiation"

    def reset(self):
        pass

    def step(self):
        pass


def test_a_market_of_another_order_type_is_refused():
    homes = CurveParticipants(HOMES, name="homes")
    env = world([homes], AuctionMarket())
    env.reset()
    with pytest.raises(InvalidActionError) as caught:
        env.step()
    assert str(caught.value) == (
        "orders of 'homes': the market AuctionMarket takes orders of the type "
        "'negotiation', but the agent can send ['curve'] only; use another agent or "
        "market."
    )


def test_a_bus_that_the_market_does_not_have_is_refused():
    homes = CurveParticipants(
        Preferences.of_consumers(["anna"], ["c"], p_max=1, p_min=0, q_max=1)
    )
    env = world([homes])
    env.reset()
    with pytest.raises(UnknownNameError, match="no bus is called 'c'"):
        env.step()


def test_bids_and_offers_one_by_one_meet_populations():
    homes = CurveParticipants(HOMES)
    env = world([homes, feeder()])
    env.reset()
    env.step()
    assert env.market.last.orders.participant == ("anna", "ben", "feeder")
    assert Bid.affine("x", "a", p_max=1, p_min=0, q_max=1).participant == "x"


def test_no_quantity_costs_nothing_even_without_a_price():
    money = money_per_h(np.array([np.nan, 2.0]), np.array([0.0, 3.0]))
    assert money.tolist() == [0.0, 6.0]
