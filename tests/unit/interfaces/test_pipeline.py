import json
from dataclasses import replace

import pytest

from gridagora.errors import InputError, InvalidConfigError, RunFolderError
from gridagora.interfaces.configuration import make_config, read_study_file
from gridagora.interfaces.pipeline import RunStopped, run_study
from gridagora.interfaces.storage.files import hashes
from gridagora.interfaces.storage.run_folder import Existing


def contents(path):
    """Digests of all files but the manifest, whose time differs."""
    return {k: v for k, v in hashes(path).items() if k != "manifest.json"}


def manifest(path):
    content = json.loads((path / "manifest.json").read_text("utf-8"))
    content.pop("time")
    return content


def test_a_run_folder_holds_all_that_was_agreed(toy, tmp_path):
    run = run_study(toy.TOY, toy.ToyConfig(), tmp_path / "run")

    assert sorted(hashes(run.path)) == [
        "config.yaml",
        "manifest.json",
        "results.json",
        "tables/notes.csv",
        "tables/notes.parquet",
        "tables/prices.csv",
        "tables/prices.parquet",
    ]
    assert run.tables["prices"]["cell"].tolist() == ["b"] * 4 + ["a"] * 4
    assert run.manifest["study"] == "toy"
    assert run.manifest["seed"] == 1
    assert run.manifest["cells"] == ["b", "a"]
    assert run.manifest["time"]["seconds"] >= 0
    assert sorted(run.manifest["files"]) == sorted(contents(run.path))


def test_the_stored_configuration_runs_the_same_again(toy, tmp_path):
    config = toy.ToyConfig(seed=5, n_draws=2)
    run_study(toy.TOY, config, tmp_path / "run")

    file = read_study_file(tmp_path / "run" / "config.yaml")

    assert file.study == "toy"
    again = make_config(toy.TOY, file.parameters, settings={}, source="config.yaml")
    assert again == config


def test_one_process_or_many_make_the_same_bytes(toy, tmp_path):
    config = toy.ToyConfig(cells=("c", "a", "b"))
    for name, processes in (("here", None), ("one", 1), ("two", 2)):
        run_study(toy.TOY, config, tmp_path / name, processes=processes)

    assert contents(tmp_path / "here") == contents(tmp_path / "one")
    assert contents(tmp_path / "here") == contents(tmp_path / "two")
    assert manifest(tmp_path / "here") == manifest(tmp_path / "two")


def test_another_seed_makes_other_bytes(toy, tmp_path):
    run_study(toy.TOY, toy.ToyConfig(), tmp_path / "one")
    run_study(toy.TOY, toy.ToyConfig(seed=2), tmp_path / "two")

    one, two = contents(tmp_path / "one"), contents(tmp_path / "two")
    assert one["tables/prices.parquet"] != two["tables/prices.parquet"]


def interrupted(toy, config, out):
    """Stop the run after its first cell and return the exception."""
    with pytest.raises(RunStopped) as caught:
        run_study(toy.TOY, config, out, progress=stop_after_first)
    return caught.value


def stop_after_first(done, total, key):
    if done == 1:
        raise KeyboardInterrupt


def runs_of(folder):
    return sorted(path.name.split("-")[0] for path in folder.iterdir())


def test_a_stopped_run_is_resumed_to_the_same_bytes_and_redoes_nothing(toy, tmp_path):
    (tmp_path / "ran").mkdir()
    config = toy.ToyConfig(marker=str(tmp_path / "ran"))
    run_study(toy.TOY, config, tmp_path / "whole")

    stopped = interrupted(toy, config, tmp_path / "run")
    run = run_study(toy.TOY, config, tmp_path / "run", existing=Existing.RESUME)

    assert str(stopped) == "stopped; 1 of 2 cells are finished and kept"
    assert (stopped.done, stopped.total, stopped.out) == (1, 2, tmp_path / "run")
    assert runs_of(tmp_path / "ran") == ["a", "a", "b", "b"]
    assert run.manifest["time"]["cells_resumed"] == 1
    assert contents(tmp_path / "run") == contents(tmp_path / "whole")


def test_a_stopped_run_is_not_resumed_with_other_parameters(toy, tmp_path):
    interrupted(toy, toy.ToyConfig(), tmp_path / "run")

    with pytest.raises(RunFolderError, match="was started with seed 1, now 2"):
        run_study(
            toy.TOY,
            toy.ToyConfig(seed=2),
            tmp_path / "run",
            existing=Existing.RESUME,
        )


def test_resume_of_a_finished_run_returns_it(toy, tmp_path):
    (tmp_path / "ran").mkdir()
    config = toy.ToyConfig(marker=str(tmp_path / "ran"))
    first = run_study(toy.TOY, config, tmp_path / "run")

    again = run_study(toy.TOY, config, tmp_path / "run", existing=Existing.RESUME)

    assert runs_of(tmp_path / "ran") == ["a", "b"]
    assert again.manifest == first.manifest
    assert sorted(p.name for p in tmp_path.iterdir()) == ["ran", "run"]


