"""Who gains how much from a dispatch, as areas between curves and prices.

Money flows per hour: power in kW times price in currency/kWh. The firm part of an order
counts at the price of its first corner. For every dispatch

    consumer surplus + producer surplus + congestion rent = gross value - gross cost
"""

import numpy as np

from gridagora.types.arrays import FloatArray
from gridagora.types.dispatch import Dispatch
from gridagora.types.linear_dispatch import LinearDispatch
from gridagora.types.preferences import curve_integral_per_h

Cleared = Dispatch | LinearDispatch
"""What a market of curves returns."""


def surplus_per_h(dispatch: Cleared) -> FloatArray:
    """Return what each order gains at its nodal price.

    Worth less payment for a bid, receipt less cost for an offer; 0 where nothing is
    awarded. It is never negative, save by the firm part of an order. Currency/h.
    Shape ``(n_order,)``.
    """
    quantity_kw = dispatch.quantity_kw
    traded = quantity_kw > 0.0
    money = np.zeros(len(quantity_kw))
    money[traded] = (quantity_kw * dispatch.order_price_per_kwh)[traded]
    gain = curve_integral_per_h(dispatch.orders, quantity_kw) - money
    return np.where(dispatch.orders.is_bid, gain, -gain)


def consumer_surplus_per_h(dispatch: Cleared) -> float:
    """Return what all bids gain. Currency/h."""
    return float(surplus_per_h(dispatch)[dispatch.orders.is_bid].sum())


def producer_surplus_per_h(dispatch: Cleared) -> float:
    """Return what all offers gain. Currency/h."""
    return float(surplus_per_h(dispatch)[~dispatch.orders.is_bid].sum())


def gross_value_per_h(dispatch: Cleared) -> float:
    """Return what the power bought is worth to its buyers. Currency/h."""
    worth = curve_integral_per_h(dispatch.orders, dispatch.quantity_kw)
    return float(worth[dispatch.orders.is_bid].sum())


def gross_cost_per_h(dispatch: Cleared) -> float:
    """Return what the power sold costs its sellers, as offered. Currency/h."""
    worth = curve_integral_per_h(dispatch.orders, dispatch.quantity_kw)
    return float(worth[~dispatch.orders.is_bid].sum())


def welfare_per_h(dispatch: Cleared) -> float:
    """Return gross value less gross cost, which nodal clearing maximises. Currency/h.

    Source:
        El Helou et al., OpenGridGym, IEEE Trans. Smart Grid, section on use case 1.
    """
    worth = curve_integral_per_h(dispatch.orders, dispatch.quantity_kw)
    return float(np.where(dispatch.orders.is_bid, worth, -worth).sum())
