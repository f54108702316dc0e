"""OpenDSS cases: found, read and put into one list of commands."""

import csv
import hashlib
import io
import re
from dataclasses import dataclass, field
from pathlib import Path

from gridagora.errors import InvalidCaseError, MissingFileError, UnknownNameError
from gridagora.grids.cases.scan import (
    MAX_DEPTH,
    FileReference,
    Statement,
    canonical_verb,
    file_references,
    statement_faults,
    without_comment,
)
from gridagora.grids.feeders import FEEDERS

_NEAR = 8
_LOADS_FILE = "distributed_loads.csv"


@dataclass(frozen=True, slots=True)
class MidLineBus:
    """A bus in the middle of a line that stands for a load spread along it.

    Attributes:
        bus: Name of the middle bus.
        from_bus: End nearer to the source.
        to_bus: Other end.
        share_from: Part of its load that belongs to ``from_bus``, in [0, 1].
    """

    bus: str
    from_bus: str
    to_bus: str
    share_from: float = 0.5


@dataclass(frozen=True, slots=True)
class CaseScript:
    """An OpenDSS case as one list of commands, whatever files it came from.

    Redirected files are put in place, file names are absolute, comments are gone.
    That makes file names independent of case, of the working directory and of the
    encoding, and lets a case travel to another process.

    Attributes:
        name: How messages call the case.
        statements: Commands in order, each with its file and line.
        mid_line: Middle buses of distributed loads, from ``distributed_loads.csv``.
        trusted: Whether the case may be loaded without a probe.
        digest: SHA-256 of commands and of the data files they read.
    """

    name: str
    statements: tuple[Statement, ...]
    mid_line: tuple[MidLineBus, ...] = ()
    trusted: bool = False
    digest: str = ""


def read_case(case: str | Path, *, trusted: bool = False) -> CaseScript:
    """Read a case and everything it redirects to.

    Args:
        case: A shipped feeder (``"ieee34"``), a .dss file, or a folder that holds one
            main .dss file. Letter case does not matter.
        trusted: Skip the list of allowed commands. Shipped feeders are trusted.

    Returns:
        The case as one list of commands.

    Raises:
        UnknownNameError: A bare name that is neither a feeder nor a file.
        MissingFileError: The file or folder is not there.
        InvalidCaseError: Redirects that form a loop, go too deep, leave the case's
            folder or lead nowhere; commands, options or numbers that are not allowed;
            unterminated quotes. All of them, with file and line.
    """
    path, shipped = _find(case)
    reader = _Reader(root=path.parent.resolve(), trusted=trusted or shipped)
    reader.read(path.resolve(), ())
    mid_line = _mid_line_buses(path.parent / _LOADS_FILE, reader.faults)
    if reader.faults:
        raise InvalidCaseError(f"case {path.name!r}", reader.faults)
    return CaseScript(
        name=path.stem,
        statements=tuple(reader.statements),
        mid_line=mid_line,
        trusted=reader.trusted,
        digest=_digest(reader),
    )


def _find(case: str | Path) -> tuple[Path, bool]:
    """Return the main file of a case, and whether it is shipped."""
    if str(case).lower() in FEEDERS:
        return FEEDERS[str(case).lower()].path, True
    path = resolve_any_case(Path(case))
    if path is None:
        bare = isinstance(case, str) and not re.search(r"[/\\.]", case)
        if bare:
            raise UnknownNameError("feeder or case file", str(case), FEEDERS)
        folder = resolve_any_case(Path(case).parent)
        raise MissingFileError("OpenDSS case", Path(case), _near(folder, Path(case)))
    if path.is_dir():
        path = _main_file(path)
    return path, path in {feeder.path for feeder in FEEDERS.values()}


def _near(folder: Path | None, wanted: Path) -> list[str]:
    """Return names in the folder, likely ones first."""
    if folder is None or not folder.is_dir():
        return []
    names = sorted(entry.name for entry in folder.iterdir())
    names.sort(key=lambda name: not name.lower().endswith(wanted.suffix.lower()))
    return names[:_NEAR]


def _main_file(folder: Path) -> Path:
    scripts = sorted(
        entry for entry in folder.iterdir() if entry.suffix.lower() == ".dss"
    )
    if not scripts:
        raise MissingFileError("case script", folder / "*.dss", _near(folder, folder))
    wanted = {"master", "main", folder.name.lower()}
    main = [script for script in scripts if script.stem.lower() in wanted]
    chosen = scripts if len(scripts) == 1 else main
    if len(chosen) != 1:
        names = ", ".join(script.name for script in scripts)
        raise InvalidCaseError(
            f"case folder {folder.name!r}",
            [f"it is not clear which of {names} is the main file; name the file."],
        )
    return chosen[0]


