"""Each limit's part of prices, and of the money that all pay beyond what all get."""

from dataclasses import replace

import numpy as np
import pytest

from gridagora.markets.limit_shares import LimitShares, loss_surplus_per_h, prices_on


def test_each_limit_that_binds_has_its_part_of_both_prices(cleared):
    shares = LimitShares.of(cleared)

    assert shares.row.tolist() == [0, 1]
    assert shares.per_kwh == pytest.approx(
        np.array([[0.0, 0.8, 0.8, 0.8], [0.0, 0.25, 0.2, 0.5]])
    )
    assert shares.per_kvarh == pytest.approx(
        np.array([[0.0, 0.0, 0.0, 0.0], [0.0, 0.3, 0.0, 0.0]])
    )


def test_rents_and_loss_surplus_are_all_that_is_paid_beyond_what_is_got(cleared):
    # 17 kW through the street at 0.8; 23 kW at 0.25, -6 kW at 0.2, 11 kvar at 0.3
    assert LimitShares.of(cleared).rent_per_h == pytest.approx([13.6, 7.85])
    # 23 * 0.05 - 6 * 0.04 + 11 * 0.01 = 1.02 kW are paid for, 0.5 are lost, at 10
    assert loss_surplus_per_h(cleared) == pytest.approx(5.2)
    # the shop pays 20 * 11.75, others 3 * 11.55 + 0.4; roof and grid get 68.4 and 175
    paid = 235.0 + 34.65 + 0.4 - 68.4 - 175.0
    assert pytest.approx(paid) == 13.6 + 7.85 + 5.2


def test_the_substation_carries_all_demand_beyond_the_source_and_the_losses(cleared):
    full = replace(cleared.limits, worth=np.array([0.0, 0.0, 2.0]))
    shares = LimitShares.of(replace(cleared, limits=full))

    assert shares.per_kwh == pytest.approx(np.array([[0.0, 2.1, 2.08, 2.12]]))
    assert shares.per_kvarh == pytest.approx(np.array([[0.0, 0.02, 0.0, 0.0]]))
    # 17 kW of demand and 1.02 kW, which the straight line takes for its losses
    assert shares.rent_per_h == pytest.approx([2 * 18.02])


def test_currents_and_flows_after_an_outage_are_looked_up_like_flows(cleared):
    limits = replace(
        cleared.limits,
        name=("street", "street.1", "substation"),
        kind=("outage", "current", "substation"),
        worth=np.array([1.0, 3.0, 0.0]),
    )
    shares = LimitShares.of(replace(cleared, limits=limits))

    assert shares.per_kwh[0].tolist() == [0.0, 1.0, 1.0, 1.0]
    assert shares.per_kwh[1].tolist() == [0.0, 0.0, 0.0, 0.0]


def test_prices_on_the_same_model_are_the_prices(cleared):
    per_kwh, per_kvarh = prices_on(cleared, cleared.grid)

    assert per_kwh == pytest.approx(cleared.price_per_kwh)
    assert per_kvarh == pytest.approx(cleared.price_per_kvarh)


def test_without_a_dispatch_no_limit_has_a_share(cleared):
    nobody = replace(cleared.limits, worth=np.zeros(3))

    assert LimitShares.of(replace(cleared, limits=nobody)).row.size == 0
