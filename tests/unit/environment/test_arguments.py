import math

from gridagora.environment.arguments import clock_faults, name_agents, part_faults
from gridagora.types.base import BaseAgent


class Agent(BaseAgent):
    def set_market_actions(self):
        pass

    def set_grid_actions(self):
        pass


def test_sound_clocks_have_no_faults():
    assert clock_faults(96, 0.25, None) == []
    assert clock_faults(None, None, None) == []


def test_an_infinite_interval_is_a_fault():
    assert clock_faults(None, math.inf, None) == [
        "interval_hours is inf, expected > 0 h."
    ]


def test_parts_of_other_types_are_named_with_what_was_given():
    assert part_faults("grid", 3, ()) == [
        "grid is a str, expected a BaseGrid.",
        "market is a int, expected a BaseMarket.",
    ]


def test_names_are_given_to_the_nameless_only():
    agents = [Agent(), Agent()]
    agents[1].name = "anna"
    assert name_agents(agents) == frozenset({"Agent-0"})
    assert [agent.name for agent in agents] == ["Agent-0", "anna"]
