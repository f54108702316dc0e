"""The six-bus network of Wood and Wollenberg, with two sets of costs."""

from collections.abc import Mapping

from gridagora.markets.markup_market import MarkupMarket
from gridagora.studies.contract import Origin, parameter
from gridagora.studies.self_play.config import FREE, SelfPlayConfig
from gridagora.studies.self_play.work import Variant
from gridagora.studies.self_play.worlds import load, meshed, unit
from gridagora.types.orders import Bid, CurveColumns, Offer

LINCOLN = "Lincoln, Learning to Trade Power, 2011, chapter 5"
_WOOD = "Wood and Wollenberg, Power Generation, Operation and Control, six-bus case"
PERCENT = 0.01
PLAYERS = ("G1", "G2")
CONFIGURATIONS = {"1": "cost configuration 1", "2": "cost configuration 2"}


class Config(SelfPlayConfig):
    """Parameters of the six-bus study; MW, currency/MWh, markups in percent."""

    n_generation: int = parameter(
        200, Origin.DERIVED, "", "ours; all runs have settled", "Of each run.", ge=2
    )
    costs: Mapping[str, tuple[float, float, float]] = parameter(
        {"1": (4.0, 3.0, 6.0), "2": (5.1, 4.5, 6.0)},
        Origin.REFERENCE,
        "currency/MWh",
        LINCOLN,
        "Marginal costs of G1, G2 and G3 in both configurations.",
    )
    capacities: tuple[float, float, float] = parameter(
        (110.0, 110.0, 220.0),
        Origin.REFERENCE,
        "MW",
        LINCOLN,
        "Of G1, G2 and G3; G3 always bids its cost.",
    )
    demand: float = parameter(
        70.0, Origin.REFERENCE, "MW", _WOOD, "Load at each of buses 4, 5 and 6.", gt=0
    )
    lines: Mapping[str, tuple[str, str, float, float]] = parameter(
        {
            "1-2": ("1", "2", 0.2, 40.0),
            "1-4": ("1", "4", 0.2, 60.0),
            "1-5": ("1", "5", 0.3, 40.0),
            "2-3": ("2", "3", 0.25, 40.0),
            "2-4": ("2", "4", 0.1, 60.0),
            "2-5": ("2", "5", 0.3, 30.0),
            "2-6": ("2", "6", 0.2, 90.0),
            "3-5": ("3", "5", 0.26, 70.0),
            "3-6": ("3", "6", 0.1, 80.0),
            "4-5": ("4", "5", 0.4, 20.0),
            "5-6": ("5", "6", 0.3, 40.0),
        },
        Origin.REFERENCE,
        "pu, MW",
        _WOOD,
        "From bus, to bus, reactance and limit of each line.",
    )
    levels: tuple[float, ...] = parameter(
        (0.0, 10.0, 20.0, 30.0),
        Origin.REFERENCE,
        "%",
        LINCOLN,
        "Markups that learners choose from, in percent of marginal cost.",
    )
    n_round: int = parameter(
        1500, Origin.DERIVED, "", FREE, "Rounds of the learners.", ge=100
    )
    q_learning: tuple[float, float, float] = parameter(
        (0.9, 0.98, 0.3),
        Origin.REFERENCE,
        "",
        f"{LINCOLN}; stateless here",
        "Exploration at first, its decay from round to round, and step.",
    )


def market(config: Config, configuration: str) -> MarkupMarket:
    """Return the market with one set of costs; producers are paid what they bid."""
    network = meshed(
        {name: line[:3] for name, line in config.lines.items()},
        {name: line[3] for name, line in config.lines.items()},
        reference="1",
    )
    costs = config.costs[configuration]
    orders: list[Bid | Offer] = [
        *(
            unit(f"G{at}", str(at), cost=cost, capacity=capacity)
            for at, (cost, capacity) in enumerate(
                zip(costs, config.capacities, strict=True), start=1
            )
        ),
        *(
            load(f"load {bus}", bus, demand=config.demand, value=2.0 * max(costs))
            for bus in ("4", "5", "6")
        ),
    ]
    return MarkupMarket(
        network,
        CurveColumns.of(orders, network),
        players={name: [name] for name in PLAYERS},
        relative=True,
        pays_bid=True,
    )


def variants(config: Config) -> dict[str, Variant]:
    """Return both sets of costs."""
    return {
        key_of(name): Variant(
            key=key_of(name),
            market=market(config, name),
            high=max(config.levels),
            n_generation=config.n_generation,
            unit=PERCENT,
        )
        for name in CONFIGURATIONS
    }


def key_of(configuration: str) -> str:
    """Return the key of the variant with one set of costs."""
    return f"costs-{configuration}"
