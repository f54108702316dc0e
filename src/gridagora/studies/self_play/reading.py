"""Numbers that targets read from the tables of self-play studies."""

from collections.abc import Callable

import pandas as pd

from gridagora.studies.contract import Tables

_LAST = 10
_NAMED = 4


def late(table: pd.DataFrame, part: float = 0.5) -> pd.DataFrame:
    """Return the rows of the last part of the generations of each variant.

    Args:
        table: With the columns ``variant`` and ``generation``.
        part: How much of a run counts as late.
    """
    last = table.groupby("variant")["generation"].transform("max")
    return table[table["generation"] > (1.0 - part) * last]


def by_run(
    tables: Tables, name: str, column: str, variant: str, *, part: float = 0.5
) -> pd.DataFrame:
    """Return the mean of a column over the late generations of each run.

    Args:
        tables: Of the study.
        name: Of the table; with the column ``player`` there is a row for each.
        column: What to average.
        variant: Key of the variant.
        part: How much of a run counts as late.

    Returns:
        Columns ``run``, maybe ``player``, and ``value``, which is also called so.
    """
    table = tables[name]
    rows = late(table[table["variant"] == variant], part)
    keys = ["run", "player"] if "player" in rows else ["run"]
    means = rows.groupby(keys, sort=False)[column].mean()
    return means.rename("value").reset_index()


def mean_of(
    name: str, column: str, variant: str, *, part: float = 0.5
) -> Callable[[Tables], float]:
    """Read the mean over all runs of a column's late generations."""

    def read(tables: Tables) -> float:
        return float(by_run(tables, name, column, variant, part=part)["value"].mean())

    return read


def most_of(
    name: str, column: str, variant: str, *, part: float = 0.5
) -> Callable[[Tables], float]:
    """Read the largest late mean of any run."""

    def read(tables: Tables) -> float:
        return float(by_run(tables, name, column, variant, part=part)["value"].max())

    return read


def least_of(
    name: str, column: str, variant: str, *, part: float = 0.5
) -> Callable[[Tables], float]:
    """Read the smallest late mean of any run."""

    def read(tables: Tables) -> float:
        return float(by_run(tables, name, column, variant, part=part)["value"].min())

    return read


def first_of(column: str, variant: str) -> Callable[[Tables], float]:
    """Read the mean over all runs of a column of ``markets`` in generation 1."""

    def read(tables: Tables) -> float:
        rows = tables["markets"]
        rows = rows[(rows["variant"] == variant) & (rows["generation"] == 1)]
        return float(rows[column].mean())

    return read


def headline(tables: Tables) -> str:
    """Say in a few words where a run ended: mean price and markups.

    Empty for the tables of a cell that plays nothing.
    """
    if "markets" not in tables:
        return ""
    price = float(tables["markets"]["price"].tail(_LAST).mean())
    return f"price {price:.1f}, {headline_of_markups(tables)}"


def headline_of_markups(tables: Tables) -> str:
    """Say in a few words where the markups of a run ended; empty as ``headline``."""
    if "players" not in tables:
        return ""
    players = tables["players"]
    last = players[players["generation"] > players["generation"].max() - _LAST]
    markups = last.groupby("player", sort=False)["markup"].mean()
    if len(markups) > _NAMED:
        return f"markups {markups.mean():.1f} on average"
    asked = " ".join(f"{name} {markup:.1f}" for name, markup in markups.items())
    return f"markups {asked}"
