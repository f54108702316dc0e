"""What an environment may be made of: faults of its parts, and names for agents."""

import math
from collections import Counter
from collections.abc import Sequence

from gridagora.types.base import BaseAgent, BaseGrid, BaseMarket
from gridagora.types.time import Horizon


def part_faults(grid: object, market: object, agents: object) -> list[str]:
    """Return one sentence for each part that is not what it should be."""
    faults = [
        f"{name} is {_kind(part)}, expected a {base.__name__}."
        for name, part, base in (
            ("grid", grid, BaseGrid),
            ("market", market, BaseMarket),
        )
        if not isinstance(part, base)
    ]
    return faults + _agent_faults(agents)


def clock_faults(
    n_intervals: int | None, interval_hours: float | None, horizon: Horizon | None
) -> list[str]:
    """Return one sentence for each number of the clock that cannot be."""
    faults = []
    if n_intervals is not None and n_intervals < 1:
        faults.append(f"n_intervals is {n_intervals!r}, expected >= 1.")
    if interval_hours is not None and not 0 < interval_hours < math.inf:
        faults.append(f"interval_hours is {interval_hours!r}, expected > 0 h.")
    if horizon is not None and not faults:
        planned = (horizon.n_intervals, horizon.interval_hours)
        given = (n_intervals or planned[0], interval_hours or planned[1])
        if given != planned:
            faults.append(
                f"the horizon has {planned[0]} intervals of {planned[1]:g} h, but "
                f"{given[0]} of {given[1]:g} h are asked for; give the horizon alone."
            )
    return faults


def name_agents(agents: Sequence[BaseAgent]) -> frozenset[str]:
    """Name the nameless by class and place; return the names so given.

    A name that an earlier environment gave does not count: it is given anew, so that
    names, and the random streams that hang on them, do not depend on history.
    """
    nameless = [place for place, agent in enumerate(agents) if is_nameless(agent)]
    taken = {agent.name for agent in agents if not is_nameless(agent)}
    given = set()
    for place in nameless:
        agent = agents[place]
        name = f"{type(agent).__name__}-{place}"
        while name in taken:
            name += "'"
        agent.name = name
        taken.add(name)
        given.add(name)
    return frozenset(given)


def is_nameless(agent: BaseAgent) -> bool:
    """Return whether the agent has no name of its own."""
    return not agent.name or agent.name in getattr(agent.env, "given_names", ())


def _agent_faults(agents: object) -> list[str]:
    if isinstance(agents, BaseAgent):
        return ["agents is one agent, expected a list: [agent]."]
    if not isinstance(agents, Sequence):
        return [f"agents is {_kind(agents)}, expected a list of agents."]
    faults = [
        f"agents[{place}] is {_kind(agent)}, expected a BaseAgent."
        for place, agent in enumerate(agents)
        if not isinstance(agent, BaseAgent)
    ]
    if len({id(agent) for agent in agents}) < len(agents):
        faults.append("an agent is listed more than once; list each object once.")
    return faults or _repeated_names(agents)


def _repeated_names(agents: Sequence[BaseAgent]) -> list[str]:
    counted = Counter(agent.name for agent in agents if not is_nameless(agent))
    return [
        f"{times} agents are called {name!r}, expected unique names."
        for name, times in counted.items()
        if times > 1
    ]


def _kind(part: object) -> str:
    """Say what was given instead, and whether a class was meant to be called."""
    if isinstance(part, type):
        return f"the class {part.__name__}, not an object of it"
    return "None" if part is None else f"a {type(part).__name__}"
