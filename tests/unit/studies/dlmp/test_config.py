import pytest
from pydantic import ValidationError

from gridagora.studies.contract import parameters
from gridagora.studies.dlmp.config import Config


def test_every_parameter_says_where_it_comes_from():
    table = parameters(Config())

    assert (table[["origin", "where", "meaning"]] != "").all().all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"markups": (1.1, 1.0)}, "expected to rise from 1.0"),
        ({"markups": (1.0, 1.5, 1.2)}, "expected to rise from 1.0"),
        ({"daylight_h": (20.0, 6.0)}, "expected 0 <= sunrise < sunset"),
        ({"load_frac": (1.0,)}, "at least 24 items"),
        ({"n_rounds": 3}, "greater than or equal to 10"),
        ({"reductions": "free"}, "'uncharged' or 'paid-by-beneficiaries'"),
    ],
)
def test_parameters_out_of_range_are_refused(change, message):
    with pytest.raises(ValidationError, match=message):
        Config(**change)
