"""Networks as a market sees them: buses, branches, limits."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from gridagora.errors import InvalidNetworkError, UnknownNameError
from gridagora.types.arrays import FloatArray, IntArray, Table
from gridagora.types.network_tables import (
    is_nameless,
    island_faults,
    limit_faults,
    name_column,
    number_column,
    outward_order,
    reactance_faults,
    repeated_names,
    require_columns,
    self_loops,
    spanning_tree,
    tree_faults,
)


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """Buses joined by branches with flow limits, radial or meshed.

    A positive flow runs from ``from_bus`` to ``to_bus``. Every bus can be reached
    from the reference bus: islands are refused.

    Attributes:
        bus: Names, unique. Shape ``(n_bus,)``.
        branch: Names, unique. Shape ``(n_branch,)``.
        from_bus: Index of the sending bus. Shape ``(n_branch,)``.
        to_bus: Index of the receiving bus. Shape ``(n_branch,)``.
        limit_kw: Most power either way, ``inf`` when unlimited, 0 for a line that
            carries nothing. kW. Shape ``(n_branch,)``.
        reactance_pu: Series reactance > 0; divides the flow among parallel paths
            and plays no part in a radial network. pu. Shape ``(n_branch,)``.
        reference: Index of the bus whose injection balances the others.

    Raises:
        InvalidNetworkError: Every fault of the tables, named, at once.
    """

    bus: tuple[str, ...]
    branch: tuple[str, ...]
    from_bus: IntArray
    to_bus: IntArray
    limit_kw: FloatArray
    reactance_pu: FloatArray
    reference: int = 0
    _index: Mapping[str, int] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        faults = [
            *repeated_names("bus", self.bus),
            *repeated_names("branch", self.branch),
            *limit_faults(self.branch, self.limit_kw),
            *reactance_faults(self.branch, self.reactance_pu),
            *self_loops(self.branch, self.from_bus, self.to_bus),
        ]
        if not self.bus:
            faults.append("there is no bus; a network has at least one.")
        if not faults:
            faults += island_faults(self.bus, self._tree()[0], self.reference)
        if faults:
            raise InvalidNetworkError("network", faults)
        for array in (self.from_bus, self.to_bus, self.limit_kw, self.reactance_pu):
            array.flags.writeable = False
        index = {name: at for at, name in enumerate(self.bus)}
        object.__setattr__(self, "_index", index)

    @classmethod
    def from_table(cls, table: Table, *, reference: str | None = None) -> "Network":
        """Build a network from branch rows.

        Args:
            table: Columns ``from_bus``, ``to_bus`` and optionally ``branch`` (name),
                ``limit_kw`` (absent, None or blank
                means unlimited; NaN is refused) and ``reactance_pu``
                (1 when the column is absent); a DataFrame will do.
            reference: Name of the reference bus; the first bus named when ``None``.

        Returns:
            The network, buses in order of first mention.

        Raises:
            InvalidNetworkError: A column is missing, or the rows do not form one
                connected network with sound names, limits and reactances.
            UnknownNameError: ``reference`` is not one of the buses.

        Example:
            >>> net = Network.from_table({"from_bus": ["a", "b"], "to_bus": ["b", "c"]})
            >>> net.bus, net.branch
            (('a', 'b', 'c'), ('a-b', 'b-c'))
        """
        require_columns(table, ("from_bus", "to_bus"))
        sending = [str(name) for name in table["from_bus"]]
        receiving = [str(name) for name in table["to_bus"]]
        pairs = zip(sending, receiving, strict=True)
        bus = tuple(dict.fromkeys(name for pair in pairs for name in pair))
        index = {name: at for at, name in enumerate(bus)}
        if reference is not None and reference not in index:
            raise UnknownNameError("bus", reference, bus)
        n_branch = len(sending)
        names = [f"{a}-{b}" for a, b in zip(sending, receiving, strict=True)]
        limit_kw, bad_limits = number_column(table, "limit_kw", np.inf, n_branch)
        reactance, bad_reactances = number_column(table, "reactance_pu", 1.0, n_branch)
        if bad_limits or bad_reactances:
            raise InvalidNetworkError("network", bad_limits + bad_reactances)
        return cls(
            bus=bus,
            branch=tuple(name_column(table, "branch", names)),
            from_bus=np.array([index[name] for name in sending], dtype=np.int64),
            to_bus=np.array([index[name] for name in receiving], dtype=np.int64),
            limit_kw=limit_kw,
            reactance_pu=reactance,
            reference=index[reference] if reference is not None else 0,
        )

    @property
    def n_bus(self) -> int:
        """Number of buses."""
        return len(self.bus)

    @property
    def n_branch(self) -> int:
        """Number of branches."""
        return len(self.branch)

    @property
    def is_radial(self) -> bool:
        """Whether the branches form a tree."""
        return self.n_branch == self.n_bus - 1

    def bus_index(self, name: str) -> int:
        """Return the position of a bus.

        Raises:
            UnknownNameError: No bus has that name.
        """
        if name not in self._index:
            raise UnknownNameError("bus", name, self.bus)
        return self._index[name]

    def injection_sensitivity(self) -> FloatArray:
        """Return H: what one more kW injected at a bus adds to each flow.

        The extra power is withdrawn at the reference bus, so that bus's column is 0.
        In a radial network whose branches point away from the reference, an entry is
        -1 where the branch lies on the path from the reference to the bus, else 0.

        Returns:
            kW per kW. Shape ``(n_branch, n_bus)``.

        Source:
            El Helou et al., OpenGridGym, IEEE Trans. Smart Grid, eq. (17).
        """
        incidence = np.zeros((self.n_branch, self.n_bus))
        rows = np.arange(self.n_branch)
        incidence[rows, self.from_bus] = 1.0
        incidence[rows, self.to_bus] = -1.0
        weighted = incidence / self.reactance_pu[:, None]
        kept = np.delete(np.arange(self.n_bus), self.reference)
        susceptance = (incidence.T @ weighted)[np.ix_(kept, kept)]
        sensitivity = np.zeros((self.n_branch, self.n_bus))
        if kept.size:
            sensitivity[:, kept] = np.linalg.solve(susceptance, weighted[:, kept].T).T
        return np.round(sensitivity) if self.is_radial else sensitivity

    def radial(self) -> "RadialNetwork":
        """Return the same network as a tree rooted at the reference bus.

        Raises:
            InvalidNetworkError: The branches close one or more loops; each is named.
        """
        return RadialNetwork.from_network(self)

    def _tree(self) -> tuple[list[int], list[int]]:
        """Return parent bus and feeding branch of each bus, from the reference out."""
        return spanning_tree(self.n_bus, self.from_bus, self.to_bus, self.reference)


@dataclass(frozen=True, slots=True, eq=False)
class RadialNetwork:
    """A tree of buses, each fed by one line from its parent.

    Buses are stored from the source outwards, so ``parent[i] < i``; names, not
    positions, tie them to tables and grids. Line ``k`` feeds bus ``k + 1`` and its
    flow is positive away from the source.

    Attributes:
        bus: Names, the source first. Shape ``(n_bus,)``.
        parent: Index of the feeding bus, -1 for the source. Shape ``(n_bus,)``.
        branch: Name of the line feeding each bus but the source.
            Shape ``(n_branch,)`` with ``n_branch = n_bus - 1``.
        limit_kw: Most power either way, ``inf`` when unlimited. kW.
            Shape ``(n_branch,)``.
    """

    bus: tuple[str, ...]
    parent: IntArray
    branch: tuple[str, ...]
    limit_kw: FloatArray
    _index: Mapping[str, int] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        faults = [
            *repeated_names("bus", self.bus),
            *repeated_names("branch", self.branch),
            *limit_faults(self.branch, self.limit_kw),
        ]
        outward = (
            len(self.bus) > 0
            and self.parent.shape == (len(self.bus),)
            and self.parent[0] == -1
            and bool(np.all(self.parent[1:] < np.arange(1, len(self.bus))))
            and bool(np.all(self.parent[1:] >= 0))
        )
        if not outward:
            faults.append(
                "parent must list buses from the source outwards (parent[0] = -1, "
                "parent[i] < i); RadialNetwork.from_table sorts for you."
            )
        if faults:
            raise InvalidNetworkError("radial network", faults)
        for array in (self.parent, self.limit_kw):
            array.flags.writeable = False
        index = {name: at for at, name in enumerate(self.bus)}
        object.__setattr__(self, "_index", index)

    @classmethod
    def from_table(cls, table: Table) -> "RadialNetwork":
        """Build a tree from one row per bus.

        Args:
            table: Columns ``bus`` (name), ``parent`` (name; empty for the source) and
                optionally ``limit_kw`` of the line that feeds the bus (missing or
                empty means unlimited) and ``branch`` (its name); a DataFrame will do.

        Returns:
            The tree, buses sorted from the source outwards.

        Raises:
            InvalidNetworkError: Cycles, islands, unknown or repeated names, bad
                limits, no source or several: all of them in one message.

        Example:
            >>> tree = RadialNetwork.from_table(
            ...     {"bus": ["b", "a"], "parent": ["a", None], "limit_kw": [5, None]}
            ... )
            >>> tree.bus, tree.limit_kw.tolist()
            (('a', 'b'), [5.0])
        """
        require_columns(table, ("bus", "parent"))
        bus = [str(name) for name in table["bus"]]
        parent = [None if is_nameless(name) else str(name) for name in table["parent"]]
        names = name_column(
            table, "branch", [f"{p}-{b}" for p, b in zip(parent, bus, strict=True)]
        )
        limits, bad_limits = number_column(table, "limit_kw", np.inf, len(bus))
        fed = [at for at, above in enumerate(parent) if above is not None]
        faults = [
            *bad_limits,
            *repeated_names("bus", bus),
            *tree_faults(bus, parent),
            *limit_faults([names[at] for at in fed], limits[fed]),
        ]
        if faults:
            raise InvalidNetworkError("radial network", faults)
        order = outward_order(bus, parent)
        place = {bus[at]: rank for rank, at in enumerate(order)}
        above = [-1 if parent[at] is None else place[str(parent[at])] for at in order]
        return cls(
            bus=tuple(bus[at] for at in order),
            parent=np.array(above, dtype=np.int64),
            branch=tuple(names[at] for at in order[1:]),
            limit_kw=np.array([limits[at] for at in order[1:]], dtype=np.float64),
        )

    @classmethod
    def from_network(cls, network: Network) -> "RadialNetwork":
        """Root a network without loops at its reference bus.

        Raises:
            InvalidNetworkError: The branches close one or more loops; each is named.
        """
        parent, feeding = network._tree()
        closing = sorted(set(range(network.n_branch)) - set(feeding))
        if closing:
            raise InvalidNetworkError(
                "radial network",
                [
                    f"branch {network.branch[at]!r} closes a loop; a tree has none."
                    for at in closing
                ],
            )
        fed = [at >= 0 for at in feeding]
        table = {
            "bus": network.bus,
            "parent": [network.bus[at] if at >= 0 else None for at in parent],
            "branch": [network.branch[at] if at >= 0 else "" for at in feeding],
            "limit_kw": np.where(fed, network.limit_kw[feeding], np.inf)
            if network.n_branch
            else [np.inf],
        }
        return cls.from_table(table)

    @property
    def n_bus(self) -> int:
        """Number of buses."""
        return len(self.bus)

    @property
    def n_branch(self) -> int:
        """Number of lines, one fewer than buses."""
        return len(self.branch)

    def bus_index(self, name: str) -> int:
        """Return the position of a bus.

        Raises:
            UnknownNameError: No bus has that name.
        """
        if name not in self._index:
            raise UnknownNameError("bus", name, self.bus)
        return self._index[name]

    def general(self) -> Network:
        """Return the same network without its tree form."""
        return Network(
            bus=self.bus,
            branch=self.branch,
            from_bus=self.parent[1:].copy(),
            to_bus=np.arange(1, self.n_bus, dtype=np.int64),
            limit_kw=self.limit_kw.copy(),
            reactance_pu=np.ones(self.n_branch),
        )

    def with_limits(self, limit_kw: Mapping[str, float]) -> "RadialNetwork":
        """Return the same tree with the limits of some lines replaced.

        Args:
            limit_kw: Limit by line name. kW.

        Raises:
            UnknownNameError: No line has that name.
            InvalidNetworkError: A limit is negative or not a number.
        """
        place = {name: at for at, name in enumerate(self.branch)}
        limits = self.limit_kw.copy()
        for name, limit in limit_kw.items():
            if name not in place:
                raise UnknownNameError("line", name, self.branch)
            limits[place[name]] = limit
        return RadialNetwork(self.bus, self.parent.copy(), self.branch, limits)

    def with_substation(
        self, limit_kw: float, name: str = "substation"
    ) -> "RadialNetwork":
        """Return the same tree below a new source, joined by a branch with a limit.

        What enters the feeder then passes the substation's transformer.

        Args:
            limit_kw: Most power either way. kW.
            name: Of the new source bus and of the branch.

        Raises:
            InvalidNetworkError: The name is taken, or the limit negative.
        """
        parent = np.concatenate([[-1], self.parent + 1])
        limits = np.concatenate([[limit_kw], self.limit_kw])
        return RadialNetwork(
            (name, *self.bus), parent, (name, *self.branch), limits.astype(np.float64)
        )

    def injection_sensitivity(self) -> FloatArray:
        """Return H: -1 where the line lies on the path to the bus, else 0.

        Returns:
            kW per kW injected at the bus and withdrawn at the source.
            Shape ``(n_branch, n_bus)``.

        Source:
            El Helou et al., OpenGridGym, IEEE Trans. Smart Grid, eq. (17).
        """
        sensitivity = np.zeros((self.n_branch, self.n_bus))
        for bus in range(1, self.n_bus):
            sensitivity[:, bus] = sensitivity[:, self.parent[bus]]
            sensitivity[bus - 1, bus] = -1.0
        return sensitivity
