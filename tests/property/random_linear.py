"""Random linear grids and markets on them, with the classes that each one contains."""

import numpy as np
from random_markets import random_orders

from gridagora.types.grid_limits import GridLimits
from gridagora.types.linear_grid import LinearGrid, Response
from gridagora.types.orders import CurveColumns

KINDS = ("smooth", "grid", "inelastic", "one-sided", "empty")
_WEIGHTS = np.array([0.42, 0.3, 0.18, 0.05, 0.05])

Market = tuple[LinearGrid, CurveColumns, GridLimits, frozenset[str]]


def random_linear_market(rng: np.random.Generator, kind: str | None = None) -> Market:
    """Draw a linear grid, orders and limits, and the classes known before clearing.

    Classes: the kind (see ``random_markets.KINDS``), ``feeder`` or ``dense``, ``lossy``
    or ``lossless``, ``tied`` (level pieces of one price in two orders).
    """
    kind = kind or str(rng.choice(KINDS, p=_WEIGHTS))
    n_bus = int(rng.choice([2, 3, 4, 6, 9], p=[0.15, 0.25, 0.25, 0.2, 0.15]))
    lossy = rng.random() < 0.7
    if rng.random() < 0.75:
        shape = "feeder"
        grid = random_feeder(rng, n_bus, lossy=lossy)
    else:
        shape = "dense"
        grid = random_dense(rng, n_bus, lossy=lossy)
    n_order = 0 if kind == "empty" else int(rng.integers(2, 2 * n_bus + 5))
    orders = _with_source(rng, random_orders(rng, n_order, grid.n_bus, kind), grid)
    limits = _limits(rng, grid)
    classes = {kind, shape, "lossy" if lossy else "lossless", *_tied(orders)}
    return grid, orders, limits, frozenset(classes)


def random_feeder(
    rng: np.random.Generator,
    n_bus: int,
    *,
    lossy: bool = True,
    n_phase: int | None = None,
) -> LinearGrid:
    """Draw a radial feeder: LinDistFlow by phase, losses to first order.

    Voltage of phase a at a bus falls by ``r P + x Q`` of the path that both have in
    common, a third as much by what other phases draw. Losses are ``r (P^2 + Q^2)``.
    """
    phases = n_phase or int(rng.choice([1, 3], p=[0.4, 0.6]))
    parent = np.array([-1] + [int(rng.integers(at)) for at in range(1, n_bus)])
    path = np.zeros((n_bus, n_bus))  # line k feeds bus k
    for bus in range(1, n_bus):
        path[bus] = path[parent[bus]]
        path[bus, bus] = 1.0
    r = rng.uniform(0.0005, 0.006, n_bus)
    x = r * rng.uniform(0.3, 1.5, n_bus)
    n_terminal = n_bus * phases
    terminal_bus = np.repeat(np.arange(n_bus), phases)
    phase = np.tile(np.arange(phases), n_bus)
    coupling = np.where(phase[:, None] == phase, 1.0, 1.0 / 3.0)
    common = path[terminal_bus] * r @ path[terminal_bus].T
    reactive = path[terminal_bus] * x @ path[terminal_bus].T
    own_p, own_q = -coupling * common, -coupling * reactive
    supply_at = np.flatnonzero(rng.random(n_bus) < 0.4)
    shares = np.zeros((n_bus + supply_at.size + n_terminal, n_terminal))
    part = rng.dirichlet(np.ones(phases), n_bus)
    shares[terminal_bus, np.arange(n_terminal)] = part[terminal_bus, phase]
    for at, own in enumerate(supply_at):
        shares[n_bus + at, terminal_bus == own] = 1.0 / phases
    shares[n_bus + supply_at.size :] = np.eye(n_terminal)
    bus_of = np.concatenate([np.arange(n_bus), supply_at, terminal_bus])
    demand_kw, demand_kvar, ratio = _operating_point(rng, n_bus, bus_of.size)
    drawn_p, drawn_q = demand_kw @ shares, demand_kvar @ shares
    flow_p = path.T @ np.bincount(terminal_bus, drawn_p, n_bus)
    flow_q = path.T @ np.bincount(terminal_bus, drawn_q, n_bus)
    loss_size = r * (0.5 if lossy else 0.0)
    voltage_source = rng.uniform(0.98, 1.04)
    flow_per = path.T[1:][:, bus_of]
    return LinearGrid(
        place=_names(n_bus, supply_at, terminal_bus, phase),
        n_bus=n_bus,
        bus=bus_of.astype(np.int64),
        supply=_supply(n_bus, supply_at),
        source=0,
        demand_kw=demand_kw,
        demand_kvar=demand_kvar,
        kvar_per_kw=ratio,
        voltages=Response(
            tuple(f"b{b}.{p + 1}" for b, p in zip(terminal_bus, phase, strict=True)),
            voltage_source + own_p @ drawn_p + own_q @ drawn_q,
            own_p @ shares.T,
            own_q @ shares.T,
        ),
        flows=Response(
            tuple(f"l{k}" for k in range(1, n_bus)),
            flow_p[1:].copy(),
            flow_per,
            np.zeros_like(flow_per),
        ),
        currents=Response(
            tuple(f"l{k}.1" for k in range(1, n_bus)),
            1.2 * flow_p[1:] + 0.3 * flow_q[1:],
            1.2 * flow_per,
            0.3 * flow_per,
        ),
        loss=Response(
            ("loss",),
            np.array([float(loss_size @ (flow_p**2 + flow_q**2))]),
            (2 * loss_size * flow_p @ path.T[:, bus_of])[None, :],
            (2 * loss_size * flow_q @ path.T[:, bus_of])[None, :],
        ),
        flow_limit_kw=_flow_limits(rng, n_bus - 1),
        current_limit_a=_flow_limits(rng, n_bus - 1) * 1.2,
    )


