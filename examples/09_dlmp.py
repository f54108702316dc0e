"""What makes a price on a feeder, and is it what one more kilowatt-hour costs?

The IEEE 37-node feeder has an engine and some demand response. One line and one
voltage are at their limit. Market and OpenDSS are repeated until they agree, and a
price is compared with total cost when one bus draws a little more or less and all is
solved again.
"""

from gridagora import (
    CostOffer,
    CurveColumns,
    GridLimits,
    Linearizer,
    OpenDSSGrid,
    PolynomialCost,
    ReducibleDemand,
    clear_on_grid,
)
from gridagora.markets.explain import explain
from gridagora.markets.trust import TIGHT, cost_of_more, price_errors

grid = OpenDSSGrid("ieee37", generators=("735",))
linearise = Linearizer(grid)
limits = GridLimits(voltage_pu=(0.99, 1.05), flow_kw={"l704_720": 320.0})

reducing = PolynomialCost((0, 90, 0.2))  # currency/h: 90 r + 0.2 r^2 for r kW
engine = PolynomialCost((0, 60, 0.05))
book = [
    ReducibleDemand(bus, bus, load_kw, reducing, most_reduction_kw=0.3 * load_kw)
    for bus, load_kw in zip(grid.load_buses, grid.nominal_kw.tolist(), strict=True)
]
offers = [
    CostOffer("engine", "735", engine, q_max=200),
    CostOffer("transmission", "799", PolynomialCost((0, 50)), q_max=5_000),
]
orders = CurveColumns.of([order.order() for order in (*book, *offers)], linearise())

found = clear_on_grid(linearise, orders, limits, agreement=TIGHT)
dispatch = found.dispatch
gap_pu = abs(dispatch.voltages_pu - dispatch.grid.voltages.value).max()
print(f"market and OpenDSS agree: {gap_pu < 1e-8}")
for at in dispatch.limits.binding:
    name, value = dispatch.limits.name[at], dispatch.limits.value[at]
    print(f"at its limit: {name}, {value:g} {dispatch.limits.unit[at]}")
print()
print(explain(dispatch, "722"))
print()

cost = cost_of_more(linearise, dispatch, limits)
table = price_errors(dispatch, cost, ["701", "722", "740"])
print("bus  price per      DLMP   cost of one more   agree to 0.1 per mille")
for place, unit, dlmp, central in zip(
    table["place"], table["unit"], table["dlmp"], table["central"], strict=True
):
    agree = abs(dlmp - central) < 1e-4 * max(table["dlmp"])
    print(f"{place}  {unit:5}     {dlmp:9.2f}  {central:17.2f}   {agree}")
