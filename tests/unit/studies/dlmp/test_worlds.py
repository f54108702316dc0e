import numpy as np
import pytest

from gridagora.agents.prosumers import Prosumers
from gridagora.studies.dlmp.paper_tables import cleared
from gridagora.studies.dlmp.worlds import (
    TRANSMISSION,
    day_world,
    learning_world,
    paper_world,
)


def test_one_prosumer_holds_several_roles(config):
    world = paper_world(config, limited=True)
    world.env.reset()
    world.env.run()
    dispatch = cleared(world.market)

    mine = [at for at, who in enumerate(dispatch.orders.participant) if who == "735"]
    assert dispatch.orders.is_bid[mine].tolist() == [True, False]
    assert dispatch.quantity_kw[mine] == pytest.approx([85.0, 200.0])


def test_line_limits_hold_only_where_they_are_asked_for(config):
    free, full = (paper_world(config, limited=limited) for limited in (False, True))

    place = full.market.network.branch.index("l704_720")
    assert full.market.network.limit_kw[place] == 300.0
    assert free.market.network.limit_kw[place] > 1_000.0


def test_the_owner_of_the_battery_consumes_reduces_and_sells(config):
    world = day_world(config, keeps_voltage=True)
    owner = world.env.agent("battery owner")
    assert isinstance(owner, Prosumers)

    assert owner.participants == ("738",)
    assert owner.consumption.preferences.firm_kw == pytest.approx([0.7 * 126.0])
    assert owner.production.preferences.most_kw == pytest.approx([100.0])


def test_a_watched_day_notes_voltages_beyond_the_source(config):
    world = day_world(config, keeps_voltage=False)
    world.env.reset()
    world.env.step()

    (row,) = world.volts
    assert row["interval"] == 0
    assert 0.99 < row["lowest_voltage_pu"] < row["highest_voltage_pu"] < 1.04
    assert row["voltage_gap_pu"] < 1e-6


def test_bidders_are_producers_and_providers_and_the_rest_tells_the_truth(config):
    world = learning_world(config, "ucb", 0)

    assert world.bidders.participants == ("729", "735", "718", "738", "701", "722")
    assert world.bidders.preferences.is_bid.tolist() == 3 * [False] + 3 * [True]
    names = [agent.name for agent in world.env.agents]
    assert names == ["bidders 0", "consumers", TRANSMISSION]


def test_runs_draw_from_streams_of_their_own(config):
    first, again, other = (
        learning_world(config, "policy-gradient", number) for number in (0, 0, 1)
    )
    actions = []
    for world in (first, again, other):
        world.env.reset()
        for _ in range(5):
            world.env.step()
        actions.append(world.env.record.table("learning")["action"].to_numpy())

    assert np.array_equal(actions[0], actions[1])
    assert not np.array_equal(actions[0], actions[2])
