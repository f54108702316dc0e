"""Progress on the terminal; silent where nobody watches."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from gridagora.interfaces.pipeline import Progress as OnProgress


@contextmanager
def shown_progress(title: str, *, quiet: bool) -> Iterator[OnProgress | None]:
    """Show a bar with the time left on standard error.

    Args:
        title: What stands before the bar.
        quiet: Show nothing.

    Yields:
        What the pipeline calls; None when standard error is no terminal.
    """
    console = Console(stderr=True)
    if quiet or not sys.stderr.isatty():
        yield None
        return
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=None),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(title, total=None)

        def show(done: int, total: int, key: str) -> None:
            bar.update(
                task,
                completed=done,
                total=total,
                description=f"{title} {key}" if key else title,
            )

        yield show


@contextmanager
def shown_status(text: str, *, quiet: bool) -> Iterator[None]:
    """Say on a terminal what is being done as long as it lasts."""
    if quiet or not sys.stderr.isatty():
        yield
        return
    with Console(stderr=True).status(text):
        yield
