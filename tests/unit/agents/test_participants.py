import numpy as np
import pytest

from gridagora.agents.participants import CurveParticipants, limited
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


def test_a_reduction_is_rewarded_where_nothing_is_taken():
    # Behind a full line of 2 kW ben takes 2 firm; anna's 1 kW is worth 1 to her and the
    # gas there costs 5, so that anna takes nothing at a price of 1, the nearest to that
    # before the line. She is paid 1 for her reduction.
    line = RadialNetwork.from_table(
        {"bus": "ab", "parent": ["", "a"], "limit_kw": [None, 2.0]}
    )
    anna = CurveParticipants(
        Preferences.of_consumers(["anna"], ["b"], p_max=1, p_min=1, q_max=1)
    )
    ben = CurveParticipants(
        Preferences.of_consumers(["ben"], ["b"], p_max=9, p_min=9, q_max=2, q_min=2)
    )
    gas = CurveParticipants(
        Preferences.of_producers(["gas"], ["b"], p_max=5, p_min=5, q_max=5)
    )
    grid = CurveParticipants(
        Preferences.of_producers(["grid"], ["a"], p_max=0, p_min=0, q_max=20)
    )
    market = NodalMarket(line, reductions="paid-by-beneficiaries")
    env = world([anna, ben, gas, grid], market)
    env.reset()
    env.step()

    assert market.last is not None
    assert market.last.price_per_kwh == pytest.approx([0.0, 1.0])
    assert anna.award_kw.tolist() == [0.0]
    assert anna.get_reward() == pytest.approx([1.0])
    # With anna the price would be 5: ben saved 4 x 2 and pays all, 18 - 2 - 1.
    assert ben.get_reward() == pytest.approx([15.0])


class Tank:
    """Holds 6 kWh for one producer, or what is left of it."""

    def __init__(self):
        self.reset()

    def reset(self):
        self.left_kwh = 6.0

    def available_kw(self, hours):
        return np.array([self.left_kwh / hours])

    def deliver(self, power_kw, hours):
        self.left_kwh -= float(power_kw[0]) * hours


def test_an_offer_ends_at_what_is_left_in_its_storage():
    # The unit costs 2 up to 8 at 6 kW. At 4, the feeder's price, it sells 2 kW; once
    # 1 kWh is left, half an hour of 2 kW takes it all.
    unit = Preferences.of_producers(["unit"], ["b"], p_min=2.0, p_max=8.0, q_max=6.0)
    tank = Tank()
    agent = CurveParticipants(unit, storage=tank)
    homes = CurveParticipants(HOMES, strategy=inelastic)
    env = world([homes, feeder(), agent], n_intervals=8, interval_hours=0.5)
    env.reset()
    awards = []
    for _ in range(7):
        env.step()
        awards.append(float(agent.award_kw[0]))

    assert awards == pytest.approx([2.0] * 6 + [0.0])
    assert tank.left_kwh == pytest.approx(0.0)
    assert list(agent.get_observation()["most_kw"]) == pytest.approx([0.0])
    env.reset()
    assert tank.left_kwh == 6.0


def test_the_private_cost_of_a_limited_offer_is_that_of_its_beginning():
    # 1.5 kW are left of 2 kW at 2 to 4: 2 x 1.5 + 1.5^2 / 2, sold at 4.
    unit = Preferences.of_producers(["unit"], ["b"], p_min=2.0, p_max=8.0, q_max=6.0)
    tank = Tank()
    agent = CurveParticipants(unit, storage=tank)
    env = world([CurveParticipants(HOMES, strategy=inelastic), feeder(), agent])
    env.reset()
    tank.left_kwh = 1.5
    env.step()

    assert agent.get_reward() == pytest.approx([4 * 1.5 - 3.0 - 1.125])
    assert agent.present.most_kw.tolist() == [1.5]


def test_limited_curves_keep_steps_and_end_firm_parts():
    steps = Preferences(
        ("a", "b", "c"),
        ("x", "x", "x"),
        np.zeros(3, dtype=bool),
        np.array([0, 4, 6, 8]),
        np.array([0.0, 2.0, 2.0, 4.0, 3.0, 5.0, 0.0, 1.0]),
        np.array([1.0, 1.0, 3.0, 5.0, 2.0, 4.0, 1.0, 2.0]),
    )
    ended = limited(steps, np.array([3.0, 1.0, 9.0]))

    assert ended.quantity_kw.tolist() == [0.0, 2.0, 2.0, 3.0, 1.0, 1.0, 0.0, 1.0]
    assert ended.price_per_kwh.tolist() == [1.0, 1.0, 3.0, 4.0, 2.0, 2.0, 1.0, 2.0]
