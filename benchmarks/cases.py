"""What is cleared: random feeders and the IEEE 34 market, seeded.

Every case has several variants: the same network, all orders new. A clearing that
repeats the last one would flatter whoever remembers it.
"""

from dataclasses import dataclass

import numpy as np

from gridagora.types.network import Network, RadialNetwork
from gridagora.types.orders import CurveColumns

Array = np.ndarray


@dataclass(frozen=True)
class Quadratic:
    """Affine orders as the terms of a quadratic program.

    Attributes:
        curvature: Slope of each price curve, >= 0. Shape ``(n_order,)``.
        linear: Price at quantity 0, negated for bids. Shape ``(n_order,)``.
        least: Firm quantity. kW.
        most: Most quantity. kW.
        sign: +1 for an offer (injects), -1 for a bid (draws).
        bus: Where.
    """

    curvature: Array
    linear: Array
    least: Array
    most: Array
    sign: Array
    bus: Array

    @classmethod
    def of(cls, orders: CurveColumns) -> "Quadratic":
        """Read orders of two corners each."""
        quantity = orders.quantity_kw.reshape(-1, 2)
        price = orders.price_per_kwh.reshape(-1, 2)
        sign = np.where(orders.is_bid, -1.0, 1.0)
        width = quantity[:, 1] - quantity[:, 0]
        slope = np.divide(
            price[:, 1] - price[:, 0], width, out=np.zeros_like(width), where=width > 0
        )
        return cls(
            curvature=sign * slope + 0.0,
            linear=sign * (price[:, 0] - slope * quantity[:, 0]),
            least=quantity[:, 0].copy(),
            most=quantity[:, 1].copy(),
            sign=sign,
            bus=orders.bus.copy(),
        )

    def cost(self, quantity_kw: Array) -> float:
        """Return cost of offers less worth of bids: what everyone minimises."""
        marginal = 0.5 * self.curvature * quantity_kw + self.linear
        return float(quantity_kw @ marginal)


@dataclass(frozen=True)
class RadialCase:
    """A tree and several sets of orders on it."""

    name: str
    network: RadialNetwork
    variants: tuple[CurveColumns, ...]


@dataclass(frozen=True)
class MeshedCase:
    """A network with loops and several sets of orders on it."""

    name: str
    network: Network
    variants: tuple[CurveColumns, ...]


def radial_case(n_bus: int, *, seed: int = 1) -> RadialCase:
    """Return the case of that size: the IEEE 34 market, or a random feeder."""
    return ieee34_case(seed=seed) if n_bus == 34 else random_feeder(n_bus, seed=seed)


def random_feeder(n_bus: int, *, seed: int) -> RadialCase:
    """Draw a feeder of depth about ``sqrt(n)`` with orders at 95 % of its buses.

    A third of the lines has a limit between 10 and 60 % of what could be drawn or
    delivered beyond it, so that about one line in seven binds. All curves slope and
    the source has a large offer, so that prices are unique wherever a zone has a
    marginal order.
    """
    rng = np.random.default_rng([seed, n_bus])
    window = max(2, round(2 * np.sqrt(n_bus)))
    at = np.arange(1, n_bus)
    parent = np.concatenate([[-1], rng.integers(np.maximum(at - window, 0), at)])
    n_order = round(0.95 * n_bus)
    bus = np.concatenate([[0], rng.permutation(at)[: n_order - 1]])
    is_bid = rng.random(n_order) < 0.7
    is_bid[0] = False
    size_kw = rng.uniform(5.0, 50.0, n_order)
    size_kw[0] = size_kw.sum()
    limit = _limits(rng, parent, _beyond(parent, bus, is_bid, size_kw))
    network = RadialNetwork(
        bus=tuple(f"b{i}" for i in range(n_bus)),
        parent=parent.astype(np.int64),
        branch=tuple(f"l{i}" for i in range(1, n_bus)),
        limit_kw=limit,
    )
    n_variant = 8 if n_bus <= 10_000 else 3
    variants = [_sloped(rng, bus, is_bid, size_kw) for _ in range(n_variant)]
    return RadialCase(f"{n_bus:,} buses", network, tuple(variants))


def _beyond(parent: Array, bus: Array, is_bid: Array, size_kw: Array) -> Array:
    """Return the most that each line's subtree could draw or deliver. kW."""
    drawn = np.bincount(bus[is_bid], size_kw[is_bid], parent.size)
    given = np.bincount(bus[~is_bid], size_kw[~is_bid], parent.size)
    for at in range(parent.size - 1, 0, -1):
        drawn[parent[at]] += drawn[at]
        given[parent[at]] += given[at]
    return np.maximum(drawn, given)[1:]


