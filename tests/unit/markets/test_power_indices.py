import numpy as np
import pytest

from gridagora.errors import InputError, InvalidOrderError, UnknownNameError
from gridagora.markets.nodal import clear_nodal
from gridagora.markets.power_indices import (
    herfindahl_index,
    lerner_index,
    marginal_cost,
    power_indices,
)
from gridagora.types.network import Network, RadialNetwork
from gridagora.types.orders import Bid, Curve, CurveColumns, Offer


def flat(name, bus, price, most_kw):
    return Offer.affine(name, bus, p_max=price, p_min=price, q_max=most_kw)


def firm(name, bus, kw, price=60.0):
    return Bid.affine(name, bus, p_max=price, p_min=price, q_max=kw, q_min=kw)


@pytest.fixture
def line():
    """Two buses, 40 kW between them."""
    return Network.from_table({"from_bus": ["a"], "to_bus": ["b"], "limit_kw": [40.0]})


def test_lerner_is_the_part_of_the_price_above_cost():
    # (50 - 20) / 50, no markup, sold below cost: (20 - 25) / 20
    assert lerner_index([50.0, 20.0, 20.0], [20.0, 20.0, 25.0]).tolist() == [
        0.6,
        0.0,
        -0.25,
    ]


def test_lerner_has_no_value_at_prices_of_zero_and_below():
    assert np.isnan(lerner_index([0.0, -1.0], 1.0)).all()


def test_herfindahl_is_the_sum_of_squared_shares():
    assert herfindahl_index([25.0] * 4) == 0.25  # 1 / n
    assert herfindahl_index([7.0, 0.0]) == 1.0
    # shares 0.5, 0.3, 0.2: 0.25 + 0.09 + 0.04, or 3800 of 10,000
    assert herfindahl_index([50.0, 30.0, 20.0]) == pytest.approx(0.38)


def test_herfindahl_counts_the_entries_of_an_owner_as_one_seller():
    # 0.5 and 0.3 + 0.2: two halves
    assert herfindahl_index([50.0, 30.0, 20.0], ["a", "b", "b"]) == pytest.approx(0.5)


def test_herfindahl_of_no_sales_has_no_value():
    assert np.isnan(herfindahl_index([0.0, 0.0]))
    assert np.isnan(herfindahl_index([]))


def test_herfindahl_refuses_what_is_no_quantity():
    with pytest.raises(InputError) as caught:
        herfindahl_index([1.0, -2.0, np.nan, np.inf], ["a"])

    assert str(caught.value) == (
        "Herfindahl index: entry 1 is -2 kW, expected a finite quantity >= 0. "
        "entry 2 is nan kW, expected a finite quantity >= 0. "
        "entry 3 is inf kW, expected a finite quantity >= 0. "
        "there are 1 owners and 4 quantities, expected one owner for each."
    )


# firm to 2 kW at 1, rises to 3 at 6 kW, steps up to 5, level to 10 kW
STAIRS = Curve((2.0, 6.0, 6.0, 10.0), (1.0, 3.0, 5.0, 5.0))


@pytest.mark.parametrize(
    ("kw", "left", "right"),
    [
        (0.0, 1.0, 1.0),  # within the firm part: its price
        (2.0, 1.0, 1.0),  # the rise begins at 1
        (4.0, 2.0, 2.0),  # half-way from 1 to 3
        (6.0, 3.0, 5.0),  # at the step
        (8.0, 5.0, 5.0),
        (10.0, 5.0, 5.0),  # nothing beyond: the last price
        (11.0, 5.0, 5.0),
    ],
)
def test_marginal_cost_is_the_price_on_the_curve_from_either_side(
    kw, left, right, line
):
    book = CurveColumns.of([Offer("plant", "a", STAIRS)], line)

    assert marginal_cost(book, [kw]).tolist() == [left]
    assert marginal_cost(book, [kw], side="right").tolist() == [right]
    assert marginal_cost(book, [kw], side="middle").tolist() == [(left + right) / 2]


def test_marginal_cost_takes_many_orders_and_bids_at_their_value(line):
    bid = Bid.affine("town", "b", p_max=9.0, p_min=5.0, q_max=8.0)
    book = CurveColumns.of([flat("coal", "a", 2.0, 10.0), bid], line)

    assert marginal_cost(book, [5.0, 2.0]).tolist() == [2.0, 8.0]


def test_marginal_cost_knows_three_sides(line):
    with pytest.raises(UnknownNameError) as caught:
        marginal_cost(CurveColumns.of([], line), [], side="up")  # type: ignore[arg-type]  # the fault under test

    assert str(caught.value) == ("no side is called 'up'. Known: left, middle, right.")


