"""The laws of clearing on a linear grid, stated once for certificates and tests."""

import numpy as np

from gridagora.markets.kernels.laws import order_residuals
from gridagora.markets.laws import TOLERANCE
from gridagora.markets.linear_rows import KeptLimits, keep_limits, row_sizes
from gridagora.types.arrays import FloatArray, IntArray
from gridagora.types.dispatch import Certificate
from gridagora.types.grid_limits import GridLimits
from gridagora.types.linear_dispatch import LinearDispatch
from gridagora.types.linear_grid import LinearGrid
from gridagora.types.orders import CurveColumns

_DUST = 1e-14  # a difference this small against its terms may be rounding


def delivery_places(grid: LinearGrid, orders: CurveColumns) -> IntArray:
    """Return where each order draws or delivers: an offer at a bus, its ``supply``."""
    at_bus = ~orders.is_bid & (orders.bus < grid.n_bus)
    place = orders.bus.copy()
    place[at_bus] = grid.supply[orders.bus[at_bus]]
    return place


def linear_certificate(
    dispatch: LinearDispatch,
    limits: GridLimits,
    *,
    mechanism: str,
    size: FloatArray | None = None,
    tolerance: float = TOLERANCE,
) -> Certificate:
    """Check that awards and prices are an optimum on a linear grid, from scratch.

    Nothing that a solver reported is believed, as in ``laws.nodal_certificate``; scales
    are the same: ``Q`` the largest quantity of any curve, ``P`` the span of all curve
    prices and zero, each row of a limit by what ``Q`` moves it where it moves it most
    (but at least 1e-6 of the limit). With ``net`` what is bought and fixed less what is
    sold at each place:

    ======================  ========================================================
    energy balance          ``sum net + losses = 0``, losses by the linear model at
                            the dispatch; relative to ``Q``, purchases and fixed demand
    limits                  every limit asked for is kept by the linear model
    order bounds            least and most quantity of each order
    orders at their price   each award is what its order wants at the price of its kW
                            and of the kvar that goes with it
    price formula           at every place the parts sum to ``energy * (1 + loss per
                            kW) + sum worth * change of the limit per kW``, likewise per
                            kvar without the 1; ``energy`` is one number
    complementary           a limit with a worth binds: the larger for a positive, the
    slackness               smaller for a negative worth
    duality gap             surplus lost against the bound that the prices prove
    surplus                 payments less receipts, fixed demand paying as well,
                            = ``sum worth * (limit - rest) - energy * loss at rest``,
                            where ``rest`` is a row's value without any demand
    record                  the record holds every limit, its value, the losses and the
                            places of orders as they are
    ======================  ========================================================

    The law of the surplus: with prices by the formula, all payments are ``energy *
    sum (net + loss per kW * net + loss per kvar * kvar) + sum worth * (value - rest)``;
    the first sum is ``-loss at rest`` by the balance, and ``value`` is the limit
    wherever there is a worth. Losses grow with the square of the power, so that their
    tangent is negative at rest and the surplus from losses positive: about as much as
    the losses cost.

    Args:
        dispatch: The record; its certificate is not looked at.
        limits: What had to be kept.
        mechanism: Name of the rule that cleared.
        size: ``row_sizes`` of the limits, if known.
        tolerance: Largest residual that passes.

    Returns:
        The residuals. Numbers that are not finite leave a residual that never passes.
    """
    grid, orders, worth = dispatch.grid, dispatch.orders, dispatch.limits.worth
    place = delivery_places(grid, orders)
    kept = keep_limits(grid, limits)
    price = dispatch.price_per_kwh, dispatch.price_per_kvarh
    ratio = grid.kvar_per_kw[place]
    scale_kw, scale_price, bounds, stationarity, lost, bought, sold = order_residuals(
        np.arange(orders.n_order),
        orders.is_bid,
        orders.start,
        orders.quantity_kw,
        orders.price_per_kwh,
        dispatch.quantity_kw,
        price[0][place] + ratio * price[1][place],
        np.zeros(orders.n_order),
    )
    drawn = np.where(orders.is_bid, 1.0, -1.0) * dispatch.quantity_kw
    net = (
        dispatch.fixed_kw + np.bincount(place, drawn, grid.n_place),
        dispatch.fixed_kvar + np.bincount(place, drawn * ratio, grid.n_place),
    )
    more = net[0] - grid.demand_kw, net[1] - grid.demand_kvar
    value = kept.value(*more)
    loss_kw = float(grid.loss.after(*more)[0])
    if size is None:
        used = np.unique(place)
        size = row_sizes(kept, kept.columns(used, grid.kvar_per_kw[used]), scale_kw)
    fixed = float(np.abs(dispatch.fixed_kw).sum() + np.abs(dispatch.fixed_kvar).sum())
    power_kw = max(scale_kw, bought, sold) + fixed
    energy = float(dispatch.active.energy[grid.source])
    end = np.where(worth > 0, kept.high, kept.low)
    bound = float(_allowances(grid, kept, energy, worth).sum())
    paid = float(price[0] @ net[0] + price[1] @ net[1])
    over = np.maximum(value - kept.high, kept.low - value) / size
    slack = np.minimum(
        np.abs(worth) * size / (scale_kw * scale_price), np.abs(end - value) / size
    )
    residual = {
        "energy balance": abs(float(net[0].sum()) + loss_kw) / power_kw,
        "limits": float(over.max(initial=0.0)),
        "order bounds": bounds,
        "orders at their price": stationarity,
        "price formula": _off_formula(dispatch, kept, energy) / scale_price,
        "complementary slackness": float(slack[worth != 0.0].max(initial=0.0)),
        "duality gap": abs(lost + bound - paid) / (scale_price * power_kw),
        "surplus": abs(bound - paid) / (scale_price * power_kw),
        "record": _off_record(
            dispatch, kept, (value, size, abs(loss_kw - dispatch.loss_kw) / power_kw)
        ),
    }
    return Certificate(mechanism, residual, tolerance)


