"""The price-quantity market on the IEEE 34 tree: two rounds of offers.

Origin: DERIVED. The paper (El Helou et al., OpenGridGym, IEEE Trans. Smart Grid, use
case 1) prints the outcome of its market: 4.3 c/kWh everywhere without congestion; about
4.6, 4.8 and 6.9 c/kWh in three zones once offers are raised; 6.64 c/kWh with 8 % and
5.28 c/kWh with 75 % of bids flexible. It prints neither quantities nor limits. Those
below were derived to reproduce its prices: zone demands 71, 171.5 and 1526.5 kW; limits
of 300, 340 and 520 kW at the borders; offers whose curves pass through the prices.
"""

import numpy as np
import pytest

from gridagora.markets.radial import clear_radial
from gridagora.types.network import RadialNetwork
from gridagora.types.orders import Bid, Curve, CurveColumns, Offer

_SEGMENTS = """
800-802 802-806 806-808 808-810 808-812 812-814 814-850 816-818 816-824 818-820 820-822
824-826 824-828 828-830 830-854 832-858 832-888 834-860 834-842 836-840 836-862 842-844
844-846 846-848 850-816 852-832 854-856 854-852 858-864 858-834 860-836 862-838 888-890
"""
SEGMENTS = _SEGMENTS.split()
LIMIT_KW = {"800-802": 300.0, "814-850": 340.0, "816-824": 520.0}
LOAD_KW = {
    "860": 174.0, "840": 47.0, "844": 432.0, "848": 71.5, "830": 48.5, "890": 450.0,
    "802": 27.5, "806": 27.5, "808": 8.0, "810": 8.0, "818": 17.0, "820": 84.5,
    "822": 67.5, "816": 2.5, "824": 24.5, "826": 20.0, "828": 5.5, "854": 2.0,
    "856": 2.0, "832": 7.5, "858": 24.5, "864": 1.0, "834": 89.0, "836": 61.0,
    "862": 14.0, "838": 14.0, "842": 4.5, "846": 34.0,
}  # fmt: skip
ZONES = (("802", "806", "808", "810"), ("816", "818", "820", "822"))
UNITS = {"FEED": "800", "G1": "808", "G2": "820", "G3": "834", "G4": "844"}
FIRST = {
    "FEED": (4.3, 4.3), "G1": (4.2, 4.9), "G2": (4.0, 4.8),
    "G3": (2.3, 4.1), "G4": (2.3, 4.1),
}  # fmt: skip
SECOND = {
    "FEED": (4.3, 4.3), "G1": (4.489, 5.089), "G2": (4.4485, 5.0485),
    "G3": (2.924, 7.724), "G4": (2.924, 7.724),
}  # fmt: skip
INFLEXIBLE_AT_75 = {"834", "836", "820", "822", "830", "802", "806"}


def feeder() -> RadialNetwork:
    pairs = [segment.split("-") for segment in SEGMENTS]
    return RadialNetwork.from_table(
        {
            "bus": ["800", *(child for _, child in pairs)],
            "parent": [None, *(parent for parent, _ in pairs)],
            "branch": ["", *SEGMENTS],
            "limit_kw": [None, *(LIMIT_KW.get(segment) for segment in SEGMENTS)],
        }
    )


def cleared(offers, flexible=frozenset()):
    network = feeder()
    book: list[Bid | Offer] = [
        Offer.affine(name, UNITS[name], p_min=low, p_max=high, q_max=600.0)
        for name, (low, high) in offers.items()
    ]
    for bus, kw in LOAD_KW.items():
        if bus in flexible:
            bid = Bid.affine(
                bus, bus, p_max=9.0, p_min=3.0, q_max=kw, q_min=0.2643 * kw
            )
        else:
            bid = Bid(bus, bus, Curve((kw,), (9.0,)))
        book.append(bid)
    return clear_radial(network, CurveColumns.of(book, network))


def supplied(dispatch):
    return dispatch.quantity_kw[~dispatch.orders.is_bid]


def price_at(dispatch, bus):
    return dispatch.price_per_kwh[dispatch.network.bus_index(bus)]


def test_the_feeder_has_the_loads_and_zones_of_the_derivation():
    assert feeder().n_bus == 34
    assert len(LOAD_KW) == 28
    assert sum(LOAD_KW.values()) == 1769.0
    assert [sum(LOAD_KW[bus] for bus in zone) for zone in ZONES] == [71.0, 171.5]


def test_the_first_round_has_one_price_and_no_congestion():
    dispatch = cleared(FIRST)

    assert dispatch.price_per_kwh == pytest.approx(4.3, abs=1e-12)
    # G1: 600 (4.3 - 4.2) / 0.7 = 85.714; G2: 600 (0.3 / 0.8) = 225; FEED the rest.
    expected = [258.2857142857, 85.7142857143, 225.0, 600.0, 600.0]
    assert supplied(dispatch) == pytest.approx(expected, abs=1e-9)
    assert not dispatch.binding.any()
    flow = dict(zip(dispatch.network.branch, dispatch.flow_kw, strict=True))
    assert [round(flow[line], 1) for line in LIMIT_KW] == [258.3, 273.0, 326.5]


def test_the_second_round_splits_into_three_zones():
    dispatch = cleared(SECOND)

    zone_1, zone_2 = ZONES
    for bus in LOAD_KW:
        expected = 4.6 if bus in zone_1 else 4.8 if bus in zone_2 else 6.95
        assert price_at(dispatch, bus) == pytest.approx(expected, abs=1e-9)
    assert price_at(dispatch, "800") == 4.3
    expected_kw = [300.0, 111.0, 351.5, 503.25, 503.25]
    assert supplied(dispatch) == pytest.approx(expected_kw, abs=1e-9)
    full = np.flatnonzero(dispatch.binding)
    assert [dispatch.network.branch[at] for at in sorted(full)] == list(LIMIT_KW)
    assert dispatch.congestion_rent_per_h == pytest.approx(1276.0, abs=0.5)
    assert dispatch.average_price_per_kwh == pytest.approx(6.6472, abs=5e-5)


def test_flexible_demand_of_8_percent_of_bids_barely_lowers_the_average():
    dispatch = cleared(SECOND, {"802", "832"})

    assert dispatch.average_price_per_kwh == pytest.approx(6.6401, abs=5e-5)


def test_flexible_demand_of_75_percent_of_bids_lowers_the_average_by_a_fifth():
    flexible = set(LOAD_KW) - INFLEXIBLE_AT_75
    dispatch = cleared(SECOND, flexible)

    assert len(flexible) == 21
    assert dispatch.average_price_per_kwh == pytest.approx(5.2800, abs=5e-5)
    assert dispatch.demand_kw.sum() == pytest.approx(1372.1, abs=0.05)
    prices = [price_at(dispatch, bus) for bus in ("834", "802", "820")]
    assert prices == pytest.approx([5.392, 4.597, 4.796], abs=5e-4)
    assert np.abs(dispatch.binding).sum() == 3
