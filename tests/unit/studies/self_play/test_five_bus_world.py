import numpy as np
import pytest

from gridagora.studies.self_play.five_bus_world import (
    DOUBLED,
    LIMITED,
    UNITS,
    Config,
    market,
    variants,
)

PTDF = np.array([0.0, 0.125, 0.0, -0.125, -0.625])
"""Flow on the line 2-5 per MW put in at each bus and taken out at bus 1."""


def test_at_marginal_cost_both_sides_gain_what_the_article_prints():
    rounds = market(Config(), limit=100.0).clear(np.zeros((1, 3)))

    assert rounds.producer_per_h[0] == pytest.approx(1056.0, abs=0.01)
    assert rounds.consumer_per_h[0] == pytest.approx(17322.0, abs=0.01)


def test_the_line_is_full_and_prices_differ_by_its_sensitivities():
    config = Config()
    dispatch = market(config, limit=100.0).dispatch(np.zeros(3))

    price = dispatch.price_per_kwh * 1e3
    # price = level - value of the line * sensitivity, so all differences are known
    value = (price[4] - price[0]) / 0.625
    np.testing.assert_allclose(price, price[0] - value * PTDF, rtol=1e-9)
    assert np.abs(dispatch.flow_kw).max() >= 100e3 - 1e-3


@pytest.mark.parametrize(
    ("markups", "profits"),
    [
        ((0.0, 30.0, 30.0), (7275.33, 2032.03, 5810.56)),
        ((30.0, 0.0, 30.0), (2032.03, 7275.33, 5810.56)),
        ((30.0, 30.0, 30.0), (5122.72, 5122.72, 5810.56)),
    ],
)
def test_profits_are_those_of_two_independent_programs(markups, profits):
    here = market(Config(), limit=100.0)

    found = here.profits(np.array([markups]) / 1e3)[0]

    assert found.tolist() == pytest.approx(profits, abs=0.01)


def test_the_second_variant_doubles_one_line():
    found = variants(Config())

    assert list(found) == [LIMITED, DOUBLED]
    limits = [each.market.network.limit_kw.min() for each in found.values()]
    assert limits == [100e3, 200e3]
    for each in found.values():
        assert each.market.player == UNITS
        assert (each.low, each.high, each.n_generation) == (0.0, 30.0, 300)
