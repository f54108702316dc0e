import numpy as np
import pytest

from gridagora.types.dispatch import Certificate, Dispatch, Outcome, Settlement
from gridagora.types.network import RadialNetwork
from gridagora.types.orders import Bid, CurveColumns, Offer


def dispatch():
    # Bus b takes 10 kW at 6, of which 4 come over the line (limit 4) at 5 per kWh and
    # 6 from the local offer: rent = 10*6 - 6*6 - 4*5 = 4 = 4 kW * (6 - 5).
    network = RadialNetwork.from_table(
        {"bus": ["a", "b"], "parent": [None, "a"], "limit_kw": [None, 4]}
    )
    orders = CurveColumns.of(
        [
            Bid.affine("load", "b", p_max=9, p_min=9, q_max=10, q_min=10),
            Offer.affine("feeder", "a", p_max=5, p_min=5, q_max=100),
            Offer.affine("local", "b", p_max=7, p_min=5, q_max=12),
        ],
        network,
    )
    return Dispatch(
        network=network,
        orders=orders,
        outcome=Outcome.CLEARED,
        quantity_kw=np.array([10.0, 4.0, 6.0]),
        price_per_kwh=np.array([5.0, 6.0]),
        flow_kw=np.array([4.0]),
        congestion_per_kwh=np.array([1.0]),
        certificate=Certificate("by hand", {"balance": 0.0}),
    )


def test_a_dispatch_adds_up_by_bus():
    result = dispatch()

    assert result.demand_kw.tolist() == [0.0, 10.0]
    assert result.supply_kw.tolist() == [4.0, 6.0]
    assert result.order_price_per_kwh.tolist() == [6.0, 5.0, 6.0]
    assert result.binding.tolist() == [1]


def test_the_rent_is_what_buyers_pay_beyond_what_sellers_get():
    assert dispatch().congestion_rent_per_h == pytest.approx(4.0)


def test_the_average_price_is_weighted_by_power():
    assert dispatch().average_price_per_kwh == pytest.approx(6.0)


def test_there_is_no_average_price_without_buyers():
    whole = dispatch()
    nothing = Dispatch(
        whole.network,
        whole.orders,
        Outcome.ONE_SIDED,
        np.zeros(3),
        whole.price_per_kwh,
        np.zeros(1),
        np.zeros(1),
        whole.certificate,
    )

    assert nothing.average_price_per_kwh is None


def test_tables_have_one_row_per_order_and_branch():
    awards, flows = dispatch().awards(), dispatch().flows()

    assert awards["bus"] == ["b", "a", "b"]
    assert awards["side"] == ["bid", "offer", "offer"]
    assert list(flows["branch"]) == ["a-b"]


def test_a_certificate_fails_on_a_residual_above_its_tolerance_or_on_nan():
    good = Certificate("m", {"balance": 1e-12, "limits": 1e-9})
    bad = Certificate("m", {"balance": 1e-12, "limits": 2e-9})
    unknown = Certificate("m", {"balance": float("nan"), "limits": 2e-9})

    assert good.passed
    assert not bad.passed
    assert not unknown.passed
    assert bad.worst == ("limits", 2e-9)
    assert unknown.worst[0] == "balance"
    assert Certificate("m", {}).worst == ("nothing", 0.0)


def test_a_settlement_sums_the_entries_of_an_account():
    settlement = Settlement(
        account=("load", "local", "load"),
        cause=("bid", "offer", "rent share"),
        energy_wh=np.array([10, -10, 0]),
        price_nano_per_wh=np.array([6, 6, 0]),
        money_nano=np.array([-60, 60, 3]),
    )

    assert settlement.balance("load") == (10, -57)
    assert settlement.balance("nobody") == (0, 0)
    assert list(settlement.entries()) == [
        "account",
        "cause",
        "energy_wh",
        "price_nano_per_wh",
        "money_nano",
    ]
