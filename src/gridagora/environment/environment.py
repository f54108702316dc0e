"""The environment: joins grid, market and agents, and runs their episode."""

from collections.abc import Callable, Iterator, Sequence
from enum import Enum
from typing import Any, NamedTuple

import numpy as np

from gridagora.environment.arguments import clock_faults, name_agents, part_faults
from gridagora.environment.record import RunRecord
from gridagora.environment.streams import RandomStreams
from gridagora.errors import (
    EpisodeError,
    InvalidConfigError,
    UnknownNameError,
)
from gridagora.types.actions import GridActions
from gridagora.types.arrays import Columns, FloatArray
from gridagora.types.base import BaseAgent, BaseGrid, BaseMarket
from gridagora.types.time import Horizon

Callback = Callable[["Environment"], None]
"""Called with the environment; observes it, and what it raises goes through."""

Progress = Callable[[int, int], None]
"""Called after each interval with the number done and the number asked for."""

_MAX_ROUNDS = 10_000


class AgentActions(NamedTuple):
    """What one agent asked for last."""

    market: Any
    grid: GridActions


class _Stage(Enum):
    """Where an episode stands."""

    NEW = "not reset"
    READY = "between intervals"
    RUNNING = "within an interval"


class Environment:
    """The grid, the market and the agents of one simulation, and its clock.

    An episode follows Algorithm 1 of the paper: in each interval the market is reset,
    agents and market exchange actions and prices until the market is done, agents act
    on the grid, and the grid finds its new state. Every one of them reaches the others
    through ``env``.

    Attributes:
        grid: The physical grid.
        market: The market.
        agents: The agents, in the order given.
        n_intervals: Number of intervals of an episode.
        interval_hours: Length of every interval. h.
        horizon: When the intervals are, or ``None`` when only their number matters.
        t: Index of the present interval; -1 before the first.
        record: Tables of the episode so far.
        recording: Whether intervals are added to ``record``; true unless switched off.
        given_names: Names given to agents that had none.

    Args:
        grid: Any ``BaseGrid``.
        market: Any ``BaseMarket``.
        agents: Any number of ``BaseAgent``. One without a name is named after its
            class and place, ``Consumers-0``.
        n_intervals: Number of intervals of an episode; 96 when neither this nor a
            horizon is given.
        interval_hours: Length of every interval; 1 h when neither this nor a horizon
            is given.
        seed: Root of all random streams, >= 0; drawn, and readable as ``env.seed``,
            when ``None``.
        horizon: Gives number and length of the intervals as well as their dates.
        max_rounds: Most rounds of a market in one interval before it counts as stuck.

    Raises:
        InvalidConfigError: Names every argument that does not fit, at once.

    Source:
        El Helou et al., OpenGridGym, section III and Algorithm 1.
    """

    def __init__(  # noqa: PLR0913  (the whole experiment, by keyword)
        self,
        grid: BaseGrid,
        market: BaseMarket,
        agents: Sequence[BaseAgent],
        *,
        n_intervals: int | None = None,
        interval_hours: float | None = None,
        seed: int | None = None,
        horizon: Horizon | None = None,
        max_rounds: int = _MAX_ROUNDS,
    ) -> None:
        faults = part_faults(grid, market, agents)
        faults += clock_faults(n_intervals, interval_hours, horizon)
        if max_rounds < 1:
            faults.append(f"max_rounds is {max_rounds!r}, expected >= 1.")
        if faults:
            raise InvalidConfigError("environment", faults)
        self.grid = grid
        self.market = market
        self.agents = list(agents)
        self.horizon = horizon
        self.n_intervals = _first(n_intervals, horizon and horizon.n_intervals, 96)
        self.interval_hours = float(
            _first(interval_hours, horizon and horizon.interval_hours, 1.0)
        )
        self.t = -1
        self.recording = True
        self._max_rounds = max_rounds
        self._streams = RandomStreams(seed)
        self.record = RunRecord(self.seed)
        self._stage = _Stage.NEW
        self._on_market_step: list[Callback] = []
        self._on_clearing: list[Callback] = []
        self._on_grid_step: list[Callback] = []
        self.given_names = name_agents(self.agents)
        self._by_name = {agent.name: agent for agent in self.agents}
        self._attach()

    @property
    def seed(self) -> int:
        """Root of all random streams, given or drawn."""
        return self._streams.seed

    @property
    def done(self) -> bool:
        """Whether the episode has run all its intervals."""
        return self.t + 1 >= self.n_intervals and self._stage is _Stage.READY

    def agent(self, name: str) -> BaseAgent:
        """Return the agent of that name.

        Raises:
            UnknownNameError: No agent has that name.
        """
        if name not in self._by_name:
            raise UnknownNameError("agent", name, self._by_name)
        return self._by_name[name]

    def stream(self, name: str) -> np.random.Generator:
        """Return the random stream of that name in this episode.

        An agent takes the stream of its own name. Ask again after each reset, for an
        episode has its own streams.
        """
        return self._streams.stream(name)

    def reset(self, seed: int | None = None) -> None:
        """Begin an episode: grid, market and agents forget the last one.

        Args:
            seed: A new root for the random streams, whose first episode begins. With
                ``None`` the first call begins the first episode of the present seed
                and every further call the next one, with draws of its own.

        Raises:
            InvalidConfigError: The seed is not a whole number >= 0.
        """
        if seed is not None:
            self._streams = RandomStreams(seed)
        elif self._stage is not _Stage.NEW:
            self._streams = RandomStreams(self.seed, self._streams.episode + 1)
        self._stage = _Stage.NEW
        self._attach()
        self.t = self.grid.t = self.market.t = -1
        self.record = RunRecord(self.seed, self._streams.episode)
        self.grid.reset()
        for agent in self.agents:
            agent.market_actions = ()
            agent.grid_actions = GridActions.none()
            agent.reset()
        self._stage = _Stage.READY

    def step(self) -> int:
        """Run one interval.

        Returns:
            Index of the interval.

        Raises:
            EpisodeError: There was no reset, the episode is over, an earlier interval
                was broken off by an exception, grid, market or an agent now belongs to
                another environment, or the market did not end.
        """
        self._check_ready()
        if self.done:
            msg = (
                f"the episode is over after {self.n_intervals} intervals; "
                "call env.reset() to begin another."
            )
            raise EpisodeError(msg)
        self._stage = _Stage.RUNNING
        self.t += 1
        self.grid.t = self.t
        self._clear()
        for agent in self.agents:
            agent.set_grid_actions()
        self.grid.step()
        for callback in self._on_grid_step:
            callback(self)
        if self.recording:
            self._add_to_record()
        self._stage = _Stage.READY
        return self.t

    def iterate(
        self, num_iter: int | None = None, *, progress: bool | Progress = True
    ) -> Iterator[int]:
        """Run intervals, yielding the index of each when it is finished.

        Left early, a further call resumes with the next interval.

        Args:
            num_iter: Most intervals to run, >= 0; the rest when ``None``.
            progress: True shows a bar, False shows nothing, a function is called
                instead of the bar.

        Returns:
            Iterator over interval indices.

        Raises:
            EpisodeError: As for ``step``.
            InvalidConfigError: ``num_iter`` is negative.
        """
        self._check_ready()
        if num_iter is not None and num_iter < 0:
            raise InvalidConfigError(
                "iterate", [f"num_iter is {num_iter!r}, expected >= 0 or None."]
            )
        left = self.n_intervals - self.t - 1
        count = left if num_iter is None else min(num_iter, left)
        if not callable(progress):
            return self._steps(count, _bar(count) if progress else None)
        return self._steps(count, progress)

    def run(self, *, progress: bool | Progress = False) -> RunRecord:
        """Run the rest of the episode.

        Args:
            progress: As for ``iterate``.

        Returns:
            The tables of the whole episode.

        Raises:
            EpisodeError: As for ``step``.
        """
        for _ in self.iterate(progress=progress):
            pass
        return self.record

    def observations(self) -> dict[str, Columns]:
        """Return what each agent may know now, by agent."""
        return {agent.name: agent.get_observation() for agent in self.agents}

    def actions(self) -> dict[str, AgentActions]:
        """Return what each agent asked for last of market and grid, by agent."""
        return {
            agent.name: AgentActions(
                agent.get_market_actions(), agent.get_grid_actions()
            )
            for agent in self.agents
        }

    def rewards(self) -> dict[str, FloatArray]:
        """Return each agent's reward of the last interval, by agent."""
        return {agent.name: agent.get_reward() for agent in self.agents}

    def on_market_step(self, callback: Callback) -> Callback:
        """Call a function after every round of the market; also a decorator."""
        self._on_market_step.append(callback)
        return callback

    def on_clearing(self, callback: Callback) -> Callback:
        """Call a function when the market of an interval is done; also a decorator."""
        self._on_clearing.append(callback)
        return callback

    def on_grid_step(self, callback: Callback) -> Callback:
        """Call a function after every step of the grid; also a decorator."""
        self._on_grid_step.append(callback)
        return callback

    def _parts(self) -> list[BaseGrid | BaseMarket | BaseAgent]:
        return [self.grid, self.market, *self.agents]

    def _attach(self) -> None:
        for part in self._parts():
            part.env = self

    def _check_ready(self) -> None:
        if self._stage is _Stage.NEW:
            msg = "the environment was not reset; call env.reset() first."
            raise EpisodeError(msg)
        if self._stage is _Stage.RUNNING:
            msg = (
                f"interval {self.t} was not finished: an exception broke it off, or "
                "one of its parts ran the environment itself; call env.reset()."
            )
            raise EpisodeError(msg)
        for part in self._parts():
            if part.env is not self:
                msg = (
                    f"the {type(part).__name__} now belongs to another environment; "
                    "call env.reset() on this one, or give each its own."
                )
                raise EpisodeError(msg)

    def _clear(self) -> None:
        """Run the rounds of one interval until the market is done."""
        market, agents = self.market, self.agents
        market.reset()
        market.t = -1  # the clock is the environment's, whatever reset wrote
        rounds = 0
        while not market.done:
            if rounds == self._max_rounds:
                msg = (
                    f"the market {type(market).__name__} did not end interval {self.t} "
                    f"within {rounds} rounds; let its `done` become true, or allow "
                    "more with Environment(..., max_rounds=...)."
                )
                raise EpisodeError(msg)
            market.t = rounds
            for agent in agents:
                agent.set_market_actions()
            market.step()
            rounds += 1
            for callback in self._on_market_step:
                callback(self)
        for callback in self._on_clearing:
            callback(self)

    def _add_to_record(self) -> None:
        record, t = self.record, self.t
        record.add(t, self.market.record(), source="the market")
        record.add(t, self.grid.record(), source="the grid")
        for agent in self.agents:
            reward = agent.get_reward()
            tables = dict(agent.record())
            if reward.size:
                who = agent.participants or (agent.name,)
                tables["rewards"] = {"participant": who, "reward": reward}
            record.add_agent(t, agent.name, tables)

    def _steps(self, count: int, progress: Progress | None) -> Iterator[int]:
        for finished in range(1, count + 1):
            t = self.step()
            if progress:
                progress(finished, count)
            yield t


def _first(given: Any, planned: Any, default: Any) -> Any:
    """Return the first that is not ``None``."""
    return next(value for value in (given, planned, default) if value is not None)


def _bar(count: int) -> Progress:
    """Return a progress bar on the standard error stream."""
    from tqdm import tqdm  # a bar is rarely wanted, and the import costs time

    bar = tqdm(total=count, unit="interval")

    def advance(finished: int, asked: int) -> None:
        bar.update()
        if finished == asked:
            bar.close()

    return advance
