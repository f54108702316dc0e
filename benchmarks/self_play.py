"""One generation of self-play, 500 clearings under new markups: ours and optimisers.

Ours answers from regions of markups that it knows from earlier generations. How long a
first generation takes, in which it learns them, is a row of its own.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.agreement import Gap, compare
from benchmarks.cases import Array, MeshedCase, five_bus_case
from benchmarks.meshed import DaqpAlone, Pypower, timed_row
from benchmarks.report import Claim, Row, Section
from benchmarks.timing import Call, interleaved
from gridagora.environment.self_play import SelfPlay
from gridagora.learning.neuroevolution import Neuroevolution
from gridagora.markets.direct_current import prepare_flows
from gridagora.markets.markup_market import MarkupMarket
from gridagora.markets.meshed import clear_meshed
from gridagora.types.network import Network
from gridagora.types.orders import CurveColumns

GENERATION = 500  # clearings

WARM = "MarkupMarket.clear, regions known"
COLD = "MarkupMarket built and cleared, no region known"
ENGINE = "clear_meshed, one by one"
PLAY = "SelfPlay.step: strategies, clearings, evolution"
DAQP = DaqpAlone.name
PYPOWER = "PYPOWER rundcopf, 500 times one clearing"

_SAME = 1e-9  # of the largest quantity, and of the highest price
_SETS = 8  # generations that are timed in turn
_CHECKED = 40  # clearings compared with optimisers; PYPOWER a quarter of them
GENERATION_MS = 5.0
TIMES_PYPOWER = 2_000.0


class DifferentRoundsError(RuntimeError):
    """Rounds from regions that are not the general engine's dispatch."""


@dataclass(frozen=True)
class Played:
    """A case as self-play meets it: one true book, and markups on it.

    Attributes:
        case: The network, and the book under each of the markups.
        book: The orders without markups.
        markup: Of every player in every round. Shape ``(GENERATION, n_player)``.
        most: Highest markup.
    """

    case: MeshedCase
    book: CurveColumns
    markup: Array
    most: float

    def market(self) -> MarkupMarket:
        """Return a market that knows no region yet."""
        return MarkupMarket(self.case.network, self.book)


def measure(*, budget_s: float, cap_s: float) -> list[Section]:
    """Time a generation on 2, 5 and 30 buses."""
    rows: list[Row] = []
    claims: list[Claim] = []
    for played in (two_buses(), five_buses(), thirty_buses()):
        found = _rows(played, budget_s=budget_s, cap_s=cap_s)
        rows += found
        if played.case.name == "5 buses":
            claims = _claims(found)
    title = f"Self-play: one generation of {GENERATION} clearings under new markups"
    return [Section(title, (WARM, DAQP), "x {}", rows, claims)]


def five_buses() -> Played:
    """Return the three producers with a pocket; see ``cases.five_bus_case``."""
    case = five_bus_case(GENERATION)
    first = case.variants[0]  # its markups are 0
    at = first.start[:-1][~first.is_bid]
    markup = [
        book.price_per_kwh[at] - first.price_per_kwh[at] for book in case.variants
    ]
    return Played(case, first, np.array(markup), 30.0)


def two_buses() -> Played:
    """Return two producers and 50 of line between two towns of 100 each."""
    network = Network.from_table(
        {"from_bus": ["a"], "to_bus": ["b"], "limit_kw": [50.0]}
    )
    return _played(
        "2 buses",
        network,
        offers=(np.array([0, 1]), np.full(2, 100.0), np.full(2, 0.01), np.full(2, 1e3)),
        loads=(np.array([0, 1]), np.full(2, 100.0), 300.0),
        most=100.0,
    )


def thirty_buses() -> Played:
    """Return PYPOWER's case30: six producers, 41 lines that all have limits."""
    from pypower.api import case30

    tables = case30()
    number = {int(bus): at for at, bus in enumerate(tables["bus"][:, 0])}
    branch, gen = tables["branch"], tables["gen"]
    ends = np.array([[number[int(a)], number[int(b)]] for a, b in branch[:, :2]])
    names = tuple(f"b{bus}" for bus in number)
    network = Network(
        bus=names,
        branch=tuple(f"l{at}" for at in range(len(ends))),
        from_bus=ends[:, 0].copy(),
        to_bus=ends[:, 1].copy(),
        limit_kw=branch[:, 5].copy(),
        reactance_pu=branch[:, 3].copy(),
    )
    place = np.array([number[int(bus)] for bus in gen[:, 0]])
    loaded = np.flatnonzero(tables["bus"][:, 2] > 0.0)
    return _played(
        "30 buses",
        network,
        offers=(
            place,
            tables["gencost"][:, 5],
            2.0 * tables["gencost"][:, 4],
            gen[:, 8],
        ),
        loads=(loaded, tables["bus"][loaded, 2], 50.0),
        most=3.0,
    )


