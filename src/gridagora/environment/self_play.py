"""Self-play: strategies of all players evolve against each other in one market."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from gridagora.environment.kernels.generation import Rounds, play_rounds
from gridagora.environment.streams import RandomStreams
from gridagora.errors import InvalidConfigError
from gridagora.learning.checks import whole_fault
from gridagora.learning.neuroevolution import Neuroevolution
from gridagora.markets.markup_market import MarkupMarket
from gridagora.types.arrays import Columns, FloatArray

State = Mapping[str, NDArray[Any]]
"""Everything that a run needs to go on, as arrays by name."""

_LOW, _HIGH = 0.1, 0.9  # quantiles between which the middle 80 % lie
_PLAYER = ("markup", "markup_low", "markup_high", "profit_per_h", "price_per_kwh")
_MARKET = ("consumer_per_h", "producer_per_h", "rent_per_h", "mean_price_per_kwh")
_OWN = ("names", "stream", "players", "markets")
_LEARNER = "learner "  # before the names of the learner's arrays
_NAMED = 5  # players that a progress bar has room for


@final
class SelfPlay:
    """Plays generation after generation in a compiled loop, and keeps their history.

    In each round every player plays a strategy of its own pool, drawn at random; the
    market clears; each strategy takes in profit and price. After a generation the
    learner selects, crosses and mutates. It is the same as calling the learner's
    ``choose``, the market's ``clear`` and the learner's ``learn`` in turn with the
    stream ``self-play`` of the seed, and gives the same bytes.

    A market with several states (the hours of a day) goes through them in turn, round
    by round and on from one generation to the next; ``context`` says what strategies
    see of each.

    Attributes:
        market: The market.
        learner: The strategies of all players.
        last: The rounds of the last generation played here; ``None`` before any.

    Args:
        market: As above.
        learner: As above; one player for each of the market's. It goes on from what it
            has learned already.
        seed: Root of the random stream, >= 0.
        context: What strategies see in each state, best of order one. Shape
            ``(n_state, n_context)``; ``None`` for nothing.

    Raises:
        InvalidConfigError: The learner has another number of players than the market,
            ``context`` does not fit market and learner or is not finite, or the seed is
            not a whole number >= 0.

    Source:
        Trotscher, Simulating power markets with competitive self-play, a post on an
        unpublished article of 2009: its pseudocode.

    Example:
        Two equal units that can each serve the town alone compete its price down.

        >>> from gridagora.types.network import RadialNetwork
        >>> from gridagora.types.orders import Bid, CurveColumns, Offer
        >>> net = RadialNetwork.from_table({"bus": ["a"], "parent": [None]})
        >>> def unit(name):
        ...     return Offer.affine(name, "a", p_max=0.1, p_min=0.1, q_max=100.0)
        >>> town = Bid.affine("town", "a", p_max=1, p_min=1, q_max=100, q_min=100)
        >>> book = CurveColumns.of([unit("one"), unit("two"), town], net)
        >>> learner = Neuroevolution(2, low=0.0, high=0.1, price_origin=0.1)
        >>> play = SelfPlay(MarkupMarket(net, book), learner, seed=1)
        >>> play.run(60)
        >>> history = play.markets()
        >>> bool(history["mean_price_per_kwh"][-1] < history["mean_price_per_kwh"][0])
        True
    """

    def __init__(
        self,
        market: MarkupMarket,
        learner: Neuroevolution,
        *,
        seed: int,
        context: FloatArray | None = None,
    ) -> None:
        self.market = market
        self.learner = learner
        self.last: Rounds | None = None
        faults = []
        if learner.n_player != market.n_player:
            faults.append(
                f"the learner has {learner.n_player} players, the market "
                f"{market.n_player}: {', '.join(market.player)}; expected as many."
            )
        wanted = (market.n_state, learner.settings.n_context)
        seen = np.zeros((wanted[0], 0)) if context is None else context
        self._context: FloatArray = np.array(seen, dtype=np.float64, order="C")
        if self._context.shape != wanted:
            faults.append(
                f"context has the shape {self._context.shape}, expected {wanted}: a "
                "row for each state of the market, n_context of the settings in each."
            )
        elif not np.isfinite(self._context).all():
            faults.append("context is not finite, expected numbers of order one.")
        if faults:
            raise InvalidConfigError("self-play", faults)
        self._stream = RandomStreams(seed).stream("self-play")
        # One entry per generation, means of its rounds: a row per player, one in all.
        self._history: list[tuple[FloatArray, FloatArray]] = []

    @property
    def generation(self) -> int:
        """Number of generations played."""
        return len(self._history)

    def step(self) -> Rounds:
        """Play one generation.

        What stops it half-way, Ctrl-C too, leaves learner, stream and history as they
        were before it.

        Returns:
            What is now ``last``.

        Raises:
            ClearingError: The market found no exact dispatch.
            EpisodeError: Somebody else began a generation of the learner and has not
                finished it.
        """
        played, stream = self.generation, self._stream.bit_generator.state
        learner = self.learner.get_state()
        try:
            rounds = self._play()
            self._history.append(_means(rounds))
        except BaseException:
            del self._history[played:]
            self._stream.bit_generator.state = stream
            self.learner.set_state(learner)
            raise
        self.last = rounds
        return rounds

    def iterate(self, n_generation: int, *, progress: bool = True) -> Iterator[int]:
        """Play generations and yield the number of each when it is over, from 1.

        Args:
            n_generation: How many more, >= 0.
            progress: Whether to show a bar with the mean price and the mean markups of
                the first players, on standard error.

        Raises:
            InvalidConfigError: ``n_generation`` is not a whole number >= 0.
            ClearingError: See ``step``, like the next.
            EpisodeError: A generation of the learner is not finished.
        """
        if faults := whole_fault("n_generation", n_generation, least=0):
            raise InvalidConfigError("self-play", faults)
        return self._iterate(n_generation, progress=progress)

    def run(self, n_generation: int, *, progress: bool = False) -> None:
        """Play generations; see ``iterate``."""
        for _ in self.iterate(n_generation, progress=progress):
            pass

    def players(self) -> Columns:
        """Return one row per generation and player: what was played and earned.

        Returns:
            Columns ``generation``, ``player``, ``markup`` (mean over the rounds),
            ``markup_low`` and ``markup_high`` (the middle 80 % of what was played), in
            the unit of the market's markups; ``profit_per_h`` (mean, currency/h) and
            ``price_per_kwh`` (mean of what the player saw, currency/kWh).
        """
        n_player = self.market.n_player
        table = self._tables()["players"].reshape(-1, len(_PLAYER))
        return {
            "generation": np.repeat(np.arange(1, self.generation + 1), n_player),
            "player": list(self.market.player) * self.generation,
            **{name: table[:, at] for at, name in enumerate(_PLAYER)},
        }

    def markets(self) -> Columns:
        """Return one row per generation: means over its rounds.

        Returns:
            Columns ``generation``, ``consumer_per_h``, ``producer_per_h``,
            ``rent_per_h`` (currency/h) and ``mean_price_per_kwh`` (currency/kWh), as in
            ``MarkupRounds``.
        """
        table = self._tables()["markets"]
        return {
            "generation": np.arange(1, self.generation + 1),
            **{name: table[:, at] for at, name in enumerate(_MARKET)},
        }

    def get_state(self) -> dict[str, NDArray[Any]]:
        """Return copies of all that is needed to go on: a checkpoint.

        ``set_state`` of a new run with the same market, settings and context then goes
        on to the same bytes as a run that was never stopped. What the market has
        learned of itself is no part of it: that saves time and changes no answer.
        """
        learner = self.learner.get_state()
        return {
            "names": np.array(self.market.player),
            "stream": np.array(json.dumps(self._stream.bit_generator.state)),
            **self._tables(),
            **{_LEARNER + name: array for name, array in learner.items()},
        }

    def set_state(self, state: State) -> None:
        """Go on from a state of a run with the same market, settings and context.

        Raises:
            InvalidConfigError: It is not a state of such a run; nothing has changed.
        """
        learner = {
            name.removeprefix(_LEARNER): array
            for name, array in state.items()
            if name.startswith(_LEARNER)
        }
        faults = [f"has no array {name!r}." for name in _OWN if name not in state]
        faults += [
            f"has an array {name!r}, expected {', '.join(_OWN)} and the learner's."
            for name in state
            if name not in _OWN and not name.startswith(_LEARNER)
        ]
        if not faults:
            faults = _faults(state, self.market.player)
        if faults:
            raise InvalidConfigError("state of self-play", faults)
        stream = _stream_at(str(state["stream"]))
        self.learner.set_state(learner)
        self._stream = stream
        tables = [np.array(state[name], dtype=np.float64) for name in _OWN[2:]]
        self._history = list(zip(*tables, strict=True))
        self.last = None

    def _play(self) -> Rounds:
        self.learner.begin(self._stream)
        pick = self.learner.picks
        n_round, n_player = pick.shape
        state = (self.generation * n_round + np.arange(n_round)) % self.market.n_state
        rounds = Rounds(
            markup=np.zeros((n_round, n_player)),
            profit_per_h=np.zeros((n_round, n_player)),
            price_per_kwh=np.zeros((n_round, n_player)),
            total=np.zeros((n_round, len(_MARKET))),
            quantity_kw=np.zeros(self.market.order_player.size),
            bus_price_per_kwh=np.zeros(self.market.network.n_bus),
        )
        at, pool, seen = 0, self.learner.population, self._context
        while True:
            at = play_rounds(self.market.arrays(), pool, pick, state, seen, at, rounds)
            if at == n_round:
                break
            self.market.learn_region(rounds.markup[at], int(state[at]))
        self.learner.finish()
        return rounds

    def _iterate(self, n_generation: int, *, progress: bool) -> Iterator[int]:
        with _Bar(n_generation, self.market.player, shown=progress) as bar:
            for _ in range(n_generation):
                self.step()
                bar.show(*self._history[-1])
                yield self.generation

    def _tables(self) -> dict[str, NDArray[Any]]:
        """Return the history of players and of the market, by generation."""
        players = np.array([row for row, _ in self._history], dtype=np.float64)
        markets = np.array([row for _, row in self._history], dtype=np.float64)
        return {
            "players": players.reshape(-1, self.market.n_player, len(_PLAYER)),
            "markets": markets.reshape(-1, len(_MARKET)),
        }


def _means(rounds: Rounds) -> tuple[FloatArray, FloatArray]:
    """Return what is kept of a generation: of each player, and in all."""
    low, high = np.quantile(rounds.markup, (_LOW, _HIGH), axis=0)
    columns = [
        rounds.markup.mean(axis=0),
        low,
        high,
        rounds.profit_per_h.mean(axis=0),
        rounds.price_per_kwh.mean(axis=0),
    ]
    return np.array(columns).T, rounds.total.mean(axis=0)


def _faults(state: State, player: Sequence[str]) -> list[str]:
    """Return what is wrong with a state that has all its arrays."""
    faults = []
    names = np.atleast_1d(state["names"]).tolist()
    if names != list(player):
        faults.append(
            f"it is of the players {', '.join(map(str, names))}, expected "
            f"{', '.join(player)}."
        )
    wanted = {"players": (len(player), len(_PLAYER)), "markets": (len(_MARKET),)}
    for name, row in wanted.items():
        given = np.asarray(state[name])
        if given.shape[1:] != row or given.dtype != np.float64:
            faults.append(
                f"{name} has the shape {given.shape} and the type {given.dtype}, "
                f"expected rows of the shape {row} and the type float64."
            )
    sizes = [np.size(state[name], 0) if np.ndim(state[name]) else 0 for name in wanted]
    if sizes[0] != sizes[1]:
        faults.append(
            f"players has {sizes[0]} generations, markets {sizes[1]}; expected as many."
        )
    try:
        _stream_at(str(state["stream"]))
    except (ValueError, TypeError, KeyError, OverflowError):
        faults.append("stream is not what get_state writes of a random stream.")
    return faults


def _stream_at(text: str) -> np.random.Generator:
    """Return a random stream that goes on where another one was."""
    bits = np.random.PCG64(0)
    bits.state = json.loads(text)
    return np.random.Generator(bits)


class _Bar:
    """A progress bar with price and markups, or none."""

    def __init__(self, total: int, player: Sequence[str], *, shown: bool) -> None:
        self._player = player[:_NAMED]
        self._more = " ..." if len(player) > _NAMED else ""
        self._bar: Any = None
        if shown:
            from tqdm import tqdm  # a bar is rarely wanted, and the import costs time

            self._bar = tqdm(total=total, unit="generation")

    def __enter__(self) -> "_Bar":
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()

    def show(self, players: FloatArray, market: FloatArray) -> None:
        """Go on by one generation, given its means."""
        if self._bar is None:
            return
        asked = " ".join(
            f"{name} {markup:.4g}"
            for name, markup in zip(self._player, players[:, 0], strict=False)
        )
        price = market[_MARKET.index("mean_price_per_kwh")]
        text = f"price {price:.4g}, markups {asked}{self._more}"
        self._bar.set_postfix_str(text, refresh=False)
        self._bar.update()
