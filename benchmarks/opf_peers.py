"""AC optimal power flow on balanced feeders: PYPOWER, and pandapower beside it.

Both solve the whole nonlinear problem with one interior-point method (pandapower
carries a version of PYPOWER's). Reductions are dispatchable loads at constant power
factor, producers are generators without reactive power, the source is a generator at a
fixed voltage. Powers are in kW throughout: where they say MW, we say kW. Prices are
divided by 100: with numbers as large as ours PYPOWER does not converge on every book.
"""

import json
import subprocess
import tempfile
import time
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.balanced import BASE_KVA
from benchmarks.cases import Array, Quadratic
from benchmarks.dlmp_cases import DlmpCase
from benchmarks.peers import LinearAnswer, PeerFailedError
from gridagora.types.grid_limits import GridLimits
from gridagora.types.orders import CurveColumns

PYPOWER = "PYPOWER runopf"
PANDAPOWER = "pandapower runopp"
PANDAPOWER_PYTHON = Path(".venvs/pandapower/bin/python")
NOT_INSTALLED = f"no {PANDAPOWER_PYTHON}: see the README"

_HERE = Path(__file__).parent
_ACTIVE_POWER = 1  # OPF_FLOW_LIM
_TOLERANCES = (
    "OPF_VIOLATION", "PDIPM_GRADTOL", "PDIPM_COMPTOL", "PDIPM_COSTTOL",
)  # fmt: skip
_ANY_KVAR = 1e5
_MONEY = 1e-2  # of their unit of money
_NO_LIMITS_PU = (0.5, 1.5)

OpfData = dict[str, Any]


def opf_data(case: DlmpCase, limits: GridLimits) -> OpfData:
    """Return a balanced case in plain numbers and lists, for any program.

    Voltages and impedances have the taps taken out (see ``BalancedFeeder``). Costs are
    ``square p^2 + linear p`` of what a source, producer or reducible load draws or
    delivers; a reducible load's ``p`` is the part of it that is not firm.
    """
    feeder = case.feeder
    flow = feeder.limit_kw.copy()
    for name, limit in limits.flow_kw.items():
        flow[feeder.branch.index(name)] = limit
    low, high = limits.voltage_pu or _NO_LIMITS_PU
    ends = np.tile([low, high], (feeder.n_bus, 1))
    for name, pair in limits.voltage_at.items():
        ends[feeder.bus.index(name.removesuffix(".1"))] = pair
    ends /= feeder.base_pu[:, None]
    ends[0] = 1.0
    return {
        "base": BASE_KVA,
        "parent": feeder.parent.tolist(),
        "r": feeder.scaled_impedance_pu.real.tolist(),
        "x": feeder.scaled_impedance_pu.imag.tolist(),
        "limit": [value if np.isfinite(value) else None for value in flow],
        "shunt": feeder.scaled_shunt_kvar.tolist(),
        "low": ends[:, 0].tolist(),
        "high": ends[:, 1].tolist(),
        "books": [_book(case, book) for book in case.variants],
    }


def _book(case: DlmpCase, book: CurveColumns) -> dict[str, Any]:
    """Return one book: fixed loads by bus, then sources and reducible loads by row."""
    feeder, terms = case.feeder, Quadratic.of(book)
    load_kw, load_kvar = feeder.load_kw.copy(), feeder.load_kvar.copy()
    bids = np.flatnonzero(book.is_bid)
    ratio = case.grid.kvar_per_kw[book.bus]
    load_kw[book.bus[bids]] = load_kvar[book.bus[bids]] = 0.0
    np.add.at(load_kw, book.bus[bids], terms.least[bids])
    np.add.at(load_kvar, book.bus[bids], terms.least[bids] * ratio[bids])
    offers = np.flatnonzero(~book.is_bid)
    loads = np.flatnonzero(book.is_bid & (terms.most > terms.least))
    start = terms.linear + terms.curvature * terms.least
    return {
        "load_kw": load_kw.tolist(),
        "load_kvar": load_kvar.tolist(),
        "offers": offers.tolist(),
        "offer_bus": book.bus[offers].tolist(),
        "offer_most": terms.most[offers].tolist(),
        "offer_square": (0.5 * _MONEY * terms.curvature[offers]).tolist(),
        "offer_linear": (_MONEY * terms.linear[offers]).tolist(),
        "loads": loads.tolist(),
        "reducible_bus": book.bus[loads].tolist(),
        "reducible_most": (terms.most - terms.least)[loads].tolist(),
        "reducible_ratio": ratio[loads].tolist(),
        "reducible_square": (0.5 * _MONEY * terms.curvature[loads]).tolist(),
        "reducible_linear": (_MONEY * start[loads]).tolist(),
    }


