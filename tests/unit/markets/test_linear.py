"""Hand-worked clearings with losses, voltages and reactive power."""

import numpy as np
import pytest

from gridagora.errors import InvalidOrderError, UnknownNameError
from gridagora.markets.laws import permuted
from gridagora.markets.linear import clear_linear
from gridagora.types.dispatch import Outcome
from gridagora.types.grid_limits import GridLimits
from gridagora.types.orders import Bid, CurveColumns, Offer

IMPORT = Offer.affine("import", "s", p_max=50, p_min=50, q_max=100)
FREE = GridLimits(voltage_pu=None)


def inelastic(bus, kw, price=200):
    return Bid.affine("load", bus, p_max=price, p_min=price, q_max=kw, q_min=kw)


def clear(grid, book, limits=FREE, **options):
    return clear_linear(grid, CurveColumns.of(book, grid), limits, **options)


def test_losses_make_power_dearer_where_it_arrives(make_grid):
    # Losses of 0.01 P^2 around 5 kW: 0.25 kW, and 0.1 kW for one more. The source sells
    # 5.25 kW at 50; one more kWh at b takes 1.1 kWh: 55. What b pays beyond what the
    # source gets, 275 - 262.5 = 12.5, is what the losses cost (energy * losses).
    grid = make_grid(
        ["s", "b"], [0, 1], demand_kw=[0.0, 5.0], loss=(0.25, [0.0, 0.1], [0.0, 0.02])
    )
    dispatch = clear(grid, [IMPORT, inelastic("b", 5.0)])

    assert dispatch.outcome is Outcome.CLEARED
    assert dispatch.quantity_kw == pytest.approx([5.25, 5.0])
    assert dispatch.loss_kw == pytest.approx(0.25)
    assert dispatch.price_per_kwh == pytest.approx([50.0, 55.0])
    assert dispatch.active.energy == pytest.approx([50.0, 50.0])
    assert dispatch.active.loss == pytest.approx([0.0, 5.0])
    assert dispatch.price_per_kvarh == pytest.approx([0.0, 1.0])
    assert dispatch.surplus_per_h == pytest.approx(12.5)
    assert dispatch.certificate.passed


VOLTAGE = [("b.1", 1.0, [0.0, -0.01, -0.01], [0.0, -0.02, -0.02])]


def test_a_voltage_limit_makes_local_power_worth_its_price(make_grid):
    # b stands at 1 - 0.01 P: at 0.95 pu it takes 5 kW from the source, the plant at b
    # adds 3 kW at 80. The price at b is 80 = 50 + 30, all of it voltage. One pu less of
    # the limit would let 100 kW more through, each saving 30: worth 3000 per pu, negative
    # at a lower limit. A kvar costs twice the voltage of a kW: 60.
    grid = make_grid(["s", "b", "b.1"], [0, 1, 1], voltages=VOLTAGE)
    plant = Offer.affine("plant", "b", p_max=80, p_min=80, q_max=10)
    limits = GridLimits(voltage_pu=(0.95, 1.05))
    dispatch = clear(grid, [IMPORT, plant, inelastic("b", 8.0)], limits)

    assert dispatch.quantity_kw == pytest.approx([5.0, 3.0, 8.0])
    assert dispatch.price_per_kwh == pytest.approx([50.0, 80.0, 80.0])
    assert dispatch.active.voltage == pytest.approx([0.0, 30.0, 30.0])
    assert dispatch.price_per_kvarh == pytest.approx([0.0, 60.0, 60.0])
    assert dispatch.reactive.voltage == pytest.approx([0.0, 60.0, 60.0])
    assert dispatch.limits.name == ("b.1",)
    assert dispatch.limits.worth == pytest.approx([-3000.0])
    assert dispatch.limits.value == pytest.approx([0.95])
    assert dispatch.limits.columns()["unit"] == ("pu",)


