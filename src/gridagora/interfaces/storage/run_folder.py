"""The folder of one run, built out of sight and shown when it is complete.

While a run lasts, everything is in the hidden ``.<name>.partial`` beside the folder:
``started.json`` (the recipe), ``cells/<key>/`` (the tables of each finished cell) and,
at the end, ``run/``, which is then renamed to the folder. So whoever sees the folder
sees a complete run, and a process that is killed leaves only what can be resumed.
"""

import json
import os
import shutil
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any

import pandas as pd

from gridagora.errors import RunFolderError
from gridagora.interfaces.storage import files
from gridagora.interfaces.storage.lock import FolderLock
from gridagora.interfaces.storage.recipe import Recipe
from gridagora.interfaces.storage.tables import check_tables, parquet_bytes, read_table

FORMAT = 1
"""Layout of a run folder; readers refuse every other."""
MANIFEST = "manifest.json"
_STARTED = "started.json"
_HASHES = "files.json"


class Existing(StrEnum):
    """What to do with what is there already."""

    REFUSE = "refuse"
    """Stop, and leave it as it is."""
    RESUME = "resume"
    """Keep the finished cells of an interrupted run; return a finished run."""
    REPLACE = "replace"
    """Start again; the old run is removed only when the new one is complete."""


class RunFolder:
    """Builds one run.

    Example::

        folder = RunFolder(Path("runs/first"))
        if folder.begin(recipe, Existing.REFUSE):
            store_cell(folder.cells, "cell-1", tables)
            ...                       # write into folder.content
            folder.publish()
        folder.leave()
    """

    def __init__(self, path: Path) -> None:
        self.path = Path(path).absolute()
        if not self.path.name:
            raise RunFolderError(
                self.path, "has no name", "choose another folder with --out"
            )
        self.partial = self.path.with_name(f".{self.path.name}.partial")
        self.cells = self.partial / "cells"
        self.content = self.partial / "run"
        self._aside = self.path.with_name(f".{self.path.name}.replaced")
        self._lock = FolderLock(self.path)
        self._replaces = False

    @property
    def has_cells(self) -> bool:
        """Whether an interrupted run left finished cells to resume from."""
        return any(self.cells.glob("[!.]*"))

    def begin(self, recipe: Recipe, existing: Existing) -> bool:
        """Take the folder, or say why not, before anything is computed.

        Args:
            recipe: What is going to be run.
            existing: What to do with what is there.

        Returns:
            False when the folder already holds the finished run of this recipe.

        Raises:
            RunFolderError: The folder is in use, is in the way, cannot be written, or
                holds cells of another recipe.
        """
        self._take()
        try:
            with files.writing(self.path):
                needed = self._claim(recipe, existing)
                if needed:
                    files.remove_folder(self.content)
                    self.content.mkdir()
                return needed
        except BaseException:
            self._lock.release()
            raise

    def begin_again(self) -> None:
        """Take the folder of a finished run and copy it, in order to change the copy.

        Raises:
            RunFolderError: The folder is in use, cannot be written, or another run for
                it was interrupted.
        """
        self._take()
        try:
            self._refuse(finished=False, started=self._started())
            with files.writing(self.path):
                files.remove_folder(self.partial)
                shutil.copytree(self.path, self.content)
                self._replaces = True
        except BaseException:
            self._lock.release()
            raise

    def publish(self) -> None:
        """Show the content under the folder's name and forget the cells."""
        with files.writing(self.path):
            if self._replaces and self.path.exists():
                files.move_folder(self.path, self._aside)
            elif self.path.exists():
                self.path.rmdir()  # only an empty folder was let through
            files.move_folder(self.content, self.path)
            files.remove_folder(self._aside)
            files.remove_folder(self.partial)

    def leave(self) -> None:
        """Give the folder back; a run without a finished cell leaves nothing."""
        if self.partial.exists() and not self.has_cells:
            files.remove_folder(self.partial)
        self._lock.release()

    def _take(self) -> None:
        if self.path.is_symlink():
            raise RunFolderError(
                self.path, "is a link", "choose another folder with --out"
            )
        with files.writing(self.path):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._lock.acquire()
            # a process that died while it replaced a run left the old one aside
            if self._aside.exists() and not self.path.exists():
                files.move_folder(self._aside, self.path)
            files.remove_folder(self._aside)

    def _claim(self, recipe: Recipe, existing: Existing) -> bool:
        finished = self._finished()
        started = self._started()
        match existing:
            case Existing.REFUSE:
                self._refuse(finished=finished, started=started)
            case Existing.RESUME:
                if finished and not (started and started["replaces"]):
                    recipe.check_same(read_manifest(self.path), self.path)
                    files.remove_folder(self.partial)
                    return False
                if started:
                    recipe.check_same(started, self.path)
                    self._replaces = started["replaces"]
                    return True
            case Existing.REPLACE:
                self._replaces = True
        self._start(recipe)
        return True

    def _start(self, recipe: Recipe) -> None:
        files.remove_folder(self.partial)
        self.cells.mkdir(parents=True)
        started = {**recipe.as_json(), "replaces": self._replaces}
        files.write_json(self.partial / _STARTED, started)

    def _refuse(self, *, finished: bool, started: Mapping[str, Any] | None) -> None:
        if finished:
            raise RunFolderError(
                self.path,
                "exists",
                "choose another folder with --out, or replace it with --force",
            )
        if started:
            raise RunFolderError(
                self.path,
                "has an interrupted run",
                "continue it with --resume, or start again with --force",
            )

    def _finished(self) -> bool:
        """Return whether a run is there; whatever else is there stays there."""
        if (self.path / MANIFEST).is_file():
            return True
        if self.path.exists() and (self.path.is_file() or any(self.path.iterdir())):
            raise RunFolderError(
                self.path,
                "exists and is not a run of gridagora",
                "choose another folder with --out",
            )
        return False

    def _started(self) -> Mapping[str, Any] | None:
        """Return the recipe of the interrupted run, or None where there is none."""
        try:
            text = (self.partial / _STARTED).read_text("utf-8")
        except FileNotFoundError:
            return None
        started: Mapping[str, Any] = json.loads(text)
        return started