def random_dense(
    rng: np.random.Generator, n_bus: int, *, lossy: bool = True
) -> LinearGrid:
    """Draw a grid whose every row answers to every place, one terminal each bus."""
    supply_at = np.flatnonzero(rng.random(n_bus) < 0.3)
    terminal_bus = np.arange(n_bus)
    bus_of = np.concatenate([terminal_bus, supply_at, terminal_bus])
    n_place = bus_of.size
    away = np.where(bus_of == 0, 0.0, 1.0)
    n_flow = int(rng.integers(1, 2 * n_bus))
    demand_kw, demand_kvar, ratio = _operating_point(rng, n_bus, n_place)

    def drawn(n_row: int, size: float) -> np.ndarray:
        return np.asarray(rng.uniform(-1.0, 1.0, (n_row, n_place)) * away * size)

    loss_size = 0.05 if lossy else 0.0
    return LinearGrid(
        place=_names(n_bus, supply_at, terminal_bus, np.zeros(n_bus, dtype=np.int64)),
        n_bus=n_bus,
        bus=bus_of.astype(np.int64),
        supply=_supply(n_bus, supply_at),
        source=0,
        demand_kw=demand_kw,
        demand_kvar=demand_kvar,
        kvar_per_kw=ratio,
        voltages=Response(
            tuple(f"b{b}.1" for b in range(n_bus)),
            rng.uniform(0.97, 1.03, n_bus),
            -np.abs(drawn(n_bus, 0.01)),
            drawn(n_bus, 0.01),
        ),
        flows=Response(
            tuple(f"l{k}" for k in range(n_flow)),
            rng.uniform(-1.0, 1.0, n_flow),
            drawn(n_flow, 1.0),
            drawn(n_flow, 0.1),
        ),
        currents=Response(
            tuple(f"l{k}.1" for k in range(n_flow)),
            rng.uniform(0.0, 2.0, n_flow),
            drawn(n_flow, 1.4),
            drawn(n_flow, 0.4),
        ),
        loss=Response(
            ("loss",),
            np.array([rng.uniform(0.0, 0.3) * loss_size]),
            drawn(1, loss_size),
            drawn(1, loss_size),
        ),
        flow_limit_kw=_flow_limits(rng, n_flow),
        current_limit_a=_flow_limits(rng, n_flow) * 1.5,
    )