@pytest.mark.parametrize("n_try", [1, 2])
def test_a_cell_that_fails_leaves_the_finished_ones_and_a_free_folder(
    toy, tmp_path, n_try
):
    config = toy.ToyConfig(trouble="bug")
    notes = []
    for _ in range(n_try):
        with pytest.raises(IndexError) as caught:
            run_study(toy.TOY, config, tmp_path / "run", existing=Existing.RESUME)
        notes += caught.value.__notes__

    assert notes == ["in cell 'a'"] * n_try
    assert (tmp_path / ".run.partial" / "cells" / "b").is_dir()
    assert not (tmp_path / "run").exists()


def test_a_run_that_fails_in_its_first_cell_leaves_nothing(toy, tmp_path):
    with pytest.raises(IndexError):
        run_study(toy.TOY, toy.ToyConfig(cells=("a",), trouble="bug"), tmp_path / "r")

    assert list(tmp_path.iterdir()) == []


def test_progress_is_told_at_the_start_and_after_every_cell(toy, tmp_path):
    told = []

    run_study(
        toy.TOY,
        toy.ToyConfig(),
        tmp_path / "run",
        progress=lambda *news: told.append(news),
    )

    assert told == [(0, 2, ""), (1, 2, "b"), (2, 2, "a")]


def told_of(study, config, out, **options):
    """Run a study and return the texts that its progress shows."""
    told: list[str] = []

    def listen(done, total, text):
        told.append(text)

    run_study(study, config, out, progress=listen, **options)
    return told


@pytest.mark.parametrize("processes", [None, 2])
def test_progress_says_what_came_out_of_a_cell_where_the_study_has_words_for_it(
    toy, tmp_path, processes
):
    # Both cells have four draws; b, the first, has notes as well.
    def headline(tables):
        return "" if "notes" in tables else f"{len(tables['prices'])} draws"

    study = replace(toy.TOY, headline=headline)
    told = told_of(study, toy.ToyConfig(), tmp_path / "run", processes=processes)

    assert told[0] == ""
    assert sorted(told[1:]) == ["a: 4 draws", "b"]


def test_a_run_that_is_resumed_tells_of_its_new_cells_alone(toy, tmp_path):
    study = replace(toy.TOY, headline=lambda tables: "done")
    interrupted(toy, toy.ToyConfig(), tmp_path / "run")

    told = told_of(study, toy.ToyConfig(), tmp_path / "run", existing=Existing.RESUME)

    assert told == ["", "a: done"]


def test_headlines_that_nobody_reads_are_not_made(toy, tmp_path):
    def headline(tables):
        raise AssertionError

    study = replace(toy.TOY, headline=headline)
    run_study(study, toy.ToyConfig(), tmp_path / "run")

    assert (tmp_path / "run").is_dir()


def test_headlines_change_no_byte(toy, tmp_path):
    study = replace(toy.TOY, headline=lambda tables: "done")
    run_study(toy.TOY, toy.ToyConfig(), tmp_path / "plain")
    told_of(study, toy.ToyConfig(), tmp_path / "told")

    assert contents(tmp_path / "told") == contents(tmp_path / "plain")


def test_a_folder_is_free_again_after_its_run(toy, tmp_path):
    run_study(toy.TOY, toy.ToyConfig(), tmp_path / "run")
    run = run_study(
        toy.TOY, toy.ToyConfig(seed=2), tmp_path / "run", existing=Existing.REPLACE
    )

    assert run.manifest["seed"] == 2


def test_processes_below_one_are_refused(toy, tmp_path):
    with pytest.raises(InvalidConfigError) as caught:
        run_study(toy.TOY, toy.ToyConfig(), tmp_path / "run", processes=0)

    assert str(caught.value) == "processes: 0 given, expected a whole number >= 1."


def test_a_configuration_without_cells_is_refused(toy, tmp_path):
    with pytest.raises(InvalidConfigError) as caught:
        run_study(toy.TOY, toy.ToyConfig(cells=()), tmp_path / "run")

    assert str(caught.value) == (
        "configuration of study 'toy': it gives no cells, expected something to run."
    )


def test_unsafe_names_of_cells_are_refused_before_anything_is_written(toy, tmp_path):
    config = toy.ToyConfig(cells=("../a", "b", "b"))

    with pytest.raises(InputError, match=r"study 'toy': cell '\.\./a' .* 'b' stands"):
        run_study(toy.TOY, config, tmp_path / "run")

    assert list(tmp_path.iterdir()) == []
