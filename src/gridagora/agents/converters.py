"""One converter for each order type: declared curves to what a market accepts."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from gridagora.errors import InvalidActionError
from gridagora.types.curve_layout import Buses
from gridagora.types.orders import CurveColumns
from gridagora.types.preferences import Preferences

Converter = Callable[[Preferences, Any, str], CurveColumns]
"""Takes declared curves, the market and the agent's name."""


def curve_orders(declared: Preferences, market: Any, agent: str) -> CurveColumns:
    """Return declared curves as orders on the market's network.

    Args:
        declared: Curves, buses by name.
        market: Has ``network``, where buses are found, and ``last``, its last dispatch.
        agent: Who asks, for messages.

    Raises:
        InvalidActionError: The market lacks what curves need.
        UnknownNameError: A bus is not in the market's network.
    """
    return declared.curves(_network(market, agent))


def curve_buses(market: Any, agent: str) -> Buses:
    """Return where a market of curves finds buses by name.

    Raises:
        InvalidActionError: The market's order type is another, or it lacks what curves
            need.
    """
    converter_for(market, agent, known=("curve",))
    return _network(market, agent)


def _network(market: Any, agent: str) -> Buses:
    missing = [name for name in ("network", "last") if not hasattr(market, name)]
    if missing:
        raise InvalidActionError(
            f"orders of {agent!r}",
            [
                f"the market {type(market).__name__} has no `{name}`, which every "
                "market of the order type 'curve' offers."
                for name in missing
            ],
        )
    network: Buses = market.network
    return network


CONVERTERS: Mapping[str, Converter] = {"curve": curve_orders}
"""Converters by the order type that a market declares."""


def converter_for(
    market: Any, agent: str, *, known: Sequence[str] = tuple(CONVERTERS)
) -> Converter:
    """Return the converter for a market's order type.

    Args:
        market: Declares its ``order_type``.
        agent: Who asks, for messages.
        known: Order types that the agent can send.

    Raises:
        InvalidActionError: No converter makes orders of that type.
    """
    if market.order_type not in known:
        raise InvalidActionError(
            f"orders of {agent!r}",
            [
                f"the market {type(market).__name__} takes orders of the type "
                f"{market.order_type!r}, but the agent can send "
                f"{sorted(known)} only; use another agent or market."
            ],
        )
    return CONVERTERS[market.order_type]
