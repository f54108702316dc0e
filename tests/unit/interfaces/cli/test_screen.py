import math

import pytest

from gridagora.interfaces.cli.screen import number, print_pairs, print_results
from gridagora.interfaces.results import DepartureResult, Results, TargetResult

RESULTS = Results(
    study="toy",
    targets=(
        TargetResult(
            "average price over every hour of the day, c/kWh",
            6.64,
            0.005,
            "fitted",
            6.640149,
            "IV",
        ),
        TargetResult("congested lines [b]", 3.0, 0.0, "printed", math.nan, "IV"),
    ),
    departures=(
        DepartureResult("price, c/kWh", "8 [%]", 7.1, "28 bids cannot be 8 %.", "p. 4"),
    ),
    is_default=False,
)


def test_in_a_pipe_every_target_is_one_line(capsys, monkeypatch):
    monkeypatch.delenv("COLUMNS", raising=False)

    print_results(RESULTS)

    lines = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    assert lines[0].split() == [
        "quantity",
        "expected",
        "tolerance",
        "origin",
        "obtained",
        "reached",
    ]
    assert lines[2].split("  ")[0] == "average price over every hour of the day, c/kWh"
    assert lines[2].split()[-5:] == ["6.64", "0.005", "fitted", "6.640149", "yes"]
    assert lines[3].split()[-5:] == ["3", "0", "printed", "none", "NO"]
    assert lines[4:] == [
        "1 of 2 targets reached.",
        "The targets hold for the default parameters; these differ.",
        "",
        "Departures: printed claims that do not come out",
        "- price, c/kWh: printed 8 [%]; obtained 7.1 (p. 4)",
        "  28 bids cannot be 8 %.",
    ]


@pytest.mark.parametrize("width", [80, 60])
def test_on_a_narrow_screen_only_the_quantity_wraps(capsys, monkeypatch, width):
    monkeypatch.setenv("COLUMNS", str(width))

    print_results(RESULTS)

    lines = capsys.readouterr().out.splitlines()
    assert max(len(line.rstrip()) for line in lines) <= width
    row = next(line for line in lines if "6.640149" in line)
    assert row.split()[-5:] == ["6.64", "0.005", "fitted", "6.640149", "yes"]


def test_a_study_without_claims_prints_nothing(capsys):
    print_results(Results("toy", (), (), is_default=True))

    assert capsys.readouterr().out == ""


def test_numbers_have_seven_digits_at_most():
    assert [number(x) for x in (3.0, 1 / 3, 1e9, -0.5)] == [
        "3",
        "0.3333333",
        "1e+09",
        "-0.5",
    ]


def test_pairs_are_aligned(capsys):
    print_pairs({"a": "1", "long": "2"})

    assert capsys.readouterr().out == "a     1\nlong  2\n"
