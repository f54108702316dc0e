"""A trial run of a case in a child process, which a bad case may kill."""

import functools
import json
import signal
import subprocess
import sys
from typing import Any

from gridagora.errors import InvalidCaseError
from gridagora.grids.cases.files import CaseScript

TIMEOUT_S = 60.0
"""Longest a case may take to compile and solve once. s."""

_CACHED = 256


def require_sound(case: CaseScript) -> None:
    """Compile and solve a case once where it can do no harm.

    The child process may use one processor for ``TIMEOUT_S`` seconds, 4 GiB of memory
    and no file. A case is probed once per content and process.

    Raises:
        InvalidCaseError: The engine refuses the case, dies of it, hangs, or finds no
            finite operating point.
    """
    faults = _faults(case.digest, json.dumps(_as_message(case)))
    if faults:
        raise InvalidCaseError(f"case {case.name!r}", faults)


@functools.lru_cache(maxsize=_CACHED)
def _faults(digest: str, message: str) -> tuple[str, ...]:
    """Return what a trial found; the digest stands for the data files in the key."""
    try:
        child = subprocess.run(
            [sys.executable, "-m", "gridagora.grids.cases.trial"],
            input=message,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return (f"the engine did not finish within {TIMEOUT_S:g} s.",)
    if child.returncode < 0:
        killer = signal.Signals(-child.returncode).name
        return (f"the engine died of it ({killer}) in a child process.",)
    try:
        return tuple(json.loads(child.stdout.splitlines()[-1]))
    except (ValueError, IndexError):
        last = (child.stderr.strip().splitlines() or ["no message"])[-1]
        return (f"the engine ended in a child process ({last}).",)


def _as_message(case: CaseScript) -> dict[str, Any]:
    lines = [[item.text, item.file, item.line] for item in case.statements]
    return {"name": case.name, "statements": lines}
