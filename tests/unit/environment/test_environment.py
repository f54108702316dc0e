import io
import sys
from typing import Any

import numpy as np
import pytest

from gridagora.environment.environment import Environment
from gridagora.errors import EpisodeError, InvalidConfigError, UnknownNameError
from gridagora.types.actions import GridActions
from gridagora.types.base import BaseAgent, BaseGrid, BaseMarket
from gridagora.types.time import Horizon


class Grid(BaseGrid):
    """Notes the clock; never calls ``super().__init__``, like the paper's."""

    def __init__(self, log=None):
        self.log = [] if log is None else log

    def reset(self):
        self.log.append("grid reset")
        self.t = 99

    def step(self):
        self.log.append(f"grid {self.t}")

    def record(self):
        return {"voltages": {"bus": ["a", "b"], "voltage_pu": np.array([1.0, 0.98])}}


class Market(BaseMarket):
    """Takes as many rounds as told."""

    def __init__(self, rounds=1, log=None):
        self.rounds = rounds
        self.log = [] if log is None else log

    def reset(self):
        self.log.append("market reset")
        self.t = 99

    def step(self):
        self.log.append(f"market {self.t}")

    @property
    def done(self):
        return self.t >= self.rounds - 1


class OneStepMarket(BaseMarket):
    def reset(self):
        self.t = -1

    def step(self):
        pass


class Agent(BaseAgent):
    def __init__(self, name="", log=None):
        if name:
            self.name = name
        self.log = [] if log is None else log

    def set_market_actions(self):
        self.log.append("bid")
        self.market_actions = ("bid", self.env.t, self.env.market.t)

    def set_grid_actions(self):
        self.log.append("act")
        self.grid_actions = GridActions.of(["me"], ["a"], np.ones(1))

    def get_observation(self):
        return {"interval": [self.env.t]}

    def get_reward(self):
        return np.array([float(self.env.t)])


class DrawingAgent(Agent):
    def set_market_actions(self):
        self.drawn = self.env.stream(self.name).random()

    def get_reward(self):
        return np.array([self.drawn])


def world(rounds=1, agents=None, **settings):
    log: list[str] = []
    made = [Agent("anna", log)] if agents is None else agents
    env = Environment(Grid(log), Market(rounds, log), made, **settings)
    return env, log


def test_an_interval_follows_algorithm_1():
    env, log = world(rounds=2, n_intervals=2)
    env.reset()
    assert list(env.iterate(progress=False)) == [0, 1]
    interval = ["market reset", "bid", "market 0", "bid", "market 1", "act"]
    assert log == ["grid reset", *interval, "grid 0", *interval, "grid 1"]


def test_agents_see_the_interval_and_the_round_when_they_bid():
    env, _ = world(rounds=3, n_intervals=2)
    env.reset()
    env.step()
    env.step()
    assert env.agent("anna").get_market_actions() == ("bid", 1, 2)


def test_a_base_market_is_done_after_one_step():
    rounds = []
    env = Environment(Grid(), OneStepMarket(), [], n_intervals=3)
    env.on_market_step(lambda world: rounds.append(world.market.t))
    env.reset()
    env.run()
    assert rounds == [0, 0, 0]


def test_a_market_that_has_nothing_to_negotiate_takes_no_round():
    env, log = world(rounds=0, n_intervals=1)
    env.reset()
    env.run()
    assert log == ["grid reset", "market reset", "act", "grid 0"]


def test_an_episode_has_96_intervals_of_one_hour_unless_told_otherwise():
    env, _ = world()
    assert (env.n_intervals, env.interval_hours) == (96, 1.0)


def test_a_horizon_gives_number_and_length_of_the_intervals(berlin_day):
    env, _ = world(horizon=berlin_day)
    assert (env.n_intervals, env.interval_hours) == (92, 0.25)


def test_iterate_resumes_where_it_stopped():
    env, _ = world(n_intervals=5)
    env.reset()
    for t in env.iterate(progress=False):
        if t == 1:
            break
    assert list(env.iterate(2, progress=False)) == [2, 3]
    assert not env.done
    assert list(env.iterate(7, progress=False)) == [4]
    assert env.done
    assert list(env.iterate(progress=False)) == []


def test_iterate_refuses_a_negative_number():
    env, _ = world()
    env.reset()
    with pytest.raises(InvalidConfigError) as caught:
        env.iterate(-1)
    assert str(caught.value) == "iterate: num_iter is -1, expected >= 0 or None."


