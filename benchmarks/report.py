"""Rows of a benchmark, as Markdown tables and as JSON."""

import json
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path

VERSIONS = (
    "numpy", "numba", "daqp", "piqp", "clarabel", "highspy", "cvxpy", "pypower",
    "dss-python",
)  # fmt: skip


@dataclass(frozen=True)
class Row:
    """One contender on one case.

    Attributes:
        case: What was done.
        contender: By whom.
        median_ms: Time of one call; ``None`` when left out.
        ratios: How many times as long as each baseline, by the baseline's name.
        price_gap: Largest price difference from ours where the price is unique.
        objective_gap: Relative difference of the objective from ours.
        rounds: Rounds timed.
        calls: Calls timed, all rounds together.
        note: Why it was left out, or what else to know.
    """

    case: str
    contender: str
    median_ms: float | None = None
    ratios: dict[str, float] = field(default_factory=dict)
    price_gap: float | None = None
    objective_gap: float | None = None
    rounds: int = 0
    calls: int = 0
    note: str = ""

    @property
    def per_second(self) -> float | None:
        """Calls per second of processor time."""
        return 1e3 / self.median_ms if self.median_ms else None


@dataclass(frozen=True)
class Claim:
    """A target and what was measured."""

    what: str
    target: str
    measured: str
    met: bool


@dataclass(frozen=True)
class Section:
    """One part of the benchmark.

    Attributes:
        title: What it is about.
        baselines: Names of the ratio columns, in order.
        ratio_label: Heading of a ratio column, ``{}`` being the baseline.
        rows: The measurements.
        claims: Targets with what was measured.
        rate: Heading of a column with calls per second; empty for none.
    """

    title: str
    baselines: tuple[str, ...]
    ratio_label: str
    rows: Sequence[Row]
    claims: Sequence[Claim] = ()
    rate: str = ""

    def markdown(self) -> str:
        """Return the section as Markdown."""
        ratio_heads = [self.ratio_label.format(name) for name in self.baselines]
        head = ["case", "contender", "median ms", self.rate, *ratio_heads]
        head += ["max price gap", "objective gap", "rounds (calls)", "left out because"]
        cells = [
            [
                row.case if at == 0 or row.case != self.rows[at - 1].case else "",
                row.contender,
                _number(row.median_ms),
                _number(row.per_second if self.rate else None),
                *(_number(row.ratios.get(name)) for name in self.baselines),
                _gap(row.price_gap),
                _gap(row.objective_gap),
                f"{row.rounds} ({row.calls:,})" if row.rounds else "-",
                row.note,
            ]
            for at, row in enumerate(self.rows)
        ]
        lines = [f"### {self.title}", "", *_table(*_without_empty(head, cells))]
        if self.claims:
            facts = [
                [c.what, c.target, c.measured, "yes" if c.met else "NO"]
                for c in self.claims
            ]
            lines += ["", *_table(["claim", "target", "measured", "met"], facts)]
        return "\n".join(lines)


def machine_line() -> str:
    """Return processor, cores, Python and versions in one line."""
    packages = ", ".join(f"{name} {version(name)}" for name in VERSIONS)
    return (
        f"{_processor()}, {os.cpu_count()} cores, {platform.system()}, "
        f"Python {platform.python_version()}, {packages}"
    )


def write_json(path: Path, sections: Sequence[Section]) -> None:
    """Write all measurements to a file."""
    content = {
        "machine": machine_line(),
        "sections": [asdict(section) for section in sections],
    }
    path.write_text(json.dumps(content, indent=1), encoding="utf-8")


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        for line in cpuinfo.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _number(value: float | None) -> str:
    """Write three digits that count."""
    if value is None:
        return "-"
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def _gap(value: float | None) -> str:
    return "-" if value is None else f"{value:.0e}"


def _without_empty(
    head: Sequence[str], cells: Sequence[Sequence[str]]
) -> tuple[list[str], list[list[str]]]:
    """Drop columns in which nothing stands."""
    kept = [
        at
        for at in range(len(head))
        if any(line[at] not in ("", "-") for line in cells)
    ]
    return [head[at] for at in kept], [[line[at] for at in kept] for line in cells]


def _table(head: Sequence[str], cells: Sequence[Sequence[str]]) -> list[str]:
    """Return Markdown lines with columns aligned."""
    columns = list(zip(head, *cells, strict=True))
    widths = [max(len(text) for text in column) for column in columns]
    lines = [head, ["-" * width for width in widths], *cells]
    return [
        "| " + " | ".join(t.ljust(w) for t, w in zip(line, widths, strict=True)) + " |"
        for line in lines
    ]
