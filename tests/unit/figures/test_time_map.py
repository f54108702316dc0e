import copy
import json

import pandas as pd
import pytest
import vl_convert

from gridagora.errors import InputError
from gridagora.figures.tables import Measure
from gridagora.figures.time_map import time_map

PRICE = Measure("price", "Price", "c/kWh")
LOSS = Measure("loss", "Loss", "c/kWh", format=".3f")
CROSS = "branch at its limit"


@pytest.fixture
def values():
    """Three intervals; prices differ by 1, by 4 and by 0 over the buses."""
    prices = {10: [4.0, 4.5, 5.0, 4.0], 11: [3.0, 3.0, 7.0, 5.0], 12: [6.0] * 4}
    return pd.DataFrame(
        [
            {"interval": at, "time": f"0{at - 10}:15", "bus": bus, "price": price}
            for at, row in prices.items()
            for bus, price in zip("sabc", row, strict=True)
        ]
    ).assign(loss=lambda table: table["price"] / 100)


@pytest.fixture
def binding():
    return pd.DataFrame({"interval": [11, 12, 12], "branch": ["ab", "ab", "sa"]})


@pytest.fixture
def chart(buses, branches, values, binding):
    return time_map(
        buses, branches, values, binding, title="Map", measures=[PRICE, LOSS]
    )


def slider(spec):
    (param,) = spec["params"]
    return param


def at(spec, place):
    """Return the drawing with the slider moved, as a browser would show it."""
    moved = copy.deepcopy(spec)
    slider(moved)["value"] = [{"at": place}]
    return vl_convert.vegalite_to_svg(moved)


def dots(spec, parts, rows):
    (view,) = (
        view
        for view in parts(spec)
        if "color" in view.get("encoding", {}) and view["mark"]["type"] == "circle"
    )
    return view, rows(spec, view)


def test_the_slider_covers_all_intervals_and_starts_where_prices_differ_most(chart):
    param = slider(chart.to_dict())

    assert param["bind"] == {
        "at": {"input": "range", "min": 0, "max": 2, "step": 1, "name": "Time"}
    }
    assert param["value"] == [{"at": 1}]


def test_people_read_times_at_the_slider_and_not_places(chart):
    hints = chart.to_dict()["usermeta"]["gridagora"]

    assert hints["slider"] == {"shown_at": ["00:15", "01:15", "02:15"]}


def test_a_still_picture_shows_the_start_and_says_so(chart, drawn, capfd):
    spec = chart.to_dict()

    assert " ".join(spec["title"]["subtitle"]).endswith(
        "Still pictures show 01:15, when the buses differ most."
    )
    assert "01:15: 3.00 to 7.00 c/kWh" in drawn(chart, capfd)


def test_a_moved_slider_shows_the_prices_of_its_interval(chart):
    spec = chart.to_dict()

    assert "00:15: 4.00 to 5.00 c/kWh" in at(spec, 0)
    assert "Price (c/kWh): 5.00; Bus: b; Loss (c/kWh): 0.050" in at(spec, 0)
    assert "Price (c/kWh): 6.00; Bus: b; Loss (c/kWh): 0.060" in at(spec, 2)


def test_crosses_come_and_go_with_the_slider(chart):
    spec = chart.to_dict()

    # each cross says its branch; the lines below say it as well
    assert [at(spec, place).count("Branch: ab") for place in range(3)] == [1, 2, 2]
    assert [at(spec, place).count("Branch: sa") for place in range(3)] == [1, 1, 2]


def test_the_scale_of_colours_is_that_of_all_intervals(chart, parts, rows):
    view, _ = dots(chart.to_dict(), parts, rows)

    assert view["encoding"]["color"]["scale"]["domain"] == [3.0, 7.0]
    assert view["encoding"]["color"]["title"] == "Price (c/kWh)"


def test_values_lie_once_in_the_page_as_lists_by_bus(chart, parts, rows):
    _, table = dots(chart.to_dict(), parts, rows)

    assert [row["bus"] for row in table] == ["s", "a", "b", "c"]
    assert table[2]["all_0"] == [5.0, 7.0, 6.0]
    assert table[2]["all_1"] == [0.05, 0.07, 0.06]


def test_values_keep_five_digits_of_the_largest(buses, branches, values, parts, rows):
    fine = values.assign(price=values["price"] + 1 / 3)  # at most 7.33333...
    chart = time_map(buses, branches, fine, title="", measures=[PRICE])
    _, table = dots(chart.to_dict(), parts, rows)

    assert table[2]["all_0"] == [5.3333, 7.3333, 6.3333]


