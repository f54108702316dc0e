"""A linear grid of two buses for the tests of its types."""

import numpy as np
import pytest

from gridagora.types.linear_grid import LinearGrid, Response


def response(names, n_place, **rows):
    shape = (len(names), n_place)
    return Response(
        name=tuple(names),
        value=np.array(rows.get("value", np.zeros(len(names)))),
        per_kw=np.array(rows.get("per_kw", np.zeros(shape)), dtype=float),
        per_kvar=np.array(rows.get("per_kvar", np.zeros(shape)), dtype=float),
    )


@pytest.fixture
def village():
    """A source, a bus with a generator, and one phase: four places."""
    n = 4
    return LinearGrid(
        place=("source", "village", "village.supply", "village.1"),
        n_bus=2,
        bus=np.array([0, 1, 1, 1]),
        supply=np.array([0, 2]),
        source=0,
        demand_kw=np.array([0.0, 10.0, 0.0, 0.0]),
        demand_kvar=np.array([0.0, 4.0, 0.0, 0.0]),
        kvar_per_kw=np.array([0.0, 0.4, 0.0, 0.0]),
        voltages=response(
            ["village.1"],
            n,
            value=[0.98],
            per_kw=[[0.0, -0.001, -0.001, -0.001]],
            per_kvar=[[0.0, -0.002, -0.002, -0.002]],
        ),
        flows=response(["line"], n, value=[10.5], per_kw=[[0.0, 1.1, 1.1, 1.1]]),
        currents=response(["line.1"], n, value=[4.0]),
        loss=response(["loss"], n, value=[0.5], per_kw=[[0.0, 0.1, 0.1, 0.1]]),
        flow_limit_kw=np.array([20.0]),
        current_limit_a=np.array([10.0]),
    )