def _limits(rng: np.random.Generator, parent: Array, beyond_kw: Array) -> Array:
    limited = (rng.random(parent.size - 1) < 1 / 3) & (beyond_kw > 0)
    share = rng.uniform(0.1, 0.6, parent.size - 1)
    return np.where(limited, share * beyond_kw, np.inf)


def _sloped(
    rng: np.random.Generator, bus: Array, is_bid: Array, size_kw: Array
) -> CurveColumns:
    """Draw new curves for the same participants: prices, slopes and sizes."""
    n_order = bus.size
    low = np.where(is_bid, rng.uniform(2, 6, n_order), rng.uniform(1, 5, n_order))
    low[0] = 4.0
    rise = rng.uniform(1.0, 4.0, n_order)
    return CurveColumns.affine(
        [f"p{at}" for at in range(n_order)],
        bus,
        is_bid,
        p_max=low + rise,
        p_min=low,
        q_max=size_kw * rng.uniform(0.8, 1.0, n_order),
        q_min=np.zeros(n_order),
    )


# The IEEE 34 market: load by bus as published (Kersting, 2001), half of a distributed
# load at each end of its segment. Offers and limits are those of the market-power
# study: four zones, cut by three lines that all bind.
IEEE34_TREE = (
    "802<800 806<802 808<806 810<808 812<808 814<812 850<814 816<850 818<816 820<818 "
    "822<820 824<816 826<824 828<824 830<828 854<830 856<854 852<854 832<852 858<832 "
    "888<832 890<888 864<858 834<858 842<834 844<842 846<844 848<846 860<834 836<860 "
    "840<836 862<836 838<862"
)
IEEE34_LIMIT_KW = {"802": 300.0, "850": 340.0, "824": 520.0}  # of the line feeding it
IEEE34_LOAD_KW = {
    "860": 174.0, "840": 47.0, "844": 432.0, "848": 71.5, "830": 48.5, "890": 450.0,
    "802": 27.5, "806": 27.5, "808": 8.0, "810": 8.0, "818": 17.0, "820": 84.5,
    "822": 67.5, "816": 2.5, "824": 24.5, "826": 20.0, "828": 5.5, "854": 2.0,
    "856": 2.0, "832": 7.5, "858": 24.5, "864": 1.0, "834": 89.0, "836": 61.0,
    "862": 14.0, "838": 14.0, "842": 4.5, "846": 34.0,
}  # fmt: skip
IEEE34_OFFERS = (  # bus, price at 0 kW, price at 600 kW
    ("800", 4.3, 4.3),
    ("808", 4.489, 5.089),
    ("820", 4.4485, 5.0485),
    ("834", 2.924, 7.724),
    ("844", 2.924, 7.724),
)
UNIT_KW = 600.0
PRICE_CAP = 9.0
PRICE_FLOOR = 3.0
FIRM_SHARE = 0.2643


def ieee34_network() -> RadialNetwork:
    """Return the feeder as a market sees it: 34 buses, three limits."""
    pairs = [pair.split("<") for pair in IEEE34_TREE.split()]
    bus = ["800", *(child for child, _ in pairs)]
    return RadialNetwork.from_table(
        {
            "bus": bus,
            "parent": [None, *(parent for _, parent in pairs)],
            "limit_kw": [IEEE34_LIMIT_KW.get(name) for name in bus],
        }
    )


def ieee34_case(*, seed: int) -> RadialCase:
    """Return 28 bids, 21 of them flexible, and 5 offers, prices varied a little.

    The first variant is the study's own ("75 per cent flexible": energy-weighted
    average price 5.28).
    """
    network = ieee34_network()
    rng = np.random.default_rng([seed, 34])
    inelastic = {"834", "836", "820", "822", "830", "802", "806"}
    load = np.array(list(IEEE34_LOAD_KW.values()))
    firm = np.array([1.0 if at in inelastic else FIRM_SHARE for at in IEEE34_LOAD_KW])
    names = [*IEEE34_LOAD_KW, *(at for at, _, _ in IEEE34_OFFERS)]
    bus = np.array([network.bus_index(name) for name in names])
    n_bid, n_offer = len(IEEE34_LOAD_KW), len(IEEE34_OFFERS)
    is_bid = np.arange(n_bid + n_offer) < n_bid
    low = np.array([*[PRICE_FLOOR] * n_bid, *(p for _, p, _ in IEEE34_OFFERS)])
    high = np.array([*[PRICE_CAP] * n_bid, *(p for _, _, p in IEEE34_OFFERS)])
    variants = []
    for number in range(8):
        shift = rng.uniform(-0.1, 0.1, len(names)) if number else 0.0
        scale = rng.uniform(0.95, 1.05, n_bid) if number else 1.0
        variants.append(
            CurveColumns.affine(
                [f"p{at}" for at in range(len(names))],
                bus,
                is_bid,
                p_max=high + shift,
                p_min=low + shift,
                q_max=np.concatenate([load * scale, np.full(n_offer, UNIT_KW)]),
                q_min=np.concatenate([load * scale * firm, np.zeros(n_offer)]),
            )
        )
    return RadialCase("IEEE 34", network, tuple(variants))


