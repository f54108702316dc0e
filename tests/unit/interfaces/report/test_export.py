import struct

import altair as alt
import pytest

from gridagora.errors import UnknownNameError
from gridagora.interfaces.report import export
from gridagora.interfaces.report.export import chart_title, save_chart


def test_every_format_is_written_whole_and_starts_as_it_must(chart, tmp_path):
    paths = save_chart(chart, tmp_path / "units.v2")

    assert [path.name for path in paths] == [
        "units.v2.html",
        "units.v2.png",
        "units.v2.svg",
        "units.v2.pdf",
    ]
    html, png, svg, pdf = (path.read_bytes() for path in paths)
    assert html.startswith(b"<!DOCTYPE html>")
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    assert svg.startswith(b"<svg ")
    assert pdf.startswith(b"%PDF-")
    assert sorted(tmp_path.iterdir()) == sorted(paths)  # nothing half-written is left


def test_a_picture_is_wide_enough_to_print(chart, tmp_path):
    (path,) = save_chart(chart, tmp_path / "units", ["png"])

    width, _ = struct.unpack(">II", path.read_bytes()[16:24])
    assert width > 1200  # twice the 600 px of the bars


def test_the_same_chart_gives_the_same_bytes(chart, tmp_path):
    formats = ["html", "png", "svg"]
    first = [path.read_bytes() for path in save_chart(chart, tmp_path / "a", formats)]
    second = [path.read_bytes() for path in save_chart(chart, tmp_path / "b", formats)]

    assert first == second


def test_an_unknown_format_is_refused_before_anything_is_written(chart, tmp_path):
    with pytest.raises(UnknownNameError) as caught:
        save_chart(chart, tmp_path / "units", ["png", "pgn"])

    assert str(caught.value) == (
        "no chart format is called 'pgn'. Did you mean 'png'? "
        "Known: html, pdf, png, svg."
    )
    assert list(tmp_path.iterdir()) == []


def test_the_version_of_vega_lite_is_the_one_altair_writes_for(monkeypatch):
    spoken = export._vega_lite_version()
    assert spoken is not None
    assert alt.SCHEMA_VERSION.startswith(f"v{spoken}.")

    monkeypatch.setattr(alt, "SCHEMA_VERSION", "v99.1.0")
    assert export._vega_lite_version() is None


@pytest.mark.parametrize(
    ("spec", "title"),
    [
        ({}, ""),
        ({"title": "A"}, "A"),
        ({"title": {"text": ["A", "B"]}}, "A B"),
        ({"title": {"text": "A"}}, "A"),
    ],
)
def test_a_title_is_read_in_all_its_forms(spec, title):
    assert chart_title(spec) == title


@pytest.fixture
def no_bundle_in_memory():
    export.scripts.cache_clear()
    yield
    export.scripts.cache_clear()


def test_the_scripts_are_bundled_once_and_kept(
    tmp_path, monkeypatch, no_bundle_in_memory
):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    first = export.scripts()
    (kept,) = (tmp_path / "gridagora").iterdir()
    assert kept.read_text("utf-8") == first

    kept.write_text("from the cache", "utf-8")
    assert export.scripts() == first
    export.scripts.cache_clear()
    assert export.scripts() == "from the cache"


def test_a_cache_that_cannot_be_written_changes_nothing(
    tmp_path, monkeypatch, no_bundle_in_memory
):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))

    assert "vegaEmbed" in export.scripts()
