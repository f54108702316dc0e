import math

import numpy as np
import pytest

from gridagora.errors import InvalidCaseError, MissingFileError
from gridagora.interfaces.importers.pandapower import read_pandapower


def bus(name=None, **more):
    return {"name": name, "vn_kv": 20.0, "in_service": True, **more}


def line(start, end, **more):
    """1 km of 0.4 ohm, 0.3 kA: at 20 kV and 1 MVA 0.001 pu and 10.4 MVA."""
    return {
        "name": None,
        "from_bus": start,
        "to_bus": end,
        "length_km": 1.0,
        "x_ohm_per_km": 0.4,
        "max_i_ka": 0.3,
        "in_service": True,
        **more,
    }


def load(at, mw, **more):
    return {"name": None, "bus": at, "p_mw": mw, "in_service": True, **more}


def gen(at, most, least=0.0, **more):
    return {
        "bus": at,
        "p_mw": 1.0,
        "max_p_mw": most,
        "min_p_mw": least,
        "in_service": True,
        **more,
    }


def price(et, element, per_mwh):
    return {"et": et, "element": element, "cp1_eur_per_mw": per_mwh}


def village(**changes):
    """Two buses and a line, a source with a price and a load."""
    tables = {
        "bus": [bus(), bus()],
        "line": [line(0, 1, max_loading_percent=100.0)],
        "ext_grid": [{"bus": 0, "max_p_mw": 9.0, "min_p_mw": 0.0, "in_service": True}],
        "load": [load(1, 2.0)],
        "poly_cost": [price("ext_grid", 0, 50.0)],
    }
    return {**tables, **changes}


@pytest.fixture
def read(net):
    def of(settings=None, **tables):
        case = read_pandapower(net(**tables), **(settings or {}))
        return case, list(case.left_out[1:])

    return of


@pytest.fixture
def refused(net):
    def of(**tables):
        with pytest.raises(InvalidCaseError) as caught:
            read_pandapower(net(**tables))
        return caught.value.faults

    return of


def test_a_network_becomes_a_case(read):
    case, notes = read(**village())

    assert case.network.bus == ("0", "1")
    assert case.network.branch == ("0-1",)
    assert case.network.reactance_pu.tolist() == [0.001]
    assert case.network.limit_kw == pytest.approx([math.sqrt(3) * 20 * 300])
    assert case.generators() == {
        "participant": ["ext_grid 0"],
        "bus": ["0"],
        "quantity_kw": [[0.0, 9000.0]],
        "price_per_kwh": [[0.05, 0.05]],
    }
    assert case.loads()["participant"] == ["load 0"]
    assert case.loads()["quantity_kw"] == [[2000.0]]
    assert case.loads()["price_per_kwh"] == [[10.0]]
    assert notes == []


def test_names_are_taken_where_there_are_any(read):
    case, notes = read(
        **village(
            bus=[bus("Port"), bus("Town")],
            line=[line(0, 1, name="L1"), line(0, 1)],
            load=[load(1, 2.0, name="Mill"), load(1, 1.0, name="Mill")],
        )
    )

    assert case.network.bus == ("Port", "Town")
    assert case.network.branch == ("L1", "Port-Town")
    assert case.orders.participant == ("ext_grid 0", "Mill", "Mill (2)")
    assert notes == [
        "No max_loading_percent is stated for line 0, line 1: no limit holds there."
    ]


def test_names_of_buses_that_stand_there_twice_give_way_to_indices(read):
    case, notes = read(**village(bus=[bus("Bus"), bus("Bus")]))

    assert case.network.bus == ("0", "1")
    assert notes == [
        "The names of buses are left out, for they do not name each bus once: buses "
        "are called by their index."
    ]


def test_lines_that_state_no_loading_take_the_one_asked_for(read):
    tables = village(line=[line(0, 1), line(0, 1, max_loading_percent=50.0)])

    case, notes = read({"loading_percent": 80.0}, **tables)

    full = math.sqrt(3) * 20 * 300
    assert case.network.limit_kw == pytest.approx([0.8 * full, 0.5 * full])
    assert notes == []


def test_transformers_and_impedances_are_branches_too(read):
    case, notes = read(
        sn_mva=10.0,
        **village(
            bus=[bus(vn_kv=110.0), bus(), bus()],
            line=[line(1, 2, max_loading_percent=100.0)],
            trafo=[
                {
                    "hv_bus": 0,
                    "lv_bus": 1,
                    "sn_mva": 25.0,
                    "vn_hv_kv": 110.0,
                    "vn_lv_kv": 20.0,
                    "vk_percent": 12.0,
                    "vkr_percent": 0.0,
                    "max_loading_percent": 80.0,
                }
            ],
            impedance=[
                {
                    "from_bus": 1,
                    "to_bus": 2,
                    "xft_pu": 0.3,
                    "xtf_pu": 0.3,
                    "sn_mva": 5.0,
                }
            ],
        ),
    )

    # line 0.4 ohm / 40 ohm; transformer 0.12 * 10 / 25; impedance 0.3 * 10 / 5
    assert case.network.reactance_pu == pytest.approx([0.01, 0.048, 0.6])
    assert case.network.limit_kw[1:] == pytest.approx([20_000.0, math.inf])
    assert notes == []


