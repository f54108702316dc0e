"""The game that bidders play in one interval: joint actions to what each gets."""

from collections.abc import Callable
from typing import Protocol, TypeVar

import numpy as np

from gridagora.agents.awards import money_per_h
from gridagora.agents.curve_actions import CurveActions
from gridagora.agents.strategies import Strategy, marked_up
from gridagora.types.arrays import FloatArray, IntArray
from gridagora.types.curve_layout import Buses
from gridagora.types.orders import CurveColumns
from gridagora.types.preferences import Preferences, integral_of


class Priced(Protocol):
    """A dispatch of any market of curves."""

    @property
    def quantity_kw(self) -> FloatArray:
        """Power awarded to each order. kW. Shape ``(n_order,)``."""
        ...

    @property
    def order_price_per_kwh(self) -> FloatArray:
        """What each order pays or gets. Currency/kWh. Shape ``(n_order,)``."""
        ...


P = TypeVar("P", bound=Priced)


def nodal_money_per_h(dispatch: Priced) -> FloatArray:
    """Return what each bid pays and each offer gets at the prices of the dispatch.

    Returns:
        Currency/h. Shape ``(n_order,)``.
    """
    return money_per_h(dispatch.order_price_per_kwh, dispatch.quantity_kw)


def bidding_game(
    preferences: Preferences,
    actions: CurveActions,
    *,
    clear: Callable[[CurveColumns], P],
    buses: Buses,
    money: Callable[[P], FloatArray] = nodal_money_per_h,
) -> Callable[[IntArray], FloatArray]:
    """Return what each participant gets when all take given actions.

    With ``learning.exploitability`` it says how much a participant could still gain.
    In a market object, best not that of an environment, for it forgets its own last
    clearing, and with the tables of all others' orders in ``others``::

        game = bidding_game(
            preferences, actions, buses=market.network,
            clear=lambda own: market.clear([own, *others]),
            money=lambda dispatch: market.order_money_per_h(),
        )

    Args:
        preferences: Private curves of the players.
        actions: What they can do.
        clear: Clears the players' orders with those of everyone else, which stay as
            they are; the players' are the first rows of the dispatch.
        buses: Where the market finds buses, its network or grid.
        money: What each bid of a dispatch pays and each offer gets, currency/h.

    Returns:
        A function of one joint action, shape ``(n_participant,)``; it returns private
        surpluses, currency/h, of the same shape, all 0 when there is no dispatch.
    """
    surplus_of = _surplus_of(preferences, clear=clear, buses=buses, money=money)

    def surplus_per_h(action: IntArray) -> FloatArray:
        return surplus_of(actions.strategy(action))

    return surplus_per_h


def markup_game(
    preferences: Preferences,
    *,
    clear: Callable[[CurveColumns], P],
    buses: Buses,
    money: Callable[[P], FloatArray] = nodal_money_per_h,
) -> Callable[[FloatArray], FloatArray]:
    """Return what each participant gets when all add given markups to their prices.

    The same game as ``bidding_game`` with a number for each participant instead of a
    few actions, in any market of curves: ``learning.exploitability`` measures how far
    markups are from an equilibrium of it (``scalar_exploitability``), and what could be
    gained against what others played (``mixed_exploitability``). In markets of the kind
    of ``markets.markup_market`` their own ``profits`` are far quicker.

    Args:
        preferences: Private curves of the players.
        clear: As for ``bidding_game``.
        buses: As for ``bidding_game``.
        money: As for ``bidding_game``.

    Returns:
        A function of joint markups, shape ``(n_joint, n_participant)``, in
        currency/kWh: added to the prices of offers, taken off those of bids. It returns
        private surpluses, currency/h, of the same shape.
    """
    surplus_of = _surplus_of(preferences, clear=clear, buses=buses, money=money)
    way = np.where(preferences.is_bid, -1.0, 1.0)

    def surplus_per_h(markup: FloatArray) -> FloatArray:
        paid = [surplus_of(marked_up(adder_per_kwh=way * row)) for row in markup]
        return np.array(paid, dtype=np.float64).reshape(markup.shape)

    return surplus_per_h


def _surplus_of(
    preferences: Preferences,
    *,
    clear: Callable[[CurveColumns], P],
    buses: Buses,
    money: Callable[[P], FloatArray],
) -> Callable[[Strategy], FloatArray]:
    """Return what each participant gets as a function of the common strategy."""
    bus = preferences.curves(buses).bus
    sign = np.where(preferences.is_bid, 1.0, -1.0)
    worth_per_h = integral_of(preferences)
    count = preferences.n_participant

    def surplus_of(strategy: Strategy) -> FloatArray:
        dispatch = clear(strategy(preferences).placed(bus))
        worth = worth_per_h(dispatch.quantity_kw[:count])
        surplus: FloatArray = sign * (worth - money(dispatch)[:count])
        return surplus

    return surplus_of