class OpfPeer(ABC):
    """One program, set up for one case with one set of limits.

    Attributes:
        name: As the table shows it.
        away_s: Processor time that other processes spent on its solves. s.
    """

    name: str
    away_s: float = 0.0

    @abstractmethod
    def __init__(self, case: DlmpCase, limits: GridLimits) -> None:
        """Build everything that does not belong under the clock."""

    @abstractmethod
    def solve(self, variant: int) -> object:
        """Solve one book: what is timed."""

    @abstractmethod
    def answer(self) -> LinearAnswer:
        """Return what the last call found; prices of buses only."""

    def close(self) -> None:
        """End what runs elsewhere."""
        return


class PypowerOpf(OpfPeer):
    """PYPOWER's AC optimal power flow, its tables built before the clock starts.

    Args:
        case: A balanced case.
        limits: Its limits.
        tolerance: Of all its criteria, instead of its usual 5e-6 and 1e-6.
    """

    name = PYPOWER

    def __init__(
        self, case: DlmpCase, limits: GridLimits, tolerance: float | None = None
    ) -> None:
        from pypower.api import ppoption, runopf

        self._run = runopf
        strict = {} if tolerance is None else dict.fromkeys(_TOLERANCES, tolerance)
        self._options = ppoption(
            VERBOSE=0, OUT_ALL=0, OPF_FLOW_LIM=_ACTIVE_POWER, **strict
        )
        self._data = opf_data(case, limits)
        self._least = [Quadratic.of(book).least for book in case.variants]
        self._cases = [_tables(self._data, book) for book in self._data["books"]]
        self._variant, self._found = 0, {}

    def solve(self, variant: int) -> object:
        self._variant = variant
        self._found = self._run(self._cases[variant], self._options)
        if not self._found["success"]:
            msg = f"{self.name} did not converge"
            raise PeerFailedError(msg)
        return None

    def answer(self) -> LinearAnswer:
        book = self._data["books"][self._variant]
        power = self._found["gen"][:, 1]
        bus = self._found["bus"]
        return _answer(
            self._least[self._variant], book, power, (bus[:, 13], bus[:, 14])
        )


