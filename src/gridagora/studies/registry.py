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


def _bertrand() -> "Study":
    from gridagora.studies.self_play.bertrand import STUDY

    return STUDY


def _capacity() -> "Study":
    from gridagora.studies.self_play.capacity import STUDY

    return STUDY


def _case() -> "Study":
    from gridagora.studies.self_play.case import STUDY

    return STUDY


def _competition() -> "Study":
    from gridagora.studies.self_play.competition import STUDY

    return STUDY


def _duopoly() -> "Study":
    from gridagora.studies.self_play.duopoly import STUDY

    return STUDY


def _five_bus() -> "Study":
    from gridagora.studies.self_play.five_bus import STUDY

    return STUDY


def _six_bus() -> "Study":
    from gridagora.studies.self_play.six_bus import STUDY

    return STUDY


def _two_bus() -> "Study":
    from gridagora.studies.self_play.two_bus import STUDY

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
    "self-play-bertrand": Entry(
        title="Self-play: two producers who can each serve the market alone",
        has_targets=True,
        load=_bertrand,
    ),
    "self-play-capacity": Entry(
        title="Self-play: two producers of whom neither can serve the load alone",
        has_targets=True,
        load=_capacity,
    ),
    "self-play-case": Entry(
        title="Self-play in a network of your own",
        has_targets=False,
        load=_case,
    ),
    "self-play-competition": Entry(
        title="Self-play: many small producers, capacity to spare",
        has_targets=True,
        load=_competition,
    ),
    "self-play-duopoly": Entry(
        title="Self-play: two producers who can each serve exactly half of the load",
        has_targets=True,
        load=_duopoly,
    ),
    "self-play-five-bus": Entry(
        title="Self-play: three producers in a meshed network with one full line",
        has_targets=True,
        load=_five_bus,
    ),
    "self-play-six-bus": Entry(
        title="Self-play: six buses, producers paid as they bid",
        has_targets=True,
        load=_six_bus,
    ),
    "self-play-two-bus": Entry(
        title="Self-play: two producers at the ends of a line that is too small",
        has_targets=True,
        load=_two_bus,
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
