import numpy as np
import pytest

from gridagora.errors import InvalidOrderError, UnknownNameError
from gridagora.markets.nodal import clear_nodal
from gridagora.markets.residual_supply import orders_of, residual_supply_index
from gridagora.types.dispatch import Outcome
from gridagora.types.network import Network, RadialNetwork
from gridagora.types.orders import Bid, CurveColumns, Offer


def flat(name, bus, price, most_kw):
    return Offer.affine(name, bus, p_max=price, p_min=price, q_max=most_kw)


def firm(name, bus, kw, price=60.0):
    return Bid.affine(name, bus, p_max=price, p_min=price, q_max=kw, q_min=kw)


@pytest.fixture
def line():
    """Two buses, 40 kW between them."""
    return Network.from_table({"from_bus": ["a"], "to_bus": ["b"], "limit_kw": [40.0]})


def test_without_limits_residual_supply_is_capacity_of_the_others_over_demand():
    # capacities 50, 80, 70, 30 on a ring, demand 60 + 40: (230 - own) / 100
    ring = Network.from_table({"from_bus": ["a", "b", "c"], "to_bus": ["b", "c", "a"]})
    capacity = {"one": 50.0, "two": 80.0, "three": 70.0, "four": 30.0}
    offers = [
        flat(name, bus, 1.0, kw)
        for (name, kw), bus in zip(capacity.items(), "aabc", strict=True)
    ]
    book = CurveColumns.of([*offers, firm("x", "b", 60.0), firm("y", "c", 40.0)], ring)

    assert residual_supply_index(ring, book, list(capacity)) == pytest.approx(
        [1.8, 1.5, 1.6, 2.0], abs=1e-9
    )


def test_offers_of_one_player_are_left_out_together():
    bus = RadialNetwork.from_table({"bus": ["a"], "parent": [None]})
    offers = [flat(name, "a", 1.0, 50.0) for name in ("one", "two", "three")]
    book = CurveColumns.of([*offers, firm("town", "a", 100.0)], bus)
    players = {"big": ("one", "two"), "small": ("three",)}

    assert residual_supply_index(bus, book, players) == pytest.approx([0.5, 1.0])


def test_a_full_line_makes_the_seller_behind_it_pivotal(line):
    # near: 40 of 100 kW come over the line. far: the 90 kW of near are left.
    book = [flat("far", "a", 1.0, 200.0), flat("near", "b", 2.0, 90.0)]
    orders = CurveColumns.of([firm("town", "b", 100.0), *book], line)
    expected = pytest.approx([0.9, 0.4], abs=1e-9)

    assert residual_supply_index(line, orders, ["far", "near"]) == expected
    assert residual_supply_index(line.radial(), orders, ["far", "near"]) == expected


def test_all_loads_are_scaled_alike(line):
    # 50 kW at each bus, all supply at a: the line lets 40 of 50 through, so that the
    # load at a counts with 0.8 as well although it could be served
    book = [flat("far", "a", 1.0, 500.0), flat("near", "b", 2.0, 90.0)]
    loads = [firm("here", "a", 50.0), firm("there", "b", 50.0)]
    orders = CurveColumns.of([*book, *loads], line)

    assert residual_supply_index(line, orders, ["near"]) == pytest.approx([0.8])


def test_what_counts_as_demand_is_the_most_of_bids_unless_told(line):
    # 20 firm, up to 80 kW; without near, 40 kW come over the line
    bid = Bid.affine("town", "b", p_max=9.0, p_min=5.0, q_max=80.0, q_min=20.0)
    book = [flat("far", "a", 1.0, 200.0), flat("near", "b", 2.0, 90.0)]
    orders = CurveColumns.of([*book, bid], line)

    def index(demand_kw):
        return residual_supply_index(line, orders, ["near"], demand_kw=demand_kw)

    assert index(None) == pytest.approx([0.5])
    assert index(orders.firm_kw) == pytest.approx([2.0])


def test_own_bids_of_a_player_still_count_as_demand(line):
    book = [flat("mill", "b", 2.0, 90.0), flat("far", "a", 1.0, 200.0)]
    orders = CurveColumns.of([*book, firm("mill", "b", 50.0)], line)

    assert residual_supply_index(line, orders, ["mill"]) == pytest.approx([0.8])


