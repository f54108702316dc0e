"""Producers who ask for the markup that pays them best against the others' orders."""

from collections.abc import Callable
from typing import final

import numpy as np

from gridagora.agents.awards import money_per_h, own_rows
from gridagora.agents.participants import CurveParticipants
from gridagora.agents.strategies import marked_up
from gridagora.errors import InvalidConfigError
from gridagora.types.arrays import FloatArray, IntArray
from gridagora.types.dispatch import Dispatch
from gridagora.types.orders import CurveColumns
from gridagora.types.preferences import Preferences, cost_per_h, require_side
from gridagora.types.scalar_search import best_scalar

Clear = Callable[[CurveColumns], Dispatch]
"""A clearing rule with its network already given."""

Prices = Callable[[Dispatch], FloatArray]
"""The price that each order of a dispatch pays or gets, currency/kWh."""


@final
class BestResponse(CurveParticipants):
    """Producers who, one after the other, answer the last clearing best.

    In the first interval they tell the truth. From then on each in turn tries markups
    on its own offer, with the others' orders as they stood in the last clearing and
    its fellows' as they have just become, and keeps the one with the largest profit;
    among equal profits the smallest markup. Nothing is drawn.

    Attributes:
        markup_per_kwh: Present markups. Currency/kWh. Shape ``(n_participant,)``.

    Args:
        preferences: Marginal costs, ``Preferences.of_producers``.
        clear: The market's clearing rule, as a function of the orders.
        candidates_per_kwh: Markups to try, rising, at least two. Currency/kWh.
        refinements: How often to look again, as finely, around the best one.
        prices: Price of each order of a dispatch; the nodal price when not given.
        name: Name of the agent.

    Raises:
        InvalidOrderError: A participant has a marginal value.
        InvalidConfigError: Fewer than two candidates, or not finite and rising.
    """

    def __init__(
        self,
        preferences: Preferences,
        *,
        clear: Clear,
        candidates_per_kwh: FloatArray,
        refinements: int = 2,
        prices: Prices = lambda dispatch: dispatch.order_price_per_kwh,
        name: str = "",
    ) -> None:
        require_side(preferences, consumers=False)
        super().__init__(preferences, name=name)
        self.markup_per_kwh: FloatArray = np.zeros(preferences.n_participant)
        self._search = (clear, prices, _checked(candidates_per_kwh), refinements)
        self._others: CurveColumns | None = None

    def reset(self) -> None:
        """Forget the last clearing, and tell the truth again."""
        super().reset()
        self._others = None
        self._declare(np.zeros(len(self.participants)))

    def set_market_actions(self) -> None:
        """Answer the last clearing, once there was one, and send the offers.

        Raises:
            InvalidActionError: The market's order type is not supported.
            UnknownNameError: A bus is not in the market's network.
        """
        if self._others is not None and self._orders is not None:
            self._respond(self._others, self._orders.bus)
        super().set_market_actions()

    def set_grid_actions(self) -> None:
        """Inject what was awarded, and note the others' orders."""
        super().set_grid_actions()
        dispatch: Dispatch | None = self.env.market.last
        if dispatch is not None and self._orders is not None:
            rows = own_rows(self._orders, dispatch.orders)
            self._others = without(dispatch.orders, rows)

    def _respond(self, others: CurveColumns, bus: IntArray) -> None:
        clear, prices, candidates, refinements = self._search
        markups = self.markup_per_kwh.copy()
        for place in range(markups.size):

            def profit_per_h(markup: float, place: int = place) -> float:
                trial = markups.copy()
                trial[place] = markup
                own = marked_up(adder_per_kwh=trial)(self.preferences).placed(bus)
                dispatch = clear(CurveColumns.joined([own, others]))
                award = dispatch.quantity_kw[: markups.size]
                got = money_per_h(prices(dispatch)[: markups.size], award)
                return float((got - cost_per_h(self.preferences, award))[place])

            markups[place], _ = best_markup(
                profit_per_h, candidates, refinements=refinements
            )
        self._declare(markups)

    def _declare(self, markups: FloatArray) -> None:
        self.markup_per_kwh = markups
        self.strategy = marked_up(adder_per_kwh=markups)


def best_markup(
    profit_per_h: Callable[[float], float],
    candidates_per_kwh: FloatArray,
    *,
    refinements: int = 2,
) -> tuple[float, float]:
    """Return the markup with the largest profit, the smallest one among equals.

    Looked for by ``types.scalar_search.best_scalar``: all candidates, then, as often
    as asked, as many again evenly between the neighbours of the best one so far.

    Args:
        profit_per_h: Profit at a markup. Currency/h.
        candidates_per_kwh: Markups, rising, at least two. Currency/kWh.
        refinements: >= 0.

    Returns:
        Markup, currency/kWh, and profit, currency/h.

    Raises:
        InvalidConfigError: Fewer than two candidates, not finite and rising, or fewer
            than 0 refinements.
        InvalidActionError: A profit is not finite.

    Example:
        >>> best_markup(lambda m: m * (4 - m), np.linspace(0, 3, 4))[0]
        2.0
    """

    def profits_per_h(markups: FloatArray) -> FloatArray:
        return np.array([profit_per_h(markup) for markup in markups.tolist()])

    candidates = _checked(candidates_per_kwh)
    return best_scalar(profits_per_h, candidates, refinements=refinements)


def without(orders: CurveColumns, rows: IntArray) -> CurveColumns:
    """Return the orders but for some rows.

    Args:
        orders: Any orders.
        rows: Rows to leave out. Shape ``(n_left_out,)``.
    """
    kept = np.ones(orders.n_order, dtype=np.bool_)
    kept[rows] = False
    size = np.diff(orders.start)
    corners = np.repeat(kept, size)
    return CurveColumns(
        participant=tuple(orders.participant[at] for at in np.flatnonzero(kept)),
        bus=orders.bus[kept],
        is_bid=orders.is_bid[kept],
        start=np.concatenate([[0], np.cumsum(size[kept])]).astype(np.int64),
        quantity_kw=orders.quantity_kw[corners],
        price_per_kwh=orders.price_per_kwh[corners],
    )


def _checked(candidates_per_kwh: FloatArray) -> FloatArray:
    candidates = np.array(candidates_per_kwh, dtype=np.float64)
    rising = candidates.ndim == 1 and bool(np.all(np.diff(candidates) > 0))
    if candidates.size < 2 or not rising or not np.isfinite(candidates).all():
        raise InvalidConfigError(
            "best response",
            [
                f"candidates_per_kwh is {candidates.tolist()}, expected two or more "
                "finite markups, rising."
            ],
        )
    return candidates
