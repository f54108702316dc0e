"""Clearing of price curves on a linear grid: losses, flows, currents and voltages."""

from dataclasses import dataclass, replace

import numpy as np

from gridagora.errors import InvalidOrderError
from gridagora.markets.conflicts import find_conflict
from gridagora.markets.laws import require
from gridagora.markets.linear_laws import (
    conflict_certificate,
    delivery_places,
    linear_certificate,
)
from gridagora.markets.linear_rows import KeptLimits, dense_rows, keep_limits
from gridagora.markets.optimum import NoOptimum, Optimum, find_optimum
from gridagora.markets.pieces import Pieces
from gridagora.markets.price_parts import no_prices, price_parts
from gridagora.markets.rows import DenseRows
from gridagora.types.arrays import FloatArray, IntArray
from gridagora.types.dispatch import Certificate, Outcome
from gridagora.types.grid_limits import GridLimits
from gridagora.types.linear_dispatch import LimitTable, LinearDispatch, PriceParts
from gridagora.types.linear_grid import LinearGrid
from gridagora.types.orders import CurveColumns

_MECHANISM = "linear clearing"
USUAL_LIMITS = GridLimits()
"""Rated powers, and voltages from 0.95 to 1.05 pu."""


def clear_linear(
    grid: LinearGrid,
    orders: CurveColumns,
    limits: GridLimits = USUAL_LIMITS,
    *,
    fixed_kw: FloatArray | None = None,
    fixed_kvar: FloatArray | None = None,
    solver: str = "auto",
) -> LinearDispatch:
    """Find the dispatch of greatest welfare on a linear grid, and DLMPs by parts.

    What sellers deliver equals what buyers take, what is fixed, and the losses, which
    like voltages, flows and currents follow the grid's first-order model. An order at
    ``place`` draws ``grid.kvar_per_kw[place]`` kvar with each kW and pays for both. A
    price is what one more kWh (kvarh) of demand costs all orders together::

        energy * (1 + losses per kW) + sum of worth * what the kW adds to the limit

    and its parts are what ``PriceParts`` says. Limits that no order can move are kept
    if they hold and make the clearing ``INFEASIBLE`` if they do not.

    **Where the optimum leaves a choice**, the rules are those of ``clear_meshed``, with
    the worth of limits of voltage and current counted by the price that they make
    where they make most: least sum of squares of worths, then the middle energy price;
    tied orders trade as much as they can and share in proportion to size.

    Args:
        grid: Voltages, flows, currents and losses around an operating point.
        orders: Bids and offers in any order; ``bus`` are positions of places. Offers
            at a bus deliver at ``grid.supply`` of it.
        limits: What must be kept.
        fixed_kw: Power drawn at each place by whoever sends no order. kW. Shape
            ``(n_place,)``. ``None``: the demand of the operating point at places where
            no order draws or delivers, 0 at the others.
        fixed_kvar: The same of reactive power. kvar. Shape ``(n_place,)``.
        solver: One of ``qp.SOLVERS``; ``auto`` goes by size.

    Returns:
        The dispatch with its certificate. ``ONE_SIDED`` when there are only bids or
        only offers; ``EMPTY`` without orders; ``INFEASIBLE`` when no dispatch keeps the
        limits: ``reason`` names a smallest set of limits in conflict and how far each
        is out of reach, and the certificate is the proof.

    Raises:
        InvalidOrderError: An order is at a place that the grid does not have, or fixed
            demand is not one finite number for each place.
        UnknownNameError: A limit is for something that the grid does not have, or there
            is no such solver.
        ClearingError: No solver reached an exact optimum.
        CertificateError: The result breaks a law; it was not used.

    Source:
        El Helou et al., OpenGridGym, eqs. (12) to (18); Bai et al., IEEE Trans. Power
        Syst. 33(4), 2018 (DLMP by parts).

    Example:
        >>> from gridagora.markets.security import linear_grid_of
        >>> from gridagora.types.network import Network
        >>> from gridagora.types.orders import Bid, Offer
        >>> line = Network.from_table(
        ...     {"from_bus": ["a"], "to_bus": ["b"], "limit_kw": [4]}
        ... )
        >>> book = [
        ...     Offer.affine("coal", "a", p_max=1, p_min=1, q_max=20),
        ...     Bid.affine("town", "b", p_max=9, p_min=1, q_max=8),
        ... ]
        >>> grid = linear_grid_of(line)
        >>> dispatch = clear_linear(grid, CurveColumns.of(book, grid))
        >>> dispatch.price_per_kwh.round(6).tolist()
        [1.0, 5.0]
        >>> dispatch.active.congestion.round(6).tolist()
        [0.0, 4.0]
    """
    _check_places(grid, orders)
    place = delivery_places(grid, orders)
    fixed = (
        _fixed("fixed_kw", grid.demand_kw, fixed_kw, place),
        _fixed("fixed_kvar", grid.demand_kvar, fixed_kvar, place),
    )
    market = _Market(grid, orders, limits, keep_limits(grid, limits), place, fixed)
    if orders.n_order == 0:
        return market.without_dispatch(Outcome.EMPTY, Certificate(_MECHANISM, {}))
    used, position = np.unique(place, return_inverse=True)
    pieces = Pieces.of(orders, position, used.size)
    more = fixed[0] - grid.demand_kw, fixed[1] - grid.demand_kvar
    rows = dense_rows(grid, market.kept, pieces, used, more)
    found = find_optimum(pieces, rows, solver=solver)
    if isinstance(found, NoOptimum):
        return market.conflict(pieces, rows, position, found.held)
    return market.dispatch(pieces, rows, found)


