"""Who paid and got what, account by account and role by role."""

from collections.abc import Mapping

import numpy as np

from gridagora.markets.demand_response import CHARGE, PAYMENT
from gridagora.markets.settlement import NANO_PER_WH, WH_PER_KWH
from gridagora.types.arrays import Columns
from gridagora.types.dispatch import Settlement

CONSUMER = "consumer"
PRODUCER = "producer"
PROVIDER = "demand-response provider"

ROLE_OF_CAUSE: Mapping[str, str] = {
    "bid": CONSUMER,
    "offer": PRODUCER,
    PAYMENT: PROVIDER,
    CHARGE: CONSUMER,
}
"""In which role an account has an entry; other causes are roles of their own."""


def bills(settlement: Settlement, role_of: Mapping[str, str] | None = None) -> Columns:
    """Return what each account received in each of its roles.

    A prosumer has one row for each role it was active in: as consumer it pays for its
    consumption and for reductions that helped it, as provider of demand response it is
    paid, as producer it sells. The columns in whole units sum to exactly 0.

    Args:
        settlement: Entries of one interval or of many.
        role_of: Role of accounts that have one only, whatever the cause, e.g.
            ``{"transmission": "transmission grid"}``.

    Returns:
        Columns ``account``, ``role``, ``energy_kwh`` and ``money`` (currency), both
        positive when received, and the same exactly as ``energy_wh`` and
        ``money_nano``. Rows by role, then account.

    Example:
        >>> from gridagora.markets.nodal import clear_nodal
        >>> from gridagora.markets.settlement import settle
        >>> from gridagora.types.network import Network
        >>> from gridagora.types.orders import Bid, CurveColumns, Offer
        >>> net = Network.from_table({"from_bus": ["a"], "to_bus": ["b"]})
        >>> book = [
        ...     Offer.affine("wind", "a", p_max=2, p_min=2, q_max=3),
        ...     Bid.affine("mill", "b", p_max=9, p_min=9, q_max=1, q_min=1),
        ... ]
        >>> table = bills(settle(clear_nodal(net, CurveColumns.of(book, net))))
        >>> table["role"], table["money"].tolist()
        (['consumer', 'producer'], [-2.0, 2.0])
    """
    known = role_of or {}
    sums: dict[tuple[str, str], list[int]] = {}
    for account, cause, energy, money in zip(
        settlement.account,
        settlement.cause,
        settlement.energy_wh.tolist(),
        settlement.money_nano.tolist(),
        strict=True,
    ):
        role = known.get(account) or ROLE_OF_CAUSE.get(cause, cause)
        total = sums.setdefault((role, account), [0, 0])
        total[0] += energy
        total[1] += money
    rows = sorted(sums)
    energy_wh = np.array([sums[row][0] for row in rows], dtype=np.int64)
    money_nano = np.array([sums[row][1] for row in rows], dtype=np.int64)
    return {
        "account": [account for _, account in rows],
        "role": [role for role, _ in rows],
        "energy_kwh": energy_wh / WH_PER_KWH,
        "money": money_nano / (NANO_PER_WH * WH_PER_KWH),
        "energy_wh": energy_wh,
        "money_nano": money_nano,
    }
