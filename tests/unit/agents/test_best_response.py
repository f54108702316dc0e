from functools import partial

import numpy as np
import pytest

from gridagora.agents.best_response import BestResponse, best_markup, without
from gridagora.agents.consumers import Consumers
from gridagora.agents.producers import Producers
from gridagora.agents.strategies import inelastic
from gridagora.environment.environment import Environment
from gridagora.errors import InvalidConfigError, InvalidOrderError
from gridagora.markets.nodal import NodalMarket, clear_nodal
from gridagora.types.base import BaseGrid
from gridagora.types.network import RadialNetwork
from gridagora.types.orders import CurveColumns
from gridagora.types.preferences import Preferences

ONE_BUS = RadialNetwork.from_table({"bus": ["a"], "parent": [""]})
CLEAR = partial(clear_nodal, ONE_BUS)
CANDIDATES = np.linspace(0.0, 6.0, 13)


class Grid(BaseGrid):
    def reset(self):
        pass

    def step(self):
        pass


def unit(names, cost, q_max):
    return Preferences.of_producers(
        names, ["a"] * len(names), p_max=cost, p_min=cost, q_max=q_max
    )


def played(mine, rival_cost=5.0, n_intervals=2, **settings):
    """Inelastic demand of 4 kW, worth 9, and a rival with 10 kW at a flat price."""
    load = Preferences.of_consumers(["load"], ["a"], p_max=9.0, p_min=9.0, q_max=4.0)
    agent = BestResponse(mine, clear=CLEAR, candidates_per_kwh=CANDIDATES, **settings)
    agents = [
        Consumers(load, strategy=inelastic),
        agent,
        Producers(unit(["rival"], rival_cost, 10.0)),
    ]
    env = Environment(Grid(), NodalMarket(ONE_BUS), agents, n_intervals=n_intervals)
    env.reset()
    env.run()
    return agent


def test_the_first_interval_is_truthful():
    agent = played(unit(["me"], 2.0, 10.0), n_intervals=1)
    assert agent.markup_per_kwh.tolist() == [0.0]
    assert agent.price_per_kwh == pytest.approx([2.0])


def test_a_unit_that_can_serve_all_undercuts_its_rival():
    # Cost 2, rival 5: profit 4 x markup below a markup of 3, where the rival shares.
    # On the grid 2.5; between 2 and 3 by twelfths 2 + 11/12; between 2.8333 and 3 by
    # twelfths of a sixth 3 - 1/72.
    agent = played(unit(["me"], 2.0, 10.0))
    assert agent.markup_per_kwh == pytest.approx([3 - 1 / 72])
    assert agent.award_kw == pytest.approx([4.0])
    assert agent.get_reward() == pytest.approx([4 * (3 - 1 / 72)])


def test_more_refinements_look_closer():
    # Each further round divides the distance to 3 by 6.
    agent = played(unit(["me"], 2.0, 10.0), refinements=3)
    assert agent.markup_per_kwh == pytest.approx([3 - 1 / 432])


def test_among_equal_profits_the_smallest_markup_is_kept():
    # 2 kW of 4: the rival sets the price 5 whatever a markup below 3 is.
    agent = played(unit(["me"], 2.0, 2.0))
    assert agent.markup_per_kwh.tolist() == [0.0]
    assert agent.get_reward() == pytest.approx([6.0])


def test_each_of_a_population_answers_what_its_fellows_have_become():
    # Both cost 2, 3 kW each, rival at 5. The first answers a truthful fellow: its
    # last kW is marginal below a price of 5, so it asks as much as it can, 1 kW sold.
    # The second then answers that and sells its 3 kW below it at the same price.
    agent = played(unit(["one", "two"], 2.0, 3.0))
    assert agent.markup_per_kwh[0] == pytest.approx(3 - 1 / 72)
    assert agent.markup_per_kwh[1] == 0.0
    assert agent.award_kw == pytest.approx([1.0, 3.0])


def test_a_reset_returns_to_the_truth():
    agent = played(unit(["me"], 2.0, 10.0))
    agent.env.reset()
    assert agent.markup_per_kwh.tolist() == [0.0]
    agent.env.step()
    assert agent.markup_per_kwh.tolist() == [0.0]
    assert agent.price_per_kwh == pytest.approx([2.0])


def test_the_price_rule_can_be_given():
    # Were every order paid 1 whatever is cleared, no markup would pay.
    agent = played(
        unit(["me"], 2.0, 10.0),
        prices=lambda dispatch: np.ones(dispatch.orders.n_order),
    )
    # Selling nothing is best; 3.5 is the first markup on the grid that sells nothing,
    # then 3 + 1/12 and 3 + 1/144 by refinement.
    assert agent.markup_per_kwh[0] == pytest.approx(3 + 1 / 72, abs=0.01)
    assert agent.award_kw == pytest.approx([0.0])


def test_best_markup_of_a_parabola_and_of_a_constant():
    assert best_markup(lambda m: -((m - 1.0) ** 2), CANDIDATES) == (1.0, 0.0)
    assert best_markup(lambda m: 7.0, CANDIDATES) == (0.0, 7.0)


def test_rounding_does_not_raise_a_markup():
    profit = {0.0: 1.0, 1.0: 1.0 + 1e-12}
    assert (
        best_markup(lambda m: profit[m], np.array([0.0, 1.0]), refinements=0)[0] == 0.0
    )


@pytest.mark.parametrize("bad", [[1.0], [1.0, 1.0], [0.0, np.inf], [[0.0, 1.0]]])
def test_candidates_must_be_finite_and_rise(bad):
    with pytest.raises(InvalidConfigError) as caught:
        best_markup(lambda m: m, np.array(bad))
    assert str(caught.value) == (
        f"best response: candidates_per_kwh is {np.array(bad).tolist()}, expected two "
        "or more finite markups, rising."
    )


def test_consumers_are_refused():
    homes = Preferences.of_consumers(["anna"], ["a"], p_max=1, p_min=0, q_max=1)
    with pytest.raises(InvalidOrderError, match="'anna' has a marginal value"):
        BestResponse(homes, clear=CLEAR, candidates_per_kwh=CANDIDATES)


def test_orders_without_some_rows_keep_their_corners():
    both = CurveColumns.joined(
        [
            unit(["one"], 2.0, 3.0).curves(ONE_BUS),
            unit(["two"], 4.0, 5.0).curves(ONE_BUS),
        ]
    )
    left = without(both, np.array([0]))
    assert left.participant == ("two",)
    assert left.start.tolist() == [0, 2]
    assert left.price_per_kwh.tolist() == [4.0, 4.0]
    assert without(both, np.array([0, 1])).n_order == 0
