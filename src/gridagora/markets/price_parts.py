"""Prices on a linear grid, split into what makes them."""

import numpy as np

from gridagora.markets.linear_rows import KeptLimits
from gridagora.types.arrays import FloatArray
from gridagora.types.linear_dispatch import PriceParts
from gridagora.types.linear_grid import LinearGrid


def price_parts(
    grid: LinearGrid, kept: KeptLimits, energy_price: float, worth: FloatArray
) -> tuple[PriceParts, PriceParts]:
    """Return the prices of active and reactive power at each place, by parts.

    ``price = energy price * (1 + loss per kW) + sum of worth * what a kW adds to the
    limit``, and likewise per kvar without the 1. A bus with several terminals has the
    means over these as its parts; what a place costs beyond them is ``unbalance``.

    Args:
        grid: The grid.
        kept: The limits.
        energy_price: Price where the feeder begins. Currency/kWh.
        worth: What each limit is worth. Currency/h per unit. Shape ``(n_limit,)``.
    """
    voltage = np.where(kept.is_voltage, worth, 0.0)
    by_voltage = kept.spread(voltage)
    by_lines = kept.spread(worth - voltage)
    loss = grid.loss.per_kw[0], grid.loss.per_kvar[0]
    energy = energy_price, 0.0
    active, reactive = (
        _parts(
            grid,
            energy[side],
            energy_price * loss[side],
            by_lines[side],
            by_voltage[side],
        )
        for side in (0, 1)
    )
    return active, reactive


def no_prices(n_place: int) -> PriceParts:
    """Return the prices of a clearing without a dispatch."""
    nothing = np.full(n_place, np.nan)
    nothing.flags.writeable = False
    return PriceParts(nothing, nothing, nothing, nothing, nothing)


def _parts(
    grid: LinearGrid,
    energy: float,
    loss: FloatArray,
    congestion: FloatArray,
    voltage: FloatArray,
) -> PriceParts:
    """Return parts with what phases add set apart."""
    own = np.stack([loss, congestion, voltage])
    phases = grid.own_terminals
    terminal = grid.bus[phases]
    count = np.bincount(terminal, minlength=grid.n_bus)
    drawn = own[:, phases]
    mean = np.stack(
        [np.bincount(terminal, weights=part, minlength=grid.n_bus) for part in drawn]
    ) / np.maximum(count, 1)
    shared = np.where((count > 1)[grid.bus], mean[:, grid.bus], own)
    parts = (np.full(grid.n_place, energy), *shared, (own - shared).sum(axis=0))
    for part in parts:
        part.flags.writeable = False
    return PriceParts(*parts)