def _played(
    name: str,
    network: Network,
    *,
    offers: tuple[Array, Array, Array, Array],
    loads: tuple[Array, Array, float],
    most: float,
) -> Played:
    """Draw markups on units (bus, intercept, slope, capacity) and firm loads."""
    unit_bus, intercept, slope, capacity = offers
    load_bus, load, worth = loads
    n_unit, n_load = unit_bus.size, load_bus.size
    markup = np.random.default_rng([1, network.n_bus]).uniform(
        0.0, most, (GENERATION, n_unit)
    )
    markup[0] = 0.0

    def book(rise: Array) -> CurveColumns:
        return CurveColumns.affine(
            [*(f"g{at}" for at in range(n_unit)), *(f"d{at}" for at in range(n_load))],
            np.concatenate([unit_bus, load_bus]),
            np.arange(n_unit + n_load) >= n_unit,
            p_max=np.append(
                intercept + slope * capacity + rise, np.full(n_load, worth)
            ),
            p_min=np.append(intercept + rise, np.full(n_load, worth)),
            q_max=np.concatenate([capacity, load]),
            q_min=np.concatenate([np.zeros(n_unit), load]),
        )

    variants = tuple(book(rise) for rise in markup)
    return Played(MeshedCase(name, network, variants), variants[0], markup, most)


def _rows(played: Played, *, budget_s: float, cap_s: float) -> list[Row]:
    case, markup = played.case, played.markup
    market, flows = played.market(), prepare_flows(case.network)
    _agree_with_engine(played, market)
    gaps = {
        DAQP: _gap(played, daqp := DaqpAlone(case, cap_s), _CHECKED),
        PYPOWER: _gap(played, pypower := Pypower(case, cap_s), _CHECKED // 4),
    }
    play = _self_play(played)
    further = _further_markups(played)
    for drawn in further:
        market.clear(drawn)
    contenders: dict[str, Call] = {
        WARM: lambda at: market.clear(further[at % _SETS]),
        COLD: lambda _: played.market().clear(markup),
        PLAY: lambda _: play.step(),
        ENGINE: _generation(
            lambda at: clear_meshed(case.network, case.variants[at], flows=flows)
        ),
        DAQP: _generation(daqp.solve),
        PYPOWER: lambda at: pypower.solve(at % GENERATION),
    }
    timings = interleaved(contenders, budget_s=budget_s, cap_s=cap_s)
    timings[PYPOWER].seconds = [GENERATION * once for once in timings[PYPOWER].seconds]
    n_region, n_point = market.n_known
    how = f"{n_region} regions, {n_point} points" if n_region else "a tree"
    label = f"{case.name}, {market.n_player} players ({how})"
    bases = {WARM: timings[WARM], DAQP: timings[DAQP]}
    return [
        timed_row(label, name, timings[name], bases, gaps.get(name)) for name in timings
    ]


def _further_markups(played: Played) -> Array:
    """Draw markups of other generations, so that none repeats the last one's."""
    rng = np.random.default_rng([2, played.case.network.n_bus])
    return rng.uniform(0.0, played.most, (_SETS, *played.markup.shape))


def _self_play(played: Played) -> SelfPlay:
    """Return self-play that has met the regions of its first generations."""
    market = played.market()
    learner = Neuroevolution(market.n_player, low=0.0, high=played.most)
    play = SelfPlay(market, learner, seed=1)
    for _ in range(5):
        play.step()
    return play


def _generation(solve: Callable[[int], object]) -> Call:
    def call(_: int) -> None:
        for at in range(GENERATION):
            solve(at)

    return call


def _agree_with_engine(played: Played, market: MarkupMarket) -> None:
    """Compare every round with ``clear_nodal``.

    Raises:
        DifferentRoundsError: A round differs by more than 1e-9.
    """
    rounds = market.clear(played.markup)
    for at, row in enumerate(played.markup):
        dispatch = market.dispatch(row)
        off_kw = np.abs(rounds.quantity_kw[at] - dispatch.quantity_kw).max()
        off_price = np.abs(rounds.price_per_kwh[at] - dispatch.price_per_kwh).max()
        if not (
            off_kw <= _SAME * played.book.quantity_kw.max()
            and off_price <= _SAME * played.book.price_per_kwh.max()
        ):
            msg = f"{played.case.name}, round {at}: off by {off_kw} kW, {off_price}"
            raise DifferentRoundsError(msg)


def _gap(played: Played, peer: DaqpAlone | Pypower, count: int) -> Gap:
    market, gap = played.market(), Gap(0.0, 0.0)
    for at in range(count):
        peer.solve(at)
        dispatch = market.dispatch(played.markup[at])
        gap = gap.worst(compare(peer.name, dispatch, peer.answer()))
    return gap


def _claims(rows: Sequence[Row]) -> list[Claim]:
    by_name = {row.contender.removeprefix("gridagora, "): row for row in rows}
    claims = []
    for name, what in ((WARM, "clearings"), (PLAY, "clearings, strategies, evolution")):
        took = by_name[name].median_ms or np.inf
        claims.append(
            Claim(
                f"5 buses, a generation: {what}",
                f"< {GENERATION_MS:g} ms",
                f"{took:.3g} ms",
                took < GENERATION_MS,
            )
        )
    times = by_name[PYPOWER].ratios[WARM]
    claims.append(
        Claim(
            "5 buses, PYPOWER's time over ours, clearings only",
            f"> {TIMES_PYPOWER:,.0f}",
            f"{times:,.0f}",
            times > TIMES_PYPOWER,
        )
    )
    return claims
