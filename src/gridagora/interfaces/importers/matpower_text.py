"""The part of MATLAB's grammar that case files need, read without running anything.

A case file is a list of assignments of numbers, texts, matrices of numbers and lists of
texts. Whatever else stands there is computed, and refused: to pass it over would be to
misread the case.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from gridagora.types.arrays import FloatArray

_JOINED = "\v"  # stands where a line goes on below: a space that counts as a line
_SHOWN = 60

_TEXT = r"'(?:[^'\n]|'')*'|\"(?:[^\"\n]|\"\")*\""
_ASIDE = re.compile(rf"(?P<text>{_TEXT})|%[^\n]*|\.\.\.[^\n]*(?:\n|\Z)")
_TEXTS = re.compile(_TEXT)
_OPENS, _CLOSES = re.compile(r"[ \t]*%\{[ \t]*\Z"), re.compile(r"[ \t]*%\}[ \t]*\Z")
_BETWEEN = re.compile(r"[\s;,]*")
_LINE = re.compile(r"[^\n]*")
_FUNCTION = re.compile(
    r"function\b[ \t\v]*(?P<made>\[[^\]\n]*\]|\w+)[ \t\v]*=[^\n;=]*;?"
)
_DONE = re.compile(r"(?:end|endfunction|return)\b[ \t\v]*(?=[;,\n]|\Z)")
_TARGET = re.compile(r"(?P<name>[A-Za-z]\w*(?:\.[A-Za-z]\w*)*)[ \t\v]*=[ \t\v]*", re.A)
_VALUE = re.compile(
    rf"\[(?P<matrix>[^\[\]{{}}()'\"=]*)\]|\{{(?P<list>(?:{_TEXT}|[^{{}}'\"\[\]()])*)\}}"
    rf"|(?P<text>{_TEXT})|(?P<number>[^\s;,'\"\[\]{{}}()]+)"
)
_STOP = re.compile(r"[ \t\v]*(?:[;,\n]|\Z)")
_NUMERIC = re.compile(r"[\s\d.eEdD+\-InfNainf]*", re.A)


@dataclass(frozen=True, slots=True, eq=False)
class Matrix:
    """A matrix of numbers.

    Attributes:
        value: Shape ``(n_row, n_column)``.
        line: Line of the file of each row, from 1.
    """

    value: FloatArray
    line: tuple[int, ...]


Value = float | str | tuple[str, ...] | Matrix


@dataclass(frozen=True, slots=True)
class Assignments:
    """What a file assigns.

    Attributes:
        values: By name, without the name of the structure.
        other: Names whose value is a list of other things than texts.
        faults: What cannot be read, one sentence each with its line.
    """

    values: dict[str, Value]
    other: list[str]
    faults: list[str]


def read_assignments(text: str) -> Assignments:
    r"""Read the assignments of a case file.

    Args:
        text: The file.

    Example:
        >>> read = read_assignments("function mpc = two\nmpc.baseMVA = 100; % MVA")
        >>> read.values, read.faults
        ({'baseMVA': 100.0}, [])
    """
    found = Assignments({}, [], [])
    plain = _without_asides(text, found.faults)
    structure = ""
    at = _past(_BETWEEN, plain, 0)
    while at < len(plain):
        if made := _FUNCTION.match(plain, at):
            if structure:
                found.faults.append(f"{_line(plain, at)}: a second function begins.")
            structure, at = made["made"], made.end()
        elif done := _DONE.match(plain, at):
            at = done.end()
        else:
            at = _read_statement(plain, at, structure, found)
        at = _past(_BETWEEN, plain, at)
    return found


def _without_asides(text: str, faults: list[str]) -> str:
    """Return the text without comments, lines that go on joined."""
    lines = re.split(r"\r\n|\r|\n", text.replace(_JOINED, " "))
    depth = 0
    for number, line in enumerate(lines):
        opens, closes = _OPENS.match(line), _CLOSES.match(line)
        depth += bool(opens)
        if depth:
            lines[number] = ""
        depth -= bool(closes) and depth > 0
    if depth:
        faults.append(
            "a block comment '%{' is not closed by '%}' on a line of its own."
        )
    return _ASIDE.sub(_aside, "\n".join(lines))


def _aside(found: re.Match[str]) -> str:
    if found["text"] is not None:
        return found["text"]
    return _JOINED if found[0].endswith("\n") else ""


def _read_statement(plain: str, at: int, structure: str, found: Assignments) -> int:
    """Read one assignment into ``found``; return where to go on."""
    target = _TARGET.match(plain, at)
    value = _VALUE.match(plain, target.end()) if target else None
    stop = _STOP.match(plain, value.end()) if value else None
    if not (target and value and stop):
        return _refuse(plain, at, found)
    place = _line(plain, at)
    name = _field(target["name"], structure)
    if name in found.values or name in found.other:
        found.faults.append(f"{place}: {target['name']} is assigned a second time.")
    read = _value(plain, value, f"{place}: {target['name']}", found.faults)
    if read is not None:
        found.values[name] = read
    elif value["list"] is not None:
        found.other.append(name)
    elif value["number"] is not None:
        return _refuse(plain, at, found)
    return stop.end()


def _refuse(plain: str, at: int, found: Assignments) -> int:
    statement = _past(_LINE, plain, at)
    shown = " ".join(plain[at:statement].split()).rstrip("; ")
    shown = shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN]}..."
    found.faults.append(f"{_line(plain, at)}: {shown!r} is computed.")
    return statement


def _field(name: str, structure: str) -> str:
    """Return the name of a field of the structure that the function makes."""
    is_structure = structure.isidentifier()
    first, _, rest = name.partition(".")
    if rest and first == (structure if is_structure else "mpc"):
        return rest
    return f"variable {name}" if is_structure else name


def _value(
    plain: str, value: re.Match[str], what: str, faults: list[str]
) -> Value | None:
    """Return what is assigned, or None where it is no plain value."""
    if value["matrix"] is not None:
        first = plain.count("\n", 0, value.start()) + 1
        first += plain.count(_JOINED, 0, value.start())
        return _matrix(value["matrix"], first, what, faults)
    if value["list"] is not None:
        rest = _TEXTS.sub(" ", value["list"])
        texts = _TEXTS.findall(value["list"])
        return tuple(map(_unquoted, texts)) if not rest.strip(" \t\v\n;,") else None
    if value["text"] is not None:
        return _unquoted(value["text"])
    return _number(value["number"])


def _matrix(content: str, first: int, what: str, faults: list[str]) -> Matrix:
    """Return a matrix; cells that are no numbers and uneven rows are faults."""
    rows: list[list[float]] = []
    places: list[int] = []
    for line, part in _parts(content, first):
        cells = part.replace(",", " ").split()
        row = [_number(cell) for cell in cells]
        wrong = [
            cell for cell, number in zip(cells, row, strict=True) if number is None
        ]
        if wrong or re.search(r",\s*,", part):
            faults.append(
                f"line {line}: {wrong[0] if wrong else ',,'!r} is no number; what is "
                "computed is not read."
            )
            continue
        if rows and len(row) != len(rows[0]):
            faults.append(
                f"line {line}: {len(row)} columns, expected {len(rows[0])} as above."
            )
            continue
        rows.append([number for number in row if number is not None])
        places.append(line)
    n_column = len(rows[0]) if rows else 0
    return Matrix(np.array(rows).reshape(len(rows), n_column), tuple(places))


def _parts(content: str, first: int) -> Iterator[tuple[int, str]]:
    """Yield the rows of a matrix that are not empty, each with its line."""
    line = first
    for text in content.split("\n"):
        for part in text.split(";"):
            if part.strip(" \t\v\f,"):
                blank = len(part) - len(part.lstrip())
                yield line + part.count(_JOINED, 0, blank), part
            line += part.count(_JOINED)
        line += 1


def _number(cell: str) -> float | None:
    """Return a number as MATLAB writes it, or None."""
    if not _NUMERIC.fullmatch(cell):
        return None
    try:
        return float(cell.replace("d", "e").replace("D", "e"))
    except ValueError:
        return None


def _unquoted(text: str) -> str:
    return text[1:-1].replace(text[0] * 2, text[0])


def _past(pattern: re.Pattern[str], plain: str, at: int) -> int:
    found = pattern.match(plain, at)
    return found.end() if found else at


def _line(plain: str, at: int) -> str:
    return f"line {plain.count(chr(10), 0, at) + plain.count(_JOINED, 0, at) + 1}"
