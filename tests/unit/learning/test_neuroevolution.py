import numpy as np
import pytest

from gridagora.errors import EpisodeError, InvalidActionError, InvalidConfigError
from gridagora.learning.genetic import GeneticSettings
from gridagora.learning.kernels.strategies import choose_all, learn_all
from gridagora.learning.neuroevolution import Neuroevolution

SMALL = GeneticSettings(n_strategy=4, n_iteration=10, n_elite=1)


def learner_of(n_player=2, *, settings=SMALL, **parameters):
    return Neuroevolution(
        n_player, **{"low": 0.0, "high": 30.0, "settings": settings} | parameters
    )


def paid(action):
    """Some reward and price that depend on what all do."""
    return action * (40.0 - action.sum()), 5.0 + action.mean() * np.ones(action.size)


def play(learner, n_round, rng, context=None):
    taken = []
    for _ in range(n_round):
        action = learner.choose(rng, context)
        learner.learn(action, *paid(action))
        taken.append(action)
    return np.array(taken)


def same(one, other):
    assert one.keys() == other.keys()
    return all(one[name].tobytes() == other[name].tobytes() for name in one)


def test_a_generation_begins_with_the_first_choice():
    learner = learner_of()
    assert (learner.generation, learner.round) == (0, 0)
    learner.choose(np.random.default_rng(1))
    assert (learner.generation, learner.round) == (1, 0)
    assert learner.picks.shape == (10, 2)
    assert set(learner.picks.ravel().tolist()) <= {0, 1, 2, 3}


def test_random_numbers_are_drawn_in_the_order_that_is_told():
    learner = learner_of()
    learner.choose(np.random.default_rng(7))
    rng = np.random.default_rng(7)
    weights = np.clip(rng.standard_normal((2, 4, 17)), -3, 3)
    assert np.array_equal(learner.population.weights, weights)
    assert np.array_equal(learner.picks, rng.integers(4, size=(10, 2)))


def test_asked_again_it_answers_for_the_same_round():
    learner, rng = learner_of(), np.random.default_rng(1)
    first = learner.choose(rng)
    assert np.array_equal(learner.choose(rng), first)
    learner.learn(first, np.ones(2), np.ones(2))
    assert learner.round == 1


def test_a_round_is_learned_by_the_strategies_that_were_picked():
    learner, rng = learner_of(price_origin=20.0), np.random.default_rng(1)
    action = learner.choose(rng)
    learner.learn(np.array([15.0, 30.0]), np.array([3.0, 4.0]), np.array([20.0, 35.0]))
    one, two = learner.picks[0]
    assert action.shape == (2,)
    assert learner.population.total[0, one] == 3.0
    assert learner.population.remembered[0, one].tolist() == [[0.5, 0.0]]
    assert learner.population.remembered[1, two].tolist() == [[1.0, 0.5]]


def test_fitness_is_the_mean_over_the_rounds_played():
    learner = learner_of(1, settings=GeneticSettings(n_strategy=3, n_iteration=3))
    learner.begin(np.random.default_rng(1))
    learner.picks[:, 0] = [2, 0, 2]
    for reward in (4.0, 7.0, 5.0):
        learner.learn(np.zeros(1), np.array([reward]), np.zeros(1))
    assert learner.fitness()[0] == pytest.approx([7.0, np.nan, 4.5], nan_ok=True)
    assert learner.best().tolist() == [0]


def test_the_next_generation_keeps_elites_and_hands_memory_down():
    # Without mutation and crossover children are copies of their parents. Only the
    # strategies 1 and 3 were played, and 3 earned more.
    own = GeneticSettings(
        n_strategy=4,
        n_iteration=2,
        n_elite=1,
        crossover_rate=0.0,
        mutation_rate=0.0,
        reset_rate=0.0,
        tournament_size=64,  # the best of so many is the best
    )
    learner, rng = learner_of(1, settings=own), np.random.default_rng(1)
    learner.begin(rng)
    learner.picks[:, 0] = [1, 3]
    for level in (6.0, 9.0):
        learner.learn(np.full(1, level), np.full(1, level), np.full(1, 2 * level))
    before = learner.population.weights.copy()
    learner.begin(rng)
    assert (learner.generation, learner.round) == (2, 0)
    assert (learner.population.weights == before[:, 3:4]).all()
    assert learner.population.remembered[0, :, 0].tolist() == [[0.3, 0.6]] * 4
    assert learner.population.count.sum() == learner.population.total.sum() == 0
    assert learner.best().tolist() == [0]


def test_a_compiled_loop_on_the_arrays_gives_the_same_bytes():
    by_object, by_arrays = learner_of(), learner_of()
    rng, other = np.random.default_rng(3), np.random.default_rng(3)
    taken = play(by_object, 30, rng)
    action, n_round = np.zeros(2), 0
    for _ in range(3):
        by_arrays.begin(other)
        for pick in by_arrays.picks:
            choose_all(by_arrays.population, pick, np.zeros(0), action)
            assert np.array_equal(action, taken[n_round])
            learn_all(by_arrays.population, pick, action, *paid(action))
            n_round += 1
        by_arrays.finish()
    assert same(by_object.get_state(), by_arrays.get_state())
    assert rng.random() == other.random()


