"""Markets of known equilibria: five buses with a pocket, two buses, one bus.

Five buses, origin DERIVED: a post of 2018 on an unpublished article of 2009 (Trötscher,
"Simulating power markets with competitive self-play") prints, for three producers and
inelastic load, producers' benefit 1056 and consumers' 17322 at marginal cost, about
15000 and 2500 in equilibrium; line 2-5 carries 100 MW, markups lie in [0, 30]. It prints
neither costs nor loads. Those below were derived to reproduce the first two numbers; the
rows are those of an independent program.

Two buses and one bus, origin DERIVED in closed form: see each test.
"""

from itertools import product

import numpy as np
import pytest

from gridagora.markets.markup_market import MarkupMarket
from gridagora.types.network import Network, RadialNetwork
from gridagora.types.orders import Bid, CurveColumns, Offer

MW, PER_MWH = 1e3, 1e-3  # in kW; in currency/kWh
LOAD_MW = {"2": 55.0, "3": 55.0, "4": 50.0, "5": 340.0}
UNITS = {  # bus, intercept, slope, capacity in MW
    "g1": ("1", 17.5, 0.02389093, 255.0),
    "g2": ("3", 17.5, 0.02389093, 255.0),
    "g3": ("5", 22.34341889, 0.0275, 260.0),
}


def five_buses(limit_mw=100.0):
    network = Network.from_table(
        {
            "from_bus": ["1", "2", "1", "3", "2", "4"],
            "to_bus": ["2", "3", "4", "4", "5", "5"],
            "reactance_pu": [0.1, 0.1, 0.1, 0.1, 0.1, 0.2],
            "limit_kw": [None, None, None, None, limit_mw * MW, None],
        }
    )
    book: list[Bid | Offer] = []
    for name, (bus, intercept, slope, most) in UNITS.items():
        low, high = intercept * PER_MWH, (intercept + slope * most) * PER_MWH
        book.append(Offer.affine(name, bus, p_min=low, p_max=high, q_max=most * MW))
    for bus, load in LOAD_MW.items():
        worth, need = 60 * PER_MWH, load * MW
        book.append(
            Bid.affine(f"d{bus}", bus, p_max=worth, p_min=worth, q_max=need, q_min=need)
        )
    return MarkupMarket(network, CurveColumns.of(book, network))


# markups; awards of units in MW; prices at buses 1 to 5; profits; PB, CB, rent
ROWS = {
    (0, 0, 0): (
        (160.5, 160.5, 179.0), (21.334, 20.148, 21.334, 22.521, 27.266),
        (307.72, 307.72, 440.56), (1056.00, 17322.00, 949.03),
    ),
    (0, 30, 30): (
        (255.0, 66.0, 179.0), (49.077, 47.439, 49.077, 50.715, 57.266),
        (7275.33, 2032.03, 5810.56), (15117.93, 2685.49, 1310.26),
    ),
    (30, 0, 30): (
        (66.0, 255.0, 179.0), (49.077, 47.439, 49.077, 50.715, 57.266),
        (2032.03, 7275.33, 5810.56), (15117.93, 2685.49, 1310.26),
    ),
    (30, 30, 30): (
        (160.5, 160.5, 179.0), (51.33, 50.15, 51.33, 52.52, 57.27),
        (5122.72, 5122.72, 5810.56), (16056.00, 2322.00, 949.03),
    ),
}  # fmt: skip


@pytest.mark.parametrize("markups", ROWS)
def test_rows_of_the_five_bus_system(markups):
    market = five_buses()
    rounds = market.clear(np.array([markups]) * PER_MWH)
    units_mw, prices, profits, gains = ROWS[markups]
    place = [market.network.bus_index(name) for name in "12345"]

    assert rounds.quantity_kw[0, :3] / MW == pytest.approx(units_mw, abs=1e-4)
    assert rounds.price_per_kwh[0, place] / PER_MWH == pytest.approx(prices, abs=6e-3)
    assert rounds.profit_per_h[0] == pytest.approx(profits, abs=6e-3)
    found = rounds.producer_per_h[0], rounds.consumer_per_h[0], rounds.rent_per_h[0]
    assert found == pytest.approx(gains, abs=6e-3)
    total = {949.03: 19327.03, 1310.26: 19113.68}[gains[2]]
    assert sum(found) == pytest.approx(total, abs=6e-3)


