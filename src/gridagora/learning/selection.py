"""Who breeds: ways to draw parents by how fit they are.

Pure functions of arrays and a random generator, for all players at once, one row each;
no player's row enters another's.
"""

from collections.abc import Callable, Mapping

import numpy as np

from gridagora.types.arrays import FloatArray, IntArray

Selection = Callable[[FloatArray, int, int, np.random.Generator], IntArray]
"""Takes standings, how many parents to find, the size of tournaments and a generator;
returns strategies. Shape ``(n_player, n_parent)``."""

_STEPS = 1e9  # fitness is told apart in so many steps from worst to best


def standing(fitness: FloatArray) -> FloatArray:
    """Return how fit strategies are on a scale from the worst, 0, to the best, 1.

    In steps of 1e-9, and 0 for all when they differ by no more than 1e-9 of their size,
    so that rounding decides nothing.

    Args:
        fitness: Mean payoffs, NaN for strategies never played.
            Shape ``(n_player, n_strategy)``.

    Returns:
        The same shape; -1 for strategies never played, but 0 for all of a player of
        whom none was.

    Example:
        >>> standing(np.array([[3.0, np.nan, 5.0, 4.0]])).tolist()
        [[0.0, -1.0, 1.0, 0.5]]
    """
    known = ~np.isnan(fitness)
    low = np.where(known, fitness, np.inf).min(axis=1, keepdims=True)
    high = np.where(known, fitness, -np.inf).max(axis=1, keepdims=True)
    found = low <= high
    low, high = np.where(found, low, 0.0), np.where(found, high, 0.0)
    span = high - low
    differ = span * _STEPS > np.maximum(np.abs(low), np.abs(high))
    share = np.where(known, fitness - low, 0.0) / np.where(differ, span, np.inf)
    scaled: FloatArray = np.where(known, np.rint(share * _STEPS) / _STEPS, -1.0)
    return np.where(found, scaled, 0.0)


def ranked(stand: FloatArray) -> IntArray:
    """Return each player's strategies from best to worst, the lower index first.

    Strategies never played come last.

    Example:
        >>> ranked(np.array([[0.0, -1.0, 1.0, 1.0]])).tolist()
        [[2, 3, 0, 1]]
    """
    order: IntArray = np.argsort(-stand, axis=1, kind="stable")
    return order


def tournament(
    stand: FloatArray,
    n_parent: int,
    tournament_size: int,
    rng: np.random.Generator,
) -> IntArray:
    """Draw a few strategies for each parent and take the best of them.

    Among equals the one drawn first wins; were it the lower index, a pool of equals
    would shrink towards its first strategy. Draws ``(n_player, n_parent,
    tournament_size)`` uniform numbers.
    """
    order = ranked(stand)
    draw = rng.random((order.shape[0], n_parent, tournament_size))
    n_known = (stand >= 0.0).sum(axis=1)
    place = (draw * n_known[:, None, None]).astype(np.int64)
    rows = np.arange(order.shape[0])[:, None, None]
    drawn = order[rows, place]
    winner = stand[rows, drawn].argmax(axis=2)
    chosen: IntArray = np.take_along_axis(drawn, winner[:, :, None], axis=2)[:, :, 0]
    return chosen


def rank(
    stand: FloatArray,
    n_parent: int,
    tournament_size: int,
    rng: np.random.Generator,
) -> IntArray:
    """Draw parents as likely as their rank from the worst, which has rank 1.

    Equals share the mean of their ranks. Draws ``(n_player, n_parent)`` uniform
    numbers.
    """
    worse = (stand[:, None, :] < stand[:, :, None]) & (stand >= 0.0)[:, None, :]
    equal = stand[:, None, :] == stand[:, :, None]
    mean_rank = worse.sum(axis=2) + (equal.sum(axis=2) + 1) / 2
    return _drawn(np.where(stand >= 0.0, mean_rank, 0.0), n_parent, rng)


def roulette(
    stand: FloatArray,
    n_parent: int,
    tournament_size: int,
    rng: np.random.Generator,
) -> IntArray:
    """Draw parents as likely as they are fitter than the worst, who is never drawn.

    When all are equal each is as likely. Draws ``(n_player, n_parent)`` uniform
    numbers.
    """
    flat = stand.max(axis=1, keepdims=True) <= 0.0
    weight = np.where(flat, (stand >= 0.0).astype(np.float64), np.maximum(stand, 0.0))
    return _drawn(weight, n_parent, rng)


def truncation(
    stand: FloatArray,
    n_parent: int,
    tournament_size: int,
    rng: np.random.Generator,
) -> IntArray:
    """Draw parents from the better half, rounded up, each as likely.

    Draws ``(n_player, n_parent)`` uniform numbers.
    """
    order = ranked(stand)
    n_good = ((stand >= 0.0).sum(axis=1) + 1) // 2
    draw = rng.random((order.shape[0], n_parent))
    place = (draw * n_good[:, None]).astype(np.int64)
    chosen: IntArray = np.take_along_axis(order, place, axis=1)
    return chosen


SELECTIONS: Mapping[str, Selection] = {
    "tournament": tournament,
    "rank": rank,
    "roulette": roulette,
    "truncation": truncation,
}
"""How parents are found, by name."""


def _drawn(weight: FloatArray, n_parent: int, rng: np.random.Generator) -> IntArray:
    """Draw strategies as likely as their weights; those of weight 0 never are."""
    sums = np.cumsum(weight, axis=1)
    aim = rng.random((weight.shape[0], n_parent)) * sums[:, -1:]
    chosen: IntArray = (sums[:, None, :] <= aim[:, :, None]).sum(axis=2)
    return chosen
