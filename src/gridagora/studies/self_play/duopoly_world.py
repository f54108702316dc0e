"""Two equal producers at one bus: what the three duopoly studies share."""

from gridagora.markets.markup_market import MarkupMarket
from gridagora.studies.contract import Origin, parameter
from gridagora.studies.self_play.config import FREE, SelfPlayConfig
from gridagora.studies.self_play.worlds import equal_producers

PRODUCERS = ("one", "two")


class DuopolyConfig(SelfPlayConfig):
    """Parameters of two producers at one bus; MW and currency/MWh."""

    cost: float = parameter(
        100.0, Origin.DERIVED, "currency/MWh", FREE, "Marginal cost of both."
    )
    highest_markup: float = parameter(
        100.0, Origin.DERIVED, "currency/MWh", FREE, "Most that can be added.", gt=0
    )
    demand: float = parameter(
        100.0, Origin.DERIVED, "MW", FREE, "Inelastic load.", gt=0
    )
    capacity: float = parameter(
        100.0, Origin.DERIVED, "MW", FREE, "Of each producer.", gt=0
    )


def duopoly(config: DuopolyConfig) -> MarkupMarket:
    """Return the market."""
    return equal_producers(
        PRODUCERS,
        cost=config.cost,
        capacity=config.capacity,
        demand=config.demand,
        value=config.cost + config.highest_markup,
    )
