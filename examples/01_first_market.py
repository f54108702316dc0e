"""A village behind a narrow line: clear one market and settle it.

The same program stands in the README. Power in kW, prices in dollars per kWh.
"""

import pandas as pd

from gridagora import Bid, CurveColumns, Offer, RadialNetwork, clear_radial, settle

network = RadialNetwork.from_table(
    {"bus": ["feeder", "village"], "parent": [None, "feeder"], "limit_kw": [None, 40]}
)
orders = [
    Offer.affine("utility", "feeder", p_max=0.08, p_min=0.08, q_max=500),
    Offer.affine("generator", "village", p_max=0.18, p_min=0.10, q_max=32),
    Bid.affine("house 1", "village", p_max=0.30, p_min=0.10, q_max=50, q_min=10),
    Bid.affine("house 2", "village", p_max=0.25, p_min=0.25, q_max=20, q_min=20),
]
dispatch = clear_radial(network, CurveColumns.of(orders, network))
print(pd.DataFrame(dispatch.awards()).round(6))
print(pd.DataFrame(settle(dispatch).entries()))
print(f"1 kW more of line: {dispatch.congestion_per_kwh[0]:.2f} dollars an hour")
