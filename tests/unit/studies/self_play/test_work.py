from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from gridagora.errors import InvalidConfigError
from gridagora.markets.markup_market import MarkupMarket
from gridagora.studies.self_play.config import SelfPlayConfig
from gridagora.studies.self_play.work import (
    Plan,
    Run,
    Theory,
    Variant,
    first_prices,
    labelled,
    level_table,
    outcomes,
    play,
    play_out,
    runs,
    seed_of,
    self_play,
    self_play_of,
)
from gridagora.studies.self_play.worlds import load, one_bus, unit


def two_units():
    """Two units of 100 MW at 10 and 12, and 60 MW at a value of 50."""
    return one_bus(
        [
            unit("coal", "hub", cost=10.0, capacity=100.0),
            unit("gas", "hub", cost=12.0, capacity=100.0),
            load("town", "hub", demand=60.0, value=50.0),
        ]
    )


@pytest.fixture(scope="module")
def config(small):
    return SelfPlayConfig(**{**small, "n_generation": 3})


@pytest.fixture(scope="module")
def variant():
    return Variant(key="v", market=two_units(), high=20.0, n_generation=3)


@pytest.fixture(scope="module")
def run(config):
    return Run(key="v-01", config=config, variant="v", number=1)


@pytest.fixture(scope="module")
def tables(run, variant):
    return play(run, variant)


def test_all_variants_have_their_first_run_before_any_has_its_second():
    plan = runs(SelfPlayConfig(n_seed=2), ["a", "b"])

    assert [cell.key for cell in plan] == ["a-01", "b-01", "a-02", "b-02"]
    assert [cell.variant for cell in plan] == ["a", "b", "a", "b"]
    assert [cell.number for cell in plan] == [1, 1, 2, 2]


def test_a_seed_hangs_on_root_and_name_alone():
    one, other = SelfPlayConfig(), SelfPlayConfig(n_generation=7, n_seed=3)

    assert seed_of(one, "a-01") == seed_of(other, "a-01")
    seeds = {seed_of(one, cell.key) for cell in runs(one, ["a", "b"])}
    assert len(seeds) == 2 * one.n_seed
    assert seed_of(SelfPlayConfig(seed=2), "a-01") not in seeds


def test_a_run_repeats_itself_and_another_one_differs(run, variant, tables):
    again = play(run, variant)
    other = play(run.model_copy(update={"key": "v-02"}), variant)

    pd.testing.assert_frame_equal(again["players"], tables["players"])
    assert not other["players"]["markup"].equals(tables["players"]["markup"])


def test_the_tables_of_a_run_have_a_row_for_each_generation(tables):
    assert list(tables) == ["players", "markets", "gaps", "played"]
    assert list(tables["players"]) == [
        "variant",
        "run",
        "generation",
        "player",
        "markup",
        "markup_low",
        "markup_high",
        "profit_per_h",
        "price",
    ]
    assert list(tables["markets"]) == [
        "variant",
        "run",
        "generation",
        "consumer_per_h",
        "producer_per_h",
        "rent_per_h",
        "price",
    ]
    assert tables["players"]["player"].to_list() == ["coal", "gas"] * 3
    assert tables["markets"]["generation"].to_list() == [1, 2, 3]
    for table in tables.values():
        assert set(table["variant"]) == {"v"}
        assert set(table["run"]) == {1}


def test_prices_and_markups_are_per_mwh(tables):
    # the price is 10 or more, and 12 and 20 at most
    assert tables["markets"]["price"].between(10.0, 32.0).all()
    assert tables["players"]["markup"].between(0.0, 20.0).all()
    assert tables["players"]["markup"].max() > 1.0
    # all sides together: the town's 50 less 10 or 12, for 60 MW
    sides = ["consumer_per_h", "producer_per_h", "rent_per_h"]
    welfare = tables["markets"][sides].sum(axis="columns")
    assert welfare.between(60.0 * 38.0 - 1e-6, 60.0 * 40.0 + 1e-6).all()


def test_gaps_are_measured_at_first_and_every_so_often(config, variant):
    each = config.model_copy(update={"judge_every": 2})
    short = Variant(key="v", market=variant.market, high=20.0, n_generation=5)

    gaps = play(Run(key="x", config=each, variant="v", number=1), short)["gaps"]

    assert gaps["generation"].to_list() == [1, 1, 2, 2, 4, 4]
    assert (gaps["gain_per_h"] >= 0.0).all()


