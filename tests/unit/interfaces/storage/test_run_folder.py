import json

import pandas as pd
import pytest

from gridagora.errors import RunFolderError
from gridagora.interfaces.storage import files
from gridagora.interfaces.storage.recipe import Recipe
from gridagora.interfaces.storage.run_folder import (
    FORMAT,
    MANIFEST,
    Existing,
    RunFolder,
    has_cell,
    load_cell,
    read_manifest,
    store_cell,
)

RECIPE = Recipe("s", {"seed": 1}, {"numpy": "2.0"}, "abc")
OTHER = Recipe("s", {"seed": 2}, {"numpy": "2.0"}, "abc")
TABLES = {"b": pd.DataFrame({"x": [1]}), "a": pd.DataFrame({"x": [2]})}


def finish(folder, text="new"):
    manifest = {"format": FORMAT, **RECIPE.as_json(), "files": {}}
    files.write_json(folder.content / MANIFEST, manifest)
    (folder.content / "text").write_text(text)
    folder.publish()
    folder.leave()


def make(path, existing=Existing.REFUSE, text="old"):
    folder = RunFolder(path)
    assert folder.begin(RECIPE, existing)
    finish(folder, text)


def interrupt(path, existing=Existing.REFUSE, recipe=RECIPE):
    folder = RunFolder(path)
    assert folder.begin(recipe, existing)
    store_cell(folder.cells, "one", TABLES)
    folder.leave()


def names(path):
    return sorted(entry.name for entry in path.iterdir())


def test_a_run_appears_at_once_and_leaves_nothing_beside_it(tmp_path):
    folder = RunFolder(tmp_path / "runs" / "first")
    folder.begin(RECIPE, Existing.REFUSE)
    during = names(tmp_path / "runs")
    finish(folder)

    assert during == [".first.lock", ".first.partial"]
    assert names(tmp_path / "runs") == ["first"]
    assert names(tmp_path / "runs" / "first") == [MANIFEST, "text"]


def test_an_empty_folder_may_be_used(tmp_path):
    (tmp_path / "run").mkdir()

    make(tmp_path / "run")

    assert (tmp_path / "run" / "text").read_text() == "old"


def test_a_run_is_not_overwritten(tmp_path):
    make(tmp_path / "run")

    with pytest.raises(RunFolderError) as caught:
        RunFolder(tmp_path / "run").begin(RECIPE, Existing.REFUSE)

    assert str(caught.value) == (
        f"run folder {tmp_path}/run exists; choose another folder with --out, or "
        "replace it with --force."
    )
    assert names(tmp_path) == ["run"]


@pytest.mark.parametrize("existing", list(Existing))
def test_what_is_not_a_run_is_never_touched(tmp_path, existing):
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter").touch()
    (tmp_path / "file").touch()

    for name in ("thesis", "file"):
        with pytest.raises(RunFolderError, match="exists and is not a run of grid"):
            RunFolder(tmp_path / name).begin(RECIPE, existing)

    assert names(tmp_path) == ["file", "thesis"]


