"""First orders of the four feeders against OpenDSS: central differences of every entry.

The differences are taken on a circuit of its own, with a load of its own at every
terminal, moved through the grid's own dispatch and read by OpenDSS's own readings.
"""

import functools
from dataclasses import replace

import numpy as np
import pytest

from gridagora.grids.cases.files import read_case
from gridagora.grids.cases.scan import Statement
from gridagora.grids.linear import Linearizer
from gridagora.grids.opendss_grid import OpenDSSGrid
from gridagora.types.actions import GridActions

GENERATORS = {
    "ieee13": ("680", "671"),
    "ieee34": ("848", "890"),
    "ieee37": ("775", "738"),
    "ieee123": ("66", "48"),
}
SAMPLE_EVERY = {"ieee13": 1, "ieee34": 23, "ieee37": 19, "ieee123": 57}
RESPONSES = ("voltages", "flows", "currents", "loss")
# Differences of fourth order leave (step / distance to collapse)^4 and the rounding of
# what is read over the step. Voltages and currents are read well and currents bend;
# flows and losses are sums of large numbers (rounded at 1e-6 kW) and hardly bend.
STEP_KW = {"voltages": 0.3, "currents": 0.3, "flows": 4.0, "loss": 4.0}
# Largest error allowed, as a part of the largest entry. Reached: 1e-6, 2e-5, 9e-6, 8e-6.
ALLOWED = {"voltages": 2e-6, "flows": 6e-5, "currents": 2e-5, "loss": 2e-5}
LEAST_A = 1.0  # magnitudes of smaller currents bend within the step


class Differences:
    """Central differences of a feeder that OpenDSS solves."""

    def __init__(self, feeder):
        self.model = Linearizer(OpenDSSGrid(feeder, generators=GENERATORS[feeder]))()
        self.terminals = [self.model.place[at] for at in self.model.terminals]
        self.plain = OpenDSSGrid(feeder, generators=GENERATORS[feeder])
        self.shares = self.plain._dispatch.shares
        self.grid = self._with_loads_at_terminals(feeder)
        self.grid.dss.context.ActiveCircuit.Solution.Tolerance = 1e-11
        place = {name: at for at, name in enumerate(self.grid.nodes)}
        ends = [terminal.split(".") for terminal in self.terminals]
        self.plus = [place[f"{end[0]}.{end[1]}"] for end in ends]
        self.minus = [place[f"{end[0]}.{end[2]}"] if end[2:] else -1 for end in ends]
        self.branch_ends = list(self._branch_ends())

    def base_kv(self, terminal):
        bus, *phases = terminal.split(".")
        self.plain.dss.context.ActiveCircuit.SetActiveBus(bus)
        own = self.plain.dss.context.ActiveCircuit.ActiveBus.kVBase
        return own * np.sqrt(len(phases) * 2 - 1)  # 1 or 2 phases: 1 or sqrt(3)

    def _with_loads_at_terminals(self, feeder):
        self.bases_v = np.array([1e3 * self.base_kv(name) for name in self.terminals])
        extra = [
            f"New Load.here{at} bus1={name} phases=1 kv={self.bases_v[at] / 1e3} kw=0 "
            f"kvar=0 conn={'delta' if name.count('.') > 1 else 'wye'}"
            for at, name in enumerate(self.terminals)
        ]
        case = read_case(feeder)
        added = tuple(Statement(text, "test", 1) for text in extra)
        return OpenDSSGrid(
            replace(case, statements=case.statements + added),
            generators=GENERATORS[feeder],
        )

    def _branch_ends(self):
        """Element terminals whose power is the flow of each branch, by their buses."""
        middle = {m.bus: (m.from_bus, m.to_bus) for m in self.grid.dss.case.mid_line}
        network = self.grid.market_network()
        crossings: dict[tuple[str, frozenset[str]], list[tuple[str, int]]] = {}
        for name, buses in self._series_elements():
            for k, bus in enumerate(buses):
                if bus not in middle:
                    ends = middle.get(buses[1 - k], buses)
                    pair = frozenset(self._market(end) for end in ends)
                    crossings.setdefault((self._market(bus), pair), []).append(
                        (name, k)
                    )
        for at, parent in enumerate(network.parent[1:]):
            here, there = network.bus[parent], network.bus[at + 1]
            yield crossings[here, frozenset((here, there))]

    def _market(self, bus):
        return self.grid.buses[self.grid.bus_index(bus)]

    def _series_elements(self):
        circuit = self.grid.dss.context.ActiveCircuit
        for name in circuit.AllElementNames:
            if name.lower().startswith(("line.", "transformer.")):
                circuit.SetActiveElement(name)
                names = circuit.ActiveCktElement.BusNames
                yield name, [bus.split(".")[0].lower() for bus in names]

    def read(self):
        circuit = self.grid.dss.context.ActiveCircuit
        volts = np.append(self.grid.get_volts(), 0.0)
        flows = np.zeros(len(self.branch_ends))
        for at, ends in enumerate(self.branch_ends):
            for name, terminal in ends:
                circuit.SetActiveElement(name)
                element = circuit.ActiveCktElement
                powers = np.asarray(element.Powers).view(np.complex128)
                n = element.NumConductors
                flows[at] += powers[terminal * n : (terminal + 1) * n].sum().real
        return {
            "voltages": np.abs(volts[self.plus] - volts[self.minus]) / self.bases_v,
            "flows": flows,
            "currents": self.grid.get_currents_a(),
            "loss": np.array([self.grid.get_losses().real]),
        }

    def at(self, place, more_kw, more_kvar):
        """Readings once a place draws more than in the case."""
        name = self.model.place[place]
        base = self.grid._state.base
        load_kw, load_kvar = base.load_kw.copy(), base.load_kvar.copy()
        delivered_kw, delivered_kvar = np.zeros((2, len(self.grid.generators)))
        if name in self.plain.load_buses:
            bus = self.plain.bus_index(name)
            kw = self.shares.nominal_kw[bus] + more_kw
            kvar = self.shares.nominal_kvar[bus] + more_kvar
            rows = GridActions.of(["x"], [name], np.array([kw]), np.array([kvar]))
            self.plain.set_net_demand(rows)
            own = len(self.plain.loads)
            load_kw[:own] = self.plain._state.asked.load_kw
            load_kvar[:own] = self.plain._state.asked.load_kvar
        elif name.endswith(".supply"):
            bus = name.removesuffix(".supply")
            here = np.array([g.startswith(bus + "_") for g in self.grid.generators])
            delivered_kw = -more_kw * here / here.sum()
            delivered_kvar = -more_kvar * here / here.sum()
        else:
            home = name if name in self.plain.buses else None
            among = [
                len(self.plain.loads) + at
                for at, terminal in enumerate(self.terminals)
                if terminal == name or terminal.split(".")[0] == home
            ]
            load_kw[among] += more_kw / len(among)
            load_kvar[among] += more_kvar / len(among)
        self.grid.set_loads(load_kw, load_kvar)
        self.grid.set_generators(delivered_kw, delivered_kvar)
        self.grid.solve()
        return self.read()

    def per_step(self, place, step, *, reactive):
        """Slopes by the central difference of fourth order."""
        near, far, near_back, far_back = (
            self.at(place, *((0, count * step) if reactive else (count * step, 0)))
            for count in (1, 2, -1, -2)
        )
        return {
            name: (8 * (near[name] - near_back[name]) - far[name] + far_back[name])
            / (12 * step)
            for name in RESPONSES
        }


