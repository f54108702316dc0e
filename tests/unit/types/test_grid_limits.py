import numpy as np
import pytest

from gridagora.errors import InvalidConfigError
from gridagora.types.grid_limits import GridLimits


def test_limits_of_voltage_and_rating_hold_when_nothing_is_said():
    limits = GridLimits()

    assert limits.voltage_pu == (0.95, 1.05)
    assert limits.flows
    assert not limits.currents
    assert limits.source_kw == np.inf


def test_limits_may_be_left_out():
    limits = GridLimits(voltage_pu=None, flows=False, flow_kw={"a-b": 0.0})

    assert limits.voltage_pu is None
    assert limits.flow_kw == {"a-b": 0.0}


def test_every_limit_out_of_range_is_named_at_once():
    with pytest.raises(InvalidConfigError) as caught:
        GridLimits(
            voltage_pu=(1.05, 0.95),
            voltage_at={"890": (-0.1, 1.0)},
            flow_kw={"a-b": -1.0, "b-c": 5.0},
            source_kw=float("nan"),
        )

    assert str(caught.value) == (
        "grid limits: 890 is (-0.1, 1.0), expected 0 <= low < high in pu. "
        "voltage_pu is (1.05, 0.95), expected 0 <= low < high in pu. "
        "a-b is -1.0 kW, expected a number >= 0. "
        "source_kw is nan kW, expected a number >= 0."
    )
