"""Random radial markets, with the classes of trouble that each one contains."""

import numpy as np

from gridagora.types.network import RadialNetwork
from gridagora.types.orders import CurveColumns

KINDS = (
    "smooth",  # sloped curves, numbers without a pattern
    "grid",  # steps and slopes on a coarse grid of exact binary fractions: ties
    "inelastic",  # fixed demand, some supply firm: infeasible when lines are short
    "near",  # breakpoints a few units in the last place apart, almost level pieces
    "wide",  # powers from 1e-3 to 1e6 kW and prices from 1e-4 to 1e3
    "one-sided",
    "empty",
)
_WEIGHTS = np.array([0.26, 0.34, 0.15, 0.08, 0.08, 0.05, 0.04])

Market = tuple[RadialNetwork, CurveColumns, frozenset[str]]


def random_market(
    rng: np.random.Generator, kind: str | None = None, *, n_bus: int | None = None
) -> Market:
    """Draw a network, its orders, and the classes known before clearing.

    Classes: the kind, and ``zero limit``, ``negative price``, ``firm``, ``tied`` (two
    orders are level at one price). Quantities and prices of the kinds ``grid`` and
    ``inelastic`` are multiples of 1/8, so that sums of them are exact in floats.
    """
    kind = kind or str(rng.choice(KINDS, p=_WEIGHTS))
    n_bus = n_bus or int(
        rng.choice([1, 2, 3, 4, 6, 9, 14], p=[0.06, 0.14, 0.2, 0.2, 0.2, 0.1, 0.1])
    )
    network = random_tree(rng, n_bus, kind)
    n_order = 0 if kind == "empty" else int(rng.integers(2, 2 * n_bus + 4))
    orders = random_orders(rng, n_order, n_bus, kind)
    return network, orders, frozenset({kind, *_classes(network, orders)})


def random_tree(rng: np.random.Generator, n_bus: int, kind: str) -> RadialNetwork:
    """Draw a chain, a star or anything between, with limits to suit the kind."""
    shape = rng.choice(["chain", "star", "any"], p=[0.25, 0.15, 0.6])
    parent = np.full(n_bus, -1, dtype=np.int64)
    for bus in range(1, n_bus):
        parent[bus] = {"chain": bus - 1, "star": 0}.get(shape, rng.integers(bus))
    scale = _power_scale(rng, kind)
    limit = _on_grid(rng.uniform(0.1, 6.0, n_bus - 1), kind, 0.5) * scale
    limit[rng.random(n_bus - 1) < 0.06] = 0.0
    limit[rng.random(n_bus - 1) < rng.choice([0.1, 0.5, 1.0], p=[0.5, 0.4, 0.1])] = (
        np.inf
    )
    return RadialNetwork(
        bus=tuple(f"b{bus}" for bus in range(n_bus)),
        parent=parent,
        branch=tuple(f"l{bus}" for bus in range(1, n_bus)),
        limit_kw=limit,
    )


def random_orders(
    rng: np.random.Generator, n_order: int, n_bus: int, kind: str
) -> CurveColumns:
    """Draw curves of one to four corners."""
    shift = rng.choice([0.0, -4.0], p=[0.7, 0.3])
    side = rng.choice([0.0, 1.0]) if kind == "one-sided" else 0.6
    is_bid = rng.random(n_order) < side
    quantity: list[float] = []
    price: list[float] = []
    start = [0]
    for bid in is_bid:
        q, p = _curve(rng, bool(bid), kind)
        quantity.extend(q)
        price.extend(p + shift)
        start.append(len(quantity))
    return CurveColumns(
        participant=tuple(f"p{order}" for order in range(n_order)),
        bus=rng.integers(0, n_bus, n_order).astype(np.int64),
        is_bid=is_bid.astype(np.bool_),
        start=np.array(start, dtype=np.int64),
        quantity_kw=np.array(quantity, dtype=np.float64),
        price_per_kwh=np.array(price, dtype=np.float64),
    )


def _curve(
    rng: np.random.Generator, is_bid: bool, kind: str
) -> tuple[np.ndarray, np.ndarray]:
    n_corner = int(rng.choice([1, 2, 3, 4], p=[0.01, 0.71, 0.18, 0.1]))
    price = np.sort(_on_grid(rng.uniform(0.0, 8.0, n_corner), kind, 1.0))
    quantity = np.sort(_on_grid(rng.uniform(0.0, 8.0, n_corner), kind, 0.5))
    if rng.random() < 0.96:
        quantity -= quantity[0]  # nothing firm
    if kind == "one-sided":
        quantity -= quantity[0]
    if kind == "inelastic" and rng.random() < (0.6 if is_bid else 0.05):
        quantity[:] = quantity[-1] / 4
    if kind in ("grid", "inelastic") and rng.random() < 0.5:
        price[:] = price[0]  # a level order
    if kind == "near":
        price = np.sort(_near(rng, n_corner))
    if kind == "wide":
        quantity = quantity * _power_scale(rng, kind)
        price = price * 10.0 ** rng.integers(-4, 3)
    return quantity, price[::-1].copy() if is_bid else price


def _near(rng: np.random.Generator, n_corner: int) -> np.ndarray:
    """Prices at one of three levels, off by nothing or by one part in 1e16 to 1e9."""
    level = rng.choice([1.0, 2.1, 3.3], n_corner)
    off = rng.choice([0.0, 2.3e-16, 1e-15, 3e-13, 1e-12, 1e-9], n_corner)
    return np.asarray(level * (1.0 + off * rng.choice([-1.0, 1.0], n_corner)))


def _power_scale(rng: np.random.Generator, kind: str) -> float:
    return float(10.0 ** rng.integers(-3, 6)) if kind == "wide" else 1.0


def _on_grid(values: np.ndarray, kind: str, step: float) -> np.ndarray:
    if kind not in ("grid", "inelastic"):
        return values
    return np.asarray(np.round(values / step) * step)


def _classes(network: RadialNetwork, orders: CurveColumns) -> set[str]:
    found = set()
    if (network.limit_kw == 0.0).any():
        found.add("zero limit")
    if (orders.price_per_kwh < 0.0).any():
        found.add("negative price")
    if (orders.firm_kw > 0.0).any():
        found.add("firm")
    level = []
    for order in range(orders.n_order):
        at = slice(orders.start[order], orders.start[order + 1])
        flat = np.diff(orders.price_per_kwh[at]) == 0.0
        tall = np.diff(orders.quantity_kw[at]) > 0.0
        level += list(np.unique(orders.price_per_kwh[at][:-1][flat & tall]))
    if len(level) > len(set(level)):
        found.add("tied")
    return found
