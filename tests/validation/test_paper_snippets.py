"""The code of the paper, as printed, with its dots filled in.

Source: El Helou et al., OpenGridGym, section III.
"""

import numpy as np
import pytest

from gridagora import (
    DSS,
    BaseAgent,
    BaseGrid,
    BaseMarket,
    Consumers,
    Environment,
    NodalMarket,
    OpenDSSGrid,
    Producers,
    RadialNetwork,
)
from gridagora.types.preferences import Preferences


class CustomGrid(BaseGrid):
    def __init__(self, dss_case="", scenarios=""):
        self.dss = DSS(case=dss_case)
        self.scenarios = scenarios

    def reset(self):
        self.t = -1
        self.voltages = []

    def step(self):
        for agent in self.env.agents:
            self.dss.command(f"load.l634a.kw={agent.get_grid_actions()}")
        self.dss.solve()
        self.voltages.append(np.abs(self.dss.get_volts()))

    def get_voltages(self):
        return self.voltages[-1]


class CustomMarket(BaseMarket):
    def __init__(self):
        self.price = 0.0

    def reset(self):
        self.t = -1

    def step(self):
        asked = [agent.get_market_actions() for agent in self.env.agents]
        self.price = sum(asked) / 1000


class CustomAgent(BaseAgent):
    def __init__(self):
        self.asked = 160.0

    def set_market_actions(self):
        self.market_actions = self.asked

    def set_grid_actions(self):
        self.grid_actions = self.asked * (1.0 - self.env.market.price)


class EmptyGrid(BaseGrid):
    def reset(self):
        pass

    def step(self):
        pass


@pytest.fixture
def env():
    grid = CustomGrid(dss_case="ieee13")
    market = CustomMarket()
    agents = [CustomAgent()]
    return Environment(grid, market, agents)


def test_the_loop_runs_as_printed(env):
    env.reset()
    for t in env.iterate():  # noqa: B007  (as printed)
        pass
    assert t == 95
    assert len(env.grid.voltages) == 96
    # 160 kW asked at a price of 0.16: the load draws 160 x 0.84.
    drawn = float(env.grid.dss.command("? load.l634a.kw"))
    assert drawn == pytest.approx(134.4)


def test_an_agent_reads_voltages_through_the_environment(env):
    env.reset()
    env.step()
    agent = env.agents[0]
    voltages = agent.env.grid.get_voltages()
    assert voltages.size > 0
    assert np.isfinite(voltages).all()


def test_a_market_reads_the_actions_of_an_agent(env):
    env.reset()
    env.step()
    market = env.market
    assert market.env.agent("CustomAgent-0").get_market_actions() == 160.0


def test_an_empty_grid_makes_a_market_only_experiment():
    env = Environment(EmptyGrid(), CustomMarket(), [CustomAgent()])
    env.reset()
    assert list(env.iterate(3, progress=False)) == [0, 1, 2]
    assert env.agents[0].get_grid_actions() == pytest.approx(134.4)


def test_the_shipped_parts_fit_together_and_repeat_to_the_bit():
    def run():
        grid = OpenDSSGrid("ieee34")
        tree = RadialNetwork.from_table({"bus": ["800", "860"], "parent": ["", "800"]})
        homes = Preferences.of_consumers(
            ["homes"], ["860"], p_max=9.0, p_min=3.0, q_max=174.0
        )
        feeder = Preferences.of_producers(
            ["feeder"], ["800"], p_max=4.3, p_min=4.3, q_max=600.0
        )
        agents = [Consumers(homes), Producers(feeder)]
        env = Environment(grid, NodalMarket(tree), agents, n_intervals=3, seed=1)
        env.reset()
        return env.run(), env

    record, env = run()
    again, _ = run()
    assert "rewards" in record.names
    assert "awards" in record.names
    for name, table in record.to_dict().items():
        assert table.equals(again.table(name)), name
    # Value 9 to 3 over 174 kW is 4.3 at 174 x 4.7 / 6; homes keep the triangle.
    bought = 174 * 4.7 / 6
    assert env.rewards()["Consumers-0"] == pytest.approx([bought * 4.7 / 2])
    assert np.isfinite(env.agents[0].env.grid.get_voltages()).all()
