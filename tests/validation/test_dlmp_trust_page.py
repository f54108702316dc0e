"""The tables of docs/validation/dlmp.md, computed again."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gridagora.studies.dlmp.trust import CASES, RELATIVE_TOLERANCE, trust_tables

PAGE = Path(__file__).parents[2] / "docs" / "validation" / "dlmp.md"
_MODELS, _LIMITS, _PRICES = "feeder | model", "feeder | limit", "feeder | price per"

pytestmark = pytest.mark.validate


def rows_of(head: str) -> list[list[str]]:
    """Return the cells of the table whose head begins so."""
    table = re.search(rf"^\| {re.escape(head)}.*\n(?:\|.*\n)+", PAGE.read_text(), re.M)
    assert table is not None
    rows = [line.strip("|").split("|") for line in table[0].splitlines()[2:]]
    return [[cell.strip().strip("`") for cell in row] for row in rows]


@pytest.fixture(scope="module")
def computed() -> dict[str, pd.DataFrame]:
    found = [trust_tables(feeder) for feeder in CASES]
    return {
        name: pd.concat([tables[name] for tables in found], ignore_index=True)
        for name in found[0]
    }


def named(feeder: str) -> str:
    return feeder.replace("ieee", "IEEE ")


def test_prices_at_every_load_bus_are_differences_of_total_cost(computed):
    trust = computed["trust"]

    assert len(trust) == 2 * (9 + 28 + 25 + 85)
    assert trust["inside"].all()
    assert trust["relative_error"].abs().max() < RELATIVE_TOLERANCE


def test_the_table_of_prices_is_what_comes_out(computed):
    groups = computed["trust"].groupby(["feeder", "unit"], sort=False)
    for (feeder, unit), rows in groups:
        said = next(row for row in rows_of(_PRICES) if row[:2] == [named(feeder), unit])
        low, high = rows["dlmp"].min(), rows["dlmp"].max()

        assert said[2:4] == [str(len(rows)), str(int(rows["unique"].sum()))]
        assert said[4] == f"{low:.2f} to {high:.2f}"
        # Errors are noise of small differences: not their digits but their size counts.
        assert rows["relative_error"].abs().max() < 4 * float(said[6])


def test_the_table_of_limits_is_what_binds(computed):
    found = [
        [named(row.feeder), row.limit, row.kind]
        for row in computed["trust_limits"].itertuples()
    ]

    assert [row[:3] for row in rows_of(_LIMITS)] == found
    kinds = computed["trust_limits"].groupby("feeder")["kind"]
    assert all("voltage" in set(kind) for _, kind in kinds)


def test_the_table_of_models_is_what_comes_out(computed):
    keys = ["feeder", "model", "quantity"]
    models = computed["trust_models"].set_index(keys).sort_index()
    for row in rows_of(_MODELS):
        feeder, model = row[0].replace("IEEE ", "ieee"), row[1]
        found = models.loc[feeder, model]["largest_error"]

        np.testing.assert_allclose(float(row[2]), found["voltage"], rtol=0.03)
        np.testing.assert_allclose(float(row[3]), found["flow"], rtol=0.03)
        np.testing.assert_allclose(float(row[4]), found["current"], rtol=0.03)
