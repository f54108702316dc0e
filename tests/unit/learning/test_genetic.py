import numpy as np
import pytest

from gridagora.errors import InvalidConfigError
from gridagora.learning.genetic import (
    CROSSOVERS,
    GeneticSettings,
    first_weights,
    mutated,
    next_generation,
)


class Stream:
    """A source of randomness that gives what it is told, and knows what was asked."""

    def __init__(self, *numbers):
        self._numbers = [np.array(block) for block in numbers]
        self.asked: list[str] = []

    def _next(self, name, shape):
        self.asked.append(name)
        block = self._numbers.pop(0)
        return np.broadcast_to(block, shape)

    def random(self, shape):
        return self._next("random", shape)

    def standard_normal(self, shape):
        return self._next("standard_normal", shape)

    def integers(self, low, high, shape):
        self.asked.append(f"{low} to {high - 1}")
        return self._next("integers", shape)


FIRST = np.array([[[1.0, 2.0, 3.0, 4.0]]])
SECOND = np.array([[[10.0, 20.0, 30.0, 40.0]]])


def crossed(name, stream, swap_rate=0.5):
    return CROSSOVERS[name](FIRST, SECOND, swap_rate, stream)[0, 0].tolist()


def test_a_uniform_crossover_by_hand():
    # The second parent's where the draw is below the swap rate.
    draws = [0.1, 0.5, 0.49, 0.9]
    assert crossed("uniform", Stream(draws)) == [10.0, 2.0, 30.0, 4.0]
    assert crossed("uniform", Stream(draws), swap_rate=0.2) == [10.0, 2.0, 3.0, 4.0]


def test_a_one_point_crossover_by_hand():
    stream = Stream(1)
    assert crossed("one-point", stream) == [1.0, 20.0, 30.0, 40.0]
    assert stream.asked == ["1 to 3", "integers"]
    assert crossed("one-point", Stream(3)) == [1.0, 2.0, 3.0, 40.0]


def test_a_blend_crossover_by_hand():
    # Shares 2 x draw - 0.5 of the way from the first parent to the second.
    blended = crossed("blend", Stream([0.0, 0.25, 0.5, 0.75]))
    assert blended == [1 - 0.5 * 9, 2.0, 3 + 0.5 * 27, 40.0]


def test_mutation_by_hand():
    own = GeneticSettings(mutation_rate=0.1, mutation_scale=0.5, reset_rate=0.01)
    stream = Stream([0.0, 0.09, 0.1, 0.9], [1, -2, 1, 1], [0.5, 0.5, 0.01, 0.001], 1.5)
    # Moved by 0.5 x 1; moved by 0.5 x -2; neither; drawn anew.
    assert mutated(FIRST / 4, own, stream)[0, 0].tolist() == [0.75, -0.5, 0.75, 1.5]  # type: ignore[arg-type]
    assert stream.asked == ["random", "standard_normal", "random", "standard_normal"]


def test_what_is_drawn_anew_does_not_move():
    stream = Stream(0.0, 1.0, 0.0, 0.25)
    assert mutated(FIRST, GeneticSettings(), stream)[0, 0].tolist() == [0.25] * 4  # type: ignore[arg-type]


def test_weights_stay_within_their_limit():
    own = GeneticSettings(weight_limit=0.4, mutation_scale=9.0, mutation_rate=1.0)
    changed = mutated(np.zeros((1, 30, 30)), own, np.random.default_rng(1))
    assert np.abs(changed).max() == 0.4
    assert (
        np.abs(first_weights((1, 30, 30), own, np.random.default_rng(1))).max() == 0.4
    )


def test_first_pools_are_normal():
    weights = first_weights((2, 50, 17), GeneticSettings(), np.random.default_rng(2))
    # 1700 numbers: standard errors of mean and deviation are 0.024 and 0.017.
    assert abs(weights.mean()) < 0.1
    assert abs(weights.std() - 1.0) < 0.07


@pytest.mark.parametrize(("start", "bias"), [("low", -2.0), ("high", 2.0)])
def test_first_pools_near_an_end_differ_only_in_the_output(start, bias):
    own = GeneticSettings(n_hidden=3, weight_limit=2.0, start=start)
    plain = GeneticSettings(n_hidden=3, weight_limit=2.0)
    near = first_weights((1, 5, 13), own, np.random.default_rng(3))
    anywhere = first_weights((1, 5, 13), plain, np.random.default_rng(3))
    assert np.array_equal(near[:, :, :9], anywhere[:, :, :9])
    assert near[:, :, 9:12] == pytest.approx(0.1 * anywhere[:, :, 9:12])
    assert (near[:, :, 12] == bias).all()


