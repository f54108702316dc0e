from dataclasses import replace
from pathlib import Path

import pytest

from gridagora.errors import RunFolderError
from gridagora.interfaces.storage.recipe import Recipe, config_sha256, recipe_of

OURS = Recipe("s", {"seed": 1, "n": 2}, {"numpy": "2.0"}, "abc")


def test_the_recipe_of_a_study_holds_its_parameters_and_this_environment(toy):
    recipe = recipe_of("toy", toy.ToyConfig(seed=3))

    assert recipe.config["seed"] == 3
    assert "numpy" in recipe.versions
    assert recipe.as_json()["config_sha256"] == config_sha256("toy", recipe.config)


def test_the_digest_does_not_depend_on_the_order_of_parameters():
    assert config_sha256("s", {"a": 1, "b": 2}) == config_sha256("s", {"b": 2, "a": 1})
    assert config_sha256("s", {"a": 1}) != config_sha256("t", {"a": 1})


@pytest.mark.parametrize(
    ("other", "words"),
    [
        (replace(OURS, study="t"), "study 't', now 's'"),
        (replace(OURS, config={"seed": 1, "n": 3}), "n 3, now 2"),
        (replace(OURS, config={"seed": 1}), "n null, now 2"),
        (replace(OURS, versions={"numpy": "1.9"}), 'version of numpy "1.9", now "2.0"'),
        (replace(OURS, code_sha256="def"), "other source code of gridagora"),
    ],
)
def test_another_recipe_is_refused_with_the_first_difference(other, words):
    with pytest.raises(RunFolderError) as caught:
        OURS.check_same(other.as_json(), Path("/runs/a"))

    assert str(caught.value) == (
        f"run folder /runs/a was started with {words}; start again with --force, or "
        "choose another folder with --out."
    )


def test_the_same_recipe_is_accepted():
    OURS.check_same(OURS.as_json(), Path("/runs/a"))
