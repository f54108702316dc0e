import pandas as pd
import pytest

from gridagora.errors import InputError, UnknownNameError
from gridagora.figures.price_parts import price_parts
from gridagora.figures.tables import Measure
from gridagora.figures.theme import PART_COLOUR

PRICE = Measure("price", "Price", "c/kWh")
PARTS = {part: part for part in PART_COLOUR}


@pytest.fixture
def prices():
    return pd.DataFrame(
        {
            "bus": ["a", "s", "b", "c"],
            "energy": 5.0,
            "loss": [0.2, 0.0, 0.3, 0.4],
            "congestion": [0.0, 0.0, 2.0, 0.0],
            "voltage": [0.0, 0.0, 0.0, -0.6],
            "unbalance": [0.0, 0.0, 1e-14, 0.0],
            "price": [5.2, 5.0, 7.3, 4.8],
        }
    )


def draw(prices, branches, **kwargs):
    kwargs = {"title": "Parts", "price": PRICE, "parts": PARTS, **kwargs}
    return price_parts(prices, branches, **kwargs)


def views(spec, parts, mark):
    return [v for v in parts(spec) if v.get("mark", {}).get("type") == mark]


def test_buses_stand_in_the_order_of_the_feeder(prices, branches, parts):
    spec = draw(prices, branches).to_dict()

    axis = views(spec, parts, "rect")[0]["encoding"]["x"]["axis"]
    assert axis["labelExpr"] == '["s", "a", "b", "c"][datum.value]'


def test_parts_stack_upwards_and_those_below_zero_downwards(
    prices, branches, parts, rows
):
    spec = draw(prices, branches).to_dict()
    table = rows(spec, views(spec, parts, "rect")[0])

    bars = {(row["bus"], row["part"]): (row["low"], row["high"]) for row in table}
    assert bars[("b", "loss")] == pytest.approx((5.0, 5.3))
    assert bars[("b", "congestion")] == pytest.approx((5.3, 7.3))
    assert bars[("c", "voltage")] == pytest.approx((0.0, -0.6))
    assert ("a", "congestion") not in bars


def test_a_part_above_zero_does_not_start_where_one_below_ended(
    prices, branches, parts, rows
):
    mixed = prices[:1].assign(loss=-0.2, congestion=1.0, price=5.8)
    spec = draw(pd.concat([mixed, prices[1:]]), branches).to_dict()
    table = rows(spec, views(spec, parts, "rect")[0])

    bars = {
        row["part"]: (row["low"], row["high"]) for row in table if row["bus"] == "a"
    }
    assert bars["loss"] == pytest.approx((0.0, -0.2))
    assert bars["congestion"] == pytest.approx((5.0, 6.0))


def test_a_diamond_is_the_price(prices, branches, parts, rows):
    spec = draw(prices, branches).to_dict()
    view = views(spec, parts, "point")[0]

    assert [row["total"] for row in rows(spec, view)] == [5.0, 5.2, 7.3, 4.8]
    assert view["encoding"]["y"]["title"] == "Price (c/kWh)"


def test_parts_that_are_nothing_but_rounding_are_zero_and_named(
    prices, branches, parts
):
    spec = draw(prices, branches).to_dict()

    colour = views(spec, parts, "rect")[0]["encoding"]["color"]
    assert colour["scale"]["domain"] == ["energy", "loss", "congestion", "voltage"]
    assert " ".join(spec["title"]["subtitle"]).endswith("Zero everywhere: unbalance.")


def test_each_part_keeps_its_colour(prices, branches, parts):
    some = {"congestion": "congestion", "voltage": "voltage"}
    beyond = prices.assign(price=prices["congestion"] + prices["voltage"])
    spec = draw(beyond, branches, parts=some).to_dict()

    colour = views(spec, parts, "rect")[0]["encoding"]["color"]
    assert colour["scale"]["range"] == [
        PART_COLOUR["congestion"],
        PART_COLOUR["voltage"],
    ]


