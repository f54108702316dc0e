import json
import math
from dataclasses import replace

import pandas as pd
import pytest

from gridagora.interfaces.results import TargetResult, evaluate


@pytest.fixture
def default(toy):
    return toy.ToyConfig().model_dump(mode="json")


@pytest.fixture
def tables(toy):
    # cell b drew four prices with mean 3
    return {"prices": pd.DataFrame({"cell": ["b"] * 4, "price": [1.0, 3, 3, 5]})}


def test_targets_are_read_and_compared(toy, tables, default):
    results = evaluate(toy.TOY, default, tables)

    # the mean is 3, claimed is 0 with 2 to spare
    assert [target.obtained for target in results.targets] == [4.0, 3.0]
    assert [target.reached for target in results.targets] == [True, False]
    assert results.missed == (results.targets[1],)
    assert results.departures[0].obtained == 3.0
    assert results.is_default


@pytest.mark.parametrize(
    ("obtained", "reached"),
    [(2.0, True), (1.5, True), (2.5, True), (2.5001, False), (math.nan, False)],
)
def test_a_target_is_reached_up_to_its_tolerance(obtained, reached):
    target = TargetResult("x", 2.0, 0.5, "printed", obtained, "Table I")

    assert target.reached is reached


def test_json_has_exactly_the_agreed_keys_and_no_nan(toy, tables, default):
    tables["prices"]["price"] = math.nan

    content = evaluate(toy.TOY, default, tables).as_json()

    assert list(content) == ["study", "targets", "departures"]
    assert content["targets"][1] == {
        "quantity": "mean price, c/kWh",
        "expected": 0.0,
        "tolerance": 2.0,
        "origin": "fitted",
        "obtained": None,
        "reached": False,
    }
    assert content["departures"][0]["obtained"] is None
    json.dumps(content, allow_nan=False)


def test_other_parameters_may_lack_what_a_target_reads(toy, tables, default):
    tables["prices"]["cell"] = "c"

    results = evaluate(toy.TOY, {**default, "cells": ["c"]}, tables)

    assert not results.is_default
    assert math.isnan(results.targets[0].obtained)
    assert not results.targets[0].reached


def test_a_target_that_cannot_read_the_published_case_is_a_bug(toy, tables, default):
    tables["prices"]["cell"] = "c"

    with pytest.raises(KeyError, match="b"):
        evaluate(toy.TOY, default, tables)


def test_a_study_may_claim_nothing(toy, tables, default):
    silent = replace(toy.TOY, targets=(), departures=())

    assert evaluate(silent, default, tables).missed == ()
