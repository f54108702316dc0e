"""What any case file keeps when it is read, however it is written."""

import json
import math
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridagora.errors import InvalidCaseError
from gridagora.interfaces.importers.marginal_costs import PiecewiseCost, PolynomialCost
from gridagora.interfaces.importers.matpower import read_matpower
from gridagora.interfaces.importers.matpower_text import Matrix, read_assignments
from gridagora.interfaces.importers.pandapower import read_pandapower
from gridagora.interfaces.importers.pypower import pypower_case

numbers = st.floats(-1e6, 1e6) | st.integers(-1000, 1000).map(float)
spaces = st.sampled_from([" ", "\t", ",", " , ", "  ", " ...\n ", " ... more 5 ]'\n\t"])
ends = st.sampled_from(
    [";", "\n", ";\n", "; % it's [1 2\n", " % 3 4;\n", "\n\n", ";\n %{\n9 9\n%}\n"]
)


@given(st.data(), st.integers(1, 5), st.integers(1, 4))
def test_a_matrix_reads_the_same_however_its_rows_are_set(data, n_row, n_column):
    rows = [[data.draw(numbers) for _ in range(n_column)] for _ in range(n_row)]
    text = "function mpc = x\nmpc.before = 'a;]%';\nmpc.m = ["
    for row in rows:
        cells = [repr(cell) for cell in row]
        text += cells[0] + "".join(data.draw(spaces) + cell for cell in cells[1:])
        text += data.draw(ends)
    text += "];\nmpc.after = 3;\n"

    read = read_assignments(text)

    assert read.faults == []
    matrix = read.values["m"]
    assert isinstance(matrix, Matrix)
    assert matrix.value.tolist() == rows
    assert read.values["after"] == 3.0
    assert len(matrix.line) == n_row


@given(
    st.text(
        alphabet=st.sampled_from("mpc.bus=[]{}()'\"%;,\n 1-2e+:*/\\@&|~!^#abcI\v\r"),
        max_size=60,
    )
)
def test_any_text_is_read_or_refused_and_a_number_is_never_made_up(text):
    read = read_assignments(f"mpc.first = 1;\n{text}\n")

    for value in read.values.values():
        assert isinstance(value, float | str | tuple) or value.value.ndim == 2
    if not read.faults and "=" not in text:
        assert list(read.values) == ["first"]


costs = st.one_of(
    st.tuples(*[st.floats(0, 50)] * 3).map(
        lambda c: [2, 0, 0, 3, c[2] / 100, c[1], c[0]]
    ),
    st.tuples(*[st.floats(0, 50)] * 4).map(
        lambda c: [2, 0, 0, 4, c[3] / 1e4, c[2] / 100, c[1], c[0]]
    ),
    st.lists(
        st.tuples(st.floats(0.1, 50), st.floats(0, 40)), min_size=1, max_size=2
    ).map(lambda pieces: piecewise(pieces)),
)


def piecewise(pieces):
    """A row of costs with slopes that rise from piece to piece."""
    at, total, slope, points = -30.0, 0.0, -10.0, [-30.0, 0.0]
    for width, rise in pieces:
        slope += rise
        at, total = at + width, total + slope * width
        points += [at, total]
    return [1, 0, 0, len(pieces) + 1, *points]


units = st.tuples(
    st.integers(1, 4), st.floats(-40, 40), st.floats(0, 40), st.booleans(), costs
)


@st.composite
def cases(draw):
    """Up to four buses in a row and two more branches, with units and loads."""
    n_bus = draw(st.integers(2, 4))
    demand = st.floats(-20, 50) | st.just(0.0)
    bus = [
        [at, 3 if at == 1 else 1, draw(demand), 0, draw(st.sampled_from([0, 0, 1.5])),
         0, 1, 1, 0, 20, 1, 1.1, 0.9]
        for at in range(1, n_bus + 1)
    ]  # fmt: skip
    pairs = [(at, at + 1) for at in range(1, n_bus)]
    pairs += draw(st.lists(st.sampled_from(pairs), max_size=2))
    branch = [
        [*pair, 0, draw(st.floats(0.01, 2)), 0, draw(st.sampled_from([0, 25.5])), 0, 0,
         draw(st.sampled_from([0, 0.96])), 0, int(at < n_bus - 1 or draw(st.booleans())),
         -360, 360]
        for at, pair in enumerate(pairs)
    ]  # fmt: skip
    drawn = draw(st.lists(units, min_size=1, max_size=3))
    gen = [
        [min(at, n_bus), 0, 0, 0, 0, 1, 100, int(on), low + width, low]
        for at, low, width, on, _ in drawn
    ]
    width = max(len(cost) for *_, cost in drawn)
    gencost = [[*cost, *[0] * (width - len(cost))] for *_, cost in drawn]
    return {
        "baseMVA": draw(st.sampled_from([1.0, 100.0])),
        "bus": bus,
        "gen": gen,
        "branch": branch,
        "gencost": gencost,
    }


def read_or_refused(read):
    try:
        return read()
    except InvalidCaseError as error:
        return error.faults


