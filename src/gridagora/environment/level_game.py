"""The game of players who choose among a few levels, learners in it, and what they do.

``LevelGame`` is the game with all its payoffs in one table; ``alternations`` counts how
often play moved from one equilibrium to another.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike

from gridagora.errors import InvalidActionError, InvalidConfigError
from gridagora.learning.equilibria import pure_equilibria
from gridagora.types.arrays import Columns, FloatArray, IntArray
from gridagora.types.learner import Learner

Profits = Callable[[FloatArray], FloatArray]
"""Takes what all players ask, shape ``(n_joint, n_player)``; returns what each player
gets, the same shape."""

_MOST_JOINT = 1_000_000
_AT_ONCE = 4_096
_ROUNDING = 1e-9
_NOWHERE = -1


class LevelGame:
    """Every player asks one of a few levels; what all get then stands in one table.

    The table has a row for each joint action and is made once, so that rounds cost
    next to nothing, and equilibria are found by enumeration.

    Attributes:
        n_player: Number of players.
        n_level: Number of levels of each: its actions are 0 to ``n_level - 1``.
        levels: What each action of each player asks. Shape ``(n_player, n_level)``.
        table: What each player gets, joint action by joint action, the last player's
            changing first. Shape ``(n_level ** n_player, n_player)``.

    Args:
        profits: The game, for instance ``MarkupMarket.profits``. It is asked once for
            each joint action, for many of them at a time.
        levels: The same for all players, shape ``(n_level,)``, or one row for each,
            shape ``(n_player, n_level)``.
        n_player: Needed when all have the same levels.
        most_joint: Most rows that the table may have.

    Raises:
        InvalidConfigError: Levels that are not such a table, or more joint actions
            than allowed.
        InvalidActionError: The game's profits have another shape or are not finite.

    Source:
        Krause, Beck, Cherkaoui, Germond, Andersson and Ernst, A comparison of Nash
        equilibria analysis and agent-based modelling for power markets, 2006.

    Example:
        Two bakers at a cost of 0 each share 60 customers, or the cheaper has them all.

        >>> def profits(price):
        ...     cheapest = price == price.min(axis=1, keepdims=True)
        ...     return 60 * price * cheapest / cheapest.sum(axis=1, keepdims=True)
        >>> game = LevelGame(profits, [1.0, 2.0, 3.0], n_player=2)
        >>> game.equilibria(), game.payoff(np.array([[0, 0], [0, 2]])).tolist()
        ([(0, 0), (1, 1)], [[30.0, 30.0], [60.0, 0.0]])

        Stateless Q-learning, ``Q(a) += step * (reward - Q(a))`` from ``Q = 0``, is

        >>> from gridagora.learning.epsilon_greedy import EpsilonGreedy
        >>> learner = EpsilonGreedy(2, 3, epsilon=0.1, step=0.3, start=0.0)
        >>> history = game.play(learner, 500, np.random.default_rng(1))
        >>> history["action"][-4:].tolist()  # of two rounds
        [0, 0, 0, 0]
    """

    def __init__(
        self,
        profits: Profits,
        levels: ArrayLike,
        *,
        n_player: int | None = None,
        most_joint: int = _MOST_JOINT,
    ) -> None:
        self.levels = _levels_of(levels, n_player)
        self.n_player, self.n_level = self.levels.shape
        n_joint = self.n_level**self.n_player
        if n_joint > most_joint:
            raise InvalidConfigError(
                "level game",
                [
                    f"{self.n_player} players with {self.n_level} levels have "
                    f"{n_joint:,} joint actions, expected at most {most_joint:,}; take "
                    "fewer levels, or raise most_joint."
                ],
            )
        self._stride: IntArray = self.n_level ** np.arange(
            self.n_player - 1, -1, -1, dtype=np.int64
        )
        every = np.arange(n_joint, dtype=np.int64)[:, None]
        joint = every // self._stride % self.n_level
        self.table: FloatArray = np.concatenate(
            [
                _asked(profits, self.asked(joint[at : at + _AT_ONCE]))
                for at in range(0, n_joint, _AT_ONCE)
            ]
        )

    def asked(self, joint: IntArray) -> FloatArray:
        """Return the levels of joint actions.

        Args:
            joint: Shape ``(..., n_player)``.

        Returns:
            Same shape.
        """
        levels: FloatArray = self.levels[np.arange(self.n_player), joint]
        return levels

    def payoff(self, joint: IntArray) -> FloatArray:
        """Return what each player gets: a ``learning.exploitability.Payoff``.

        Args:
            joint: Actions, 0 to ``n_level - 1``. Shape ``(n_joint, n_player)``.

        Returns:
            In the unit of profits. Same shape.

        Raises:
            InvalidActionError: They are not joint actions of this game.
        """
        given = np.asarray(joint)
        sound = given.ndim == 2 and given.shape[1] == self.n_player
        if sound and given.dtype.kind == "i":
            if ((given >= 0) & (given < self.n_level)).all():
                paid: FloatArray = self.table[given @ self._stride]
                return paid
            found = f"actions from {given.min()} to {given.max()}"
        else:
            found = f"an array of {given.dtype} of the shape {given.shape}"
        raise InvalidActionError(
            "level game",
            [
                f"joint actions are {found}, expected whole numbers from 0 to "
                f"{self.n_level - 1} in rows of {self.n_player} players."
            ],
        )

    def equilibria(self, tolerance: float | None = None) -> list[tuple[int, ...]]:
        """Return the joint actions that no player gains by leaving alone.

        Args:
            tolerance: Gain that does not count, in the unit of profits, >= 0; 1e-9 of
                the largest amount in the table when ``None``, for rounding is no gain.

        Returns:
            Pure Nash equilibria of these levels, in the order of the table.
        """
        if tolerance is None:
            tolerance = _ROUNDING * float(np.abs(self.table).max())
        shape = (*[self.n_level] * self.n_player, self.n_player)
        return pure_equilibria(self.table.reshape(shape), tolerance)

    def play(
        self,
        learner: Learner,
        n_round: int,
        rng: np.random.Generator,
        *,
        every: int = 1,
    ) -> Columns:
        """Let the players of a learner play the game with each other.

        Args:
            learner: One row for each player and one action for each level. With a row
                for each player of several runs, run after run, all runs are played side
                by side and know nothing of each other. It goes on from what it has
                learned.
            n_round: How many rounds.
            rng: Where the learner's random numbers come from.
            every: Of so many rounds the first is kept, all are played.

        Returns:
            One row per round kept, run and player, in this order: columns ``round``,
            ``run`` and ``player``, from 0, ``action``, ``level`` and ``reward``.

        Raises:
            InvalidConfigError: The learner has other numbers of players or actions, or
                there are no rounds.
        """
        self._require_fits(learner, n_round, every)
        n_run = learner.n_player // self.n_player
        n_kept = -(-n_round // every)
        kept = np.empty((n_kept, n_run, self.n_player), dtype=np.int64)
        for at in range(n_round):
            taken = learner.choose(rng)
            joint = taken.reshape(n_run, self.n_player)
            learner.learn(taken, self.table[joint @ self._stride].ravel())
            if at % every == 0:
                kept[at // every] = joint
        place = np.indices(kept.shape)
        return {
            "round": every * place[0].ravel(),
            "run": place[1].ravel(),
            "player": place[2].ravel(),
            "action": kept.ravel(),
            "level": self.asked(kept).ravel(),
            "reward": self.table[kept @ self._stride].ravel(),
        }

    def _require_fits(self, learner: Learner, n_round: int, every: int) -> None:
        faults = [
            f"{name} is {number!r}, expected >= 1."
            for name, number in (("n_round", n_round), ("every", every))
            if number < 1
        ]
        fits = learner.n_player > 0 and learner.n_player % self.n_player == 0
        if not fits or learner.n_action != self.n_level:
            faults.append(
                f"the learner has {learner.n_player} players with {learner.n_action} "
                f"actions, expected {self.n_player} for each run, with {self.n_level}."
            )
        if faults:
            raise InvalidConfigError("level game", faults)


def near_equilibrium(joint: IntArray, equilibria: Sequence[Sequence[int]]) -> IntArray:
    """Return which equilibrium each joint action is near.

    Near is where at most one player does something else, and of which no other
    equilibrium is as near: what one player may do to try something.

    Args:
        joint: Shape ``(..., n_player)``.
        equilibria: Joint actions, as ``LevelGame.equilibria`` returns them.

    Returns:
        Positions in ``equilibria``, -1 where it is near none. Shape ``(...)``.

    Raises:
        InvalidConfigError: There are no equilibria, or of other numbers of players.

    Example:
        >>> near_equilibrium(
        ...     np.array([[0, 3, 3], [0, 3, 1], [3, 3, 3], [0, 0, 0]]),
        ...     [(0, 3, 3), (3, 0, 3)],
        ... ).tolist()
        [0, 0, -1, -1]
    """
    points = _points_of(equilibria, joint.shape[-1])
    away = (joint[..., None, :] != points).sum(axis=-1)
    least = away.min(axis=-1)
    alone = (away == least[..., None]).sum(axis=-1) == 1
    near: IntArray = np.where((least <= 1) & alone, away.argmin(axis=-1), _NOWHERE)
    return near


def visits(
    history: Columns, equilibria: Sequence[Sequence[int]], *, window: int
) -> IntArray:
    """Return which equilibrium play was at, window by window.

    Play is at an equilibrium in a window when more than half of its rounds are near it
    (``near_equilibrium``); single trials of players do not count that way.

    Args:
        history: As ``LevelGame.play`` returns it.
        equilibria: Joint actions.
        window: Rounds of a window, of those in the history, >= 1; what is left at the
            end is not looked at.

    Returns:
        Positions in ``equilibria``, -1 where play was at none.
        Shape ``(n_run, n_window)``.

    Raises:
        InvalidConfigError: The window is empty or longer than the history, or there are
            no equilibria, or of other numbers of players.
    """
    n_run, n_player = (int(np.max(history[name])) + 1 for name in ("run", "player"))
    action = np.asarray(history["action"], dtype=np.int64)
    joint = action.reshape(-1, n_run, n_player).swapaxes(0, 1)
    n_round = joint.shape[1]
    if not 1 <= window <= n_round:
        raise InvalidConfigError(
            "equilibrium visits",
            [f"window is {window!r}, expected 1 to the {n_round} rounds there are."],
        )
    n_window = n_round // window
    near = near_equilibrium(joint, equilibria)[:, : n_window * window]
    places = np.arange(len(equilibria))
    rounds = (near.reshape(n_run, n_window, window, 1) == places).sum(axis=2)
    at: IntArray = np.where(
        2 * rounds.max(axis=2) > window, rounds.argmax(axis=2), _NOWHERE
    )
    return at


def alternations(
    history: Columns, equilibria: Sequence[Sequence[int]], *, window: int
) -> IntArray:
    """Return how often play went from one equilibrium to another.

    Windows in which play was at none (``visits``) are passed over: to leave an
    equilibrium and return to it is no alternation.

    Args:
        history: As ``LevelGame.play`` returns it.
        equilibria: Joint actions.
        window: As for ``visits``.

    Returns:
        Shape ``(n_run,)``.

    Raises:
        InvalidConfigError: As for ``visits``.

    Example:
        Windows of three rounds: at (0, 1), at none, at (1, 0), at (1, 0).

        >>> joint = [[0, 1], [0, 1], [1, 1], [0, 0], [1, 1], [0, 1],
        ...          [1, 0], [1, 0], [0, 1], [1, 0], [1, 0], [1, 0]]
        >>> history = {"run": [0] * 24, "player": [0, 1] * 12,
        ...            "action": np.ravel(joint)}
        >>> both = [(0, 1), (1, 0)]
        >>> visits(history, both, window=3).tolist()
        [[0, -1, 1, 1]]
        >>> alternations(history, both, window=3).tolist()
        [1]
    """
    at = visits(history, equilibria, window=window)
    moves = [np.count_nonzero(np.diff(run[run != _NOWHERE])) for run in at]
    return np.array(moves, dtype=np.int64)


def _levels_of(levels: ArrayLike, n_player: int | None) -> FloatArray:
    given = np.array(levels, dtype=np.float64)
    faults = []
    if given.ndim not in (1, 2) or given.size == 0 or not np.isfinite(given).all():
        n_bad = int((~np.isfinite(given)).sum())
        faults.append(
            f"levels have the shape {given.shape} and {n_bad} that are not finite, "
            "expected finite numbers, the same for all players or one row for each."
        )
    elif given.ndim == 1 and n_player is None:
        faults.append("levels are the same for all players; say how many: n_player.")
    elif given.ndim == 2 and n_player not in (None, len(given)):
        faults.append(f"levels have {len(given)} rows, expected n_player, {n_player}.")
    if n_player is not None and n_player < 1:
        faults.append(f"n_player is {n_player!r}, expected >= 1.")
    if faults:
        raise InvalidConfigError("level game", faults)
    return given if given.ndim == 2 else np.tile(given, (n_player or 1, 1))


def _asked(profits: Profits, asked: FloatArray) -> FloatArray:
    """Return the profits of some joint actions, and refuse what are none."""
    paid = np.asarray(profits(asked), dtype=np.float64)
    if paid.shape != asked.shape or not np.isfinite(paid).all():
        raise InvalidActionError(
            "level game",
            [
                f"the profits of {len(asked)} joint actions have the shape "
                f"{paid.shape} and {int((~np.isfinite(paid)).sum())} that are not "
                f"finite, expected {asked.shape} and none."
            ],
        )
    return paid


def _points_of(equilibria: Sequence[Sequence[int]], n_player: int) -> IntArray:
    if len(equilibria) and all(len(each) == n_player for each in equilibria):
        return np.array(equilibria, dtype=np.int64)
    raise InvalidConfigError(
        "equilibrium visits",
        [
            f"equilibria are {[tuple(each) for each in equilibria]}, expected at least "
            f"one joint action of {n_player} players."
        ],
    )
