"""First order of a power flow with constant powers: matrices in, matrices out.

A port is where one element draws power: between a node and the ground, or between two
nodes. Voltages obey ``Y V = I_source - A conj(S / U)``, where ``U = A^T V`` are the
voltages of the ports, ``S`` what they draw and ``A`` says which nodes they join. Around
a solution, with ``Z = Y^-1`` and ``dI`` a current that enters at the nodes,

    dV = Z (dI - A dJ),    dJ = -conj(S / U^2) conj(A^T dV)

which is linear in ``dI`` and ``conj(dI)``. Nothing here knows OpenDSS, and units are
whatever fit together (S, V and VA, or all per unit).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from gridagora.types.arrays import BoolArray, ComplexArray, IntArray

GROUND = -1
Sparse = Any
"""A sparse matrix of scipy, whose types are lost in every product."""

_DEAD = 1e-9  # a port with less of the highest voltage than this is off


@dataclass(frozen=True, slots=True, eq=False)
class Ports:
    """Places where power can be drawn, each between two nodes or node and ground.

    Attributes:
        plus: Node of the first end. Shape ``(n_port,)``.
        minus: Node of the other end, ``GROUND`` for the ground. Shape ``(n_port,)``.
    """

    plus: IntArray
    minus: IntArray

    def across(self, values: ComplexArray) -> ComplexArray:
        """Return the differences of node values (rows) over the ports.

        Args:
            values: Shape ``(n_node,)`` or ``(n_node, n)``.

        Returns:
            Shape ``(n_port,)`` or ``(n_port, n)``.
        """
        grounded = np.concatenate([values, np.zeros_like(values[:1])])  # -1 is last
        difference: ComplexArray = grounded[self.plus] - grounded[self.minus]
        return difference

    def reach(self, impedance: ComplexArray) -> ComplexArray:
        """Return ``Z A``: voltages per current that enters at one end of each port.

        Args:
            impedance: ``Z``. Shape ``(n_node, n_node)``.

        Returns:
            Shape ``(n_node, n_port)``.
        """
        return np.ascontiguousarray(self.across(impedance.T).T)

    def some(self, which: IntArray) -> "Ports":
        """Return some of the ports."""
        return Ports(self.plus[which], self.minus[which])


@dataclass(frozen=True, slots=True, eq=False)
class VoltageResponse:
    """Change of node voltages with the power drawn at ports.

    Attributes:
        forward: What ``conj(dS)`` multiplies. Shape ``(n_node, n_port)``.
        feedback: What ``dS`` multiplies: the loads' own answer to the voltage.
            Shape ``(n_node, n_port)``.
    """

    forward: ComplexArray
    feedback: ComplexArray

    @property
    def per_active(self) -> ComplexArray:
        """Change per unit of active power drawn. Shape ``(n_node, n_port)``."""
        return self.forward + self.feedback

    @property
    def per_reactive(self) -> ComplexArray:
        """Change per unit of reactive power drawn. Shape ``(n_node, n_port)``."""
        return 1j * (self.feedback - self.forward)


def voltage_response(
    reach: ComplexArray, volts: ComplexArray, ports: Ports, drawn: ComplexArray
) -> VoltageResponse:
    """Return the exact first order of the voltages.

    Loads of constant power draw more current where the voltage falls. That feedback
    makes the answer depend on ``dS`` and on its conjugate. Only the ports that draw
    power feed back, so the system to solve has as many rows as there are of these.

    Args:
        reach: ``ports.reach`` of the inverse of the admittance matrix, sources
            included, or without the rows and columns of nodes that are held.
            Shape ``(n_node, n_port)``.
        volts: Node voltages of the solution. Shape ``(n_node,)``.
        ports: Where power can be drawn.
        drawn: Power drawn there in the solution. Shape ``(n_port,)``.

    Returns:
        Zero for ports without voltage.

    Source:
        Christakou, LeBoudec, Paolone, Tomozei, IEEE Trans. Smart Grid 4(2), 2013, for
        wye loads; here for loads between any two nodes.
    """
    plain = without_feedback(reach, volts, ports)
    across = ports.across(volts)
    loaded = np.flatnonzero((drawn != 0) & _live(across))
    acting = ports.some(loaded)
    # With u = A^T dV of the loaded ports: u = a + W conj(u), where a is what u would
    # be without feedback and W = A^T Z A diag(slope). Putting conj(u) in:
    # (1 - W conj(W)) u = a + W conj(a).
    into = reach[:, loaded] * np.conj(drawn[loaded] / across[loaded] ** 2)
    coupling = acting.across(into)
    system = np.eye(len(loaded)) - coupling @ np.conj(coupling)
    seen = acting.across(plain)
    both = np.hstack([seen, coupling @ np.conj(seen)])
    followed = into @ np.conj(np.linalg.solve(system, both))
    n_port = len(drawn)
    return VoltageResponse(
        forward=plain + followed[:, n_port:], feedback=followed[:, :n_port]
    )


def without_feedback(
    reach: ComplexArray, volts: ComplexArray, ports: Ports
) -> ComplexArray:
    """Return the change of voltages per ``conj(dS)``, other currents left as they are.

    Args:
        reach: As for ``voltage_response``.
        volts: Node voltages of the solution. Shape ``(n_node,)``.
        ports: Where power can be drawn.

    Returns:
        ``-Z A diag(1 / conj(U))``, zero for ports without voltage.
        Shape ``(n_node, n_port)``.
    """
    across = ports.across(volts)
    live = _live(across)
    weight = np.where(live, -1 / np.conj(np.where(live, across, 1.0)), 0.0)
    response: ComplexArray = reach * weight
    return response


def _live(across: ComplexArray) -> BoolArray:
    size = np.abs(across)
    live: BoolArray = size > _DEAD * size.max(initial=0.0)
    return live
