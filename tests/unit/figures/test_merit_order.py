import pandas as pd
import pytest

from gridagora.figures.merit_order import aggregate, crossing


def curves(*orders):
    return pd.DataFrame(
        [
            (name, side, quantity, price)
            for name, side, points in orders
            for quantity, price in points
        ],
        columns=["participant", "side", "quantity_kw", "price"],
    )


def points(table):
    return list(table.itertuples(index=False, name=None))


RISING = ("g", "offer", [(0, 2.0), (10, 4.0)])
FLAT = ("f", "offer", [(0, 3.0), (5, 3.0)])
FALLING = ("d", "bid", [(2, 5.0), (12, 3.0)])
FIRM = ("h", "bid", [(4, 9.0), (4, 1.0)])


def test_offers_add_up_along_quantity():
    # Below 2 nobody delivers. At 3 the rising offer gives 5; the flat one adds 5 there.
    # At 4 the rising one is at its 10, so all give 15, at any higher price too.
    assert points(aggregate(curves(RISING, FLAT), "offer", (1.0, 6.0))) == [
        (0.0, 1.0),
        (0.0, 2.0),
        (5.0, 3.0),
        (10.0, 3.0),
        (15.0, 4.0),
        (15.0, 6.0),
    ]


def test_bids_add_up_from_the_highest_price():
    # The firm 4 kW are always there. The falling bid has 2 above 5 and 12 below 3.
    assert points(aggregate(curves(FALLING, FIRM), "bid", (1.0, 6.0))) == [
        (6.0, 6.0),
        (6.0, 5.0),
        (16.0, 3.0),
        (16.0, 1.0),
    ]


def test_a_side_without_orders_has_no_points():
    assert aggregate(curves(RISING), "bid", (0.0, 1.0)).empty


def test_curves_cross_where_both_sides_want_the_same():
    # rising: q = 5 (p - 2); falling: q = 2 + 5 (5 - p). Equal at p = 3.7, q = 8.5.
    found = crossing(curves(RISING, FALLING))

    assert found is not None
    assert (found.quantity_kw, found.price) == pytest.approx((8.5, 3.7))


def test_inelastic_demand_crosses_inside_a_flat_step():
    # 4 kW firm; up to 5 kW come at 3.
    found = crossing(curves(FLAT, FIRM))

    assert found is not None
    assert (found.quantity_kw, found.price) == pytest.approx((4.0, 3.0))


def test_short_supply_is_paid_what_a_flat_bid_gives():
    # 10 kW are wanted at up to 5, and only 5 kW come, all of them at 3.
    found = crossing(curves(FLAT, ("d", "bid", [(0, 5.0), (10, 5.0)])))

    assert found is not None
    assert (found.quantity_kw, found.price) == pytest.approx((5.0, 5.0))


def test_sides_that_meet_in_a_range_of_prices_cross_at_its_lowest():
    # Supply is 5 from 3 up, demand is 5 at all prices: they meet from 3 to 9.
    found = crossing(curves(FLAT, ("h", "bid", [(5, 9.0), (5, 1.0)])))

    assert found is not None
    assert (found.quantity_kw, found.price) == pytest.approx((5.0, 3.0))


def test_equality_at_the_lowest_corner_is_a_crossing():
    both = curves(("g", "offer", [(2, 1.0)]), ("d", "bid", [(2, 1.0)]))
    found = crossing(both)

    assert found is not None
    assert (found.quantity_kw, found.price) == (2.0, 1.0)


@pytest.mark.parametrize(
    "apart",
    [
        curves(FLAT, ("h", "bid", [(50, 9.0), (50, 1.0)])),  # never enough
        curves(("g", "offer", [(9, 1.0)]), ("d", "bid", [(2, 1.0)])),  # always too much
    ],
    ids=["short", "long"],
)
def test_sides_that_never_meet_do_not_cross(apart):
    assert crossing(apart) is None
