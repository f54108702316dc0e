import pandas as pd
import pytest

from gridagora.studies.market_power.config import Config
from gridagora.studies.market_power.work import cells, run_cell


@pytest.fixture(scope="package")
def tables():
    parts: dict[str, list[pd.DataFrame]] = {}
    for cell in cells(Config(n_draws=2)):
        for name, table in run_cell(cell).items():
            parts.setdefault(name, []).append(table)
    return {name: pd.concat(tables) for name, tables in parts.items()}
