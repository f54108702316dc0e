"""Rows as a matrix over places."""

import numpy as np
import pytest

from gridagora.markets import qp
from gridagora.markets.rows import MANY_ROWS, DenseRows


def dense(n_row=2, limit=4.0):
    return DenseRows(
        matrix=np.tile([[1.0, 2.0]], (n_row, 1)),
        offset=np.full(n_row, 0.5),
        low=np.full(n_row, -np.inf),
        high=np.full(n_row, limit),
        effect=np.ones(n_row),
        size=np.ones(n_row),
        weight=np.array([1.0, 1.25]),
        total=-0.5,
    )


def test_values_spreads_rows_and_columns():
    rows = dense()

    assert rows.value(np.array([1.0, -0.5])).tolist() == [0.5, 0.5]
    assert rows.spread(np.array([3.0, 0.5])).tolist() == [3.5, 7.0]
    assert rows.rows(np.array([1])).tolist() == [[1.0, 2.0]]
    assert rows.columns(np.array([1, 0])).tolist() == [[2.0, 1.0], [2.0, 1.0]]


def test_few_limits_are_all_taken_and_many_wait_until_they_break():
    few, many = dense(MANY_ROWS).first(), dense(MANY_ROWS + 1).first()

    assert (few[0].size, few[1]) == (MANY_ROWS, True)
    assert (many[0].size, many[1]) == (0, False)
    assert dense(MANY_ROWS + 1, np.inf).first()[1]


def test_the_program_keeps_balance_and_chosen_rows():
    # Variables: drawn at place 1, delivered at place 0; 0.2 firm at place 1.
    objective = qp.Program(
        curvature=np.zeros(2),
        linear=np.array([-1.0, 0.0]),
        least=np.zeros(2),
        most=np.ones(2) * 9,
        rows=np.zeros((0, 2)),
        row_least=np.zeros(0),
        row_most=np.zeros(0),
    )
    drawn = np.array([1, 0]), np.array([1.0, -1.0])
    program = dense().program(objective, drawn, np.array([0.0, 0.2]), np.array([1]))

    assert np.asarray(program.rows).tolist() == [[1.25, -1.0], [2.0, -1.0]]
    # Balance: 1.25 x - y = -0.5 - 1.25 * 0.2; row: 2 x - y <= 4 - 0.5 - 0.4.
    assert program.row_least == pytest.approx([-0.75, -np.inf])
    assert program.row_most == pytest.approx([-0.75, 3.1])
    energy, worth = dense().multipliers(np.array([7.0, 3.0]), np.array([1]))
    assert energy == 7.0
    assert worth.tolist() == [0.0, 3.0]
