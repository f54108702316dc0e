import numpy as np

from gridagora.markets.kernels import compiling


@compiling.inner
def _largest(values):
    best = values[0]
    for value in values:
        best = max(best, value)
    return best


@compiling.lean
def _span(values, into):
    """Write how far values reach; it makes no array."""
    into[0] = _largest(values) + _largest(into)
    return into[0]


@compiling.compiled
def _scaled(values):
    return values * 2.0


def test_functions_do_what_they_did_before_they_were_compiled():
    into = np.array([1.0])

    assert _scaled(np.array([1.0, 3.0])).tolist() == [2.0, 6.0]
    assert _span(np.array([1.0, 3.0]), into) == 4.0
    assert into.tolist() == [4.0]
