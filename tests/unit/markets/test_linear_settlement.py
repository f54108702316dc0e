"""Money with losses: every order at its price, what is left split by its cause."""

from dataclasses import replace

import numpy as np
import pytest

from gridagora.errors import CertificateError, ClearingError
from gridagora.markets.laws import settlement_certificate
from gridagora.markets.linear_settlement import settle_linear
from gridagora.types.dispatch import Certificate, Outcome


def entries(settlement):
    return {
        (account, cause): (int(energy), int(price), int(money))
        for account, cause, energy, price, money in zip(
            settlement.account,
            settlement.cause,
            settlement.energy_wh,
            settlement.price_nano_per_wh,
            settlement.money_nano,
            strict=True,
        )
    }


NANO = 10**9


def test_every_entry_of_a_clearing_worked_out_by_hand(cleared):
    # Prices: shop 11.55 + 0.5 * 0.4, roof 11.4, grid 10; others 11.55 and 0.4 a kvarh.
    # 1 currency/kWh is 1e6 units of 1e-9 currency/Wh.
    found = entries(settle_linear(cleared))

    assert found == {
        ("shop", "bid"): (20_000, 11_750_000, -235 * NANO),
        ("roof", "offer"): (-6_000, 11_400_000, 68_400_000_000),
        ("grid", "offer"): (-17_500, 10_000_000, 175 * NANO),
        ("others", "fixed demand"): (3_000, 11_550_000, -34_650_000_000),
        ("operator", "losses"): (500, 0, 0),
        ("others", "reactive demand"): (0, 0, -400_000_000),
        ("operator", "loss surplus"): (0, 0, 5_200_000_000),
        ("operator", "congestion rent"): (0, 0, 13_600_000_000),
        ("operator", "voltage rent"): (0, 0, 7_850_000_000),
    }


def test_energy_and_money_sum_to_zero_in_whole_units(cleared):
    # A third of an hour and prices with more digits than units have.
    active = replace(cleared.active, energy=np.full(4, 10.0 + 1 / 3e7))
    settlement = settle_linear(replace(cleared, active=active), interval_hours=1 / 3)

    assert settlement_certificate(settlement).passed
    assert int(settlement.energy_wh.sum()) == 0
    assert int(settlement.money_nano.sum()) == 0
    rounding = entries(settlement)[("market", "rounding")]
    # at most 1e-9 currency per Wh and 1 Wh per entry at the largest price
    assert 0 < abs(rounding[2]) <= 15_667 + 5 * 11_750_001


def test_lossless_clearings_without_limits_have_no_further_entries(cleared):
    flat = np.zeros((1, 4))
    grid = replace(
        cleared.grid,
        kvar_per_kw=np.zeros(4),
        loss=replace(cleared.grid.loss, per_kw=flat, per_kvar=flat),
    )
    nothing = np.zeros(4)
    parts = replace(
        cleared.active,
        loss=nothing,
        congestion=nothing,
        voltage=nothing,
        unbalance=nothing,
    )
    settlement = settle_linear(
        replace(
            cleared,
            grid=grid,
            fixed_kw=nothing,
            fixed_kvar=nothing,
            quantity_kw=np.array([20.0, 6.0, 14.0]),
            active=parts,
            reactive=replace(parts, energy=nothing),
            limits=replace(cleared.limits, worth=np.zeros(3)),
            loss_kw=0.0,
        )
    )

    assert settlement.cause == ("bid", "offer", "offer")
    assert settlement.price_nano_per_wh.tolist() == [10_000_000] * 3


def test_fixed_supply_and_negative_losses_are_delivered_energy(cleared):
    # The linear model may lose less than nothing far from its point; 1 kW of others'
    # supply: 20 = 6 + 12.9 + 1 + 0.1.
    settlement = settle_linear(
        replace(
            cleared,
            fixed_kw=np.array([0.0, 0.0, -1.0, 0.0]),
            quantity_kw=np.array([20.0, 6.0, 12.9]),
            loss_kw=-0.1,
        )
    )

    found = entries(settlement)
    assert found[("others", "fixed demand")] == (-1_000, 11_400_000, 11_400_000_000)
    assert found[("operator", "losses")] == (-100, 0, 0)


def test_without_a_dispatch_nothing_is_owed(cleared):
    nan = np.full(4, np.nan)
    parts = replace(
        cleared.active,
        **dict.fromkeys(("energy", "loss", "congestion", "voltage", "unbalance"), nan),
    )
    settlement = settle_linear(
        replace(
            cleared,
            outcome=Outcome.INFEASIBLE,
            quantity_kw=np.zeros(3),
            active=parts,
            reactive=parts,
            limits=replace(cleared.limits, worth=np.zeros(3)),
        )
    )

    assert settlement.account == ("shop", "roof", "grid")
    assert not settlement.energy_wh.any()
    assert not settlement.money_nano.any()


def test_a_dispatch_that_broke_a_law_is_not_settled(cleared):
    broken = Certificate("linear clearing", {"energy balance": 1e-3})

    with pytest.raises(CertificateError, match="breaks energy balance"):
        settle_linear(replace(cleared, certificate=broken))


def test_sides_that_differ_by_more_than_rounding_are_refused(cleared):
    with pytest.raises(CertificateError, match="breaks energy"):
        settle_linear(replace(cleared, loss_kw=0.7))


def test_powers_beyond_whole_units_are_refused(cleared):
    with pytest.raises(ClearingError, match="use larger units"):
        settle_linear(replace(cleared, quantity_kw=np.array([2e6, 6.0, 2e6])))
