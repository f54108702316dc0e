import numpy as np
import pytest

from gridagora.studies.self_play.worlds import (
    equal_producers,
    load,
    meshed,
    one_bus,
    two_buses,
    unit,
)


def test_a_unit_is_its_marginal_cost_in_kw_and_currency_per_kwh():
    # 20 + 0.5 per MW: at 40 MW it costs 40
    offer = unit("coal", "hub", cost=20.0, capacity=40.0, slope=0.5)

    assert (offer.participant, offer.bus) == ("coal", "hub")
    assert offer.curve.quantity_kw == (0.0, 40_000.0)
    assert offer.curve.price_per_kwh == pytest.approx((0.02, 0.04))


def test_a_load_draws_all_of_its_demand_whatever_it_costs():
    bid = load("town", "hub", demand=30.0, value=60.0)

    assert bid.curve.quantity_kw == (30_000.0,)
    assert bid.curve.price_per_kwh == pytest.approx((0.06,))


def test_at_one_bus_the_cheaper_unit_goes_first():
    market = one_bus(
        [
            unit("dear", "hub", cost=50.0, capacity=10.0),
            unit("cheap", "hub", cost=20.0, capacity=10.0),
            load("town", "hub", demand=15.0, value=90.0),
        ]
    )

    rounds = market.clear(np.zeros((1, 2)))

    assert rounds.quantity_kw[0].tolist() == [5_000.0, 10_000.0, 15_000.0]
    assert rounds.mean_price_per_kwh[0] == pytest.approx(0.05)


def test_the_line_between_two_buses_carries_no_more_than_its_limit():
    market = two_buses(
        [
            unit("cheap", "west", cost=20.0, capacity=100.0),
            unit("dear", "east", cost=50.0, capacity=100.0),
            load("town", "east", demand=40.0, value=90.0),
        ],
        limit=25.0,
    )

    rounds = market.clear(np.zeros((1, 2)))

    assert rounds.quantity_kw[0] == pytest.approx([25_000.0, 15_000.0, 40_000.0])
    assert rounds.price_per_kwh[0].tolist() == pytest.approx([0.02, 0.05])
    assert rounds.rent_per_h[0] == pytest.approx(25.0 * 30.0)


def test_a_mesh_has_limits_only_where_they_are_given():
    lines = {"ab": ("a", "b", 0.1), "bc": ("b", "c", 0.2), "ca": ("c", "a", 0.3)}

    network = meshed(lines, {"bc": 7.0}, reference="c")

    assert network.branch == ("ab", "bc", "ca")
    assert network.limit_kw.tolist() == [np.inf, 7_000.0, np.inf]
    assert network.reactance_pu.tolist() == [0.1, 0.2, 0.3]
    assert network.bus[network.reference] == "c"


def test_equal_producers_share_the_load_where_they_ask_the_same():
    market = equal_producers(
        ["a", "b", "c"], cost=10.0, capacity=20.0, demand=30.0, value=50.0
    )

    rounds = market.clear(np.array([[0.001, 0.001, 0.001], [0.0, 0.0, 0.005]]))

    assert market.player == ("a", "b", "c")
    assert rounds.quantity_kw[0, :3] == pytest.approx([10_000.0] * 3)
    assert rounds.quantity_kw[1, :3] == pytest.approx([15_000.0, 15_000.0, 0.0])
    assert rounds.mean_price_per_kwh == pytest.approx([0.011, 0.010])
