"""Charts of the five-bus study."""

from collections.abc import Mapping

import altair as alt
import pandas as pd

from gridagora.figures.bars import bars
from gridagora.figures.payoff_table import payoff_table
from gridagora.figures.response import response
from gridagora.figures.tables import Measure
from gridagora.figures.trajectories import trajectories
from gridagora.studies.contract import Tables
from gridagora.studies.self_play.five_bus_world import DOUBLED, LIMITED
from gridagora.studies.self_play.pictures import (
    SIDES,
    gap_band,
    markup_panels,
    of_variant,
    surplus_band,
)
from gridagora.studies.self_play.reading import by_run

_MARKUP = "per MWh"
_CASES = {
    "marginal cost": "all at marginal cost",
    "G1 low": "equilibrium, G1 low",
}

CAPTIONS = {
    "markups": "Each run locks into one of the two equilibria and stays: G3, in the "
    "pocket behind the full line, and one of G1 and G2 ask the most. The markup of the "
    "other one changes nothing for itself and drifts. Bands hold the middle 80 % of "
    "the markups played.",
    "surplus": "Benefits of consumers and producers and the congestion rent over the "
    "generations of all runs; lines are what the known equilibrium gives.",
    "benefits": "The same amounts in numbers: all at marginal cost, the known "
    "equilibrium, and what self-play ended at with the line at 100 and at 200 MW.",
    "markups-doubled": "With twice the line no pair of markups is stable and the "
    "markups stay in the lower third.",
    "nash-gap": "In percent of what producers earn on average. At zero nobody gains by "
    "another markup: the claim that this is an equilibrium, as a number.",
    "payoffs": "Profits of G1 and G2 on the earlier article's markups, G3 at the top; "
    "the outlined pairs are the equilibria of all three.",
    "q-learning": "Stateless Q-learners on the same four markups, first run of each "
    "setting: which equilibrium most rounds of a window of 50 were near. 1 is G1 low, "
    "2 is G2 low, 0 is neither.",
    "strategy": "The fittest strategy of G3 at the end of run 1, line doubled: its "
    "next markup for every last markup and last price of its own. It goes on asking a "
    "lot where it asked a lot and the price was high.",
    "equilibria": "What given markups lead to, by the market alone, and what somebody "
    "could gain at most by another markup from 0 to 30. Profits in currency/h.",
    "power": "Shares, Lerner index (price less marginal cost, over price), residual "
    "supply index (the part of the load that the others could serve through the "
    "network; below 1 the producer is needed) and Herfindahl index.",
    "alternation": "How often Q-learners moved from one equilibrium to the other, by "
    "exploration and step, over all runs.",
}


def figures(tables: Tables) -> Mapping[str, alt.TopLevelMixin]:
    """Return the charts by name, in reading order."""
    known = tables["outcomes"].query("variant == @LIMITED and case == 'G1 low'")
    drawn = {
        "markups": markup_panels(
            tables, LIMITED, title="Markups with the line at its limit"
        ),
        "surplus": surplus_band(
            tables,
            LIMITED,
            title="Who gains what, line at its limit",
            levels={
                "producers, known": float(known["producer_per_h"].iloc[0]),
                "consumers, known": float(known["consumer_per_h"].iloc[0]),
            },
        ),
        "benefits": _benefits(tables),
        "markups-doubled": markup_panels(
            tables, DOUBLED, title="Markups with the line doubled"
        ),
        "nash-gap": gap_band(
            tables,
            {LIMITED: "line at its limit", DOUBLED: "line doubled"},
            title="What the best single markup would gain one producer",
        ),
        "payoffs": _payoffs(tables),
        "q-learning": _visits(tables),
    }
    if not tables["strategies"].empty:
        drawn["strategy"] = _strategy(tables)
    return drawn


def _benefits(tables: Tables) -> alt.TopLevelMixin:
    """Show who gains what by known markups and at the end of self-play."""
    outcomes = tables["outcomes"].query("variant == @LIMITED")
    rows = []
    for case, title in _CASES.items():
        row = outcomes[outcomes["case"] == case].iloc[0]
        rows += [(title, side, float(row[name])) for name, side in SIDES.items()]
    for key, title in ((LIMITED, "self-play"), (DOUBLED, "self-play, line doubled")):
        for name, side in SIDES.items():
            mean = by_run(tables, "markets", name, key)["value"].mean()
            rows.append((title, side, float(mean)))
    return bars(
        pd.DataFrame(rows, columns=["case", "side", "benefit_per_h"]),
        category=Measure("case", "Case"),
        value=Measure("benefit_per_h", "Benefit", "per h", format=",.0f"),
        title="Who gains what",
        group="side",
    )


def _payoffs(tables: Tables) -> alt.TopLevelMixin:
    """Show the profits of G1 and G2 on few markups, with G3 at the highest."""
    game = tables["levels"]
    game = game[game["markup_G3"] == game["markup_G3"].max()]
    texts = [
        f"{one:,.0f} | {two:,.0f}"
        for one, two in zip(
            game["profit_G1_per_h"], game["profit_G2_per_h"], strict=True
        )
    ]
    both = game["profit_G1_per_h"] + game["profit_G2_per_h"]
    return payoff_table(
        game.assign(text=texts, both=both),
        row=Measure("markup_G1", "Markup of G1", _MARKUP, format=".0f"),
        column=Measure("markup_G2", "Markup of G2", _MARKUP, format=".0f"),
        value=Measure("both", "Profit of both", "per h", format=",.0f"),
        title="Profits of G1 and G2 with G3 at the top",
        label="text",
        marked="is_equilibrium",
        subtitle="G1 | G2, currency/h. Outlined: equilibria.",
    )


def _visits(tables: Tables) -> alt.TopLevelMixin:
    """Show at which equilibrium the first run of each setting was."""
    first = tables["visits"].query("run == 1")
    return trajectories(
        first.assign(place=first["equilibrium"] + 1, who="first run"),
        x=Measure("round", "Round", format=".0f"),
        y=Measure("place", "Equilibrium", format=".0f", domain=(0, 2)),
        group="who",
        panel="setting",
        title="Q-learners between two equilibria",
        subtitle="0: neither, 1: G1 low, 2: G2 low.",
        columns=1,
        stepped=True,
    )


def _strategy(tables: Tables) -> alt.TopLevelMixin:
    """Show what the fittest strategy of G1 answers, and what it met."""
    own = tables["strategies"].query("player == 'G3'")
    met = of_variant(tables["players"], DOUBLED).query("player == 'G3' and run == 1")
    dots = met.rename(columns={"markup": "last_markup", "price": "last_price"})
    low, high = own["last_price"].min(), own["last_price"].max()
    return response(
        own,
        x=Measure("last_markup", "Last markup", _MARKUP, format=".0f"),
        y=Measure("last_price", "Last price", _MARKUP, format=".0f"),
        value=Measure("next_markup", "Next markup", _MARKUP, format=".1f"),
        title="What a strategy of G3 does next, line doubled",
        subtitle="Dots: mean markup and price of each generation of the run.",
        dots=dots[dots["last_price"].between(low, high)],
    )
