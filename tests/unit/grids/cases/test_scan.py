"""The scan of cases from outside the package."""

import pytest

from gridagora.grids.cases.scan import (
    Statement,
    canonical_verb,
    file_references,
    statement_faults,
    without_comment,
)


def faults(text):
    return statement_faults(Statement(text, "a.dss", 7))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("export voltages", "command 'export' is not allowed in a case; build the"),
        ("save circuit", "command 'save' is not allowed"),
        ("show powers", "command 'show' is not allowed"),
        ("plot circuit", "command 'plot' is not allowed"),
        ("DOScmd rm x", "command 'doscmd' is not allowed"),
        ("reduce all", "command 'reduce' is not allowed"),
        ("set datapath=/tmp", "option 'datapath' is not allowed in a case."),
        ("set editor=vi", "option 'editor' is not allowed in a case."),
        ("redirect", "command 'redirect' names no file."),
        ("new load.a kw=nan", "'nan' is not a finite number."),
        ("new load.a kw=-inf", "'-inf' is not a finite number."),
        ("new load.a kw=1e999", "'1e999' is not a finite number."),
        ("new line.a rmatrix=[1 | nan 2]", "'nan' is not a finite number."),
        ("new line.a length=-3", "length is -3, expected more than 0."),
        ("new line.a LENG=0", "length is 0, expected more than 0."),
        ("line.a.length=-3", "length is -3, expected more than 0."),
        ("new line.a phases=100000", "phases is 100000, expected 1 to 100."),
        ("new transformer.a windings=-1", "windings is -1, expected 1 to 100."),
        ("new linecode.a nphas=0", "nphas is 0, expected 1 to 100."),
        ("new line.a rmatrix=[1 2", "[ is opened and never closed."),
        ('new line.a bus1="x', '" is opened and never closed.'),
        ("new generator.a usermodel=evil", "property 'usermodel' is not allowed: it"),
        ("new generator.a userm=evil", "property 'userm' is not allowed: it loads"),
        ("new load.a debugtrace=yes", "property 'debugtrace' is not allowed: it wri"),
    ],
)
def test_what_could_do_harm_is_refused_with_its_place(text, problem):
    assert any(fault.startswith(f"a.dss:7: {problem}") for fault in faults(text))


@pytest.mark.parametrize(
    "text",
    [
        "new circuit.x basekv=4.16",
        "~ wdg=2 tap=1.05",
        "Calcv",
        "set VoltageBases=[4.16, .48]",
        "set maxcontroliter=20",
        "Load.a.kw=5",
        "batchedit load..* kw=3",
        "edit line.a length=0.3 units=mi",
        "edit line.a length=notanumber",
        "disable line.a",
        "new loadshape.info mult=[1 2 3]",
        "? load.a.kw",
        "solve",
    ],
)
def test_what_builds_a_circuit_is_allowed(text):
    assert faults(text) == []


def test_every_fault_of_a_line_is_named():
    assert len(faults("new line.a length=-1 r1=nan x1=inf")) == 3


def test_comments_end_a_line_unless_they_are_quoted():
    assert without_comment("new load.a kw=1 // b") == "new load.a kw=1"
    assert without_comment('new load."a!b" kw=1 ! c') == 'new load."a!b" kw=1'
    assert without_comment("! all of it") == ""


def test_an_abbreviation_that_also_fits_a_refused_command_stays_unknown():
    assert canonical_verb("comp x.dss") == "comp"
    assert canonical_verb("compi x.dss") == "compile"
    assert canonical_verb("sho v") == "sho"


def test_file_names_are_found_in_commands_and_properties():
    [redirect] = file_references(Statement('Redirect "my lines.dss"', "a", 1))
    assert redirect.name == "my lines.dss"
    two = Statement("new loadshape.a mult=(file=a.csv) pqcsvfile='b.csv'", "a", 1)
    assert [reference.name for reference in file_references(two)] == ["a.csv", "b.csv"]
    assert file_references(Statement("buscoords", "a", 1)) == []