def test_orders_pay_for_the_reactive_power_that_comes_with_theirs(make_grid):
    # Demand at b draws 0.5 kvar per kW: each kW lowers the voltage by 0.01 + 0.01 pu, so
    # that 2.5 kW fit. The bid falls from 100 by 4 per kW: at 2.5 kW it is 90, which is
    # what it pays: 50 for energy and 40 for voltage, 20 of it for reactive power. The
    # limit is worth 40 / 0.02 = 2000 per pu.
    grid = make_grid(
        ["s", "b", "b.1"], [0, 1, 1], voltages=VOLTAGE, kvar_per_kw=[0.0, 0.5]
    )
    town = Bid.affine("town", "b", p_max=100, p_min=60, q_max=10)
    dispatch = clear(grid, [IMPORT, town], GridLimits(voltage_pu=(0.95, 1.05)))

    assert dispatch.quantity_kw == pytest.approx([2.5, 2.5])
    assert dispatch.order_price_per_kwh == pytest.approx([50.0, 90.0])
    assert dispatch.price_per_kwh == pytest.approx([50.0, 70.0, 70.0])
    assert dispatch.price_per_kvarh == pytest.approx([0.0, 40.0, 40.0])
    assert dispatch.net_demand_kvar == pytest.approx([0.0, 1.25, 0.0])
    assert dispatch.limits.worth == pytest.approx([-2000.0])


def test_offers_deliver_at_the_supply_of_their_bus(make_grid):
    # Generators at b raise the voltage by 0.02 pu per kW, demand lowers it by 0.01 pu:
    # 1.04 - 0.01 + 0.02 g is 1.05 pu at g = 1 kW, which serves b. The price at the supply
    # is the plant's own, 20; the limit is worth 30 / 0.02 = 1500 per pu, and demand at b,
    # which holds the voltage down, pays 50 - 15 = 35.
    grid = make_grid(
        ["s", "b", "b.supply", "b.1"],
        [0, 1, 1, 1],
        voltages=[("b.1", 1.04, [0.0, -0.01, -0.02, -0.01], [])],
        supply=[0, 2],
    )
    plant = Offer.affine("plant", "b", p_max=20, p_min=20, q_max=10)
    book = [IMPORT, plant, inelastic("b", 1.0), inelastic("s", 5.0)]
    dispatch = clear(grid, book, GridLimits())

    assert dispatch.place.tolist() == [0, 2, 1, 0]
    assert dispatch.quantity_kw == pytest.approx([5.0, 1.0, 1.0, 5.0])
    assert dispatch.price_per_kwh == pytest.approx([50.0, 35.0, 20.0, 35.0])
    assert dispatch.limits.worth == pytest.approx([1500.0])


def test_the_substation_limits_what_enters_the_feeder(make_grid):
    # Demand of 5 kW at b and losses of 0.25 kW may not all come through the substation:
    # 4.15 kW may. One kW less at b lets in 1.1 kW less: the plant makes 1 kW. Prices at
    # b: 80 = 1.1 * 50 + 1.1 * worth, worth 250 / 11. Demand at the source stays outside.
    grid = make_grid(
        ["s", "b"], [0, 1], demand_kw=[0.0, 5.0], loss=(0.25, [0.0, 0.1], [])
    )
    plant = Offer.affine("plant", "b", p_max=80, p_min=80, q_max=10)
    book = [IMPORT, plant, inelastic("b", 5.0), inelastic("s", 7.0)]
    dispatch = clear(grid, book, GridLimits(voltage_pu=None, source_kw=4.15))

    assert dispatch.quantity_kw == pytest.approx([11.15, 1.0, 5.0, 7.0])
    assert dispatch.price_per_kwh == pytest.approx([50.0, 80.0])
    assert dispatch.active.loss == pytest.approx([0.0, 5.0])
    assert dispatch.active.congestion == pytest.approx([0.0, 25.0])
    assert dispatch.limits.kind == ("substation",)
    assert dispatch.limits.worth == pytest.approx([250 / 11])


def test_phases_that_differ_have_prices_that_differ(make_grid):
    # Phase 1 falls by 0.02 pu per kW on it, phase 2 by 0.01. Loads of b are all on
    # phase 1: 2.5 kW to 0.95 pu, the rest of 4 kW from a plant at 80 on the same phase.
    # Worth 30 / 0.02 = 1500 per pu. The mean over phases is 30 / 2 (phase 2 moves
    # nothing that binds): b pays 15 more for its unbalance, b.2 15 less.
    grid = make_grid(
        ["s", "b", "b.1", "b.2"],
        [0, 1, 1, 1],
        voltages=[
            ("b.1", 1.0, [0.0, -0.02, -0.02, 0.0], []),
            ("b.2", 1.0, [0.0, 0.0, 0.0, -0.01], []),
        ],
    )
    plant = Offer.affine("plant", "b", p_max=80, p_min=80, q_max=10)
    dispatch = clear(grid, [IMPORT, plant, inelastic("b", 4.0)], GridLimits())

    assert dispatch.price_per_kwh == pytest.approx([50.0, 80.0, 80.0, 50.0])
    assert dispatch.active.voltage == pytest.approx([0.0, 15.0, 15.0, 15.0])
    assert dispatch.active.unbalance == pytest.approx([0.0, 15.0, 15.0, -15.0])
    assert dispatch.limits.worth == pytest.approx([-1500.0, 0.0])


