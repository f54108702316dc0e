import numpy as np
import pytest

from gridagora.types.arrays import frozen


def test_a_frozen_array_cannot_be_written():
    array = frozen(np.zeros(2))

    with pytest.raises(ValueError, match="read-only"):
        array[0] = 1.0
