import numpy as np
import pytest

from gridagora.agents.strategies import (
    draw_flexible,
    flexible_mix,
    inelastic,
    marked_up,
    truthful,
)
from gridagora.errors import InvalidConfigError, UnknownNameError
from gridagora.types.preferences import Preferences

HOMES = Preferences.of_consumers(
    ["anna", "ben"], ["a", "b"], p_max=9.0, p_min=[3.0, 2.0], q_max=[6.0, 2.0], q_min=1
)


def test_the_truth_is_the_private_curve():
    assert truthful(HOMES) is HOMES


def test_inelastic_demand_is_firm_at_every_price():
    declared = inelastic(HOMES)
    assert declared.quantity_kw.tolist() == [6.0, 6.0, 2.0, 2.0]
    assert declared.price_per_kwh.tolist() == [9.0, 3.0, 9.0, 2.0]


def test_a_mix_leaves_the_flexible_elastic():
    declared = flexible_mix(["ben"])(HOMES)
    assert declared.quantity_kw.tolist() == [6.0, 6.0, 1.0, 2.0]


def test_a_mix_refuses_strangers():
    with pytest.raises(UnknownNameError) as caught:
        flexible_mix(["bem"])(HOMES)
    assert str(caught.value) == (
        "no participant is called 'bem'. Did you mean 'ben'? Known: anna, ben."
    )


@pytest.mark.parametrize(("share", "count"), [(0, 0), (0.08, 2), (0.75, 21), (1, 28)])
def test_a_share_is_rounded_to_whole_participants(share, count):
    # 8 % of 28 is 2.24, 75 % is 21.
    names = [f"bus {place}" for place in range(28)]
    drawn = draw_flexible(names, share, np.random.default_rng(1))
    assert len(set(drawn)) == count
    assert set(drawn) <= set(names)


def test_a_draw_does_not_depend_on_the_order_of_names():
    names = list("abcdefgh")
    forth = draw_flexible(names, 0.5, np.random.default_rng(3))
    back = draw_flexible(names[::-1], 0.5, np.random.default_rng(3))
    assert forth == back


def test_a_share_beyond_all_is_refused():
    with pytest.raises(InvalidConfigError) as caught:
        draw_flexible(["anna"], 1.5, np.random.default_rng(1))
    assert str(caught.value) == (
        "flexible mix: share_frac is 1.5, expected a number in [0, 1]."
    )


def test_a_markup_is_price_times_factor_plus_adder():
    declared = marked_up(adder_per_kwh=[1.0, 0.0], factor=2.0)(HOMES)
    assert declared.price_per_kwh.tolist() == [19.0, 7.0, 18.0, 4.0]
    assert declared.quantity_kw is HOMES.quantity_kw


def test_impossible_markups_are_refused():
    with pytest.raises(InvalidConfigError) as caught:
        marked_up(adder_per_kwh=np.inf, factor=-1.0)
    assert str(caught.value) == (
        "markup: adder_per_kwh is inf, expected finite numbers. factor is -1.0, "
        "expected finite numbers >= 0."
    )
