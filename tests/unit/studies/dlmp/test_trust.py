import numpy as np
import pytest

from gridagora.errors import UnknownNameError
from gridagora.grids.linear import Linearizer
from gridagora.grids.opendss_grid import OpenDSSGrid
from gridagora.studies.dlmp.trust import (
    CASES,
    RELATIVE_TOLERANCE,
    trust_orders,
    trust_tables,
)


def test_prices_are_differences_of_total_cost(tables):
    trust = tables["trust"]

    assert trust["unit"].tolist() == 2 * ["kWh", "kvarh"]
    assert trust["inside"].all()
    assert trust["relative_error"].abs().max() < RELATIVE_TOLERANCE


def test_each_case_has_a_flow_and_a_voltage_that_make_prices(tables):
    assert set(tables["trust_limits"]["kind"]) == {"flow", "voltage"}


def test_the_tangent_is_nearer_to_opendss_than_lindist3flow(tables):
    models = tables["trust_models"].set_index(["model", "quantity"])["largest_error"]

    for quantity in ("voltage", "flow", "loss"):
        assert models["tangent", quantity] < models["lindist3flow", quantity]


def test_rounds_end_in_agreement(tables):
    rounds = tables["trust_rounds"]

    assert rounds["voltage_error_pu"].iloc[-1] < 1e-9
    assert np.isnan(rounds["voltage_error_pu"].iloc[0])


def test_orders_cover_every_load_of_the_feeder():
    grid = OpenDSSGrid("ieee13", generators=tuple(CASES["ieee13"].producers))
    orders = trust_orders(grid, CASES["ieee13"], Linearizer(grid)())

    bids = orders.is_bid
    assert orders.most_kw[bids].sum() == pytest.approx(grid.nominal_kw.sum())
    reducible = orders.most_kw[bids] > orders.firm_kw[bids]
    assert reducible.sum() == len(CASES["ieee13"].reducible)


def test_a_feeder_without_a_case_is_refused():
    with pytest.raises(UnknownNameError, match="no trust case is called 'ieee99'"):
        trust_tables("ieee99")
