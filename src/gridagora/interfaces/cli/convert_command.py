"""What the command does that turns a power system case into a study file."""

import json
import math
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import yaml

from gridagora.errors import InvalidConfigError
from gridagora.interfaces.cli.screen import number, print_pairs
from gridagora.interfaces.configuration import read_study_file
from gridagora.interfaces.importers.case_draft import VALUE_PER_KWH
from gridagora.interfaces.importers.matpower import read_matpower
from gridagora.interfaces.importers.pandapower import read_pandapower
from gridagora.interfaces.storage.files import write_bytes
from gridagora.types.nodal_case import NodalCase

STUDY = "self-play-case"
"""Name of the study that the file is for."""

_TABLES = frozenset({"branches", "generators", "loads"})
_READERS = {".m": read_matpower, ".json": read_pandapower}
_PYTHON = "a .py case is a program and is not run; in Python, use pypower_case."


def convert(
    case: Path, out: Path, *, value_per_kwh: float | None = None, force: bool = False
) -> None:
    """Write a study file with the network, units and loads of a case.

    Args:
        case: A MATPOWER case ``.m`` or a pandapower network ``.json``.
        out: The study file: ``.yaml``, ``.yml`` or ``.json``.
        value_per_kwh: What a kWh of firm load is worth; ``VALUE_PER_KWH`` when None.
            Currency/kWh.
        force: Whether to replace a file that is there.

    Raises:
        MissingFileError: There is no such case.
        InvalidCaseError: The case cannot be used.
        InvalidConfigError: The study file is there already, cannot be written, or
            would not be read again as what was written.
    """
    reader = _READERS.get(case.suffix.lower())
    if reader is None:
        fault = f"its name ends in {case.suffix!r}, expected .m or .json; {_PYTHON}"
        raise InvalidConfigError(f"case '{case}'", [fault])
    writer = _writer(out, force=force)
    value = VALUE_PER_KWH if value_per_kwh is None else value_per_kwh
    read = reader(case, value_per_kwh=value)
    parameters = _parameters(read)
    content = writer(parameters, _heading(case, read)).encode()
    _check(content, parameters, out)
    try:
        write_bytes(out, content)
    except OSError as error:
        fault = f"it cannot be written ({error.strerror or error}); name another."
        raise InvalidConfigError(f"file '{out}'", [fault]) from error
    _show(case, out, read)


_Writer = Callable[[Mapping[str, Any], list[str]], str]


def _writer(out: Path, *, force: bool) -> _Writer:
    writers = {".yaml": _as_yaml, ".yml": _as_yaml, ".json": _as_json}
    writer = writers.get(out.suffix)
    if writer is None:
        fault = f"its name ends in {out.suffix!r}, expected .yaml, .yml or .json."
        raise InvalidConfigError(f"file '{out}'", [fault])
    if out.exists() and not force:
        fault = "it is there already; replace it with --force, or name another."
        raise InvalidConfigError(f"file '{out}'", [fault])
    return writer


def _parameters(case: NodalCase) -> dict[str, Any]:
    """Return the parameters of the study: rows, a missing limit as None.

    Players are named only where not every generator can be one.
    """
    players = _flexible_generators(case)
    every = len(players) in (0, int((~case.orders.is_bid).sum()))
    return {
        "reference": case.network.bus[case.network.reference],
        **({} if every else {"players": {name: [name] for name in players}}),
        "branches": list(_rows(case.branches())),
        "generators": list(_rows(case.generators())),
        "loads": list(_rows(case.loads())),
    }


def _flexible_generators(case: NodalCase) -> list[str]:
    """Return the participants whose offers have more than a firm part."""
    orders = case.orders
    flexible = ~orders.is_bid & (orders.most_kw > orders.firm_kw)
    return [orders.participant[at] for at in np.flatnonzero(flexible).tolist()]


def _rows(table: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    columns = [
        column.tolist() if isinstance(column, np.ndarray) else list(column)
        for column in table.values()
    ]
    for cells in zip(*columns, strict=True):
        yield {
            name: None if cell == math.inf else cell
            for name, cell in zip(table, cells, strict=True)
        }


def _heading(case: Path, read: NodalCase) -> list[str]:
    lines = [f"Made from {case.name} by gridagora convert. kW, currency/kWh, pu."]
    return lines + [f"Left out: {_in_one_line(sentence)}" for sentence in read.left_out]


def _in_one_line(text: str) -> str:
    """Return a text that can stand in a comment, whatever names are in it."""
    return "".join(sign if sign.isprintable() else " " for sign in text)


def _as_yaml(parameters: Mapping[str, Any], heading: list[str]) -> str:
    """Return a study file with one row a line."""
    lines = [f"# {_in_one_line(line)}" for line in heading]
    lines.append(f"study: {STUDY}")
    for name, rows in parameters.items():
        if name not in _TABLES:
            lines.append(f"{name}: {_flow(rows)}")
            continue
        lines.append(f"{name}:" if rows else f"{name}: []")
        lines += [f"- {_flow(row)}" for row in rows]
    return "\n".join(lines) + "\n"


def _flow(value: Any) -> str:
    text: str = yaml.safe_dump(
        value,
        default_flow_style=True,
        sort_keys=False,
        allow_unicode=True,
        width=math.inf,
    )
    return text.removesuffix("\n").removesuffix("\n...")


def _as_json(parameters: Mapping[str, Any], _heading: list[str]) -> str:
    """Return a study file with one row a line; JSON has no place for comments."""
    parts = [f'"study": "{STUDY}"']
    for name, rows in parameters.items():
        if name not in _TABLES:
            parts.append(f'"{name}": {_line(rows)}')
            continue
        inner = ",\n".join(f"  {_line(row)}" for row in rows)
        parts.append(f'"{name}": [\n{inner}\n]')
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _line(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _check(content: bytes, parameters: Mapping[str, Any], out: Path) -> None:
    """Read what is about to be written, as ``gridagora run`` will.

    Raises:
        InvalidConfigError: It cannot be read, or says something else.
    """
    with TemporaryDirectory(prefix="gridagora-") as folder:
        trial = Path(folder, out.name)
        trial.write_bytes(content)
        try:
            again = read_study_file(trial)
        except InvalidConfigError as error:
            raise InvalidConfigError(f"file '{out}'", error.faults) from error
    if again.study != STUDY or again.parameters != parameters:
        fault = "it would not be read as what was written; please report the case."
        raise InvalidConfigError(f"file '{out}'", [fault])


def _show(case: Path, out: Path, read: NodalCase) -> None:
    network, orders = read.network, read.orders
    bids, most, firm = orders.is_bid, orders.most_kw, orders.firm_kw
    limited = int(np.isfinite(network.limit_kw).sum())
    print_pairs(
        {
            "case": f"{case.name}: {network.n_bus} buses, {network.n_branch} branches "
            f"({limited} with a limit)",
            "generators": f"{int((~bids).sum())}, {number(most[~bids].sum())} kW, of "
            f"which {number(firm[~bids].sum())} kW are firm",
            "loads": f"{int(bids.sum())}, {number(most[bids].sum())} kW, of which "
            f"{number(firm[bids].sum())} kW are firm",
            "study file": str(out),
        }
    )
    if read.left_out:
        print("left out")
        for sentence in read.left_out:
            print(f"- {_in_one_line(sentence)}")
