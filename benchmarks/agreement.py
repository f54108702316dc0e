"""Whether a peer found what we found. A wrong answer is not worth timing."""

from dataclasses import dataclass

import numpy as np

from benchmarks.cases import Array, Quadratic
from benchmarks.peers import Answer
from gridagora.types.dispatch import Dispatch
from gridagora.types.network import RadialNetwork

OBJECTIVE_TOLERANCE = 1e-6  # relative
PRICE_TOLERANCE = 1e-2  # relative to the highest price; interior points miss by 1e-3

_MARGINAL = 0.01  # an order counts as marginal this far, of its width, from its ends


class DisagreementError(RuntimeError):
    """A peer's answer differs from ours by more than its accuracy explains."""


@dataclass(frozen=True)
class Gap:
    """How far a contender's answer is from ours.

    Attributes:
        price: Largest price difference over buses with a unique price. Currency/kWh.
        objective: Difference of the objective, relative.
    """

    price: float
    objective: float

    def worst(self, other: "Gap") -> "Gap":
        """Return the larger of two gaps, each number for itself."""
        return Gap(max(self.price, other.price), max(self.objective, other.objective))


def compare(name: str, dispatch: Dispatch, answer: Answer) -> Gap:
    """Compare an answer with our dispatch.

    Raises:
        DisagreementError: The two are not the same optimum.
    """
    terms = Quadratic.of(dispatch.orders)
    ours = terms.cost(dispatch.quantity_kw)
    theirs = terms.cost(answer.quantity_kw)
    scale = float(np.abs(terms.linear @ dispatch.quantity_kw)) or 1.0
    unique = unique_prices(dispatch, terms)
    apart = np.abs(answer.price_per_kwh - dispatch.price_per_kwh)[unique]
    gap = Gap(float(apart.max(initial=0.0)), abs(theirs - ours) / scale)
    highest = float(np.abs(dispatch.price_per_kwh).max())
    if not (  # so that NaN disagrees
        gap.objective <= OBJECTIVE_TOLERANCE and gap.price <= PRICE_TOLERANCE * highest
    ):
        msg = f"{name} and gridagora disagree: {gap} with prices up to {highest:.3g}"
        raise DisagreementError(msg)
    return gap


def unique_prices(dispatch: Dispatch, terms: Quadratic) -> Array:
    """Return whether each bus's price is unique.

    Marginal orders, neither at their least nor at their most, fix prices. On a tree,
    lines that bind cut zones, and one marginal order fixes its zone. With loops all
    prices follow from an energy price and one number per binding line; marginal orders
    fix them when they give as many independent equations.
    """
    width = terms.most - terms.least
    filled = dispatch.quantity_kw - terms.least
    marginal = (filled > _MARGINAL * width) & (filled < (1 - _MARGINAL) * width)
    places = terms.bus[marginal]
    network = dispatch.network
    if isinstance(network, RadialNetwork):
        return _fixed_zones(network, dispatch.congestion_per_kwh == 0.0, places)
    binding = np.flatnonzero(dispatch.congestion_per_kwh)
    known = network.injection_sensitivity()[binding][:, places]
    equations = np.vstack([np.ones(places.size), known])
    fixed = places.size and np.linalg.matrix_rank(equations) == binding.size + 1
    return np.full(network.n_bus, bool(fixed))


def _fixed_zones(network: RadialNetwork, free: Array, places: Array) -> Array:
    """Return which buses share a zone with one of the places."""
    zone = np.arange(network.n_bus)
    for bus in range(1, network.n_bus):
        if free[bus - 1]:
            zone[bus] = zone[network.parent[bus]]
    found = np.zeros(network.n_bus, dtype=bool)
    found[zone[places]] = True
    return found[zone]
