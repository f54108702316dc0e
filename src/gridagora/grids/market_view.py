"""A case as a market sees it: merged buses, branches, places and distances."""

from functools import cached_property

import numpy as np

from gridagora.grids.bus_demand import BusRegister
from gridagora.grids.case_reading import (
    NodeTable,
    read_coordinates,
    read_segments,
    read_source_bus,
)
from gridagora.grids.feeder_view import (
    Segment,
    distances_km,
    market_segments,
    merged_buses,
    network_of,
    radial_network_of,
)
from gridagora.grids.opendss import DSS
from gridagora.types.arrays import Columns
from gridagora.types.network import Network, RadialNetwork


class MarketView:
    """What stays the same while a case is simulated, as a market names it.

    Attributes:
        source: Market bus of the source.
        mid_line: Middle buses of distributed loads.
        bus: The market buses by name.
    """

    def __init__(self, dss: DSS, nodes: NodeTable, *, merge_regulators: bool) -> None:
        self._coordinates = read_coordinates(dss)
        self._physical = read_segments(dss, nodes)
        self._source = read_source_bus(dss)
        self.mid_line = dss.case.mid_line if dss.case is not None else ()
        names = dict.fromkeys(nodes.bus)
        merged = {name: name for name in names} | merged_buses(
            self._physical, merge_regulators=merge_regulators
        )
        self._segments = market_segments(self._physical, merged, self.mid_line)
        self.source = merged[self._source]
        middles = {middle.bus for middle in self.mid_line}
        self.bus = BusRegister(
            tuple(b for b in names if merged[b] == b and b not in middles),
            {name: bus for name, bus in merged.items() if name not in middles},
        )

    @property
    def segments(self) -> list[Segment]:
        """Branches of the market network."""
        return list(self._segments)

    @cached_property
    def network(self) -> Network:
        """The market network, loops and all."""
        return network_of(self._segments, self.source)

    @cached_property
    def radial(self) -> RadialNetwork:
        """The market network as a tree."""
        return radial_network_of(self._segments, self.source)

    @property
    def coordinates(self) -> Columns:
        """Columns ``bus``, ``x``, ``y`` of all buses; NaN where none is given."""
        return self._coordinates

    @cached_property
    def distances(self) -> Columns:
        """Columns ``bus`` and ``distance_km`` along the lines from the source."""
        found = distances_km(self._physical, self._source)
        names = [str(name) for name in self._coordinates["bus"]]
        away = np.array([found.get(name, np.nan) for name in names])
        return {"bus": names, "distance_km": away}
