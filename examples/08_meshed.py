"""Three buses in a ring: power takes every path, and prices follow.

Cheap coal at a, dearer gas at b, a town of 9 kW at c, a limit of 4 kW on line a-c.
Reactances are equal, so 1 kW from a to c sends 2/3 over a-c and 1/3 over a-b-c.
At the limit one more kW at c costs 3: two kW more of gas at 2, less one of coal at 1.
"""

from gridagora import Bid, CurveColumns, Network, Offer, clear_nodal

ring = Network.from_table(
    {
        "from_bus": ["a", "b", "a"],
        "to_bus": ["b", "c", "c"],
        "limit_kw": [None, None, 4],
        "reactance_pu": [1.0, 1.0, 1.0],
    }
)
orders = [
    Offer.affine("coal", "a", p_max=1, p_min=1, q_max=20),
    Offer.affine("gas", "b", p_max=2, p_min=2, q_max=20),
    Bid.affine("town", "c", p_max=9, p_min=9, q_max=9, q_min=9),
]
dispatch = clear_nodal(ring, CurveColumns.of(orders, ring))
for who, power_kw in zip(
    dispatch.orders.participant, dispatch.quantity_kw, strict=True
):
    print(f"{who:<5} {power_kw:4.1f} kW")
for bus, price in zip(ring.bus, dispatch.price_per_kwh, strict=True):
    print(f"price at {bus} {price:4.2f}")
for branch, flow_kw, worth in zip(
    ring.branch, dispatch.flow_kw, dispatch.congestion_per_kwh, strict=True
):
    print(f"line {branch} carries {flow_kw:4.1f} kW, worth of its limit {worth:4.2f}")
print(f"all laws kept to 1e-9: {dispatch.certificate.passed}")
