"""Charts that all self-play studies draw alike."""

from collections.abc import Mapping

import altair as alt
import pandas as pd

from gridagora.figures.bands import band
from gridagora.figures.tables import Measure
from gridagora.figures.trajectories import trajectories
from gridagora.studies.contract import Tables

GENERATION = Measure("generation", "Generation", format=".0f")
_SHOWN_RUNS = 6
_POINTS = 200  # of a line, about
SIDES = {
    "consumer_per_h": "consumers",
    "producer_per_h": "producers",
    "rent_per_h": "congestion rent",
}
"""What people call the columns of ``markets`` that say who gains what."""


def markup_panels(
    tables: Tables,
    variant: str,
    *,
    title: str,
    levels: Mapping[str, float] | None = None,
    measure: Measure | None = None,
) -> alt.TopLevelMixin:
    """Show the markups of each participant over the generations of the first runs.

    Args:
        tables: Of the study.
        variant: Key of the variant.
        title: What the picture shows.
        levels: Markups by name to compare with.
        measure: What a markup is; currency/MWh when not given.
    """
    players = of_variant(tables["players"], variant)
    players = players[players["run"] <= _SHOWN_RUNS]
    return trajectories(
        players.assign(panel="run " + players["run"].astype(str)),
        x=GENERATION,
        y=measure or Measure("markup", "Markup", "per MWh", format=".1f"),
        group="player",
        panel="panel",
        title=title,
        levels=levels,
        spread=("markup_low", "markup_high"),
    )


def price_band(
    tables: Tables,
    titles: Mapping[str, str],
    *,
    title: str,
    levels: Mapping[str, float] | None = None,
) -> alt.TopLevelMixin:
    """Show the mean price over generations, the spread over runs as a band.

    Args:
        tables: Of the study.
        titles: Title of each variant to show, by key.
        title: What the picture shows.
        levels: Prices by name to compare with.
    """
    markets = tables["markets"]
    shown = markets[markets["variant"].isin(titles)]
    return band(
        titled(_binned(shown), titles),
        x=GENERATION,
        y=Measure("price", "Mean price", "per MWh", format=".1f"),
        title=title,
        group="title",
        levels=levels,
    )


def surplus_band(
    tables: Tables,
    variant: str,
    *,
    title: str,
    levels: Mapping[str, float] | None = None,
) -> alt.TopLevelMixin:
    """Show who gains what over generations, the spread over runs as a band.

    Args:
        tables: Of the study.
        variant: Key of the variant.
        title: What the picture shows.
        levels: Amounts by name to compare with.
    """
    markets = _binned(of_variant(tables["markets"], variant))
    sides = markets.melt(
        id_vars=["run", "generation"],
        value_vars=list(SIDES),
        var_name="side",
        value_name="benefit_per_h",
    )
    return band(
        sides.assign(side=sides["side"].map(SIDES)),
        x=GENERATION,
        y=Measure("benefit_per_h", "Benefit", "per h", format=",.0f"),
        title=title,
        group="side",
        levels=levels,
    )


def gap_band(
    tables: Tables, titles: Mapping[str, str], *, title: str, relative: bool = True
) -> alt.TopLevelMixin:
    """Show how much the player furthest from a best answer could still gain.

    Args:
        tables: Of the study.
        titles: Title of each variant to show, by key.
        title: What the picture shows.
        relative: Whether in percent of what players earn on average; else in
            currency/h, which suits markets where nothing is earned in the end.
    """
    name = "Largest gain of one player"
    percent = Measure("gap_percent", name, "% of earnings", format=".1f")
    money = Measure("gap_per_h", name, "per h", format=",.0f")
    return band(
        titled(nash_gaps(tables["gaps"]), titles),
        x=GENERATION,
        y=percent if relative else money,
        title=title,
        group="title",
    )


def nash_gaps(gaps: pd.DataFrame) -> pd.DataFrame:
    """Return the largest gain of any player against the mean earnings of all.

    Returns:
        Columns ``variant``, ``run``, ``generation``, ``gap_per_h`` and
        ``gap_percent``.
    """
    found = gaps.groupby(["variant", "run", "generation"], sort=False, as_index=False)
    table = found.agg(gap_per_h=("gain_per_h", "max"), earned=("earned_per_h", "mean"))
    percent = 100.0 * table["gap_per_h"] / table["earned"].where(table["earned"] > 0)
    return table.assign(gap_percent=percent).drop(columns="earned")


def _binned(markets: pd.DataFrame) -> pd.DataFrame:
    """Return means over stretches of generations, so few that a picture shows all."""
    width = max(int(markets["generation"].max()) // _POINTS, 1)
    bins = -(-markets["generation"] // width) * width
    keys = ["variant", "run", "generation"]
    return (
        markets.assign(generation=bins)
        .groupby(keys, sort=False)
        .mean(numeric_only=True)
        .reset_index()
    )


def of_variant(table: pd.DataFrame, variant: str) -> pd.DataFrame:
    """Return the rows of one variant."""
    return table[table["variant"] == variant]


def titled(table: pd.DataFrame, titles: Mapping[str, str]) -> pd.DataFrame:
    """Return the rows of some variants with a column ``title``, in their order."""
    rows = [of_variant(table, variant) for variant in titles]
    chosen = pd.concat(rows, ignore_index=True)
    return chosen.assign(title=chosen["variant"].map(titles))
