"""gridagora: distribution electricity markets with trainable agents.

Pure mechanisms on arrays at the bottom, the paper's four objects in the middle, every
door to the outside at the top. A floor imports only from floors below it:

=============================  ====================================================
interfaces                     command line, files, reports
studies                        one module per reproduced experiment
environment, figures           the two-timescale episode; tables to charts
grids, markets, agents         physics; orders to awards and money; behaviour
learning, devices              experience to better parameters; energy after a step
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
    from gridagora.agents.evolving_bidders import EvolvingBidders
    from gridagora.agents.exogenous import ExogenousAgent
    from gridagora.agents.learning_bidders import LearningBidders
    from gridagora.agents.producers import Producers
    from gridagora.agents.prosumers import Prosumers
    from gridagora.agents.transmission import TransmissionGrid
    from gridagora.environment.environment import Environment
    from gridagora.environment.level_game import LevelGame
    from gridagora.environment.record import RunRecord
    from gridagora.environment.self_play import SelfPlay
    from gridagora.errors import GridagoraError
    from gridagora.grids.infinite_bus import InfiniteBusGrid
    from gridagora.grids.linear import Linearizer
    from gridagora.grids.opendss import DSS
    from gridagora.grids.opendss_grid import OpenDSSGrid
    from gridagora.interfaces.importers.matpower import read_matpower
    from gridagora.interfaces.importers.network import read_network
    from gridagora.interfaces.importers.pandapower import read_pandapower
    from gridagora.interfaces.importers.pypower import pypower_case
    from gridagora.interfaces.importers.scenario import read_scenario
    from gridagora.interfaces.storage.checkpoint import load_state, save_state
    from gridagora.learning.genetic import GeneticSettings
    from gridagora.learning.neuroevolution import Neuroevolution
    from gridagora.markets.agreement import clear_on_grid
    from gridagora.markets.dlmp import DLMPMarket
    from gridagora.markets.linear import clear_linear
    from gridagora.markets.markup_market import MarkupMarket
    from gridagora.markets.meshed import clear_meshed
    from gridagora.markets.nodal import NodalMarket, clear_nodal
    from gridagora.markets.power_indices import power_indices
    from gridagora.markets.radial import clear_radial
    from gridagora.markets.settlement import settle
    from gridagora.markets.successive import clear_costs
    from gridagora.types.actions import GridActions
    from gridagora.types.base import BaseAgent, BaseGrid, BaseMarket
    from gridagora.types.cost_orders import (
        CostOffer,
        ExportBid,
        ImportOffer,
        ReducibleDemand,
    )
    from gridagora.types.costs import PiecewiseLinearCost, PolynomialCost
    from gridagora.types.dispatch import Dispatch, Outcome, Settlement
    from gridagora.types.grid_limits import GridLimits
    from gridagora.types.linear_dispatch import LinearDispatch
    from gridagora.types.linear_grid import LinearGrid
    from gridagora.types.network import Network, RadialNetwork
    from gridagora.types.nodal_case import NodalCase
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
    "CostOffer": "gridagora.types.cost_orders",
    "Curve": "gridagora.types.orders",
    "CurveColumns": "gridagora.types.orders",
    "DLMPMarket": "gridagora.markets.dlmp",
    "DSS": "gridagora.grids.opendss",
    "Dispatch": "gridagora.types.dispatch",
    "Environment": "gridagora.environment.environment",
    "EvolvingBidders": "gridagora.agents.evolving_bidders",
    "ExogenousAgent": "gridagora.agents.exogenous",
    "ExportBid": "gridagora.types.cost_orders",
    "GeneticSettings": "gridagora.learning.genetic",
    "GridActions": "gridagora.types.actions",
    "GridLimits": "gridagora.types.grid_limits",
    "GridagoraError": "gridagora.errors",
    "Horizon": "gridagora.types.time",
    "ImportOffer": "gridagora.types.cost_orders",
    "InfiniteBusGrid": "gridagora.grids.infinite_bus",
    "LearningBidders": "gridagora.agents.learning_bidders",
    "LevelGame": "gridagora.environment.level_game",
    "LinearDispatch": "gridagora.types.linear_dispatch",
    "LinearGrid": "gridagora.types.linear_grid",
    "Linearizer": "gridagora.grids.linear",
    "MarkupMarket": "gridagora.markets.markup_market",
    "Network": "gridagora.types.network",
    "Neuroevolution": "gridagora.learning.neuroevolution",
    "NodalCase": "gridagora.types.nodal_case",
    "NodalMarket": "gridagora.markets.nodal",
    "Offer": "gridagora.types.orders",
    "OpenDSSGrid": "gridagora.grids.opendss_grid",
    "Outcome": "gridagora.types.dispatch",
    "PiecewiseLinearCost": "gridagora.types.costs",
    "PolynomialCost": "gridagora.types.costs",
    "Producers": "gridagora.agents.producers",
    "Prosumers": "gridagora.agents.prosumers",
    "RadialNetwork": "gridagora.types.network",
    "ReducibleDemand": "gridagora.types.cost_orders",
    "RunRecord": "gridagora.environment.record",
    "Scenario": "gridagora.types.scenario",
    "SelfPlay": "gridagora.environment.self_play",
    "Settlement": "gridagora.types.dispatch",
    "TransmissionGrid": "gridagora.agents.transmission",
    "clear_costs": "gridagora.markets.successive",
    "clear_linear": "gridagora.markets.linear",
    "clear_meshed": "gridagora.markets.meshed",
    "clear_nodal": "gridagora.markets.nodal",
    "clear_on_grid": "gridagora.markets.agreement",
    "clear_radial": "gridagora.markets.radial",
    "load_state": "gridagora.interfaces.storage.checkpoint",
    "power_indices": "gridagora.markets.power_indices",
    "pypower_case": "gridagora.interfaces.importers.pypower",
    "read_matpower": "gridagora.interfaces.importers.matpower",
    "read_network": "gridagora.interfaces.importers.network",
    "read_pandapower": "gridagora.interfaces.importers.pandapower",
    "read_scenario": "gridagora.interfaces.importers.scenario",
    "save_state": "gridagora.interfaces.storage.checkpoint",
    "settle": "gridagora.markets.settlement",
}

__all__ = [  # noqa: RUF022  (sorted as plain text)
    "BaseAgent",
    "BaseGrid",
    "BaseMarket",
    "Bid",
    "Consumers",
    "CostOffer",
    "Curve",
    "CurveColumns",
    "DLMPMarket",
    "DSS",
    "Dispatch",
    "Environment",
    "EvolvingBidders",
    "ExogenousAgent",
    "ExportBid",
    "GeneticSettings",
    "GridActions",
    "GridLimits",
    "GridagoraError",
    "Horizon",
    "ImportOffer",
    "InfiniteBusGrid",
    "LearningBidders",
    "LevelGame",
    "LinearDispatch",
    "LinearGrid",
    "Linearizer",
    "MarkupMarket",
    "Network",
    "Neuroevolution",
    "NodalCase",
    "NodalMarket",
    "Offer",
    "OpenDSSGrid",
    "Outcome",
    "PiecewiseLinearCost",
    "PolynomialCost",
    "Producers",
    "Prosumers",
    "RadialNetwork",
    "ReducibleDemand",
    "RunRecord",
    "Scenario",
    "SelfPlay",
    "Settlement",
    "TransmissionGrid",
    "clear_costs",
    "clear_linear",
    "clear_meshed",
    "clear_nodal",
    "clear_on_grid",
    "clear_radial",
    "load_state",
    "power_indices",
    "pypower_case",
    "read_matpower",
    "read_network",
    "read_pandapower",
    "read_scenario",
    "save_state",
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