@pytest.mark.parametrize("n_round", [0, 4, 10, 13])
def test_a_state_goes_on_to_the_byte_in_the_middle_of_a_generation(n_round):
    learner, rng = learner_of(), np.random.default_rng(4)
    play(learner, n_round, rng)
    state = {name: array.copy() for name, array in learner.get_state().items()}
    stream = rng.bit_generator.state
    expected = play(learner, 25, rng)

    again, other = learner_of(), np.random.default_rng(0)
    held = again.population.weights
    again.set_state(state)
    other.bit_generator.state = stream
    assert np.array_equal(play(again, 25, other), expected)
    assert same(again.get_state(), learner.get_state())
    assert again.population.weights is held  # arrays are changed in place


def test_a_state_is_a_copy():
    learner, rng = learner_of(), np.random.default_rng(4)
    play(learner, 5, rng)
    state = learner.get_state()
    before = {name: array.copy() for name, array in state.items()}
    play(learner, 20, rng)
    assert same(before, state)


@pytest.mark.parametrize(("start", "low", "high"), [("low", 0, 3), ("high", 27, 30)])
def test_first_pools_begin_near_an_end(start, low, high):
    # 1 / (1 + exp(-3)) is 0.953, and the rest of the output moves it little.
    own = GeneticSettings(start=start)
    learner = learner_of(settings=own)
    action = play(learner, 500, np.random.default_rng(1))
    assert low <= action.mean() <= high


def test_only_levels_are_played():
    levels = np.array([0.0, 10.0, 20.0, 30.0])
    action = play(learner_of(levels=levels), 100, np.random.default_rng(2))
    assert set(action.ravel().tolist()) == set(levels.tolist())


def test_bounds_may_differ_between_players():
    learner = learner_of(low=np.array([0.0, 100.0]), high=np.array([1.0, 200.0]))
    action = play(learner, 100, np.random.default_rng(2))
    assert (action.min(axis=0) >= [0.0, 100.0]).all()
    assert (action.max(axis=0) <= [1.0, 200.0]).all()
    assert (np.ptp(action, axis=0) > [0.3, 30.0]).all()


def test_strategies_see_the_context():
    own = GeneticSettings(n_strategy=4, n_iteration=10, memory=0, n_context=2)
    learner, rng = learner_of(settings=own), np.random.default_rng(1)
    first = learner.choose(rng, np.array([0.0, 1.0]))
    assert not np.isclose(learner.choose(rng, np.array([1.0, 0.0])), first).any()


def test_a_strategy_answers_questions_as_it_plays():
    own = GeneticSettings(n_strategy=3, n_iteration=20, memory=2, n_context=1)
    learner, rng = learner_of(settings=own, price_origin=7.0), np.random.default_rng(1)
    seen = np.array([0.4])
    actions, prices = np.zeros((2, 3, 2)), np.full((2, 3, 2), 7.0)
    for _ in range(20):
        action = learner.choose(rng, seen)
        reward, price = paid(action)
        for player, strategy in enumerate(learner.picks[learner.round]):
            past = actions[player, strategy], prices[player, strategy]
            answer = learner.response(
                player, strategy, past[0][None], past[1][None], seen
            )
            assert answer == pytest.approx(action[player : player + 1], rel=1e-12)
            past[0][:] = action[player], past[0][0]
            past[1][:] = price[player], past[1][0]
        learner.learn(action, reward, price)


def test_questions_are_answered_row_by_row_and_change_nothing():
    learner, rng = learner_of(), np.random.default_rng(1)
    play(learner, 5, rng)
    before = learner.get_state()
    action, price = np.array([[0.0], [10.0], [30.0]]), np.array([[5.0], [5.0], [9.0]])
    answers = learner.response(1, 2, action, price)
    alone = [
        learner.response(1, 2, action[k : k + 1], price[k : k + 1]) for k in range(3)
    ]
    assert answers.tolist() == np.concatenate(alone).tolist()
    assert same(before, learner.get_state())


def test_a_player_who_sits_out_learns_nothing():
    learner = learner_of()
    action = learner.choose(np.random.default_rng(1))
    learner.learn(action, np.array([np.nan, 1.0]), np.array([np.nan, 1.0]))
    assert learner.population.count.sum(axis=1).tolist() == [0, 1]


def test_price_competition_drives_markups_down():
    # Bertrand: cost 0, demand 100, either can serve it; the lower markup sells all,
    # equals share. 20 strategies of each, 200 rounds per generation.
    own = GeneticSettings(n_strategy=20, n_iteration=200)
    learner = Neuroevolution(2, low=0.0, high=100.0, settings=own)
    rng, markup = np.random.default_rng(1), np.zeros((150 * 200, 2))
    for at in range(markup.shape[0]):
        one, two = markup[at] = learner.choose(rng)
        share = (one < two) + 0.5 * (one == two)
        price = min(one, two)
        reward = 100.0 * price * np.array([share, 1.0 - share])
        learner.learn(markup[at], reward, np.array([price, price]))
    by_generation = markup.reshape(150, 200, 2).mean(axis=1)
    assert (by_generation[0] > 30).all()
    assert (by_generation[-50:].mean(axis=0) < 15).all()


