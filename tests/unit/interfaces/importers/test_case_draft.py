import math
from itertools import pairwise

import pytest

from gridagora.errors import InvalidCaseError, InvalidConfigError
from gridagora.interfaces.importers.case_draft import (
    CaseDraft,
    Unit,
    fit_names,
    unique_names,
)
from gridagora.interfaces.importers.marginal_costs import PolynomialCost


def line_of(*buses, value_per_kwh=1.0):
    """A draft with buses in a row, joined by lines of 1 pu without a limit."""
    draft = CaseDraft("case 'x'", value_per_kwh)
    for bus in buses:
        draft.add_bus(bus)
    for pair in pairwise(buses):
        draft.add_branch("-".join(pair), pair, limit_mw=math.inf, reactance_pu=1.0)
    return draft


def unit(name, bus, least, most, *coefficients):
    return Unit(name, bus, least, most, PolynomialCost(coefficients))


def notes(case):
    """What is left out beyond what every case leaves out."""
    return list(case.left_out[1:])


def test_power_and_prices_change_their_units():
    draft = line_of("a", "b")
    draft.add_unit(unit("g", "a", 10.0, 100.0, 0.0, 20.0, 0.1))
    draft.add_load("town", "b", 60.0)

    case = draft.build("b")

    # marginal cost 20 + 0.2 P currency/MWh: 22 at 10 MW, 40 at 100 MW
    assert case.generators() == {
        "participant": ["g"],
        "bus": ["a"],
        "quantity_kw": [[10_000.0, 100_000.0]],
        "price_per_kwh": [[0.022, 0.04]],
    }
    assert case.loads() == {
        "participant": ["town"],
        "bus": ["b"],
        "quantity_kw": [[60_000.0]],
        "price_per_kwh": [[1.0]],
    }
    assert case.network.bus[case.network.reference] == "b"


def test_the_value_of_firm_load_is_the_number_that_was_given():
    draft = line_of("a", "b", value_per_kwh=0.0573)
    draft.add_load("town", "b", 1.0)

    assert draft.build(None).loads()["price_per_kwh"] == [[0.0573]]


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_value_that_is_no_number_is_refused(value):
    with pytest.raises(InvalidConfigError) as caught:
        CaseDraft("case 'x'", value)

    assert str(caught.value) == (
        f"value_per_kwh: it is {value!r}, expected a finite number."
    )


def test_a_unit_that_only_takes_is_a_bid():
    draft = line_of("a", "b")
    # takes 30 MW whatever the price, up to 50 MW: value 100 + 2 P at P = -30, -50
    draft.add_unit(unit("mill", "b", -50.0, -30.0, 0.0, 100.0, 1.0))

    case = draft.build(None)

    assert case.generators()["participant"] == []
    assert case.loads()["quantity_kw"] == [[30_000.0, 50_000.0]]
    assert case.loads()["price_per_kwh"] == [[0.04, 0.0]]
    # P^2 + 100 P at -30 is -2100; the bid counts its firm part at 40: -1200
    assert notes(case) == [
        "Costs that no order can hold, -900 an hour in all (constants, and the bend of "
        "costs below least outputs), are left out: dispatch and prices stay."
    ]


def test_a_unit_that_gives_and_takes_is_an_offer_and_a_bid():
    draft = line_of("a", "b")
    draft.add_unit(unit("store", "b", -10.0, 20.0, 0.0, 50.0, 1.0))

    case = draft.build(None)

    assert case.generators()["participant"] == ["store"]
    assert case.generators()["quantity_kw"] == [[0.0, 20_000.0]]
    assert case.generators()["price_per_kwh"] == [[0.05, 0.09]]
    assert case.loads()["participant"] == ["store taking"]
    assert case.loads()["quantity_kw"] == [[0.0, 10_000.0]]
    assert case.loads()["price_per_kwh"] == [[0.05, 0.03]]
    assert notes(case) == [
        "Unit 'store' both gives and takes: it stands as an offer and as a bid of "
        "'store taking'; at one price both may trade."
    ]


def test_negative_demand_is_firm_supply():
    draft = line_of("a", "b")
    draft.add_load("sun", "b", -3.0)
    draft.add_load("nothing", "b", 0.0)

    case = draft.build(None)

    assert case.generators()["quantity_kw"] == [[3000.0]]
    assert case.generators()["price_per_kwh"] == [[0.0]]
    assert case.loads()["participant"] == []
    assert notes(case) == [
        "Firm supply 'sun' stands as an offer at 0 that is taken at any price."
    ]


