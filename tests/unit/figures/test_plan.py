import numpy as np
import pandas as pd
import pytest

from gridagora.errors import InputError
from gridagora.figures.plan import lay_out


def places(plan):
    spots = plan.buses[["x_px", "y_px"]].to_numpy().tolist()
    return dict(zip(plan.buses["bus"], spots, strict=True))


def test_lengths_are_equal_in_both_directions_and_y_goes_up(buses, branches):
    at = places(lay_out(buses, branches))

    # s to b are 200 units along, a to c are 50 units up
    along = at["b"][0] - at["s"][0]
    up = at["a"][1] - at["c"][1]
    assert along / 200 == pytest.approx(up / 50, rel=1e-3)


def test_branches_run_from_bus_to_bus(buses, branches):
    plan = lay_out(buses, branches)
    at = places(plan)
    ends = ["x_px", "x2_px", "xm_px"]
    from_px, to_px, middle_px = plan.branches[ends].to_numpy().tolist()[1]

    assert (from_px, to_px) == (at["a"][0], at["b"][0])
    assert middle_px == pytest.approx((from_px + to_px) / 2)


def test_a_picture_has_a_least_and_a_largest_size(buses, branches):
    flat = lay_out(buses.assign(y=0.0), branches)
    point = lay_out(buses.assign(x=0.0, y=0.0), branches)
    tall = lay_out(buses.assign(y=[0.0, 1e5, 2e5, 3e5]), branches)

    assert (flat.width_px, flat.height_px) == (860, 220)
    assert (point.width_px, point.height_px) == (420, 220)
    assert (tall.width_px, tall.height_px) == (420, 640)
    for plan in (flat, point, tall):
        assert np.isfinite(plan.buses[["x_px", "y_px"]].to_numpy()).all()


def test_more_than_sixty_buses_are_a_crowd(buses, branches):
    many = pd.DataFrame({"bus": [str(n) for n in range(61)], "x": range(61), "y": 0.0})

    assert lay_out(many, branches[:0]).crowded
    assert not lay_out(buses, branches).crowded


def test_all_faults_of_a_feeder_are_named_at_once(buses, branches):
    lost = pd.concat([buses.assign(x=float("nan"))[:1], buses[1:], buses[1:2]])

    with pytest.raises(InputError) as caught:
        lay_out(lost, branches.assign(to_bus=["a", "b", "nowhere"]))

    assert str(caught.value) == (
        "table of a map: bus 'a' stands in more than one row. "
        "bus 's' has no position, expected finite x and y. "
        "branch 'ac' ends at 'nowhere', which is not in the table of buses."
    )


def test_a_feeder_without_buses_is_refused(buses, branches):
    with pytest.raises(InputError, match="there is no bus"):
        lay_out(buses[:0], branches[:0])
