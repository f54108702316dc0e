import base64
import html
import json
import re
from html.parser import HTMLParser

import pandas as pd
import pytest

from gridagora.interfaces.report.content import Report, Section
from gridagora.interfaces.report.html import chart_page, render, write_report

VOID = {"meta", "img", "br"}


class Page(HTMLParser):
    """Collects elements with their attributes, and checks that they nest."""

    def __init__(self, text):
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.texts: dict[str, list[str]] = {}
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open:
            self.texts.setdefault(self.open[-1], []).append(data)

    def all(self, tag):
        return [attributes for found, attributes in self.found if found == tag]


@pytest.fixture(scope="module")
def text(report):
    return render(report)


@pytest.fixture(scope="module")
def page(text):
    return Page(text)


def test_nothing_is_loaded_from_anywhere(page, text):
    markup = re.sub(r"<script>.*?</script>", "", text, flags=re.DOTALL)

    for tag, attributes in page.found:
        assert tag not in {"link", "iframe", "object", "embed", "base"}
        if "src" in attributes:
            assert attributes["src"].startswith("data:image/svg+xml;base64,")
        if tag == "a":
            assert re.match(r"#|[a-z]+/", attributes["href"])
    assert "@import" not in text
    assert not re.search(r"url\(\s*[\"']?http", markup)


def test_the_browser_is_told_to_load_nothing(page):
    policies = [m["content"] for m in page.all("meta") if "http-equiv" in m]

    assert len(policies) == 1
    assert policies[0].startswith("default-src 'none'")


def test_the_page_fits_a_phone(page):
    named = {m["name"]: m["content"] for m in page.all("meta") if "name" in m}

    assert named["viewport"] == "width=device-width, initial-scale=1"


def test_the_scripts_are_there_once_however_many_charts(page):
    scripts = [a for a in page.all("script") if a.get("type") != "application/json"]

    assert len(scripts) == 2  # Vega, and ours
    assert len(page.all("script")) == 4  # and the data of two charts


def test_names_are_never_markup(page, text, table):
    assert "<script>alert" not in text
    assert "&lt;/script&gt;&lt;script&gt;alert" in text  # the table
    assert "Market &lt;power&gt;" in text
    assert '<td class="long">a &lt; b' in text
    assert "G1 &amp; G2" in text


def test_the_chart_data_come_back_as_they_went_in(text, chart):
    found = re.findall(
        r'<script type="application/json" id="([^"]+)">(.*?)</script>', text, re.DOTALL
    )

    assert [anchor for anchor, _ in found] == ["s1-f1-spec", "s1-f2-spec"]
    assert json.loads(found[0][1]) == chart.to_dict()


def test_every_chart_finds_its_data_and_names_itself(page):
    charts = [a for a in page.all("div") if a.get("class") == "chart"]
    data = {a["id"] for a in page.all("script") if "id" in a}

    assert {a["data-spec"] for a in charts} == data
    assert charts[0]["aria-label"] == "Dispatch of <all> units"
    assert charts[0]["data-name"] == "units"


def test_without_scripts_each_chart_is_a_still_picture(page):
    images = page.all("img")

    assert len(images) == 2
    still = base64.b64decode(images[0]["src"].partition(",")[2])
    assert still.startswith(b"<svg ")
    assert images[0]["alt"] == "Dispatch of <all> units"


def test_targets_say_what_was_reached_and_what_was_not(text):
    assert "1 of 2 targets reached." in text
    assert "The parameters are not those for which the targets hold." in text
    assert '<td class="good">\u2713 reached</td><td class="number">6.6401</td>' in text
    assert '<td class="bad">\u2717 missed</td>' in text
    assert "not in this run" in text
    for cell in ("6.64", "0.005", "fitted", "figure 7", "around 6.9", "6.95"):
        assert f">{cell}</td>" in text


def test_parameters_and_manifest_are_tables(text):
    assert '<td>seed</td><td class="number">1</td>' in text
    assert "<td>git.commit</td><td>abc</td>" in text
    assert "<td>on</td><td>a, b</td>" in text


