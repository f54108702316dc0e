import pandas as pd
import pytest

from gridagora.studies.self_play.six_bus import STUDY
from gridagora.studies.self_play.six_bus_results import report_tables


def test_every_printed_reward_comes_out(six_bus_tables, target, reached):
    for name in ("1", "2"):
        wanted = target(STUDY, f"configuration {name}: printed rewards")
        assert wanted.read(six_bus_tables) == 32.0
        assert reached(wanted, six_bus_tables)


def test_a_reward_that_differs_in_the_printed_digit_is_counted(six_bus_tables, target):
    rewards = six_bus_tables["rewards"].copy()
    at = rewards.query(
        "configuration == '2' and markup_G1 == 10 and markup_G2 == 30"
    ).index
    rewards.loc[at, "profit_G1_per_h"] += 0.1
    tables = {"rewards": rewards}

    assert target(STUDY, "configuration 2: printed").read(tables) == 31.0
    assert target(STUDY, "configuration 1: printed").read(tables) == 32.0
    there = target(STUDY, "configuration 2: reward of G1 there")
    assert there.read(tables) == pytest.approx(54.9, abs=0.05)


@pytest.mark.parametrize(
    ("quantity", "number"),
    [
        ("configuration 1: reward of G1", 120.0),
        ("configuration 1: reward of G2", 99.0),
        ("configuration 2: reward of G1", 54.8),
        ("configuration 2: reward of G2", 138.4),
    ],
)
def test_rewards_at_the_equilibria(quantity, number, six_bus_tables, target, reached):
    wanted = target(STUDY, quantity)

    assert wanted.read(six_bus_tables) == pytest.approx(number, abs=0.05)
    assert reached(wanted, six_bus_tables)


def test_one_equilibrium_too_many_or_elsewhere_is_missed(
    six_bus_tables, target, reached
):
    rewards = six_bus_tables["rewards"]
    wanted = target(STUDY, "configuration 1: (30 %, 30 %) is the only")

    assert reached(wanted, six_bus_tables)
    for wrong in (
        rewards["markup_G2"] == 30.0,
        (rewards["markup_G1"] == 0.0) & (rewards["markup_G2"] == 0.0),
    ):
        tables = {"rewards": rewards.assign(is_equilibrium=wrong)}
        assert wanted.read(tables) == 0.0
        assert not reached(wanted, tables)


@pytest.fixture
def ended(history):
    """Learners and self-play of two runs in both sets of costs, by hand."""
    learners = pd.DataFrame(
        {
            "configuration": ["1", "1", "1", "1", "2", "2"],
            "learner": "q-learning",
            "run": [1, 1, 2, 2, 1, 1],
            "player": ["G1", "G2"] * 3,
            "markup": [30.0, 29.0, 28.0, 30.0, 11.0, 29.5],
            "reward_per_h": [120.0, 97.0, 118.0, 99.0, 54.0, 138.0],
        }
    )
    players = pd.concat(
        [
            history("markup", {"G1": [0, g1], "G2": [0, g2]}, variant=key, run=run)
            for key, run, g1, g2 in (
                ("costs-1", 1, 30.0, 29.8),
                ("costs-1", 2, 29.8, 29.8),
                ("costs-2", 1, 17.0, 30.0),
            )
        ]
    ).assign(profit_per_h=100.0)
    return {"learners": learners, "players": players}


@pytest.mark.parametrize(
    ("quantity", "number"),
    [
        ("configuration 1: late markup of G1, Q-learning", 29.0),
        ("configuration 1: late markup of G2, Q-learning", 29.5),
        ("configuration 2: late markup of G1, Q-learning", 11.0),
        ("configuration 1: markup of G1 in self-play", 29.9),
        ("configuration 1: markup of G2 in self-play", 29.8),
        ("configuration 2: markup of G1 in self-play", 17.0),
    ],
)
def test_ends_are_means_over_runs(quantity, number, ended, target, reached):
    wanted = target(STUDY, quantity)
    elsewhere = {name: table.assign(markup=20.0) for name, table in ended.items()}

    assert wanted.read(ended) == pytest.approx(number)
    assert reached(wanted, ended)
    assert not reached(wanted, elsewhere)


def test_self_play_goes_to_the_cost_of_g3(target):
    # 5.1 (1 + m) = 6
    wanted = target(STUDY, "configuration 2: markup of G1 in self-play")

    assert wanted.expected == pytest.approx(17.647, abs=1e-3)


def test_ends_stand_in_a_table_player_by_player(ended):
    table = report_tables(ended)["ends"]

    assert list(table) == [
        "Configuration",
        "Learner",
        "Markup of G1 (%)",
        "Reward of G1 (per h)",
        "Markup of G2 (%)",
        "Reward of G2 (per h)",
    ]
    rows = table.to_numpy().tolist()
    assert rows[0] == ["1", "q-learning", 29.0, 119.0, 29.5, 98.0]
    assert rows[1] == ["1", "self-play", pytest.approx(29.9), 100.0, 29.8, 100.0]
    assert rows[3][:3] == ["2", "self-play", 17.0]
