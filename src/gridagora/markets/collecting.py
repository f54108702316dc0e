"""What agents sent, as columns or with the names of all at fault."""

from collections.abc import Sequence
from typing import Any

from gridagora.errors import GridagoraError, InvalidActionError
from gridagora.types.cost_columns import CostColumns
from gridagora.types.cost_orders import AnyOrder
from gridagora.types.curve_layout import Buses
from gridagora.types.orders import CurveColumns


def collect_orders(
    agents: Sequence[Any], buses: Buses, *, n_bus: int
) -> list[CurveColumns | CostColumns]:
    """Return what all agents sent to a market of curves, a table for each of them.

    Agents send columns indexed on ``buses``, or bids, offers, costs and orders of the
    transmission grid one by one, or nothing; who sent nothing has no table.

    Args:
        agents: In the order of the tables.
        buses: Where names of buses are looked up.
        n_bus: Number of positions that ``buses`` has.

    Raises:
        InvalidActionError: An agent sent something that is not a set of orders at
            these buses; every such agent is named.
    """
    faults: list[str] = []
    parts: list[CurveColumns | CostColumns] = []
    for agent in agents:
        try:
            parts.append(_columns(agent.get_market_actions(), buses, n_bus))
        except (GridagoraError, AttributeError, TypeError, ValueError) as fault:
            faults.append(f"agent {agent.name!r}: {fault}")
    if faults:
        raise InvalidActionError("market actions", faults)
    return [part for part in parts if part.n_order]


def _columns(actions: Any, buses: Buses, n_bus: int) -> CurveColumns | CostColumns:
    """Return an agent's actions as columns, or raise with what is wrong."""
    if not isinstance(actions, CurveColumns | CostColumns):
        return CostColumns.of(_orders(actions), buses)
    curves = actions.curves if isinstance(actions, CostColumns) else actions
    if curves.n_order and not 0 <= curves.bus.min() <= curves.bus.max() < n_bus:
        outside = curves.bus[(curves.bus < 0) | (curves.bus >= n_bus)]
        raise InvalidActionError(
            "curves", [f"bus {outside[0]} is not one of 0 to {n_bus - 1}."]
        )
    return actions


def _orders(actions: Any) -> Sequence[AnyOrder]:
    """Return orders, or raise naming the first thing that is none."""
    for action in actions:
        if not isinstance(action, AnyOrder):
            raise InvalidActionError(
                "curves",
                [
                    f"got a {type(action).__name__}, expected bids and offers "
                    "(gridagora.Bid, gridagora.Offer, CostOffer, ReducibleDemand, "
                    "ImportOffer, ExportBid) or columns of them."
                ],
            )
    return tuple(actions)
