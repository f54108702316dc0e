import pandas as pd
import pytest

from gridagora.grids.opendss_grid import OpenDSSGrid
from gridagora.studies.market_tables import one_number, placed

TABLE = pd.DataFrame({"case": ["x", "x", "y"], "bus": ["a", "b", "a"], "kw": [1, 2, 3]})


def test_a_number_is_found_by_the_other_columns():
    assert one_number(TABLE, "kw", case="x", bus="b") == 2.0


@pytest.mark.parametrize("where", [{"case": "x"}, {"case": "z"}])
def test_several_rows_or_none_are_refused(where):
    with pytest.raises(ValueError, match="size 1"):
        one_number(TABLE, "kw", **where)


def test_rows_get_the_place_of_their_bus_and_unknown_ones_none():
    rows = pd.DataFrame({"bus": ["701", "701", "nowhere"]})

    found = placed(rows, OpenDSSGrid("ieee37"))

    assert found["distance_km"][0] == pytest.approx(1.85 * 0.3048)  # 1850 ft
    assert found["x"][0] == found["x"][1]
    assert found[["x", "y", "distance_km"]].isna().all(axis=1).tolist() == [
        False,
        False,
        True,
    ]
