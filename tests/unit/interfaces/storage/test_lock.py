import os

import pytest

from gridagora.errors import RunFolderError
from gridagora.interfaces.storage import lock
from gridagora.interfaces.storage.lock import FolderLock


def test_a_second_lock_on_one_folder_is_refused_and_names_the_holder(tmp_path):
    folder = tmp_path / "run"
    with FolderLock(folder), pytest.raises(RunFolderError) as caught:
        FolderLock(folder).acquire()

    assert str(caught.value) == (
        f"run folder {folder} is in use by another run (process {os.getpid()}); "
        "wait for it, stop it, or choose another folder with --out."
    )


def test_the_lock_is_free_again_after_its_holder_and_leaves_nothing(tmp_path):
    with FolderLock(tmp_path / "run"):
        pass
    with FolderLock(tmp_path / "run"):
        assert (tmp_path / ".run.lock").read_text() == f"{os.getpid()}\n"

    assert list(tmp_path.iterdir()) == []


def test_the_file_of_a_process_that_was_killed_is_not_in_the_way(tmp_path):
    (tmp_path / ".run.lock").write_text("999999999\n")

    with FolderLock(tmp_path / "run"):
        assert (tmp_path / ".run.lock").read_text() == f"{os.getpid()}\n"


def test_releasing_a_lock_that_is_not_held_is_harmless(tmp_path):
    (tmp_path / ".run.lock").write_text("1\n")

    FolderLock(tmp_path / "run").release()

    assert (tmp_path / ".run.lock").exists()


@pytest.mark.parametrize("remade", [True, False])
def test_a_lock_on_a_file_that_was_just_removed_is_taken_again(
    tmp_path, monkeypatch, remade
):
    # between our open and our lock the last holder unlinks its file
    path = tmp_path / ".run.lock"
    real, calls = lock._try_lock, []

    def late(descriptor):
        real(descriptor)
        calls.append(descriptor)
        if len(calls) == 1:
            path.unlink()
            if remade:
                path.touch()

    monkeypatch.setattr(lock, "_try_lock", late)
    held = FolderLock(tmp_path / "run")
    held.acquire()

    assert len(calls) == 2
    assert path.read_text() == f"{os.getpid()}\n"
    held.release()
