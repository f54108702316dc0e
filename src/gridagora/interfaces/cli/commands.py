"""What the commands about studies do."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from gridagora.errors import InvalidConfigError, RunFolderError, UnknownNameError
from gridagora.interfaces.cli.progress import shown_progress, shown_status
from gridagora.interfaces.cli.screen import print_pairs, print_results
from gridagora.interfaces.configuration import (
    StudyFile,
    make_config,
    names_a_file,
    parse_settings,
    read_study_file,
)
from gridagora.interfaces.pipeline import RunStopped, run_study
from gridagora.interfaces.results import Results, evaluate
from gridagora.interfaces.storage.recipe import config_sha256
from gridagora.interfaces.storage.run_folder import Existing, RunFolder
from gridagora.interfaces.study_report import write_report
from gridagora.studies.contract import Study, StudyConfig
from gridagora.studies.registry import STUDIES, load_study

_RUNS = Path("runs")
_HASH_DIGITS = 8
_DRAWING = "drawing the figures"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """How to run, as asked for at the command line.

    Attributes:
        out: The run folder; None makes one under ``runs``.
        processes: Worker processes.
        existing: What to do with what is there.
        report: Whether to make figures and the report.
        quiet: Whether to show no progress.
    """

    out: Path | None = None
    processes: int = 1
    existing: Existing = Existing.REFUSE
    report: bool = True
    quiet: bool = False


def choose_existing(*, force: bool, resume: bool) -> Existing:
    """Return what ``--force`` and ``--resume`` ask for.

    Raises:
        InvalidConfigError: Both were given.
    """
    if force and resume:
        options = "--force and --resume"
        raise InvalidConfigError(options, ["both given, expected one of them."])
    if force:
        return Existing.REPLACE
    return Existing.RESUME if resume else Existing.REFUSE


def parse(seed: int | None, settings: Sequence[str]) -> dict[str, Any]:
    """Return what ``--seed`` and ``--set`` ask for."""
    parameters = parse_settings(settings)
    return parameters if seed is None else {**parameters, "seed": seed}


def run(what: str, settings: Mapping[str, Any], options: RunOptions) -> bool:
    """Run a study or a file, print what came out; return whether a target is missed."""
    file = _study_file(what)
    study = load_study(file.study)
    config = make_config(
        study, file.parameters, settings=settings, source=str(file.path)
    )
    out = options.out or _default_folder(study, config)
    try:
        results = _run(study, config, out, options)
    except RunFolderError:  # it says itself how to go on
        raise
    except Exception as error:
        if RunFolder(out).has_cells:
            error.add_note("finished cells are kept, continue with --resume")
        raise
    except RunStopped as error:
        if error.done:
            error.add_note("continue with the same command and --resume")
        raise
    print_results(results)
    print_pairs({"run folder": str(out)})
    if options.report:
        _report(out, quiet=options.quiet)
    return bool(results.missed)


def _study_file(what: str) -> StudyFile:
    if names_a_file(what):
        return read_study_file(Path(what))
    return StudyFile(Path(what), what, {})


def _default_folder(study: Study, config: StudyConfig) -> Path:
    digest = config_sha256(study.name, config.model_dump(mode="json"))
    return _RUNS / f"{study.name}-{digest[:_HASH_DIGITS]}"


def _run(study: Study, config: StudyConfig, out: Path, options: RunOptions) -> Results:
    with shown_progress(study.name, quiet=options.quiet) as progress:
        finished = run_study(
            study,
            config,
            out,
            processes=options.processes,
            progress=progress,
            existing=options.existing,
        )
    return evaluate(study, finished.manifest["config"], finished.tables)


def reproduce(
    name: str, out: Path | None, processes: int, *, as_json: bool, quiet: bool
) -> bool:
    """Run a study as published; return whether a target is missed.

    Raises:
        UnknownNameError: No study with targets has that name.
    """
    if not (name in STUDIES and STUDIES[name].has_targets):
        raise UnknownNameError("study with targets", name, _with_targets())
    study = load_study(name)
    options = RunOptions(processes=processes, quiet=quiet)
    if out is not None:
        results = _run(study, study.config(), out, options)
        with shown_status(_DRAWING, quiet=quiet):
            write_report(out)
    else:
        with TemporaryDirectory(prefix="gridagora-") as folder:
            try:
                results = _run(study, study.config(), Path(folder, "run"), options)
            except RunStopped as error:
                message = "stopped; nothing is kept without --out"
                raise KeyboardInterrupt(message) from error
    if as_json:
        print(json.dumps(results.as_json(), indent=2, allow_nan=False))
    else:
        print_results(results)
    return bool(results.missed)


def _with_targets() -> list[str]:
    return [name for name, entry in STUDIES.items() if entry.has_targets]


def list_targets() -> None:
    """Print the names of the studies that have targets, one a line."""
    for name in _with_targets():
        print(name)


def list_studies() -> None:
    """Print name and title of every study."""
    print_pairs({name: entry.title for name, entry in STUDIES.items()})


def print_schema(name: str) -> None:
    """Print the JSON schema of the parameters of a study."""
    print(json.dumps(load_study(name).config.model_json_schema(), indent=2))


def report(folder: Path) -> None:
    """Make figures and report of a run again and print where the report is."""
    _report(folder, quiet=False)


def _report(folder: Path, *, quiet: bool) -> None:
    with shown_status(_DRAWING, quiet=quiet):
        page = write_report(folder)
    print_pairs({"report": str(page)})
