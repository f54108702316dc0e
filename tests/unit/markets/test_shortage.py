"""The set of short limits is as small as it can be."""

import pytest

from gridagora.errors import ClearingError
from gridagora.markets.meshed import clear_meshed
from gridagora.markets.shortage import prove_infeasible
from gridagora.types.dispatch import Outcome
from gridagora.types.network import Network
from gridagora.types.orders import Bid, CurveColumns, Offer


def ring(limits):
    return Network.from_table(
        {
            "from_bus": ["a", "b", "a", "c"],
            "to_bus": ["b", "c", "c", "d"],
            "branch": ["ab", "bc", "ac", "cd"],
            "limit_kw": limits,
        }
    )


def book(network, firm_kw, supply_kw=20):
    return CurveColumns.of(
        [
            Offer.affine("coal", "a", p_max=1, p_min=1, q_max=supply_kw),
            Bid.affine("town", "d", p_max=9, p_min=9, q_max=firm_kw, q_min=firm_kw),
        ],
        network,
    )


def test_only_limits_that_matter_are_named():
    # 9 kW to d: a third (3) by a-b-c, two thirds (6) by a-c. ab carries 3 of 2: short;
    # cd of 5 is short too. Either alone suffices as a reason; one is named, and the
    # other, if it is not, would still be there after raising it.
    network = ring([50, 50, 50, 5])
    proof, reason = prove_infeasible(network, book(network, 9), mechanism="test")

    assert proof.passed
    assert reason == (
        "4 kW of firm power has no way through the limits of 'cd'; raising any one of "
        "them enough would help."
    )


def test_limits_that_are_short_together_are_named_together():
    # Both ways into c: ab 2 kW and ac 2 kW. In DC flow ac carries twice what ab does,
    # so ac alone holds it to 3 kW; raise it, and ab holds it to 6. With equal shares
    # by reactance only the pair would be short; here ac is the smallest set.
    network = ring([2, None, 2, None])
    proof, reason = prove_infeasible(network, book(network, 5), mechanism="test")

    assert proof.passed
    assert reason == (
        "2 kW of firm power has no way through the limits of 'ac'; raising any one of "
        "them enough would help."
    )


@pytest.mark.parametrize(
    ("firm_kw", "supply_kw", "text"),
    [(9, 5, "4 kW more firm demand than can be served in the whole network.")],
)
def test_a_lack_of_supply_blames_no_limit(firm_kw, supply_kw, text):
    network = ring([None] * 4)
    orders = book(network, firm_kw, supply_kw)

    assert prove_infeasible(network, orders, mechanism="test")[1] == text


def test_firm_supply_without_buyers_is_told_as_such():
    network = ring([None] * 4)
    orders = CurveColumns.of(
        [Offer.affine("wind", "a", p_max=0, p_min=0, q_max=3, q_min=3)], network
    )
    proof, reason = prove_infeasible(network, orders, mechanism="test")

    assert proof.passed
    assert reason == "3 kW more firm supply than can be taken up in the whole network."


def test_each_named_limit_is_needed():
    # Firm supply of 6 kW at b and firm demand of 6 kW at c, no other order. bc takes
    # 2/3 of it, 4 kW, and ab and ac one third, 2 kW. With 3, 1 and None: bc and ab each
    # alone are short. Lifting what is named must leave a feasible rest, or the rest
    # must be infeasible for another reason that is then named.
    lifted = [1.0, 3.0, None, None]
    named = set()
    dispatch = None
    for _ in range(4):
        network = ring(lifted)
        orders = CurveColumns.of(
            [
                Offer.affine("wind", "b", p_max=0, p_min=0, q_max=6, q_min=6),
                Bid.affine("town", "c", p_max=9, p_min=9, q_max=6, q_min=6),
            ],
            network,
        )
        dispatch = clear_meshed(network, orders)
        if dispatch.outcome is not Outcome.INFEASIBLE:
            break
        line = next(name for name in network.branch if f"'{name}'" in dispatch.reason)
        named.add(line)
        lifted[network.branch.index(line)] = None
    assert named == {"ab", "bc"}
    assert dispatch is not None
    assert dispatch.outcome is Outcome.CLEARED


def test_a_feasible_book_has_no_such_proof():
    network = ring([None] * 4)

    with pytest.raises(ClearingError, match=r"^test: one solver finds no dispatch"):
        prove_infeasible(network, book(network, 5), mechanism="test")
