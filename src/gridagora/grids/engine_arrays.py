"""All elements of one OpenDSS class as arrays, through the engine's batch interface."""

import weakref
from typing import Any

import numpy as np

from gridagora.errors import GridError, InvalidActionError
from gridagora.types.arrays import ComplexArray, FloatArray, IntArray

_KEEP_MATRIX = 0x2  # SetterFlags_AvoidFullRecalc: leave the element's admittance alone
_ASSIGN = 0  # BatchOperation_Set


class ElementBatch:
    """Every element of one class in one engine context, in order of definition.

    Values come and go as arrays in the order of ``names``; disabled elements are
    among them.

    Attributes:
        names: Element names in lower case. Shape ``(n_element,)``.
    """

    def __init__(self, context: Any, kind: str) -> None:
        self._closed = False
        self._kind = kind
        self._context = context  # keeps the engine alive as long as the handles
        util = context._api_util
        self._ffi, self._lib = util.ffi, util.lib_unpatched
        handles = self._ffi.new("void ***")
        size = self._ffi.new("int32_t[4]")
        self._lib.Batch_CreateByClassS(util.ctx, handles, size, kind.encode())
        self._size = int(size[0])
        self._handles = handles[0]
        if self._size:
            self._handles = self._ffi.gc(handles[0], self._lib.Batch_Dispose)
        self.names = tuple(
            self._ffi.string(self._lib.Obj_GetName(self._handles[at])).decode().lower()
            for at in range(self._size)
        )
        # One size per buffer: the engine reads the buffer's capacity from it.
        self._floats = self._ffi.new("double **")
        self._floats_size = self._ffi.new("int32_t[4]")
        self._ints = self._ffi.new("int32_t **")
        self._ints_size = self._ffi.new("int32_t[4]")

        weakref.finalize(self, _dispose, self._lib, self._floats, self._ints)

    def __len__(self) -> int:
        return self._size

    def close(self) -> None:
        """Make the arrays unusable, because the circuit they stood for is gone."""
        self._closed = True

    def get_floats(self, name: str) -> FloatArray:
        """Return one property of every element. Shape ``(n_element,)``."""
        if self._is_empty():
            return np.zeros(0)
        self._lib.Batch_GetFloat64S(
            self._floats, self._floats_size, self._handles, self._size, name.encode()
        )
        return self._copied_floats()

    def get_ints(self, name: str) -> IntArray:
        """Return one whole-number property of every element. Shape ``(n_element,)``."""
        if self._is_empty():
            return np.zeros(0, dtype=np.int64)
        self._lib.Batch_GetInt32S(
            self._ints, self._ints_size, self._handles, self._size, name.encode()
        )
        raw = self._ffi.buffer(self._ints[0], 4 * self._ints_size[0])
        return np.frombuffer(raw, dtype=np.int32).astype(np.int64)

    def set_floats(
        self, name: str, values: FloatArray, *, keep_matrix: bool = False
    ) -> None:
        """Assign one property of every element.

        Args:
            name: Property, e.g. ``kW``.
            values: New values. Shape ``(n_element,)``.
            keep_matrix: Leave the admittance matrix as it is. Right for powers of
                loads and generators, whose currents the solver corrects; several
                times faster.

        Raises:
            InvalidActionError: Not one number for each element.
        """
        numbers = np.ascontiguousarray(values, dtype=np.float64)
        self._require_shape(name, numbers.shape)
        if self._is_empty():
            return
        self._lib.Batch_Float64ArrayS(
            self._handles,
            self._size,
            name.encode(),
            _ASSIGN,
            self._ffi.from_buffer("double[]", numbers),
            _KEEP_MATRIX if keep_matrix else 0,
        )

    def set_ints(self, name: str, values: IntArray) -> None:
        """Assign one whole-number property of every element. Shape ``(n_element,)``."""
        numbers = np.ascontiguousarray(values, dtype=np.int32)
        self._require_shape(name, numbers.shape)
        if self._is_empty():
            return
        self._lib.Batch_Int32ArrayS(
            self._handles,
            self._size,
            name.encode(),
            _ASSIGN,
            self._ffi.from_buffer("int32_t[]", numbers),
            0,
        )

    def get_total_powers(self) -> ComplexArray:
        """Return the power into terminal 1 of every element. kW + j kvar.

        Shape ``(n_element,)``.
        """
        powers = self._complex("Alt_CEBatch_Get_TotalPowers")
        n_terminal = max(1, len(powers) // max(1, self._size))
        return powers[::n_terminal]

    def get_powers(self) -> ComplexArray:
        """Return the power into every conductor, element by element. kW + j kvar."""
        return self._complex("Alt_CEBatch_Get_Powers")

    def get_currents(self) -> ComplexArray:
        """Return the current into every conductor, element by element. A."""
        return self._complex("Alt_CEBatch_Get_Currents")

    def _require_shape(self, name: str, shape: tuple[int, ...]) -> None:
        # The engine reads as many numbers as it has elements, present or not.
        if shape != (self._size,):
            raise InvalidActionError(
                f"property {name!r} of {self._kind}s",
                [f"expected {self._size} numbers, got shape {shape}."],
            )

    def _is_empty(self) -> bool:
        """Return whether there is nothing to do; refuse to touch a circuit gone."""
        if self._closed:
            msg = "these elements belong to a circuit that was cleared; ask anew."
            raise GridError(msg)
        return self._size == 0

    def _complex(self, function: str) -> ComplexArray:
        if self._is_empty():
            return np.zeros(0, dtype=np.complex128)
        getattr(self._lib, function)(
            self._floats, self._floats_size, self._handles, self._size
        )
        return self._copied_floats().view(np.complex128)

    def _copied_floats(self) -> FloatArray:
        raw = self._ffi.buffer(self._floats[0], 8 * self._floats_size[0])
        return np.frombuffer(raw, dtype=np.float64).copy()


def _dispose(lib: Any, floats: Any, ints: Any) -> None:
    """Give result buffers back to the engine."""
    lib.DSS_Dispose_PDouble(floats)
    lib.DSS_Dispose_PInteger(ints)
