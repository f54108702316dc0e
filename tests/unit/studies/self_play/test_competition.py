import numpy as np
import pytest
from pydantic import ValidationError

from gridagora.studies.self_play.competition import STUDY, Config, variants


def test_the_plan_is_sound(assert_sound_plan):
    assert_sound_plan(STUDY, Config(n_seed=2), ["many-01", "many-02"])


def test_twenty_equal_producers_serve_less_than_half_of_their_capacity():
    (variant,) = variants(Config()).values()
    market = variant.market

    # all ask 5 but one, who asks 50 and is not needed: 19 share 95 MW at 105
    asked = np.full((1, 20), 0.005)
    asked[0, 7] = 0.05
    rounds = market.clear(asked)

    assert market.player[0] == "unit 01"
    assert market.player[-1] == "unit 20"
    assert rounds.mean_price_per_kwh[0] == pytest.approx(0.105)
    profit = np.full(20, 25.0)  # 5 MW at 5
    profit[7] = 0.0
    np.testing.assert_allclose(rounds.profit_per_h[0], profit, atol=1e-9)


def test_there_are_as_many_producers_as_asked_for():
    (variant,) = variants(Config(n_unit=3, demand=15.0)).values()

    assert variant.market.player == ("unit 01", "unit 02", "unit 03")
    with pytest.raises(ValidationError, match="greater than or equal to 2"):
        Config(n_unit=1)


def test_everything_shown_has_a_caption(competition_tables, assert_presentable):
    assert_presentable(STUDY, competition_tables)


def test_a_run_is_summed_up_in_a_few_words(competition_tables, headline_of):
    assert "unit 03" in headline_of(STUDY, competition_tables)


@pytest.fixture
def settled(history):
    names = {"x": [0, 100.2]}
    return {
        "markets": history("price", names, variant="many", name="side"),
        "players": history("markup", {"a": [9, 0], "b": [9, 0.4]}, variant="many"),
        "gaps": history("gain_per_h", {"a": [99, 6], "b": [99, 2]}, variant="many"),
    }


@pytest.mark.parametrize(
    ("quantity", "number"),
    [
        ("price after", 100.2),
        ("mean markup", 0.2),
        ("highest price", 100.2),
        ("largest gain", 4.0),
    ],
)
def test_numbers_are_read_from_late_generations(quantity, number, settled, target):
    assert target(STUDY, quantity).read(settled) == pytest.approx(number)


def test_targets_can_be_reached_and_missed(settled, reached):
    dear = {
        "markets": settled["markets"].assign(price=101.1),
        "players": settled["players"].assign(markup=1.1),
        "gaps": settled["gaps"].assign(gain_per_h=5.1),
    }

    assert all(reached(each, settled) for each in STUDY.targets)
    assert not any(reached(each, dear) for each in STUDY.targets)
