"""How the demand of buses is carried by loads."""

import numpy as np
import pytest

from gridagora.errors import InvalidActionError, UnknownNameError
from gridagora.grids.bus_demand import BusDemand, BusRegister, LoadShares
from gridagora.grids.cases.files import MidLineBus
from gridagora.types.actions import GridActions

BUSES = BusRegister(("a", "b", "c"), {"ar": "a", "mid": "gone"})


def table(*rows):
    """Rows of (bus, kw) or (bus, kw, kvar)."""
    kvar = [row[2] if len(row) > 2 else np.nan for row in rows]
    return GridActions.of(
        ["p"] * len(rows),
        [row[0] for row in rows],
        np.array([row[1] for row in rows]),
        np.array(kvar),
    )


def demand(*rows, elsewhere=()):
    asked = BUSES.rows([table(*rows)])
    aside = np.zeros(len(rows), dtype=bool)
    aside[list(elsewhere)] = True
    return BusDemand.of(asked, 3, aside)


# Loads: 30 kW and 10 kW at a; 20 kW in the middle of a and b, a quarter of it a's;
# 60 kW at b. So a has 30 + 10 + 5 = 45 kW nominal and b has 15 + 60 = 75 kW.
SHARES = LoadShares.of(
    BUSES,
    ["a", "a", "mid", "b"],
    [MidLineBus("mid", "a", "b", 0.25)],
    load_kw=np.array([30.0, 10.0, 20.0, 60.0]),
    load_kvar=np.array([15.0, 0.0, 10.0, 30.0]),
)


def test_nominal_demand_of_a_bus_is_that_of_the_loads_it_owns():
    assert SHARES.nominal_kw.tolist() == [45.0, 75.0, 0.0]
    assert SHARES.nominal_kvar.tolist() == [17.5, 37.5, 0.0]
    assert SHARES.has_load.tolist() == [True, True, False]


def test_nobody_s_bus_keeps_the_loads_of_the_case_to_the_last_bit():
    nobody = BusDemand.of(BUSES.rows([]), 3, np.zeros(0, dtype=bool))

    assert SHARES.carried_kw(nobody).sum(axis=0).tolist() == [30.0, 10.0, 20.0, 60.0]
    assert SHARES.carried_kvar(nobody).tolist() == [15.0, 0.0, 10.0, 30.0]


def test_twice_the_nominal_demand_doubles_the_bus_s_part_of_each_load():
    twice = demand(("a", 90.0))

    # the middle load: 5 kW of a twice, 15 kW of b once
    assert SHARES.carried_kw(twice).sum(axis=0) == pytest.approx([60, 20, 25, 60])
    # kvar follow each load's own power factor
    assert SHARES.carried_kvar(twice) == pytest.approx([30, 0, 12.5, 30])


def test_rows_of_one_bus_add_up():
    added, once = demand(("a", 50.0), ("AR", 40.0)), demand(("a", 90.0))

    assert SHARES.carried_kw(added) == pytest.approx(SHARES.carried_kw(once))


def test_rows_that_loads_do_not_carry_leave_them_to_the_other_rows():
    mixed = demand(("a", -500.0, 30.0), ("a", 90.0), elsewhere=[0])
    alone = demand(("a", 90.0))

    assert SHARES.carried_kw(mixed) == pytest.approx(SHARES.carried_kw(alone))
    assert SHARES.carried_kvar(mixed) == pytest.approx(SHARES.carried_kvar(alone))


def test_loads_of_a_bus_whose_rows_are_all_carried_elsewhere_draw_nothing():
    nothing = demand(("a", -500.0), elsewhere=[0])

    # but for b's three quarters of the load in the middle
    assert SHARES.carried_kw(nothing).sum(axis=0) == pytest.approx([0, 0, 15, 60])
    assert SHARES.carried_kvar(nothing) == pytest.approx([0, 0, 7.5, 30])


def test_rows_of_many_tables_stand_one_after_the_other():
    found = BUSES.rows([table(("b", 1.0)), table(("a", 2.0, 3.0), ("c", 4.0))])

    assert found.bus.tolist() == [1, 0, 2]
    assert found.kw.tolist() == [1, 2, 4]
    assert found.kvar[1] == 3
    assert np.isnan(found.kvar[[0, 2]]).all()


def test_given_reactive_power_is_split_by_nominal_reactive_power():
    given = demand(("a", 45.0, 35.0))

    # 35 kvar for 17.5: loads at a double theirs, the middle one adds 2.5
    assert SHARES.carried_kvar(given) == pytest.approx([30, 0, 12.5, 30])
    assert SHARES.carried_kw(given).sum(axis=0) == pytest.approx([30, 10, 20, 60])


def test_given_and_free_reactive_power_mix_at_one_bus():
    mixed = demand(("a", 45.0, 0.0), ("a", 45.0))

    # the free 45 kW bring the nominal kvar, the given ones none
    assert SHARES.carried_kvar(mixed) == pytest.approx([15, 0, 10, 30])
    assert SHARES.carried_kw(mixed).sum(axis=0) == pytest.approx([60, 20, 25, 60])


def test_negative_demand_is_negative_load():
    sold = SHARES.carried_kw(demand(("a", -45.0)))

    assert sold.sum(axis=0) == pytest.approx([-30, -10, 10, 60])


def test_loads_that_are_zero_share_evenly():
    shares = LoadShares.of(
        BUSES, ["a", "a"], [], load_kw=np.zeros(2), load_kvar=np.zeros(2)
    )
    carried = shares.carried_kw(demand(("a", 8.0)))
    assert carried.sum(axis=0).tolist() == [4.0, 4.0]
    assert shares.carried_kvar(demand(("a", 8.0, 2.0))).tolist() == [1.0, 1.0]


def test_all_unknown_buses_are_named_at_once():
    with pytest.raises(InvalidActionError) as caught:
        demand(("x", 1.0), ("a", 1.0), ("y", 1.0))
    assert str(caught.value) == (
        "grid actions: row 0: no bus is called 'x'. Known: a, b, c. "
        "row 2: no bus is called 'y'. Known: a, b, c."
    )


def test_a_bus_is_found_in_any_letter_case_and_under_its_alias():
    assert BUSES.index("B") == 1
    assert BUSES.index("ar") == 0
    with pytest.raises(UnknownNameError):
        BUSES.index("mid")


def test_the_same_names_are_looked_up_once_and_memory_stays_bounded():
    register = BusRegister(("a",), {})
    names = ("a", "A")
    first = register.indices(names)

    assert register.indices(names) is first
    kept = [tuple(["a", str(k)][:1]) for k in range(5000)]
    kept = [(*name, "A") for name in kept]
    for name in kept:
        register.indices(name)
    assert len(register._remembered) <= 4096


def test_reactive_power_given_elsewhere_leaves_the_loads_to_their_power_factor():
    # a capacitor-like load of 0 kW keeps its 3 kvar; the other doubles with the bus
    shares = LoadShares.of(
        BUSES, ["a", "a"], [], load_kw=np.array([10.0, 0]), load_kvar=np.array([5.0, 3])
    )
    mixed = demand(("a", -90.0, 7.0), ("a", 20.0), elsewhere=[0])

    assert shares.carried_kvar(mixed).tolist() == [10, 3]
