"""Orders that say what power costs, and those of the transmission grid."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gridagora.errors import InvalidOrderError
from gridagora.types.arrays import FloatArray
from gridagora.types.costs import Cost, PolynomialCost
from gridagora.types.orders import Bid, Curve, CurveColumns, Offer
from gridagora.types.preferences import Preferences

_NOTHING = np.zeros(0)
_FREE = PolynomialCost((0.0,))


@dataclass(frozen=True, slots=True)
class CostOffer:
    """A producer's wish to deliver power at a bus, stated as what it costs.

    Attributes:
        participant: Who is paid.
        bus: Name of the bus where the power is delivered.
        cost: Convex between ``q_min`` and ``q_max``.
        q_max: Most power, P_max. kW.
        q_min: Least power, P_min, delivered at any price. kW.

    Raises:
        InvalidOrderError: A power is negative or not finite, P_min is above P_max, or
            the cost is not convex there; says where. All faults at once.

    Source:
        El Helou et al., OpenGridGym, eqs. (12) and (14).

    Example:
        >>> diesel = CostOffer("d", "735", PolynomialCost((0, 70, 0.05)), q_max=200)
        >>> diesel.order().curve
        Curve(quantity_kw=(0.0, 200.0), price_per_kwh=(70.0, 90.0))
    """

    participant: str
    bus: str
    cost: Cost
    q_max: float
    q_min: float = 0.0

    def __post_init__(self) -> None:
        faults = _power_faults("q_max", self.q_max) + _power_faults("q_min", self.q_min)
        if not faults and self.q_max < self.q_min:
            faults.append(
                f"q_min is {self.q_min!r}, expected P_min <= P_max: at most q_max = "
                f"{self.q_max!r} kW."
            )
        if not faults:
            faults = self.cost.faults(self.q_min, self.q_max)
        if faults:
            raise InvalidOrderError(f"offer of {self.participant!r}", faults)

    @property
    def is_curved(self) -> bool:
        """Whether the price is more than straight pieces of quantity."""
        return self.cost.is_curved and self.q_max > self.q_min

    @property
    def range_kw(self) -> tuple[float, float]:
        """Least and most power. kW."""
        return float(self.q_min), float(self.q_max)

    def price_per_kwh(self, quantity_kw: FloatArray) -> FloatArray:
        """Return the price at which quantities are offered. Currency/kWh."""
        return self.cost.marginal_per_kwh(quantity_kw)

    def bend_per_kwh(self, quantity_kw: FloatArray) -> FloatArray:
        """Return how steep the price is, >= 0. Currency/kWh per kW."""
        return self.cost.bend_per_kwh(quantity_kw)

    def cost_per_h(self, quantity_kw: float) -> float:
        """Return what a dispatched quantity costs. Currency/h."""
        return float(self.cost.value_per_h(quantity_kw))

    def order(self, inner_kw: FloatArray = _NOTHING) -> Offer:
        """Return the offer of the marginal cost.

        Args:
            inner_kw: Quantities within the range, rising, where the offer should have
                the true price; needed only where the cost is curved. kW.

        Returns:
            Exact for degrees up to 2 and for straight pieces; otherwise straight lines
            between the true prices.
        """
        corners = self.cost.marginal_corners(*self.range_kw, inner_kw)
        return Offer(self.participant, self.bus, _curve(*corners))


@dataclass(frozen=True, slots=True)
class ReducibleDemand:
    """Demand at a bus, part of which can be reduced at a cost.

    A consumer takes its baseline at any price. As a provider of demand response it can
    reduce it, when the price is at least the marginal cost of reducing.

    Attributes:
        participant: Who consumes, and reduces.
        bus: Name of the bus.
        baseline_kw: Consumption before demand response. kW.
        cost: Cost of reducing by a quantity, convex up to ``most_reduction_kw``.
        most_reduction_kw: Most reduction; 0 for a plain consumer. kW.

    Raises:
        InvalidOrderError: A power is negative or not finite, more reduction than
            baseline, or the cost is not convex there; says where. All faults at once.

    Source:
        El Helou et al., OpenGridGym, eqs. (12) and (15).

    Example:
        >>> mill = ReducibleDemand("m", "738", 126, PolynomialCost((0, 90, 0.2)), 30)
        >>> mill.order().curve
        Curve(quantity_kw=(96.0, 126.0), price_per_kwh=(102.0, 90.0))
    """

    participant: str
    bus: str
    baseline_kw: float
    cost: Cost = _FREE
    most_reduction_kw: float = 0.0

    def __post_init__(self) -> None:
        faults = _power_faults("baseline_kw", self.baseline_kw)
        faults += _power_faults("most_reduction_kw", self.most_reduction_kw)
        if not faults and self.most_reduction_kw > self.baseline_kw:
            faults.append(
                f"most_reduction_kw is {self.most_reduction_kw!r}, expected at most "
                f"the baseline of {self.baseline_kw!r} kW."
            )
        if not faults:
            faults = self.cost.faults(0.0, self.most_reduction_kw)
        if faults:
            raise InvalidOrderError(f"demand of {self.participant!r}", faults)

    @property
    def is_curved(self) -> bool:
        """Whether the price is more than straight pieces of quantity."""
        return self.cost.is_curved and self.most_reduction_kw > 0.0

    @property
    def range_kw(self) -> tuple[float, float]:
        """Least and most consumption. kW."""
        most = float(self.baseline_kw)
        return most - float(self.most_reduction_kw), most

    def price_per_kwh(self, quantity_kw: FloatArray) -> FloatArray:
        """Return the price down to which quantities are bid for. Currency/kWh."""
        return self.cost.marginal_per_kwh(self.baseline_kw - quantity_kw)

    def bend_per_kwh(self, quantity_kw: FloatArray) -> FloatArray:
        """Return how steep the price is, >= 0. Currency/kWh per kW."""
        return self.cost.bend_per_kwh(self.baseline_kw - quantity_kw)

    def cost_per_h(self, quantity_kw: float) -> float:
        """Return what reducing to a dispatched quantity costs. Currency/h."""
        return float(self.cost.value_per_h(max(self.baseline_kw - quantity_kw, 0.0)))

    def order(self, inner_kw: FloatArray = _NOTHING) -> Bid:
        """Return the bid whose price is the marginal cost of reducing.

        Args:
            inner_kw: Quantities within the range, rising, where the bid should have the
                true price; needed only where the cost is curved. kW.

        Returns:
            Exact for degrees up to 2 and for straight pieces; otherwise straight lines
            between the true prices.
        """
        reduced, price = self.cost.marginal_corners(
            0.0, float(self.most_reduction_kw), (self.baseline_kw - inner_kw)[::-1]
        )
        quantity = np.clip(self.baseline_kw - reduced[::-1], *self.range_kw)
        return Bid(self.participant, self.bus, _curve(quantity, price[::-1]))


@dataclass(frozen=True, slots=True)
class ImportOffer:
    """What the transmission grid delivers at the source of the feeder.

    Attributes:
        participant: Name of the transmission grid.
        bus: Name of the source bus.
        price_per_kwh: Its price, the LMP. Currency/kWh.
        most_kw: Most power; ``inf`` for as much as anybody can take. kW.

    Raises:
        InvalidOrderError: A price that is not finite, or a negative power.

    Source:
        El Helou et al., OpenGridGym, eq. (12), first term.
    """

    participant: str
    bus: str
    price_per_kwh: float
    most_kw: float = math.inf

    def __post_init__(self) -> None:
        _check_exchange(f"import offer of {self.participant!r}", self)

    def cost_per_h(self, quantity_kw: float) -> float:
        """Return what a quantity costs. Currency/h."""
        return self.price_per_kwh * quantity_kw

    def order(self) -> Offer:
        """Return the offer; of no quantity yet when it has no limit."""
        return Offer(self.participant, self.bus, _flat(self))


@dataclass(frozen=True, slots=True)
class ExportBid:
    """What the transmission grid takes at the source of the feeder.

    Attributes:
        participant: Name of the transmission grid.
        bus: Name of the source bus.
        price_per_kwh: What it pays; 0 takes surplus for nothing. Currency/kWh.
        most_kw: Most power; ``inf`` for as much as anybody can deliver. kW.

    Raises:
        InvalidOrderError: A price that is not finite, or a negative power.
    """

    participant: str
    bus: str
    price_per_kwh: float = 0.0
    most_kw: float = math.inf

    def __post_init__(self) -> None:
        _check_exchange(f"export bid of {self.participant!r}", self)

    def cost_per_h(self, quantity_kw: float) -> float:
        """Return what a quantity costs: less than nothing when paid. Currency/h."""
        return -self.price_per_kwh * quantity_kw

    def order(self) -> Bid:
        """Return the bid; of no quantity yet when it has no limit."""
        return Bid(self.participant, self.bus, _flat(self))


CostOrder = CostOffer | ReducibleDemand
Exchange = ImportOffer | ExportBid
AnyOrder = Bid | Offer | CostOrder | Exchange
"""What an agent may send to a market of curves, one by one."""


def preferences_of(orders: Sequence[CostOrder]) -> Preferences:
    """Return costs as the private curves of a population, one row for each.

    Args:
        orders: Costs of degree up to 2 or of straight pieces.

    Raises:
        InvalidOrderError: Costs of a higher degree, which are no curves; names all.

    Example:
        >>> preferences_of([ReducibleDemand("mill", "738", 126)]).most_kw.tolist()
        [126.0]
    """
    faults = [
        f"the cost of {order.participant!r} is of a degree above 2, expected a curve; "
        "send it to the market as it is, or state it as straight pieces."
        for order in orders
        if order.is_curved
    ]
    if faults:
        what = "preferences"
        raise InvalidOrderError(what, faults)
    plain = [order.order() for order in orders]
    curves = CurveColumns.of(plain, _NoBuses())
    return Preferences(
        curves.participant,
        tuple(order.bus for order in orders),
        curves.is_bid,
        curves.start,
        curves.quantity_kw,
        curves.price_per_kwh,
    )


class _NoBuses:
    """Stands for a network where places do not matter."""

    def bus_index(self, _: str) -> int:
        return 0


def _power_faults(name: str, power_kw: float) -> list[str]:
    if math.isfinite(power_kw) and power_kw >= 0:
        return []
    return [f"{name} is {power_kw!r}, expected a finite number >= 0 kW."]


def _check_exchange(what: str, order: Exchange) -> None:
    faults = []
    if not math.isfinite(order.price_per_kwh):
        faults.append(f"price_per_kwh is {order.price_per_kwh!r}, expected finite.")
    if not order.most_kw >= 0:
        faults.append(f"most_kw is {order.most_kw!r}, expected >= 0 kW.")
    if faults:
        raise InvalidOrderError(what, faults)


def _flat(order: Exchange) -> Curve:
    most = float(order.most_kw) if math.isfinite(order.most_kw) else 0.0
    return Curve((0.0, most), (float(order.price_per_kwh),) * 2)


def _curve(quantity_kw: FloatArray, price_per_kwh: FloatArray) -> Curve:
    return Curve(tuple(quantity_kw.tolist()), tuple(price_per_kwh.tolist()))
