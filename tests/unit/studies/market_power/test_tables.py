import numpy as np
import pytest

from gridagora.errors import EpisodeError
from gridagora.studies.market_power.config import Config
from gridagora.studies.market_power.work import world_of


def test_every_scenario_is_settled_to_exactly_zero(tables):
    sums = tables["settlement"].groupby("scenario")[["energy_wh", "money_nano"]].sum()

    assert len(sums) == 5
    assert (sums == 0).all(axis=None)


def test_consumers_pay_exactly_what_producers_get(tables):
    # Eq. (8): with the rent handed out, no other account has money.
    settlement = tables["settlement"]
    awards = tables["awards"][["participant", "side"]].drop_duplicates()
    sides = settlement.merge(awards, left_on="account", right_on="participant")
    by_side = sides.groupby(["scenario", "side"])["money_nano"].sum()

    for scenario in ("a-competitive", "b-raised", "d-75-percent"):
        assert by_side[scenario, "bid"] == -by_side[scenario, "offer"]
        assert by_side[scenario, "bid"] < 0


def test_what_was_dispatched_was_served_by_the_feeder(tables):
    scenarios = tables["scenarios"].set_index("scenario")
    awards = tables["awards"].set_index(["scenario", "participant"])["quantity_kw"]

    for scenario, row in scenarios.iterrows():
        from_feeder_kw = awards[scenario, "feed"]
        np.testing.assert_allclose(row["served_kw"], from_feeder_kw, rtol=1e-4)
        np.testing.assert_allclose(
            row["source_kw"], from_feeder_kw + row["loss_kw"], rtol=1e-3
        )


def test_every_line_has_a_loading_and_transformers_have_none(tables):
    lines = tables["lines"].query("scenario == 'b-raised'").set_index("branch")

    assert lines.index[lines["loading_pu"].isna()].to_list() == ["xfm1"]
    assert lines["loading_pu"].max() < 1.0


def test_a_bus_has_its_place_on_the_map_and_along_the_feeder(tables):
    prices = tables["prices"].query("scenario == 'b-raised'").set_index("bus")

    assert len(prices) == 34
    assert prices[["x", "y", "distance_km"]].notna().all(axis=None)
    # 800-802 is 2580 ft long.
    np.testing.assert_allclose(prices.loc["802", "distance_km"], 2580 * 0.3048 / 1000)


def test_there_is_no_dispatch_before_the_first_interval():
    world = world_of(Config(), raised=False, n_intervals=1)

    with pytest.raises(EpisodeError, match=r"has run no interval; call env\.step"):
        _ = world.dispatch
