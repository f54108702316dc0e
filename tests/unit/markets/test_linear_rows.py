"""Which limits count, and their rows."""

from dataclasses import replace

import numpy as np
import pytest

from gridagora.errors import UnknownNameError
from gridagora.markets.linear_rows import dense_rows, keep_limits, row_sizes
from gridagora.markets.pieces import Pieces
from gridagora.types.grid_limits import GridLimits
from gridagora.types.orders import Bid, CurveColumns

FREE = GridLimits(voltage_pu=None, flows=False)


@pytest.fixture
def grid(make_grid):
    return make_grid(
        ["s", "b", "c", "b.supply", "s.1", "b.1", "b.2", "c.1"],
        [0, 1, 2, 1, 0, 1, 1, 2],
        voltages=[
            ("s.1", 1.02),
            ("b.1", 1.0, [0, -0.01], [0, -0.03]),
            ("b.2", 0.99, [0, -0.02]),
            ("c.1", 0.98, [0, 0, -0.04]),
        ],
        flows=[
            ("s-b", 7.0, [0, 1, 1]),
            ("b-c", 2.0, [0, 0, 1], [0, 0, 0.1]),
            ("b-c after loss of x", 2.0, [0, 0, 1]),
        ],
        flow_limit_kw=[9.0, np.inf, 4.0],
        currents=[("s-b.1", 30.0, [0, 3.0, 3.0]), ("b-c.1", 0.0)],
        current_limit_a=[40.0, 0.0],
        loss=(0.5, [0, 0.1, 0.2], [0, 0.01, 0.02]),
        demand_kw=[4.0, 5.0, 2.0],
        demand_kvar=[0.0, 1.0, 1.0],
        kvar_per_kw=[0.0, 0.5],
    )


def test_rated_flows_and_voltages_are_kept_unless_told_otherwise(grid):
    kept = keep_limits(grid, GridLimits())

    assert kept.name == ("s-b", "b-c after loss of x", "s.1", "b.1", "b.2", "c.1")
    assert kept.kind == ("flow", "outage", *["voltage"] * 4)
    assert kept.unit == ("kW", "kW", *["pu"] * 4)
    assert kept.low.tolist() == [-9.0, -4.0, *[0.95] * 4]
    assert kept.high.tolist() == [9.0, 4.0, *[1.05] * 4]
    assert kept.operating.tolist() == [7.0, 2.0, 1.02, 1.0, 0.99, 0.98]
    assert kept.is_power.tolist() == [True, True, *[False] * 4]
    assert kept.is_voltage.tolist() == [False, False, *[True] * 4]


def test_every_limit_can_be_left_out(grid):
    kept = keep_limits(grid, FREE)

    assert kept.name == ()
    assert kept.value(np.ones(8), np.ones(8)).size == 0
    assert kept.columns(np.array([1]), np.array([0.5])).shape == (0, 1)
    assert [part.tolist() for part in kept.spread(np.zeros(0))] == [[0.0] * 8] * 2


def test_currents_have_an_upper_limit_and_the_substation_one_each_way(grid):
    kept = keep_limits(grid, replace(FREE, currents=True, source_kw=6.0))

    assert kept.name == ("s-b.1", "b-c.1", "substation")
    assert kept.kind == ("current", "current", "substation")
    assert kept.low.tolist() == [-np.inf, -np.inf, -6.0]
    assert kept.high.tolist() == [40.0, 0.0, 6.0]
    # 5 + 2 kW beyond the source and 0.5 kW of losses; one kW at c brings 1.2 kW.
    assert kept.operating[2] == pytest.approx(7.5)
    assert kept.columns(np.array([0, 1, 2]), np.zeros(3))[2] == pytest.approx(
        [0.0, 1.1, 1.2]
    )


def test_single_flows_have_other_limits_by_name(grid):
    limits = replace(FREE, flow_kw={"b-c": 3.0, "b-c after loss of x": 5.0})
    kept = keep_limits(grid, limits)

    assert kept.name == ("b-c", "b-c after loss of x")
    assert kept.high.tolist() == [3.0, 5.0]


