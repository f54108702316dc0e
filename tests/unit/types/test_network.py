import numpy as np
import pandas as pd
import pytest

from gridagora.errors import InvalidNetworkError, UnknownNameError
from gridagora.types.network import Network, RadialNetwork

TREE = {
    "bus": ["d", "b", "a", "c"],
    "parent": ["b", "a", None, "a"],
    "limit_kw": [5.0, 0.0, None, None],
    "branch": ["l3", "l1", "", "l2"],
}
SQUARE = {
    "from_bus": ["a", "b", "c", "d"],
    "to_bus": ["b", "c", "d", "a"],
    "limit_kw": [10.0, None, "", 7],
    "reactance_pu": [0.1, 0.1, 0.1, 0.1],
}


def message_of(build):
    with pytest.raises(InvalidNetworkError) as caught:
        build()
    return str(caught.value)


def test_a_tree_is_sorted_from_the_source_outwards():
    tree = RadialNetwork.from_table(TREE)

    assert tree.bus == ("a", "b", "c", "d")
    assert tree.parent.tolist() == [-1, 0, 0, 1]
    assert tree.branch == ("l1", "l2", "l3")
    assert tree.limit_kw.tolist() == [0.0, np.inf, 5.0]
    assert (tree.n_bus, tree.n_branch) == (4, 3)


def test_a_data_frame_and_a_dict_build_the_same_tree():
    frame = pd.DataFrame({**TREE, "limit_kw": [5.0, 0.0, np.inf, np.inf]})

    tree = RadialNetwork.from_table(frame)

    assert tree.limit_kw.tolist() == RadialNetwork.from_table(TREE).limit_kw.tolist()
    assert tree.bus == ("a", "b", "c", "d")


def test_pandas_na_is_a_missing_limit():
    frame = pd.DataFrame(TREE).astype({"limit_kw": "Float64"})

    assert RadialNetwork.from_table(frame).limit_kw.tolist() == [0.0, np.inf, 5.0]


def test_h_is_minus_one_on_the_path_from_the_source():
    # a feeds b and c, b feeds d: an injection at d relieves l1 (a-b) and l3 (b-d).
    tree = RadialNetwork.from_table(TREE)

    expected = [[0, -1, 0, -1], [0, 0, -1, 0], [0, 0, 0, -1]]
    assert tree.injection_sensitivity().tolist() == expected


def test_h_of_a_tree_is_the_same_with_and_without_the_tree_form():
    tree = RadialNetwork.from_table(TREE)

    general = tree.general()

    assert general.is_radial
    np.testing.assert_array_equal(
        general.injection_sensitivity(), tree.injection_sensitivity()
    )
    again = general.radial()
    assert (again.bus, again.branch) == (tree.bus, tree.branch)
    assert again.limit_kw.tolist() == tree.limit_kw.tolist()


def test_h_divides_the_flow_among_parallel_paths_by_reactance():
    # Injection at b, withdrawal at a: one line directly, three the other way round,
    # all of reactance 0.1: 3/4 goes b-a, 1/4 goes b-c-d-a.
    square = Network.from_table(SQUARE)

    assert not square.is_radial
    np.testing.assert_allclose(
        square.injection_sensitivity()[:, 1], [-0.75, 0.25, 0.25, 0.25]
    )
    np.testing.assert_array_equal(square.injection_sensitivity()[:, 0], 0.0)


def test_h_moved_to_another_reference_gives_the_same_flows():
    rng = np.random.default_rng(1)
    injection = rng.normal(size=4)
    injection -= injection.mean()
    flows = [
        Network.from_table(SQUARE, reference=name).injection_sensitivity() @ injection
        for name in "abcd"
    ]

    for other in flows[1:]:
        np.testing.assert_allclose(other, flows[0], atol=1e-14)


def test_missing_limits_are_unlimited_and_a_zero_limit_is_legal():
    assert Network.from_table(SQUARE).limit_kw.tolist() == [10.0, np.inf, np.inf, 7.0]


def test_a_single_bus_is_a_network():
    tree = RadialNetwork.from_table({"bus": ["a"], "parent": [None]})

    assert tree.injection_sensitivity().shape == (0, 1)
    assert tree.general().injection_sensitivity().shape == (0, 1)
    assert tree.general().radial().bus == ("a",)


def test_positions_are_found_by_name_and_unknown_names_are_refused():
    tree = RadialNetwork.from_table(TREE)

    assert tree.bus_index("c") == 2
    assert tree.general().bus_index("d") == 3
    for network in (tree, tree.general()):
        with pytest.raises(UnknownNameError, match=r"no bus is called 'x'"):
            network.bus_index("x")


def test_a_reference_that_is_no_bus_is_refused():
    with pytest.raises(UnknownNameError, match=r"no bus is called 'x'"):
        Network.from_table(SQUARE, reference="x")