def _operating_point(
    rng: np.random.Generator, n_bus: int, n_place: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    demand_kw = np.zeros(n_place)
    demand_kw[:n_bus] = np.where(
        rng.random(n_bus) < 0.5, rng.uniform(0.0, 2.0, n_bus), 0.0
    )
    ratio = np.zeros(n_place)
    ratio[:n_bus] = rng.choice([0.0, 0.3, 0.5], n_bus)
    return demand_kw, demand_kw * ratio, ratio


def _names(
    n_bus: int, supply_at: np.ndarray, terminal_bus: np.ndarray, phase: np.ndarray
) -> tuple[str, ...]:
    return (
        *(f"b{bus}" for bus in range(n_bus)),
        *(f"b{bus}.supply" for bus in supply_at),
        *(f"b{b}.{p + 1}" for b, p in zip(terminal_bus, phase, strict=True)),
    )


def _supply(n_bus: int, supply_at: np.ndarray) -> np.ndarray:
    supply = np.arange(n_bus)
    supply[supply_at] = n_bus + np.arange(supply_at.size)
    return supply.astype(np.int64)


def _flow_limits(rng: np.random.Generator, n_flow: int) -> np.ndarray:
    limit = rng.uniform(1.0, 12.0, n_flow)
    limit[rng.random(n_flow) < rng.choice([0.2, 0.6, 1.0])] = np.inf
    return limit


def _limits(rng: np.random.Generator, grid: LinearGrid) -> GridLimits:
    band = rng.choice([0.03, 0.05, 0.1])
    voltage = (1.0 - band, 1.0 + band) if rng.random() < 0.8 else None
    at = {}
    if rng.random() < 0.3:
        at[f"b{rng.integers(1, grid.n_bus)}"] = (0.94, 1.02)
    return GridLimits(
        voltage_pu=voltage,
        voltage_at=at,
        flows=bool(rng.random() < 0.85),
        currents=bool(rng.random() < 0.3),
        source_kw=float(rng.choice([np.inf, 4.0, 12.0], p=[0.6, 0.2, 0.2])),
    )


def _with_source(
    rng: np.random.Generator, orders: CurveColumns, grid: LinearGrid
) -> CurveColumns:
    """Add the transmission grid most of the time: what it offers, and what it takes."""
    if orders.n_order == 0 or rng.random() < 0.1:
        return orders
    price = float(np.round(rng.uniform(0.0, 8.0) * 2) / 2)
    most = 40.0
    one = CurveColumns(
        participant=("grid", "export"),
        bus=np.array([grid.source, grid.source], dtype=np.int64),
        is_bid=np.array([False, True]),
        start=np.array([0, 2, 4], dtype=np.int64),
        quantity_kw=np.array([0.0, most, 0.0, most]),
        price_per_kwh=np.array([price, price, price - 1.0, price - 1.0]),
    )
    if rng.random() < 0.5:
        one = CurveColumns(
            one.participant[:1], one.bus[:1].copy(), one.is_bid[:1].copy(),
            one.start[:2].copy(), one.quantity_kw[:2].copy(), one.price_per_kwh[:2].copy(),
        )  # fmt: skip
    return CurveColumns.joined([orders, one])


def _tied(orders: CurveColumns) -> set[str]:
    level: list[float] = []
    for order in range(orders.n_order):
        at = slice(orders.start[order], orders.start[order + 1])
        flat = np.diff(orders.price_per_kwh[at]) == 0.0
        tall = np.diff(orders.quantity_kw[at]) > 0.0
        level += set(orders.price_per_kwh[at][:-1][flat & tall].tolist())
    return {"tied"} if len(level) > len(set(level)) else set()
