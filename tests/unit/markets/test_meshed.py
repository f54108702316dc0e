"""Hand-worked clearings on networks with loops."""

import numpy as np
import pytest

from gridagora.errors import InvalidOrderError, UnknownNameError
from gridagora.markets.direct_current import SparseFlows
from gridagora.markets.laws import permuted
from gridagora.markets.meshed import clear_meshed
from gridagora.types.dispatch import Outcome
from gridagora.types.network import Network
from gridagora.types.orders import Bid, CurveColumns, Offer


def ring(limit_kw=4.0, reference="a"):
    return Network.from_table(
        {
            "from_bus": ["a", "b", "a"],
            "to_bus": ["b", "c", "c"],
            "limit_kw": [None, None, limit_kw],
        },
        reference=reference,
    )


TOWN = Bid.affine("town", "c", p_max=9, p_min=9, q_max=9, q_min=9)
COAL = Offer.affine("coal", "a", p_max=1, p_min=1, q_max=20)
GAS = Offer.affine("gas", "b", p_max=2, p_min=2, q_max=20)


def clear(book, network=None, **options):
    network = network or ring()
    return clear_meshed(network, CurveColumns.of(book, network), **options)


@pytest.mark.parametrize("solver", ["auto", "daqp", "piqp"])
@pytest.mark.parametrize("reference", ["a", "b", "c"])
def test_congestion_splits_prices_around_a_loop(solver, reference):
    # 2/3 coal + 1/3 gas = 4 and coal + gas = 9 give 3 and 6 kW. Serving one more kW at
    # c takes 2 more of gas and 1 less of coal: 2*2 - 1 = 3. One more kW of limit
    # replaces 3 kW of gas by coal: worth 3.
    dispatch = clear([COAL, GAS, TOWN], ring(reference=reference), solver=solver)

    assert dispatch.outcome is Outcome.CLEARED
    assert dispatch.quantity_kw == pytest.approx([3.0, 6.0, 9.0])
    assert dispatch.price_per_kwh == pytest.approx([1.0, 2.0, 3.0])
    assert dispatch.flow_kw == pytest.approx([-1.0, 5.0, 4.0])
    assert dispatch.congestion_per_kwh == pytest.approx([0.0, 0.0, 3.0])
    assert dispatch.congestion_rent_per_h == pytest.approx(12.0)  # 3 per kWh, 4 kW
    assert dispatch.binding.tolist() == [0, 0, 1]
    assert dispatch.certificate.passed


def test_without_congestion_there_is_one_price():
    dispatch = clear([COAL, GAS, TOWN], ring(limit_kw=7))

    assert dispatch.price_per_kwh == pytest.approx([1.0, 1.0, 1.0])
    assert dispatch.quantity_kw == pytest.approx([9.0, 0.0, 9.0])
    assert not dispatch.binding.any()


def test_sparse_flows_give_the_same_dispatch():
    network = ring()
    thin = clear([COAL, GAS, TOWN], network, flows=SparseFlows.of(network))

    assert thin.quantity_kw == pytest.approx([3.0, 6.0, 9.0])
    assert thin.price_per_kwh == pytest.approx([1.0, 2.0, 3.0])


def test_tied_offers_share_in_proportion_to_size():
    # 9 kW over equal offers of 20 and 10 at one price: 6 and 3.
    book = [COAL, Offer.affine("wood", "b", p_max=1, p_min=1, q_max=10), TOWN]
    dispatch = clear(book, ring(limit_kw=None))

    assert dispatch.quantity_kw == pytest.approx([6.0, 3.0, 9.0], abs=1e-9)


def test_ties_on_both_sides_trade_as_much_as_they_can():
    # Buyers of 3 and 6 kW and a seller of 6 kW, all at price 2: 6 kW trade, 2 and 4.
    book = [
        Bid.affine("x", "a", p_max=2, p_min=2, q_max=3),
        Bid.affine("y", "b", p_max=2, p_min=2, q_max=6),
        Offer.affine("z", "c", p_max=2, p_min=2, q_max=6),
    ]
    dispatch = clear(book, ring(limit_kw=None))

    assert dispatch.quantity_kw == pytest.approx([2.0, 4.0, 6.0], abs=1e-9)


def test_limits_may_force_other_shares_than_pro_rata():
    # As the tie above, yet with 3 kW on a-c coal (2/3 of it) and wood (1/3) must keep
    # 2/3 x + 1/3 y <= 3 with x + y = 9: x = 0 at most.
    book = [COAL, Offer.affine("wood", "b", p_max=1, p_min=1, q_max=10), TOWN]
    dispatch = clear(book, ring(limit_kw=3))

    assert dispatch.quantity_kw == pytest.approx([0.0, 9.0, 9.0], abs=1e-9)


def test_an_open_price_is_the_middle_of_its_interval():
    # 5 kW offered at 1, 5 kW wanted at 4: any price from 1 to 4 supports it.
    book = [
        Offer.affine("coal", "a", p_max=1, p_min=1, q_max=5),
        Bid.affine("town", "c", p_max=4, p_min=4, q_max=5),
    ]
    assert clear(book).price_per_kwh == pytest.approx([2.5, 2.5, 2.5])


