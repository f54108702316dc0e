import errno
import hashlib
import os

import pytest

from gridagora.errors import RunFolderError
from gridagora.interfaces.storage import files


def test_a_written_file_has_its_content_and_leaves_no_other(tmp_path):
    files.write_bytes(tmp_path / "a.txt", b"one")
    files.write_bytes(tmp_path / "a.txt", b"two")

    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]
    assert (tmp_path / "a.txt").read_bytes() == b"two"


def test_a_crash_while_writing_leaves_the_old_file(tmp_path, monkeypatch):
    files.write_bytes(tmp_path / "a.txt", b"old")

    def crash(descriptor):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "fsync", crash)
    with pytest.raises(OSError, match="Input/output"):
        files.write_bytes(tmp_path / "a.txt", b"new")

    assert (tmp_path / "a.txt").read_bytes() == b"old"


def test_json_is_readable_and_refuses_what_json_cannot_hold(tmp_path):
    files.write_json(tmp_path / "a.json", {"price": 1.5, "name": "Ä"})

    text = (tmp_path / "a.json").read_text("utf-8")
    assert text == '{\n  "price": 1.5,\n  "name": "Ä"\n}\n'
    with pytest.raises(ValueError, match="not JSON compliant"):
        files.write_json(tmp_path / "b.json", {"price": float("nan")})
    assert not (tmp_path / "b.json").exists()


def test_trouble_of_the_system_names_the_run_folder(tmp_path):
    with (
        pytest.raises(RunFolderError) as caught,
        files.writing(tmp_path / "run"),
    ):
        raise OSError(errno.ENOSPC, "No space left on device")

    assert str(caught.value) == (
        f"run folder {tmp_path}/run cannot be written (No space left on device); "
        "choose another folder with --out, or make this one writable."
    )


def test_what_we_say_about_a_run_folder_is_not_said_twice(tmp_path):
    ours = RunFolderError(tmp_path, "exists", "choose another")

    with pytest.raises(RunFolderError) as caught, files.writing(tmp_path):
        raise ours

    assert caught.value is ours


def test_hashes_are_sorted_and_those_of_the_content(tmp_path):
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "x").write_bytes(b"1")
    (tmp_path / "a").write_bytes(b"2")

    assert files.hashes(tmp_path) == {
        "a": hashlib.sha256(b"2").hexdigest(),
        "b/x": hashlib.sha256(b"1").hexdigest(),
    }


def test_damaged_files_are_those_that_changed_or_went_or_lie_outside(tmp_path):
    folder = tmp_path / "run"
    folder.mkdir()
    for name in ("good", "changed", "gone"):
        (folder / name).write_bytes(b"content")
    (tmp_path / "outside").write_bytes(b"content")
    digest = hashlib.sha256(b"content").hexdigest()
    expected = files.hashes(folder) | {"../outside": digest}
    (folder / "changed").write_bytes(b"contenT")
    (folder / "gone").unlink()

    assert files.damaged(folder, expected) == ["changed", "gone", "../outside"]


def test_removing_a_folder_that_is_not_there_is_harmless(tmp_path):
    files.remove_folder(tmp_path / "nothing")

    assert list(tmp_path.iterdir()) == []
