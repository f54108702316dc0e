import pytest

from gridagora.studies.contract import Origin
from gridagora.studies.dlmp.targets import DEPARTURES, TARGETS


def test_every_target_is_reached(tables):
    missed = [
        (target.quantity, target.read(tables))
        for target in TARGETS
        if not abs(target.read(tables) - target.expected) <= target.tolerance
    ]

    assert not missed


def test_no_number_is_called_printed_for_the_paper_prints_none():
    assert not [target for target in TARGETS if target.origin is Origin.PRINTED]


def test_departures_read_numbers_of_ours(tables):
    read = {one.quantity: one.read(tables) for one in DEPARTURES}

    assert read["total load, kW"] == 2457.0
    assert read["money that demand response costs consumers, mills/h"] == pytest.approx(
        4548.4
    )


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.quantity)
def test_a_target_misses_when_its_number_is_changed(target, tables):
    damaged = {
        name: table.map(lambda cell: cell + 1 if isinstance(cell, float) else cell)
        for name, table in tables.items()
    }
    damaged["ledger"] = tables["ledger"].assign(money_nano=1)

    assert not abs(target.read(damaged) - target.expected) <= target.tolerance