def test_prices_that_congestion_leaves_open_lie_as_close_as_they_can():
    # All 6 kW of coal fill town's wish and bring a-c to its limit of 4 kW. Coal wants 1
    # or more and town 9 or less: no separation is needed, and the middle is 5.
    book = [
        Offer.affine("coal", "a", p_max=1, p_min=1, q_max=6),
        Bid.affine("town", "c", p_max=9, p_min=9, q_max=6),
    ]
    dispatch = clear(book)

    assert dispatch.flow_kw[2] == pytest.approx(4.0)
    assert dispatch.price_per_kwh == pytest.approx([5.0, 5.0, 5.0])
    assert dispatch.congestion_per_kwh == pytest.approx([0.0, 0.0, 0.0])


def test_one_sided_books_get_the_price_at_which_nobody_moves():
    buyers = clear([Bid.affine("town", "c", p_max=4, p_min=2, q_max=5)])
    sellers = clear([COAL, GAS])

    assert buyers.outcome is sellers.outcome is Outcome.ONE_SIDED
    assert buyers.price_per_kwh == pytest.approx([4.0] * 3)
    assert sellers.price_per_kwh == pytest.approx([1.0] * 3)
    assert not buyers.quantity_kw.any()
    assert not sellers.quantity_kw.any()


def test_firm_power_on_both_sides_takes_the_middle_of_all_prices():
    plant = Offer.affine("plant", "a", p_max=1, p_min=1, q_max=9, q_min=9)

    assert clear([plant, TOWN], ring(7)).price_per_kwh == pytest.approx([5.0] * 3)


def test_an_empty_book_clears_to_nothing():
    dispatch = clear([])

    assert dispatch.outcome is Outcome.EMPTY
    assert np.isnan(dispatch.price_per_kwh).all()
    assert dispatch.certificate.passed


def test_firm_demand_behind_short_limits_is_infeasible_and_says_which():
    # 2/3 of coal's 9 kW, 6 kW, would take a-c; its limit is 4.
    dispatch = clear([COAL, TOWN])

    assert dispatch.outcome is Outcome.INFEASIBLE
    assert not dispatch.quantity_kw.any()
    assert np.isnan(dispatch.price_per_kwh).all()
    assert dispatch.certificate.passed
    assert dispatch.certificate.residual["shortage"] == 0.0
    assert dispatch.reason == (
        "3 kW of firm power has no way through the limits of 'a-c'; raising any one of "
        "them enough would help."
    )


def test_arrival_order_does_not_matter():
    book: list[Bid | Offer] = [
        COAL,
        Offer.affine("wood", "b", p_max=1, p_min=1, q_max=10),
        Bid.affine("x", "c", p_max=1, p_min=1, q_max=3),
        Bid.affine("y", "c", p_max=5, p_min=1, q_max=3),
        Bid.affine("z", "b", p_max=1, p_min=1, q_max=8),
    ]
    network = ring(limit_kw=2)
    orders = CurveColumns.of(book, network)
    first = clear_meshed(network, orders)
    for places in ([4, 3, 2, 1, 0], [2, 0, 4, 1, 3]):
        again = clear_meshed(network, permuted(orders, places))
        assert again.quantity_kw == pytest.approx(first.quantity_kw[places], abs=1e-9)
        assert again.price_per_kwh == pytest.approx(first.price_per_kwh, abs=1e-9)


def test_orders_outside_the_network_are_refused_by_name():
    network = ring()
    outside = CurveColumns(
        participant=("town",),
        bus=np.array([3]),
        is_bid=np.array([True]),
        start=np.array([0, 1]),
        quantity_kw=np.array([1.0]),
        price_per_kwh=np.array([1.0]),
    )
    with pytest.raises(InvalidOrderError) as caught:
        clear_meshed(network, outside)

    assert str(caught.value) == (
        "orders: order of 'town' is at bus 3, expected 0 to 2; build the columns with "
        "this network."
    )


def test_a_misspelt_solver_is_refused():
    with pytest.raises(UnknownNameError):
        clear([COAL, TOWN], solver="glpk")


def test_a_large_mesh_clears_with_exact_prices():
    # A 20 x 20 grid, more than the dense form takes, with some full lines.
    side = 20
    rng = np.random.default_rng(5)
    down = [(at, at + side) for at in range(side * (side - 1))]
    right = [(at, at + 1) for at in range(side * side) if at % side < side - 1]
    ends = np.array(down + right)
    network = Network(
        bus=tuple(f"b{at}" for at in range(side * side)),
        branch=tuple(f"l{at}" for at in range(len(ends))),
        from_bus=ends[:, 0].copy(),
        to_bus=ends[:, 1].copy(),
        limit_kw=rng.choice([2.0, 5.0, np.inf], len(ends)),
        reactance_pu=rng.uniform(0.5, 2.0, len(ends)),
    )
    n_order = 600
    is_bid = rng.random(n_order) < 0.6
    p_min = rng.uniform(1, 5, n_order)
    orders = CurveColumns.affine(
        [f"p{at}" for at in range(n_order)],
        rng.integers(0, network.n_bus, n_order),
        is_bid,
        p_max=p_min + rng.uniform(0.1, 4, n_order),
        p_min=p_min,
        q_max=rng.uniform(0.5, 8, n_order),
        q_min=np.zeros(n_order),
    )
    dispatch = clear_meshed(network, orders)

    assert dispatch.outcome is Outcome.CLEARED
    assert dispatch.binding.any()
    assert dispatch.certificate.worst[1] < 1e-9