def five_bus_case(n_variant: int, *, seed: int = 1) -> MeshedCase:
    """Return the 5-bus duopoly with a pocket, markups drawn from [0, 30].

    Three producers at marginal cost plus a markup, 500 MW of demand worth 60 per
    unit, line 2-5 limited to 100. Powers are in MW, written as kW.
    """
    network = Network.from_table(
        {
            "from_bus": ["1", "2", "1", "3", "2", "4"],
            "to_bus": ["2", "3", "4", "4", "5", "5"],
            "reactance_pu": [0.1, 0.1, 0.1, 0.1, 0.1, 0.2],
            "limit_kw": [None, None, None, None, 100.0, None],
        }
    )
    rng = np.random.default_rng([seed, 5])
    names = ["1", "3", "5", "2", "3", "4", "5"]
    bus = np.array([network.bus_index(name) for name in names])
    is_bid = np.array([False] * 3 + [True] * 4)
    cap = np.array([255.0, 255.0, 260.0])
    load = np.array([55.0, 55.0, 50.0, 340.0])
    first = np.array([17.5, 17.5, 22.34341889])
    rise = np.array([0.02389093, 0.02389093, 0.0275]) * cap
    markups = rng.uniform(0.0, 30.0, (n_variant, 3))
    markups[0] = 0.0  # all at marginal cost: prices 21.334 20.148 21.334 22.521 27.266
    variants = [
        CurveColumns.affine(
            ["g1", "g2", "g3", "d2", "d3", "d4", "d5"],
            bus,
            is_bid,
            p_max=np.concatenate([first + rise + markup, np.full(4, 60.0)]),
            p_min=np.concatenate([first + markup, np.full(4, 60.0)]),
            q_max=np.concatenate([cap, load]),
            q_min=np.concatenate([np.zeros(3), load]),
        )
        for markup in markups
    ]
    return MeshedCase("5 buses", network, tuple(variants))


def meshed_case(n_bus: int = 118, *, seed: int = 1) -> MeshedCase:
    """Draw a meshed network: a random tree, 60 % more lines, a tenth of them tight."""
    rng = np.random.default_rng([seed, n_bus, 2])
    at = np.arange(1, n_bus)
    parent = rng.integers(np.maximum(at - 12, 0), at)
    pairs = set(zip(parent.tolist(), at.tolist(), strict=True))
    n_branch = round(1.6 * n_bus)
    while len(pairs) < n_branch:
        one, other = sorted(rng.choice(n_bus, 2, replace=False).tolist())
        if other - one <= 30:
            pairs.add((one, other))
    ends = np.array(sorted(pairs))
    n_order = n_bus + n_bus // 2
    is_bid = np.arange(n_order) < n_bus
    bus = np.concatenate([np.arange(n_bus), rng.permutation(n_bus)[: n_bus // 2]])
    size = np.where(is_bid, rng.uniform(20, 60, n_order), rng.uniform(60, 200, n_order))
    names = tuple(f"b{i}" for i in range(n_bus))
    network = Network(
        bus=names,
        branch=tuple(f"{names[a]}-{names[b]}" for a, b in ends),
        from_bus=ends[:, 0].astype(np.int64),
        to_bus=ends[:, 1].astype(np.int64),
        limit_kw=np.where(
            rng.random(n_branch) < 0.1, rng.uniform(20, 80, n_branch), np.inf
        ),
        reactance_pu=rng.uniform(0.02, 0.2, n_branch),
    )
    variants = [_sloped_mesh(rng, bus, is_bid, size) for _ in range(8)]
    return MeshedCase(f"{n_bus} buses", network, tuple(variants))


def _sloped_mesh(
    rng: np.random.Generator, bus: Array, is_bid: Array, size_kw: Array
) -> CurveColumns:
    """Draw curves: demand 60 % firm and worth 40 to 80, supply from 10 to 40."""
    n_order = bus.size
    low = np.where(is_bid, rng.uniform(20, 40, n_order), rng.uniform(10, 25, n_order))
    rise = np.where(is_bid, rng.uniform(20, 40, n_order), rng.uniform(5, 15, n_order))
    return CurveColumns.affine(
        [f"p{at}" for at in range(n_order)],
        bus,
        is_bid,
        p_max=low + rise,
        p_min=low,
        q_max=size_kw,
        q_min=np.where(is_bid, 0.6 * size_kw, 0.0),
    )
