"""One step of the IEEE 34 environment against the engine it drives.

A step collects 28 bids and 5 offers, clears them on the feeder's tree, hands
out awards, writes every load and generator, solves and reads all voltages. The engine
alone gets the same powers for the same circuit from the loop that a user of dss-python
would write, solves and reads.
"""

import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.agreement import DisagreementError
from benchmarks.cases import (
    FIRM_SHARE,
    IEEE34_OFFERS,
    PRICE_CAP,
    PRICE_FLOOR,
    UNIT_KW,
    Array,
)
from benchmarks.report import Claim, Row, Section
from benchmarks.timing import Timing, interleaved
from gridagora.agents.consumers import Consumers
from gridagora.agents.producers import Producers
from gridagora.environment.environment import Environment
from gridagora.grids.opendss_grid import OpenDSSGrid
from gridagora.markets.nodal import NodalMarket
from gridagora.types.preferences import Preferences

STEP = "environment step"
RECORDED = "environment step, all tables recorded"
ENGINE = "engine: loop over loads, solve, read voltages"
SOLVE = "engine: solve alone"

TIMES_ENGINE = 1.5
STEP_MS = 0.2

_UNITS = ("808", "820", "834", "844")
_LIMITS_KW = {"l800_802": 300.0, "l814r_850": 340.0, "l816_824": 520.0}
_N_INTERVALS = 2_000
_N_STATE = 32
_TOLERANCE_PU = 1e-4  # the engine's own convergence tolerance


@dataclass(frozen=True)
class State:
    """What the environment wrote in one step, and the voltages that came of it.

    Attributes:
        load: kW and kvar of every load. Shape ``(n_load, 2)``.
        generator: kW and kvar of every generator. Shape ``(n_generator, 2)``.
        volt_pu: Voltage by node name.
    """

    load: list[list[float]]
    generator: list[list[float]]
    volt_pu: dict[str, float]


def measure(*, budget_s: float, cap_s: float) -> list[Section]:
    """Time the step, its parts, and the engine alone."""
    env = environment()
    env.reset()
    states = [_state(env) for _ in range(_N_STATE)]
    bare = BareEngine(states)
    worst = float(np.max([bare.gap(at) for at in range(_N_STATE)]))
    if not worst <= _TOLERANCE_PU:  # so that NaN disagrees
        msg = f"voltages of engine and environment differ by {worst:.1e} pu"
        raise DisagreementError(msg)
    silent, recorded = environment(), environment()
    for world in (silent, recorded):
        world.reset()
        world.recording = world is recorded
    timings = interleaved(
        {
            STEP: lambda _: _step(silent).grid.get_voltages(),
            RECORDED: lambda _: _step(recorded).grid.get_voltages(),
            ENGINE: bare.step,
            SOLVE: bare.solve,
        },
        budget_s=budget_s,
        cap_s=cap_s,
    )
    case = f"IEEE 34, 28 bids, 5 offers, voltages within {worst:.0e} pu"
    rows = [_row(case, name, timings) for name in timings]
    title = "A step of the environment against the engine alone"
    steps = Section(title, (ENGINE, SOLVE), "x {}", rows, _claims(timings))
    return [steps, _dissected(environment())]


def environment() -> Environment:
    """Join feeder, market and agents; every load changes in every interval."""
    grid = OpenDSSGrid("ieee34", generators=_UNITS, voltage_limits_pu=(0.8, 1.2))
    network = grid.market_network().with_limits(_LIMITS_KW)
    buses = grid.load_buses
    rng = np.random.default_rng(1)
    consumers = Consumers(
        Preferences.of_consumers(
            buses,
            buses,
            p_max=PRICE_CAP,
            p_min=PRICE_FLOOR,
            q_max=grid.nominal_kw,
            q_min=FIRM_SHARE * grid.nominal_kw,
        ),
        factors=rng.uniform(0.7, 1.0, (_N_INTERVALS, len(buses))),
        name="consumers",
    )
    producers = Producers(
        Preferences.of_producers(
            ["feed", *(f"g{unit}" for unit in _UNITS)],
            [network.bus[0], *_UNITS],
            p_min=[low for _, low, _ in IEEE34_OFFERS],
            p_max=[high for _, _, high in IEEE34_OFFERS],
            q_max=UNIT_KW,
        ),
        name="producers",
    )
    return Environment(
        grid,
        NodalMarket(network),
        [consumers, producers],
        n_intervals=_N_INTERVALS,
        seed=1,
    )


