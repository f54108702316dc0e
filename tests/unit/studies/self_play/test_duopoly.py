import pandas as pd
import pytest

from gridagora.studies.self_play.duopoly import STUDY, Config, variants


def test_every_run_is_a_cell():
    config = Config(n_seed=2)

    assert [cell.key for cell in STUDY.cells(config)] == ["half-01", "half-02"]


def test_the_plan_is_sound(assert_sound_plan):
    assert_sound_plan(STUDY, Config(n_seed=2), ["half-01", "half-02"])


def test_each_producer_is_needed_in_full():
    (variant,) = variants(Config()).values()

    # 50 MW each at whatever the dearer one asks: 100 + 60
    profits = variant.market.profits(pd.DataFrame([[0.0, 0.06]]).to_numpy())

    assert profits[0].tolist() == pytest.approx([3000.0, 3000.0])
    assert (variant.low, variant.high, variant.n_generation) == (0.0, 100.0, 200)


def test_everything_shown_has_a_caption(duopoly_tables, assert_presentable):
    assert_presentable(STUDY, duopoly_tables)


def test_a_run_is_summed_up_in_a_few_words(duopoly_tables, headline_of):
    first = {name: rows.query("run == 1") for name, rows in duopoly_tables.items()}

    assert headline_of(STUDY, first).startswith("price 1")


@pytest.fixture
def settled(history):
    """Prices 200 and 199; the lower markups are 30 and 50, the higher 100 and 99.8."""
    markets = [
        history("price", {"x": [0, price]}, variant="half", run=run, name="side")
        for run, price in ((1, 200.0), (2, 199.2))
    ]
    players = [
        history("markup", {"one": [0, a], "two": [0, b]}, variant="half", run=run)
        for run, (a, b) in enumerate(((30.0, 100.0), (99.8, 50.0)), start=1)
    ]
    gaps = [
        history("gain_per_h", {"one": [99, 4], "two": [99, 0]}, variant="half"),
    ]
    return {
        "markets": pd.concat(markets),
        "players": pd.concat(players),
        "gaps": pd.concat(gaps),
    }


@pytest.mark.parametrize(
    ("quantity", "number"),
    [
        ("price after", 199.6),
        ("lowest price", 199.2),
        ("higher one", 99.8),
        ("largest gain", 2.0),
        ("lower one", 40.0),
    ],
)
def test_numbers_are_read_from_late_generations(quantity, number, settled, target):
    assert target(STUDY, quantity).read(settled) == pytest.approx(number)


def test_targets_can_be_reached_and_missed(settled, target, reached):
    assert all(reached(each, settled) for each in STUDY.targets)
    cheap = {**settled, "markets": settled["markets"].assign(price=198.0)}
    low = {**settled, "players": settled["players"].assign(markup=99.0)}
    poor = {**settled, "gaps": settled["gaps"].assign(gain_per_h=11.0)}

    assert not reached(target(STUDY, "price after"), cheap)
    assert not reached(target(STUDY, "lowest price"), cheap)
    assert not reached(target(STUDY, "higher one"), low)
    assert not reached(target(STUDY, "largest gain"), poor)