def test_the_axis_begins_at_zero_unless_something_is_below(prices, branches, parts):
    def low(table):
        spec = draw(table, branches).to_dict()
        return views(spec, parts, "rect")[0]["encoding"]["y"]["scale"]["domain"][0]

    assert low(prices) < -0.6
    assert low(prices.assign(voltage=0.0, price=[5.2, 5.0, 7.3, 5.4])) == 0.0


def test_given_ends_are_kept(prices, branches, parts):
    price = Measure("price", "Price", domain=(-1.0, 9.0))
    spec = draw(prices, branches, price=price).to_dict()

    scale = views(spec, parts, "rect")[0]["encoding"]["y"]["scale"]
    assert scale["domain"] == [-1.0, 9.0]


def test_the_drawing_below_marks_branches_at_their_limit(
    prices, branches, drawn, capfd
):
    chart = draw(prices, branches, flag="binding")

    assert "branch at its limit" in drawn(chart, capfd)
    assert "branch at its limit" not in drawn(draw(prices, branches), capfd)


def test_long_names_stand_upright(prices, branches, parts):
    def angle(table, lines):
        spec = draw(table, lines).to_dict()
        return views(spec, parts, "rect")[0]["encoding"]["x"]["axis"]["labelAngle"]

    def renamed(column):
        return column + " of the long street"

    long = branches.assign(
        from_bus=renamed(branches["from_bus"]), to_bus=renamed(branches["to_bus"])
    )
    assert angle(prices, branches) == 0
    assert angle(prices.assign(bus=renamed(prices["bus"])), long) == -90


def test_a_bus_without_a_price_has_no_bar_and_is_counted(
    prices, branches, drawn, capfd
):
    nothing = prices.copy()
    nothing.loc[nothing["bus"] == "c", ["price", *PARTS]] = float("nan")
    chart = draw(nothing, branches)

    words = " ".join(chart.to_dict()["title"]["subtitle"])
    assert words.endswith("Buses without a price: 1.")
    assert "Bus: c; Part" not in drawn(chart, capfd)


def test_no_price_at_all_can_be_drawn(prices, branches, drawn, capfd):
    nothing = prices.assign(price=float("nan"), **dict.fromkeys(PARTS, float("nan")))

    assert "Buses without a price: 4." in drawn(draw(nothing, branches), capfd)


def test_parts_that_do_not_add_up_are_refused(prices, branches):
    with pytest.raises(InputError) as caught:
        draw(prices.assign(price=[5.2, 5.0, 7.0, 4.8]), branches)

    assert str(caught.value) == (
        "table of prices: parts at bus 'b' add up to 7.3, expected 7."
    )


def test_all_faults_of_the_buses_are_named_at_once(prices, branches):
    bad = pd.concat([prices[:3], prices[:1], prices[:1].assign(bus="x")])

    with pytest.raises(InputError) as caught:
        draw(bad, branches)

    assert str(caught.value) == (
        "table of prices: bus 'a' stands in more than one row. "
        "bus 'x' is no end of a branch. bus 'c' is missing."
    )


def test_a_part_that_no_price_has_is_refused(prices, branches):
    with pytest.raises(UnknownNameError) as caught:
        draw(prices, branches, parts={"losses": "loss"})

    assert str(caught.value) == (
        "no part of a price is called 'losses'. Did you mean 'loss'? "
        "Known: congestion, energy, loss, unbalance, voltage."
    )


def test_missing_columns_are_named(prices, branches):
    with pytest.raises(InputError, match="table of prices: column 'loss' is missing"):
        draw(prices.drop(columns="loss"), branches)
    with pytest.raises(InputError, match="tree: column 'full' is missing"):
        draw(prices, branches, flag="full")


def test_two_buses_are_enough(prices, branches, drawn, capfd):
    some = prices[prices["bus"].isin(["s", "a"])]

    assert "Parts" in drawn(draw(some, branches[:1]), capfd)
