"""Random streams by name, all from one root seed."""

import hashlib
import secrets

import numpy as np

from gridagora.errors import InvalidConfigError


class RandomStreams:
    """The random streams of one episode, one for each name.

    A stream depends on the seed, the episode and its own name alone: a further
    consumer, or a further draw of another, never moves it. The same name always
    returns the same generator, which goes on where it was.

    Attributes:
        seed: Root of all streams. Without a given seed it is drawn from the operating
            system, and can be read here to repeat the run.
        episode: Number of the episode, from 0.

    Raises:
        InvalidConfigError: The seed is not a whole number >= 0.

    Example:
        >>> streams = RandomStreams(1)
        >>> first = streams.stream("load").random()
        >>> other = RandomStreams(1)
        >>> _ = other.stream("weather").random(1000)
        >>> bool(other.stream("load").random() == first)
        True
    """

    def __init__(self, seed: int | None = None, episode: int = 0) -> None:
        self.seed = secrets.randbits(64) if seed is None else _whole(seed)
        self.episode = episode
        self._streams: dict[str, np.random.Generator] = {}

    def stream(self, name: str) -> np.random.Generator:
        """Return the generator of that name."""
        if name not in self._streams:
            self._streams[name] = named_stream(self.seed, name, self.episode)
        return self._streams[name]


def named_stream(seed: int, name: str, episode: int = 0) -> np.random.Generator:
    """Return a fresh generator for a name, the same in every process.

    Args:
        seed: Root seed, >= 0.
        name: Any text; its SHA-256 digest selects the stream.
        episode: Number of the episode, >= 0.
    """
    digest = hashlib.sha256(name.encode()).digest()
    words = np.frombuffer(digest, dtype="<u4").tolist()
    key = (*words, episode)
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=key))


def _whole(seed: object) -> int:
    if not isinstance(seed, int | np.integer) or seed < 0:
        raise InvalidConfigError(
            "random streams", [f"seed is {seed!r}, expected a whole number >= 0."]
        )
    return int(seed)
