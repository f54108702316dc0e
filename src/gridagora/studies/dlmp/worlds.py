"""The worlds of the DLMP study: one feeder, the same people, three markets."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gridagora.agents.consumers import Consumers
from gridagora.agents.curve_actions import CurveActions
from gridagora.agents.learning_bidders import LearningBidders
from gridagora.agents.prosumers import Prosumers
from gridagora.agents.transmission import TransmissionGrid
from gridagora.devices.battery import Battery, ChargedBatteries
from gridagora.environment.environment import Environment
from gridagora.grids.infinite_bus import InfiniteBusGrid
from gridagora.grids.linear import Linearizer
from gridagora.grids.opendss_grid import OpenDSSGrid
from gridagora.learning.registry import learner_class
from gridagora.markets.dlmp import DLMPMarket
from gridagora.markets.nodal import NodalMarket
from gridagora.studies.dlmp import profiles
from gridagora.studies.dlmp.config import FEEDER, INTERVAL_HOURS, N_INTERVAL, Config
from gridagora.types.cost_orders import CostOffer, ReducibleDemand, preferences_of
from gridagora.types.costs import PolynomialCost
from gridagora.types.grid_limits import GridLimits

TRANSMISSION = "transmission"


@dataclass(frozen=True, slots=True, eq=False)
class PaperWorld:
    """One hour of the paper's market on the feeder.

    Attributes:
        env: Joins the others.
        grid: The feeder.
        market: The paper's market on the feeder's tree.
    """

    env: Environment
    grid: OpenDSSGrid
    market: NodalMarket


@dataclass(frozen=True, slots=True, eq=False)
class DayWorld:
    """A day on the feeder with voltages and losses in the price.

    Attributes:
        env: Joins the others.
        grid: The feeder.
        market: Clears on straight lines until OpenDSS agrees.
        volts: Rows of lowest and highest voltages of each interval so far, as the
            market promised them and as OpenDSS solved them; the source bus, whose
            voltage is given, does not count.
    """

    env: Environment
    grid: OpenDSSGrid
    market: DLMPMarket
    volts: list[dict[str, float]]


@dataclass(frozen=True, slots=True, eq=False)
class LearningWorld:
    """The paper's market, round after round, with bidders who learn.

    Attributes:
        env: Joins the others; one interval is one round.
        market: The paper's market on the feeder's tree.
        bidders: Diesel engines and providers of demand response, who learn.
    """

    env: Environment
    market: NodalMarket
    bidders: LearningBidders


def paper_world(config: Config, *, limited: bool) -> PaperWorld:
    """Return the market of the worked example, with or without its two line limits."""
    grid = OpenDSSGrid(FEEDER, generators=tuple(config.diesel))
    network = grid.market_network()
    if limited:
        network = network.with_limits(config.limits_kw)
    market = NodalMarket(network, reductions=config.reductions)
    prosumers = Prosumers(
        preferences_of(_demands(config, grid, grid.load_buses)),
        preferences_of(_diesel_offers(config)),
        name="prosumers",
    )
    source = TransmissionGrid(
        network.bus[0],
        config.source_price,
        export_price_per_kwh=config.export_price,
        name=TRANSMISSION,
    )
    env = Environment(
        grid, market, [prosumers, source], n_intervals=1, seed=config.seed
    )
    return PaperWorld(env, grid, market)


def day_world(config: Config, *, keeps_voltage: bool) -> DayWorld:
    """Return a day with load, sun, source price, and a battery that was charged."""
    site = config.battery[0]
    producers = dict.fromkeys([*config.diesel, *config.pv, site])
    grid = OpenDSSGrid(FEEDER, generators=tuple(producers))
    limits = GridLimits(
        voltage_pu=config.voltage_pu if keeps_voltage else None,
        flow_kw=config.day_limits_kw,
    )
    linearise = Linearizer(grid)
    market = DLMPMarket(linearise, limits, reductions=config.reductions)
    model = market.network
    source = TransmissionGrid(
        model.place[model.source],
        profiles.source_price(config),
        export_price_per_kwh=config.export_price,
        name=TRANSMISSION,
    )
    env = Environment(
        grid,
        market,
        [_neighbours(config, grid), _battery_owner(config, grid), source],
        n_intervals=N_INTERVAL,
        interval_hours=INTERVAL_HOURS,
        seed=config.seed,
    )
    volts: list[dict[str, float]] = []
    fed = model.bus[model.terminals] != model.source

    def watch(present: Environment) -> None:
        dispatch = market.last
        if dispatch is None:
            return
        promised, solved = dispatch.voltages_pu[fed], linearise().voltages.value[fed]
        volts.append(
            {
                "interval": present.t,
                "lowest_promised_pu": float(promised.min()),
                "highest_promised_pu": float(promised.max()),
                "lowest_voltage_pu": float(solved.min()),
                "highest_voltage_pu": float(solved.max()),
                "voltage_gap_pu": float(np.abs(promised - solved).max()),
            }
        )

    env.on_grid_step(watch)
    return DayWorld(env, grid, market, volts)


def learning_world(config: Config, learner: str, number: int) -> LearningWorld:
    """Return rounds of the paper's market in which those who offer learn.

    Args:
        config: Parameters of the study.
        learner: Name of the algorithm.
        number: Number of the run; each has random streams of its own.
    """
    feeder = OpenDSSGrid(FEEDER)
    network = feeder.market_network().with_limits(config.limits_kw)
    market = NodalMarket(network, reductions=config.reductions)
    actions = CurveActions.of_markups(factor=config.markups)
    able = tuple(config.reduction)
    rest = [bus for bus in feeder.load_buses if bus not in able]
    preferences = preferences_of(
        [*_diesel_offers(config), *_demands(config, feeder, able)]
    )
    learn = learner_class(learner)
    bidders = LearningBidders(
        preferences,
        learner=learn(preferences.n_participant, actions.n_action),
        actions=actions,
        name=f"bidders {number}",
    )
    others = Consumers(preferences_of(_demands(config, feeder, rest)), name="consumers")
    source = TransmissionGrid(
        network.bus[0],
        config.source_price,
        export_price_per_kwh=config.export_price,
        name=TRANSMISSION,
    )
    env = Environment(
        InfiniteBusGrid(network.bus),
        market,
        [bidders, others, source],
        n_intervals=config.n_rounds,
        seed=config.seed,
    )
    return LearningWorld(env, market, bidders)


def _neighbours(config: Config, grid: OpenDSSGrid) -> Prosumers:
    """Return everybody but the owner of the battery."""
    site = config.battery[0]
    sun = [
        CostOffer(bus, bus, PolynomialCost((0.0,)), q_max=most)
        for bus, most in config.pv.items()
    ]
    offers = [*_diesel_offers(config), *sun]
    factors = np.ones((N_INTERVAL, len(offers)))
    factors[:, len(config.diesel) :] = profiles.pv_frac(config)[:, None]
    buses = [bus for bus in grid.load_buses if bus != site]
    return Prosumers(
        preferences_of(_demands(config, grid, buses)),
        preferences_of(offers),
        load_factors=profiles.load_frac(config),
        production_factors=factors,
        name="neighbours",
    )


def _battery_owner(config: Config, grid: OpenDSSGrid) -> Prosumers:
    """Return one prosumer who consumes, can reduce, and sells from a battery."""
    site, power_kw, energy_kwh, price = config.battery
    offer = CostOffer(site, site, PolynomialCost((0.0, price)), q_max=power_kw)
    return Prosumers(
        preferences_of(_demands(config, grid, [site])),
        preferences_of([offer]),
        load_factors=profiles.load_frac(config),
        storage=ChargedBatteries(Battery.of([energy_kwh], [power_kw])),
        name="battery owner",
    )


def _demands(
    config: Config, grid: OpenDSSGrid, buses: Sequence[str]
) -> list[ReducibleDemand]:
    """Return the demand of buses at the feeder's own load, reducible where it is."""
    baseline = dict(zip(grid.load_buses, grid.nominal_kw.tolist(), strict=True))
    demands = []
    for bus in buses:
        share, first, rise = config.reduction.get(bus, (0.0, 0.0, 0.0))
        cost = PolynomialCost((0.0, first, rise / 2))
        most = share * baseline[bus]
        demands.append(ReducibleDemand(bus, bus, baseline[bus], cost, most))
    return demands


def _diesel_offers(config: Config) -> list[CostOffer]:
    return [
        CostOffer(bus, bus, PolynomialCost((0.0, first, rise / 2)), q_max=most)
        for bus, (most, first, rise) in config.diesel.items()
    ]
