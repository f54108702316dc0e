"""Charts of the DLMP study."""

from collections.abc import Mapping

import altair as alt
import pandas as pd

from gridagora.figures.bands import band
from gridagora.figures.bars import bars
from gridagora.figures.dots import dots
from gridagora.figures.duration import duration
from gridagora.figures.feeder_map import feeder_map
from gridagora.figures.price_parts import price_parts
from gridagora.figures.tables import Measure
from gridagora.figures.time_map import time_map
from gridagora.studies.contract import Tables
from gridagora.studies.dlmp.day_tables import PARTS
from gridagora.studies.dlmp.learning_tables import TRUTHFUL
from gridagora.studies.dlmp.reading import KEPT, TABLE_CAPTIONS, clock, rows_of
from gridagora.studies.dlmp.trust import RELATIVE_TOLERANCE

_PRICE = "price_usd_per_mwh"
_USD = "$/MWh"
_BRANCH = ["branch", "from_bus", "to_bus"]

CAPTIONS = {
    "map-free": "Figure 10 of the paper, uncongested. The paper prints a map without "
    "numbers; these are ours.",
    "map-full": "Figure 10 of the paper, congested: a cross marks a full line. Behind "
    "it power is dearer by what one more kW of the line would save.",
    "day-map": "A day with losses and voltage limits in the price. Move the slider, or "
    "click in the strip. A cross marks a full line, a ring a bus where a voltage at "
    "its limit makes prices.",
    "parts-noon": "What makes the price at each bus when prices spread most before "
    "16 h. Voltage limits count unevenly, for each belongs to two phases: that is the "
    "part called unbalance.",
    "parts-evening": "The same after 16 h.",
    "durations": "Prices of all buses and intervals of the day, with and without "
    "voltage limits.",
    "voltages": "Lowest and highest voltage between phases over the feeder but for its "
    "source, as OpenDSS solves them after the market.",
    "day-bills": "Who pays and who gets what in the day, with and without voltage "
    "limits. The operator keeps the rents of limits and what prices collect beyond "
    "the cost of losses.",
    "learning": "How much more the dispatch truly costs than the optimum, which is "
    "what truthful bids give.",
    "markups": "What learners multiply their cost by in the last fifth of the rounds; "
    "1 is the truth. What a bidder asks whom nobody needs is chance.",
    "gains": "Surplus in the last fifth of the rounds less that under truthful bids.",
    "learning-bills": "What consumers pay and who gets it when bidders tell the truth "
    "and when they have learned.",
    "trust": "How far each price is from the difference of total cost when demand "
    "there changes a little and everything is solved again, OpenDSS included.",
    **TABLE_CAPTIONS,
}


def figures(tables: Tables) -> Mapping[str, alt.TopLevelMixin]:
    """Return the charts by name, in reading order."""
    noon, evening = _explained(tables)
    return {
        "map-free": _map(tables, "a-free", "Prices without the two line limits"),
        "map-full": _map(tables, "a-full", "Prices with the two line limits"),
        "day-map": _day_map(tables),
        "parts-noon": _parts(tables, noon),
        "parts-evening": _parts(tables, evening),
        "durations": _durations(tables),
        "voltages": _voltages(tables),
        "day-bills": _day_bills(tables),
        "learning": _learning(tables),
        "markups": _markups(tables),
        "gains": _gains(tables),
        "learning-bills": _learning_bills(tables),
        "trust": _trust(tables),
    }


def _map(tables: Tables, scenario: str, title: str) -> alt.LayerChart:
    buses, branches = (
        rows_of(tables[name], scenario) for name in ("buses", "branches")
    )
    return feeder_map(
        buses,
        branches,
        title=title,
        bus=Measure(_PRICE, "Price", _USD, format=".1f"),
        branch=Measure("flow_kw", "Flow", "kW", format=".0f", flag="binding"),
    )