def test_closed_switches_join_buses_and_open_ones_take_branches_out(read):
    case, notes = read(
        **village(
            bus=[bus("a"), bus("b"), bus("c"), bus("d")],
            line=[
                line(0, 1, max_loading_percent=100.0),
                line(0, 2, max_loading_percent=100.0),
                line(1, 2, max_loading_percent=100.0),
            ],
            load=[load(2, 1.0), load(3, 1.0)],
            switch=[
                {"bus": 3, "element": 2, "et": "b", "closed": True, "z_ohm": 0.1},
                {"bus": 2, "element": 1, "et": "b", "closed": True},
                {"bus": 0, "element": 1, "et": "b", "closed": False},
                {"bus": 0, "element": 1, "et": "l", "closed": False},
                {"bus": 0, "element": 0, "et": "l", "closed": True},
            ],
        )
    )

    assert case.network.bus == ("a", "b")
    assert case.network.branch == ("a-b",)
    assert case.loads()["bus"] == ["b", "b"]
    assert notes == [
        "The impedance of switch 0 is left out.",
        "Buses 'c' (of 'b'), 'd' (of 'b') are joined to another by closed switches: "
        "they stand as one bus.",
        "line 2 joins a bus to itself: left out.",
        "Open switches take line 1 out: left out.",
    ]


def test_what_is_out_of_service_is_left_out_and_named(read):
    case, notes = read(
        **village(
            bus=[bus("a"), bus("b"), bus("c", in_service=False)],
            line=[
                line(0, 1, max_loading_percent=100.0),
                line(0, 1, in_service=False),
                line(1, 2),
            ],
            load=[load(1, 2.0), load(1, 5.0, in_service=False), load(2, 1.0)],
            switch=[{"bus": 1, "element": 2, "et": "b", "closed": True}],
        )
    )

    assert case.network.bus == ("a", "b")
    assert case.network.n_branch == 1
    assert case.orders.participant == ("ext_grid 0", "load 0")
    assert notes == [
        "Buses 'c' are out of service: left out with all that stands there.",
        "Out of service, or at a bus that is: line 1, line 2, load 1, load 2 are left "
        "out.",
    ]


def test_what_is_not_controllable_is_firm(read):
    case, notes = read(
        **village(
            load=[load(1, 2.0, scaling=0.5), load(1, -3.0)],
            sgen=[gen(1, 5.0, scaling=2.0), gen(1, 5.0, controllable=True)],
            gen=[gen(0, 6.0, controllable=False), gen(0, 7.0, 1.0)],
            poly_cost=[
                price("ext_grid", 0, 50.0),
                price("sgen", 0, 1.0),
                price("gen", 1, 30.0),
            ],
        )
    )

    table = case.generators()
    assert dict(zip(table["participant"], table["quantity_kw"], strict=True)) == {
        "gen 1": [1000.0, 7000.0],
        "sgen 1": [0.0, 5000.0],
        "ext_grid 0": [0.0, 9000.0],
        "load 1": [3000.0],
        "gen 0": [1000.0],
        "sgen 0": [2000.0],
    }
    assert case.loads()["quantity_kw"] == [[1000.0]]
    assert notes == [
        "No cost is stated for sgen 1: 0 stands for it.",
        "The costs of sgen 0 are left out: what is not controllable is firm.",
        "Firm supply 'load 1', 'gen 0', 'sgen 0' stands as an offer at 0 that is taken "
        "at any price.",
    ]


def test_a_controllable_load_bids_what_it_is_paid_for_taking(read):
    flexible = load(1, 2.0, controllable=True, max_p_mw=4.0, min_p_mw=1.0)
    case, notes = read(
        **village(
            load=[flexible],
            poly_cost=[price("ext_grid", 0, 50.0), price("load", 0, -90.0)],
        )
    )

    assert case.loads() == {
        "participant": ["load 0"],
        "bus": ["1"],
        "quantity_kw": [[1000.0, 4000.0]],
        "price_per_kwh": [[0.09, 0.09]],
    }
    assert notes == []


def test_a_source_without_limits_gives_and_takes(read):
    case, notes = read(**village(ext_grid=[{"bus": 0}], gen=[gen(1, 3.0)]))

    assert case.orders.participant[:3] == ("gen 0", "ext_grid 0", "ext_grid 0 taking")
    assert case.orders.most_kw.tolist() == [3000.0, 5000.0, 5000.0, 2000.0]
    assert notes[-2].startswith("Units 'ext_grid 0' have no limit: 5000 kW stand")


