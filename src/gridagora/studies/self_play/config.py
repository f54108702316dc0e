"""What the self-play studies have in common: the genetic algorithm and its rates."""

from typing import Literal, Self

from pydantic import model_validator

from gridagora.learning.genetic import GeneticSettings
from gridagora.studies.contract import Origin, StudyConfig, parameter

ARTICLE = "Trotscher, self-play in power markets, 2009"
_OPEN = "ours; the article leaves it open"
FREE = "ours, a free choice"

Start = Literal["random", "low", "high"]
"""Kinds of first populations."""

_Selection = Literal["tournament", "rank", "roulette", "truncation"]
_Crossover = Literal["uniform", "one-point", "blend"]


class SelfPlayConfig(StudyConfig):
    """Parameters of every self-play study; power in MW, prices in currency/MWh."""

    n_seed: int = parameter(
        10, Origin.DERIVED, "", FREE, "Runs of each variant, each its own seed.", ge=1
    )
    n_generation: int = parameter(
        400, Origin.DERIVED, "", _OPEN, "Generations of each run.", ge=2
    )
    n_strategy: int = parameter(
        50, Origin.PRINTED, "", ARTICLE, "Strategies in each participant's pool.", ge=2
    )
    n_iteration: int = parameter(
        500,
        Origin.PRINTED,
        "",
        ARTICLE,
        "Rounds of a generation, so that each strategy is played ten times on average.",
        ge=1,
    )
    n_hidden: int = parameter(
        4, Origin.DERIVED, "", _OPEN, "Neurons of the one hidden layer.", ge=1
    )
    memory: int = parameter(
        1,
        Origin.PRINTED,
        "",
        ARTICLE,
        "Rounds that a strategy remembers, of those in which it was played.",
        ge=0,
    )
    selection: _Selection = parameter(
        "tournament", Origin.DERIVED, "", _OPEN, "How parents are chosen."
    )
    tournament_size: int = parameter(
        2, Origin.DERIVED, "", _OPEN, "Strategies in a tournament.", ge=1
    )
    n_elite: int = parameter(
        2,
        Origin.DERIVED,
        "",
        _OPEN,
        "Best strategies that go on unchanged.",
        ge=0,
    )
    crossover: _Crossover = parameter(
        "uniform", Origin.DERIVED, "", _OPEN, "How two parents make a child."
    )
    crossover_rate: float = parameter(
        0.7, Origin.DERIVED, "", _OPEN, "Share of children of two parents.", ge=0, le=1
    )
    swap_rate: float = parameter(
        0.5,
        Origin.DERIVED,
        "",
        _OPEN,
        "Share of weights that uniform crossover takes from the second parent.",
        ge=0,
        le=1,
    )
    mutation_rate: float = parameter(
        0.1, Origin.DERIVED, "", _OPEN, "Share of weights that mutate.", ge=0, le=1
    )
    mutation_scale: float = parameter(
        0.3, Origin.DERIVED, "", _OPEN, "Standard deviation of a mutation.", ge=0
    )
    reset_rate: float = parameter(
        0.01, Origin.DERIVED, "", _OPEN, "Share of weights drawn anew.", ge=0, le=1
    )
    weight_limit: float = parameter(
        3.0,
        Origin.DERIVED,
        "",
        "ours, a precaution: near the ends of the output small mutations do nothing",
        "Largest weight either way.",
        gt=0,
    )
    judge_every: int = parameter(
        20,
        Origin.DERIVED,
        "",
        FREE,
        "Generations from one measure of exploitability to the next.",
        ge=1,
    )

    @model_validator(mode="after")
    def _settings_fit(self) -> Self:
        self.genetic()
        return self

    def genetic(
        self, *, start: Start = "random", n_context: int = 0
    ) -> GeneticSettings:
        """Return the settings of the genetic algorithm.

        Args:
            start: Kind of the first population.
            n_context: Numbers that strategies see of the round to come.

        Raises:
            InvalidConfigError: Settings that do not fit together.
        """
        return GeneticSettings(
            n_strategy=self.n_strategy,
            n_iteration=self.n_iteration,
            n_hidden=self.n_hidden,
            memory=self.memory,
            n_context=n_context,
            selection=self.selection,
            tournament_size=self.tournament_size,
            n_elite=self.n_elite,
            crossover=self.crossover,
            crossover_rate=self.crossover_rate,
            swap_rate=self.swap_rate,
            mutation_rate=self.mutation_rate,
            mutation_scale=self.mutation_scale,
            reset_rate=self.reset_rate,
            weight_limit=self.weight_limit,
            start=start,
        )
