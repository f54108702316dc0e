"""A chart and a report with names that no page must take for markup."""

import pandas as pd
import pytest

from gridagora.figures.bars import bars
from gridagora.figures.tables import Measure
from gridagora.interfaces.report.content import Figure, Report, Section, Table
from gridagora.interfaces.results import DepartureResult, Results, TargetResult

EVIL = "</script><script>alert('x')</script>"


@pytest.fixture(scope="session")
def table():
    return pd.DataFrame({"unit": [EVIL, "G1 & G2"], "kw": [300.0, 111.25]})


@pytest.fixture(scope="session")
def chart(table):
    return bars(
        table,
        category=Measure("unit", "Unit"),
        value=Measure("kw", "Dispatch", "kW"),
        title="Dispatch of <all> units",
    )


@pytest.fixture(scope="session")
def results():
    return Results(
        study="market-power",
        targets=(
            TargetResult("price, c/kWh", 6.64, 0.005, "fitted", 6.6401, "figure 7"),
            TargetResult("loss, kW", 1.0, 0.1, "printed", float("nan"), "table 1"),
        ),
        departures=(
            DepartureResult(
                "most, c/kWh", "around 6.9", 6.95, f"a < b: {'long ' * 9}", "IV-A4"
            ),
        ),
        is_default=False,
    )


@pytest.fixture(scope="session")
def report(chart, table, results):
    return Report(
        title="Market <power>",
        lead="One.\n\nTwo & three.",
        source="El Helou et al.",
        results=results,
        sections=(
            Section(
                title="Dispatch",
                text="Each order.",
                figures=(
                    Figure("units", chart, "All units.", ("figures/units 1.png",)),
                    Figure("again", chart, ""),
                ),
                tables=(Table.of("Units", table, file="tables/units.parquet"),),
            ),
        ),
        parameters=Table.of("", pd.DataFrame({"parameter": ["seed"], "value": [1]})),
        manifest={
            "seed": 1,
            "git": {"commit": "abc", "dirty": False},
            "on": ["a", "b"],
        },
    )
