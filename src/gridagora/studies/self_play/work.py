"""Running one variant of a self-play study from one seed, and what is kept of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict

from gridagora.environment.kernels.generation import Rounds
from gridagora.environment.level_game import LevelGame
from gridagora.environment.self_play import SelfPlay
from gridagora.environment.streams import named_stream
from gridagora.learning.exploitability import mixed_exploitability
from gridagora.learning.neuroevolution import Neuroevolution
from gridagora.markets.markup_market import MarkupMarket
from gridagora.studies.contract import Tables
from gridagora.studies.self_play.config import SelfPlayConfig, Start
from gridagora.studies.self_play.worlds import PER_KWH
from gridagora.types.arrays import FloatArray

_JUDGED_ROUNDS = 50  # of a generation, for what could still be gained
_CANDIDATES = 31  # markups tried at first for the best one
_SAMPLE_EVERY = 10  # generations from one kept in ``played`` to the next
_SAMPLED_ROUNDS = 40  # of such a generation
_SEEDS = 2**62


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Variant:
    """One market of a study, and how its players begin and what they may do.

    Attributes:
        key: Name in keys of cells and in tables.
        market: Where they play.
        high: Highest markup. Currency/MWh, or what else ``unit`` says.
        low: Lowest markup, in the same unit.
        levels: The only markups allowed, in the same unit; ``None`` for all from
            ``low`` to ``high``.
        start: Kind of the first population.
        n_generation: Number of generations.
        context: What strategies see in each state of the market, of order one. Shape
            ``(n_state, n_context)``; ``None`` for nothing.
        unit: How much one of ``low`` and ``high`` is in the unit of the market's
            markups: 0.001 turns currency/MWh into currency/kWh, 0.01 percent into
            parts.
    """

    key: str
    market: MarkupMarket
    high: float
    n_generation: int
    low: float = 0.0
    levels: tuple[float, ...] | None = None
    start: Start = "random"
    context: FloatArray | None = None
    unit: float = PER_KWH


class Theory(BaseModel):
    """What follows from the parameters without playing: a cell.

    Attributes:
        key: Name of the cell.
        config: Parameters of the study.
    """

    model_config = ConfigDict(frozen=True)
    key: str = "theory"
    config: SelfPlayConfig


class Run(BaseModel):
    """One run of one variant: a cell.

    Attributes:
        key: Name of the cell.
        config: Parameters of the study.
        variant: Key of the variant.
        number: Number of the run, from 1.
    """

    model_config = ConfigDict(frozen=True)
    key: str
    config: SelfPlayConfig
    variant: str
    number: int


@dataclass(frozen=True, slots=True)
class Plan:
    """A study of runs, and of what follows from its parameters without playing.

    Attributes:
        variants: Returns the variants of a configuration by key.
        theory: Returns what follows from a configuration; ``None`` for nothing.
    """

    variants: Callable[[Any], Mapping[str, Variant]]
    theory: Callable[[Any], Tables] | None = None

    def cells(self, config: SelfPlayConfig) -> Sequence[Theory | Run]:
        """Return what follows without playing, and the runs of all variants.

        Raises:
            InputError: A market cannot be made, or does not fit the strategies, which
                is said before anything runs.
            UnknownNameError: A name that is not in the network.
            ClearingError: A load cannot be served.
        """
        variants = self.variants(config)
        for variant in variants.values():
            self_play(config, variant, seed=config.seed)
        known = [] if self.theory is None else [Theory(config=config)]
        return [*known, *runs(config, list(variants))]

    def run_cell(self, cell: Theory | Run) -> Tables:
        """Work out what follows without playing, or play one run."""
        if isinstance(cell, Run):
            return play(cell, self.variants(cell.config)[cell.variant])
        return {} if self.theory is None else self.theory(cell.config)


def runs(config: SelfPlayConfig, variants: Sequence[str]) -> list[Run]:
    """Return the runs of all variants: run 1 of each, then run 2 of each, and on."""
    return [
        Run(
            key=f"{variant}-{number:02d}",
            config=config,
            variant=variant,
            number=number,
        )
        for number in range(1, config.n_seed + 1)
        for variant in variants
    ]


def play(run: Run, variant: Variant) -> Tables:
    """Play all generations of a run.

    Returns:
        ``players`` and ``markets`` by generation, ``gaps`` (what each could still gain
        against what the others play) every so many generations, and ``played`` (a
        sample of the markups of the second half of the run); and ``states`` (mean
        markups and prices there by state) where the market has several. Money in
        currency/h, prices in currency/MWh, markups in the variant's unit. All with the
        columns ``variant`` and ``run`` before their own.
    """
    return play_out(self_play_of(run, variant), run, variant)


def self_play_of(run: Run, variant: Variant) -> SelfPlay:
    """Return the game of a run that has not begun."""
    return self_play(run.config, variant, seed=seed_of(run.config, run.key))


def play_out(game: SelfPlay, run: Run, variant: Variant) -> Tables:
    """Play all generations of a game that has not begun; see ``play``."""
    every = run.config.judge_every
    gaps, played, hours = [], [], []
    for generation in range(1, variant.n_generation + 1):
        rounds = game.step()
        if generation == 1 or generation % every == 0:
            gaps.append(_gaps(game, rounds, variant))
        late = 2 * generation > variant.n_generation
        last = generation == variant.n_generation
        if last or (late and generation % _SAMPLE_EVERY == 0):
            played.append(_sample(game, rounds, variant))
            hours.append(_by_state(game, rounds, variant))
    tables = {
        "players": _in_units(pd.DataFrame(game.players()), variant),
        "markets": _in_mwh(pd.DataFrame(game.markets())),
        "gaps": pd.concat(gaps, ignore_index=True),
        "played": pd.concat(played, ignore_index=True),
    }
    if variant.market.n_state > 1:
        keys = ["state", "player"]
        means = pd.concat(hours).groupby(keys, sort=False, as_index=False)
        tables["states"] = (
            means[["markup", "price"]].mean().sort_values("state", kind="stable")
        )
    return {
        name: labelled(table, variant=variant.key, run=run.number)
        for name, table in tables.items()
    }


def labelled(table: pd.DataFrame, **labels: object) -> pd.DataFrame:
    """Return a table with columns of one value each before its own."""
    head = pd.DataFrame(labels, index=table.index)
    return pd.concat([head, table], axis="columns")


def self_play(config: SelfPlayConfig, variant: Variant, *, seed: int) -> SelfPlay:
    """Return the game of a variant that has not begun.

    Raises:
        InvalidConfigError: Bounds, levels or context that strategies cannot use.
    """
    market = variant.market
    n_context = 0 if variant.context is None else variant.context.shape[1]
    levels = variant.levels
    learner = Neuroevolution(
        market.n_player,
        low=variant.low * variant.unit,
        high=variant.high * variant.unit,
        price_origin=first_prices(market),
        settings=config.genetic(start=variant.start, n_context=n_context),
        levels=None if levels is None else np.array(levels) * variant.unit,
    )
    return SelfPlay(market, learner, seed=seed, context=variant.context)


def seed_of(config: SelfPlayConfig, name: str) -> int:
    """Return the seed of a run: it hangs on the root seed and the run's name alone."""
    return int(named_stream(config.seed, name).integers(_SEEDS))