def test_a_link_is_refused(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")

    with pytest.raises(RunFolderError, match="is a link; choose another"):
        RunFolder(tmp_path / "link").begin(RECIPE, Existing.REFUSE)


def test_an_interrupted_run_is_neither_lost_nor_mixed_up(tmp_path):
    interrupt(tmp_path / "run")

    with pytest.raises(RunFolderError) as caught:
        RunFolder(tmp_path / "run").begin(RECIPE, Existing.REFUSE)
    with pytest.raises(RunFolderError, match="was started with seed 1, now 2"):
        RunFolder(tmp_path / "run").begin(OTHER, Existing.RESUME)

    assert str(caught.value) == (
        f"run folder {tmp_path}/run has an interrupted run; continue it with "
        "--resume, or start again with --force."
    )
    assert has_cell(tmp_path / ".run.partial" / "cells", "one")


def test_resume_keeps_the_finished_cells(tmp_path):
    interrupt(tmp_path / "run")

    folder = RunFolder(tmp_path / "run")

    assert folder.begin(RECIPE, Existing.RESUME)
    assert has_cell(folder.cells, "one")
    folder.leave()


def test_replace_forgets_the_finished_cells(tmp_path):
    interrupt(tmp_path / "run")

    folder = RunFolder(tmp_path / "run")

    assert folder.begin(OTHER, Existing.REPLACE)
    assert not has_cell(folder.cells, "one")
    folder.leave()


def test_resume_without_anything_starts_afresh(tmp_path):
    make(tmp_path / "run", Existing.RESUME)

    assert (tmp_path / "run" / "text").read_text() == "old"


def test_resume_of_the_finished_run_has_nothing_to_do(tmp_path):
    make(tmp_path / "run")
    folder = RunFolder(tmp_path / "run")

    assert not folder.begin(RECIPE, Existing.RESUME)
    folder.leave()
    with pytest.raises(RunFolderError, match="seed 1, now 2"):
        RunFolder(tmp_path / "run").begin(OTHER, Existing.RESUME)


def test_the_old_run_stays_until_its_replacement_is_complete(tmp_path):
    make(tmp_path / "run")
    interrupt(tmp_path / "run", Existing.REPLACE)
    assert (tmp_path / "run" / "text").read_text() == "old"

    folder = RunFolder(tmp_path / "run")
    folder.begin(RECIPE, Existing.RESUME)  # it remembers that it replaces
    assert has_cell(folder.cells, "one")
    finish(folder, "new")

    assert (tmp_path / "run" / "text").read_text() == "new"
    assert names(tmp_path) == ["run"]


def test_a_crash_between_the_two_renames_loses_neither_run(tmp_path, monkeypatch):
    make(tmp_path / "run")
    folder = RunFolder(tmp_path / "run")
    folder.begin(RECIPE, Existing.REPLACE)
    real = files.move_folder

    def crash(source, target):
        if source == folder.content:
            raise KeyboardInterrupt
        real(source, target)

    monkeypatch.setattr(files, "move_folder", crash)
    with pytest.raises(KeyboardInterrupt):
        folder.publish()
    folder.leave()
    monkeypatch.undo()
    assert not (tmp_path / "run").exists()

    with pytest.raises(RunFolderError, match="exists; choose another"):
        RunFolder(tmp_path / "run").begin(RECIPE, Existing.REFUSE)

    assert (tmp_path / "run" / "text").read_text() == "old"


def test_a_run_without_a_finished_cell_leaves_nothing(tmp_path):
    folder = RunFolder(tmp_path / "run")
    folder.begin(RECIPE, Existing.REFUSE)
    folder.leave()

    assert names(tmp_path) == []


def test_what_a_start_left_half_done_is_swept_away(tmp_path):
    (tmp_path / ".run.partial" / "cells" / ".one.1.tmp").mkdir(parents=True)

    make(tmp_path / "run")

    assert names(tmp_path) == ["run"]


def test_a_finished_run_can_be_changed_in_one_step(tmp_path):
    make(tmp_path / "run")
    folder = RunFolder(tmp_path / "run")
    folder.begin_again()
    assert (folder.content / "text").read_text() == "old"
    finish(folder, "new")

    assert (tmp_path / "run" / "text").read_text() == "new"


def test_a_run_whose_replacement_was_interrupted_is_not_changed(tmp_path):
    make(tmp_path / "run")
    interrupt(tmp_path / "run", Existing.REPLACE)

    with pytest.raises(RunFolderError, match="has an interrupted run"):
        RunFolder(tmp_path / "run").begin_again()


def test_a_cell_comes_back_whole(tmp_path):
    store_cell(tmp_path, "one", TABLES)
    store_cell(tmp_path, "one", TABLES)  # again is the same

    assert names(tmp_path) == ["one"]
    back = load_cell(tmp_path, "one")
    assert list(back) == ["a", "b"]
    pd.testing.assert_frame_equal(back["a"], TABLES["a"])


def test_a_damaged_cell_counts_as_not_finished(tmp_path):
    for key in ("flipped", "lost", "cut"):
        store_cell(tmp_path, key, TABLES)
    content = bytearray((tmp_path / "flipped" / "a.parquet").read_bytes())
    content[20] ^= 1
    (tmp_path / "flipped" / "a.parquet").write_bytes(content)
    (tmp_path / "lost" / "a.parquet").unlink()
    (tmp_path / "cut" / "files.json").write_text('{"a.par')

    assert not any(has_cell(tmp_path, key) for key in ("flipped", "lost", "cut", "no"))


@pytest.mark.parametrize("text", [None, "", "[]", "{}", "3"])
def test_a_folder_without_a_readable_manifest_is_not_a_run(tmp_path, text):
    if text is not None:
        (tmp_path / MANIFEST).write_text(text)

    with pytest.raises(RunFolderError) as caught:
        read_manifest(tmp_path)

    assert str(caught.value) == (
        f"run folder {tmp_path} has no readable manifest.json; give the folder that "
        "`gridagora run` printed."
    )


def test_another_format_is_refused_rather_than_guessed(tmp_path):
    (tmp_path / MANIFEST).write_text(json.dumps({"format": 99}))

    with pytest.raises(RunFolderError, match="has format 99, this version reads form"):
        read_manifest(tmp_path)
