"""The five-bus benchmark: three producers, a mesh, one line at its limit."""

from collections.abc import Mapping

from gridagora.markets.markup_market import MarkupMarket
from gridagora.studies.contract import Origin, parameter
from gridagora.studies.self_play.config import ARTICLE, FREE, SelfPlayConfig
from gridagora.studies.self_play.work import Variant
from gridagora.studies.self_play.worlds import load, meshed, unit
from gridagora.types.orders import Bid, CurveColumns, Offer

LIMITED = "limited"
DOUBLED = "doubled"
UNITS = ("G1", "G2", "G3")
_LINE = "2-5"
_REFERENCE = "1"
_KRAUSE = "Krause et al. 2005, as the article and Lincoln's thesis quote it"
_FITTED = "ours, so that the article's surpluses come out"


class Config(SelfPlayConfig):
    """Parameters of the five-bus benchmark; MW and currency/MWh."""

    n_generation: int = parameter(
        300, Origin.DERIVED, "", "ours; all runs have locked in", "Of each run.", ge=2
    )
    limit: float = parameter(
        100.0, Origin.PRINTED, "MW", ARTICLE, "Limit of the line from 2 to 5.", gt=0
    )
    highest_markup: float = parameter(
        30.0, Origin.PRINTED, "currency/MWh", ARTICLE, "Most that can be added.", gt=0
    )
    doubled_limit: float = parameter(
        200.0,
        Origin.PRINTED,
        "MW",
        f"{ARTICLE}: the capacity between bus 2 and 5 doubled",
        "Limit of that line in the second variant.",
        gt=0,
    )
    levels: tuple[float, ...] = parameter(
        (0.0, 10.0, 20.0, 30.0),
        Origin.REFERENCE,
        "currency/MWh",
        _KRAUSE,
        "Markups of the earlier article's agents.",
    )
    q_learning: Mapping[str, tuple[float, float]] = parameter(
        {
            "frequent": (0.1, 0.3),
            "rare": (0.05, 0.05),
            "absent": (0.05, 0.01),
        },
        Origin.DERIVED,
        "",
        "ours; the earlier article varied both",
        "Exploration and step of the stateless Q-learners, by name.",
        min_length=1,
    )
    n_round: int = parameter(
        20_000, Origin.DERIVED, "", FREE, "Rounds of each Q-learning run.", ge=100
    )
    lines: Mapping[str, tuple[str, str, float]] = parameter(
        {
            "1-2": ("1", "2", 0.1),
            "2-3": ("2", "3", 0.1),
            "1-4": ("1", "4", 0.1),
            "3-4": ("3", "4", 0.1),
            "2-5": ("2", "5", 0.1),
            "4-5": ("4", "5", 0.2),
        },
        Origin.FITTED,
        "pu",
        _FITTED,
        "From bus, to bus, reactance of each line.",
    )
    units: Mapping[str, tuple[str, float, float, float]] = parameter(
        {
            "G1": ("1", 17.5, 0.02389093, 255.0),
            "G2": ("3", 17.5, 0.02389093, 255.0),
            "G3": ("5", 22.34341889, 0.0275, 260.0),
        },
        Origin.FITTED,
        "",
        _FITTED,
        "Bus, marginal cost at no output (currency/MWh), its slope (currency/MWh per "
        "MW) and capacity (MW) of each generator.",
    )
    loads: Mapping[str, float] = parameter(
        {"2": 55.0, "3": 55.0, "4": 50.0, "5": 340.0},
        Origin.FITTED,
        "MW",
        "ours; four loads as published, the total from the printed surpluses",
        "Inelastic load at each bus.",
    )
    value: float = parameter(
        60.0,
        Origin.DERIVED,
        "currency/MWh",
        "follows from the printed surpluses; also the price cap of the earlier article",
        "What a MWh is worth to a load.",
    )


def market(config: Config, *, limit: float) -> MarkupMarket:
    """Return the market with a limit of the line from 2 to 5. MW."""
    network = meshed(config.lines, {_LINE: limit}, reference=_REFERENCE)
    orders: list[Bid | Offer] = [
        *(
            unit(name, bus, cost=cost, slope=slope, capacity=capacity)
            for name, (bus, cost, slope, capacity) in config.units.items()
        ),
        *(
            load(f"load {bus}", bus, demand=demand, value=config.value)
            for bus, demand in config.loads.items()
        ),
    ]
    return MarkupMarket(network, CurveColumns.of(orders, network))


def variants(config: Config) -> dict[str, Variant]:
    """Return the network as published and with its line doubled."""
    limits = {LIMITED: config.limit, DOUBLED: config.doubled_limit}
    return {
        key: Variant(
            key=key,
            market=market(config, limit=limit),
            high=config.highest_markup,
            n_generation=config.n_generation,
        )
        for key, limit in limits.items()
    }
