"""Random markets of costs: producers, demand that can be reduced, a grid above."""

import numpy as np
from random_markets import random_tree
from random_meshed import random_mesh

from gridagora.types.cost_orders import (
    AnyOrder,
    CostOffer,
    ExportBid,
    ImportOffer,
    ReducibleDemand,
)
from gridagora.types.costs import Cost, PiecewiseLinearCost, PolynomialCost
from gridagora.types.network import Network, RadialNetwork

Market = tuple[Network | RadialNetwork, list[AnyOrder]]


def random_cost_market(
    rng: np.random.Generator, *, n_bus: int | None = None, most_degree: int = 5
) -> Market:
    """Draw a tree or a mesh, mostly with a grid above at the first bus."""
    n_bus = n_bus or int(rng.choice([1, 2, 3, 5, 8]))
    network: Network | RadialNetwork
    if n_bus < 2 or rng.random() < 0.5:
        network = random_tree(rng, n_bus, "smooth")
    else:
        network = random_mesh(rng, n_bus, "smooth")
    orders: list[AnyOrder] = []
    if rng.random() < 0.8:
        orders.append(ImportOffer("grid", "b0", rng.uniform(2, 8)))
        orders.append(ExportBid("grid", "b0", rng.uniform(0, 2)))
    for at in range(int(rng.integers(2, 2 * n_bus + 4))):
        bus = f"b{rng.integers(n_bus)}"
        most = float(10 ** rng.uniform(-1, 1))
        if rng.random() < 0.5:
            least = most * float(rng.choice([0.0, 0.2], p=[0.8, 0.2]))
            cost = random_cost(rng, most, most_degree)
            orders.append(CostOffer(f"p{at}", bus, cost, most, least))
        else:
            less = most * float(rng.choice([0.0, 0.3, 1.0]))
            cost = random_cost(rng, max(less, 0.1), most_degree)
            orders.append(ReducibleDemand(f"c{at}", bus, most, cost, less))
    return network, orders


def random_cost(rng: np.random.Generator, most_kw: float, most_degree: int) -> Cost:
    """Draw a convex cost up to a quantity, now and then of straight pieces."""
    if rng.random() < 0.15:
        quantity = np.linspace(0.0, most_kw, 4)
        slope = np.sort(rng.uniform(0, 8, 3))
        cost = np.concatenate([[0.0], np.cumsum(slope * np.diff(quantity))])
        return PiecewiseLinearCost(tuple(quantity), tuple(cost))
    degree = int(rng.integers(2, most_degree + 1))
    if rng.random() < 0.15:  # nothing but the highest power: no slope at 0
        return PolynomialCost(
            (0.0,) * degree + (rng.uniform(1, 4) / most_kw ** (degree - 1),)
        )
    size = [0.0, rng.uniform(0, 5)]
    size += [
        rng.uniform(0, 3) * (rng.random() < 0.7 or k == 2) / most_kw ** (k - 1)
        for k in range(2, degree + 1)
    ]
    return PolynomialCost(tuple(size))
