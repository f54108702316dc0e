import numpy as np
import pytest

from gridagora.learning.selection import SELECTIONS, ranked, standing

# Four strategies of one player: the second was never played.
STAND = np.array([[0.5, -1.0, 1.0, 0.0]])
MANY = 40_000


class Stream:
    """A source of randomness that gives what it is told."""

    def __init__(self, *numbers):
        self._numbers = [np.array(block, dtype=np.float64) for block in numbers]

    def random(self, shape):
        block = self._numbers.pop(0)
        assert block.shape == tuple(shape)
        return block


def shares(name, stand, tournament_size=2):
    """How often each strategy of the first player is drawn."""
    select = SELECTIONS[name]
    rng = np.random.default_rng(5)
    drawn = select(np.array(stand), MANY, tournament_size, rng)
    return np.bincount(drawn[0], minlength=len(stand[0])) / MANY


def test_standings_go_from_the_worst_to_the_best_of_each_player():
    fitness = np.array([[3.0, np.nan, 5.0, 4.0], [-1.0, -1.0, -3.0, np.nan]])
    assert standing(fitness).tolist() == [[0, -1, 1, 0.5], [1, 1, 0, -1]]


def test_differences_in_the_tenth_place_of_the_span_decide_nothing():
    # A span of 10: payoffs 1e-9 apart are 1e-10 of it, 2e-8 apart are 2e-9 of it.
    fitness = np.array([[0.0, 10.0, 5.0, 5.0 + 1e-9, 5.0 + 2e-8]])
    assert standing(fitness).tolist() == [[0, 1, 0.5, 0.5, 0.500000002]]


def test_payoffs_that_differ_by_rounding_only_are_equal():
    fitness = np.array([[1000.0, 1000.0 + 1e-9, 1000.0], [1e-6, 2e-6, 3e-6]])
    assert standing(fitness).tolist() == [[0, 0, 0], [0, 0.5, 1]]


def test_a_pool_that_was_never_played_counts_as_equal():
    assert standing(np.full((1, 3), np.nan)).tolist() == [[0, 0, 0]]


def test_the_order_is_from_the_best_and_by_index_among_equals():
    stand = np.array([[0.5, -1.0, 1.0, 0.5], [0, 0, 0, 0]])
    assert ranked(stand).tolist() == [[2, 0, 3, 1], [0, 1, 2, 3]]


def test_tournaments_by_hand():
    # Played, best first: 2, 0, 3. A draw below 1/3 is 2, below 2/3 is 0, else 3.
    draws = [[[0.0, 0.9], [0.4, 0.7], [0.99, 0.99], [0.7, 0.6]]]
    winners = SELECTIONS["tournament"](STAND, 4, 2, Stream(draws))  # type: ignore[arg-type]
    assert winners.tolist() == [[2, 0, 3, 0]]


def test_among_equals_in_a_tournament_the_one_drawn_first_wins():
    draws = [[[0.9, 0.1], [0.1, 0.9]]]
    winners = SELECTIONS["tournament"](np.zeros((1, 2)), 2, 2, Stream(draws))  # type: ignore[arg-type]
    assert winners.tolist() == [[1, 0]]


@pytest.mark.parametrize("size", [1, 2, 3])
def test_the_best_of_three_wins_as_often_as_it_is_drawn_at_all(size):
    # The k-th best of n wins with ((n - k + 1) / n)^size - ((n - k) / n)^size.
    best, middle, worst = (
        (left / 3) ** size - ((left - 1) / 3) ** size for left in (3, 2, 1)
    )
    expected = [middle, 0.0, best, worst]
    # Four standard deviations of a share of 40000 draws are at most 0.01.
    assert shares("tournament", STAND, size) == pytest.approx(expected, abs=0.01)


def test_ranks_decide_and_equals_share_theirs():
    # Ranks from the worst: 1 for 0; 2.5 for both 0.5; 4 for 1; together 10.
    stand = [[0.5, 0.0, 0.5, 1.0, -1.0]]
    expected = [0.25, 0.1, 0.25, 0.4, 0.0]
    assert shares("rank", stand) == pytest.approx(expected, abs=0.01)


def test_the_roulette_has_sectors_as_wide_as_strategies_are_fit():
    assert shares("roulette", STAND) == pytest.approx([1 / 3, 0, 2 / 3, 0], abs=0.01)


def test_a_roulette_of_equals_has_equal_sectors():
    stand = [[0.0, -1.0, 0.0, 0.0]]
    expected = [1 / 3, 0, 1 / 3, 1 / 3]
    assert shares("roulette", stand) == pytest.approx(expected, abs=0.01)


def test_truncation_keeps_the_better_half_of_those_played():
    # Two of three; of four also two.
    assert shares("truncation", STAND) == pytest.approx([0.5, 0, 0.5, 0], abs=0.01)
    stand = [[0.5, 0.1, 1.0, 0.0]]
    assert shares("truncation", stand) == pytest.approx([0.5, 0, 0.5, 0], abs=0.01)


@pytest.mark.parametrize("name", SELECTIONS)
def test_players_with_one_strategy_played_breed_from_it(name):
    stand = np.array([[-1.0, 0.0, -1.0], [0.0, 1.0, 0.5]])
    drawn = SELECTIONS[name](stand, 50, 2, np.random.default_rng(1))
    assert drawn.shape == (2, 50)
    assert (drawn[0] == 1).all()


@pytest.mark.parametrize(("draw", "place"), [(0.0, 1), (1 - 2**-53, 2)])
@pytest.mark.parametrize("name", ["rank", "roulette"])
def test_the_ends_of_the_wheel_belong_to_somebody(name, draw, place):
    stand = np.array([[-1.0, 1.0, 1.0, -1.0]])
    assert SELECTIONS[name](stand, 1, 2, Stream([[draw]])).tolist() == [[place]]  # type: ignore[arg-type]
