import numpy as np
import pytest

from gridagora.studies.self_play.five_bus import STUDY
from gridagora.studies.self_play.five_bus_world import Config


def test_the_plan_is_sound(assert_sound_plan):
    keys = [
        "theory",
        "q-learning-frequent",
        "q-learning-rare",
        "q-learning-absent",
        "limited-01",
        "doubled-01",
    ]

    assert_sound_plan(STUDY, Config(n_seed=1), keys)


def test_known_outcomes_stand_in_the_tables(five_bus_tables):
    outcomes = five_bus_tables["outcomes"].set_index(["variant", "case"])

    assert len(outcomes) == 8
    truth = outcomes.loc["limited", "marginal cost"]
    assert truth["producer_per_h"] == pytest.approx(1056.0, abs=0.01)
    assert truth["consumer_per_h"] == pytest.approx(17322.0, abs=0.01)
    # both equilibria leave no gain; all at the top leaves 7275.33 less 5122.72
    gain = outcomes.loc["limited"]["largest_gain_per_h"]
    assert gain["G1 low"] == pytest.approx(0.0, abs=1e-3)
    assert gain["G2 low"] == pytest.approx(0.0, abs=1e-3)
    assert gain["all at the top"] == pytest.approx(2152.61, abs=0.05)


def test_the_few_markups_have_both_equilibria_and_no_other(five_bus_tables):
    levels = five_bus_tables["levels"]

    assert len(levels) == 4**3
    even = levels[levels["is_equilibrium"]]
    markups = even[["markup_G1", "markup_G2", "markup_G3"]]
    assert markups.to_numpy().tolist() == [[0.0, 30.0, 30.0], [30.0, 0.0, 30.0]]


def test_power_is_measured_at_truth_and_at_the_equilibrium(five_bus_tables):
    keys = ["variant", "case", "player"]
    indices = five_bus_tables["indices"].set_index(keys).sort_index()

    assert len(indices) == 2 * 2 * 3
    # at truth price is marginal cost; G3 sells 179 of 500
    assert indices.loc["limited", "marginal cost"]["lerner_index"].tolist() == (
        pytest.approx([0.0] * 3, abs=1e-6)
    )
    share = indices["share"]
    assert share["limited", "marginal cost", "G3"] == pytest.approx(0.358, abs=1e-3)
    # the pocket cannot do without G3
    need = indices["residual_supply_index"]["limited", "G1 low"]
    assert need["G3"] < 1.0


def test_learners_are_counted_run_by_run_and_window_by_window(small):
    config = Config(**{**small, "n_seed": 2}, n_round=150)
    (cell,) = [c for c in STUDY.cells(config) if c.key == "q-learning-rare"]

    tables = STUDY.run_cell(cell)

    summary = tables["q_learning"]
    assert summary["run"].to_list() == [1, 2]
    assert set(summary["setting"]) == {"rare"}
    assert summary[["epsilon", "step"]].to_numpy().tolist() == [[0.05, 0.05]] * 2
    assert summary["at_equilibrium_percent"].between(0.0, 100.0).all()
    windows = tables["visits"]
    assert windows["run"].to_list() == [1, 1, 1, 2, 2, 2]
    assert windows["round"].to_list() == [0, 50, 100] * 2
    assert windows["equilibrium"].isin([-1, 0, 1]).all()


def test_where_there_is_no_equilibrium_learners_are_at_none(small):
    # with twice the line the four markups have none
    config = Config(**{**small, "n_seed": 2}, n_round=100, limit=200.0)
    (cell,) = [c for c in STUDY.cells(config) if c.key == "q-learning-rare"]

    tables = STUDY.run_cell(cell)

    assert tables["q_learning"]["n_move"].to_list() == [0, 0]
    assert tables["q_learning"]["at_equilibrium_percent"].to_list() == [0.0, 0.0]
    assert tables["visits"]["equilibrium"].to_list() == [-1] * 4


def test_the_answers_of_the_fittest_strategies_are_kept(five_bus_tables):
    strategies = five_bus_tables["strategies"]

    names = ("G1", "G2", "G3")
    assert strategies["player"].value_counts().to_dict() == dict.fromkeys(names, 441)
    assert strategies["next_markup"].between(0.0, 30.0).all()
    own = strategies.query("player == 'G1'")
    assert np.ptp(own["last_markup"]) == pytest.approx(30.0)
    # from its first price, 17.5, over 1.4 widths of 30
    assert own["last_price"].min() == pytest.approx(17.5)
    assert own["last_price"].max() == pytest.approx(17.5 + 42.0)


def test_only_the_first_run_with_the_line_doubled_tells_its_strategies(small):
    config = Config(**{**small, "n_seed": 2})
    kept = [
        "strategies" in STUDY.run_cell(cell)
        for cell in STUDY.cells(config)
        if cell.key in ("limited-01", "doubled-02")
    ]

    assert kept == [False, False]


def test_strategies_that_remember_nothing_have_no_answers_to_show(
    small, five_bus_tables
):
    config = Config(**small, memory=0)
    (cell,) = [c for c in STUDY.cells(config) if c.key == "doubled-01"]

    strategies = STUDY.run_cell(cell)["strategies"]

    assert strategies.empty
    charts = STUDY.figures({**five_bus_tables, "strategies": strategies})
    assert {*STUDY.figures(five_bus_tables)} - {*charts} == {"strategy"}


def test_everything_shown_has_a_caption(five_bus_tables, assert_presentable):
    assert_presentable(STUDY, five_bus_tables)


def test_a_run_is_summed_up_in_a_few_words(five_bus_tables, headline_of):
    first = {
        name: five_bus_tables[name].query("variant == 'limited'")
        for name in ("players", "markets")
    }

    assert "markups G1 " in headline_of(STUDY, first)