@given(cases())
def test_a_file_and_a_dictionary_make_the_same_case(case):
    text = f"function mpc = x\nmpc.version = '2';\nmpc.baseMVA = {case['baseMVA']};\n"
    for name in ("bus", "gen", "branch", "gencost"):
        rows = ";\n".join(" ".join(map(repr, row)) for row in case[name])
        text += f"mpc.{name} = [\n{rows};\n];\n"
    with TemporaryDirectory() as folder:
        path = Path(folder, "x.m")
        path.write_text(text)
        written = read_or_refused(lambda: read_matpower(path))

    given_ = read_or_refused(lambda: pypower_case(case))

    if isinstance(given_, tuple):
        assert len(written) == len(given_)
        return
    assert written.generators() == given_.generators()
    assert written.loads() == given_.loads()
    assert written.branches()["branch"] == given_.branches()["branch"]
    assert (written.network.limit_kw == given_.network.limit_kw).all()
    assert (written.network.reactance_pu == given_.network.reactance_pu).all()
    assert written.left_out == given_.left_out


@given(cases())
def test_power_is_neither_lost_nor_made(case):
    read = read_or_refused(lambda: pypower_case(case))
    if isinstance(read, tuple):
        return
    signed = np.where(read.orders.is_bid, -1.0, 1.0) / 1000
    most, least = signed * read.orders.most_kw, signed * read.orders.firm_kw
    kept = [row for row in case["gen"] if row[7] > 0]

    demand = sum(row[2] + row[4] for row in case["bus"])
    assert np.maximum(most, least).sum() == pytest.approx(
        sum(row[8] for row in kept) - demand, abs=1e-9
    )
    assert np.minimum(most, least).sum() == pytest.approx(
        sum(row[9] for row in kept) - demand, abs=1e-9
    )


@given(
    st.one_of(
        st.tuples(*[st.floats(0, 50)] * 4).map(PolynomialCost),
        st.lists(
            st.tuples(st.floats(0.1, 50), st.floats(0, 40)), min_size=1, max_size=4
        ).map(lambda pieces: PiecewiseCost.through(*split(piecewise(pieces)))),
    ),
    st.floats(0, 60),
    st.floats(0.01, 60),
)
def test_the_area_under_the_corners_is_the_cost_up_to_the_stated_error(
    cost, least, width
):
    corners = cost.corners(least, least + width)
    outputs, prices = np.array(corners).T
    area = float(((prices[1:] + prices[:-1]) / 2) @ np.diff(outputs))

    bought = cost.total(least + width) - cost.total(least)

    assert cost.fault(least, least + width) == ""
    assert (np.diff(outputs) >= 0).all()
    assert (np.diff(prices) >= 0).all()
    allowed = cost.error(least, least + width) * width
    scale = 1 + abs(cost.total(least)) + abs(bought)
    assert abs(area - bought) <= allowed + 1e-9 * scale


def split(row):
    return row[4::2], row[5::2]


@given(st.data())
def test_broken_networks_of_pandapower_are_read_or_refused_in_words(data):
    """Cells of a sound file, each perhaps replaced by something else."""
    odd: st.SearchStrategy[object] = st.sampled_from(
        [None, "x", -1, 0, 2.5, True, [], {}, math.nan, 1e308, 10**400]
    )
    replaced = data.draw(st.dictionaries(st.integers(0, 47), odd, max_size=3))
    place = count()

    def cell(value):
        return replaced.get(next(place), value)

    def frame(columns, *rows):
        body = [[cell(value) for value in row] for row in rows]
        inner = {"columns": columns, "index": list(range(len(rows))), "data": body}
        return {"_class": "DataFrame", "_object": json.dumps(inner)}

    tables = {
        "version": "2.14.0",
        "sn_mva": cell(1.0),
        "bus": frame(["name", "vn_kv", "in_service"], ["a", 110.0, True], ["b", 20.0, True], ["c", 20.0, True]),
        "line": frame(["from_bus", "to_bus", "length_km", "x_ohm_per_km", "max_i_ka", "max_loading_percent"], [1, 2, 1.0, 0.4, 0.3, 100.0]),
        "trafo": frame(
            ["hv_bus", "lv_bus", "sn_mva", "vn_hv_kv", "vn_lv_kv", "vk_percent", "vkr_percent", "tap_side", "tap_pos", "tap_step_percent"],
            [0, 1, 25.0, 110.0, 20.0, 12.0, 0.4, "hv", 1, 1.5],
        ),
        "switch": frame(["bus", "element", "et", "closed"], [1, 0, "l", True]),
        "ext_grid": frame(["bus"], [0]),
        "load": frame(["bus", "p_mw", "scaling"], [2, 3.0, 1.0]),
        "gen": frame(["bus", "min_p_mw", "max_p_mw"], [2, 0.0, 2.0]),
        "poly_cost": frame(["et", "element", "cp1_eur_per_mw"], ["gen", 0, 30.0]),
        "pwl_cost": frame(["et", "element", "power_type", "points"], ["ext_grid", 0, "p", [[-9, 9, 40.0]]]),
    }  # fmt: skip
    with TemporaryDirectory() as folder:
        path = Path(folder, "net.json")
        path.write_text(json.dumps({"_class": "pandapowerNet", "_object": tables}))
        read = read_or_refused(lambda: read_pandapower(path))

    if not isinstance(read, tuple):
        assert np.isfinite(read.orders.quantity_kw).all()
        assert (read.network.reactance_pu > 0).all()
