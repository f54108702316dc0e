import numpy as np
import pytest

from gridagora.agents.consumers import Consumers
from gridagora.agents.evolving_bidders import EvolvingBidders
from gridagora.agents.producers import Producers
from gridagora.environment.environment import Environment
from gridagora.errors import InvalidActionError, InvalidConfigError
from gridagora.grids.infinite_bus import InfiniteBusGrid
from gridagora.grids.linear import Linearizer
from gridagora.grids.opendss_grid import OpenDSSGrid
from gridagora.learning.genetic import GeneticSettings
from gridagora.learning.neuroevolution import Neuroevolution
from gridagora.markets.dlmp import DLMPMarket
from gridagora.markets.markup_market import MarkupMarket
from gridagora.markets.nodal import NodalMarket
from gridagora.types.grid_limits import GridLimits
from gridagora.types.network import Network, RadialNetwork
from gridagora.types.orders import CurveColumns
from gridagora.types.preferences import Preferences

ONE_BUS = RadialNetwork.from_table({"bus": ["a"], "parent": [""]})
ONE = Preferences.of_producers(["me"], ["a"], p_max=2.0, p_min=2.0, q_max=10.0)
PAIR = Preferences.of_producers(
    ["one", "two"], ["a", "a"], p_max=2.0, p_min=2.0, q_max=[10.0, 30.0]
)
BOTH = Preferences(
    ("me", "anna"),
    ("a", "a"),
    np.array([False, True]),
    np.array([0, 2, 4]),
    np.array([0.0, 10.0, 0.0, 4.0]),
    np.array([2.0, 3.0, 9.0, 8.0]),
)


class Scripted:
    """A learner that does what it is told, and notes what it is told back."""

    def __init__(self, *markups):
        self.n_player = len(markups[0])
        self.markups = [np.array(each, dtype=float) for each in markups]
        self.seen: list[tuple[list[float], ...]] = []
        self.contexts: list[object] = []

    def choose(self, rng, context=None):
        rng.random()
        self.contexts.append(None if context is None else context.tolist())
        return self.markups[(len(self.contexts) - 1) % len(self.markups)]

    def learn(self, action, reward, price):
        self.seen.append((action.tolist(), reward.tolist(), price.tolist()))


def consumers(q_min=0.0, q_max=4.0):
    """4 kW worth 9 each: a price cap of 9."""
    return Consumers(
        Preferences.of_consumers(
            ["load"], ["a"], p_max=9.0, p_min=9.0, q_max=q_max, q_min=q_min
        )
    )


def world(agents, market=None, n_intervals=3, seed=1, **settings):
    market = NodalMarket(ONE_BUS) if market is None else market
    grid = InfiniteBusGrid(market.network.bus)
    env = Environment(
        grid, market, agents, n_intervals=n_intervals, seed=seed, **settings
    )
    env.reset()
    return env


def test_a_markup_is_declared_and_its_reward_and_price_are_learned():
    # Markups 1 and 3 on a cost of 2: 4 kW at 3 and at 5, profits 4 and 12.
    learner = Scripted([1], [3])
    agent = EvolvingBidders(ONE, learner=learner)
    env = world([consumers(), agent])
    env.step()
    assert agent.get_market_actions().price_per_kwh.tolist() == [3.0, 3.0]
    env.step()
    assert learner.seen == [([1.0], [4.0], [3.0]), ([3.0], [12.0], [5.0])]
    assert learner.contexts == [None, None]


def test_a_reward_is_money_of_the_interval():
    learner = Scripted([1])
    agent = EvolvingBidders(ONE, learner=learner)
    world([consumers(), agent], interval_hours=0.25).step()
    assert learner.seen == [([1.0], [1.0], [3.0])]


def test_the_bid_of_a_player_falls_by_its_markup():
    learner = Scripted([1, 0.5])
    agent = EvolvingBidders(BOTH, learner=learner)
    world([agent]).step()
    declared = agent.get_market_actions().price_per_kwh
    assert declared.tolist() == [3.0, 4.0, 8.5, 7.5]
    # 4 kW at 3.4. Cost 4 x (2 + 2.4) / 2 = 8.8 of 13.6; worth 4 x 8.5 = 34.
    markup, reward, price = learner.seen[0]
    assert markup == [1.0, 0.5]
    assert reward == pytest.approx([4.8, 20.4])
    assert price == pytest.approx([3.4, 3.4])


def test_a_relative_markup_is_a_part_of_the_first_price():
    # 2 x 1.5 and so 1 more at each corner; 9 x 0.9 and so 0.9 less.
    agent = EvolvingBidders(BOTH, learner=Scripted([0.5, 0.1]), relative=True)
    world([agent]).step()
    declared = agent.get_market_actions().price_per_kwh
    assert declared.tolist() == pytest.approx([3.0, 4.0, 8.1, 7.1])


