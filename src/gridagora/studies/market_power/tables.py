"""Tidy tables of the market-power study, read from a finished environment."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from gridagora.agents.consumers import Consumers
from gridagora.environment.environment import Environment
from gridagora.errors import EpisodeError
from gridagora.grids.opendss_grid import OpenDSSGrid
from gridagora.markets.nodal import NodalMarket
from gridagora.studies.contract import Tables
from gridagora.studies.market_tables import placed, recorded
from gridagora.types.dispatch import Dispatch
from gridagora.types.network import RadialNetwork


@dataclass(frozen=True, slots=True, eq=False)
class World:
    """The objects of one cell, joined in an environment.

    Attributes:
        env: Joins the others.
        grid: The feeder.
        market: Clears on the feeder's tree.
        consumers: The 28 bids.
    """

    env: Environment
    grid: OpenDSSGrid
    market: NodalMarket
    consumers: Consumers

    @property
    def dispatch(self) -> Dispatch:
        """The last clearing."""
        if self.market.last is None:
            msg = "the world has run no interval; call env.step() first."
            raise EpisodeError(msg)
        return self.market.last


def scenario_tables(
    world: World, key: str, title: str, flexible: Sequence[str]
) -> Tables:
    """Return everything that is reported of one clearing.

    Args:
        world: After one interval.
        key: Name of the scenario, the first column of every table.
        title: What a reader sees.
        flexible: Buses of the flexible bids.
    """
    dispatch = world.dispatch
    nominal_kw = world.grid.nominal_kw
    chosen = np.isin(world.grid.load_buses, list(flexible))
    row = {
        "title": title,
        "n_flexible": len(flexible),
        "flexible_energy_percent": 100.0 * nominal_kw[chosen].sum() / nominal_kw.sum(),
        **summary(world),
    }
    tables = {
        "scenarios": pd.DataFrame([row]),
        "awards": _awards(dispatch),
        "curves": _curves(dispatch),
        "prices": _prices(world.grid, dispatch),
        "lines": _lines(world.grid, dispatch),
        "voltages": recorded(world.env, "voltages"),
        "settlement": recorded(world.env, "settlement"),
        "rewards": recorded(world.env, "rewards"),
    }
    for table in tables.values():
        table.insert(0, "scenario", key)
    return tables


def summary(world: World) -> dict[str, float | int]:
    """Return market and physics of the last interval in one row."""
    dispatch = world.dispatch
    orders = dispatch.orders
    paid = dispatch.order_price_per_kwh[orders.is_bid]
    return {
        "average_price_c_per_kwh": dispatch.average_price_per_kwh or np.nan,
        "simple_average_price_c_per_kwh": float(paid.mean()),
        "lowest_price_c_per_kwh": float(paid.min()),
        "highest_price_c_per_kwh": float(paid.max()),
        "demand_kw": float(dispatch.demand_kw.sum()),
        "rent_c_per_h": dispatch.congestion_rent_per_h,
        "n_binding": int(np.count_nonzero(dispatch.binding)),
        **_physics(world),
    }


def _physics(world: World) -> dict[str, float | int]:
    """Return what OpenDSS found at the dispatch."""
    voltages_pu = world.grid.get_voltages()
    record = world.grid.record()
    voltages, lines = pd.DataFrame(record["voltages"]), pd.DataFrame(record["lines"])
    return {
        "source_kw": world.grid.get_source_power().real,
        "loss_kw": world.grid.get_losses().real,
        "served_kw": float(world.grid.served_kw.sum()),
        "lowest_voltage_pu": float(voltages_pu.min()),
        "highest_voltage_pu": float(voltages_pu.max()),
        "n_voltage_violation": int((voltages["flag"] != "ok").sum()),
        "max_loading_pu": float(lines["loading_pu"].max()),
        "n_overload": int((lines["loading_pu"] > 1.0).sum()),
    }


def _awards(dispatch: Dispatch) -> pd.DataFrame:
    table = pd.DataFrame(dispatch.awards())
    return table.rename(columns={"price_per_kwh": "price_c_per_kwh"})


def _curves(dispatch: Dispatch) -> pd.DataFrame:
    orders = dispatch.orders
    owner = np.repeat(np.arange(orders.n_order), np.diff(orders.start))
    return pd.DataFrame(
        {
            "participant": [orders.participant[at] for at in owner],
            "side": np.where(orders.is_bid[owner], "bid", "offer"),
            "quantity_kw": orders.quantity_kw,
            "price_c_per_kwh": orders.price_per_kwh,
        }
    )


def _prices(grid: OpenDSSGrid, dispatch: Dispatch) -> pd.DataFrame:
    """Return one row per bus of the market, with its place on the map."""
    prices = pd.DataFrame(
        {
            "bus": dispatch.network.bus,
            "price_c_per_kwh": dispatch.price_per_kwh,
            "demand_kw": dispatch.demand_kw,
            "supply_kw": dispatch.supply_kw,
        }
    )
    return placed(prices, grid)


def _lines(grid: OpenDSSGrid, dispatch: Dispatch) -> pd.DataFrame:
    """Return one row per branch of the market, with the loading OpenDSS found."""
    network = dispatch.network
    parent = network.parent[1:] if isinstance(network, RadialNetwork) else ()
    lines = pd.DataFrame(
        {
            "branch": network.branch,
            "from_bus": [network.bus[at] for at in parent],
            "to_bus": network.bus[1:],
            "flow_kw": dispatch.flow_kw,
            "limit_kw": network.limit_kw,
            "congestion_c_per_kwh": dispatch.congestion_per_kwh,
            "binding": dispatch.binding != 0,
        }
    )
    by_name, by_ends = _loading(grid)
    ends = pd.MultiIndex.from_frame(lines[["from_bus", "to_bus"]])
    named = lines["branch"].map(by_name)
    lines["loading_pu"] = named.fillna(pd.Series(by_ends.reindex(ends).to_numpy()))
    return lines


def _loading(grid: OpenDSSGrid) -> tuple[pd.Series, pd.Series]:
    """Return the highest loading over phases, by line and by the ends of two halves.

    A line with a load in its middle is two lines in OpenDSS and one in the market.
    """
    phases = pd.DataFrame(grid.get_line_table())
    lines = phases.groupby(["line", "from_bus", "to_bus"], sort=False)["loading_pu"]
    table = lines.max().reset_index()
    halves = table.merge(
        table, left_on="to_bus", right_on="from_bus", suffixes=("", "_2")
    )
    halves["highest"] = halves[["loading_pu", "loading_pu_2"]].max(axis=1)
    by_ends = halves.groupby(["from_bus", "to_bus_2"])["highest"].max()
    return table.set_index("line")["loading_pu"], by_ends
