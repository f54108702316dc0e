import numpy as np
import pytest
from pydantic import ValidationError

from gridagora.studies.self_play.two_bus_world import (
    Config,
    floor_markup,
    key_of,
    market,
    mean_markup,
    share_below,
    variants,
)

# M (D - K) / (D + K) and M (D - K) / 2K ln((D + K) / (D - K)) with M = D = 100:
# K = 10: 9000 / 110, and 450 ln(11 / 9); and so on
CLOSED = {
    10.0: (81.82, 90.30),
    30.0: (53.85, 72.22),
    50.0: (33.33, 54.93),
    90.0: (5.26, 16.36),
}


@pytest.mark.parametrize("limit", CLOSED)
def test_floor_and_mean_of_the_mixed_equilibrium(limit):
    floor, mean = CLOSED[limit]

    assert floor_markup(Config(), limit) == pytest.approx(floor, abs=0.005)
    assert mean_markup(Config(), limit) == pytest.approx(mean, abs=0.005)


@pytest.mark.parametrize("limit", CLOSED)
def test_the_distribution_goes_from_the_floor_to_the_top(limit):
    config = Config()
    floor = floor_markup(config, limit)

    share = share_below(config, limit, np.array([0.0, floor, 99.0, 100.0]))

    assert share[[0, 1, 3]] == pytest.approx([0.0, 0.0, 1.0], abs=1e-12)
    assert 0.0 < share[2] < 1.0


@pytest.mark.parametrize("limit", CLOSED)
def test_the_mean_is_that_of_the_distribution(limit):
    # the mean of what lies in [0, M] is the area above the distribution function
    markup = np.linspace(0.0, 100.0, 200_001)
    above = 1.0 - share_below(Config(), limit, markup)

    assert np.trapezoid(above, markup) == pytest.approx(
        mean_markup(Config(), limit), abs=1e-3
    )


def test_all_markups_of_the_equilibrium_earn_the_same():
    # (1 - F(x)) sells D + K, F(x) sells D - K, at x; and M (D - K) always comes out
    config, markup = Config(), np.array([40.0, 60.0, 80.0, 100.0])
    below = share_below(config, 50.0, markup)

    earned = markup * ((1.0 - below) * 150.0 + below * 50.0)

    assert earned == pytest.approx([5000.0] * 4)


def test_the_low_bidder_fills_the_line_and_is_paid_at_its_own_bus():
    # west at 140 serves its 100 and 10 of the east; the east pays 160 for all
    here = market(Config(), limit=10.0)

    rounds = here.clear(np.array([[0.04, 0.06]]))

    assert here.player == ("west", "east")
    assert rounds.price_per_kwh[0] == pytest.approx([0.14, 0.16])
    assert rounds.profit_per_h[0] == pytest.approx([110.0 * 40.0, 90.0 * 60.0])
    assert rounds.rent_per_h[0] == pytest.approx(10.0 * 20.0)
    # the loads value a MWh at 200
    assert rounds.consumer_per_h[0] == pytest.approx(100.0 * 60.0 + 100.0 * 40.0)


def test_each_capacity_of_the_line_is_a_variant():
    found = variants(Config(limits=(10.0, 12.5)))

    assert list(found) == ["k-10", "k-12.5"]
    assert found[key_of(12.5)].market.network.limit_kw.max() == 12_500.0


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        ((), "limits are none MW, expected at least one, and each once"),
        ((10.0, 10.0), "limits are 10, 10 MW, expected at least one, and each once"),
        (
            (0.0, 30.0),
            "limits are 0, 30 MW, expected over 0 and below the demand of 100 MW",
        ),
        (
            (100.0, 100.0),
            "limits are 100, 100 MW, expected at least one, and each once; expected "
            "over 0 and below the demand of 100 MW",
        ),
        (
            (30.0, 100.0),
            "limits are 30, 100 MW, expected over 0 and below the demand of 100 MW",
        ),
    ],
)
def test_lines_that_have_no_mixed_equilibrium_are_refused(limits, message):
    with pytest.raises(ValidationError) as caught:
        Config(limits=limits)

    (error,) = caught.value.errors()
    assert error["msg"] == f"Value error, {message}"
