"""How the demand of buses is carried by loads."""

import numpy as np
import pytest

from gridagora.errors import InvalidActionError, UnknownNameError
from gridagora.grids.bus_demand import BusRegister, LoadShares
from gridagora.grids.cases.files import MidLineBus
from gridagora.types.actions import GridActions

BUSES = BusRegister(("a", "b", "c"), {"ar": "a", "mid": "gone"})


def demand(*rows):
    """Rows of (bus, kw) or (bus, kw, kvar)."""
    kvar = [row[2] if len(row) > 2 else np.nan for row in rows]
    return BUSES.demand(
        [
            GridActions.of(
                ["p"] * len(rows),
                [row[0] for row in rows],
                np.array([row[1] for row in rows]),
                np.array(kvar),
            )
        ]
    )


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
    nobody = BUSES.demand([GridActions.none()])

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
