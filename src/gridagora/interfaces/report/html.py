"""A report as one HTML file that needs nothing else: scripts, charts and tables."""

import base64
import json
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import quote

from gridagora.interfaces.report.content import (
    Figure,
    Report,
    Section,
    Table,
    flattened,
    written,
)
from gridagora.interfaces.report.export import chart_title, scripts, svg
from gridagora.interfaces.report.template import POLICY, SCRIPT, STYLE
from gridagora.interfaces.results import Results
from gridagora.interfaces.storage.files import write_bytes

_LONG_TEXT = 40
_ABSENT = "not in this run"
_SWIPE = "Swipe sideways to see all of it."


def write_report(path: Path, report: Report) -> None:
    """Write a report, whole or not at all."""
    write_bytes(path, render(report).encode())


def render(report: Report) -> str:
    """Return a report as one HTML page.

    The page opens offline and says so to the browser, which then refuses to load
    anything. Without scripts (a preview on a phone, a mail program) each chart is a
    still picture.
    """
    body: list[str] = [_head(report)]
    anchors: list[tuple[str, str]] = []
    for title, content in _parts(report):
        if title:
            anchor = f"part-{len(anchors) + 1}"
            anchors.append((anchor, title))
            body.append(f'<h2 id="{anchor}">{escape(title)}</h2>')
        body.append(content)
    body.insert(1, _contents(anchors))
    has_chart = any(section.figures for section in report.sections)
    return _page(report.title, "\n".join(body), has_chart=has_chart)


def chart_page(spec: dict[str, Any]) -> str:
    """Return one chart as a page of its own."""
    return _page(chart_title(spec), _drawn("chart", "chart", spec), has_chart=True)


def _page(title: str, body: str, *, has_chart: bool) -> str:
    script = f"<script>{scripts()}</script>\n<script>{SCRIPT}</script>\n"
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{STYLE}</style>\n</head>\n"
        f"<body>\n<main>\n{body}\n</main>\n{script if has_chart else ''}"
        "</body>\n</html>\n"
    )


def _head(report: Report) -> str:
    lines = [f"<h1>{escape(report.title)}</h1>", _paragraphs(report.lead)]
    if report.source:
        lines.append(f'<p class="source">Source: {escape(report.source)}</p>')
    if report.results is not None and report.results.targets:
        lines.append(_verdict(report.results))
    return "\n".join(line for line in lines if line)


def _verdict(results: Results) -> str:
    n_target, n_missed = len(results.targets), len(results.missed)
    words = f"{n_target - n_missed} of {n_target} targets reached."
    if not results.is_default:
        words += " The parameters are not those for which the targets hold."
    look = "bad" if n_missed else "good"
    return f'<p class="verdict {look}">{escape(words)}</p>'


def _contents(anchors: Sequence[tuple[str, str]]) -> str:
    if len(anchors) < 2:
        return ""
    links = (f'<a href="#{anchor}">{escape(title)}</a>' for anchor, title in anchors)
    return f"<nav>{' '.join(links)}</nav>"


def _parts(report: Report) -> Iterable[tuple[str, str]]:
    if report.results is not None and report.results.targets:
        yield "Targets", _targets(report.results)
    if report.results is not None and report.results.departures:
        yield "Departures from the source", _departures(report.results)
    for at, section in enumerate(report.sections, start=1):
        yield section.title, _section(section, f"s{at}")
    if report.parameters is not None:
        yield "Parameters", _table(report.parameters)
    if report.manifest:
        rows = tuple(flattened(report.manifest))
        table = Table("", ("entry", "value"), rows, (False, False), n_row=len(rows))
        yield "How this run was made", _table(table, look="table mono")


def _targets(results: Results) -> str:
    names = (
        "quantity",
        "reached",
        "obtained",
        "expected",
        "tolerance",
        "origin",
        "where",
    )
    rows = tuple(
        (
            target.quantity,
            "\u2713 reached" if target.reached else "\u2717 missed",
            written(target.obtained) or _ABSENT,
            written(target.expected),
            written(target.tolerance),
            target.origin,
            target.where,
        )
        for target in results.targets
    )
    numeric = (False, False, True, True, True, False, False)
    return _table(Table("", names, rows, numeric, n_row=len(rows)))


