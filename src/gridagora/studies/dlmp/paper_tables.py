"""Tables of the paper's market: prices, lines, awards, bills."""

import numpy as np
import pandas as pd

from gridagora.errors import EpisodeError
from gridagora.grids.opendss_grid import OpenDSSGrid
from gridagora.markets.bills import bills
from gridagora.markets.demand_response import CHARGE
from gridagora.markets.nodal import NodalMarket
from gridagora.studies.contract import Tables
from gridagora.studies.dlmp.worlds import TRANSMISSION, PaperWorld
from gridagora.studies.market_tables import placed, recorded
from gridagora.types.arrays import BoolArray
from gridagora.types.dispatch import Dispatch, Settlement
from gridagora.types.network import RadialNetwork
from gridagora.types.preferences import curve_integral_per_h

USD_PER_MILL = 1e-3
"""Prices in $/MWh are mills per kWh; money is counted in mills."""

_ROLES = {TRANSMISSION: "transmission grid"}


def paper_tables(world: PaperWorld, key: str, title: str) -> Tables:
    """Return everything that is reported of one clearing.

    Args:
        world: After its interval.
        key: Name of the scenario, the first column of every table.
        title: What a reader sees.
    """
    dispatch = cleared(world.market)
    tables = {
        "cases": pd.DataFrame([{"title": title, **_summary(world, dispatch)}]),
        "buses": bus_table(world.grid, dispatch),
        "branches": branch_table(dispatch),
        "awards": _awards(dispatch),
        "ledger": ledger(world.market),
        "bills": bill_table(settled(world.market)),
        "rewards": recorded(world.env, "rewards"),
    }
    for table in tables.values():
        table.insert(0, "scenario", key)
    return tables


def cleared(market: NodalMarket) -> Dispatch:
    """Return the last dispatch of a market that has cleared."""
    if market.last is None:
        msg = "the market has cleared nothing; run an interval first."
        raise EpisodeError(msg)
    return market.last


def settled(market: NodalMarket) -> Settlement:
    """Return the money of the last dispatch."""
    if market.last_settlement is None:
        msg = "the market has settled nothing; run an interval first."
        raise EpisodeError(msg)
    return market.last_settlement


def bill_table(settlement: Settlement) -> pd.DataFrame:
    """Return who paid and got what in which role. kWh and $, positive when received."""
    table = pd.DataFrame(bills(settlement, _ROLES))
    table["money_usd"] = table.pop("money") * USD_PER_MILL
    return table


def ledger(market: NodalMarket) -> pd.DataFrame:
    """Return the entries of a settlement added up by cause, and that they sum to 0."""
    entries = pd.DataFrame(settled(market).entries())
    sums = entries.groupby("cause", sort=True)[["energy_wh", "money_nano"]].sum()
    table = sums.reset_index()
    table.loc[len(table)] = ["sum", *sums.sum().tolist()]
    table["energy_kwh"] = table["energy_wh"] / 1e3
    table["money_usd"] = table["money_nano"] / 1e9 * USD_PER_MILL
    return table


def bus_table(grid: OpenDSSGrid, dispatch: Dispatch) -> pd.DataFrame:
    """Return one row per bus of the market, with its place on the map."""
    orders = dispatch.orders
    less_kw = np.where(orders.is_bid, orders.most_kw - dispatch.quantity_kw, 0.0)
    elastic = orders.is_bid & (orders.most_kw > orders.firm_kw) & (orders.firm_kw > 0)
    reduction_kw = np.bincount(
        orders.bus,
        weights=np.where(elastic, less_kw, 0.0),
        minlength=dispatch.network.n_bus,
    )
    table = pd.DataFrame(
        {
            "bus": dispatch.network.bus,
            "price_usd_per_mwh": dispatch.price_per_kwh,
            "demand_kw": dispatch.demand_kw,
            "supply_kw": dispatch.supply_kw,
            "reduction_kw": reduction_kw,
        }
    )
    return placed(table, grid)


def branch_table(dispatch: Dispatch) -> pd.DataFrame:
    """Return one row per branch: flow, limit, and what its limit is worth."""
    network = dispatch.network
    parent = network.parent[1:] if isinstance(network, RadialNetwork) else ()
    return pd.DataFrame(
        {
            "branch": network.branch,
            "from_bus": [network.bus[at] for at in parent],
            "to_bus": network.bus[1:],
            "flow_kw": dispatch.flow_kw,
            "limit_kw": network.limit_kw,
            "worth_usd_per_mwh": dispatch.congestion_per_kwh,
            "binding": dispatch.binding != 0,
        }
    )


def _awards(dispatch: Dispatch) -> pd.DataFrame:
    table = pd.DataFrame(dispatch.awards())
    return table.rename(columns={"price_per_kwh": "price_usd_per_mwh"})


def _summary(world: PaperWorld, dispatch: Dispatch) -> dict[str, float | int]:
    """Return market and physics in one row."""
    source = np.array([who == TRANSMISSION for who in dispatch.orders.participant])
    signed = np.where(dispatch.orders.is_bid, -1.0, 1.0) * dispatch.quantity_kw
    return {
        "objective_mills_per_h": _objective(dispatch, source),
        "demand_response_mills_per_h": _charged(world.market),
        "lowest_price_usd_per_mwh": float(dispatch.price_per_kwh.min()),
        "highest_price_usd_per_mwh": float(dispatch.price_per_kwh.max()),
        "source_kw": float(signed[source].sum()),
        "demand_kw": float(dispatch.demand_kw.sum()),
        "rent_mills_per_h": dispatch.congestion_rent_per_h,
        "n_binding": int(np.count_nonzero(dispatch.binding)),
        "opendss_source_kw": world.grid.get_source_power().real,
        "opendss_loss_kw": world.grid.get_losses().real,
    }


def _objective(dispatch: Dispatch, source: BoolArray) -> float:
    """Return the objective of eq. (12): imports, production and reductions. Mills/h.

    The value of demand that is not left out is no part of it.
    """
    orders = dispatch.orders
    area = curve_integral_per_h(orders, dispatch.quantity_kw)
    whole = curve_integral_per_h(orders, orders.most_kw)
    cost = np.where(orders.is_bid, whole - area, area)
    return float(cost[~(source & orders.is_bid)].sum())


def _charged(market: NodalMarket) -> float:
    """Return what consumers pay for demand response. Mills/h."""
    entries = pd.DataFrame(settled(market).entries())
    charges = entries.loc[entries["cause"] == CHARGE, "money_nano"]
    return -float(charges.sum()) / 1e9