def test_a_generation_is_played_to_its_end():
    learner, rng = learner_of(), np.random.default_rng(1)
    play(learner, 4, rng)
    with pytest.raises(EpisodeError) as caught:
        learner.begin(rng)
    assert str(caught.value) == (
        "learner neuroevolution: generation 1 has 6 of 10 rounds left to play; play "
        "them, or call finish to breed from those played."
    )
    learner.finish()
    learner.begin(rng)
    assert learner.generation == 2


@pytest.mark.parametrize("n_round", [0, 10])
def test_there_must_be_a_round_to_learn_from(n_round):
    learner = learner_of()
    play(learner, n_round, np.random.default_rng(1))
    with pytest.raises(EpisodeError) as caught:
        learner.learn(np.zeros(2), np.zeros(2), np.zeros(2))
    assert str(caught.value) == (
        "learner neuroevolution: there is no round to learn from; call choose first."
    )


def test_there_must_be_a_generation_to_finish():
    with pytest.raises(EpisodeError) as caught:
        learner_of().finish()
    assert str(caught.value) == (
        "learner neuroevolution: there is no generation to finish; call begin first."
    )


def test_experience_that_does_not_fit_is_refused_and_changes_nothing():
    learner = learner_of()
    learner.choose(np.random.default_rng(1))
    with pytest.raises(InvalidActionError) as caught:
        learner.learn(np.zeros(3), np.zeros(2), np.zeros(2))
    assert str(caught.value) == (
        "experience of learner neuroevolution: action has the shape (3,), expected (2,)."
    )
    assert learner.round == learner.population.count.sum() == 0


@pytest.mark.parametrize("context", [None, [1.0], [1.0, np.nan]])
def test_a_context_that_does_not_fit_is_refused(context):
    learner = learner_of(settings=GeneticSettings(n_context=2))
    with pytest.raises(InvalidActionError) as caught:
        learner.choose(np.random.default_rng(1), context)
    assert str(caught.value) == (
        f"context of learner neuroevolution: it is {context or []}, expected 2 finite "
        "numbers, n_context of the settings."
    )
    assert learner.generation == 0


def test_questions_that_do_not_fit_are_refused():
    with pytest.raises(InvalidActionError) as caught:
        learner_of().response(2, -1, np.zeros(3), np.zeros((3, 2)))
    assert str(caught.value) == (
        "question to learner neuroevolution: there is no player 2, expected 0 to 1. "
        "there is no strategy -1, expected 0 to 3. action has the shape (3,), expected "
        "finite numbers in as many rows for both, 1 in each: the rounds remembered. "
        "price has the shape (3, 2), expected finite numbers in as many rows for both, "
        "1 in each: the rounds remembered."
    )


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"n_player": 0}, "n_player is 0, expected a whole number >= 1."),
        (
            {"low": [0.0, 30.0], "high": [1.0, 0.0]},
            "the bounds of player 1 are reversed: low is 30 and high is 0, expected "
            "low < high.",
        ),
        (
            {"low": np.nan, "high": [1.0], "price_origin": np.inf},
            "low is nan, expected finite numbers. high has the shape (1,), expected one "
            "number, or one for each of 2 players. price_origin is inf, expected finite "
            "numbers.",
        ),
        (
            {"levels": np.array([0.0, 31.0])},
            "levels go from 0 to 31, expected them within the bounds of player 0, 0 and "
            "30. levels go from 0 to 31, expected them within the bounds of player 1, 0 "
            "and 30.",
        ),
    ],
)
def test_parameters_out_of_range_are_refused(parameters, message):
    with pytest.raises(InvalidConfigError) as caught:
        learner_of(**parameters)
    assert str(caught.value) == f"learner neuroevolution: {message}"


def test_a_state_of_another_learner_is_refused():
    state = dict(learner_of().get_state())
    other = learner_of(settings=GeneticSettings(n_strategy=5, n_iteration=10))
    with pytest.raises(InvalidConfigError) as caught:
        other.set_state(state)
    assert str(caught.value) == (
        "state of learner neuroevolution: weights has the shape (2, 4, 17), expected "
        "(2, 5, 17). remembered has the shape (2, 4, 1, 2), expected (2, 5, 1, 2). "
        "total has the shape (2, 4), expected (2, 5). count has the shape (2, 4), "
        "expected (2, 5)."
    )


def test_a_state_that_no_learner_was_in_is_refused():
    learner = learner_of()
    state = dict(learner.get_state())
    state["weights"] = np.full_like(state["weights"], np.inf)
    state["picks"] = np.full_like(state["picks"], 4)
    state["progress"] = np.array([1, 11])
    with pytest.raises(InvalidConfigError) as caught:
        learner.set_state(state)
    assert str(caught.value) == (
        "state of learner neuroevolution: weights is not finite, expected numbers. "
        "picks hold 4, expected 0 to 3. progress tells of 11 rounds, expected 0 to 10."
    )
    assert not learner.population.weights.any()