def _day_map(tables: Tables) -> alt.VConcatChart:
    prices = rows_of(tables["day_prices"], KEPT)
    limits = rows_of(tables["day_limits"], KEPT)
    voltage = limits[limits["kind"] == "voltage"]
    held = set(_pairs(voltage["interval"], voltage["limit"].str.split(".").str[0]))
    rows = prices.assign(
        time=[clock(at) for at in prices["interval"]],
        held=[pair in held for pair in _pairs(prices["interval"], prices["bus"])],
    )
    price = Measure(
        _PRICE, "Price", _USD, flag="held", flag_name="at its voltage limit"
    )
    parts = [Measure(f"{part}_usd_per_mwh", f"of it {part}", _USD) for part in PARTS]
    flows = limits[limits["kind"] == "flow"]
    return time_map(
        _buses(prices),
        _branches(tables),
        rows,
        flows.rename(columns={"limit": "branch"})[["interval", "branch"]],
        title="Prices of a day, with losses and voltage limits",
        measures=[price, *parts],
    )


def _parts(tables: Tables, interval: int) -> alt.VConcatChart:
    prices = rows_of(tables["day_prices"], KEPT)
    limits = rows_of(tables["day_limits"], KEPT)
    held = limits.loc[limits["interval"] == interval, "limit"]
    branches = _branches(tables)
    branches["binding"] = branches["branch"].isin(held)
    return price_parts(
        prices[prices["interval"] == interval],
        branches,
        title=f"What makes the price at {clock(interval)}",
        price=Measure(_PRICE, "Price", _USD, format=".1f"),
        parts={part: f"{part}_usd_per_mwh" for part in PARTS},
        flag="binding",
    )


def _durations(tables: Tables) -> alt.LayerChart:
    titles = _titles(tables)
    prices = tables["day_prices"]
    rows = prices.assign(case=prices["scenario"].map(titles))
    return duration(
        rows,
        value=Measure(_PRICE, "Price", _USD, format=".0f"),
        title="All prices of the day, sorted",
        group="case",
        share="Share of bus-hours",
    )


def _voltages(tables: Tables) -> alt.LayerChart:
    titles = _titles(tables)
    day = tables["day"]
    parts = [
        pd.DataFrame(
            {
                "hour": day["hour"],
                "voltage_pu": day[f"{end}_voltage_pu"],
                "case": day["scenario"].map(titles) + f", {end}",
            }
        )
        for end in ("lowest", "highest")
    ]
    return band(
        pd.concat(parts, ignore_index=True),
        x=Measure("hour", "Hour of the day", format=".0f"),
        y=Measure("voltage_pu", "Voltage between phases", "pu", format=".3f"),
        title="Voltages of the day, with and without limits",
        group="case",
    )


def _day_bills(tables: Tables) -> alt.LayerChart:
    titles = _titles(tables)
    sums = _by_role(tables["day_bills"], ["scenario"])
    sums["case"] = sums["scenario"].map(titles)
    return bars(
        sums,
        category=Measure("role", "Role"),
        value=Measure("money_usd", "Money received in the day", "$", format=",.0f"),
        title="Bills of a day by role",
        group="case",
    )


def _learning(tables: Tables) -> alt.LayerChart:
    return band(
        tables["rounds"],
        x=Measure("round", "Round", format=".0f"),
        y=Measure("excess_cost_percent", "True cost above the optimum", "%"),
        title="True cost of the dispatch while bidders learn",
        group="regime",
        levels={TRUTHFUL: 0.0},
    )


def _markups(tables: Tables) -> alt.LayerChart:
    rows = _players(tables["regimes"], "markup", "")
    return bars(
        rows[rows["regime"] != TRUTHFUL],
        category=Measure("item", "Bidder"),
        value=Measure("value", "Factor on the true cost", format=".2f"),
        title="What learners ask, over their true cost",
        group="regime",
    )


