"""Checkpoints: the state of a run that is to go on later, in one file."""

import io
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gridagora.errors import InvalidConfigError, MissingFileError
from gridagora.interfaces.storage import files

_SUFFIX = ".npz"
_MEMBER = ".npy"
_DAMAGE = (
    ValueError,
    OSError,
    EOFError,
    RuntimeError,  # a member that seems to be encrypted, or packed in an unknown way
    zlib.error,
    zipfile.BadZipFile,
)


def save_state(path: Path | str, state: Mapping[str, NDArray[Any]]) -> None:
    """Write a state to a file; a crash leaves the old file or the new one.

    The same state makes the same bytes. ``numpy.load`` can read the file.

    Args:
        path: The file, which ends in ``.npz``; its folder is there.
        state: Arrays by name, e.g. ``SelfPlay.get_state()``.

    Raises:
        InvalidConfigError: The name does not end in ``.npz``, an array holds objects,
            or the file cannot be written there; an older one stays as it was.
    """
    path = _checked(path)
    arrays = {name: np.asarray(array) for name, array in state.items()}
    faults = [
        f"array {name!r} holds objects, expected numbers or text."
        for name, array in arrays.items()
        if array.dtype.hasobject
    ]
    if faults:
        raise InvalidConfigError(f"checkpoint '{path}'", faults)
    content = io.BytesIO()
    # Not numpy.savez, which takes names like "file" for its own arguments.
    with zipfile.ZipFile(content, "w") as archive:
        for name, array in arrays.items():
            member = io.BytesIO()
            np.lib.format.write_array(member, array, allow_pickle=False)
            archive.writestr(zipfile.ZipInfo(name + _MEMBER), member.getvalue())
    try:
        files.write_bytes(path, content.getvalue())
    except OSError as error:
        fault = (
            f"it cannot be written ({error.strerror or error}); choose another place."
        )
        raise InvalidConfigError(f"checkpoint '{path}'", [fault]) from error


def load_state(path: Path | str) -> dict[str, NDArray[Any]]:
    """Read a state from a file; nothing in it is ever executed.

    Raises:
        MissingFileError: There is no such file.
        InvalidConfigError: The name does not end in ``.npz``, the file is not a
            checkpoint or damaged, or it cannot be read.
    """
    path = _checked(path)
    if not path.is_file():
        near = sorted(other.name for other in path.parent.glob(f"*{_SUFFIX}"))
        raise MissingFileError("checkpoint", path, near)
    try:
        with zipfile.ZipFile(path) as archive:
            return {
                name.removesuffix(_MEMBER): _array(archive.read(name))
                for name in archive.namelist()
            }
    except _DAMAGE as error:
        why = str(error) or "it ends too early"
        fault = f"it cannot be read: {why}; go on from another checkpoint."
        raise InvalidConfigError(f"checkpoint '{path}'", [fault]) from error


def _array(content: bytes) -> NDArray[Any]:
    """Return the array of a member, whose checksum was right."""
    array: NDArray[Any] = np.lib.format.read_array(
        io.BytesIO(content), allow_pickle=False
    )
    return array


def _checked(path: Path | str) -> Path:
    path = Path(path)
    if path.suffix != _SUFFIX:
        raise InvalidConfigError(
            f"checkpoint '{path}'", [f"expected a name that ends in {_SUFFIX}."]
        )
    return path
