"""The cells of the market-power study: clear the market, solve the feeder."""

from collections.abc import Sequence

import pandas as pd
from pydantic import BaseModel, ConfigDict

from gridagora.agents.consumers import Consumers
from gridagora.agents.producers import Producers
from gridagora.agents.strategies import flexible_mix, inelastic
from gridagora.environment.environment import Environment
from gridagora.grids.opendss_grid import OpenDSSGrid
from gridagora.markets.nodal import NodalMarket
from gridagora.studies.contract import Tables
from gridagora.studies.market_power.config import FEEDER, Config
from gridagora.studies.market_power.tables import World, scenario_tables, summary
from gridagora.types.preferences import Preferences


class Scenario(BaseModel):
    """One clearing of the paper: which offers, and whose bids are flexible.

    Attributes:
        key: Name of the cell.
        title: What a reader sees.
        config: Parameters of the study.
        raised: Whether producers send the raised offers.
        flexible: Buses of the flexible bids.
    """

    model_config = ConfigDict(frozen=True)
    key: str
    title: str
    config: Config
    raised: bool
    flexible: tuple[str, ...]


class Draw(BaseModel):
    """One random order in which the bids turn flexible, from none to all.

    Attributes:
        key: Name of the cell.
        config: Parameters of the study.
        number: Number of the draw.
    """

    model_config = ConfigDict(frozen=True)
    key: str
    config: Config
    number: int


def cells(config: Config) -> Sequence[Scenario | Draw]:
    """Return the paper's five clearings and the draws of the whole curve."""
    every = OpenDSSGrid(FEEDER).load_buses
    most = tuple(bus for bus in every if bus not in config.rigid_75)
    plan: list[tuple[str, str, bool, tuple[str, ...]]] = [
        ("a-competitive", "a. Offers at cost, inelastic demand", False, ()),
        ("b-raised", "b. Raised offers, inelastic demand", True, ()),
        ("c-elastic", "c. Raised offers, elastic demand", True, every),
        ("d-8-percent", "d. 8 % of the bids flexible", True, config.flexible_8),
        ("d-75-percent", "d. 75 % of the bids flexible", True, most),
    ]
    scenarios = [
        Scenario(key=key, title=title, config=config, raised=raised, flexible=flexible)
        for key, title, raised, flexible in plan
    ]
    draws = [
        Draw(key=f"draw-{number:02d}", config=config, number=number)
        for number in range(config.n_draws)
    ]
    return [*scenarios, *draws]


def run_cell(cell: Scenario | Draw) -> Tables:
    """Clear the market and solve the feeder at every dispatch of one cell."""
    return _run_draw(cell) if isinstance(cell, Draw) else _run_scenario(cell)


def _run_scenario(cell: Scenario) -> Tables:
    world = world_of(cell.config, raised=cell.raised, n_intervals=1)
    world.consumers.strategy = flexible_mix(cell.flexible)
    world.env.reset()
    world.env.run()
    return scenario_tables(world, cell.key, cell.title, cell.flexible)


def _run_draw(cell: Draw) -> Tables:
    """Turn one bid after the other flexible, in a random order."""
    count = len(OpenDSSGrid(FEEDER).load_buses)
    world = world_of(cell.config, raised=True, n_intervals=count + 1)
    world.env.reset()
    world.env.recording = False
    stream = world.env.stream(f"order of draw {cell.number}")
    order = [world.consumers.participants[at] for at in stream.permutation(count)]
    rows = []
    for n_flexible in range(count + 1):
        world.consumers.strategy = flexible_mix(order[:n_flexible])
        world.env.step()
        state = summary(world)
        percent = 100.0 * n_flexible / count
        rows.append(
            {"draw": cell.number, "n_flexible": n_flexible, "flexible_percent": percent}
            | state
        )
    return {"flexibility": pd.DataFrame(rows)}


def world_of(config: Config, *, raised: bool, n_intervals: int) -> World:
    """Join the feeder, the market with its limits, 28 consumers and five producers."""
    grid = OpenDSSGrid(
        FEEDER, controls=config.controls, generators=tuple(config.units.values())
    )
    network = grid.market_network().with_limits(config.limits_kw)
    consumers = Consumers(
        Preferences.of_consumers(
            grid.load_buses,
            grid.load_buses,
            p_max=config.p_max,
            p_min=config.p_min,
            q_max=grid.nominal_kw,
            q_min=config.firm_frac * grid.nominal_kw,
        ),
        strategy=inelastic,
        name="consumers",
    )
    market = NodalMarket(network, settlement=config.settlement)
    env = Environment(
        grid,
        market,
        [consumers, _producers(config, source=network.bus[0], raised=raised)],
        n_intervals=n_intervals,
        seed=config.seed,
    )
    return World(env, grid, market, consumers)


def _producers(config: Config, *, source: str, raised: bool) -> Producers:
    """Return the feeder's fixed price at the source and the four local units.

    Raised offers are declared through the strategy: the hidden cost stays that of the
    competitive offers, so that rewards show what raising them earns.
    """
    fixed = (config.feeder_price, config.feeder_price)
    costs = {"feed": fixed, **config.competitive_offers}
    offers = {"feed": fixed, **config.raised_offers} if raised else costs
    units = {"feed": source, **config.units}

    def of(prices: dict[str, tuple[float, float]]) -> Preferences:
        return Preferences.of_producers(
            list(units),
            list(units.values()),
            p_min=[prices[name][0] for name in units],
            p_max=[prices[name][1] for name in units],
            q_max=config.unit_kw,
        )

    declared = of(offers)
    return Producers(of(costs), strategy=lambda _: declared, name="producers")
