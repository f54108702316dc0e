"""Tables to read of the DLMP study."""

from collections.abc import Mapping

import pandas as pd

from gridagora.studies.contract import Tables

KEPT = "day-kept"
"""Name of the day with voltage limits."""

TABLE_CAPTIONS = {
    "trust-table": "Prices against differences of total cost, by feeder.",
    "model-table": "Straight lines against OpenDSS: largest differences between what "
    "one linearisation promises at its dispatch and what is there.",
    "ledger-table": "The ledger of the hour with line limits: every entry has another "
    "side.",
    "regime-table": "Truth and learning, means of the last fifth of the rounds.",
    "why-table": "What makes the price, in words, where prices spread most.",
}


def report_tables(tables: Tables) -> Mapping[str, pd.DataFrame]:
    """Return the tables to read by name."""
    return {
        "trust-table": _trust_table(tables),
        "model-table": _model_table(tables),
        "ledger-table": _ledger_table(tables),
        "regime-table": _regime_table(tables),
        "why-table": _why_table(tables),
    }


def _trust_table(tables: Tables) -> pd.DataFrame:
    rows = tables["trust"]
    groups = rows.groupby(["feeder", "unit"], sort=False)
    table = groups.agg(
        places=("place", "size"),
        unique=("unique", "sum"),
        inside=("inside", "sum"),
        largest=("relative_error", lambda errors: errors.abs().max()),
        dearest=("dlmp", "max"),
        cheapest=("dlmp", "min"),
    )
    return table.reset_index().rename(
        columns={
            "feeder": "Feeder",
            "unit": "Price per",
            "places": "Places",
            "unique": "Price unique",
            "inside": "Between one-sided costs",
            "largest": "Largest error (part of the price)",
            "cheapest": "Lowest price ($/MWh)",
            "dearest": "Highest price ($/MWh)",
        }
    )


def _model_table(tables: Tables) -> pd.DataFrame:
    rows = tables["trust_models"]
    labels = {
        quantity: f"{quantity.capitalize()} ({unit})"
        for quantity, unit in zip(rows["quantity"], rows["unit"], strict=True)
    }
    table = rows.pivot_table(
        index=["feeder", "model"],
        columns="quantity",
        values="largest_error",
        sort=False,
    )
    named = table.rename(columns=labels)[list(labels.values())].reset_index()
    named.columns.name = None
    return named.rename(columns={"feeder": "Feeder", "model": "Straight lines"})


def _ledger_table(tables: Tables) -> pd.DataFrame:
    rows = rows_of(tables["ledger"], "a-full")
    return rows[["cause", "energy_kwh", "money_usd"]].rename(
        columns={
            "cause": "Entries",
            "energy_kwh": "Energy received (kWh)",
            "money_usd": "Money received ($)",
        }
    )


def _regime_table(tables: Tables) -> pd.DataFrame:
    columns = {
        "regime": "Bidders",
        "excess_cost_percent": "Cost above the optimum (%)",
        "average_price_usd_per_mwh": "Average price ($/MWh)",
        "highest_price_usd_per_mwh": "Highest price ($/MWh)",
        "consumers_pay_usd_per_h": "Consumers pay ($/h)",
        "regret": "Largest gain left to one bidder ($/h)",
    }
    rows = tables["regimes"]
    regret = rows.filter(regex="^regret_").max(axis=1)
    means = (
        rows.assign(regret=regret).groupby("regime", sort=False).mean(numeric_only=True)
    )
    return means.reset_index()[list(columns)].rename(columns=columns)


def _why_table(tables: Tables) -> pd.DataFrame:
    rows = rows_of(tables["explanations"], KEPT)
    return pd.DataFrame(
        {
            "Time": [clock(at) for at in rows["interval"]],
            "Bus": rows["bus"],
            "What makes the price ($/MWh)": rows["explanation"],
        }
    )


def rows_of(table: pd.DataFrame, scenario: str) -> pd.DataFrame:
    """Return the rows of one scenario."""
    return table[table["scenario"] == scenario].reset_index(drop=True)


def clock(interval: int) -> str:
    """Return when an interval begins, e.g. ``18:15``."""
    minutes = 15 * int(interval)
    return f"{minutes // 60:02d}:{minutes % 60:02d}"
