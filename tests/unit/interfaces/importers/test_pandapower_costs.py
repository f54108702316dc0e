import pytest

from gridagora.interfaces.importers.case_draft import CaseDraft
from gridagora.interfaces.importers.marginal_costs import PiecewiseCost, PolynomialCost
from gridagora.interfaces.importers.pandapower_costs import Costs
from gridagora.interfaces.importers.pandapower_json import Row, read_tables


@pytest.fixture
def costs(net):
    """Costs from rows of the two tables, with the draft that collects faults."""

    def of(poly=(), pwl=()):
        tables = read_tables(net(poly_cost=list(poly), pwl_cost=list(pwl)))
        draft = CaseDraft("case 'x'", 1.0)
        draft.faults = tables.faults
        return Costs(tables, draft), draft

    return of


def element(table, index=0):
    return Row(table, index, {}, [])


def poly(et, element, linear, quadratic=0.0, constant=0.0, **more):
    return {
        "et": et,
        "element": element,
        "cp0_eur": constant,
        "cp1_eur_per_mw": linear,
        "cp2_eur_per_mw2": quadratic,
        **more,
    }


def pwl(et, element, points, power_type="p"):
    return {"power_type": power_type, "element": element, "et": et, "points": points}


def notes(draft):
    draft.add_branch("a-b", ("a", "b"), limit_mw=1.0, reactance_pu=1.0)
    return list(draft.build(None).left_out[1:])


def test_each_element_gets_its_own_cost(costs):
    read, draft = costs(
        [poly("gen", 1, 20.0, 0.5, 3.0), poly("sgen", 1, 7.0), poly("load", 1, -90.0)],
        [pwl("ext_grid", 1, [[0, 20, 1], [20, 30, 2]])],
    )

    assert read.of(element("gen", 1)) == PolynomialCost((3.0, 20.0, 0.5))
    assert read.of(element("sgen", 1)) == PolynomialCost((0.0, 7.0, 0.0))
    # a load is paid for taking: its value is what it costs to take less
    assert read.of(element("load", 1)) == PolynomialCost((0.0, 90.0, 0.0))
    assert read.of(element("ext_grid", 1)) == PiecewiseCost(
        (0.0, 20.0, 30.0), (1.0, 2.0), 0.0
    )
    read.name_unused()
    assert draft.faults == []
    assert notes(draft) == []


def test_pieces_cost_nothing_at_no_output(costs):
    read, _ = costs(pwl=[pwl("gen", 0, [[10, 20, 3], [20, 30, 4]])])

    cost = read.of(element("gen"))

    assert (cost.total(0.0), cost.total(10.0), cost.total(30.0)) == (0.0, 30.0, 100.0)


def test_what_has_no_cost_is_firm_or_is_not_there_is_named(costs):
    read, draft = costs([poly("sgen", 0, 5.0), poly("gen", 9, 5.0)])

    assert read.of(element("gen", 2)) == PolynomialCost((0.0,))
    read.pass_over(element("sgen"))
    read.pass_over(element("sgen", 1))
    read.name_unused()

    assert notes(draft) == [
        "No cost is stated for gen 2: 0 stands for it.",
        "The costs of sgen 0 are left out: what is not controllable is firm.",
        "Costs of gen 9 are left out, as what they are of is.",
    ]


def test_costs_of_reactive_power_are_named(costs):
    read, draft = costs(
        [poly("gen", 0, 5.0, cq1_eur_per_mvar=1.0)],
        [pwl("gen", 0, [[0, 1, 1]], power_type="q")],
    )

    assert read.of(element("gen")) == PolynomialCost((0.0, 5.0, 0.0))
    assert notes(draft) == [
        "Costs of reactive power (poly_cost 0, pwl_cost 0) are left out."
    ]


def test_two_costs_of_one_element_are_a_fault(costs):
    _, draft = costs([poly("gen", 0, 5.0)], [pwl("gen", 0, [[0, 1, 1]])])

    assert draft.faults == ["gen 0 has two costs, expected one."]


@pytest.mark.parametrize(
    "points",
    [
        None,
        [],
        "x",
        [[0, 1]],
        [[0, 1, "x"]],
        [[0, 1, None]],
        [[1, 0, 5]],
        [[0, 1, 5], [2, 3, 6]],
        [[0, 1, 1e999]],
    ],
)
def test_pieces_that_do_not_join_are_a_fault(costs, points):
    read, draft = costs(pwl=[pwl("gen", 0, points)])

    assert read.of(element("gen")) == PolynomialCost((0.0,))
    assert draft.faults == [
        f"pwl_cost 0: points are {str(points)!r}, expected [[from MW, to MW, "
        "currency/MWh], ...], each from where the last ends."
    ]


def test_costs_of_loads_whose_sign_is_not_certain_are_faults(costs):
    read, draft = costs([poly("load", 0, -5.0, 0.1)], [pwl("load", 1, [[0, 1, 1]])])

    read.of(element("load", 0))
    read.of(element("load", 1))

    assert draft.faults == [
        "load 0: its quadratic cost has no one sign in pandapower; state a linear cost.",
        "load 1: its piecewise cost has no one sign in pandapower; state a linear cost.",
    ]
