# mypy: allow-untyped-defs, allow-untyped-calls
"""Laws of seeded runs: the same bytes wherever and beside whatever they run."""

import hashlib
import os
import subprocess
import sys

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from gridagora.environment.environment import Environment
from gridagora.environment.streams import RandomStreams
from gridagora.types.base import BaseAgent, BaseGrid, BaseMarket

names = st.text(min_size=1, max_size=8)


class Grid(BaseGrid):
    def reset(self):
        self.level = 0.0

    def step(self):
        self.level += self.env.stream("grid").normal()

    def record(self):
        return {"level": {"level": np.array([self.level])}}


class Market(BaseMarket):
    def reset(self):
        pass

    def step(self):
        self.bids = sum(agent.get_market_actions() for agent in self.env.agents)

    def record(self):
        return {"bids": {"total": np.array([self.bids])}}


class Agent(BaseAgent):
    def __init__(self, name):
        self.name = name

    def set_market_actions(self):
        self.market_actions = self.env.stream(self.name).random()

    def set_grid_actions(self):
        pass

    def get_reward(self):
        return np.array([self.market_actions])


def digest(seed):
    """Return a hash over every byte of a run's record."""
    agents = [Agent(name) for name in ("zoe", "anna", "ben")]
    env = Environment(Grid(), Market(), agents, n_intervals=20, seed=seed)
    env.reset()
    found = hashlib.sha256()
    for name, table in env.run().to_dict().items():
        found.update(name.encode())
        for column in table.columns:
            values = table[column]
            is_text = not np.issubdtype(values.to_numpy().dtype, np.number)
            text = "\0".join(values) if is_text else ""
            found.update(text.encode() if is_text else values.to_numpy().tobytes())
    return found.hexdigest()


def test_a_seed_gives_the_same_bytes_in_every_process():
    here = digest(11)
    assert here == digest(11)
    assert here != digest(12)
    for hash_seed in ("0", "1", "random"):
        there = subprocess.run(
            [sys.executable, __file__, "11"],
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            capture_output=True,
            text=True,
            check=True,
        )
        assert there.stdout.strip() == here


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**70), st.lists(names, min_size=1, max_size=6, unique=True))
def test_no_stream_moves_another(seed, consumers):
    alone = RandomStreams(seed).stream(consumers[0]).random(4)
    streams = RandomStreams(seed)
    others = {name: streams.stream(name).random(7) for name in consumers[1:]}
    assert np.array_equal(streams.stream(consumers[0]).random(4), alone)
    for drawn in others.values():
        assert not np.array_equal(drawn[:4], alone)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 99), st.permutations(["anna", "ben", "cleo"]))
def test_the_order_of_agents_changes_no_draw(seed, order):
    def rewards(agents):
        env = Environment(Grid(), Market(), agents, n_intervals=3, seed=seed)
        env.reset()
        env.run()
        return {name: reward.tolist() for name, reward in env.rewards().items()}

    first = rewards([Agent(name) for name in ("anna", "ben", "cleo")])
    assert rewards([Agent(name) for name in order]) == first


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 5), max_size=6))
def test_an_episode_cut_into_pieces_is_the_same_episode(pieces):
    def environment():
        env = Environment(Grid(), Market(), [Agent("anna")], n_intervals=12, seed=4)
        env.reset()
        return env

    whole, cut = environment(), environment()
    whole.run()
    seen = [t for piece in pieces for t in cut.iterate(piece, progress=False)]
    seen += list(cut.iterate(progress=False))
    assert seen == list(range(12))
    for name, table in whole.record.to_dict().items():
        assert table.equals(cut.record.table(name))


if __name__ == "__main__":
    sys.stdout.write(digest(int(sys.argv[1])))