def test_twice_the_limit_ends_congestion_and_raises_the_total():
    rounds = five_buses(200.0).clear(np.zeros((1, 3)))

    assert rounds.producer_per_h[0] == pytest.approx(1338, abs=0.5)
    assert rounds.consumer_per_h[0] == pytest.approx(18435, abs=0.5)
    assert rounds.rent_per_h[0] == pytest.approx(0.0, abs=1e-6)
    total = rounds.producer_per_h[0] + rounds.consumer_per_h[0]
    assert total == pytest.approx(19773, abs=0.5)


def deviation_gains(market, markups, candidates):
    """Return what each player gains most by another markup of its own."""
    here = market.profits(np.array([markups]))[0]
    gains = []
    for player in range(market.n_player):
        tried = np.repeat(np.array([markups], dtype=float), len(candidates), axis=0)
        tried[:, player] = candidates
        gains.append(market.profits(tried)[:, player].max() - here[player])
    return np.array(gains)


def test_two_joint_markups_are_equilibria_of_the_discrete_game():
    market = five_buses()
    levels = np.array([0.0, 10.0, 20.0, 30.0]) * PER_MWH
    joint = list(product(range(4), repeat=3))
    payoff = market.profits(levels[np.array(joint)]).reshape(4, 4, 4, 3)
    stable = [
        tuple(at)
        for at in joint
        if all(
            payoff[at][player]
            >= np.max(
                payoff[tuple(slice(None) if k == player else at[k] for k in range(3))][
                    :, player
                ]
            )
            - 1e-9
            for player in range(3)
        )
    ]

    assert stable == [(0, 3, 3), (3, 0, 3)]


def test_they_stay_equilibria_when_markups_are_any_number():
    market = five_buses()
    grid = np.arange(0.0, 30.01, 0.05) * PER_MWH

    for low in (0.0, 5.0, 9.39):
        for markups in ([low, 30.0, 30.0], [30.0, low, 30.0]):
            gains = deviation_gains(market, np.array(markups) * PER_MWH, grid)
            assert gains == pytest.approx([0.0, 0.0, 0.0], abs=1e-6)
    for markups, gain in (
        ([9.5, 30.0, 30.0], 1.0),
        ([30.0, 30.0, 30.0], 100.0),
        ([0.0, 0.0, 30.0], 100.0),
    ):
        gains = deviation_gains(market, np.array(markups) * PER_MWH, grid)
        assert gains.max() > gain


# Two buses: demand D at each, a line of K < D between them, two producers at cost c
# with more than D + K each, prices up to c + M. A = D + K, B = D - K. The high bidder
# sells B at its own price, the low bidder sells A at its own: no pure equilibrium. In the
# mixed one both earn M B; prices lie above c + M B / A by
# F(p) = (A - M B / (p - c)) / 2K.
COST, SPAN, DEMAND_KW = 100.0, 100.0, 100.0


def two_buses(limit_kw):
    network = RadialNetwork.from_table(
        {"bus": ["a", "b"], "parent": [None, "a"], "limit_kw": [None, limit_kw]}
    )
    book: list[Bid | Offer] = []
    for bus in "ab":
        book += [
            Offer.affine(f"g{bus}", bus, p_min=COST, p_max=COST, q_max=1000.0),
            Bid.affine(
                f"d{bus}",
                bus,
                p_max=COST + SPAN,
                p_min=COST + SPAN,
                q_max=DEMAND_KW,
                q_min=DEMAND_KW,
            ),
        ]
    return MarkupMarket(network, CurveColumns.of(book, network))


LIMITS = {10.0: (81.82, 90.30), 30.0: (53.85, 72.22), 50.0: (33.33, 54.93)}


