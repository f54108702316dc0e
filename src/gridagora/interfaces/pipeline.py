"""One pipeline for every study: configuration -> cells -> run folder."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import Any

import pandas as pd
import yaml

from gridagora.errors import InputError, InvalidConfigError
from gridagora.interfaces.results import evaluate
from gridagora.interfaces.storage import files
from gridagora.interfaces.storage.names import name_faults
from gridagora.interfaces.storage.provenance import git_state, machine
from gridagora.interfaces.storage.read import Run, read_run
from gridagora.interfaces.storage.recipe import Recipe, recipe_of
from gridagora.interfaces.storage.run_folder import (
    FORMAT,
    MANIFEST,
    Existing,
    RunFolder,
    has_cell,
    load_cell,
)
from gridagora.interfaces.storage.tables import stack, write_tables
from gridagora.interfaces.workers import run_here, run_in_workers, stop_on_sigterm
from gridagora.studies.contract import Cell, Study, StudyConfig

Progress = Callable[[int, int, str], None]
"""Called with the cells done, the cells in all, and the last one done: its key and, in
studies that say so, what came out."""


class RunStopped(KeyboardInterrupt):
    """A run that was stopped from outside; its finished cells are kept.

    Attributes:
        out: The run folder that ``resume`` continues.
        done: Number of finished cells.
        total: Number of all cells.
    """

    def __init__(self, out: Path, done: int, total: int) -> None:
        super().__init__(f"stopped; {done} of {total} cells are finished and kept")
        self.out = out
        self.done = done
        self.total = total


def run_study(
    study: Study,
    config: StudyConfig,
    out: Path | str,
    *,
    processes: int | None = None,
    progress: Progress | None = None,
    existing: Existing = Existing.REFUSE,
) -> Run:
    """Run a study and leave a complete run folder, or one that can be resumed.

    The tables are the same bytes in one process or many, in one go or resumed, on one
    kind of machine. Processes of their own have one BLAS thread; this process has what
    it was started with (see ``set_one_blas_thread``).

    Args:
        study: What to run.
        config: Its parameters.
        out: The run folder.
        processes: Number of worker processes. None runs in this process, which suits
            debuggers, but then a stop waits for compiled code to return.
        progress: Told of every finished cell, once at the start too, with key ``""``.
        existing: What to do with what is in ``out`` already.

    Returns:
        The finished run.

    Raises:
        InvalidConfigError: ``processes`` is below 1, or there is nothing to run.
        InputError: The cells have unsafe names, or their tables do not fit together.
        RunFolderError: ``out`` is in use, in the way, or cannot be written.
        RunStopped: Ctrl-C or SIGTERM.
    """
    if processes is not None and processes < 1:
        raise InvalidConfigError(
            "processes", [f"{processes} given, expected a whole number >= 1."]
        )
    cells = _cells(study, config)
    job = _Job(study, RunFolder(Path(out)), cells, recipe_of(study.name, config))
    began = perf_counter()
    if not job.folder.begin(job.recipe, existing):
        return _finished(job.folder)
    started = datetime.now(UTC).isoformat(timespec="seconds")
    try:
        with stop_on_sigterm():
            resumed = _compute(job, processes, progress or _silent)
            time: dict[str, Any] = {"started": started, "cells_resumed": resumed}
            time["seconds"] = round(perf_counter() - began, 3)
            _write(job, time)
            job.folder.publish()
    except KeyboardInterrupt as error:
        raise RunStopped(job.folder.path, _stored(job), len(cells)) from error
    finally:
        job.folder.leave()
    return read_run(job.folder.path)


@dataclass(frozen=True, slots=True)
class _Job:
    study: Study
    folder: RunFolder
    cells: Sequence[Cell]
    recipe: Recipe


def _stored(job: _Job) -> int:
    return sum(has_cell(job.folder.cells, cell.key) for cell in job.cells)


def _cells(study: Study, config: StudyConfig) -> Sequence[Cell]:
    cells = study.cells(config)
    if not cells:
        raise InvalidConfigError(
            f"configuration of study {study.name!r}",
            ["it gives no cells, expected something to run."],
        )
    if faults := name_faults("cell", [cell.key for cell in cells]):
        raise InputError(f"study {study.name!r}", faults)
    return cells


def _finished(folder: RunFolder) -> Run:
    try:
        return read_run(folder.path)
    finally:
        folder.leave()


def _silent(done: int, total: int, key: str) -> None:
    """Report to nobody."""


def _compute(job: _Job, processes: int | None, progress: Progress) -> int:
    """Run the cells that are not stored yet; return how many were."""
    store = job.folder.cells
    pending = [cell for cell in job.cells if not has_cell(store, cell.key)]
    total = len(job.cells)
    resumed = done = total - len(pending)
    progress(done, total, "")

    def count(key: str) -> None:
        nonlocal done
        done += 1
        if progress is not _silent:  # else the tables need not be read
            progress(done, total, _news(job, key))

    if processes is None:
        run_here(job.study.run_cell, pending, store, count)
    elif pending:
        run_in_workers(job.study.run_cell, pending, store, count, processes=processes)
    return resumed


def _news(job: _Job, key: str) -> str:
    """Return the key of a finished cell and, where the study says so, its outcome."""
    headline = job.study.headline
    news = headline(load_cell(job.folder.cells, key)) if headline else ""
    return f"{key}: {news}" if news else key


def _write(job: _Job, time: dict[str, Any]) -> None:
    """Write all but figures and report into the content of the folder."""
    parts = [load_cell(job.folder.cells, cell.key) for cell in job.cells]
    tables = stack(f"tables of study {job.study.name!r}", parts)
    with files.writing(job.folder.path):
        _write_content(job, tables, time)


def _write_content(
    job: _Job, tables: dict[str, pd.DataFrame], time: dict[str, Any]
) -> None:
    content = job.folder.content
    recipe = job.recipe
    write_tables(content / "tables", tables)
    parameters = {"study": recipe.study, **recipe.config}
    text = yaml.safe_dump(parameters, sort_keys=False, allow_unicode=True)
    files.write_bytes(content / "config.yaml", text.encode())
    results = evaluate(job.study, recipe.config, tables)
    files.write_json(content / "results.json", results.as_json())
    manifest = {
        "format": FORMAT,
        **recipe.as_json(),
        "cells": [cell.key for cell in job.cells],
        "machine": machine(),
        "git": git_state(),
        "time": time,
        "files": files.hashes(content),
    }
    files.write_json(content / MANIFEST, manifest)
