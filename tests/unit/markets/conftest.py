"""Small linear grids for hand-worked examples, and a street that is not linear."""

import numpy as np
import pytest

from gridagora.errors import PowerFlowError
from gridagora.types.dispatch import Certificate, Outcome
from gridagora.types.linear_dispatch import LimitTable, LinearDispatch, PriceParts
from gridagora.types.linear_grid import LinearGrid, Response
from gridagora.types.network import Network
from gridagora.types.orders import Bid, Curve, CurveColumns, Offer

PLACES = ("source", "house", "house.supply", "house.1")


@pytest.fixture
def make_grid():
    """Return a function that builds a linear grid from short tables.

    A row is (name, value, what a kW at each place adds, what a kvar adds); what is left
    out is 0.
    """

    def response(rows, n_place):
        wide = [
            (
                name,
                value,
                *(list(part) + [0.0] * (n_place - len(part)) for part in parts),
            )
            for name, value, *parts in ((*row, [], [])[:4] for row in rows)
        ]
        return Response(
            tuple(row[0] for row in wide),
            np.array([row[1] for row in wide], dtype=np.float64),
            np.array([row[2] for row in wide], dtype=np.float64).reshape(-1, n_place),
            np.array([row[3] for row in wide], dtype=np.float64).reshape(-1, n_place),
        )

    def make(
        place,
        bus,
        *,
        voltages=(),
        flows=(),
        flow_limit_kw=(),
        currents=(),
        current_limit_a=(),
        loss=(0.0, [], []),
        supply=None,
        demand_kw=(),
        demand_kvar=(),
        kvar_per_kw=(),
    ):
        n_place = len(place)
        n_bus = len(dict.fromkeys(bus))

        def column(values):
            return np.array(list(values) + [0.0] * (n_place - len(values)))

        return LinearGrid(
            place=tuple(place),
            n_bus=n_bus,
            bus=np.array(bus, dtype=np.int64),
            supply=np.arange(n_bus) if supply is None else np.array(supply),
            source=0,
            demand_kw=column(demand_kw),
            demand_kvar=column(demand_kvar),
            kvar_per_kw=column(kvar_per_kw),
            voltages=response(voltages, n_place),
            flows=response(flows, n_place),
            currents=response(currents, n_place),
            loss=response([("losses", *loss)], n_place),
            flow_limit_kw=np.array(flow_limit_kw, dtype=np.float64),
            current_limit_a=np.array(current_limit_a, dtype=np.float64),
        )

    return make


def one_row(name, value, per_kw, per_kvar=(0.0, 0.0, 0.0, 0.0)):
    return Response(
        (name,), np.array([value]), np.array([per_kw]), np.array([per_kvar])
    )


class Street:
    """A source at 1 pu, a line of 0.001 pu voltage per kW and pu, a house at its end.

    A house that draws P kW at voltage v has the current P / v, so that
    v = 1 - 0.001 P / v: v = (1 + sqrt(1 - 0.004 P)) / 2 and P = 1000 v (1 - v). The
    line takes in P / v, of which P / v - P is lost, and

        dv/dP = -0.001 / (2 v - 1),  d(P / v)/dP = 1 / (2 v - 1).
    """

    def __init__(self, drawn_kw=50.0):
        self.drawn_kw = drawn_kw
        self.n_call = 0

    def __call__(self, demand_kw=None, demand_kvar=None):
        self.n_call += 1
        if demand_kw is None:
            demand_kw = np.array([0.0, self.drawn_kw, 0.0, 0.0])
        power_kw = float(demand_kw[1:].sum())
        root = 1.0 - 0.004 * power_kw
        if root <= 0.0:
            raise PowerFlowError("street", "no voltage carries it", "Draw less")
        volt = (1.0 + root**0.5) / 2.0
        slope = 1.0 / (2.0 * volt - 1.0)
        at_house = np.array([0.0, 1.0, 1.0, 1.0])
        flow_kw = power_kw / volt
        return LinearGrid(
            place=PLACES,
            n_bus=2,
            bus=np.array([0, 1, 1, 1]),
            supply=np.array([0, 2]),
            source=0,
            demand_kw=np.array(demand_kw),
            demand_kvar=np.zeros(4),
            kvar_per_kw=np.zeros(4),
            voltages=one_row("house.1", volt, -0.001 * slope * at_house),
            flows=one_row("street", flow_kw, slope * at_house),
            currents=one_row("street.1", flow_kw, slope * at_house),
            loss=one_row("loss", flow_kw - power_kw, (slope - 1.0) * at_house),
            flow_limit_kw=np.array([np.inf]),
            current_limit_a=np.array([np.inf]),
        )


@pytest.fixture
def street():
    return Street()