def test_progress_is_a_bar_a_function_or_nothing(monkeypatch):
    shown = io.StringIO()
    monkeypatch.setattr(sys, "stderr", shown)
    env, _ = world(n_intervals=6)
    env.reset()
    list(env.iterate(2, progress=False))
    assert shown.getvalue() == ""
    seen = []
    list(env.iterate(2, progress=lambda done, count: seen.append((done, count))))
    assert seen == [(1, 2), (2, 2)]
    list(env.iterate())
    assert "2/2" in shown.getvalue()


def test_use_before_reset_is_refused_with_the_fix():
    env, _ = world()
    with pytest.raises(EpisodeError) as caught:
        env.iterate()
    message = "the environment was not reset; call env.reset() first."
    assert str(caught.value) == message
    with pytest.raises(EpisodeError, match="not reset"):
        env.step()


def test_a_step_after_the_last_is_refused():
    env, _ = world(n_intervals=1)
    env.reset()
    env.run()
    with pytest.raises(EpisodeError) as caught:
        env.step()
    assert str(caught.value) == (
        "the episode is over after 1 intervals; call env.reset() to begin another."
    )


def test_an_interval_broken_off_by_an_exception_must_be_reset():
    env, _ = world(n_intervals=3)

    @env.on_grid_step
    def fail(world):
        if world.t == 1:
            raise ZeroDivisionError

    env.reset()
    env.step()
    with pytest.raises(ZeroDivisionError):
        env.step()
    with pytest.raises(EpisodeError) as caught:
        env.step()
    assert str(caught.value) == (
        "interval 1 was not finished: an exception broke it off, or one of its parts "
        "ran the environment itself; call env.reset()."
    )
    env.reset()
    assert env.step() == 0


def test_a_part_that_went_to_another_environment_is_noticed():
    env, _ = world()
    env.reset()
    other = Environment(Grid(), env.market, [])
    with pytest.raises(EpisodeError) as caught:
        env.step()
    assert str(caught.value) == (
        "the Market now belongs to another environment; call env.reset() on this one, "
        "or give each its own."
    )
    env.reset()
    assert env.step() == 0
    assert other.t == -1


def test_a_market_that_never_ends_is_stopped():
    env, _ = world(rounds=100, max_rounds=7)
    env.reset()
    with pytest.raises(EpisodeError) as caught:
        env.step()
    assert str(caught.value) == (
        "the market Market did not end interval 0 within 7 rounds; let its `done` "
        "become true, or allow more with Environment(..., max_rounds=...)."
    )


def test_callbacks_see_rounds_clearings_and_grid_steps():
    env, _ = world(rounds=2, n_intervals=1)
    seen = []
    env.on_market_step(lambda world: seen.append(f"round {world.market.t}"))
    env.on_clearing(lambda world: seen.append("cleared"))
    env.on_grid_step(lambda world: seen.append("grid"))
    env.reset()
    env.run()
    assert seen == ["round 0", "round 1", "cleared", "grid"]


def test_the_parts_reach_one_another():
    env, _ = world()
    assert env.grid.env is env.market.env is env.agents[0].env is env
    assert env.market.env.agent("anna").get_market_actions() == ()


def test_nameless_agents_are_named_by_class_and_place():
    env, _ = world(agents=[Agent(), Agent("Agent-2"), Agent()])
    assert [agent.name for agent in env.agents] == ["Agent-0", "Agent-2", "Agent-2'"]


def test_a_given_name_does_not_outlive_its_environment():
    first, second = Agent(), Agent()
    world(agents=[first, second])
    env, _ = world(agents=[second, first])
    assert env.agent("Agent-0") is second
    assert env.agent("Agent-1") is first


def test_an_unknown_agent_is_refused_with_a_suggestion():
    env, _ = world()
    with pytest.raises(UnknownNameError) as caught:
        env.agent("ana")
    assert str(caught.value) == (
        "no agent is called 'ana'. Did you mean 'anna'? Known: anna."
    )


def test_all_unfit_arguments_are_named_at_once():
    parts: list[Any] = [Grid, None, [Agent("anna"), Agent("ben"), 3]]
    with pytest.raises(InvalidConfigError) as caught:
        Environment(*parts, n_intervals=0, interval_hours=-1.0, max_rounds=0)
    assert caught.value.faults == (
        "grid is the class Grid, not an object of it, expected a BaseGrid.",
        "market is None, expected a BaseMarket.",
        "agents[2] is a int, expected a BaseAgent.",
        "n_intervals is 0, expected >= 1.",
        "interval_hours is -1.0, expected > 0 h.",
        "max_rounds is 0, expected >= 1.",
    )


