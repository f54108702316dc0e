"""Laws of the linear model of a grid, wherever it is taken."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from gridagora.errors import PowerFlowError
from gridagora.grids.linear import Linearizer
from gridagora.grids.opendss_grid import OpenDSSGrid

LINEARIZERS = {
    name: Linearizer(OpenDSSGrid(name, generators=generators))
    for name, generators in {
        "ieee13": ("680", "671"),
        "ieee34": ("848",),
        "ieee37": ("738",),
    }.items()
}
names = st.sampled_from(sorted(LINEARIZERS))
seeds = st.integers(0, 2**32 - 1)
levels = st.sampled_from([0.3, 0.7, 1.0])
KINDS = ("voltages", "flows", "currents", "loss")
# What OpenDSS leaves unread of flows, currents and losses through its stiff switches
NOISE = {"voltages": 1e-10, "flows": 2e-5, "currents": 1e-5, "loss": 2e-5}


def point(name, level):
    """Around another demand than that of the case."""
    linearizer = LINEARIZERS[name]
    case = linearizer()
    return linearizer, linearizer(level * case.demand_kw, level * case.demand_kvar)


def away(here, seed):
    """A direction of demand at a few places, drawn and delivered; none at the source."""
    rng = np.random.default_rng(seed)
    free = np.flatnonzero(here.bus != here.source)
    direction = np.zeros((2, here.n_place))
    some = rng.choice(free, size=6, replace=False)
    direction[0, some] = rng.uniform(-4, 4, 6)
    direction[1, some] = rng.uniform(-2, 2, 6)
    return direction


@settings(max_examples=40, deadline=None)
@given(names, levels, seeds)
def test_errors_of_the_prediction_fall_with_the_square_of_the_step(name, level, seed):
    linearizer, here = point(name, level)
    kw, kvar = away(here, seed)
    flowing = here.currents.value > 5  # smaller ones may turn round within the step
    errors = []
    for step in (1.0, 0.25):
        try:
            there = linearizer(
                here.demand_kw + step * kw, here.demand_kvar + step * kvar
            )
        except PowerFlowError:
            assume(False)
        told = {
            kind: getattr(here, kind).after(step * kw, step * kvar) for kind in KINDS
        }
        off = {kind: told[kind] - getattr(there, kind).value for kind in KINDS}
        off["currents"] = off["currents"][flowing]
        errors.append({kind: np.abs(off[kind]).max(initial=0.0) for kind in KINDS})

    for kind in KINDS:  # 16 times smaller, were there no third order
        assert errors[1][kind] <= errors[0][kind] / 10 + NOISE[kind]


@settings(max_examples=30, deadline=None)
@given(names, levels)
def test_what_enters_at_the_source_is_all_demand_and_loss(name, level):
    _, here = point(name, level)
    head = {"ieee13": "lrg60_632", "ieee34": "l800_802", "ieee37": "l799r_701"}[name]
    at = here.flows.name.index(head)
    drawn = np.where(here.bus == here.source, 0.0, 1.0)

    assert here.flows.value[at] == pytest.approx(
        here.demand_kw.sum() + here.loss.value[0], abs=0.02
    )
    # regulators at the source lose a little before the head of the feeder
    assert here.flows.per_kw[at] * drawn == pytest.approx(
        drawn * (1 + here.loss.per_kw[0]), abs=1e-4
    )
    assert here.flows.per_kvar[at] * drawn == pytest.approx(
        drawn * here.loss.per_kvar[0], abs=1e-4
    )


@settings(max_examples=30, deadline=None)
@given(names, levels)
def test_a_bus_without_load_is_the_mean_of_its_terminals(name, level):
    linearizer, here = point(name, level)
    bare = set(here.place[: here.n_bus]) - set(linearizer._grid.load_buses)
    for bus in bare - {here.place[here.source]}:
        own = [at for at in here.terminals if here.place[at].rsplit(".")[0] == bus]
        for kind in KINDS:
            response = getattr(here, kind)
            column = response.per_kw[:, here.bus_index(bus)]
            assert column == pytest.approx(response.per_kw[:, own].mean(axis=1))


@settings(max_examples=20, deadline=None)
@given(names, seeds)
def test_the_model_depends_on_the_demand_and_not_on_the_history(name, seed):
    linearizer, here = point(name, 0.7)
    kw, kvar = away(here, seed)
    linearizer(here.demand_kw + 0.1 * kw, here.demand_kvar + 0.1 * kvar)
    again = linearizer(here.demand_kw, here.demand_kvar)

    for kind in KINDS:
        before, after = getattr(here, kind), getattr(again, kind)
        assert np.array_equal(before.per_kw, after.per_kw)
        assert np.array_equal(before.per_kvar, after.per_kvar)
        assert np.array_equal(before.value, after.value)
