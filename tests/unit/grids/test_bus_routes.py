"""Rows that come again take the same way as any rows."""

import numpy as np
import pytest

from gridagora.errors import InvalidActionError
from gridagora.grids import bus_routes
from gridagora.grids.opendss_grid import OpenDSSGrid
from gridagora.types.actions import GridActions

UNITS = ("808", "820", "834", "844")


@pytest.fixture(scope="module")
def grid():
    return OpenDSSGrid("ieee34", generators=UNITS)


def rows(buses, kw):
    return GridActions.of([f"p{at}" for at in range(len(buses))], buses, np.array(kw))


# A row at the source that asks for nothing, but with reactive power of its own, sends
# the rows down the way for any rows and adds nothing.
NOTHING = GridActions.of(["nobody"], ["800"], np.zeros(1), np.zeros(1))


def powers_of(grid, *tables):
    powers = grid._dispatch.dispatch(tables)
    carried = grid._dispatch.carried_kw
    return [
        powers.load_kw,
        powers.load_kvar,
        powers.generator_kw,
        powers.generator_kvar,
        carried.ravel(),
    ]


def test_rows_that_come_again_are_carried_like_any_rows(grid):
    rng = np.random.default_rng(1)
    consumers, units = tuple(grid.load_buses), (*UNITS, "800", "834")
    for _ in range(50):
        drawn = rows(consumers, rng.uniform(0, 60, len(consumers)))
        made = rows(units, -rng.uniform(0, 90, len(units)))
        known = powers_of(grid, drawn, made)
        anew = powers_of(grid, drawn, made, NOTHING)
        for one, other in zip(known, anew, strict=True):
            assert one == pytest.approx(other, rel=1e-12, abs=1e-12)


def test_the_same_rows_give_the_same_bits_whatever_came_between(grid):
    drawn = rows(("860", "834"), [31.7, -14.1])
    once = powers_of(grid, drawn)
    for count in range(bus_routes._MOST_REMEMBERED + 1):  # the memory is emptied
        powers_of(grid, rows(("860",) * (count + 1), [1.0] * (count + 1)))
    again = powers_of(grid, drawn)

    assert [part.tobytes() for part in once] == [part.tobytes() for part in again]


def test_ways_are_forgotten_before_they_fill_the_memory(grid, monkeypatch):
    monkeypatch.setattr(bus_routes, "_MOST_REMEMBERED", 2)
    for sign in (1, -1):
        for other in (1, -1):
            powers = powers_of(grid, rows(("834", "844"), [9.0 * sign, 6.0 * other]))
            delivered_kw = 9.0 * (sign < 0) + 6.0 * (other < 0)
            assert powers[2].sum() == pytest.approx(delivered_kw)


def test_rows_at_unknown_buses_are_refused(grid):
    with pytest.raises(InvalidActionError, match="row 1: no bus is called 'nowhere'"):
        grid._dispatch.dispatch([rows(("860", "nowhere"), [1.0, 1.0])])
