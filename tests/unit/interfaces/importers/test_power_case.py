import math

import numpy as np
import pytest

from gridagora.errors import InvalidCaseError
from gridagora.interfaces.importers.power_case import CaseMatrices, nodal_case
from gridagora.interfaces.importers.pypower import pypower_case


def bus(number, kind=1, demand=0.0, shunt=0.0):
    return [number, kind, demand, 0, shunt, 0, 1, 1, 0, 230, 1, 1.1, 0.9]


def branch(start, end, x=0.1, *, rate=0.0, tap=0.0, shift=0.0, status=1, turn=(0, 0)):
    return [start, end, 0.0, x, 0.0, rate, 0, 0, tap, shift, status, *turn]


def unit(at, most, least=0.0, *, status=1):
    return [at, 0, 0, 0, 0, 1, 100, status, most, least]


LINEAR = [2, 0, 0, 2, 20, 0, 0]


def refusal(case):
    with pytest.raises(InvalidCaseError) as caught:
        pypower_case(case)
    return str(caught.value)


def read(matrices, **changes):
    case = pypower_case({**matrices, **changes})
    return case, list(case.left_out[1:])


def test_every_case_says_what_dc_power_flow_has_no_place_for(matrices):
    assert pypower_case(matrices).left_out == (
        "Resistance, line charging, reactive power and voltage limits have no place in "
        "DC power flow: nothing is lost, and a limit in MVA or kA holds active power "
        "alone.",
    )


def test_the_reference_is_the_first_bus_of_type_3(matrices):
    buses = [bus(1), bus(2, 3), bus(3, 3)]
    case, _ = read(matrices, bus=buses, branch=[branch(1, 2), branch(2, 3)])

    assert case.network.bus[case.network.reference] == "2"


def test_loads_shunts_and_supplies_are_firm(matrices):
    buses = [bus(1, 3, 10.0), bus(2, 1, -4.0), bus(3, 2, 0.0, 1.5)]
    case, notes = read(matrices, bus=buses, branch=[branch(1, 2), branch(2, 3)])

    assert case.loads()["participant"] == ["load 1", "shunt 3"]
    assert case.loads()["quantity_kw"] == [[10_000.0], [1500.0]]
    assert case.generators()["participant"] == ["g1", "supply 2"]
    assert case.generators()["quantity_kw"][1] == [4000.0]
    assert notes == [
        "Shunt conductance at buses '3' stands as firm demand at 1 pu, as in DC power "
        "flow: it does not change with voltage.",
        "Firm supply 'supply 2' stands as an offer at 0 that is taken at any price.",
    ]


def test_isolated_buses_take_what_stands_there_with_them(matrices):
    case, notes = read(
        matrices,
        bus=[bus(1, 3), bus(2, 1, 5.0), bus(9, 4, 7.0, 1.0)],
        branch=[branch(1, 2), branch(2, 9)],
        gen=[unit(1, 80), unit(9, 10)],
        gencost=[LINEAR, LINEAR],
    )

    assert case.network.bus == ("1", "2")
    assert case.orders.participant == ("g1", "load 2")
    assert notes == [
        "Buses '9' are isolated (type 4): left out with all that stands there.",
        "Branches '2-9' are out of service: left out.",
        "Units 'g2' are out of service: left out.",
    ]


def test_a_tap_multiplies_the_reactance_and_no_rating_is_no_limit(matrices):
    rows = [branch(1, 2, 0.2, tap=0.95), branch(2, 1, 0.3, rate=math.inf)]
    case, notes = read(matrices, branch=rows)

    assert case.network.reactance_pu.tolist() == [0.2 * 0.95, 0.3]
    assert case.network.limit_kw.tolist() == [math.inf, math.inf]
    assert notes == []


def test_parallel_branches_have_names_of_their_own(matrices):
    rows = [branch(1, 2), branch(1, 2), branch(2, 1), branch(1, 2)]
    case, _ = read(matrices, branch=rows)

    assert case.network.branch == ("1-2", "1-2 (2)", "2-1", "1-2 (3)")


def test_what_is_out_of_service_or_powerless_is_named(matrices):
    case, notes = read(
        matrices,
        branch=[branch(1, 2), branch(2, 1, status=0)],
        gen=[unit(1, 80), unit(2, 5, status=0), unit(2, 0), unit(2, 9, status=-1)],
        gencost=[LINEAR] * 4,
    )

    assert case.orders.participant == ("g1", "load 2")
    assert case.network.n_branch == 1
    assert notes == [
        "Branches '2-1' are out of service: left out.",
        "Units 'g2', 'g4' are out of service: left out.",
        "Units 'g3' give no active power (PMIN = PMAX = 0): left out.",
    ]