def test_who_is_no_player_tells_the_truth():
    learner = Scripted([1])
    agent = EvolvingBidders(BOTH, learner=learner, players=["anna"])
    world([agent]).step()
    assert agent.player == ("anna",)
    assert agent.get_market_actions().price_per_kwh.tolist() == [2.0, 3.0, 8.0, 7.0]
    assert agent.get_observation()["markup"][1] == 1.0
    assert np.isnan(agent.get_observation()["markup"][0])
    # 4 kW at 2.4; worth 34 and so 24.4 in private.
    markup, reward, price = learner.seen[0]
    assert markup == [1.0]
    assert reward == pytest.approx([24.4])
    assert price == pytest.approx([2.4])


RING = Network.from_table(
    {
        "from_bus": ["a", "b", "a"],
        "to_bus": ["b", "c", "c"],
        "limit_kw": [None, None, 4],
        "reactance_pu": [1.0, 1.0, 1.0],
    }
)


def test_a_player_with_several_units_gets_their_sum_and_sees_their_mean_price():
    # 9 kW at c, line a-c full at 4: coal 3 and gas 6, as 2/3 x 3 + 1/3 x 6 = 4. With
    # 0.5 on both they are paid 1.5 and 2.5, 0.5 above cost each: 9 x 0.5. The mean of
    # the prices weighs 20 and 60 kW: (1.5 + 3 x 2.5) / 4.
    firm = Preferences.of_producers(
        ["coal", "gas"], ["a", "b"], p_max=[1, 2], p_min=[1, 2], q_max=[20, 60]
    )
    town = Preferences.of_consumers(["town"], ["c"], p_max=9, p_min=9, q_max=9, q_min=9)
    learner = Scripted([0.5])
    agent = EvolvingBidders(firm, learner=learner, players={"firm": ["coal", "gas"]})
    world([agent, Consumers(town)], NodalMarket(RING)).step()
    assert agent.award_kw == pytest.approx([3.0, 6.0])
    markup, reward, price = learner.seen[0]
    assert markup == [0.5]
    assert reward == pytest.approx([4.5])
    assert price == pytest.approx([2.25])
    assert agent.record()["markups"]["player"] == ("firm",)


def test_units_of_no_size_count_alike_in_the_price_of_their_player():
    none = Preferences.of_producers(
        ["one", "two"], ["a", "a"], p_max=2.0, p_min=2.0, q_max=0.0
    )
    agent = EvolvingBidders(
        none, learner=Scripted([1]), players={"firm": ["one", "two"]}
    )
    supply = Producers(ONE)
    world([agent, supply, consumers()]).step()
    assert agent.player_price_per_kwh.tolist() == [2.0]


def test_rent_that_the_settlement_gives_to_producers_is_part_of_the_reward():
    # The ring above with the markup 0: rent 3 x 4 = 12 goes over 9 kW sold.
    firm = Preferences.of_producers(
        ["coal", "gas"], ["a", "b"], p_max=[1, 2], p_min=[1, 2], q_max=20
    )
    town = Preferences.of_consumers(["town"], ["c"], p_max=9, p_min=9, q_max=9, q_min=9)
    learner = Scripted([0, 0])
    agent = EvolvingBidders(firm, learner=learner)
    market = NodalMarket(RING, settlement="rent-to-producers")
    world([agent, Consumers(town)], market).step()
    _, reward, price = learner.seen[0]
    assert reward == pytest.approx([4.0, 8.0])
    assert price == pytest.approx([1 + 4 / 3, 2 + 4 / 3])


def test_players_of_a_dlmp_market_on_a_feeder_earn_what_their_bus_is_worth():
    # The feeder draws 2,457 kW at 50 per kW from outside. A unit that costs 45 and asks
    # 49 sells all its 80 kW: less power flows to its bus, so less is lost, and a kW
    # there is worth more than 50.
    grid = OpenDSSGrid("ieee37", generators=("735",))
    market = DLMPMarket(Linearizer(grid), GridLimits(voltage_pu=None))
    unit = Preferences.of_producers(["me"], ["735"], p_max=45, p_min=45, q_max=80)
    outside = Preferences.of_producers(["grid"], ["799"], p_max=50, p_min=50, q_max=5e3)
    learner = Scripted([4])
    agent = EvolvingBidders(unit, learner=learner)
    env = Environment(grid, market, [agent, Producers(outside)], n_intervals=1)
    env.reset()
    env.run()
    _, reward, price = learner.seen[0]
    assert agent.get_market_actions().price_per_kwh.tolist() == [49.0, 49.0]
    assert agent.award_kw == pytest.approx([80.0])
    assert 50.5 < price[0] < 55.0
    assert reward == pytest.approx([80.0 * (price[0] - 45.0)])


