"""A grid without physics, on which any market runs."""

from collections.abc import Mapping, Sequence

import numpy as np

from gridagora.errors import InvalidActionError, InvalidNetworkError, UnknownNameError
from gridagora.types.actions import GridActions
from gridagora.types.arrays import Columns, FloatArray
from gridagora.types.base import BaseGrid


class InfiniteBusGrid(BaseGrid):
    """Buses that deliver whatever is asked, at 1 pu, without loss or limit.

    It has the readings of a real grid that need no physics, so that a market and its
    agents can be tried before there is a feeder.

    Args:
        buses: Names of the buses, unique.

    Attributes:
        buses: As given.
        load_buses: The same; every bus can draw.
        nodes: One node for each bus, of the same name.
        asked_kw: Net demand of each bus in the last step. kW. Shape ``(n_bus,)``.

    Raises:
        InvalidNetworkError: No bus, or a name twice.

    Example:
        >>> grid = InfiniteBusGrid(["a", "b"])
        >>> grid.set_net_demand(GridActions.of(["anna"], ["b"], np.array([3.0])))
        >>> grid.served_kw, grid.get_voltages()
        (array([0., 3.]), array([1., 1.]))
    """

    def __init__(self, buses: Sequence[str] = ("bus",)) -> None:
        self.buses = self.load_buses = self.nodes = tuple(buses)
        faults = [
            f"bus {name!r} is named more than once."
            for name in dict.fromkeys(self.buses)
            if self.buses.count(name) > 1
        ]
        if not self.buses:
            faults.append("there is no bus; give one or more names.")
        if faults:
            what = "infinite bus"
            raise InvalidNetworkError(what, faults)
        self._index = {name: at for at, name in enumerate(self.buses)}
        self.reset()

    def reset(self) -> None:
        """Forget all demand."""
        self.asked_kw: FloatArray = np.zeros(len(self.buses))

    def step(self) -> None:
        """Take note of what all agents draw.

        Raises:
            InvalidActionError: Rows that name unknown buses, all of them.
        """
        self._take([agent.get_grid_actions() for agent in self.env.agents])

    def set_net_demand(self, actions: GridActions) -> None:
        """Set the demand of the buses that rows name, 0 kW at the others.

        Raises:
            InvalidActionError: Rows that name unknown buses, all of them.
        """
        self._take([actions])

    def _take(self, tables: Sequence[GridActions]) -> None:
        asked_kw = np.zeros(len(self.buses))
        faults = []
        for table in tables:
            for name, kw in zip(table.bus, table.net_demand_kw, strict=True):
                if name in self._index:
                    asked_kw[self._index[name]] += kw
                else:
                    faults.append(UnknownNameError("bus", name, self.buses).message)
        if faults:
            what = "grid actions"
            raise InvalidActionError(what, faults)
        self.asked_kw = asked_kw

    def solve(self) -> None:
        """Do nothing; there is nothing to solve."""

    @property
    def served_kw(self) -> FloatArray:
        """What was asked; an infinite bus serves everything. kW. ``(n_bus,)``."""
        return self.asked_kw.copy()

    @property
    def nominal_kw(self) -> FloatArray:
        """Demand of each bus when nobody acts: none. kW. Shape ``(n_bus,)``."""
        return np.zeros(len(self.buses))

    def bus_index(self, name: str) -> int:
        """Return the position of a bus.

        Raises:
            UnknownNameError: No bus has that name.
        """
        if name not in self._index:
            raise UnknownNameError("bus", name, self.buses)
        return self._index[name]

    def get_voltages(self) -> FloatArray:
        """Return 1 pu for every bus. Shape ``(n_bus,)``."""
        return np.ones(len(self.buses))

    def get_losses(self) -> complex:
        """Return no losses. kW + j kvar."""
        return 0j

    def get_source_power(self) -> complex:
        """Return the sum of all net demand. kW + j kvar."""
        return complex(self.asked_kw.sum())

    def record(self) -> Mapping[str, Columns]:
        """Return tables ``voltages`` and ``grid`` with the columns of a real grid."""
        n_bus, total_kw = len(self.buses), float(self.asked_kw.sum())
        return {
            "voltages": {
                "bus": self.buses,
                "phase": np.ones(n_bus, dtype=np.int64),
                "v_pu": np.ones(n_bus),
                "flag": np.full(n_bus, "ok"),
            },
            "grid": {
                "source_kw": [total_kw],
                "loss_kw": [0.0],
                "asked_kw": [total_kw],
                "served_kw": [total_kw],
                "converged": [True],
            },
        }
