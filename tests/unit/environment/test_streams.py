import numpy as np
import pytest

from gridagora.environment.streams import RandomStreams, named_stream
from gridagora.errors import InvalidConfigError


def test_a_name_has_one_stream_that_goes_on():
    streams = RandomStreams(3)
    first = streams.stream("load")
    assert streams.stream("load") is first


def test_streams_depend_on_seed_name_and_episode_alone():
    def draw(*of):
        return named_stream(*of).random()

    assert draw(3, "load") == draw(3, "load", 0)
    others = {draw(3, "load"), draw(3, "weather"), draw(4, "load"), draw(3, "load", 1)}
    assert len(others) == 4


def test_a_stream_is_pinned_to_its_numbers():
    # Numbers of this very rule; a change of them changes every recorded run.
    drawn = named_stream(1, "load").integers(1_000_000, size=3)
    assert drawn.tolist() == [20058, 297130, 366067]


def test_a_drawn_seed_can_be_read():
    streams = RandomStreams()
    assert 0 <= streams.seed < 2**64
    assert RandomStreams().seed != streams.seed


@pytest.mark.parametrize("seed", [4, np.int64(4)])
def test_whole_numbers_are_seeds(seed):
    assert RandomStreams(seed).seed == 4


@pytest.mark.parametrize("seed", [-1, 1.5, "1"])
def test_other_seeds_are_refused(seed):
    with pytest.raises(InvalidConfigError) as caught:
        RandomStreams(seed)
    assert str(caught.value) == (
        f"random streams: seed is {seed!r}, expected a whole number >= 0."
    )
