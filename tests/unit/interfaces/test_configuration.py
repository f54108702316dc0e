import pytest
from pydantic import BaseModel, model_validator

from gridagora.errors import InvalidConfigError, MissingFileError
from gridagora.interfaces.configuration import (
    make_config,
    names_a_file,
    parse_settings,
    read_study_file,
)
from gridagora.studies.contract import StudyConfig


@pytest.mark.parametrize("text", ["a.yaml", "a.yml", "a.json", "./a", "x/y"])
def test_what_looks_like_a_file_is_one(text):
    assert names_a_file(text)


@pytest.mark.parametrize("text", ["market-power", "toy", "a.b"])
def test_what_looks_like_a_name_is_one(text):
    assert not names_a_file(text)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.yaml", "study: toy\nseed: 3\ncells: [a, b]\n"),
        ("a.json", '{"study": "toy", "seed": 3, "cells": ["a", "b"]}'),
        ("bom.yaml", "\ufeffstudy: toy\nseed: 3\ncells: [a, b]\n"),
    ],
)
def test_a_study_file_is_yaml_or_json(tmp_path, name, text):
    (tmp_path / name).write_text(text, "utf-8")

    file = read_study_file(tmp_path / name)

    assert file.study == "toy"
    assert file.parameters == {"seed": 3, "cells": ["a", "b"]}


def test_a_missing_file_comes_with_the_ones_that_are_there(tmp_path):
    (tmp_path / "first.yaml").touch()
    (tmp_path / "notes.txt").touch()

    with pytest.raises(MissingFileError) as caught:
        read_study_file(tmp_path / "frist.yaml")

    assert str(caught.value) == (
        f"study file not found: {tmp_path}/frist.yaml. In that folder: first.yaml."
    )


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        (
            "a.yaml",
            "study: toy\nseed: 1\nseed: 2\n",
            "line 3: the key 'seed' stands th",
        ),
        (
            "a.yaml",
            "a: &x [1]\nb: *x\n",
            r"line 2: aliases \(\*name\) are not accepted",
        ),
        (
            "a.yaml",
            "x: !!python/object/apply:os.system [ls]",
            "line 1: could not determi",
        ),
        ("a.yaml", "study: [toy\n", "line 2: expected ',' or ']'"),
        ("a.yaml", "study: toy\n---\nstudy: b\n", "expected a single document|line 2"),
        ("a.yaml", "- toy\n", "expected names with values, e.g. 'study: market-power'"),
        ("a.yaml", "1: toy\n", "expected names with values"),
        ("a.yaml", "", "expected names with values"),
        ("a.yaml", "seed: 3\n", "'study' is None, expected the name of a study"),
        ("a.yaml", "study: 3\n", "'study' is 3, expected"),
        ("a.yaml", "study: \x00\n", "it cannot be read: unacceptable character"),
        ("a.json", '{"study": "toy", "seed": NaN}', "NaN is not a number"),
        ("a.json", '{"a": 1, "a": 2}', "the key 'a' stands there twice"),
        ("a.json", '{"study": ', "it cannot be read: Expecting value"),
        ("a.json", "[" * 100_000, "it cannot be read: "),
        ("a.yaml", " " * 1_000_001, "it has 1000001 bytes, expected at most 1000000"),
    ],
)
def test_a_file_that_cannot_be_meant_is_refused_with_its_place(
    tmp_path, name, text, words
):
    (tmp_path / name).write_text(text)

    with pytest.raises(InvalidConfigError, match=words) as caught:
        read_study_file(tmp_path / name)

    assert str(caught.value).startswith(f"study file '{tmp_path / name}': ")


def test_a_file_that_is_not_text_is_refused(tmp_path):
    (tmp_path / "a.yaml").write_bytes(b"\xff\xfe\x00")

    with pytest.raises(InvalidConfigError, match="it cannot be read: 'utf-8' codec"):
        read_study_file(tmp_path / "a.yaml")


def test_settings_are_yaml_values_with_dots_for_parts():
    settings = ["n=2", "name=a b", "on=true", "xs=[1, 2.5]", "g.a=1", "g.b=x", "e="]

    assert parse_settings(settings) == {
        "n": 2,
        "name": "a b",
        "on": True,
        "xs": [1, 2.5],
        "g": {"a": 1, "b": "x"},
        "e": None,
    }


def test_every_setting_at_fault_is_named():
    with pytest.raises(InvalidConfigError) as caught:
        parse_settings(["n", "=3", "n=[1", "n=1", "n.a=2"])

    assert str(caught.value) == (
        "--set: 'n' given, expected key=value. '=3' given, expected key=value. the "
        "value in 'n=[1' is not a YAML value. 'n.a=2' reaches into 'n', which already "
        "has a value."
    )


def test_the_command_line_wins_over_the_file(toy):
    config = make_config(
        toy.TOY, {"seed": 2, "n_draws": 5}, settings={"seed": 9}, source="a.yaml"
    )

    assert config == toy.ToyConfig(seed=9, n_draws=5)


def test_every_fault_says_where_it_stands_and_what_was_meant(toy):
    with pytest.raises(InvalidConfigError) as caught:
        make_config(
            toy.TOY,
            {"n_drows": 5, "trouble": "none"},
            settings={"n_draws": 0, "zzz": 1},
            source="a.yaml",
        )

    assert str(caught.value) == (
        "configuration of study 'toy': --set: 'n_draws' is 0: input should be greater "
        "than or equal to 1. a.yaml: 'trouble' is 'none': input should be '', 'bug', "
        "'refusal', 'crash', 'slow' or 'interrupt'. a.yaml: 'n_drows' is not a "
        "parameter of it. Did you mean 'n_draws'? --set: 'zzz' is not a parameter of "
        "it. Known: seed, n_draws, cells, trouble, marker."
    )


class Line(BaseModel):
    """A part of a configuration."""

    model_config = {"extra": "forbid"}
    limit_kw: float = 1.0


class Parts(StudyConfig):
    """A configuration with a part."""

    line: Line = Line()
    lines: tuple[Line, ...] = ()
    low: int = 0
    high: int = 1

    @model_validator(mode="after")
    def _ordered(self):
        if self.low > self.high:
            message = "low is above high"
            raise ValueError(message)
        return self


def test_parts_of_parameters_are_merged_and_checked_too(toy):
    study = type("Parted", (), {"name": "parts", "config": Parts})

    config = make_config(
        study,  # type: ignore[arg-type]  # name and config are all that is read
        {"line": {}},
        settings={"line": {"limit_kw": 2.0}},
        source="a.yaml",
    )
    assert isinstance(config, Parts)
    assert config.line.limit_kw == 2.0

    for settings, words in (
        ({"line": {"limit": 1}}, r"'line\.limit' is not .* Did you mean 'limit_kw'\?"),
        ({"line": {"sub": {"x": 1}}}, r"'line\.sub' is not .* Known: limit_kw\."),
        ({"lines": [{"limit": 1}]}, r"'lines\.0\.limit' is not a parameter of it\.$"),
        ({"low": {"x": 1}}, "'low' is {'x': 1}: input should be a valid integer"),
        ({"low": 2}, "a.yaml: low is above high"),
    ):
        with pytest.raises(InvalidConfigError, match=words):
            make_config(
                study,  # type: ignore[arg-type]  # as above
                {},
                settings=settings,
                source="a.yaml",
            )
