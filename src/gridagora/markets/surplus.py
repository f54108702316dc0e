"""Who gains how much from a dispatch, as areas between curves and prices.

Money flows per hour: power in kW times price in currency/kWh. The firm part of an order
counts at the price of its first corner. For every dispatch

    consumer surplus + producer surplus + congestion rent = gross value - gross cost
"""

import numpy as np

from gridagora.types.arrays import FloatArray
from gridagora.types.dispatch import Dispatch
from gridagora.types.orders import CurveColumns


def worth_per_h(orders: CurveColumns, quantity_kw: FloatArray) -> FloatArray:
    """Return the area under each order's curve up to a quantity.

    For a bid it is what the power is worth to the buyer, for an offer what it costs
    the seller.

    Args:
        orders: The orders.
        quantity_kw: Power of each order, from 0 to its most. kW. Shape ``(n_order,)``.

    Returns:
        Currency/h. Shape ``(n_order,)``.

    Example:
        >>> from gridagora.types.network import RadialNetwork
        >>> from gridagora.types.orders import Bid
        >>> net = RadialNetwork.from_table({"bus": ["a"], "parent": [None]})
        >>> bid = Bid.affine("mill", "a", p_max=5.0, p_min=1.0, q_max=4.0)
        >>> worth_per_h(CurveColumns.of([bid], net), np.array([2.0])).tolist()
        [8.0]
    """
    corner, price = orders.quantity_kw, orders.price_per_kwh
    owner = np.repeat(np.arange(orders.n_order), np.diff(orders.start))
    joined = np.flatnonzero(owner[1:] == owner[:-1])  # pieces, by their first corner
    order = owner[joined]
    height = corner[joined + 1] - corner[joined]
    taken = np.clip(quantity_kw[order] - corner[joined], 0.0, height)
    share = np.divide(taken, height, out=np.zeros(len(joined)), where=height > 0)
    rise = price[joined + 1] - price[joined]
    area = taken * (price[joined] + 0.5 * share * rise)
    firm = np.minimum(quantity_kw, orders.firm_kw) * price[orders.start[:-1]]
    pieces = np.bincount(order, weights=area, minlength=orders.n_order)
    return np.asarray(firm + pieces, dtype=np.float64)


def surplus_per_h(dispatch: Dispatch) -> FloatArray:
    """Return what each order gains at its nodal price.

    Worth less payment for a bid, receipt less cost for an offer; 0 where nothing is
    awarded. It is never negative, save by the firm part of an order. Currency/h.
    Shape ``(n_order,)``.
    """
    quantity_kw = dispatch.quantity_kw
    traded = quantity_kw > 0.0
    money = np.zeros(len(quantity_kw))
    money[traded] = (quantity_kw * dispatch.order_price_per_kwh)[traded]
    gain = worth_per_h(dispatch.orders, quantity_kw) - money
    return np.where(dispatch.orders.is_bid, gain, -gain)


def consumer_surplus_per_h(dispatch: Dispatch) -> float:
    """Return what all bids gain. Currency/h."""
    return float(surplus_per_h(dispatch)[dispatch.orders.is_bid].sum())


def producer_surplus_per_h(dispatch: Dispatch) -> float:
    """Return what all offers gain. Currency/h."""
    return float(surplus_per_h(dispatch)[~dispatch.orders.is_bid].sum())


def gross_value_per_h(dispatch: Dispatch) -> float:
    """Return what the power bought is worth to its buyers. Currency/h."""
    worth = worth_per_h(dispatch.orders, dispatch.quantity_kw)
    return float(worth[dispatch.orders.is_bid].sum())


def gross_cost_per_h(dispatch: Dispatch) -> float:
    """Return what the power sold costs its sellers, as offered. Currency/h."""
    worth = worth_per_h(dispatch.orders, dispatch.quantity_kw)
    return float(worth[~dispatch.orders.is_bid].sum())


def welfare_per_h(dispatch: Dispatch) -> float:
    """Return gross value less gross cost, which nodal clearing maximises. Currency/h.

    Source:
        El Helou et al., OpenGridGym, IEEE Trans. Smart Grid, section on use case 1.
    """
    worth = worth_per_h(dispatch.orders, dispatch.quantity_kw)
    return float(np.where(dispatch.orders.is_bid, worth, -worth).sum())
