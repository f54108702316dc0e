"""Random markets on networks with loops, with the classes each one contains."""

import numpy as np
from random_markets import KINDS, random_orders

from gridagora.types.network import Network
from gridagora.types.orders import CurveColumns

_WEIGHTS = np.array([0.28, 0.38, 0.16, 0.06, 0.03, 0.05, 0.04])

Market = tuple[Network, CurveColumns, frozenset[str]]


def random_meshed_market(rng: np.random.Generator, kind: str | None = None) -> Market:
    """Draw a network with at least one loop, its orders, and classes known before.

    Classes: the kind (see ``random_markets.KINDS``), ``zero limit``, ``parallel``,
    ``negative price``, ``firm`` and ``tied`` (level pieces of one price in two orders).
    """
    kind = kind or str(rng.choice(KINDS, p=_WEIGHTS))
    n_bus = int(rng.choice([2, 3, 4, 5, 8, 12], p=[0.1, 0.25, 0.2, 0.2, 0.15, 0.1]))
    network = random_mesh(rng, n_bus, kind)
    n_order = 0 if kind == "empty" else int(rng.integers(2, 2 * n_bus + 4))
    orders = random_orders(rng, n_order, n_bus, kind)
    return network, orders, frozenset({kind, *_classes(network, orders)})


def random_mesh(rng: np.random.Generator, n_bus: int, kind: str) -> Network:
    """Draw a random tree plus one to four branches, any of them parallel to others."""
    ends = [(int(rng.integers(bus)), bus) for bus in range(1, n_bus)]
    for _ in range(int(rng.integers(1, 5))):
        a, b = rng.choice(n_bus, 2, replace=False)
        ends.append((int(a), int(b)))
    ends = [(a, b) if rng.random() < 0.5 else (b, a) for a, b in ends]
    n_branch = len(ends)
    scale = 10.0 ** rng.integers(-3, 6) if kind == "wide" else 1.0
    limit = rng.uniform(0.1, 6.0, n_branch)
    reactance = rng.uniform(0.2, 3.0, n_branch)
    if kind in ("grid", "inelastic"):
        limit = np.round(limit * 2) / 2
        reactance = rng.choice([0.5, 1.0, 2.0], n_branch)
    limit = limit * scale
    limit[rng.random(n_branch) < 0.04] = 0.0
    share = rng.choice([0.2, 0.6, 1.0], p=[0.5, 0.4, 0.1])
    limit[rng.random(n_branch) < share] = np.inf
    return Network(
        bus=tuple(f"b{bus}" for bus in range(n_bus)),
        branch=tuple(f"l{branch}" for branch in range(n_branch)),
        from_bus=np.array([a for a, _ in ends], dtype=np.int64),
        to_bus=np.array([b for _, b in ends], dtype=np.int64),
        limit_kw=limit,
        reactance_pu=reactance,
        reference=int(rng.integers(n_bus)),
    )


def _classes(network: Network, orders: CurveColumns) -> set[str]:
    found = set()
    if (network.limit_kw == 0.0).any():
        found.add("zero limit")
    pairs = {
        frozenset(pair)
        for pair in zip(network.from_bus.tolist(), network.to_bus.tolist(), strict=True)
    }
    if len(pairs) < network.n_branch:
        found.add("parallel")
    if (orders.price_per_kwh < 0.0).any():
        found.add("negative price")
    if (orders.firm_kw > 0.0).any():
        found.add("firm")
    level: list[float] = []
    for order in range(orders.n_order):
        at = slice(orders.start[order], orders.start[order + 1])
        flat = np.diff(orders.price_per_kwh[at]) == 0.0
        tall = np.diff(orders.quantity_kw[at]) > 0.0
        level += set(orders.price_per_kwh[at][:-1][flat & tall].tolist())
    if len(level) > len(set(level)):
        found.add("tied")
    return found
