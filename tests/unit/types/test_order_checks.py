import numpy as np
import pytest

from gridagora.errors import InvalidOrderError
from gridagora.types.order_checks import (
    check_quadruple,
    column_faults,
    curve_faults,
    is_sound,
    shape_faults,
)
from gridagora.types.orders import CurveColumns


def columns(quantity_kw, price_per_kwh, *, start=(0, 2, 4), is_bid=(True, False)):
    return CurveColumns.trusted(
        ("x", "y"),
        np.zeros(2, dtype=np.int64),
        np.array(is_bid),
        np.array(start),
        np.array(quantity_kw, dtype=float),
        np.array(price_per_kwh, dtype=float),
    )


GOOD = columns([0, 1, 0, 1], [9, 3, 3, 9])
BAD = {
    "a quantity is not finite": columns([0, np.inf, 0, 1], [9, 3, 3, 9]),
    "a quantity is below 0": columns([-1, 1, 0, 1], [9, 3, 3, 9]),
    "a price is not a number": columns([0, 1, 0, 1], [9, np.nan, 3, 9]),
    "a quantity falls": columns([1, 0, 0, 1], [9, 3, 3, 9]),
    "a bid rises": columns([0, 1, 0, 1], [3, 9, 3, 9]),
    "an offer falls": columns([0, 1, 0, 1], [9, 3, 9, 3]),
    "an order without a corner": columns([0, 1], [9, 3], start=(0, 2, 2)),
}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
def test_the_quick_look_and_the_full_check_agree(bad):
    assert not is_sound(bad)
    assert shape_faults(bad) or column_faults(bad)


def test_good_columns_pass_both():
    assert is_sound(GOOD)
    assert not shape_faults(GOOD)
    assert not column_faults(GOOD)


def test_a_curve_needs_one_price_for_each_quantity():
    assert curve_faults((1.0,), ()) == [
        "1 quantities and 0 prices, expected one price for each of one or more quantities."
    ]


def test_an_offer_below_zero_points_to_the_bid():
    with pytest.raises(InvalidOrderError, match=r"to go the other way, send a bid"):
        check_quadruple("offer of 'x'", 2.0, 1.0, -1.0, -2.0)
