"""Limits in conflict: as few as can be, by name and amount."""

import numpy as np
import pytest

from gridagora.errors import ClearingError
from gridagora.markets import qp
from gridagora.markets.conflicts import missing, smallest_conflict
from gridagora.markets.linear import clear_linear
from gridagora.types.dispatch import Outcome
from gridagora.types.grid_limits import GridLimits
from gridagora.types.orders import Bid, CurveColumns, Offer

IMPORT = Offer.affine("import", "s", p_max=50, p_min=50, q_max=100)


def load(bus, kw):
    return Bid.affine("load", bus, p_max=90, p_min=90, q_max=kw, q_min=kw)


def reason(grid, book, limits=None, **options):
    orders = CurveColumns.of(book, grid)
    dispatch = clear_linear(grid, orders, limits or GridLimits(), **options)
    assert dispatch.outcome is Outcome.INFEASIBLE
    assert dispatch.certificate.passed
    return dispatch.reason


def test_limits_in_conflict_are_told_with_what_each_could_be(make_grid):
    # Demand of 6 kW at c comes from s through the line (at most 2 kW) or from the plant at
    # b, which lifts the voltage of b to 1 + 0.02 * 4 = 1.08 pu. With 1.05 pu the plant
    # makes 2.5 kW and the line carries 3.5 kW.
    grid = make_grid(
        ["s", "b", "c", "b.1"],
        [0, 1, 2, 1],
        voltages=[("b.1", 1.0, [0, -0.02, 0, -0.02])],
        flows=[("s-b", 0.0, [0, 1, 1, 1]), ("b-c", 0.0, [0, 0, 1])],
        flow_limit_kw=[2.0, 50.0],
    )
    plant = Offer.affine("plant", "b", p_max=80, p_min=80, q_max=10)

    assert reason(grid, [IMPORT, plant, load("c", 6.0)]) == (
        "no dispatch keeps these 2 limits together, but lifting any one lets it keep the "
        "others: terminal 'b.1': at most 1.05 pu, at least 1.08 reachable; branch 's-b': "
        "at most 2 kW, at least 3.5 reachable."
    )


def test_of_two_reasons_one_is_enough(make_grid):
    # Both lines are short for 9 kW; one is lifted first, by name, and the other stays.
    grid = make_grid(
        ["s", "b"],
        [0, 1],
        flows=[("one", 0.0, [0, 1]), ("two", 0.0, [0, 1])],
        flow_limit_kw=[5.0, 4.0],
    )
    assert reason(grid, [IMPORT, load("b", 9.0)]) == (
        "no dispatch keeps this limit: branch 'two': at most 4 kW, at least 9 reachable."
    )


def test_flows_back_to_the_source_and_currents_are_told_as_such(make_grid):
    grid = make_grid(
        ["s", "b"],
        [0, 1],
        flows=[("s-b", 0.0, [0, 1])],
        flow_limit_kw=[5.0],
        currents=[("s-b.1", 0.0, [0, -2.0])],
        current_limit_a=[8.0],
    )
    wind = Offer.affine("wind", "b", p_max=0, p_min=0, q_max=6, q_min=6)
    export = Bid.affine("export", "s", p_max=1, p_min=1, q_max=100)

    assert reason(grid, [wind, export]) == (
        "no dispatch keeps this limit: branch 's-b': at least -5 kW, at most -6 reachable."
    )
    only = GridLimits(flows=False, currents=True)
    assert reason(grid, [wind, export], only) == (
        "no dispatch keeps this limit: line 's-b.1': at most 8 A, at least 12 reachable."
    )
    substation = GridLimits(flows=False, source_kw=4.0)
    assert reason(grid, [wind, export], substation) == (
        "no dispatch keeps this limit: the substation: at least -4 kW, at most -6 "
        "reachable."
    )


def test_a_lack_of_power_blames_no_limit(make_grid):
    # One kW at b takes 1.25 kW: 4 kW take 5, of which the source has 3.
    grid = make_grid(["s", "b"], [0, 1], loss=(0.0, [0, 0.25], []))
    small = Offer.affine("import", "s", p_max=50, p_min=50, q_max=3)
    wind = Offer.affine("wind", "s", p_max=0, p_min=0, q_max=6, q_min=6)

    assert reason(grid, [small, load("b", 4.0)]) == (
        "2 kW more firm demand than can be served in the whole grid."
    )
    assert reason(grid, [wind, load("b", 4.0)]) == (
        "1 kW more firm supply than can be taken up in the whole grid."
    )


def program(row_most):
    """Return: least x within [0, 1] for which -x <= row_most, slack bought at 1."""
    n = len(row_most)
    return qp.Program(
        curvature=np.zeros(1 + n),
        linear=np.append(0.0, np.ones(n)),
        least=np.zeros(1 + n),
        most=np.append(1.0, np.full(n, np.inf)),
        rows=np.column_stack([-np.ones(n), -np.eye(n)]),
        row_least=np.full(n, -np.inf),
        row_most=np.array(row_most),
    )


def test_rows_are_lifted_in_the_order_given():
    # x <= 1 meets none of x >= 3 and x >= 2; x >= 0.5 is no obstacle.
    for order, left in (([0, 1, 2], [1]), ([1, 0, 2], [0])):
        needed, rest, found = smallest_conflict(
            program([-3.0, -2.0, -0.5]), order, mechanism="test"
        )
        assert needed == left
        assert missing(rest, found) == pytest.approx([2.0, 1.0][left[0]])


def test_nothing_missing_is_no_conflict():
    with pytest.raises(ClearingError) as caught:
        smallest_conflict(program([-1.0]), [0], mechanism="test")

    assert str(caught.value) == (
        "test: one solver finds no dispatch and another finds one; firm power equals what "
        "the limits let pass up to rounding."
    )