@pytest.mark.parametrize("limit_kw", LIMITS)
def test_payoffs_of_the_two_bus_duopoly(limit_kw):
    most, least = DEMAND_KW + limit_kw, DEMAND_KW - limit_kw
    floor = SPAN * least / most
    assert floor == pytest.approx(LIMITS[limit_kw][0], abs=0.005)
    rounds = two_buses(limit_kw).clear(np.array([[SPAN, floor], [20.0, 90.0]]))

    assert rounds.quantity_kw[0, ::2] == pytest.approx([least, most])
    assert rounds.profit_per_h[0] == pytest.approx([SPAN * least] * 2)  # indifferent
    assert rounds.profit_per_h[1] == pytest.approx([20.0 * most, 90.0 * least])
    assert rounds.rent_per_h[1] == pytest.approx(70.0 * limit_kw)


@pytest.mark.parametrize("limit_kw", [*LIMITS, 90.0])
def test_every_price_of_the_mixed_equilibrium_pays_the_same(limit_kw):
    # The other's markups are the middles of 4000 equal shares of F; the tried ones lie
    # between them.
    most, least = DEMAND_KW + limit_kw, DEMAND_KW - limit_kw
    share = (np.arange(4000) + 0.5) / 4000
    other = SPAN * least / (most - 2 * limit_kw * share)
    market = two_buses(limit_kw)
    tried = SPAN * least / (most - 2 * limit_kw * np.array([0.0, 0.25, 0.5, 0.9, 1.0]))
    for own in tried:
        markups = np.column_stack([np.full(4000, own), other])
        earned = market.profits(markups)[:, 0].mean()
        assert earned == pytest.approx(SPAN * least, rel=1e-3)
    for own in (0.5 * tried[0], 0.9 * tried[0]):  # below the floor it earns less
        markups = np.column_stack([np.full(4000, own), other])
        assert market.profits(markups)[:, 0].mean() < 0.95 * SPAN * least
    mean = SPAN * least / (2 * limit_kw) * np.log(most / least)
    assert other.mean() == pytest.approx(mean, rel=1e-3)
    if limit_kw in LIMITS:
        assert mean == pytest.approx(LIMITS[limit_kw][1], abs=0.005)


def one_bus(demand_kw, capacity_kw):
    spot = RadialNetwork.from_table({"bus": ["a"], "parent": [None]})
    book: list[Bid | Offer] = [
        Offer.affine(name, "a", p_min=100.0, p_max=100.0, q_max=capacity_kw)
        for name in ("g1", "g2")
    ]
    need = {"q_max": demand_kw, "q_min": demand_kw}
    book.append(Bid.affine("town", "a", p_max=200.0, p_min=200.0, **need))
    return MarkupMarket(spot, CurveColumns.of(book, spot))


def test_bertrand_sellers_undercut_each_other_down_to_cost():
    # The lower sells all at its price; equal prices share the load; cost earns nothing.
    # With 100 kW each any price up to the other's would balance: 110 kW keep it one.
    market = one_bus(100.0, 110.0)
    profit = market.profits(np.array([[50.0, 60.0], [50.0, 50.0], [0.0, 60.0]]))

    assert profit == pytest.approx(np.array([[5000, 0], [2500, 2500], [0, 0]]))


def test_two_sellers_of_half_the_load_each_set_the_price_together():
    # Both are needed: the price is the higher of the two, whoever asks it.
    rounds = one_bus(100.0, 50.0).clear(np.array([[0.0, 100.0], [30.0, 20.0]]))

    assert rounds.price_per_kwh[:, 0] == pytest.approx([200.0, 130.0])
    assert rounds.profit_per_h == pytest.approx(np.array([[5000] * 2, [1500] * 2]))


def test_short_capacity_leaves_a_price_of_indifference():
    # 160 kW of load, 100 kW each: the high bidder sells 60 at 200, the low one 100 at
    # that price. Undercutting at p earns (p - 100) 100, which is 100 * 60 at p = 160.
    market = one_bus(160.0, 100.0)
    profit = market.profits(np.array([[60.0, 100.0], [60.0 - 1e-9, 60.0]]))

    assert profit[0] == pytest.approx([10_000.0, 6_000.0])
    assert profit[1] == pytest.approx([6_000.0, 3_600.0])
