"""Broken OpenDSS scripts: the parent lives, and nothing that is no number passes."""

import json
import signal
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from gridagora.errors import InvalidCaseError
from gridagora.grids.cases.files import read_case
from gridagora.grids.feeders import FEEDERS
from gridagora.grids.opendss import DSS

WORKER = """
import json, sys
import numpy as np
from gridagora.errors import GridagoraError
from gridagora.grids.cases.files import read_case
from gridagora.grids.opendss import DSS
from gridagora.grids.opendss_grid import OpenDSSGrid
from gridagora.grids.cases.trial import limit_resources

limit_resources()
for line in sys.stdin:
    try:
        case = read_case(line.strip(), trusted=False)
        case = type(case)(case.name, case.statements, case.mid_line, True, "x")
        voltages = OpenDSSGrid(case).get_voltages()
        answer = "ok" if np.isfinite(voltages).all() else "NOT FINITE"
    except GridagoraError as error:
        answer = type(error).__name__
    print(json.dumps(answer), flush=True)
"""

TOKENS = [
    *("nan", "-1", "0", "1e308", "1e999", "kv=0", "kw=1e18", "length=0", "tap=0"),
    *("(", "]", "'", '"', "=", ",", "|", "~", "!", "//", "\x00", "\xff"),
    *("phases=0", "phases=99999", "windings=-1", "wdg=99", "xhl=0", "bus1="),
    *("like=l632_633", "bus1=nowhere", "redirect", "enabled=no", "solve", "clear"),
]


def pick(items, rng):
    return items[int(rng.integers(len(items)))]


def delete_line(lines, at, rng):
    del lines[at]


def repeat_line(lines, at, rng):
    lines.insert(at, pick(lines, rng))


def cut_line(lines, at, rng):
    lines[at] = lines[at][: int(rng.integers(len(lines[at]) + 1))]


def change_letter(lines, at, rng):
    place = int(rng.integers(len(lines[at]) + 1))
    letter = chr(rng.integers(1, 255))
    lines[at] = lines[at][:place] + letter + lines[at][place + 1 :]


def change_word(lines, at, rng):
    words = lines[at].split(" ")
    words[int(rng.integers(len(words)))] = pick(TOKENS, rng)
    lines[at] = " ".join(words)


def add_word(lines, at, rng):
    words = lines[at].split(" ")
    words.insert(int(rng.integers(len(words))), pick(TOKENS, rng))
    lines[at] = " ".join(words)


def change_value(lines, at, rng):
    words = lines[at].split(" ")
    place = int(rng.integers(len(words)))
    name, equals, _ = words[place].partition("=")
    words[place] = f"{name}{equals}{pick(TOKENS, rng)}"
    lines[at] = " ".join(words)


CHANGES = [
    delete_line,
    repeat_line,
    cut_line,
    change_letter,
    change_word,
    add_word,
    change_value,
]


def mutated(text, rng):
    """Return a script with one to four of its letters, words or lines changed."""
    lines = text.splitlines()
    for _ in range(rng.integers(1, 5)):
        pick(CHANGES, rng)(lines, int(rng.integers(len(lines))), rng)
    return "\n".join(lines)


class Worker:
    """A child process that loads cases, started anew when one kills it."""

    def __init__(self):
        self.deaths = []
        self.start()

    def start(self):
        self.child: Any = subprocess.Popen(
            [sys.executable, "-c", WORKER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def ask(self, path):
        self.child.stdin.write(f"{path}\n")
        self.child.stdin.flush()
        answer = self.child.stdout.readline()
        if answer:
            return json.loads(answer)
        self.deaths.append(-self.child.wait())
        self.close()
        self.start()
        return "died"

    def close(self):
        self.child.stdin.close()
        self.child.stdout.close()
        self.child.wait()


def run_mutations(folder, n_script, seed):
    """Return how often each outcome was seen; data files lie beside the scripts."""
    rng = np.random.default_rng(seed)
    texts = []
    for name in ("ieee13", "ieee34", "ieee37"):
        path = FEEDERS[name].path
        texts.append(path.read_text(encoding="utf-8"))
        (folder / "buscoords.csv").write_bytes(
            (path.parent / "buscoords.csv").read_bytes()
        )
    seen: dict[str, int] = {}
    worker = Worker()
    for number in range(n_script):
        script = folder / "case.dss"
        text = mutated(texts[number % len(texts)], rng)
        script.write_text(text, encoding="latin-1", errors="replace")
        answer = worker.ask(script)
        seen[answer] = seen.get(answer, 0) + 1
        if answer == "died":
            (folder / f"killer{number}.dss").write_bytes(script.read_bytes())
    worker.close()
    return seen, worker.deaths


def check(seen, deaths, n_script):
    assert sum(seen.values()) == n_script
    assert set(seen) <= {"ok", "InvalidCaseError", "PowerFlowError", "died"}
    assert seen.get("ok", 0) > 0
    # killed by the engine; a Python error of ours would show as an exit with status 1
    assert set(deaths) <= {signal.SIGSEGV, signal.SIGABRT, signal.SIGFPE}


def test_mutated_scripts_give_a_solution_or_a_typed_error(tmp_path):
    seen, deaths = run_mutations(tmp_path, 150, seed=1)

    check(seen, deaths, 150)


@pytest.mark.validate
def test_a_thousand_mutated_scripts_give_a_solution_or_a_typed_error(tmp_path):
    seen, deaths = run_mutations(tmp_path, 1000, seed=2)

    check(seen, deaths, 1000)


@pytest.mark.parametrize(
    "killer",
    [
        "new line.zz like=zz",
        "new load.zz kw=(1 2 + + + + + + + + +)",
        "new autotrans.zz wdg=1 like=zz",
    ],
)
def test_scripts_known_to_kill_the_engine_are_an_error_of_the_case(tmp_path, killer):
    path = tmp_path / "case.dss"
    text = FEEDERS["ieee13"].path.read_text(encoding="utf-8")
    text = "\n".join(line for line in text.splitlines() if "BusCoords" not in line)
    path.write_text(f"{text}\n{killer}\n", encoding="utf-8")

    with pytest.raises(InvalidCaseError, match=r"died of it|ended in a child process"):
        DSS(read_case(path))
