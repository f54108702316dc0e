"""A day of 96 intervals from hourly numbers."""

import numpy as np

from gridagora.studies.dlmp.config import INTERVAL_HOURS, N_INTERVAL, Config
from gridagora.types.arrays import FloatArray


def hours() -> FloatArray:
    """Return the middle of each interval as hour of the day. Shape ``(96,)``."""
    middle = np.arange(N_INTERVAL, dtype=np.float64) + 0.5
    return middle * INTERVAL_HOURS


def load_frac(config: Config) -> FloatArray:
    """Return the load of each interval as part of the feeder's. Shape ``(96,)``."""
    return _between(config.load_frac)


def source_price(config: Config) -> FloatArray:
    """Return the LMP at the substation in each interval. $/MWh. Shape ``(96,)``."""
    return _between(config.source_prices)


def pv_frac(config: Config) -> FloatArray:
    """Return clear-sky output of each interval as part of that at noon. ``(96,)``.

    The square of a sine between sunrise and sunset, its highest value 1.
    """
    rise, fall = config.daylight_h
    angle = np.pi * (hours() - rise) / (fall - rise)
    up = (angle > 0) & (angle < np.pi)
    return np.where(up, np.sin(angle) ** 2, 0.0)


def _between(hourly: tuple[float, ...]) -> FloatArray:
    """Join the middles of hours by straight lines, midnight to midnight."""
    middle = np.arange(24) + 0.5
    return np.interp(hours(), middle, hourly, period=24.0)
