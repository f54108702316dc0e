"""Rules for prices and quantities that the optimum leaves open."""

from dataclasses import replace

import numpy as np
import pytest

from gridagora.errors import ClearingError
from gridagora.markets.direct_current import DenseFlows
from gridagora.markets.open_choices import choose_prices, share_ties
from gridagora.markets.pieces import Pieces
from gridagora.types.network import Network
from gridagora.types.orders import Bid, CurveColumns, Offer

LINE = Network.from_table({"from_bus": ["a"], "to_bus": ["b"], "limit_kw": [5]})


def at(rows, pieces, *filled):
    """Return quantities and the values of rows that go with them."""
    got = np.array(filled)
    return got, rows.value(pieces.net_demand(got))


def prepared(book):
    orders = CurveColumns.of(book, LINE)
    pieces = Pieces.of(orders, orders.bus, LINE.n_bus)
    return pieces, DenseFlows.of(LINE).within(LINE.limit_kw / pieces.scale_kw)


def test_unique_prices_stay_as_they_are():
    # Coal has room at 1 and town at 4 (prices over 4, powers over 10).
    pieces, rows = prepared(
        [
            Offer.affine("coal", "a", p_max=1, p_min=1, q_max=10),
            Bid.affine("town", "b", p_max=4, p_min=4, q_max=10),
        ]
    )
    found = (0.25, np.array([0.75]))
    energy, congestion = choose_prices(pieces, rows, at(rows, pieces, 0.5, 0.5), found)

    assert energy == 0.25
    assert congestion.tolist() == [0.75]


def test_the_least_congestion_that_supports_the_dispatch_is_chosen():
    # Coal is sold out (price at least 1), town has room at 4: b is 4 and a from 1 to
    # 4. No congestion is needed, so a is 4 too.
    pieces, rows = prepared(
        [
            Offer.affine("coal", "a", p_max=1, p_min=1, q_max=5),
            Bid.affine("town", "b", p_max=4, p_min=4, q_max=10),
        ]
    )
    found = (0.25, np.array([0.75]))
    energy, congestion = choose_prices(pieces, rows, at(rows, pieces, 0.5, 0.5), found)

    assert energy == pytest.approx(1.0)
    assert congestion == pytest.approx([0.0], abs=1e-12)


def test_worth_of_a_limit_that_does_not_bind_is_rounding():
    pieces, rows = prepared(
        [
            Offer.affine("coal", "a", p_max=1, p_min=1, q_max=10),
            Bid.affine("town", "b", p_max=4, p_min=4, q_max=2),
        ]
    )
    found = (0.25, np.array([1e-11]))
    _, congestion = choose_prices(pieces, rows, at(rows, pieces, 0.2, 0.2), found)

    assert congestion.tolist() == [0.0]


def test_ties_are_shared_by_size_from_any_optimum():
    pieces, rows = prepared(
        [
            Offer.affine("coal", "a", p_max=1, p_min=1, q_max=10),
            Offer.affine("wood", "a", p_max=1, p_min=1, q_max=5),
            Bid.affine("town", "b", p_max=4, p_min=4, q_max=3),
        ]
    )
    price = np.full(2, 0.25)
    for start in ([0.3, 0.0, 0.3], [0.0, 0.3, 0.3]):
        shared = share_ties(pieces, rows, at(rows, pieces, *start), price, np.zeros(1))
        assert shared == pytest.approx([0.2, 0.1, 0.3], abs=1e-12)


def test_prices_that_nothing_supports_are_refused():
    # Two limits are full from a to b, and b would be cheaper than a: no optimum at all.
    pieces, rows = prepared(
        [
            Offer.affine("coal", "a", p_max=4, p_min=4, q_max=10),
            Bid.affine("town", "b", p_max=1, p_min=1, q_max=10),
        ]
    )
    unsupported = replace(rows, matrix=np.array([[0.0, 1.0]] * 2), low=np.full(2, -0.5),
                          high=np.full(2, 0.5), offset=np.zeros(2), effect=np.ones(2),
                          size=np.ones(2))  # fmt: skip
    with pytest.raises(ClearingError) as caught:
        choose_prices(
            pieces,
            unsupported,
            at(unsupported, pieces, 0.5, 0.5),
            (1.0, np.array([-0.5, -0.25])),
        )

    assert str(caught.value) == (
        "no prices support the dispatch up to rounding (2 limits that bind, 2 places that "
        "tell a price). Check the data for extreme ratios."
    )


def test_the_energy_price_counts_as_much_as_places_weigh():
    # Coal is sold out at 1, town is served in full at 4: at weight 1.25 the energy price
    # is from 1 to 4 / 1.25 = 3.2 (over 4); a place that weighs less than nothing turns
    # its bounds round.
    pieces, rows = prepared(
        [
            Offer.affine("coal", "a", p_max=1, p_min=1, q_max=3),
            Bid.affine("town", "b", p_max=4, p_min=4, q_max=10),
        ]
    )
    filled, found = np.array([0.3, 1.0]), (0.5, np.zeros(1))
    heavy = replace(rows, weight=np.array([1.0, 1.25]), high=np.full(1, 9.0))
    energy, _ = choose_prices(pieces, heavy, at(heavy, pieces, *filled), found)
    assert energy == pytest.approx(0.5 * (1.0 + 3.2) / 4)

    turned = replace(heavy, weight=np.array([1.0, -2.0]))
    energy, _ = choose_prices(pieces, turned, at(turned, pieces, *filled), found)
    assert energy == pytest.approx(0.25)  # at least 1 / 4, and at least -2 / 4
    nothing = replace(heavy, weight=np.array([1.0, 0.0]))
    energy, _ = choose_prices(pieces, nothing, at(nothing, pieces, *filled), found)
    assert energy == pytest.approx(0.25)
