"""Results on the terminal: wrapped to its width, never wrapped in a pipe."""

import math
import os
import sys
from collections.abc import Mapping, Sequence

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from gridagora.interfaces.results import Results

_PIPE_WIDTH = 10_000
_DIGITS = 7


def screen() -> Console:
    """Return the standard output, as wide as its reader can take."""
    is_fixed = sys.stdout.isatty() or "COLUMNS" in os.environ
    return Console(width=None if is_fixed else _PIPE_WIDTH, highlight=False)


def number(value: float) -> str:
    """Write a number the way tables show it.

    Example:
        >>> number(3.0), number(0.1 + 0.2), number(float("nan"))
        ('3', '0.3', 'none')
    """
    return "none" if math.isnan(value) else f"{value:.{_DIGITS}g}"


def print_results(results: Results) -> None:
    """Print targets with what was obtained, and the departures below."""
    out = screen()
    if results.targets:
        out.print(_target_table(results))
        reached = len(results.targets) - len(results.missed)
        out.print(f"{reached} of {len(results.targets)} targets reached.")
        if not results.is_default:
            out.print("The targets hold for the default parameters; these differ.")
    if results.departures:
        out.print()
        out.print(Text("Departures: printed claims that do not come out"))
        out.print(_departure_grid(results))


def _departure_grid(results: Results) -> Table:
    grid = Table.grid(padding=(0, 1))
    for departure in results.departures:
        obtained = number(departure.obtained)
        claim = f"{departure.quantity}: printed {departure.printed}; "
        grid.add_row("-", Text(f"{claim}obtained {obtained} ({departure.where})"))
        grid.add_row("", Text(departure.reason))
    return grid


def _target_table(results: Results) -> Table:
    rows = [
        (
            target.quantity,
            number(target.expected),
            number(target.tolerance),
            target.origin,
            number(target.obtained),
            "yes" if target.reached else "NO",
        )
        for target in results.targets
    ]
    return table(
        ["quantity", "expected", "tolerance", "origin", "obtained", "reached"],
        rows,
        numeric={"expected", "tolerance", "obtained"},
    )


def table(
    headings: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    numeric: set[str] | frozenset[str] = frozenset(),
    wrapped: str | None = None,
) -> Table:
    """Return a table in which one column wraps when the screen is narrow.

    Args:
        headings: Names of the columns.
        rows: Their cells.
        numeric: Headings of columns that are set to the right.
        wrapped: Heading of the column that wraps; None for the first.
    """
    made = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for heading in headings:
        made.add_column(
            heading,
            justify="right" if heading in numeric else "left",
            no_wrap=heading != (wrapped or headings[0]),
            overflow="fold",
        )
    for row in rows:
        made.add_row(*(Text(cell) for cell in row))
    return made


def print_pairs(pairs: Mapping[str, str]) -> None:
    """Print names with their values, one pair a line."""
    width = max(len(name) for name in pairs)
    for name, value in pairs.items():
        print(f"{name:<{width}}  {value}")
