"""gridagora: distribution electricity markets with trainable agents.

Pure mechanisms on arrays at the bottom, the paper's four objects in the middle, every
door to the outside at the top. A floor imports only from floors below it:

=============================  ====================================================
interfaces                     command line, files, reports
studies                        one module per reproduced experiment
environment, figures           the two-timescale episode; tables to charts
grids, markets, agents         physics; orders to awards and money; behaviour
types                          immutable records and the paper's base classes
errors                         every exception
=============================  ====================================================

Names are imported when they are first used, so that ``import gridagora`` costs
nothing.
"""

from importlib import import_module  # noqa: TID251  (only the modules listed below)
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gridagora.agents.consumers import Consumers
    from gridagora.agents.exogenous import ExogenousAgent
    from gridagora.agents.producers import Producers
    from gridagora.environment.environment import Environment
    from gridagora.environment.record import RunRecord
    from gridagora.errors import GridagoraError
    from gridagora.grids.infinite_bus import InfiniteBusGrid
    from gridagora.grids.opendss import DSS
    from gridagora.grids.opendss_grid import OpenDSSGrid
    from gridagora.interfaces.importers.network import read_network
    from gridagora.interfaces.importers.scenario import read_scenario
    from gridagora.markets.meshed import clear_meshed
    from gridagora.markets.nodal import NodalMarket, clear_nodal
    from gridagora.markets.radial import clear_radial
    from gridagora.markets.settlement import settle
    from gridagora.types.actions import GridActions
    from gridagora.types.base import BaseAgent, BaseGrid, BaseMarket
    from gridagora.types.dispatch import Dispatch, Outcome, Settlement
    from gridagora.types.network import Network, RadialNetwork
    from gridagora.types.orders import Bid, Curve, CurveColumns, Offer
    from gridagora.types.scenario import Scenario
    from gridagora.types.time import Horizon

__version__ = "0.1.0"

_HOME = {
    "BaseAgent": "gridagora.types.base",
    "BaseGrid": "gridagora.types.base",
    "BaseMarket": "gridagora.types.base",
    "Bid": "gridagora.types.orders",
    "Consumers": "gridagora.agents.consumers",
    "Curve": "gridagora.types.orders",
    "CurveColumns": "gridagora.types.orders",
    "DSS": "gridagora.grids.opendss",
    "Dispatch": "gridagora.types.dispatch",
    "Environment": "gridagora.environment.environment",
    "ExogenousAgent": "gridagora.agents.exogenous",
    "GridActions": "gridagora.types.actions",
    "GridagoraError": "gridagora.errors",
    "Horizon": "gridagora.types.time",
    "InfiniteBusGrid": "gridagora.grids.infinite_bus",
    "Network": "gridagora.types.network",
    "NodalMarket": "gridagora.markets.nodal",
    "Offer": "gridagora.types.orders",
    "OpenDSSGrid": "gridagora.grids.opendss_grid",
    "Outcome": "gridagora.types.dispatch",
    "Producers": "gridagora.agents.producers",
    "RadialNetwork": "gridagora.types.network",
    "RunRecord": "gridagora.environment.record",
    "Scenario": "gridagora.types.scenario",
    "Settlement": "gridagora.types.dispatch",
    "clear_meshed": "gridagora.markets.meshed",
    "clear_nodal": "gridagora.markets.nodal",
    "clear_radial": "gridagora.markets.radial",
    "read_network": "gridagora.interfaces.importers.network",
    "read_scenario": "gridagora.interfaces.importers.scenario",
    "settle": "gridagora.markets.settlement",
}

__all__ = [  # noqa: RUF022  (sorted as plain text)
    "BaseAgent",
    "BaseGrid",
    "BaseMarket",
    "Bid",
    "Consumers",
    "Curve",
    "CurveColumns",
    "DSS",
    "Dispatch",
    "Environment",
    "ExogenousAgent",
    "GridActions",
    "GridagoraError",
    "Horizon",
    "InfiniteBusGrid",
    "Network",
    "NodalMarket",
    "Offer",
    "OpenDSSGrid",
    "Outcome",
    "Producers",
    "RadialNetwork",
    "RunRecord",
    "Scenario",
    "Settlement",
    "clear_meshed",
    "clear_nodal",
    "clear_radial",
    "read_network",
    "read_scenario",
    "settle",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        msg = f"module 'gridagora' has no attribute {name!r}"
        raise AttributeError(msg)
    value = getattr(import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
