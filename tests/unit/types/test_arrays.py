import pandas as pd
import pytest

from gridagora.types.network import RadialNetwork

ROWS = {"bus": ["a", "b"], "parent": [None, "a"]}


@pytest.mark.parametrize("table", [ROWS, pd.DataFrame(ROWS)], ids=["dict", "frame"])
def test_a_mapping_and_a_data_frame_are_tables(table):
    assert RadialNetwork.from_table(table).bus == ("a", "b")