def store_cell(cells: Path, key: str, tables: Mapping[str, pd.DataFrame]) -> None:
    """Store the tables of one finished cell, all or none of them.

    Args:
        cells: Folder of the cells.
        key: Name of the cell.
        tables: What the cell returned.

    Raises:
        InputError: A table cannot be stored without loss.
        RunFolderError: The disk is full, and the like.
    """
    check_tables(f"tables of cell {key!r}", tables)
    fresh = cells / f".{key}.{os.getpid()}.tmp"
    with files.writing(cells):
        files.remove_folder(fresh)
        fresh.mkdir()
        for name, table in tables.items():
            files.write_bytes(fresh / f"{name}.parquet", parquet_bytes(table))
        files.write_json(fresh / _HASHES, files.hashes(fresh))
        files.remove_folder(cells / key)
        files.move_folder(fresh, cells / key)


def has_cell(cells: Path, key: str) -> bool:
    """Return whether the tables of a cell are there and are what was written."""
    try:
        expected = json.loads((cells / key / _HASHES).read_text("utf-8"))
    except (FileNotFoundError, ValueError):
        return False
    return not files.damaged(cells / key, expected)


def load_cell(cells: Path, key: str) -> dict[str, pd.DataFrame]:
    """Read the tables of a finished cell, sorted by name."""
    expected = json.loads((cells / key / _HASHES).read_text("utf-8"))
    return {
        name.removesuffix(".parquet"): read_table(cells / key / name)
        for name in expected
    }


def read_manifest(path: Path) -> Mapping[str, Any]:
    """Read the manifest of a run.

    Raises:
        RunFolderError: There is none, it cannot be read, or its format is another.
    """
    try:
        manifest = json.loads((path / MANIFEST).read_text("utf-8"))
        found = manifest["format"]
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise RunFolderError(
            path,
            f"has no readable {MANIFEST}",
            "give the folder that `gridagora run` printed",
        ) from error
    if found != FORMAT:
        raise RunFolderError(
            path,
            f"has format {found}, this version reads format {FORMAT}",
            "read it with the version of gridagora in its manifest",
        )
    content: Mapping[str, Any] = manifest
    return content
