"""A producer behind a full line learns what it may ask for.

The village of example 1, in $/kWh. By hand: at the price p the houses take 20 kW and
70 - 200 p kW, and the line brings 40 kW. What is left for the generator is

    g = 50 - 200 p, so that p = 0.25 - 0.005 g.

Its profit p g - (0.10 g + 0.00125 g^2) is largest at g = 12 kW, where p = 0.19: its
offer 0.10 + 0.0025 g must be raised by 0.06. The truth gives g = 20 kW, p = 0.15.

The agent knows none of this. It tries markups against the last clearing.
"""

import numpy as np

from gridagora import (
    Consumers,
    Environment,
    InfiniteBusGrid,
    NodalMarket,
    Producers,
    RadialNetwork,
    clear_radial,
)
from gridagora.agents.best_response import BestResponse
from gridagora.types.preferences import Preferences

network = RadialNetwork.from_table(
    {"bus": ["feeder", "village"], "parent": [None, "feeder"], "limit_kw": [None, 40]}
)
houses = Preferences.of_consumers(
    ["house 1", "house 2"],
    ["village", "village"],
    p_max=[0.30, 0.25],
    p_min=[0.10, 0.25],
    q_max=[50.0, 20.0],
    q_min=[10.0, 20.0],
)
utility = Preferences.of_producers(
    ["utility"], ["feeder"], p_max=0.08, p_min=0.08, q_max=500.0
)
generator = BestResponse(
    Preferences.of_producers(
        ["generator"], ["village"], p_max=0.18, p_min=0.10, q_max=32.0
    ),
    clear=lambda orders: clear_radial(network, orders),
    candidates_per_kwh=np.linspace(0.0, 0.10, 11),
)
env = Environment(
    InfiniteBusGrid(network.bus),
    NodalMarket(network),
    [Consumers(houses), Producers(utility), generator],
    n_intervals=3,
)
env.reset()
print("interval  markup  price  power  profit of the generator")
for t in env.iterate(progress=False):
    markup, profit = generator.markup_per_kwh[0], generator.get_reward()[0]
    price, power_kw = generator.price_per_kwh[0], generator.award_kw[0]
    print(f"{t:8}  {markup:6.3f}  {price:5.3f}  {power_kw:5.1f}  {profit:6.3f}")
