import pandas as pd
import pytest

from gridagora.studies.self_play.capacity import (
    STUDY,
    Config,
    indifference_price,
    roles,
    variants,
)


def test_the_plan_is_sound(assert_sound_plan):
    keys = ["theory", "limited-01", "limited-02"]

    assert_sound_plan(STUDY, Config(n_seed=2), keys)


def test_the_price_of_indifference_is_160():
    # undercutting at p sells 100 MW, giving way sells the other 60 at 200:
    # 100 (p - 100) = 60 * 100
    assert indifference_price(Config()) == pytest.approx(160.0)
    assert indifference_price(Config(demand=125.0)) == pytest.approx(125.0)


def test_at_that_price_undercutting_earns_as_much_as_the_rest(capacity_tables):
    answers = capacity_tables["answers"].set_index("rival_price")

    assert len(answers) == 100
    expected = {150.0: 5000.0, 160.0: 6000.0, 170.0: 7000.0}
    for price, undercut in expected.items():
        assert answers["undercut_per_h"][price] == pytest.approx(undercut, abs=1e-3)
        assert answers["top_per_h"][price] == pytest.approx(6000.0)
    theory = capacity_tables["theory"].iloc[0]
    assert theory["indifference_markup"] == pytest.approx(60.0)
    assert theory["highest_markup"] == 100.0


def test_the_market_is_short_of_a_single_producer():
    (variant,) = variants(Config()).values()

    assert variant.n_generation == 1000
    assert variant.market.orders[0].most_kw.tolist() == [100e3, 100e3, 160e3]


def test_everything_shown_has_a_caption(capacity_tables, assert_presentable):
    assert_presentable(STUDY, capacity_tables)


@pytest.fixture
def played(history):
    """Two runs; late in the first one is lower on average, in the second higher."""
    first = {"one": [0, 0, 50, 70], "two": [99, 99, 100, 60]}
    second = {"one": [0, 0, 100, 95], "two": [99, 99, 40, 56]}
    players = [
        history("markup", first, variant="limited", run=1),
        history("markup", second, variant="limited", run=2),
    ]
    theory = pd.DataFrame({"indifference_markup": [60.0], "highest_markup": [100.0]})
    return {"players": pd.concat(players), "theory": theory}


def test_roles_are_settled_by_the_means_of_the_second_half(played):
    # means of run 1: 60 and 80; one stays the lower one even where it asks 70 to 60
    assert roles(played).to_dict("list") == {
        "run": [1, 1, 2, 2],
        "generation": [3, 4, 3, 4],
        "lower": [50.0, 70.0, 40.0, 56.0],
        "higher": [100.0, 60.0, 100.0, 95.0],
    }


@pytest.mark.parametrize(
    ("quantity", "number"),
    [
        ("generations with one producer at the top", 75.0),  # all but the 60
        ("mean markup of the lower bidder", 54.0),
        ("runs in which producer one", 50.0),
        ("late generations with the lower bidder above", 25.0),  # the 70
    ],
)
def test_numbers_are_read_from_roles(quantity, number, played, target):
    assert target(STUDY, quantity).read(played) == pytest.approx(number)


def test_the_price_of_indifference_is_read_where_both_answers_cross(target, reached):
    answers = pd.DataFrame(
        {
            "rival_price": [150.0, 160.0],
            "undercut_per_h": [4990.0, 6010.0],
            "top_per_h": [5000.0, 6000.0],
        }
    )
    price = target(STUDY, "price of indifference")

    assert price.read({"answers": answers}) == pytest.approx(155.0)
    assert not reached(price, {"answers": answers})


def test_the_market_gives_the_price_of_indifference(capacity_tables, target, reached):
    assert reached(target(STUDY, "price of indifference"), capacity_tables)


@pytest.mark.parametrize(
    ("one", "two", "missed"),
    [
        (100.0, 52.0, ["runs in which producer one"]),
        (
            80.0,
            20.0,
            [
                "generations with one producer at the top",
                "mean markup of the lower bidder",
                "runs in which producer one",
            ],
        ),
    ],
)
def test_targets_can_be_missed(one, two, missed, played, target, reached):
    markup = played["players"]["player"].map({"one": one, "two": two})
    tables = {**played, "players": played["players"].assign(markup=markup)}
    names = [
        "generations with one producer at the top",
        "mean markup of the lower bidder",
        "runs in which producer one",
    ]

    assert [n for n in names if not reached(target(STUDY, n), tables)] == missed


@pytest.mark.parametrize(("price", "is_reached"), [(199.5, True), (198.5, False)])
def test_the_price_settles_at_the_top(price, is_reached, history, target, reached):
    markets = history("price", {"x": [0, price]}, variant="limited", name="side")

    found = reached(target(STUDY, "price after settling"), {"markets": markets})

    assert found is is_reached
