from dataclasses import replace

import pytest

from gridagora.errors import InputError, RunFolderError, UnknownNameError
from gridagora.interfaces import study_report
from gridagora.interfaces.pipeline import run_study
from gridagora.interfaces.storage.files import hashes
from gridagora.interfaces.storage.read import read_run
from gridagora.interfaces.study_report import report_of, write_report


@pytest.fixture
def run(toy, tmp_path):
    return run_study(toy.TOY, toy.ToyConfig(), tmp_path / "run")


def test_a_report_adds_figures_and_a_page_and_changes_nothing_else(toy, run, tmp_path):
    before = hashes(run.path)

    page = write_report(run.path, toy.TOY)

    after = hashes(run.path)
    added = {f"figures/prices.{kind}" for kind in ("html", "pdf", "png", "svg")}
    assert page == run.path / "report.html"
    assert set(after) - set(before) == added | {"report.html"}
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {"manifest.json"}
    assert sorted(read_run(run.path).manifest["files"]) == sorted(
        set(after) - {"manifest.json"}
    )
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_damaged_figures_are_made_again(toy, run):
    write_report(run.path, toy.TOY)
    whole = (run.path / "figures" / "prices.svg").read_bytes()
    (run.path / "figures" / "prices.svg").write_bytes(b"")
    (run.path / "figures" / "old.svg").write_bytes(b"")

    write_report(run.path, toy.TOY)

    assert (run.path / "figures" / "prices.svg").read_bytes() == whole
    assert not (run.path / "figures" / "old.svg").exists()
    read_run(run.path)


def test_damaged_tables_are_not_drawn(toy, run):
    (run.path / "tables" / "prices.parquet").write_bytes(b"")

    with pytest.raises(RunFolderError, match=r"damaged: tables/prices\.parquet"):
        write_report(run.path, toy.TOY)


def test_a_figure_that_fails_leaves_the_run_as_it_was(toy, run, monkeypatch, tmp_path):
    before = hashes(run.path)

    def fail(*arguments):
        message = "no such encoding"
        raise ValueError(message)

    monkeypatch.setattr(study_report, "save_chart", fail)
    with pytest.raises(ValueError, match="no such encoding"):
        write_report(run.path, toy.TOY)

    assert hashes(run.path) == before
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_charts_have_names_that_are_safe(toy, run):
    study = replace(toy.TOY, figures=lambda tables: {"../prices": None})

    with pytest.raises(InputError, match=r"study 'toy': chart '\.\./prices' cannot"):
        write_report(run.path, study)


def test_the_study_of_a_run_is_looked_up_by_its_name(run):
    with pytest.raises(UnknownNameError, match="no study is called 'toy'"):
        write_report(run.path)


def test_the_report_says_all_that_the_run_found(toy, run):
    charts = toy.TOY.figures(run.tables)

    report = report_of(run, toy.TOY, charts)

    assert report.title == "Draws of two cells"
    assert report.results is not None
    assert report.results.missed == ()
    figures, tables = report.sections
    assert figures.figures[0].caption == "What each cell drew."
    assert figures.figures[0].files == (
        "figures/prices.png",
        "figures/prices.svg",
        "figures/prices.pdf",
    )
    assert [table.file for table in tables.tables] == [
        "tables/notes.csv",
        "tables/prices.csv",
    ]
    assert report.parameters is not None
    assert report.parameters.rows[0][:2] == ("seed", "1")
    assert {"versions", "git", "time"} <= {*report.manifest}


def test_tables_to_read_stand_after_the_figures_with_their_captions(toy, run):
    def report_tables(tables):
        means = tables["prices"].groupby("cell", sort=False)["price"].size()
        return {"draws": means.rename("draws").reset_index()}

    captions = {**toy.TOY.captions, "draws": "Draws of each cell."}
    study = replace(toy.TOY, report_tables=report_tables, captions=captions)

    report = report_of(run, study, {})

    assert [section.title for section in report.sections] == [
        "Figures",
        "In numbers",
        "Tables",
    ]
    (table,) = report.sections[1].tables
    assert table.caption == "Draws of each cell."
    assert table.rows == (("b", "4"), ("a", "4"))
