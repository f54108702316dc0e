"""A slow clearer in exact fractions: the quadratic program by Lemke's method.

It shares nothing with the tree algorithm: no prices are searched, no curves added. The
optimality conditions of the program over all pieces of all curves are one linear
complementarity problem, and complementary pivoting with the lexicographic rule solves
it without rounding and without cycling.

Source: Cottle, Pang, Stone, "The Linear Complementarity Problem", 1992, section 4.4.
"""

from dataclasses import dataclass
from fractions import Fraction

from gridagora.types.network import RadialNetwork
from gridagora.types.orders import CurveColumns

Row = list[Fraction]
ZERO = Fraction(0)


@dataclass(frozen=True)
class Exact:
    """An optimum: its welfare and one dispatch that reaches it."""

    welfare: Fraction
    quantity: list[Fraction]


@dataclass(frozen=True)
class _Piece:
    order: int
    bus: int
    sign: int  # 1 for a bid, -1 for an offer
    height: Fraction
    first: Fraction
    last: Fraction


def clear_exactly(
    network: RadialNetwork,
    orders: CurveColumns,
    *,
    extra_bus: int = 0,
    extra_kw: Fraction = ZERO,
) -> Exact | None:
    """Return the optimum with ``extra_kw`` of demand at a bus, or None without one."""
    pieces = list(_pieces(orders))
    firm = [ZERO] * network.n_bus
    firm[extra_bus] += extra_kw
    for order in range(orders.n_order):
        sign = 1 if orders.is_bid[order] else -1
        firm[orders.bus[order]] += sign * Fraction(orders.firm_kw[order])
    # Minimise x'Qx/2 + c'x subject to Ax >= b, x >= 0.
    cost = [-piece.sign * piece.first for piece in pieces]
    curve = [piece.sign * (piece.first - piece.last) / piece.height for piece in pieces]
    rows, bounds = _constraints(network, pieces, firm)
    x = _lemke(curve, cost, rows, bounds)
    if x is None:
        return None
    quantity = [Fraction(kw) for kw in orders.firm_kw]
    for piece, taken in zip(pieces, x, strict=True):
        quantity[piece.order] += taken
    objective = sum(
        (c * v + q * v * v / 2 for c, q, v in zip(cost, curve, x, strict=True)), ZERO
    )
    return Exact(_firm_worth(orders) - objective, quantity)


def _pieces(orders: CurveColumns):
    for order in range(orders.n_order):
        for k in range(orders.start[order], orders.start[order + 1] - 1):
            low, high = orders.quantity_kw[k], orders.quantity_kw[k + 1]
            if low == high:
                continue
            yield _Piece(
                order=order,
                bus=int(orders.bus[order]),
                sign=1 if orders.is_bid[order] else -1,
                height=Fraction(high) - Fraction(low),
                first=Fraction(orders.price_per_kwh[k]),
                last=Fraction(orders.price_per_kwh[k + 1]),
            )


def _firm_worth(orders: CurveColumns) -> Fraction:
    worth = ZERO
    for order in range(orders.n_order):
        first = orders.start[order]
        money = Fraction(orders.quantity_kw[first]) * Fraction(
            orders.price_per_kwh[first]
        )
        worth += money if orders.is_bid[order] else -money
    return worth


def _constraints(
    network: RadialNetwork, pieces: list[_Piece], firm: list[Fraction]
) -> tuple[list[Row], Row]:
    below = [{bus} for bus in range(network.n_bus)]
    for bus in range(network.n_bus - 1, 0, -1):
        below[network.parent[bus]] |= below[bus]
    rows: list[Row] = []
    bounds: Row = []
    for bus in range(network.n_bus):
        limit = network.limit_kw[bus - 1] if bus else 0.0
        if limit == float("inf"):
            continue
        fixed = sum((firm[at] for at in below[bus]), ZERO)
        row = [Fraction(p.sign if p.bus in below[bus] else 0) for p in pieces]
        # -limit <= row x + fixed <= limit
        rows += [row, [-value for value in row]]
        bounds += [-Fraction(limit) - fixed, fixed - Fraction(limit)]
    for at, piece in enumerate(pieces):
        rows.append([Fraction(-int(at == k)) for k in range(len(pieces))])
        bounds.append(-piece.height)
    return rows, bounds


def _lemke(curve: Row, cost: Row, rows: list[Row], bounds: Row) -> Row | None:
    """Solve w = q + Mz, w'z = 0, w, z >= 0 for M = [[Q, -A'], [A, 0]]."""
    n, m = len(cost), len(rows)
    size = n + m
    q = [*cost, *(-bound for bound in bounds)]
    # Columns: w, z, the artificial z0, right-hand side.
    table: list[Row] = []
    for i in range(size):
        line = [Fraction(int(i == k)) for k in range(size)]
        if i < n:
            line += [-curve[i] if k == i else ZERO for k in range(n)]
            line += [rows[k][i] for k in range(m)]
        else:
            line += [-value for value in rows[i - n]] + [ZERO] * m
        table.append([*line, Fraction(-1), q[i]])
    basis = list(range(size))
    if all(value >= 0 for value in q):
        return [ZERO] * n
    leaving = min(range(size), key=lambda i: [table[i][-1], *table[i][:size]])
    entering = 2 * size
    while True:
        _pivot(table, leaving, entering)
        left, basis[leaving] = basis[leaving], entering
        if left == 2 * size:
            break
        entering = left + size if left < size else left - size
        able = [i for i in range(size) if table[i][entering] > 0]
        if not able:
            return None  # a ray: M is copositive plus, so nothing is feasible
        leaving = min(able, key=lambda i: _ratio(table[i], entering, size))
        tied = [
            i
            for i in able
            if basis[i] == 2 * size
            and table[i][-1] / table[i][entering]
            == table[leaving][-1] / table[leaving][entering]
        ]
        leaving = tied[0] if tied else leaving
    value = {basis[i]: table[i][-1] for i in range(size)}
    return [value.get(size + k, ZERO) for k in range(n)]


def _ratio(row: Row, column: int, size: int) -> Row:
    by = row[column]
    return [row[-1] / by, *(value / by for value in row[:size])]


def _pivot(table: list[Row], row: int, column: int) -> None:
    by = table[row][column]
    table[row] = [value / by if value else value for value in table[row]]
    for i, line in enumerate(table):
        factor = line[column]
        if i != row and factor:
            table[i] = [
                value - factor * other if other else value
                for value, other in zip(line, table[row], strict=True)
            ]
