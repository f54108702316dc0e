"""The transmission grid: what it sends, what it takes note of, what it refuses."""

import math

import numpy as np
import pytest

from gridagora.agents.consumers import Consumers
from gridagora.agents.producers import Producers
from gridagora.agents.strategies import inelastic
from gridagora.agents.transmission import TransmissionGrid
from gridagora.environment.environment import Environment
from gridagora.errors import InvalidActionError, InvalidConfigError
from gridagora.grids.infinite_bus import InfiniteBusGrid
from gridagora.markets.nodal import NodalMarket
from gridagora.types.base import BaseMarket
from gridagora.types.dispatch import Outcome
from gridagora.types.network import RadialNetwork
from gridagora.types.preferences import Preferences

TREE = RadialNetwork.from_table({"bus": "ab", "parent": ["", "a"]})
HOME = Preferences.of_consumers(["home"], ["b"], p_max=9, p_min=9, q_max=3.0)
SUN = Preferences.of_producers(["sun"], ["b"], p_max=0, p_min=0, q_max=5.0)


def world(grid, sun_factors, n_intervals, **options):
    agents = [
        grid,
        Consumers(HOME, strategy=inelastic),
        Producers(SUN, factors=np.array(sun_factors)),
    ]
    market = NodalMarket(TREE, **options)
    env = Environment(
        InfiniteBusGrid("ab"), market, agents, n_intervals=n_intervals,
        interval_hours=0.5,
    )  # fmt: skip
    env.reset()
    return env


def message_of(make):
    with pytest.raises(InvalidConfigError) as caught:
        make()
    return str(caught.value)


def test_prices_follow_the_series_and_exports_earn_the_export_price():
    grid = TransmissionGrid("a", [5.0, 7.0], export_price_per_kwh=[1.0, 2.0])
    env = world(grid, [0.0, 1.0], 2)

    env.step()
    assert env.market.last.price_per_kwh.tolist() == [5.0, 5.0]
    assert (grid.import_kw, grid.export_kw) == (3.0, 0.0)
    env.step()
    assert env.market.last.price_per_kwh.tolist() == [2.0, 2.0]
    assert (grid.import_kw, grid.export_kw) == (0.0, 2.0)
    assert env.market.last_settlement.balance("transmission") == (
        1000,
        -2_000_000_000,
    )


def test_by_default_surplus_is_taken_for_nothing():
    grid = TransmissionGrid("a", 5.0)
    env = world(grid, [1.0], 1)
    env.step()

    assert env.market.last.price_per_kwh.tolist() == [0.0, 0.0]
    assert grid.export_kw == 2.0


def test_where_nothing_is_taken_back_surplus_is_curtailed():
    grid = TransmissionGrid("a", 5.0, export_price_per_kwh=None)
    env = world(grid, [1.0], 1)
    env.step()

    assert env.market.last.quantity_kw.tolist() == [0.0, 3.0, 3.0]
    assert grid.export_kw == 0.0
    assert np.isnan(grid.get_observation()["export_price_per_kwh"]).all()


def test_a_negative_price_needs_an_export_price_and_then_clears():
    # The feeder is paid 2 for each kWh it takes; the sun is switched off.
    grid = TransmissionGrid("a", -2.0, export_price_per_kwh=-3.0)
    env = world(grid, [1.0], 1)
    env.step()

    assert env.market.last.price_per_kwh.tolist() == [-2.0, -2.0]
    assert env.market.last.quantity_kw.tolist() == [3.0, 0.0, 3.0, 0.0]


def test_equal_prices_are_net_metering():
    grid = TransmissionGrid("a", 5.0, export_price_per_kwh=5.0)
    env = world(grid, [1.0], 1)
    env.step()

    assert (grid.import_kw, grid.export_kw) == (0.0, 2.0)
    assert env.market.last.price_per_kwh.tolist() == [5.0, 5.0]


def test_a_limit_that_was_asked_for_binds():
    grid = TransmissionGrid("a", 5.0, most_kw=2.0)
    env = world(grid, [0.0], 1)
    env.step()

    assert env.market.last.outcome is Outcome.INFEASIBLE
    assert grid.import_kw == 0.0
    limited = TransmissionGrid("a", 5.0, most_export_kw=0.5)
    env = world(limited, [1.0], 1)
    env.step()
    assert env.market.last.quantity_kw.tolist() == [0.0, 0.5, 3.0, 3.5]


def test_at_nodal_prices_it_gets_just_what_it_asks_for():
    grid = TransmissionGrid("a", [5.0, 5.0], export_price_per_kwh=1.0)
    env = world(grid, [0.0, 1.0], 2)
    env.step()
    assert grid.get_reward().tolist() == [0.0]
    env.step()
    assert grid.get_reward() == pytest.approx([0.0])


