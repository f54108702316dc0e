"""Two producers who can each serve the market alone.

Self-play competes the price down to marginal cost, whatever the first population. With
a few discrete markups the outcome hangs on which markups these are.
"""

from collections.abc import Mapping

import altair as alt
import pandas as pd

from gridagora.studies.contract import Origin, Study, Tables, Target, parameter
from gridagora.studies.self_play.config import ARTICLE, Start
from gridagora.studies.self_play.duopoly_world import PRODUCERS, DuopolyConfig, duopoly
from gridagora.studies.self_play.pictures import gap_band, markup_panels, price_band
from gridagora.studies.self_play.reading import first_of, headline, mean_of
from gridagora.studies.self_play.work import Plan, Variant, level_table

_STARTS: Mapping[str, tuple[str, Start]] = {
    "a-random": ("A. random", "random"),
    "b-defecting": ("B. defecting", "low"),
    "c-cooperative": ("C. cooperative", "high"),
}
_LEVELS = "levels-"
_TIMES_SHORTER = 3  # runs on a few markups, which settle sooner


class Config(DuopolyConfig):
    """Parameters of the Bertrand duopoly; MW and currency/MWh."""

    n_generation: int = parameter(
        600, Origin.DERIVED, "", "ours; the price has settled", "Of each run.", ge=2
    )
    cost: float = parameter(
        100.0, Origin.PRINTED, "currency/MWh", ARTICLE, "Marginal cost of both."
    )
    capacity: float = parameter(
        120.0,
        Origin.DERIVED,
        "MW",
        "ours; more than the load, or the price below a full unit is not unique",
        "Of each producer.",
        gt=0,
    )
    level_sets: Mapping[str, tuple[float, ...]] = parameter(
        {
            "20-100": (20.0, 100.0),
            "40-100": (40.0, 100.0),
            "60-100": (60.0, 100.0),
            "0-25-50-75-100": (0.0, 25.0, 50.0, 75.0, 100.0),
        },
        Origin.DERIVED,
        "currency/MWh",
        "ours; the article names none",
        "Sets of discrete markups, by name.",
        min_length=1,
    )