def test_parts_are_listed_and_linked(page):
    anchors = [a["id"] for a in page.all("h2")]
    links = [a["href"] for a in page.all("a") if a["href"].startswith("#")]

    assert links == [f"#{anchor}" for anchor in anchors]
    assert page.texts["h2"] == [
        "Targets",
        "Departures from the source",
        "Dispatch",
        "Parameters",
        "How this run was made",
    ]


def test_files_are_linked_relative_to_the_report(text):
    assert '<a href="figures/units%201.png">units 1.png</a>' in text
    assert 'Whole table: <a href="tables/units.parquet">units.parquet</a>' in text


def test_rows_that_are_not_shown_are_counted(report, table):
    from gridagora.interfaces.report.content import Table

    long = Table.of("Units", table.loc[[0] * 25])
    text = render(Report(title="T", sections=(Section("S", tables=(long,)),)))

    assert "5 more rows are not shown." in text


def test_a_report_without_charts_has_no_scripts():
    text = render(Report(title="Empty", sections=(Section("", text="Nothing."),)))

    assert Page(text).all("script") == []
    assert "<p>Nothing.</p>" in text
    assert "<nav>" not in text
    assert "<h2" not in text


def test_reached_targets_of_the_default_run_are_said_plainly(results):
    from dataclasses import replace

    reached = replace(
        results, targets=results.targets[:1], departures=(), is_default=True
    )
    text = render(Report(title="T", results=reached))

    assert '<p class="verdict good">1 of 1 targets reached.</p>' in text


def test_a_single_chart_is_a_page_of_its_own(chart):
    page = Page(chart_page(chart.to_dict()))

    assert page.texts["title"] == ["Dispatch of <all> units"]
    assert [a["id"] for a in page.all("div") if a.get("class") == "chart"] == ["chart"]


def test_the_report_is_one_small_file(report, tmp_path):
    path = tmp_path / "report.html"
    write_report(path, report)

    assert list(tmp_path.iterdir()) == [path]
    assert path.stat().st_size < 3_000_000
    assert html.unescape("Market &lt;power&gt;") in html.unescape(
        path.read_text("utf-8")
    )


def test_the_same_report_gives_the_same_page(report):
    assert render(report) == render(report)


def test_a_chart_with_a_slider_is_a_group_so_that_the_slider_is_found(chart):
    plain = Page(chart_page(chart.to_dict()))
    spec = chart.to_dict()
    spec["usermeta"]["gridagora"]["slider"] = {"shown_at": ["00:00"]}
    moving = Page(chart_page(spec))

    def look(page):
        return [a["role"] for a in page.all("div") if a.get("class") == "chart"]

    assert (look(plain), look(moving)) == (["img"], ["group"])
    assert [a["class"] for a in moving.all("div")[1:]] == ["controls", "plot"]


def test_a_chart_of_others_without_our_hints_can_be_shown():
    page = Page(chart_page({"title": "Plain", "mark": "point", "data": {"values": []}}))

    assert page.texts["title"] == ["Plain"]


def test_tables_can_be_scrolled_from_the_keyboard_and_their_heads_are_known(page):
    regions = [a for a in page.all("div") if a.get("role") == "region"]

    assert {a["tabindex"] for a in regions} == {"0"}
    assert "Units" in [a["aria-label"] for a in regions]
    assert "Table" in [a["aria-label"] for a in regions]  # parameters have no caption
    assert {a["scope"] for a in page.all("th")} == {"col"}


def test_units_in_heads_stay_in_one_piece():
    from gridagora.interfaces.report.content import Table

    frame = pd.DataFrame({"role": ["a"], "bill <net> (c/h)": [1.5], "(odd)": [True]})
    tables = (Table.to_read("Bills", frame),)
    text = render(Report(title="T", sections=(Section("S", tables=tables),)))

    assert 'bill &lt;net&gt; <span class="unit">(c/h)</span></th>' in text
    assert '<th scope="col">(odd)</th>' in text
