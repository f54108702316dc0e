"""Dense and sparse flows are the same physics."""

import numpy as np
import pytest

from gridagora.markets import qp
from gridagora.markets.direct_current import DenseFlows, SparseFlows, prepare_flows
from gridagora.markets.pieces import Pieces
from gridagora.types.network import Network
from gridagora.types.orders import Bid, CurveColumns, Offer

RING = Network.from_table(
    {
        "from_bus": ["a", "b", "a", "c"],
        "to_bus": ["b", "c", "c", "d"],
        "limit_kw": [None, 7, 4, None],
        "reactance_pu": [1, 2, 1.5, 3],
    },
    reference="b",
)
BOOK = CurveColumns.of(
    [
        Offer.affine("coal", "a", p_max=2, p_min=1, q_max=20),
        Offer.affine("gas", "b", p_max=4, p_min=2, q_max=20),
        Bid.affine("town", "d", p_max=9, p_min=2, q_max=9, q_min=5),
    ],
    RING,
)


def test_small_networks_are_dense_and_large_ones_sparse():
    n_bus = 302
    chain = Network.from_table(
        {"from_bus": range(n_bus - 1), "to_bus": range(1, n_bus)}
    )
    assert isinstance(prepare_flows(RING), DenseFlows)
    assert isinstance(prepare_flows(chain), SparseFlows)


def test_flows_prices_rows_and_columns_agree():
    limit = np.full(4, np.inf)
    dense, thin = DenseFlows.of(RING).within(limit), SparseFlows.of(RING).within(limit)
    demand = np.array([-3.0, 1.0, 1.5, 0.5])
    congestion = np.array([0.0, -1.0, 2.0, 0.0])
    places = np.array([2, 0, 2])

    assert thin.value(demand) == pytest.approx(dense.value(demand))
    assert thin.spread(congestion) == pytest.approx(dense.spread(congestion))
    assert thin.rows(places) == pytest.approx(dense.rows(places))
    assert thin.columns(places) == pytest.approx(dense.columns(places))
    # All of d's 0.5 kW arrives on c-d, and the sum at each bus is its demand.
    flow = dense.value(demand)
    assert flow[3] == pytest.approx(0.5)
    assert flow[0] - flow[1] == pytest.approx(1.0)


def test_both_programs_have_the_same_optimum_and_multipliers():
    pieces = Pieces.of(BOOK, BOOK.bus, RING.n_bus)
    found = []
    for flows in (DenseFlows.of(RING), SparseFlows.of(RING)):
        rows = flows.within(RING.limit_kw / pieces.scale_kw)
        held = np.array([1, 2])
        drawn = (pieces.place, pieces.sign)
        program = rows.program(pieces.objective(), drawn, pieces.firm, held)
        solution = qp.solve(program)
        price, congestion = rows.multipliers(solution.row_dual, held)
        found.append((solution.x[: pieces.width.size], price, congestion))
    (x, price, congestion), (x2, price2, congestion2) = found

    assert x2 == pytest.approx(x, abs=1e-9)
    assert price2 == pytest.approx(price, abs=1e-9)
    assert congestion2 == pytest.approx(congestion, abs=1e-9)
    assert congestion[2] > 0  # a-c is full


def test_a_single_bus_has_no_flows_in_either_form():
    alone = Network(("a",), (), *np.zeros((2, 0), dtype=np.int64), *np.zeros((2, 0)))
    for flows in (DenseFlows.of(alone), SparseFlows.of(alone)):
        rows = flows.within(np.zeros(0))
        assert rows.value(np.zeros(1)).size == 0
        assert rows.spread(np.zeros(0)).tolist() == [0.0]
