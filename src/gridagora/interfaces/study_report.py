"""From a finished run to its figures and its report."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gridagora.errors import InputError
from gridagora.interfaces.configuration import make_config
from gridagora.interfaces.report import html
from gridagora.interfaces.report.content import Figure, Report, Section, Table
from gridagora.interfaces.report.export import save_chart
from gridagora.interfaces.results import evaluate
from gridagora.interfaces.storage import files
from gridagora.interfaces.storage.names import name_faults
from gridagora.interfaces.storage.read import Run, read_run
from gridagora.interfaces.storage.run_folder import MANIFEST, RunFolder
from gridagora.studies.contract import Study, parameters
from gridagora.studies.registry import load_study

REPORT = "report.html"
_FIGURES = "figures"
_TOLD_ELSEWHERE = {"config", "files", "format", "seed", "study"}


def write_report(path: Path | str, study: Study | None = None) -> Path:
    """Make the figures and the report of a finished run, or make them again.

    The folder changes in one step: whoever looks sees the old one or the new one.

    Args:
        path: The run folder.
        study: Whose run it is; None looks its name up among the studies of gridagora.

    Returns:
        The report.

    Raises:
        MissingFileError: There is no such folder.
        RunFolderError: It is not a run, is damaged, in use, or cannot be written.
        UnknownNameError: No study has the name in the manifest.
        InputError: A chart has a name that cannot name a file.
    """
    path = Path(path)
    run = read_run(path, to_redraw=True)
    study = study or load_study(run.manifest["study"])
    charts = study.figures(run.tables)
    if faults := name_faults("chart", charts):
        raise InputError(f"study {study.name!r}", faults)
    folder = RunFolder(path)
    folder.begin_again()
    try:
        with files.writing(path):
            _redraw(folder.content, run, study, charts)
        folder.publish()
    finally:
        folder.leave()
    return path / REPORT


def _redraw(content: Path, run: Run, study: Study, charts: Mapping[str, Any]) -> None:
    files.remove_folder(content / _FIGURES)
    (content / _FIGURES).mkdir()
    for name, chart in charts.items():
        save_chart(chart, content / _FIGURES / name)
    html.write_report(content / REPORT, report_of(run, study, charts))
    (content / MANIFEST).unlink()
    manifest = {**run.manifest, "files": files.hashes(content)}
    files.write_json(content / MANIFEST, manifest)


def report_of(run: Run, study: Study, charts: Mapping[str, Any]) -> Report:
    """Say all that a run found, and how it was made.

    Args:
        run: The run.
        study: Whose run it is.
        charts: What the study draws from its tables, by name.
    """
    stored = run.manifest["config"]
    config = make_config(study, stored, settings={}, source=MANIFEST)
    figures = tuple(
        Figure(
            name,
            chart,
            study.captions.get(name, ""),
            tuple(f"{_FIGURES}/{name}.{kind}" for kind in ("png", "svg", "pdf")),
        )
        for name, chart in charts.items()
    )
    tables = tuple(
        Table.of(name, table, file=f"tables/{name}.csv")
        for name, table in run.tables.items()
    )
    to_read = tuple(
        Table.to_read(study.captions.get(name, name), table)
        for name, table in study.report_tables(run.tables).items()
    )
    made = {k: v for k, v in run.manifest.items() if k not in _TOLD_ELSEWHERE}
    return Report(
        title=study.title,
        lead=study.lead,
        source=study.source,
        results=evaluate(study, stored, run.tables),
        sections=(
            Section("Figures", figures=figures),
            *([Section("In numbers", tables=to_read)] if to_read else []),
            Section("Tables", tables=tables),
        ),
        parameters=Table.of("", parameters(config)),
        manifest=made,
    )
