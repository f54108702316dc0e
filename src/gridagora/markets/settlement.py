"""Awards and nodal prices to energy and money in whole units."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from gridagora.errors import ClearingError, UnknownNameError
from gridagora.markets.laws import marginal_prices, require, settlement_certificate
from gridagora.types.arrays import BoolArray, FloatArray, IntArray
from gridagora.types.dispatch import Dispatch, Settlement
from gridagora.types.orders import CurveColumns

WH_PER_KWH = 1_000
NANO_PER_WH = 1_000_000
"""1 currency/kWh in units of 1e-9 currency/Wh."""

LARGEST_WH = 10**9
LARGEST_PRICE_NANO = 10**9
"""|energy| and |price| of an entry; each product then stays below 2^63."""

Money = tuple[str, str, int]
"""Account, cause, money received in 1e-9 currency: an entry without energy."""

OPERATOR = "operator"
MARKET = "market"

_DUST = 1e-6  # float noise: a number so near to a whole one counts as whole


def settle(
    dispatch: Dispatch,
    rule: str = "nodal",
    *,
    interval_hours: float = 1.0,
    extra: Sequence[Money] = (),
) -> Settlement:
    """Turn a dispatch into energy and money that sum to exactly zero.

    Every order gets one entry: its energy in Wh at the price of its bus in
    1e-9 currency/Wh, money being their exact product. What buyers pay beyond what
    sellers get is the rent of the congested lines; the rule says whose it is:

    ====================  ============================================================
    ``nodal``             The network operator's. Participants pay and get nodal
                          prices.
    ``rent-to-producers`` The sellers', the same on every kWh sold. Buyers pay nodal
                          prices.
    ``rent-to-consumers`` The buyers', the same on every kWh bought. Sellers get nodal
                          prices.
    ``rent-to-both``      Half to each side, so that every kWh bought or sold gets the
                          same.
    ====================  ============================================================

    **Why the rules keep eqs. (6) and (7).** At the nodal price ``p`` of its bus every
    buyer's curve at its award lies at or above ``p`` and every seller's at or below:
    that is the law *orders at their price*. The rent is ``sum |congestion| limit``,
    hence never negative. A share of it only lowers what a buyer pays per kWh or raises
    what a seller gets, so each moves further to its own side of the curve. The last
    three rules hand out the whole rent, so that buyers pay just what sellers get,
    eq. (8).

    **What rounding may do.** Energy: each side is rounded by largest remainder to one
    total, so an order moves by at most 1 Wh, and bought equals sold; equal
    remainders go by participant, then bus. Price: rounded to the nearest unit, then
    moved by at most one unit where the order's own curve at its award requires it: a
    buyer never pays more than its curve, a seller never gets less. Money: shares of
    the rent are whole units, divided by largest remainder. All that rounding adds is
    part of the rent. Should it take more than there is, so that the rent would be
    negative, the account ``market`` pays the difference: at most 2e-9 currency per Wh
    sold and, where prices differ between buses, 1 Wh per order at that difference.
    With one price that is a whole number of units it is 0.
    An order rounded to 0 Wh has an entry without money. The curve is taken at the
    award before its energy is rounded; at its firm quantity an order has no say.

    Args:
        dispatch: A clearing; without a dispatch nothing is owed.
        rule: A name in ``RULES``.
        interval_hours: Length of the interval, > 0. h.
        extra: Further money that changes hands, ``Reductions.money`` for instance.

    Returns:
        One entry per order, in the order of ``dispatch.orders``, then those of the
        rent and those of ``extra``.

    Raises:
        UnknownNameError: There is no such rule.
        CertificateError: The dispatch breaks its laws, its sides differ by more than
            rounding, or ``extra`` does not sum to 0.
        ClearingError: An energy or a price is too large for whole units.

    Source:
        El Helou et al., OpenGridGym, eqs. (6) to (8).
    """
    shares = settlement_rule(rule)
    require(dispatch.certificate)
    orders = dispatch.orders
    if dispatch.quantity_kw.any():
        entries = _energy_entries(dispatch, interval_hours)
        rent = shares(entries, -int(entries.money_nano.sum()))
    else:
        entries, rent = _nothing(orders.n_order), ()
    settlement = _written(orders, entries, (*rent, *extra))
    require(settlement_certificate(settlement))
    return settlement


def effective_price_per_kwh(settlement: Settlement, participant: str) -> float | None:
    """Return what a participant pays or gets per kWh, its shares of rent included.

    Args:
        settlement: Entries of one interval or of many.
        participant: Whose entries.

    Returns:
        Money over energy of all its entries. Currency/kWh. ``None`` when its energy is
        0, as for a participant that bought what it sold.
    """
    energy_wh, money_nano = settlement.balance(participant)
    if energy_wh == 0:
        return None
    return -money_nano / energy_wh / NANO_PER_WH


def effective_prices(dispatch: Dispatch, rule: str = "nodal") -> FloatArray:
    """Return what each order pays or gets per kWh under a rule, its share included.

    The same as the settlement's money over energy, before both are whole units.

    Args:
        dispatch: A clearing.
        rule: A name in ``RULES``.

    Returns:
        Currency/kWh, NaN without a dispatch. Shape ``(n_order,)``.

    Raises:
        UnknownNameError: There is no such rule.
    """
    settlement_rule(rule)
    price = dispatch.order_price_per_kwh
    sides = _RECEIVERS[rule]
    if not sides:
        return price
    side = np.where(dispatch.orders.is_bid, _BUYERS, _SELLERS)
    receives = np.isin(side, sides)
    shared_kw = float(dispatch.quantity_kw[receives].sum())
    if shared_kw == 0.0:
        return price
    share = max(dispatch.congestion_rent_per_h, 0.0) / shared_kw
    effective: FloatArray = price - np.where(receives, side * share, 0.0)
    return effective


@dataclass(frozen=True, slots=True, eq=False)
class _Entries:
    """The entries of the orders: names and whole units, one row per order."""

    account: tuple[str, ...]
    bus: IntArray
    energy_wh: IntArray
    price_nano: IntArray

    @property
    def money_nano(self) -> IntArray:
        return -self.energy_wh * self.price_nano


def _to_operator(_: _Entries, rent_nano: int) -> tuple[Money, ...]:
    """Leave the rent with the operator, or have the market cover what is missing."""
    if rent_nano < 0:
        return ((MARKET, "rounding", rent_nano),)
    return ((OPERATOR, "congestion rent", rent_nano),) if rent_nano else ()


def _to_sides(*sides: int) -> Callable[[_Entries, int], tuple[Money, ...]]:
    """Return the rule that shares the rent over energy bought (1) or sold (-1)."""

    def shares(entries: _Entries, rent_nano: int) -> tuple[Money, ...]:
        if rent_nano <= 0:
            return _to_operator(entries, rent_nano)
        chosen = np.flatnonzero(np.isin(np.sign(entries.energy_wh), sides))
        energy_wh = np.abs(entries.energy_wh[chosen])
        names = [entries.account[at] for at in chosen]
        parts = divided(rent_nano, energy_wh, names, entries.bus[chosen])
        return tuple(
            (name, "rent share", part)
            for name, part in zip(names, parts, strict=True)
            if part
        )

    return shares


_BUYERS, _SELLERS = 1, -1

_RECEIVERS: Mapping[str, tuple[int, ...]] = MappingProxyType(
    {
        "nodal": (),
        "rent-to-both": (_BUYERS, _SELLERS),
        "rent-to-consumers": (_BUYERS,),
        "rent-to-producers": (_SELLERS,),
    }
)

RULES: Mapping[str, Callable[[_Entries, int], tuple[Money, ...]]] = MappingProxyType(
    {
        name: _to_sides(*sides) if sides else _to_operator
        for name, sides in _RECEIVERS.items()
    }
)
"""Settlement rules by name."""


def settlement_rule(name: str) -> Callable[[_Entries, int], tuple[Money, ...]]:
    """Return a settlement rule.

    Raises:
        UnknownNameError: There is none of that name.
    """
    if name not in RULES:
        raise UnknownNameError("settlement rule", name, RULES)
    return RULES[name]


def _energy_entries(dispatch: Dispatch, interval_hours: float) -> _Entries:
    orders = dispatch.orders
    exact_wh = dispatch.quantity_kw * (interval_hours * WH_PER_KWH)
    price = dispatch.order_price_per_kwh * NANO_PER_WH
    check_size(exact_wh, price)
    energy_wh = whole_energy_wh(
        exact_wh, orders.is_bid, names=orders.participant, bus=orders.bus
    )
    whole = whole_prices(orders, dispatch.quantity_kw, price)
    return _Entries(
        orders.participant, orders.bus, energy_wh, np.where(energy_wh != 0, whole, 0)
    )


def whole_energy_wh(
    exact_wh: FloatArray, received: BoolArray, *, names: tuple[str, ...], bus: IntArray
) -> IntArray:
    """Round energy so that what is received equals what is delivered.

    Each side is rounded by largest remainder to one total, so that no row moves by
    more than 1 Wh and a row of 0 stays 0; equal remainders go by name, then bus.

    Args:
        exact_wh: Energy of each row, >= 0. Wh. Shape ``(n_row,)``.
        received: True for energy received, False for delivered. Shape ``(n_row,)``.
        names: Whose row. Length ``n_row``.
        bus: Where. Shape ``(n_row,)``.

    Returns:
        Positive when received. Wh. Shape ``(n_row,)``. It sums to 0 unless the sides
        differed by more than rounding.
    """
    nearest = np.where(np.abs(exact_wh - np.rint(exact_wh)) <= _DUST, 0.5, 0.0)
    low = np.floor(exact_wh + nearest).astype(np.int64)
    total = round(math.fsum(exact_wh[received]))  # exact, whatever the arrival order
    total = max(total, int(low[received].sum()), int(low[~received].sum()))
    energy_wh = np.empty(exact_wh.size, dtype=np.int64)
    for side in (received, ~received):
        rows = np.flatnonzero(side)
        rest = np.maximum(exact_wh[rows] - low[rows], 0.0)
        rest[exact_wh[rows] == 0.0] = -1.0  # no award, no unit
        extra = total - int(low[rows].sum())
        chosen = [names[at] for at in rows]
        energy_wh[rows] = low[rows] + _largest(rest, extra, chosen, bus[rows])
    energy_wh[~received] *= -1
    return energy_wh


def check_size(exact_wh: FloatArray, price: FloatArray) -> None:
    """Refuse numbers whose products or sums could leave 64 bits.

    Args:
        exact_wh: Energies, >= 0. Wh. Shape ``(n_row,)``.
        price: Prices. 1e-9 currency/Wh. Shape ``(n_row,)``.

    Raises:
        ClearingError: One is too large.
    """
    largest_wh, largest_price = exact_wh.max(), np.abs(price).max()
    turnover = float(exact_wh @ np.abs(price))
    if (
        largest_wh <= LARGEST_WH
        and largest_price <= LARGEST_PRICE_NANO
        and turnover < 2.0**62
    ):
        return
    raise ClearingError(
        f"settlement: {largest_wh:g} Wh, a price of {largest_price:g}e-9 currency/Wh "
        f"and a turnover of {turnover:g}e-9 currency, expected at most {LARGEST_WH:g} "
        f"Wh, {LARGEST_PRICE_NANO:g}e-9 currency/Wh and 2^62; use larger units."
    )


def whole_prices(
    orders: CurveColumns, quantity_kw: FloatArray, price: FloatArray
) -> IntArray:
    """Round prices so that no order ends on the wrong side of its own curve.

    Args:
        orders: The orders.
        quantity_kw: Awards. kW. Shape ``(n_order,)``.
        price: What each pays or gets. 1e-9 currency/Wh. Shape ``(n_order,)``.

    Returns:
        Whole 1e-9 currency/Wh. Shape ``(n_order,)``.
    """
    low, high = (end * NANO_PER_WH for end in marginal_prices(orders, quantity_kw))
    whole = np.rint(price)
    # The certificate lets an award miss its curve by rounding: never by more than one
    # unit of price, hence the outer bounds.
    paid = np.maximum(np.minimum(whole, np.floor(high + _DUST)), np.floor(price))
    got = np.minimum(np.maximum(whole, np.ceil(low - _DUST)), np.ceil(price))
    return np.where(orders.is_bid, paid, got).astype(np.int64)


def divided(total: int, weight: IntArray, names: list[str], bus: IntArray) -> list[int]:
    """Divide a whole amount in proportion to whole weights, by largest remainder.

    Args:
        total: The amount.
        weight: Weights >= 0, not all 0. Shape ``(n_part,)``.
        names: Who gets each part; equal remainders go by name, then bus.
        bus: Where. Shape ``(n_part,)``.

    Returns:
        Parts that sum to ``total``.
    """
    whole = int(weight.sum())
    products = [total * int(part) for part in weight]  # Python integers: no overflow
    low = [product // whole for product in products]
    rest = np.array([product % whole for product in products], dtype=np.float64)
    extra = _largest(rest / whole, total - sum(low), names, bus)
    return [part + int(more) for part, more in zip(low, extra, strict=True)]


def _largest(rest: FloatArray, extra: int, names: list[str], bus: IntArray) -> IntArray:
    """Give one unit each to the largest remainders; equal ones by name, then bus."""
    unit = np.zeros(rest.size, dtype=np.int64)
    if extra <= 0:
        return unit
    rounded = np.round(rest, 6)
    last = np.sort(rounded)[max(rest.size - extra, 0)]
    unit[rounded > last] = 1
    tied = np.flatnonzero(rounded == last)
    ranked = np.lexsort((bus[tied], np.array([names[at] for at in tied])))
    unit[tied[ranked[: extra - int(unit.sum())]]] = 1
    return unit


def _nothing(n_order: int) -> _Entries:
    zero = np.zeros(n_order, dtype=np.int64)
    return _Entries(("",) * n_order, zero, zero, zero)


def _written(
    orders: CurveColumns, entries: _Entries, shares: tuple[Money, ...]
) -> Settlement:
    """Put the entries of orders and of rent into one table."""
    extra = np.zeros(len(shares), dtype=np.int64)
    money = np.array([amount for _, _, amount in shares], dtype=np.int64)
    causes = np.where(orders.is_bid, "bid", "offer").tolist()
    return Settlement(
        account=(*orders.participant, *(name for name, _, _ in shares)),
        cause=(*causes, *(cause for _, cause, _ in shares)),
        energy_wh=np.concatenate([entries.energy_wh, extra]),
        price_nano_per_wh=np.concatenate([entries.price_nano, extra]),
        money_nano=np.concatenate([entries.money_nano, money]),
    )