@pytest.mark.parametrize(
    ("agents", "fault"),
    [
        (Agent("anna"), "agents is one agent, expected a list: [agent]."),
        (7, "agents is a int, expected a list of agents."),
        (
            [Agent("anna"), Agent("anna")],
            "2 agents are called 'anna', expected unique names.",
        ),
        (
            [Agent("anna")] * 2,
            "an agent is listed more than once; list each object once.",
        ),
    ],
)
def test_unfit_agents_are_refused(agents, fault):
    with pytest.raises(InvalidConfigError) as caught:
        Environment(Grid(), Market(), agents)
    assert str(caught.value) == f"environment: {fault}"


def test_a_horizon_and_other_numbers_are_refused(berlin_day):
    with pytest.raises(InvalidConfigError) as caught:
        world(horizon=berlin_day, n_intervals=96)
    assert str(caught.value) == (
        "environment: the horizon has 92 intervals of 0.25 h, but 96 of 0.25 h are "
        "asked for; give the horizon alone."
    )


def test_observations_actions_and_rewards_can_be_read_by_agent():
    env, _ = world(agents=[Agent("anna"), Agent("ben")], n_intervals=2)
    env.reset()
    assert env.actions()["ben"].market == ()
    env.step()
    env.step()
    assert env.observations() == {"anna": {"interval": [1]}, "ben": {"interval": [1]}}
    assert env.rewards()["anna"].tolist() == [1.0]
    assert env.actions()["anna"].market == ("bid", 1, 0)
    assert env.actions()["ben"].grid.net_demand_kw.tolist() == [1.0]


def test_reset_clears_the_actions_of_agents():
    env, _ = world()
    env.reset()
    env.step()
    env.reset()
    assert env.actions()["anna"].market == ()
    assert env.actions()["anna"].grid.participant == ()


def test_run_records_grid_and_rewards_of_every_interval():
    env, _ = world(n_intervals=2)
    env.reset()
    record = env.run()
    assert record.names == ("rewards", "voltages")
    assert record.table("voltages").to_dict("list") == {
        "interval": [0, 0, 1, 1],
        "bus": ["a", "b", "a", "b"],
        "voltage_pu": [1.0, 0.98, 1.0, 0.98],
    }
    assert record.table("rewards").to_dict("list") == {
        "interval": [0, 1],
        "agent": ["anna", "anna"],
        "participant": ["anna", "anna"],
        "reward": [0.0, 1.0],
    }


def test_recording_can_be_switched_off():
    env, _ = world(n_intervals=2)
    env.recording = False
    env.reset()
    assert env.run().names == ()


def rewards(env):
    return env.run().table("rewards")["reward"].tolist()


def test_the_same_seed_gives_the_same_draws():
    env, _ = world(agents=[DrawingAgent("anna")], n_intervals=4, seed=5)
    again, _ = world(agents=[DrawingAgent("anna")], n_intervals=4, seed=5)
    env.reset()
    again.reset()
    first = rewards(env)
    assert first == rewards(again)
    env.reset(seed=5)
    assert rewards(env) == first
    env.reset(seed=6)
    assert rewards(env) != first


def test_every_reset_begins_an_episode_with_draws_of_its_own():
    def episodes():
        env, _ = world(agents=[DrawingAgent("anna")], n_intervals=2, seed=5)
        found = []
        for _ in range(3):
            env.reset()
            found.append(rewards(env))
        assert env.record.episode == 2
        return found

    first = episodes()
    assert len({tuple(one) for one in first}) == 3
    assert episodes() == first


def test_a_further_agent_does_not_move_the_draws_of_another():
    alone, _ = world(agents=[DrawingAgent("anna")], n_intervals=3, seed=5)
    agents = [DrawingAgent("zoe"), DrawingAgent("anna")]
    joined, _ = world(agents=agents, n_intervals=3, seed=5)
    alone.reset()
    joined.reset()
    table = joined.run().table("rewards")
    of_anna = table.loc[table["agent"] == "anna", "reward"].tolist()
    assert of_anna == rewards(alone)


def test_a_seed_that_was_not_given_can_be_read_and_used_again():
    env, _ = world(agents=[DrawingAgent("anna")], n_intervals=2)
    env.reset()
    first = rewards(env)
    again, _ = world(agents=[DrawingAgent("anna")], n_intervals=2, seed=env.seed)
    again.reset()
    assert rewards(again) == first
    assert again.record.seed == env.seed


@pytest.fixture
def berlin_day():
    """The day of 23 hours, 29 March 2026, in quarter hours."""
    from datetime import datetime
    from zoneinfo import ZoneInfo

    start = datetime(2026, 3, 29, tzinfo=ZoneInfo("Europe/Berlin"))
    return Horizon(start, 0.25, 92, "Europe/Berlin")
