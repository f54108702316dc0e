"""Two producers in the six-bus network of Wood and Wollenberg, paid as they bid.

Rewards of all joint markups are printed for two sets of costs, each with one
equilibrium. Q-learning and Roth-Erev learners on the four markups are let loose on
them; self-play on all markups between goes beyond what four markups allow.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict

from gridagora.environment.level_game import LevelGame
from gridagora.environment.streams import named_stream
from gridagora.learning.epsilon_greedy import EpsilonGreedy
from gridagora.learning.roth_erev import RothErev
from gridagora.studies.contract import Study, Tables
from gridagora.studies.self_play.reading import headline_of_markups
from gridagora.studies.self_play.six_bus_results import (
    CAPTIONS,
    TARGETS,
    figures,
    report_tables,
)
from gridagora.studies.self_play.six_bus_world import (
    CONFIGURATIONS,
    LINCOLN,
    PERCENT,
    PLAYERS,
    Config,
    market,
    variants,
)
from gridagora.studies.self_play.work import (
    Plan,
    Run,
    Theory,
    labelled,
    level_table,
)
from gridagora.types.arrays import FloatArray

_LATE = 0.9  # of all rounds: from there on learners have settled


class Learners(BaseModel):
    """Runs of one learner on the four markups: a cell.

    Attributes:
        key: Name of the cell.
        config: Parameters of the study.
        configuration: Which costs.
        learner: Name of the learner.
    """

    model_config = ConfigDict(frozen=True)
    key: str
    config: Config
    configuration: str
    learner: str


def cells(config: Config) -> Sequence[Theory | Learners | Run]:
    """Return the printed tables, the learners on them, and the runs of self-play.

    Raises:
        GridagoraError: As for ``Plan.cells``.
    """
    known, *played = PLAN.cells(config)
    learners = [
        Learners(
            key=f"{learner}-{name}",
            config=config,
            configuration=name,
            learner=learner,
        )
        for name in CONFIGURATIONS
        for learner in _LEARNERS
    ]
    return [known, *learners, *played]


def run_cell(cell: Theory | Learners | Run) -> Tables:
    """Enumerate the joint markups, let learners play, or play one run."""
    if isinstance(cell, Learners):
        return {"learners": _learned(cell)}
    return PLAN.run_cell(cell)


def _theory(config: Config) -> Tables:
    """Return the rewards of all joint markups with both sets of costs."""
    parts = [
        level_table(market(config, name), config.levels, PERCENT).assign(
            configuration=name
        )
        for name in CONFIGURATIONS
    ]
    return {"rewards": pd.concat(parts, ignore_index=True)}


_TEMPERATURE = 5.0  # currency/h at first, of the choice by Roth and Erev
_COOLING = 0.99  # from round to round

_Learner = EpsilonGreedy | RothErev
_LEARNERS: Mapping[str, Callable[[Config, int], _Learner]] = {
    "q-learning": lambda config, n_player: EpsilonGreedy(
        n_player,
        len(config.levels),
        epsilon=config.q_learning[0],
        decay=config.q_learning[1],
        step=config.q_learning[2],
        start=0.0,
    ),
    "roth-erev": lambda config, n_player: RothErev(
        n_player,
        len(config.levels),
        choice="boltzmann",
        temperature=_TEMPERATURE,
        decay=_COOLING,
    ),
}


def _learned(cell: Learners) -> pd.DataFrame:
    """Return the mean markup and reward of each player late in each run."""
    config = cell.config
    profits = market(config, cell.configuration).profits
    levels: FloatArray = np.array(config.levels) * PERCENT
    game = LevelGame(profits, levels, n_player=len(PLAYERS))
    learner = _LEARNERS[cell.learner](config, config.n_seed * len(PLAYERS))
    stream = named_stream(config.seed, cell.key)
    history = pd.DataFrame(game.play(learner, config.n_round, stream))
    rows = history[history["round"] >= _LATE * config.n_round]
    means = rows.groupby(["run", "player"], as_index=False)[["level", "reward"]].mean()
    return labelled(
        pd.DataFrame(
            {
                "run": means["run"] + 1,
                "player": [PLAYERS[at] for at in means["player"]],
                "markup": means["level"] / PERCENT,
                "reward_per_h": means["reward"],
            }
        ),
        configuration=cell.configuration,
        learner=cell.learner,
    )


PLAN = Plan(variants, theory=_theory)

STUDY = Study(
    name="self-play-six-bus",
    title="Self-play: six buses, producers paid as they bid",
    lead="The six-bus network with two sets of costs, for which all rewards and one "
    "equilibrium each are printed. The market gives every reward to the printed digit; "
    "Q-learning finds both equilibria, and self-play on all markups from 0 to 30 % "
    "finds what four markups hide.",
    source=LINCOLN,
    config=Config,
    cells=cells,
    run_cell=run_cell,
    figures=figures,
    captions=CAPTIONS,
    targets=TARGETS,
    departures=(),
    report_tables=report_tables,
    headline=headline_of_markups,
)
