"""A study of two fast cells, in a module that worker processes can import."""

import os
import signal
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import altair as alt
import numpy as np
import pandas as pd
from pydantic import Field

from gridagora.errors import GridError
from gridagora.studies.contract import (
    Departure,
    Origin,
    Study,
    StudyConfig,
    Tables,
    Target,
)

Trouble = Literal["", "bug", "refusal", "crash", "slow", "interrupt"]

_MOST_SECONDS = 60.0


class ToyConfig(StudyConfig):
    """What the toy draws."""

    n_draws: int = Field(default=4, ge=1, description="Draws of each cell.")
    cells: tuple[str, ...] = Field(
        default=("b", "a"), description="Names of the cells."
    )
    trouble: Trouble = Field(default="", description="What the last cell does.")
    marker: str = Field(default="", description="Folder where run cells leave a file.")


@dataclass(frozen=True, slots=True)
class ToyCell:
    key: str
    place: int
    config: ToyConfig
    trouble: Trouble


def cells(config: ToyConfig) -> Sequence[ToyCell]:
    last = len(config.cells) - 1
    return [
        ToyCell(key, place, config, config.trouble if place == last else "")
        for place, key in enumerate(config.cells)
    ]


def run_cell(cell: ToyCell) -> Tables:
    if cell.config.marker:
        Path(cell.config.marker, f"{cell.key}-{time.perf_counter_ns()}").touch()
    _make_trouble(cell)
    rng = np.random.default_rng([cell.config.seed, cell.place])
    draws = rng.normal(size=cell.config.n_draws)
    names = pd.Categorical([cell.key] * len(draws))
    prices = pd.DataFrame({"cell": cell.key, "kind": names, "price": draws})
    if cell.place:
        return {"prices": prices}
    return {"prices": prices, "notes": pd.DataFrame({"note": ["=1+1", "plain"]})}


def _make_trouble(cell: ToyCell) -> None:
    match cell.trouble:
        case "bug":
            message = "list index out of range"
            raise IndexError(message)
        case "refusal":
            message = "the toy grid is broken"
            raise GridError(message)
        case "crash":
            os.kill(os.getpid(), signal.SIGKILL)
        case "slow":  # until somebody says go
            _wait_for(Path(cell.config.marker, "go"))
        case "interrupt":
            raise KeyboardInterrupt
        case "":
            pass


def _wait_for(path: Path) -> None:
    began = time.perf_counter()
    while not path.exists():
        time.sleep(0.02)
        if time.perf_counter() - began > _MOST_SECONDS:
            raise TimeoutError


def figures(tables: Tables) -> Mapping[str, Any]:
    return {
        "prices": alt.Chart(tables["prices"])
        .mark_point()
        .encode(x=alt.X("cell:N"), y=alt.Y("price:Q"))
    }


def _mean(tables: Tables) -> float:
    return float(tables["prices"]["price"].mean())


def _cell_b(tables: Tables) -> float:
    sizes = tables["prices"].groupby("cell").size().to_dict()
    return float(sizes["b"])


TOY = Study(
    name="toy",
    title="Draws of two cells",
    lead="Two cells draw numbers.",
    source="None: made for tests",
    config=ToyConfig,
    cells=cells,
    run_cell=run_cell,
    figures=figures,
    captions={"prices": "What each cell drew."},
    targets=(
        Target("draws of cell b", 4.0, 0.0, Origin.DERIVED, "the default", _cell_b),
        Target("mean price, c/kWh", 0.0, 2.0, Origin.FITTED, "normal draws", _mean),
    ),
    departures=(
        Departure("mean price, c/kWh", "exactly 0", "it is drawn", "nowhere", _mean),
    ),
)
