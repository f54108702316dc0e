"""Every solver behind the one door ends at the same exact optimum."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse

from gridagora.errors import ClearingError, UnknownNameError
from gridagora.markets import qp

# Two buyers of worth 4 - x and 3 each up to 2, one seller of cost 1 up to 3: the second
# buyer's level price 3 is met where 4 - x = 3, but 3 units are for sale, so
# x = (1, 2) and the unit is worth 3 (the second buyer, at its bound 2, sets none:
# 1 + 2 = 3 uses the seller up). Worth of the balance: between 3 (x) and 3 (bound): 3.
MARKET = qp.Program(
    curvature=np.array([1.0, 0.0, 0.0]),
    linear=np.array([-4.0, -3.0, 1.0]),
    least=np.zeros(3),
    most=np.array([2.0, 2.0, 3.0]),
    rows=np.array([[1.0, 1.0, -1.0]]),
    row_least=np.zeros(1),
    row_most=np.zeros(1),
)
# The same with two units of x at most on a further row and no curvature: an LP.
LINEAR = qp.Program(
    curvature=np.zeros(2),
    linear=np.array([-3.0, 1.0]),
    least=np.zeros(2),
    most=np.array([5.0, 4.0]),
    rows=np.array([[1.0, -1.0], [1.0, 0.0]]),
    row_least=np.array([0.0, -2.0]),
    row_most=np.array([0.0, 2.0]),
)


@pytest.mark.parametrize("solver", ["auto", "daqp", "piqp"])
def test_the_hand_worked_market_is_solved_exactly(solver):
    found = qp.solve(MARKET, solver=solver)

    assert found.feasible
    assert found.x == pytest.approx([1.0, 2.0, 3.0], abs=1e-9)
    assert found.row_dual == pytest.approx([3.0], abs=1e-9)
    assert found.bound_dual == pytest.approx([0.0, 0.0, 2.0], abs=1e-9)
    assert qp.kkt_residual(MARKET, found) < 1e-10


@pytest.mark.parametrize("solver", qp.SOLVERS)
def test_all_solvers_agree_on_a_linear_program(solver):
    # Buy at 1, worth 3, two at most by the row: its worth is 2, the balance's 1.
    found = qp.solve(LINEAR, solver=solver)

    assert found.x == pytest.approx([2.0, 2.0], abs=1e-9)
    assert found.row_dual == pytest.approx([1.0, 2.0], abs=1e-9)
    assert qp.kkt_residual(LINEAR, found) < 1e-10


@pytest.mark.parametrize("solver", qp.SOLVERS)
def test_a_contradiction_is_told_not_raised(solver):
    impossible = replace(
        LINEAR, row_least=np.array([0.0, 6.0]), row_most=np.array([0.0, np.inf])
    )

    assert not qp.solve(impossible, solver=solver).feasible


def test_equalities_that_follow_from_others_do_no_harm():
    row = np.array([[1.0, 1.0, -1.0]])
    doubled = replace(
        MARKET,
        rows=np.vstack([row, 2 * row]),
        row_least=np.zeros(2),
        row_most=np.zeros(2),
    )
    found = qp.solve(doubled, solver="daqp")

    assert found.x == pytest.approx([1.0, 2.0, 3.0], abs=1e-9)


def test_sparse_rows_and_fixed_variables_are_welcome():
    fixed = replace(
        MARKET,
        rows=sparse.csr_array(MARKET.rows),
        least=np.array([1.5, 0.0, 0.0]),
        most=np.array([1.5, 2.0, 3.0]),
    )
    for solver in ("daqp", "piqp"):
        found = qp.solve(fixed, solver=solver)
        assert found.x == pytest.approx([1.5, 1.5, 3.0], abs=1e-9), solver


def test_a_program_without_variables_is_feasible_if_zero_is():
    empty = qp.Program(
        curvature=np.zeros(0),
        linear=np.zeros(0),
        least=np.zeros(0),
        most=np.zeros(0),
        rows=np.zeros((1, 0)),
        row_least=np.array([-1.0]),
        row_most=np.array([1.0]),
    )
    assert qp.solve(empty).feasible
    assert not qp.solve(replace(empty, row_least=np.array([0.5]))).feasible


def test_a_rough_point_is_polished_to_the_exact_one():
    exact = qp.solve(MARKET, solver="daqp")
    noise = np.random.default_rng(3)
    rough = qp.Solution(
        feasible=True,
        x=exact.x + 1e-5 * noise.standard_normal(3),
        row_dual=exact.row_dual + 1e-5,
        bound_dual=exact.bound_dual,
    )
    assert qp.kkt_residual(MARKET, rough) > 1e-6
    polished, left = qp._refined(MARKET, rough)

    assert left < 1e-12
    assert polished.x == pytest.approx([1.0, 2.0, 3.0], abs=1e-11)


def test_a_misspelt_solver_is_told_the_names():
    with pytest.raises(UnknownNameError) as caught:
        qp.solve(MARKET, solver="dapq")

    assert str(caught.value) == (
        "no solver is called 'dapq'. Did you mean 'daqp'? "
        "Known: auto, daqp, highs, piqp."
    )


def test_a_solver_that_cannot_raises_with_the_residual():
    with pytest.raises(ClearingError) as caught:
        qp.solve(MARKET, solver="highs")

    assert str(caught.value) == (
        "no solution (highs): KKT residual inf, expected at most 1e-08, on 3 variables "
        "and 1 rows. Check the data for extreme ratios."
    )
