"""The transmission grid at the source: sells at its price, takes what is left."""

import math
from collections.abc import Mapping
from typing import final

import numpy as np
from numpy.typing import ArrayLike

from gridagora.agents.awards import OwnRows, order_money, order_prices
from gridagora.agents.converters import curve_buses
from gridagora.errors import InvalidConfigError
from gridagora.types.actions import GridActions
from gridagora.types.arrays import Columns, FloatArray
from gridagora.types.base import BaseAgent
from gridagora.types.cost_columns import CostColumns
from gridagora.types.cost_orders import ExportBid, ImportOffer
from gridagora.types.dispatch import Dispatch

_SHOWN = 3


@final
class TransmissionGrid(BaseAgent):
    """The grid above a feeder, which sells at its LMP and takes what is left over.

    In every interval it offers power at the source bus at its price and bids for power
    there at its export price. In the paper exports earn nothing, ``max(0, P_source)``:
    an export price of 0. A market where a feeder could buy power and sell it back at a
    gain has no optimum, so the export price must not be above the price; where the
    price is negative, it has to be given.

    Without limits of its own the market gives both orders more than anybody could take
    or deliver, so that they never bind. A substation's limit belongs to the network,
    ``RadialNetwork.with_substation``; ``most_kw`` is for a contract.

    It does nothing on the physical grid, whose source covers whatever is missing.

    Attributes:
        bus: Name of the source bus.

    Args:
        bus: As above.
        price_per_kwh: LMP; one number, or one for each interval. Currency/kWh.
        export_price_per_kwh: What exports earn, likewise; ``None`` takes none back, so
            that surplus has to be curtailed. Currency/kWh.
        most_kw: Most power it delivers, >= 0. kW.
        most_export_kw: Most power it takes, >= 0. kW.
        name: Name of the agent, and of the participant.

    Raises:
        InvalidConfigError: Prices that are not finite or of several shapes, an export
            price above the price, a negative limit; all at once.

    Source:
        El Helou et al., OpenGridGym, eq. (12).

    Example:
        >>> day = TransmissionGrid("799", [30.0, 50.0], export_price_per_kwh=10.0)
        >>> day.participants
        ('transmission',)
    """

    def __init__(
        self,
        bus: str,
        price_per_kwh: ArrayLike,
        *,
        export_price_per_kwh: ArrayLike | None = 0.0,
        most_kw: float = math.inf,
        most_export_kw: float = math.inf,
        name: str = "transmission",
    ) -> None:
        self.name = name
        self.bus = bus
        self.participants = (name,)
        self._price: FloatArray = np.asarray(price_per_kwh, dtype=np.float64)
        self._takes = export_price_per_kwh is not None
        given = export_price_per_kwh if self._takes else -math.inf
        self._export_price: FloatArray = np.asarray(given, dtype=np.float64)
        self._most_kw = (float(most_kw), float(most_export_kw))
        faults = self._faults()
        if faults:
            raise InvalidConfigError(f"agent {name!r}", faults)
        self._rows = OwnRows()
        self._sent: CostColumns | None = None
        self._forget()

    @property
    def import_kw(self) -> float:
        """Power that the feeder took last. kW."""
        return self._import_kw

    @property
    def export_kw(self) -> float:
        """Power that the feeder gave back last. kW."""
        return self._export_kw

    def reset(self) -> None:
        """Forget the last award.

        Raises:
            InvalidConfigError: A series of prices that ends before the environment.
        """
        self._forget()
        n_interval = self.env.n_intervals
        faults = [
            f"{name} has {series.size} numbers, expected one, or at least one for each "
            f"of the environment's {n_interval} intervals."
            for name, series in (
                ("price_per_kwh", self._price),
                ("export_price_per_kwh", self._export_price),
            )
            if series.ndim == 1 and series.size < n_interval
        ]
        if faults:
            raise InvalidConfigError(f"agent {self.name!r}", faults)

    def set_market_actions(self) -> None:
        """Offer at the price of the interval, and bid for what is left over.

        Raises:
            InvalidActionError: The market's order type is not supported.
            UnknownNameError: The bus is not in the market's network.
        """
        buses = curve_buses(self.env.market, self.name)
        t, (most_kw, most_export_kw) = self.env.t, self._most_kw
        name, bus = self.name, self.bus
        orders: list[ImportOffer | ExportBid] = [
            ImportOffer(name, bus, _at(self._price, t), most_kw)
        ]
        if self._takes:
            price = _at(self._export_price, t)
            orders.append(ExportBid(name, bus, price, most_export_kw))
        self._sent = self.market_actions = CostColumns.of(orders, buses)

    def set_grid_actions(self) -> None:
        """Take note of the award; the source of the grid needs no telling."""
        market = self.env.market
        dispatch: Dispatch | None = market.last
        if dispatch is None or self._sent is None:
            self._forget()
        else:
            rows = self._rows.of(self._sent.curves, dispatch.orders)
            award_kw = dispatch.quantity_kw[rows]
            money = order_money(market, dispatch)[rows]
            self._import_kw = float(award_kw[0])
            self._export_kw = float(award_kw[1:].sum())
            self._got_per_h = float(money[0] - money[1:].sum())
            self._paid_price = float(order_prices(market, dispatch)[rows[0]])
        self.grid_actions = GridActions.none()

    def get_reward(self) -> FloatArray:
        """Return what it got beyond its own prices in the last interval.

        0 where it is paid just these, as at nodal prices without a limit of its own.

        Returns:
            Currency. Shape ``(1,)``.
        """
        t = max(self.env.t, 0)
        due = _at(self._price, t) * self._import_kw
        if self._export_kw:
            due -= _at(self._export_price, t) * self._export_kw
        hours = float(self.env.interval_hours)
        return np.array([(self._got_per_h - due) * hours])

    def get_observation(self) -> Columns:
        """Return its prices in the interval, and what the feeder took and gave."""
        t = max(self.env.t, 0)
        return {
            "participant": self.participants,
            "bus": [self.bus],
            "interval": np.array([self.env.t]),
            "price_per_kwh": np.array([_at(self._price, t)]),
            "export_price_per_kwh": np.array(
                [_at(self._export_price, t) if self._takes else np.nan]
            ),
            "import_kw": np.array([self._import_kw]),
            "export_kw": np.array([self._export_kw]),
            "award_price_per_kwh": np.array([self._paid_price]),
        }

    def record(self) -> Mapping[str, Columns]:
        """Return the table ``transmission``: prices, imports and exports."""
        seen = dict(self.get_observation())
        del seen["interval"]
        return {"transmission": seen}

    def _forget(self) -> None:
        self._import_kw = self._export_kw = self._got_per_h = 0.0
        self._paid_price = math.nan

    def _faults(self) -> list[str]:
        price, export = self._price, self._export_price
        faults = [
            f"{name} has the shape {series.shape}, expected a number or one series."
            for name, series in (
                ("price_per_kwh", price),
                ("export_price_per_kwh", export),
            )
            if series.ndim > 1
        ]
        if not np.isfinite(price).all():
            faults.append("price_per_kwh is not finite everywhere.")
        if self._takes and not np.isfinite(export).all():
            faults.append("export_price_per_kwh is not finite everywhere.")
        faults += [
            f"{name} is {most!r}, expected >= 0 kW."
            for name, most in zip(
                ("most_kw", "most_export_kw"), self._most_kw, strict=True
            )
            if not most >= 0
        ]
        return faults or self._circles()

    def _circles(self) -> list[str]:
        """Name intervals in which power could be bought and sold back at a gain."""
        shapes = {self._price.shape, self._export_price.shape} - {()}
        if len(shapes) > 1:
            return [
                f"there are {self._price.size} prices and {self._export_price.size} "
                "export prices, expected as many."
            ]
        above = np.flatnonzero(np.atleast_1d(self._export_price > self._price))
        series = bool(shapes)
        return [
            f"export_price_per_kwh is {_at(self._export_price, at):g}"
            f"{f' in interval {at}' if series else ''}, expected at most the price of "
            f"{_at(self._price, at):g}: power would be bought and sold back at a gain."
            for at in above[:_SHOWN].tolist()
        ]


def _at(series: FloatArray, t: int) -> float:
    return float(series[t] if series.ndim else series)