def test_a_unit_without_limits_gets_all_that_the_others_could_trade():
    draft = line_of("a", "b")
    draft.add_unit(unit("grid", "a", -math.inf, math.inf, 0.0, 40.0))
    draft.add_unit(unit("g", "b", 0.0, 30.0, 0.0, 20.0))
    draft.add_load("town", "b", 60.0)

    case = draft.build(None)

    assert case.generators()["quantity_kw"] == [[0.0, 90_000.0], [0.0, 30_000.0]]
    assert case.loads()["quantity_kw"] == [[0.0, 90_000.0], [60_000.0]]
    assert notes(case)[0] == (
        "Units 'grid' have no limit: 90000 kW stand for it, all that the others could "
        "take and give together."
    )


def test_a_bent_marginal_cost_names_its_error():
    draft = line_of("a", "b")
    draft.add_unit(unit("g", "a", 0.0, 16.0, 0.0, 0.0, 0.0, 1.0))

    # off by 0.75 currency/MWh at most: see the tests of the costs
    assert notes(draft.build(None)) == [
        "The marginal cost of units 'g' (0.00075) bends: 16 straight pieces stand for "
        "it, off by at most what stands beside each, in currency/kWh."
    ]


def test_names_that_come_again_are_numbered():
    draft = line_of("a", "b")
    draft.add_branch("a-b", ("a", "b"), limit_mw=5.0, reactance_pu=1.0)
    draft.add_unit(unit("b", "a", 0.0, 1.0, 0.0, 1.0))
    draft.add_load("b", "b", 1.0)

    case = draft.build(None)

    assert case.network.branch == ("a-b", "a-b (2)")
    assert case.network.limit_kw.tolist() == [math.inf, 5000.0]
    assert case.orders.participant == ("b", "b (2)")


def test_a_number_behind_a_name_never_makes_a_name_that_is_there():
    assert unique_names(["a", "a", "a (2)", "a", "a (2)"]) == [
        *("a", "a (3)", "a (2)", "a (4)", "a (2) (2)")
    ]


@pytest.mark.parametrize(
    ("names", "fit"),
    [
        (["North", " South "], ["North", "South"]),
        ([1, 2], ["1", "2"]),
        ([1, 1], None),
        (["a", None], None),
        (["a", " "], None),
        (["a", "b\nc"], None),
        ([], []),
    ],
)
def test_names_are_fit_when_each_can_name_one_thing(names, fit):
    assert fit_names(names) == fit


def test_a_bus_that_no_branch_joins_is_a_fault_only_where_something_stands():
    draft = line_of("a", "b")
    draft.add_bus("empty")
    draft.add_load("town", "b", 1.0)
    case = draft.build("empty")
    assert notes(case) == ["Buses 'empty' stand alone and empty: left out."]
    assert case.network.reference == 0

    draft.add_bus("lost")
    draft.add_load("hut", "lost", 1.0)
    with pytest.raises(InvalidCaseError) as caught:
        draft.build(None)
    assert str(caught.value) == (
        "case 'x': no branch in service joins bus 'lost'; join it or take it out of "
        "service."
    )


def test_a_case_without_a_branch_is_refused():
    draft = line_of("a")
    draft.add_load("town", "a", 1.0)

    with pytest.raises(InvalidCaseError) as caught:
        draft.build(None)

    assert str(caught.value) == (
        "case 'x': no branch is in service; a network has at least one."
    )


def test_islands_name_the_case_their_buses_and_the_branches_left_out():
    draft = line_of("a", "b")
    draft.add_branch("c-d", ("c", "d"), limit_mw=1.0, reactance_pu=1.0)
    draft.cut.append("b-c")

    with pytest.raises(InvalidCaseError) as caught:
        draft.build("a")

    assert str(caught.value) == (
        "case 'x': 'c', 'd' cannot be reached from 'a'; join or remove them. left out, "
        "and perhaps missing there: 'b-c'."
    )


def test_costs_that_no_market_can_clear_are_all_named():
    draft = line_of("a", "b")
    draft.add_unit(unit("g1", "a", 0.0, 9.0, 0.0, 5.0, -1.0))
    draft.add_unit(unit("g2", "a", 0.0, 9.0, 0.0, 5.0, -1.0))

    with pytest.raises(InvalidCaseError) as caught:
        draft.build(None)

    assert str(caught.value) == (
        "case 'x': unit 'g1': its marginal cost falls with output; a market needs it "
        "never to. unit 'g2': its marginal cost falls with output; a market needs it "
        "never to."
    )


def test_nothing_is_said_about_no_names_and_braces_in_names_stay():
    draft = line_of("a", "b")
    draft.note("Lost: {}.", [])
    draft.note("Lost: {}.", ["'{}'", "'x'"])
    draft.note("Plain.")

    assert notes(draft.build(None)) == ["Lost: '{}', 'x'.", "Plain."]
