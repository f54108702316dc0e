import numpy as np

from gridagora.studies.self_play.duopoly_world import PRODUCERS, DuopolyConfig, duopoly


def test_the_higher_offer_accepted_sets_the_price_for_both():
    # 160 MW: the cheaper one sells its 100, the other one 60, both at 100 + 20
    market = duopoly(DuopolyConfig(demand=160.0))

    rounds = market.clear(np.array([[0.010, 0.020]]))

    assert market.player == PRODUCERS
    np.testing.assert_allclose(rounds.mean_price_per_kwh, [0.120], rtol=1e-12)
    np.testing.assert_allclose(rounds.profit_per_h, [[2000.0, 1200.0]], rtol=1e-9)


def test_the_load_is_worth_the_highest_price():
    # at the highest markup nothing is left to the load; at none 100 MW times 100
    market = duopoly(DuopolyConfig())

    rounds = market.clear(np.array([[0.1, 0.1], [0.0, 0.0]]))

    np.testing.assert_allclose(rounds.consumer_per_h, [0.0, 10_000.0], atol=1e-6)