def test_limits_of_named_lines_can_be_replaced():
    tree = RadialNetwork.from_table(TREE)

    assert tree.with_limits({"l2": 3.0}).limit_kw.tolist() == [0.0, 3.0, 5.0]
    with pytest.raises(UnknownNameError, match=r"no line is called 'l9'"):
        tree.with_limits({"l9": 3.0})
    assert "'l2': limit_kw is -1" in message_of(lambda: tree.with_limits({"l2": -1.0}))


def test_every_fault_of_a_tree_is_named_at_once():
    table = {
        "bus": ["a", "b", "b", "c", "d", "e"],
        "parent": [None, "a", "x", "d", "c", None],
        "limit_kw": [None, float("nan"), -2, None, "wide", None],
    }

    message = message_of(lambda: RadialNetwork.from_table(table))

    assert message == (
        "radial network: row 4: limit_kw is 'wide', expected a number. bus 'b' is named "
        "more than once. bus 'b': its parent 'x' is not in the table. 'a', 'e' all have "
        "no parent; a tree has one source. the parents of 'c', 'd' form a cycle. and 2 "
        "more"
    )


def test_limits_that_are_negative_or_nan_are_refused_with_their_lines():
    table = {**TREE, "limit_kw": [-2, float("nan"), None, 1]}

    assert message_of(lambda: RadialNetwork.from_table(table)) == (
        "radial network: branch 'l3': limit_kw is -2, expected a number >= 0 (inf, None "
        "or an empty cell for no limit). branch 'l1': limit_kw is nan, expected a number "
        ">= 0 (inf, None or an empty cell for no limit)."
    )


def test_a_tree_without_a_source_is_refused():
    table = {"bus": ["a", "b"], "parent": ["b", "a"]}

    message = message_of(lambda: RadialNetwork.from_table(table))

    assert "no bus is the source" in message
    assert "'a', 'b' form a cycle" in message


def test_every_fault_of_a_general_network_is_named_at_once():
    def build():
        Network(
            bus=("a", "b", "a"),
            branch=("l", "l"),
            from_bus=np.array([0, 1]),
            to_bus=np.array([1, 1]),
            limit_kw=np.array([-1.0, np.nan]),
            reactance_pu=np.array([0.0, 1.0]),
        )

    message = message_of(build)

    for part in (
        "bus 'a' is named more than once",
        "branch 'l' is named more than once",
        "limit_kw is -1",
        "limit_kw is nan",
        "and 1 more",
    ):
        assert part in message


def test_bad_numbers_in_a_table_of_branches_are_named_by_row():
    table = {**SQUARE, "limit_kw": [1, "x", 1, 1], "reactance_pu": [1, 1, "y", 1]}

    assert message_of(lambda: Network.from_table(table)) == (
        "network: row 1: limit_kw is 'x', expected a number. row 2: reactance_pu is 'y', "
        "expected a number."
    )


def test_islands_are_named():
    table = {"from_bus": ["a", "c"], "to_bus": ["b", "d"]}

    assert message_of(lambda: Network.from_table(table)) == (
        "network: 'c', 'd' cannot be reached from 'a'; join or remove them."
    )


def test_a_network_needs_a_bus():
    nothing = np.zeros(0)

    message = message_of(
        lambda: Network(
            (), (), nothing.astype(int), nothing.astype(int), nothing, nothing
        )
    )

    assert "there is no bus" in message


def test_loops_are_named_where_a_tree_is_needed():
    network = Network.from_table(SQUARE)

    assert message_of(network.radial) == (
        "radial network: branch 'c-d' closes a loop; a tree has none."
    )


def test_parents_out_of_order_are_refused_in_code():
    message = message_of(
        lambda: RadialNetwork(
            ("a", "b", "c"), np.array([-1, 2, 0]), ("l1", "l2"), np.full(2, np.inf)
        )
    )

    assert "from the source outwards" in message


def test_a_substation_stands_before_the_source_and_limits_what_enters():
    tree = RadialNetwork.from_table(
        {"bus": ["799", "701", "702"], "parent": ["", "799", "701"],
         "limit_kw": [None, 50, 20]}
    )  # fmt: skip
    fed = tree.with_substation(40.0)

    assert fed.bus == ("substation", "799", "701", "702")
    assert fed.parent.tolist() == [-1, 0, 1, 2]
    assert fed.branch == ("substation", "799-701", "701-702")
    assert fed.limit_kw.tolist() == [40.0, 50.0, 20.0]
    assert tree.with_substation(1.0, "head").bus[0] == "head"


def test_a_substation_needs_a_free_name_and_a_limit():
    tree = RadialNetwork.from_table({"bus": ["a", "b"], "parent": ["", "a"]})

    assert message_of(lambda: tree.with_substation(-1.0, "b")) == (
        "radial network: bus 'b' is named more than once. branch 'b': limit_kw is "
        "-1, expected a number >= 0 (inf, None or an empty cell for no limit)."
    )


def test_a_network_cannot_be_changed():
    tree = RadialNetwork.from_table(TREE)

    with pytest.raises(ValueError, match="read-only"):
        tree.limit_kw[0] = 1.0
