"""How kernels are compiled: with the cache, without the interpreter's lock."""

from collections.abc import Callable
from typing import TypeVar

import numba

_Function = TypeVar("_Function", bound=Callable[..., object])

compiled = numba.njit(cache=True, nogil=True)


def lean(function: _Function) -> _Function:
    """Compile a function that makes no array.

    References to the arrays it is given are not counted, which would take longer than
    the work. Numba compiles functions of its own with the same option.
    """
    made = numba.njit(cache=True, nogil=True, _nrt=False)  # type: ignore[call-overload]  # numba's stubs leave it out
    return made(function)  # type: ignore[no-any-return]  # so it has no type


def inner(function: _Function) -> _Function:
    """Compile a lean function that is only called from others, not from Python.

    That makes it quicker to compile.
    """
    options = {"_nrt": False, "no_cpython_wrapper": True, "no_cfunc_wrapper": True}
    made = numba.njit(cache=True, nogil=True, **options)  # type: ignore[call-overload]  # numba's stubs leave these out
    return made(function)  # type: ignore[no-any-return]  # so it has no type
