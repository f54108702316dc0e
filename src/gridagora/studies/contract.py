"""The contract of a study: the only thing that runners know about it.

A study is one module with five parts and nothing else: ``Config``, ``cells``,
``run_cell``, ``figures``, and ``TARGETS`` with ``DEPARTURES``. Running, seeding,
parallel work, storage, progress, report and resume are written once against it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field

Tables = Mapping[str, pd.DataFrame]
"""Tidy tables by name, what a cell returns and what figures and targets read."""


class Origin(StrEnum):
    """How a number was obtained. Only ``PRINTED`` reproduces a publication."""

    PRINTED = "printed"
    """Read in a source."""
    REFERENCE = "reference"
    """Computed by another program from the same data, or a total known from it."""
    DERIVED = "derived"
    """Follows by a stated calculation; as a parameter, a free choice of ours."""
    FITTED = "fitted"
    """Our parameters were chosen so that this number comes out."""


def parameter(
    default: Any, origin: Origin, unit: str, where: str, meaning: str, **bounds: Any
) -> Any:
    """Return a field of a configuration that carries its unit, origin and place.

    Args:
        default: Its value when nobody says otherwise.
        origin: How that value was obtained.
        unit: Unit, empty for none.
        where: Where the value comes from.
        meaning: What it is.
        **bounds: Bounds as pydantic writes them, e.g. ``gt=0``.
    """
    about: dict[str, Any] = {"unit": unit, "origin": origin.value, "where": where}
    return Field(
        default=default, description=meaning, json_schema_extra=about, **bounds
    )


class StudyConfig(BaseModel):
    """Base of every study's parameters: frozen, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    seed: int = parameter(
        1,
        Origin.DERIVED,
        "",
        "ours, a free choice",
        "Root of all random streams.",
        ge=0,
    )


class Cell(Protocol):
    """An independent piece of work that can run in a process of its own.

    Attributes:
        key: Names the cell within its study: lower-case letters, digits, ``-``, ``.``.
    """

    @property
    def key(self) -> str:
        """Name of the cell within its study."""
        ...


@dataclass(frozen=True, slots=True)
class Target:
    """One number that a study must reach.

    Attributes:
        quantity: What is compared, unit included, e.g. ``average price, c/kWh``.
        expected: The number.
        tolerance: Largest absolute difference that counts as reached, same unit.
        origin: How the expected number was obtained.
        where: Figure, table, page; or program and version; or the derivation.
        read: Reads the obtained number from the study's tables.
    """

    quantity: str
    expected: float
    tolerance: float
    origin: Origin
    where: str
    read: Callable[[Tables], float]


@dataclass(frozen=True, slots=True)
class Departure:
    """A printed claim that does not come out.

    Attributes:
        quantity: What is compared, unit included.
        printed: What the source says, in its words or number.
        reason: Why it does not come out here.
        where: Place in the source.
        read: Reads our number from the study's tables.
    """

    quantity: str
    printed: str
    reason: str
    where: str
    read: Callable[[Tables], float]


def no_tables(tables: Tables) -> Mapping[str, pd.DataFrame]:
    """Return no table: the choice of a study whose figures say it all."""
    return {}


@dataclass(frozen=True, slots=True)
class Study:
    """A study as its runners see it.

    Attributes:
        name: Name at the command line.
        title: One line that says what is studied.
        lead: What a reader should know first: the question, and what the numbers are.
        source: The publication.
        config: Class of the parameters.
        cells: Splits a configuration into independent pieces of work.
        run_cell: Does one piece and returns its tables; the runner stacks the tables
            of all cells by name, in the order of the cells.
        figures: Turns the stacked tables into charts by name, in reading order.
        captions: One sentence or more for each chart and each table to read, by name.
        targets: What is claimed.
        departures: What does not come out, and why.
        report_tables: Turns the stacked tables into tables to read, by name. Their
            columns are the heads, each with its unit in brackets at its end.
        headline: Says in a few words what the tables of one cell show, for whoever
            watches a run, or ``""`` where there is nothing to tell; ``None`` shows the
            names of the cells alone.
    """

    name: str
    title: str
    lead: str
    source: str
    config: type[StudyConfig]
    cells: Callable[[Any], Sequence[Cell]]
    run_cell: Callable[[Any], Tables]
    figures: Callable[[Tables], Mapping[str, Any]]
    captions: Mapping[str, str]
    targets: tuple[Target, ...]
    departures: tuple[Departure, ...]
    report_tables: Callable[[Tables], Mapping[str, pd.DataFrame]] = no_tables
    headline: Callable[[Tables], str] | None = None


def parameters(config: StudyConfig) -> pd.DataFrame:
    """Return every parameter with its value, unit, origin and place.

    Args:
        config: The configuration of a study. Each field carries ``description`` and,
            in ``json_schema_extra``, ``unit``, ``origin`` and ``where``.

    Returns:
        Columns ``parameter, value, unit, origin, where, meaning``, one row per field.
    """
    rows = []
    for name, field in type(config).model_fields.items():
        extra = field.json_schema_extra
        about = extra if isinstance(extra, dict) else {}
        rows.append(
            {
                "parameter": name,
                "value": str(getattr(config, name)),
                "unit": about.get("unit", ""),
                "origin": about.get("origin", ""),
                "where": about.get("where", ""),
                "meaning": field.description or "",
            }
        )
    return pd.DataFrame(rows)
