"""One row for each account and role, exact sums."""

import numpy as np

from gridagora.markets.bills import bills
from gridagora.markets.demand_response import CHARGE, PAYMENT
from gridagora.types.dispatch import Settlement

NANO = 1_000_000_000
SETTLED = Settlement(
    account=("t", "mill", "mill", "mill", "home", "mill", "operator"),
    cause=("offer", "bid", "offer", PAYMENT, "bid", CHARGE, "congestion rent"),
    energy_wh=np.array([-3000, 2000, -500, 0, 1500, 0, 0]),
    price_nano_per_wh=np.array([NANO // 1000, NANO // 500, NANO // 500, 0, 0, 0, 0]),
    money_nano=np.array([3, -4, 1, 6, 0, -7, 1]) * NANO,
)


def test_a_prosumer_has_a_row_for_each_role():
    table = bills(SETTLED)

    assert list(zip(table["role"], table["account"], strict=True)) == [
        ("congestion rent", "operator"),
        ("consumer", "home"),
        ("consumer", "mill"),
        ("demand-response provider", "mill"),
        ("producer", "mill"),
        ("producer", "t"),
    ]
    assert list(table["energy_kwh"]) == [0.0, 1.5, 2.0, 0.0, -0.5, -3.0]
    assert list(table["money"]) == [1.0, 0.0, -11.0, 6.0, 1.0, 3.0]


def test_named_accounts_keep_the_role_they_are_given():
    table = bills(SETTLED, {"t": "transmission grid", "operator": "operator"})
    roles = dict(zip(table["account"], table["role"], strict=True))

    assert roles["t"] == "transmission grid"
    assert roles["operator"] == "operator"
    assert roles["home"] == "consumer"


def test_sums_stay_exactly_zero():
    table = bills(SETTLED)

    assert int(np.sum(table["energy_wh"])) == int(SETTLED.energy_wh.sum()) == 0
    assert int(np.sum(table["money_nano"])) == int(SETTLED.money_nano.sum()) == 0


def test_a_settlement_without_entries_has_no_bills():
    none = np.zeros(0, dtype=np.int64)
    table = bills(Settlement((), (), none, none, none))

    assert table["account"] == []
    assert len(table["money"]) == 0
