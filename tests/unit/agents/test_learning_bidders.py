import numpy as np
import pytest

from gridagora.agents.bidding_game import bidding_game
from gridagora.agents.consumers import Consumers
from gridagora.agents.curve_actions import TRUTH, CurveActions
from gridagora.agents.learning_bidders import LearningBidders
from gridagora.agents.producers import Producers
from gridagora.agents.strategies import inelastic
from gridagora.environment.environment import Environment
from gridagora.errors import InvalidConfigError
from gridagora.grids.infinite_bus import InfiniteBusGrid
from gridagora.learning.epsilon_greedy import EpsilonGreedy
from gridagora.learning.exploitability import exploitability, one_by_one
from gridagora.learning.policy_gradient import PolicyGradient
from gridagora.learning.ucb import UCB
from gridagora.markets.nodal import NodalMarket, clear_nodal
from gridagora.types.network import RadialNetwork
from gridagora.types.orders import CurveColumns
from gridagora.types.preferences import Preferences

ONE_BUS = RadialNetwork.from_table({"bus": ["a"], "parent": [""]})
MARKUPS = CurveActions.of_markups(adder_per_kwh=np.arange(0.0, 9.0))
ONE = Preferences.of_producers(["me"], ["a"], p_max=2.0, p_min=2.0, q_max=10.0)
PAIR = Preferences.of_producers(
    ["one", "two"], ["a", "a"], p_max=2.0, p_min=2.0, q_max=10.0
)


class Scripted:
    """A learner that does what it is told, and notes what it is told back."""

    def __init__(self, *actions, n_action=9):
        self.n_player, self.n_action = len(actions[0]), n_action
        self.actions = [np.array(each) for each in actions]
        self.seen: list[tuple[list[int], list[float]]] = []
        self.n_chosen = 0

    def choose(self, rng):
        rng.random()
        self.n_chosen += 1
        return self.actions[(self.n_chosen - 1) % len(self.actions)]

    def learn(self, action, reward):
        self.seen.append((action.tolist(), reward.tolist()))

    def greedy(self):
        return np.full(self.n_player, 1)


def consumers(q_min=0.0, q_max=4.0):
    """4 kW worth 9 each: a price cap of 9."""
    return Consumers(
        Preferences.of_consumers(
            ["load"], ["a"], p_max=9.0, p_min=9.0, q_max=q_max, q_min=q_min
        )
    )


def world(agents, market=None, n_intervals=3, seed=1):
    market = NodalMarket(ONE_BUS) if market is None else market
    grid = InfiniteBusGrid(market.network.bus)
    env = Environment(grid, market, agents, n_intervals=n_intervals, seed=seed)
    env.reset()
    return env


def bidders(learner, preferences=ONE, actions=MARKUPS, **settings):
    return LearningBidders(preferences, learner=learner, actions=actions, **settings)


def test_an_action_is_declared_and_its_reward_learned():
    # Adders 1 and 3 on a cost of 2: 4 kW at 3 and at 5, profits 4 and 12.
    learner = Scripted([1], [3])
    agent = bidders(learner)
    env = world([consumers(), agent])
    env.step()
    assert agent.get_market_actions().price_per_kwh.tolist() == [3.0, 3.0]
    assert agent.price_per_kwh == pytest.approx([3.0])
    env.step()
    assert agent.price_per_kwh == pytest.approx([5.0])
    assert learner.seen == [([1], [4.0]), ([3], [12.0])]


def test_consumers_learn_with_producers_in_one_population():
    both = Preferences(
        ("me", "anna"),
        ("a", "a"),
        np.array([False, True]),
        np.array([0, 2, 4]),
        np.array([0.0, 10.0, 0.0, 4.0]),
        np.array([2.0, 2.0, 9.0, 9.0]),
    )
    learner = Scripted([3, TRUTH])
    world([bidders(learner, both)]).step()
    assert learner.seen == [([3, 0], [12.0, 16.0])]  # 4 kW x (5 - 2) and x (9 - 5)