def test_rewards_and_prices_are_those_of_the_market_of_markups():
    # The ring again, dearer with every kWh, the town elastic: 80 pairs of markups.
    units = Preferences.of_producers(
        ["coal", "gas"], ["a", "b"], p_max=[2, 3], p_min=[1, 2], q_max=20
    )
    town = Preferences.of_consumers(["town"], ["c"], p_max=9, p_min=1, q_max=15)
    agent = EvolvingBidders(units, learner=pool(2, 3.0, 1.5))
    env = world([agent, Consumers(town)], NodalMarket(RING), n_intervals=80)
    table = env.run().table("markups")
    book = CurveColumns.joined([each.curves(RING) for each in (units, town)])
    market = MarkupMarket(RING, book, players={"coal": ["coal"], "gas": ["gas"]})
    columns = [table[name].to_numpy().reshape(80, 2) for name in _SEEN]
    rounds = market.clear(columns[0])
    assert rounds.player_price_per_kwh == pytest.approx(columns[1], abs=1e-8)
    assert rounds.profit_per_h == pytest.approx(columns[2], abs=1e-7)
    assert np.ptp(columns[0]) > 2.0


_SEEN = ("markup", "price_per_kwh", "reward")


def test_record_shows_markup_price_and_reward():
    agent = EvolvingBidders(ONE, learner=Scripted([1], [3]), name="units")
    env = world([consumers(), agent], n_intervals=2)
    table = env.run().table("markups")
    assert table.to_dict("list") == {
        "interval": [0, 1],
        "agent": ["units", "units"],
        "player": ["me", "me"],
        "markup": [1.0, 3.0],
        "price_per_kwh": [3.0, 5.0],
        "reward": [4.0, 12.0],
    }
    env.reset()
    assert np.isnan(agent.markup).all()
    assert np.isnan(agent.player_price_per_kwh).all()
    assert agent.player_reward.tolist() == [0.0]


def test_a_new_episode_begins_with_a_new_choice():
    learner = Scripted([1], [3])
    agent = EvolvingBidders(ONE, learner=learner)
    env = world([consumers(), agent], n_intervals=1)
    env.step()
    env.reset()
    env.step()
    assert [markup for markup, _, _ in learner.seen] == [[1.0], [3.0]]


def test_players_see_the_context_of_the_interval_to_come():
    learner = Scripted([1])
    load_kw = np.array([0.2, 0.7])
    agent = EvolvingBidders(
        ONE, learner=learner, context=lambda env: load_kw[env.t : env.t + 1]
    )
    world([consumers(), agent], n_intervals=2).run()
    assert learner.contexts == [[0.2], [0.7]]


class ThreeRounds(NodalMarket):
    @property
    def done(self):
        return self.t >= 2


def test_one_markup_is_chosen_and_learned_in_an_interval_of_many_rounds():
    learner = Scripted([1], [3])
    agent = EvolvingBidders(ONE, learner=learner)
    env = world([consumers(), agent], ThreeRounds(ONE_BUS))
    rounds = []
    env.on_market_step(lambda env: rounds.append(env.agents[1].markup.tolist()))
    env.step()
    env.step()
    assert rounds == [[1.0]] * 3 + [[3.0]] * 3
    assert len(learner.seen) == 2


class NoRound(NodalMarket):
    @property
    def done(self):
        return self.env.t == 1 or self.t >= 0


def test_an_interval_without_a_market_has_no_markup_and_teaches_nothing():
    learner = Scripted([1])
    agent = EvolvingBidders(ONE, learner=learner)
    env = world([consumers(), agent], NoRound(ONE_BUS), n_intervals=2)
    table = env.run().table("markups")
    assert np.isnan(table["markup"].tolist()).tolist() == [False, True]
    assert len(learner.seen) == 1


def test_nothing_is_learned_and_the_reward_is_0_without_a_dispatch():
    # 4 kW firm and no more than 1 kW to serve it.
    learner = Scripted([1])
    agent = EvolvingBidders(ONE.scaled(0.1), learner=learner)
    env = world([consumers(q_min=4.0), agent])
    env.step()
    assert env.market.last is not None
    assert env.market.last.outcome.value == "infeasible"
    assert learner.seen == []
    assert agent.player_reward.tolist() == [0.0]
    assert np.isnan(agent.player_price_per_kwh).all()