def test_a_generation_by_hand():
    # Fitness 1, never, 5, 3: order 2, 3, 0. One elite: 2. Three children; the parents
    # are drawn in places of that order, tournaments of one: 0.5 -> 3, 0.0 -> 2;
    # 0.9 -> 0, 0.4 -> 3; 0.0 -> 2, 0.9 -> 0.
    own = GeneticSettings(
        n_strategy=4,
        n_elite=1,
        tournament_size=1,
        crossover="one-point",
        crossover_rate=0.7,
        mutation_rate=0.0,
        reset_rate=0.0,
        weight_limit=99.0,
    )
    weights = np.array([[[0, 1, 2], [10, 11, 12], [20, 21, 22], [30, 31, 32.0]]])
    stream = Stream(
        np.array([[0.5, 0.0, 0.9, 0.4, 0.0, 0.9]])[:, :, None],
        np.array([[[1], [2], [2]]]),
        [[0.6, 0.7, 0.1]],  # the second is not crossed
        *[0.5] * 4,
    )
    fitness = np.array([[1.0, np.nan, 5.0, 3.0]])
    bred, lineage = next_generation(weights, fitness, own, stream)  # type: ignore[arg-type]
    assert bred[0].tolist() == [[20, 21, 22], [30, 21, 22], [0, 1, 2], [20, 21, 2]]
    assert lineage.tolist() == [[2, 3, 0, 2]]


def test_elites_are_filled_up_by_strategies_never_played():
    own = GeneticSettings(n_strategy=4, n_elite=3, n_iteration=1)
    weights = np.arange(4.0)[None, :, None] * np.ones((1, 4, 3)) / 10
    fitness = np.array([[np.nan, np.nan, 7.0, np.nan]])
    bred, lineage = next_generation(weights, fitness, own, np.random.default_rng(1))
    assert lineage.tolist() == [[2, 0, 1, 2]]
    assert bred[0, :3, 0].tolist() == [0.2, 0.0, 0.1]


def test_without_elites_all_are_children():
    own = GeneticSettings(
        n_strategy=3, n_elite=0, crossover_rate=0.0, mutation_rate=0.0
    )
    weights = np.random.default_rng(1).standard_normal((2, 3, 5))
    fitness = np.array([[1.0, np.nan, np.nan], [np.nan, 1.0, np.nan]])
    bred, lineage = next_generation(weights, fitness, own, np.random.default_rng(9))
    assert lineage.tolist() == [[0, 0, 0], [1, 1, 1]]
    assert bred.shape == (2, 3, 5)


def test_a_pool_of_one_is_refused():
    with pytest.raises(InvalidConfigError) as caught:
        GeneticSettings(n_strategy=1)
    assert str(caught.value) == (
        "learner neuroevolution: n_strategy is 1: a pool of one has nothing to select "
        "from, expected 2 or more."
    )


def test_settings_out_of_range_are_refused_together():
    with pytest.raises(InvalidConfigError) as caught:
        GeneticSettings(
            n_strategy=0,
            n_iteration=0,
            n_hidden=0,
            memory=-1,
            n_context=1.5,  # type: ignore[arg-type]
            selection="best",  # type: ignore[arg-type]
            tournament_size=0,
            n_elite=-1,
            crossover="none",  # type: ignore[arg-type]
            crossover_rate=1.5,
            swap_rate=-0.1,
            mutation_rate=2.0,
            mutation_scale=-1.0,
            reset_rate=float("nan"),
            weight_limit=0.0,
            start="middle",  # type: ignore[arg-type]
        )
    assert caught.value.what == "learner neuroevolution"
    assert caught.value.faults == (
        "n_strategy is 0, expected a whole number >= 2.",
        "n_iteration is 0, expected a whole number >= 1.",
        "n_hidden is 0, expected a whole number >= 1.",
        "memory is -1, expected a whole number >= 0.",
        "n_context is 1.5, expected a whole number >= 0.",
        "tournament_size is 0, expected a whole number >= 1.",
        "n_elite is -1, expected a whole number >= 0.",
        "crossover_rate is 1.5, expected a finite number >= 0 and <= 1.",
        "swap_rate is -0.1, expected a finite number >= 0 and <= 1.",
        "mutation_rate is 2.0, expected a finite number >= 0 and <= 1.",
        "reset_rate is nan, expected a finite number >= 0 and <= 1.",
        "mutation_scale is -1.0, expected a finite number >= 0.",
        "weight_limit is 0.0, expected a finite number > 0.",
        "selection is 'best', expected one of tournament, rank, roulette, truncation.",
        "crossover is 'none', expected one of uniform, one-point, blend.",
        "start is 'middle', expected one of random, low, high.",
    )


def test_elites_leave_room_for_children():
    with pytest.raises(InvalidConfigError) as caught:
        GeneticSettings(n_strategy=4, n_elite=4)
    assert str(caught.value) == (
        "learner neuroevolution: n_elite is 4 of 4 strategies, which leaves no room for "
        "children; expected fewer."
    )