def test_record_and_observation_show_action_markup_and_reward():
    agent = bidders(Scripted([1], [3]), name="me")
    env = world([consumers(), agent], n_intervals=2)
    table = env.run().table("learning")
    assert table.to_dict("list") == {
        "interval": [0, 1],
        "agent": ["me", "me"],
        "participant": ["me", "me"],
        "context": [0, 0],
        "action": [1, 3],
        "adder_per_kwh": [1.0, 3.0],
        "factor": [1.0, 1.0],
        "reward": [4.0, 12.0],
    }
    seen = agent.get_observation()
    assert [np.asarray(seen[name]).tolist() for name in ("action", "award_kw")] == [
        [3],
        [4.0],
    ]


class ThreeRounds(NodalMarket):
    @property
    def done(self):
        return self.t >= 2


def test_one_action_is_chosen_and_learned_in_an_interval_of_many_rounds():
    learner = Scripted([1], [3])
    env = world([consumers(), bidders(learner)], ThreeRounds(ONE_BUS))
    rounds = []
    env.on_market_step(lambda env: rounds.append(env.agents[1].action.tolist()))
    env.step()
    env.step()
    assert rounds == [[1]] * 3 + [[3]] * 3
    assert len(learner.seen) == 2


class NoRound(NodalMarket):
    @property
    def done(self):
        return self.env.t == 1 or self.t >= 0


def test_an_interval_without_a_market_has_no_action_and_teaches_nothing():
    learner = Scripted([1])
    agent = bidders(learner)
    env = world([consumers(), agent], NoRound(ONE_BUS), n_intervals=2)
    table = env.run().table("learning")
    assert table["action"].tolist() == [1, -1]
    assert np.isnan(table["adder_per_kwh"].tolist()).tolist() == [False, True]
    assert len(learner.seen) == 1


def test_nothing_is_learned_without_a_dispatch():
    # 4 kW firm and no more than 1 kW to serve it.
    learner = Scripted([1])
    agent = bidders(learner, ONE.scaled(0.1))
    env = world([consumers(q_min=4.0), agent])
    env.step()
    assert env.market.last is not None
    assert env.market.last.outcome.value == "infeasible"
    assert learner.seen == []
    assert agent.action.tolist() == [1]
    assert agent.get_reward().tolist() == [0.0]


def test_who_has_no_choice_sits_out():
    # The second has no power in the first interval and a firm offer in none.
    learner = Scripted([1, 1])
    factors = np.array([[1.0, 0.0], [1.0, 1.0]])
    env = world([consumers(), bidders(learner, PAIR, factors=factors)], n_intervals=2)
    env.run()
    assert learner.seen[0][1][0] == 4.0
    assert np.isnan(learner.seen[0][1][1])
    assert learner.seen[1][1] == pytest.approx([2.0, 2.0])


class Tank:
    """8 kWh, however much is asked of it at once."""

    def reset(self):
        self.left_kwh = np.full(1, 8.0)

    def available_kw(self, hours):
        return self.left_kwh / hours

    def deliver(self, power_kw, hours):
        self.left_kwh = self.left_kwh - power_kw * hours


def test_who_has_nothing_left_to_sell_sits_out():
    # 4 kWh in each interval: nothing is left for the third. In the second all that is
    # left meets all demand, at the middle of 3 and 9.
    learner = Scripted([1])
    env = world([consumers(), bidders(learner, storage=Tank())])
    env.run()
    assert [reward for _, reward in learner.seen][:2] == [[4.0], [16.0]]
    assert np.isnan(learner.seen[2][1]).all()


def test_contexts_have_their_own_learners():
    # A rival who asks 5 is there in every other interval only. With it 3 is the most
    # that can be added (at 5 they share), without it 7.
    rival = Producers(
        Preferences.of_producers(["rival"], ["a"], p_max=5, p_min=5, q_max=10),
        factors=np.tile([1.0, 0.0], 60),
    )
    learners = [UCB(1, 9), UCB(1, 9)]
    agent = bidders(learners, context=np.tile([0, 1], 60))
    world([consumers(), agent, rival], n_intervals=120).run()
    best = [MARKUPS.adder_per_kwh[learner.greedy()].tolist() for learner in learners]
    assert best == [[2.0], [7.0]]
    assert agent.record()["learning"]["context"].tolist() == [1]


