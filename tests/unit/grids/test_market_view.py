"""A shipped feeder as a market sees it."""

import numpy as np
import pytest

from gridagora.errors import UnknownNameError
from gridagora.grids.case_reading import read_nodes
from gridagora.grids.market_view import MarketView
from gridagora.grids.opendss import DSS


def view_of(name, **options):
    engine = DSS(name, trusted=True)
    engine.solve()
    return MarketView(
        engine, read_nodes(engine), **({"merge_regulators": True} | options)
    )


def test_ieee34_has_34_buses_and_33_branches():
    view = view_of("ieee34")
    tree = view.radial

    assert (tree.n_bus, tree.n_branch) == (34, 33)
    assert tree.bus[0] == view.source == "800"
    assert set(tree.bus) == set(view.bus.bus)
    assert "l802_806" in tree.branch
    assert len(view.segments) == 33


def test_ieee34_has_36_buses_with_its_regulators():
    assert view_of("ieee34", merge_regulators=False).radial.n_bus == 36


def test_limits_of_ieee34_come_from_ampacities():
    tree = view_of("ieee34").radial
    limit = dict(zip(tree.branch, tree.limit_kw.tolist(), strict=True))

    assert limit["l800_802"] == pytest.approx(3**0.5 * 24.9 * 230)  # 1/0 ACSR, 230 A
    assert limit["l808_810"] == pytest.approx(24.9 / 3**0.5 * 140)  # one phase, #4
    assert limit["xfm1"] == 500.0


@pytest.mark.parametrize(("name", "n_bus"), [("ieee13", 13), ("ieee37", 37)])
def test_other_feeders_are_trees_too(name, n_bus):
    assert view_of(name).radial.n_bus == n_bus


def test_ieee123_is_a_tree_with_its_open_switches_open():
    tree = view_of("ieee123").radial
    assert "sw151_300" not in tree.branch
    assert tree.n_branch == tree.n_bus - 1


def test_the_load_side_of_a_regulator_answers_to_its_line_side():
    view = view_of("ieee34")

    assert view.bus.index("814R") == view.bus.index("814")
    with pytest.raises(UnknownNameError, match="no bus is called 'mid806'"):
        view.bus.index("mid806")


def test_distances_grow_along_the_lines():
    view = view_of("ieee34")
    away = dict(zip(view.distances["bus"], view.distances["distance_km"], strict=True))

    assert away["800"] == 0.0
    assert away["802"] == pytest.approx(2580 * 0.3048e-3)  # 2580 ft
    assert away["814r"] == away["814"]
    assert away["mid806"] == pytest.approx((2580 + 865) * 0.3048e-3)


def test_coordinates_cover_every_market_bus():
    view = view_of("ieee34")
    x = dict(zip(view.coordinates["bus"], view.coordinates["x"], strict=True))

    assert all(np.isfinite(x[bus]) for bus in view.bus.bus)


def test_a_mesh_has_a_network(small_case):
    text = small_case.read_text().replace(
        "New Load.m",
        "New Line.c bus1=src bus2=end r1=0.1 x1=0.3 r0=0.3 x0=0.6 length=1\nNew Load.m",
    )
    small_case.write_text(text)

    assert view_of(small_case).network.n_branch == 3
