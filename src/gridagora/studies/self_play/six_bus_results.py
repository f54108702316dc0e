"""Charts, tables and targets of the six-bus study."""

from collections.abc import Callable, Mapping

import altair as alt
import numpy as np
import pandas as pd

from gridagora.figures.payoff_table import payoff_table
from gridagora.figures.tables import Measure
from gridagora.studies.contract import Origin, Tables, Target
from gridagora.studies.self_play.pictures import gap_band, markup_panels
from gridagora.studies.self_play.reading import by_run
from gridagora.studies.self_play.six_bus_world import (
    CONFIGURATIONS,
    LINCOLN,
    PLAYERS,
    key_of,
)

_Read = Callable[[Tables], float]


def figures(tables: Tables) -> Mapping[str, alt.TopLevelMixin]:
    """Return the charts by name, in reading order."""
    markup = Measure("markup", "Markup", "% of cost", format=".1f")
    drawn: dict[str, alt.TopLevelMixin] = {}
    for name, title in CONFIGURATIONS.items():
        drawn[f"rewards-{name}"] = _payoffs(tables, name, title)
    for name, title in CONFIGURATIONS.items():
        drawn[f"markups-{name}"] = markup_panels(
            tables,
            key_of(name),
            title=f"Markups of self-play, {title}",
            measure=markup,
        )
    drawn["nash-gap"] = gap_band(
        tables,
        {key_of(name): title for name, title in CONFIGURATIONS.items()},
        title="What the best single markup would gain one producer",
    )
    return drawn


def _payoffs(tables: Tables, name: str, title: str) -> alt.TopLevelMixin:
    """Show the rewards of all joint markups with one set of costs."""
    game = _of(tables["rewards"], configuration=name)
    one, two = (game[f"profit_{player}_per_h"] for player in PLAYERS)
    texts = [f"{a:.1f} | {b:.1f}" for a, b in zip(one, two, strict=True)]
    return payoff_table(
        game.assign(text=texts, both=one + two),
        row=Measure("markup_G2", "Markup of G2", "%", format=".0f"),
        column=Measure("markup_G1", "Markup of G1", "%", format=".0f"),
        value=Measure("both", "Reward of both", "per h", format=".0f"),
        title=f"Rewards of all joint markups, {title}",
        label="text",
        marked="is_equilibrium",
        subtitle="G1 | G2, currency/h. Outlined: the equilibrium.",
    )


def report_tables(tables: Tables) -> Mapping[str, pd.DataFrame]:
    """Return where learners and self-play ended."""
    rows = []
    for name in CONFIGURATIONS:
        learned = _of(tables["learners"], configuration=name)
        for learner, part in learned.groupby("learner", sort=False):
            means = part.groupby("player")[["markup", "reward_per_h"]].mean()
            rows.append((name, str(learner), *means.to_numpy().ravel()))
        both = [
            by_run(tables, "players", column, key_of(name))
            .groupby("player")["value"]
            .mean()
            for column in ("markup", "profit_per_h")
        ]
        rows.append((name, "self-play", *np.column_stack(both).ravel()))
    heads = [
        f"{what} of {player} ({unit})"
        for player in PLAYERS
        for what, unit in (("Markup", "%"), ("Reward", "per h"))
    ]
    return {
        "ends": pd.DataFrame(rows, columns=["Configuration", "Learner", *heads]),
    }


def _of(table: pd.DataFrame, **where: str) -> pd.DataFrame:
    """Return the rows with given values in given columns."""
    for column, value in where.items():
        table = table[table[column] == value]
    return table


def _reward(name: str, player: str, markups: tuple[float, float]) -> _Read:
    """Read the reward of a player at a pair of markups of G1 and G2."""

    def read(tables: Tables) -> float:
        game = _of(tables["rewards"], configuration=name)
        for own, markup in zip(PLAYERS, markups, strict=True):
            game = game[game[f"markup_{own}"] == markup]
        return float(game[f"profit_{player}_per_h"].item())

    return read


def _is_equilibrium(name: str, markups: tuple[float, float]) -> _Read:
    """Read whether a pair of markups is the only equilibrium."""

    def read(tables: Tables) -> float:
        game = _of(tables["rewards"], configuration=name)
        game = game[game["is_equilibrium"]]
        found = [tuple(row) for row in game[["markup_G1", "markup_G2"]].to_numpy()]
        return float(found == [markups])

    return read


def _printed(name: str) -> _Read:
    """Read how many of the 32 printed rewards come out to the printed digit."""

    def read(tables: Tables) -> float:
        equal = 0
        for two, row in zip(_MARKUPS, _PRINTED[name], strict=True):
            for one, pair in zip(_MARKUPS, row, strict=True):
                for player, reward in zip(PLAYERS, pair, strict=True):
                    found = _reward(name, player, (one, two))(tables)
                    equal += abs(found - reward) <= _HALF_DIGIT
        return float(equal)

    return read