def test_a_frozen_agent_is_greedy_draws_nothing_and_learns_nothing():
    learner = UCB(1, 9, ties="random")
    agent = bidders(learner)
    world([consumers(), agent], n_intervals=60).run()
    before = learner.get_state()
    agent.learning = False
    tables = []
    for seed in (5, 6):
        env = world([consumers(), agent], n_intervals=5, seed=seed)
        tables.append(env.run().table("learning"))
        fresh = Environment(env.grid, env.market, [consumers()], seed=seed)
        drawn = env.stream(agent.name).bit_generator.state
        assert drawn == fresh.stream(agent.name).bit_generator.state
    assert tables[0].equals(tables[1])
    assert tables[0]["adder_per_kwh"].tolist() == [7.0] * 5
    after = learner.get_state()
    assert all(np.array_equal(before[name], after[name]) for name in before)


def test_an_agent_may_be_frozen_from_the_start():
    learner = Scripted([3])
    agent = bidders(learner, learning=False)
    world([consumers(), agent]).step()
    assert agent.action.tolist() == [1]
    assert learner.seen == []


def test_a_reset_keeps_what_was_learned():
    learner = UCB(1, 9)
    agent = bidders(learner)
    env = world([consumers(), agent], n_intervals=9)
    env.run()
    count = learner.get_state()["count"]
    env.reset()
    assert agent.action.tolist() == [-1]
    assert agent.award_kw.tolist() == [0.0]
    assert np.array_equal(learner.get_state()["count"], count)
    assert count.sum() == 9


def test_the_same_seed_gives_the_same_bytes_and_another_seed_does_not():
    runs = []
    for seed in (3, 3, 4):
        agent = bidders(PolicyGradient(2, 9), PAIR)
        env = world([consumers(), agent], n_intervals=60, seed=seed)
        runs.append(env.run().table("learning"))
    assert runs[0].equals(runs[1])
    assert not runs[0].equals(runs[2])


@pytest.mark.parametrize(
    "learner",
    [UCB(1, 9), PolicyGradient(1, 9), EpsilonGreedy(1, 9)],
    ids=lambda learner: type(learner).__name__,
)
def test_a_monopolist_learns_to_ask_for_the_price_cap(learner):
    # Cost 2, and 4 kW are worth 9: profit 4 x adder up to 7, none at 8.
    agent = bidders(learner)
    world([consumers(), agent], n_intervals=400).run()
    assert MARKUPS.adder_per_kwh[learner.greedy()].tolist() == [7.0]


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize(
    ("learner", "parameters"),
    [(PolicyGradient, {"step": 0.5}), (EpsilonGreedy, {"step": 0.2})],
)
def test_two_rivals_with_excess_capacity_end_near_cost(learner, parameters, seed):
    # Each could serve all 4 kW at a cost of 2. Equal adders 0, 1 and 2 are the
    # equilibria of this grid: half of 2 is as much as all of 1, half of 3 is less than
    # all of 2.
    rivals = learner(2, 9, **parameters)
    load = consumers()
    env = world([load, bidders(rivals, PAIR)], n_intervals=1500, seed=seed)
    env.recording = False
    env.run()
    others = load.get_market_actions()
    game = bidding_game(
        PAIR,
        MARKUPS,
        clear=lambda own: clear_nodal(ONE_BUS, CurveColumns.joined([own, others])),
        buses=ONE_BUS,
    )
    assert MARKUPS.adder_per_kwh[rivals.greedy()].max() <= 2.0
    left = exploitability(one_by_one(game), rivals.greedy(), 9)
    assert left == pytest.approx([0.0, 0.0], abs=1e-9)


def test_rivals_who_are_alike_and_draw_nothing_never_undercut_each_other():
    # The warning in UCB: in step, both see only what equal prices bring.
    rivals = UCB(2, 9)
    world([consumers(), bidders(rivals, PAIR)], n_intervals=200).run()
    assert MARKUPS.adder_per_kwh[rivals.greedy()].tolist() == [7.0, 7.0]


