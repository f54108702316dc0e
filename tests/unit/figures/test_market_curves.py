import itertools

import pandas as pd
import pytest

from gridagora.errors import InputError
from gridagora.figures.market_curves import market_curves
from gridagora.figures.theme import BLUE, VERMILLION

COLUMNS = ["scenario", "participant", "side", "quantity_kw", "price"]


@pytest.fixture
def curves():
    return pd.DataFrame(
        [
            ("one", "feeder", "offer", 0.0, 4.3),
            ("one", "feeder", "offer", 600.0, 4.3),
            ("one", "house", "bid", 100.0, 9.0),
            ("one", "house", "bid", 100.0, 3.0),
            ("two", "feeder", "offer", 0.0, 4.3),
            ("two", "feeder", "offer", 600.0, 4.3),
            ("two", "house", "bid", 20.0, 9.0),
            ("two", "house", "bid", 200.0, 3.0),
        ],
        columns=COLUMNS,
    )


@pytest.fixture
def awards():
    return pd.DataFrame(
        [
            ("one", "feeder", "offer", 100.0, 4.3),
            ("one", "house", "bid", 100.0, 4.3),
            ("two", "feeder", "offer", 161.0, 4.3),
            ("two", "house", "bid", 161.0, 4.3),
        ],
        columns=COLUMNS,
    )


def texts(spec, parts, rows):
    return [
        row[view["encoding"]["text"]["field"]]
        for view in parts(spec)
        if view.get("encoding", {}).get("text")
        for row in rows(spec, view)
    ]


def test_both_panels_have_axes_with_units(curves, awards, parts):
    one = curves["scenario"] == "one"
    spec = market_curves(
        curves[one], awards[awards["scenario"] == "one"], title="Dispatch"
    ).to_dict()

    titles = {
        (axis, view["encoding"][axis]["title"])
        for view in parts(spec)
        for axis in ("x", "y")
        if "title" in view.get("encoding", {}).get(axis, {})
    }
    assert titles == {
        ("x", "Power of one order (kW)"),
        ("x", "Power of all orders (kW)"),
        ("y", "Price (c/kWh)"),
    }


def test_an_inelastic_order_is_a_vertical_line_over_the_whole_axis(
    curves, awards, parts, rows
):
    spec = market_curves(curves[:4], awards[:2], title="").to_dict()
    (lines,) = [
        view
        for view in parts(spec)
        if view.get("mark", {}).get("type") == "line" and "detail" in view["encoding"]
    ]

    low, high = lines["encoding"]["y"]["scale"]["domain"]
    house = [row for row in rows(spec, lines) if row["participant"] == "house"]
    assert [(row["quantity_kw"], row["price"]) for row in house] == [
        (100.0, high),
        (100.0, low),
    ]


def test_consumer_prices_the_crossing_and_the_trade_are_written(
    curves, awards, parts, rows
):
    spec = market_curves(curves[:4], awards[:2], title="").to_dict()

    assert set(texts(spec, parts, rows)) == {"4.30 (1)", "no limits: 4.30", "100 kW"}


def test_scenarios_are_rows_on_equal_axes(curves, awards, parts):
    spec = market_curves(curves, awards, title="", facet="scenario").to_dict()

    domains = {
        str(view["encoding"]["y"]["scale"]["domain"])
        for view in parts(spec)
        if "scale" in view.get("encoding", {}).get("y", {})
    }
    assert len(spec["vconcat"]) == 2
    assert len(domains) == 1
    titles = [view["title"]["text"] for view in spec["vconcat"][1]["hconcat"]]
    assert titles == ["two: each order and its dispatch", "two: all orders added up"]


def test_sides_have_colours_and_shapes_of_their_own(curves, awards, parts):
    spec = market_curves(curves[:4], awards[:2], title="").to_dict()

    scales = [
        view["encoding"][channel]["scale"]
        for view in parts(spec)
        for channel in ("color", "shape")
        if channel in view.get("encoding", {})
    ]
    assert all(scale["domain"] == ["demand", "supply"] for scale in scales)
    assert {tuple(scale["range"]) for scale in scales} == {
        (BLUE, VERMILLION),
        ("circle", "triangle-up"),
    }


def test_a_market_without_awards_shows_its_curves(curves, awards, parts, rows):
    spec = market_curves(curves[:4], awards[:0], title="").to_dict()

    assert texts(spec, parts, rows) == ["no limits: 4.30", "no limits: 4.30"]


def test_curves_that_do_not_cross_have_no_crossing(curves, awards, parts, rows):
    spec = market_curves(curves[:2], awards[:0], title="").to_dict()

    assert texts(spec, parts, rows) == []


def test_more_than_seven_prices_are_not_written_one_by_one(curves, parts, rows):
    bids = pd.DataFrame(
        [("one", f"house {n}", "bid", 10.0, 4.0 + n / 10) for n in range(8)],
        columns=COLUMNS,
    )
    spec = market_curves(curves[:4], bids, title="").to_dict()

    assert not any("(" in text for text in texts(spec, parts, rows))


def test_prices_close_to_each_other_are_written_apart(curves, parts, rows):
    bids = pd.DataFrame(
        [("one", f"house {n}", "bid", 10.0, 9.0 + n / 100) for n in range(3)],
        columns=COLUMNS,
    )
    spec = market_curves(curves[:4], bids, title="").to_dict()
    (notes,) = [
        view
        for view in parts(spec)
        if view.get("encoding", {}).get("y", {}).get("field") == "text_price"
    ]

    low, high = notes["encoding"]["y"]["scale"]["domain"]
    at_px = [
        (row["text_price"] - low) / (high - low) * 300 for row in rows(spec, notes)
    ]
    gaps = [b - a for a, b in itertools.pairwise(at_px)]
    assert min(gaps) >= 13.9
    assert max(at_px) <= 300.1


def test_notes_of_a_crossing_far_left_stand_at_its_right(curves, awards, parts):
    spec = market_curves(curves[:4], awards[:2], title="").to_dict()

    aligned = {
        view["mark"]["align"]
        for view in parts(spec)
        if view.get("mark", {}).get("type") == "text"
    }
    assert aligned == {"left"}  # 100 kW of 600 kW


def test_notes_of_a_crossing_far_right_stand_at_its_left(curves, awards, parts):
    most = curves[:4].assign(quantity_kw=[0.0, 120.0, 100.0, 100.0])
    spec = market_curves(most, awards[:2], title="").to_dict()

    aligned = {
        view["mark"]["align"]
        for view in parts(spec)
        if view.get("mark", {}).get("type") == "text"
    }
    assert aligned == {"left", "right"}  # prices at the edge, notes before the crossing


def test_unknown_sides_and_missing_curves_are_named(curves, awards):
    with pytest.raises(InputError) as caught:
        market_curves(curves[:0], awards.assign(side="ask"), title="")

    assert str(caught.value) == (
        "curves of a market: side is 'ask', expected 'bid' or 'offer'. "
        "no curve has any corner."
    )


def test_the_chart_draws_without_a_warning(curves, awards, drawn, capfd):
    chart = market_curves(curves, awards, title="Dispatch", facet="scenario")

    assert "Dispatch" in drawn(chart, capfd)
