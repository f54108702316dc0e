import numpy as np
import pytest

from gridagora.environment.record import RunRecord
from gridagora.errors import InvalidConfigError, UnknownNameError
from gridagora.types.arrays import Columns

FLOWS: Columns = {"branch": ("a-b",), "flow_kw": np.array([2.0])}


def test_rows_of_all_intervals_make_one_table():
    record = RunRecord()
    record.add(0, {"flows": FLOWS}, source="the market")
    record.add(1, {"flows": FLOWS}, source="the market")
    frame = record.table("flows")
    assert frame.to_dict("list") == {
        "interval": [0, 1],
        "branch": ["a-b", "a-b"],
        "flow_kw": [2.0, 2.0],
    }
    assert str(frame["interval"].dtype) == "int64"


def test_tables_of_agents_say_whose_rows_they_are():
    record = RunRecord()
    record.add_agent(0, "anna", {"soc": {"soc_kwh": [1.0, 2.0]}})
    record.add_agent(0, "ben", {"soc": {"soc_kwh": [3.0]}})
    assert record.table("soc").to_dict("list") == {
        "interval": [0, 0, 0],
        "agent": ["anna", "anna", "ben"],
        "soc_kwh": [1.0, 2.0, 3.0],
    }


def test_what_its_owner_overwrites_later_stays_as_recorded():
    record = RunRecord()
    values, names = np.array([1.0]), ["a"]
    record.add(0, {"x": {"name": names, "value": values}}, source="the grid")
    values[0], names[0] = 9.0, "z"
    frame = record.table("x")
    assert (frame["value"][0], frame["name"][0]) == (1.0, "a")


def test_a_table_without_columns_or_rows_is_kept():
    record = RunRecord()
    record.add(0, {"empty": {}, "none": {"a": []}}, source="the grid")
    assert record.table("empty").shape == (0, 1)
    assert record.table("none").columns.tolist() == ["interval", "a"]


def test_all_tables_can_be_had_at_once():
    record = RunRecord()
    record.add(0, {"b": FLOWS, "a": FLOWS}, source="the market")
    assert record.names == ("a", "b")
    assert list(record.to_dict()) == ["a", "b"]


def refused(record, columns, source="the market", interval=1):
    with pytest.raises(InvalidConfigError) as caught:
        record.add(interval, {"flows": columns}, source=source)
    return str(caught.value)


def test_one_table_has_one_source():
    record = RunRecord()
    record.add(0, {"flows": FLOWS}, source="the market")
    assert refused(record, FLOWS, "the grid") == (
        "run record: table 'flows' is written by the market and by the grid; rename "
        "one of them."
    )


def test_columns_may_not_change():
    record = RunRecord()
    record.add(0, {"flows": FLOWS}, source="the market")
    assert refused(record, {"branch": ["a-b"]}) == (
        "run record: table 'flows' of interval 1 has the columns ['branch'], expected "
        "['branch', 'flow_kw'] as in its first rows."
    )


def test_columns_have_one_length():
    columns = {"branch": ["a-b"], "flow_kw": np.zeros(2)}
    assert refused(RunRecord(), columns) == (
        "run record: table 'flows' of interval 1 has columns of unequal length: "
        "{'branch': 1, 'flow_kw': 2}."
    )


def test_the_columns_of_the_record_itself_are_taken():
    assert refused(RunRecord(), {"interval": [1]}) == (
        "run record: table 'flows' of interval 1 has columns ['interval'], which the "
        "record writes itself."
    )


def test_an_unknown_table_is_refused_with_a_suggestion():
    record = RunRecord()
    record.add(0, {"flows": FLOWS}, source="the market")
    with pytest.raises(UnknownNameError) as caught:
        record.table("flow")
    assert str(caught.value) == (
        "no table is called 'flow'. Did you mean 'flows'? Known: flows."
    )
