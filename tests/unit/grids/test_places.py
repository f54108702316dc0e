"""Places of small feeders, and who draws there."""

import numpy as np
import pytest

from gridagora.grids.bus_demand import BusRegister, LoadShares
from gridagora.grids.bus_routes import AddedGenerators
from gridagora.grids.case_reading import NodeTable
from gridagora.grids.cases.files import MidLineBus
from gridagora.grids.places import PlaceBuilder, Terminals, phases_by_bus
from gridagora.grids.sensitivity import GROUND


def nodes_of(*names):
    rows = [name.split(".") for name in names]
    return NodeTable(
        name=names,
        bus=tuple(bus for bus, _ in rows),
        phase=np.array([int(phase) for _, phase in rows]),
        base_v=np.full(len(rows), 2400.0),
    )


# src - a - m - b, m in the middle of a-b; r is the load side of a regulator at src
NODES = nodes_of(
    "src.1", "src.2", "r.1", "a.1", "a.2", "a.3", "a.4", "m.2", "b.1", "b.2"
)
REGISTER = BusRegister(("src", "a", "b"), {"r": "src"})
MIDDLE = (MidLineBus("m", "a", "b", 0.4),)


def places(*, in_pairs=False, load_bus=("a", "a", "m"), load_kw=(30.0, 10.0, 20.0)):
    kw = np.array(load_kw)
    shares = LoadShares.of(REGISTER, load_bus, MIDDLE, load_kw=kw, load_kvar=kw / 2)
    terminals = Terminals.of(NODES, np.full(len(NODES.name), in_pairs))
    return PlaceBuilder(
        register=REGISTER,
        mid_line=MIDDLE,
        shares=shares,
        generators=AddedGenerators.of([0, 2, 2], [False, True, True], 3),
        terminals=terminals,
        source_bus="src",
    ).build()


def test_terminals_are_phases_to_ground():
    terminals = Terminals.of(NODES, np.zeros(len(NODES.name), dtype=bool))

    assert terminals.name == (
        "src.1", "src.2", "r.1", "a.1", "a.2", "a.3", "m.2", "b.1", "b.2",
    )  # fmt: skip
    assert set(terminals.port.minus.tolist()) == {GROUND}
    assert set(terminals.base_v.tolist()) == {2400.0}


def test_terminals_of_floating_buses_are_between_phases():
    terminals = Terminals.of(NODES, np.ones(len(NODES.name), dtype=bool))

    assert terminals.name == (
        "src.1.2", "r.1", "a.1.2", "a.2.3", "a.3.1", "m.2", "b.1.2",
    )  # fmt: skip
    between = [name.count(".") > 1 for name in terminals.name]
    assert terminals.base_v == pytest.approx(
        np.where(between, 2400 * np.sqrt(3), 2400.0)
    )


def test_neutrals_are_no_phases():
    assert phases_by_bus(NODES)["a"] == [3, 4, 5]


def test_places_are_buses_then_supplies_then_terminals():
    found = places()

    assert found.name[:4] == ("src", "a", "b", "b.supply")
    assert found.name[4:] == (
        "src.1", "src.2", "r.1", "a.1", "a.2", "a.3", "m.2", "b.1", "b.2",
    )  # fmt: skip
    assert found.n_bus == 3
    assert found.n_place == 13
    assert found.supply.tolist() == [0, 1, 3]
    # r is merged with src; m is nearer to b, which owns 0.6 of it
    assert found.bus.tolist() == [0, 1, 2, 2, 0, 0, 0, 1, 1, 1, 2, 2, 2]


def test_a_bus_draws_by_nominal_share_of_its_loads():
    found = places()
    per_kw = found.load_kw.toarray()

    # bus a draws 30 and 10 and 0.4 of the 20 in the middle, together 48
    assert per_kw[:, 1] == pytest.approx([30 / 48, 10 / 48, 8 / 48])
    assert per_kw[:, 2] == pytest.approx([0, 0, 1])
    assert not per_kw[:, 3:].any()
    assert found.load_kvar.toarray() == pytest.approx(per_kw)
    assert found.nominal_kw[:4] == pytest.approx([0, 48, 12, 0])
    assert found.nominal_kvar[:4] == pytest.approx([0, 24, 6, 0])
    assert found.kvar_per_kw[:4] == pytest.approx([0, 0.5, 0.5, 0])


def test_a_supply_draws_from_its_generators_evenly_and_a_terminal_from_itself():
    found = places()

    assert found.added.toarray()[:, 3].tolist() == [0, -0.5, -0.5]
    assert not found.added.toarray()[0].any()  # of the case
    # terminals away from the source
    assert found.terminal.toarray()[:, 4:] == pytest.approx(
        np.diag([0.0, 0, 1, 1, 1, 1, 1, 1, 1])
    )


def test_a_bus_without_load_draws_evenly_from_its_terminals():
    found = places(load_bus=("a",), load_kw=(30.0,))

    drawn = found.terminal.toarray()[:, 2]
    assert drawn.tolist() == [0, 0, 0, 0, 0, 0, 0, 0.5, 0.5]  # b.1 and b.2, not m.2
    assert found.kvar_per_kw[2] == 0


def test_what_is_drawn_at_the_source_passes_through_nothing():
    found = places(load_bus=("src", "a"), load_kw=(5.0, 10.0))

    for place in ("src", "src.1", "src.2"):
        at = found.name.index(place)
        for part in (found.load_kw, found.load_kvar, found.added, found.terminal):
            assert not part.toarray()[:, at].any()
    assert found.terminal.toarray()[:, found.name.index("r.1")].any()  # a regulator on
