"""Giving a case to an engine, command by command."""

from typing import Any

from dss import DSSException

from gridagora.grids.cases.files import CaseScript
from gridagora.grids.cases.scan import Statement

NO_CONTROL_LIMIT = 485
"""Number of "max control iterations exceeded", which arrives as an exception."""

_MOST_FAULTS = 40


def load_statements(context: Any, case: CaseScript) -> list[str]:
    """Give every command of a case to an engine; return what it refuses, by line."""
    faults: list[str] = []
    for statement in case.statements:
        try:
            context.Text.Command = statement.text
        except DSSException as error:
            if error.args[0] != NO_CONTROL_LIMIT:
                faults.append(f"{statement.where}: {sentence(error.args[1])}")
        if len(faults) >= _MOST_FAULTS:
            break
    if not faults and int(context.NumCircuits) == 0:
        last = case.statements[-1] if case.statements else Statement("", case.name, 1)
        faults.append(f"{last.where}: the case defines no circuit.")
    return faults


def sentence(text: str) -> str:
    """Return an engine message as one line that ends in a full stop."""
    line = " ".join(str(text).split())
    return line if line.endswith(".") else f"{line}."
