"""What a clearing returns: outcome, dispatch, certificate, settlement."""

from dataclasses import dataclass
from enum import Enum

import numpy as np

from gridagora.types.arrays import Columns, FloatArray, IntArray
from gridagora.types.network import Network, RadialNetwork
from gridagora.types.orders import CurveColumns


class Outcome(Enum):
    """How a clearing ended; exactly one holds."""

    CLEARED = "cleared"
    EMPTY = "empty"
    ONE_SIDED = "one-sided"
    INFEASIBLE = "infeasible"
    TIMEOUT = "timeout"
    GRID_FAILED = "grid failed"


@dataclass(frozen=True, slots=True)
class Certificate:
    """Residuals of the laws that a clearing must obey, each scaled to order one.

    Attributes:
        mechanism: The rule that cleared.
        residual: Largest breach of each law, by the law's name. 0 is perfect.
        tolerance: Largest residual that passes.
    """

    mechanism: str
    residual: dict[str, float]
    tolerance: float = 1e-9

    @property
    def worst(self) -> tuple[str, float]:
        """Name and size of the largest residual; a NaN counts as the largest."""
        if not self.residual:
            return "nothing", 0.0
        return max(
            self.residual.items(),
            key=lambda law: np.inf if np.isnan(law[1]) else law[1],
        )

    @property
    def passed(self) -> bool:
        """Whether every residual is within the tolerance."""
        return all(size <= self.tolerance for size in self.residual.values())


@dataclass(frozen=True, slots=True, eq=False)
class Dispatch:
    """Quantities, prices and flows that a nodal clearing found.

    A price is what one more kWh of demand at the bus costs: positive when load pays.
    When the outcome is EMPTY or INFEASIBLE the prices are NaN, for there are none;
    the quantities are then 0.

    Attributes:
        network: Where it was cleared.
        orders: What was cleared.
        outcome: How the clearing ended.
        quantity_kw: Power awarded to each order, >= 0. kW. Shape ``(n_order,)``.
        price_per_kwh: Nodal price. Currency/kWh. Shape ``(n_bus,)``.
        flow_kw: Flow of each branch in its direction. kW. Shape ``(n_branch,)``.
        congestion_per_kwh: Worth of one more kW of limit: positive when the flow is at
            its limit in the branch's direction, negative when against it, else 0.
            Currency/kWh. Shape ``(n_branch,)``.
        certificate: The laws and how well they hold.
        reason: Why there is no dispatch; empty when there is one.
    """

    network: Network | RadialNetwork
    orders: CurveColumns
    outcome: Outcome
    quantity_kw: FloatArray
    price_per_kwh: FloatArray
    flow_kw: FloatArray
    congestion_per_kwh: FloatArray
    certificate: Certificate
    reason: str = ""

    @property
    def order_price_per_kwh(self) -> FloatArray:
        """Nodal price at the bus of each order. Currency/kWh. Shape ``(n_order,)``."""
        return self.price_per_kwh[self.orders.bus]

    @property
    def demand_kw(self) -> FloatArray:
        """Power bought at each bus. kW. Shape ``(n_bus,)``."""
        return self._at_bus(self.orders.is_bid)

    @property
    def supply_kw(self) -> FloatArray:
        """Power sold at each bus. kW. Shape ``(n_bus,)``."""
        return self._at_bus(~self.orders.is_bid)

    @property
    def binding(self) -> IntArray:
        """+1 or -1 where a limit holds the flow back, else 0. Shape ``(n_branch,)``."""
        return np.sign(self.congestion_per_kwh).astype(np.int64)

    @property
    def congestion_rent_per_h(self) -> float:
        """What buyers pay beyond what sellers get, at nodal prices. Currency/h."""
        signed = np.where(self.orders.is_bid, 1.0, -1.0) * self.quantity_kw
        return float(np.nansum(signed * self.order_price_per_kwh))

    @property
    def average_price_per_kwh(self) -> float | None:
        """Price over all buyers, weighted by power; ``None`` when nothing is bought."""
        bought = np.where(self.orders.is_bid, self.quantity_kw, 0.0)
        if bought.sum() == 0.0:
            return None
        return float(bought @ self.order_price_per_kwh / bought.sum())

    def awards(self) -> Columns:
        """Return one row per order: who, where, side, power and price."""
        return {
            "participant": self.orders.participant,
            "bus": [self.network.bus[at] for at in self.orders.bus],
            "side": ["bid" if bid else "offer" for bid in self.orders.is_bid],
            "quantity_kw": self.quantity_kw,
            "price_per_kwh": self.order_price_per_kwh,
        }

    def flows(self) -> Columns:
        """Return one row per branch: flow, limit and worth of the limit."""
        return {
            "branch": self.network.branch,
            "flow_kw": self.flow_kw,
            "limit_kw": self.network.limit_kw,
            "congestion_per_kwh": self.congestion_per_kwh,
        }

    def _at_bus(self, chosen: np.ndarray) -> FloatArray:
        return np.bincount(
            self.orders.bus[chosen],
            weights=self.quantity_kw[chosen],
            minlength=self.network.n_bus,
        ).astype(np.float64)


@dataclass(frozen=True, slots=True)
class Trade:
    """Energy that one participant sells to another at one price.

    Attributes:
        buyer: Participant who pays.
        seller: Participant who is paid.
        energy_wh: Energy. Wh, > 0.
        price_nano_per_wh: Price. 1e-9 currency/Wh.
    """

    buyer: str
    seller: str
    energy_wh: int
    price_nano_per_wh: int


@dataclass(frozen=True, slots=True, eq=False)
class Settlement:
    """Energy and money of one interval in whole units, summing to exactly zero.

    One row is one entry of one account. ``energy_wh`` is positive when the account
    receives energy and ``money_nano`` when it receives money; both columns sum to 0.

    Attributes:
        account: Participant, or a named account such as ``operator``.
        cause: Why: ``bid``, ``offer``, ``congestion rent``, ``rent share``, ...
        energy_wh: Energy received. Wh, negative when delivered. Shape ``(n_entry,)``.
        price_nano_per_wh: Price of the entry; 0 where the entry has money only.
            1e-9 currency/Wh. Shape ``(n_entry,)``.
        money_nano: Money received. 1e-9 currency, negative when paid.
            Shape ``(n_entry,)``.
    """

    account: tuple[str, ...]
    cause: tuple[str, ...]
    energy_wh: IntArray
    price_nano_per_wh: IntArray
    money_nano: IntArray

    def balance(self, account: str) -> tuple[int, int]:
        """Return energy in Wh and money in 1e-9 currency that an account received."""
        mine = np.array([name == account for name in self.account], dtype=np.bool_)
        return int(self.energy_wh[mine].sum()), int(self.money_nano[mine].sum())

    def entries(self) -> Columns:
        """Return one row per entry."""
        return {
            "account": self.account,
            "cause": self.cause,
            "energy_wh": self.energy_wh,
            "price_nano_per_wh": self.price_nano_per_wh,
            "money_nano": self.money_nano,
        }
