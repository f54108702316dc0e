import numpy as np
import pytest

from gridagora.agents.consumers import Consumers
from gridagora.agents.producers import Producers
from gridagora.agents.strategies import inelastic
from gridagora.environment.environment import Environment
from gridagora.errors import InvalidOrderError
from gridagora.markets.nodal import NodalMarket
from gridagora.types.base import BaseGrid
from gridagora.types.network import RadialNetwork
from gridagora.types.preferences import Preferences


class Grid(BaseGrid):
    def reset(self):
        pass

    def step(self):
        pass


def world(strategy, hours=1.0):
    homes = Preferences.of_consumers(["anna"], ["b"], p_max=9.0, p_min=3.0, q_max=6.0)
    unit = Preferences.of_producers(["gen"], ["a"], p_max=8.0, p_min=2.0, q_max=6.0)
    market = NodalMarket(RadialNetwork.from_table({"bus": "ab", "parent": ["", "a"]}))
    agents = [Consumers(homes, strategy=strategy), Producers(unit)]
    env = Environment(Grid(), market, agents, n_intervals=2, interval_hours=hours)
    env.reset()
    env.step()
    return env


def test_the_reward_is_utility_less_payment():
    # Value 9 - q meets cost 2 + q at q = 3.5 kW, p = 5.5. Utility 31.5 - 6.125,
    # payment 19.25: 6.125 per hour, half of it in half an hour.
    consumers = world(lambda homes: homes, hours=0.5).agents[0]
    assert consumers.award_kw == pytest.approx([3.5])
    assert consumers.price_per_kwh == pytest.approx([5.5])
    assert consumers.get_reward() == pytest.approx([6.125 / 2])


def test_inelastic_consumers_take_their_most_and_may_regret_it():
    # 6 kW at the price 8 that the last kW costs: utility 54 - 18, payment 48.
    consumers = world(inelastic).agents[0]
    assert consumers.award_kw == pytest.approx([6.0])
    assert consumers.get_reward() == pytest.approx([-12.0])


def test_consumers_draw_at_their_bus_what_they_were_awarded():
    actions = world(inelastic).agents[0].get_grid_actions()
    assert (actions.participant, actions.bus) == (("anna",), ("b",))
    assert actions.net_demand_kw == pytest.approx([6.0])
    assert np.isnan(actions.net_demand_kvar).all()


def test_producers_among_consumers_are_refused():
    unit = Preferences.of_producers(["gen"], ["a"], p_max=8.0, p_min=2.0, q_max=6.0)
    with pytest.raises(InvalidOrderError) as caught:
        Consumers(unit)
    assert str(caught.value) == (
        "preferences: 'gen' has a marginal cost, expected a marginal value."
    )
