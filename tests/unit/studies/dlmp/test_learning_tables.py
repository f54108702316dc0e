import numpy as np
import pytest

from gridagora.studies.dlmp.learning_tables import (
    TRUTHFUL,
    learning_tables,
    true_cost_per_h,
    truthful_world,
)


def test_truth_is_the_optimum_and_costs_what_the_worked_example_says(config):
    assert true_cost_per_h(truthful_world(config)) == pytest.approx(130_979.2)


def test_learned_bids_cost_no_less_than_the_truth(tables):
    regimes = tables["regimes"].set_index("regime")

    assert regimes.loc[TRUTHFUL, "excess_cost_percent"] == pytest.approx(0, abs=1e-9)
    assert regimes.loc["policy-gradient", "excess_cost_percent"] > 0
    assert (tables["rounds"]["excess_cost_percent"] > -1e-9).all()


def test_the_producer_that_cannot_be_replaced_could_gain_by_lying(tables):
    truth = tables["regimes"].set_index("regime").loc[TRUTHFUL]

    assert truth["regret_735_usd_per_h"] > 10
    assert truth["regret_729_usd_per_h"] == pytest.approx(0, abs=1e-9)


def test_money_of_every_regime_is_accounted_for(tables):
    regimes = tables["regimes"]
    got = regimes[
        [
            "producers_get_usd_per_h",
            "transmission_gets_usd_per_h",
            "operator_keeps_usd_per_h",
        ]
    ].sum(axis=1)

    np.testing.assert_allclose(regimes["consumers_pay_usd_per_h"], got)
    assert (regimes["operator_keeps_usd_per_h"] > 0).all()


def test_rounds_come_in_blocks_with_means(tables):
    rounds = tables["rounds"]

    assert rounds["round"].iloc[-1] == 60
    assert rounds["markup_735"].between(1.0, 2.0).all()


def test_the_same_run_gives_the_same_numbers(config):
    short = config.model_copy(update={"n_rounds": 10})
    first, again = (learning_tables(short, "policy-gradient", 0) for _ in range(2))

    for name in first:
        assert first[name].equals(again[name])
