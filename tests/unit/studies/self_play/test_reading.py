import pandas as pd
import pytest

from gridagora.studies.self_play.reading import (
    by_run,
    first_of,
    headline,
    headline_of_markups,
    late,
    least_of,
    mean_of,
    most_of,
)


@pytest.fixture
def tables(history):
    """Two runs of four generations of a variant, and a longer one of another."""
    markets = pd.concat(
        [
            history("price", {"all": [9, 9, 1, 3]}, variant="a", name="side"),
            history("price", {"all": [5, 5, 5, 7]}, variant="a", run=2, name="side"),
            history("price", {"all": [8] * 8}, variant="b", name="side"),
        ]
    )
    players = history("markup", {"G1": [0, 0, 2, 4], "G2": [9, 9, 6, 8]}, variant="a")
    return {"markets": markets.drop(columns="side"), "players": players}


def test_late_is_the_second_half_of_each_variant(tables):
    kept = late(tables["markets"])

    assert kept.groupby("variant")["generation"].agg(list).to_dict() == {
        "a": [3, 4, 3, 4],
        "b": [5, 6, 7, 8],
    }


def test_a_quarter_is_later_still(tables):
    kept = late(tables["markets"], part=0.25)

    assert kept.groupby("variant")["generation"].agg(list).to_dict() == {
        "a": [4, 4],
        "b": [7, 8],
    }


def test_by_run_takes_the_mean_of_late_generations_of_each_run(tables):
    found = by_run(tables, "markets", "price", "a")

    assert found.to_dict("list") == {"run": [1, 2], "value": [2.0, 6.0]}


def test_by_run_has_a_row_for_each_player_where_there_are_players(tables):
    found = by_run(tables, "players", "markup", "a", part=0.25)

    assert found.to_dict("list") == {
        "run": [1, 1],
        "player": ["G1", "G2"],
        "value": [4.0, 8.0],
    }


def test_readers_take_mean_most_and_least_of_runs_and_the_first_generation(tables):
    where = ("markets", "price", "a")

    assert mean_of(*where)(tables) == 4.0
    assert most_of(*where)(tables) == 6.0
    assert least_of(*where)(tables) == 2.0
    assert first_of("price", "a")(tables) == 7.0
    assert mean_of(*where, part=0.25)(tables) == 5.0


def test_a_headline_tells_where_price_and_markups_ended(tables):
    cell = {**tables, "markets": tables["markets"].query("variant == 'b'")}

    assert headline(cell) == "price 8.0, markups G1 1.5 G2 8.0"


def test_a_headline_takes_the_last_ten_generations(history):
    rising = history("markup", {"G1": range(1, 21)}, variant="a")

    assert headline_of_markups({"players": rising}) == "markups G1 15.5"


def test_many_players_are_summed_up(history):
    players = history("markup", {f"u{at}": [at] for at in range(5)}, variant="a")

    assert headline_of_markups({"players": players}) == "markups 2.0 on average"


def test_a_cell_that_plays_nothing_has_no_headline():
    assert headline({"levels": pd.DataFrame()}) == ""
    assert headline_of_markups({}) == ""
