"""Whole texts of explanations, and numbers that add up."""

from dataclasses import replace

import numpy as np
import pytest

from gridagora.errors import UnknownNameError
from gridagora.markets.explain import PriceReasons, explain
from gridagora.types.dispatch import Outcome


def test_a_price_is_told_part_by_part(cleared):
    # losses of the house as it draws: 10 * 0.05; the parts spread evenly have 0.45
    assert explain(cleared, "house") == (
        "One more kWh of demand at 'house' costs 11.5500:\n"
        "  10.0000 for energy, at the price where the feeder begins\n"
        "  0.5000 for the 0.0500 kWh of losses that it makes\n"
        "  0.8000 for the flow through branch 'street' (17 kW of at most 17 kW)\n"
        "  0.2500 for the voltage at 'house.1' (0.95 pu of at least 0.95 pu)\n"
        "  Of this, 0.0500 is because it is not drawn evenly over the phases of the "
        "bus.\n"
        "One more kvarh of demand at 'house' costs 0.4000:\n"
        "  0.1000 for the 0.0100 kWh of losses that it makes\n"
        "  0.3000 for the voltage at 'house.1' (0.95 pu of at least 0.95 pu)\n"
        "  1 limit binds elsewhere and does not touch it.\n"
        "Loads there draw 0.5000 kvarh with each kWh: together 11.7500 per kWh."
    )


def test_where_no_limit_touches_the_price_they_are_counted(cleared):
    assert explain(cleared, "source") == (
        "One more kWh of demand at 'source' costs 10.0000:\n"
        "  10.0000 for energy, at the price where the feeder begins\n"
        "  0.0000 for the 0.0000 kWh of losses that it makes\n"
        "  2 limits bind elsewhere and do not touch it.\n"
        "One more kvarh of demand at 'source' costs 0.0000:\n"
        "  0.0000 for the 0.0000 kWh of losses that it makes\n"
        "  2 limits bind elsewhere and do not touch it."
    )


def test_a_negative_price_is_earned_and_reactive_power_may_have_none(cleared):
    # voltage at its most: 10 + 0.5 - 4000 * 0.0005 * 10 = -9.5
    limits = replace(
        cleared.limits,
        value=np.array([17.0, 1.05, 17.5]),
        worth=np.array([0.0, 40_000.0, 0.0]),
    )
    nothing = np.zeros(4)
    text = explain(
        replace(
            cleared,
            limits=limits,
            active=replace(
                cleared.active,
                congestion=nothing,
                voltage=np.array([0.0, -20.0, -16.0, -40.0]),
            ),
            reactive=replace(cleared.reactive, loss=nothing, voltage=nothing),
        ),
        "house",
    )

    assert text == (
        "One more kWh of demand at 'house' earns 9.5000:\n"
        "  10.0000 for energy, at the price where the feeder begins\n"
        "  0.5000 for the 0.0500 kWh of losses that it makes\n"
        "  -20.0000 for the voltage at 'house.1' (1.05 pu of at most 1.05 pu)\n"
        "  Of this, 0.0500 is because it is not drawn evenly over the phases of the "
        "bus."
    )


@pytest.mark.parametrize(
    ("kind", "unit", "name", "said"),
    [
        (
            "current",
            "A",
            "street.1",
            "the current in 'street.1' (17 A of at most 17 A)",
        ),
        (
            "substation",
            "kW",
            "substation",
            "what the substation delivers (17 kW of at most 17 kW)",
        ),
    ],
)
def test_every_kind_of_limit_has_words(cleared, kind, unit, name, said):
    limits = replace(
        cleared.limits,
        name=(name, "house.1", "other"),
        kind=(kind, "voltage", "flow"),
        unit=(unit, "pu", "kW"),
    )
    reasons = PriceReasons.of(replace(cleared, limits=limits))

    assert reasons.limits[0] == said


def test_a_flow_after_an_outage_is_named_as_such(cleared):
    name = "street after loss of lane"
    grid = replace(cleared.grid, flows=replace(cleared.grid.flows, name=(name,)))
    limits = replace(
        cleared.limits,
        name=(name, "house.1", "other"),
        kind=("outage", "voltage", "flow"),
    )
    reasons = PriceReasons.of(replace(cleared, grid=grid, limits=limits))

    assert reasons.limits[0] == (
        "the flow through branch 'street' after loss of 'lane' (17 kW of at most 17 kW)"
    )


def test_the_numbers_add_up_as_printed(cleared):
    thirds = replace(cleared.active, loss=cleared.active.loss + 1 / 3)
    for place in ("house", "house.supply", "house.1"):
        text = explain(replace(cleared, active=thirds), place)
        first, *rest = text.split("One more kvarh")[0].splitlines()
        price = float(first.split("costs ")[1].rstrip(":"))
        told = [float(line.split()[0]) for line in rest if " for " in line]

        assert len(told) == 4
        assert sum(told) == pytest.approx(price, abs=1e-9)


def test_losses_take_what_rounding_leaves(cleared):
    # 10.00004 + 0.50004 + 0.8 + 0.25 = 11.55008
    more = replace(
        cleared.active,
        energy=cleared.active.energy + 0.00004,
        loss=cleared.active.loss + 0.00004,
    )
    lines = explain(replace(cleared, active=more), "house").splitlines()

    assert lines[0] == "One more kWh of demand at 'house' costs 11.5501:"
    assert lines[1].split()[0] == "10.0000"
    assert lines[2].split()[0] == "0.5001"


def test_free_power_is_told_with_two_digits(cleared):
    nothing = np.zeros(4)
    free = dict.fromkeys(
        ("energy", "loss", "congestion", "voltage", "unbalance"), nothing
    )
    text = explain(
        replace(
            cleared,
            active=replace(cleared.active, **free),
            reactive=replace(cleared.reactive, **free),
            limits=replace(cleared.limits, worth=np.zeros(3)),
        ),
        "house",
    )

    assert text == (
        "One more kWh of demand at 'house' costs 0.00:\n"
        "  0.00 for energy, at the price where the feeder begins\n"
        "  0.00 for the 0.0000 kWh of losses that it makes"
    )


def test_without_a_dispatch_the_reason_is_told(cleared):
    nan = np.full(4, np.nan)
    parts = replace(
        cleared.active,
        **dict.fromkeys(("energy", "loss", "congestion", "voltage", "unbalance"), nan),
    )
    none = replace(
        cleared,
        outcome=Outcome.INFEASIBLE,
        active=parts,
        reactive=parts,
        limits=replace(cleared.limits, worth=np.zeros(3)),
        reason="the shop needs 20 kW, the street lets 17 kW pass",
    )

    assert explain(none, "house") == (
        "There is no price at 'house': the market was infeasible: the shop needs 20 kW, "
        "the street lets 17 kW pass."
    )
    assert explain(replace(none, outcome=Outcome.EMPTY, reason=""), "house") == (
        "There is no price at 'house': the market was empty."
    )


def test_a_place_that_is_not_there_is_refused(cleared):
    with pytest.raises(UnknownNameError) as caught:
        explain(cleared, "hous")

    assert str(caught.value) == (
        "no place is called 'hous'. Did you mean 'house'? Known: house, house.1, "
        "house.supply, source."
    )
