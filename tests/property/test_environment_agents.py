# mypy: allow-untyped-defs, allow-untyped-calls
"""Laws of populations, preferences and scenarios."""

from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gridagora.agents.awards import own_rows
from gridagora.agents.best_response import best_markup, without
from gridagora.agents.strategies import flexible_mix, inelastic, marked_up
from gridagora.types.orders import CurveColumns
from gridagora.types.preferences import CurveIntegral, Preferences, integral_of
from gridagora.types.scenario import Scenario
from gridagora.types.time import Horizon

grid = st.integers(0, 8).map(float)


class Buses:
    def bus_index(self, name):
        return int(name)


@st.composite
def curves(draw, *, is_bid=None):
    """Curves with one to five corners, many of them vertical or horizontal."""
    count = draw(st.integers(1, 5))
    bids = [draw(st.booleans()) if is_bid is None else is_bid for _ in range(count)]
    start, quantity, price = [0], [], []
    for bid in bids:
        size = draw(st.integers(1, 5))
        corners = st.lists(grid, min_size=size, max_size=size)
        quantity += sorted(draw(corners))
        price += sorted(draw(corners), reverse=bid)
        start.append(start[-1] + size)
    return Preferences(
        tuple(f"p{at}" for at in range(count)),
        tuple(str(draw(st.integers(0, 2))) for _ in range(count)),
        np.array(bids),
        np.array(start, dtype=np.int64),
        np.array(quantity),
        np.array(price),
    )


def area_by_hand(preferences, at, quantity):
    """Integrate one curve piece by piece, in plain Python."""
    corners = range(preferences.start[at], preferences.start[at + 1])
    q, p = preferences.quantity_kw[corners], preferences.price_per_kwh[corners]
    area = p[0] * min(quantity, q[0])
    for k in range(len(q) - 1):
        part = min(max(quantity - q[k], 0.0), q[k + 1] - q[k])
        if part:
            end = p[k] + (p[k + 1] - p[k]) * part / (q[k + 1] - q[k])
            area += part * (p[k] + end) / 2
    return area + p[-1] * max(quantity - q[-1], 0.0)


@settings(max_examples=150, deadline=None)
@given(curves(), st.data())
def test_areas_are_those_of_piece_by_piece_integration(preferences, data):
    count = preferences.n_participant
    at = np.array([data.draw(st.integers(0, 20)) / 2 for _ in range(count)])
    expected = [area_by_hand(preferences, k, at[k]) for k in range(count)]
    assert integral_of(preferences)(at) == pytest.approx(expected, abs=1e-12)
    orders = preferences.curves(Buses())
    assert CurveIntegral.of(orders)(at) == pytest.approx(expected, abs=1e-12)


@settings(max_examples=100, deadline=None)
@given(curves(is_bid=True), st.data())
def test_a_mix_is_elastic_for_the_chosen_and_firm_for_the_others(preferences, data):
    chosen = data.draw(st.sets(st.sampled_from(preferences.participant)))
    mixed = flexible_mix(chosen)(preferences)
    firm = inelastic(preferences)
    assert np.array_equal(firm.firm_kw, preferences.most_kw)
    for at, name in enumerate(preferences.participant):
        corners = slice(preferences.start[at], preferences.start[at + 1])
        wanted = preferences if name in chosen else firm
        assert np.array_equal(mixed.quantity_kw[corners], wanted.quantity_kw[corners])


@settings(max_examples=100, deadline=None)
@given(curves(), st.integers(-3, 3), st.integers(0, 3))
def test_a_markup_moves_every_price_and_no_quantity(preferences, adder, factor):
    declared = marked_up(adder_per_kwh=adder, factor=factor)(preferences)
    expected = preferences.price_per_kwh * factor + adder
    assert np.array_equal(declared.price_per_kwh, expected)
    assert np.array_equal(declared.quantity_kw, preferences.quantity_kw)


@settings(max_examples=100, deadline=None)
@given(curves(), curves(), st.randoms())
def test_own_orders_are_found_wherever_they_were_put(mine, others, random):
    own = mine.curves(Buses())
    orders = CurveColumns.joined([own, others.curves(Buses())])
    order = list(range(orders.n_order))
    random.shuffle(order)
    parts = [without(orders, np.delete(np.arange(len(order)), row)) for row in order]
    shuffled = CurveColumns.joined(parts)
    rows = own_rows(own, shuffled)
    assert len(set(rows.tolist())) == own.n_order
    assert [shuffled.participant[row] for row in rows] == list(own.participant)
    assert np.array_equal(shuffled.bus[rows], own.bus)
    assert np.array_equal(shuffled.is_bid[rows], own.is_bid)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(-5, 5), min_size=2, max_size=9), st.integers(0, 2))
@example([0, 0, 1, 0, 0, 0, 0], 2)  # a refined markup two ulp below 2 pays as much
def test_the_best_markup_is_never_beaten_and_the_smallest_of_its_kind(
    profits, refinements
):
    markups = np.arange(len(profits), dtype=np.float64)

    def profit(markup):
        return float(np.interp(markup, markups, profits))

    markup, best = best_markup(profit, markups, refinements=refinements)
    # linear between candidates: the best is one of them, or equal to it by the rule
    # that profits within 1e-9 are equal
    assert best == pytest.approx(max(profits), rel=0, abs=1e-9 * max(1, *profits))
    assert markup <= markups[int(np.argmax(profits))] + 1e-9


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from([300, 600, 900, 1800, 3600]),
    st.sampled_from([60, 300, 600, 900, 1200, 1800, 3600, 7200]),
    st.integers(1, 4),
    st.data(),
)
def test_resampling_keeps_energy(old_s, new_s, n_common, data):
    n_interval = n_common * np.lcm(old_s, new_s) // old_s
    load = [data.draw(st.integers(0, 1000)) for _ in range(int(n_interval))]
    start = datetime(2026, 1, 1, tzinfo=UTC)
    horizon = Horizon(start, old_s / 3600, int(n_interval), "Europe/Berlin")
    given_ = Scenario.of(horizon, {"load_kw": load})
    other = given_.resampled(new_s / 3600)
    energy = given_.values.sum() * old_s / 3600
    assert other.values.sum() * new_s / 3600 == pytest.approx(energy, rel=1e-12)
    hours = other.horizon.interval_hours * other.horizon.n_intervals
    assert hours == pytest.approx(n_interval * old_s / 3600)
