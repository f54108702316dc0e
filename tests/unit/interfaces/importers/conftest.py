"""Cases in the formats of other programs, made by hand for the tests."""

import json

import pytest


def frame(columns, rows):
    """A data frame the way pandapower writes it: JSON inside of JSON."""
    split = {
        "columns": list(columns),
        "index": list(range(len(rows))),
        "data": [list(row) for row in rows],
    }
    return {
        "_module": "pandas.core.frame",
        "_class": "DataFrame",
        "_object": json.dumps(split),
        "orient": "split",
    }


@pytest.fixture
def net(tmp_path):
    """Write a pandapower file from tables: each a list of dictionaries."""

    def write(name="net.json", *, version="2.14.0", sn_mva=1.0, **tables):
        content = {"version": version, "format_version": version, "sn_mva": sn_mva}
        for table, rows in tables.items():
            columns = list(dict.fromkeys(key for row in rows for key in row))
            cells = [[row.get(column) for column in columns] for row in rows]
            content[table] = frame(columns, cells)
        path = tmp_path / name
        path.write_text(
            json.dumps(
                {
                    "_module": "pandapower.auxiliary",
                    "_class": "pandapowerNet",
                    "_object": content,
                }
            )
        )
        return path

    return write


@pytest.fixture
def matrices():
    """Two buses, 100 MVA: 80 MW of g1 at bus 1, 50 MW of load at bus 2, 60 MW between.

    As PYPOWER has it; each test changes what it is about.
    """
    return {
        "version": "2",
        "baseMVA": 100.0,
        "bus": [
            [1, 3, 0, 0, 0, 0, 1, 1, 0, 230, 1, 1.1, 0.9],
            [2, 1, 50, 10, 0, 0, 1, 1, 0, 230, 1, 1.1, 0.9],
        ],
        "gen": [[1, 0, 0, 30, -30, 1, 100, 1, 80, 0]],
        "branch": [[1, 2, 0.01, 0.1, 0.02, 60, 0, 0, 0, 0, 1, -360, 360]],
        "gencost": [[2, 0, 0, 3, 0.1, 20, 0]],
    }