def test_a_phase_shift_is_named_with_the_power_that_it_drives(matrices):
    rows = [branch(1, 2), branch(1, 2, 0.1, tap=1.25, shift=-9.0)]
    case, notes = read(matrices, branch=rows)

    # 100 MVA * (9 degrees = 0.15708) / (0.1 * 1.25) = 125.66 MW
    assert notes == [
        "Branches '1-2 (2)' (-9 degrees, 125.7 MW) shift the phase: their shift is left "
        "out, and with it what it drives around loops, at most the power beside each."
    ]
    assert case.network.n_branch == 2


def test_an_even_limit_on_the_angle_limits_the_power(matrices):
    rows = [
        branch(1, 2, 0.1, rate=60, turn=(-1, 1)),
        branch(1, 2, 0.1, rate=6, turn=(-1, 1)),
        branch(1, 2, 0.1, turn=(-360, 360)),
        branch(1, 2, 0.1, rate=60, turn=(-1, 2)),
        branch(1, 2, 0.1, rate=60, turn=(0, 2)),
        branch(1, 2, 0.1, rate=60, turn=(-1, 1), shift=2),
    ]
    case, notes = read(matrices, branch=rows)

    # 1 degree over 0.1 pu: 100 MVA * 0.0174533 / 0.1 = 17.4533 MW
    most = 100 * math.radians(1) / 0.1 * 1000
    assert case.network.limit_kw.tolist() == [
        *(most, 6000.0, math.inf, 60_000.0, 60_000.0, 60_000.0)
    ]
    assert notes[1] == (
        "Branches '1-2 (4)', '1-2 (5)', '1-2 (6)' limit the angle between their ends unevenly: "
        "left out; more may flow there."
    )


def test_a_branch_matrix_without_angles_has_no_limit_on_them(matrices):
    case, notes = read(matrices, branch=[branch(1, 2, rate=5)[:11]])

    assert case.network.limit_kw.tolist() == [5000.0]
    assert notes == []


def test_a_piecewise_cost_becomes_steps(matrices):
    case, _ = read(matrices, gencost=[[1, 0, 0, 3, 0, 0, 20, 200, 80, 2000]])

    # 200 / 20 = 10, then 1800 / 60 = 30 currency/MWh
    assert case.generators()["quantity_kw"] == [[0.0, 20_000.0, 20_000.0, 80_000.0]]
    assert case.generators()["price_per_kwh"] == [[0.01, 0.01, 0.03, 0.03]]


def test_what_costs_and_units_say_beyond_energy_is_named(matrices):
    long = [[*unit(1, 80), *[0] * 6, 2.5, 0, 0, 0, 0]]
    case, notes = read(
        matrices,
        gen=long,
        gencost=[[2, 100, 0, 2, 20, 50, 0], [2, 0, 0, 2, 1, 0, 0]],
    )

    assert case.orders.n_order == 2
    assert notes == [
        "Costs of start-up and shutdown are left out: every unit runs.",
        "Costs of reactive power are left out: there is none.",
        "Ramp rates and capability curves are left out: a clearing knows one interval "
        "and no reactive power.",
        "Costs that no order can hold, 50 an hour in all (constants, and the bend of "
        "costs below least outputs), are left out: dispatch and prices stay.",
    ]


def test_the_bend_below_a_least_output_is_part_of_the_cost_left_out(matrices):
    _, notes = read(matrices, gen=[unit(1, 80, 10)])

    # 0.1 P^2 + 20 P costs 210 at 10 MW; counted at 22 a MWh the 10 MW cost 220
    assert notes[0].startswith("Costs that no order can hold, -10 an hour in all")


def test_a_unit_without_a_limit_is_named(matrices):
    case, notes = read(matrices, gen=[unit(1, math.inf)])

    assert case.generators()["quantity_kw"] == [[0.0, 50_000.0]]
    assert notes[0].startswith("Units 'g1' have no limit: 50000 kW stand for it")


def test_own_names_stand_for_numbers_where_they_are_fit(matrices):
    def named(**names):
        made = CaseMatrices(
            base_mva=100.0,
            bus=np.array(matrices["bus"], dtype=float),
            gen=np.array(matrices["gen"], dtype=float),
            branch=np.array(matrices["branch"], dtype=float),
            gencost=np.array(matrices["gencost"], dtype=float),
            names=names,
        )
        return nodal_case(made, "case 'x'", value_per_kwh=1.0)

    case = named(bus=["North", "South"], gen=["Coal"], branch=["Line"])
    assert case.network.bus == ("North", "South")
    assert case.network.branch == ("Line",)
    assert case.orders.participant == ("Coal", "load South")

    for wrong in (["North", "North"], ["North"]):
        case = named(bus=wrong)
        assert case.network.bus == ("1", "2")
        assert case.left_out[1] == (
            "The names of bus are left out, for they do not name each row once."
        )