def test_its_share_of_a_rent_is_its_reward():
    # 3 kW would be served through a line of 2 kW and by gas at 8: rent 3 x 2, of which
    # the two sellers get 2 per kWh, for half an hour.
    line = TREE.with_limits({"a-b": 2.0})
    gas = Preferences.of_producers(["gas"], ["b"], p_max=8, p_min=8, q_max=9)
    grid = TransmissionGrid("a", 5.0)
    market = NodalMarket(line, settlement="rent-to-producers")
    env = Environment(
        InfiniteBusGrid("ab"),
        market,
        [grid, Consumers(HOME, strategy=inelastic), Producers(gas)],
        n_intervals=1,
        interval_hours=0.5,
    )
    env.reset()
    env.step()

    assert grid.get_reward() == pytest.approx([2.0 * 2.0 * 0.5])


def test_it_asks_nothing_of_the_physical_grid():
    grid = TransmissionGrid("a", 5.0)
    env = world(grid, [1.0], 1)
    env.step()

    assert grid.get_grid_actions().participant == ()
    assert env.grid.asked_kw.tolist() == [0.0, -2.0]


def test_it_sees_its_prices_and_what_passed():
    grid = TransmissionGrid("a", [5.0, 6.0], name="tso")
    env = world(grid, [0.0, 1.0], 2)
    assert np.isnan(grid.get_observation()["award_price_per_kwh"]).all()
    env.step()
    seen = {
        name: np.asarray(one).tolist() for name, one in grid.get_observation().items()
    }

    assert seen == {
        "participant": ["tso"],
        "bus": ["a"],
        "interval": [0],
        "price_per_kwh": [5.0],
        "export_price_per_kwh": [0.0],
        "import_kw": [3.0],
        "export_kw": [0.0],
        "award_price_per_kwh": [5.0],
    }
    assert env.record.table("transmission")["import_kw"].tolist() == [3.0]
    env.reset()
    assert grid.import_kw == 0.0


def test_without_a_clearing_it_forgets():
    class NoRounds(NodalMarket):
        @property
        def done(self):
            return True

    grid = TransmissionGrid("a", 5.0)
    env = Environment(InfiniteBusGrid("ab"), NoRounds(TREE), [grid], n_intervals=1)
    env.reset()
    env.step()

    assert grid.get_reward().tolist() == [0.0]


def test_exports_above_the_price_are_refused_with_the_intervals():
    assert message_of(lambda: TransmissionGrid("a", [5.0, -1.0, 3.0, -2.0])) == (
        "agent 'transmission': export_price_per_kwh is 0 in interval 1, expected at "
        "most the price of -1: power would be bought and sold back at a gain. "
        "export_price_per_kwh is 0 in interval 3, expected at most the price of -2: "
        "power would be bought and sold back at a gain."
    )
    assert message_of(lambda: TransmissionGrid("a", 2.0, export_price_per_kwh=3.0)) == (
        "agent 'transmission': export_price_per_kwh is 3, expected at most the price "
        "of 2: power would be bought and sold back at a gain."
    )


def test_every_other_fault_is_named_at_once():
    assert message_of(
        lambda: TransmissionGrid(
            "a", [[math.nan]], export_price_per_kwh=math.inf, most_kw=-1.0,
            most_export_kw=math.nan,
        )
    ) == (
        "agent 'transmission': price_per_kwh has the shape (1, 1), expected a number "
        "or one series. price_per_kwh is not finite everywhere. export_price_per_kwh "
        "is not finite everywhere. most_kw is -1.0, expected >= 0 kW. most_export_kw "
        "is nan, expected >= 0 kW."
    )  # fmt: skip
    assert message_of(
        lambda: TransmissionGrid("a", [1.0, 2.0], export_price_per_kwh=[0.0])
    ) == (
        "agent 'transmission': there are 2 prices and 1 export prices, expected as "
        "many."
    )


def test_a_series_that_is_too_short_is_refused_at_the_start():
    grid = TransmissionGrid("a", [5.0, 6.0])
    assert message_of(lambda: world(grid, [0.0] * 3, 3)) == (
        "agent 'transmission': price_per_kwh has 2 numbers, expected one, or at least "
        "one for each of the environment's 3 intervals."
    )


def test_a_market_of_another_kind_is_refused():
    class Auction(BaseMarket):
        order_type = "negotiation"

        def reset(self):
            pass

        def step(self):
            pass

    grid = TransmissionGrid("a", 5.0)
    env = Environment(InfiniteBusGrid("ab"), Auction(), [grid], n_intervals=1)
    env.reset()
    with pytest.raises(InvalidActionError, match="type 'negotiation'"):
        env.step()
