"""Affine laws of a ring of three buses, worked out by hand.

Coal at a costs 1 and gas at b costs 2, each up to 20 kW; the town at c needs 9 kW. Line
a-c carries 4 kW: of coal 2/3 pass it and of gas 1/3, so that 3 kW are coal and 6 kW gas.
One more kW at c takes 2 more of gas and 1 less of coal. With markups x and y prices are

    a: 1 + x        b: 2 + y        c: 2 (2 + y) - (1 + x) = 3 - x + 2 y

and that holds while gas is dearer than coal: x - y < 1.
"""

from dataclasses import replace

import numpy as np
import pytest

from gridagora.markets import regions
from gridagora.markets.direct_current import DenseFlows, SparseFlows
from gridagora.markets.meshed import clear_meshed
from gridagora.markets.regions import KnownRegions, MarkedBook, Region, find_region
from gridagora.types.network import Network
from gridagora.types.orders import Bid, Curve, CurveColumns, Offer

MOVE = np.array([[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]])
COAL = Offer.affine("coal", "a", p_max=1, p_min=1, q_max=20)
GAS = Offer.affine("gas", "b", p_max=2, p_min=2, q_max=20)
TOWN = Bid.affine("town", "c", p_max=9, p_min=9, q_max=9, q_min=9)


def ring(limit_kw=4.0):
    return Network.from_table(
        {
            "from_bus": ["a", "b", "a"],
            "to_bus": ["b", "c", "c"],
            "limit_kw": [None, None, limit_kw],
        }
    )


def region_at(markup, orders=(COAL, GAS, TOWN), network=None, flows=DenseFlows):
    network, markup = network or ring(), np.array(markup, dtype=np.float64)
    book = CurveColumns.of(orders, network)
    move = MOVE[: len(orders), : markup.size]
    marked = MarkedBook.of(
        book, move, limit_kw=network.limit_kw, flows=flows.of(network)
    )
    rise = np.repeat(move @ markup, np.diff(book.start))
    declared = replace(book, price_per_kwh=book.price_per_kwh + rise)
    return find_region(marked, clear_meshed(network, declared), markup)


@pytest.mark.parametrize("flows", [DenseFlows, SparseFlows])
def test_the_laws_of_a_congested_ring(flows):
    region = region_at([0.2, 0.1], flows=flows)

    assert region.price_per_kwh == pytest.approx(
        np.array([[1, 1, 0], [2, 0, 1], [3, -1, 2]]), abs=1e-12
    )
    assert region.quantity_kw == pytest.approx(
        np.array([[3, 0, 0], [6, 0, 0], [9, 0, 0]]), abs=1e-12
    )


def test_a_region_ends_where_something_would_change():
    # The limit is worth something only while x - y < 1; all else stays as it is.
    region = region_at([0.2, 0.1])

    assert region.row.shape == (1, 2)
    slope = region.row[0, 0]
    assert region.row[0] == pytest.approx([slope, -slope])
    assert region.bound[0] / slope == pytest.approx(1.0, abs=1e-7)


def test_a_region_is_the_same_from_wherever_it_was_found():
    one, other = region_at([0.2, 0.1]), region_at([-3.0, 5.0])

    assert one.row.tobytes() == other.row.tobytes()
    assert one.quantity_kw.tobytes() == other.quantity_kw.tobytes()
    assert one.price_per_kwh.tobytes() == other.price_per_kwh.tobytes()


def test_slopes_and_elastic_demand_give_quantities_that_move():
    # Without a limit: coal 1 + q + x, mill worth 7 - q: q = 3 - x/2 at 4 + x/2, until
    # x = 6 leaves nothing, or x = -4 brings coal to its 5 kW. Gas is too dear.
    coal = Offer.affine("coal", "a", p_max=6, p_min=1, q_max=5)
    mill = Bid.affine("mill", "c", p_max=7, p_min=0, q_max=7)
    dear = replace(GAS, curve=Curve((0.0, 20.0), (99.0, 99.0)))
    region = region_at([0.5], (coal, mill, dear), ring(None))

    assert region.quantity_kw == pytest.approx(
        np.array([[3, -0.5], [3, -0.5], [0, 0]]), abs=1e-12
    )
    assert region.price_per_kwh == pytest.approx(np.array([[4, 0.5]] * 3), abs=1e-12)
    ends = region.bound / region.row[:, 0]
    assert ends[ends < 0].max() == pytest.approx(-4.0, abs=1e-6)
    assert ends[ends > 0].min() == pytest.approx(6.0, abs=1e-6)


def test_an_award_at_a_corner_of_a_curve_stays_exactly_there():
    # Coal sells 0.1 + 0.2 kW at 1 or 1.5 and wants 8 for more; gas sells the rest.
    stepped = Curve((0.0, 0.1, 0.1, 0.1 + 0.2, 0.1 + 0.2, 20.0), (1, 1, 1.5, 1.5, 8, 8))
    region = region_at([0.0, 0.0], (Offer("coal", "a", stepped), GAS, TOWN), ring(None))

    assert region.quantity_kw[0].tolist() == [0.1 + 0.2, 0.0, 0.0]
    assert region.price_per_kwh[0] == pytest.approx([2.0, 0.0, 1.0])
    # Coal's last piece sold keeps 1.5 + x < 2 + y, the next one 8 + x > 2 + y.
    ends = {tuple(np.round(row / abs(row[0]), 6)) for row in region.row}
    assert ends == {(1.0, -1.0), (-1.0, 1.0)}
    far = region.bound / np.abs(region.row[:, 0])
    assert sorted(far) == pytest.approx([0.5, 6.0], abs=1e-6)


