"""The IEEE 34-node feeder in OpenDSS: read it, load it, read it again.

Regulators act within each solve (controls "static"). Voltages are per unit (pu) of the
nominal voltage; a node is one phase of a bus.
"""

import numpy as np

from gridagora import GridActions, OpenDSSGrid

grid = OpenDSSGrid("ieee34", controls="static")
print(f"{len(grid.buses)} buses, {len(grid.nodes)} nodes, {len(grid.lines)} lines")
print(f"{len(grid.load_buses)} buses with load, {grid.nominal_kw.sum():.0f} kW nominal")


def show(title: str) -> None:
    voltages_pu = grid.get_voltages()
    lowest = int(np.argmin(voltages_pu))
    print(
        f"{title}: {grid.get_source_power().real:.0f} kW from the source, "
        f"{grid.get_losses().real:.0f} kW lost, "
        f"lowest voltage {voltages_pu[lowest]:.3f} pu at {grid.nodes[lowest]}"
    )


show("nominal load")
grid.set_net_demand(GridActions.of(["mill"], ["890"], np.array([200.0])))
grid.solve()
show("890 draws 200 kW instead of 450")
network = grid.market_network()
print(f"what a market sees: {network.n_bus} buses, {network.n_branch} branches")
print(f"smallest rating of a branch: {network.limit_kw.min():.0f} kW")