def test_who_has_no_choice_sits_out():
    # The second has no power in the first interval.
    learner = Scripted([1, 1])
    factors = np.array([[1.0, 0.0], [1.0, 1.0]])
    agent = EvolvingBidders(PAIR, learner=learner, factors=factors)
    world([consumers(), agent], n_intervals=2).run()
    (_, first, price), (_, second, _) = learner.seen
    assert first[0] == 4.0
    assert np.isnan(first[1])
    assert price == [3.0, 3.0]
    assert second == pytest.approx([1.0, 3.0])  # shared by size, 10 to 30


class Tank:
    """8 kWh, however much is asked of it at once."""

    def reset(self):
        self.left_kwh = np.full(1, 8.0)

    def available_kw(self, hours):
        return self.left_kwh / hours

    def deliver(self, power_kw, hours):
        self.left_kwh = self.left_kwh - power_kw * hours


def test_who_has_nothing_left_to_sell_sits_out():
    learner = Scripted([1])
    agent = EvolvingBidders(ONE, learner=learner, storage=Tank())
    world([consumers(), agent]).run()
    assert [np.isnan(reward[0]) for _, reward, _ in learner.seen] == [0, 0, 1]


def pool(n_player, high, price_origin):
    settings = GeneticSettings(n_strategy=10, n_iteration=40)
    return Neuroevolution(
        n_player, low=0.0, high=high, price_origin=price_origin, settings=settings
    )


def test_strategies_of_a_monopolist_evolve_towards_the_price_cap():
    # Cost 2, and 4 kW are worth 9: profit 4 x markup up to 7, none above. Strategies
    # drawn at random ask 4.5 in the middle.
    agent = EvolvingBidders(ONE, learner=pool(1, 9.0, 2.0), name="me")
    env = world([consumers(), agent], n_intervals=40 * 25)
    markup = env.run().table("markups")["markup"].to_numpy().reshape(25, 40)
    assert 5.5 < np.median(markup[-5:]) <= 7.05
    assert (markup[-5:] > 7.1).mean() < (markup[0] > 7.1).mean()


def test_the_same_seed_gives_the_same_bytes_and_another_seed_does_not():
    runs = []
    for seed in (3, 3, 4):
        agent = EvolvingBidders(PAIR, learner=pool(2, 9.0, 2.0))
        env = world([consumers(), agent], n_intervals=100, seed=seed)
        runs.append(env.run().table("markups"))
    assert runs[0].equals(runs[1])
    assert not runs[0].equals(runs[2])


def test_a_learner_or_players_that_do_not_fit_are_refused_together():
    with pytest.raises(InvalidConfigError) as caught:
        EvolvingBidders(
            PAIR,
            learner=Scripted([1]),
            players={"first": ["one", "two"], "second": ["two", "six"], "third": []},
            name="units",
        )
    assert str(caught.value) == (
        "agent 'units': player 'third' has no participants, expected at least one. "
        "players name 'six', expected one of one, two. players name 'two' 2 times, "
        "expected once at most. the learner has 1 players, expected 3: first, second, "
        "third."
    )


def test_players_named_twice_and_none_at_all_are_refused():
    with pytest.raises(InvalidConfigError) as caught:
        EvolvingBidders(PAIR, learner=Scripted([1]), players=["one", "one"])
    assert str(caught.value) == (
        "agent '': players name 'one' 2 times, expected once at most."
    )
    with pytest.raises(InvalidConfigError) as caught:
        EvolvingBidders(PAIR, learner=Scripted([]), players=[])
    assert str(caught.value) == "agent '': there are no players, expected at least one."


def test_a_relative_markup_needs_a_price_to_be_a_part_of():
    wind = Preferences.of_producers(
        ["wind", "coal"], ["a", "a"], p_max=[1, 2], p_min=[0, 2], q_max=5.0
    )
    with pytest.raises(InvalidConfigError) as caught:
        EvolvingBidders(wind, learner=Scripted([1, 1]), relative=True, name="units")
    assert str(caught.value) == (
        "agent 'units': the curve of 'wind' begins at the price 0, of which a markup "
        "cannot be a part; expected > 0, or relative=False."
    )
    EvolvingBidders(wind, learner=Scripted([1]), relative=True, players=["coal"])


@pytest.mark.parametrize("markups", [[np.nan], [1.0, 2.0]])
def test_markups_that_are_none_are_refused(markups):
    learner = Scripted(markups)
    learner.n_player = 1
    env = world([consumers(), EvolvingBidders(ONE, learner=learner, name="units")])
    with pytest.raises(InvalidActionError) as caught:
        env.step()
    assert str(caught.value) == (
        f"markups of 'units': the learner chose {markups}, expected one finite number "
        "for each of 1 players."
    )