def test_a_day_of_37_buses_and_six_measures_is_a_light_page(branches):
    places = pd.DataFrame({"bus": [f"b{n}" for n in range(37)], "x": range(37), "y": 0})
    day = pd.DataFrame(
        [
            {
                "interval": t,
                "time": f"{t}",
                "bus": bus,
                **{f"m{m}": 1 / (3 + t + m) for m in range(6)},
            }
            for t in range(96)
            for bus in places["bus"]
        ]
    )
    measures = [Measure(f"m{m}", f"M{m}") for m in range(6)]
    chart = time_map(places, branches[:0], day, title="", measures=measures)

    assert len(json.dumps(chart.to_dict())) < 300_000


def test_a_bus_that_lacks_a_value_is_grey_in_that_interval(
    buses, branches, values, drawn, capfd
):
    hole = values.drop(index=6)  # bus b in interval 11
    chart = time_map(buses, branches, hole, title="", measures=[PRICE])
    spec = chart.to_dict()

    assert at(spec, 0).count("#C9D1D9") == 0
    assert at(spec, 1).count("#C9D1D9") == 1
    drawn(chart, capfd)


def test_flagged_buses_have_a_ring_while_they_are(buses, branches, values):
    out = values.assign(out=values["price"] > 6.5)  # bus b in interval 11
    price = Measure("price", "Price", flag="out", flag_name="above its limit")
    spec = time_map(buses, branches, out, title="", measures=[price]).to_dict()

    rings = [at(spec, place).count("outside: bus above its limit") for place in (0, 1)]
    assert rings == [0, 1]


def test_without_limits_there_is_no_cross_and_no_word_of_it(buses, branches, values):
    spec = time_map(buses, branches, values, title="", measures=[PRICE]).to_dict()

    assert CROSS not in json.dumps(spec)
    assert "limit" not in " ".join(spec["title"]["subtitle"])


def test_a_click_in_the_strip_moves_the_slider_and_one_beside_it_does_not(chart):
    select = slider(chart.to_dict())["select"]

    assert select["on"].startswith("click[event.item && ")
    assert (select["clear"], select["toggle"]) == (False, False)


def test_one_bus_and_one_interval_can_be_drawn(drawn, capfd):
    bus = pd.DataFrame({"bus": ["s"], "x": [0.0], "y": [0.0]})
    none = pd.DataFrame({"branch": [], "from_bus": [], "to_bus": []})
    row = pd.DataFrame(
        {"interval": [0], "time": ["noon"], "bus": ["s"], "price": [4.0]}
    )
    chart = time_map(bus, none, row, title="", measures=[PRICE])

    assert "noon: 4.00 to 4.00 c/kWh" in drawn(chart, capfd)


def test_a_day_without_any_value_is_all_grey(buses, branches, values, drawn, capfd):
    nothing = values.assign(price=float("nan"))
    chart = time_map(buses, branches, nothing, title="", measures=[PRICE])

    assert "00:15: no value" in drawn(chart, capfd)


def test_all_faults_of_the_values_are_named_at_once(buses, branches, values, binding):
    bad = pd.concat(
        [values, values[:1].assign(time="noon"), values[:1].assign(bus="x")]
    )
    strange = pd.concat([binding, pd.DataFrame({"interval": [99], "branch": ["zz"]})])

    with pytest.raises(InputError) as caught:
        time_map(buses, branches, bad, strange, title="", measures=[PRICE])

    assert str(caught.value) == (
        "values of a map: bus 'x' is not in the table of the map. "
        "bus 's' stands twice in interval 10. interval 10 has 2 times, expected one. "
        "branch 'zz' is not in the table of the map. "
        "interval 99 is not in the table of the values."
    )


def test_values_without_rows_are_refused(buses, branches, values):
    with pytest.raises(InputError) as caught:
        time_map(buses, branches, values[:0], title="", measures=[PRICE])

    assert str(caught.value) == "values of a map: there is no interval."


def test_missing_columns_are_named(buses, branches, values):
    with pytest.raises(InputError, match="limits of a map: column 'branch' is missing"):
        time_map(
            buses, branches, values, values[["interval"]], title="", measures=[PRICE]
        )
    with pytest.raises(InputError, match="values of a map: column 'loss' is missing"):
        time_map(
            buses,
            branches,
            values.drop(columns="loss"),
            title="",
            measures=[PRICE, LOSS],
        )
