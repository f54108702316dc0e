import altair as alt
import pytest

from gridagora.figures.plan import lay_out
from gridagora.figures.shades import crosses, gradient, rings
from gridagora.figures.tables import Measure

NAN = float("nan")


def scale(measure, values):
    chart = alt.Chart(alt.InlineData(values=[])).mark_point()
    spec = chart.encode(color=gradient("field", measure, values)).to_dict()
    return spec["encoding"]["color"]["scale"]


def test_a_gradient_spans_all_finite_values_dark_at_the_top():
    found = scale(Measure("p", "Price"), [5.0, NAN, 2.0])

    assert found == {
        "domain": [2.0, 5.0],
        "nice": True,
        "scheme": {"name": "viridis", "extent": [1.0, 0.0]},
    }


def test_given_ends_are_kept_to():
    found = scale(Measure("p", "Price", domain=(0, 9)), [5.0, 12.0])

    assert (found["domain"], found["clamp"]) == ([0, 9], True)


@pytest.mark.parametrize(("values", "far"), [([0.94, 1.02], 0.06), ([NAN], 1.0)])
def test_a_middle_has_equal_arms(values, far):
    found = scale(Measure("v", "Voltage", middle=1.0), values)

    assert found["domain"] == pytest.approx([1.0 - far, 1.0 + far])
    assert found["domainMid"] == 1.0


@pytest.mark.parametrize(("values", "ends"), [([5.0, 5.0], [4.7, 5.3]), ([], [0, 1])])
def test_a_single_value_or_none_still_has_a_scale(values, ends):
    assert scale(Measure("p", "Price"), values)["domain"] == pytest.approx(ends)


def test_crosses_and_rings_have_one_line_each_in_the_legend(buses, branches):
    plan = lay_out(buses, branches)
    cross = crosses(plan.branches, plan.spot("xm_px", "ym_px"), "full", [], area=99)
    ring = rings(plan.buses, plan.spot(), "too low", 50.0)

    assert cross.to_dict()["mark"]["size"] == 99
    assert cross.to_dict()["encoding"]["shape"]["scale"]["domain"] == ["full"]
    assert ring.to_dict()["mark"]["size"] == 120.0
    assert ring.to_dict()["encoding"]["shape"]["scale"]["domain"] == ["too low"]
