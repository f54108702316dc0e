from typing import Any

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from gridagora.errors import (
    ClearingError,
    InvalidConfigError,
    InvalidNetworkError,
    InvalidOrderError,
    UnknownNameError,
)
from gridagora.studies.self_play.case import STUDY, Config, case_of, market, variants


def branch(one, other, **rest):
    return {"from_bus": one, "to_bus": other, **rest}


def curve(name, bus, quantity, price):
    return {
        "participant": name,
        "bus": bus,
        "quantity_kw": tuple(quantity),
        "price_per_kwh": tuple(price),
    }


LINE = (branch("a", "b", limit_kw=100.0),)
COAL = curve("coal", "a", (0.0, 80.0), (0.02, 0.02))
GAS = curve("gas", "b", (0.0, 80.0), (0.05, 0.05))
TOWN = curve("town", "b", (40.0,), (0.09,))
TINY: dict[str, Any] = {"branches": LINE, "generators": (COAL, GAS), "loads": (TOWN,)}


def faults_of(**wrong):
    """What is said of a configuration by the rules over several parameters."""
    with pytest.raises(ValidationError) as caught:
        Config(**wrong)
    (error,) = caught.value.errors()
    return error["msg"]


def test_the_plan_is_sound(assert_sound_plan):
    config = Config(**TINY, n_seed=2)

    assert_sound_plan(STUDY, config, ["theory", "case-01", "case-02"])


def test_the_example_is_the_five_bus_benchmark():
    # at marginal cost: producers 1056 and consumers 17322, as printed for it
    rounds = market(Config()).clear(np.zeros((1, 3)))

    assert rounds.producer_per_h[0] == pytest.approx(1056.0, abs=0.01)
    assert rounds.consumer_per_h[0] == pytest.approx(17322.0, abs=0.01)


def test_a_network_of_ones_own_is_played_in():
    case = case_of(Config(**TINY))

    assert case.network.bus == ("a", "b")
    assert case.orders.participant == ("coal", "gas", "town")
    (variant,) = variants(Config(**TINY, lowest_markup=-5.0)).values()
    assert (variant.low, variant.high) == (-5.0, 30.0)
    assert variant.context is None


def test_columns_that_some_rows_do_not_have_are_left_open():
    branches = (branch("a", "b", limit_kw=7.0), branch("b", "c", branch="spur"))
    config = Config(**{**TINY, "branches": branches}, load_factors=(0.1,))

    network = case_of(config).network

    assert network.limit_kw.tolist() == [7.0, np.inf]
    assert "spur" in network.branch


def test_bounds_load_factors_and_levels_are_checked_together():
    said = faults_of(
        lowest_markup=30.0,
        highest_markup=10.0,
        load_factors=(1.0, -0.5),
        levels=(5.0, 50.0),
    )

    assert said == (
        "Value error, markup bounds reversed: lowest_markup is 30 and highest_markup "
        "10, expected lowest < highest; load_factors are (1.0, -0.5), expected numbers "
        ">= 0; levels are (5.0, 50.0), expected rising numbers from 30 to 10"
    )


@pytest.mark.parametrize("levels", [(), (5.0, 5.0), (-1.0, 5.0), (5.0, 31.0)])
def test_levels_rise_within_the_bounds(levels):
    assert faults_of(levels=levels) == (
        f"Value error, levels are {levels}, expected rising numbers from 0 to 30"
    )


def test_levels_are_what_strategies_choose_from():
    (variant,) = variants(Config(levels=(0.0, 15.0, 30.0))).values()

    assert variant.levels == (0.0, 15.0, 30.0)


def test_an_island_is_refused_before_anything_runs():
    wrong = {**TINY, "branches": (*LINE, branch("c", "d"))}

    with pytest.raises(InvalidNetworkError) as caught:
        STUDY.cells(Config(**wrong))

    assert str(caught.value) == (
        "network: 'c', 'd' cannot be reached from 'a'; join or remove them."
    )


