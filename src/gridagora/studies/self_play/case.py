"""Self-play in a network of the user's own, in one hour or over a day."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any, Self

import altair as alt
import numpy as np
import pandas as pd
from pydantic import model_validator

from gridagora.figures.tables import Measure
from gridagora.figures.trajectories import trajectories
from gridagora.markets.markup_market import MarkupMarket
from gridagora.studies.contract import Origin, Study, Tables, parameter
from gridagora.studies.self_play.config import ARTICLE, FREE, SelfPlayConfig
from gridagora.studies.self_play.pictures import (
    gap_band,
    markup_panels,
    price_band,
    surplus_band,
)
from gridagora.studies.self_play.reading import by_run, headline
from gridagora.studies.self_play.work import Plan, Variant, first_prices, outcomes
from gridagora.studies.self_play.worlds import PER_KWH
from gridagora.types.arrays import FloatArray
from gridagora.types.nodal_case import NodalCase
from gridagora.types.orders import CurveColumns

_KEY = "case"
_EXAMPLE = "ours, the five-bus benchmark"
_Rows = tuple[Mapping[str, Any], ...]

_BRANCHES: _Rows = tuple(
    {
        "branch": f"{a}-{b}",
        "from_bus": a,
        "to_bus": b,
        "reactance_pu": reactance,
        "limit_kw": 100e3 if (a, b) == ("2", "5") else None,
    }
    for a, b, reactance in (
        ("1", "2", 0.1),
        ("2", "3", 0.1),
        ("1", "4", 0.1),
        ("3", "4", 0.1),
        ("2", "5", 0.1),
        ("4", "5", 0.2),
    )
)
_GENERATORS: _Rows = (
    {
        "participant": "G1",
        "bus": "1",
        "quantity_kw": (0.0, 255e3),
        "price_per_kwh": (0.0175, 0.02359218715),
    },
    {
        "participant": "G2",
        "bus": "3",
        "quantity_kw": (0.0, 255e3),
        "price_per_kwh": (0.0175, 0.02359218715),
    },
    {
        "participant": "G3",
        "bus": "5",
        "quantity_kw": (0.0, 260e3),
        "price_per_kwh": (0.02234341889, 0.02949341889),
    },
)
_LOADS: _Rows = tuple(
    {
        "participant": f"load {bus}",
        "bus": bus,
        "quantity_kw": (demand,),
        "price_per_kwh": (0.06,),
    }
    for bus, demand in (("2", 55e3), ("3", 55e3), ("4", 50e3), ("5", 340e3))
)


class Config(SelfPlayConfig):
    """Parameters of self-play in any network.

    The tables of the network are in kW and currency/kWh, as files of ``gridagora
    convert`` have them; markups and results in currency/MWh.
    """

    n_seed: int = parameter(
        4, Origin.DERIVED, "", FREE, "Runs, each with its own seed.", ge=1
    )
    n_generation: int = parameter(
        200, Origin.DERIVED, "", FREE, "Generations of each run.", ge=2
    )
    branches: _Rows = parameter(
        _BRANCHES,
        Origin.FITTED,
        "",
        _EXAMPLE,
        "Rows with from_bus, to_bus, and maybe branch, reactance_pu and limit_kw.",
    )
    generators: _Rows = parameter(
        _GENERATORS,
        Origin.FITTED,
        "",
        _EXAMPLE,
        "Rows with participant, bus, and the corners of the marginal cost: quantity_kw "
        "and price_per_kwh.",
    )
    loads: _Rows = parameter(
        _LOADS,
        Origin.FITTED,
        "",
        _EXAMPLE,
        "Rows with participant, bus, and the corners of the marginal value; one corner "
        "is an inelastic load.",
    )
    reference: str | None = parameter(
        None, Origin.DERIVED, "", FREE, "Reference bus; the first named when null."
    )
    players: Mapping[str, tuple[str, ...]] | None = parameter(
        None,
        Origin.DERIVED,
        "",
        FREE,
        "Participants whose curves each player declares, elastic loads among them; "
        "null: every generator plays for itself.",
    )
    lowest_markup: float = parameter(
        0.0, Origin.DERIVED, "currency/MWh", FREE, "Least that can be added."
    )
    highest_markup: float = parameter(
        30.0, Origin.PRINTED, "currency/MWh", ARTICLE, "Most that can be added."
    )
    levels: tuple[float, ...] | None = parameter(
        None,
        Origin.DERIVED,
        "currency/MWh",
        FREE,
        "The only markups allowed; null: all between the bounds.",
    )
    pays_bid: bool = parameter(
        False,  # noqa: FBT003  (the default of a field)
        Origin.DERIVED,
        "",
        FREE,
        "Whether everybody is settled at the own declared prices.",
    )
    load_factors: tuple[float, ...] = parameter(
        (),
        Origin.DERIVED,
        "",
        FREE,
        "What all loads are multiplied with, hour by hour; none for a single hour.",
    )
    sees_load: bool = parameter(
        True,  # noqa: FBT003  (the default of a field)
        Origin.DERIVED,
        "",
        "the article suggests more inputs",
        "Whether strategies see the load of the hour.",
    )

    @model_validator(mode="after")
    def _numbers_fit(self) -> Self:
        low, high = self.lowest_markup, self.highest_markup
        faults = []
        if not low < high:
            faults.append(
                f"markup bounds reversed: lowest_markup is {low:g} and highest_markup "
                f"{high:g}, expected lowest < highest"
            )
        if any(factor < 0.0 for factor in self.load_factors):
            faults.append(
                f"load_factors are {self.load_factors}, expected numbers >= 0"
            )
        if self.levels is not None and not _rise_within(self.levels, low, high):
            faults.append(
                f"levels are {self.levels}, expected rising numbers from {low:g} to "
                f"{high:g}"
            )
        if faults:
            raise ValueError("; ".join(faults))
        return self


def _rise_within(levels: Sequence[float], low: float, high: float) -> bool:
    """Return whether there are levels, each above the one before, all in bounds."""
    ends = [low, *levels, high]
    rising = all(one < next_ for one, next_ in pairwise(levels))
    return bool(levels) and rising and min(ends) == low and max(ends) == high


def case_of(config: Config) -> NodalCase:
    """Return the network with its generators and loads.

    Raises:
        InvalidNetworkError: The branches form no network, or columns are missing.
        InvalidOrderError: Curves that are not sound.
        UnknownNameError: A generator or a load is at no bus of the network.
    """
    return NodalCase.from_tables(
        _columns(config.branches),
        _columns(config.generators),
        _columns(config.loads),
        reference=config.reference,
    )


def market(config: Config) -> MarkupMarket:
    """Return the market; it has a state for each load factor.

    Raises:
        InvalidOrderError: Orders that cannot be played with, see ``MarkupMarket``.
        ClearingError: A load cannot be served.
    """
    case = case_of(config)
    books = [_scaled(case.orders, factor) for factor in config.load_factors or (1.0,)]
    return MarkupMarket(
        case.network, books, players=config.players, pays_bid=config.pays_bid
    )


def variants(config: Config) -> dict[str, Variant]:
    """Return the one variant."""
    only = Variant(
        key=_KEY,
        market=market(config),
        low=config.lowest_markup,
        high=config.highest_markup,
        n_generation=config.n_generation,
        levels=config.levels,
        context=_context(config),
    )
    return {_KEY: only}


def _theory(config: Config) -> Tables:
    """Return what truth and the highest markups of all lead to, and first prices."""
    here = market(config)
    truth = [0.0] * here.n_player
    top = [config.highest_markup] * here.n_player
    return {
        "outcomes": outcomes(here, {"marginal cost": truth, "all at the top": top}),
        "first_prices": pd.DataFrame(
            {"player": here.player, "first_price": first_prices(here) / PER_KWH}
        ),
    }


def _columns(rows: _Rows) -> dict[str, list[Any]]:
    """Turn rows into columns; what a row does not have is None."""
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: [row.get(name) for row in rows] for name in names}


def _scaled(orders: CurveColumns, factor: float) -> CurveColumns:
    """Return the same orders with the quantities of all bids multiplied."""
    size = np.diff(orders.start)
    scale = np.repeat(np.where(orders.is_bid, factor, 1.0), size)
    return replace(orders, quantity_kw=orders.quantity_kw * scale)


def _context(config: Config) -> FloatArray | None:
    """Return the load of each hour, from 0 for the least to 1 for the most."""
    if not config.load_factors or not config.sees_load:
        return None
    factors = np.array(config.load_factors)
    width = np.ptp(factors) or 1.0
    scaled: FloatArray = (factors - factors.min()) / width
    return scaled[:, None]


def figures(tables: Tables) -> Mapping[str, alt.TopLevelMixin]:
    """Return the charts by name, in reading order."""
    drawn = {
        "markups": markup_panels(tables, _KEY, title="Markups of the first runs"),
        "price": price_band(tables, {_KEY: "price"}, title="Mean price"),
        "surplus": surplus_band(tables, _KEY, title="Who gains what"),
        "nash-gap": gap_band(
            tables,
            {_KEY: "largest gain"},
            title="What the best single markup would gain one player",
        ),
    }
    if "states" in tables:
        drawn["hours"] = _hours(tables)
    return drawn


def _hours(tables: Tables) -> alt.TopLevelMixin:
    """Show mean markup and price of each player by hour."""
    means = tables["states"].groupby(["state", "player"], sort=False, as_index=False)
    sides = means[["markup", "price"]].mean().melt(id_vars=["state", "player"])
    names = {"markup": "mean markup", "price": "mean price"}
    return trajectories(
        sides.assign(variable=sides["variable"].map(names)),
        x=Measure("state", "Hour", format=".0f"),
        y=Measure("value", "Markup and price", "per MWh", format=".1f"),
        group="player",
        panel="variable",
        title="Markups and prices by hour, second half of all runs",
    )


def report_tables(tables: Tables) -> Mapping[str, pd.DataFrame]:
    """Return what truth, the highest markups and self-play lead to."""
    known = tables["outcomes"]
    names = ("price", "consumer_per_h", "producer_per_h", "rent_per_h")
    ended = [by_run(tables, "markets", name, _KEY)["value"].mean() for name in names]
    columns = ["case", "price_per_mwh", *names[1:]]
    rows = [*known[columns].to_numpy().tolist(), ["self-play", *ended]]
    heads = [
        "Markups",
        "Price (per MWh)",
        "Consumers (per h)",
        "Producers (per h)",
        "Rent (per h)",
    ]
    return {"ends": pd.DataFrame(rows, columns=heads)}


CAPTIONS = {
    "markups": "Mean markups of each generation by player. Bands hold the middle 80 % "
    "of what was played.",
    "price": "Payments over power bought; the band is the spread over runs.",
    "surplus": "Benefits by the true curves; bands are the spread over runs.",
    "nash-gap": "What the player furthest from a best answer could still gain by one "
    "markup for all hours, in percent of what players earn on average.",
    "hours": "Strategies see the load of the hour; means over the second half of all "
    "runs.",
    "ends": "All at their true curves, all at the highest markup (both in the first "
    "hour), and the means of the second half of all runs.",
}

PLAN = Plan(variants, theory=_theory)

STUDY = Study(
    name="self-play-case",
    title="Self-play in a network of your own",
    lead="Generators, and elastic loads where asked, bid with markups that evolve "
    "against each other in the network of the configuration: tables in a file, written "
    "by hand or by the command convert from MATPOWER, PYPOWER or pandapower.",
    source=ARTICLE,
    config=Config,
    cells=PLAN.cells,
    run_cell=PLAN.run_cell,
    figures=figures,
    captions=CAPTIONS,
    targets=(),
    departures=(),
    report_tables=report_tables,
    headline=headline,
)
