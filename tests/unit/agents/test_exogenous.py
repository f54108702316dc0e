from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from gridagora.agents.exogenous import ExogenousAgent
from gridagora.environment.environment import Environment
from gridagora.errors import InvalidActionError, InvalidScenarioError, UnknownNameError
from gridagora.types.base import BaseGrid, BaseMarket
from gridagora.types.scenario import Scenario
from gridagora.types.time import Horizon

START = datetime(2026, 1, 1, tzinfo=UTC)
DAY = Scenario.of(
    Horizon(START, 0.5, 3),
    {"load_kw": [4.0, 5.0, 6.0], "pv_frac": [0.0, 0.5, 1.0], "air_c": [1.0, 2.0, 3.0]},
)


class Grid(BaseGrid):
    def reset(self):
        pass

    def step(self):
        pass


class Market(BaseMarket):
    def reset(self):
        pass

    def step(self):
        pass


def agent(**changed):
    columns: dict[str, Any] = {
        "bus": ["860", "840"],
        "column": ["load_kw", "pv_frac"],
        "scale": [1.0, -10.0],
    }
    return ExogenousAgent(DAY, ["load", "roof"], name="rest", **(columns | changed))


def world(made, **clock):
    return Environment(Grid(), Market(), [made], **clock)


def test_what_it_plans_is_what_it_asks_of_the_grid_in_the_same_interval():
    rest = agent()
    env = world(rest, n_intervals=3, interval_hours=0.5)
    env.reset()
    env.step()
    planned = rest.planned_actions()
    assert planned.net_demand_kw.tolist() == rest.grid_actions.net_demand_kw.tolist()
    assert planned.bus == ("860", "840")
    assert np.isnan(planned.net_demand_kvar).all()


def test_load_draws_and_generation_injects():
    rest = agent()
    env = world(rest, n_intervals=3, interval_hours=0.5)
    env.reset()
    assert rest.get_observation() == {}
    env.step()
    env.step()
    actions = rest.get_grid_actions()
    assert actions.participant == ("load", "roof")
    assert actions.bus == ("860", "840")
    assert actions.net_demand_kw.tolist() == [5.0, -5.0]
    assert np.isnan(actions.net_demand_kvar).all()
    assert rest.get_observation()["net_demand_kw"].tolist() == [5.0, -5.0]


def test_nothing_is_sent_to_the_market():
    rest = agent()
    env = world(rest, n_intervals=1, interval_hours=0.5)
    env.reset()
    env.step()
    assert rest.get_market_actions() == ()


def test_a_scenario_of_another_length_is_refused_with_the_fix():
    with pytest.raises(InvalidScenarioError) as caught:
        world(agent(), n_intervals=4, interval_hours=0.25).reset()
    assert str(caught.value) == (
        "scenario of 'rest': it has 3 intervals of 0.5 h, the environment asks for 4 "
        "of 0.25 h; use scenario.resampled(0.25)."
    )


def test_a_scenario_in_other_intervals_is_refused():
    with pytest.raises(InvalidScenarioError, match=r"asks for 3 of 0\.25 h"):
        world(agent(), n_intervals=3, interval_hours=0.25).reset()


def test_a_scenario_of_another_time_is_refused():
    late = Horizon(datetime(2026, 1, 2, tzinfo=UTC), 0.5, 3)
    world(agent(), horizon=Horizon(START, 0.5, 3)).reset()
    with pytest.raises(InvalidScenarioError) as caught:
        world(agent(), horizon=late).reset()
    assert str(caught.value) == (
        "scenario of 'rest': it starts at 2026-01-01T00:00:00+00:00, the environment "
        "at 2026-01-02T00:00:00+00:00."
    )


def test_columns_must_fit_one_another():
    with pytest.raises(InvalidActionError) as caught:
        agent(scale=[1.0])
    assert str(caught.value) == (
        "exogenous agent: 2 participants, 2 buses, 2 columns and scales of shape (1,), "
        "expected one of each for each."
    )


def test_units_and_scales_that_give_no_power_are_refused():
    with pytest.raises(InvalidActionError) as caught:
        agent(column=["air_c", "pv_frac"], scale=[1.0, np.nan])
    assert str(caught.value) == (
        "exogenous agent: 'load' follows column 'air_c', expected one that ends in "
        "_kw or _frac. 'roof' has the scale nan, expected a finite number."
    )


def test_an_unknown_column_is_refused():
    with pytest.raises(UnknownNameError, match="no scenario column is called 'pv'"):
        agent(column=["load_kw", "pv"])
