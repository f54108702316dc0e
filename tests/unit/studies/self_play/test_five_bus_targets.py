import pandas as pd
import pytest

from gridagora.studies.contract import Origin
from gridagora.studies.self_play.five_bus import STUDY
from gridagora.studies.self_play.five_bus_targets import TARGETS, locked


def runs_of(history, *runs):
    """Players of runs with the line at its limit; late are the last two of four."""
    parts = [
        history(
            "markup",
            {name: [15, 15, *late] for name, late in run.items()},
            variant="limited",
            run=number,
        )
        for number, run in enumerate(runs, start=1)
    ]
    return {"players": pd.concat(parts)}


@pytest.fixture
def played(history):
    """Two runs that locked in, one each way, and one that did not."""
    return runs_of(
        history,
        {"G1": [2, 4], "G2": [30, 29.5], "G3": [30, 30]},
        {"G1": [30, 30], "G2": [6, 8], "G3": [29.2, 29.4]},
        {"G1": [22, 20], "G2": [20, 26], "G3": [30, 30]},
    )


def test_a_run_is_locked_in_where_one_stays_low_and_the_others_at_the_top(played):
    # run 3: means of 21 and 23, so that G1 is the lower one, but neither low nor top;
    # in its first late generation it was the higher one
    assert locked(played).to_dict("list") == {
        "run": [1, 2, 3],
        "low": ["G1", "G2", "G1"],
        "is_equilibrium": [True, True, False],
        "n_swap": [0, 0, 1],
    }


@pytest.mark.parametrize(
    "run",
    [
        {"G1": [2, 4], "G2": [30, 30], "G3": [28, 28]},
        {"G1": [2, 4], "G2": [28, 28], "G3": [30, 30]},
        {"G1": [15, 17], "G2": [30, 30], "G3": [30, 30]},
    ],
)
def test_two_at_the_top_and_one_low_is_what_makes_an_equilibrium(run, history):
    assert locked(runs_of(history, run))["is_equilibrium"].to_list() == [False]


def test_swaps_are_counted_generation_by_generation(history):
    # G2 is the lower one by the mean, 14, and the higher one in three of four
    rows = {"G1": [0] * 4 + [10, 10, 10, 50], "G2": [0] * 4 + [18, 18, 18, 2]}
    players = [
        history("markup", {name: values}, variant="limited")
        for name, values in {**rows, "G3": [30] * 8}.items()
    ]

    assert locked({"players": pd.concat(players)})["n_swap"].to_list() == [3]


def test_g3_is_not_the_low_bidder_even_where_it_asks_least(history, target):
    tables = runs_of(history, {"G1": [20, 22], "G2": [30, 30], "G3": [1, 1]})

    assert target(STUDY, "mean markup of the low bidder").read(tables) == 21.0


@pytest.mark.parametrize(
    ("quantity", "number"),
    [
        ("runs that lock into", 200.0 / 3.0),
        ("equilibria found over the runs", 2.0),
        ("late generations in which low and high", 1.0),
        ("mean markup of the low bidder", (3.0 + 7.0 + 21.0) / 3.0),
    ],
)
def test_what_runs_locked_into_is_read(quantity, number, played, target):
    assert target(STUDY, quantity).read(played) == pytest.approx(number)


def test_runs_that_lock_in_reach_their_targets_and_others_miss(played, target, reached):
    both = {"players": played["players"].query("run <= 2")}
    one = {"players": played["players"].query("run == 1")}

    assert reached(target(STUDY, "runs that lock into"), both)
    assert reached(target(STUDY, "equilibria found"), both)
    assert reached(target(STUDY, "late generations in which"), both)
    assert not reached(target(STUDY, "runs that lock into"), played)
    assert not reached(target(STUDY, "equilibria found"), one)
    assert not reached(target(STUDY, "late generations in which"), played)


def test_numbers_of_given_markups_are_read_from_outcomes(target, reached):
    outcomes = pd.DataFrame(
        {
            "variant": ["limited", "limited", "limited", "doubled"],
            "case": ["marginal cost", "G1 low", "all at the top", "G1 low"],
            "producer_per_h": [1056.2, 1.0, 2.0, 3.0],
            "consumer_per_h": [17320.0, 4.0, 5.0, 6.0],
            "profit_G1_per_h": [0.0, 7275.33, 0.0, 9.0],
            "largest_gain_per_h": [0.0, 0.004, 2153.0, 7.0],
        }
    )
    expected = {
        "producer benefit at marginal": (1056.2, True),
        "consumer benefit at marginal": (17320.0, False),
        "profit of G1 at": (7275.33, True),
        "largest gain of anybody at the": (0.004, True),
        "largest gain of anybody with all": (2153.0, True),
    }

    for quantity, (number, is_reached) in expected.items():
        wanted = target(STUDY, quantity)
        assert wanted.read({"outcomes": outcomes}) == number
        assert reached(wanted, {"outcomes": outcomes}) is is_reached


