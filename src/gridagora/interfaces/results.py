"""What a run obtained, beside what its study claims."""

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from gridagora.studies.contract import Study, Tables


@dataclass(frozen=True, slots=True)
class TargetResult:
    """A target and what came out.

    Attributes:
        quantity: What is compared, unit included.
        expected: The number claimed.
        tolerance: Largest absolute difference that counts as reached.
        origin: How the expected number was obtained.
        obtained: What came out; NaN where the run says nothing about it.
        where: Place of the expected number.
    """

    quantity: str
    expected: float
    tolerance: float
    origin: str
    obtained: float
    where: str

    @property
    def reached(self) -> bool:
        """Whether the number came out; NaN did not."""
        return abs(self.obtained - self.expected) <= self.tolerance


@dataclass(frozen=True, slots=True)
class DepartureResult:
    """A printed claim that does not come out, with our number.

    Attributes:
        quantity: What is compared, unit included.
        printed: What the source says.
        obtained: What came out; NaN where the run says nothing about it.
        reason: Why it does not come out.
        where: Place in the source.
    """

    quantity: str
    printed: str
    obtained: float
    reason: str
    where: str


@dataclass(frozen=True, slots=True)
class Results:
    """All targets and departures of one run.

    Attributes:
        study: Name of the study.
        targets: In the order of the study.
        departures: In the order of the study.
        is_default: Whether the parameters are those for which the targets hold.
    """

    study: str
    targets: tuple[TargetResult, ...]
    departures: tuple[DepartureResult, ...]
    is_default: bool

    @property
    def missed(self) -> tuple[TargetResult, ...]:
        """The targets that were not reached."""
        return tuple(target for target in self.targets if not target.reached)

    def as_json(self) -> dict[str, Any]:
        """Return what ``reproduce --json`` prints; NaN becomes null."""
        return {
            "study": self.study,
            "targets": [
                {
                    "quantity": target.quantity,
                    "expected": target.expected,
                    "tolerance": target.tolerance,
                    "origin": target.origin,
                    "obtained": _number(target.obtained),
                    "reached": target.reached,
                }
                for target in self.targets
            ],
            "departures": [
                {**asdict(departure), "obtained": _number(departure.obtained)}
                for departure in self.departures
            ],
        }


def evaluate(study: Study, config: Mapping[str, Any], tables: Tables) -> Results:
    """Read every target and departure from the tables of a run.

    Args:
        study: Whose claims they are.
        config: Parameters of the run, as JSON holds them. With other parameters than
            the default ones the tables may lack what a target reads; it is then NaN.
        tables: Stacked tables of the run.
    """
    is_default = dict(config) == study.config().model_dump(mode="json")
    targets = tuple(
        TargetResult(
            quantity=target.quantity,
            expected=target.expected,
            tolerance=target.tolerance,
            origin=str(target.origin),
            obtained=_read(target.read, tables, is_default=is_default),
            where=target.where,
        )
        for target in study.targets
    )
    departures = tuple(
        DepartureResult(
            quantity=departure.quantity,
            printed=departure.printed,
            obtained=_read(departure.read, tables, is_default=is_default),
            reason=departure.reason,
            where=departure.where,
        )
        for departure in study.departures
    )
    return Results(study.name, targets, departures, is_default)


def _read(
    read: Callable[[Tables], float], tables: Tables, *, is_default: bool
) -> float:
    try:
        return float(read(tables))
    except (LookupError, ValueError):
        if is_default:  # the tables that the study itself makes must hold its claims
            raise
        return math.nan


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None
