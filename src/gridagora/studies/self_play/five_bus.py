"""Three producers in a meshed network of five buses with one line at its limit.

Two symmetric equilibria are known. Self-play locks into one of them; Q-learning on a
few markups, as in the earlier article, goes from one to the other and back.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict

from gridagora.environment.level_game import LevelGame, alternations, visits
from gridagora.environment.self_play import SelfPlay
from gridagora.environment.streams import named_stream
from gridagora.learning.epsilon_greedy import EpsilonGreedy
from gridagora.learning.exploitability import scalar_exploitability
from gridagora.markets.power_indices import power_indices
from gridagora.studies.contract import Study, Tables
from gridagora.studies.self_play.config import ARTICLE
from gridagora.studies.self_play.five_bus_pictures import CAPTIONS, figures
from gridagora.studies.self_play.five_bus_targets import (
    DEPARTURES,
    TARGETS,
    report_tables,
)
from gridagora.studies.self_play.five_bus_world import (
    DOUBLED,
    UNITS,
    Config,
    market,
    variants,
)
from gridagora.studies.self_play.reading import headline
from gridagora.studies.self_play.work import (
    Plan,
    Run,
    Theory,
    labelled,
    level_table,
    outcomes,
    play_out,
    self_play_of,
)
from gridagora.studies.self_play.worlds import PER_KWH

_WINDOW = 50  # rounds in which play is at one equilibrium or at none
_NOWHERE = -1
_GRID_POINTS = 21  # markups and prices at which a strategy is asked
_PRICE_REACH = 1.4  # widths of the markups above the first price: the highest met


class QLearning(BaseModel):
    """Stateless Q-learners on a few markups, several runs side by side: a cell.

    Attributes:
        key: Name of the cell.
        config: Parameters of the study.
        setting: Name of the exploration and step.
    """

    model_config = ConfigDict(frozen=True)
    key: str
    config: Config
    setting: str


def cells(config: Config) -> Sequence[Theory | QLearning | Run]:
    """Return the known outcomes, the Q-learners, and the runs of both variants.

    Raises:
        GridagoraError: As for ``Plan.cells``.
    """
    known, *played = PLAN.cells(config)
    learners = [
        QLearning(key=f"q-learning-{name}", config=config, setting=name)
        for name in config.q_learning
    ]
    return [known, *learners, *played]


def run_cell(cell: Theory | QLearning | Run) -> Tables:
    """Work out what is known, let Q-learners play, or play one run."""
    if isinstance(cell, QLearning):
        return _q_learning(cell)
    if isinstance(cell, Run) and (cell.variant, cell.number) == (DOUBLED, 1):
        variant = PLAN.variants(cell.config)[cell.variant]
        game = self_play_of(cell, variant)
        tables = play_out(game, cell, variant)
        return {**tables, "strategies": _strategies(game)}
    return PLAN.run_cell(cell)


def _theory(config: Config) -> Tables:
    """Return what known markups lead to, power indices, and the game on few levels."""
    top = config.highest_markup
    cases = {
        "marginal cost": (0.0, 0.0, 0.0),
        "G1 low": (0.0, top, top),
        "G2 low": (top, 0.0, top),
        "all at the top": (top, top, top),
    }
    found, indices = [], []
    for key, variant in variants(config).items():
        here = variant.market
        table = outcomes(here, cases)
        gain = [
            scalar_exploitability(
                here.profits, np.array(markup) * PER_KWH, 0.0, top * PER_KWH
            ).max()
            for markup in cases.values()
        ]
        found.append(labelled(table.assign(largest_gain_per_h=gain), variant=key))
        for name in ("marginal cost", "G1 low"):
            dispatch = here.dispatch(np.array(cases[name]) * PER_KWH)
            table = pd.DataFrame(power_indices(dispatch, here.orders[0]))
            indices.append(labelled(table, variant=key, case=name))
    limited = market(config, limit=config.limit)
    return {
        "outcomes": pd.concat(found, ignore_index=True),
        "indices": pd.concat(indices, ignore_index=True),
        "levels": level_table(limited, config.levels),
    }


def _q_learning(cell: QLearning) -> Tables:
    """Play many rounds and count how often play moves between both equilibria."""
    config = cell.config
    epsilon, step = config.q_learning[cell.setting]
    profits = market(config, limit=config.limit).profits
    levels = np.array(config.levels) * PER_KWH
    game = LevelGame(profits, levels, n_player=len(UNITS))
    learner = EpsilonGreedy(
        config.n_seed * len(UNITS),
        len(config.levels),
        epsilon=epsilon,
        step=step,
        start=0.0,
    )
    stream = named_stream(config.seed, cell.key)
    history = game.play(learner, config.n_round, stream)
    equilibria = game.equilibria()
    n_run, n_window = config.n_seed, config.n_round // _WINDOW
    at = np.full((n_run, n_window), _NOWHERE)
    moves = np.zeros(n_run, dtype=np.int64)
    if equilibria:
        at = visits(history, equilibria, window=_WINDOW)
        moves = alternations(history, equilibria, window=_WINDOW)
    summary = pd.DataFrame(
        {
            "setting": cell.setting,
            "epsilon": epsilon,
            "step": step,
            "run": np.arange(1, n_run + 1),
            "n_move": moves,
            "at_equilibrium_percent": 100.0 * (at >= 0).mean(axis=1),
        }
    )
    windows = pd.DataFrame(
        {
            "setting": cell.setting,
            "run": np.repeat(np.arange(1, n_run + 1), n_window),
            "round": np.tile(np.arange(n_window) * _WINDOW, n_run),
            "equilibrium": at.ravel(),
        }
    )
    return {"q_learning": summary, "visits": windows}


def _strategies(game: SelfPlay) -> pd.DataFrame:
    """Return what the fittest strategy of each player answers to what it remembers."""
    learner = game.learner
    if learner.settings.memory != 1:
        return pd.DataFrame(
            columns=["player", "last_markup", "last_price", "next_markup"]
        )
    population = learner.population
    parts = []
    for player, strategy in enumerate(learner.best().tolist()):
        low, high = population.low[player], population.high[player]
        first = population.origin[player]
        markup = np.linspace(low, high, _GRID_POINTS)
        highest = first + _PRICE_REACH * (high - low)
        price = np.linspace(first, highest, _GRID_POINTS)
        own, seen = (side.reshape(-1, 1) for side in np.meshgrid(markup, price))
        answer = learner.response(player, strategy, own, seen)
        parts.append(
            pd.DataFrame(
                {
                    "player": game.market.player[player],
                    "last_markup": own[:, 0] / PER_KWH,
                    "last_price": seen[:, 0] / PER_KWH,
                    "next_markup": answer / PER_KWH,
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


PLAN = Plan(variants, theory=_theory)

STUDY = Study(
    name="self-play-five-bus",
    title="Self-play: three producers in a meshed network with one full line",
    lead="One line of five buses is at its limit, and cuts off a pocket with most of "
    "the load. Two symmetric equilibria are known: the producer in the pocket asks the "
    "most, and so does one of the other two while the third stays low. Neural "
    "strategies find both over seeds and stay; Q-learners on four markups go from one "
    "to the other. Network and costs are ours, chosen so that the article's surpluses "
    "come out.",
    source=ARTICLE,
    config=Config,
    cells=cells,
    run_cell=run_cell,
    figures=figures,
    captions=CAPTIONS,
    targets=TARGETS,
    departures=DEPARTURES,
    report_tables=report_tables,
    headline=headline,
)