def _ended(name: str, learner: str, player: str) -> _Read:
    """Read the mean late markup of a player over runs of a learner. %."""

    def read(tables: Tables) -> float:
        learned = _of(
            tables["learners"], configuration=name, learner=learner, player=player
        )
        return float(learned["markup"].mean())

    return read


def _evolved(name: str, player: str) -> _Read:
    """Read the mean late markup of a player over runs of self-play. %."""

    def read(tables: Tables) -> float:
        means = by_run(tables, "players", "markup", key_of(name))
        return float(means[means["player"] == player]["value"].mean())

    return read


_HALF_DIGIT = 0.0501  # currency/h; half of the last digit printed, and rounding
_MARKUPS = (0.0, 10.0, 20.0, 30.0)
_PRINTED = {
    "1": tuple(tuple((40.0 * one, 33.0 * two) for one in range(4)) for two in range(4)),
    "2": (
        ((0.0, 0.0), (51.0, 0.0), (0.0, 0.0), (0.0, 0.0)),
        ((0.0, 49.5), (51.0, 49.5), (0.0, 49.5), (0.0, 49.5)),
        ((0.0, 92.2), (51.0, 99.0), (0.0, 99.0), (0.0, 99.0)),
        ((0.0, 126.8), (54.8, 138.4), (0.0, 148.5), (0.0, 148.5)),
    ),
}
"""Rewards of G1 and G2; rows by the markup of G2, columns by that of G1."""

_EQUILIBRIA: Mapping[str, tuple[tuple[float, float], tuple[float, float]]] = {
    "1": ((30.0, 30.0), (120.0, 99.0)),
    "2": ((10.0, 30.0), (54.8, 138.4)),
}
"""Markups of the equilibrium and rewards there, of G1 and G2."""

CAPTIONS = {
    "rewards-1": "Rewards that the market gives for every pair of markups; all are "
    "those that Lincoln prints. Neither producer is ever displaced, so both ask the "
    "most.",
    "rewards-2": "With closer costs G1 falls out of the merit order above 10 %, for it "
    "would be dearer than G3 at 6.",
    "markups-1": "Self-play on all markups from 0 to 30 %. Bands hold the middle 80 % "
    "of the markups played.",
    "markups-2": "G1 goes beyond the 10 % of four markups, up to just below 17.6 %, "
    "where its bid meets the cost of G3.",
    "nash-gap": "In percent of what producers earn on average.",
    "ends": "Means of late rounds over runs: the learners on four markups, and "
    "self-play on all from 0 to 30 %.",
}

TARGETS = (
    *(
        Target(
            f"configuration {name}: printed rewards that come out, of 32",
            32.0,
            0.0,
            Origin.REFERENCE,
            f"{LINCOLN}, table of agent rewards",
            _printed(name),
        )
        for name in _EQUILIBRIA
    ),
    *(
        Target(
            f"configuration {name}: ({one:g} %, {two:g} %) is the only equilibrium "
            "(1: yes)",
            1.0,
            0.0,
            Origin.REFERENCE,
            f"{LINCOLN}; G1 first",
            _is_equilibrium(name, (one, two)),
        )
        for name, ((one, two), _) in _EQUILIBRIA.items()
    ),
    *(
        Target(
            f"configuration {name}: reward of {player} there, currency/h",
            reward,
            0.05,
            Origin.REFERENCE,
            LINCOLN,
            _reward(name, player, markups),
        )
        for name, (markups, rewards) in _EQUILIBRIA.items()
        for player, reward in zip(PLAYERS, rewards, strict=True)
    ),
    *(
        Target(
            f"configuration {name}: late markup of {player}, Q-learning, %",
            markup,
            1.5,
            Origin.REFERENCE,
            f"{LINCOLN}: Q-learning finds the equilibrium",
            _ended(name, "q-learning", player),
        )
        for name, (markups, _) in _EQUILIBRIA.items()
        for player, markup in zip(PLAYERS, markups, strict=True)
    ),
    *(
        Target(
            f"configuration 1: markup of {player} in self-play, %",
            30.0,
            0.5,
            Origin.DERIVED,
            "both sell the same whatever they ask up to 30 %",
            _evolved("1", player),
        )
        for player in PLAYERS
    ),
    Target(
        "configuration 2: markup of G1 in self-play, %",
        100.0 * (6.0 / 5.1 - 1.0),
        2.0,
        Origin.DERIVED,
        "just below the cost of G3, 6 / 5.1; mutants keep a distance",
        _evolved("2", "G1"),
    ),
)
