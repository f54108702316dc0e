"""DC power flow of a network as a market's optimisation needs it."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import splu

from gridagora.markets.qp import Program
from gridagora.markets.rows import DenseRows
from gridagora.types.arrays import FloatArray, IntArray
from gridagora.types.network import Network

DENSE_BUSES = 300
"""Networks up to this size use the matrix H, larger ones sparse factors."""


@dataclass(frozen=True, slots=True, eq=False)
class DenseFlows:
    """Flows by the matrix H, for networks of up to some hundred buses.

    Attributes:
        per_demand: What demand at each bus adds to each flow, ``-H``.
            Shape ``(n_branch, n_bus)``.
    """

    per_demand: FloatArray

    @classmethod
    def of(cls, network: Network) -> Self:
        """Prepare a network."""
        return cls(-network.injection_sensitivity())

    def within(self, limit: FloatArray) -> DenseRows:
        """Return the rows of a market on this network, limits scaled as its powers."""
        n_branch, n_bus = self.per_demand.shape
        one = np.ones(max(n_branch, n_bus))
        return DenseRows(
            matrix=self.per_demand,
            offset=np.zeros(n_branch),
            low=-limit,
            high=limit,
            effect=one[:n_branch],
            size=one[:n_branch],
            weight=one[:n_bus],
        )


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

    def within(self, limit: FloatArray) -> "SparseRows":
        """Return the rows of a market on this network, limits scaled as its powers."""
        n_branch, n_bus = self.incidence.shape
        return SparseRows(self, -limit, limit, np.ones(n_branch), np.ones(n_bus))

    def angles(self, injection: FloatArray) -> FloatArray:
        """Return voltage angles for injections, 0 at the reference bus."""
        kept = np.delete(np.arange(injection.shape[0]), self.reference)
        angle = np.zeros_like(injection)
        if self.factor is not None:
            angle[kept] = self.factor.solve(np.ascontiguousarray(injection[kept]))
        return angle


@dataclass(frozen=True, slots=True, eq=False)
class SparseRows:
    """Flow limits as rows over voltage angles; see ``rows.Rows``.

    Attributes:
        flows: The network.
        low: Least flows. Shape ``(n_branch,)``.
        high: Most flows. Shape ``(n_branch,)``.
        effect: Ones. Shape ``(n_branch,)``.
        weight: Ones. Shape ``(n_bus,)``.
    """

    flows: SparseFlows
    low: FloatArray
    high: FloatArray
    effect: FloatArray
    weight: FloatArray

    def value(self, net_demand: FloatArray) -> FloatArray:
        """Return the flow of each branch that serves a net demand by bus."""
        return np.asarray(self.flows.weighted @ self.flows.angles(-net_demand))

    def spread(self, worth: FloatArray) -> FloatArray:
        """Return what limits add to the price at each bus, ``-H' worth``."""
        return -self.flows.angles(np.asarray(self.flows.weighted.T @ worth))

    def rows(self, at: IntArray) -> FloatArray:
        """Return rows of ``-H``. Shape ``(at.size, n_bus)``."""
        return -self.flows.angles(self.flows.weighted[at].toarray().T).T

    def columns(self, places: IntArray) -> FloatArray:
        """Return columns of ``-H``. Shape ``(n_branch, places.size)``."""
        buses, column = np.unique(places, return_inverse=True)
        injection = np.zeros((self.weight.size, buses.size))
        injection[buses, np.arange(buses.size)] = -1.0
        found = self.flows.weighted @ self.flows.angles(injection)
        return np.asarray(found[:, column])

    def first(self) -> tuple[IntArray, bool]:
        """Return every finite limit: further sparse rows cost next to nothing."""
        return np.flatnonzero(np.isfinite(self.high)), True

    def program(
        self,
        objective: Program,
        drawn: tuple[IntArray, FloatArray],
        firm: FloatArray,
        held: IntArray,
    ) -> Program:
        """Return the program with angles as further variables; see ``Rows.program``.

        Rows are the balance of every bus, then some limits.
        """
        place, sign = drawn
        n_bus, n = firm.size, place.size
        weighted = self.flows.weighted
        kept = np.delete(np.arange(n_bus), self.flows.reference)
        taken = sparse.csr_array((sign, (place, np.arange(n))), shape=(n_bus, n))
        leaving = (self.flows.incidence.T @ weighted).tocsr()[:, kept]
        empty = sparse.csr_array((held.size, n))
        rows = sparse.block_array(
            [[taken, leaving], [empty, weighted[held][:, kept]]], format="csr"
        )
        zero, free = np.zeros(kept.size), np.full(kept.size, np.inf)
        return Program(
            curvature=np.append(objective.curvature, zero),
            linear=np.append(objective.linear, zero),
            least=np.append(objective.least, -free),
            most=np.append(objective.most, free),
            rows=rows,
            row_least=np.append(-firm, self.low[held]),
            row_most=np.append(-firm, self.high[held]),
        )

    def multipliers(
        self, row_dual: FloatArray, held: IntArray
    ) -> tuple[float, FloatArray]:
        """Return energy price and worths from the multipliers of that program."""
        worth = np.zeros(self.low.size)
        worth[held] = row_dual[self.weight.size :]
        return float(row_dual[self.flows.reference]), worth


def prepare_flows(network: Network) -> DenseFlows | SparseFlows:
    """Return the form of DC flows that suits the size of a network."""
    if network.n_bus <= DENSE_BUSES:
        return DenseFlows.of(network)
    return SparseFlows.of(network)
