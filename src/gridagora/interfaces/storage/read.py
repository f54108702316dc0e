"""Reading a finished run back, and proving that it is what was written."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from gridagora.errors import MissingFileError, RunFolderError, listed
from gridagora.interfaces.storage.files import damaged
from gridagora.interfaces.storage.run_folder import MANIFEST, read_manifest
from gridagora.interfaces.storage.tables import read_table

REDRAWN = ("figures/", "report.html")
"""What ``gridagora report`` makes again from the rest."""


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """A finished run.

    Attributes:
        path: Its folder.
        manifest: Study, parameters, versions, time, and the SHA-256 of every file.
        tables: Its tables by name.
    """

    path: Path
    manifest: Mapping[str, Any]
    tables: Mapping[str, pd.DataFrame]


def read_run(path: Path, *, to_redraw: bool = False) -> Run:
    """Read a run folder.

    Args:
        path: The folder.
        to_redraw: Leave figures and report unchecked, for they are going to be made
            again.

    Returns:
        Manifest and tables.

    Raises:
        MissingFileError: There is no such folder.
        RunFolderError: It is not a run, or files of it are missing or changed.
    """
    path = Path(path)
    if not path.is_dir():
        near = sorted(p.parent.name for p in path.parent.glob(f"*/{MANIFEST}"))
        raise MissingFileError("run folder", path, near)
    manifest = read_manifest(path)
    expected = {
        name: digest
        for name, digest in manifest["files"].items()
        if not (to_redraw and name.startswith(REDRAWN))
    }
    if bad := damaged(path, expected):
        raise RunFolderError(
            path,
            f"is damaged: {listed(bad)} missing or changed since the run",
            "restore these files, or run it again with --force",
        )
    names = [
        name
        for name in expected
        if name.startswith("tables/") and name.endswith(".parquet")
    ]
    tables = {Path(name).stem: read_table(path / name) for name in names}
    return Run(path, manifest, tables)
