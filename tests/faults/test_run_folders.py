"""Runs that are stopped, killed, starved of disk or run twice at once."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gridagora.errors import RunFolderError
from gridagora.interfaces.pipeline import run_study
from gridagora.interfaces.storage import recipe
from gridagora.interfaces.storage.files import hashes
from gridagora.interfaces.storage.read import read_run
from gridagora.interfaces.storage.run_folder import Existing

TOYS = Path(__file__).parents[1] / "unit" / "interfaces"
MOST_SECONDS = 60.0


@pytest.fixture
def toy(monkeypatch):
    monkeypatch.syspath_prepend(str(TOYS))
    import toy_study  # type: ignore[import-not-found]  # found by the line above

    return toy_study


def contents(path):
    return {k: v for k, v in hashes(path).items() if k != "manifest.json"}


def command(folder, *words):
    """Words that run the slow toy: its last cell waits for ``marks/go``."""
    settings = ["--set", "trouble=slow", "--set", f"marker={folder / 'marks'}"]
    options = ["--out", str(folder / "run"), "--no-report", *words]
    return [sys.executable, str(TOYS / "toy_cli.py"), "run", "toy", *settings, *options]


def start(folder, *words):
    """Start the slow toy and return once it hangs in its last cell."""
    (folder / "marks").mkdir(exist_ok=True)
    process = subprocess.Popen(
        command(folder, *words),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    wait_for(lambda: (folder / ".run.partial" / "cells" / "b").is_dir())
    wait_for(lambda: any((folder / "marks").glob("a-*")))
    return process


def wait_for(happened):
    deadline = time.monotonic() + MOST_SECONDS
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def nobody_left(group):
    """Return whether no process of the group is alive."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return True
    return False


def finish(folder):
    """Let the last cell go, resume, and return the digests of the run."""
    (folder / "marks" / "go").touch()
    done = subprocess.run(
        command(folder, "--resume"), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    manifest = read_run(folder / "run").manifest
    assert manifest["time"]["cells_resumed"] == 1
    return contents(folder / "run")


@pytest.fixture
def whole(toy, tmp_path):
    """Digests of the slow toy when nobody stops it."""
    (tmp_path / "marks").mkdir()
    (tmp_path / "marks" / "go").touch()
    config = toy.ToyConfig(trouble="slow", marker=str(tmp_path / "marks"))
    run = run_study(toy.TOY, config, tmp_path / "whole")
    for mark in (tmp_path / "marks").iterdir():
        mark.unlink()
    return contents(run.path)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_a_run_within_5_seconds_and_it_resumes(whole, tmp_path, number):
    process = start(tmp_path)

    os.killpg(process.pid, number)  # the whole group, as Ctrl-C at a terminal does
    _, complaint = process.communicate(timeout=5)

    assert process.returncode == 130
    assert complaint == (
        "gridagora: stopped; 1 of 2 cells are finished and kept (continue with the "
        "same command and --resume)\n"
    )
    wait_for(lambda: nobody_left(process.pid))
    assert not (tmp_path / "run").exists()
    assert finish(tmp_path) == whole


def test_a_second_ctrl_c_leaves_no_worker_behind(whole, tmp_path):
    process = start(tmp_path)

    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=5)

    assert process.returncode in {130, -signal.SIGINT}
    wait_for(lambda: nobody_left(process.pid))
    assert finish(tmp_path) == whole


def test_a_killed_run_leaves_no_worker_and_resumes(whole, tmp_path):
    process = start(tmp_path)

    process.kill()
    process.communicate(timeout=5)

    wait_for(lambda: nobody_left(process.pid))
    assert finish(tmp_path) == whole


