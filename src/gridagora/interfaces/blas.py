"""One BLAS thread, set before anything loads numpy."""

import os

_VARIABLES = (
    "OPENBLAS_NUM_THREADS",
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)


def set_one_blas_thread() -> None:
    """Give BLAS one thread in the processes that start from now on.

    Sums depend on how many threads share them, so same seed, same bytes needs one.
    This process obeys only if it has not loaded numpy yet.
    """
    os.environ.update(dict.fromkeys(_VARIABLES, "1"))
