"""Two producers at the ends of a line that is too small.

Each could undercut the other and fill the line, or serve at a high price the load that
the line cannot reach. No pair of markups is an equilibrium: prices cycle. The mixed
equilibrium is known in closed form.
"""

from collections.abc import Mapping

import altair as alt
import numpy as np
import pandas as pd

from gridagora.figures.distribution import distribution
from gridagora.figures.tables import Measure
from gridagora.figures.trajectories import trajectories
from gridagora.studies.contract import Origin, Study, Tables, Target
from gridagora.studies.market_tables import one_number
from gridagora.studies.self_play.config import ARTICLE
from gridagora.studies.self_play.pictures import (
    GENERATION,
    gap_band,
    of_variant,
    price_band,
    surplus_band,
)
from gridagora.studies.self_play.reading import headline, late, mean_of
from gridagora.studies.self_play.two_bus_world import (
    Config,
    floor_markup,
    key_of,
    mean_markup,
    share_below,
    variants,
)
from gridagora.studies.self_play.work import Plan, Variant
from gridagora.studies.self_play.worlds import PER_KWH

_MARKUP = Measure("markup", "Markup", "per MWh", format=".1f")
_GRID_STEP = 2.0  # currency/MWh between markups of the search for equilibria
_CURVE_POINTS = 101
_LOW = 0.05  # quantile that is held against the floor
_SWING = 4.0  # currency/MWh


def _theory(config: Config) -> Tables:
    """Return the closed forms, and whether a pair of markups is an equilibrium."""
    found = variants(config)
    rows, curves = [], []
    for limit in config.limits:
        variant = found[key_of(limit)]
        rows.append(
            {
                "variant": variant.key,
                "limit_mw": limit,
                "floor": floor_markup(config, limit),
                "mean": mean_markup(config, limit),
                "profit_per_h": config.highest_markup * (config.demand - limit),
                "least_gap_per_h": _least_gap(variant),
            }
        )
        markup = np.linspace(0.0, config.highest_markup, _CURVE_POINTS)
        share = share_below(config, limit, markup)
        curves.append(
            pd.DataFrame({"variant": variant.key, "markup": markup, "share": share})
        )
    return {
        "theory": pd.DataFrame(rows),
        "curves": pd.concat(curves, ignore_index=True),
    }


def _least_gap(variant: Variant) -> float:
    """Return the least that someone could gain in any pair of markups on a grid.

    Above 0 there is no equilibrium in pure markups there.
    """
    markups = np.arange(variant.low, variant.high + _GRID_STEP / 2, _GRID_STEP)
    own, other = np.meshgrid(markups, markups, indexing="ij")
    pairs = np.column_stack([own.ravel(), other.ravel()]) * PER_KWH
    profit = variant.market.profits(pairs)[:, 0].reshape(own.shape)
    # the game is symmetric: what the first gets in (x, y) the second gets in (y, x)
    gain = profit.max(axis=0)[None, :] - profit
    return float(np.maximum(gain, gain.T).min())