@dataclass(frozen=True, slots=True, eq=False)
class _Market:
    """What is cleared, and the records of what comes of it."""

    grid: LinearGrid
    orders: CurveColumns
    limits: GridLimits
    kept: KeptLimits
    place: IntArray
    fixed: tuple[FloatArray, FloatArray]

    def dispatch(
        self, pieces: Pieces, rows: DenseRows, found: Optimum
    ) -> LinearDispatch:
        """Undo the scaling, split prices and certify."""
        grid, orders = self.grid, self.orders
        quantity_kw = pieces.awards_kw(orders, found.filled)
        energy = found.energy_price * pieces.scale_price
        worth = found.worth * (pieces.scale_price * pieces.scale_kw / rows.size)
        drawn = np.where(orders.is_bid, quantity_kw, -quantity_kw)
        net_kw = np.bincount(self.place, weights=drawn, minlength=grid.n_place)
        more = (
            self.fixed[0] + net_kw - grid.demand_kw,
            self.fixed[1] + net_kw * grid.kvar_per_kw - grid.demand_kvar,
        )
        both = orders.is_bid.any() and not orders.is_bid.all()
        dispatch = self._record(
            Outcome.CLEARED if both else Outcome.ONE_SIDED,
            quantity_kw,
            price_parts(grid, self.kept, energy, worth),
            (found.value * rows.size, worth),
            float(grid.loss.after(*more)[0]),
        )
        certificate = linear_certificate(
            dispatch, self.limits, mechanism=_MECHANISM, size=rows.size
        )
        require(certificate)
        return replace(dispatch, certificate=certificate)

    def conflict(
        self, pieces: Pieces, rows: DenseRows, position: IntArray, held: IntArray
    ) -> LinearDispatch:
        """Say which limits no dispatch keeps, with a proof."""
        orders, n_place = self.orders, pieces.firm.size
        ends = np.where(
            orders.is_bid,
            (orders.firm_kw, orders.most_kw),
            (-orders.most_kw, -orders.firm_kw),
        )
        least, most = (
            np.bincount(position, end, n_place) / pieces.scale_kw for end in ends
        )
        found = find_conflict(
            self.kept,
            rows,
            (least, most),
            held,
            scale_kw=pieces.scale_kw,
            mechanism=_MECHANISM,
        )
        weights = found.energy, found.limit
        certificate = conflict_certificate(
            self.grid, orders, self.limits, self.fixed, weights, mechanism=_MECHANISM
        )
        require(certificate)
        return self.without_dispatch(Outcome.INFEASIBLE, certificate, found.reason)

    def without_dispatch(
        self, outcome: Outcome, certificate: Certificate, reason: str = ""
    ) -> LinearDispatch:
        """Return the record of a clearing without a dispatch."""
        none, n_limit = no_prices(self.grid.n_place), len(self.kept.name)
        nothing = np.full(n_limit, np.nan), np.zeros(n_limit)
        quantity_kw = np.zeros(self.orders.n_order)
        dispatch = self._record(outcome, quantity_kw, (none, none), nothing, np.nan)
        return replace(dispatch, certificate=certificate, reason=reason)

    def _record(
        self,
        outcome: Outcome,
        quantity_kw: FloatArray,
        prices: tuple[PriceParts, PriceParts],
        at_limits: tuple[FloatArray, FloatArray],
        loss_kw: float,
    ) -> LinearDispatch:
        kept, (value, worth) = self.kept, at_limits
        for array in (quantity_kw, value, worth):
            array.flags.writeable = False
        return LinearDispatch(
            grid=self.grid,
            orders=self.orders,
            place=self.place,
            kvar_per_kw=self.grid.kvar_per_kw[self.place],
            fixed_kw=self.fixed[0],
            fixed_kvar=self.fixed[1],
            outcome=outcome,
            quantity_kw=quantity_kw,
            active=prices[0],
            reactive=prices[1],
            limits=LimitTable(
                kept.name, kept.kind, kept.unit, kept.low, kept.high, value, worth
            ),
            loss_kw=loss_kw,
            certificate=Certificate(_MECHANISM, {}),
        )


def _check_places(grid: LinearGrid, orders: CurveColumns) -> None:
    """Refuse positions that no array has."""
    outside = np.flatnonzero((orders.bus < 0) | (orders.bus >= grid.n_place))
    if outside.size:
        raise InvalidOrderError(
            "orders",
            [
                f"order of {orders.participant[at]!r} is at place {orders.bus[at]}, "
                f"expected 0 to {grid.n_place - 1}; build the columns with this grid."
                for at in outside
            ],
        )


def _fixed(
    name: str, usual: FloatArray, given: FloatArray | None, place: IntArray
) -> FloatArray:
    """Return what is drawn by whoever sent no order."""
    if given is None:
        fixed = usual.copy()
        fixed[place] = 0.0
    else:
        fixed = np.array(given, dtype=np.float64)
        if fixed.shape != usual.shape or not np.isfinite(fixed).all():
            raise InvalidOrderError(
                name,
                [
                    f"its shape is {fixed.shape}, expected {usual.shape}: one finite "
                    "number for each place of the grid."
                ],
            )
    fixed.flags.writeable = False
    return fixed
