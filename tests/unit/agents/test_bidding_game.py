import numpy as np
import pytest

from gridagora.agents.bidding_game import bidding_game, markup_game
from gridagora.agents.curve_actions import CurveActions
from gridagora.grids.linear import Linearizer
from gridagora.grids.opendss_grid import OpenDSSGrid
from gridagora.learning.exploitability import scalar_exploitability
from gridagora.markets.dlmp import DLMPMarket
from gridagora.markets.nodal import NodalMarket, clear_nodal
from gridagora.types.grid_limits import GridLimits
from gridagora.types.network import RadialNetwork
from gridagora.types.orders import CurveColumns
from gridagora.types.preferences import Preferences

ONE_BUS = RadialNetwork.from_table({"bus": ["a"], "parent": [""]})
UNITS = Preferences.of_producers(
    ["one", "two"], ["a", "a"], p_max=2.0, p_min=2.0, q_max=10.0
)
ACTIONS = CurveActions.of_markups(adder_per_kwh=np.arange(0.0, 4.0))


def load(q_min=0.0):
    return Preferences.of_consumers(
        ["load"], ["a"], p_max=9, p_min=9, q_max=4, q_min=q_min
    ).curves(ONE_BUS)


def game(preferences=UNITS, actions=ACTIONS, others=None, **settings):
    rest = load() if others is None else others
    return bidding_game(
        preferences,
        actions,
        clear=lambda own: clear_nodal(ONE_BUS, CurveColumns.joined([own, rest])),
        buses=ONE_BUS,
        **settings,
    )


@pytest.mark.parametrize(
    ("action", "surplus"),
    [
        ((0, 0), [0.0, 0.0]),
        ((3, 3), [6.0, 6.0]),  # 2 kW each, 3 above cost
        ((2, 3), [8.0, 0.0]),  # all 4 kW, 2 above cost
    ],
)
def test_private_surplus_of_joint_actions(action, surplus):
    assert game()(np.array(action)) == pytest.approx(surplus)


def test_the_money_is_that_of_the_market():
    # One bus, 3 kW come in, and Anna's 4 kW are the only ones that can give way: 1 kW.
    # Declaring 5 + m she keeps 3 at 5 + m, and is paid as much for 1 kW, for which only
    # she can be charged: 5 x 3 - 3 (5 + m).
    source = Preferences.of_producers(["s"], ["a"], p_max=3, p_min=3, q_max=3)
    anna = Preferences.of_consumers(["anna"], ["a"], p_max=5, p_min=5, q_max=4)
    shifts = CurveActions.of_markups(adder_per_kwh=[1.0, -1.0])
    market = NodalMarket(ONE_BUS, reductions="paid-by-beneficiaries")
    played = bidding_game(
        anna,
        shifts,
        clear=lambda own: market.clear([own, source.curves(ONE_BUS)]),
        buses=ONE_BUS,
        money=lambda dispatch: market.order_money_per_h(),
    )
    surplus = [played(np.array([at]))[0] for at in range(3)]
    assert surplus == pytest.approx([0.0, -3.0, 3.0])


def test_consumers_count_what_power_is_worth_to_them():
    # Declares 5 instead of 9 and pays the source's 3 for 2 kW; at 2 it gets nothing.
    home = Preferences.of_consumers(["anna"], ["a"], p_max=9, p_min=9, q_max=2)
    source = Preferences.of_producers(["s"], ["a"], p_max=3, p_min=3, q_max=5)
    low = CurveActions.of_markups(adder_per_kwh=[-4.0, -7.0])
    surplus = game(home, low, others=source.curves(ONE_BUS))
    found = [surplus(np.array([at]))[0] for at in range(3)]
    assert found == pytest.approx([12.0, 12.0, 0.0])


def test_without_a_dispatch_nobody_gets_anything():
    small = UNITS.scaled(0.1)
    infeasible = game(small, others=load(q_min=4.0))
    assert infeasible(np.array([0, 0])).tolist() == [0.0, 0.0]


def numbers(preferences=UNITS, others=None):
    rest = load() if others is None else others
    return markup_game(
        preferences,
        clear=lambda own: clear_nodal(ONE_BUS, CurveColumns.joined([own, rest])),
        buses=ONE_BUS,
    )


def test_the_game_of_markups_is_that_of_the_actions_with_the_same_markups():
    joint = np.array([[0, 0], [3, 3], [2, 3], [1, 0]])

    by_number = numbers()(joint.astype(float))

    assert by_number == pytest.approx(np.array([game()(action) for action in joint]))


def test_a_markup_lowers_what_a_buyer_declares():
    # 10 kW at 2 are there for Anna's 4 kW, worth 9 to 5: declared 6 lower she takes
    # only what she calls worth 2 or more, 1 kW, worth 9 to 8, at 2.
    anna = Preferences.of_consumers(["anna"], ["a"], p_max=9, p_min=5, q_max=4)
    source = Preferences.of_producers(["s"], ["a"], p_max=2, p_min=2, q_max=10)

    surplus = numbers(anna, source.curves(ONE_BUS))(np.array([[0.0], [6.0]]))

    assert surplus[:, 0] == pytest.approx([4 * (7 - 2), 1 * (8.5 - 2)])


def test_exploitability_of_markups_in_a_market_object():
    # Both at 0 earn nothing, and asking more sells nothing: an equilibrium. Both at 3
    # share 4 kW; just below 3 one sells all 4 kW and earns 12 instead of 6.
    market = NodalMarket(ONE_BUS)
    played = markup_game(
        UNITS, clear=lambda own: market.clear([own, load()]), buses=ONE_BUS
    )

    at_cost = scalar_exploitability(played, np.zeros(2), 0.0, 5.0)
    at_three = scalar_exploitability(played, np.array([3.0, 3.0]), 0.0, 5.0)

    assert at_cost == pytest.approx([0.0, 0.0], abs=1e-9)
    assert at_three == pytest.approx([6.0, 6.0], abs=0.02)


def test_exploitability_of_markups_on_a_feeder_with_losses():
    # The source sells at 50 and each kWh loses a part on its way to bus 735, where the
    # unit then gets more than 50. At its cost of 45 it sells all it has, and no markup
    # below that price changes what it is paid: little is left to gain. 30 more and it
    # sells nothing, and could gain what it earned.
    grid = OpenDSSGrid("ieee37", generators=("735",))
    market = DLMPMarket(Linearizer(grid), GridLimits(voltage_pu=None))
    unit = Preferences.of_producers(["me"], ["735"], p_max=45, p_min=45, q_max=80)
    source = Preferences.of_producers(["grid"], ["799"], p_max=50, p_min=50, q_max=5e3)
    played = markup_game(
        unit,
        clear=lambda own: market.clear([own, source.curves(grid)]),
        buses=grid,
        money=lambda dispatch: market.order_money_per_h(),
    )

    [earned] = played(np.zeros((1, 1)))[0]
    few = {"n_candidate": 9, "refinements": 1}
    at_cost, beyond = (
        scalar_exploitability(played, np.array([markup]), 0.0, 30.0, **few)[0]
        for markup in (0.0, 30.0)
    )

    assert 80 * 5.0 < earned < 80 * 10.0
    assert at_cost < 0.1 * earned
    assert beyond == pytest.approx(earned, rel=0.1)
