"""The toy study, and a command line that knows it and runs in this process."""

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from typer.testing import CliRunner

from gridagora.interfaces import pipeline
from gridagora.interfaces.cli.app import app
from gridagora.interfaces.workers import run_here
from gridagora.studies.registry import STUDIES, Entry

sys.path.insert(0, str(Path(__file__).parent))  # worker processes look there too

import toy_study  # type: ignore[import-not-found]


@pytest.fixture
def toy() -> ModuleType:
    """The module of the toy study."""
    module: ModuleType = toy_study
    return module


@pytest.fixture
def cli(monkeypatch, tmp_path):
    """Run the command line in an empty folder, in this process."""

    def in_this_process(
        run_cell: Any, pending: Any, cells: Any, done: Any, *, processes: int
    ) -> None:
        run_here(run_cell, pending, cells, done)

    monkeypatch.setattr(pipeline, "run_in_workers", in_this_process)
    monkeypatch.setitem(STUDIES, "toy", Entry("A toy", True, lambda: toy_study.TOY))
    monkeypatch.chdir(tmp_path)

    def invoke(*words: str) -> Any:
        return CliRunner().invoke(app, list(words))

    return invoke
