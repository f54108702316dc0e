"""The two-bus duopoly, and its mixed equilibrium in closed form."""

from typing import Self

import numpy as np
from pydantic import model_validator

from gridagora.markets.markup_market import MarkupMarket
from gridagora.studies.contract import Origin, parameter
from gridagora.studies.self_play.config import FREE, SelfPlayConfig
from gridagora.studies.self_play.work import Variant
from gridagora.studies.self_play.worlds import load, two_buses, unit
from gridagora.types.arrays import FloatArray
from gridagora.types.orders import Bid, Offer


class Config(SelfPlayConfig):
    """Parameters of the two-bus duopoly; MW and currency/MWh."""

    n_generation: int = parameter(
        1000, Origin.DERIVED, "", "ours; some twenty cycles", "Of each run.", ge=2
    )
    limits: tuple[float, ...] = parameter(
        (10.0, 30.0, 50.0, 90.0),
        Origin.DERIVED,
        "MW",
        "ours; the article shows four and names none",
        "Capacities K of the line.",
    )
    demand: float = parameter(
        100.0, Origin.DERIVED, "MW", FREE, "Inelastic load at each bus.", gt=0
    )
    capacity: float = parameter(
        250.0,
        Origin.DERIVED,
        "MW",
        "ours; more than the load and the line, or a price is not unique",
        "Of each producer.",
        gt=0,
    )
    cost: float = parameter(
        100.0, Origin.DERIVED, "currency/MWh", FREE, "Marginal cost of both."
    )
    highest_markup: float = parameter(
        100.0, Origin.DERIVED, "currency/MWh", FREE, "Most that can be added.", gt=0
    )

    @model_validator(mode="after")
    def _limits_fit(self) -> Self:
        faults = []
        if not self.limits or len({*map(key_of, self.limits)}) < len(self.limits):
            faults.append("expected at least one, and each once")
        if not all(0.0 < limit < self.demand for limit in self.limits):
            faults.append(f"expected over 0 and below the demand of {self.demand:g} MW")
        if faults:
            given = ", ".join(f"{limit:g}" for limit in self.limits) or "none"
            msg = f"limits are {given} MW, {'; '.join(faults)}"
            raise ValueError(msg)
        return self


def market(config: Config, *, limit: float) -> MarkupMarket:
    """Return the market with a capacity of the line. MW."""
    value = config.cost + config.highest_markup
    orders: list[Bid | Offer] = [
        *(
            unit(bus, bus, cost=config.cost, capacity=config.capacity)
            for bus in ("west", "east")
        ),
        *(
            load(f"load {bus}", bus, demand=config.demand, value=value)
            for bus in ("west", "east")
        ),
    ]
    return two_buses(orders, limit=limit)


def variants(config: Config) -> dict[str, Variant]:
    """Return one variant for each capacity of the line."""
    return {
        key_of(limit): Variant(
            key=key_of(limit),
            market=market(config, limit=limit),
            high=config.highest_markup,
            n_generation=config.n_generation,
        )
        for limit in config.limits
    }


def key_of(limit: float) -> str:
    """Return the key of the variant with a capacity of the line. MW."""
    return f"k-{limit:g}"


def floor_markup(config: Config, limit: float) -> float:
    """Return the lowest markup of the mixed equilibrium. Currency/MWh.

    Below it, serving the rest of the own load at the highest price earns more than
    undercutting: ``M (D - K) / (D + K)``.
    """
    return config.highest_markup * (config.demand - limit) / (config.demand + limit)


def mean_markup(config: Config, limit: float) -> float:
    """Return the mean markup of the mixed equilibrium. Currency/MWh."""
    most, rest = config.demand + limit, config.demand - limit
    scale = config.highest_markup * rest / (2.0 * limit)
    return float(scale * np.log(most / rest))


def share_below(config: Config, limit: float, markup: FloatArray) -> FloatArray:
    """Return the distribution function of the mixed equilibrium.

    A producer is indifferent between all markups ``x`` from the floor to the highest,
    ``M``: with probability ``1 - F(x)`` it is the lower bidder and sells ``D + K``,
    otherwise ``D - K``, and always earns ``M (D - K)``.
    """
    most, rest = config.demand + limit, config.demand - limit
    floor = floor_markup(config, limit)
    inside = np.maximum(markup, floor)
    share = (most - config.highest_markup * rest / inside) / (2.0 * limit)
    return np.clip(share, 0.0, 1.0)
