from pathlib import Path

import pytest

from gridagora.errors import (
    CertificateError,
    GridagoraError,
    InvalidOrderError,
    MissingFileError,
    PowerFlowError,
    RunFolderError,
    UnknownNameError,
    listed,
)

EXAMPLES = [
    (
        InvalidOrderError("bid of 'a'", ["q_max is -1, expected >= 0 kW.", "Second."]),
        ValueError,
        "bid of 'a': q_max is -1, expected >= 0 kW. Second.",
    ),
    (
        UnknownNameError("study", "market-pwer", ["dlmp", "market-power"]),
        KeyError,
        "no study is called 'market-pwer'. Did you mean 'market-power'? "
        "Known: dlmp, market-power.",
    ),
    (
        UnknownNameError("bus", "zzz", ["a"]),
        KeyError,
        "no bus is called 'zzz'. Known: a.",
    ),
    (
        MissingFileError("OpenDSS case", Path("x/y.dss"), ["z.dss"]),
        FileNotFoundError,
        "OpenDSS case not found: x/y.dss. In that folder: z.dss.",
    ),
    (
        RunFolderError("runs/a", "exists", "choose another --out"),
        FileExistsError,
        "run folder runs/a exists; choose another --out.",
    ),
    (
        CertificateError("tree clearing", "balance", 2e-3, 1e-9),
        RuntimeError,
        "tree clearing: the result breaks balance: residual 2.000e-03, allowed "
        "1.0e-09. The result was not used; please report the orders.",
    ),
    (
        PowerFlowError("ieee34", "did not converge", "Scale the demand down"),
        RuntimeError,
        "power flow of ieee34: did not converge. Scale the demand down.",
    ),
]


@pytest.mark.parametrize(("error", "builtin", "message"), EXAMPLES)
def test_an_error_says_what_where_and_how_to_fix_it(error, builtin, message):
    assert isinstance(error, GridagoraError)
    assert isinstance(error, builtin)
    assert str(error) == message


@pytest.mark.parametrize("error", [example[0] for example in EXAMPLES])
def test_an_error_survives_the_way_from_a_worker_process(error):
    rebuild, facts = error.__reduce__()

    assert str(rebuild(*facts)) == str(error)


def test_long_lists_are_cut_and_counted():
    assert listed(["a", "b", "c", "d", "e", "f", "g"]) == "a, b, c, d, e and 2 more"
