"""What a clearing on a linear grid returns: awards, DLMPs, their parts, the limits."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from gridagora.types.arrays import Columns, FloatArray, IntArray
from gridagora.types.dispatch import Certificate, Outcome
from gridagora.types.linear_grid import LinearGrid
from gridagora.types.orders import CurveColumns


@dataclass(frozen=True, slots=True, eq=False)
class PriceParts:
    """A price at each place and what makes it. Currency/kWh, or per kvarh.

    ``energy`` is the price of active power where the feeder begins, and 0 for reactive
    power, which the source gives away. The next three are what one more kW spread
    evenly over the phases of the place's bus costs in losses, in line limits and in
    voltage limits; ``unbalance`` is what the place costs beyond that because it does
    not draw evenly. All shapes ``(n_place,)``.
    """

    energy: FloatArray
    loss: FloatArray
    congestion: FloatArray
    voltage: FloatArray
    unbalance: FloatArray

    @property
    def total(self) -> FloatArray:
        """The price. Shape ``(n_place,)``."""
        return self.energy + self.loss + self.congestion + self.voltage + self.unbalance


@dataclass(frozen=True, slots=True, eq=False)
class LimitTable:
    """Every limit that a clearing kept, one row each.

    Attributes:
        name: What is limited: a branch, ``LINE.1``, a terminal, ``substation``, ...
        kind: ``flow``, ``current``, ``voltage``, ``substation`` or ``outage``.
        unit: Unit of the next three columns: ``kW``, ``A`` or ``pu``.
        low: Least value. Shape ``(n_limit,)``.
        high: Most value. Shape ``(n_limit,)``.
        value: Value at the dispatch by the linear model. Shape ``(n_limit,)``.
        worth: What one more unit of the limit that binds would save: positive at
            ``high``, negative at ``low``, else 0. Currency/h per unit.
            Shape ``(n_limit,)``.
    """

    name: tuple[str, ...]
    kind: tuple[str, ...]
    unit: tuple[str, ...]
    low: FloatArray
    high: FloatArray
    value: FloatArray
    worth: FloatArray

    @property
    def binding(self) -> IntArray:
        """Rows whose limit makes a price."""
        return np.flatnonzero(self.worth)

    def columns(self) -> Columns:
        """Return one row per limit."""
        return {
            "limit": self.name,
            "kind": self.kind,
            "unit": self.unit,
            "low": self.low,
            "high": self.high,
            "value": self.value,
            "worth_per_h": self.worth,
        }


@dataclass(frozen=True, slots=True, eq=False)
class LinearDispatch:
    """Quantities and prices that a clearing on a linear grid found.

    A price is what one more kWh (kvarh) of demand at the place costs: positive when
    load pays. Orders pay or get ``order_price_per_kwh``: the price of active power and,
    with it, that of the reactive power that goes with each kW. Without a dispatch
    (EMPTY, INFEASIBLE) prices are NaN and quantities 0.

    Attributes:
        grid: The model it was cleared on.
        orders: What was cleared; ``bus`` are positions of places, as they were sent.
        place: Place at which each order draws or delivers: its ``bus``, or for an offer
            ``grid.supply`` of it. Shape ``(n_order,)``.
        kvar_per_kw: Reactive power that goes with each kW of an order.
            Shape ``(n_order,)``.
        fixed_kw: Power drawn at each place by whoever sent no order. kW.
            Shape ``(n_place,)``.
        fixed_kvar: The same of reactive power. kvar. Shape ``(n_place,)``.
        outcome: How the clearing ended.
        quantity_kw: Power awarded to each order, >= 0. kW. Shape ``(n_order,)``.
        active: DLMP of active power at each place, by parts. Currency/kWh.
        reactive: DLMP of reactive power at each place, by parts. Currency/kvarh.
        limits: The limits, how near they are and what they are worth.
        loss_kw: Losses of the grid by the linear model. kW.
        certificate: The laws and how well they hold.
        reason: Why there is no dispatch; empty when there is one.
    """

    grid: LinearGrid
    orders: CurveColumns
    place: IntArray
    kvar_per_kw: FloatArray
    fixed_kw: FloatArray
    fixed_kvar: FloatArray
    outcome: Outcome
    quantity_kw: FloatArray
    active: PriceParts
    reactive: PriceParts
    limits: LimitTable
    loss_kw: float
    certificate: Certificate
    reason: str = ""

    @property
    def price_per_kwh(self) -> FloatArray:
        """DLMP of active power. Currency/kWh. Shape ``(n_place,)``."""
        return self.active.total

    @property
    def price_per_kvarh(self) -> FloatArray:
        """DLMP of reactive power. Currency/kvarh. Shape ``(n_place,)``."""
        return self.reactive.total

    @property
    def order_price_per_kwh(self) -> FloatArray:
        """What each order pays or gets per kWh, its kvar included. ``(n_order,)``."""
        at = self.place
        price: FloatArray = (
            self.price_per_kwh[at] + self.kvar_per_kw * self.price_per_kvarh[at]
        )
        return price

    @property
    def net_demand_kw(self) -> FloatArray:
        """Power drawn at each place, bought and fixed less sold. kW. ``(n_place,)``."""
        return self.fixed_kw + self._net(self._signed_kw())

    @property
    def net_demand_kvar(self) -> FloatArray:
        """Reactive power that goes with it. kvar. Shape ``(n_place,)``."""
        return self.fixed_kvar + self._net(self._signed_kw() * self.kvar_per_kw)

    @property
    def surplus_per_h(self) -> float:
        """What buyers pay beyond what sellers get, at these prices. Currency/h."""
        return float(np.nansum(self._signed_kw() * self.order_price_per_kwh))

    @property
    def voltages_pu(self) -> FloatArray:
        """Voltages at the dispatch by the linear model. pu. ``(n_terminal,)``."""
        return self.grid.voltages.after(*self._more())

    @property
    def flows_kw(self) -> FloatArray:
        """Flows at the dispatch by the linear model. kW. Shape ``(n_flow,)``."""
        return self.grid.flows.after(*self._more())

    def awards(self) -> Columns:
        """Return one row per order: who, where, side, power and price."""
        return {
            "participant": self.orders.participant,
            "bus": [self.grid.place[at] for at in self.orders.bus],
            "side": ["bid" if bid else "offer" for bid in self.orders.is_bid],
            "quantity_kw": self.quantity_kw,
            "price_per_kwh": self.order_price_per_kwh,
        }

    def prices(self) -> Columns:
        """Return one row per place: both prices and their parts."""
        table: dict[str, Any] = {"place": self.grid.place}
        for prices, unit in ((self.active, "per_kwh"), (self.reactive, "per_kvarh")):
            table[f"price_{unit}"] = prices.total
            for part in PriceParts.__slots__:
                table[f"{part}_{unit}"] = getattr(prices, part)
        return table

    def _signed_kw(self) -> FloatArray:
        return np.where(self.orders.is_bid, 1.0, -1.0) * self.quantity_kw

    def _net(self, drawn: FloatArray) -> FloatArray:
        count = self.grid.n_place
        net = np.bincount(self.place, weights=drawn, minlength=count)
        return net.astype(np.float64)

    def _more(self) -> tuple[FloatArray, FloatArray]:
        grid = self.grid
        return (
            self.net_demand_kw - grid.demand_kw,
            self.net_demand_kvar - grid.demand_kvar,
        )
