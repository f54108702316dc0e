"""Imported cases clear as PYPOWER's DC optimal power flow and as published.

PYPOWER solves with an interior point method of its own, to about 1e-8 of the cost; what
remains between it and ``clear_nodal`` is that. Costs, prices and, where all costs bend,
dispatch are compared far more closely than 1e-4.

case4gs has no costs, and case300 a branch of negative reactance: both are refused.
"""

import json
import math
from itertools import pairwise

import numpy as np
import pytest

from gridagora.errors import InvalidCaseError
from gridagora.interfaces.importers.matpower import read_matpower
from gridagora.interfaces.importers.pandapower import read_pandapower
from gridagora.interfaces.importers.pypower import pypower_case
from gridagora.markets.nodal import clear_nodal
from gridagora.types.dispatch import Outcome

CASES = [
    *("case6ww", "case9", "case14", "case24_ieee_rts", "case30", "case30Q"),
    *("case30pwl", "case39", "case57", "case118"),
]
NOT_UNIQUE = {"case30pwl"}  # units with equal straight costs share as they like
TURN = {"case9": 4.0, "case30": 1.7, "case118": 6.0}  # degrees; each binds somewhere
LMP = 13  # column of the price in a solved bus matrix
PG = 1

# PJM's five buses: Li and Bo, "Small test systems for power system economic studies",
# IEEE PES General Meeting 2010; the prices and the cost are the ones printed there
BUSES = ["A", "B", "C", "D", "E"]
LOADS_MW = {"B": 300.0, "C": 300.0, "D": 400.0}
UNITS = [
    ("Alta", "A", 40.0, 14.0),
    ("Park City", "A", 170.0, 15.0),
    ("Solitude", "C", 520.0, 30.0),
    ("Sundance", "D", 200.0, 40.0),
    ("Brighton", "E", 600.0, 10.0),
]
LINES = [
    *(("A", "B", 0.0281, 400.0), ("A", "D", 0.0304, 0.0), ("A", "E", 0.0064, 0.0)),
    *(("B", "C", 0.0108, 0.0), ("C", "D", 0.0297, 0.0), ("D", "E", 0.0297, 240.0)),
]
PRICES_PER_MWH = {"A": 16.98, "B": 26.38, "C": 30.0, "D": 39.94, "E": 10.0}


def shipped(name):
    module = pytest.importorskip(f"pypower.{name}")
    return getattr(module, name)()


def solved(case):
    """What PYPOWER makes of a case; it warns of matrices in its own solver."""
    api = pytest.importorskip("pypower.api")
    return api.rundcopf(case, api.ppoption(VERBOSE=0, OUT_ALL=0))


def given_mw(read, dispatch, n_unit):
    """Output of each unit of a case: what it gives less what it takes. MW."""
    signed = np.where(read.orders.is_bid, -1.0, 1.0) * dispatch.quantity_kw / 1000
    mw = dict(zip(read.orders.participant, signed, strict=True))
    return np.array(
        [
            mw.get(f"g{at}", 0.0) + mw.get(f"g{at} taking", 0.0)
            for at in range(1, n_unit + 1)
        ]
    )


def cost_per_h(case, output_mw):
    totcost = pytest.importorskip("pypower.totcost").totcost
    return float(totcost(case["gencost"][: len(output_mw)], output_mw).sum())


def compare(case, *, unique=True):
    """Clear a case in both programs and compare cost, prices and dispatch."""
    theirs = solved(case)
    read = pypower_case(case)
    ours = clear_nodal(read.network, read.orders)

    assert theirs["success"]
    assert ours.outcome is Outcome.CLEARED
    output = given_mw(read, ours, len(case["gen"]))
    assert cost_per_h(case, output) == pytest.approx(theirs["f"], rel=1e-7)
    prices = dict(zip(read.network.bus, 1000 * ours.price_per_kwh, strict=True))
    numbers = [f"{number:.0f}" for number in theirs["bus"][:, 0]]
    highest = np.abs(theirs["bus"][:, LMP]).max()
    assert [prices[number] for number in numbers] == pytest.approx(
        theirs["bus"][:, LMP].tolist(), abs=1e-6 * highest
    )
    if unique:
        assert output == pytest.approx(theirs["gen"][:, PG], abs=1e-5)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", CASES)
def test_shipped_cases_cost_and_price_what_pypower_says(name):
    compare(shipped(name), unique=name not in NOT_UNIQUE)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", ["case9", "case30", "case118"])
