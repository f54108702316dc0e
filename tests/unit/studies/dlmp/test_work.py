from gridagora.studies.dlmp.config import Config
from gridagora.studies.dlmp.work import Run, Trust, cells


def test_cells_are_hours_days_the_truth_runs_and_feeders(config):
    assert [cell.key for cell in cells(config)] == [
        "a-free",
        "a-full",
        "day-kept",
        "day-free",
        "truthful",
        "policy-gradient-0",
        "trust-ieee37",
    ]


def test_there_is_a_run_for_each_learner_and_seed_and_a_cell_for_each_feeder():
    plan = cells(Config(learners=("ucb", "epsilon-greedy"), n_seeds=2))

    runs = [cell for cell in plan if isinstance(cell, Run)]
    assert [(run.learner, run.number) for run in runs] == [
        ("ucb", 0),
        ("ucb", 1),
        ("epsilon-greedy", 0),
        ("epsilon-greedy", 1),
    ]
    feeders = [cell.feeder for cell in plan if isinstance(cell, Trust)]
    assert feeders == ["ieee13", "ieee34", "ieee37", "ieee123"]