def test_demand_of_the_operating_point_is_fixed_where_nobody_orders(make_grid):
    grid = make_grid(
        ["s", "b", "c"],
        [0, 1, 2],
        demand_kw=[1.0, 5.0, 3.0],
        demand_kvar=[0.0, 2.0, 1.0],
    )
    dispatch = clear(grid, [IMPORT, inelastic("b", 2.0)])

    assert dispatch.fixed_kw.tolist() == [0.0, 0.0, 3.0]
    assert dispatch.fixed_kvar.tolist() == [0.0, 0.0, 1.0]
    assert dispatch.quantity_kw == pytest.approx([5.0, 2.0])
    assert dispatch.net_demand_kw == pytest.approx([-5.0, 2.0, 3.0])


def test_fixed_demand_can_be_given(make_grid):
    grid = make_grid(["s", "b"], [0, 1], demand_kw=[0.0, 5.0])
    given = {"fixed_kw": np.array([0.0, 4.0]), "fixed_kvar": np.zeros(2)}

    assert clear(grid, [IMPORT], **given).quantity_kw == pytest.approx([4.0])


def test_tied_offers_share_in_proportion_to_size(make_grid):
    # Two plants at b of 2 and 6 kW at 40, below the source's 50: 4 kW of demand.
    grid = make_grid(["s", "b"], [0, 1], loss=(0.0, [0.0, 0.1], []))
    book = [
        IMPORT,
        Offer.affine("one", "b", p_max=40, p_min=40, q_max=2),
        Offer.affine("two", "b", p_max=40, p_min=40, q_max=6),
        inelastic("b", 4.0),
    ]
    dispatch = clear(grid, book)

    assert dispatch.quantity_kw == pytest.approx([0.0, 1.0, 3.0, 4.0], abs=1e-9)
    again = clear_linear(grid, permuted(dispatch.orders, [3, 1, 0, 2]), FREE)
    assert again.quantity_kw == pytest.approx([4.0, 1.0, 0.0, 3.0], abs=1e-9)


def test_an_open_energy_price_is_the_middle_of_its_interval(make_grid):
    # 5 kW sold out at 40 serve 5 kW worth 70 at b, where a kWh counts 1.25 times: the
    # energy price is from 40 to 70 / 1.25 = 56, the middle 48; 60 at b.
    grid = make_grid(["s", "b"], [0, 1], loss=(0.0, [0.0, 0.25], []))
    book = [
        Offer.affine("import", "s", p_max=40, p_min=40, q_max=5),
        Bid.affine("town", "b", p_max=70, p_min=70, q_max=4),
    ]
    dispatch = clear(grid, book)

    assert dispatch.quantity_kw == pytest.approx([5.0, 4.0])
    assert dispatch.price_per_kwh == pytest.approx([48.0, 60.0])


def test_limits_that_bind_together_share_a_price_by_the_declared_rule(make_grid):
    # 4 kW at b bring both limits there; the plant at 80 sets the price, 30 above the
    # source. Flows: one + 0.5 two = 30 with the least sum of squares: 24 and 12.
    lines = make_grid(
        ["s", "b"],
        [0, 1],
        flows=[("one", 0.0, [0, 1.0]), ("two", 0.0, [0, 0.5])],
        flow_limit_kw=[4.0, 2.0],
    )
    plant = Offer.affine("plant", "b", p_max=80, p_min=80, q_max=10)
    book = [IMPORT, plant, inelastic("b", 6.0)]
    dispatch = clear(lines, book)
    assert dispatch.price_per_kwh == pytest.approx([50.0, 80.0])
    assert dispatch.limits.worth == pytest.approx([24.0, 12.0])

    # Voltages count by the price they make: 15 each, 1500 and 750 per pu.
    phases = make_grid(
        ["s", "b", "b.1", "b.2"],
        [0, 1, 1, 1],
        voltages=[("b.1", 0.99, [0.0, -0.01]), ("b.2", 1.03, [0.0, -0.02])],
    )
    dispatch = clear(phases, book, GridLimits())
    assert dispatch.price_per_kwh[:2] == pytest.approx([50.0, 80.0])
    assert dispatch.limits.worth == pytest.approx([-1500.0, -750.0])


