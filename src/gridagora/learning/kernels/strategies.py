"""Pools of small neural nets: what they answer and what they keep, compiled.

A strategy is a net with one hidden layer. Its inputs are what it remembers of the
rounds in which it was itself played, newest first, two numbers per round (its own
action, the price it saw), and then what all see of the round to come. The memory is
the strategy's, not the player's: another strategy of the same player remembers other
rounds.

With ``n_input`` inputs and ``n_hidden`` hidden neurons the weights of one strategy are,
in this order: for each hidden neuron its ``n_input`` input weights and its bias; then
the ``n_hidden`` weights of the output; then the bias of the output.
"""

import math
from typing import NamedTuple

import numpy as np
from numba import njit

from gridagora.types.arrays import FloatArray, IntArray


class Population(NamedTuple):
    """The strategies of all players, as arrays that the kernels change in place.

    Attributes:
        weights: Of the nets. Shape ``(n_player, n_strategy, n_weight)``.
        remembered: What each strategy remembers, newest first: its action less
            ``low`` and the price less ``origin``, both over ``high - low``; 0 before
            it was played. Shape ``(n_player, n_strategy, memory, 2)``.
        total: Sum of what each strategy was paid. Shape ``(n_player, n_strategy)``.
        count: How often it was played. Shape ``(n_player, n_strategy)``.
        low: Least action of each player. Shape ``(n_player,)``.
        high: Largest action, above ``low``. Shape ``(n_player,)``.
        origin: Price that counts as 0. Shape ``(n_player,)``.
        levels: Actions to choose from, rising; empty for all from ``low`` to ``high``.
            Shape ``(n_level,)``.
        n_hidden: Number of hidden neurons.
    """

    weights: FloatArray
    remembered: FloatArray
    total: FloatArray
    count: IntArray  # type: ignore[assignment]  # hides tuple.count, a method
    low: FloatArray
    high: FloatArray
    origin: FloatArray
    levels: FloatArray
    n_hidden: int


def weight_count(n_input: int, n_hidden: int) -> int:
    """Return the number of weights of a net.

    Example:
        >>> weight_count(2, 4)
        17
    """
    return n_hidden * (n_input + 1) + n_hidden + 1


@njit(cache=True, nogil=True)
def choose_all(
    population: Population, pick: IntArray, context: FloatArray, action: FloatArray
) -> None:
    """Let the picked strategy of each player answer.

    Hidden neurons are hyperbolic tangents; the output ``o`` becomes the share
    ``1 / (1 + exp(-o))`` of the way from ``low`` to ``high``, or of the list of levels.

    Args:
        population: The strategies.
        pick: Strategy that each player plays. Shape ``(n_player,)``.
        context: Further inputs, as many as the nets were made for.
            Shape ``(n_context,)``.
        action: Takes the answers. Shape ``(n_player,)``.
    """
    weights, remembered = population.weights, population.remembered
    levels, n_hidden = population.levels, population.n_hidden
    memory = remembered.shape[2]
    n_input = 2 * memory + context.size
    last = n_hidden * (n_input + 1)  # where the weights of the output begin
    for k in range(pick.size):
        s = pick[k]
        output = weights[k, s, last + n_hidden]
        for h in range(n_hidden):
            first = h * (n_input + 1)
            signal = weights[k, s, first + n_input]
            for m in range(memory):
                signal += weights[k, s, first + 2 * m] * remembered[k, s, m, 0]
                signal += weights[k, s, first + 2 * m + 1] * remembered[k, s, m, 1]
            for c in range(context.size):
                signal += weights[k, s, first + 2 * memory + c] * context[c]
            output += weights[k, s, last + h] * math.tanh(signal)
        small = math.exp(-abs(output))  # never overflows
        share = (1.0 if output >= 0.0 else small) / (1.0 + small)
        if levels.size > 0:
            action[k] = levels[min(int(share * levels.size), levels.size - 1)]
        else:
            low, high = population.low[k], population.high[k]
            action[k] = min(low + share * (high - low), high)


@njit(cache=True, nogil=True)
def learn_all(
    population: Population,
    pick: IntArray,
    action: FloatArray,
    reward: FloatArray,
    price: FloatArray,
) -> None:
    """Let the picked strategy of each player take in its round.

    Args:
        population: The strategies; ``total``, ``count`` and ``remembered`` change.
        pick: Strategy that each player played. Shape ``(n_player,)``.
        action: What each did. Shape ``(n_player,)``.
        reward: What it was paid; NaN for a player who sat out and learns nothing.
            Shape ``(n_player,)``.
        price: What it saw. Shape ``(n_player,)``.
    """
    remembered = population.remembered
    memory = remembered.shape[2]
    for k in range(pick.size):
        if np.isnan(reward[k]):
            continue
        s = pick[k]
        population.total[k, s] += reward[k]
        population.count[k, s] += 1
        if memory == 0:
            continue
        for m in range(memory - 1, 0, -1):
            remembered[k, s, m, 0] = remembered[k, s, m - 1, 0]
            remembered[k, s, m, 1] = remembered[k, s, m - 1, 1]
        span = population.high[k] - population.low[k]
        remembered[k, s, 0, 0] = (action[k] - population.low[k]) / span
        remembered[k, s, 0, 1] = (price[k] - population.origin[k]) / span
