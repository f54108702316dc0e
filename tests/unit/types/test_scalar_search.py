import numpy as np
import pytest

from gridagora.errors import InvalidActionError, InvalidConfigError
from gridagora.types.scalar_search import best_scalar

GRID = np.linspace(0.0, 6.0, 13)


def test_the_best_candidate_without_refinement():
    best, payoff = best_scalar(lambda x: -((x - 1.2) ** 2), GRID, refinements=0)
    assert best == 1.0
    assert payoff == pytest.approx(-0.04)


def test_refinements_look_between_the_neighbours():
    # 13 candidates 0.5 apart, then 13 between 0.5 and 1.5: 1/12 apart, 14/12 the
    # nearest to 1.2; then between 13/12 and 15/12, 1/72 apart: 86/72.
    assert best_scalar(lambda x: -np.abs(x - 1.2), GRID, refinements=1)[
        0
    ] == pytest.approx(14 / 12)
    assert best_scalar(lambda x: -np.abs(x - 1.2), GRID, refinements=2)[
        0
    ] == pytest.approx(86 / 72)


def test_each_number_is_asked_once_and_all_of_a_round_together():
    asked = []

    def pays(x):
        asked.append(x.tolist())
        return -np.abs(x - 1.0)

    best_scalar(pays, np.array([0.0, 1.0, 2.0]), refinements=2)
    # The second time 0, 1, 2 again, of which none is new.
    assert asked == [[0.0, 1.0, 2.0]]
    best_scalar(pays, np.array([0.0, 2.0]), refinements=1)
    assert asked[1:] == [[0.0, 2.0]]


def test_the_ends_have_one_neighbour_only():
    assert best_scalar(lambda x: -x, GRID, refinements=3) == (0.0, 0.0)
    asked = []

    def pays(x):
        asked.append(x)
        return x

    assert best_scalar(pays, GRID, refinements=1) == (6.0, 6.0)
    assert asked[1] == pytest.approx(np.linspace(5.5, 6.0, 13)[1:-1])


def test_an_open_end_is_come_close_to():
    # Below 5.9 the more the better, above nothing: 5.5 on the grid, 5 + 10/12 between
    # its neighbours.
    best, _ = best_scalar(lambda x: np.where(x < 5.9, x, 0.0), GRID, refinements=1)
    assert best == pytest.approx(5 + 10 / 12)


def test_equals_within_rounding_are_answered_by_the_smallest():
    assert best_scalar(lambda x: np.full(x.size, 7.0), GRID) == (0.0, 7.0)
    assert best_scalar(lambda x: 1.0 + 1e-11 * x, GRID)[0] == 0.0
    # Relative to the largest payoff when that is above 1 ...
    assert best_scalar(lambda x: 1e6 + 1e-4 * x, GRID, refinements=0)[0] == 0.0
    # ... and what is more than rounding counts.
    assert best_scalar(lambda x: 1.0 + 1e-8 * x, GRID)[0] == pytest.approx(
        6.0, abs=0.11
    )


def test_a_search_that_cannot_be_made_is_refused():
    with pytest.raises(InvalidConfigError) as caught:
        best_scalar(lambda x: x, np.array([1.0, 1.0]), refinements=-1)
    assert str(caught.value) == (
        "scalar search: candidates are [1.0, 1.0], expected two or more finite numbers, "
        "rising. refinements is -1, expected >= 0."
    )


@pytest.mark.parametrize(
    "candidates", [[], [1.0], [2.0, 1.0], [0.0, np.inf], [[0.0, 1.0]]]
)
def test_candidates_rise(candidates):
    with pytest.raises(InvalidConfigError, match="expected two or more finite numbers"):
        best_scalar(lambda x: x, np.array(candidates))


def test_payoffs_that_judge_nothing_are_refused():
    with pytest.raises(InvalidActionError) as caught:
        best_scalar(lambda x: np.full(2, np.nan), GRID)
    assert str(caught.value) == (
        "scalar search: what 13 numbers from 0 to 6 pay has the shape (2,) and 2 that "
        "are not finite, expected (13,) and none."
    )
