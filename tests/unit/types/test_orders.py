import numpy as np
import pytest

from gridagora.errors import InvalidOrderError, UnknownNameError
from gridagora.types.network import RadialNetwork
from gridagora.types.orders import Bid, Curve, CurveColumns, CurveJoin, Offer

TREE = RadialNetwork.from_table({"bus": ["a", "b"], "parent": [None, "a"]})


def refused(build):
    with pytest.raises(InvalidOrderError) as caught:
        build()
    return str(caught.value)


def test_a_quadruple_is_a_falling_bid_and_a_rising_offer():
    # eqs. (2) and (3): demand starts at p_max, supply at p_min.
    four = {"p_max": 9.0, "p_min": 3.0, "q_max": 10.0, "q_min": 2.0}

    bid, offer = Bid.affine("x", "a", **four), Offer.affine("y", "b", **four)

    assert bid.curve == Curve((2.0, 10.0), (9.0, 3.0))
    assert offer.curve == Curve((2.0, 10.0), (3.0, 9.0))


def test_inelastic_demand_and_fixed_price_supply_are_legal():
    assert Bid.affine("x", "a", p_max=9, p_min=3, q_max=4, q_min=4).curve
    assert Offer.affine("x", "a", p_max=4.3, p_min=4.3, q_max=600).curve


def test_every_fault_of_a_quadruple_is_named_at_once():
    message = refused(
        lambda: Bid.affine("x", "a", p_max=1, p_min=3, q_max=-2, q_min=float("nan"))
    )

    assert message == (
        "bid of 'x': q_min is nan, expected a finite number. q_max is -2, expected >= 0 "
        "kW (to go the other way, send an offer). p_max is 1, expected >= p_min = 3."
    )


def test_a_maximum_below_its_minimum_is_refused():
    message = refused(
        lambda: Offer.affine("x", "a", p_max=5, p_min=3, q_max=1, q_min=2)
    )

    assert message == "offer of 'x': q_max is 1, expected >= q_min = 2."


def test_curves_must_be_finite_and_rise_in_quantity():
    assert "expected a finite number >= 0 kW" in refused(lambda: Curve((-1.0,), (1.0,)))
    assert "expected a finite price" in refused(lambda: Curve((1.0,), (float("inf"),)))
    assert "fall, expected rising" in refused(lambda: Curve((2.0, 1.0), (1.0, 1.0)))
    assert "0 quantities and 0 prices" in refused(lambda: Curve((), ()))


def test_prices_must_fall_in_a_bid_and_rise_in_an_offer():
    rising, falling = Curve((0.0, 1.0), (1.0, 2.0)), Curve((0.0, 1.0), (2.0, 1.0))

    assert "rise with quantity" in refused(lambda: Bid("x", "a", rising))
    assert "fall with quantity" in refused(lambda: Offer("x", "a", falling))


def test_columns_hold_the_same_as_the_orders():
    orders: list[Bid | Offer] = [
        Bid("x", "b", Curve((0.0, 1.0, 2.0), (9.0, 5.0, 4.0))),
        Offer.affine("y", "a", p_max=4, p_min=3, q_max=7),
    ]

    columns = CurveColumns.of(orders, TREE)

    assert columns.participant == ("x", "y")
    assert columns.bus.tolist() == [1, 0]
    assert columns.is_bid.tolist() == [True, False]
    assert columns.start.tolist() == [0, 3, 5]
    assert columns.quantity_kw.tolist() == [0.0, 1.0, 2.0, 0.0, 7.0]
    assert columns.price_per_kwh.tolist() == [9.0, 5.0, 4.0, 3.0, 4.0]
    assert columns.firm_kw.tolist() == [0.0, 0.0]
    assert columns.most_kw.tolist() == [2.0, 7.0]


def test_no_orders_are_columns_without_rows():
    columns = CurveColumns.of([], TREE)

    assert columns.n_order == 0
    assert CurveColumns.joined([columns, columns]).n_order == 0


def test_an_order_at_an_unknown_bus_is_refused():
    with pytest.raises(UnknownNameError, match=r"no bus is called 'z'"):
        CurveColumns.of([Bid.affine("x", "z", p_max=1, p_min=0, q_max=1)], TREE)


