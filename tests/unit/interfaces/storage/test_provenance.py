import platform
import re
import subprocess

import numpy as np

from gridagora.interfaces.storage import provenance


def test_versions_hold_ours_python_and_every_core_dependency():
    versions = provenance.versions()

    assert {"gridagora", "python", "numpy", "dss-python", "vl-convert-python"} <= {
        *versions
    }
    assert versions["numpy"] == np.__version__
    assert versions["python"] == platform.python_version()
    assert "pytest" not in versions  # an extra, not core


def test_the_machine_has_a_kind():
    assert provenance.machine()["processor"] == platform.machine()


def test_the_digest_changes_with_the_code_and_with_nothing_else(tmp_path, monkeypatch):
    monkeypatch.setattr(provenance, "_PACKAGE", tmp_path)
    (tmp_path / "a.py").write_text("x = 1\n")
    before = provenance.code_sha256()
    (tmp_path / "notes.txt").write_text("nothing")
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__pycache__" / "a.py").write_text("x")
    same = provenance.code_sha256()
    (tmp_path / "a.py").write_text("x = 2\n")

    assert re.fullmatch("[0-9a-f]{64}", before)
    assert same == before
    assert provenance.code_sha256() != before


def git(folder, *words):
    who = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
    subprocess.run(["git", "-C", folder, *who, *words], check=True, capture_output=True)


def test_a_checkout_has_its_commit_and_knows_whether_it_was_changed(tmp_path):
    package = tmp_path / "src" / "gridagora"
    package.mkdir(parents=True)
    (package / "a.py").write_text("x = 1\n")
    git(tmp_path, "init")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-m", "first")

    clean = provenance.git_state(package)
    (package / "a.py").write_text("x = 2\n")
    dirty = provenance.git_state(package)

    assert clean is not None
    assert dirty is not None
    assert re.fullmatch("[0-9a-f]{40}", clean["commit"])
    assert (clean["dirty"], dirty["dirty"]) == (False, True)


def test_a_package_inside_somebody_elses_repository_has_no_commit(tmp_path):
    package = tmp_path / "venv" / "gridagora"
    package.mkdir(parents=True)
    git(tmp_path, "init")

    assert provenance.git_state(package) is None


def test_without_git_there_is_no_commit(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "")

    assert provenance.git_state(tmp_path) is None
