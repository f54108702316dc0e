"""Every exception of gridagora.

* GridagoraError
  x InputError (ValueError)
    + InvalidOrderError
    + InvalidNetworkError
    + InvalidCaseError
    + InvalidScenarioError
    + InvalidConfigError
    + InvalidActionError
  x UnknownNameError (KeyError)
  x MissingFileError (FileNotFoundError)
  x RunFolderError (FileExistsError)
  x ClearingError (RuntimeError)
    + CertificateError
  x GridError (RuntimeError)
    + PowerFlowError
  x EpisodeError (RuntimeError)
"""

import difflib
from collections.abc import Iterable, Sequence
from pathlib import Path

_SHOWN = 5


class GridagoraError(Exception):
    """Base of everything that gridagora raises on purpose."""


class InputError(GridagoraError, ValueError):
    """Input that cannot be used; the message lists every fault found in it.

    Attributes:
        what: The input at fault, e.g. ``network 'feeder.csv'``.
        faults: One sentence for each fault.
    """

    def __init__(self, what: str, faults: Sequence[str]) -> None:
        super().__init__(f"{what}: {listed(faults, separator=' ')}")
        self.what = what
        self.faults = tuple(faults)

    def __reduce__(self) -> tuple[type, tuple[str, tuple[str, ...]]]:
        return type(self), (self.what, self.faults)


class InvalidOrderError(InputError):
    """A bid or an offer that no market can clear."""


class InvalidNetworkError(InputError):
    """A network with cycles, islands, bad names or bad limits."""


class InvalidCaseError(InputError):
    """A case of a grid, from any program, that cannot be loaded safely."""


class InvalidScenarioError(InputError):
    """A scenario file with gaps, duplicates, or unusable numbers."""


class InvalidConfigError(InputError):
    """A configuration with unknown keys or values out of range."""


class InvalidActionError(InputError):
    """An agent's action that the market or the grid cannot carry out."""


class UnknownNameError(GridagoraError, KeyError):
    """A name that is not in the registry it was looked up in."""

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        self.kind = kind
        self.name = name
        self.known = tuple(sorted(known))
        close = difflib.get_close_matches(name, self.known, n=1)
        hint = f" Did you mean {close[0]!r}?" if close else ""
        self.message = (
            f"no {kind} is called {name!r}.{hint} Known: {listed(self.known, 40)}."
        )
        super().__init__(self.message)

    def __str__(self) -> str:  # KeyError would show the repr, quotes and all
        return self.message

    def __reduce__(self) -> tuple[type, tuple[str, str, tuple[str, ...]]]:
        return type(self), (self.kind, self.name, self.known)


class MissingFileError(GridagoraError, FileNotFoundError):
    """A file or folder that is not there."""

    def __init__(self, kind: str, path: Path | str, near: Sequence[str] = ()) -> None:
        self.kind = kind
        self.path = Path(path)
        self.near = tuple(near)
        hint = f" In that folder: {listed(self.near)}." if near else ""
        self.message = f"{kind} not found: {self.path}.{hint}"
        super().__init__(self.message)

    def __str__(self) -> str:
        return self.message

    def __reduce__(self) -> tuple[type, tuple[str, Path, tuple[str, ...]]]:
        return type(self), (self.kind, self.path, self.near)


class RunFolderError(GridagoraError, FileExistsError):
    """A run folder that is in the way, locked, or not a run."""

    def __init__(self, path: Path | str, problem: str, fix: str) -> None:
        self.path = Path(path)
        self.problem = problem
        self.fix = fix
        self.message = f"run folder {self.path} {problem}; {fix}."
        super().__init__(self.message)

    def __str__(self) -> str:
        return self.message

    def __reduce__(self) -> tuple[type, tuple[Path, str, str]]:
        return type(self), (self.path, self.problem, self.fix)


class ClearingError(GridagoraError, RuntimeError):
    """A clearing that could not be carried to an outcome."""


class CertificateError(ClearingError):
    """A clearing whose result breaks a law of its own mechanism."""

    def __init__(self, mechanism: str, law: str, residual: float, limit: float) -> None:
        super().__init__(
            f"{mechanism}: the result breaks {law}: residual {residual:.3e}, "
            f"allowed {limit:.1e}. The result was not used; please report the orders."
        )
        self.mechanism = mechanism
        self.law = law
        self.residual = residual
        self.limit = limit

    def __reduce__(self) -> tuple[type, tuple[str, str, float, float]]:
        return type(self), (self.mechanism, self.law, self.residual, self.limit)


class GridError(GridagoraError, RuntimeError):
    """The physical grid could not do what it was asked."""


class PowerFlowError(GridError):
    """A power flow without a usable operating point."""

    def __init__(self, case: str, problem: str, fix: str) -> None:
        super().__init__(f"power flow of {case}: {problem}. {fix}.")
        self.case = case
        self.problem = problem
        self.fix = fix

    def __reduce__(self) -> tuple[type, tuple[str, str, str]]:
        return type(self), (self.case, self.problem, self.fix)


class EpisodeError(GridagoraError, RuntimeError):
    """An environment that was used out of order."""


def listed(items: Sequence[str], most: int = _SHOWN, *, separator: str = ", ") -> str:
    """Join the first few items and count the rest.

    Example:
        >>> listed(["a", "b", "c"], 2)
        'a, b and 1 more'
    """
    shown = separator.join(items[:most])
    rest = len(items) - most
    return f"{shown} and {rest} more" if rest > 0 else shown
