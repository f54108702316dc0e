"""Prices by parts: the mean over phases, and what comes on top."""

import numpy as np
import pytest

from gridagora.markets.linear_rows import keep_limits
from gridagora.markets.price_parts import no_prices, price_parts
from gridagora.types.grid_limits import GridLimits


def test_parts_are_means_over_terminals_and_the_rest_is_unbalance(make_grid):
    grid = make_grid(
        ["s", "b", "b.supply", "s.1", "b.1", "b.2"],
        [0, 1, 1, 0, 1, 1],
        voltages=[
            ("s.1", 1.0),
            ("b.1", 1.0, [0, -0.03, -0.01, 0, -0.04]),
            ("b.2", 1.0),
        ],
        flows=[("s-b", 1.0, [0, 1, 1, 0, 1, 1])],
        flow_limit_kw=[1.0],
        loss=(0.0, [0, 0.2, 0.1, 0, 0.3, 0.1], [0, 0.0, 0.0, 0, 0.4, 0.0]),
    )
    kept = keep_limits(grid, GridLimits())
    worth = np.array([7.0, 0.0, -1000.0, 0.0])  # the line and b.1
    active, reactive = price_parts(grid, kept, 10.0, worth)

    # At b.1 and b.2: losses 3 and 1, mean 2; the line 7 and 7; voltage 40 and 0, mean 20.
    assert active.energy.tolist() == [10.0] * 6
    assert active.loss == pytest.approx([0, 2, 2, 0, 2, 2])
    assert active.congestion == pytest.approx([0, 7, 7, 0, 7, 7])
    assert active.voltage == pytest.approx([0, 20, 20, 0, 20, 20])
    # b: 10 + 2 + 7 + 30 = 49 of 39; supply: 1 + 7 + 10 + 10 = 28; 60 and 18.
    assert active.total == pytest.approx([10, 49, 28, 10, 60, 18])
    assert active.unbalance == pytest.approx([0, 10, -11, 0, 21, -21])
    assert reactive.energy.tolist() == [0.0] * 6
    assert reactive.loss == pytest.approx([0, 2, 2, 0, 2, 2])
    assert reactive.total == pytest.approx([0, 0, 0, 0, 4, 0])


def test_a_bus_of_one_phase_has_its_own_parts(make_grid):
    grid = make_grid(
        ["s", "b", "c", "b.1"],
        [0, 1, 2, 1],
        voltages=[("b.1", 1.0, [0, -0.01, 0, -0.02])],
        loss=(0.0, [0, 0.1, 0.3, 0.2], []),
    )
    active, _ = price_parts(
        grid, keep_limits(grid, GridLimits()), 10.0, np.array([-500.0])
    )

    assert not active.unbalance.any()
    assert active.loss == pytest.approx([0, 1, 3, 2])
    assert active.voltage == pytest.approx([0, 5, 0, 10])


def test_no_prices_are_not_a_number():
    assert np.isnan(no_prices(3).total).all()
    assert no_prices(3).total.shape == (3,)
