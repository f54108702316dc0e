import math

import pytest

from gridagora.studies.contract import Origin
from gridagora.studies.market_power.targets import DEPARTURES, TARGETS


def test_no_target_is_called_a_reproduction():
    assert {target.origin for target in TARGETS} == {Origin.FITTED, Origin.REFERENCE}


def test_names_of_targets_and_departures_are_unique():
    names = [target.quantity for target in TARGETS]
    names += [departure.quantity for departure in DEPARTURES]

    assert len(set(names)) == len(names)


@pytest.mark.parametrize("departure", DEPARTURES, ids=lambda d: d.quantity)
def test_every_departure_has_our_number_and_a_reason(departure, tables):
    assert math.isfinite(departure.read(tables))
    assert departure.reason.endswith(".")


def test_a_target_can_be_missed(tables):
    prices = tables["prices"].copy()
    prices["price_c_per_kwh"] += 0.02
    shifted = {**tables, "prices": prices}

    missed = [t for t in TARGETS if abs(t.read(shifted) - t.expected) > t.tolerance]

    assert {target.quantity[:10] for target in missed} >= {"b: price a", "d: price a"}
