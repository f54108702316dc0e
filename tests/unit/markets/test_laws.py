"""The certificates pass what is optimal and nothing else."""

from dataclasses import replace

import numpy as np
import pytest

from gridagora.errors import CertificateError
from gridagora.markets import laws
from gridagora.types.dispatch import Certificate, Settlement
from gridagora.types.network import Network
from gridagora.types.orders import Bid, Curve, CurveColumns, Offer

# Triangle a-b-c of equal reactances; a-c carries 4 kW at most. Coal at a costs 1, gas
# at b costs 2, the town at c takes 9 kW firm. With x from coal and y from gas the flow
# on a-c is 2/3 x + 1/3 y = 4 and x + y = 9: x = 3, y = 6. Prices: 1 at a, 2 at b,
# hence mu/3 = 1 between them (H differs by 1/3), mu = 3, and 3 at c.
RING = Network.from_table(
    {
        "from_bus": ["a", "b", "a"],
        "to_bus": ["b", "c", "c"],
        "limit_kw": [None, None, 4],
    }
)
BOOK = CurveColumns.of(
    [
        Offer.affine("coal", "a", p_max=1, p_min=1, q_max=20),
        Offer.affine("gas", "b", p_max=2, p_min=2, q_max=20),
        Bid.affine("town", "c", p_max=9, p_min=9, q_max=9, q_min=9),
    ],
    RING,
)
TREE = Network.from_table(
    {"from_bus": ["a", "b"], "to_bus": ["b", "c"], "limit_kw": [None, 4]}
).radial()
# On the tree a-b-c with 4 kW on b-c: coal sells 4 at 1, the mill at c bids 9 down to 3
# over 8 kW and takes 4 at 6; the worth of the limit is 5.
TREE_BOOK = CurveColumns.of(
    [
        Offer.affine("coal", "a", p_max=1, p_min=1, q_max=20),
        Bid.affine("mill", "c", p_max=9, p_min=3, q_max=8),
    ],
    TREE,
)


def ring_result():
    return {
        "quantity_kw": np.array([3.0, 6.0, 9.0]),
        "price_per_kwh": np.array([1.0, 2.0, 3.0]),
        "flow_kw": np.array([-1.0, 5.0, 4.0]),
        "congestion_per_kwh": np.array([0.0, 0.0, 3.0]),
    }


def tree_result():
    return {
        "quantity_kw": np.array([4.0, 4.0]),
        "price_per_kwh": np.array([1.0, 1.0, 6.0]),
        "flow_kw": np.array([4.0, 4.0]),
        "congestion_per_kwh": np.array([0.0, 5.0]),
    }


def test_an_optimum_of_a_meshed_network_passes():
    passed = laws.nodal_certificate(RING, BOOK, **ring_result(), mechanism="test")

    assert passed.passed
    assert passed.worst[1] < 1e-15
    assert set(passed.residual) == set(laws.NODAL_LAWS)


@pytest.mark.parametrize("network", [TREE, TREE.general()])
def test_an_optimum_of_a_tree_passes_in_both_forms(network):
    passed = laws.nodal_certificate(
        network, TREE_BOOK, **tree_result(), mechanism="test"
    )

    assert passed.residual == dict.fromkeys(laws.NODAL_LAWS, 0.0)


# Column, place, what is done to the number there, and a law that must notice.
FAULTS = [
    ("quantity_kw", 0, lambda q: q + 1e-6, "energy balance"),
    ("quantity_kw", -1, lambda q: q + 1e-6, "flow definition"),
    ("quantity_kw", 0, lambda q: -q, "order bounds"),
    ("quantity_kw", 0, lambda q: np.nan, "order bounds"),
    ("price_per_kwh", 0, lambda p: p + 1e-6, "orders at their price"),
    ("price_per_kwh", -1, lambda p: -p, "price differences"),
    ("price_per_kwh", 1, lambda p: np.nan, "congestion rent"),
    ("flow_kw", 0, lambda f: -f, "flow definition"),
    ("flow_kw", -1, lambda f: f + 1e-6, "flow limits"),
    ("flow_kw", -1, lambda f: f - 1e-6, "complementary slackness"),
    ("flow_kw", -1, lambda f: np.inf, "flow limits"),
    ("congestion_per_kwh", -1, lambda m: -m, "complementary slackness"),
    ("congestion_per_kwh", -1, lambda m: 1.01 * m, "congestion rent"),
    ("congestion_per_kwh", 0, lambda m: m + 1e-6, "price differences"),
    ("congestion_per_kwh", -1, lambda m: np.nan, "flow limits"),
]


