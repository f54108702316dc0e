"""Writing files so that a crash leaves the old one or the new one, never a half."""

import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from gridagora.errors import RunFolderError

_BLOCK_BYTES = 1 << 20


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Turn what the system says about writing into one line about the run folder.

    Raises:
        RunFolderError: The disk is full, the folder is read-only, and the like.
    """
    try:
        yield
    except RunFolderError:
        raise
    except OSError as error:
        raise RunFolderError(
            folder,
            f"cannot be written ({error.strerror or error})",
            "choose another folder with --out, or make this one writable",
        ) from error


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file beside its place, bring it to the disk, then move it there."""
    fresh = path.with_name(f".{path.name}.tmp")
    with fresh.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    sync_folder(path.parent)


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write a JSON file whose bytes depend on its content only."""
    text = json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False)
    write_bytes(path, f"{text}\n".encode())


def sync_folder(folder: Path) -> None:
    """Bring the names in a folder to the disk, where the system can do that."""
    if os.name == "nt":  # pragma: no cover - folders cannot be opened there
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def move_folder(source: Path, target: Path) -> None:
    """Rename a folder within one parent, for good."""
    source.rename(target)
    sync_folder(target.parent)


def remove_folder(folder: Path) -> None:
    """Remove a folder and all in it; nothing happens where there is none."""
    with suppress(FileNotFoundError):
        shutil.rmtree(folder)


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file as 64 hexadecimal digits."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()


def hashes(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of every file below a folder, by relative path, sorted."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): sha256(path) for path in files}


def damaged(folder: Path, expected: Mapping[str, str]) -> list[str]:
    """Return the files that are missing or are not what was written.

    Args:
        folder: Where the files are.
        expected: SHA-256 by path relative to ``folder``.
    """
    root = folder.resolve()
    return [
        name
        for name, digest in expected.items()
        if not (folder / name).is_file()
        or not (folder / name).resolve().is_relative_to(root)
        or sha256(folder / name) != digest
    ]
