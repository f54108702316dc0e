import numpy as np
import pytest

from gridagora.types.dispatch import Certificate, Outcome
from gridagora.types.linear_dispatch import LimitTable, LinearDispatch, PriceParts
from gridagora.types.orders import Bid, Curve, CurveColumns, Offer


def parts(*, energy, loss=0.0, congestion=0.0, voltage=0.0, unbalance=0.0):
    return PriceParts(
        *(
            np.broadcast_to(np.asarray(part, dtype=float), (4,)).copy()
            for part in (energy, loss, congestion, voltage, unbalance)
        )
    )


@pytest.fixture
def cleared(village):
    """A shop takes 20 kW and a roof delivers 6 where the village has 3 kW of others."""
    orders = CurveColumns.of(
        [
            Bid("shop", "village", Curve((20.0, 20.0), (9.0, 9.0))),
            Offer("roof", "village", Curve((0.0, 6.0), (1.0, 1.0))),
        ],
        village,
    )
    return LinearDispatch(
        grid=village,
        orders=orders,
        place=np.array([1, 2]),
        kvar_per_kw=np.array([0.4, 0.0]),
        fixed_kw=np.array([0.0, 3.0, 0.0, 0.0]),
        fixed_kvar=np.array([0.0, 1.0, 0.0, 0.0]),
        outcome=Outcome.CLEARED,
        quantity_kw=np.array([20.0, 6.0]),
        active=parts(energy=4.0, loss=[0.0, 0.5, 0.5, 0.4], voltage=0.25),
        reactive=parts(energy=0.0, loss=[0.0, 0.1, 0.1, 0.1]),
        limits=LimitTable(
            name=("line", "village.1"),
            kind=("flow", "voltage"),
            unit=("kW", "pu"),
            low=np.array([-20.0, 0.95]),
            high=np.array([20.0, 1.05]),
            value=np.array([17.0, 0.95]),
            worth=np.array([0.0, -250.0]),
        ),
        loss_kw=1.2,
        certificate=Certificate("test", {}),
    )


def test_parts_add_up_to_the_price_of_a_place(cleared):
    assert cleared.price_per_kwh.tolist() == [4.25, 4.75, 4.75, 4.65]
    assert cleared.price_per_kvarh.tolist() == [0.0, 0.1, 0.1, 0.1]


def test_an_order_pays_for_the_reactive_power_that_goes_with_its_power(cleared):
    # shop: 4.75 + 0.4 * 0.1; the roof delivers no reactive power
    assert cleared.order_price_per_kwh == pytest.approx([4.79, 4.75])
    # 20 * 4.79 - 6 * 4.75
    assert cleared.surplus_per_h == pytest.approx(67.3)


def test_net_demand_counts_those_who_sent_no_order(cleared):
    assert cleared.net_demand_kw.tolist() == [0.0, 23.0, -6.0, 0.0]
    assert cleared.net_demand_kvar == pytest.approx([0.0, 9.0, 0.0, 0.0])


def test_voltages_and_flows_are_those_of_the_linear_model_at_the_dispatch(cleared):
    # 13 kW more and 6 kW delivered, 5 kvar more: 0.98 - 0.007 - 0.01
    assert cleared.voltages_pu == pytest.approx([0.963])
    assert cleared.flows_kw == pytest.approx([10.5 + 1.1 * 7.0])


def test_tables_hold_one_row_for_each_order_place_and_limit(cleared):
    assert cleared.awards()["bus"] == ["village", "village"]
    assert cleared.awards()["side"] == ["bid", "offer"]
    prices = cleared.prices()
    assert list(prices) == [
        "place",
        "price_per_kwh",
        *(f"{part}_per_kwh" for part in PriceParts.__slots__),
        "price_per_kvarh",
        *(f"{part}_per_kvarh" for part in PriceParts.__slots__),
    ]
    assert len(prices["place"]) == 4
    assert cleared.limits.binding.tolist() == [1]
    assert cleared.limits.columns()["worth_per_h"].tolist() == [0.0, -250.0]
