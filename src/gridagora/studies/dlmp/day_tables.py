"""Tables of the day: DLMPs by parts, limits that bind, promises and physics."""

import numpy as np
import pandas as pd

from gridagora.studies.contract import Tables
from gridagora.studies.dlmp import profiles
from gridagora.studies.dlmp.config import Config
from gridagora.studies.dlmp.paper_tables import bill_table
from gridagora.studies.dlmp.worlds import TRANSMISSION, DayWorld
from gridagora.studies.market_tables import placed
from gridagora.types.dispatch import Settlement
from gridagora.types.linear_dispatch import PriceParts

PARTS = PriceParts.__slots__
_EXPLAINED = ("722", "738", "740")
_AFTERNOON = 64  # first interval of the half of the day that ends at midnight


def day_tables(world: DayWorld, config: Config, key: str, title: str) -> Tables:
    """Return everything that is reported of a day.

    Args:
        world: After its last interval.
        config: Parameters of the study.
        key: Name of the scenario, the first column of every table.
        title: What a reader sees.
    """
    prices = _prices(world)
    day = _day(world, config, prices)
    day.insert(0, "title", title)
    tables = {
        "day": day,
        "day_prices": prices,
        "day_limits": _limits(world),
        "day_bills": _bills(world),
        "explanations": _explanations(world, prices),
    }
    for table in tables.values():
        table.insert(0, "scenario", key)
    return tables


def _prices(world: DayWorld) -> pd.DataFrame:
    """Return one row per interval and bus, prices by parts."""
    model = world.market.network
    table = world.env.record.table("prices")
    table = table[table["place"].isin(model.place[: model.n_bus])]
    names = {"place": "bus", "price_per_kwh": "price_usd_per_mwh"}
    names |= {f"{part}_per_kwh": f"{part}_usd_per_mwh" for part in PARTS}
    names |= {"price_per_kvarh": "price_usd_per_mvarh"}
    table = table[["interval", *names]].rename(columns=names)
    table.insert(1, "hour", profiles.hours()[table["interval"]])
    return placed(table.reset_index(drop=True), world.grid)


def _limits(world: DayWorld) -> pd.DataFrame:
    """Return the limits that make a price, one row per interval and limit."""
    table = world.env.record.table("limits")
    binding = table[table["worth_per_h"] != 0.0].reset_index(drop=True)
    binding.insert(1, "hour", profiles.hours()[binding["interval"]])
    return binding.rename(columns={"worth_per_h": "worth_mills_per_h"})


def _bills(world: DayWorld) -> pd.DataFrame:
    """Return who paid and got what in the whole day, in which role."""
    entries = world.env.record.table("settlement")
    return bill_table(
        Settlement(
            account=tuple(entries["account"]),
            cause=tuple(entries["cause"]),
            energy_wh=entries["energy_wh"].to_numpy(),
            price_nano_per_wh=entries["price_nano_per_wh"].to_numpy(),
            money_nano=entries["money_nano"].to_numpy(),
        )
    )


def _day(world: DayWorld, config: Config, prices: pd.DataFrame) -> pd.DataFrame:
    """Return one row per interval: what was asked, promised, delivered."""
    record = world.env.record
    market, grid = record.table("market"), record.table("grid")
    by_interval = prices.groupby("interval")["price_usd_per_mwh"]
    volts = pd.DataFrame(world.volts)
    day = pd.DataFrame(
        {
            "interval": market["interval"],
            "hour": profiles.hours()[market["interval"]],
            "source_price_usd_per_mwh": profiles.source_price(config),
            "lowest_price_usd_per_mwh": by_interval.min().to_numpy(),
            "highest_price_usd_per_mwh": by_interval.max().to_numpy(),
            "n_round": market["n_round"],
            "promised_loss_kw": market["loss_kw"],
            "opendss_loss_kw": grid["loss_kw"],
            "opendss_source_kw": grid["source_kw"],
        }
    )
    return day.join(_powers(world)).merge(volts, on="interval", validate="one_to_one")


def _powers(world: DayWorld) -> pd.DataFrame:
    """Return what was sold and bought in each interval by kind. kW."""
    awards = world.env.record.table("awards")
    source = awards["participant"] == TRANSMISSION
    offer = awards["side"] == "offer"
    kinds = {
        "import_kw": source & offer,
        "export_kw": source & ~offer,
        "local_kw": ~source & offer,
        "demand_kw": ~source & ~offer,
    }
    sums = {
        name: awards["quantity_kw"].where(rows, 0.0).groupby(awards["interval"]).sum()
        for name, rows in kinds.items()
    }
    return pd.DataFrame(sums)


def _explanations(world: DayWorld, prices: pd.DataFrame) -> pd.DataFrame:
    """Say what makes prices where they spread most, until 16 h and after."""
    by_interval = prices.groupby("interval")["price_usd_per_mwh"]
    spread = (by_interval.max() - by_interval.min()).to_numpy()
    by_hour = np.arange(spread.size)
    halves = by_hour[:_AFTERNOON], by_hour[_AFTERNOON:]
    chosen = [int(half[np.argmax(spread[half])]) for half in halves]
    rows = [
        {
            "interval": interval,
            "hour": float(profiles.hours()[interval]),
            "bus": bus,
            "explanation": world.market.explain(bus, interval),
        }
        for interval in chosen
        for bus in _EXPLAINED
    ]
    return pd.DataFrame(rows)
