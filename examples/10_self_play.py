"""Generators on a congested network learn what to ask, and settle where nobody moves.

Three generators serve 500 MW on five buses. Bus 5 needs most of it, has G3, and gets at
most 100 MW over the line 2-5, so G3 can ask what it likes. Elsewhere one of G1 and G2
does best to be cheap and sell all it has, if the other is dear: two equilibria.

First by enumeration and with learners of a few markups, who go from one to the other
if they try much and forget fast. Then with strategies that are small neural nets and
evolve by playing each other: they choose any markup, find an equilibrium and stay.
"""

import numpy as np

from gridagora import Consumers, Environment, InfiniteBusGrid, NodalMarket
from gridagora.agents.evolving_bidders import EvolvingBidders
from gridagora.environment.level_game import LevelGame, alternations
from gridagora.environment.self_play import SelfPlay
from gridagora.learning.epsilon_greedy import EpsilonGreedy
from gridagora.learning.neuroevolution import Neuroevolution
from gridagora.markets.markup_market import MarkupMarket
from gridagora.types.network import Network
from gridagora.types.orders import CurveColumns
from gridagora.types.preferences import Preferences

network = Network.from_table(
    {
        "from_bus": ["1", "2", "1", "3", "2", "4"],
        "to_bus": ["2", "3", "4", "4", "5", "5"],
        "reactance_pu": [0.1, 0.1, 0.1, 0.1, 0.1, 0.2],
        "limit_kw": [None, None, None, None, 100e3, None],
    }
)
most_kw = np.array([255e3, 255e3, 260e3])
cost = np.array([0.0175, 0.0175, 0.02234341889])  # $/kWh of the first kW
rise = np.array([0.02389093, 0.02389093, 0.0275]) / 1e6  # and of each further one
units = Preferences.of_producers(
    ["G1", "G2", "G3"],
    ["1", "3", "5"],
    p_min=cost,
    p_max=cost + rise * most_kw,
    q_max=most_kw,
)
load_kw = np.array([55e3, 55e3, 50e3, 340e3])
buses = ["2", "3", "4", "5"]
towns = Preferences.of_consumers(
    buses, buses, p_min=0.06, p_max=0.06, q_min=load_kw, q_max=load_kw
)
book = CurveColumns.joined([units.curves(network), towns.curves(network)])
market = MarkupMarket(network, book)

print("Markups of 0, 10, 20 or 30 $/MWh. Nobody gains by moving alone at")
game = LevelGame(market.profits, [0.00, 0.01, 0.02, 0.03], n_player=3)
for joint in game.equilibria():
    asked = 1e3 * game.asked(np.array(joint))
    told = (f"{name} {m:2.0f}" for name, m in zip(market.player, asked, strict=True))
    print("  " + ", ".join(told))

print("Q-learners, 10 runs of 10,000 rounds: how often they go from one to the other")
for epsilon, step in ((0.10, 0.30), (0.05, 0.05), (0.05, 0.01)):
    learner = EpsilonGreedy(3 * 10, 4, epsilon=epsilon, step=step, start=0.0)
    history = game.play(learner, 10_000, np.random.default_rng(1))
    moves = alternations(history, game.equilibria(), window=50)
    print(f"  epsilon {epsilon:.2f}, step {step:.2f}: {moves.mean():4.1f} times a run")

print("Evolved strategies, any markup up to 30 $/MWh, in generation 200")
for seed in (1, 3):
    pools = Neuroevolution(3, low=0.0, high=0.03, price_origin=cost)
    play = SelfPlay(market, pools, seed=seed)
    play.run(200)
    asked = 1e3 * np.asarray(play.players()["markup"])[-3:]
    told = (
        f"{name} about 30"
        if markup > 28
        else f"{name} below 12"
        if markup < 12
        else name
        for name, markup in zip(market.player, asked, strict=True)
    )
    print(f"  seed {seed}: " + ", ".join(told))

print("The last ones in an environment, which takes any grid, market and other agents")
bidders = EvolvingBidders(units, learner=pools)
env = Environment(
    InfiniteBusGrid(network.bus),
    NodalMarket(network),
    [bidders, Consumers(towns)],
    n_intervals=24,
    seed=1,
)
env.reset()
table = env.run().table("markups")
for name, rows in table.groupby("player"):
    print(f"  {name} gets {1e3 * rows.price_per_kwh.median():.0f} $/MWh")
