"""The trial of a case in a child process."""

import pytest

from gridagora.errors import InvalidCaseError
from gridagora.grids.cases import probe
from gridagora.grids.cases.files import read_case
from gridagora.grids.opendss import DSS

SEGFAULT = "new line.zz like=zz"  # the engine copies an element onto itself for ever


def with_line(small_case, line):
    small_case.write_text(small_case.read_text() + line + "\n")
    return read_case(small_case)


def test_a_sound_case_passes(small_case):
    probe.require_sound(read_case(small_case))


def test_a_script_that_kills_the_engine_kills_only_the_child(small_case):
    case = with_line(small_case, SEGFAULT)

    with pytest.raises(InvalidCaseError) as caught:
        DSS(case)

    assert str(caught.value) == (
        "case 'small': the engine died of it (SIGSEGV) in a child process."
    )


def test_what_the_engine_refuses_comes_back_with_file_and_line(small_case):
    case = with_line(small_case, "new load.x spectrum=none")

    with pytest.raises(InvalidCaseError) as caught:
        probe.require_sound(case)

    assert str(caught.value) == (
        "case 'small': small.dss:10: Load.x.Spectrum: Spectrum object "
        '"none" not found.'
    )


def test_a_case_that_hangs_is_given_up(small_case, monkeypatch):
    case = with_line(small_case, "set mode=daily number=2000000000\nsolve")
    monkeypatch.setattr(probe, "TIMEOUT_S", 3.0)

    with pytest.raises(InvalidCaseError, match=r"did not finish within 3 s\."):
        probe.require_sound(case)


def test_a_child_that_ends_without_an_answer_is_a_fault(small_case, monkeypatch):
    monkeypatch.setattr(probe, "sys", type("", (), {"executable": "/bin/false"}))

    with pytest.raises(InvalidCaseError, match=r"ended in a child process \(no mess"):
        probe.require_sound(with_line(small_case, "! another digest\nset number=1"))


def test_a_case_is_probed_once_per_content(small_case, monkeypatch):
    case = read_case(small_case)
    probe.require_sound(case)
    monkeypatch.setattr(probe, "sys", type("", (), {"executable": "/bin/false"}))

    probe.require_sound(read_case(small_case))