def test_tight_limits_taps_shunts_and_takers_cost_and_price_the_same(name):
    """With everything at once that DC power flow has and the shipped cases have not."""
    case = shipped(name)
    rng = np.random.default_rng(7)
    case["branch"][:, 8] = rng.choice([0.0, 0.95, 1.05], len(case["branch"]))
    twin, off = case["branch"][0].copy(), case["branch"][1].copy()
    twin[3], off[10] = 2 * twin[3], 0
    case["branch"] = np.vstack([case["branch"], twin, off])
    case["branch"][::3, 11:13] = (-TURN[name], TURN[name])
    case["bus"][1::4, 4] = 2.0
    case["bus"][2, 2] -= 5.0
    taker = case["gen"][0].copy()
    taker[[0, 8, 9]] = (case["bus"][3, 0], -2.0, -20.0)  # bus, PMAX, PMIN
    both = taker.copy()
    both[[8, 9]] = (15.0, -15.0)
    case["gen"] = np.vstack([case["gen"], taker, both])
    width = case["gencost"].shape[1]
    rows = np.zeros((2, width))
    rows[:, :6] = [[2, 0, 0, 3, 0.2, 20.0], [2, 0, 0, 3, 0.1, 18.0]]
    case["gencost"] = np.vstack([case["gencost"], rows])

    compare(case)


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("case4gs", "PYPOWER case: 'gencost' is missing."),
        (
            "case300",
            "PYPOWER case: branch, row 178: the reactance of '1201-120' is -0.3697 pu, "
            "expected > 0; join a series capacitor or a star point with the branches "
            "beside it.",
        ),
    ],
)
def test_shipped_cases_that_cannot_be_cleared_say_why(name, fault):
    with pytest.raises(InvalidCaseError) as caught:
        pypower_case(shipped(name))

    assert str(caught.value) == fault


def written_for_matpower(path):
    number = {bus: at for at, bus in enumerate(BUSES, start=1)}
    buses = [
        f"{number[bus]} {3 if bus == 'D' else 2} {LOADS_MW.get(bus, 0)} 0 0 0 1 1 0 230 "
        "1 1.1 0.9"
        for bus in BUSES
    ]
    units = [f"{number[bus]} 0 0 0 0 1 100 1 {most} 0" for _, bus, most, _ in UNITS]
    lines = [
        f"{number[a]} {number[b]} 0 {x} 0 {rate} 0 0 0 0 1 -360 360"
        for a, b, x, rate in LINES
    ]
    costs = [f"2 0 0 2 {price} 0" for *_, price in UNITS]
    parts = {"bus": buses, "gen": units, "branch": lines, "gencost": costs}
    text = "function mpc = pjm5\nmpc.version = '2';\nmpc.baseMVA = 100;\n"
    for name, rows in parts.items():
        text += f"mpc.{name} = [\n" + ";\n".join(rows) + ";\n];\n"
    for name, names in (("bus_name", BUSES), ("gen_name", [one[0] for one in UNITS])):
        text += f"mpc.{name} = {{" + "; ".join(f"'{one}'" for one in names) + "};\n"
    path.write_text(text)


def written_for_pandapower(path):
    """At 230 kV on 100 MVA 1 pu is 529 ohm; 1 kA carries sqrt(3) 230 = 398.4 MVA."""
    ka_per_mva = 1 / (math.sqrt(3) * 230)
    place = {bus: at for at, bus in enumerate(BUSES)}

    def frame(columns, rows):
        split = {"columns": columns, "index": list(range(len(rows))), "data": rows}
        return {"_class": "DataFrame", "_object": json.dumps(split)}

    ends = ["from_bus", "to_bus", "length_km"]
    values = ["x_ohm_per_km", "max_i_ka", "max_loading_percent"]
    lines = [
        [place[a], place[b], 2.0, x * 529 / 2, rate * ka_per_mva or 99999.0, 100.0]
        for a, b, x, rate in LINES
    ]
    gens = [[name, place[bus], most, 0.0, True] for name, bus, most, _ in UNITS]
    costs = [[at, "gen", price] for at, (*_, price) in enumerate(UNITS)]
    loads = [[f"load {bus}", place[bus], mw] for bus, mw in LOADS_MW.items()]
    inner = {
        "version": "3.0.0",
        "sn_mva": 100,
        "bus": frame(["name", "vn_kv"], [[bus, 230.0] for bus in BUSES]),
        "line": frame(ends + values, lines),
        "gen": frame(["name", "bus", "max_p_mw", "min_p_mw", "slack"], gens),
        "load": frame(["name", "bus", "p_mw"], loads),
        "poly_cost": frame(["element", "et", "cp1_eur_per_mw"], costs),
    }
    path.write_text(json.dumps({"_class": "pandapowerNet", "_object": inner}))


@pytest.mark.parametrize(
    ("name", "write", "read"),
    [
        ("pjm5.m", written_for_matpower, read_matpower),
        ("pjm5.json", written_for_pandapower, read_pandapower),
    ],
)
def test_the_five_buses_of_pjm_have_their_printed_prices(tmp_path, name, write, read):
    write(tmp_path / name)
    case = read(tmp_path / name)

    dispatch = clear_nodal(case.network, case.orders)

    prices = dict(zip(case.network.bus, 1000 * dispatch.price_per_kwh, strict=True))
    assert prices == pytest.approx(PRICES_PER_MWH, abs=0.005)
    awards = dict(zip(case.orders.participant, dispatch.quantity_kw, strict=True))
    cost = sum(price * awards[name] / 1000 for name, _, _, price in UNITS)
    assert cost == pytest.approx(17479.90, abs=0.005)
    assert awards["Sundance"] == pytest.approx(0.0, abs=1e-6)
    assert [a < b for a, b in pairwise(sorted(prices.values()))] == [True] * 4
