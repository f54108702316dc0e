import json
from dataclasses import replace
from pathlib import Path

import pytest

from gridagora.errors import GridError, InvalidConfigError
from gridagora.interfaces.cli import commands
from gridagora.interfaces.storage.read import read_run
from gridagora.interfaces.storage.run_folder import Existing
from gridagora.studies.contract import Origin, Target
from gridagora.studies.registry import STUDIES, Entry

MISSED = Target("moon, cheese", 1.0, 0.1, Origin.PRINTED, "p. 1", lambda tables: 2.0)


@pytest.fixture
def missed(cli, toy, monkeypatch):
    """The command line with a toy that misses a target."""
    study = replace(toy.TOY, targets=(*toy.TOY.targets, MISSED))
    monkeypatch.setitem(STUDIES, "toy", Entry("A toy", True, lambda: study))
    return cli


def test_run_prints_targets_departures_and_where_everything_is(cli):
    result = cli("run", "toy", "--out", "first")

    assert result.exit_code == 0, result.output
    assert "2 of 2 targets reached." in result.stdout
    assert "Departures: printed claims that do not come out" in result.stdout
    assert result.stdout.endswith("run folder  first\nreport  first/report.html\n")
    assert result.stderr == ""
    assert read_run(Path("first")).manifest["seed"] == 1


def test_run_without_out_finds_a_folder_of_its_own_for_each_configuration(cli):
    for seed in ("1", "2"):
        assert cli("run", "toy", "--seed", seed, "--no-report").exit_code == 0
    again = cli("run", "toy", "--seed", "2", "--no-report")

    folders = sorted(path.name for path in Path("runs").iterdir())
    assert len(folders) == 2
    assert all(name.startswith("toy-") for name in folders)
    assert again.exit_code == 2
    assert "exists; choose another folder" in again.stderr


def test_run_takes_parameters_from_a_file_and_from_the_command_line(cli):
    Path("my.yaml").write_text("study: toy\nn_draws: 2\nseed: 5\n")

    words = ("--set", "n_draws=3", "--out", "out", "--no-report")
    result = cli("run", "my.yaml", *words)

    assert result.exit_code == 0, result.output
    config = read_run(Path("out")).manifest["config"]
    assert (config["n_draws"], config["seed"]) == (3, 5)
    assert "The targets hold for the default parameters; these differ." in result.stdout
    assert not Path("out/report.html").exists()


def test_force_replaces_and_resume_returns_what_is_finished(cli):
    cli("run", "toy", "--out", "out", "--no-report")
    resumed = cli("run", "toy", "--out", "out", "--no-report", "--resume")
    forced = cli("run", "toy", "--seed", "2", "--out", "out", "--no-report", "--force")

    assert (resumed.exit_code, forced.exit_code) == (0, 0)
    assert read_run(Path("out")).manifest["seed"] == 2


@pytest.mark.parametrize(
    ("force", "resume", "chosen"),
    [
        (False, False, Existing.REFUSE),
        (True, False, Existing.REPLACE),
        (False, True, Existing.RESUME),
    ],
)
def test_what_is_there_is_kept_replaced_or_continued(force, resume, chosen):
    assert commands.choose_existing(force=force, resume=resume) is chosen


def test_force_and_resume_exclude_each_other():
    with pytest.raises(InvalidConfigError) as caught:
        commands.choose_existing(force=True, resume=True)

    assert str(caught.value) == (
        "--force and --resume: both given, expected one of them."
    )


def test_a_cell_that_fails_says_what_is_kept(cli):
    result = cli("run", "toy", "--set", "trouble=refusal", "--out", "out")

    assert result.exit_code == 2
    assert result.stderr == (
        "gridagora: the toy grid is broken (in cell 'a') (finished cells are kept, "
        "continue with --resume)\n"
    )


def test_the_first_cell_that_fails_keeps_nothing(cli, tmp_path):
    words = ("--set", "trouble=refusal", "--set", "cells=[a]", "--out", "out")
    result = cli("run", "toy", *words)

    assert result.stderr == "gridagora: the toy grid is broken (in cell 'a')\n"
    assert list(tmp_path.iterdir()) == []


