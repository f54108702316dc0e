"""Rules for prices and quantities that the optimum leaves open."""

import numpy as np
import pytest

from gridagora.markets.direct_current import DenseFlows
from gridagora.markets.open_choices import choose_prices, share_ties
from gridagora.markets.pieces import Pieces
from gridagora.types.network import Network
from gridagora.types.orders import Bid, CurveColumns, Offer

LINE = Network.from_table({"from_bus": ["a"], "to_bus": ["b"], "limit_kw": [5]})


def prepared(book):
    return Pieces.of(LINE, CurveColumns.of(book, LINE)), DenseFlows.of(LINE)


def test_unique_prices_stay_as_they_are():
    # Coal has room at 1 and town at 4 (prices over 4, powers over 10).
    pieces, flows = prepared(
        [
            Offer.affine("coal", "a", p_max=1, p_min=1, q_max=10),
            Bid.affine("town", "b", p_max=4, p_min=4, q_max=10),
        ]
    )
    found = (0.25, np.array([0.75]))
    energy, congestion = choose_prices(pieces, flows, np.array([0.5, 0.5]), found)

    assert energy == 0.25
    assert congestion.tolist() == [0.75]


def test_the_least_congestion_that_supports_the_dispatch_is_chosen():
    # Coal is sold out (price at least 1), town has room at 4: b is 4 and a from 1 to
    # 4. No congestion is needed, so a is 4 too.
    pieces, flows = prepared(
        [
            Offer.affine("coal", "a", p_max=1, p_min=1, q_max=5),
            Bid.affine("town", "b", p_max=4, p_min=4, q_max=10),
        ]
    )
    found = (0.25, np.array([0.75]))
    energy, congestion = choose_prices(pieces, flows, np.array([0.5, 0.5]), found)

    assert energy == pytest.approx(1.0)
    assert congestion == pytest.approx([0.0], abs=1e-12)


def test_worth_of_a_limit_that_does_not_bind_is_rounding():
    pieces, flows = prepared(
        [
            Offer.affine("coal", "a", p_max=1, p_min=1, q_max=10),
            Bid.affine("town", "b", p_max=4, p_min=4, q_max=2),
        ]
    )
    found = (0.25, np.array([1e-11]))
    _, congestion = choose_prices(pieces, flows, np.array([0.2, 0.2]), found)

    assert congestion.tolist() == [0.0]


def test_ties_are_shared_by_size_from_any_optimum():
    pieces, flows = prepared(
        [
            Offer.affine("coal", "a", p_max=1, p_min=1, q_max=10),
            Offer.affine("wood", "a", p_max=1, p_min=1, q_max=5),
            Bid.affine("town", "b", p_max=4, p_min=4, q_max=3),
        ]
    )
    price = np.full(2, 0.25)
    for start in ([0.3, 0.0, 0.3], [0.0, 0.3, 0.3]):
        shared = share_ties(pieces, flows, np.array(start), price, np.zeros(1))
        assert shared == pytest.approx([0.2, 0.1, 0.3], abs=1e-12)
