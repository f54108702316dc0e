import pandas as pd
import pytest

from gridagora.figures import theme
from gridagora.figures.feeder_map import feeder_map
from gridagora.figures.tables import Measure

PRICE = Measure("price", "Price", "c/kWh")
LOADING = Measure("loading", "Loading", "%", format=".0f", flag="binding")
VOLTAGE = Measure(
    "v_pu", "Voltage", "pu", middle=1.0, flag="outside", flag_name="outside limits"
)
SAFE = {
    *theme.CATEGORICAL,
    *theme.VIRIDIS,
    theme.INK,
    theme.MUTED,
    theme.PAPER,
    theme.RULE,
    theme.SLATE,
    "#C9D1D9",
}


def channel(spec, parts, name):
    return [
        view["encoding"][name]
        for view in parts(spec)
        if name in view.get("encoding", {})
    ]


def test_few_prices_get_a_legend_of_classes_with_a_unit(buses, branches, parts):
    spec = feeder_map(buses, branches, title="Prices", bus=PRICE).to_dict()

    (colour,) = channel(spec, parts, "color")
    assert colour["title"] == "Price (c/kWh)"
    assert colour["scale"] == {
        "domain": [4.3, 4.6, 6.95],
        "range": ["#FDE725", "#22A884", "#440154"],
    }


def test_prices_that_differ_by_rounding_only_are_one_class(buses, branches, parts):
    noisy = buses.assign(price=[4.6, 4.6000003, 4.5999998, 6.95])
    spec = feeder_map(noisy, branches, title="", bus=PRICE).to_dict()

    assert channel(spec, parts, "color")[0]["scale"]["domain"] == [4.6, 6.95]


def test_many_prices_get_a_gradient(parts):
    many = pd.DataFrame({"bus": list("abcdefgh"), "x": range(8), "y": 0.0})
    many["price"] = many["x"] * 1.0
    none = pd.DataFrame({"branch": [], "from_bus": [], "to_bus": []})
    spec = feeder_map(many, none, title="", bus=PRICE).to_dict()

    (colour,) = channel(spec, parts, "color")
    assert colour["type"] == "quantitative"
    assert colour["scale"]["scheme"]["name"] == "viridis"


def test_given_ends_make_a_gradient_that_keeps_to_them(buses, branches, parts):
    loading = Measure("loading", "Loading", "%", domain=(0, 100))
    spec = feeder_map(buses, branches, title="", branch=loading).to_dict()

    scale = channel(spec, parts, "color")[0]["scale"]
    assert (scale["domain"], scale["clamp"]) == ([0, 100], True)


def test_a_scale_with_a_middle_has_equal_arms(buses, branches, parts):
    spec = feeder_map(buses, branches, title="", bus=VOLTAGE).to_dict()

    scale = channel(spec, parts, "color")[0]["scale"]
    assert scale["scheme"] == "purpleorange"
    assert scale["domain"] == pytest.approx([0.94, 1.06])
    assert scale["domainMid"] == 1.0


def test_without_a_bus_measure_branches_have_colour_and_width(buses, branches, parts):
    spec = feeder_map(buses, branches, title="", branch=LOADING).to_dict()

    assert channel(spec, parts, "color")[0]["title"] == "Loading (%)"
    assert channel(spec, parts, "strokeWidth")[0].get("legend", 0) is None


def test_with_a_bus_measure_branches_have_width_alone(buses, branches, parts):
    spec = feeder_map(buses, branches, title="", bus=PRICE, branch=LOADING).to_dict()

    assert [c["title"] for c in channel(spec, parts, "color")] == ["Price (c/kWh)"]
    assert channel(spec, parts, "strokeWidth")[0]["title"] == "Loading (%)"


def test_branches_at_their_limit_have_a_cross_and_buses_outside_a_ring(
    buses, branches, parts
):
    spec = feeder_map(buses, branches, title="", bus=VOLTAGE, branch=LOADING).to_dict()

    names = [shape["scale"]["domain"][0] for shape in channel(spec, parts, "shape")]
    assert names == ["branch at its limit", "bus outside limits"]


def test_nothing_flagged_means_no_mark_and_no_legend(buses, branches, parts):
    spec = feeder_map(
        buses.assign(outside=False),
        branches.assign(binding=False),
        title="",
        bus=VOLTAGE,
        branch=LOADING,
    ).to_dict()

    assert channel(spec, parts, "shape") == []


def test_values_that_are_missing_are_grey(buses, branches, parts, rows):
    spec = feeder_map(buses, branches, title="", bus=PRICE, branch=LOADING).to_dict()

    grey = [
        [row.get("bus", row.get("branch")) for row in rows(spec, view)]
        for view in parts(spec)
        if view.get("mark", {}).get("color") == "#C9D1D9"
    ]
    assert grey == [["ac"], ["c"]]


def test_a_measure_without_any_value_is_all_grey(buses, branches, drawn, capfd):
    nothing = buses.assign(price=float("nan"))

    assert "<svg" in drawn(feeder_map(nothing, branches, title="", bus=PRICE), capfd)


def test_every_bus_has_its_name_and_a_tooltip(buses, branches, parts, rows):
    spec = feeder_map(buses, branches, title="").to_dict()

    views = [v for v in parts(spec) if v.get("mark", {}).get("type") == "text"]
    assert [row["bus"] for row in rows(spec, views[-1])] == ["s", "a", "b", "c"]
    tips = [tip["title"] for tips in channel(spec, parts, "tooltip") for tip in tips]
    assert {"Bus", "Branch", "From", "To"} <= set(tips)


def test_colours_come_from_the_safe_palettes(buses, branches, colours):
    spec = feeder_map(buses, branches, title="", bus=VOLTAGE, branch=LOADING).to_dict()

    assert colours(spec) <= SAFE


def test_the_same_tables_give_the_same_chart(buses, branches):
    first, second = (
        feeder_map(buses, branches, title="", bus=PRICE, branch=LOADING).to_dict()
        for _ in range(2)
    )

    assert first == second


@pytest.mark.parametrize("bus", [None, PRICE, VOLTAGE])
@pytest.mark.parametrize("branch", [None, LOADING])
def test_the_chart_draws_without_a_warning(buses, branches, bus, branch, drawn, capfd):
    chart = feeder_map(buses, branches, title="Map", bus=bus, branch=branch)

    assert "Map" in drawn(chart, capfd)