def _departures(results: Results) -> str:
    names = ("quantity", "printed", "obtained", "reason", "where")
    rows = tuple(
        (
            departure.quantity,
            departure.printed,
            written(departure.obtained) or _ABSENT,
            departure.reason,
            departure.where,
        )
        for departure in results.departures
    )
    numeric = (False, False, True, False, False)
    return _table(Table("", names, rows, numeric, n_row=len(rows)))


def _section(section: Section, name: str) -> str:
    figures = [
        _figure(figure, f"{name}-f{at}")
        for at, figure in enumerate(section.figures, start=1)
    ]
    tables = [_table(table) for table in section.tables]
    return "\n".join([_paragraphs(section.text), *figures, *tables])


def _figure(figure: Figure, anchor: str) -> str:
    drawn = _drawn(anchor, figure.name, figure.chart.to_dict())
    caption = escape(figure.caption)
    if figure.files:
        caption = f"{caption} {_links(figure.files)}".strip()
    words = f"<figcaption>{caption}</figcaption>" if caption else ""
    return f"<figure>\n{drawn}\n{words}</figure>"


def _drawn(anchor: str, name: str, spec: dict[str, Any]) -> str:
    """A chart as data for the script, and as a still picture where none runs."""
    still = base64.b64encode(svg(spec).encode()).decode()
    # inside a script element only "<" could end the element early
    data = json.dumps(spec, ensure_ascii=False, separators=(",", ":"))
    data = data.replace("<", "\\u003c").replace("\u2028", "\\u2028")
    title = escape(chart_title(spec))
    picture = f'<img alt="{title}" src="data:image/svg+xml;base64,{still}">'
    # inside an image nobody would find a slider
    role = "group" if _has_slider(spec) else "img"
    return (
        f'<div class="chart" id="{anchor}" role="{role}" aria-label="{title}" '
        f'data-spec="{anchor}-spec" data-name="{escape(name)}">'
        f'<div class="controls"></div><p class="swipe" hidden>{_SWIPE}</p>'
        f'<div class="plot"></div>'
        f"<noscript>{picture}</noscript></div>\n"
        f'<script type="application/json" id="{anchor}-spec">{data}</script>'
    )


def _has_slider(spec: dict[str, Any]) -> bool:
    return "slider" in spec.get("usermeta", {}).get("gridagora", {})


def _table(table: Table, look: str = "table") -> str:
    looks = ["number" if numeric else "" for numeric in table.numeric]
    head = "".join(
        f'<th scope="col"{_class(look)}>{_headed(name)}</th>'
        for name, look in zip(table.columns, looks, strict=True)
    )
    rows = "\n".join(
        "<tr>"
        + "".join(_cell(c, look) for c, look in zip(row, looks, strict=True))
        + "</tr>"
        for row in table.rows
    )
    caption = f"<caption>{escape(table.caption)}</caption>" if table.caption else ""
    # a region can be scrolled from the keyboard
    label = escape(table.caption) or "Table"
    return (
        f'<div class="{look}" role="region" tabindex="0" aria-label="{label}">'
        f"<table>{caption}<thead><tr>{head}</tr></thead>\n"
        f"<tbody>\n{rows}\n</tbody></table>{_rest(table)}</div>"
    )


def _headed(name: str) -> str:
    """The head of a column; a unit in brackets at its end stays in one piece."""
    words, bracket, unit = name.rpartition(" (")
    if not bracket or not unit.endswith(")"):
        return escape(name)
    return f'{escape(words)} <span class="unit">({escape(unit)}</span>'


def _cell(text: str, look: str) -> str:
    if text.startswith(("\u2713", "\u2717")):
        look = "good" if text.startswith("\u2713") else "bad"
    elif len(text) > _LONG_TEXT:
        look = "long"
    return f"<td{_class(look)}>{escape(text)}</td>"


def _class(look: str) -> str:
    return f' class="{look}"' if look else ""


def _rest(table: Table) -> str:
    left = table.n_row - len(table.rows)
    words = f"{left} more rows are not shown. " if left > 0 else ""
    if table.file is not None:
        words += f"Whole table: {_links((table.file,))}"
    return f'<p class="note">{words}</p>' if words else ""


def _links(files: Sequence[str]) -> str:
    return " ".join(
        f'<a href="{escape(quote(file))}">{escape(file.rsplit("/", 1)[-1])}</a>'
        for file in files
    )


def _paragraphs(text: str) -> str:
    return "\n".join(
        f"<p>{escape(' '.join(part.split()))}</p>"
        for part in text.split("\n\n")
        if part.strip()
    )
