"""Neuroevolution: pools of small nets, of which those that pay breed."""

from typing import final

import numpy as np
from numpy.typing import ArrayLike

from gridagora.errors import EpisodeError, InvalidActionError, InvalidConfigError
from gridagora.learning.checks import (
    State,
    checked_state,
    require_no_faults,
    whole_fault,
)
from gridagora.learning.genetic import (
    GeneticSettings,
    first_weights,
    next_generation,
)
from gridagora.learning.kernels.strategies import (
    Population,
    choose_all,
    learn_all,
    weight_count,
)
from gridagora.learning.scalar_checks import (
    bound_faults,
    level_faults,
    player_column,
    scalar_experience,
)
from gridagora.learning.selection import ranked, standing
from gridagora.types.arrays import FloatArray, IntArray

_NAME = "neuroevolution"
_KEPT = ("weights", "remembered", "total", "count")


@final
class Neuroevolution:
    """Each player's pool of strategies, played at random and bred by what they earned.

    A strategy is a small net: from its own last action and the price it saw then to
    its next action (``kernels.strategies``). In each round every player plays one of
    its strategies, drawn at random, each as likely. After ``n_iteration`` rounds, a
    generation, the fitness of a strategy is the mean of what it was paid in the rounds
    in which it was played; selection, crossover and mutation then make the next pools,
    each player's from its own. Elites keep what they remember, and children begin with
    the memory of their first parent.

    It is a ``types.learner.ScalarLearner``. A compiled loop may play a generation on
    the arrays instead, by the kernels that this class calls: ``begin``, then
    ``choose_all`` and ``learn_all`` on ``population`` for each row of ``picks``, then
    ``finish``. Both give the same bytes.

    All random numbers are drawn between rounds, when a generation begins: in the first
    one the weights, ``n_player x n_strategy x n_weight`` normal numbers, otherwise
    those of ``genetic.next_generation``; then the picks, ``n_iteration x n_player``
    whole numbers.

    Attributes:
        n_player: Number of players.
        settings: Pools, nets and operators.
        population: The strategies, changed in place.
        picks: Strategy that each player plays in each round of this generation.
            Shape ``(n_iteration, n_player)``.
        generation: Number of the generation being played, 0 before the first.
        round: Number of its rounds that are over.

    Args:
        n_player: As above.
        low: Least action, for all or for each player. Shape ``()`` or ``(n_player,)``.
        high: Largest action, above ``low``; likewise.
        price_origin: Price that strategies see as 0, e.g. a marginal cost; likewise.
            Best chosen so that prices less it are of the size of ``high - low``.
        settings: As above.
        levels: The only actions there are, rising and from ``low`` to ``high``; the
            interval is cut evenly among them. ``None`` for every number. Shape
            ``(n_level,)``.

    Raises:
        InvalidConfigError: A parameter is out of its range; lists all.

    Source:
        Trotscher, Simulating power markets with competitive self-play, a post on an
        unpublished article of 2009.

    Example:
        What pays is an action near 3, for both players.

        >>> learner = Neuroevolution(2, low=0.0, high=10.0)
        >>> rng = np.random.default_rng(1)
        >>> for _ in range(20 * 500):
        ...     action = learner.choose(rng)
        ...     learner.learn(action, -np.abs(action - 3.0), np.zeros(2))
        >>> (-learner.fitness()[[0, 1], learner.best()]).round(1).tolist()
        [0.0, 0.0]
    """

    def __init__(
        self,
        n_player: int,
        *,
        low: ArrayLike,
        high: ArrayLike,
        price_origin: ArrayLike = 0.0,
        settings: GeneticSettings | None = None,
        levels: FloatArray | None = None,
    ) -> None:
        require_no_faults(_NAME, whole_fault("n_player", n_player))
        faults: list[str] = []
        least = player_column("low", low, n_player, faults)
        most = player_column("high", high, n_player, faults)
        origin = player_column("price_origin", price_origin, n_player, faults)
        if not faults:
            faults += bound_faults(least, most)
        if not faults and levels is not None:
            faults += level_faults(np.asarray(levels), least, most)
        require_no_faults(_NAME, faults)
        self.n_player = n_player
        self.settings = settings or GeneticSettings()
        own = self.settings
        n_weight = weight_count(2 * own.memory + own.n_context, own.n_hidden)
        pool = (n_player, own.n_strategy)
        self.population = Population(
            weights=np.zeros((*pool, n_weight)),
            remembered=np.zeros((*pool, own.memory, 2)),
            total=np.zeros(pool),
            count=np.zeros(pool, dtype=np.int64),
            low=least,
            high=most,
            origin=origin,
            levels=np.array([] if levels is None else levels, dtype=np.float64),
            n_hidden=own.n_hidden,
        )
        self.picks: IntArray = np.zeros((own.n_iteration, n_player), dtype=np.int64)
        self.generation = 0
        self.round = 0

    def begin(self, rng: np.random.Generator) -> None:
        """Begin the next generation: breed, after the first one, and draw the picks.

        Raises:
            EpisodeError: The last generation has rounds left to play.
        """
        own, population = self.settings, self.population
        if self.generation == 0:
            weights = first_weights(population.weights.shape, own, rng)
            population.weights[...] = weights
        elif self.round < own.n_iteration:
            raise EpisodeError(
                f"learner {_NAME}: generation {self.generation} has "
                f"{own.n_iteration - self.round} of {own.n_iteration} rounds left to "
                "play; play them, or call finish to breed from those played."
            )
        else:
            weights, lineage = next_generation(
                population.weights, self.fitness(), own, rng
            )
            rows = np.arange(self.n_player)[:, None]
            population.weights[...] = weights
            population.remembered[...] = population.remembered[rows, lineage]
        population.total[...] = 0.0
        population.count[...] = 0
        self.picks[...] = rng.integers(own.n_strategy, size=self.picks.shape)
        self.generation += 1
        self.round = 0

    def choose(
        self, rng: np.random.Generator, context: FloatArray | None = None
    ) -> FloatArray:
        """Return the action of each player for the next round.

        Asked again before ``learn`` it answers for the same round again.

        Args:
            rng: Drawn from only when a generation begins.
            context: What all players see of the round to come, best of order one.
                Shape ``(n_context,)``; ``None`` for nothing.

        Returns:
            Shape ``(n_player,)``.

        Raises:
            InvalidActionError: The context is not ``n_context`` finite numbers.
        """
        seen = self._checked_context(context)
        if self.generation == 0 or self.round == self.settings.n_iteration:
            self.begin(rng)
        action = np.empty(self.n_player)
        choose_all(self.population, self.picks[self.round], seen, action)
        return action

    def learn(self, action: FloatArray, reward: FloatArray, price: FloatArray) -> None:
        """Take in what each player's action brought in the round chosen last.

        Args:
            action: What each did, as its strategy will remember it.
                Shape ``(n_player,)``.
            reward: What followed; NaN for a player who sat out and learns nothing.
                Shape ``(n_player,)``.
            price: The price that each saw, in the unit of actions.
                Shape ``(n_player,)``.

        Raises:
            EpisodeError: No round was begun.
            InvalidActionError: Not one action, reward and price, finite but for those
                of who sat out, for each player.
        """
        if self.generation == 0 or self.round == self.settings.n_iteration:
            raise EpisodeError(
                f"learner {_NAME}: there is no round to learn from; call choose first."
            )
        given = scalar_experience(_NAME, (action, reward, price), self.n_player)
        learn_all(self.population, self.picks[self.round], *given)
        self.round += 1

    def finish(self) -> None:
        """End the generation: all of its rounds that will be played have been.

        For a loop that plays ``picks`` by the kernels itself.

        Raises:
            EpisodeError: No generation was begun.
        """
        if self.generation == 0:
            raise EpisodeError(
                f"learner {_NAME}: there is no generation to finish; call begin first."
            )
        self.round = self.settings.n_iteration

    def fitness(self) -> FloatArray:
        """Return the mean of what each strategy was paid in this generation.

        Returns:
            NaN for strategies never played. Shape ``(n_player, n_strategy)``.
        """
        total, count = self.population.total, self.population.count
        return np.where(count > 0, total / np.maximum(count, 1), np.nan)

    def best(self) -> IntArray:
        """Return the fittest strategy of each player, the lowest index among equals.

        Returns:
            0 for a player none of whose strategies was played; when a generation has
            just begun, that is the fittest of the last one, if there are elites.
            Shape ``(n_player,)``.
        """
        return ranked(standing(self.fitness()))[:, 0]

    def response(
        self,
        player: int,
        strategy: int,
        action: FloatArray,
        price: FloatArray,
        context: FloatArray | None = None,
    ) -> FloatArray:
        """Return what a strategy would do next, for several things to remember.

        Args:
            player: Whose strategy.
            strategy: Which of its pool.
            action: Its own last actions, newest first. Shape ``(n_case, memory)``.
            price: The prices it saw then. Shape ``(n_case, memory)``.
            context: As for ``choose``, the same in all cases.

        Returns:
            Its next action. Shape ``(n_case,)``.

        Raises:
            InvalidActionError: There is no such strategy, or arrays do not fit it.
        """
        seen = self._checked_context(context)
        past = [np.asarray(column, dtype=np.float64) for column in (action, price)]
        _require_question(player, strategy, past, self.population)
        own = slice(player, player + 1)
        span = self.population.high[own] - self.population.low[own]
        own_past = (past[0] - self.population.low[own]) / span
        price_past = (past[1] - self.population.origin[own]) / span
        case = self.population._replace(
            weights=self.population.weights[own, strategy : strategy + 1],
            remembered=np.empty((1, 1, self.settings.memory, 2)),
            low=self.population.low[own],
            high=self.population.high[own],
        )
        answers, only = np.empty(past[0].shape[0]), np.zeros(1, dtype=np.int64)
        for at in range(answers.size):
            case.remembered[0, 0, :, 0] = own_past[at]
            case.remembered[0, 0, :, 1] = price_past[at]
            choose_all(case, only, seen, answers[at : at + 1])
        return answers

    def get_state(self) -> State:
        """Return copies of what was learned, and of where the generation stands.

        Arrays ``weights``, ``remembered``, ``total`` and ``count`` as in
        ``Population``, ``picks``, and ``progress``: generation and round.
        """
        arrays = self.population._asdict()
        return {
            **{name: arrays[name].copy() for name in _KEPT},
            "picks": self.picks.copy(),
            "progress": np.array([self.generation, self.round], dtype=np.int64),
        }

    def set_state(self, state: State) -> None:
        """Go on, to the byte, from a state of a learner with the same parameters.

        Raises:
            InvalidConfigError: It is not a state of such a learner.
        """
        arrays = checked_state(_NAME, state, self.get_state())
        generation, played = (int(number) for number in arrays["progress"])
        n_strategy, n_iteration = self.settings.n_strategy, self.settings.n_iteration
        faults = [
            f"{name} is not finite, expected numbers."
            for name in ("weights", "remembered", "total")
            if not np.isfinite(arrays[name]).all()
        ]
        if arrays["picks"].max() >= n_strategy:
            faults.append(
                f"picks hold {arrays['picks'].max()}, expected 0 to {n_strategy - 1}."
            )
        if played > n_iteration:
            faults.append(
                f"progress tells of {played} rounds, expected 0 to {n_iteration}."
            )
        if faults:
            raise InvalidConfigError(f"state of learner {_NAME}", faults)
        held = self.population._asdict()
        for name in _KEPT:
            held[name][...] = arrays[name]
        self.picks[...] = arrays["picks"]
        self.generation, self.round = generation, played

    def _checked_context(self, context: FloatArray | None) -> FloatArray:
        seen = np.array([] if context is None else context, dtype=np.float64)
        if seen.shape != (self.settings.n_context,) or not np.isfinite(seen).all():
            raise InvalidActionError(
                f"context of learner {_NAME}",
                [
                    f"it is {seen.tolist()}, expected {self.settings.n_context} finite "
                    "numbers, n_context of the settings."
                ],
            )
        return seen


def _require_question(
    player: int, strategy: int, past: list[FloatArray], population: Population
) -> None:
    n_player, n_strategy, memory, _ = population.remembered.shape
    faults = [
        f"there is no {name} {at}, expected 0 to {most - 1}."
        for name, at, most in (
            ("player", player, n_player),
            ("strategy", strategy, n_strategy),
        )
        if not 0 <= at < most
    ]
    for name, column in zip(("action", "price"), past, strict=True):
        fits = column.shape == (past[0].shape[0], memory) if past[0].ndim else False
        if not fits or not np.isfinite(column).all():
            faults.append(
                f"{name} has the shape {column.shape}, expected finite numbers in as "
                f"many rows for both, {memory} in each: the rounds remembered."
            )
    if faults:
        raise InvalidActionError(f"question to learner {_NAME}", faults)
