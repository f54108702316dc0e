import json
import math

import pytest

from gridagora.errors import InvalidCaseError, MissingFileError
from gridagora.interfaces.importers import pandapower_json
from gridagora.interfaces.importers.pandapower_json import Row, Tables, read_tables


def row(**cells):
    return Row("line", 3, cells, [])


def refused(path):
    with pytest.raises(InvalidCaseError) as caught:
        read_tables(path)
    return str(caught.value)


def test_tables_are_read_row_by_row(net):
    path = net(load=[{"name": "Mill", "bus": 0}, {"name": None, "bus": 1}], bus=[])

    tables = read_tables(path)

    first, second = tables.rows("load")
    assert (first.name, first.label, first.cells["bus"]) == ("Mill", "load 0", 0)
    assert (second.name, second.label) == ("load 1", "load 1")
    assert tables.rows("bus") == tables.rows("nothing") == []
    assert tables.names() == ["load"]
    assert tables.sn_mva == 1.0
    assert tables.faults == []


def test_a_table_may_stand_there_without_a_second_coat_of_json(net):
    path = net(load=[{"bus": 0}])
    content = json.loads(path.read_text())
    table = content["_object"]["load"]
    table["_object"] = json.loads(table["_object"])
    path.write_text(json.dumps(content))

    assert read_tables(path).rows("load")[0].cells == {"bus": 0}


def test_cells_are_numbers_flags_or_nothing():
    one = row(a=2, b=2.5, c=None, d=math.nan, e=True, f="x", g=1, h="False")

    assert (one.number("a"), one.number("b")) == (2.0, 2.5)
    assert (one.number("c", 7.0), one.number("d", 7.0), one.number("z", 7.0)) == (
        7,
        7,
        7,
    )
    assert [one.has(name) for name in "acdz"] == [True, False, False, False]
    assert one.flag("e", default=False)
    assert one.flag("g", default=False)
    assert one.flag("c", default=True)
    assert not one.flag("z", default=False)
    assert one.in_service
    assert one.faults == []
    assert math.isnan(one.number("c"))
    assert math.isnan(one.number("d"))
    assert math.isnan(one.number("e"))
    assert math.isnan(one.number("f", 1.0))
    one.flag("h", default=False)
    assert one.faults == [
        "line 3: c is None, expected a number of at most 1e+15.",
        "line 3: d is nan, expected a number of at most 1e+15.",
        "line 3: e is True, expected a number of at most 1e+15.",
        "line 3: f is 'x', expected a number of at most 1e+15.",
        "line 3: h is 'False', not true or false.",
    ]


def test_a_number_to_divide_by_is_positive():
    one = row(a=2.0, b=0)

    assert one.positive("a") == 2.0
    assert one.positive("z", 1.0) == 1.0
    assert math.isnan(one.positive("b"))
    assert one.faults == ["line 3: b is 0, expected > 0."]


@pytest.mark.parametrize("name", ["", "  ", "a\nb", 5, None])
def test_a_name_that_cannot_be_shown_gives_way_to_the_label(name):
    assert row(name=name).name == "line 3"


def test_tables_that_do_not_fit_are_faults():
    def frame(**split):
        return {"_class": "DataFrame", "_object": json.dumps(split)}

    tables = Tables(
        {
            "sn_mva": "x",
            "a": frame(columns=["x"], index=[0, 1, 2], data=[[1], [1, 2], 5]),
            "b": frame(columns=["x"], index=[0], data=[[1], [2]]),
            "c": frame(columns=["x"], index=["i", True], data=[[1], [2]]),
            "d": {"_class": "DataFrame", "_object": '{"x": {"0": 1}}'},
            "e": {"_class": "DataFrame", "_object": "{"},
            "f": {"_class": "Series"},
        }
    )

    read = {name: [one.index for one in tables.rows(name)] for name in "abcdef"}
    assert read == {"a": [0], "b": [0], "c": [], "d": [], "e": [], "f": []}
    assert tables.faults == [
        "sn_mva is no number > 0.",
        "table 'a': row 1 does not fit it.",
        "table 'a': row 2 does not fit it.",
        "table 'b' has 2 rows and 1 indices.",
        "table 'c': row 'i' does not fit it.",
        "table 'c': row True does not fit it.",
        "table 'd' is not split in columns, index, data.",
        "table 'e' is not split in columns, index, data.",
        "table 'f' is not split in columns, index, data.",
    ]


@pytest.mark.parametrize(
    ("version", "shown"), [("1.6.1", "'1.6.1'"), (None, "None"), (1.4, "1.4")]
)
def test_versions_with_other_units_are_refused(net, version, shown):
    assert refused(net(version=version)) == (
        f"case 'net.json': it is of pandapower {shown}, whose units differ; open it "
        "with pandapower 2 or newer and save it again with to_json."
    )


@pytest.mark.parametrize("text", ['{"bus": {"name": {}}}', "[1]", '{"_object": {}}'])
def test_other_json_is_refused(tmp_path, text):
    path = tmp_path / "net.json"
    path.write_text(text)

    assert refused(path) == (
        "case 'net.json': it holds no pandapower network of version 2 or newer; open "
        "it with pandapower 2 or newer and save it again with to_json."
    )


def test_what_is_no_json_missing_or_too_long_is_refused(tmp_path, net, monkeypatch):
    path = tmp_path / "net.json"
    path.write_text("gAAAAABf")
    assert refused(path) == (
        "case 'net.json': it is no JSON (Expecting value: line 1 column 1 (char 0))."
    )
    path.write_text("[" * 100_000)
    assert refused(path).startswith("case 'net.json': it is no JSON (")
    with pytest.raises(MissingFileError) as caught:
        read_tables(tmp_path / "other.json")
    assert str(caught.value) == (
        f"case file not found: {tmp_path / 'other.json'}. In that folder: net.json."
    )
    monkeypatch.setattr(pandapower_json, "_MOST_BYTES", 10)
    path.write_text('{"a": 10000}')
    assert refused(path) == "case 'net.json': it has 12 bytes, expected at most 10."