def test_a_bus_that_is_not_there_is_refused_with_the_nearest_name():
    wrong = {**TINY, "generators": (COAL, {**GAS, "bus": "bb"})}

    with pytest.raises(UnknownNameError) as caught:
        STUDY.cells(Config(**wrong))

    assert str(caught.value) == (
        "no bus is called 'bb'. Did you mean 'b'? Known: a, b."
    )


def test_a_load_that_cannot_be_served_is_refused():
    # the line brings 100 kW at most and gas 80, against 200; all together have 160
    wrong = {**TINY, "loads": ({**TOWN, "quantity_kw": (200.0,)},)}

    with pytest.raises(ClearingError) as caught:
        STUDY.cells(Config(**wrong))

    assert str(caught.value) == (
        "state 0 of the book cannot be cleared: 20 kW more firm demand than can be served at bus 'b' and beyond, through line 'a-b' of 100 kW. 20 kW more firm demand than can be served in the whole network."
    )


def test_an_hour_that_cannot_be_served_is_named():
    with pytest.raises(ClearingError, match="state 1 of the book cannot be cleared"):
        STUDY.cells(Config(**TINY, load_factors=(1.0, 5.0)))


def test_a_generator_without_capacity_is_refused():
    empty = {**GAS, "quantity_kw": (0.0, 0.0)}

    with pytest.raises(InvalidOrderError) as caught:
        STUDY.cells(Config(**{**TINY, "generators": (COAL, empty)}))

    assert str(caught.value) == (
        "orders of players: the offer of 'gas' has a most quantity of 0 kW in every state: a generator with no capacity."
    )


def test_a_player_with_an_unknown_participant_is_refused():
    with pytest.raises(UnknownNameError) as caught:
        STUDY.cells(Config(**TINY, players={"firm": ("coal", "gaz")}))

    assert str(caught.value) == (
        "no participant is called 'gaz'. Did you mean 'gas'? Known: coal, gas, town."
    )


def test_players_must_have_someone():
    with pytest.raises(InvalidConfigError) as caught:
        STUDY.cells(Config(**TINY, players={}))

    assert str(caught.value) == ("players: there is no player, expected at least one.")


def test_generators_without_columns_are_refused():
    with pytest.raises(InvalidNetworkError, match="generators: column 'participant'"):
        STUDY.cells(Config(**{**TINY, "generators": ()}))


def test_a_firm_declares_the_curves_of_all_its_generators():
    firm = market(Config(**TINY, players={"firm": ("coal", "gas")}))

    # coal alone serves the town's 40 kW at 20 + 10 per MWh
    rounds = firm.clear(np.array([[0.01]]))

    assert firm.player == ("firm",)
    assert rounds.mean_price_per_kwh[0] == pytest.approx(0.03)
    assert rounds.profit_per_h[0, 0] == pytest.approx(0.4)


@pytest.mark.parametrize(("pays_bid", "profit"), [(True, 0.8), (False, 2.4)])
def test_paid_as_bid_a_cheap_generator_gets_what_it_asks(pays_bid, profit):
    # coal sells its 80 kW, asking 20 + 10 per MWh, and gas the other 20 at 50: coal
    # earns 10 per MWh of its own, or 30 at the price of gas
    large = {**TINY, "loads": ({**TOWN, "quantity_kw": (100.0,)},)}

    rounds = market(Config(**large, pays_bid=pays_bid)).clear(np.array([[0.01, 0.0]]))

    assert rounds.profit_per_h[0] == pytest.approx([profit, 0.0])


