"""A market of one's own: raise the price until nobody wants more than there is.

Markets may take many rounds in one interval. This one names a price, the agents answer
with the power they want at it, and the price moves until demand fits the supply.
Power in kW, prices in c/kWh.
"""

import numpy as np

from gridagora import BaseAgent, BaseMarket, Environment, GridActions, InfiniteBusGrid


class RisingPrice(BaseMarket):
    """Names rising prices for a fixed supply; the order type is a quantity."""

    order_type = "quantity"

    def __init__(self, supply_kw: float, step_per_kwh: float) -> None:
        self.supply_kw, self.step_per_kwh = supply_kw, step_per_kwh

    def reset(self) -> None:
        self.price_per_kwh = 0.0
        self.demand_kw = np.inf

    def step(self) -> None:
        wanted_kw = [agent.get_market_actions() for agent in self.env.agents]
        self.demand_kw = float(sum(wanted_kw))
        if not self.done:
            self.price_per_kwh += self.step_per_kwh

    @property
    def done(self) -> bool:
        return self.demand_kw <= self.supply_kw


class Home(BaseAgent):
    """Wants most_kw at price 0 and less the dearer it is."""

    def __init__(self, name: str, most_kw: float, kw_per_price: float) -> None:
        self.name, self.most_kw, self.kw_per_price = name, most_kw, kw_per_price

    def set_market_actions(self) -> None:
        price = self.env.market.price_per_kwh
        self.market_actions = max(0.0, self.most_kw - self.kw_per_price * price)

    def set_grid_actions(self) -> None:
        power_kw = np.array([self.market_actions])
        self.grid_actions = GridActions.of([self.name], ["street"], power_kw)


homes = [Home("anna", 6.0, 0.10), Home("ben", 9.0, 0.50), Home("carla", 4.0, 0.05)]
grid = InfiniteBusGrid(["street"])
market = RisingPrice(supply_kw=12.5, step_per_kwh=0.5)
env = Environment(grid, market, homes, n_intervals=1)
env.reset()
env.run()
print(f"{market.t + 1} rounds, price {market.price_per_kwh:.1f} c/kWh")
for home in homes:
    print(f"{home.name:<6}{home.market_actions:5.2f} kW")
print(f"served {grid.served_kw[0]:.2f} of {market.supply_kw:.2f} kW")
