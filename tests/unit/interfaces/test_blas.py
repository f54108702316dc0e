import os

from gridagora.interfaces import blas


def test_every_known_blas_is_told_to_use_one_thread(monkeypatch):
    monkeypatch.setattr(os, "environ", {"OPENBLAS_NUM_THREADS": "8", "HOME": "/"})

    blas.set_one_blas_thread()

    assert os.environ.pop("HOME") == "/"
    assert {"OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"} <= {*os.environ}
    assert set(os.environ.values()) == {"1"}