@functools.cache
def differences(feeder):
    return Differences(feeder)


def worst_errors(feeder, places):
    """Largest error of each response as a part of its largest entry."""
    found = differences(feeder)
    model = found.model
    worst: dict[tuple[str, str], float] = {}
    for reactive, column in ((False, "per_kw"), (True, "per_kvar")):
        for place in places:
            slopes = {
                step: found.per_step(place, step, reactive=reactive)
                for step in set(STEP_KW.values())
            }
            for name in RESPONSES:
                response = getattr(model, name)
                rows = np.arange(response.n_row)
                if name == "currents":
                    rows = np.flatnonzero(response.value > LEAST_A)
                entries = getattr(response, column)[rows]
                error = slopes[STEP_KW[name]][name][rows] - entries[:, place]
                part = np.abs(error).max() / np.abs(entries).max()
                worst[name, column] = max(worst.get((name, column), 0.0), part)
    return worst


def assert_exact(feeder, places):
    worst = worst_errors(feeder, places)

    too_far = {key: part for key, part in worst.items() if part > ALLOWED[key[0]]}
    assert not too_far


@pytest.mark.parametrize("feeder", GENERATORS)
def test_values_at_the_operating_point_are_those_that_opendss_reads(feeder):
    found = differences(feeder)
    read = found.at(0, 0.0, 0.0)

    for name, allowed in (("voltages", 1e-11), ("flows", 1e-5), ("currents", 1e-5)):
        values = getattr(found.model, name).value
        assert values == pytest.approx(read[name], rel=0, abs=allowed)
    assert found.model.loss.value == pytest.approx(read["loss"], rel=0, abs=1e-5)
    assert found.model.flows.name == found.grid.market_network().branch


@pytest.mark.parametrize("feeder", GENERATORS)
def test_derivatives_are_central_differences_at_a_sample_of_places(feeder):
    assert_exact(
        feeder, range(0, differences(feeder).model.n_place, SAMPLE_EVERY[feeder])
    )


@pytest.mark.validate
@pytest.mark.parametrize("feeder", GENERATORS)
def test_derivatives_are_central_differences_at_every_place(feeder):
    assert_exact(feeder, range(differences(feeder).model.n_place))


# LinDist3Flow around the same voltages: its largest error as a part of the largest exact
# entry, for voltages per kW and per kvar, flows per kW, currents per kW and per kvar. It
# leaves out losses, and with them what kvar does to flows.
LINDIST3FLOW = {
    "ieee13": (0.150, 0.056, 0.086, 0.053, 0.150),
    "ieee34": (0.130, 0.089, 0.400, 0.083, 0.120),
    "ieee37": (0.019, 0.010, 0.076, 0.032, 0.024),
    "ieee123": (0.076, 0.024, 0.084, 0.053, 0.140),
}


@pytest.mark.parametrize("feeder", LINDIST3FLOW)
def test_lindist3flow_is_as_far_from_the_exact_first_order_as_published(feeder):
    grid = OpenDSSGrid(feeder)
    exact, approximate = Linearizer(grid)(), Linearizer(grid, model="lindist3flow")()

    errors = []
    for name, column in (
        ("voltages", "per_kw"),
        ("voltages", "per_kvar"),
        ("flows", "per_kw"),
        ("currents", "per_kw"),
        ("currents", "per_kvar"),
    ):
        right = getattr(getattr(exact, name), column)
        error = np.abs(getattr(getattr(approximate, name), column) - right).max()
        errors.append(error / np.abs(right).max())
    assert errors == pytest.approx(LINDIST3FLOW[feeder], rel=0.1)
