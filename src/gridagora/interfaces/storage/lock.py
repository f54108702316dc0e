"""One process at a time on one run folder."""

import os
import sys
from pathlib import Path
from types import TracebackType

from gridagora.errors import RunFolderError

if sys.platform == "win32":  # pragma: no cover - run on Windows only
    import msvcrt

    def _try_lock(descriptor: int) -> None:
        os.lseek(descriptor, 4096, os.SEEK_SET)  # what is locked cannot be read there
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _try_lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


class FolderLock:
    """A lock that the system itself gives up when its holder dies.

    It lives in a file beside the folder, ``.<name>.lock``. The file that a killed
    process leaves behind is not in the way: nobody holds its lock any more.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder.with_name(f".{folder.name}.lock")
        self._descriptor: int | None = None

    def acquire(self) -> None:
        """Take the lock.

        Raises:
            RunFolderError: Another run holds it.
        """
        while self._descriptor is None:
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o644)
            try:
                _try_lock(descriptor)
            except OSError as error:
                os.lseek(descriptor, 0, os.SEEK_SET)
                holder = os.read(descriptor, 20).decode("ascii", "replace")
                os.close(descriptor)
                raise RunFolderError(
                    self.folder,
                    f"is in use by another run (process {holder.strip() or 'unknown'})",
                    "wait for it, stop it, or choose another folder with --out",
                ) from error
            if _is_still(self.path, descriptor):
                self._descriptor = descriptor
            else:  # the last holder removed the file between our open and our lock
                os.close(descriptor)
        os.ftruncate(self._descriptor, 0)
        os.lseek(self._descriptor, 0, os.SEEK_SET)
        os.write(self._descriptor, f"{os.getpid()}\n".encode())

    def release(self) -> None:
        """Give the lock back and remove its file; harmless when it is not held."""
        if self._descriptor is None:
            return
        if os.name != "nt":  # there an open file cannot be removed, it is left behind
            self.path.unlink(missing_ok=True)
        os.close(self._descriptor)
        self._descriptor = None

    def __enter__(self) -> "FolderLock":
        self.acquire()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()


def _is_still(path: Path, descriptor: int) -> bool:
    """Return whether the open file is the one that has this name now."""
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False