def test_every_fault_of_the_matrices_is_named_by_its_row(matrices):
    matrices["bus"] = [bus(1, 3), bus(1, 5), bus(2.5, 1, math.nan)]
    matrices["gen"] = [unit(7, 10, 20)]
    matrices["branch"] = [branch(1, 8, rate=-1)]

    with pytest.raises(InvalidCaseError) as caught:
        pypower_case(matrices)

    assert caught.value.faults == (
        "bus, row 2: Pd is nan, expected a number of at most 1e+15.",
        "bus, row 1: bus 1 stands there twice.",
        "bus, row 1: bus type is 5, expected 1 to 4.",
        "bus, row 2: bus 2.5 has no whole number.",
        "gen, row 0: there is no bus 7.",
        "branch, row 0: there is no bus 8.",
        "gen, row 0: PMIN is 20 and PMAX 10, expected PMIN <= PMAX.",
        "branch, row 0: rateA is -1, expected a number >= 0 (0 for no limit).",
    )


@pytest.mark.parametrize("base", [0.0, -1.0, math.nan, math.inf])
def test_a_base_that_is_no_power_is_refused(matrices, base):
    matrices["baseMVA"] = base

    assert refusal(matrices) == (
        f"PYPOWER case: baseMVA is {base!r}, expected a number > 0."
    )


def test_matrices_that_are_too_small_are_refused(matrices):
    matrices["bus"] = [row[:12] for row in matrices["bus"]]
    matrices["branch"] = [row[:10] for row in matrices["branch"]]
    matrices["gencost"] = []

    assert refusal(matrices) == ("PYPOWER case: 'gencost' is no matrix of numbers.")
    matrices["gencost"] = np.zeros((0, 7))
    assert refusal(matrices) == (
        "PYPOWER case: bus has 12 columns, expected 13 or more. branch has 10 columns, "
        "expected 11 or more. gencost has 0 rows for 1 units, expected one for each, "
        "or two; a market needs costs."
    )


@pytest.mark.parametrize("x", [0.0, -0.2])
def test_a_reactance_that_is_not_positive_is_refused(matrices, x):
    matrices["branch"] = [branch(1, 2), branch(1, 2, x)]

    assert refusal(matrices) == (
        f"PYPOWER case: branch, row 1: the reactance of '1-2 (2)' is {x:g} pu, expected > "
        "0; join a series capacitor or a star point with the branches beside it."
    )


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        (
            [3, 0, 0, 2, 20, 0],
            "the cost model is 3, expected 1 (piecewise) or 2 (polynomial)",
        ),
        (
            [2, 0, 0, 0, 20, 0],
            "NCOST is 0 with 2 numbers behind it, expected 1 or more coefficients, and so many of them there",
        ),
        (
            [2, 0, 0, 3, 20, 0],
            "NCOST is 3 with 2 numbers behind it, expected 1 or more coefficients, and so many of them there",
        ),
        (
            [2, 0, 0, 1.5, 20, 0],
            "NCOST is 1.5 with 2 numbers behind it, expected 1 or more coefficients, and so many of them there",
        ),
        (
            [1, 0, 0, 1, 0, 0],
            "NCOST is 1 with 2 numbers behind it, expected 2 or more points, and so many of them there",
        ),
        (
            [1, 0, 0, 2, 0, 0],
            "NCOST is 2 with 2 numbers behind it, expected 2 or more points, and so many of them there",
        ),
        (
            [2, 0, 0, math.nan, 1, 0],
            "NCOST is nan with 2 numbers behind it, expected 1 or more coefficients, and so many of them there",
        ),
        (
            [2, 0, 0, 2, math.inf, 0],
            "its values are [inf, 0.0], expected at most 1e+15",
        ),
        (
            [1, 0, 0, 2, 5, 0, 5, 9],
            "its points stand at [5.0, 5.0] MW, expected rising outputs",
        ),
    ],
)
def test_a_row_that_is_no_cost_is_refused(matrices, row, fault):
    matrices["gencost"] = [row]

    assert refusal(matrices) == f"PYPOWER case: gencost, row 0: {fault}."


def test_the_cost_of_a_unit_out_of_service_is_not_looked_at(matrices):
    case, _ = read(
        matrices,
        gen=[unit(1, 80), unit(1, 80, status=0)],
        gencost=[LINEAR, [9, *LINEAR[1:]]],
    )

    assert case.orders.participant == ("g1", "load 2")