def test_indices_of_a_dispatch_against_true_cost(five_bus):
    network, true = five_bus()
    _, asked = five_bus(markup=(0.0, 30.0, 30.0))
    table = power_indices(clear_nodal(network, asked), true)

    # G1 sells 255, G2 66, G3 179 of 500 kW at 49.077, 49.077, 57.266
    assert list(table["player"]) == ["G1", "G2", "G3"]
    assert table["share"] == pytest.approx([0.51, 0.132, 0.358], abs=1e-3)
    # G1: (49.077 - 17.5 - 255 x 0.0238909) / 49.077 and so on
    assert table["lerner_index"] == pytest.approx([0.5193, 0.6113, 0.5239], abs=1e-3)
    assert table["residual_supply_index"] == pytest.approx(
        [1.03, 1.03, 0.47198], abs=1e-5
    )
    assert list(table["is_pivotal"]) == [False, False, True]
    # 0.51^2 + 0.132^2 + 0.358^2
    assert table["herfindahl_index"] == pytest.approx([0.4057] * 3, abs=1e-3)


def test_orders_at_true_cost_have_a_lerner_index_of_zero(five_bus):
    network, true = five_bus()
    table = power_indices(clear_nodal(network, true))

    assert table["lerner_index"] == pytest.approx([0.0] * 3, abs=1e-9)


def test_a_player_with_several_plants_is_one_seller():
    # 82 kW: one 50, two 25 (of 25), three 5 (of 5), four 2; price 3 of four
    bus = RadialNetwork.from_table({"bus": ["a"], "parent": [None]})
    offers = [
        flat("one", "a", 1.0, 50.0),
        flat("two", "a", 2.0, 25.0),
        flat("three", "a", 2.5, 5.0),
        flat("four", "a", 3.0, 50.0),
    ]
    orders = CurveColumns.of([*offers, firm("town", "a", 82.0)], bus)
    dispatch = clear_nodal(bus, orders)
    table = power_indices(dispatch, players={"big": ("one", "two")})

    assert list(table["player"]) == ["big"]
    assert table["share"] == pytest.approx([75 / 82])
    # (3 x 75 - 1 x 50 - 2 x 25) / (3 x 75)
    assert table["lerner_index"] == pytest.approx([125 / 225])
    assert table["residual_supply_index"] == pytest.approx([55 / 82])
    # three and four, for which no player acts, count each by itself
    squares = (75 / 82) ** 2 + (5 / 82) ** 2 + (2 / 82) ** 2
    assert table["herfindahl_index"] == pytest.approx([squares])


def test_demand_is_what_was_bought_and_not_what_was_wished():
    # the town buys 40 of 80 kW: its value falls to the price of 2 there
    bus = RadialNetwork.from_table({"bus": ["a"], "parent": [None]})
    town = Bid.affine("town", "a", p_max=4.0, p_min=0.0, q_max=80.0)
    offers = [flat("one", "a", 2.0, 60.0), flat("two", "a", 2.0, 60.0)]
    table = power_indices(clear_nodal(bus, CurveColumns.of([*offers, town], bus)))

    assert table["residual_supply_index"] == pytest.approx([1.5, 1.5])


def test_a_player_that_sells_nothing_has_no_lerner_index():
    bus = RadialNetwork.from_table({"bus": ["a"], "parent": [None]})
    offers = [flat("cheap", "a", 1.0, 90.0), flat("dear", "a", 5.0, 90.0)]
    orders = CurveColumns.of([*offers, firm("town", "a", 80.0)], bus)
    table = power_indices(clear_nodal(bus, orders))

    assert table["share"] == pytest.approx([1.0, 0.0])
    assert np.isnan(table["lerner_index"][1])


def test_an_index_of_one_is_not_pivotal():
    # two plants of 100 kW each against 100 kW: either can serve all of it
    bus = RadialNetwork.from_table({"bus": ["a"], "parent": [None]})
    offers = [flat("one", "a", 1.0, 100.0), flat("two", "a", 1.0, 100.0)]
    orders = CurveColumns.of([*offers, firm("town", "a", 100.0)], bus)
    table = power_indices(clear_nodal(bus, orders))

    assert table["residual_supply_index"] == pytest.approx([1.0, 1.0])
    assert list(table["is_pivotal"]) == [False, False]


def test_where_nothing_is_traded_there_are_no_indices():
    bus = RadialNetwork.from_table({"bus": ["a"], "parent": [None]})
    bid = Bid.affine("town", "a", p_max=1.0, p_min=1.0, q_max=5.0)
    orders = CurveColumns.of([flat("dear", "a", 5.0, 9.0), bid], bus)
    table = power_indices(clear_nodal(bus, orders))

    for name in ("share", "lerner_index", "residual_supply_index", "herfindahl_index"):
        assert np.isnan(table[name]).all()
    assert list(table["is_pivotal"]) == [False]


def test_faults_of_dispatch_costs_and_players_are_all_named(line):
    orders = CurveColumns.of([flat("one", "b", 1.0, 9.0), firm("x", "b", 50.0)], line)
    other = CurveColumns.of([flat("two", "b", 1.0, 9.0), firm("x", "b", 50.0)], line)
    players = {"p": ("one",), "q": ("one",)}

    with pytest.raises(InvalidOrderError) as caught:
        power_indices(clear_nodal(line, orders), other, players)

    assert str(caught.value) == (
        "power indices: the outcome is 'infeasible', expected prices. costs have other "
        "participants or sides than the orders of the dispatch, expected the same in "
        "the same order. 2 players act for participant 'one', expected one."
    )
