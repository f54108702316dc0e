# mypy: allow-untyped-defs, allow-untyped-calls
"""Laws of evolving pools, whatever the operators, rates and rewards."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from gridagora.learning.genetic import CROSSOVERS, GeneticSettings
from gridagora.learning.kernels.strategies import choose_all, learn_all
from gridagora.learning.neuroevolution import Neuroevolution
from gridagora.learning.selection import SELECTIONS

few = settings(max_examples=25, deadline=None)
rates = st.sampled_from([0.0, 0.1, 0.5, 1.0])
seeds = st.integers(0, 2**32 - 1)
own_settings = st.builds(
    GeneticSettings,
    n_strategy=st.integers(3, 7),
    n_iteration=st.integers(1, 12),
    n_hidden=st.integers(1, 3),
    memory=st.integers(0, 2),
    n_context=st.integers(0, 2),
    selection=st.sampled_from(sorted(SELECTIONS)),
    tournament_size=st.integers(1, 4),
    n_elite=st.integers(0, 2),
    crossover=st.sampled_from(sorted(CROSSOVERS)),
    crossover_rate=rates,
    swap_rate=rates,
    mutation_rate=rates,
    mutation_scale=st.sampled_from([0.0, 0.3, 10.0]),
    reset_rate=rates,
    weight_limit=st.sampled_from([0.5, 3.0, 1000.0]),
    start=st.sampled_from(["random", "low", "high"]),
)
LOW, HIGH = np.array([-3.0, 0.0]), np.array([5.0, 1e-3])
LEVELS = np.array([0.0, 4e-4, 1e-3])


def learner_of(own, *, with_levels=False):
    return Neuroevolution(
        2,
        low=LOW,
        high=HIGH,
        price_origin=[1.0, 0.0],
        settings=own,
        levels=LEVELS if with_levels else None,
    )


def market(action, n_round):
    """Coarse rewards, so that equals are common; some sit out."""
    reward = np.rint(3.0 * np.sin(action * 7.0 + n_round))
    reward[n_round % 5 == np.arange(2)] = np.nan
    return reward, np.cos(action) + n_round % 3


def context(own, n_round):
    return np.full(own.n_context, float(n_round % 4))


def play(learner, rounds, rng):
    taken = []
    for n_round in rounds:
        action = learner.choose(rng, context(learner.settings, n_round))
        learner.learn(action, *market(action, n_round))
        taken.append(action)
    return np.array(taken)


def same(one, other):
    return one.keys() == other.keys() and all(
        one[name].tobytes() == other[name].tobytes() for name in one
    )


@few
@given(own_settings, seeds, st.booleans())
def test_actions_and_weights_keep_within_their_bounds(own, seed, with_levels):
    learner = learner_of(own, with_levels=with_levels)
    action = play(learner, range(60), np.random.default_rng(seed))
    assert ((action >= LOW) & (action <= HIGH)).all()
    assert np.abs(learner.population.weights).max() <= own.weight_limit
    if with_levels:
        assert np.isin(action, LEVELS).all()


@few
@given(own_settings, seeds)
def test_the_object_and_a_loop_on_its_arrays_give_the_same_bytes(own, seed):
    by_object, by_arrays = learner_of(own), learner_of(own)
    rng, other = np.random.default_rng(seed), np.random.default_rng(seed)
    n_round = 4 * own.n_iteration
    taken = play(by_object, range(n_round), rng)
    action = np.zeros(2)
    for now in range(n_round):
        at = now % own.n_iteration
        if at == 0:
            by_arrays.begin(other)
        pick = by_arrays.picks[at]
        choose_all(by_arrays.population, pick, context(own, now), action)
        assert action.tobytes() == taken[now].tobytes()
        learn_all(by_arrays.population, pick, action, *market(action, now))
        if at == own.n_iteration - 1:
            by_arrays.finish()
    assert same(by_object.get_state(), by_arrays.get_state())


@few
@given(own_settings, seeds, st.integers(0, 30), st.integers(0, 30))
def test_a_state_goes_on_to_the_byte_from_any_round(own, seed, n_before, n_after):
    learner, rng = learner_of(own), np.random.default_rng(seed)
    play(learner, range(n_before), rng)
    state, stream = learner.get_state(), rng.bit_generator.state
    after = range(n_before, n_before + n_after)
    taken = play(learner, after, rng)
    again, other = learner_of(own), np.random.default_rng(0)
    again.set_state(state)
    other.bit_generator.state = stream
    assert play(again, after, other).tobytes() == taken.tobytes()
    assert same(again.get_state(), learner.get_state())


@few
@given(own_settings, seeds)
def test_elites_live_on_with_what_they_remember(own, seed):
    learner, rng = learner_of(own), np.random.default_rng(seed)
    play(learner, range(own.n_iteration), rng)
    fitness = learner.fitness()
    weights = learner.population.weights.copy()
    remembered = learner.population.remembered.copy()
    learner.begin(rng)
    for player in range(2):
        known = np.flatnonzero(~np.isnan(fitness[player]))
        best = known[np.argsort(-fitness[player, known], kind="stable")]
        for place, strategy in enumerate(best[: own.n_elite]):
            kept = learner.population
            assert np.array_equal(
                kept.weights[player, place], weights[player, strategy]
            )
            assert np.array_equal(
                kept.remembered[player, place], remembered[player, strategy]
            )


@few
@given(own_settings, seeds, st.sampled_from([1e-6, 1.0, 1e6]), st.integers(-3, 3))
def test_the_unit_of_rewards_and_what_all_get_anyway_decide_nothing(
    own, seed, scale, shift
):
    # Powers of two and whole numbers, so that means are the same but for the unit.
    factor = 2.0 ** np.rint(np.log2(scale))
    plain, scaled = learner_of(own), learner_of(own)
    rng, other = np.random.default_rng(seed), np.random.default_rng(seed)
    for now in range(3 * own.n_iteration):
        action = plain.choose(rng, context(own, now))
        assert scaled.choose(other, context(own, now)).tobytes() == action.tobytes()
        reward, price = market(action, now)
        plain.learn(action, reward, price)
        scaled.learn(action, factor * (reward + shift), price)


@few
@given(own_settings, seeds)
def test_one_players_rewards_do_not_enter_anothers_pool(own, seed):
    one, other = learner_of(own), learner_of(own)
    first, second = np.random.default_rng(seed), np.random.default_rng(seed)
    for now in range(3 * own.n_iteration):
        action = one.choose(first, context(own, now))
        same_action = other.choose(second, context(own, now))
        assert same_action[1] == action[1]
        reward, price = market(action, now)
        one.learn(action, reward, price)
        strange = np.array([-7.0 * now, reward[1]])
        other.learn(same_action, strange, price)
