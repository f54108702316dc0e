"""The cells of the DLMP study."""

from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict

from gridagora.studies.contract import Tables
from gridagora.studies.dlmp.config import Config
from gridagora.studies.dlmp.day_tables import day_tables
from gridagora.studies.dlmp.learning_tables import learning_tables, truthful_tables
from gridagora.studies.dlmp.paper_tables import paper_tables
from gridagora.studies.dlmp.trust import trust_tables
from gridagora.studies.dlmp.worlds import day_world, paper_world


class Hour(BaseModel):
    """One hour of the paper's market.

    Attributes:
        key: Name of the cell.
        title: What a reader sees.
        config: Parameters of the study.
        limited: Whether the two line limits hold.
    """

    model_config = ConfigDict(frozen=True)
    key: str
    title: str
    config: Config
    limited: bool


class Day(BaseModel):
    """A day of 96 intervals.

    Attributes:
        key: Name of the cell.
        title: What a reader sees.
        config: Parameters of the study.
        keeps_voltage: Whether voltage limits hold.
    """

    model_config = ConfigDict(frozen=True)
    key: str
    title: str
    config: Config
    keeps_voltage: bool


class Truth(BaseModel):
    """One round of bidders who tell the truth.

    Attributes:
        key: Name of the cell.
        config: Parameters of the study.
    """

    model_config = ConfigDict(frozen=True)
    key: str
    config: Config


class Run(BaseModel):
    """Rounds of bidders who learn.

    Attributes:
        key: Name of the cell.
        config: Parameters of the study.
        learner: Name of the algorithm.
        number: Number of the run.
    """

    model_config = ConfigDict(frozen=True)
    key: str
    config: Config
    learner: str
    number: int


class Trust(BaseModel):
    """Prices and straight lines against OpenDSS on one feeder.

    Attributes:
        key: Name of the cell.
        config: Parameters of the study.
        feeder: Name of the feeder.
    """

    model_config = ConfigDict(frozen=True)
    key: str
    config: Config
    feeder: str


AnyCell = Hour | Day | Truth | Run | Trust


def cells(config: Config) -> Sequence[AnyCell]:
    """Return the paper's two hours, two days, runs of learners, and the feeders."""
    hours = [
        Hour(key="a-free", title="No line is full", config=config, limited=False),
        Hour(key="a-full", title="Two lines are full", config=config, limited=True),
    ]
    days = [
        Day(
            key="day-kept",
            title="Voltage limits kept",
            config=config,
            keeps_voltage=True,
        ),
        Day(
            key="day-free",
            title="No voltage limits",
            config=config,
            keeps_voltage=False,
        ),
    ]
    runs = [
        Run(key=f"{learner}-{number}", config=config, learner=learner, number=number)
        for learner in config.learners
        for number in range(config.n_seeds)
    ]
    truth = Truth(key="truthful", config=config)
    trust = [
        Trust(key=f"trust-{feeder}", config=config, feeder=feeder)
        for feeder in config.trust_feeders
    ]
    return [*hours, *days, truth, *runs, *trust]


def run_cell(cell: AnyCell) -> Tables:
    """Do one cell and return its tables."""
    config = cell.config
    if isinstance(cell, Hour):
        hour = paper_world(config, limited=cell.limited)
        hour.env.reset()
        hour.env.run()
        return paper_tables(hour, cell.key, cell.title)
    if isinstance(cell, Day):
        day = day_world(config, keeps_voltage=cell.keeps_voltage)
        day.env.reset()
        day.env.run()
        return day_tables(day, config, cell.key, cell.title)
    if isinstance(cell, Truth):
        return truthful_tables(config)
    if isinstance(cell, Trust):
        return trust_tables(cell.feeder, config.trust_places)
    return learning_tables(config, cell.learner, cell.number)
