"""Players who evolve the markup at which they declare their curves."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, final

import numpy as np

from gridagora.agents.participants import CurveParticipants
from gridagora.agents.strategies import marked_up
from gridagora.errors import InvalidActionError, InvalidConfigError
from gridagora.types.arrays import BoolArray, Columns, FloatArray, IntArray
from gridagora.types.dispatch import Dispatch, Outcome
from gridagora.types.learner import ScalarLearner
from gridagora.types.preferences import Preferences
from gridagora.types.storage import Storage

Context = Callable[[Any], FloatArray]
"""Takes the environment, returns what players see of the interval to come. Shape
``(n_context,)``."""

_WITH_DISPATCH = (Outcome.CLEARED, Outcome.ONE_SIDED)
_NEVER = -1
_NOBODY = -1


@final
class EvolvingBidders(CurveParticipants):
    """Players of any market of curves whose markups a learner of numbers chooses.

    Once in each interval, in the market's first round, the learner chooses one markup
    for each player. The player's offers are declared that much dearer than they are,
    its bids that much less worth, at every corner; slopes and quantities stay. When the
    market is done the learner is told the player's reward, the private surplus of its
    participants at the prices and the money of the settlement, as ``get_reward``
    returns it, and the price that the player saw: the mean of what its orders pay or
    get, weighted by their most quantity.

    The learner is told nothing in an interval without a dispatch (a firm load that
    cannot be met): the reward then is 0 whatever was declared, and no markup was to
    blame. A player without a choice in an interval, all its quantities being firm or 0,
    sits out: its reward reads NaN to the learner.

    Draws come from the agent's stream. ``reset`` keeps what was learned. In a market
    that is cleared again and again with nothing else changing ``SelfPlay`` does the
    same much faster.

    Attributes:
        player: Names of the players, in the order of the learner's rows.
        learner: Chooses and learns.
        markup: Markups of the last interval, NaN where there was none. Currency/kWh,
            or with ``relative`` a part of the first price. Shape ``(n_player,)``.

    Args:
        preferences: Private curves, of producers, consumers or both.
        learner: One row for each player; ``learning.Neuroevolution`` for instance.
        players: Participants who play, or for each player the participants whose
            curves it declares. All others tell the truth. Every participant is a
            player of its own when ``None``.
        relative: Whether a markup is a part of the price at which each private curve
            begins, which then is > 0, instead of currency/kWh.
        context: What players see of the interval to come besides what they remember,
            e.g. the load of the hour.
        factors: Multiplies all quantities in each interval, >= 0. Shape
            ``(n_interval,)`` or ``(n_interval, n_participant)``.
        storage: What the power comes from; nobody is awarded more than is left in it.
        name: Name of the agent.

    Raises:
        InvalidConfigError: Players who are unknown, named twice or nobody, a learner
            with another number of players, or ``relative`` where a curve begins at a
            price that is not > 0; lists all.

    Source:
        Krause, Beck, Cherkaoui, Germond, Andersson and Ernst, A comparison of Nash
        equilibria analysis and agent-based modelling for power markets, 2006: the
        markup on the marginal cost at no output.
    """

    def __init__(  # noqa: PLR0913  (a population and how it plays, by keyword)
        self,
        preferences: Preferences,
        *,
        learner: ScalarLearner,
        players: Sequence[str] | Mapping[str, Sequence[str]] | None = None,
        relative: bool = False,
        context: Context | None = None,
        factors: FloatArray | None = None,
        storage: Storage | None = None,
        name: str = "",
    ) -> None:
        super().__init__(preferences, factors=factors, storage=storage, name=name)
        table = _table_of(players, preferences.participant)
        self.player = tuple(table)
        self.learner = learner
        self.markup = self._no_markup()
        self._context = context
        self._chosen_in = _NEVER
        first = preferences.price_per_kwh[preferences.start[:-1]]
        faults = _player_faults(table, preferences.participant)
        faults += _learner_faults(learner, self.player)
        self._owner = _owners(table, preferences.participant)
        if relative:
            faults += _price_faults(preferences.participant, first, self._owner)
        if faults:
            raise InvalidConfigError(f"agent {self.name!r}", faults)
        # What one unit of markup adds to the prices of each participant's curve.
        self._weight = np.where(preferences.is_bid, -1.0, 1.0)
        if relative:
            self._weight *= first
        self._owns = self._owner == np.arange(len(table))[:, None]
        self._share = _shares(self._owns, preferences.most_kw)

    @property
    def player_reward(self) -> FloatArray:
        """Each player's surplus in the last interval. Currency. ``(n_player,)``."""
        reward: FloatArray = self._owns @ self.get_reward()
        return reward

    @property
    def player_price_per_kwh(self) -> FloatArray:
        """Price that each player saw last, NaN before any. Shape ``(n_player,)``."""
        own = np.where(self._owns, self.price_per_kwh, 0.0)
        price: FloatArray = (self._share * own).sum(axis=1)
        return price

    def reset(self) -> None:
        """Forget awards, prices and the last markups, not what was learned.

        Raises:
            InvalidConfigError: ``factors`` do not cover the environment's intervals.
        """
        super().reset()
        self.markup = self._no_markup()
        self._chosen_in = _NEVER

    def set_market_actions(self) -> None:
        """Choose markups in the first round of an interval, and declare the curves.

        Raises:
            InvalidActionError: The market's order type is not supported, or the
                learner did not choose one finite number for each player.
            UnknownNameError: A bus is not in the market's network.
        """
        if self._chosen_in != self.env.t:
            self._choose()
            self._chosen_in = self.env.t
        super().set_market_actions()

    def set_grid_actions(self) -> None:
        """Draw or inject what was awarded, and learn from what it brought."""
        super().set_grid_actions()
        dispatch: Dispatch | None = self.env.market.last
        if self._chosen_in != self.env.t:
            self.markup = self._no_markup()
        elif dispatch is not None and dispatch.outcome in _WITH_DISPATCH:
            self._learn()

    def get_observation(self) -> Columns:
        """Return what every population sees, and the last markup of each player."""
        markup = np.append(self.markup, np.nan)[self._owner]  # -1, nobody, is the NaN
        return {**super().get_observation(), "markup": markup}

    def record(self) -> Mapping[str, Columns]:
        """Return the table ``markups``: what players asked, saw and got."""
        return {
            "markups": {
                "player": self.player,
                "markup": self.markup,
                "price_per_kwh": self.player_price_per_kwh,
                "reward": self.player_reward,
            }
        }

    def _choose(self) -> None:
        seen = None if self._context is None else self._context(self.env)
        chosen = self.learner.choose(self.env.stream(self.name), seen)
        self.markup = self._checked(chosen)
        markup = np.append(self.markup, 0.0)[self._owner]
        self.strategy = marked_up(adder_per_kwh=self._weight * markup)

    def _learn(self) -> None:
        has_choice = self._owns @ (self.present.most_kw > self.present.firm_kw) > 0
        reward = np.where(has_choice, self.player_reward, np.nan)
        self.learner.learn(self.markup, reward, self.player_price_per_kwh)

    def _checked(self, chosen: FloatArray) -> FloatArray:
        markup = np.array(chosen, dtype=np.float64)
        if markup.shape == (len(self.player),) and np.isfinite(markup).all():
            return markup
        raise InvalidActionError(
            f"markups of {self.name!r}",
            [
                f"the learner chose {markup.tolist()}, expected one finite number for "
                f"each of {len(self.player)} players."
            ],
        )

    def _no_markup(self) -> FloatArray:
        return np.full(len(self.player), np.nan)


