"""Timings beside the peers. Apart from the tests: never collected, never gating."""

import os

# One thread for everyone, set before numpy loads its linear algebra.
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")
