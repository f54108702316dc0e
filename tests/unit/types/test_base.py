import pytest

from gridagora.types.base import BaseAgent, BaseGrid, BaseMarket


class Grid(BaseGrid):
    def reset(self):
        self.t = -1

    def step(self):
        pass


class Market(BaseMarket):
    def reset(self):
        self.t = -1

    def step(self):
        pass


class Agent(BaseAgent):
    """Its own ``__init__`` does not call the base's, as in the paper."""

    def __init__(self):
        self.cost = 1.0

    def set_market_actions(self):
        self.market_actions = ["bid"]

    def set_grid_actions(self):
        pass


def test_getters_return_what_setters_stored():
    agent = Agent()
    assert agent.get_market_actions() == ()
    agent.set_market_actions()
    assert agent.get_market_actions() == ["bid"]
    assert agent.get_grid_actions().participant == ()


def test_one_agents_actions_are_not_anothers():
    first, second = Agent(), Agent()
    first.set_market_actions()
    assert second.get_market_actions() == ()


def test_defaults_stand_before_there_is_an_environment():
    agent, grid, market = Agent(), Grid(), Market()
    assert agent.env is grid.env is market.env is None
    assert (agent.name, agent.participants) == ("", ())
    agent.reset()
    assert (agent.get_observation(), agent.get_reward().size) == ({}, 0)
    assert (agent.record(), grid.record(), market.record()) == ({}, {}, {})


def test_a_base_market_is_done_after_one_step():
    market = Market()
    market.reset()
    assert not market.done
    market.t = 0
    assert market.done
    assert market.order_type == "curve"


@pytest.mark.parametrize("base", [BaseGrid, BaseMarket, BaseAgent])
def test_bases_cannot_be_made_without_their_methods(base):
    with pytest.raises(TypeError, match="abstract"):
        base()