def _table_of(
    players: Sequence[str] | Mapping[str, Sequence[str]] | None,
    participants: Sequence[str],
) -> dict[str, tuple[str, ...]]:
    """Return the participants of each player, a name given twice standing there so."""
    if isinstance(players, Mapping):
        return {player: tuple(own) for player, own in players.items()}
    if players is None:
        return {name: (name,) for name in participants}
    return {name: (name,) * list(players).count(name) for name in players}


def _player_faults(
    table: Mapping[str, Sequence[str]], participants: Iterable[str]
) -> list[str]:
    known = sorted(set(participants))
    named = [name for own in table.values() for name in own]
    faults = [
        f"player {player!r} has no participants, expected at least one."
        for player, own in table.items()
        if not own
    ]
    faults += [
        f"players name {name!r}, expected one of {', '.join(known)}."
        for name in dict.fromkeys(named)
        if name not in known
    ]
    faults += [
        f"players name {name!r} {named.count(name)} times, expected once at most."
        for name in dict.fromkeys(named)
        if named.count(name) > 1
    ]
    return faults if table else ["there are no players, expected at least one."]


def _learner_faults(learner: ScalarLearner, player: Sequence[str]) -> list[str]:
    if learner.n_player == len(player):
        return []
    return [
        f"the learner has {learner.n_player} players, expected {len(player)}: "
        f"{', '.join(player)}."
    ]


def _price_faults(
    participants: Sequence[str], first_per_kwh: FloatArray, owner: IntArray
) -> list[str]:
    return [
        f"the curve of {participants[at]!r} begins at the price "
        f"{first_per_kwh[at]:g}, of which a markup cannot be a part; expected > 0, or "
        "relative=False."
        for at in np.flatnonzero((owner != _NOBODY) & (first_per_kwh <= 0.0)).tolist()
    ]


def _owners(
    table: Mapping[str, Sequence[str]], participants: Sequence[str]
) -> IntArray:
    """Return the player that declares each curve, -1 for nobody."""
    place = {name: at for at, own in enumerate(table.values()) for name in own}
    owners = [place.get(name, _NOBODY) for name in participants]
    return np.array(owners, dtype=np.int64)


def _shares(owns: BoolArray, most_kw: FloatArray) -> FloatArray:
    """Return the weight of each curve in its player's price; they add up to 1."""
    size = owns * most_kw
    size = np.where(size.sum(axis=1, keepdims=True) > 0.0, size, owns)
    shares: FloatArray = size / size.sum(axis=1, keepdims=True)
    return shares