def test_ctrl_c_says_how_to_go_on_and_exits_130(cli):
    result = cli("run", "toy", "--set", "trouble=interrupt", "--out", "out")

    assert result.exit_code == 130
    assert result.stderr == (
        "gridagora: stopped; 1 of 2 cells are finished and kept (continue with the "
        "same command and --resume)\n"
    )


def test_ctrl_c_before_the_first_cell_promises_nothing(cli):
    words = ("--set", "trouble=interrupt", "--set", "cells=[a]", "--out", "out")

    assert cli("run", "toy", *words).stderr == (
        "gridagora: stopped; 0 of 1 cells are finished and kept\n"
    )


def test_check_turns_a_missed_target_into_exit_1(missed):
    plain = missed("run", "toy", "--out", "a", "--no-report")
    checked = missed("run", "toy", "--out", "b", "--no-report", "--check")

    assert (plain.exit_code, checked.exit_code) == (0, 1)
    assert "2 of 3 targets reached." in checked.stdout


def test_reproduce_prints_the_agreed_json_and_leaves_nothing(cli, tmp_path):
    result = cli("reproduce", "toy", "--json")

    assert result.exit_code == 0, result.output
    content = json.loads(result.stdout)
    assert list(content) == ["study", "targets", "departures"]
    assert list(content["targets"][0]) == [
        "quantity",
        "expected",
        "tolerance",
        "origin",
        "obtained",
        "reached",
    ]
    assert list(tmp_path.iterdir()) == []


def test_reproduce_exits_1_when_a_target_is_missed(missed):
    as_table = missed("reproduce", "toy")
    as_json = missed("reproduce", "toy", "--json")

    assert (as_table.exit_code, as_json.exit_code) == (1, 1)
    assert "2 of 3 targets reached." in as_table.stdout
    assert json.loads(as_json.stdout)["targets"][2]["reached"] is False


def test_reproduce_keeps_the_run_when_told_where(cli):
    assert cli("reproduce", "toy", "--out", "kept").exit_code == 0

    assert Path("kept/report.html").is_file()


def test_reproduce_lists_the_studies_with_targets(cli, monkeypatch, toy):
    monkeypatch.setitem(STUDIES, "quiet", Entry("Nothing", False, lambda: toy.TOY))

    listed = cli("reproduce", "--list")
    refused = cli("reproduce", "quiet")

    with_targets = [name for name, entry in STUDIES.items() if entry.has_targets]
    assert listed.stdout.split() == with_targets
    assert not {"quiet", "self-play-case"} & set(with_targets)
    assert refused.exit_code == 2
    assert "no study with targets is called 'quiet'." in refused.stderr


def test_reproduce_that_is_stopped_keeps_nothing(cli, toy, monkeypatch, tmp_path):
    def interrupt(cell):
        raise KeyboardInterrupt

    study = replace(toy.TOY, run_cell=interrupt)
    monkeypatch.setitem(STUDIES, "toy", Entry("A toy", True, lambda: study))

    result = cli("reproduce", "toy")

    assert result.exit_code == 130
    assert result.stderr == "gridagora: stopped; nothing is kept without --out\n"
    assert list(tmp_path.iterdir()) == []


def test_reproduce_without_a_study_is_a_wrong_call(cli):
    result = cli("reproduce")

    assert result.exit_code == 2
    assert "name a study, or use --list." in result.stderr


def test_report_makes_the_report_again(cli):
    cli("run", "toy", "--out", "out", "--no-report")

    result = cli("report", "out")

    assert result.stdout == "report  out/report.html\n"
    assert Path("out/figures/prices.png").is_file()


def test_studies_come_with_their_titles(cli):
    listed = dict(line.split("  ", 1) for line in cli("studies").stdout.splitlines())

    assert {name: title.strip() for name, title in listed.items()} == {
        name: entry.title for name, entry in STUDIES.items()
    }


def test_the_schema_of_a_study_is_json(cli):
    schema = json.loads(cli("schema", "toy").stdout)

    assert schema["properties"]["n_draws"]["minimum"] == 1
    assert schema["additionalProperties"] is False


def test_a_bug_keeps_its_traceback(cli):
    result = cli("run", "toy", "--set", "trouble=bug", "--out", "out")

    assert isinstance(result.exception, IndexError)
    assert not isinstance(result.exception, GridError)
    assert "finished cells are kept, continue with --resume" in (
        result.exception.__notes__
    )