def test_a_second_run_on_one_folder_is_refused_and_harms_nothing(whole, tmp_path):
    process = start(tmp_path)

    second = subprocess.run(
        command(tmp_path, "--resume"), capture_output=True, text=True, check=False
    )
    (tmp_path / "marks" / "go").touch()
    process.communicate(timeout=MOST_SECONDS)

    assert second.returncode == 2
    assert second.stderr == (
        f"gridagora: run folder {tmp_path / 'run'} is in use by another run (process "
        f"{process.pid}); wait for it, stop it, or choose another folder with --out.\n"
    )
    assert process.returncode == 0
    assert contents(tmp_path / "run") == whole


def test_a_full_disk_at_any_write_stops_the_run_and_it_resumes(
    toy, tmp_path, monkeypatch
):
    # the digest of the sources is tested elsewhere and costs time in every run
    monkeypatch.setattr(recipe, "code_sha256", lambda: "constant")
    whole = contents(run_study(toy.TOY, toy.ToyConfig(), tmp_path / "whole").path)
    real = os.fsync
    n_stop = 0
    for last in range(1, 1000):
        left = last

        def full(descriptor):
            nonlocal left
            left -= 1
            if left == 0:
                raise OSError(28, "No space left on device")
            real(descriptor)

        out = tmp_path / f"run-{last}"
        monkeypatch.setattr(os, "fsync", full)
        try:
            run_study(toy.TOY, toy.ToyConfig(), out)
        except RunFolderError as error:
            assert "(No space left on device)" in str(error)
            n_stop += 1
        else:
            break
        finally:
            monkeypatch.setattr(os, "fsync", real)
        run_study(toy.TOY, toy.ToyConfig(), out, existing=Existing.RESUME)
        assert contents(out) == whole

    assert n_stop > 20
    assert {p.name for p in tmp_path.iterdir()} == {
        "whole",
        *(f"run-{i}" for i in range(1, n_stop + 2)),
    }


def test_any_flipped_bit_is_found_and_its_file_named(toy, tmp_path):
    run = run_study(toy.TOY, toy.ToyConfig(), tmp_path / "run")

    for name in run.manifest["files"]:
        content = bytearray((run.path / name).read_bytes())
        for place in (0, len(content) // 2, len(content) - 1):
            content[place] ^= 1
            (run.path / name).write_bytes(content)
            with pytest.raises(RunFolderError, match=f"is damaged: {name} missing"):
                read_run(run.path)
            content[place] ^= 1
        (run.path / name).write_bytes(content)

    read_run(run.path)


def test_a_flipped_bit_in_a_finished_cell_has_it_run_again(toy, tmp_path):
    whole = contents(run_study(toy.TOY, toy.ToyConfig(), tmp_path / "whole").path)

    def stop(done, total, key):
        if done == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_study(toy.TOY, toy.ToyConfig(), tmp_path / "run", progress=stop)
    path = tmp_path / ".run.partial" / "cells" / "b" / "prices.parquet"
    content = bytearray(path.read_bytes())
    content[30] ^= 1
    path.write_bytes(content)

    run = run_study(
        toy.TOY, toy.ToyConfig(), tmp_path / "run", existing=Existing.RESUME
    )

    assert run.manifest["time"]["cells_resumed"] == 0
    assert contents(run.path) == whole


def test_a_folder_that_cannot_be_written_is_refused_before_the_run(toy, tmp_path):
    (tmp_path / "file").touch()
    (tmp_path / "marks").mkdir()
    config = toy.ToyConfig(marker=str(tmp_path / "marks"))

    for out in (tmp_path / "file" / "run", Path("/proc/none/run"), Path("/")):
        with pytest.raises(RunFolderError):
            run_study(toy.TOY, config, out)

    assert list((tmp_path / "marks").iterdir()) == []


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write")
def test_a_read_only_folder_is_refused_before_the_run(toy, tmp_path):
    (tmp_path / "locked").mkdir(mode=0o500)

    with pytest.raises(RunFolderError, match="cannot be written"):
        run_study(toy.TOY, toy.ToyConfig(), tmp_path / "locked" / "run")
