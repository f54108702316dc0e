import pandas as pd
import pytest
from pydantic import ValidationError

from gridagora.studies.self_play.bertrand import STUDY, Config, variants

RUNS = ("a-random", "b-defecting", "c-cooperative", "levels-x")


def test_the_plan_is_sound(assert_sound_plan):
    config = Config(n_seed=1, level_sets={"x": (0.0, 9.0)})

    assert_sound_plan(STUDY, config, ["theory", *(f"{key}-01" for key in RUNS)])


def test_first_populations_differ_and_few_markups_take_a_third_of_the_time():
    found = variants(Config(level_sets={"x": (0.0, 9.0)}))

    assert list(found) == list(RUNS)
    assert [each.start for each in found.values()] == [
        "random",
        "low",
        "high",
        "random",
    ]
    assert [each.n_generation for each in found.values()] == [600, 600, 600, 200]
    assert [each.levels for each in found.values()] == [None, None, None, (0.0, 9.0)]


def test_a_very_short_run_has_at_least_one_generation_of_few_markups():
    found = variants(Config(n_generation=2))

    assert min(each.n_generation for each in found.values()) == 1


def test_the_payoffs_of_few_markups_are_those_of_the_derivations(bertrand_tables):
    # 100 MW: both at the same markup share it; the lower one has it all
    game = bertrand_tables["levels"].query("levels == '20-100'")

    assert game["markup_one"].to_list() == [20.0, 20.0, 100.0, 100.0]
    assert game["markup_two"].to_list() == [20.0, 100.0, 20.0, 100.0]
    one, two = game["profit_one_per_h"].to_list(), game["profit_two_per_h"].to_list()
    assert one == pytest.approx([1000.0, 2000.0, 0.0, 5000.0])
    assert two == pytest.approx([1000.0, 0.0, 2000.0, 5000.0])
    assert game["price"].to_list() == pytest.approx([120.0, 120.0, 120.0, 200.0])
    assert game["is_equilibrium"].to_list() == [True, False, False, True]


def test_undercutting_100_by_60_pays_and_by_40_does_not(
    bertrand_tables, target, reached
):
    levels = bertrand_tables["levels"].set_index(["levels", "markup_one", "markup_two"])
    profit = levels["profit_one_per_h"]

    assert profit["60-100", 60.0, 100.0] == pytest.approx(6000.0)
    assert profit["40-100", 40.0, 100.0] == pytest.approx(4000.0)
    for name in ("20, 100", "40, 100", "60, 100"):
        wanted = target(STUDY, f"pure equilibria with the markups {name}")
        assert reached(wanted, bertrand_tables)


def test_a_set_without_its_equilibria_is_missed(bertrand_tables, target, reached):
    none = bertrand_tables["levels"].assign(is_equilibrium=False)

    wanted = target(STUDY, "pure equilibria with the markups 60, 100")
    assert wanted.read({"levels": none}) == 0.0
    assert not reached(wanted, {"levels": none})


def test_there_must_be_a_set_of_markups():
    with pytest.raises(ValidationError) as caught:
        Config(level_sets={})

    (error,) = caught.value.errors()
    assert error["loc"] == ("level_sets",)
    assert error["msg"] == (
        "Dictionary should have at least 1 item after validation, not 0"
    )


def test_everything_shown_has_a_caption(bertrand_tables, assert_presentable):
    assert_presentable(STUDY, bertrand_tables)


def test_the_marginal_cost_in_pictures_is_that_of_the_run(bertrand_tables):
    # all prices 60 lower: both at 20 make a price of 60, so that the cost is 40
    levels = bertrand_tables["levels"]
    cheaper = levels.assign(price=levels["price"] - 60.0)

    chart = STUDY.figures({**bertrand_tables, "levels": cheaper})["price"].to_dict()

    lines = [rows for rows in chart["datasets"].values() if set(rows[0]) == {"y"}]
    assert [row["y"] for rows in lines for row in rows] == pytest.approx([40.0])


def test_equilibria_stand_beside_where_self_play_ended(bertrand_tables):
    table = STUDY.report_tables(bertrand_tables)["discrete-markups"]

    assert table.iloc[:, :2].to_numpy().tolist() == [
        ["20, 100", "(20, 20) and (100, 100)"],
        ["40, 100", "(40, 40) and (100, 100)"],
        ["60, 100", "(60, 60)"],
    ]
    assert table["Price of self-play (per MWh)"].between(120.0, 200.0).all()


@pytest.fixture
def settled(history):
    """Where each first population begins and ends, two generations each."""
    ends = {
        "a-random": (150.0, 101.0),
        "b-defecting": (104.8, 102.0),
        "c-cooperative": (195.2, 103.0),
        "levels-20-100": (150.0, 199.0),
        "levels-40-100": (150.0, 141.0),
        "levels-60-100": (150.0, 161.0),
    }
    parts = [
        history("price", {"x": prices}, variant=key, name="side")
        for key, prices in ends.items()
    ]
    return {"markets": pd.concat(parts)}


@pytest.mark.parametrize(
    ("quantity", "number"),
    [
        ("A. random: price after", 101.0),
        ("B. defecting: price after", 102.0),
        ("C. cooperative: price after", 103.0),
        ("B. defecting: price of the first", 104.8),
        ("C. cooperative: price of the first", 195.2),
        ("markups 20, 100", 199.0),
        ("markups 40, 100", 141.0),
        ("markups 60, 100", 161.0),
    ],
)
def test_prices_are_read_at_their_place(quantity, number, settled, target, reached):
    wanted = target(STUDY, quantity)
    elsewhere = {"markets": settled["markets"].assign(price=115.0)}

    assert wanted.read(settled) == pytest.approx(number)
    assert reached(wanted, settled)
    assert not reached(wanted, elsewhere)
