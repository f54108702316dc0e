"""The certificate measures every law of a clearing on a linear grid from scratch."""

from dataclasses import replace

import numpy as np
import pytest

from gridagora.markets.linear import clear_linear
from gridagora.markets.linear_laws import (
    conflict_certificate,
    delivery_places,
    linear_certificate,
)
from gridagora.types.grid_limits import GridLimits
from gridagora.types.linear_dispatch import LimitTable
from gridagora.types.orders import Bid, CurveColumns, Offer

LIMITS = GridLimits(voltage_pu=(0.95, 1.05))
LAWS = {
    "energy balance",
    "limits",
    "order bounds",
    "orders at their price",
    "price formula",
    "complementary slackness",
    "duality gap",
    "surplus",
    "record",
}


@pytest.fixture
def grid(make_grid):
    return make_grid(
        ["s", "b", "c", "b.1", "c.1"],
        [0, 1, 2, 1, 2],
        voltages=[
            ("b.1", 1.0, [0, -0.01, -0.01, -0.01, -0.01]),
            ("c.1", 0.99, [0, -0.01, -0.02, -0.01, -0.02], [0, -0.01, -0.03]),
        ],
        loss=(0.1, [0, 0.02, 0.05, 0.02, 0.05], [0, 0.01, 0.02]),
        demand_kw=[0.0, 1.0, 1.0],
        kvar_per_kw=[0.0, 0.0, 0.5],
    )


@pytest.fixture
def dispatch(grid):
    book: list[Bid | Offer] = [
        Offer.affine("import", "s", p_max=50, p_min=50, q_max=100),
        Bid.affine("town", "c", p_max=100, p_min=60, q_max=10),
        Bid.affine("mill", "b", p_max=90, p_min=40, q_max=2),
    ]
    return clear_linear(grid, CurveColumns.of(book, grid), LIMITS)


def broken(dispatch, limits=LIMITS):
    """Return the laws that a record breaks."""
    certificate = linear_certificate(dispatch, limits, mechanism="test")
    assert set(certificate.residual) == LAWS
    return {law for law, size in certificate.residual.items() if not size <= 1e-9}


def with_worth(dispatch, worth):
    table = dispatch.limits
    return replace(
        dispatch,
        limits=LimitTable(
            table.name,
            table.kind,
            table.unit,
            table.low,
            table.high,
            table.value,
            np.array(worth),
        ),
    )


def test_a_clearing_breaks_no_law_whatever_measures_the_rows(dispatch):
    assert dispatch.limits.binding.size == 1
    assert broken(dispatch) == set()
    assert dispatch.certificate.residual == pytest.approx(
        linear_certificate(dispatch, LIMITS, mechanism="test").residual, abs=1e-15
    )


def test_quantities_that_do_not_balance_are_found(dispatch):
    more = dispatch.quantity_kw + np.array([0.5, 0.0, 0.0])

    assert "energy balance" in broken(replace(dispatch, quantity_kw=more))


def test_limits_and_bounds_that_are_passed_are_found(dispatch):
    # 1 kW more at c lowers c.1 by 0.02 + 0.5 * 0.03 pu below its limit.
    beyond = dispatch.quantity_kw + np.array([1.06, 1.0, 0.0])
    found = broken(replace(dispatch, quantity_kw=beyond))

    assert {"limits", "orders at their price", "duality gap", "record"} <= found
    negative = dispatch.quantity_kw * np.array([1.0, 1.0, -1.0])
    assert "order bounds" in broken(replace(dispatch, quantity_kw=negative))


def test_prices_must_follow_the_formula_in_every_part(dispatch):
    for side in ("active", "reactive"):
        prices = getattr(dispatch, side)
        dearer = replace(prices, voltage=prices.voltage + np.eye(5)[4])
        assert broken(replace(dispatch, **{side: dearer})) >= {"price formula"}
    # Shifted between the parts the sum is right, but the energy price is one number.
    shifted = replace(
        dispatch.active,
        energy=dispatch.active.energy + np.eye(5)[1],
        loss=dispatch.active.loss - np.eye(5)[1],
    )
    assert broken(replace(dispatch, active=shifted)) == {"price formula"}


def test_worth_of_a_limit_that_does_not_bind_is_found(dispatch):
    table = dispatch.limits
    wrong = table.worth + np.array([1.0, 0.0])
    turned = -table.worth

    assert "complementary slackness" in broken(with_worth(dispatch, wrong))
    assert {"complementary slackness", "surplus"} <= broken(
        with_worth(dispatch, turned)
    )


def test_the_record_must_hold_what_was_asked_and_measured(dispatch):
    table = dispatch.limits
    other_value = replace(table, value=table.value + 1e-3)
    other_limit = replace(table, low=table.low - 1e-3)

    assert broken(replace(dispatch, limits=other_value)) == {"record"}
    assert broken(replace(dispatch, limits=other_limit)) == {"record"}
    assert broken(replace(dispatch, loss_kw=dispatch.loss_kw + 0.01)) == {"record"}
    assert broken(replace(dispatch, place=dispatch.place[::-1].copy())) == {"record"}
    assert "record" in broken(dispatch, GridLimits(voltage_pu=(0.94, 1.05)))


def test_numbers_that_are_not_finite_never_pass(dispatch):
    empty = dispatch.quantity_kw * np.nan

    assert broken(replace(dispatch, quantity_kw=empty)) >= {"order bounds", "limits"}
    assert broken(with_worth(dispatch, dispatch.limits.worth * np.nan)) >= {"surplus"}


def test_offers_at_buses_deliver_at_the_supply(make_grid):
    grid = make_grid(["s", "b", "b.supply", "b.1"], [0, 1, 1, 1], supply=[0, 2])
    book: list[Bid | Offer] = [
        Offer.affine("at bus", "b", p_max=1, p_min=1, q_max=1),
        Bid.affine("at bus", "b", p_max=1, p_min=1, q_max=1),
        Offer.affine("at terminal", "b.1", p_max=1, p_min=1, q_max=1),
        Offer.affine("at supply", "b.supply", p_max=1, p_min=1, q_max=1),
        Offer.affine("import", "s", p_max=1, p_min=1, q_max=1),
    ]
    orders = CurveColumns.of(book, grid)

    assert delivery_places(grid, orders).tolist() == [2, 1, 3, 2, 0]


def proof(grid, firm_kw, weights):
    book: list[Bid | Offer] = [
        Offer.affine("import", "s", p_max=50, p_min=50, q_max=100),
        Bid.affine("town", "b", p_max=90, p_min=90, q_max=20, q_min=firm_kw),
    ]
    fixed = np.zeros(5), np.zeros(5)
    certificate = conflict_certificate(
        grid, CurveColumns.of(book, grid), LIMITS, fixed, weights, mechanism="test"
    )
    return certificate.residual


def test_a_proof_holds_only_where_limits_are_short(grid):
    # b.1 stands at 1.02 - 0.01 P_b (1 at 2 kW drawn): 0.95 pu at 7 kW, with weight on
    # the lower limit of b.1 alone.
    lower = 0.0, np.array([-1.0, 0.0])

    assert proof(grid, 7.1, lower) == {"shortage": 0.0}
    assert proof(grid, 7.0, lower) == {"shortage": 1.0}
    assert proof(grid, 7.1, (0.0, np.array([1.0, 0.0]))) == {"shortage": 1.0}
    assert proof(grid, 7.1, (0.0, np.zeros(2))) == {"shortage": 1.0}
    # With 100 kW at most the balance alone is no obstacle to 7.1 kW.
    assert proof(grid, 7.1, (1.0, np.zeros(2))) == {"shortage": 1.0}