def first_prices(market: MarkupMarket) -> FloatArray:
    """Return the price at which the first order of each player begins.

    Returns:
        Currency/kWh. Shape ``(n_player,)``.
    """
    orders = market.orders[0]
    first = [
        int(np.flatnonzero(market.order_player == player)[0])
        for player in range(market.n_player)
    ]
    return orders.price_per_kwh[orders.start[first]]


def outcomes(
    market: MarkupMarket, markups: Mapping[str, Sequence[float]]
) -> pd.DataFrame:
    """Return what given markups lead to, one row each.

    Args:
        market: Any.
        markups: Of all players, in their order, by the name of the case. Currency/MWh.

    Returns:
        Columns ``case``, ``price_per_mwh``, ``consumer_per_h``, ``producer_per_h``,
        ``rent_per_h``, and a column ``profit_NAME_per_h`` for each player.
    """
    cleared = market.clear(np.array(list(markups.values()), dtype=float) * PER_KWH)
    profits = {
        f"profit_{name}_per_h": cleared.profit_per_h[:, at]
        for at, name in enumerate(market.player)
    }
    return pd.DataFrame(
        {
            "case": list(markups),
            "price_per_mwh": cleared.mean_price_per_kwh / PER_KWH,
            "consumer_per_h": cleared.consumer_per_h,
            "producer_per_h": cleared.producer_per_h,
            "rent_per_h": cleared.rent_per_h,
            **profits,
        }
    )


