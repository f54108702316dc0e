"""DC power flow of a network as a market's optimisation needs it."""

from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import splu

from gridagora.markets.qp import Program
from gridagora.types.arrays import FloatArray, IntArray
from gridagora.types.network import Network

DENSE_BUSES = 300
"""Networks up to this size use the matrix H, larger ones sparse factors."""


@dataclass(frozen=True, slots=True, eq=False)
class DenseFlows:
    """Flows by the matrix H, for networks of up to some hundred buses.

    Attributes:
        sensitivity: H. Shape ``(n_branch, n_bus)``.
    """

    sensitivity: FloatArray

    @classmethod
    def of(cls, network: Network) -> Self:
        """Prepare a network."""
        return cls(network.injection_sensitivity())

    def flow(self, net_demand: FloatArray) -> FloatArray:
        """Return the flow of each branch that serves a net demand by bus."""
        return np.asarray(-self.sensitivity @ net_demand)

    def spread(self, congestion: FloatArray) -> FloatArray:
        """Return by how much congestion lowers the price at each bus, ``H' mu``."""
        return np.asarray(congestion @ self.sensitivity)

    def rows(self, lines: IntArray) -> FloatArray:
        """Return rows of H. Shape ``(lines.size, n_bus)``."""
        return self.sensitivity[lines]

    def columns(self, buses: IntArray) -> FloatArray:
        """Return columns of H. Shape ``(n_branch, buses.size)``."""
        return self.sensitivity[:, buses]

    def program(
        self,
        objective: Program,
        bus: IntArray,
        sign: FloatArray,
        firm: FloatArray,
        limit: FloatArray,
    ) -> Program:
        """Return the program of a market: balance, then every finite limit.

        Args:
            objective: Costs and bounds of the variables, without rows.
            bus: Where each variable draws power. Shape ``(n,)``.
            sign: 1 where it draws, -1 where it injects. Shape ``(n,)``.
            firm: Net demand that is no variable. Shape ``(n_bus,)``.
            limit: Limit of each branch. Shape ``(n_branch,)``.
        """
        held = np.flatnonzero(np.isfinite(limit))
        fixed = self.flow(firm)[held]
        total = -firm.sum()
        return replace(
            objective,
            rows=np.vstack([sign, -self.sensitivity[np.ix_(held, bus)] * sign]),
            row_least=np.append(total, -limit[held] - fixed),
            row_most=np.append(total, limit[held] - fixed),
        )

    def multipliers(
        self, row_dual: FloatArray, limit: FloatArray
    ) -> tuple[float, FloatArray]:
        """Return energy price and congestion prices from a program's multipliers."""
        congestion = np.zeros(limit.size)
        congestion[np.isfinite(limit)] = row_dual[1:]
        return float(row_dual[0]), congestion


@dataclass(frozen=True, slots=True, eq=False)
class SparseFlows:
    """Flows by voltage angles and sparse factors, for networks of any size.

    Attributes:
        reference: Index of the reference bus.
        incidence: 1 where a branch starts, -1 where it ends.
            Shape ``(n_branch, n_bus)``.
        weighted: The same over the reactance, in units of the median reactance.
        factor: LU factors of the susceptances without the reference bus; ``None`` when
            there is no other.
    """

    reference: int
    incidence: "sparse.csr_array[Any]"
    weighted: "sparse.csr_array[Any]"
    factor: Any

    @classmethod
    def of(cls, network: Network) -> Self:
        """Prepare a network."""
        line = np.arange(network.n_branch)
        ends = np.concatenate([network.from_bus, network.to_bus])
        one = np.repeat([1.0, -1.0], network.n_branch)
        incidence = sparse.csr_array(
            (one, (np.tile(line, 2), ends)), shape=(network.n_branch, network.n_bus)
        )
        middle = np.median(network.reactance_pu) if network.n_branch else 1.0
        susceptance = middle / network.reactance_pu
        weighted = sparse.csr_array(sparse.diags_array(susceptance) @ incidence)
        kept = np.delete(np.arange(network.n_bus), network.reference)
        matrix = sparse.csc_array((incidence.T @ weighted).tocsr()[kept][:, kept])
        factor = splu(matrix) if kept.size else None
        return cls(network.reference, incidence, weighted, factor)

    def flow(self, net_demand: FloatArray) -> FloatArray:
        """Return the flow of each branch that serves a net demand by bus."""
        return np.asarray(self.weighted @ self._angles(-net_demand))

    def spread(self, congestion: FloatArray) -> FloatArray:
        """Return by how much congestion lowers the price at each bus, ``H' mu``."""
        return self._angles(np.asarray(self.weighted.T @ congestion))

    def rows(self, lines: IntArray) -> FloatArray:
        """Return rows of H. Shape ``(lines.size, n_bus)``."""
        return self._angles(self.weighted[lines].toarray().T).T

    def columns(self, buses: IntArray) -> FloatArray:
        """Return columns of H. Shape ``(n_branch, buses.size)``."""
        places, column = np.unique(buses, return_inverse=True)
        injection = np.zeros((self.incidence.shape[1], places.size))
        injection[places, np.arange(places.size)] = 1.0
        return np.asarray(self.weighted @ self._angles(injection))[:, column]

    def program(
        self,
        objective: Program,
        bus: IntArray,
        sign: FloatArray,
        firm: FloatArray,
        limit: FloatArray,
    ) -> Program:
        """Return the program of a market with angles as further variables.

        Rows are the balance of every bus, then every finite limit; for the arguments
        see ``DenseFlows.program``.
        """
        n_bus, n = firm.size, bus.size
        kept = np.delete(np.arange(n_bus), self.reference)
        held = np.flatnonzero(np.isfinite(limit))
        drawn = sparse.csr_array((sign, (bus, np.arange(n))), shape=(n_bus, n))
        leaving = (self.incidence.T @ self.weighted).tocsr()[:, kept]
        empty = sparse.csr_array((held.size, n))
        rows = sparse.block_array(
            [[drawn, leaving], [empty, self.weighted[held][:, kept]]], format="csr"
        )
        zero, free = np.zeros(kept.size), np.full(kept.size, np.inf)
        return Program(
            curvature=np.append(objective.curvature, zero),
            linear=np.append(objective.linear, zero),
            least=np.append(objective.least, -free),
            most=np.append(objective.most, free),
            rows=rows,
            row_least=np.append(-firm, -limit[held]),
            row_most=np.append(-firm, limit[held]),
        )

    def multipliers(
        self, row_dual: FloatArray, limit: FloatArray
    ) -> tuple[float, FloatArray]:
        """Return energy price and congestion prices from a program's multipliers."""
        n_bus = self.incidence.shape[1]
        congestion = np.zeros(limit.size)
        congestion[np.isfinite(limit)] = row_dual[n_bus:]
        return float(row_dual[self.reference]), congestion

    def _angles(self, injection: FloatArray) -> FloatArray:
        """Return voltage angles for injections, 0 at the reference bus."""
        kept = np.delete(np.arange(injection.shape[0]), self.reference)
        angle = np.zeros_like(injection)
        if self.factor is not None:
            angle[kept] = self.factor.solve(np.ascontiguousarray(injection[kept]))
        return angle


def prepare_flows(network: Network) -> DenseFlows | SparseFlows:
    """Return the form of DC flows that suits the size of a network."""
    if network.n_bus <= DENSE_BUSES:
        return DenseFlows.of(network)
    return SparseFlows.of(network)
