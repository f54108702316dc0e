import pytest
from dss import dss

from gridagora.grids.cases.files import read_case
from gridagora.grids.cases.loading import load_statements, sentence


@pytest.fixture
def context(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    engine = dss.NewContext()
    engine.AllowChangeDir = False
    monkeypatch.chdir(tmp_path)
    return engine


def given(tmp_path, text):
    path = tmp_path / "case.dss"
    path.write_text(text)
    return read_case(path)


def test_a_sound_case_leaves_a_circuit(tmp_path, context):
    case = given(tmp_path, "clear\nnew circuit.x bus1=a basekv=12.47\n")

    assert load_statements(context, case) == []
    assert context.NumCircuits == 1


def test_what_the_engine_refuses_is_named_by_line(tmp_path, context):
    case = given(tmp_path, "clear\nnew circuit.x bus1=a\nnew load.y bus1=a knife=3\n")

    faults = load_statements(context, case)

    assert len(faults) == 1
    assert "case.dss:3: " in faults[0] or "case:3: " in faults[0]
    assert faults[0].endswith(".")


def test_a_message_of_several_lines_becomes_one_sentence():
    assert sentence("Unknown\n  parameter") == "Unknown parameter."
