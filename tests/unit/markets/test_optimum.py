"""One engine for every book: optimum, prices, shares, rows added as they break."""

import numpy as np
import pytest

from gridagora.markets import rows as rows_module
from gridagora.markets.optimum import NoOptimum, Optimum, find_optimum
from gridagora.markets.pieces import Pieces
from gridagora.markets.rows import DenseRows
from gridagora.types.network import Network
from gridagora.types.orders import Bid, CurveColumns, Offer

NET = Network.from_table({"from_bus": ["a"], "to_bus": ["b"]})


def pieces(*book):
    orders = CurveColumns.of(book, NET)
    return Pieces.of(orders, orders.bus, 2)


def dense(high, weight=(1.0, 1.0)):
    """Return rows of what place b draws, each with its own limit."""
    n_row = len(high)
    return DenseRows(
        matrix=np.tile([[0.0, 1.0]], (n_row, 1)),
        offset=np.zeros(n_row),
        low=np.full(n_row, -np.inf),
        high=np.array(high),
        effect=np.ones(n_row),
        size=np.ones(n_row),
        weight=np.array(weight),
    )


COAL = Offer.affine("coal", "a", p_max=2, p_min=2, q_max=10)
TOWN = Bid.affine("town", "b", p_max=10, p_min=0, q_max=10)


def test_price_is_the_weighted_energy_price_and_what_limits_add():
    # Scaled by 10 kW and 10 of price: town's price is 1 - x, at most 0.5. With weight
    # 1.25 a unit at b takes 1.25 * 0.2 = 0.25 of price and the limit is worth the other
    # 0.25.
    found = find_optimum(pieces(COAL, TOWN), dense([0.5], (1.0, 1.25)))

    assert isinstance(found, Optimum)
    assert found.filled == pytest.approx([0.625, 0.5])
    assert found.energy_price == pytest.approx(0.2)
    assert found.worth == pytest.approx([0.25])
    assert found.price == pytest.approx([0.2, 0.5])


def test_rows_added_as_they_break_end_at_the_same_optimum(monkeypatch):
    monkeypatch.setattr(rows_module, "MANY_ROWS", 0)
    # 30 limits that no demand keeps without being held; only the last one binds.
    found = find_optimum(pieces(COAL, TOWN), dense(np.linspace(0.79, 0.5, 30)))

    assert isinstance(found, Optimum)
    assert found.filled == pytest.approx([0.5, 0.5])
    assert found.worth == pytest.approx([0.0] * 29 + [0.3])


def test_rows_that_cannot_be_kept_are_named(monkeypatch):
    firm = Bid.affine("firm", "b", p_max=10, p_min=0, q_max=10, q_min=6)
    found = find_optimum(pieces(COAL, firm), dense([0.7, 0.5]))
    assert isinstance(found, NoOptimum)
    assert found.held.tolist() == [0, 1]

    monkeypatch.setattr(rows_module, "MANY_ROWS", 0)
    lazily = find_optimum(pieces(COAL, firm), dense([0.95, 0.5]))
    assert isinstance(lazily, NoOptimum)
    assert lazily.held.tolist() == [1]
