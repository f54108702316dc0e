"""Six buses with two players that are paid their bids: two printed tables of rewards.

Origin REFERENCE: Lincoln, Learning to Trade Power, PhD thesis, University of Strathclyde,
2011, chapter on Nash equilibria, both tables of agent rewards. The network is Wood and
Wollenberg's (Power Generation, Operation and Control, p. 104), each of three loads 70
MW; units of 110, 110 and 220 MW, the last one passive, have flat costs.
"""

import numpy as np
import pytest

from gridagora.markets.markup_market import MarkupMarket
from gridagora.types.network import Network
from gridagora.types.orders import Bid, CurveColumns, Offer

MW, PER_MWH = 1e3, 1e-3
BRANCHES = """
1 2 0.20 40
1 4 0.20 60
1 5 0.30 40
2 3 0.25 40
2 4 0.10 60
2 5 0.30 30
2 6 0.20 90
3 5 0.26 70
3 6 0.10 80
4 5 0.40 20
5 6 0.30 40
"""
CAPACITY_MW = (110.0, 110.0, 220.0)
MARKUPS = np.array([0.0, 0.1, 0.2, 0.3])

# Rewards of players 1 and 2 per hour; a row is a markup of player 1, a column one of
# player 2. The first configuration prints 40, 80, 120 and 33, 66, 99 throughout.
FIRST = (
    (4.0, 3.0, 6.0),
    [[(40.0 * one, 33.0 * two) for two in range(4)] for one in range(4)],
)
SECOND = (
    (5.1, 4.5, 6.0),
    [
        [(0.0, 0.0), (0.0, 49.5), (0.0, 92.2), (0.0, 126.8)],
        [(51.0, 0.0), (51.0, 49.5), (51.0, 99.0), (54.8, 138.4)],
        [(0.0, 0.0), (0.0, 49.5), (0.0, 99.0), (0.0, 148.5)],
        [(0.0, 0.0), (0.0, 49.5), (0.0, 99.0), (0.0, 148.5)],
    ],
)


def six_buses(costs):
    rows = [row.split() for row in BRANCHES.split("\n") if row]
    network = Network.from_table(
        {
            "from_bus": [row[0] for row in rows],
            "to_bus": [row[1] for row in rows],
            "reactance_pu": [float(row[2]) for row in rows],
            "limit_kw": [float(row[3]) * MW for row in rows],
        }
    )
    book: list[Bid | Offer] = []
    for at, (cost, most) in enumerate(zip(costs, CAPACITY_MW, strict=True), 1):
        price = cost * PER_MWH
        book.append(
            Offer.affine(f"g{at}", str(at), p_min=price, p_max=price, q_max=most * MW)
        )
    for bus in "456":
        worth, need = 100 * PER_MWH, 70 * MW
        book.append(
            Bid.affine(f"d{bus}", bus, p_max=worth, p_min=worth, q_max=need, q_min=need)
        )
    return MarkupMarket(
        network,
        CurveColumns.of(book, network),
        players={"1": ["g1"], "2": ["g2"]},
        relative=True,
        pays_bid=True,
    )


@pytest.mark.parametrize("configuration", [FIRST, SECOND], ids=["first", "second"])
def test_rewards_are_those_of_the_printed_tables(configuration):
    costs, printed = configuration
    joint = np.array([(one, two) for one in MARKUPS for two in MARKUPS])
    found = six_buses(costs).profits(joint).reshape(4, 4, 2)

    assert found == pytest.approx(np.array(printed), abs=0.0501)


@pytest.mark.parametrize(
    ("configuration", "marked"),
    [(FIRST, [(3, 3)]), (SECOND, [(1, 3)])],
    ids=["first", "second"],
)
def test_the_marked_equilibria_are_the_only_ones(configuration, marked):
    # Payoffs within a cent count as equal.
    joint = np.array([(one, two) for one in MARKUPS for two in MARKUPS])
    payoff = six_buses(configuration[0]).profits(joint).reshape(4, 4, 2)
    best_one = payoff[..., 0] >= payoff[..., 0].max(axis=0, keepdims=True) - 0.01
    best_two = payoff[..., 1] >= payoff[..., 1].max(axis=1, keepdims=True) - 0.01

    assert [tuple(at) for at in np.argwhere(best_one & best_two).tolist()] == marked
