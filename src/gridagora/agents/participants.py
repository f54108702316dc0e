"""What all populations with price curves share: declare, take the award, act."""

from operator import is_
from typing import Any

import numpy as np

from gridagora.agents.awards import OwnRows, order_money, order_prices
from gridagora.agents.converters import converter_for
from gridagora.agents.strategies import Strategy, truthful
from gridagora.errors import InvalidConfigError
from gridagora.types.actions import GridActions
from gridagora.types.arrays import Columns, FloatArray
from gridagora.types.base import BaseAgent
from gridagora.types.dispatch import Dispatch
from gridagora.types.orders import CurveColumns
from gridagora.types.preferences import CurveIntegral, Preferences, integral_of
from gridagora.types.storage import Storage


class CurveParticipants(BaseAgent):
    """Participants with private curves and one bidding strategy.

    Abstract: ``Consumers`` and ``Producers`` say which curves they take. One object
    acts for any number of participants; all its actions are columns.

    Attributes:
        preferences: Private curves; no market and no other agent is given them.
        strategy: Turns them into what is declared. It may be replaced at any time.
        participants: Names, in the order of all columns.

    Args:
        preferences: As above.
        strategy: As above; the truth when not given.
        factors: Multiplies all quantities of the curves in each interval, >= 0. Shape
            ``(n_interval,)`` or ``(n_interval, n_participant)``.
        storage: What the power comes from; nobody is awarded more than is left in it.
        name: Name of the agent.
    """

    def __init__(
        self,
        preferences: Preferences,
        *,
        strategy: Strategy = truthful,
        factors: FloatArray | None = None,
        storage: Storage | None = None,
        name: str = "",
    ) -> None:
        self.name = name
        self.preferences = preferences
        self.strategy = strategy
        self.participants = preferences.participant
        self._factors = factors
        self._storage = storage
        self._sign = np.where(preferences.is_bid, 1.0, -1.0)
        self._no_kvar = np.full(len(self.participants), np.nan)
        self._rows = OwnRows()
        self._basis: tuple[Any, ...] = ()
        self._basis_t = 0
        self._orders: CurveColumns | None = None
        self._present = preferences
        self._integral: CurveIntegral | None = None
        self._award_kw: FloatArray = np.zeros(0)
        self._price_per_kwh: FloatArray = np.zeros(0)
        self._money_per_h: FloatArray = np.zeros(0)
        self._reward: FloatArray | None = None
        self._forget()

    @property
    def present(self) -> Preferences:
        """Private curves of the interval for which orders were last declared."""
        return self._present

    @property
    def award_kw(self) -> FloatArray:
        """Power awarded last, 0 before any. kW. Shape ``(n_participant,)``."""
        return self._award_kw

    @property
    def price_per_kwh(self) -> FloatArray:
        """Price paid or got last, NaN before any. Shape ``(n_participant,)``."""
        return self._price_per_kwh

    def reset(self) -> None:
        """Forget awards and prices.

        Raises:
            InvalidConfigError: ``factors`` do not cover the environment's intervals or
                the participants.
        """
        self._forget()
        self._check_factors()
        if self._storage is not None:
            self._storage.reset()

    def set_market_actions(self) -> None:
        """Declare the curves in the market's order type.

        Raises:
            InvalidActionError: The market's order type is not supported.
            UnknownNameError: A bus is not in the market's network.
        """
        self._orders = self.market_actions = self._declared(self.env.market)

    def set_grid_actions(self) -> None:
        """Take what was awarded: draw it as a consumer, inject it as a producer."""
        market = self.env.market
        dispatch: Dispatch | None = market.last
        if dispatch is None or self._orders is None:
            self._forget()
        else:
            rows = self._rows.of(self._orders, dispatch.orders)
            self._award_kw = dispatch.quantity_kw[rows]
            self._price_per_kwh = order_prices(market, dispatch)[rows]
            self._money_per_h = order_money(market, dispatch)[rows]
            self._reward = None
        if self._storage is not None:
            self._storage.deliver(self._award_kw, float(self.env.interval_hours))
        self.grid_actions = GridActions(
            self.participants,
            self.preferences.bus,
            self._sign * self._award_kw,
            self._no_kvar,
        )

    def get_reward(self) -> FloatArray:
        """Return each participant's surplus in the last interval.

        A consumer has its utility less what it pays, a producer what it gets less its
        cost, both measured on the private curve.

        Returns:
            Currency. Shape ``(n_participant,)``.

        Source:
            El Helou et al., OpenGridGym, eqs. (9) and (10).
        """
        if self._reward is None:
            if self._integral is None:
                self._integral = integral_of(self._present)
            worth_per_h = self._integral(self._award_kw)
            surplus_per_h = self._sign * (worth_per_h - self._money_per_h)
            self._reward = surplus_per_h * float(self.env.interval_hours)
        return self._reward

    def get_observation(self) -> Columns:
        """Return own preferences, own last award and price, and the interval.

        Nothing of others is in it. ``interval`` is the one running or last finished.
        """
        mine = self._present
        count = mine.n_participant
        return {
            "participant": mine.participant,
            "bus": mine.bus,
            "interval": np.full(count, self.env.t),
            "firm_kw": mine.firm_kw,
            "most_kw": mine.most_kw,
            "first_price_per_kwh": mine.price_per_kwh[mine.start[:-1]],
            "last_price_per_kwh": mine.price_per_kwh[mine.start[1:] - 1],
            "award_kw": self._award_kw,
            "award_price_per_kwh": self._price_per_kwh,
        }

    def _declared(self, market: Any) -> CurveColumns:
        """Return the orders, made anew only when something they rest on changed."""
        t = self.env.t if self._factors is not None else 0
        network = getattr(market, "network", None)
        basis = (self.preferences, self.strategy, market, network)
        same = t == self._basis_t and all(map(is_, basis, self._basis))
        same = same and self._storage is None
        if self._orders is None or not same:
            self._present = self.preferences
            if self._factors is not None:
                self._present = self.preferences.scaled(self._factors[t])
            if self._storage is not None:
                hours = float(self.env.interval_hours)
                left_kw = self._storage.available_kw(hours)
                self._present = limited(self._present, left_kw)
            self._integral = None
            convert = converter_for(market, self.name)
            self._orders = convert(self.strategy(self._present), market, self.name)
            self._basis, self._basis_t = basis, t
        return self._orders

    def _forget(self) -> None:
        count = len(self.participants)
        self._award_kw = np.zeros(count)
        self._price_per_kwh = np.full(count, np.nan)
        self._money_per_h = np.zeros(count)
        self._reward = None

    def _check_factors(self) -> None:
        if self._factors is None:
            return
        shape = (self.env.n_intervals, len(self.participants))
        if self._factors.shape not in (shape, shape[:1]):
            raise InvalidConfigError(
                f"agent {self.name!r}",
                [
                    f"factors have the shape {self._factors.shape}, expected "
                    f"{shape[:1]} or {shape} for the environment's intervals."
                ],
            )


def limited(preferences: Preferences, most_kw: FloatArray) -> Preferences:
    """Return curves that end at a most quantity, firm ones too.

    Args:
        preferences: The curves.
        most_kw: Where each ends at the latest, >= 0. kW. Shape ``(n_participant,)``.

    Example:
        >>> diesel = Preferences.of_producers(["d"], ["b"], p_min=1, p_max=3, q_max=10)
        >>> ended = limited(diesel, np.array([5.0]))
        >>> ended.quantity_kw.tolist(), ended.price_per_kwh.tolist()
        ([0.0, 5.0], [1.0, 2.0])
    """
    quantity = np.minimum(preferences.quantity_kw, preferences.at_corners(most_kw))
    price = preferences.price_per_kwh.copy()
    for row in np.flatnonzero(preferences.most_kw > most_kw):
        at = slice(preferences.start[row], preferences.start[row + 1])
        before, after = preferences.quantity_kw[at], quantity[at]
        there = np.interp(after, before, preferences.price_per_kwh[at])
        price[at] = np.where(after < before, there, price[at])
    return preferences.replaced(quantity_kw=quantity, price_per_kwh=price)
