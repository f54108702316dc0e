"""Awards and DLMPs with losses to energy and money in whole units."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from gridagora.markets.laws import require, settlement_certificate
from gridagora.markets.limit_shares import LimitShares, loss_surplus_per_h
from gridagora.markets.settlement import (
    MARKET,
    NANO_PER_WH,
    OPERATOR,
    WH_PER_KWH,
    Money,
    check_size,
    whole_energy_wh,
    whole_prices,
)
from gridagora.types.arrays import BoolArray, FloatArray, IntArray
from gridagora.types.dispatch import Outcome, Settlement
from gridagora.types.linear_dispatch import LinearDispatch

OTHERS = "others"
"""Account of those who draw power and sent no order."""

_TRADED = (Outcome.CLEARED, Outcome.ONE_SIDED)


def settle_linear(
    dispatch: LinearDispatch,
    *,
    interval_hours: float = 1.0,
    extra: Sequence[Money] = (),
) -> Settlement:
    """Turn a clearing with losses into energy and money that sum to exactly zero.

    Every order gets one entry: its energy in Wh at what it pays or gets per kWh, the
    reactive power that goes with it included. Further entries, each left out when it
    is 0:

    ============  ===================  ================================================
    account       cause                energy and money
    ============  ===================  ================================================
    ``others``    ``fixed demand``     who sent no order: energy at the price of active
                                       power, one entry for each place
    ``others``    ``reactive demand``  their reactive power at its prices
    ``operator``  ``losses``           the energy lost, at no price
    ``operator``  ``loss surplus``     payments for losses less what the losses cost
    ``operator``  ``congestion rent``  payments for limits of flows and currents
    ``operator``  ``voltage rent``     payments for limits of voltages
    ``market``    ``rounding``         what whole units leave
    ============  ===================  ================================================

    The three sums of money are exact parts of what all pay beyond what all get. With
    ``d`` and ``q`` the net demand by place, the price is ``energy (1 + dloss/dP) +
    sum worth dvalue/dP``, and the balance ``sum d = -loss``, so that

        sum price d = energy (dloss/dP d + dloss/dQ q - loss)
                      + sum worth (dvalue/dP d + dvalue/dQ q)

    The first is the loss surplus. Each further term is the rent of one limit; for a
    flow it is worth times limit, for a voltage worth times its distance from the
    voltage without load. Prices of unbalance are in the rents of the limits and in the
    losses that cause them.

    **What rounding may do.** As for ``settle``: energy moves by at most 1 Wh in each
    entry, and no order ends on the wrong side of its own curve. ``rounding`` is at most
    1e-9 currency per Wh and 1 Wh per entry at the largest price.

    Args:
        dispatch: A clearing; without a dispatch nothing is owed.
        interval_hours: Length of the interval, > 0. h.
        extra: Further money that changes hands, ``Reductions.money`` for instance.

    Returns:
        One entry per order, in the order of ``dispatch.orders``, then the others and
        those of ``extra``.

    Raises:
        CertificateError: The dispatch breaks its laws, its sides differ by more than
            rounding, or ``extra`` does not sum to 0.
        ClearingError: An energy or a price is too large for whole units.
    """
    require(dispatch.certificate)
    traded = dispatch.outcome in _TRADED
    rows = _Rows.of(dispatch, traded=traded)
    whole = _whole(dispatch, rows, interval_hours) if traded else (rows.zero, rows.zero)
    energy_wh, price_nano = whole
    money_nano = -energy_wh * price_nano
    money = _money(dispatch, interval_hours) if traded else []
    left = -int(money_nano.sum()) - sum(amount for _, _, amount in money)
    money = [*money, (MARKET, "rounding", left), *extra]
    money = [entry for entry in money if entry[2]]
    none = np.zeros(len(money), dtype=np.int64)
    amounts = np.array([amount for _, _, amount in money], dtype=np.int64)
    settlement = Settlement(
        account=(*rows.account, *(account for account, _, _ in money)),
        cause=(*rows.cause, *(cause for _, cause, _ in money)),
        energy_wh=np.concatenate([energy_wh, none]),
        price_nano_per_wh=np.concatenate([price_nano, none]),
        money_nano=np.concatenate([money_nano, amounts]),
    )
    require(settlement_certificate(settlement))
    return settlement


@dataclass(frozen=True, slots=True, eq=False)
class _Rows:
    """Entries with energy: the orders, then who sent none, then the losses.

    ``fixed`` are the places of those who sent none.
    """

    account: tuple[str, ...]
    cause: tuple[str, ...]
    place: IntArray
    received: BoolArray
    power_kw: FloatArray
    fixed: IntArray

    @classmethod
    def of(cls, dispatch: LinearDispatch, *, traded: bool) -> Self:
        orders, fixed_kw = dispatch.orders, dispatch.fixed_kw
        fixed = np.flatnonzero(fixed_kw) if traded else np.zeros(0, dtype=np.int64)
        lost_kw = np.array([dispatch.loss_kw] if traded and dispatch.loss_kw else [])
        source = np.full(lost_kw.size, dispatch.grid.source, dtype=np.int64)
        more_kw = np.concatenate([fixed_kw[fixed], lost_kw])
        accounts = [OTHERS] * fixed.size + [OPERATOR] * lost_kw.size
        causes = ["fixed demand"] * fixed.size + ["losses"] * lost_kw.size
        side = np.where(orders.is_bid, "bid", "offer").tolist()
        return cls(
            account=(*orders.participant, *accounts),
            cause=(*side, *causes),
            place=np.concatenate([dispatch.place, fixed, source]),
            received=np.concatenate([orders.is_bid, more_kw > 0.0]),
            power_kw=np.concatenate([dispatch.quantity_kw, np.abs(more_kw)]),
            fixed=fixed,
        )

    @property
    def zero(self) -> IntArray:
        return np.zeros(len(self.account), dtype=np.int64)


def _whole(
    dispatch: LinearDispatch, rows: _Rows, interval_hours: float
) -> tuple[IntArray, IntArray]:
    """Return energy received in Wh and price of each row, losses at price 0."""
    exact_wh = rows.power_kw * (interval_hours * WH_PER_KWH)
    mine = dispatch.order_price_per_kwh * NANO_PER_WH
    fixed = dispatch.price_per_kwh[rows.fixed] * NANO_PER_WH
    lost = np.zeros(len(rows.account) - mine.size - fixed.size)
    check_size(exact_wh, np.concatenate([mine, fixed, lost]))
    energy_wh = whole_energy_wh(
        exact_wh, rows.received, names=rows.account, bus=rows.place
    )
    bought = whole_prices(dispatch.orders, dispatch.quantity_kw, mine)
    given = np.rint(np.concatenate([fixed, lost])).astype(np.int64)
    price_nano = np.where(energy_wh != 0, np.concatenate([bought, given]), 0)
    return energy_wh, price_nano


def _money(dispatch: LinearDispatch, interval_hours: float) -> list[Money]:
    """Return the entries without energy, but for what rounding leaves."""
    shares = LimitShares.of(dispatch)
    kind = np.array(dispatch.limits.kind)[shares.row]
    volts = kind == "voltage"
    kvar = dispatch.fixed_kvar
    reactive = float(kvar @ np.where(kvar != 0.0, dispatch.price_per_kvarh, 0.0))
    amounts = (
        (OTHERS, "reactive demand", -reactive),
        (OPERATOR, "loss surplus", loss_surplus_per_h(dispatch)),
        (OPERATOR, "congestion rent", float(shares.rent_per_h[~volts].sum())),
        (OPERATOR, "voltage rent", float(shares.rent_per_h[volts].sum())),
    )
    per_hour = interval_hours * NANO_PER_WH * WH_PER_KWH
    return [(who, why, round(amount * per_hour)) for who, why, amount in amounts]
