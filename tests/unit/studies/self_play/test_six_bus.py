import pytest

from gridagora.studies.self_play.six_bus import STUDY
from gridagora.studies.self_play.six_bus_world import Config


def test_the_plan_is_sound(assert_sound_plan):
    keys = [
        "theory",
        "q-learning-1",
        "roth-erev-1",
        "q-learning-2",
        "roth-erev-2",
        "costs-1-01",
        "costs-2-01",
    ]

    assert_sound_plan(STUDY, Config(n_seed=1), keys)


def test_rewards_of_all_joint_markups_stand_in_the_tables(six_bus_tables):
    rewards = six_bus_tables["rewards"]

    assert rewards["configuration"].value_counts().to_dict() == {"1": 16, "2": 16}
    even = rewards[rewards["is_equilibrium"]].set_index("configuration")
    assert even.loc["1", ["markup_G1", "markup_G2"]].to_list() == [30.0, 30.0]
    assert even.loc["2", ["markup_G1", "markup_G2"]].to_list() == [10.0, 30.0]
    assert even.loc["2", "profit_G2_per_h"] == pytest.approx(138.4, abs=0.05)


def test_learners_are_summed_up_by_their_last_tenth(small):
    config = Config(**{**small, "n_seed": 2}, n_round=400)
    (cell,) = [c for c in STUDY.cells(config) if c.key == "q-learning-1"]

    learners = STUDY.run_cell(cell)["learners"]

    assert list(learners) == [
        "configuration",
        "learner",
        "run",
        "player",
        "markup",
        "reward_per_h",
    ]
    assert learners["run"].to_list() == [1, 1, 2, 2]
    assert learners["player"].to_list() == ["G1", "G2"] * 2
    assert learners["markup"].between(0.0, 30.0).all()
    # means of the last 40 of 400 rounds, at 0, 10, 20 or 30
    counts = learners["markup"] * 40 / 10
    assert counts.to_list() == pytest.approx(counts.round().to_list(), abs=1e-9)
    # 4 per percent of its own markup to G1 and 3.3 to G2, whatever the other one asks
    per_percent = learners["reward_per_h"] / learners["markup"]
    assert per_percent.to_list() == pytest.approx([4.0, 3.3] * 2, abs=1e-6)


@pytest.mark.parametrize("learner", ["q-learning", "roth-erev"])
def test_both_learners_play_both_sets_of_costs(learner, six_bus_tables):
    rows = six_bus_tables["learners"].query("learner == @learner")

    assert sorted(set(rows["configuration"])) == ["1", "2"]


def test_everything_shown_has_a_caption(six_bus_tables, assert_presentable):
    assert_presentable(STUDY, six_bus_tables)


def test_a_run_is_summed_up_by_its_markups(six_bus_tables, headline_of):
    first = {"players": six_bus_tables["players"].query("variant == 'costs-1'")}

    assert headline_of(STUDY, first).startswith("markups G1 ")