@pytest.mark.parametrize(
    ("tables", "reference"),
    [
        ({}, "0"),
        ({"ext_grid": [{"bus": 1}, {"bus": 0}]}, "1"),
        ({"ext_grid": [], "gen": [gen(0, 5.0), gen(1, 5.0, slack=True)]}, "1"),
        ({"ext_grid": [{"bus": 0}], "gen": [gen(1, 5.0, slack=True)]}, "0"),
        ({"ext_grid": [], "gen": [gen(1, 5.0)]}, "0"),
        (
            {"ext_grid": [], "gen": [gen(1, 5.0, slack=True), gen(0, 5.0, slack=True)]},
            "1",
        ),
    ],
)
def test_the_reference_is_the_first_source_then_the_slack(read, tables, reference):
    case, _ = read(**village(**tables))

    assert case.network.bus[case.network.reference] == reference


def test_tables_that_have_no_place_are_named_with_their_power(read):
    case, notes = read(
        **village(
            storage=[{"bus": 1, "p_mw": 0.5}, {"bus": 1, "p_mw": 0.25}],
            shunt=[{"bus": 1, "p_mw": 0.0, "in_service": False}],
            ward=[{"bus": 1, "ps_mw": 3.0}],
            dcline=[{"from_bus": 0, "to_bus": 1, "p_mw": 2.0}],
            svc=[{"bus": 1}],
            trafo3w=[{"hv_bus": 0}],
            measurement=[{"value": 1.0}],
            res_bus=[{"vm_pu": 1.0}],
            _empty_res_bus=[{"vm_pu": 1.0}],
        )
    )

    assert case.orders.n_order == 2
    assert notes == [
        "Table 'storage' is left out (storage 0, storage 1; p_mw 0.75 in all): a "
        "clearing knows one interval; what storage takes or gives is missing.",
        "Table 'ward' is left out (ward 0; ps_mw 3 in all): the active power of the "
        "equivalents is missing.",
        "Table 'dcline' is left out (dcline 0; p_mw 2 in all): the power that DC lines "
        "move is missing at their ends.",
        "Table 'svc' is left out (svc 0): what it says does not hold here.",
        "Table 'trafo3w' is left out (trafo3w 0): what transformers of three windings "
        "join stays apart without them.",
    ]


def test_islands_name_what_was_left_out(refused):
    tables = village(
        bus=[bus(), bus(), bus(), bus()],
        line=[line(0, 1), line(1, 2, in_service=False), line(2, 3)],
        trafo3w=[{"hv_bus": 0, "mv_bus": 2}],
        load=[load(3, 1.0)],
    )

    assert refused(**tables) == (
        "'2', '3' cannot be reached from '0'; join or remove them.",
        "left out, and perhaps missing there: 'line 1', 'trafo3w 0'.",
    )


def test_every_fault_of_the_tables_is_named(refused):
    tables = village(
        bus=[bus(), bus(), bus(vn_kv=0)],
        line=[
            line(0, 7),
            line(0, 1, length_km=None),
            line(0, 1, x_ohm_per_km=0.0),
            line(0, 1, max_loading_percent=-1.0),
            line(0, 1, parallel=0),
        ],
        load=[load("1", 1.0), load(1.0, None), load(True, 1.0)],
        gen=[gen(1, 5.0, 6.0), gen(1, None), gen(1, 0.0)],
    )

    assert refused(**tables) == (
        "bus 2: vn_kv is 0, expected > 0.",
        "line 0: to_bus is 7, expected the index of a bus.",
        "line 1: length_km is None, expected a number of at most 1e+15.",
        "line 2: its reactance is 0 pu and its limit inf MW, expected > 0 and >= 0.",
        "line 3: its reactance is 0.001 pu and its limit -0.103923 MW, expected > 0 "
        "and >= 0.",
        "line 4: parallel is 0, expected > 0.",
        "load 0: bus is '1', expected the index of a bus.",
        "load 1: p_mw is None, expected a number of at most 1e+15.",
        "load 2: bus is True, expected the index of a bus.",
        "gen 0: min_p_mw is 6 and max_p_mw 5, expected min_p_mw <= max_p_mw.",
        "gen 1: max_p_mw is None, expected a number of at most 1e+15.",
    )


def test_a_unit_without_power_is_named(read):
    _, notes = read(**village(gen=[gen(1, 0.0)]))

    assert notes == ["gen 0 gives and takes no active power: left out."]


def test_faults_of_the_file_stop_the_reading(refused, tmp_path):
    assert refused(**village(), sn_mva=0.0) == ("sn_mva is no number > 0.",)
    with pytest.raises(MissingFileError, match="case file not found"):
        read_pandapower(tmp_path / "none.json")


def test_an_index_may_be_a_whole_number_written_as_a_float(read):
    case, _ = read(**village(load=[load(1.0, 2.0)]))

    assert case.loads()["bus"] == ["1"]
    assert np.isfinite(case.orders.most_kw).all()