@pytest.mark.parametrize(("column", "place", "fault", "law"), FAULTS)
@pytest.mark.parametrize(
    ("network", "orders", "result"),
    [(RING, BOOK, ring_result), (TREE, TREE_BOOK, tree_result)],
    ids=["ring", "tree"],
)
def test_every_planted_fault_is_noticed(
    network, orders, result, column, place, fault, law
):
    spoilt = result()
    spoilt[column][place] = fault(spoilt[column][place])

    failed = laws.nodal_certificate(network, orders, **spoilt, mechanism="test")

    assert not failed.passed
    assert not failed.residual[law] <= failed.tolerance


def test_swapped_prices_and_swapped_awards_are_noticed():
    for column in ("quantity_kw", "price_per_kwh"):
        spoilt = ring_result()
        spoilt[column][[0, 1]] = spoilt[column][[1, 0]]
        failed = laws.nodal_certificate(RING, BOOK, **spoilt, mechanism="test")
        assert not failed.passed, column


def test_a_flow_that_ignores_reactances_is_noticed():
    # Balanced at every bus, yet 5 kW the long way and 4 the short is not DC flow when
    # one reactance is changed.
    other = Network.from_table(
        {
            "from_bus": ["a", "b", "a"],
            "to_bus": ["b", "c", "c"],
            "limit_kw": [None, None, 4],
            "reactance_pu": [1, 1, 1.01],
        }
    )
    failed = laws.nodal_certificate(other, BOOK, **ring_result(), mechanism="test")

    assert failed.residual["flow definition"] > 1e-4
    assert failed.residual["price differences"] > 1e-4


def test_a_line_of_limit_zero_carries_exactly_nothing():
    shut = TREE.with_limits({"b-c": 0.0})
    result = tree_result()
    result["quantity_kw"][:] = 0.0
    result["flow_kw"] = np.array([0.0, 1e-300])
    result["price_per_kwh"] = np.array([1.0, 1.0, 9.0])
    result["congestion_per_kwh"] = np.array([0.0, 8.0])

    failed = laws.nodal_certificate(shut, TREE_BOOK, **result, mechanism="test")
    assert failed.residual["flow limits"] == np.inf

    result["flow_kw"] = np.zeros(2)
    assert laws.nodal_certificate(shut, TREE_BOOK, **result, mechanism="test").passed


def test_residuals_do_not_depend_on_units():
    spoilt = ring_result()
    spoilt["quantity_kw"][0] += 0.01
    one = laws.nodal_certificate(RING, BOOK, **spoilt, mechanism="test")
    scaled = {
        name: column * (1e3 if name.endswith("_kw") else 1e-2)
        for name, column in spoilt.items()
    }
    wide = Network.from_table(
        {
            "from_bus": ["a", "b", "a"],
            "to_bus": ["b", "c", "c"],
            "limit_kw": [None, None, 4e3],
        }
    )
    book = laws.scaled(BOOK, quantity=1e3, price=1e-2)
    other = laws.nodal_certificate(wide, book, **scaled, mechanism="test")

    assert other.residual == pytest.approx(one.residual)


def test_require_names_the_worst_law():
    laws.require(Certificate("nodal", {"energy balance": 1e-12}))

    with pytest.raises(CertificateError) as caught:
        laws.require(Certificate("nodal", {"balance": 1e-12, "flow limits": 2e-3}))

    assert str(caught.value) == (
        "nodal: the result breaks flow limits: residual 2.000e-03, allowed 1.0e-09. "
        "The result was not used; please report the orders."
    )


def test_a_cut_that_is_short_proves_that_there_is_no_dispatch():
    # 5 kW firm at c, behind a line of 4 kW: short by 1.
    book = CurveColumns.of(
        [
            Offer.affine("coal", "a", p_max=1, p_min=1, q_max=20),
            Bid.affine("mill", "c", p_max=9, p_min=9, q_max=5, q_min=5),
        ],
        TREE,
    )
    weight, congestion = np.array([0.0, 0.0, 1.0]), np.array([0.0, 1.0])

    assert laws.shortage_kw(TREE, book, weight, congestion) == pytest.approx(1.0)
    proof = laws.infeasibility_certificate(
        TREE, book, weight, congestion, mechanism="test"
    )
    assert proof.passed
    wrong = laws.infeasibility_certificate(
        TREE, book, np.array([0.0, 1.0, 1.0]), congestion, mechanism="test"
    )
    assert not wrong.passed
    feasible = laws.infeasibility_certificate(
        TREE, TREE_BOOK, weight, congestion, mechanism="test"
    )
    assert feasible.residual["shortage"] == 1.0


