"""The markets of the self-play studies, from MW and currency/MWh."""

from collections.abc import Mapping, Sequence

from gridagora.markets.markup_market import MarkupMarket
from gridagora.types.network import Network, RadialNetwork
from gridagora.types.orders import Bid, Curve, CurveColumns, Offer

KW = 1e3
"""kW in one MW."""

PER_KWH = 1e-3
"""Currency/kWh in one currency/MWh."""


def unit(
    name: str, bus: str, *, cost: float, capacity: float, slope: float = 0.0
) -> Offer:
    """Return a generator at its marginal cost ``cost + slope * q``.

    Args:
        name: Of the generator.
        bus: Where it delivers.
        cost: At no output. Currency/MWh.
        capacity: MW.
        slope: Currency/MWh per MW.
    """
    last = cost + slope * capacity
    curve = Curve((0.0, capacity * KW), (cost * PER_KWH, last * PER_KWH))
    return Offer(name, bus, curve)


def load(name: str, bus: str, *, demand: float, value: float) -> Bid:
    """Return an inelastic load.

    Args:
        name: Of the load.
        bus: Where it draws.
        demand: MW.
        value: What a MWh is worth to it, which only measures its benefit.
            Currency/MWh.
    """
    return Bid(name, bus, Curve((demand * KW,), (value * PER_KWH,)))


def one_bus(orders: Sequence[Bid | Offer]) -> MarkupMarket:
    """Return a market where all orders stand at the bus ``hub``."""
    network = RadialNetwork.from_table({"bus": ["hub"], "parent": [None]})
    return MarkupMarket(network, CurveColumns.of(orders, network))


def equal_producers(
    names: Sequence[str],
    *,
    cost: float,
    capacity: float,
    demand: float,
    value: float,
) -> MarkupMarket:
    """Return a market of equal producers and one inelastic load at one bus.

    Its price is the highest offer accepted.

    Args:
        names: Of the producers.
        cost: Marginal cost of each. Currency/MWh.
        capacity: Of each. MW.
        demand: MW.
        value: See ``load``. Currency/MWh.
    """
    units = [unit(name, "hub", cost=cost, capacity=capacity) for name in names]
    return one_bus([*units, load("town", "hub", demand=demand, value=value)])


def two_buses(orders: Sequence[Bid | Offer], *, limit: float) -> MarkupMarket:
    """Return a market on the buses ``west`` and ``east`` and the line between them.

    Args:
        orders: At either bus.
        limit: Of the line, either way. MW.
    """
    network = RadialNetwork.from_table(
        {
            "bus": ["west", "east"],
            "parent": [None, "west"],
            "branch": [None, "line"],
            "limit_kw": [None, limit * KW],
        }
    )
    return MarkupMarket(network, CurveColumns.of(orders, network))


def meshed(
    lines: Mapping[str, tuple[str, str, float]],
    limits: Mapping[str, float],
    *,
    reference: str,
) -> Network:
    """Return a DC network.

    Args:
        lines: From bus, to bus and reactance in pu, by name of the line.
        limits: MW, of lines that have one.
        reference: Name of the reference bus.
    """
    return Network.from_table(
        {
            "branch": list(lines),
            "from_bus": [line[0] for line in lines.values()],
            "to_bus": [line[1] for line in lines.values()],
            "reactance_pu": [line[2] for line in lines.values()],
            "limit_kw": [
                limits[name] * KW if name in limits else None for name in lines
            ],
        },
        reference=reference,
    )