@pytest.mark.parametrize("markup", [[1.0, 0.0], [1.0 - 1e-10, 0.0]])
def test_tied_orders_and_boundaries_have_no_region(markup):
    assert region_at(markup) is None


def test_a_price_next_to_a_corner_has_no_region():
    # Coal alone serves the town, its price 3e-9 below that of gas: not tied, and yet
    # within the margin of 1e-9 of the span of prices, 9.
    assert region_at([0.5, 0.0], network=ring(None)) is not None
    assert region_at([1.0 - 3e-9, 0.0], network=ring(None)) is None


def test_a_slope_that_follows_a_level_piece_at_its_price_is_no_boundary():
    # 9 of coal's 20 kW at price 1; beyond these it would ask more, from 1 upwards.
    bent = Offer("coal", "a", Curve((0.0, 20.0, 30.0), (1.0, 1.0, 5.0)))
    region = region_at([0.0, 0.0], (bent, GAS, TOWN), ring(None))

    assert region is not None
    assert region.quantity_kw[0] == pytest.approx([9.0, 0.0, 0.0])
    assert region.price_per_kwh[0] == pytest.approx([1.0, 1.0, 0.0])


def test_open_prices_have_no_region():
    # 20 kW offered at 1, 20 kW wanted at 9: any price between supports it.
    wish = Bid.affine("town", "c", p_max=9, p_min=9, q_max=20)

    assert region_at([0.0], (COAL, wish), ring(None)) is None


def test_a_book_without_flexible_parts_has_no_region():
    # 9 kW firm on both sides leave nothing to decide but the price.
    firm = Offer.affine("coal", "a", p_max=1, p_min=1, q_max=9, q_min=9)

    assert region_at([0.0], (firm, TOWN), ring(None)) is None


def test_a_line_at_its_limit_that_is_worth_nothing_has_no_region():
    # 6 kW of coal alone bring 4 kW to a-c: full, and gas at 1 + 1 is never needed.
    town = Bid.affine("town", "c", p_max=9, p_min=9, q_max=6, q_min=6)

    assert region_at([0.0, 0.0], (COAL, GAS, town)) is None


def test_laws_that_do_not_give_the_dispatch_are_not_used():
    network = ring()
    book = CurveColumns.of([COAL, GAS, TOWN], network)
    marked = MarkedBook.of(
        book, MOVE, limit_kw=network.limit_kw, flows=DenseFlows.of(network)
    )
    found = clear_meshed(network, book)
    wrong = replace(found, price_per_kwh=found.price_per_kwh + 1e-6)

    assert find_region(marked, found, np.zeros(2)) is not None
    assert find_region(marked, wrong, np.zeros(2)) is None


def known(**sizes):
    return KnownRegions(2, n_order=1, n_bus=1, n_player=1, n_row=2, **sizes)


def a_region(number):
    law = np.array([[float(number), 0.0]])
    return Region(np.array([[1.0]]), np.array([float(number)]), law, law)


def test_room_for_regions_grows_and_keeps_what_is_there():
    store = known()
    for number in range(40):
        store.add_region(1, a_region(number))

    assert store.region_count.tolist() == [0, 40]
    assert store.region_bound[1, :40, 0].tolist() == list(range(40))
    assert store.region_rank[1, :40].tolist() == list(range(40))
    assert store.region_n_row[1, :40].tolist() == [1] * 40
    assert store.point_markup.shape == (2, 16, 1)  # the other kind did not grow


def test_the_oldest_region_makes_room_when_there_are_too_many(monkeypatch):
    monkeypatch.setattr(regions, "_MOST_REGIONS", 20)
    store = known()
    for number in range(22):
        store.add_region(0, a_region(number))

    assert store.region_count.tolist() == [20, 0]
    assert store.region_price[0, :, 0, 0].tolist() == [20, 21, *range(2, 20)]


def test_the_oldest_point_makes_room_when_there_are_too_many(monkeypatch):
    monkeypatch.setattr(regions, "_MOST_POINTS", 17)
    network = ring()
    dispatch = clear_meshed(network, CurveColumns.of([COAL, GAS, TOWN], network))
    store = KnownRegions(1, n_order=3, n_bus=3, n_player=1, n_row=2)
    for number in range(18):
        store.add_point(0, np.array([float(number)]), dispatch)

    assert store.point_count.tolist() == [17]
    assert store.point_markup[0, :, 0].tolist() == [17, *range(1, 17)]
    assert store.point_quantity[0, 5] == pytest.approx([3, 6, 9])
    assert store.point_price[0, 5] == pytest.approx([1, 2, 3])


def test_large_books_may_keep_fewer_regions(monkeypatch):
    monkeypatch.setattr(regions, "_MOST_BYTES", 1)
    store = known()
    for number in range(17):
        store.add_region(0, a_region(number))

    assert store.region_count.tolist() == [16, 0]
