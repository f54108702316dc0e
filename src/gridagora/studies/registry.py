"""Which studies there are; each is imported only when it is asked for."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gridagora.errors import UnknownNameError

if TYPE_CHECKING:
    from gridagora.studies.contract import Study


@dataclass(frozen=True, slots=True)
class Entry:
    """A study that can be listed without importing it.

    Attributes:
        title: One line that says what is studied.
        has_targets: Whether ``reproduce`` has something to compare.
        load: Imports the study.
    """

    title: str
    has_targets: bool
    load: Callable[[], "Study"]


def _dlmp() -> "Study":
    from gridagora.studies.dlmp import STUDY

    return STUDY


def _market_power() -> "Study":
    from gridagora.studies.market_power import STUDY

    return STUDY


STUDIES = {
    "dlmp": Entry(
        title="Prices at every bus of the IEEE 37-node feeder, and what they are worth",
        has_targets=True,
        load=_dlmp,
    ),
    "market-power": Entry(
        title="Market power under line limits on the IEEE 34-node feeder",
        has_targets=True,
        load=_market_power,
    ),
}


def load_study(name: str) -> "Study":
    """Import a study by its name at the command line.

    Raises:
        UnknownNameError: No study has that name.
    """
    if name not in STUDIES:
        raise UnknownNameError("study", name, STUDIES)
    return STUDIES[name].load()
