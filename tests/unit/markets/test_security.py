"""DC networks as linear grids, with rows for what flows after an outage."""

import numpy as np
import pytest

from gridagora.errors import InvalidConfigError, InvalidNetworkError, UnknownNameError
from gridagora.markets.linear import clear_linear
from gridagora.markets.security import linear_grid_of
from gridagora.types.network import Network
from gridagora.types.orders import Bid, CurveColumns, Offer


def ring(limits=(9, 9, 6)):
    return Network.from_table(
        {
            "from_bus": ["a", "b", "a"],
            "to_bus": ["b", "c", "c"],
            "limit_kw": list(limits),
        }
    )


COAL = Offer.affine("coal", "a", p_max=1, p_min=1, q_max=20)
PEAK = Offer.affine("peak", "c", p_max=5, p_min=5, q_max=20)
TOWN = Bid.affine("town", "c", p_max=9, p_min=9, q_max=9, q_min=9)


def clear(network, book, **options):
    grid = linear_grid_of(network, **options)
    return clear_linear(grid, CurveColumns.of(book, grid))


def test_without_outages_every_branch_is_a_flow_and_nothing_else():
    network = ring(limits=(9, None, 6))
    grid = linear_grid_of(network)

    assert grid.place == network.bus
    assert grid.flows.name == network.branch
    assert grid.flow_limit_kw.tolist() == [9.0, np.inf, 6.0]
    assert -grid.flows.per_kw == pytest.approx(network.injection_sensitivity())
    assert grid.voltages.n_row == grid.currents.n_row == grid.terminals.size == 0
    assert not grid.loss.per_kw.any()


def test_dispatch_leaves_room_for_what_an_outage_moves():
    # 9 kW from coal would put 6 on a-c, its limit. If a-b or b-c fails all of it goes
    # by a-c: 6 kW of coal is the most, and c pays its own peaker. If a-c fails b-c takes
    # all of it, up to 9 kW.
    every = ["a-b", "b-c", "a-c"]
    free, secure = clear(ring(), [COAL, PEAK, TOWN]), clear(
        ring(), [COAL, PEAK, TOWN], outages=every
    )  # fmt: skip

    assert free.quantity_kw == pytest.approx([9.0, 0.0, 9.0])
    assert secure.quantity_kw == pytest.approx([6.0, 3.0, 9.0])
    # The two rows are one and the same for a and c, which have orders: together they are
    # worth 4, and the least sum of squares is 2 each.
    assert secure.price_per_kwh[[0, 2]] == pytest.approx([1.0, 5.0])
    table = secure.limits
    binding = {table.name[at]: table.worth[at] for at in table.binding}
    assert binding == pytest.approx(
        {"a-c after loss of a-b": 2.0, "a-c after loss of b-c": 2.0}
    )
    assert {table.kind[at] for at in table.binding} == {"outage"}


def test_an_emergency_factor_lets_branches_carry_more_after_an_outage():
    secure = clear(
        ring(), [COAL, PEAK, TOWN], outages=["a-b", "a-b"], emergency_factor=1.25
    )
    assert secure.quantity_kw == pytest.approx([7.5, 1.5, 9.0])


def test_parallel_branches_take_over_by_their_reactance():
    network = Network.from_table(
        {
            "branch": ["one", "two", "three", "on"],
            "from_bus": ["a", "a", "a", "b"],
            "to_bus": ["b", "b", "b", "c"],
            "reactance_pu": [1.0, 1.0, 2.0, 1.0],
            "limit_kw": [9, 9, 9, 9],
        }
    )
    grid = linear_grid_of(network, outages=["one"])

    # Shares 0.4, 0.4, 0.2; without the first 2/3 and 1/3. "on" carries what it did.
    assert grid.flows.name[4:] == ("two after loss of one", "three after loss of one")
    assert grid.flows.per_kw[4:, 2] == pytest.approx([2 / 3, 1 / 3])


def test_outages_that_make_islands_are_refused_by_name():
    network = Network.from_table(
        {
            "from_bus": ["a", "b", "a", "c", "d"],
            "to_bus": ["b", "c", "c", "d", "e"],
        }
    )
    with pytest.raises(InvalidNetworkError) as caught:
        linear_grid_of(network, outages=["a-b", "c-d", "d-e"])

    assert str(caught.value) == (
        "outages: the loss of 'c-d' leaves 'd', 'e' without a way to 'a'; leave this outage "
        "out. the loss of 'd-e' leaves 'e' without a way to 'a'; leave this outage out."
    )


def test_outages_of_what_is_not_there_are_refused():
    with pytest.raises(UnknownNameError, match="no branch is called 'a-d'"):
        linear_grid_of(ring(), outages=["a-d"])


@pytest.mark.parametrize("factor", [0.9, np.nan, np.inf])
def test_factors_below_one_are_refused(factor):
    with pytest.raises(InvalidConfigError) as caught:
        linear_grid_of(ring(), outages=["a-b"], emergency_factor=factor)

    assert str(caught.value) == (
        f"outages: emergency_factor is {factor}, expected a number >= 1."
    )
