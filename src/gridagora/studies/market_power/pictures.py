"""Charts of the market-power study."""

from collections.abc import Mapping

import altair as alt
import pandas as pd

from gridagora.figures.bands import band
from gridagora.figures.bars import bars
from gridagora.figures.feeder_map import feeder_map
from gridagora.figures.market_curves import market_curves
from gridagora.figures.tables import Measure
from gridagora.figures.voltage_profile import voltage_profile
from gridagora.studies.contract import Tables

_PRICE = "price_c_per_kwh"
_AVERAGE = "average_price_c_per_kwh"
_PRINTED = pd.DataFrame(
    {
        "x": [8.0, 75.0],
        "y": [6.64, 5.28],
        "label": ["printed 6.64", "printed 5.28"],
    }
)

CAPTIONS = {
    "curves-raised": "Figure 5 of the paper: raised offers meet inelastic demand. "
    "Three full lines split the consumers into three prices.",
    "curves-elastic": "Figure 6: the same offers meet elastic demand. Prices and "
    "quantities are lower, and the lines stay full.",
    "flexibility": "Figure 7 as a whole curve: bids turn flexible one by one, in "
    "random orders. Flexible bids are counted, not weighted by energy; the printed "
    "points belong to the particular bids that were flexible.",
    "prices-map": "Prices with raised offers and inelastic demand. A cross marks a "
    "line at its limit.",
    "loading-map": "The same dispatch in OpenDSS: loading of the lines against their "
    "ampacity. The market's limits are far below it.",
    "voltage-map": "The same dispatch in OpenDSS: lowest phase voltage at each bus.",
    "voltage-profile": "Voltages of the same dispatch by phase along the feeder.",
    "average-prices": "Average price by scenario, weighted by power; ticks show what "
    "the paper prints.",
}


def figures(tables: Tables) -> Mapping[str, alt.TopLevelMixin]:
    """Return the charts by name, in reading order."""
    return {
        "average-prices": _average_prices(tables),
        "curves-raised": _curves(tables, "b-raised", "Raised offers, inelastic demand"),
        "curves-elastic": _curves(tables, "c-elastic", "Raised offers, elastic demand"),
        "flexibility": band(
            tables["flexibility"],
            x=Measure("flexible_percent", "Flexible bids", "%", (0, 100), ".0f"),
            y=Measure(_AVERAGE, "Average price", "c/kWh"),
            title="Average consumer price against demand flexibility",
            marks=_PRINTED,
        ),
        "prices-map": _prices_map(tables),
        "loading-map": _loading_map(tables),
        "voltage-map": _voltage_map(tables),
        "voltage-profile": _profile(tables),
    }


def _of(table: pd.DataFrame, scenario: str) -> pd.DataFrame:
    return table[table["scenario"] == scenario].drop(columns="scenario")


def _average_prices(tables: Tables) -> alt.TopLevelMixin:
    printed = {"a-competitive": 4.3, "d-8-percent": 6.64, "d-75-percent": 5.28}
    table = tables["scenarios"]
    return bars(
        table.assign(printed=table["scenario"].map(printed)),
        category=Measure("title", "Scenario"),
        value=Measure(_AVERAGE, "Average price", "c/kWh"),
        title="Average consumer price by scenario",
        expected="printed",
    )


def _curves(tables: Tables, scenario: str, title: str) -> alt.TopLevelMixin:
    return market_curves(
        _of(tables["curves"], scenario).rename(columns={_PRICE: "price"}),
        _of(tables["awards"], scenario).rename(columns={_PRICE: "price"}),
        title=title,
    )


def _prices_map(tables: Tables) -> alt.TopLevelMixin:
    lines = _of(tables["lines"], "b-raised")
    return feeder_map(
        _of(tables["prices"], "b-raised"),
        lines.assign(size_kw=lines["flow_kw"].abs()),
        title="Nodal prices, raised offers and inelastic demand",
        bus=Measure(_PRICE, "Price", "c/kWh"),
        branch=Measure("size_kw", "Flow", "kW", format=".0f", flag="binding"),
    )


def _loading_map(tables: Tables) -> alt.TopLevelMixin:
    lines = _of(tables["lines"], "b-raised")
    return feeder_map(
        _of(tables["prices"], "b-raised"),
        lines.assign(loading_percent=100.0 * lines["loading_pu"]),
        title="Line loading in OpenDSS, raised offers and inelastic demand",
        branch=Measure("loading_percent", "Loading", "% of ampacity", format=".0f"),
    )


def _voltage_map(tables: Tables) -> alt.TopLevelMixin:
    voltages = _of(tables["voltages"], "b-raised")
    phases = voltages.assign(outside=voltages["flag"] != "ok").groupby("bus")
    lowest = phases.agg(v_pu=("v_pu", "min"), outside=("outside", "max")).reset_index()
    buses = _of(tables["prices"], "b-raised").merge(lowest, on="bus", how="left")
    return feeder_map(
        buses,
        _of(tables["lines"], "b-raised"),
        title="Lowest phase voltage in OpenDSS, raised offers and inelastic demand",
        bus=Measure(
            "v_pu",
            "Voltage",
            "pu",
            format=".3f",
            middle=1.0,
            flag="outside",
            flag_name="with a phase outside 0.95 to 1.05 pu",
        ),
    )


def _profile(tables: Tables) -> alt.TopLevelMixin:
    nodes = _of(tables["voltages"], "b-raised")
    places = _of(tables["prices"], "b-raised")[["bus", "distance_km"]]
    return voltage_profile(
        nodes.merge(places, on="bus", how="inner"),
        _of(tables["lines"], "b-raised"),
        title="Voltage along the feeder, raised offers and inelastic demand",
    )
