"""Derivatives of a circuit with one of everything, and the check of its matrices."""

import numpy as np
import pytest

from gridagora.errors import PowerFlowError
from gridagora.grids.first_order import FirstOrder, PlacePorts
from gridagora.grids.linear import Linearizer
from gridagora.grids.opendss_grid import OpenDSSGrid

KINDS = ("voltages", "flows", "currents", "loss")


@pytest.fixture
def zoo(zoo_case):
    return Linearizer(OpenDSSGrid(zoo_case, trusted=True, generators=("low", "three")))


def values(linear):
    return np.concatenate([getattr(linear, kind).value for kind in KINDS])


def slopes(linear, column):
    return np.vstack([getattr(getattr(linear, kind), column) for kind in KINDS])


def test_derivatives_are_differences_for_elements_of_every_kind(zoo):
    here = zoo()
    step = 0.2
    for column, quantity in (("per_kw", 0), ("per_kvar", 1)):
        found = slopes(here, column)
        for place in range(1, here.n_place):
            up, down = (
                [here.demand_kw.copy(), here.demand_kvar.copy()] for _ in range(2)
            )
            up[quantity][place] += step
            down[quantity][place] -= step
            if here.bus[place] == here.source:
                continue  # held to answer nothing, though this source is not stiff
            slope = (values(zoo(*up)) - values(zoo(*down))) / (2 * step)
            assert slope == pytest.approx(found[:, place], rel=1e-4, abs=5e-6)


def test_ports_that_elements_share_appear_once(zoo):
    ports = PlacePorts.of(zoo._copy, zoo._places)

    ends = set(zip(ports.port.plus.tolist(), ports.port.minus.tolist(), strict=True))
    assert len(ends) == len(ports.port.plus)
    # each bus but the source draws 1 kW per kW over its ports
    drawn = np.asarray(ports.per_kw.sum(axis=0)).ravel()
    here = zoo()
    expected = np.where(here.bus == here.source, 0.0, 1.0)
    assert drawn == pytest.approx(expected)


def test_elements_that_do_not_draw_what_they_are_asked_are_found_out(small_case):
    # a generator of the case beyond its voltage limit is an impedance, not 50 kW
    small_case.write_text(
        small_case.read_text()
        + "new generator.g bus1=end.3 phases=1 kv=2.4 kw=50 kvar=0 vmaxpu=0.95\n"
    )
    linearizer = Linearizer(OpenDSSGrid(small_case, trusted=True))

    with pytest.raises(PowerFlowError) as caught:
        linearizer()
    assert caught.value.problem.startswith("elements of constant power leave ")
    assert caught.value.problem.endswith(" A at node 'end.3' unexplained")
    assert str(caught.value).endswith(
        ". Look for loads and generators outside their voltage limits."
    )


def test_a_matrix_that_is_not_that_of_the_circuit_is_found_out(small_case):
    linearizer = Linearizer(OpenDSSGrid(small_case, trusted=True))
    linearizer()
    first_order: FirstOrder = linearizer._first_order
    first_order._circuit.admittance.data[:] *= 1.001

    with pytest.raises(PowerFlowError, match="unexplained"):
        linearizer()


def test_flows_without_losses_are_what_is_drawn_behind_them(small_case):
    grid = OpenDSSGrid(small_case, trusted=True)
    linear = Linearizer(grid, model="lindist3flow")()
    exact = Linearizer(grid)()

    per_kw = dict(zip(linear.place, linear.flows.per_kw.T.tolist(), strict=True))
    assert linear.flows.name == ("a", "b")
    assert per_kw["src"] == per_kw["src.1"] == [0, 0]
    assert per_kw["mid"] == per_kw["mid.3"] == [1, 0]
    assert per_kw["end"] == per_kw["end.2"] == [1, 1]
    assert not linear.flows.per_kvar.any()
    assert not linear.loss.per_kw.any()
    assert linear.flows.value == pytest.approx(exact.flows.value)
    assert linear.loss.value == pytest.approx(exact.loss.value)