class PandapowerOpf(OpfPeer):
    """pandapower's in an environment of its own, since it needs older packages.

    The child reads the case from a file and then solves one book for each line it is
    sent. What counts is the processor time it spends between reading new numbers and
    having results, as its own clock says.
    """

    name = PANDAPOWER

    def __init__(self, case: DlmpCase, limits: GridLimits) -> None:
        self._data = opf_data(case, limits)
        self._least = [Quadratic.of(book).least for book in case.variants]
        self._variant = 0
        self._folder = tempfile.TemporaryDirectory()
        path = Path(self._folder.name) / "case.json"
        path.write_text(json.dumps(self._data), encoding="utf-8")
        script = _HERE / "opf_pandapower" / "serve.py"
        self._child = subprocess.Popen(
            [str(PANDAPOWER_PYTHON), str(script), str(path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._ask({"do": "wait"})

    def solve(self, variant: int) -> object:
        self._variant = variant
        reply = self._ask({"do": "solve", "book": variant})
        self.away_s += reply["seconds"]
        if not reply["solved"]:
            msg = f"{self.name} did not converge"
            raise PeerFailedError(msg)
        return None

    def answer(self) -> LinearAnswer:
        reply = self._ask({"do": "answer"})
        book = self._data["books"][self._variant]
        prices = np.array(reply["price_kw"]), np.array(reply["price_kvar"])
        power = np.array(reply["power"])
        return _answer(self._least[self._variant], book, power, prices)

    def close(self) -> None:
        """End the child."""
        if self._child.poll() is None:
            self._child.stdin.close()
            self._child.wait()
        self._child.stdout.close()
        self._folder.cleanup()

    def _ask(self, question: dict[str, Any]) -> dict[str, Any]:
        reply = ""
        if self._child.poll() is None:
            self._child.stdin.write(json.dumps(question) + "\n")
            self._child.stdin.flush()
            reply = self._child.stdout.readline()
        if not reply:
            msg = f"{self.name}: the child ended with {self._child.wait()}"
            raise PeerFailedError(msg)
        found: dict[str, Any] = json.loads(reply)
        return found


def processor_time(peers: list[OpfPeer]) -> float:
    """Return processor time of this process and of what peers run elsewhere. s."""
    return time.process_time() + sum(peer.away_s for peer in peers)


def _tables(data: OpfData, book: dict[str, Any]) -> dict[str, Any]:
    n_bus = len(data["parent"])
    bus = np.zeros((n_bus, 13))
    bus[:, 0] = np.arange(n_bus) + 1
    bus[:, 1] = 1
    bus[0, 1] = 3
    bus[:, 2], bus[:, 3] = book["load_kw"], book["load_kvar"]
    bus[:, 5] = data["shunt"]
    bus[:, [6, 7, 10]] = 1.0
    bus[:, 9], bus[:, 11], bus[:, 12] = 100.0, data["high"], data["low"]
    branch = np.zeros((n_bus - 1, 13))
    branch[:, 0] = np.array(data["parent"][1:]) + 1
    branch[:, 1] = np.arange(2, n_bus + 1)
    branch[:, 2], branch[:, 3] = data["r"], data["x"]
    branch[:, 5] = [limit or 0.0 for limit in data["limit"]]
    branch[:, 10], branch[:, 11], branch[:, 12] = 1.0, -360.0, 360.0
    n_offer = len(book["offer_bus"])
    gen = np.zeros((n_offer + len(book["reducible_bus"]), 21))
    gen[:, 0] = np.array(book["offer_bus"] + book["reducible_bus"]) + 1
    gen[:, 5], gen[:, 6], gen[:, 7] = 1.0, data["base"], 1.0
    gen[:n_offer, 8] = book["offer_most"]
    gen[0, 3], gen[0, 4] = _ANY_KVAR, -_ANY_KVAR
    drawn, ratio = np.array(book["reducible_most"]), np.array(book["reducible_ratio"])
    gen[n_offer:, 1] = gen[n_offer:, 9] = -drawn
    gen[n_offer:, 2] = gen[n_offer:, 4] = -drawn * ratio
    cost = np.zeros((gen.shape[0], 7))
    cost[:, 0], cost[:, 3] = 2, 3
    cost[:, 4] = book["offer_square"] + book["reducible_square"]
    cost[:n_offer, 5] = book["offer_linear"]
    cost[n_offer:, 5] = -np.array(book["reducible_linear"])
    return {
        "version": "2",
        "baseMVA": data["base"],
        "bus": bus,
        "gen": gen,
        "branch": branch,
        "gencost": cost,
    }


def _answer(
    least: Array, book: dict[str, Any], power: Array, prices: tuple[Array, Array]
) -> LinearAnswer:
    quantity = least.copy()
    quantity[book["offers"]] = power[: len(book["offers"])]
    quantity[book["loads"]] -= power[len(book["offers"]) :]
    return LinearAnswer(quantity, prices[0] / _MONEY, prices[1] / _MONEY)
