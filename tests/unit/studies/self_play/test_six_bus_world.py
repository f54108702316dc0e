import numpy as np
import pytest

from gridagora.studies.self_play.six_bus_world import (
    PLAYERS,
    Config,
    key_of,
    market,
    variants,
)


def test_producers_are_paid_what_they_ask_and_g3_asks_its_cost():
    # costs 4, 3 and 6: G2 sells its 110 MW, G1 100 of 110 before a line is full;
    # 20 % of 4 on 100 MW, 10 % of 3 on 110 MW
    here = market(Config(), "1")

    rounds = here.clear(np.array([[0.2, 0.1]]))

    assert here.player == PLAYERS
    assert rounds.profit_per_h[0] == pytest.approx([80.0, 33.0], abs=1e-6)


def test_beyond_the_cost_of_g3_the_first_producer_is_left_out():
    # 5.1 and 20 % is 6.12, over 6
    here = market(Config(), "2")

    profits = here.profits(np.array([[0.1, 0.0], [0.2, 0.0]]))

    assert profits[0, 0] == pytest.approx(51.0, abs=1e-6)
    assert profits[1, 0] == pytest.approx(0.0, abs=1e-6)


def test_markups_are_in_percent_up_to_the_highest_level():
    found = variants(Config())

    assert list(found) == [key_of("1"), key_of("2")] == ["costs-1", "costs-2"]
    for each in found.values():
        assert (each.low, each.high, each.unit) == (0.0, 30.0, 0.01)
        assert each.levels is None