def _gains(tables: Tables) -> alt.LayerChart:
    rows = _players(tables["regimes"], "surplus", "_usd_per_h")
    truth = rows[rows["regime"] == TRUTHFUL].set_index("item")["value"]
    rows["value"] -= rows["item"].map(truth)
    return bars(
        rows[rows["regime"] != TRUTHFUL],
        category=Measure("item", "Bidder"),
        value=Measure("value", "Gain against the truth", "$/h"),
        title="Who gains and who loses when all bidders learn",
        group="regime",
    )


def _learning_bills(tables: Tables) -> alt.LayerChart:
    flows = {
        "consumers_pay_usd_per_h": "consumers pay",
        "producers_get_usd_per_h": "producers get",
        "transmission_gets_usd_per_h": "transmission grid gets",
        "operator_keeps_usd_per_h": "operator keeps",
    }
    rows = _means(tables["regimes"], flows)
    return bars(
        rows,
        category=Measure("item", "Who"),
        value=Measure("value", "Money", "$/h", format=".0f"),
        title="Who pays and who gets what, before and after learning",
        group="regime",
    )


def _trust(tables: Tables) -> alt.LayerChart:
    rows = tables["trust"]
    named = rows.assign(
        name=rows["place"] + ", " + rows["unit"],
        error=rows["relative_error"].abs(),
    )
    return dots(
        named,
        category=Measure("feeder", "Feeder"),
        value=Measure("error", "Error, part of the largest price", format=".1e"),
        name=Measure("name", "Bus"),
        title="Prices against the cost of one more unit, everything solved again",
        most=RELATIVE_TOLERANCE,
    )


def _titles(tables: Tables) -> dict[str, str]:
    day = tables["day"].drop_duplicates("scenario")
    return dict(zip(day["scenario"], day["title"], strict=True))


def _explained(tables: Tables) -> tuple[int, int]:
    """Return the two intervals that are explained, before and after 16 h."""
    found = rows_of(tables["explanations"], KEPT)["interval"].unique().tolist()
    return int(found[0]), int(found[-1])


def _buses(prices: pd.DataFrame) -> pd.DataFrame:
    return prices.drop_duplicates("bus")[["bus", "x", "y"]].reset_index(drop=True)


def _branches(tables: Tables) -> pd.DataFrame:
    return rows_of(tables["branches"], "a-full")[_BRANCH]


def _by_role(bills: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """Return money by role, the largest first; roundings belong to the operator."""
    role = bills["role"].replace(
        {
            "rounding": "operator",
            "losses": "operator",
            "loss surplus": "operator",
            "congestion rent": "operator",
            "voltage rent": "operator",
        }
    )
    named = bills.assign(role=role)
    sums = named.groupby(["role", *keys], sort=False)["money_usd"].sum().reset_index()
    size = sums.groupby("role")["money_usd"].transform(lambda money: money.abs().max())
    order = sums.assign(size=size).sort_values("size", ascending=False, kind="stable")
    return order.drop(columns="size").reset_index(drop=True)


def _players(regimes: pd.DataFrame, prefix: str, suffix: str) -> pd.DataFrame:
    """Return the mean of a column of each bidder, one row per regime and bidder."""
    names = {
        column: column.removeprefix(f"{prefix}_").removesuffix(suffix)
        for column in regimes.columns
        if column.startswith(f"{prefix}_")
    }
    return _means(regimes, names)


def _means(regimes: pd.DataFrame, names: Mapping[str, str]) -> pd.DataFrame:
    """Return the mean of columns over runs, one row per column and regime."""
    means = regimes.groupby("regime", sort=False)[list(names)].mean()
    rows = means.reset_index().melt("regime", var_name="item")
    rows["item"] = rows["item"].map(names)
    return rows


def _pairs(left: pd.Series, right: pd.Series) -> list[tuple[object, object]]:
    return list(zip(left, right, strict=True))
