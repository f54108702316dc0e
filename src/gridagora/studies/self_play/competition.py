"""Many small producers with capacity to spare: the markup goes to zero."""

from collections.abc import Mapping

import altair as alt

from gridagora.figures.bands import band
from gridagora.figures.tables import Measure
from gridagora.studies.contract import Origin, Study, Tables, Target, parameter
from gridagora.studies.self_play.config import ARTICLE, FREE, SelfPlayConfig
from gridagora.studies.self_play.pictures import GENERATION, gap_band, price_band
from gridagora.studies.self_play.reading import headline, mean_of, most_of
from gridagora.studies.self_play.work import Plan, Variant
from gridagora.studies.self_play.worlds import equal_producers

_KEY = "many"


class Config(SelfPlayConfig):
    """Parameters of perfect competition; MW and currency/MWh."""

    n_generation: int = parameter(
        200, Origin.DERIVED, "", "ours; the price has settled", "Of each run.", ge=2
    )
    n_unit: int = parameter(
        20, Origin.DERIVED, "", FREE, "Number of equal producers.", ge=2
    )
    capacity: float = parameter(
        10.0, Origin.DERIVED, "MW", FREE, "Of each producer.", gt=0
    )
    demand: float = parameter(
        95.0,
        Origin.DERIVED,
        "MW",
        "ours; under half of the capacity, and no multiple of one, or the price "
        "between two offers is not unique",
        "Inelastic load.",
        gt=0,
    )
    cost: float = parameter(
        100.0, Origin.DERIVED, "currency/MWh", FREE, "Marginal cost of all."
    )
    highest_markup: float = parameter(
        100.0, Origin.DERIVED, "currency/MWh", FREE, "Most that can be added.", gt=0
    )


def variants(config: Config) -> dict[str, Variant]:
    """Return the one variant."""
    market = equal_producers(
        [f"unit {number:02d}" for number in range(1, config.n_unit + 1)],
        cost=config.cost,
        capacity=config.capacity,
        demand=config.demand,
        value=config.cost + config.highest_markup,
    )
    only = Variant(
        key=_KEY,
        market=market,
        high=config.highest_markup,
        n_generation=config.n_generation,
    )
    return {_KEY: only}


def figures(tables: Tables) -> Mapping[str, alt.TopLevelMixin]:
    """Return the charts by name, in reading order."""
    keys = ["run", "generation"]
    means = tables["players"].groupby(keys)["markup"].mean().reset_index()
    return {
        "markups": band(
            means,
            x=GENERATION,
            y=Measure("markup", "Mean markup", "per MWh", format=".1f"),
            title="Mean markup of all producers",
        ),
        "price": price_band(
            tables,
            {_KEY: "price"},
            title="Price with many producers",
        ),
        "nash-gap": gap_band(
            tables,
            {_KEY: "largest gain"},
            title="What the best single markup would gain one producer",
            relative=False,
        ),
    }


CAPTIONS = {
    "markups": "Mean over the rounds of each generation and over all producers; the "
    "band is the spread over runs. Nobody gains by asking more than the unit that is "
    "not needed, so all end at their marginal cost.",
    "price": "The price is the highest offer accepted. The band is the spread over "
    "runs.",
    "nash-gap": "What one producer could still gain by the best markup of its own, "
    "against what all others played in the same rounds.",
}

TARGETS = (
    Target(
        "price after settling, currency/MWh",
        100.0,
        0.5,
        Origin.PRINTED,
        f"{ARTICLE}: the markup converges to zero; marginal cost is 100",
        mean_of("markets", "price", _KEY),
    ),
    Target(
        "mean markup after settling, currency/MWh",
        0.0,
        1.0,
        Origin.PRINTED,
        f"{ARTICLE}: the markup converges to zero",
        mean_of("players", "markup", _KEY),
    ),
    Target(
        "highest price of any run after settling, currency/MWh",
        100.0,
        1.0,
        Origin.DERIVED,
        "Bertrand's argument holds in every run",
        most_of("markets", "price", _KEY),
    ),
    Target(
        "largest gain left to a producer, mean over runs, currency/h",
        0.0,
        5.0,
        Origin.DERIVED,
        "no gain is left in an equilibrium; 1,000 is what a unit earns at the top",
        mean_of("gaps", "gain_per_h", _KEY),
    ),
)

PLAN = Plan(variants)

STUDY = Study(
    name="self-play-competition",
    title="Self-play: many small producers, capacity to spare",
    lead="Twenty equal producers serve a load of half their capacity. Each keeps fifty "
    "small neural networks that choose its markup, and a genetic algorithm evolves "
    "them against those of the others. Perfect competition: the markup goes to zero.",
    source=ARTICLE,
    config=Config,
    cells=PLAN.cells,
    run_cell=PLAN.run_cell,
    figures=figures,
    captions=CAPTIONS,
    targets=TARGETS,
    departures=(),
    headline=headline,
)
