"""What the DLMP study claims, and which printed claims do not come out.

The paper prints a map without numbers. The numbers here are those of a worked example
of its eqs. (12) to (18) on the same feeder: chosen data, and prices that another
program found from them. What the linear model and the prices are worth is claimed as
errors against OpenDSS, each expected to be 0 within a stated tolerance.
"""

from collections.abc import Callable

from gridagora.studies.contract import Departure, Origin, Tables, Target
from gridagora.studies.dlmp.trust import RELATIVE_TOLERANCE
from gridagora.studies.market_tables import one_number

_SOLVER = "cvxpy 1.9.3 with Clarabel, eqs. (12) to (18) of the same data"
_RULE = "law of the mechanism"
_PAPER = "OpenGridGym, IV-C"
_DEAR = ("709", "708", "734", "735", "738")
_DEARER = ("720", "722")
_PLAIN = ("701", "702", "703", "705", "730", "704", "718", "729")


def _case(name: str, column: str) -> Callable[[Tables], float]:
    """Read one number of one of the paper's hours."""

    def read(tables: Tables) -> float:
        return one_number(tables["cases"], column, scenario=name)

    return read


def _award(participant: str) -> Callable[[Tables], float]:
    """Read the output of a producer when two lines are full. kW."""

    def read(tables: Tables) -> float:
        table = tables["awards"]
        return one_number(
            table,
            "quantity_kw",
            scenario="a-full",
            participant=participant,
            side="offer",
        )

    return read


def _reduced(bus: str) -> Callable[[Tables], float]:
    """Read the demand left out at a bus when two lines are full. kW."""

    def read(tables: Tables) -> float:
        return one_number(tables["buses"], "reduction_kw", scenario="a-full", bus=bus)

    return read


def _worth(branch: str) -> Callable[[Tables], float]:
    """Read what one more kWh through a line is worth. $/MWh."""

    def read(tables: Tables) -> float:
        table = tables["branches"]
        return one_number(table, "worth_usd_per_mwh", scenario="a-full", branch=branch)

    return read


def _furthest(scenario: str, price: float, *buses: str) -> Callable[[Tables], float]:
    """Read the price furthest from an expected one over some buses, or all. $/MWh."""

    def read(tables: Tables) -> float:
        table = tables["buses"]
        table = table[table["scenario"] == scenario]
        if buses:
            table = table[table["bus"].isin(buses)]
        prices = table["price_usd_per_mwh"]
        return float(prices.iloc[(prices - price).abs().argmax()])

    return read


def _sum_of_money(tables: Tables) -> float:
    """Read the largest sum that a ledger's money comes to; 0 if all is accounted for.

    1e-9 mills.
    """
    table = tables["ledger"]
    table = table[table["cause"] == "sum"]
    return float(table[["money_nano", "energy_wh"]].abs().to_numpy().max())


def _largest(table: str, column: str) -> Callable[[Tables], float]:
    """Read the largest absolute number of a column."""

    def read(tables: Tables) -> float:
        return float(tables[table][column].abs().max())

    return read


def _excess(tables: Tables) -> float:
    """Read the true cost of truthful bids beyond the least there is. %."""
    return one_number(tables["regimes"], "excess_cost_percent", regime="truthful")


_Row = tuple[str, float, float, Callable[[Tables], float]]

_FOUND: tuple[_Row, ...] = (
    ("a, no line full: price at every bus, $/MWh", 50.0, 1e-6, _furthest("a-free", 50)),
    (
        "a, full lines: cost with the paper's objective, mills/h",
        130979.2,
        0.05,
        _case("a-full", "objective_mills_per_h"),
    ),
    (
        "a, full lines: power of the source, kW",
        2213.0,
        0.05,
        _case("a-full", "source_kw"),
    ),
    ("a, full lines: output at 729, kW", 0.0, 0.05, _award("729")),
    ("a, full lines: output at 735, kW", 200.0, 0.05, _award("735")),
    ("a, full lines: output at 718, kW", 0.0, 0.05, _award("718")),
    ("a, full lines: reduction at 738, kW", 14.0, 0.05, _reduced("738")),
    ("a, full lines: reduction at 701, kW", 0.0, 0.05, _reduced("701")),
    ("a, full lines: reduction at 722, kW", 30.0, 0.05, _reduced("722")),
    ("a, full lines: worth of line 730-709, $/MWh", 45.6, 1e-3, _worth("l730_709")),
    ("a, full lines: worth of line 704-720, $/MWh", 57.0, 1e-3, _worth("l704_720")),
    (
        "a, full lines: price before the lines, $/MWh",
        50.0,
        1e-3,
        _furthest("a-full", 50.0, *_PLAIN),
    ),
    (
        "a, full lines: price behind 730-709, $/MWh",
        95.6,
        1e-3,
        _furthest("a-full", 95.6, *_DEAR),
    ),
    (
        "a, full lines: price behind 704-720, $/MWh",
        107.0,
        1e-3,
        _furthest("a-full", 107.0, *_DEARER),
    ),
    (
        "a, full lines: merchandising surplus, mills/h",
        42636.0,
        0.5,
        _case("a-full", "rent_mills_per_h"),
    ),
)
_LAWS: tuple[_Row, ...] = (
    ("a: sum of all money and of all energy, 1e-9 mills or Wh", 0, 0, _sum_of_money),
    ("b: cost of truthful bids above the optimum, %", 0.0, 1e-9, _excess),
    (
        "c: voltages promised less those solved in OpenDSS, pu",
        0.0,
        2e-6,
        _largest("day", "voltage_gap_pu"),
    ),
    (
        "trust: price less difference of total cost, largest part of the price",
        0.0,
        RELATIVE_TOLERANCE,
        _largest("trust", "relative_error"),
    ),
)

TARGETS = (
    *(
        Target(name, expected, within, Origin.REFERENCE, _SOLVER, read)
        for name, expected, within, read in _FOUND
    ),
    *(
        Target(name, expected, within, Origin.DERIVED, _RULE, read)
        for name, expected, within, read in _LAWS
    ),
)

DEPARTURES = (
    Departure(
        quantity="total load, kW",
        printed="around 2200",
        reason="The published data of the feeder add up to 2457 kW.",
        where=f"{_PAPER}1",
        read=_case("a-free", "demand_kw"),
    ),
    Departure(
        quantity="money that demand response costs consumers, mills/h",
        printed="a profit, which is paid for by other consumers that benefit",
        reason="A reduction is not charged, which at the optimum pays its marginal "
        "cost already; what consumers pay on top of that compensates it twice.",
        where=_PAPER,
        read=_case("a-full", "demand_response_mills_per_h"),
    ),
    Departure(
        quantity="losses that the market leaves out where no line is full, kW",
        printed="security-constrained optimal power flow",
        reason="Eqs. (12) to (18) have line limits and nothing else: no losses, no "
        "voltages, no phases, no outages. OpenDSS finds what they leave out.",
        where=f"{_PAPER}2",
        read=_case("a-free", "opendss_loss_kw"),
    ),
)
