import numpy as np
import pytest

from gridagora.markets.radial import clear_radial
from gridagora.markets.surplus import (
    consumer_surplus_per_h,
    gross_cost_per_h,
    gross_value_per_h,
    producer_surplus_per_h,
    surplus_per_h,
    welfare_per_h,
)
from gridagora.types.network import RadialNetwork
from gridagora.types.orders import Bid, Curve, CurveColumns, Offer
from gridagora.types.preferences import curve_integral_per_h

ONE_BUS = RadialNetwork.from_table({"bus": ["a"], "parent": [None]})
# 2 firm kW at 9; from 9 down to 5 at 4 kW; level at 5 up to 6 kW; down to 1 at 8 kW.
CURVE = Curve((2.0, 4.0, 6.0, 8.0), (9.0, 5.0, 5.0, 1.0))


def columns(*orders):
    return CurveColumns.of(orders, ONE_BUS)


@pytest.mark.parametrize(
    ("kw", "worth"),
    [
        (0.0, 0.0),
        (1.0, 9.0),  # part of the firm block
        (2.0, 18.0),
        (3.0, 26.0),  # plus a mean of 8 over 1 kW
        (4.0, 32.0),  # plus a mean of 7 over 2 kW
        (5.0, 37.0),
        (7.0, 46.0),  # plus 10 over the level piece and a mean of 4 over 1 kW
        (8.0, 48.0),
    ],
)
def test_worth_is_the_area_under_the_curve(kw, worth):
    orders = columns(Bid("mill", "a", CURVE))

    assert curve_integral_per_h(orders, np.array([kw])).tolist() == [worth]


def test_worth_of_many_orders_is_worth_of_each():
    orders = columns(
        Bid("mill", "a", CURVE),
        Bid("point", "a", Curve((3.0,), (2.0,))),
        Offer("wind", "a", Curve((0.0, 0.0, 4.0), (0.0, 1.0, 3.0))),
    )

    worth = curve_integral_per_h(orders, np.array([3.0, 3.0, 4.0]))

    assert worth.tolist() == [26.0, 6.0, 8.0]


def test_surpluses_and_rent_add_up_to_welfare():
    # The bid is worth 10 (1 - p / 5), the offer costs the same slope; 4 kW pass the
    # line, at 3 beyond and 2 before it. Gross value: (5 + 3) / 2 * 4 = 16; cost
    # (0 + 2) / 2 * 4 = 4; consumers 16 - 12, producers 8 - 4, rent 4.
    net = RadialNetwork.from_table(
        {"bus": ["a", "b"], "parent": [None, "a"], "limit_kw": [None, 4.0]}
    )
    book: list[Bid | Offer] = [
        Bid.affine("mill", "b", p_max=5.0, p_min=0.0, q_max=10.0),
        Offer.affine("wind", "a", p_max=5.0, p_min=0.0, q_max=10.0),
    ]
    dispatch = clear_radial(net, CurveColumns.of(book, net))

    assert surplus_per_h(dispatch).tolist() == [4.0, 4.0]
    assert consumer_surplus_per_h(dispatch) == 4.0
    assert producer_surplus_per_h(dispatch) == 4.0
    assert gross_value_per_h(dispatch) == 16.0
    assert gross_cost_per_h(dispatch) == 4.0
    assert welfare_per_h(dispatch) == 12.0
    assert dispatch.congestion_rent_per_h == 4.0


def test_without_a_price_nobody_gains():
    orders = columns(Bid("fixed", "a", Curve((3.0,), (2.0,))))
    dispatch = clear_radial(ONE_BUS, orders)

    assert np.isnan(dispatch.price_per_kwh).all()
    assert surplus_per_h(dispatch).tolist() == [0.0]
    assert welfare_per_h(dispatch) == 0.0


def test_no_orders_have_no_surplus():
    dispatch = clear_radial(ONE_BUS, columns())

    assert surplus_per_h(dispatch).shape == (0,)
    assert consumer_surplus_per_h(dispatch) == 0.0