def test_nobody_left_to_sell_serves_nothing(line):
    orders = CurveColumns.of([flat("one", "b", 1.0, 9.0), firm("x", "b", 5.0)], line)

    assert residual_supply_index(line, orders, ["one"]) == pytest.approx([0.0])


@pytest.mark.parametrize(("limit_kw", "pocket"), [(100.0, 0.47198), (200.0, 0.94395)])
def test_the_third_generator_is_pivotal_in_the_pocket_behind_the_line(
    five_bus, limit_kw, pocket
):
    # Without G3 line 2-5 carries 0.625 x 340 + 0.125 x (50 - 55) = 211.875 kW of a full
    # demand: 100 / 211.875. Without G1, 255 + 260 kW are left for 500, G3's relieve
    # the line: 515 / 500.
    network, orders = five_bus(limit_kw)
    index = residual_supply_index(network, orders, ["G1", "G2", "G3"])

    assert index == pytest.approx([1.03, 1.03, limit_kw / 211.875], abs=1e-9)
    assert index[2] == pytest.approx(pocket, abs=1e-5)


def test_the_book_of_the_pocket_without_its_limit_has_nobody_pivotal(five_bus):
    network, orders = five_bus(None)

    # 770 kW in all less its own, for 500
    assert residual_supply_index(network, orders, ["G1", "G2", "G3"]) == pytest.approx(
        [1.03, 1.03, 1.02]
    )


@pytest.mark.parametrize("seed", range(8))
def test_that_part_of_demand_clears_on_a_mesh_and_a_little_more_does_not(seed):
    rng = np.random.default_rng(seed)
    names = [f"n{at}" for at in range(7)]
    rows = [(names[at], names[(at + 1) % 7]) for at in range(7)]
    rows += [("n0", "n3"), ("n1", "n5")]
    network = Network.from_table(
        {
            "from_bus": [row[0] for row in rows],
            "to_bus": [row[1] for row in rows],
            "reactance_pu": rng.uniform(0.5, 2.0, len(rows)),
            "limit_kw": rng.uniform(5.0, 40.0, len(rows)),
        }
    )
    offers = [flat(f"s{at}", names[at], 1.0, rng.uniform(20, 90)) for at in range(4)]
    load_kw = rng.uniform(5.0, 30.0, 7)

    def book(part, without=None):
        loads = [firm(f"d{at}", names[at], part * load_kw[at]) for at in range(7)]
        left = [offer for offer in offers if offer.participant != without]
        return CurveColumns.of([*left, *loads], network)

    for seller in ("s0", "s1", "s2", "s3"):
        (part,) = residual_supply_index(network, book(1.0), [seller])
        enough = clear_nodal(network, book(0.9999 * part, without=seller))
        too_much = clear_nodal(network, book(1.0001 * part, without=seller))
        assert (enough.outcome, too_much.outcome) == (
            Outcome.CLEARED,
            Outcome.INFEASIBLE,
        )


def test_strangers_among_players_are_refused(line):
    orders = CurveColumns.of([flat("one", "b", 1.0, 9.0), firm("x", "b", 5.0)], line)

    with pytest.raises(UnknownNameError) as caught:
        residual_supply_index(line, orders, {"firm": ("one", "ons")})

    assert str(caught.value) == (
        "no participant is called 'ons'. Did you mean 'one'? Known: one, x."
    )


def test_no_demand_and_foreign_buses_are_refused(line):
    wide = Network.from_table({"from_bus": ["a", "a"], "to_bus": ["b", "c"]})
    orders = CurveColumns.of([flat("one", "c", 1.0, 9.0)], wide)

    with pytest.raises(InvalidOrderError) as caught:
        residual_supply_index(line, orders, ["one"])

    assert str(caught.value) == (
        "residual supply: order of 'one' is at bus 2, expected 0 to 1; build the "
        "columns with this network. no bid has any power that counts as demand, "
        "expected some."
    )


def test_orders_of_a_player_include_its_bids(line):
    book = [flat("mill", "b", 2.0, 90.0), flat("far", "a", 1.0, 200.0)]
    orders = CurveColumns.of([*book, firm("mill", "b", 50.0)], line)

    owned = orders_of(orders, {"both": ("mill", "far"), "one": ("mill",)})
    assert owned["both"].tolist() == [True, True, True]
    assert owned["one"].tolist() == [True, False, True]
