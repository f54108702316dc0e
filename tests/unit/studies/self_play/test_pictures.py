import math

import numpy as np
import pandas as pd
import pytest

from gridagora.studies.self_play.pictures import (
    gap_band,
    markup_panels,
    nash_gaps,
    of_variant,
    price_band,
    surplus_band,
    titled,
)


def gaps_of(gain, earned):
    return pd.DataFrame(
        {
            "variant": "a",
            "run": 1,
            "generation": 1,
            "player": ["one", "two"],
            "gain_per_h": gain,
            "earned_per_h": earned,
        }
    )


def test_a_gap_is_the_largest_gain_in_percent_of_mean_earnings():
    # 30 of (100 + 200) / 2 is 20 %
    table = nash_gaps(gaps_of([10.0, 30.0], [100.0, 200.0]))

    assert table.to_dict("list") == {
        "variant": ["a"],
        "run": [1],
        "generation": [1],
        "gap_per_h": [30.0],
        "gap_percent": [20.0],
    }


def test_where_nothing_is_earned_there_is_no_percentage():
    table = nash_gaps(gaps_of([10.0, 30.0], [0.0, 0.0]))

    assert table["gap_per_h"].item() == 30.0
    assert math.isnan(table["gap_percent"].item())


@pytest.mark.parametrize(
    ("relative", "axis"),
    [
        (True, "Largest gain of one player (% of earnings)"),
        (False, "Largest gain of one player (per h)"),
    ],
)
def test_a_gap_is_shown_in_percent_or_in_money(duopoly_tables, relative, axis):
    chart = gap_band(duopoly_tables, {"half": "gain"}, title="Gap", relative=relative)

    assert axis in str(chart.to_dict())


def test_variants_stand_in_the_order_of_their_titles():
    table = pd.DataFrame({"variant": ["a", "b", "c", "a"], "price": [1, 2, 3, 4]})

    found = titled(table, {"b": "second", "a": "first"})

    assert found["title"].to_list() == ["second", "first", "first"]
    assert found["price"].to_list() == [2, 1, 4]
    assert of_variant(table, "c")["price"].to_list() == [3]


def test_only_the_first_six_runs_have_panels(history):
    runs = [
        history("markup", {"one": [1, 2]}, variant="a", run=run) for run in range(1, 9)
    ]
    players = pd.concat(runs).assign(markup_low=0.0, markup_high=3.0)

    drawn = str(markup_panels({"players": players}, "a", title="M").to_dict())

    assert "run 6" in drawn
    assert "run 7" not in drawn


def test_long_runs_are_shown_by_means_of_stretches(history):
    # 600 generations, three to a stretch: 1, 2, 3 become one point, 2, at 3
    markets = history("price", {"x": range(1, 601)}, variant="a", name="side")

    chart = price_band({"markets": markets}, {"a": "price"}, title="P").to_dict()

    points = chart["datasets"][chart["layer"][0]["data"]["name"]]
    assert len(points) == 200
    assert (points[0]["x"], points[0]["middle"]) == (3, 2.0)


def test_a_long_variant_does_not_coarsen_a_short_one(history):
    long = history("price", {"x": range(600)}, variant="a", name="side")
    short = history("price", {"x": range(1, 201)}, variant="b", name="side")
    markets = pd.concat([long, short])

    chart = price_band({"markets": markets}, {"b": "price"}, title="P").to_dict()

    points = chart["datasets"][chart["layer"][0]["data"]["name"]]
    assert [(row["x"], row["middle"]) for row in points[:2]] == [(1, 1.0), (2, 2.0)]


def test_surpluses_are_named_for_people(duopoly_tables):
    drawn = str(surplus_band(duopoly_tables, "half", title="S").to_dict())

    for name in ("consumers", "producers", "congestion rent"):
        assert name in drawn
    assert "consumer_per_h" not in drawn
    assert np.isfinite(duopoly_tables["markets"]["consumer_per_h"]).all()