@pytest.fixture
def cleared():
    """A shop takes 20 kW, a roof delivers 6, others draw 3 kW and 1 kvar.

    Energy costs 10 and 0.5 kW are lost, so that 17.5 kW come from the source. The
    street is full, which is worth 0.8 per kW; the voltage at the house is at its least,
    which is worth 500 per pu.
    """
    grid = LinearGrid(
        place=PLACES,
        n_bus=2,
        bus=np.array([0, 1, 1, 1]),
        supply=np.array([0, 2]),
        source=0,
        demand_kw=np.array([0.0, 10.0, 0.0, 0.0]),
        demand_kvar=np.array([0.0, 4.0, 0.0, 0.0]),
        kvar_per_kw=np.array([0.0, 0.5, 0.0, 0.0]),
        voltages=one_row(
            "house.1", 0.98, [0, -0.0005, -0.0004, -0.001], [0, -0.0006, 0, 0]
        ),
        flows=one_row("street", 10.0, [0, 1.0, 1.0, 1.0]),
        currents=one_row("street.1", 4.0, [0, 0, 0, 0]),
        loss=one_row("loss", 0.2, [0, 0.05, 0.04, 0.06], [0, 0.01, 0, 0]),
        flow_limit_kw=np.array([17.0]),
        current_limit_a=np.array([10.0]),
    )
    orders = CurveColumns.of(
        [
            Bid("shop", "house", Curve((20.0, 20.0), (90.0, 90.0))),
            Offer("roof", "house", Curve((0.0, 6.0), (1.0, 1.0))),
            Offer("grid", "source", Curve((0.0, 99.0), (10.0, 10.0))),
        ],
        grid,
    )
    nothing = np.zeros(4)
    return LinearDispatch(
        grid=grid,
        orders=orders,
        place=np.array([1, 2, 0]),
        kvar_per_kw=np.array([0.5, 0.0, 0.0]),
        fixed_kw=np.array([0.0, 3.0, 0.0, 0.0]),
        fixed_kvar=np.array([0.0, 1.0, 0.0, 0.0]),
        outcome=Outcome.CLEARED,
        quantity_kw=np.array([20.0, 6.0, 17.5]),
        active=PriceParts(
            energy=np.full(4, 10.0),
            loss=np.array([0.0, 0.45, 0.45, 0.45]),
            congestion=np.array([0.0, 0.8, 0.8, 0.8]),
            voltage=np.array([0.0, 0.25, 0.2, 0.5]),
            unbalance=np.array([0.0, 0.05, -0.05, 0.15]),
        ),
        reactive=PriceParts(
            energy=nothing,
            loss=np.array([0.0, 0.1, 0.0, 0.0]),
            congestion=nothing,
            voltage=np.array([0.0, 0.3, 0.0, 0.0]),
            unbalance=nothing,
        ),
        limits=LimitTable(
            name=("street", "house.1", "substation"),
            kind=("flow", "voltage", "substation"),
            unit=("kW", "pu", "kW"),
            low=np.array([-17.0, 0.95, -99.0]),
            high=np.array([17.0, 1.05, 99.0]),
            value=np.array([17.0, 0.95, 17.5]),
            worth=np.array([0.8, -500.0, 0.0]),
        ),
        loss_kw=0.5,
        certificate=Certificate("test", {}),
    )


@pytest.fixture
def five_bus():
    """Return a function that builds a ring of five buses and its book.

    G1 at 1 and G2 at 3 are mirror images; G3 at 5 stands behind lines 2-5 (limited)
    and 4-5. A kW sent from 1 or 3 to bus 2, 4 or 5 puts -0.125, 0.125 or 0.625 kW on
    line 2-5.
    """

    def make(limit_kw=100.0, markup=(0.0, 0.0, 0.0)):
        network = Network.from_table(
            {
                "from_bus": ["1", "2", "1", "3", "2", "4"],
                "to_bus": ["2", "3", "4", "4", "5", "5"],
                "reactance_pu": [0.1, 0.1, 0.1, 0.1, 0.1, 0.2],
                "limit_kw": [None, None, None, None, limit_kw, None],
            }
        )
        offers = [
            Offer.affine(
                name, bus, p_min=b + m, p_max=b + m + slope * most_kw, q_max=most_kw
            )
            for name, bus, b, slope, most_kw, m in zip(
                ("G1", "G2", "G3"),
                ("1", "3", "5"),
                (17.5, 17.5, 22.34341889),
                (0.02389093, 0.02389093, 0.0275),
                (255.0, 255.0, 260.0),
                markup,
                strict=True,
            )
        ]
        loads = [
            Bid.affine(f"L{bus}", bus, p_max=60.0, p_min=60.0, q_max=kw, q_min=kw)
            for bus, kw in (("2", 55.0), ("3", 55.0), ("4", 50.0), ("5", 340.0))
        ]
        return network, CurveColumns.of([*offers, *loads], network)

    return make
