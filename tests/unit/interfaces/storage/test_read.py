import pandas as pd
import pytest

from gridagora.errors import MissingFileError, RunFolderError
from gridagora.interfaces.storage import files
from gridagora.interfaces.storage.read import read_run
from gridagora.interfaces.storage.run_folder import FORMAT, MANIFEST
from gridagora.interfaces.storage.tables import write_tables


@pytest.fixture
def run(tmp_path):
    path = tmp_path / "run"
    path.mkdir()
    write_tables(path / "tables", {"prices-c2.0": pd.DataFrame({"x": [1, 2]})})
    (path / "figures").mkdir()
    (path / "figures" / "a.png").write_bytes(b"a")
    (path / "report.html").write_bytes(b"b")
    manifest = {"format": FORMAT, "files": files.hashes(path)}
    files.write_json(path / MANIFEST, manifest)
    return path


def test_a_run_comes_back_with_its_tables(run):
    back = read_run(run)

    assert list(back.tables) == ["prices-c2.0"]
    assert back.tables["prices-c2.0"]["x"].tolist() == [1, 2]
    assert back.manifest["format"] == FORMAT
    assert back.path == run


def test_a_flipped_bit_is_found_and_its_file_named(run):
    path = run / "tables" / "prices-c2.0.csv"
    content = bytearray(path.read_bytes())
    content[0] ^= 1
    path.write_bytes(content)

    with pytest.raises(RunFolderError) as caught:
        read_run(run)

    assert str(caught.value) == (
        f"run folder {run} is damaged: tables/prices-c2.0.csv missing or changed since "
        "the run; restore these files, or run it again with --force."
    )


def test_a_damaged_figure_is_no_trouble_for_who_draws_it_again(run):
    (run / "figures" / "a.png").unlink()
    (run / "report.html").write_bytes(b"other")

    assert read_run(run, to_redraw=True).tables
    with pytest.raises(RunFolderError, match=r"figures/a\.png, report\.html missing"):
        read_run(run)


def test_a_folder_that_is_not_there_comes_with_what_is(run):
    with pytest.raises(MissingFileError) as caught:
        read_run(run.with_name("rum"))

    assert str(caught.value) == (
        f"run folder not found: {run.with_name('rum')}. In that folder: run."
    )
