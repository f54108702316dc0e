"""What the child process finds out."""

import io
import json
import subprocess
import sys

from gridagora.grids.cases import trial
from gridagora.grids.cases.files import read_case


def message(case):
    lines = [[item.text, item.file, item.line] for item in case.statements]
    return {"name": case.name, "statements": lines}


def test_a_sound_case_has_no_faults(small_case):
    case = trial.case_from_message(message(read_case(small_case)))

    assert trial.trial_faults(case) == []


def test_commands_that_the_engine_refuses_are_faults():
    case = trial.case_from_message({"name": "x", "statements": [["clear", "f", 1]]})

    assert trial.trial_faults(case) == ["f:1: the case defines no circuit."]


def test_a_case_without_an_operating_point_is_at_fault(small_case):
    text = small_case.read_text()
    small_case.write_text(text + "set maxiterations=1 tolerance=1e-14")

    [fault] = trial.trial_faults(read_case(small_case))

    assert fault == "no operating point was found."


def test_main_answers_with_a_list_of_faults(small_case, monkeypatch, capfd):
    monkeypatch.setattr(trial, "limit_resources", lambda: None)
    text = json.dumps(message(read_case(small_case)))
    monkeypatch.setattr(sys, "stdin", io.StringIO(text))

    trial.main()

    assert json.loads(capfd.readouterr().out) == []


def test_the_child_can_write_no_file(tmp_path):
    code = (
        "from gridagora.grids.cases.trial import limit_resources; limit_resources();"
        f"import pathlib; pathlib.Path({str(tmp_path / 'x')!r}).write_text('a')"
    )
    child = subprocess.run([sys.executable, "-c", code], capture_output=True)

    assert child.returncode != 0
    assert (tmp_path / "x").read_bytes() == b""
