"""What the DLMP part clears: IEEE 37 and 123 as OpenDSS has them, balanced feeders.

A book is one bid for every bus with load (a part of them reducible), producers, and the
transmission grid at the source; each case has several, with other prices and sizes.
Limits are set so that reducing and producing all that is offered keeps them in every
book, and dispatching by price alone breaks several of them.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from benchmarks.balanced import BASE_KVA, BalancedFeeder, balanced_equivalent
from benchmarks.cases import Array
from gridagora.grids.linear import Linearizer
from gridagora.grids.opendss_grid import OpenDSSGrid
from gridagora.types.grid_limits import GridLimits
from gridagora.types.linear_grid import LinearGrid
from gridagora.types.orders import CurveColumns

WITH, WITHOUT = "voltage limits", "no voltage limits"
PUBLISHED = (37, 123)  # three-phase, too
SIZES = (*PUBLISHED, 1_000)

_SOURCE_PRICE = 50.0
_N_VARIANT = 8
_PRODUCERS = {
    "ieee37": ("718", "722", "728", "729", "735", "736", "740", "741"),
    "ieee123": (
        "6", "17", "24", "33", "39", "46", "51", "66", "71", "75", "79", "85", "95",
        "104", "111", "114",
    ),
}  # fmt: skip
_REDUCIBLE_SHARE = 0.4  # of the bids
_FIRM = 0.5  # part of a reducible bid that is taken at any price
_N_LIMIT = {37: 4, 123: 6, 1_000: 12}
_FLOW_RELIEF, _VOLTAGE_RELIEF = 0.5, 0.65  # how far limits are from what is usual
_LOW_PU, _HIGH_PU = 0.95, 1.08  # of all voltages; regulators lift some to 1.05

_KILOVOLT = 12.47
_CONDUCTORS = (  # least kW beyond, ohm/km: 477 ACSR, 1/0 ACSR, #2 ACSR
    (1_500.0, 0.13 + 0.39j),
    (300.0, 0.55 + 0.47j),
    (0.0, 1.05 + 0.49j),
)
_LEAST_PU = 0.945  # of the random feeder when all that is offered is used

Linearise = Callable[[Array | None, Array | None], LinearGrid]


@dataclass(frozen=True)
class DlmpCase:
    """A grid, several books of orders on it, and the limits they are cleared with.

    Attributes:
        name: As the tables show it.
        linearise: Gives the grid around any demands by place.
        grid: The grid around the demands when nobody reduces or produces.
        variants: Books; orders of all books are at the same places.
        limits: By ``WITH`` and ``WITHOUT``.
        feeder: The balanced feeder, if it is one.
    """

    name: str
    linearise: Linearise
    grid: LinearGrid
    variants: tuple[CurveColumns, ...]
    limits: dict[str, GridLimits]
    feeder: BalancedFeeder | None = None


def three_phase_case(n_bus: int) -> DlmpCase:
    """Return IEEE 37 or 123 as OpenDSS solves it: unbalanced, exact first order."""
    case = f"ieee{n_bus}"
    grid = OpenDSSGrid(case, generators=_PRODUCERS[case])
    linearise = Linearizer(grid)
    return _case(f"IEEE {n_bus}", n_bus, linearise, grid.load_buses, _PRODUCERS[case])


def balanced_case(n_bus: int) -> DlmpCase:
    """Return the balanced equivalent of IEEE 37 or 123, or a random feeder."""
    if n_bus in PUBLISHED:
        case = f"ieee{n_bus}"
        producers = _PRODUCERS[case]
        feeder = balanced_equivalent(case, producers)
        bidders = [feeder.bus[at] for at in np.flatnonzero(feeder.load_kw)]
        name = f"IEEE {n_bus}, balanced"
        return _case(name, n_bus, feeder.linearise, bidders, producers, feeder=feeder)
    feeder, bidders = random_balanced(n_bus)
    producers = tuple(feeder.bus[at] for at in feeder.supply_bus)
    name = f"{n_bus:,} buses, balanced"
    return _case(name, n_bus, feeder.linearise, bidders, producers, feeder=feeder)


def random_balanced(n_bus: int, *, seed: int = 1) -> tuple[BalancedFeeder, list[str]]:
    """Draw a 12.47 kV feeder of 5 kW a bus; return it with the buses that bid.

    Its depth is about the square root of its size. Conductors follow the demand beyond
    them; all lengths are scaled to one least voltage. A tenth of the buses takes part:
    a twentieth bids and can reduce, larger than others, a twentieth produces.
    """
    rng = np.random.default_rng([seed, n_bus])
    window = max(2, round(2 * np.sqrt(n_bus)))
    child = np.arange(1, n_bus)
    parent = np.concatenate([[-1], rng.integers(np.maximum(child - window, 0), child)])
    loaded = rng.random(n_bus) < 0.7
    loaded[np.setdiff1d(child, parent)] = True  # else two ends would always tie
    loaded[0] = False
    load_kw = np.where(loaded, rng.gamma(2.0, 2.2, n_bus), 0.0)
    some = rng.permutation(np.flatnonzero(loaded))[: n_bus // 10]
    bidders, producers = np.sort(some[: n_bus // 20]), np.sort(some[n_bus // 20 :])
    load_kw[bidders] += rng.uniform(15.0, 40.0, bidders.size)
    load_kvar = load_kw * rng.uniform(0.25, 0.5, n_bus)
    beyond = load_kw.copy()
    for at in range(n_bus - 1, 0, -1):
        beyond[parent[at]] += beyond[at]
    ohm_per_km = np.array(
        [next(z for least, z in _CONDUCTORS if kw >= least) for kw in beyond[1:]]
    )
    impedance = ohm_per_km * rng.uniform(0.05, 0.4, n_bus - 1) / _KILOVOLT**2

    def of_length(scale: float) -> BalancedFeeder:
        return BalancedFeeder(
            bus=tuple(f"b{at}" for at in range(n_bus)),
            parent=parent,
            branch=tuple(f"l{at}" for at in range(1, n_bus)),
            impedance_pu=impedance * scale,
            shunt_kvar=np.zeros(n_bus),
            base_pu=np.ones(n_bus),
            load_kw=load_kw,
            load_kvar=load_kvar,
            supply_bus=producers,
            limit_kw=np.full(n_bus - 1, np.inf),
        )

    scale = 0.01
    demand = (load_kw + 1j * load_kvar) / BASE_KVA
    for _ in range(8):  # the drop is all but proportional to the lengths
        drop = 1 - np.abs(of_length(scale).solve(demand)).min()
        scale *= (1 - _LEAST_PU) / drop
    return of_length(scale), [f"b{at}" for at in bidders]


def _case(
    name: str,
    n_bus: int,
    linearise: Linearise,
    bidders: list[str] | tuple[str, ...],
    producers: tuple[str, ...],
    *,
    feeder: BalancedFeeder | None = None,
) -> DlmpCase:
    grid = linearise(None, None)
    bid_at = np.array([grid.bus_index(bus) for bus in bidders])
    offer_at = np.array([grid.bus_index(bus) for bus in producers])
    variants = _books(n_bus, grid, bid_at, offer_at)
    limits = _limits(n_bus, linearise, grid, variants)
    return DlmpCase(name, linearise, grid, variants, limits, feeder)


def _books(
    n_bus: int, grid: LinearGrid, bid_at: Array, offer_at: Array
) -> tuple[CurveColumns, ...]:
    """Draw books; which bids are reducible is the same in all of them."""
    rng = np.random.default_rng([2, n_bus])
    n_bid, n_offer = bid_at.size, offer_at.size
    bus = np.concatenate([[grid.source], bid_at, offer_at])
    is_bid = np.concatenate([[False], np.ones(n_bid, bool), np.zeros(n_offer, bool)])
    share = 1.0 if n_bus == 1_000 else _REDUCIBLE_SHARE
    reducible = rng.permutation(n_bid) < round(share * n_bid)
    total_kw = float(grid.demand_kw.sum())
    books = []
    for _ in range(_N_VARIANT):
        most = grid.demand_kw[bid_at] * rng.uniform(0.92, 1.0, n_bid)
        size = rng.uniform(0.5, 1.0, n_offer) * 0.3 * total_kw / n_offer
        low = rng.uniform(55.0, 90.0, bus.size)
        high = low + rng.uniform(15.0, 45.0, bus.size)
        low[0] = high[0] = _SOURCE_PRICE
        fixed = np.flatnonzero(is_bid)[~reducible]
        low[fixed] = high[fixed] = 200.0
        books.append(
            CurveColumns.affine(
                [f"p{at}" for at in range(bus.size)],
                bus,
                is_bid,
                p_max=high,
                p_min=low,
                q_max=np.concatenate([[2 * total_kw], most, size]),
                q_min=np.concatenate(
                    [[0.0], np.where(reducible, _FIRM, 1.0) * most, np.zeros(n_offer)]
                ),
            )
        )
    return tuple(books)


def _limits(
    n_bus: int, linearise: Linearise, grid: LinearGrid, books: tuple[CurveColumns, ...]
) -> dict[str, GridLimits]:
    """Return limits between what price alone gives and the most that can be done."""
    idle = [linearise(*_demands(grid, book, relief=False)) for book in books]
    least = [linearise(*_demands(grid, book, relief=True)) for book in books]
    usual = _extremes(idle, low_flows=True)
    relieved = _extremes(least, low_flows=False)
    count = _N_LIMIT[n_bus]
    flow_kw = _between(count, grid.flows.name, usual[0], relieved[0], _FLOW_RELIEF)
    terminals = tuple(grid.place[at] for at in grid.terminals)
    low, voltage_at = _LOW_PU, {}
    if n_bus in PUBLISHED:
        found = _between(count, terminals, usual[1], relieved[1], _VOLTAGE_RELIEF)
        voltage_at = {name: (least_pu, _HIGH_PU) for name, least_pu in found.items()}
    else:
        lowest = usual[1].min(), relieved[1].min()
        low = float(lowest[0] + _VOLTAGE_RELIEF * (lowest[1] - lowest[0]))
    return {
        WITH: GridLimits((low, _HIGH_PU), voltage_at, flow_kw=flow_kw),
        WITHOUT: GridLimits(voltage_pu=None, flow_kw=flow_kw),
    }


def _extremes(grids: list[LinearGrid], *, low_flows: bool) -> tuple[Array, Array]:
    """Return the flows and voltages of several solutions that relief has to beat."""
    flows = np.array([grid.flows.value for grid in grids])
    volts = np.array([grid.voltages.value for grid in grids])
    if low_flows:
        return flows.min(axis=0), volts.max(axis=0)
    return flows.max(axis=0), volts.min(axis=0)


def _between(
    count: int, names: tuple[str, ...], usual: Array, relieved: Array, relief: float
) -> dict[str, float]:
    """Return limits of some rows: so much of the way from usual to relieved values.

    Rows are taken from those that relief moves much, at equal steps of how much: rows
    next to each other on the feeder move alike. The largest are left out, for a limit
    at the head of the feeder would hide the others.
    """
    room = np.abs(relieved - usual)
    fit = np.flatnonzero((room > 0.05 * room.max()) & (room < 0.8 * room.max()))
    fit = fit[np.argsort(-room[fit], kind="stable")]
    chosen = fit[np.linspace(0, fit.size - 1, count).astype(int)]
    return {
        names[at]: float(usual[at] + relief * (relieved[at] - usual[at]))
        for at in chosen
    }


def _demands(
    grid: LinearGrid, book: CurveColumns, *, relief: bool
) -> tuple[Array, Array]:
    """Return demands by place: bids at their most, or all that is offered used."""
    quantity = np.where(
        book.is_bid, book.firm_kw if relief else book.most_kw, relief * book.most_kw
    )
    quantity[0] = 0.0  # the transmission grid's
    place = np.where(book.is_bid, book.bus, grid.supply[book.bus])
    kw, kvar = np.array(grid.demand_kw), np.array(grid.demand_kvar)
    kw[place] = kvar[place] = 0.0
    signed = np.where(book.is_bid, quantity, -quantity)
    np.add.at(kw, place, signed)
    np.add.at(kvar, place, signed * grid.kvar_per_kw[place])
    return kw, kvar