def test_equilibria_on_few_markups_are_read_from_the_table(target, reached):
    levels = pd.DataFrame(
        {
            "markup_G1": [0.0, 30.0, 30.0],
            "markup_G2": [30.0, 0.0, 30.0],
            "markup_G3": [30.0, 30.0, 30.0],
            "is_equilibrium": [True, False, True],
        }
    )
    tables = {"levels": levels}

    assert target(STUDY, "equilibria on the markups").read(tables) == 2.0
    assert target(STUDY, "G1 at 0").read(tables) == 1.0
    assert target(STUDY, "G2 at 0").read(tables) == 0.0
    assert reached(target(STUDY, "G1 at 0"), tables)
    assert not reached(target(STUDY, "G2 at 0"), tables)


def test_moves_of_learners_are_read_by_setting(target, reached):
    table = pd.DataFrame(
        {
            "setting": ["frequent"] * 4 + ["absent"] * 2,
            "n_move": [5, 1, 2, 0, 0, 1],
        }
    )
    tables = {"q_learning": table}

    # there and back takes two moves: two of four runs
    back = target(STUDY, "runs of frequent Q-learners")
    assert back.read(tables) == 50.0
    assert not reached(back, tables)
    small = target(STUDY, "moves of Q-learners with a small step")
    assert small.read(tables) == 0.5
    assert reached(small, tables)
    assert not reached(small, {"q_learning": table.assign(n_move=1)})


def test_the_gain_left_is_in_percent_of_earnings(history, target, reached):
    # late gains of 10 and 50 of 1000 and 2000 earned: 30 of 1500
    gaps = history("gain_per_h", {"G1": [900, 10], "G2": [900, 50]}, variant="limited")
    gaps["earned_per_h"] = gaps["player"].map({"G1": 1000.0, "G2": 2000.0})
    wanted = target(STUDY, "gain left to a producer")

    assert wanted.read({"gaps": gaps}) == pytest.approx(2.0)
    assert not reached(wanted, {"gaps": gaps.assign(gain_per_h=40.0)})


def test_what_the_line_doubled_changes_is_read_in_percent(history, target, reached):
    # producers go from 1000 to 250, all sides from 2000 to 2050
    amounts = {
        "limited": {"consumer": 900.0, "producer": 1000.0, "rent": 100.0},
        "doubled": {"consumer": 1750.0, "producer": 250.0, "rent": 50.0},
    }
    markets = pd.concat(
        [
            history("x", {"s": [0, 0]}, variant=key, name="side").assign(
                **{f"{side}_per_h": amount for side, amount in sides.items()}
            )
            for key, sides in amounts.items()
        ]
    )
    lost = target(STUDY, "producer benefit lost")
    gained = target(STUDY, "total benefit gained")

    assert lost.read({"markets": markets}) == pytest.approx(75.0)
    assert gained.read({"markets": markets}) == pytest.approx(2.5)
    same = markets.assign(producer_per_h=1000.0, consumer_per_h=0.0, rent_per_h=0.0)
    assert not reached(lost, {"markets": same})
    assert not reached(gained, {"markets": same})


def test_ends_of_self_play_are_read_from_markets(history, target, reached):
    markets = history("x", {"s": [0, 0]}, variant="limited", name="side").assign(
        producer_per_h=15100.0, consumer_per_h=2680.0, rent_per_h=1300.0
    )
    for side, number in (("producer", 15100.0), ("consumer", 2680.0)):
        wanted = next(
            each
            for each in TARGETS
            if each.quantity.startswith(f"{side} benefit after")
        )
        assert wanted.read({"markets": markets}) == number
        assert reached(wanted, {"markets": markets})
    rent = target(STUDY, "congestion rent after")
    assert reached(rent, {"markets": markets})
    assert not reached(rent, {"markets": markets.assign(rent_per_h=1290.0)})


def test_only_what_was_fitted_is_called_fitted():
    fitted = [each.quantity for each in TARGETS if each.origin is Origin.FITTED]

    assert fitted == [
        "producer benefit at marginal cost, currency/h",
        "consumer benefit at marginal cost, currency/h",
    ]


def test_alternations_are_summed_up_by_setting(five_bus_tables):
    learners = pd.DataFrame(
        {
            "setting": ["rare", "rare"],
            "epsilon": 0.05,
            "step": 0.1,
            "n_move": [1, 4],
            "at_equilibrium_percent": [40.0, 60.0],
        }
    )

    tables = STUDY.report_tables({**five_bus_tables, "q_learning": learners})

    assert tables["alternation"].to_dict("list") == {
        "Setting": ["rare"],
        "Exploration": [0.05],
        "Step": [0.1],
        "Moves, mean": [2.5],
        "Moves, least": [1],
        "Moves, most": [4],
        "Windows at an equilibrium (%)": [50.0],
    }
    assert list(tables) == ["equilibria", "power", "alternation"]
