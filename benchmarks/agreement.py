"""Whether a peer found what we found. A wrong answer is not worth timing."""

from dataclasses import dataclass

import numpy as np

from benchmarks.cases import Array, Quadratic
from benchmarks.peers import Answer, LinearAnswer
from gridagora.types.dispatch import Dispatch
from gridagora.types.linear_dispatch import LinearDispatch
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
    unique = unique_prices(dispatch, terms)
    apart = np.abs(answer.price_per_kwh - dispatch.price_per_kwh)[unique]
    gap = Gap(
        float(apart.max(initial=0.0)),
        _objective_gap(terms, dispatch.quantity_kw, answer.quantity_kw),
    )
    _require_small(name, gap, dispatch.price_per_kwh)
    return gap


def compare_linear(
    name: str,
    dispatch: LinearDispatch,
    answer: LinearAnswer,
    tolerances: tuple[float, float] | None = None,
) -> Gap:
    """Compare an answer with our dispatch on a linear grid, where it has prices.

    Args:
        name: Whose answer.
        dispatch: Ours.
        answer: Theirs.
        tolerances: Of the objective and of prices, both relative; the usual ones when
            left out.

    Raises:
        DisagreementError: The two are not the same optimum.
    """
    terms = Quadratic.of(dispatch.orders)
    gap = 0.0
    if unique_linear_prices(dispatch, terms):
        count = answer.price_per_kwh.size  # all places, or the buses
        apart = np.abs(answer.price_per_kwh - dispatch.price_per_kwh[:count])
        apart_kvar = np.abs(answer.price_per_kvarh - dispatch.price_per_kvarh[:count])
        gap = float(max(apart.max(), apart_kvar.max()))
    found = Gap(gap, _objective_gap(terms, dispatch.quantity_kw, answer.quantity_kw))
    _require_small(name, found, dispatch.price_per_kwh, tolerances)
    return found


def _objective_gap(terms: Quadratic, ours_kw: Array, theirs_kw: Array) -> float:
    scale = float(np.abs(terms.linear @ ours_kw)) or 1.0
    return abs(terms.cost(theirs_kw) - terms.cost(ours_kw)) / scale


def _require_small(
    name: str,
    gap: Gap,
    price_per_kwh: Array,
    tolerances: tuple[float, float] | None = None,
) -> None:
    highest = float(np.abs(price_per_kwh).max())
    objective, price = tolerances or (OBJECTIVE_TOLERANCE, PRICE_TOLERANCE)
    if not (  # so that NaN disagrees
        gap.objective <= objective and gap.price <= price * highest
    ):
        msg = f"{name} and gridagora disagree: {gap} with prices up to {highest:.3g}"
        raise DisagreementError(msg)


def unique_prices(dispatch: Dispatch, terms: Quadratic) -> Array:
    """Return whether each bus's price is unique.

    Marginal orders, neither at their least nor at their most, fix prices. On a tree,
    lines that bind cut zones, and one marginal order fixes its zone. With loops all
    prices follow from an energy price and one number per binding line; marginal orders
    fix them when they give as many independent equations.
    """
    places = terms.bus[_marginal(terms, dispatch.quantity_kw)]
    network = dispatch.network
    if isinstance(network, RadialNetwork):
        return _fixed_zones(network, dispatch.congestion_per_kwh == 0.0, places)
    binding = np.flatnonzero(dispatch.congestion_per_kwh)
    known = network.injection_sensitivity()[binding][:, places]
    equations = np.vstack([np.ones(places.size), known])
    fixed = places.size and np.linalg.matrix_rank(equations) == binding.size + 1
    return np.full(network.n_bus, bool(fixed))


def unique_linear_prices(dispatch: LinearDispatch, terms: Quadratic) -> bool:
    """Return whether marginal orders fix the energy price and the worth of all limits.

    Each gives one equation between them; they must be independent.
    """
    grid = dispatch.grid
    marginal = _marginal(terms, dispatch.quantity_kw)
    place, ratio = dispatch.place[marginal], dispatch.kvar_per_kw[marginal]
    rows = [1 + grid.loss.per_kw[0, place] + ratio * grid.loss.per_kvar[0, place]]
    for at in dispatch.limits.binding:
        responses = grid.flows if dispatch.limits.kind[at] == "flow" else grid.voltages
        row = responses.name.index(dispatch.limits.name[at])
        column = responses.per_kw[row, place] + ratio * responses.per_kvar[row, place]
        rows.append(column / max(float(np.abs(column).max(initial=0.0)), 1e-12))
    return bool(np.linalg.matrix_rank(np.array(rows), tol=1e-6) == len(rows))


def _marginal(terms: Quadratic, quantity_kw: Array) -> Array:
    width = terms.most - terms.least
    filled = quantity_kw - terms.least
    return (filled > _MARGINAL * width) & (filled < (1 - _MARGINAL) * width)


def _fixed_zones(network: RadialNetwork, free: Array, places: Array) -> Array:
    """Return which buses share a zone with one of the places."""
    zone = np.arange(network.n_bus)
    for bus in range(1, network.n_bus):
        if free[bus - 1]:
            zone[bus] = zone[network.parent[bus]]
    found = np.zeros(network.n_bus, dtype=bool)
    found[zone[places]] = True
    return found[zone]