def level_table(
    market: MarkupMarket, levels: Sequence[float], unit: float = PER_KWH
) -> pd.DataFrame:
    """Return what every joint choice of a few markups leads to.

    Args:
        market: Any.
        levels: Markups that each player chooses from, in ``unit``.
        unit: The market's unit in one of these.

    Returns:
        One row for each joint choice: a column ``markup_NAME`` and a column
        ``profit_NAME_per_h`` for each player, ``price`` in currency/MWh, and
        ``is_equilibrium``.
    """
    game = LevelGame(market.profits, np.array(levels) * unit, n_player=market.n_player)
    shape = [game.n_level] * game.n_player
    joint = np.indices(shape).reshape(game.n_player, -1).T
    equilibria = set(game.equilibria())
    cleared = market.clear(game.asked(joint))
    names = market.player
    return pd.DataFrame(
        {
            **{
                f"markup_{name}": np.array(levels)[joint[:, at]]
                for at, name in enumerate(names)
            },
            **{
                f"profit_{name}_per_h": game.table[:, at]
                for at, name in enumerate(names)
            },
            "price": cleared.mean_price_per_kwh / PER_KWH,
            "is_equilibrium": [tuple(row) in equilibria for row in joint.tolist()],
        }
    )


def _gaps(game: SelfPlay, rounds: Rounds, variant: Variant) -> pd.DataFrame:
    """Return what each player could gain by one markup for all rounds and states.

    Where only some markups are allowed, by one of them.
    """
    every = max(rounds.markup.shape[0] // _JUDGED_ROUNDS, 1)
    market = game.market

    def profits(asked: FloatArray) -> FloatArray:
        markup = _allowed(asked, variant)
        states = np.zeros(markup.shape[0], dtype=np.int64)
        paid = [market.profits(markup, states + at) for at in range(market.n_state)]
        mean: FloatArray = np.mean(paid, axis=0)
        return mean

    gain = mixed_exploitability(
        profits,
        rounds.markup[::every],
        variant.low * variant.unit,
        variant.high * variant.unit,
        n_candidate=_CANDIDATES,
        refinements=1,
    )
    earned = np.abs(rounds.profit_per_h.mean(axis=0))
    return pd.DataFrame(
        {
            "generation": game.generation,
            "player": market.player,
            "gain_per_h": gain,
            "earned_per_h": earned,
        }
    )


def _allowed(markup: FloatArray, variant: Variant) -> FloatArray:
    """Return the allowed markups that are nearest, the lower one of two as near."""
    if variant.levels is None:
        return markup
    levels: FloatArray = np.array(variant.levels) * variant.unit
    middle = (levels[1:] + levels[:-1]) / 2.0
    return levels[np.searchsorted(middle, markup)]


def _sample(game: SelfPlay, rounds: Rounds, variant: Variant) -> pd.DataFrame:
    """Return the markups of some rounds of a generation, evenly apart."""
    every = max(rounds.markup.shape[0] // _SAMPLED_ROUNDS, 1)
    markup = rounds.markup[::every] / variant.unit
    return pd.DataFrame(
        {
            "generation": game.generation,
            "player": np.tile(game.market.player, markup.shape[0]),
            "markup": markup.ravel(),
        }
    )


def _by_state(game: SelfPlay, rounds: Rounds, variant: Variant) -> pd.DataFrame:
    """Return mean markup and price of each player in each state of the market."""
    n_round, n_player = rounds.markup.shape
    first = (game.generation - 1) * n_round
    state = (first + np.arange(n_round)) % game.market.n_state
    return pd.DataFrame(
        {
            "state": np.repeat(state, n_player),
            "player": np.tile(game.market.player, n_round),
            "markup": rounds.markup.ravel() / variant.unit,
            "price": rounds.price_per_kwh.ravel() / PER_KWH,
        }
    )


def _in_units(table: pd.DataFrame, variant: Variant) -> pd.DataFrame:
    """Return a table of players with markups in the variant's unit."""
    for column in ("markup", "markup_low", "markup_high"):
        table[column] /= variant.unit
    return _in_mwh(table)


def _in_mwh(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table with its price per MWh, called ``price``."""
    for column in ("price_per_kwh", "mean_price_per_kwh"):
        if column in table:
            table[column] /= PER_KWH
    names = {"price_per_kwh": "price", "mean_price_per_kwh": "price"}
    return table.rename(columns=names)
