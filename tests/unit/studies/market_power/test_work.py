import numpy as np
import pandas as pd

from gridagora.studies.market_power.config import Config
from gridagora.studies.market_power.work import Draw, Scenario, cells, run_cell


def test_there_are_five_scenarios_and_the_draws():
    plan = cells(Config(n_draws=3))

    assert [cell.key for cell in plan] == [
        "a-competitive",
        "b-raised",
        "c-elastic",
        "d-8-percent",
        "d-75-percent",
        "draw-00",
        "draw-01",
        "draw-02",
    ]
    scenarios = [cell for cell in plan if isinstance(cell, Scenario)]
    assert [len(cell.flexible) for cell in scenarios] == [0, 0, 28, 2, 21]


def test_a_draw_starts_inelastic_and_ends_elastic_whatever_the_order(tables):
    curve = tables["flexibility"]
    scenarios = tables["scenarios"].set_index("scenario")["average_price_c_per_kwh"]

    for draw in (0, 1):
        prices = curve.loc[curve["draw"] == draw, "average_price_c_per_kwh"].to_numpy()
        assert len(prices) == 29
        np.testing.assert_allclose(prices[0], scenarios["b-raised"])
        np.testing.assert_allclose(prices[-1], scenarios["c-elastic"])


def test_draws_differ_from_each_other_and_repeat_themselves():
    first, again, other = (
        run_cell(Draw(key="x", config=Config(), number=number))["flexibility"]
        for number in (0, 0, 1)
    )

    pd.testing.assert_frame_equal(first, again, check_exact=True)
    assert not first["average_price_c_per_kwh"].equals(other["average_price_c_per_kwh"])


def test_raising_offers_earns_more_and_costs_consumers(tables):
    rewards = tables["rewards"].groupby(["scenario", "agent"])["reward"].sum()

    assert rewards["b-raised", "producers"] > rewards["a-competitive", "producers"]
    assert rewards["b-raised", "consumers"] < rewards["a-competitive", "consumers"]
