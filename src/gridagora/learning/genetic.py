"""A genetic algorithm on arrays: who breeds, and what the children inherit.

Every operator is a pure function of arrays and a random generator. It treats all
players at once, one row each, and no player's row enters another's. The article that
evolves bidding strategies in this way names selection, crossover and mutation and
leaves open which, and all their rates; what stands here is in common use, and the
defaults are those with which its results come out.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from gridagora.learning.checks import number_fault, require_no_faults, whole_fault
from gridagora.learning.selection import SELECTIONS, ranked, standing
from gridagora.types.arrays import BoolArray, FloatArray, IntArray

_NAME = "neuroevolution"
_BLEND = 0.5  # BLX-0.5: how far children may lie outside their parents, of the distance


@dataclass(frozen=True, slots=True, kw_only=True)
class GeneticSettings:
    """How pools of strategies are played and evolve.

    Attributes:
        n_strategy: Strategies in the pool of each player, >= 2. The article: 50.
        n_iteration: Rounds of one generation, >= 1. The article: 500, so that each
            strategy is played about ten times.
        n_hidden: Hidden neurons of a strategy's net, >= 1. The article says one hidden
            layer and leaves open how wide; 4.
        memory: Rounds that a strategy remembers of those it was played in, >= 0; with 0
            it knows neither. The article: 1.
        n_context: Further inputs, which all players see, >= 0; e.g. the load of the
            hour. The article: none.
        selection: How parents are found, by the fitness of the generation; the article
            leaves it open. ``tournament``: the best of ``tournament_size`` drawn;
            ``rank``: as likely as its rank counted from the worst; ``roulette``: as
            likely as it is fitter than the worst; ``truncation``: any of the better
            half.
        tournament_size: Strategies in a tournament, >= 1; 1 selects blindly. The
            article leaves it open; 2.
        n_elite: Fittest strategies that go over unchanged, >= 0 and below
            ``n_strategy``. The article leaves it open; 2.
        crossover: How two parents make a child; the article leaves it open.
            ``uniform``: each weight from the second with ``swap_rate``; ``one-point``:
            those from a drawn place on from the second; ``blend``: each drawn between
            the parents' and up to half their distance beyond (BLX-0.5).
        crossover_rate: Share of children with two parents, in [0, 1]; others are copies
            of the first. The article leaves it open; 0.7.
        swap_rate: See ``uniform``, in [0, 1]. The article leaves it open; 0.5.
        mutation_rate: Probability of each weight of a child to move, in [0, 1]. The
            article leaves it open; 0.1.
        mutation_scale: Standard deviation of that move, >= 0. The article leaves it
            open; 0.3.
        reset_rate: Probability of each weight of a child to be drawn anew from the
            standard normal distribution, in [0, 1]. The article leaves it open; 0.01.
        weight_limit: Largest absolute weight, > 0. The article leaves it open; 3. A
            precaution: the output flattens towards its ends, where small mutations no
            longer move it.
        start: First pools. ``random``: all weights standard normal; ``low`` and
            ``high``: the same but for a tenth of the output's weights, and its bias at
            the limit, so that the first actions are near one end (about 5 % of the
            interval from it for a limit of 3). The article shows all three and leaves
            open how they were made.

    Raises:
        InvalidConfigError: A setting is out of its range; lists all.

    Source:
        Trotscher, Simulating power markets with competitive self-play, a post on an
        unpublished article of 2009. Operators: Goldberg and Deb, A comparative analysis
        of selection schemes used in genetic algorithms, 1991; Syswerda, Uniform
        crossover in genetic algorithms, 1989; Eshelman and Schaffer, Real-coded genetic
        algorithms and interval-schemata, 1993.
    """

    n_strategy: int = 50
    n_iteration: int = 500
    n_hidden: int = 4
    memory: int = 1
    n_context: int = 0
    selection: Literal["tournament", "rank", "roulette", "truncation"] = "tournament"
    tournament_size: int = 2
    n_elite: int = 2
    crossover: Literal["uniform", "one-point", "blend"] = "uniform"
    crossover_rate: float = 0.7
    swap_rate: float = 0.5
    mutation_rate: float = 0.1
    mutation_scale: float = 0.3
    reset_rate: float = 0.01
    weight_limit: float = 3.0
    start: Literal["random", "low", "high"] = "random"

    def __post_init__(self) -> None:
        require_no_faults(_NAME, _setting_faults(self))


Crossover = Callable[[FloatArray, FloatArray, float, np.random.Generator], FloatArray]
"""Takes the weights of first and of second parents, the swap rate and a generator;
returns the weights of the children, of the shape ``(n_player, n_child, n_weight)`` as
those of their parents."""


def uniform(
    first: FloatArray,
    second: FloatArray,
    swap_rate: float,
    rng: np.random.Generator,
) -> FloatArray:
    """Take each weight from the second parent with the probability ``swap_rate``.

    Draws one uniform number per weight.
    """
    return np.where(rng.random(first.shape) < swap_rate, second, first)


def one_point(
    first: FloatArray,
    second: FloatArray,
    swap_rate: float,
    rng: np.random.Generator,
) -> FloatArray:
    """Take the weights before a drawn place from the first parent, then the second's.

    The place leaves each parent one weight at least. Draws one whole number per child.
    """
    n_player, n_child, n_weight = first.shape
    cut = rng.integers(1, n_weight, (n_player, n_child, 1))
    return np.where(np.arange(n_weight) < cut, first, second)


def blend(
    first: FloatArray,
    second: FloatArray,
    swap_rate: float,
    rng: np.random.Generator,
) -> FloatArray:
    """Draw each weight from between the parents' and half their distance beyond.

    Draws one uniform number per weight.
    """
    share = (1.0 + 2.0 * _BLEND) * rng.random(first.shape) - _BLEND
    child: FloatArray = first + share * (second - first)
    return child


CROSSOVERS: Mapping[str, Crossover] = {
    "uniform": uniform,
    "one-point": one_point,
    "blend": blend,
}
"""How two parents make a child, by name."""

_STARTS = ("random", "low", "high")


def mutated(
    weights: FloatArray, settings: GeneticSettings, rng: np.random.Generator
) -> FloatArray:
    """Return weights some of which moved, some were drawn anew; all within the limit.

    Draws four numbers per weight, in whole arrays: uniform (whether it moves), normal
    (how far), uniform (whether it is drawn anew), normal (what it becomes).
    """
    moves = rng.random(weights.shape) < settings.mutation_rate
    step = settings.mutation_scale * rng.standard_normal(weights.shape)
    resets = rng.random(weights.shape) < settings.reset_rate
    fresh = rng.standard_normal(weights.shape)
    changed = np.where(resets, fresh, np.where(moves, weights + step, weights))
    return np.clip(changed, -settings.weight_limit, settings.weight_limit)


def first_weights(
    shape: tuple[int, int, int], settings: GeneticSettings, rng: np.random.Generator
) -> FloatArray:
    """Return the weights of the first pools, see ``GeneticSettings.start``.

    Draws one normal number per weight.

    Args:
        shape: Number of players, of strategies, of weights.
        settings: Of which ``start``, ``n_hidden`` and ``weight_limit`` count.
        rng: Where random numbers come from.
    """
    limit = settings.weight_limit
    weights = np.clip(rng.standard_normal(shape), -limit, limit)
    if settings.start != "random":
        weights[:, :, -1 - settings.n_hidden : -1] *= 0.1
        weights[:, :, -1] = limit if settings.start == "high" else -limit
    return weights


def next_generation(
    weights: FloatArray,
    fitness: FloatArray,
    settings: GeneticSettings,
    rng: np.random.Generator,
) -> tuple[FloatArray, IntArray]:
    """Breed the pools of the next generation.

    First come the elites, best first, then the children. Strategies never played are
    no parents, and elites only where too few were played; of a player of whom none was,
    all count as equal.

    Random numbers are drawn in this order: selection, for the two parents of each child
    in turn; crossover of all children; one uniform number per child, whether it is
    crossed; mutation.

    Args:
        weights: Of the pools. Shape ``(n_player, n_strategy, n_weight)``.
        fitness: See ``standing``. Shape ``(n_player, n_strategy)``.
        settings: Operators and rates.
        rng: Where random numbers come from.

    Returns:
        New weights, and which strategy each is or has as its first parent.
        Shape ``(n_player, n_strategy)``.
    """
    n_player, n_strategy, _ = weights.shape
    n_child = n_strategy - settings.n_elite
    stand = standing(fitness)
    select, cross = SELECTIONS[settings.selection], CROSSOVERS[settings.crossover]
    parents = select(stand, 2 * n_child, settings.tournament_size, rng)
    rows = np.arange(n_player)[:, None]
    first, second = weights[rows, parents[:, 0::2]], weights[rows, parents[:, 1::2]]
    crossed = cross(first, second, settings.swap_rate, rng)
    both: BoolArray = rng.random((n_player, n_child)) < settings.crossover_rate
    children = mutated(np.where(both[:, :, None], crossed, first), settings, rng)
    elite = ranked(stand)[:, : settings.n_elite]
    lineage = np.concatenate([elite, parents[:, 0::2]], axis=1)
    return np.concatenate([weights[rows, elite], children], axis=1), lineage


def _setting_faults(settings: GeneticSettings) -> list[str]:
    faults = []
    if settings.n_strategy == 1:
        faults.append(
            "n_strategy is 1: a pool of one has nothing to select from, expected 2 or "
            "more."
        )
    else:
        faults += whole_fault("n_strategy", settings.n_strategy, least=2)
    for name, least in (
        ("n_iteration", 1),
        ("n_hidden", 1),
        ("memory", 0),
        ("n_context", 0),
        ("tournament_size", 1),
    ):
        faults += whole_fault(name, getattr(settings, name), least=least)
    faults += _elite_fault(settings)
    for name in ("crossover_rate", "swap_rate", "mutation_rate", "reset_rate"):
        faults += number_fault(name, getattr(settings, name), 0.0, 1.0)
    scale, limit = settings.mutation_scale, settings.weight_limit
    faults += number_fault("mutation_scale", scale, 0.0, np.inf)
    faults += number_fault("weight_limit", limit, 0.0, np.inf, above_low=True)
    for name, known in (
        ("selection", tuple(SELECTIONS)),
        ("crossover", tuple(CROSSOVERS)),
        ("start", _STARTS),
    ):
        if getattr(settings, name) not in known:
            faults.append(
                f"{name} is {getattr(settings, name)!r}, expected one of "
                f"{', '.join(known)}."
            )
    return faults


def _elite_fault(settings: GeneticSettings) -> list[str]:
    fault = whole_fault("n_elite", settings.n_elite, least=0)
    if fault or whole_fault("n_strategy", settings.n_strategy):
        return fault
    if settings.n_elite >= settings.n_strategy > 1:
        return [
            f"n_elite is {settings.n_elite} of {settings.n_strategy} strategies, which "
            "leaves no room for children; expected fewer."
        ]
    return []