def test_individual_rationality_knows_firm_power_and_sides():
    # The mill's curve is 6 at 4 kW; coal's is 1; the town's firm 9 kW has no say.
    result = tree_result()
    price = np.array([1.0, 6.0])
    kept = laws.irrationality_per_kwh(TREE_BOOK, result["quantity_kw"], price)
    assert kept.tolist() == [0.0, 0.0]

    broken = laws.irrationality_per_kwh(
        TREE_BOOK, result["quantity_kw"], np.array([0.75, 6.5])
    )
    assert broken.tolist() == [0.25, 0.5]
    nothing = laws.irrationality_per_kwh(TREE_BOOK, np.zeros(2), np.array([0.0, 99.0]))
    assert nothing.tolist() == [0.0, 0.0]
    firm = laws.irrationality_per_kwh(
        BOOK, np.array([3.0, 6.0, 9.0]), np.array([1.0, 2.0, 99.0])
    )
    assert firm.tolist() == [0.0, 0.0, 0.0]


def test_orders_say_what_they_want_and_what_they_miss():
    low, high = laws.wanted_kw(TREE_BOOK, np.array([1.0, 6.0]))
    assert (low.tolist(), high.tolist()) == ([0.0, 4.0], [20.0, 4.0])
    # With 2 kW at price 6 the mill misses the triangle from 7.5 to 6 over 2 kW.
    lost = laws.lost_surplus_per_h(
        TREE_BOOK, np.array([5.0, 2.0]), np.array([1.0, 6.0])
    )
    assert lost.tolist() == pytest.approx([0.0, 1.5])


def entries(**changes):
    columns = {
        "account": ("mill", "coal", "operator"),
        "cause": ("bid", "offer", "congestion rent"),
        "energy_wh": np.array([4000, -4000, 0]),
        "price_nano_per_wh": np.array([6, 1, 0]),
        "money_nano": np.array([-24000, 4000, 20000]),
    }
    return Settlement(**{**columns, **changes})


def test_a_settlement_that_adds_up_passes():
    passed = laws.settlement_certificate(entries())

    assert passed.residual == {"energy": 0.0, "money": 0.0, "price": 0.0}
    assert passed.passed
    assert laws.imbalance_nano(entries()) == 20000


@pytest.mark.parametrize(
    ("changes", "law"),
    [
        ({"energy_wh": np.array([4001, -4000, 0])}, "energy"),
        ({"money_nano": np.array([-24000, 4000, 19999])}, "money"),
        ({"money_nano": np.array([-23999, 3999, 20000])}, "price"),
    ],
)
def test_a_settlement_that_leaks_one_unit_does_not_pass(changes, law):
    failed = laws.settlement_certificate(entries(**changes))

    assert not failed.passed
    assert failed.residual[law] >= 1.0


def test_orders_can_be_permuted_and_scaled():
    book = CurveColumns.of(
        [
            Bid("x", "a", Curve((0.0, 1.0, 2.0), (5.0, 4.0, 1.0))),
            Offer("y", "b", Curve((3.0,), (2.0,))),
        ],
        RING,
    )
    turned = laws.permuted(book, [1, 0])

    assert turned.participant == ("y", "x")
    assert turned.is_bid.tolist() == [False, True]
    assert turned.start.tolist() == [0, 1, 4]
    assert turned.quantity_kw.tolist() == [3.0, 0.0, 1.0, 2.0]
    assert turned.price_per_kwh.tolist() == [2.0, 5.0, 4.0, 1.0]
    twice = laws.scaled(book, quantity=2.0, price=3.0)
    assert twice.quantity_kw.tolist() == [0.0, 2.0, 4.0, 6.0]
    assert twice.price_per_kwh.tolist() == [15.0, 12.0, 3.0, 6.0]
    assert replace(book, participant=("x", "z")).participant == ("x", "z")
