"""The feeders that come with the package, by name."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from gridagora.errors import UnknownNameError


@dataclass(frozen=True, slots=True)
class Feeder:
    """One shipped feeder.

    Attributes:
        name: Short name, as given to ``OpenDSSGrid``.
        title: What it is, in one line.
        base_kv: Line-to-line voltage of its head. kV.
        source: Where its data were published.
    """

    name: str
    title: str
    base_kv: float
    source: str

    @property
    def path(self) -> Path:
        """Main script of the feeder."""
        return Path(__file__).parent / self.name / f"{self.name}.dss"


_KERSTING = (
    "Kersting, Radial distribution test feeders, IEEE PES Winter Meeting 2001, "
    "vol. 2, pp. 908-912; IEEE PES Distribution Test Feeder Working Group"
)

FEEDERS: Mapping[str, Feeder] = MappingProxyType(
    {
        feeder.name: feeder
        for feeder in (
            Feeder("ieee13", "IEEE 13-node test feeder", 4.16, _KERSTING),
            Feeder("ieee34", "IEEE 34-node test feeder", 24.9, _KERSTING),
            Feeder("ieee37", "IEEE 37-node test feeder, delta", 4.8, _KERSTING),
            Feeder("ieee123", "IEEE 123-node test feeder", 4.16, _KERSTING),
        )
    }
)
"""Shipped feeders by name."""


def get_feeder(name: str) -> Feeder:
    """Return the shipped feeder of that name, in any case.

    Raises:
        UnknownNameError: No feeder has that name.

    Example:
        >>> get_feeder("IEEE34").base_kv
        24.9
    """
    if name.lower() not in FEEDERS:
        raise UnknownNameError("feeder", name, FEEDERS)
    return FEEDERS[name.lower()]
