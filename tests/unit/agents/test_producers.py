import pytest

from gridagora.agents.consumers import Consumers
from gridagora.agents.producers import Producers
from gridagora.agents.strategies import inelastic, marked_up, truthful
from gridagora.environment.environment import Environment
from gridagora.errors import InvalidOrderError
from gridagora.markets.nodal import NodalMarket
from gridagora.types.base import BaseGrid
from gridagora.types.network import RadialNetwork
from gridagora.types.preferences import Preferences

UNIT = Preferences.of_producers(["gen"], ["a"], p_max=8.0, p_min=2.0, q_max=6.0)
HOMES = Preferences.of_consumers(["anna"], ["b"], p_max=9.0, p_min=3.0, q_max=6.0)


class Grid(BaseGrid):
    def reset(self):
        pass

    def step(self):
        pass


def producers(strategy):
    market = NodalMarket(RadialNetwork.from_table({"bus": "ab", "parent": ["", "a"]}))
    agents = [Consumers(HOMES, strategy=inelastic), Producers(UNIT, strategy=strategy)]
    env = Environment(Grid(), market, agents, n_intervals=2)
    env.reset()
    env.step()
    return agents[1]


def test_the_reward_is_what_was_got_less_the_private_cost():
    # Inelastic demand of 6 kW; the last kW costs 8: got 48, cost 12 + 18.
    assert producers(truthful).get_reward() == pytest.approx([18.0])


def test_a_markup_on_inelastic_demand_is_all_profit():
    # Declared 3 + 2 x cost is 19 at 6 kW: got 114, the cost is the private one, 30.
    unit = producers(marked_up(adder_per_kwh=3.0, factor=2.0))
    assert unit.price_per_kwh == pytest.approx([19.0])
    assert unit.get_reward() == pytest.approx([84.0])


def test_producers_inject_what_they_were_awarded():
    actions = producers(truthful).get_grid_actions()
    assert actions.bus == ("a",)
    assert actions.net_demand_kw == pytest.approx([-6.0])


def test_consumers_among_producers_are_refused():
    with pytest.raises(InvalidOrderError) as caught:
        Producers(HOMES)
    assert str(caught.value) == (
        "preferences: 'anna' has a marginal value, expected a marginal cost."
    )
