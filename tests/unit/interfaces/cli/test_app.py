import os
import subprocess
import sys
from importlib.metadata import version

import pytest

from gridagora.interfaces.cli import main

HEAVY = ("numpy", "pandas", "altair", "numba", "dss", "pyarrow", "scipy", "rich")


@pytest.mark.parametrize("words", [("--help",), ("run", "--help"), ("--version",)])
def test_help_loads_nothing_heavy(words):
    code = (
        "import sys\n"
        "from gridagora.interfaces.cli import main\n"
        "try:\n"
        f"    main({words!r})\n"
        "except SystemExit as end:\n"
        f"    print(end.code, [m for m in {HEAVY!r} if m in sys.modules])\n"
    )

    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )

    assert done.stdout.splitlines()[-1] == "0 []"


def test_the_version_is_that_of_the_package(cli):
    assert cli("--version").stdout == f"gridagora {version('gridagora')}\n"


def test_help_names_every_command(cli):
    text = cli("--help").stdout

    for name in ("run", "reproduce", "report", "studies", "grids", "schema"):
        assert f"  {name} " in text


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (("rnu",), "Did you mean 'run'?"),
        (("grids", "shwo"), "Did you mean 'show'?"),
        (("run", "toy", "--sed", "3"), "--seed"),
        (("run", "toy", "--processes", "0"), "--processes"),
        (("run", "toy", "--seed", "x"), "--seed"),
        (("run",), "Missing argument 'STUDY|FILE'"),
    ],
)
def test_a_wrong_call_exits_2_and_says_what_was_meant(cli, words, hint):
    result = cli(*words)

    assert result.exit_code == 2
    assert hint in result.stderr.replace("\n", " ")


def test_main_runs_the_words_and_leaves_with_the_exit_code(capsys):
    with pytest.raises(SystemExit) as caught:
        main(["reproduce", "no-such-study", "--json"])

    assert caught.value.code == 2
    assert "no study with targets is called" in capsys.readouterr().err


def test_a_reader_that_goes_away_is_no_error_of_ours():
    ours, theirs = os.pipe()
    os.close(ours)

    done = subprocess.run(
        [sys.executable, "-m", "gridagora", "reproduce", "--list"],
        stdout=theirs,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(theirs)

    assert (done.returncode, done.stderr) == (141, "")