def test_a_terminal_goes_before_its_bus_whatever_comes_first(grid):
    at = {"b.2": (0.9, 1.1), "b": (0.97, 1.03)}
    for pairs in (at, dict(reversed(at.items()))):
        kept = keep_limits(
            grid, GridLimits(voltage_pu=None, flows=False, voltage_at=pairs)
        )
        assert kept.name == ("b.1", "b.2")
        assert kept.low.tolist() == [0.97, 0.9]
        assert kept.high.tolist() == [1.03, 1.1]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"flow_kw": {"b-d": 3.0}},
            "no branch is called 'b-d'. Did you mean 'b-c'? Known: b-c, b-c after loss of "
            "x, s-b.",
        ),
        (
            {"voltage_at": {"b.supply": (0.9, 1.1)}},
            "no bus or terminal is called 'b.supply'. Known: b, b.1, b.2, c, c.1, s, s.1.",
        ),
        (
            {"voltage_at": {"zz": (0.9, 1.1)}},
            "no bus or terminal is called 'zz'. Known: b, b.1, b.2, c, c.1, s, s.1.",
        ),
    ],
)
def test_limits_of_what_is_not_there_are_refused(grid, options, message):
    with pytest.raises(UnknownNameError) as caught:
        keep_limits(grid, GridLimits(**options))

    assert str(caught.value) == message


def test_values_and_prices_follow_the_responses(grid):
    kept = keep_limits(grid, GridLimits(flow_kw={"b-c": 3.0}))
    more_kw, more_kvar = np.zeros(8), np.zeros(8)
    more_kw[1], more_kvar[1], more_kvar[2] = 2.0, 1.0, 10.0

    # s-b 7 + 2; b-c 2 + 10 * 0.1; b.1 1 - 0.02 - 0.03; b.2 0.99 - 0.04.
    assert kept.value(more_kw, more_kvar) == pytest.approx(
        [9.0, 3.0, 2.0, 1.02, 0.95, 0.95, 0.98]
    )
    assert kept.value(more_kw, more_kvar)[1] == grid.flows.after(more_kw, more_kvar)[1]
    per_kwh, per_kvarh = kept.spread(np.array([2.0, 1.0, 0, 0, -100.0, 0, 0]))
    # b: 2 + 100 * 0.01; c: 2 + 1; per kvar b: 100 * 0.03, c: 0.1.
    assert per_kwh[:3] == pytest.approx([0.0, 3.0, 3.0])
    assert per_kvarh[:3] == pytest.approx([0.0, 3.0, 0.1])
    column = kept.columns(np.array([1]), np.array([0.5]))[:, 0]
    assert column == pytest.approx([1.0, 0, 0, 0, -0.025, -0.02, 0])


def test_rows_are_of_order_one(grid):
    # The largest quantity, 10 kW, moves flow s-b by 10 kW and b.2 by 0.2 pu.
    kept = keep_limits(grid, GridLimits())
    orders = CurveColumns.of([Bid.affine("x", "b", p_max=2, p_min=1, q_max=10)], grid)
    pieces = Pieces.of(orders, np.zeros(1, dtype=np.int64), 1)
    more = np.zeros(8), np.zeros(8)
    more[0][1] = -5.0
    rows = dense_rows(grid, kept, pieces, np.array([1]), more)

    assert rows.size == pytest.approx([10.0, 0.01, 2.5e-4, 0.25, 0.2, 2.5e-4])
    assert rows.matrix[:, 0] == pytest.approx([1.0, 0.0, 0.0, -1.0, -1.0, 0.0])
    assert rows.high * rows.size == pytest.approx(kept.high)
    assert rows.offset * rows.size == pytest.approx([2.0, 2.0, 1.02, 1.05, 1.09, 0.98])
    assert rows.effect == pytest.approx([1.0, 1.0, 1.0, 1.0, 1.0, 1.0])
    # 1 kW and 0.5 kvar at b bring losses of 0.105 kW; fixed: 4 + 2 kW, losses none.
    assert rows.weight == pytest.approx([1.105])
    assert rows.total == pytest.approx(-0.6)


def test_rows_that_hardly_move_are_not_blown_up(grid):
    kept = keep_limits(grid, GridLimits())
    column = np.array([[1.0], [1e-17], [0.0], [1e-12], [0.02], [1e-9]])

    # kW: a thousandth of the 10 kW of the first row. pu: of 0.2, or 1e-6 of the limit.
    assert row_sizes(kept, column, 10.0) == pytest.approx(
        [10.0, 0.01, 2e-4, 2e-4, 0.2, 2e-4]
    )
    assert row_sizes(kept, np.zeros((6, 1)), 10.0) == pytest.approx(
        [9e-6, 4e-6, *[1.05e-6] * 4]
    )