def resolve_any_case(path: Path) -> Path | None:
    """Return the existing path equal to the given one but for letter case, or None."""
    if path.exists():
        return path
    if path.parent == path:
        return None
    parent = resolve_any_case(path.parent)
    if parent is None or not parent.is_dir():
        return None
    wanted = path.name.lower()
    same = sorted(entry for entry in parent.iterdir() if entry.name.lower() == wanted)
    return same[0] if same else None


def decode(raw: bytes) -> str:
    r"""Return the text of a file in UTF-8, with or without mark, or Latin-1.

    Example:
        >>> decode(b"\xef\xbb\xbfclear"), decode(b"! caf\xe9")
        ('clear', '! café')
    """
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


@dataclass(slots=True)
class _Reader:
    root: Path
    trusted: bool
    statements: list[Statement] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    data_files: list[Path] = field(default_factory=list)

    def read(self, path: Path, above: tuple[Path, ...]) -> None:
        in_block = False
        for number, raw in enumerate(decode(path.read_bytes()).splitlines(), 1):
            line = raw.strip()
            in_block = in_block or line.startswith("/*")
            if in_block:
                in_block = "*/" not in line
                continue
            text = without_comment(line)
            if text:
                self._take(Statement(text, path.name, number), path, (*above, path))
        if in_block:
            self.faults.append(f"{path.name}: a comment opened by /* is never closed.")

    def _take(self, statement: Statement, path: Path, above: tuple[Path, ...]) -> None:
        faults = [] if self.trusted else statement_faults(statement)
        self.faults += faults
        if faults:
            return
        references = file_references(statement)
        if canonical_verb(statement.text) in ("redirect", "compile"):
            for reference in references[:1]:
                self._redirect(statement, reference, path, above)
            return
        text = statement.text
        for reference in reversed(references):
            target = self._resolve(statement, reference, path)
            if target is not None:
                self.data_files.append(target)
                quoted = f'"{target}"'
                text = text[: reference.start] + quoted + text[reference.end :]
        self.statements.append(Statement(text, statement.file, statement.line))

    def _redirect(
        self,
        statement: Statement,
        reference: FileReference,
        path: Path,
        above: tuple[Path, ...],
    ) -> None:
        target = self._resolve(statement, reference, path)
        if target is None:
            return
        if target in above:
            self.faults.append(f"{statement.where}: {target.name} redirects to itself.")
        elif len(above) >= MAX_DEPTH:
            self.faults.append(
                f"{statement.where}: redirects are nested more than {MAX_DEPTH} deep."
            )
        else:
            self.read(target, above)

    def _resolve(
        self, statement: Statement, reference: FileReference, path: Path
    ) -> Path | None:
        wanted = path.parent / reference.name.replace("\\", "/")
        found = resolve_any_case(wanted)
        if found is None or not found.is_file():
            near = ", ".join(_near(resolve_any_case(wanted.parent), wanted))
            self.faults.append(
                f"{statement.where}: file {reference.name!r} not found; "
                f"that folder has {near or 'nothing'}."
            )
            return None
        found = found.resolve()
        if not self.trusted and not found.is_relative_to(self.root):
            self.faults.append(
                f"{statement.where}: file {reference.name!r} lies outside the case's "
                "folder; copy it there."
            )
            return None
        return found


def _digest(reader: _Reader) -> str:
    sha = hashlib.sha256()
    for statement in reader.statements:
        sha.update(statement.text.encode() + b"\n")
    for path in reader.data_files:
        sha.update(path.read_bytes())
    return sha.hexdigest()


def _mid_line_buses(path: Path, faults: list[str]) -> tuple[MidLineBus, ...]:
    """Read which buses stand for loads spread along a line; none without the file."""
    if not path.is_file():
        return ()
    rows = list(csv.DictReader(io.StringIO(decode(path.read_bytes()))))
    found = []
    for number, row in enumerate(rows, 2):
        names = [
            (row.get(key) or "").strip().lower()
            for key in ("mid_bus", "from_bus", "to_bus")
        ]
        share = (row.get("share_from") or "0.5").strip()
        if not all(names) or not _is_share(share):
            faults.append(
                f"{path.name}:{number}: expected mid_bus, from_bus, to_bus and "
                f"share_from in [0, 1], got {[*names, share]}."
            )
        else:
            found.append(MidLineBus(names[0], names[1], names[2], float(share)))
    return tuple(found)


def _is_share(text: str) -> bool:
    try:
        return 0.0 <= float(text) <= 1.0
    except ValueError:
        return False
