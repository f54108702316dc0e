"""Random feeders of direct current, with physics that is not a straight line."""

import numpy as np

from gridagora.errors import PowerFlowError
from gridagora.types.grid_limits import GridLimits
from gridagora.types.linear_grid import LinearGrid, Response
from gridagora.types.orders import Bid, Curve, CurveColumns, Offer


class Feeder:
    """A tree of lines behind a source of 1 pu; every bus but the source has a supply.

    A bus that draws P kW at voltage v takes the current P / v from its lines; a line
    of resistance r (pu voltage per kW and pu) carries the difference of voltages over
    r. Linearised by implicit differentiation of the balance of currents.
    """

    def __init__(self, rng, n_bus):
        self.parent = np.array([rng.integers(at) for at in range(1, n_bus)])
        self.n_bus = n_bus
        self.present_kw = np.append(0.0, rng.uniform(0.0, 25.0, n_bus - 1).round())
        self.resistance = rng.uniform(1e-5, 2e-4, n_bus - 1)
        count = n_bus - 1
        ends = np.zeros((count, n_bus))  # voltage across each line
        ends[np.arange(count), self.parent] = 1.0
        ends[np.arange(count), np.arange(1, n_bus)] = -1.0
        self.ends = ends
        names = [f"b{at}" for at in range(n_bus)]
        self.place = (
            *names,
            *(f"{name}.supply" for name in names[1:]),
            *(f"{name}.1" for name in names[1:]),
        )
        away = np.arange(1, n_bus)
        self.bus = np.concatenate([np.arange(n_bus), away, away])
        self.to_bus = (self.bus[:, None] == away).astype(float)

    def solve(self, drawn_kw):
        """Return voltages for the power that buses away from the source draw."""
        volt = np.ones(self.n_bus)
        conductance = self.ends / self.resistance[:, None]
        for _ in range(50):
            into = -(self.ends.T @ (conductance @ volt))[1:]  # current taken by buses
            gap = volt[1:] * into - drawn_kw
            if np.abs(gap).max() <= 1e-9:
                return volt
            slope = -(volt[:, None] * (self.ends.T @ conductance))[1:, 1:]
            slope[np.diag_indices(self.n_bus - 1)] += into
            volt[1:] -= np.linalg.solve(slope, gap)
            if not np.all(volt > 0.5):
                break
        raise PowerFlowError("feeder", "no voltages carry this power", "Draw less")

    def __call__(self, demand_kw=None, demand_kvar=None):
        if demand_kw is None:
            nothing = np.zeros(2 * (self.n_bus - 1))
            demand_kw = np.concatenate([self.present_kw, nothing])
        drawn_kw = demand_kw @ self.to_bus
        volt = self.solve(drawn_kw)
        conductance = self.ends / self.resistance[:, None]
        into = -(self.ends.T @ (conductance @ volt))[1:]
        slope = -(volt[:, None] * (self.ends.T @ conductance))[1:, 1:]
        slope[np.diag_indices(self.n_bus - 1)] += into
        per_kw = np.zeros((self.n_bus, len(self.place)))
        per_kw[1:] = np.linalg.inv(slope) @ self.to_bus.T
        current = conductance @ volt
        start = volt[self.parent]
        flow_per_kw = start[:, None] * (conductance @ per_kw)
        flow_per_kw += current[:, None] * per_kw[self.parent]
        first = self.parent == 0
        taken = self.to_bus.sum(axis=1)
        loss = (start * current)[first].sum() - drawn_kw.sum()
        return LinearGrid(
            place=self.place,
            n_bus=self.n_bus,
            bus=self.bus,
            supply=np.append(0, np.arange(self.n_bus, 2 * self.n_bus - 1)),
            source=0,
            demand_kw=np.array(demand_kw),
            demand_kvar=np.zeros(len(self.place)),
            kvar_per_kw=np.zeros(len(self.place)),
            voltages=_response(self.place[-(self.n_bus - 1) :], volt[1:], per_kw[1:]),
            flows=_response(
                [f"l{at}" for at in range(1, self.n_bus)], start * current, flow_per_kw
            ),
            currents=_response(
                [f"l{at}.1" for at in range(1, self.n_bus)],
                current,
                conductance @ per_kw,
            ),
            loss=_response(
                ["loss"], np.array([loss]), flow_per_kw[first].sum(axis=0)[None] - taken
            ),
            flow_limit_kw=np.full(self.n_bus - 1, np.inf),
            current_limit_a=np.full(self.n_bus - 1, np.inf),
        )


def _response(names, value, per_kw):
    return Response(tuple(names), value.copy(), per_kw.copy(), np.zeros(per_kw.shape))


def random_feeder_market(rng):
    """Return a feeder, orders and limits; flat curves are as common as sloped ones."""
    feeder = Feeder(rng, int(rng.integers(2, 7)))
    grid = feeder()
    energy = float(rng.integers(5, 30))
    book: list[Bid | Offer] = [
        Offer("grid", "b0", Curve((0.0, 2000.0), (energy, energy)))
    ]
    for at in range(int(rng.integers(1, 9))):
        bus = f"b{rng.integers(1, feeder.n_bus)}"
        most = float(rng.integers(10, 150))
        firm = most * float(rng.choice([0.0, 0.3, 1.0]))
        price = energy * rng.uniform(0.9, 1.4)
        rise = energy * float(rng.choice([0.0, 0.0, 0.02, 0.3]))
        if rng.random() < 0.5:
            curve = Curve((firm, most), (price + rise, price))
            book.append(Bid(f"bid {at}", bus, curve))
        else:
            curve = Curve((0.0, most), (price, price + rise))
            book.append(Offer(f"offer {at}", bus, curve))
    floor = float(rng.choice([0.5, 0.9, 0.95, 0.97]))
    flow_kw = {"l1": float(rng.integers(30, 200))} if rng.random() < 0.3 else {}
    limits = GridLimits(voltage_pu=(floor, 1.1), flow_kw=flow_kw)
    return feeder, CurveColumns.of(book, grid), limits
