"""Parameters of a study from a file and from the command line."""

import difflib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from gridagora.errors import InvalidConfigError, MissingFileError, listed
from gridagora.studies.contract import Study, StudyConfig

_MOST_BYTES = 1_000_000
_SUFFIXES = {".yaml", ".yml", ".json"}


@dataclass(frozen=True, slots=True)
class StudyFile:
    """What a study file asks for.

    Attributes:
        path: The file.
        study: Name of the study.
        parameters: Its parameters, not yet checked.
    """

    path: Path
    study: str
    parameters: Mapping[str, Any]


def names_a_file(text: str) -> bool:
    """Return whether a word at the command line is a file rather than a study.

    Example:
        >>> names_a_file("market-power"), names_a_file("my/study.yaml")
        (False, True)
    """
    return Path(text).suffix in _SUFFIXES or "/" in text or os.sep in text


def read_study_file(path: Path) -> StudyFile:
    """Read a YAML or JSON file with the key ``study`` and parameters beside it.

    Args:
        path: The file. What ends in ``.json`` is JSON, everything else YAML.

    Raises:
        MissingFileError: There is no such file.
        InvalidConfigError: It is too long, not YAML or JSON, has a key twice or an
            alias, or does not name a study.
    """
    what = f"study file '{path}'"
    if not path.is_file():
        near = [p.name for p in sorted(path.parent.glob("*")) if p.suffix in _SUFFIXES]
        raise MissingFileError("study file", path, near)
    if path.stat().st_size > _MOST_BYTES:
        fault = f"it has {path.stat().st_size} bytes, expected at most {_MOST_BYTES}."
        raise InvalidConfigError(what, [fault])
    content = _parse(path, what)
    if not isinstance(content, dict) or not all(isinstance(k, str) for k in content):
        fault = "expected names with values, e.g. 'study: market-power'."
        raise InvalidConfigError(what, [fault])
    study = content.pop("study", None)
    if not isinstance(study, str):
        fault = f"'study' is {study!r}, expected the name of a study."
        raise InvalidConfigError(what, [fault])
    return StudyFile(path, study, content)


def _parse(path: Path, what: str) -> Any:
    try:
        text = path.read_text("utf-8-sig")
        if path.suffix == ".json":
            return json.loads(
                text, object_pairs_hook=_once, parse_constant=_refuse_constant
            )
        return _StrictLoader(text).get_single_data()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = f"line {mark.line + 1}: " if mark else ""
        raise InvalidConfigError(what, [f"{place}{error.problem}."]) from error
    except (ValueError, yaml.YAMLError, RecursionError) as error:
        raise InvalidConfigError(what, [f"it cannot be read: {error}."]) from error


class _StrictLoader(yaml.SafeLoader):
    """Safe YAML without aliases, which can blow up, and with every key once."""

    def compose_node(self, parent: Any, index: int) -> Any:
        if self.check_event(yaml.AliasEvent):
            problem = "aliases (*name) are not accepted; write the value out"
            raise yaml.MarkedYAMLError(problem=problem, problem_mark=self.get_mark())
        return super().compose_node(parent, index)

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:  # noqa: FBT001, FBT002 - signature of yaml
        seen: set[Any] = set()
        for key_node, _ in node.value:
            key = str(self.construct_object(key_node, deep=True))
            if key in seen:
                problem = f"the key {key!r} stands there twice"
                raise yaml.MarkedYAMLError(
                    problem=problem, problem_mark=key_node.start_mark
                )
            seen.add(key)
        return super().construct_mapping(node, deep=deep)


def _once(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) < len(pairs):
        twice = next(k for i, (k, _) in enumerate(pairs) if k in dict(pairs[:i]))
        message = f"the key {twice!r} stands there twice"
        raise ValueError(message)
    return content


def _refuse_constant(name: str) -> None:
    message = f"{name} is not a number"
    raise ValueError(message)


