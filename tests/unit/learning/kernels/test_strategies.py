"""Runs with NUMBA_DISABLE_JIT=1 as well."""

import math

import numpy as np
import pytest

from gridagora.learning.kernels.strategies import (
    Population,
    choose_all,
    learn_all,
    weight_count,
)

NOTHING = np.zeros(0)


def pool(weights, *, remembered=None, memory=1, n_hidden=1, low=0.0, high=1.0, **more):
    """Strategies of some players: weights (n_player, n_strategy, n_weight)."""
    weights = np.array(weights, dtype=np.float64)
    n_player, n_strategy, _ = weights.shape
    if remembered is None:
        remembered = np.zeros((n_player, n_strategy, memory, 2))
    return Population(
        weights=weights,
        remembered=np.array(remembered, dtype=np.float64),
        total=np.zeros((n_player, n_strategy)),
        count=np.zeros((n_player, n_strategy), dtype=np.int64),
        low=np.full(n_player, low),
        high=np.full(n_player, high),
        origin=np.full(n_player, more.get("origin", 0.0)),
        levels=np.array(more.get("levels", []), dtype=np.float64),
        n_hidden=n_hidden,
    )


def answers(population, pick, context=NOTHING):
    action = np.full(len(pick), np.nan)
    choose_all(population, np.array(pick), np.array(context, dtype=np.float64), action)
    return action


def constant(output, **more):
    """One player, one strategy without memory: its weights are v and the biases."""
    return pool([[[0.0, 0.0, output]]], memory=0, **more)


def test_the_number_of_weights():
    # Two inputs and a bias for each of 4 neurons, 4 weights and a bias of the output.
    assert weight_count(2, 4) == 17
    assert weight_count(0, 1) == 3


def test_one_hidden_neuron_by_hand():
    # Signal 1 x 0.5 - 1 x 0.2 + 0.2 = 0.5, tanh 0.5 = 0.46211716; output 2 x that - 1
    # = -0.07576569; share 1 / (1 + exp 0.07576569) = 0.48106764; 10 + 20 x share.
    net = pool([[[1, -1, 0.2, 2, -1]]], remembered=[[[[0.5, 0.2]]]], low=10, high=30)
    assert answers(net, [0]) == pytest.approx([19.6213528], abs=1e-6)


def test_two_hidden_neurons_two_rounds_and_a_context_by_hand():
    # Weights: neuron 0 (own, price, own before, price before, context, bias), neuron
    # 1, output 0, output 1, bias. Signals: 1 x 0.1 + 2 x 0.2 + 3 x 0.3 + 4 x 0.4
    # + 5 x 2 + 6 = 19 and -0.1 - 2 + 0.5 = -1.6.
    weights = [1, 2, 3, 4, 5, 6, -1, 0, 0, 0, -1, 0.5, 0.3, 0.7, 0.1]
    net = pool([[weights]], remembered=[[[[0.1, 0.2], [0.3, 0.4]]]], n_hidden=2)
    output = 0.3 * math.tanh(19.0) + 0.7 * math.tanh(-1.6) + 0.1
    assert answers(net, [0], [2.0]) == pytest.approx([1 / (1 + math.exp(-output))])


def test_each_player_plays_its_own_pick_within_its_own_bounds():
    net = pool([[[0, 0, 0], [0, 0, 9]], [[0, 0, -9], [0, 0, 0]]], memory=0)
    net.high[1] = 3.0
    assert answers(net, [0, 1]).tolist() == [0.5, 1.5]
    assert answers(net, [1, 0]) == pytest.approx([1.0, 0.0], abs=1e-3)


@pytest.mark.parametrize(("output", "end"), [(1e6, 0.7), (-1e6, 0.1), (0.0, 0.4)])
def test_the_ends_are_reached(output, end):
    action = answers(constant(output, low=0.1, high=0.7), [0])
    assert action == pytest.approx([end], abs=1e-15)


def test_the_ends_are_not_passed_by_rounding():
    low, high = 1.4, 7.2
    assert low + 1.0 * (high - low) > high
    assert answers(constant(1e6, low=low, high=high), [0]).tolist() == [high]


def answers_of_levels(*shares):
    outputs = [math.log(share / (1 - share)) for share in shares]
    levels = [0.0, 10.0, 30.0]
    return [answers(constant(out, high=30, levels=levels), [0])[0] for out in outputs]


def test_levels_cut_the_interval_evenly():
    # Three levels: below 1/3 the first, below 2/3 the second, the third above.
    assert answers_of_levels(0.01, 0.33, 0.34, 0.66, 0.67, 0.99) == [
        0,
        0,
        10,
        10,
        30,
        30,
    ]


def test_the_last_level_is_also_that_of_the_end():
    assert answers(constant(1e6, high=30, levels=[0.0, 30.0]), [0]).tolist() == [30.0]


def test_what_is_learned_by_hand():
    net = pool(np.zeros((2, 2, 5)), low=10.0, high=30.0, origin=100.0)
    pick = np.array([1, 0])
    learn_all(
        net, pick, np.array([15, 30.0]), np.array([7, -2.0]), np.array([110, 90.0])
    )
    learn_all(
        net, pick, np.array([20, 10.0]), np.array([1, 5.0]), np.array([130, 100.0])
    )
    assert net.total.tolist() == [[0, 8], [3, 0]]
    assert net.count.tolist() == [[0, 2], [2, 0]]
    # Only the last round of the strategies played: (20 - 10) / 20, (130 - 100) / 20.
    assert net.remembered[0, :, 0].tolist() == [[0, 0], [0.5, 1.5]]
    assert net.remembered[1, :, 0].tolist() == [[0, 0], [0, 0]]


def test_the_newest_round_comes_first_and_the_oldest_is_forgotten():
    net = pool(np.zeros((1, 1, 9)), memory=3)
    for action in (0.1, 0.2, 0.3, 0.4):
        row = np.array([action])
        learn_all(net, np.array([0]), row, row, row + 1)
    assert net.remembered[0, 0].tolist() == [[0.4, 1.4], [0.3, 1.3], [0.2, 1.2]]


def test_without_memory_only_the_payment_is_kept():
    net = constant(0.0)
    learn_all(net, np.array([0]), np.array([0.5]), np.array([2.0]), np.array([9.0]))
    assert (net.total.tolist(), net.count.tolist()) == ([[2.0]], [[1]])


def test_who_sits_out_learns_nothing():
    net = pool(np.zeros((2, 1, 5)))
    both = np.array([0.5, 0.5])
    learn_all(net, np.array([0, 0]), both, np.array([np.nan, 3.0]), both)
    assert net.count.tolist() == [[0], [1]]
    assert net.total.tolist() == [[0.0], [3.0]]
    assert net.remembered[:, 0, 0].tolist() == [[0, 0], [0.5, 0.5]]