def figures(tables: Tables) -> Mapping[str, alt.TopLevelMixin]:
    """Return the charts by name, in reading order."""
    titles = _titles(tables)
    middle = list(titles)[len(titles) // 2]
    theory = tables["theory"].set_index("variant")
    means = {titles[key]: float(theory["mean"][key]) for key in titles}
    floors = {titles[key]: float(theory["floor"][key]) for key in titles}
    first = tables["players"].query("run == 1")
    return {
        "markups": trajectories(
            first.assign(panel=first["variant"].map(titles)),
            x=GENERATION,
            y=_MARKUP,
            group="player",
            panel="panel",
            title="Markups in the first run of each line capacity",
            subtitle="Mean of what was played; bands hold the middle 80 %.",
            levels={"mean, closed form": means, "floor": floors},
            spread=("markup_low", "markup_high"),
        ),
        "distribution": distribution(
            tables["played"].assign(
                panel=tables["played"]["variant"].map(titles), who="self-play"
            ),
            value=_MARKUP,
            group="who",
            title="Markups played in the second half of all runs",
            subtitle="Dashed: the mixed equilibrium in closed form.",
            expected=tables["curves"]
            .rename(columns={"markup": "x", "share": "y"})
            .assign(group="closed form", panel=tables["curves"]["variant"].map(titles)),
            panel="panel",
        ),
        "price": price_band(tables, titles, title="Mean price by capacity of the line"),
        "surplus": surplus_band(
            tables,
            middle,
            title=f"Who gains what, {titles[middle]}",
        ),
        "nash-gap": gap_band(
            tables,
            titles,
            title="What the best single markup would gain against what the other plays",
        ),
    }


def report_tables(tables: Tables) -> Mapping[str, pd.DataFrame]:
    """Return closed forms beside what self-play gave."""
    rows = []
    for row in tables["theory"].itertuples():
        key = str(row.variant)
        played = of_variant(tables["played"], key)["markup"]
        rows.append(
            {
                "Line (MW)": row.limit_mw,
                "Floor (per MWh)": row.floor,
                "Lowest 5 % played below (per MWh)": played.quantile(_LOW),
                "Mean, closed form (per MWh)": row.mean,
                "Mean, self-play (per MWh)": mean_of("players", "markup", key)(tables),
                "Profit, closed form (per h)": row.profit_per_h,
                "Profit, self-play (per h)": mean_of("players", "profit_per_h", key)(
                    tables
                ),
                "Largest distance of distributions": _distance(tables, key),
                "Least gain in any pure pair (per h)": row.least_gap_per_h,
            }
        )
    return {"closed-forms": pd.DataFrame(rows)}


def _distance(tables: Tables, key: str) -> float:
    """Return the largest distance between the distribution played and the closed form.

    The Kolmogorov-Smirnov statistic, with the closed form on a grid of its own points.
    """
    played = np.sort(of_variant(tables["played"], key)["markup"].to_numpy())
    curve = of_variant(tables["curves"], key)
    below = np.searchsorted(played, curve["markup"], side="right") / played.size
    apart = np.abs(below - curve["share"].to_numpy())
    return float(apart[:-1].max())  # at the highest markup both are 1


def _titles(tables: Tables) -> dict[str, str]:
    """Return what a reader sees of each variant, by key."""
    theory = tables["theory"]
    return {
        str(key): f"K = {limit:g} MW"
        for key, limit in zip(theory["variant"], theory["limit_mw"], strict=True)
    }


def _mean(limit: float, expected: float) -> Target:
    """Return the target on the mean markup with a line of some capacity."""
    return Target(
        f"K = {limit:g} MW: mean markup, currency/MWh",
        expected,
        6.0,
        Origin.DERIVED,
        "mixed equilibrium in closed form; mutation and cycles within the tolerance",
        mean_of("players", "markup", key_of(limit)),
    )


def _floor(limit: float, expected: float) -> Target:
    """Return the target on how low markups go with a line of some capacity."""

    def read(tables: Tables) -> float:
        played = of_variant(tables["played"], key_of(limit))["markup"]
        return float(played.quantile(_LOW))

    return Target(
        f"K = {limit:g} MW: markup that one in twenty falls below, currency/MWh",
        expected,
        10.0,
        Origin.DERIVED,
        "floor of the mixed equilibrium in closed form",
        read,
    )


def _least_gain(limit: float) -> Target:
    """Return the target that some player gains in every pair of markups."""

    def read(tables: Tables) -> float:
        least = one_number(tables["theory"], "least_gap_per_h", variant=key_of(limit))
        return float(least > 0.0)

    return Target(
        f"K = {limit:g} MW: no pair of markups is an equilibrium (1: none is)",
        1.0,
        0.0,
        Origin.PRINTED,
        f"{ARTICLE}: there is no NE in pure strategies",
        read,
    )


def _cycles(limit: float) -> Target:
    """Return the target that the markups of all go up and down in every run."""

    def read(tables: Tables) -> float:
        rows = of_variant(late(tables["players"]), key_of(limit))
        spread = rows.groupby(["run", "player"])["markup"].agg(np.ptp)
        return float((spread > _SWING).mean() * 100.0)

    return Target(
        f"K = {limit:g} MW: runs whose mean markup swings by over {_SWING:g}, %",
        100.0,
        0.0,
        Origin.PRINTED,
        f"{ARTICLE}: a cyclical variation in the price over the course of a simulation",
        read,
    )


_CLOSED = {
    10.0: (90.30, 81.82),
    30.0: (72.22, 53.85),
    50.0: (54.93, 33.33),
    90.0: (16.36, 5.26),
}
"""Mean and floor of the markup by capacity of the line, in closed form."""

CAPTIONS = {
    "markups": "Each undercuts the other until, near the floor, one does better to "
    "serve its own load at the highest price; the other follows, and it begins again. "
    "Bands hold the middle 80 % of the markups played.",
    "distribution": "What was played in the second half of all runs, against the mixed "
    "equilibrium. The mean is close; the shape is that of cycles with mutation, which "
    "play more in the middle and less near the top.",
    "price": "Mean price of each generation; bands are the spread over runs.",
    "surplus": "Benefits of consumers, against a value of the highest price, of "
    "producers, and the congestion rent of the line.",
    "nash-gap": "In percent of what is earned on average. It does not settle at zero: "
    "what a population plays can always be answered better, which is why it moves.",
    "closed-forms": "Floor, mean and profit of the mixed equilibrium, and what "
    "self-play gave. The largest distance is the Kolmogorov-Smirnov statistic. The "
    "last column looks at all pairs of markups two apart: some player always gains.",
}

TARGETS = (
    *(_mean(limit, mean) for limit, (mean, _) in _CLOSED.items()),
    *(_floor(limit, floor) for limit, (_, floor) in _CLOSED.items()),
    *(_least_gain(limit) for limit in _CLOSED),
    *(_cycles(limit) for limit in _CLOSED),
)

PLAN = Plan(variants, theory=_theory)

STUDY = Study(
    name="self-play-two-bus",
    title="Self-play: two producers at the ends of a line that is too small",
    lead="Each producer can serve its own load and fill the line, and is paid the "
    "price at its own bus. The low bidder then gains by raising its price towards "
    "that of the high one, so no pair of markups is an equilibrium and prices cycle. "
    "The mixed equilibrium is known in closed form and stands beside what the evolved "
    "strategies play.",
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