def parse_settings(settings: Sequence[str]) -> dict[str, Any]:
    """Turn ``key=value`` words into parameters; values are read as YAML.

    A dot in a key reaches into a parameter with parts of its own.

    Raises:
        InvalidConfigError: A word has no ``=``, or its value cannot be read.

    Example:
        >>> parse_settings(["n_rounds=20", "limits_kw=[1, 2.5]", "grid.name=ieee13"])
        {'n_rounds': 20, 'limits_kw': [1, 2.5], 'grid': {'name': 'ieee13'}}
    """
    parameters: dict[str, Any] = {}
    faults = []
    for setting in settings:
        key, equals, text = setting.partition("=")
        if not (key and equals):
            faults.append(f"{setting!r} given, expected key=value.")
            continue
        try:
            value = _StrictLoader(text).get_single_data()
        except yaml.YAMLError:
            faults.append(f"the value in {setting!r} is not a YAML value.")
            continue
        taken = _put(parameters, key.split("."), value)
        if taken is not None:
            faults.append(
                f"{setting!r} reaches into {taken!r}, which already has a value."
            )
    if faults:
        raise InvalidConfigError("--set", faults)
    return parameters


def _put(parameters: dict[str, Any], path: Sequence[str], value: Any) -> str | None:
    """Put a value at a path; return the name that is in the way, or None."""
    *parents, last = path
    for parent in parents:
        parameters = parameters.setdefault(parent, {})
        if not isinstance(parameters, dict):
            return parent
    parameters[last] = value
    return None


def make_config(
    study: Study,
    parameters: Mapping[str, Any],
    *,
    settings: Mapping[str, Any],
    source: str,
) -> StudyConfig:
    """Check parameters and return the configuration of a study.

    Args:
        study: Whose parameters they are.
        parameters: From a file.
        settings: From the command line; they win.
        source: Name of the file, for messages.

    Raises:
        InvalidConfigError: Names or values are wrong; all faults are listed.
    """
    merged = _merged(parameters, settings)
    try:
        return study.config.model_validate(merged)
    except ValidationError as error:
        faults = []
        for fault in error.errors(include_url=False):
            given = _given(settings, fault["loc"])
            faults.append(f"{'--set' if given else source}: {_sentence(study, fault)}")
        what = f"configuration of study {study.name!r}"
        raise InvalidConfigError(what, faults) from error


def _merged(base: Mapping[str, Any], top: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in top.items():
        old = merged.get(key)
        both = isinstance(old, dict) and isinstance(value, dict)
        merged[key] = _merged(old, value) if both and old is not None else value
    return merged


def _given(parameters: Mapping[str, Any], location: Sequence[int | str]) -> bool:
    return bool(location) and location[0] in parameters


def _sentence(study: Study, fault: ErrorDetails) -> str:
    """Return what is wrong with one parameter and what is expected."""
    path = ".".join(str(part) for part in fault["loc"])
    if fault["type"] == "extra_forbidden":
        known = _known(study.config, fault["loc"])
        close = difflib.get_close_matches(str(fault["loc"][-1]), known, n=1)
        hint = f" Known: {listed(known, 40)}." if known else ""
        hint = f" Did you mean {close[0]!r}?" if close else hint
        return f"{path!r} is not a parameter of it.{hint}"
    message = fault["msg"].removeprefix("Value error, ")
    expected = message[:1].lower() + message[1:]
    if not path:  # a rule over several parameters has no place of its own
        return f"{expected}."
    return f"{path!r} is {fault['input']!r}: {expected}."


def _known(model: type[BaseModel], location: Sequence[int | str]) -> list[str]:
    """Return the names that may stand where an unknown one was found."""
    for part in location[:-1]:
        field = model.model_fields.get(str(part))
        inner = field.annotation if field else None
        if not (isinstance(inner, type) and issubclass(inner, BaseModel)):
            return []
        model = inner
    return list(model.model_fields)
