import numpy as np
import pytest

from gridagora.studies.dlmp import profiles
from gridagora.studies.dlmp.config import Config


def test_quarter_hours_lie_on_lines_between_the_middles_of_hours():
    load = profiles.load_frac(Config())

    # 00:30 is the middle of the first hour, 01:30 of the second; 00:37:30 lies an
    # eighth of the way between
    assert load.shape == (96,)
    assert load[2] == pytest.approx(0.55 + (0.51 - 0.55) / 8)


def test_midnight_joins_the_last_hour_to_the_first():
    price = profiles.source_price(Config())

    # 00:07:30 is five eighths of the way from 23:30 (39) to 00:30 (32)
    assert price[0] == pytest.approx(39 + (32 - 39) * 5 / 8)


def test_the_sun_shines_in_daylight_only_and_most_in_its_middle():
    sun = profiles.pv_frac(Config(daylight_h=(6.0, 20.0)))
    hours = profiles.hours()

    assert not sun[(hours < 6.0) | (hours > 20.0)].any()
    assert sun[(hours > 6.1) & (hours < 19.9)].min() > 0
    assert hours[np.argmax(sun)] == pytest.approx(13.0, abs=0.13)
    assert 0.99 < sun.max() <= 1.0
