from typing import Any

import pytest
from pydantic import ValidationError

from gridagora.learning.genetic import GeneticSettings
from gridagora.studies.contract import Origin, parameters
from gridagora.studies.registry import STUDIES, load_study
from gridagora.studies.self_play.config import SelfPlayConfig

NAMES = sorted(name for name in STUDIES if name.startswith("self-play"))


@pytest.mark.parametrize("name", NAMES)
def test_every_parameter_states_its_origin_and_where_it_is_from(name):
    table = parameters(load_study(name).config())

    assert set(table["origin"]) <= {origin.value for origin in Origin}
    assert table["where"].str.len().min() > 0
    assert table["meaning"].str.endswith(".").all()


def test_only_pool_rounds_and_memory_are_printed():
    table = parameters(SelfPlayConfig())

    printed = table.loc[table["origin"] == Origin.PRINTED.value, "parameter"]
    assert printed.to_list() == ["n_strategy", "n_iteration", "memory"]


def test_the_settings_of_the_algorithm_are_those_of_the_parameters():
    given: dict[str, Any] = {
        "n_strategy": 9,
        "n_iteration": 17,
        "n_hidden": 3,
        "memory": 2,
        "selection": "rank",
        "tournament_size": 5,
        "n_elite": 4,
        "crossover": "blend",
        "crossover_rate": 0.61,
        "swap_rate": 0.52,
        "mutation_rate": 0.13,
        "mutation_scale": 0.34,
        "reset_rate": 0.05,
        "weight_limit": 2.6,
    }

    settings = SelfPlayConfig(**given).genetic(start="low", n_context=2)

    assert settings == GeneticSettings(**given, start="low", n_context=2)


def test_defaults_are_those_of_the_algorithm():
    assert SelfPlayConfig().genetic() == GeneticSettings()


def test_a_pool_of_one_is_refused():
    with pytest.raises(ValidationError) as caught:
        SelfPlayConfig(n_strategy=1)

    (error,) = caught.value.errors()
    assert error["loc"] == ("n_strategy",)
    assert error["msg"] == "Input should be greater than or equal to 2"


def test_a_pool_of_nothing_but_elites_is_refused():
    with pytest.raises(ValidationError) as caught:
        SelfPlayConfig(n_strategy=4, n_elite=4)

    (error,) = caught.value.errors()
    assert error["msg"] == (
        "Value error, learner neuroevolution: n_elite is 4 of 4 strategies, which leaves no room for children; expected fewer."
    )


@pytest.mark.parametrize(
    "wrong",
    [
        {"n_generation": 1},
        {"n_seed": 0},
        {"mutation_rate": 1.1},
        {"reset_rate": float("nan")},
        {"selection": "luck"},
        {"weight_limit": 0.0},
        {"n_strategies": 50},
    ],
)
def test_parameters_out_of_range_or_unknown_are_refused(wrong):
    with pytest.raises(ValidationError):
        SelfPlayConfig(**wrong)