def test_a_gap_is_what_the_best_of_the_allowed_markups_would_add(config):
    # alone it sells 60 MW whatever it asks, and 20 is the most
    market = one_bus(
        [
            unit("coal", "hub", cost=10.0, capacity=100.0),
            load("town", "hub", demand=60.0, value=50.0),
        ]
    )
    free = Variant(key="v", market=market, high=20.0, n_generation=1)
    few = replace(free, levels=(5.0, 12.0))
    stuck = replace(free, levels=(5.0,))
    run = Run(key="x", config=config, variant="v", number=1)

    assert play(run, stuck)["gaps"]["gain_per_h"].item() == pytest.approx(0.0)
    for variant, best in ((free, 20.0), (few, 12.0)):
        played = play(run, variant)["gaps"]
        assert played["gain_per_h"].item() + played["earned_per_h"].item() == (
            pytest.approx(60.0 * best)
        )


def test_samples_are_of_every_tenth_late_generation_and_of_the_last(config, variant):
    run = Run(key="x", config=config, variant="v", number=1)
    played, shorter = (
        play(run, Variant(key="v", market=variant.market, high=20.0, n_generation=n))[
            "played"
        ]
        for n in (25, 20)
    )

    assert sorted(set(played["generation"])) == [20, 25]
    assert sorted(set(shorter["generation"])) == [20]  # 10 is in the first half
    assert played["player"].to_list()[:4] == ["coal", "gas", "coal", "gas"]


def test_levels_are_the_only_markups_played(config, variant):
    few = Variant(
        key="v", market=variant.market, high=20.0, n_generation=2, levels=(0.0, 5.0)
    )

    played = play(Run(key="x", config=config, variant="v", number=1), few)["played"]

    assert {*played["markup"].round(9)} <= {0.0, 5.0}


def test_a_unit_of_percent_is_a_part_in_a_hundred_of_the_market(config, variant):
    percent = Variant(
        key="v",
        market=variant.market,
        high=30.0,
        n_generation=1,
        start="high",
        unit=0.01,
    )
    run = Run(key="x", config=config, variant="v", number=1)
    game = self_play_of(run, percent)

    tables = play_out(game, run, percent)

    # a population that begins near the top asks about 0.95 of 30 % there
    assert game.last is not None
    assert game.last.markup.mean() == pytest.approx(0.285, abs=0.02)
    assert tables["players"]["markup"].mean() == pytest.approx(28.5, abs=2.0)
    assert tables["played"]["markup"].mean() == pytest.approx(28.5, abs=2.0)


def test_markets_with_several_states_tell_what_happens_in_each(day_tables):
    states = day_tables["states"]

    assert states["state"].to_list() == [0, 0, 0, 1, 1, 1, 2, 2, 2]
    assert states["player"].to_list() == ["G1", "G2", "G3"] * 3
    assert states["markup"].between(0.0, 30.0).all()
    # more load is never cheaper for the unit behind the full line
    price = states.set_index(["state", "player"])["price"]
    assert price[1, "G3"] > price[0, "G3"]


def test_states_take_turns_from_one_generation_to_the_next(config):
    # alone at 5 above its cost: 10 and 60 MW in the first state, 20 and 30 MW in the
    # second. Generations of 5 rounds: the second one begins in the second state
    own = unit("coal", "hub", cost=10.0, capacity=100.0)
    first = one_bus([own, load("town", "hub", demand=60.0, value=90.0)])
    book = first.orders[0]
    second = replace(
        book,
        price_per_kwh=book.price_per_kwh * 2.0,
        quantity_kw=book.quantity_kw * np.where(book.quantity_kw == 60e3, 0.5, 1.0),
    )
    market = MarkupMarket(first.network, [book, second])
    free = Variant(key="v", market=market, high=20.0, n_generation=2)
    stuck = replace(free, levels=(5.0,))
    odd = config.model_copy(update={"n_iteration": 5})
    run = Run(key="x", config=odd, variant="v", number=1)

    states = play(run, stuck)["states"]
    tables = play(run, free)

    assert states["state"].to_list() == [0, 1]
    assert states["price"].to_list() == pytest.approx([15.0, 25.0])
    # 20 instead of what was asked for 60 MW or for 30 MW, one as often as the other
    asked = tables["players"].query("generation == 1")["markup"].item()
    gain = tables["gaps"].query("generation == 1")["gain_per_h"].item()
    assert gain == pytest.approx((20.0 - asked) * 45.0)


