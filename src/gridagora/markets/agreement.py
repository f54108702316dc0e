"""Linearise, clear, move the grid, and again, until market and grid agree."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from gridagora.errors import ClearingError, PowerFlowError
from gridagora.markets.bent_grid import Bend, clear_bent
from gridagora.markets.curvature import Curvature
from gridagora.markets.laws import require
from gridagora.markets.linear import USUAL_LIMITS, clear_linear
from gridagora.markets.linear_laws import linear_certificate
from gridagora.markets.surplus import welfare_per_h
from gridagora.types.arrays import Columns, FloatArray
from gridagora.types.dispatch import Outcome
from gridagora.types.grid_limits import GridLimits
from gridagora.types.linear_dispatch import LinearDispatch
from gridagora.types.linear_grid import LinearGrid
from gridagora.types.orders import CurveColumns

Linearise = Callable[..., LinearGrid]
"""Called with the demand of each place in kW and kvar, or with nothing for the grid as
it is asked now; returns the model around that point."""


@dataclass(frozen=True, slots=True, eq=False)
class GridClearing:
    """A dispatch that market and grid agree on.

    Attributes:
        dispatch: The clearing on the model of the last round, taken at the dispatch
            itself.
        n_round: How many models it took.
        rounds: One row for each round.

            * ``round``: from 1.
            * ``moved_kw``: how far the dispatch lies from the point of its own model,
              at the place where it is farthest; NaN without a dispatch. kW.
            * ``voltage_error_pu``: how far the grid's voltages at that point were from
              what the round before had promised; NaN in the first. pu.
            * ``loss_error_kw``: the same of the losses. kW.
            * ``cost_per_h``: declared cost less declared value. Currency/h.
            * ``tilt_per_kwh``: most that bent lines added to the price of a place,
              which is not in the prices of the dispatch. Currency/kWh.
    """

    dispatch: LinearDispatch
    n_round: int
    rounds: Columns


@dataclass(frozen=True, slots=True)
class Agreement:
    """When market and grid agree.

    Attributes:
        tolerance_kw: Most that the dispatch may lie from the point of its model. kW.
        tolerance_pu: Most that voltages may lie from what was promised. pu.
        most_rounds: After so many rounds the clearing has failed.
    """

    tolerance_kw: float = 1e-4
    tolerance_pu: float = 1e-7
    most_rounds: int = 30


USUAL_AGREEMENT = Agreement()
"""0.1 W and 1e-7 pu, within 30 rounds."""


def clear_on_grid(
    linearise: Linearise,
    orders: CurveColumns,
    limits: GridLimits = USUAL_LIMITS,
    *,
    fixed_kw: FloatArray | None = None,
    fixed_kvar: FloatArray | None = None,
    agreement: Agreement = USUAL_AGREEMENT,
) -> GridClearing:
    """Clear on the grid itself, by straight lines that are drawn anew each round.

    The first model is taken where the grid is now, each further one where the clearing
    before it would bring the grid. At the end the model is taken at its own dispatch:
    the optimum of the straight lines is then a stationary point of the whole nonlinear
    problem, and its prices are the derivatives of total cost.

    **Cycles.** Where orders have flat curves, the straight lines have their optimum at
    a corner, and the next round's at another. As soon as a round moves by more than a
    fifth of the one before, the lines are bent: places that moved lately grow dearer
    the more they draw, by what ``Curvature`` guesses and learns of losses and limits.
    About the point of the model the bend is nothing, so that it changes the way and
    not the end.

    **No dispatch.** Far from the point of a model, straight lines may see a limit
    broken that holds. So the next model is taken where the market would go without
    limits, once; if there is no dispatch on that either, there is none.

    **A point that the grid refuses** (no power flow) is approached by half, then by a
    quarter, and so on.

    Args:
        linearise: Gives the model around a demand by place.
        orders: Bids and offers, ``bus`` being positions of places.
        limits: What the dispatch must keep.
        fixed_kw: Power drawn at each place by whoever sent no order; as
            ``clear_linear`` chooses in the first round when not given. kW. Shape
            ``(n_place,)``.
        fixed_kvar: The same of reactive power. kvar. Shape ``(n_place,)``.
        agreement: When to stop.

    Returns:
        The dispatch and a table of the rounds.

    Raises:
        ClearingError: Market and grid did not agree within the rounds.
        CertificateError: The result breaks a law; it was not used.
        PowerFlowError: The grid has no operating point where it is now.
    """
    search = _Search(orders, limits, agreement, linearise())
    search.clear(fixed_kw, fixed_kvar)
    while not search.finished():
        search.move(linearise)
        search.clear(search.dispatch.fixed_kw, search.dispatch.fixed_kvar)
    return GridClearing(search.certified(), search.n_round, search.table())


def clear_once(
    linearise: Linearise,
    orders: CurveColumns,
    limits: GridLimits = USUAL_LIMITS,
    *,
    fixed_kw: FloatArray | None = None,
    fixed_kvar: FloatArray | None = None,
) -> GridClearing:
    """Clear on the straight lines around where the grid is now, and leave it at that.

    Arguments and result are those of ``clear_on_grid``; the table has one row.
    """
    search = _Search(orders, limits, USUAL_AGREEMENT, linearise())
    search.clear(fixed_kw, fixed_kvar)
    return GridClearing(search.dispatch, search.n_round, search.table())


class _Search:
    """Where the rounds stand.

    Attributes:
        grid: The present model.
        dispatch: What was cleared on it.
    """

    def __init__(
        self,
        orders: CurveColumns,
        limits: GridLimits,
        agreement: Agreement,
        grid: LinearGrid,
    ) -> None:
        self.grid = grid
        self._orders = orders
        self._limits = limits
        self._agreement = agreement
        self._curvature: Curvature | None = None
        self._active = np.zeros(0, dtype=np.bool_)
        self._tilt = 0.0
        self._freed = False  # whether a model was taken where no limit holds
        self._error = np.nan, np.nan
        self._rows: list[tuple[float, ...]] = []
        self._span = float(np.ptp(np.append(orders.price_per_kwh, 0.0)))

    @property
    def n_round(self) -> int:
        """Number of models so far."""
        return len(self._rows)

    def clear(self, fixed_kw: FloatArray | None, fixed_kvar: FloatArray | None) -> None:
        """Clear on the present model and note how far that is from its point."""
        bend = self._bend()
        if bend is None or fixed_kw is None or fixed_kvar is None:
            self.dispatch = clear_linear(
                self.grid,
                self._orders,
                self._limits,
                fixed_kw=fixed_kw,
                fixed_kvar=fixed_kvar,
            )
        else:
            self.dispatch = clear_bent(
                self.grid,
                self._orders,
                self._limits,
                bend,
                fixed=(fixed_kw, fixed_kvar),
            )
        moved_kw = self.dispatch.net_demand_kw - self.grid.demand_kw
        moved_kw[self.grid.source] = 0.0  # it follows from the others
        if bend is not None:
            tilt = bend.tilt_per_kwh(moved_kw[bend.place])
            self._tilt = float(np.abs(tilt).max(initial=0.0))
        far_kw = float(np.abs(moved_kw).max())
        row = (far_kw if self.dispatch.outcome in _TRADED else np.nan), *self._error
        self._rows.append((*row, -welfare_per_h(self.dispatch), self._tilt))

    def _bend(self) -> Bend | None:
        """Return how the places that moved lately grow dearer; ``None`` at first."""
        if self._curvature is None or not self._active.any():
            return None
        place = self._curvature.place[self._active]
        rate, direction = self._curvature.directions(self._active)
        at = self.dispatch.place
        least_kw, most_kw = (
            np.bincount(at, ends, self.grid.n_place)[place]
            + self.dispatch.fixed_kw[place]
            for ends in _ends_kw(self._orders)
        )
        point_kw = self.grid.demand_kw[place]
        reach_kw = np.maximum(most_kw, point_kw) - np.minimum(least_kw, point_kw)
        return Bend(place, rate, direction, reach_kw)

    def finished(self) -> bool:
        """Return whether the last round was the last.

        Raises:
            ClearingError: It was, but market and grid do not agree.
        """
        if self.dispatch.outcome not in _TRADED:
            return self._freed or self.dispatch.outcome is not Outcome.INFEASIBLE
        most, (moved_kw, error_pu, *_) = self._agreement, self._rows[-1]
        near = moved_kw <= most.tolerance_kw and not error_pu > most.tolerance_pu
        if near and self._tilt <= _TILTED * self._span:
            return True
        if self.n_round >= most.most_rounds:
            raise ClearingError(
                f"market and grid did not agree in {self.n_round} rounds: the dispatch "
                f"still moves by {moved_kw:.3g} kW (allowed {most.tolerance_kw:g}) and "
                f"voltages were {error_pu:.3g} pu (allowed {most.tolerance_pu:g}) from "
                "what was promised; allow more with Agreement(most_rounds=...), or "
                "give flat curves a slope."
            )
        return False

    def certified(self) -> LinearDispatch:
        """Return the last dispatch, certified on straight lines."""
        if self._curvature is None or self.dispatch.outcome not in _TRADED:
            return self.dispatch
        certificate = linear_certificate(
            self.dispatch, self._limits, mechanism=_MECHANISM
        )
        require(certificate)
        return replace(self.dispatch, certificate=certificate)

    def move(self, linearise: Linearise) -> None:
        """Take the next model at the dispatch, or as near as the grid lets it."""
        last, old = self._aim(), self.grid
        more_kw = last.net_demand_kw - old.demand_kw
        more_kvar = last.net_demand_kvar - old.demand_kvar
        self.grid, part = _nearest(linearise, old, more_kw, more_kvar)
        promised = old.voltages.after(part * more_kw, part * more_kvar)
        lost_kw = old.loss.after(part * more_kw, part * more_kvar)
        self._error = (
            float(np.abs(self.grid.voltages.value - promised).max(initial=0.0)),
            float(abs(self.grid.loss.value[0] - lost_kw[0])),
        )
        if self.dispatch.outcome in _TRADED:
            self._learn(old, part * more_kw)

    def _learn(self, old: LinearGrid, step_kw: FloatArray) -> None:
        """Take notice of curvature on the way from a model to the present one."""
        last = self.dispatch
        if self._curvature is None:
            if not self._is_slow():
                return
            away = old.bus[last.place] != old.source
            self._curvature = Curvature(last, np.unique(last.place[away]))
            self._active = np.zeros(self._curvature.place.size, dtype=np.bool_)
        step_kw = np.abs(step_kw[self._curvature.place])
        moved = step_kw > self._agreement.tolerance_kw
        self._active |= moved
        if moved.any():  # else the change of prices may be rounding
            self._curvature.learn(last, old, self.grid)

    def _aim(self) -> LinearDispatch:
        """Return where the next model is to be taken.

        Without a dispatch that is where the market would go without limits: far from
        the point of the model, straight lines may see a limit broken that holds.
        """
        if self.dispatch.outcome in _TRADED:
            return self.dispatch
        self._freed = True
        return clear_linear(
            self.grid,
            self._orders,
            GridLimits(voltage_pu=None, flows=False),
            fixed_kw=self.dispatch.fixed_kw,
            fixed_kvar=self.dispatch.fixed_kvar,
        )

    def _is_slow(self) -> bool:
        """Return whether straight lines alone do not bring rounds together."""
        moved = [row[0] for row in self._rows]
        return len(moved) > 1 and moved[-1] > _SLOW * moved[-2]

    def table(self) -> Columns:
        """Return one row for each round."""
        rows = np.array(self._rows)
        return {"round": np.arange(1, self.n_round + 1)} | dict(
            zip(_COLUMNS, rows.T, strict=True)
        )


_COLUMNS = (
    "moved_kw",
    "voltage_error_pu",
    "loss_error_kw",
    "cost_per_h",
    "tilt_per_kwh",
)
_TRADED = (Outcome.CLEARED, Outcome.ONE_SIDED)
_MECHANISM = "clearing on the grid"
_SLOW = 0.2  # of the move before: rounds that move more are slow
_TILTED = 5e-10  # of the span of prices: the most that a bend may leave in a price
_LEAST_PART = 2.0**-10


def _ends_kw(orders: CurveColumns) -> tuple[FloatArray, FloatArray]:
    """Return the least and the most that each order draws; offers draw less than 0."""
    return (
        np.where(orders.is_bid, orders.firm_kw, -orders.most_kw),
        np.where(orders.is_bid, orders.most_kw, -orders.firm_kw),
    )


def _nearest(
    linearise: Linearise, grid: LinearGrid, more_kw: FloatArray, more_kvar: FloatArray
) -> tuple[LinearGrid, float]:
    """Return the model after a step, and what part of it the grid lets one take."""
    part = 1.0
    while True:
        demand_kw = grid.demand_kw + part * more_kw
        demand_kvar = grid.demand_kvar + part * more_kvar
        try:
            return linearise(demand_kw, demand_kvar), part
        except PowerFlowError:
            part /= 2.0
            if part < _LEAST_PART:
                raise
