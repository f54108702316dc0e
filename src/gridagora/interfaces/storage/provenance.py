"""Where results come from: versions, machine, source code."""

import hashlib
import platform
import re
import subprocess
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

import gridagora

_PACKAGE = Path(gridagora.__file__).parent
_CODE = {".py", ".dss", ".csv"}
_GIT_SECONDS = 10.0
_NAME = re.compile(r"[^A-Za-z0-9._-]")  # ends the name in a requirement


def versions() -> dict[str, str]:
    """Return the versions of gridagora, of its core dependencies and of Python."""
    required = metadata.requires("gridagora") or []
    core = [_NAME.split(line)[0] for line in required if "extra ==" not in line]
    found = {name: metadata.version(name) for name in sorted(core)}
    return {
        "gridagora": metadata.version("gridagora"),
        "python": platform.python_version(),
        **found,
    }


def machine() -> dict[str, str]:
    """Return the kind of machine; bytes are promised equal on one kind only."""
    return {"system": platform.platform(), "processor": platform.machine()}


def code_sha256() -> str:
    """Return one digest of every source and case file of the installed package."""
    digest = hashlib.sha256()
    for path in sorted(_PACKAGE.rglob("*")):
        if path.suffix in _CODE and "__pycache__" not in path.parts:
            digest.update(path.relative_to(_PACKAGE).as_posix().encode())
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def git_state(package: Path = _PACKAGE) -> Mapping[str, Any] | None:
    """Return the commit that the package is run from, and whether it was changed.

    Args:
        package: Folder of the package.

    Returns:
        ``commit`` and ``dirty``; None when the package is installed, not checked out.
    """
    top = _git(package, "rev-parse", "--show-toplevel")
    # an environment may lie inside somebody's repository, which is then not ours
    if top is None or Path(top).resolve() / "src" / "gridagora" != package.resolve():
        return None
    commit = _git(package, "rev-parse", "HEAD")
    changes = _git(package, "status", "--porcelain", "--", package.parent.as_posix())
    return {"commit": commit, "dirty": bool(changes)}


def _git(folder: Path, *words: str) -> str | None:
    """Return what git says, or None where it has nothing to say."""
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *words],
            capture_output=True,
            text=True,
            timeout=_GIT_SECONDS,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()