def test_one_sided_and_empty_books_say_so(make_grid):
    grid = make_grid(["s", "b"], [0, 1])
    buyers = clear(grid, [Bid.affine("town", "b", p_max=4, p_min=2, q_max=5)])
    nobody = clear(grid, [])

    assert buyers.outcome is Outcome.ONE_SIDED
    assert buyers.price_per_kwh == pytest.approx([4.0, 4.0])
    assert nobody.outcome is Outcome.EMPTY
    assert np.isnan(nobody.price_per_kwh).all()
    assert np.isnan(nobody.active.voltage).all()


def test_limits_out_of_reach_are_told_with_how_far(make_grid):
    # 1 - 0.01 * 8 = 0.92 with no power from the plant, 0.93 with all of its 1 kW.
    grid = make_grid(["s", "b", "b.1"], [0, 1, 1], voltages=VOLTAGE)
    plant = Offer.affine("plant", "b", p_max=80, p_min=80, q_max=1)
    dispatch = clear(grid, [IMPORT, plant, inelastic("b", 8.0)], GridLimits())

    assert dispatch.outcome is Outcome.INFEASIBLE
    assert dispatch.reason == (
        "no dispatch keeps this limit: terminal 'b.1': at least 0.95 pu, at most 0.93 "
        "reachable."
    )
    assert dispatch.certificate.residual == {"shortage": 0.0}
    assert not dispatch.quantity_kw.any()
    assert np.isnan(dispatch.price_per_kwh).all()
    assert np.isnan(dispatch.loss_kw)


def test_a_limit_that_no_order_moves_is_kept_or_breaks_the_clearing(make_grid):
    # Nothing is drawn at b but fixed demand: 1 - 0.01 * 3 = 0.97.
    grid = make_grid(["s", "b", "b.1"], [0, 1, 1], voltages=VOLTAGE)
    fixed = {"fixed_kw": np.array([0.0, 3.0, 0.0]), "fixed_kvar": np.zeros(3)}
    kept = clear(grid, [IMPORT], GridLimits(), **fixed)
    broken = clear(grid, [IMPORT], GridLimits(voltage_pu=(0.98, 1.05)), **fixed)

    assert kept.quantity_kw == pytest.approx([3.0])
    assert kept.limits.value == pytest.approx([0.97])
    assert broken.outcome is Outcome.INFEASIBLE
    assert broken.reason.endswith("at least 0.98 pu, at most 0.97 reachable.")


def test_orders_at_places_that_are_not_there_are_refused(make_grid):
    grid = make_grid(["s", "b"], [0, 1])
    orders = CurveColumns.affine(
        ["town", "mill"],
        np.array([2, -1]),
        np.array([True, True]),
        p_max=np.ones(2),
        p_min=np.ones(2),
        q_max=np.ones(2),
        q_min=np.zeros(2),
    )
    with pytest.raises(InvalidOrderError) as caught:
        clear_linear(grid, orders)

    assert str(caught.value) == (
        "orders: order of 'town' is at place 2, expected 0 to 1; build the columns with "
        "this grid. order of 'mill' is at place -1, expected 0 to 1; build the columns "
        "with this grid."
    )


def test_fixed_demand_of_another_grid_is_refused(make_grid):
    grid = make_grid(["s", "b"], [0, 1])
    with pytest.raises(InvalidOrderError) as caught:
        clear(grid, [IMPORT], fixed_kw=np.zeros(3))

    assert str(caught.value) == (
        "fixed_kw: its shape is (3,), expected (2,): one finite number for each place of "
        "the grid."
    )
    with pytest.raises(InvalidOrderError):
        clear(grid, [IMPORT], fixed_kvar=np.array([0.0, np.nan]))


def test_a_misspelt_solver_is_refused(make_grid):
    with pytest.raises(UnknownNameError):
        clear(make_grid(["s"], [0]), [IMPORT], solver="glpk")
