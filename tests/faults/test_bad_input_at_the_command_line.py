"""Whatever is wrong at the command line: one line, exit 2, nothing half-written."""

import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gridagora.interfaces.cli.app import app

LONG = "x" * 5000


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty folder with some files nobody can use."""
    monkeypatch.chdir(tmp_path)
    files = {
        "unknown.yaml": "study: market-power\nsede: 1\n",
        "nostudy.yaml": "study: market-powr\n",
        "tag.yaml": "study: !!python/object/apply:os.system ['touch owned']\n",
        "bomb.yaml": "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n",
        "broken.json": '{"study": "market-power",',
        "infinite.json": '{"study": "market-power", "seed": Infinity}',
        "empty.dss": "",
        "broken.dss": "new circuit.x basekv=\nnew line.y bus1=a bus2=",
        "shell.dss": "clear\nnew circuit.x\n! DOScmd rm\nDOScmd touch owned\n",
        "loop.dss": "clear\nnew circuit.x\nredirect loop.dss\n",
        "nan.dss": "clear\nnew circuit.x basekv=12\nnew load.a bus1=sourcebus kw=nan\n",
        "occupied/thesis.txt": "years of work",
    }
    for name, text in files.items():
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_text(text)
    return tmp_path


def tree(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
        for path in folder.rglob("*")
    }


WRONG = [
    (["run", "market-powr"], "Did you mean 'market-power'?"),
    (["run", LONG], "no study is called 'xxx"),
    (["run", "../market-power"], "study file not found: ../market-power."),
    (["run", "missing.yaml"], "In that folder: "),
    (["run", "unknown.yaml"], "unknown.yaml: 'sede' is not a parameter of it. Did you"),
    (["run", "nostudy.yaml"], "Did you mean 'market-power'?"),
    (["run", "tag.yaml"], "study file 'tag.yaml': line 1: could not determine"),
    (["run", "bomb.yaml"], "line 2: aliases (*name) are not accepted"),
    (["run", "broken.json"], "study file 'broken.json': it cannot be read"),
    (["run", "infinite.json"], "Infinity is not a number"),
    (["run", "occupied"], "no study is called 'occupied'"),
    (["run", "market-power", "--set", "seed"], "'seed' given, expected key=value"),
    (["run", "market-power", "--set", "seed=-1"], "--set: 'seed' is -1"),
    (["run", "market-power", "--set", "seed=1.5"], "--set: 'seed' is 1.5"),
    (["run", "market-power", "--set", "seed=.nan"], "--set: 'seed' is nan"),
    (["run", "market-power", "--set", "sede=1"], "Did you mean 'seed'?"),
    (["run", "market-power", "--out", "occupied"], "is not a run of gridagora"),
    (["run", "market-power", "--out", "tag.yaml"], "is not a run of gridagora"),
    (["run", "market-power", "--out", "tag.yaml/x"], "cannot be written"),
    (["run", "market-power", "--out", "/proc/none/x"], "cannot be written"),
    (["run", "market-power", "--out", "/"], "run folder / has no name; choose"),
    (["run", "market-power", "--force", "--resume"], "expected one of them"),
    (["reproduce", "market-powr"], "Did you mean 'market-power'?"),
    (["reproduce", "market-power", "--out", "occupied"], "is not a run of gridagora"),
    (["report", "missing"], "run folder not found: missing."),
    (["report", "occupied"], "has no readable manifest.json"),
    (["schema", "market-powr"], "Did you mean 'market-power'?"),
    (["grids", "show", "ieee43"], "no feeder or case file is called 'ieee43'"),
    (["grids", "show", "missing.dss"], "OpenDSS case not found: missing.dss."),
    (["grids", "show", "empty.dss"], "case 'empty"),
    (["grids", "show", "broken.dss"], "case 'broken"),
    (["grids", "show", "shell.dss"], "case 'shell"),
    (["grids", "show", "loop.dss"], "case 'loop"),
    (["grids", "show", "nan.dss"], "case 'nan"),
]


@pytest.mark.parametrize(("words", "message"), WRONG, ids=lambda x: str(x)[:60])
def test_it_is_refused_in_one_line_and_nothing_is_written(here, words, message):
    before = tree(here)

    result = CliRunner().invoke(app, words)

    assert result.exit_code == 2, result.output
    assert message in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert result.stderr.startswith("gridagora: ")
    assert "Traceback" not in result.stderr
    assert result.stdout == ""
    assert tree(here) == before


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["nonsense"],
        ["run"],
        ["run", "--nonsense"],
        ["reproduce"],
        ["grids", "show"],
    ],
)
def test_a_wrong_call_exits_2_and_shows_how_to_call(here, words):
    result = CliRunner().invoke(app, words)

    assert result.exit_code == 2
    assert "Usage: " in result.output
    assert "Traceback" not in result.output


def test_a_program_sees_the_same_as_a_test(here):
    done = subprocess.run(
        [sys.executable, "-m", "gridagora", "run", "unknown.yaml"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith(
        "gridagora: configuration of study 'market-power': unknown.yaml: 'sede' is not "
    )
    assert len(done.stderr.splitlines()) == 1
