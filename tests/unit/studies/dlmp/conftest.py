import pandas as pd
import pytest

from gridagora.studies.dlmp.config import Config
from gridagora.studies.dlmp.work import cells, run_cell


@pytest.fixture(scope="package")
def config():
    return Config(
        learners=("policy-gradient",),
        n_rounds=60,
        n_seeds=1,
        trust_feeders=("ieee37",),
        trust_places=2,
    )


@pytest.fixture(scope="package")
def tables(config):
    parts: dict[str, list[pd.DataFrame]] = {}
    for cell in cells(config):
        for name, table in run_cell(cell).items():
            parts.setdefault(name, []).append(table)
    return {name: pd.concat(found, ignore_index=True) for name, found in parts.items()}
