"""A day on the IEEE 34-node feeder: the market clears, OpenDSS solves, hour by hour.

The paper's loop: grid, market and agents meet in an environment. Behind line 816-824 a
producer competes with the feeder's supply; the line's limit binds in the evening.
Power in kW, prices in c/kWh.
"""

import numpy as np

from gridagora import Consumers, Environment, NodalMarket, OpenDSSGrid, Producers
from gridagora.agents.strategies import inelastic
from gridagora.types.preferences import Preferences

hours = np.arange(24)
load_frac = 0.55 + 0.35 * np.exp(-(((hours - 19.0) / 3.0) ** 2))

grid = OpenDSSGrid("ieee34", controls="static", generators=("834",))
network = grid.market_network().with_limits({"l816_824": 900.0})
homes = Preferences.of_consumers(
    grid.load_buses, grid.load_buses, p_max=30.0, p_min=30.0, q_max=grid.nominal_kw
)
units = Preferences.of_producers(
    ["feeder", "biogas"], ["800", "834"], p_min=[8, 9], p_max=[8, 15], q_max=[5e3, 600]
)
env = Environment(
    grid,
    NodalMarket(network, settlement="rent-to-consumers"),
    [
        Consumers(homes, strategy=inelastic, factors=load_frac, name="homes"),
        Producers(units, name="units"),
    ],
    n_intervals=24,
    seed=1,
)
env.reset()
print("hour  price at 800  price at 860  biogas  losses  lowest voltage")
for t in env.iterate(progress=False):
    if t % 4 == 3:
        price = env.market.last.price_per_kwh[
            [network.bus_index(b) for b in ("800", "860")]
        ]
        biogas_kw = env.agent("units").award_kw[1]
        print(
            f"{t:4}  {price[0]:12.2f}  {price[1]:12.2f}  {biogas_kw:6.1f}"
            f"  {grid.get_losses().real:6.1f}  {grid.get_voltages().min():14.3f}"
        )
money = env.record.table("settlement").groupby("account")["money_nano"].sum()
print(f"biogas earned {money['biogas'] / 1e9 / 100:.2f} dollars")
print(f"sum of all accounts {money.sum()}")
