import pandas as pd
import pytest

from gridagora.errors import EpisodeError
from gridagora.studies.dlmp.paper_tables import cleared, settled
from gridagora.studies.dlmp.worlds import paper_world


def test_a_market_that_has_not_cleared_has_no_tables(config):
    market = paper_world(config, limited=True).market

    with pytest.raises(EpisodeError, match="cleared nothing; run an interval first"):
        cleared(market)
    with pytest.raises(EpisodeError, match="settled nothing; run an interval first"):
        settled(market)


def test_money_and_energy_of_the_ledger_sum_to_zero_exactly(tables):
    ledger = tables["ledger"]
    sums = ledger[ledger["cause"] == "sum"]

    assert sums["scenario"].tolist() == ["a-free", "a-full"]
    assert (sums[["energy_wh", "money_nano"]] == 0).all().all()
    parts = ledger[ledger["cause"] != "sum"].groupby("scenario")["money_nano"].sum()
    assert (parts == 0).all()


def test_bills_by_role_hold_the_same_money_as_the_ledger(tables):
    money = tables["bills"].groupby(["scenario", "role"])["money_nano"].sum()

    assert money["a-full"].sum() == 0
    charged = money["a-full", "demand-response provider"]
    assert charged == pytest.approx(4548.4e9)  # 14 kW at 95.6 and 30 kW at 107.0
    assert money["a-full", "congestion rent"] == 42_636 * 10**9


def test_consumers_who_save_pay_for_demand_response_and_nobody_else(tables):
    bills = tables["bills"].query("scenario == 'a-full' and role == 'consumer'")
    paid = bills.set_index("account")["money_usd"]

    # 731 takes 85 kW at 95.6 $/MWh, and its share of the reductions on top
    assert -paid["731"] > 85 * 95.6e-3
    assert -paid["731"] < 85 * 95.6e-3 + 0.5


def test_the_objective_is_imports_production_and_reductions(tables):
    cases = tables["cases"].set_index("scenario")["objective_mills_per_h"]

    assert cases["a-free"] == pytest.approx(2457 * 50)
    # 2213 kW at 50, 200 kW of 735 and what 14 kW at 738 and 30 kW at 722 cost
    made = 70 * 200 + 0.05 * 200**2
    reduced = 90 * 14 + 0.2 * 14**2 + 95 * 30 + 0.2 * 30**2
    assert cases["a-full"] == pytest.approx(2213 * 50 + made + reduced)


def test_every_bus_has_a_place_on_the_map(tables):
    buses = tables["buses"]

    assert len(buses) == 2 * 37
    assert not buses[["x", "y", "distance_km"]].isna().any().any()
    assert isinstance(buses, pd.DataFrame)
