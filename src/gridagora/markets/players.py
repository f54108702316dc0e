"""Who declares which orders of a book, and what a markup does to them."""

from collections.abc import Mapping, Sequence

import numpy as np

from gridagora.errors import InvalidConfigError, InvalidOrderError, UnknownNameError
from gridagora.types.arrays import FloatArray, IntArray
from gridagora.types.orders import CurveColumns

NOBODY = -1
"""Player of an order that tells the truth."""


def check_states(books: Sequence[CurveColumns]) -> None:
    """Refuse books without both sides, and states of different orders.

    Raises:
        InvalidOrderError: Names every state at fault.
    """
    if not books:
        raise InvalidOrderError("orders", ["there is no book, expected at least one."])
    first, faults = books[0], []
    for state, book in enumerate(books):
        for side, missing in (
            ("bid", not book.is_bid.any()),
            ("offer", book.is_bid.all()),
        ):
            if missing:
                faults.append(f"state {state} has no {side}, expected at least one.")
        for name in ("participant", "bus", "is_bid", "start"):
            if not np.array_equal(getattr(book, name), getattr(first, name)):
                faults.append(
                    f"column {name} of state {state} differs from that of state 0; "
                    "states may differ in quantities and prices only."
                )
    if faults:
        raise InvalidOrderError("orders", faults)


def sellers(orders: CurveColumns) -> dict[str, tuple[str, ...]]:
    """Return every participant with an offer as a player for itself."""
    pairs = zip(orders.participant, orders.is_bid, strict=True)
    return {name: (name,) for name, is_bid in pairs if not is_bid}


def order_players(
    orders: CurveColumns, players: Mapping[str, Sequence[str]]
) -> IntArray:
    """Return the player who declares each order, -1 for nobody.

    Args:
        orders: Any book.
        players: Participants by player.

    Raises:
        InvalidConfigError: There is no player, one has no participants, or two share
            one.
        UnknownNameError: A participant has no order.
    """
    faults = [] if players else ["there is no player, expected at least one."]
    owner: dict[str, str] = {}
    for player, participants in players.items():
        if not participants or isinstance(participants, str):
            faults.append(
                f"player {player!r} has participants {participants!r}, expected a "
                "list of one name or more."
            )
            continue
        for name in participants:
            if name in owner:
                faults.append(
                    f"participant {name!r} belongs to {owner[name]!r} and to "
                    f"{player!r}, expected one player."
                )
            owner[name] = player
    if faults:
        raise InvalidConfigError("players", faults)
    for name in owner:
        if name not in orders.participant:
            raise UnknownNameError("participant", name, set(orders.participant))
    number = {player: at for at, player in enumerate(players)}
    return np.array(
        [number[owner[p]] if p in owner else NOBODY for p in orders.participant],
        dtype=np.int64,
    )


def check_players(
    books: Sequence[CurveColumns], players: Sequence[str], order_player: IntArray
) -> None:
    """Refuse players whose markup can change nothing.

    Raises:
        InvalidOrderError: Names every offer without capacity, and every player whose
            orders are all firm.
    """
    first = books[0]
    most = np.max([book.most_kw for book in books], axis=0)
    flexible = np.max([book.most_kw - book.firm_kw for book in books], axis=0) > 0.0
    empty = ~first.is_bid & (order_player >= 0) & (most == 0.0)
    faults = [
        f"the offer of {first.participant[at]!r} has a most quantity of 0 kW in every "
        "state: a generator with no capacity."
        for at in np.flatnonzero(empty)
    ]
    for at, player in enumerate(players):
        own = order_player == at
        if not np.any(own & (flexible | empty)):
            faults.append(
                f"all orders of player {player!r} are firm in every state, so that its "
                "markup changes no award; expected one with a flexible part."
            )
    if faults:
        raise InvalidOrderError("orders of players", faults)


def markup_weights(
    books: Sequence[CurveColumns], order_player: IntArray, *, relative: bool
) -> FloatArray:
    """Return what one unit of markup adds to the prices of each order.

    Args:
        books: One of each state.
        order_player: Player of each order.
        relative: Whether a markup is a part of the size of the first price.

    Returns:
        Positive for offers, negative for bids. Shape ``(n_state, n_order)``.
    """
    side = np.where(books[0].is_bid, -1.0, 1.0) * (order_player >= 0)
    first = np.array([np.abs(book.price_per_kwh[book.start[:-1]]) for book in books])
    return np.asarray(side * (first if relative else np.ones_like(first)))


def price_shares(books: Sequence[CurveColumns], order_player: IntArray) -> FloatArray:
    """Return the weight of each order in the price that its player sees.

    In proportion to most quantity; equal in a state where a player has none.

    Returns:
        Summing to 1 for each player; 0 for orders of nobody. Shape
        ``(n_state, n_order)``.
    """
    share = np.zeros((len(books), order_player.size))
    for at in range(int(order_player.max()) + 1):
        own = np.flatnonzero(order_player == at)
        most = np.array([book.most_kw[own] for book in books])
        most[most.sum(axis=1) == 0.0] = 1.0
        share[:, own] = most / most.sum(axis=1, keepdims=True)
    return share
