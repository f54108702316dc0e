"""Which names may become names of files."""

import re
from collections.abc import Iterable, Sequence

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_DEVICES = {"con", "prn", "aux", "nul"} | {
    f"{port}{number}" for port in ("com", "lpt") for number in range(1, 10)
}


def is_safe_name(name: str) -> bool:
    """Return whether a file of that name is safe on every system.

    Safe is 1 to 64 of lower-case letters, digits, ``.``, ``_`` and ``-``, starting with
    a letter or digit, not ending in a dot, and no device name of Windows.

    Example:
        >>> is_safe_name("prices-c2.0"), is_safe_name("../prices"), is_safe_name("con")
        (True, False, False)
    """
    return (
        _NAME.fullmatch(name) is not None
        and not name.endswith(".")
        and name.split(".")[0] not in _DEVICES
    )


def name_faults(kind: str, names: Iterable[str]) -> Sequence[str]:
    """Return one sentence for each name that is unsafe or stands there twice.

    Args:
        kind: What is named, e.g. ``cell``.
        names: The names.

    Example:
        >>> name_faults("cell", ["a", "a"])
        ["cell 'a' stands there twice, expected once."]
    """
    faults = []
    seen: set[str] = set()
    for name in names:
        if not is_safe_name(name):
            faults.append(
                f"{kind} {name!r} cannot name a file, expected 1 to 64 of a-z, 0-9, "
                "'.', '_', '-', starting with a letter or digit."
            )
        if name in seen:
            faults.append(f"{kind} {name!r} stands there twice, expected once.")
        seen.add(name)
    return faults
