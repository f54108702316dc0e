"""A feeder of four buses, and ways to look into a chart."""

import json
import re

import pandas as pd
import pytest
import vl_convert


@pytest.fixture
def buses():
    return pd.DataFrame(
        {
            "bus": ["s", "a", "b", "c"],
            "x": [0.0, 100.0, 200.0, 100.0],
            "y": [0.0, 0.0, 0.0, 50.0],
            "price": [4.3, 4.6, 6.95, float("nan")],
            "v_pu": [1.0, 0.98, 0.94, 1.02],
            "outside": [False, False, True, False],
            "load_kw": [0.0, 100.0, 50.0, 25.0],
        }
    )


@pytest.fixture
def branches():
    return pd.DataFrame(
        {
            "branch": ["sa", "ab", "ac"],
            "from_bus": ["s", "a", "a"],
            "to_bus": ["a", "b", "c"],
            "loading": [100.0, 40.5, float("nan")],
            "binding": [True, False, False],
            "kind": ["line", "regulator", "cable"],
        }
    )


@pytest.fixture
def parts():
    """Return a function that lists a specification and all views inside it."""

    def listed(spec):
        inner = [
            view
            for key in ("layer", "hconcat", "vconcat")
            for view in spec.get(key, [])
        ]
        return [spec, *(found for view in inner for found in listed(view))]

    return listed


@pytest.fixture
def rows():
    """Return a function that gives the rows behind a view of a specification."""

    def read(spec, view):
        data = view.get("data") or spec["data"]  # altair lifts what all layers share
        return spec["datasets"][data["name"]]

    return read


@pytest.fixture
def colours():
    """Return a function that lists all colours written in a specification."""

    def read(spec):
        return set(re.findall(r"#[0-9A-Fa-f]{6}", json.dumps(spec)))

    return read


@pytest.fixture
def drawn():
    """Return a function that draws a chart and fails if Vega-Lite warns."""

    def draw(chart, capfd):
        capfd.readouterr()
        text = vl_convert.vegalite_to_svg(chart.to_dict(), show_warnings=True)
        said = capfd.readouterr()
        assert (said.out, said.err) == ("", "")
        return text

    return draw
