"""Ten thousand households as one agent, on a random radial network of 500 buses.

One agent object acts for many participants: its bids, awards and rewards are columns.
The market clears all of them in one call, exactly. Power in kW, prices in c/kWh.
"""

import numpy as np

from gridagora import (
    Consumers,
    Environment,
    InfiniteBusGrid,
    NodalMarket,
    Producers,
    RadialNetwork,
)
from gridagora.types.preferences import Preferences

N_BUS, N_HOME = 500, 10_000
rng = np.random.default_rng(7)
bus = [f"b{k}" for k in range(N_BUS)]
fed_by = [None, *(bus[rng.integers(max(0, k - 20), k)] for k in range(1, N_BUS))]
limit_kw = [None, *rng.uniform(2_000.0, 20_000.0, N_BUS - 1)]
network = RadialNetwork.from_table({"bus": bus, "parent": fed_by, "limit_kw": limit_kw})

homes = Preferences.of_consumers(
    [f"home {k}" for k in range(N_HOME)],
    [bus[k] for k in rng.integers(1, N_BUS, N_HOME)],
    p_max=rng.uniform(20.0, 60.0, N_HOME),
    p_min=5.0,
    q_max=rng.uniform(1.0, 6.0, N_HOME),
    q_min=0.2,
)
units = Preferences.of_producers(
    ["wholesale", *(f"unit {k}" for k in range(20))],
    ["b0", *(bus[k] for k in rng.integers(1, N_BUS, 20))],
    p_min=[12.0, *rng.uniform(10.0, 20.0, 20)],
    p_max=[12.0, *rng.uniform(20.0, 30.0, 20)],
    q_max=[1e6, *[500.0] * 20],
)
env = Environment(
    InfiniteBusGrid(network.bus),
    NodalMarket(network),
    [Consumers(homes, name="homes"), Producers(units, name="units")],
    n_intervals=3,
    seed=1,
)
env.reset()
record = env.run()

last = env.market.last
print(f"orders {last.orders.n_order}, {last.outcome.value}")
print(f"bought {last.demand_kw.sum():.1f} kW, full lines {np.sum(last.binding != 0)}")
print(f"price from {last.price_per_kwh.min():.2f} to {last.price_per_kwh.max():.2f}")
print(f"laws kept to 1e-9: {last.certificate.passed}")
rewards = env.rewards()
print(f"mean surplus of a home {rewards['homes'].mean():.2f} c an hour")
print(f"rows in the record: {len(record.table('rewards'))}")