def test_affine_columns_equal_affine_orders():
    four = {"p_max": 9.0, "p_min": 3.0, "q_max": 10.0, "q_min": 2.0}
    one_by_one = CurveColumns.of(
        [Bid.affine("x", "a", **four), Offer.affine("y", "b", **four)], TREE
    )

    at_once = CurveColumns.affine(
        ["x", "y"],
        np.array([0, 1]),
        np.array([True, False]),
        **{name: np.full(2, value) for name, value in four.items()},
    )

    assert at_once.quantity_kw.tolist() == one_by_one.quantity_kw.tolist()
    assert at_once.price_per_kwh.tolist() == one_by_one.price_per_kwh.tolist()


def test_joined_tables_keep_every_order():
    first = CurveColumns.of([Bid("x", "b", Curve((1.0,), (9.0,)))], TREE)
    second = CurveColumns.of([Offer.affine("y", "a", p_max=4, p_min=3, q_max=7)], TREE)

    both = CurveColumns.joined([first, second])

    assert both.participant == ("x", "y")
    assert both.start.tolist() == [0, 1, 3]
    assert both.quantity_kw.tolist() == [1.0, 0.0, 7.0]
    assert CurveColumns.joined([first]) is first


def columns_of(orders):
    return (
        list(orders.participant),
        orders.bus.tolist(),
        orders.is_bid.tolist(),
        orders.start.tolist(),
        orders.quantity_kw.tolist(),
        orders.price_per_kwh.tolist(),
    )


def test_tables_joined_again_and_again_keep_every_order():
    def bid(who, kw):
        order = Bid.affine(who, "a", p_max=9, p_min=3, q_max=kw)
        return CurveColumns.of([order], TREE)

    def as_before(table, kw):
        return CurveColumns.trusted(
            table.participant,
            table.bus,
            table.is_bid,
            table.start,
            table.quantity_kw * kw,
            table.price_per_kwh + 1.0,
        )

    join = CurveJoin()
    first, second = bid("anna", 1), bid("ben", 2)
    later = [as_before(first, 5), as_before(second, 7)]
    turns = [[first, second], later, [second, first], [first], [], later, later[:1]]
    for parts in turns:
        whole, expected = join(parts), CurveColumns.joined(parts)
        assert columns_of(whole) == columns_of(expected)


def test_what_did_not_change_is_not_joined_again():
    join = CurveJoin()
    order = Bid.affine("anna", "a", p_max=9, p_min=3, q_max=1)
    parts = [CurveColumns.of([order], TREE), CurveColumns.of([order], TREE)]
    once, again = join(parts), join(parts)

    assert again is not once
    assert again.bus is once.bus and again.participant is once.participant


def test_columns_name_every_order_at_fault():
    def build():
        CurveColumns(
            participant=("x", "y", "z"),
            bus=np.zeros(3, dtype=np.int64),
            is_bid=np.array([True, False, True]),
            start=np.array([0, 2, 4, 6]),
            quantity_kw=np.array([0.0, np.nan, 3.0, 2.0, 0.0, 1.0]),
            price_per_kwh=np.array([9.0, 3.0, 3.0, 4.0, 3.0, 4.0]),
        )

    assert refused(build) == (
        "orders: bid of 'x': a quantity is not finite >= 0. offer of 'y': quantities "
        "fall. bid of 'z': prices go the wrong way."
    )


def test_steps_from_one_order_to_the_next_are_not_faults():
    columns = CurveColumns.affine(
        ["x", "y"],
        np.zeros(2, dtype=np.int64),
        np.array([True, True]),
        p_max=np.array([9.0, 20.0]),
        p_min=np.array([3.0, 1.0]),
        q_max=np.array([10.0, 1.0]),
        q_min=np.zeros(2),
    )

    assert columns.n_order == 2


def test_columns_of_unequal_length_are_refused():
    columns = CurveColumns.of([Bid("x", "b", Curve((1.0,), (9.0,)))], TREE)

    message = refused(
        lambda: CurveColumns(
            ("x", "y"),
            columns.bus,
            columns.is_bid,
            columns.start,
            columns.quantity_kw,
            columns.price_per_kwh,
        )
    )

    assert message == "orders: columns differ in length, or an order has no corner."