def test_strategies_begin_at_the_price_of_the_first_order_of_their_player(variant):
    np.testing.assert_allclose(first_prices(variant.market), [0.010, 0.012])


def test_outcomes_say_who_gains_what_at_given_markups(variant):
    # at truth the price is 10 and the town gains 60 * 40; with coal at 5 more, gas
    # sells all at 12, coal nothing, and the town gains 60 * 38; with gas at the same
    # 15 it is shared: coal gains 30 * 5, gas 30 * 3
    table = outcomes(
        variant.market,
        {"truth": (0.0, 0.0), "coal asks 5": (5.0, 0.0), "both at 15": (5.0, 3.0)},
    )

    assert list(table) == [
        "case",
        "price_per_mwh",
        "consumer_per_h",
        "producer_per_h",
        "rent_per_h",
        "profit_coal_per_h",
        "profit_gas_per_h",
    ]
    assert table["case"].to_list() == ["truth", "coal asks 5", "both at 15"]
    np.testing.assert_allclose(
        table.drop(columns="case"),
        [
            [10.0, 2400.0, 0.0, 0.0, 0.0, 0.0],
            [12.0, 2280.0, 0.0, 0.0, 0.0, 0.0],
            [15.0, 2100.0, 240.0, 0.0, 150.0, 90.0],
        ],
        atol=1e-6,
    )


def test_a_level_table_has_all_joint_markups_and_marks_the_equilibria(variant):
    # gas never wins against coal at 10 or 11.5; coal gains 60 * 1.5 by asking 1.5
    table = level_table(variant.market, (0.0, 1.5))

    assert table.to_dict("list") == {
        "markup_coal": [0.0, 0.0, 1.5, 1.5],
        "markup_gas": [0.0, 1.5, 0.0, 1.5],
        "profit_coal_per_h": pytest.approx([0.0, 0.0, 90.0, 90.0]),
        "profit_gas_per_h": pytest.approx([0.0] * 4),
        "price": pytest.approx([10.0, 10.0, 11.5, 11.5]),
        "is_equilibrium": [False, False, True, True],
    }


def test_labels_stand_before_the_own_columns():
    table = labelled(pd.DataFrame({"x": [1, 2]}), who="me", run=3)

    assert table.to_dict("list") == {"who": ["me", "me"], "run": [3, 3], "x": [1, 2]}


def test_a_plan_has_what_is_known_and_the_runs(config, variant):
    known = {"known": pd.DataFrame({"n": [1]})}
    plan = Plan(lambda config: {"v": variant}, theory=lambda config: known)

    cells = plan.cells(config)

    assert [cell.key for cell in cells] == ["theory", "v-01"]
    assert plan.run_cell(cells[0]) is known
    assert set(plan.run_cell(cells[1])["players"]["variant"]) == {"v"}


def test_a_plan_without_theory_has_runs_only(config, variant):
    plan = Plan(lambda config: {"v": variant})

    assert [cell.key for cell in plan.cells(config)] == ["v-01"]
    assert plan.run_cell(Theory(config=config)) == {}


def test_strategies_that_do_not_fit_are_refused_before_anything_runs(config, variant):
    wrong = Variant(
        key="v", market=variant.market, high=20.0, n_generation=3, levels=(5.0, 0.0)
    )
    plan = Plan(lambda config: {"v": wrong})

    with pytest.raises(InvalidConfigError) as caught:
        plan.cells(config)

    assert str(caught.value) == (
        "learner neuroevolution: levels is [0.005, 0.0], expected finite numbers, "
        "rising."
    )


def test_context_has_a_row_for_each_state(config, variant):
    seeing = Variant(
        key="v",
        market=variant.market,
        high=20.0,
        n_generation=3,
        context=np.zeros((1, 2)),
    )

    assert self_play(config, seeing, seed=1).learner.settings.n_context == 2
