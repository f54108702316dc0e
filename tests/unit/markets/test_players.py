"""Who declares which orders, and what a markup does to them."""

import numpy as np
import pytest

from gridagora.errors import InvalidConfigError, InvalidOrderError, UnknownNameError
from gridagora.markets.players import (
    check_players,
    check_states,
    markup_weights,
    order_players,
    price_shares,
    sellers,
)
from gridagora.types.network import RadialNetwork
from gridagora.types.orders import Bid, CurveColumns, Offer

PAIR = RadialNetwork.from_table({"bus": ["a", "b"], "parent": [None, "a"]})


def book(wind_kw=10.0, coal_price=2.0, **changes):
    orders = {
        "wind": Offer.affine("wind", "a", p_max=-1.0, p_min=-1.0, q_max=wind_kw),
        "coal": Offer.affine("coal", "b", p_max=4.0, p_min=coal_price, q_max=30.0),
        "mill": Bid.affine("coal", "a", p_max=5.0, p_min=3.0, q_max=10.0),
        "town": Bid.affine("town", "b", p_max=9.0, p_min=9.0, q_max=5.0, q_min=5.0),
        **changes,
    }
    return CurveColumns.of([order for order in orders.values() if order], PAIR)


def test_by_default_whoever_offers_plays_for_itself():
    assert sellers(book()) == {"wind": ("wind",), "coal": ("coal",)}


def test_a_player_declares_all_orders_of_its_participants():
    owner = order_players(book(), {"both": ["town", "coal"]})

    assert owner.tolist() == [-1, 0, 0, 0]


def test_players_that_share_or_lack_participants_are_refused_at_once():
    with pytest.raises(InvalidConfigError) as caught:
        order_players(book(), {"x": ["wind"], "y": ["wind"], "z": [], "w": "wind"})

    assert str(caught.value) == (
        "players: participant 'wind' belongs to 'x' and to 'y', expected one player. "
        "player 'z' has participants [], expected a list of one name or more. "
        "player 'w' has participants 'wind', expected a list of one name or more."
    )


def test_a_market_without_players_is_refused():
    with pytest.raises(InvalidConfigError) as caught:
        order_players(book(), {})

    assert str(caught.value) == "players: there is no player, expected at least one."


def test_a_participant_without_orders_is_refused():
    with pytest.raises(UnknownNameError) as caught:
        order_players(book(), {"x": ["wnd"]})

    assert str(caught.value) == (
        "no participant is called 'wnd'. Did you mean 'wind'? Known: coal, town, wind."
    )


def test_offers_without_capacity_and_firm_players_are_refused_at_once():
    books = [book(wind_kw=0.0), book(wind_kw=0.0)]
    owner = order_players(books[0], {"wind": ["wind"], "town": ["town"]})

    with pytest.raises(InvalidOrderError) as caught:
        check_players(books, ["wind", "town"], owner)

    assert str(caught.value) == (
        "orders of players: the offer of 'wind' has a most quantity of 0 kW in every "
        "state: a generator with no capacity. all orders of player 'town' are firm in "
        "every state, so that its markup changes no award; expected one with a "
        "flexible part."
    )


def test_capacity_in_one_state_is_enough():
    books = [book(wind_kw=0.0), book(wind_kw=1.0)]

    check_players(books, ["wind"], order_players(books[0], {"wind": ["wind"]}))


def test_states_of_other_orders_and_one_sided_books_are_refused_at_once():
    books = [book(), book(wind=None, coal=None)]

    with pytest.raises(InvalidOrderError) as caught:
        check_states(books)

    tail = " of state 1 differs from that of state 0; states may differ in quantities "
    assert str(caught.value) == (
        "orders: state 1 has no offer, expected at least one. "
        f"column participant{tail}and prices only. column bus{tail}and prices only. "
        f"column is_bid{tail}and prices only. column start{tail}and prices only."
    )
    with pytest.raises(InvalidOrderError, match="state 0 has no bid"):
        check_states([book(mill=None, town=None)])


def test_no_book_at_all_is_refused():
    with pytest.raises(InvalidOrderError) as caught:
        check_states([])

    assert str(caught.value) == ("orders: there is no book, expected at least one.")


def test_markups_raise_offers_and_lower_bids_of_players_only():
    books = [book()]
    owner = order_players(books[0], {"wind": ["wind"], "coal": ["coal"]})

    weight = markup_weights(books, owner, relative=False)
    assert weight.tolist() == [[1.0, 1.0, -1.0, 0.0]]


def test_relative_markups_are_parts_of_the_first_price_of_each_state():
    # A cost of -1 is raised by a markup, too: its size counts.
    books = [book(), book(coal_price=3.0)]
    owner = order_players(books[0], {"wind": ["wind"], "coal": ["coal"]})

    weight = markup_weights(books, owner, relative=True)
    assert weight.tolist() == [[1.0, 2.0, -5.0, 0.0], [1.0, 3.0, -5.0, 0.0]]


def test_a_player_sees_its_prices_in_proportion_to_most_quantity():
    # Coal has 30 kW at b and 10 kW at a; wind is alone, also in the state without wind.
    books = [book(), book(wind_kw=0.0)]
    owner = order_players(books[0], {"wind": ["wind"], "coal": ["coal"]})

    share = price_shares(books, owner)
    assert share.tolist() == [[1.0, 0.75, 0.25, 0.0]] * 2
    assert np.bincount(owner[:3], share[0, :3]).tolist() == [1.0, 1.0]
