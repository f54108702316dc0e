"""What happened in a run, collected as columns and shown as tidy tables."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from gridagora.errors import InvalidConfigError, UnknownNameError
from gridagora.types.arrays import Column, Columns

_AGENTS = "the agents"
_Kept = np.ndarray[Any, Any] | tuple[Any, ...]


class RunRecord:
    """Tables of a run, one row per interval and thing.

    Every table has a column ``interval``; tables of agents have a column ``agent`` as
    well. Adding rows copies the columns and no more; frames are built when they are
    asked for.

    Attributes:
        seed: Root of the run's random streams.
        episode: Number of the episode under that seed.
    """

    def __init__(self, seed: int = 0, episode: int = 0) -> None:
        self.seed = seed
        self.episode = episode
        self._tables: dict[str, _Table] = {}

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the tables, sorted."""
        return tuple(sorted(self._tables))

    def add(self, interval: int, tables: Mapping[str, Columns], *, source: str) -> None:
        """Add the rows of one interval from the grid or the market.

        Args:
            interval: Index of the interval.
            tables: Columns by table name.
            source: Who writes, e.g. ``the grid``; a table has one source.

        Raises:
            InvalidConfigError: Another source writes a table of that name, the columns
                are not those of the table's earlier rows, or they differ in length.
        """
        for name, columns in tables.items():
            self._table(name, source).add(interval, "", columns)

    def add_agent(
        self, interval: int, agent: str, tables: Mapping[str, Columns]
    ) -> None:
        """Add the rows of one interval from an agent.

        Raises:
            InvalidConfigError: As for ``add``.
        """
        for name, columns in tables.items():
            self._table(name, _AGENTS).add(interval, agent, columns)

    def table(self, name: str) -> pd.DataFrame:
        """Return one table as a new frame.

        Raises:
            UnknownNameError: No table has that name.
        """
        if name not in self._tables:
            raise UnknownNameError("table", name, self.names)
        return self._tables[name].frame()

    def to_dict(self) -> dict[str, pd.DataFrame]:
        """Return every table as a new frame, by name."""
        return {name: self.table(name) for name in self.names}

    def _table(self, name: str, source: str) -> "_Table":
        table = self._tables.get(name)
        if table is None:
            table = self._tables[name] = _Table(name, source)
        elif table.source != source:
            raise InvalidConfigError(
                "run record",
                [
                    f"table {name!r} is written by {table.source} and by {source}; "
                    "rename one of them."
                ],
            )
        return table


class _Table:
    """Rows of one table: of each column the parts of each interval, as they came."""

    def __init__(self, name: str, source: str) -> None:
        self.name = name
        self.source = source
        self._columns: tuple[str, ...] = ()
        self._parts: list[list[_Kept]] = []
        self._interval: list[int] = []
        self._agent: list[str] = []
        self._count: list[int] = []

    def add(self, interval: int, agent: str, columns: Columns) -> None:
        """Keep the rows of one interval; check them before any is kept."""
        if not self._interval:
            self._begin(interval, columns)
        elif tuple(columns) != self._columns:
            self._refuse(
                interval,
                f"has the columns {list(columns)}, expected {list(self._columns)} as "
                "in its first rows",
            )
        lengths = [len(column) for column in columns.values()]
        count = lengths[0] if lengths else 0
        if lengths.count(count) != len(lengths):
            found = dict(zip(self._columns, lengths, strict=True))
            self._refuse(interval, f"has columns of unequal length: {found}")
        self._interval.append(interval)
        self._agent.append(agent)
        self._count.append(count)
        for part, column in zip(self._parts, columns.values(), strict=True):
            part.append(_copied(column))

    def frame(self) -> pd.DataFrame:
        """Build the table."""
        data: dict[str, Any] = {"interval": np.repeat(self._interval, self._count)}
        if self.source == _AGENTS:
            each = zip(self._agent, self._count, strict=True)
            data["agent"] = [agent for agent, count in each for _ in range(count)]
        for name, parts in zip(self._columns, self._parts, strict=True):
            data[name] = _joined(parts)
        return pd.DataFrame(data)

    def _begin(self, interval: int, columns: Columns) -> None:
        taken = {"interval", "agent"}.intersection(columns)
        if taken:
            self._refuse(
                interval, f"has columns {sorted(taken)}, which the record writes itself"
            )
        self._columns = tuple(columns)
        self._parts = [[] for _ in columns]

    def _refuse(self, interval: int, problem: str) -> None:
        raise InvalidConfigError(
            "run record", [f"table {self.name!r} of interval {interval} {problem}."]
        )


def _copied(column: Column) -> _Kept:
    """Copy what its owner may overwrite in the next interval."""
    return column.copy() if isinstance(column, np.ndarray) else tuple(column)


def _joined(parts: list[_Kept]) -> Any:
    if all(isinstance(part, np.ndarray) for part in parts):
        return np.concatenate(parts)
    return [value for part in parts for value in part]
