"""The DLMP market: one price per place, with voltages, losses and phases."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from gridagora.errors import EpisodeError, listed
from gridagora.markets.agreement import (
    USUAL_AGREEMENT,
    Agreement,
    GridClearing,
    Linearise,
    clear_on_grid,
    clear_once,
)
from gridagora.markets.collecting import collect_orders
from gridagora.markets.demand_response import (
    PAID,
    UNCHARGED,
    Reductions,
    reduction_rule,
    reductions_of,
)
from gridagora.markets.explain import PriceReasons
from gridagora.markets.linear import USUAL_LIMITS, clear_linear
from gridagora.markets.linear_settlement import settle_linear
from gridagora.markets.successive import clear_book
from gridagora.markets.surplus import welfare_per_h
from gridagora.types.actions import GridActions
from gridagora.types.arrays import Columns, FloatArray, IntArray
from gridagora.types.base import BaseMarket
from gridagora.types.cost_columns import CostColumns
from gridagora.types.dispatch import Settlement
from gridagora.types.grid_limits import GridLimits
from gridagora.types.linear_dispatch import LinearDispatch
from gridagora.types.linear_grid import LinearGrid
from gridagora.types.orders import CurveColumns, CurveJoin


class DLMPMarket(BaseMarket):
    """Collects orders from all agents and clears them on a feeder of OpenDSS.

    Agents send orders as to ``NodalMarket``; places of ``network`` are buses, and also
    the ``.supply`` of a bus and single terminals. Each clearing starts where the grid
    is now: what the grid is asked for stands at every bus, except where an order or a
    planned action of an agent stands (agents without orders may say with
    ``planned_actions`` what they are about to ask of the grid). By default straight
    lines and OpenDSS are repeated until they agree, so that what the market promises
    is what the grid does when the agents act on it.

    A clearing without a dispatch (outcome ``INFEASIBLE``) raises nothing: it stays
    readable in ``last``, and every award is 0.

    Attributes:
        network: Where agents look up buses: the model of the grid when the market was
            made. Its places stand in the same order in every later one.
        limits: What every dispatch keeps.
        agree: Whether to repeat until market and grid agree; else one model is enough.
        agreement: When they agree.
        reductions: What demand response earns; see ``NodalMarket``.
        interval_hours: Length of an interval; ``None`` takes the environment's, or one
            hour outside of an environment. h.
        last: The latest dispatch; ``None`` before the first of an episode.
        last_clearing: The same with the rounds it took.

    Args:
        linearise: Gives the model of the grid, ``Linearizer(grid)`` for instance.
        limits: As above; rated powers and 0.95 to 1.05 pu when not given.
        agree: As above.
        agreement: As above.
        reductions: As above.
        interval_hours: As above.

    Raises:
        UnknownNameError: There is no such rule for reductions.
    """

    order_type = "curve"

    def __init__(
        self,
        linearise: Linearise,
        limits: GridLimits = USUAL_LIMITS,
        *,
        agree: bool = True,
        agreement: Agreement = USUAL_AGREEMENT,
        reductions: str = UNCHARGED,
        interval_hours: float | None = None,
    ) -> None:
        self.reductions = reduction_rule(reductions)
        self.limits = limits
        self.agree = agree
        self.agreement = agreement
        self.interval_hours = interval_hours
        self._linearise = linearise
        self.network = self._model = linearise()
        self._join = CurveJoin()
        self._forget()

    def _forget(self) -> None:
        self.last: LinearDispatch | None = None
        self.last_clearing: GridClearing | None = None
        self._book = CostColumns.joined([])
        self._fixed = np.zeros(0), np.zeros(0)
        self._settled: Settlement | None = None
        self._reduced: Reductions | None = None
        self._reasons: dict[int, PriceReasons] = {}

    def reset(self) -> None:
        """Forget the clearings of an earlier episode; agents may read an interval's."""
        if self.env is None or self.env.t <= 0:
            self._forget()

    def step(self) -> None:
        """Clear what the agents of the environment sent.

        Raises:
            InvalidActionError: An agent sent something that is not a set of orders at
                places of the grid; every such agent is named.
            ClearingError: Market and grid did not agree, or costs of a high degree did
                not settle.
            PowerFlowError: The grid has no operating point where it is now.
        """
        agents = () if self.env is None else self.env.agents
        n_place = self.network.n_place
        self.clear(collect_orders(agents, self.network, n_bus=n_place))

    def clear(self, parts: Sequence[CurveColumns | CostColumns]) -> LinearDispatch:
        """Clear tables of orders where the grid is now, and keep the result.

        Returns:
            What is now ``last``.
        """
        self._book = CostColumns.joined(parts, self._join)
        self._model = self._linearise()
        self._fixed = self._fixed_demand(self._book.curves)
        cleared: list[GridClearing] = []

        def clear(orders: CurveColumns) -> LinearDispatch:
            cleared.append(self._cleared(orders))
            self._model = cleared[-1].dispatch.grid
            return cleared[-1].dispatch

        beyond_kw = self._beyond_kw()
        self.last = clear_book(clear, self._book, beyond_kw=beyond_kw).dispatch
        self.last_clearing = replace(cleared[-1], dispatch=self.last)
        self._settled = self._reduced = None
        self._reasons[self._interval()] = PriceReasons.of(self.last)
        return self.last

    @property
    def last_reductions(self) -> Reductions | None:
        """What reductions of the latest clearing are paid, and by whom.

        ``None`` before any clearing and where reductions are only uncharged. Worked
        out when it is first asked for: the market clears once more without reductions,
        on the same straight lines.
        """
        if self.reductions != PAID or self.last is None:
            return None
        if self._reduced is None:
            kw, kvar = self._fixed
            again = partial(
                clear_linear,
                self.last.grid,
                limits=self.limits,
                fixed_kw=kw,
                fixed_kvar=kvar,
            )
            self._reduced = reductions_of(
                self.last, self._book, again, beyond_kw=self._beyond_kw()
            )
        return self._reduced

    @property
    def last_settlement(self) -> Settlement | None:
        """Money of the latest clearing, worked out when it is first asked for.

        Raises:
            ClearingError: An energy or a price is too large for whole units.
        """
        if self._settled is None and self.last is not None:
            hours, reduced = self._hours(), self.last_reductions
            self._settled = settle_linear(
                self.last,
                interval_hours=hours,
                extra=reduced.money(hours) if reduced else (),
            )
        return self._settled

    def effective_prices(self) -> FloatArray:
        """Return what each order of the latest clearing pays or gets per kWh.

        The reactive power that goes with each kWh is included, and for bids that take
        power what they are paid and charged for reductions.

        Returns:
            Currency/kWh, in the order of ``last.orders``; empty before any clearing.
        """
        if self.last is None:
            return np.zeros(0)
        price, reduced = self.last.order_price_per_kwh, self.last_reductions
        if reduced is None:
            return price
        return reduced.effective_prices(price, self.last.quantity_kw)

    def order_money_per_h(self) -> FloatArray:
        """Return what each bid of the latest clearing pays and each offer gets.

        Returns:
            Currency/h, in the order of ``last.orders``; empty before any clearing.
        """
        if self.last is None:
            return np.zeros(0)
        price, taken = self.last.order_price_per_kwh, self.last.quantity_kw
        reduced = self.last_reductions
        if reduced is not None:
            return reduced.order_money_per_h(price, taken)
        money = np.zeros(taken.size)  # without a dispatch there are no prices
        return np.multiply(price, taken, out=money, where=taken != 0.0)

    def explain(self, place: str, interval: int | None = None) -> str:
        """Say in words what made the price at a place.

        Args:
            place: A bus, the ``.supply`` of a bus, or a terminal.
            interval: Index of an interval of the episode; the latest when not given.

        Raises:
            EpisodeError: The market did not clear that interval.
            UnknownNameError: There is no such place.
        """
        wanted = max(self._reasons, default=0) if interval is None else interval
        if wanted not in self._reasons:
            known = listed([str(one) for one in self._reasons]) or "none"
            msg = (
                f"interval {wanted} was not cleared in this episode; cleared: {known}."
            )
            raise EpisodeError(msg)
        return self._reasons[wanted].text(place)

    def record(self) -> Mapping[str, Columns]:
        """Return awards, prices by parts, limits, rounds, money and one market line.

        And, where reductions are paid, the table ``reductions``.
        """
        last, clearing, settlement = self.last, self.last_clearing, self.last_settlement
        if last is None or clearing is None or settlement is None:
            return {}
        rounds, reduced = clearing.rounds, self.last_reductions
        return {
            **({} if reduced is None else {"reductions": reduced.table()}),
            "awards": last.awards(),
            "prices": last.prices(),
            "limits": last.limits.columns(),
            "rounds": rounds,
            "settlement": settlement.entries(),
            "market": {
                "outcome": [last.outcome.value],
                "reason": [last.reason],
                "welfare_per_h": [welfare_per_h(last)],
                "surplus_per_h": [last.surplus_per_h],
                "loss_kw": [last.loss_kw],
                "n_round": [clearing.n_round],
                "moved_kw": [float(rounds["moved_kw"][-1])],
                "residual": [last.certificate.worst[1]],
            },
        }

    def _cleared(self, orders: CurveColumns) -> GridClearing:
        """Clear orders from the present model on."""
        model = self._model

        def linearise(
            kw: FloatArray | None = None, kvar: FloatArray | None = None
        ) -> LinearGrid:
            return model if kw is None else self._linearise(kw, kvar)

        clear = partial(clear_on_grid, agreement=self.agreement)
        kw, kvar = self._fixed
        return (clear if self.agree else clear_once)(
            linearise, orders, self.limits, fixed_kw=kw, fixed_kvar=kvar
        )

    def _fixed_demand(self, orders: CurveColumns) -> tuple[FloatArray, FloatArray]:
        """Return what is drawn at each place by whoever sent no order. kW and kvar."""
        model = self._model
        at, kw, kvar = _planned(model, () if self.env is None else self.env.agents)
        free = np.ones(model.n_bus, dtype=np.bool_)
        free[model.bus[orders.bus]] = False
        free[model.bus[at]] = False
        free[model.source] = False  # what was drawn there was the market's own
        fixed_kw = np.where(free[model.bus], model.demand_kw, 0.0)
        fixed_kvar = np.where(free[model.bus], model.demand_kvar, 0.0)
        np.add.at(fixed_kw, at, kw)
        np.add.at(fixed_kvar, at, kvar)
        return fixed_kw, fixed_kvar

    def _beyond_kw(self) -> float:
        """Return what the source delivers beyond what bids name, losses included."""
        lost_kw = max(float(self._model.loss.value[0]), 0.0)
        return float(np.maximum(self._fixed[0], 0.0).sum()) + lost_kw

    def _hours(self) -> float:
        if self.interval_hours is not None:
            return self.interval_hours
        return 1.0 if self.env is None else float(self.env.interval_hours)

    def _interval(self) -> int:
        return 0 if self.env is None else int(self.env.t)


def _planned(
    model: LinearGrid, agents: Sequence[Any]
) -> tuple[IntArray, FloatArray, FloatArray]:
    """Return places, kW and kvar of what agents without orders are about to ask for.

    As in the grid, who injects does so by the generators of the bus, if it has any.
    """
    tables: list[GridActions] = [
        agent.planned_actions() for agent in agents if hasattr(agent, "planned_actions")
    ]
    bus = [model.bus_index(name) for table in tables for name in table.bus]
    kw = np.concatenate([np.zeros(0), *(table.net_demand_kw for table in tables)])
    kvar = np.concatenate([np.zeros(0), *(table.net_demand_kvar for table in tables)])
    at = np.array(bus, dtype=np.int64)
    at = np.where(kw < 0.0, model.supply[at], at)
    following = kw * model.kvar_per_kw[at]
    return at, kw, np.where(np.isnan(kvar), following, kvar)