def variants(config: Config) -> dict[str, Variant]:
    """Return the three first populations, and the sets of discrete markups."""
    market = duopoly(config)
    shorter = max(config.n_generation // _TIMES_SHORTER, 1)
    every = [
        Variant(
            key=key,
            market=market,
            high=config.highest_markup,
            n_generation=config.n_generation,
            start=start,
        )
        for key, (_, start) in _STARTS.items()
    ]
    every += [
        Variant(
            key=_LEVELS + name,
            market=market,
            high=config.highest_markup,
            n_generation=shorter,
            levels=levels,
        )
        for name, levels in config.level_sets.items()
    ]
    return {variant.key: variant for variant in every}


def _theory(config: Config) -> Tables:
    """Return what each pair of each set of markups leads to."""
    market = duopoly(config)
    parts = [
        level_table(market, levels).assign(variant=_LEVELS + name, levels=name)
        for name, levels in config.level_sets.items()
    ]
    return {"levels": pd.concat(parts, ignore_index=True)}


def figures(tables: Tables) -> Mapping[str, alt.TopLevelMixin]:
    """Return the charts by name, in reading order."""
    titles = {key: title for key, (title, _) in _STARTS.items()}
    sets = tables["levels"].groupby("variant", sort=False)["levels"].first()
    cost = {"marginal cost": _cost(tables)}
    return {
        "price": price_band(
            tables,
            titles,
            title="Price in Bertrand competition by first population",
            levels=cost,
        ),
        "markups": markup_panels(
            tables, "a-random", title="Markups from a random population"
        ),
        "discrete": price_band(
            tables,
            {str(key): str(name).replace("-", ", ") for key, name in sets.items()},
            title="Price where only a few markups are allowed",
            levels=cost,
        ),
        "nash-gap": gap_band(
            tables,
            titles,
            title="What the best single markup would gain one producer",
            relative=False,
        ),
    }


def _cost(tables: Tables) -> float:
    """Return the marginal cost: the price less the markup where both ask the same."""
    game = tables["levels"]
    same = game[game["markup_one"] == game["markup_two"]]
    return float((same["price"] - same["markup_one"]).median())


def report_tables(tables: Tables) -> Mapping[str, pd.DataFrame]:
    """Return the equilibria of each discrete game beside where self-play ended."""
    rows = []
    for key, game in tables["levels"].groupby("variant", sort=False):
        even = game[game["is_equilibrium"]]
        pairs = zip(*(even[f"markup_{name}"] for name in PRODUCERS), strict=True)
        rows.append(
            {
                "Markups allowed (per MWh)": str(game["levels"].iloc[0]).replace(
                    "-", ", "
                ),
                "Pure equilibria (per MWh)": " and ".join(
                    f"({one:g}, {two:g})" for one, two in pairs
                ),
                "Price of self-play (per MWh)": mean_of("markets", "price", str(key))(
                    tables
                ),
            }
        )
    return {"discrete-markups": pd.DataFrame(rows)}


def _equilibria(name: str) -> Target:
    """Return the target on how many pure equilibria a set of markups has."""
    expected, why = _COUNTS[name]

    def read(tables: Tables) -> float:
        game = tables["levels"][tables["levels"]["levels"] == name]
        return float(game["is_equilibrium"].sum()) if len(game) else float("nan")

    return Target(
        f"pure equilibria with the markups {name.replace('-', ', ')}",
        expected,
        0.0,
        Origin.DERIVED,
        why,
        read,
    )


_COST = 100.0
_COUNTS = {
    "20-100": (2, "sharing at 100 earns 5,000, undercutting 2,000: both pairs stay"),
    "40-100": (2, "sharing at 100 earns 5,000, undercutting 4,000: both pairs stay"),
    "60-100": (1, "undercutting 100 earns 6,000, sharing 5,000: only (60, 60) stays"),
}


def _settles(key: str, title: str) -> Target:
    """Return the target on where the price of a first population ends."""
    return Target(
        f"{title}: price after settling, currency/MWh",
        _COST,
        8.0,
        Origin.PRINTED,
        f"{ARTICLE}, figure 5: the markup is eventually reduced to zero; mutants keep "
        "the mean a little above",
        mean_of("markets", "price", key),
    )


def _ends(name: str, expected: float, why: str) -> Target:
    """Return the target on the price that a set of markups leads to."""
    return Target(
        f"markups {name.replace('-', ', ')}: price after settling, currency/MWh",
        expected,
        6.0,
        Origin.DERIVED,
        why,
        mean_of("markets", "price", _LEVELS + name),
    )


CAPTIONS = {
    "price": "Mean price of each generation. Wherever the strategies begin, they "
    "undercut one another down to marginal cost; mutants keep the mean a little above "
    "it. Bands are the spread over runs.",
    "markups": "Mean markups of both producers. At cost nobody earns anything, so "
    "nothing selects: now and then both drift off together, until undercutting pays "
    "again. Bands hold the middle 80 % of what was played.",
    "discrete": "The same market where only a few markups are allowed: the outcome is "
    "the lowest, the highest or one in between, and hangs on which markups there are.",
    "nash-gap": "What one producer could still gain by the best markup of its own, "
    "against what the other played in the same rounds.",
    "discrete-markups": "All equilibria in pure markups, by enumeration, and the price "
    "that self-play ended at. With 20 or 100 it pays to share at 100 unless the rival "
    "is likely to undercut, and self-play stays there; with 40 or 100 it does not.",
}

TARGETS = (
    *(_settles(key, title) for key, (title, _) in _STARTS.items()),
    Target(
        "B. defecting: price of the first generation, currency/MWh",
        104.0,
        4.0,
        Origin.DERIVED,
        "strategies begin at a markup of 5 %: 1 / (1 + exp 3)",
        first_of("price", "b-defecting"),
    ),
    Target(
        "C. cooperative: price of the first generation, currency/MWh",
        195.0,
        4.0,
        Origin.DERIVED,
        "strategies begin at a markup of 95 %: 1 / (1 + exp -3)",
        first_of("price", "c-cooperative"),
    ),
    *(_equilibria(name) for name in _COUNTS),
    _ends(
        "20-100",
        200.0,
        "it pays to stay at 100 as long as the rival does with a probability over 1/4",
    ),
    _ends(
        "40-100",
        140.0,
        "it pays to stay at 100 only if the rival does with a probability over 2/3",
    ),
    _ends("60-100", 160.0, "the only equilibrium"),
)

PLAN = Plan(variants, theory=_theory)

STUDY = Study(
    name="self-play-bertrand",
    title="Self-play: two producers who can each serve the market alone",
    lead="Bertrand competition at a marginal cost of 100. Neural strategies evolve "
    "against each other from random, defecting and cooperative first populations, and "
    "the price falls to marginal cost from all of them. With a few discrete markups "
    "the outcome is arbitrary: it hangs on the exact levels.",
    source=ARTICLE,
    config=Config,
    cells=PLAN.cells,
    run_cell=PLAN.run_cell,
    figures=figures,
    captions=CAPTIONS,
    targets=TARGETS,
    departures=(),
    report_tables=report_tables,
    headline=headline,
)
