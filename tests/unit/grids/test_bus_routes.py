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
        both = rows(consumers[:9], rng.uniform(-9, 9, 9))
        drawn = GridActions.of(
            (*drawn.participant, *both.participant),
            (*drawn.bus, *both.bus),
            np.concatenate([drawn.net_demand_kw, both.net_demand_kw]),
        )
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


def test_signs_of_rows_decide_who_carries_them_and_nothing_is_kept_of_them(grid):
    for first in (1, -1):
        for second in (1, -1):
            table = rows(("834", "844", "834"), [9.0 * first, 6.0 * second, 4.0])
            known, anew = powers_of(grid, table), powers_of(grid, table, NOTHING)
            for one, other in zip(known, anew, strict=True):
                assert one == pytest.approx(other, rel=1e-12, abs=1e-12)
            delivered_kw = 9.0 * (first < 0) + 6.0 * (second < 0)
            assert known[2].sum() == pytest.approx(delivered_kw)


def test_layouts_are_forgotten_before_they_fill_the_memory(grid, monkeypatch):
    monkeypatch.setattr(bus_routes, "_MOST_REMEMBERED", 2)
    for bus in ("834", "844", "860", "820"):
        powers_of(grid, rows((bus,), [1.0]))
    assert len(grid._dispatch._routes._layouts) <= 2


def test_generators_where_there_is_no_load_carry_every_row():
    grid = OpenDSSGrid("ieee34", generators=("850",))
    for kw in (-12.0, 12.0):
        table = rows(("850", "850"), [kw, 3.0])
        known, anew = powers_of(grid, table), powers_of(grid, table, NOTHING)
        assert known[2].tolist() == pytest.approx([-(kw + 3) / 3] * 3)
        for one, other in zip(known, anew, strict=True):
            assert one == pytest.approx(other, rel=1e-12, abs=1e-12)


def test_rows_at_unknown_buses_are_refused(grid):
    with pytest.raises(InvalidActionError, match="row 1: no bus is called 'nowhere'"):
        grid._dispatch.dispatch([rows(("860", "nowhere"), [1.0, 1.0])])
