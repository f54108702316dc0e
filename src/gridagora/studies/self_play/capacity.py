"""Two producers of whom neither can serve the market alone."""

from collections.abc import Mapping

import altair as alt
import numpy as np
import pandas as pd

from gridagora.studies.contract import (
    Departure,
    Origin,
    Study,
    Tables,
    Target,
    parameter,
)
from gridagora.studies.self_play.config import ARTICLE
from gridagora.studies.self_play.duopoly_world import PRODUCERS, DuopolyConfig, duopoly
from gridagora.studies.self_play.pictures import (
    gap_band,
    markup_panels,
    price_band,
    surplus_band,
)
from gridagora.studies.self_play.reading import headline, late, mean_of
from gridagora.studies.self_play.work import Plan, Variant
from gridagora.studies.self_play.worlds import PER_KWH

_KEY = "limited"
_TOP_FROM = 0.9  # of the highest markup
_EARLY = 60  # generations in which roles are found
_POINTS = 100  # markups of the rival
_JUST_BELOW = 1.0 - 1e-9  # undercuts, and costs nothing that shows


class Config(DuopolyConfig):
    """Parameters of the capacity-constrained duopoly; MW and currency/MWh."""

    n_generation: int = parameter(
        1000,
        Origin.DERIVED,
        "",
        "ours; drift of the lower bidder",
        "Of each run.",
        ge=2,
    )
    demand: float = parameter(
        160.0,
        Origin.FITTED,
        "MW",
        "ours, so that the printed price of indifference comes out",
        "Inelastic load.",
        gt=0,
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


def indifference_price(config: DuopolyConfig) -> float:
    """Return the rival's price at which undercutting pays as much as the rest.

    Undercutting sells the whole capacity K at that price; asking the highest price
    instead sells the rest, ``D - K``. Currency/MWh.
    """
    rest = (config.demand - config.capacity) / config.capacity
    return config.cost + config.highest_markup * rest


def _theory(config: Config) -> Tables:
    """Return what undercutting and giving way earn, by the rival's markup."""
    market = duopoly(config)
    top = config.highest_markup
    markup = np.linspace(0.0, top, _POINTS + 1)[1:]
    just_below = np.column_stack([markup * _JUST_BELOW, markup]) * PER_KWH
    at_the_top = np.column_stack([np.full(_POINTS, top), markup]) * PER_KWH
    return {
        "answers": pd.DataFrame(
            {
                "rival_price": config.cost + markup,
                "undercut_per_h": market.profits(just_below)[:, 0],
                "top_per_h": market.profits(at_the_top)[:, 0],
            }
        ),
        "theory": pd.DataFrame(
            {
                "indifference_markup": [indifference_price(config) - config.cost],
                "highest_markup": [top],
            }
        ),
    }


def figures(tables: Tables) -> Mapping[str, alt.TopLevelMixin]:
    """Return the charts by name, in reading order."""
    levels = {"indifference": _known(tables, "indifference_markup")}
    early = {**tables, "players": tables["players"].query("generation <= @_EARLY")}
    return {
        "first-generations": markup_panels(
            early,
            _KEY,
            title=f"Markups of the first {_EARLY} generations",
            levels=levels,
        ),
        "markups": markup_panels(
            tables,
            _KEY,
            title="Markups where neither producer can serve the load alone",
            levels=levels,
        ),
        "price": price_band(tables, {_KEY: "price"}, title="Mean price"),
        "surplus": surplus_band(tables, _KEY, title="Who gains what"),
        "nash-gap": gap_band(
            tables,
            {_KEY: "largest gain"},
            title="What the best single markup would gain one producer",
        ),
    }


def roles(tables: Tables) -> pd.DataFrame:
    """Return the markups of the lower and of the higher bidder of late generations.

    Who is who is settled by the means of the second half of the run.

    Returns:
        Columns ``run``, ``generation``, ``lower`` and ``higher``.
    """
    wide = late(tables["players"]).pivot_table(
        index=["run", "generation"], columns="player", values="markup"
    )
    means = wide.groupby("run").transform("mean")
    first, second = PRODUCERS
    swapped = (means[first] > means[second]).to_numpy()
    return pd.DataFrame(
        {
            "lower": np.where(swapped, wide[second], wide[first]),
            "higher": np.where(swapped, wide[first], wide[second]),
        },
        index=wide.index,
    ).reset_index()


def _known(tables: Tables, name: str) -> float:
    """Read a number that follows from the parameters."""
    return float(tables["theory"][name].iloc[0])


def _crossing(tables: Tables) -> float:
    """Read the rival's price at which both answers pay the same. Currency/MWh."""
    answers = tables["answers"]
    gain = answers["undercut_per_h"] - answers["top_per_h"]
    return float(np.interp(0.0, gain, answers["rival_price"]))


def _lower_mean(tables: Tables) -> float:
    """Read the mean markup of the lower bidder, over late generations of all runs."""
    return float(roles(tables)["lower"].mean())


def _at_the_top(tables: Tables) -> float:
    """Read the share of late generations with the higher bidder at the top. %."""
    top = _known(tables, "highest_markup")
    return 100.0 * float((roles(tables)["higher"] >= _TOP_FROM * top).mean())


def _above(tables: Tables) -> float:
    """Read the share of late generations with the lower one above indifference. %."""
    indifferent = _known(tables, "indifference_markup")
    return 100.0 * float((roles(tables)["lower"] > indifferent).mean())


def _first_higher(tables: Tables) -> float:
    """Read the share of runs in which the first producer became the higher one. %."""
    means = late(tables["players"]).groupby(["run", "player"])["markup"].mean()
    wide = means.unstack("player")
    return 100.0 * float((wide[PRODUCERS[0]] > wide[PRODUCERS[1]]).mean())


CAPTIONS = {
    "first-generations": "Both undercut one another until, at the markup of "
    "indifference, one of them does better to serve at the highest price what the "
    "other one cannot. Who gives way is chance. Bands hold the middle 80 % of the "
    "markups played.",
    "markups": "The higher bidder stays at the top. What the lower one asks plays no "
    "part for its own profit, so it drifts with mutation, on average below "
    "indifference.",
    "price": "The higher bidder sets the price for both; the band is the spread over "
    "runs.",
    "surplus": "Benefits of consumers and producers against a value of the highest "
    "price; bands are the spread over runs.",
    "nash-gap": "What one producer could still gain by the best markup of its own, "
    "against what the other played in the same rounds. It rises where the lower "
    "bidder drifts above indifference: the higher one should then undercut, and its "
    "strategies, all at the top, hold none that does.",
}

TARGETS = (
    Target(
        "price of indifference, currency/MWh",
        160.0,
        0.01,
        Origin.FITTED,
        f"{ARTICLE}; the load was chosen for it",
        _crossing,
    ),
    Target(
        "price after settling, currency/MWh",
        200.0,
        1.0,
        Origin.DERIVED,
        "the higher bidder sets the price, at the highest markup",
        mean_of("markets", "price", _KEY),
    ),
    Target(
        "generations with one producer at the top, %",
        100.0,
        2.0,
        Origin.REFERENCE,
        "two independent programs of the same algorithm: 100 %",
        _at_the_top,
    ),
    Target(
        "mean markup of the lower bidder, currency/MWh",
        52.0,
        8.0,
        Origin.REFERENCE,
        "two independent programs of the same algorithm: 45 to 60, below indifference",
        _lower_mean,
    ),
    Target(
        "runs in which producer one became the higher bidder, %",
        50.0,
        30.0,
        Origin.PRINTED,
        f"{ARTICLE}: who ends up as the high bidder is entirely random",
        _first_higher,
    ),
)

DEPARTURES = (
    Departure(
        "late generations with the lower bidder above indifference, %",
        "the bid of player 2 stays below the threshold of 160",
        "It stays below on average, not in every generation: its own profit does not "
        "depend on its markup, so mutation moves it. Two other programs of the same "
        "algorithm saw 25 to 50 %.",
        f"{ARTICLE}, figure 7",
        _above,
    ),
)

PLAN = Plan(variants, theory=_theory)

STUDY = Study(
    name="self-play-capacity",
    title="Self-play: two producers of whom neither can serve the load alone",
    lead="The higher bidder still sells what the lower one cannot deliver. Below a "
    "price of indifference it pays to give way and ask the most. Neural strategies "
    "evolved against each other find that point; one producer ends at the top, the "
    "other below indifference, and who is who is chance.",
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
