"""What a case from outside the package may contain."""

import math
import re
from dataclasses import dataclass

MAX_DEPTH = 16
"""Most files deep that redirects may be nested."""

_ALLOWED_VERBS = (
    "~",
    "?",
    "batchedit",
    "buscoords",
    "calcvoltagebases",
    "clear",
    "clearall",
    "close",
    "compile",
    "disable",
    "edit",
    "enable",
    "latloncoords",
    "m",
    "makebuslist",
    "more",
    "new",
    "open",
    "redirect",
    "select",
    "set",
    "setkvbase",
    "solve",
)
# Only those that share four letters with an allowed one matter for abbreviations.
_REFUSED_VERBS = ("closedi", "comparecases", "compensate", "reduce", "save", "show")
_FILE_VERBS = ("redirect", "compile", "buscoords", "latloncoords")

_ALLOWED_OPTIONS = (
    "algorithm",
    "allowduplicates",
    "basefrequency",
    "cktmodel",
    "controlmode",
    "defaultbasefrequency",
    "earthmodel",
    "emergvmaxpu",
    "emergvminpu",
    "frequency",
    "genmult",
    "hour",
    "ldcurve",
    "loadmodel",
    "loadmult",
    "markcapacitors",
    "markregulators",
    "marktransformers",
    "maxcontroliter",
    "maxiterations",
    "minpfload",
    "mode",
    "neglectloady",
    "nodewidth",
    "normvmaxpu",
    "normvminpu",
    "number",
    "random",
    "sec",
    "seasons",
    "stepsize",
    "time",
    "tolerance",
    "trapezoidal",
    "voltagebases",
    "year",
    "zonelock",
)
_REFUSED_PROPERTIES = {
    "usermodel": "loads a program library",
    "shaftmodel": "loads a program library",
    "dynadll": "loads a program library",
    "dyndll": "loads a program library",
    "userdefined": "loads a program library",
    "debugtrace": "writes files",
    "action": "can write files",
}
_COUNTS = ("conductors", "nconds", "nphases", "numsteps", "phases", "windings")
_LARGEST_COUNT = 100  # the engine takes any number and may die of it
_ABBREVIATION = 4

_PAIRS = {"(": ")", "[": "]", "{": "}", '"': '"', "'": "'"}
_NAMED = re.compile(
    r"""(?P<name>[^\s=,"'(\[{]+)\s*=\s*
        (?P<value>"[^"]*"|'[^']*'|\([^)]*\)|\[[^\]]*\]|\{[^}]*\}|[^\s,=]*)""",
    re.VERBOSE,
)
_NUMBER_LIKE = re.compile(r"[^\s,|()\[\]{}=\"']+")
_PROPERTY_FILE = re.compile(
    r"""(?i)\b(?:csvfile|sngfile|dblfile|pqcsvfile|file)\s*=\s*
        (?P<name>"[^"]*"|'[^']*'|[^\s,)\]}]+)""",
    re.VERBOSE,
)
_VERB_FILE = re.compile(
    r"""^\S+\s+(?:file\s*=\s*)?
        (?P<name>"[^"]*"|'[^']*'|\([^)]*\)|\[[^\]]*\]|\{[^}]*\}|\S+)""",
    re.VERBOSE | re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Statement:
    """One command of a case.

    Attributes:
        text: The command, without comment.
        file: Name of the file it stands in.
        line: Line number in that file, from 1.
    """

    text: str
    file: str
    line: int

    @property
    def where(self) -> str:
        """File and line, as messages show them."""
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True)
class FileReference:
    """A file name inside a command.

    Attributes:
        name: The name as written, without quotes.
        start: Where it starts in the command, quotes included.
        end: Where it ends.
    """

    name: str
    start: int
    end: int


def without_comment(line: str) -> str:
    """Return a line up to the first ``!`` or ``//`` that is not quoted.

    Example:
        >>> without_comment("new line.a length=2 ! miles")
        'new line.a length=2'
    """
    closing = ""
    for at, letter in enumerate(line):
        if closing:
            closing = "" if letter == closing else closing
        elif letter == "!" or line.startswith("//", at):
            return line[:at].strip()
        else:
            closing = _PAIRS.get(letter, "")
    return line.strip()