def test_an_elastic_load_can_play(small):
    # the town wants up to 40 kW, worth 90 down to 10 per MWh: at a price of 20 it
    # takes 35; with a markup of 10 it declares 80 down to 0 and takes 30
    elastic = curve("town", "b", (0.0, 40.0), (0.09, 0.01))
    config = Config(
        **{**small, **TINY, "loads": (elastic,)},
        players={"coal": ("coal",), "town": ("town",)},
    )
    here = market(config)

    rounds = here.clear(np.array([[0.0, 0.0], [0.0, 0.01]]))

    assert here.player == ("coal", "town")
    assert rounds.quantity_kw[:, 2] == pytest.approx([35.0, 30.0])
    tables = STUDY.run_cell(STUDY.cells(config)[1])
    assert tables["players"]["player"].to_list() == ["coal", "town"] * 4


def test_a_day_has_a_state_for_each_load_factor(day_tables):
    config = Config(load_factors=(0.8, 1.0, 0.9))
    here = market(config)

    assert here.n_state == 3
    bought = [book.most_kw[book.is_bid].sum() for book in here.orders]
    assert bought == pytest.approx([400e3, 500e3, 450e3])
    sold = [book.most_kw[~book.is_bid].sum() for book in here.orders]
    assert sold == pytest.approx([770e3] * 3)
    assert sorted(set(day_tables["states"]["state"])) == [0, 1, 2]


@pytest.mark.parametrize(
    ("rest", "context"),
    [
        ({"load_factors": (0.8, 1.0, 0.9)}, [[0.0], [1.0], [0.5]]),
        ({"load_factors": (0.7, 0.7)}, [[0.0], [0.0]]),
        ({"load_factors": (0.8, 1.0), "sees_load": False}, None),
        ({}, None),
    ],
)
def test_strategies_see_the_load_of_the_hour_from_0_to_1(rest, context):
    (variant,) = variants(Config(**rest)).values()

    seen = variant.context
    assert (None if seen is None else seen.round(12).tolist()) == context


def test_a_single_hour_has_no_table_of_hours(case_tables):
    assert "states" not in case_tables
    assert "hours" not in STUDY.figures(case_tables)


def test_everything_shown_of_a_single_hour_has_a_caption(
    case_tables, assert_presentable
):
    assert_presentable(STUDY, case_tables, without=("hours",))


def test_everything_shown_of_a_day_has_a_caption(day_tables, assert_presentable):
    assert_presentable(STUDY, day_tables)


def test_what_is_known_without_playing_stands_in_the_tables(case_tables):
    outcomes = case_tables["outcomes"].set_index("case")

    assert outcomes.index.to_list() == ["marginal cost", "all at the top"]
    # all at 30 more: the same dispatch, and 30 * 500 MW go from one side to the other
    gain = outcomes["producer_per_h"]
    assert gain["all at the top"] - gain["marginal cost"] == pytest.approx(15_000.0)
    first = case_tables["first_prices"]
    assert first["player"].to_list() == ["G1", "G2", "G3"]
    assert first["first_price"].to_list() == pytest.approx([17.5, 17.5, 22.34341889])


def test_the_report_sets_self_play_beside_truth_and_the_highest_markups(history):
    markets = history("price", {"x": [0, 40]}, variant="case", name="side").assign(
        consumer_per_h=1.0, producer_per_h=2.0, rent_per_h=3.0
    )
    outcomes = pd.DataFrame(
        {
            "case": ["marginal cost", "all at the top"],
            "price_per_mwh": [25.0, 55.0],
            "consumer_per_h": [4.0, 5.0],
            "producer_per_h": [6.0, 7.0],
            "rent_per_h": [8.0, 9.0],
        }
    )

    table = STUDY.report_tables({"markets": markets, "outcomes": outcomes})["ends"]

    assert list(table) == [
        "Markups",
        "Price (per MWh)",
        "Consumers (per h)",
        "Producers (per h)",
        "Rent (per h)",
    ]
    assert table.to_numpy().tolist() == [
        ["marginal cost", 25.0, 4.0, 6.0, 8.0],
        ["all at the top", 55.0, 5.0, 7.0, 9.0],
        ["self-play", 40.0, 1.0, 2.0, 3.0],
    ]
