"""The buses of a tree in one row, with a small drawing of how they hang together."""

from collections.abc import Callable
from dataclasses import dataclass

import altair as alt
import pandas as pd

from gridagora.errors import InputError, listed
from gridagora.figures.plan import BRANCH_TIPS, Spot
from gridagora.figures.shades import crosses
from gridagora.figures.tables import check_columns, inline
from gridagora.figures.theme import INK, SLATE

_ROW_PX = 15
_DOT_AREA = 40
_ENDS = ["from_at", "from_line", "at", "line"]


@dataclass(frozen=True, slots=True, eq=False)
class FeederOrder:
    """Where each bus stands in the row, and in which line of the drawing.

    Attributes:
        buses: Columns ``bus``, ``at`` (place from 0), ``line`` (0 for the main path,
            1 and more for what hangs below it), sorted by ``at``.
        links: One row for each branch: the caller's columns with ``at``, ``line`` of
            its far end and ``from_at``, ``from_line`` of its near end.
    """

    buses: pd.DataFrame
    links: pd.DataFrame

    @property
    def tall_px(self) -> int:
        """Height that the drawing needs. px."""
        return _ROW_PX * (int(self.buses["line"].max()) + 1)


def in_order(branches: pd.DataFrame) -> FeederOrder:
    """Put the buses of a tree in a row that follows its paths.

    At a junction the branch with the most buses behind it comes last and stays in the
    line of the junction; the others come before it, each with all that hangs on it, the
    first in the lowest line. So no line of the drawing crosses another.

    Args:
        branches: Columns ``branch``, ``from_bus``, ``to_bus``, the near end first, and
            any others.

    Raises:
        InputError: A column is missing, there is no branch, or the branches are not
            one tree.

    Example:
        >>> lines = pd.DataFrame(
        ...     {"branch": [1, 2, 3, 4],
        ...      "from_bus": ["s", "a", "a", "b"],
        ...      "to_bus": ["a", "b", "c", "d"]}
        ... )
        >>> in_order(lines).buses["bus"].tolist()  # c hangs below a, b and d go on
        ['s', 'a', 'c', 'b', 'd']
    """
    check_columns("branches of a tree", branches, ["branch", "from_bus", "to_bus"])
    root = _root(branches)
    children: dict[object, list[object]] = {}
    for row in branches.itertuples():
        children.setdefault(row.from_bus, []).append(row.to_bus)
    size = _sizes(root, children)
    if len(size) != len(branches) + 1:
        lost = [repr(bus) for bus in branches["to_bus"] if bus not in size]
        msg = "branches of a tree"
        raise InputError(msg, [f"from {root!r} nothing leads to {listed(lost)}."])
    rows: list[tuple[object, int, int]] = []
    waiting: list[tuple[object, int]] = [(root, 0)]
    while waiting:
        bus, line = waiting.pop()
        rows.append((bus, len(rows), line))
        below = sorted(children.get(bus, []), key=lambda child: size[child])
        depth = range(len(below) - 1, -1, -1)
        waiting += [(b, line + d) for b, d in zip(below, depth, strict=True)][::-1]
    buses = pd.DataFrame(rows, columns=["bus", "at", "line"])
    return FeederOrder(buses, _links(branches, buses))


def _root(branches: pd.DataFrame) -> object:
    fed = branches["to_bus"]
    roots = list(
        dict.fromkeys(branches.loc[~branches["from_bus"].isin(fed), "from_bus"])
    )
    faults = [
        f"bus {bus!r} is at the far end of more than one branch."
        for bus in dict.fromkeys(fed[fed.duplicated()])
    ]
    if branches.empty:
        faults.append("there is no branch.")
    elif len(roots) != 1:
        names = listed([repr(bus) for bus in roots]) or "none"
        faults.append(f"buses that no branch feeds: {names}, expected one.")
    if faults:
        msg = "branches of a tree"
        raise InputError(msg, faults)
    return roots[0]


def _sizes(root: object, children: dict[object, list[object]]) -> dict[object, int]:
    """Number of buses from each bus to the end of its paths, the bus included."""
    order = [root]
    for bus in order:
        order += children.get(bus, [])
    size: dict[object, int] = {}
    for bus in reversed(order):
        size[bus] = 1 + sum(size[child] for child in children.get(bus, []))
    return size


def _links(branches: pd.DataFrame, buses: pd.DataFrame) -> pd.DataFrame:
    place = buses.set_index("bus")
    near = place.loc[branches["from_bus"]]
    far = place.loc[branches["to_bus"]]
    return branches.assign(
        at=far["at"].to_numpy(),
        line=far["line"].to_numpy(),
        from_at=near["at"].to_numpy(),
        from_line=near["line"].to_numpy(),
    )


def drawing(
    order: FeederOrder, x: Callable[[str], alt.X], *, flag: str | None = None
) -> alt.LayerChart:
    """Return the drawing of how the buses in a row hang together.

    Args:
        order: The row.
        x: Encoding of a field that holds places.
        flag: Column of truth values; its branches get a cross. None for none.
    """
    links = order.links[["branch", "from_bus", "to_bus", *_ENDS]]
    steps = links[links["from_line"] != links["line"]]
    look = alt.MarkDef(
        type="rule", color=SLATE, strokeWidth=2, strokeCap="round", clip=False
    )
    dots = alt.Chart(inline(order.buses.assign(bus=order.buses["bus"].astype(str))))
    y = _lines(order)
    layers = [
        alt.Chart(inline(steps), mark=look).encode(
            x=x("from_at:Q"), y=y("from_line:Q"), y2="line:Q"
        ),
        alt.Chart(inline(links), mark=look).encode(
            x=x("from_at:Q"), x2="at:Q", y=y("line:Q"), tooltip=list(BRANCH_TIPS)
        ),
        dots.mark_circle(size=_DOT_AREA, color=INK, opacity=1).encode(
            x=x("at:Q"), y=y("line:Q"), tooltip=alt.Tooltip("bus:N", title="Bus")
        ),
    ]
    if flag is not None and order.links[flag].astype(bool).any():
        full = links[order.links[flag].astype(bool)]
        full = full.assign(middle=(full["from_at"] + full["at"]) / 2)
        spot: Spot = {"x": x("middle:Q"), "y": y("line:Q")}
        layers.append(crosses(full, spot, "branch at its limit", BRANCH_TIPS, area=150))
    chart: alt.LayerChart = alt.LayerChart(layer=layers).properties(
        height=order.tall_px
    )
    return chart


def _lines(order: FeederOrder) -> Callable[[str], alt.Y]:
    lowest = int(order.buses["line"].max()) + 0.5
    scale = alt.Scale(domain=[lowest, -0.5], nice=False)
    return lambda field: alt.Y(field, axis=None, scale=scale)