def canonical_verb(text: str) -> str:
    """Return the full name of a command's verb, or the verb itself when unknown.

    Example:
        >>> canonical_verb("Calcv"), canonical_verb("REDIR x.dss"), canonical_verb("~b")
        ('calcvoltagebases', 'redirect', '~')
    """
    first = re.split(r"[\s=,]", text, maxsplit=1)[0].lower()
    if first.startswith(("~", "?")):
        return first[0]
    return _completed(first, _ALLOWED_VERBS, _REFUSED_VERBS)


def file_references(statement: Statement) -> list[FileReference]:
    """Return the file names in a command, in order of place."""
    if canonical_verb(statement.text) in _FILE_VERBS:
        match = _VERB_FILE.match(statement.text)
        return [] if match is None else [_reference(match)]
    return [_reference(match) for match in _PROPERTY_FILE.finditer(statement.text)]


def _reference(match: re.Match[str]) -> FileReference:
    written = match["name"]
    name = written[1:-1] if written[0] in _PAIRS else written
    return FileReference(name, match.start("name"), match.end("name"))


def statement_faults(statement: Statement) -> list[str]:
    """Return what is wrong with one command of a case from outside the package."""
    problems = [*_quote_faults(statement.text), *_number_faults(statement.text)]
    verb = canonical_verb(statement.text)
    assigns = re.match(r"[^\s=]+\.[^\s=]+\.[^\s=]+\s*=", statement.text)
    if verb not in _ALLOWED_VERBS and not assigns:
        problems.append(
            f"command {verb!r} is not allowed in a case; build the circuit here and "
            "use DSS.command for the rest."
        )
    elif verb == "set":
        problems += _option_faults(statement.text)
    elif verb in _FILE_VERBS:
        if not file_references(statement):
            problems.append(f"command {verb!r} names no file.")
    else:
        problems += _property_faults(statement.text)
    return [f"{statement.where}: {problem}" for problem in problems]


def _completed(word: str, allowed: tuple[str, ...], refused: tuple[str, ...]) -> str:
    """Complete an abbreviation of four letters or more that means one thing only."""
    if word in allowed or len(word) < _ABBREVIATION:
        return word
    if any(name.startswith(word) for name in refused):
        return word
    return next((name for name in allowed if name.startswith(word)), word)


def _quote_faults(text: str) -> list[str]:
    opened = closing = ""
    for letter in text:
        if closing:
            closing = "" if letter == closing else closing
        elif letter in _PAIRS:
            opened, closing = letter, _PAIRS[letter]
    return [f"{opened} is opened and never closed."] if closing else []


def _number_faults(text: str) -> list[str]:
    return [
        f"{word!r} is not a finite number."
        for word in _NUMBER_LIKE.findall(text)
        if _is_endless(word)
    ]


def _is_endless(word: str) -> bool:
    try:
        return not math.isfinite(float(word))
    except ValueError:
        return False


def _option_faults(text: str) -> list[str]:
    names = [match["name"].lower() for match in _NAMED.finditer(text[3:])]
    return [
        f"option {name!r} is not allowed in a case."
        for name in names
        if _completed(name, _ALLOWED_OPTIONS, ()) not in _ALLOWED_OPTIONS
    ]


def _property_faults(text: str) -> list[str]:
    problems = []
    for match in _NAMED.finditer(text):
        name = match["name"].lower().rsplit(".", 1)[-1]
        for refused, why in _REFUSED_PROPERTIES.items():
            if len(name) >= _ABBREVIATION and refused.startswith(name):
                problems.append(f"property {name!r} is not allowed: it {why}.")
        value = _number(match["value"])
        if len(name) > 2 and "length".startswith(name) and value <= 0:
            problems.append(f"length is {match['value']}, expected more than 0.")
        if _completed(name, _COUNTS, ()) in _COUNTS and not (
            1 <= value <= _LARGEST_COUNT or math.isnan(value)
        ):
            problems.append(
                f"{name} is {match['value']}, expected 1 to {_LARGEST_COUNT}."
            )
    return problems


def _number(text: str) -> float:
    """Return a value that is one plain number, NaN for any other."""
    try:
        return float(text.strip("\"'()[]{}"))
    except ValueError:
        return math.nan