class BareEngine:
    """The same circuit, driven by a plain loop over dss-python's active elements."""

    def __init__(self, states: Sequence[State]) -> None:
        grid = OpenDSSGrid("ieee34", generators=_UNITS)
        self._states = states
        self._grid = grid  # keeps the engine alive
        self._circuit = grid.dss.context.ActiveCircuit
        self._names = [name.lower() for name in self._circuit.AllNodeNames]

    def step(self, at: int) -> Array:
        """Write every load and generator, solve, read all voltages."""
        state, circuit = self._states[at % _N_STATE], self._circuit
        loads = circuit.Loads
        _ = loads.First
        for kw, kvar in state.load:
            loads.kW = kw
            loads.kvar = kvar
            _ = loads.Next
        generators = circuit.Generators
        _ = generators.First
        for kw, kvar in state.generator:
            generators.kW = kw
            generators.kvar = kvar
            _ = generators.Next
        circuit.Solution.Solve()
        return circuit.AllBusVmagPu

    def solve(self, at: int) -> None:
        """Solve the circuit as it stands; the engine starts from its last solution."""
        del at
        self._circuit.Solution.Solve()

    def gap(self, at: int) -> float:
        """Return the largest difference from the environment's voltages. pu."""
        found = dict(zip(self._names, self.step(at), strict=True))
        wanted = self._states[at].volt_pu
        return float(np.max([abs(found[name] - volt) for name, volt in wanted.items()]))


def _state(env: Environment) -> State:
    env.step()
    grid = env.grid
    load, generator = grid.dss.elements("load"), grid.dss.elements("generator")
    return State(
        load=_powers(load),
        generator=_powers(generator),
        volt_pu=dict(zip(grid.nodes, grid.get_voltages().tolist(), strict=True)),
    )


def _powers(elements: object) -> list[list[float]]:
    columns = [elements.get_floats("kW"), elements.get_floats("kvar")]
    return np.column_stack(columns).tolist()


def _step(env: Environment) -> Environment:
    """Run one interval; a new episode begins where one ends."""
    if env.done:
        recording = env.recording
        env.reset()
        env.recording = recording
    env.step()
    return env


class Stopwatch:
    """Stands in for methods and notes how long each call takes.

    Attributes:
        seconds: Durations of all calls, by label.
    """

    def __init__(self) -> None:
        self.seconds: dict[str, list[float]] = {}

    def replace(self, owner: object, method: str, label: str) -> None:
        """Time every further call of a method of one object."""
        call = getattr(owner, method)
        notes = self.seconds.setdefault(label, [])

        def timed() -> object:
            begin = time.process_time()
            result = call()
            notes.append(time.process_time() - begin)
            return result

        setattr(owner, method, timed)


def _dissected(env: Environment) -> Section:
    """Time the parts of a step where they stand, not each in a loop of its own."""
    env.reset()
    env.recording = False
    watch = Stopwatch()
    for agent in env.agents:
        watch.replace(agent, "set_market_actions", f"{agent.name} bid")
        watch.replace(agent, "set_grid_actions", f"{agent.name} take awards")
    watch.replace(env.market, "step", "market clears, certifies")
    watch.replace(env.grid, "step", "grid writes powers, solves, checks")
    watch.replace(
        env.grid.dss, "solve", "(of which the engine's solve, from a flat start)"
    )
    watch.replace(env, "step", "the whole step")
    for _ in range(_N_INTERVALS // 2):
        env.step()
    whole = watch.seconds["the whole step"]
    rows = [
        Row(
            case="IEEE 34 step" if at == 0 else "",
            contender=label,
            median_ms=1e3 * statistics.median(seconds),
            ratios={"the whole": statistics.median(seconds) / statistics.median(whole)},
            rounds=len(seconds),
            calls=len(seconds),
        )
        for at, (label, seconds) in enumerate(watch.seconds.items())
    ]
    return Section("Where the time of a step goes", ("the whole",), "share of {}", rows)


def _row(case: str, name: str, timings: dict[str, Timing]) -> Row:
    timing = timings[name]
    return Row(
        case=case,
        contender=name if name in (ENGINE, SOLVE) else f"gridagora, {name}",
        median_ms=timing.median_ms,
        ratios={base: timing.times(timings[base]) for base in (ENGINE, SOLVE)},
        rounds=len(timing.seconds),
        calls=len(timing.seconds) * timing.calls_per_turn,
    )


def _claims(timings: dict[str, Timing]) -> list[Claim]:
    times = timings[STEP].times(timings[ENGINE])
    median = timings[STEP].median_ms
    return [
        Claim(
            "IEEE 34 step over the engine alone",
            f"<= {TIMES_ENGINE:g}",
            f"{times:.3g}",
            times <= TIMES_ENGINE,
        ),
        Claim(
            "IEEE 34 step", f"< {STEP_MS:g} ms", f"{median:.3g} ms", median < STEP_MS
        ),
    ]
