import numpy as np
import pytest

from gridagora.errors import InvalidNetworkError, UnknownNameError
from gridagora.interfaces.importers.network import read_network
from gridagora.types.network import Network, RadialNetwork


def read(tmp_path, text, **settings):
    path = tmp_path / "feeder.csv"
    path.write_text(text)
    return read_network(path, **settings)


def refused(tmp_path, text, **settings):
    with pytest.raises(InvalidNetworkError) as caught:
        read(tmp_path, text, **settings)
    return str(caught.value)


def test_parents_make_a_tree(tmp_path):
    tree = read(tmp_path, "bus,parent,limit_kw\nb,a,5\na,,\nc,b,\n")
    assert isinstance(tree, RadialNetwork)
    assert tree.bus == ("a", "b", "c")
    assert tree.limit_kw.tolist() == [5.0, np.inf]


def test_branches_make_a_network(tmp_path):
    text = "from_bus,to_bus,limit_kw,reactance_pu\na,b,5,0.1\nb,c,,0.2\nc,a,1,0.1\n"
    network = read(tmp_path, text, reference="c")
    assert isinstance(network, Network)
    assert network.limit_kw.tolist() == [5.0, np.inf, 1.0]
    assert network.bus[network.reference] == "c"


def test_bus_numbers_are_names(tmp_path):
    assert read(tmp_path, "bus,parent\n800,\n802,800\n").bus == ("800", "802")


def test_faults_of_the_network_name_the_file(tmp_path):
    assert refused(tmp_path, "bus,parent,limit_kw\na,,\nb,a,nan\nc,x,-1\n") == (
        "network 'feeder.csv': bus 'c': its parent 'x' is not in the table. branch "
        "'a-b': limit_kw is nan, expected a number >= 0 (inf, None or an empty cell "
        "for no limit). branch 'x-c': limit_kw is -1, expected a number >= 0 (inf, "
        "None or an empty cell for no limit)."
    )


def test_missing_and_unknown_columns_are_named(tmp_path):
    assert refused(tmp_path, "from_bus,to,limit_kva\na,b,1\n") == (
        "network 'feeder.csv': column 'to_bus' is missing. column 'limit_kva' is not "
        "one of branch, from_bus, limit_kw, reactance_pu, to_bus. column 'to' is not "
        "one of branch, from_bus, limit_kw, reactance_pu, to_bus."
    )


def test_empty_names_are_refused_by_line(tmp_path):
    assert refused(tmp_path, "from_bus,to_bus\na,\n,c\n") == (
        "network 'feeder.csv': line 3: from_bus is empty, expected the name of a bus. "
        "line 2: to_bus is empty, expected the name of a bus."
    )


def test_a_tree_has_no_other_reference_than_its_source(tmp_path):
    assert refused(tmp_path, "bus,parent\na,\n", reference="a") == (
        "network 'feeder.csv': reference 'a' is asked for, but the file names its "
        "source by an empty parent."
    )


def test_an_unknown_reference_is_refused(tmp_path):
    with pytest.raises(UnknownNameError, match="no bus is called 'x'"):
        read(tmp_path, "from_bus,to_bus\na,b\n", reference="x")
