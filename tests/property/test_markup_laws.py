"""Laws of clearing under markups, on random trees and meshes with random players."""

from collections import Counter
from typing import Any

import numpy as np
import pytest
from random_markets import random_market
from random_meshed import random_meshed_market

from gridagora.errors import ClearingError, InvalidConfigError, InvalidOrderError
from gridagora.markets.markup_market import MarkupMarket
from gridagora.markets.surplus import welfare_per_h
from gridagora.types.preferences import curve_integral_per_h

COUNTS = [40, pytest.param(1_000, marks=pytest.mark.validate)]
KINDS = ("smooth", "smooth", "grid", "inelastic", "near", "wide")
N_ROUND = 12


def markets(draw, count, seed):
    """Draw markets that can be played, and markups for some rounds of each.

    Where slopes of 1e-9 of the price span meet, the general engine may refuse a
    clearing with an error; such markets are left out, and only there.
    """
    rng = np.random.default_rng(seed)
    played = 0
    while played < count:
        kind = str(rng.choice(KINDS))
        network, orders, _ = draw(rng, kind)
        options: dict[str, Any] = {"relative": bool(rng.random() < 0.2)}
        names = sorted(set(orders.participant))
        if rng.random() < 0.3:  # two players with some orders each, bids included
            mine = rng.permutation(names)
            options["players"] = {"x": list(mine[::3]), "y": list(mine[1::3])}
        try:
            market = MarkupMarket(network, orders, **options)
        except (InvalidOrderError, InvalidConfigError):
            continue  # one-sided, or players with nothing to decide
        except ClearingError as error:
            assert "cannot be cleared" in str(error) or kind in ("near", "wide")
            continue
        size = 1.0 if options["relative"] else np.abs(orders.price_per_kwh).max()
        markup = rng.uniform(-0.3, 1.0, (N_ROUND, market.n_player)) * (size or 1.0)
        if rng.random() < 0.3:  # levels: ties and boundaries
            markup = np.round(2.0 * markup / size) * size / 2.0 if size else markup
        try:
            rounds = market.clear(markup)
        except ClearingError:
            assert kind in ("near", "wide")
            continue
        played += 1
        yield market, options, markup, rounds, rng


def scales(orders):
    power = float(orders.quantity_kw.max()) or 1.0
    price = orders.price_per_kwh
    return power, float(max(price.max(), 0.0) - min(price.min(), 0.0)) or 1.0


@pytest.mark.parametrize("count", COUNTS)
def test_every_round_on_loops_is_the_general_engines_dispatch(count):
    seen: Counter[str] = Counter()
    for market, _, markup, rounds, _ in markets(random_meshed_market, count, 1):
        for at, row in enumerate(markup):
            dispatch = market.dispatch(row)
            power, span = scales(dispatch.orders)
            assert rounds.quantity_kw[at] == pytest.approx(
                dispatch.quantity_kw, abs=1e-9 * power
            )
            assert rounds.price_per_kwh[at] == pytest.approx(
                dispatch.price_per_kwh, abs=1e-9 * span
            )
            seen["rounds"] += 1
            seen["congested"] += bool(dispatch.binding.any())
        seen.update(dict(zip(("regions", "points"), market.n_known, strict=True)))
    assert seen["congested"] > 0.15 * seen["rounds"]
    assert seen["points"] > 0.05 * seen["rounds"]
    assert seen["regions"] + seen["points"] < 0.75 * seen["rounds"]  # many are reused


@pytest.mark.parametrize("count", COUNTS)
def test_every_round_on_a_tree_is_the_general_engines_dispatch(count):
    for market, _, markup, rounds, _ in markets(random_market, count, 2):
        for at, row in enumerate(markup):
            dispatch = market.dispatch(row)
            assert rounds.quantity_kw[at].tobytes() == dispatch.quantity_kw.tobytes()
            assert (
                rounds.price_per_kwh[at].tobytes() == dispatch.price_per_kwh.tobytes()
            )


@pytest.mark.parametrize("draw", [random_market, random_meshed_market])
def test_gains_of_all_add_up_to_the_welfare(draw):
    for market, _, markup, rounds, _ in markets(draw, 40, 3):
        orders = market.orders[0]
        power, span = scales(orders)
        for at, row in enumerate(markup):
            area = curve_integral_per_h(orders, rounds.quantity_kw[at])
            welfare = float(np.where(orders.is_bid, area, -area).sum())
            parts = (
                rounds.consumer_per_h[at]
                + rounds.producer_per_h[at]
                + rounds.rent_per_h[at]
            )
            money = np.abs(rounds.price_per_kwh[at]).max() * power * orders.n_order
            assert parts == pytest.approx(welfare, abs=1e-9 * (money + power * span))
            if not row.any():
                best = welfare_per_h(market.dispatch(row))
                assert welfare == pytest.approx(best, abs=1e-9 * power * span)


@pytest.mark.parametrize("draw", [random_market, random_meshed_market])
def test_no_markup_raises_the_welfare(draw):
    for market, _, _, rounds, _ in markets(draw, 40, 4):
        power, span = scales(market.orders[0])
        truth = welfare_per_h(market.dispatch(np.zeros(market.n_player)))
        total = rounds.consumer_per_h + rounds.producer_per_h + rounds.rent_per_h
        slack = 1e-7 * power * (span + np.abs(rounds.price_per_kwh).max())
        assert np.all(total <= truth + slack * market.orders[0].n_order)


@pytest.mark.parametrize("draw", [random_market, random_meshed_market])
def test_players_gain_what_their_orders_gain(draw):
    for market, _, _, rounds, _ in markets(draw, 30, 5):
        orders = market.orders[0]
        for at in range(N_ROUND):
            area = curve_integral_per_h(orders, rounds.quantity_kw[at])
            money = rounds.price_per_kwh[at][orders.bus] * rounds.quantity_kw[at]
            gain = np.where(orders.is_bid, area - money, money - area)
            own = market.order_player >= 0
            expected = np.bincount(
                market.order_player[own], gain[own], minlength=market.n_player
            )
            scale = np.abs(money).max() + np.abs(area).max()
            assert rounds.profit_per_h[at] == pytest.approx(
                expected, abs=1e-9 * scale, rel=1e-9
            )


def test_results_do_not_depend_on_which_regions_are_known():
    for market, options, markup, rounds, rng in markets(random_meshed_market, 40, 6):
        order = rng.permutation(N_ROUND)
        other = MarkupMarket(market.network, market.orders, **options)
        other.clear(markup[order[:3]] * 0.7)
        again = other.clear(markup[order])
        assert again.quantity_kw.tobytes() == rounds.quantity_kw[order].tobytes()
        assert again.price_per_kwh.tobytes() == rounds.price_per_kwh[order].tobytes()


def test_a_batch_of_states_is_its_rounds_one_by_one():
    for market, options, markup, _, rng in markets(random_meshed_market, 15, 7):
        first = market.orders[0]
        both = MarkupMarket(market.network, (first, first), **options)
        state = rng.integers(0, 2, N_ROUND)
        batch = both.clear(markup, state)
        for at in range(N_ROUND):
            one = both.clear(markup[at : at + 1], state[at : at + 1])
            assert one.profit_per_h[0].tobytes() == batch.profit_per_h[at].tobytes()
