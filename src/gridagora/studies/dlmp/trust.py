"""What a DLMP is worth: prices against total cost, straight lines against OpenDSS."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from gridagora.errors import UnknownNameError
from gridagora.grids.linear import Linearizer
from gridagora.grids.opendss_grid import OpenDSSGrid
from gridagora.markets.agreement import clear_on_grid, clear_once
from gridagora.markets.trust import TIGHT, cost_of_more, model_errors, price_errors
from gridagora.studies.contract import Tables
from gridagora.types.cost_orders import CostOffer, ReducibleDemand
from gridagora.types.costs import PolynomialCost
from gridagora.types.grid_limits import GridLimits
from gridagora.types.linear_dispatch import LinearDispatch
from gridagora.types.linear_grid import LinearGrid
from gridagora.types.orders import Bid, CurveColumns, Offer

RELATIVE_TOLERANCE = 1e-4
"""Largest error of a price that passes, as a part of the largest price."""

_SOURCE_PRICE = 50.0
_MODELS = ("tangent", "lindist3flow")


@dataclass(frozen=True, slots=True)
class TrustCase:
    """A feeder whose limits make prices.

    Attributes:
        producers: Capacity by bus; they cost more than the source. kW.
        reducible: Buses that can do without three tenths of their load.
        limits: What is kept.
    """

    producers: Mapping[str, float]
    reducible: tuple[str, ...]
    limits: GridLimits = field(default_factory=GridLimits)


CASES: Mapping[str, TrustCase] = {
    "ieee13": TrustCase(
        producers={"675": 400.0, "634": 300.0},
        reducible=("611", "652", "671"),
        limits=GridLimits(voltage_pu=(0.978, 1.07), flow_kw={"lrg60_632": 3400.0}),
    ),
    "ieee34": TrustCase(
        producers={"844": 200.0, "890": 100.0},
        reducible=("890", "860", "820"),
        limits=GridLimits(
            voltage_pu=(0.93, 1.06),
            voltage_at={"890": (0.955, 1.06)},
            flow_kw={"l816_824": 1550.0},
        ),
    ),
    "ieee37": TrustCase(
        producers={"735": 200.0, "729": 200.0, "718": 150.0},
        reducible=("738", "701", "722"),
        limits=GridLimits(
            voltage_pu=(0.99, 1.05), flow_kw={"l730_709": 700.0, "l704_720": 300.0}
        ),
    ),
    "ieee123": TrustCase(
        producers={"83": 200.0, "66": 200.0, "48": 150.0},
        reducible=("76", "65", "47", "1"),
        limits=GridLimits(voltage_pu=(0.99, 1.06), flow_kw={"l13_18": 960.0}),
    ),
}
"""One case for each shipped feeder: every one has a limit that binds."""


def trust_tables(feeder: str, n_place: int | None = None) -> Tables:
    """Compare prices and straight lines with OpenDSS on one feeder.

    Args:
        feeder: A name in ``CASES``.
        n_place: How many load buses to take, spread evenly; all when ``None``.

    Raises:
        UnknownNameError: There is no case of that feeder.
    """
    if feeder not in CASES:
        raise UnknownNameError("trust case", feeder, CASES)
    case = CASES[feeder]
    grid = OpenDSSGrid(feeder, generators=tuple(case.producers))
    linearise = Linearizer(grid)
    orders = trust_orders(grid, case, linearise())
    agreed = clear_on_grid(linearise, orders, case.limits, agreement=TIGHT)
    chosen = _spread(grid.load_buses, n_place)
    cost = cost_of_more(linearise, agreed.dispatch, case.limits)
    prices = pd.DataFrame(price_errors(agreed.dispatch, cost, chosen))
    largest = float(np.abs(agreed.dispatch.price_per_kwh).max())
    prices["relative_error"] = prices["error"] / largest
    tables = {
        "trust": prices,
        "trust_rounds": pd.DataFrame(agreed.rounds),
        "trust_limits": _binding(agreed.dispatch),
        "trust_models": pd.concat(
            [_model(grid, case, orders, model) for model in _MODELS],
            ignore_index=True,
        ),
    }
    for table in tables.values():
        table.insert(0, "feeder", feeder)
    return tables


def trust_orders(
    grid: OpenDSSGrid, case: TrustCase, places: LinearGrid
) -> CurveColumns:
    """Return the loads of a feeder, some of them reducible, producers and source."""
    orders: list[Bid | Offer] = []
    for bus, load_kw in zip(grid.load_buses, grid.nominal_kw.tolist(), strict=True):
        most = 0.3 * load_kw if bus in case.reducible else 0.0
        cost = PolynomialCost((0.0, 90.0, 0.2))
        orders.append(ReducibleDemand(bus, bus, load_kw, cost, most).order())
    for bus, most in case.producers.items():
        cost = PolynomialCost((0.0, 60.0, 0.05))
        orders.append(CostOffer(bus, bus, cost, q_max=most).order())
    source = places.place[places.source]
    supply = PolynomialCost((0.0, _SOURCE_PRICE))
    orders.append(CostOffer("transmission", source, supply, q_max=1e5).order())
    return CurveColumns.of(orders, places)


def _model(
    grid: OpenDSSGrid, case: TrustCase, orders: CurveColumns, model: str
) -> pd.DataFrame:
    """Clear once on one kind of straight lines and compare with OpenDSS there."""
    lines = Linearizer(grid, model="tangent" if model == "tangent" else "lindist3flow")
    once = clear_once(lines, orders, case.limits).dispatch
    solved = lines(once.net_demand_kw, once.net_demand_kvar)
    table = pd.DataFrame(model_errors(once, solved))
    table.insert(0, "model", model)
    return table


def _binding(dispatch: LinearDispatch) -> pd.DataFrame:
    table = pd.DataFrame(dispatch.limits.columns())
    return table[table["worth_per_h"] != 0.0].reset_index(drop=True)


def _spread(buses: Sequence[str], count: int | None) -> list[str]:
    if count is None or count >= len(buses):
        return list(buses)
    places = np.linspace(0, len(buses) - 1, count).round().astype(int)
    return [buses[at] for at in np.unique(places)]