def conflict_certificate(
    grid: LinearGrid,
    orders: CurveColumns,
    limits: GridLimits,
    fixed: tuple[FloatArray, FloatArray],
    weights: tuple[float, FloatArray],
    *,
    mechanism: str,
) -> Certificate:
    """Check a proof that no dispatch keeps the limits, from scratch.

    The proof is a weight of the balance and one of each limit, which make a weight of
    the net demand at each place by the formula of prices. By the law of the surplus no
    dispatch can have more weighted net demand than ``sum weight * (limit - rest) -
    energy * loss at rest``; when fixed demand, firm quantities and the most of the rest
    exceed that, there is none.

    Args:
        grid: Where it was to be cleared.
        orders: What was to be cleared.
        limits: What had to be kept.
        fixed: Power drawn by whoever sent no order. kW and kvar, ``(n_place,)`` each.
        weights: Of the balance, and signed of each limit per unit. ``(n_limit,)``.
        mechanism: Name of the rule that found no dispatch.

    Returns:
        The residual of ``shortage``: 0 when the proof holds and 1 when it does not.
    """
    kept = keep_limits(grid, limits)
    energy, weight = weights
    place = delivery_places(grid, orders)
    per_kw, per_kvar = _formula(grid, kept, energy, weight)
    signed = np.where(orders.is_bid, 1.0, -1.0) * (
        per_kw[place] + grid.kvar_per_kw[place] * per_kvar[place]
    )
    least = np.where(signed > 0, orders.firm_kw, orders.most_kw)
    terms = np.concatenate(
        [
            signed * least,
            per_kw * fixed[0],
            per_kvar * fixed[1],
            -_allowances(grid, kept, energy, weight),
        ]
    )
    short = float(terms.sum())
    holds = short > _DUST * float(np.abs(terms).sum())
    return Certificate(mechanism, {"shortage": 0.0 if holds else 1.0}, TOLERANCE)


def _formula(
    grid: LinearGrid, kept: KeptLimits, energy: float, worth: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return the prices of active and reactive power that a worth of limits makes."""
    per_kwh, per_kvarh = kept.spread(worth)
    loss = grid.loss
    return (
        per_kwh + energy * (1.0 + loss.per_kw[0]),
        per_kvarh + energy * loss.per_kvar[0],
    )


def _allowances(
    grid: LinearGrid, kept: KeptLimits, energy: float, worth: FloatArray
) -> FloatArray:
    """Return the terms of ``sum worth * (limit - rest) - energy * loss at rest``."""
    used = np.flatnonzero(worth)
    end = np.where(worth > 0, kept.high, kept.low)[used]
    per_kwh, per_kvarh = kept.spread(worth)
    loss = grid.loss
    return np.concatenate(
        [
            worth[used] * (end - kept.operating[used]),
            per_kwh * grid.demand_kw,
            per_kvarh * grid.demand_kvar,
            -energy * loss.value,
            energy * loss.per_kw[0] * grid.demand_kw,
            energy * loss.per_kvar[0] * grid.demand_kvar,
        ]
    )


def _off_formula(dispatch: LinearDispatch, kept: KeptLimits, energy: float) -> float:
    """Return how far prices are from the formula, the energy part from one number."""
    per_kwh, per_kvarh = _formula(dispatch.grid, kept, energy, dispatch.limits.worth)
    off = (
        dispatch.price_per_kwh - per_kwh,
        dispatch.price_per_kvarh - per_kvarh,
        dispatch.active.energy - energy,
        dispatch.reactive.energy,
    )
    return float(np.abs(np.concatenate(off)).max())


def _off_record(
    dispatch: LinearDispatch,
    kept: KeptLimits,
    measured: tuple[FloatArray, FloatArray, float],
) -> float:
    """Return how far the record is from what was measured, each scaled; or infinity."""
    table = dispatch.limits
    value, size, loss = measured
    same = (
        table.name == kept.name
        and table.kind == kept.kind
        and table.unit == kept.unit
        and np.array_equal(table.low, kept.low)
        and np.array_equal(table.high, kept.high)
        and np.array_equal(
            dispatch.place, delivery_places(dispatch.grid, dispatch.orders)
        )
    )
    if not same:
        return np.inf
    return max(float((np.abs(table.value - value) / size).max(initial=0.0)), loss)
