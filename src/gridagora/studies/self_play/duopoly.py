"""Two producers who can each serve exactly half: the markup goes to the top."""

from collections.abc import Mapping

import altair as alt

from gridagora.studies.contract import (
    Departure,
    Origin,
    Study,
    Tables,
    Target,
    parameter,
)
from gridagora.studies.self_play.config import ARTICLE
from gridagora.studies.self_play.duopoly_world import DuopolyConfig, duopoly
from gridagora.studies.self_play.pictures import gap_band, markup_panels, price_band
from gridagora.studies.self_play.reading import by_run, headline, least_of, mean_of
from gridagora.studies.self_play.work import Plan, Variant

_KEY = "half"


class Config(DuopolyConfig):
    """Parameters of the duopoly where each serves half; MW and currency/MWh."""

    n_generation: int = parameter(
        200, Origin.DERIVED, "", "ours; the price has settled", "Of each run.", ge=2
    )
    capacity: float = parameter(
        50.0, Origin.DERIVED, "MW", "half of the load, as published", "Of each.", gt=0
    )


def variants(config: Config) -> dict[str, Variant]:
    """Return the one variant."""
    only = Variant(
        key=_KEY,
        market=duopoly(config),
        high=config.highest_markup,
        n_generation=config.n_generation,
    )
    return {_KEY: only}


def figures(tables: Tables) -> Mapping[str, alt.TopLevelMixin]:
    """Return the charts by name, in reading order."""
    return {
        "markups": markup_panels(
            tables, _KEY, title="Markups where each producer serves half of the load"
        ),
        "price": price_band(
            tables, {_KEY: "price"}, title="Price where each producer serves half"
        ),
        "nash-gap": gap_band(
            tables,
            {_KEY: "largest gain"},
            title="What the best single markup would gain one producer",
        ),
    }


def _lower_markup(tables: Tables) -> float:
    """Read the mean over runs of the lower of both markups."""
    means = by_run(tables, "players", "markup", _KEY)
    return float(means.groupby("run")["value"].min().mean())


def _higher_markup(tables: Tables) -> float:
    """Read the least over runs of the higher of both markups."""
    means = by_run(tables, "players", "markup", _KEY)
    return float(means.groupby("run")["value"].max().min())


CAPTIONS = {
    "markups": "Both producers sell all they have, whatever they ask. One of them at "
    "the top is enough for the highest price; what the other asks then plays no part, "
    "and drifts. Bands hold the middle 80 % of the markups played.",
    "price": "The price is the highest offer accepted; the band is the spread over "
    "runs.",
    "nash-gap": "What one producer could still gain by the best markup of its own, "
    "against what the other played in the same rounds.",
}

TARGETS = (
    Target(
        "price after settling, currency/MWh",
        200.0,
        0.5,
        Origin.PRINTED,
        f"{ARTICLE}: the markup converges to the highest allowed",
        mean_of("markets", "price", _KEY),
    ),
    Target(
        "lowest price of any run after settling, currency/MWh",
        200.0,
        1.0,
        Origin.DERIVED,
        "every run ends there",
        least_of("markets", "price", _KEY),
    ),
    Target(
        "higher one of both markups, least of all runs, currency/MWh",
        100.0,
        0.5,
        Origin.DERIVED,
        "one producer at the top sets the highest price",
        _higher_markup,
    ),
    Target(
        "largest gain left to a producer, mean over runs, currency/h",
        0.0,
        10.0,
        Origin.DERIVED,
        "no gain is left in an equilibrium; each earns 5,000",
        mean_of("gaps", "gain_per_h", _KEY),
    ),
)

DEPARTURES = (
    Departure(
        "lower one of both markups, mean over runs, currency/MWh",
        "the markup converges to the highest allowed markup",
        "One bidder at the top sets the price for both, so the markup of the other "
        "earns nothing and costs nothing: any pair with one markup at the top is an "
        "equilibrium. Selection does not see the other one, and mutation moves it. The "
        "price is what converges.",
        ARTICLE,
        _lower_markup,
    ),
)

PLAN = Plan(variants)

STUDY = Study(
    name="self-play-duopoly",
    title="Self-play: two producers who can each serve exactly half of the load",
    lead="Each producer is needed in full. Neural strategies evolve by a genetic "
    "algorithm, each producer's against the other's, and take the price to the highest "
    "that is allowed.",
    source=ARTICLE,
    config=Config,
    cells=PLAN.cells,
    run_cell=PLAN.run_cell,
    figures=figures,
    captions=CAPTIONS,
    targets=TARGETS,
    departures=DEPARTURES,
    headline=headline,
)
