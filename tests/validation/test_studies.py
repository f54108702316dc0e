"""Every registered study reaches every target. A new study is tested by existing.

Studies of more than about ten seconds are marked ``validate``. The suite without that
mark (``make test``) runs the others and ``make validate`` runs these, so that every
study is run by one of both.
"""

import pandas as pd
import pytest

from gridagora.studies.registry import STUDIES, load_study

LONG = {
    "self-play-bertrand",
    "self-play-capacity",
    "self-play-competition",
    "self-play-five-bus",
    "self-play-two-bus",
}
QUICK = sorted(set(STUDIES) - LONG)
EVERY = [
    *QUICK,
    *(pytest.param(name, marks=pytest.mark.validate) for name in sorted(LONG)),
]


def test_every_study_is_run_by_the_quick_suite_or_by_the_long_one():
    assert sorted([*QUICK, *LONG]) == sorted(STUDIES)
    assert len(EVERY) == len(STUDIES)


@pytest.mark.parametrize("name", EVERY)
def test_a_study_reaches_its_targets(name):
    study = load_study(name)
    parts: dict[str, list[pd.DataFrame]] = {}
    for cell in study.cells(study.config()):
        for table, rows in study.run_cell(cell).items():
            parts.setdefault(table, []).append(rows)
    tables = {table: pd.concat(rows) for table, rows in parts.items()}

    obtained = {target: target.read(tables) for target in study.targets}
    missed = [
        (target.quantity, target.expected, value)
        for target, value in obtained.items()
        if not abs(value - target.expected) <= target.tolerance
    ]

    assert not missed
