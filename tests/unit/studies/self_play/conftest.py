from multiprocessing.reduction import ForkingPickler

import numpy as np
import pandas as pd
import pytest

from gridagora.interfaces.storage.names import name_faults
from gridagora.studies.self_play import (
    bertrand,
    capacity,
    case,
    competition,
    duopoly,
    five_bus,
    six_bus,
    two_bus,
)

SMALL = {"n_seed": 1, "n_generation": 4, "n_strategy": 6, "n_iteration": 12}


def stacked(study, **parameters):
    """Run all cells of a study in a row, as runners do."""
    parts: dict[str, list[pd.DataFrame]] = {}
    for cell in study.cells(study.config(**{**SMALL, **parameters})):
        for name, rows in study.run_cell(cell).items():
            parts.setdefault(name, []).append(rows)
    return {name: pd.concat(rows, ignore_index=True) for name, rows in parts.items()}


@pytest.fixture(scope="session")
def small():
    return SMALL


@pytest.fixture(scope="session")
def bertrand_tables():
    sets = {"20-100": (20.0, 100.0), "40-100": (40.0, 100.0), "60-100": (60.0, 100.0)}
    return stacked(bertrand.STUDY, level_sets=sets)


@pytest.fixture(scope="session")
def capacity_tables():
    return stacked(capacity.STUDY)


@pytest.fixture(scope="session")
def case_tables():
    return stacked(case.STUDY)


@pytest.fixture(scope="session")
def day_tables():
    return stacked(case.STUDY, load_factors=(0.8, 1.0, 0.9))


@pytest.fixture(scope="session")
def competition_tables():
    return stacked(competition.STUDY, n_unit=3, demand=15.0)


@pytest.fixture(scope="session")
def duopoly_tables():
    return stacked(duopoly.STUDY, n_seed=2)


@pytest.fixture(scope="session")
def five_bus_tables():
    return stacked(five_bus.STUDY, n_round=100, q_learning={"frequent": (0.1, 0.3)})


@pytest.fixture(scope="session")
def six_bus_tables():
    return stacked(six_bus.STUDY, n_round=100)


@pytest.fixture(scope="session")
def two_bus_tables():
    return stacked(two_bus.STUDY, limits=(10.0, 50.0))


@pytest.fixture(scope="session")
def target():
    """Return how to find a target or a departure by how its quantity begins."""

    def find(study, quantity):
        known = (*study.targets, *study.departures)
        (found,) = [each for each in known if each.quantity.startswith(quantity)]
        return found

    return find


@pytest.fixture(scope="session")
def reached():
    """Return whether the tables reach a target."""

    def ask(target, tables):
        return abs(target.read(tables) - target.expected) <= target.tolerance

    return ask


@pytest.fixture(scope="session")
def history():
    """Return how to make a table by generation from a list for each of a few names."""

    def make(column, values, *, variant, run=1, name="player"):
        parts = [
            pd.DataFrame(
                {
                    "variant": variant,
                    "run": run,
                    "generation": np.arange(1, len(numbers) + 1),
                    name: who,
                    column: np.asarray(numbers, dtype=float),
                }
            )
            for who, numbers in values.items()
        ]
        return pd.concat(parts, ignore_index=True)

    return make


@pytest.fixture(scope="session")
def headline_of():
    """Return what a study says of the tables of a cell."""

    def ask(study, tables):
        assert study.headline is not None
        return study.headline(tables)

    return ask


@pytest.fixture(scope="session")
def assert_presentable():
    """Return the check that all that is shown can be drawn and has a caption."""

    def check(study, tables, *, without=()):
        charts = study.figures(tables)
        shown = study.report_tables(tables)
        assert {*charts, *shown} == {*study.captions} - {*without}
        assert not {*charts} & {*shown}
        for chart in charts.values():
            words = chart.to_dict()["title"].get("subtitle", [])
            assert not words or words[-1].endswith(".")
        for table in shown.values():
            assert len(table)
            assert not table.isna().to_numpy().any()
        assert all(caption.endswith(".") for caption in study.captions.values())

    return check


@pytest.fixture(scope="session")
def assert_sound_plan():
    """Return the check that cells can be told apart, stored and sent to workers."""

    def check(study, config, keys):
        cells = study.cells(config)
        assert [cell.key for cell in cells] == keys
        assert not name_faults("cell", keys)
        sent = ForkingPickler.dumps((study.run_cell, list(cells)))
        again = ForkingPickler.loads(sent)[1]
        assert [cell.key for cell in again] == keys
        assert [cell.config for cell in again] == [config] * len(keys)
        names = [each.quantity for each in (*study.targets, *study.departures)]
        assert len({*names}) == len(names)
        assert all(departure.reason.endswith(".") for departure in study.departures)

    return check
