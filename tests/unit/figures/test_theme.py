import itertools

import altair as alt
import numpy as np
import pytest

from gridagora.figures.theme import (
    CATEGORICAL,
    INK,
    PART_COLOUR,
    PHASE_COLOUR,
    SIDE_COLOUR,
    VIRIDIS,
    edged,
    line_look,
    themed,
)
from gridagora.types.linear_dispatch import PriceParts

# Machado, Oliveira & Fernandes, IEEE Trans. Vis. Comput. Graph. 15(6), 2009, severity 1.
BLINDNESS = {
    "protanopia": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "deuteranopia": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
    "tritanopia": (
        (1.255528, -0.076749, -0.178779),
        (-0.078411, 0.930809, 0.147602),
        (0.004733, 0.691367, 0.303900),
    ),
}
LEAST_DIFFERENCE = 10.0  # CIE 1976; 2.3 is just noticeable


def linear(colour):
    value = np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)]) / 255
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


def lab(rgb):
    to_xyz = np.array(
        [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    )
    white = np.array([0.9505, 1.0, 1.089])
    f = np.cbrt(np.maximum(to_xyz @ rgb / white, 0.008856))
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("kind", sorted(BLINDNESS))
@pytest.mark.parametrize(
    "palette",
    [
        tuple(PHASE_COLOUR.values()),
        tuple(SIDE_COLOUR.values()),
        tuple(PART_COLOUR.values()),
        CATEGORICAL,
        VIRIDIS,
    ],
    ids=["phases", "sides", "parts", "groups", "classes"],
)
def test_colours_differ_for_every_kind_of_colour_blindness(palette, kind):
    seen = [
        lab(np.clip(np.array(BLINDNESS[kind]) @ linear(colour), 0, 1))
        for colour in palette
    ]

    for one, other in itertools.combinations(seen, 2):
        assert np.linalg.norm(one - other) > LEAST_DIFFERENCE


def test_a_themed_chart_has_its_title_and_hints_and_changes_nothing_global():
    before = alt.theme.active
    chart = alt.Chart(alt.InlineData(values=[{"a": 1}])).mark_point()

    spec = themed(chart, "Prices", "By bus.", margin_px=90).to_dict()

    assert spec["title"] == {"text": ["Prices"], "subtitle": ["By bus."]}
    assert spec["usermeta"] == {"gridagora": {"margin_px": 90, "least_width_px": 0}}
    assert spec["config"]["axis"]["labelFontSize"] >= 12
    assert spec["config"]["legend"]["labelFontSize"] >= 12
    assert alt.theme.active == before


def test_names_of_the_places_of_a_slider_are_among_the_hints():
    chart = alt.Chart(alt.InlineData(values=[{"a": 1}])).mark_point()

    spec = themed(chart, "Prices", slider={"at": ("00:00", "00:15")}).to_dict()

    hints = spec["usermeta"]["gridagora"]
    assert hints["slider"] == {"at": ["00:00", "00:15"]}


def test_more_lines_than_colours_still_differ():
    looks = {(colour, str(dash)) for colour, dash in map(line_look, range(12))}

    assert len(looks) == 12


def test_parts_of_a_price_are_those_of_the_clearing():
    assert tuple(PART_COLOUR) == tuple(PriceParts.__slots__)


def test_a_long_subtitle_is_wrapped():
    chart = alt.Chart(alt.InlineData(values=[{"a": 1}])).mark_point()

    spec = themed(chart, "Prices", "word " * 60).to_dict()

    assert len(spec["title"]["subtitle"]) == 3


def test_edged_text_is_written_twice_the_edge_first():
    base = alt.Chart(alt.InlineData(values=[{"a": "x"}])).encode(text="a:N")

    edge, text = (chart.to_dict()["mark"] for chart in edged(base, dx=4))

    assert edge["stroke"] == "#FFFFFF"
    assert text["color"] == INK
    assert edge["dx"] == text["dx"] == 4
