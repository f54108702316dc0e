"""Charts as files: HTML, and PNG, SVG and PDF without any browser."""

import json
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cache, lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import altair as alt
import vl_convert

from gridagora.errors import UnknownNameError
from gridagora.figures.theme import AnyChart
from gridagora.interfaces.storage.files import write_bytes

_PNG_SCALE = 2.0


def save_chart(
    chart: AnyChart,
    stem: Path,
    formats: Sequence[str] = ("html", "png", "svg", "pdf"),
) -> tuple[Path, ...]:
    """Write one chart in several formats, each file whole or not at all.

    Args:
        chart: The chart.
        stem: Path of the files without their suffix; its folder must exist.
        formats: Any of ``html``, ``png``, ``svg``, ``pdf``.

    Returns:
        The files, in the order of ``formats``.

    Raises:
        UnknownNameError: A format is none of these; nothing is written then.
    """
    for name in formats:
        if name not in _FORMATS:
            raise UnknownNameError("chart format", name, _FORMATS)
    spec = chart.to_dict()
    paths = []
    for name in formats:
        path = stem.with_name(f"{stem.name}.{name}")
        write_bytes(path, _FORMATS[name](spec))
        paths.append(path)
    return tuple(paths)


def svg(spec: dict[str, Any]) -> str:
    """Return a Vega-Lite specification as an SVG drawing."""
    return _drawn(json.dumps(spec))


@lru_cache(maxsize=64)
def _drawn(spec: str) -> str:
    """Lay a chart out once: PNG, PDF and the still picture in a page come from it."""
    drawing: str = vl_convert.vegalite_to_svg(spec, **_options())
    return drawing


@cache
def scripts() -> str:
    """Return Vega, Vega-Lite and Vega-Embed as one script that sets ``vegaEmbed``.

    Bundling takes two seconds, so the script is kept in the user's cache folder, under
    the versions that made it.
    """
    made_by = f"{version('vl-convert-python')}-{_vega_lite_version()}"
    kept = _cache_folder() / f"vega-{made_by}.js"
    if kept.is_file():
        return kept.read_text(encoding="utf-8")
    bundle: str = vl_convert.javascript_bundle(
        "window.vegaEmbed = vegaEmbed;", vl_version=_vega_lite_version()
    )
    with suppress(OSError):  # without a cache the next report takes longer, no more
        kept.parent.mkdir(parents=True, exist_ok=True)
        write_bytes(kept, bundle.encode())
    return bundle


def _cache_folder() -> Path:
    given = os.environ.get("XDG_CACHE_HOME")
    return (Path(given) if given else Path.home() / ".cache") / "gridagora"


def chart_title(spec: dict[str, Any]) -> str:
    """Return the title of a specification as one line."""
    title = spec.get("title", "")
    text = title.get("text", "") if isinstance(title, dict) else title
    return text if isinstance(text, str) else " ".join(text)


def _options() -> dict[str, Any]:
    # data lie inside the chart, so nothing may be fetched
    return {"vl_version": _vega_lite_version(), "allowed_base_urls": []}


def _vega_lite_version() -> str | None:
    """The version that altair writes for; the newest where it is not at hand."""
    version = ".".join(alt.SCHEMA_VERSION.removeprefix("v").split(".")[:2])
    return version if version in vl_convert.get_vegalite_versions() else None


def _html(spec: dict[str, Any]) -> bytes:
    from gridagora.interfaces.report.html import chart_page

    return chart_page(spec).encode()


def _png(spec: dict[str, Any]) -> bytes:
    image: bytes = vl_convert.svg_to_png(svg(spec), scale=_PNG_SCALE)
    return image


def _svg(spec: dict[str, Any]) -> bytes:
    return svg(spec).encode()


def _pdf(spec: dict[str, Any]) -> bytes:
    document: bytes = vl_convert.svg_to_pdf(svg(spec))
    return document


_FORMATS: dict[str, Callable[[dict[str, Any]], bytes]] = {
    "html": _html,
    "png": _png,
    "svg": _svg,
    "pdf": _pdf,
}
