"""Every registered study reaches every target. A new study is tested by existing."""

import pandas as pd
import pytest

from gridagora.studies.registry import STUDIES, load_study


@pytest.mark.parametrize("name", sorted(STUDIES))
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