FULL_LINE = RadialNetwork.from_table(
    {"bus": ["a", "b"], "parent": ["", "a"], "limit_kw": [np.inf, 5.0]}
)
SHIFTS = CurveActions.of_markups(adder_per_kwh=np.arange(-2.0, 4.0))


@pytest.mark.parametrize(
    ("reductions", "learned", "reward"),
    [("paid-by-beneficiaries", 2.0, 14.8), ("uncharged", -2.0, 2.0)],
)
def test_a_provider_behind_a_full_line_asks_more_where_reductions_are_paid(
    reductions, learned, reward
):
    # 5 kW reach bus b, where Anna wants 4 kW worth 5 and Ben 4 kW worth 8: 3 kW must
    # go, and up to a declared 8 they are Anna's. Declaring p she keeps 1 kW and pays
    # p. Paid p for 3 kW, of which all 5 kW consumed bear the same part (without
    # reductions there is no dispatch to compare with), she has 5 - p + 3p - 3p/5: she
    # asks more, up to 7. Unpaid she has 5 - p and asks less: she only pays the price.
    anna = Preferences.of_consumers(["anna"], ["b"], p_max=5, p_min=5, q_max=4)
    ben = Preferences.of_consumers(["ben"], ["b"], p_max=8, p_min=8, q_max=4)
    source = Preferences.of_producers(["source"], ["a"], p_max=2, p_min=2, q_max=20)
    learner = UCB(1, SHIFTS.n_action)
    agent = bidders(learner, anna, SHIFTS)
    agents = [agent, Consumers(ben), Producers(source)]
    market = NodalMarket(FULL_LINE, reductions=reductions)
    env = world(agents, market, n_intervals=150)
    table = env.run().table("learning")
    assert SHIFTS.adder_per_kwh[learner.greedy()].tolist() == [learned]
    best = table[table.adder_per_kwh == learned]
    assert best.reward.tolist() == pytest.approx([reward] * len(best))
    assert len(best) > 150 / SHIFTS.n_action


def test_learners_that_do_not_fit_are_refused_together():
    with pytest.raises(InvalidConfigError) as caught:
        bidders([UCB(2, 9), UCB(1, 3)], name="units")
    assert str(caught.value) == (
        "agent 'units': learner 0 has 2 players with 9 actions, expected 1 with 9: one "
        "row per participant, the actions of the grid. learner 1 has 1 players with 3 "
        "actions, expected 1 with 9: one row per participant, the actions of the grid. "
        "there are 2 learners, expected one, or a context."
    )


@pytest.mark.parametrize("context", [np.array([0, 2]), np.array([-1]), np.zeros(3)])
def test_contexts_must_be_positions_of_learners(context):
    with pytest.raises(InvalidConfigError) as caught:
        bidders([UCB(1, 9), UCB(1, 9)], context=context, name="units")
    assert str(caught.value) == (
        f"agent 'units': context holds {sorted(set(context.tolist()))}, expected "
        "positions of learners, 0 to 1."
    )


def test_contexts_must_cover_the_intervals():
    agent = bidders([UCB(1, 9), UCB(1, 9)], context=np.array([0, 1]), name="units")
    with pytest.raises(InvalidConfigError) as caught:
        world([agent])
    assert str(caught.value) == (
        "agent 'units': context has the shape (2,), expected (3,) for the "
        "environment's intervals."
    )


def test_inelastic_demand_is_no_obstacle():
    # A backstop at 7.5 caps the price: 4 x 5 at an adder of 5, where 6 sells nothing.
    load = consumers()
    load.strategy = inelastic
    backstop = Preferences.of_producers(["cap"], ["a"], p_max=7.5, p_min=7.5, q_max=9)
    learner = UCB(1, 9)
    agents = [load, bidders(learner), Producers(backstop)]
    world(agents, n_intervals=300).run()
    assert MARKUPS.adder_per_kwh[learner.greedy()].tolist() == [5.0]
