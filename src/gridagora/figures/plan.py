"""The plan of a feeder on paper: buses and branches in px, to scale."""

from dataclasses import dataclass
from typing import TypedDict

import altair as alt
import numpy as np
import pandas as pd

from gridagora.errors import InputError
from gridagora.figures.labels import place
from gridagora.figures.tables import check_columns, inline
from gridagora.figures.theme import edged, themed
from gridagora.types.arrays import FloatArray

CROWD = 60
"""Number of buses above which dots and names are drawn smaller."""

PHONE_WIDTH_PX = 680
"""Width below which a map scrolls instead of shrinking. px."""

BRANCH_TIPS = (
    alt.Tooltip("branch:N", title="Branch"),
    alt.Tooltip("from_bus:N", title="From"),
    alt.Tooltip("to_bus:N", title="To"),
)
_MOST_PX = (860.0, 640.0)
_LEAST_PX = (420.0, 220.0)
_AIR_PX = 28.0
_NAME_PX = 11


class Spot(TypedDict):
    """Encoding of a bus."""

    x: alt.X
    y: alt.Y


class Line(Spot):
    """Encoding of a branch."""

    x2: alt.X2
    y2: alt.Y2


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """Buses and branches in px, and the size of the picture.

    Attributes:
        buses: The caller's table with ``x_px``, ``y_px``.
        branches: The caller's table with the ends ``x_px, y_px, x2_px, y2_px`` and
            the middle ``xm_px, ym_px``.
        width_px: Width. px.
        height_px: Height. px.
    """

    buses: pd.DataFrame
    branches: pd.DataFrame
    width_px: float
    height_px: float

    @property
    def crowded(self) -> bool:
        """Whether dots and names have to be small."""
        return len(self.buses) > CROWD

    def spot(self, x: str = "x_px", y: str = "y_px") -> Spot:
        """Return the encoding of a position in px."""
        return {
            "x": alt.X(f"{x}:Q", axis=None, scale=alt.Scale(domain=[0, self.width_px])),
            "y": alt.Y(
                f"{y}:Q", axis=None, scale=alt.Scale(domain=[self.height_px, 0])
            ),
        }

    @property
    def line(self) -> Line:
        """The encoding of a branch from end to end."""
        return {**self.spot(), "x2": alt.X2("x2_px"), "y2": alt.Y2("y2_px")}


def lay_out(buses: pd.DataFrame, branches: pd.DataFrame) -> Plan:
    """Put a feeder to scale, one unit of length equal in both directions.

    Args:
        buses: Columns ``bus``, ``x``, ``y`` (y upwards), and any others.
        branches: Columns ``branch``, ``from_bus``, ``to_bus``, and any others.

    Raises:
        InputError: A column is missing, a bus has no position or stands twice, or a
            branch ends at a bus that is not in the table.
    """
    check_columns("buses of a map", buses, ["bus", "x", "y"])
    check_columns("branches of a map", branches, ["branch", "from_bus", "to_bus"])
    _check_places(buses, branches)
    spot, width_px, height_px = _to_scale(buses[["x", "y"]].to_numpy(dtype=np.float64))
    placed = buses.assign(x_px=spot[:, 0], y_px=spot[:, 1])
    at = placed.set_index("bus")[["x_px", "y_px"]]
    first = at.loc[branches["from_bus"]].to_numpy()
    last = at.loc[branches["to_bus"]].to_numpy()
    drawn = branches.assign(
        x_px=first[:, 0],
        y_px=first[:, 1],
        x2_px=last[:, 0],
        y2_px=last[:, 1],
        xm_px=(first[:, 0] + last[:, 0]) / 2,
        ym_px=(first[:, 1] + last[:, 1]) / 2,
    )
    return Plan(placed, drawn, width_px, height_px)


def _check_places(buses: pd.DataFrame, branches: pd.DataFrame) -> None:
    known = set(buses["bus"])
    faults = [
        f"bus {name!r} stands in more than one row."
        for name in buses.loc[buses["bus"].duplicated(), "bus"]
    ]
    lost = ~np.isfinite(buses[["x", "y"]].to_numpy(dtype=np.float64)).all(axis=1)
    faults += [
        f"bus {name!r} has no position, expected finite x and y."
        for name in buses.loc[lost, "bus"]
    ]
    faults += [
        f"branch {row.branch!r} ends at {end!r}, which is not in the table of buses."
        for row in branches.itertuples()
        for end in (row.from_bus, row.to_bus)
        if end not in known
    ]
    if buses.empty:
        faults.append("there is no bus.")
    if faults:
        raise InputError("table of a map", faults)


def _to_scale(spot: FloatArray) -> tuple[FloatArray, float, float]:
    """Turn positions into px, equal in both directions, y downwards."""
    low, high = spot.min(axis=0), spot.max(axis=0)
    size = high - low
    room = np.array(_MOST_PX) - 2 * _AIR_PX
    scale = min((r / s for r, s in zip(room, size, strict=True) if s > 0), default=1.0)
    needed = size * scale + 2 * _AIR_PX
    frame = np.maximum(needed, _LEAST_PX).round()
    offset = (frame - size * scale) / 2
    px = (spot - low) * scale + offset
    px[:, 1] = frame[1] - px[:, 1]
    return px.round(2), float(frame[0]), float(frame[1])


def names(plan: Plan, dot_area: FloatArray) -> list[alt.Chart]:
    """Return the names of the buses, each where it covers least.

    Args:
        plan: The plan.
        dot_area: Area of each bus's dot. px^2. Shape ``(n_bus,)``.
    """
    size_px = _NAME_PX - 2 if plan.crowded else _NAME_PX
    put = place(
        [str(name) for name in plan.buses["bus"]],
        plan.buses[["x_px", "y_px"]].to_numpy(),
        plan.branches[["x_px", "y_px", "x2_px", "y2_px"]].to_numpy(),
        text_px=size_px,
        dot_px=np.sqrt(dot_area / np.pi),
    )
    table = pd.DataFrame(
        {
            "bus": plan.buses["bus"].astype(str).to_numpy(),
            "x_px": put.x_px,
            "y_px": put.y_px,
        }
    )[put.shown]
    base = alt.Chart(inline(table)).encode(**plan.spot(), text="bus:N")
    return edged(base, size_px=size_px)


def layered(plan: Plan, layers: list[alt.Chart | alt.LayerChart]) -> alt.LayerChart:
    """Return the layers of a map at its size, with a legend for each scale."""
    chart: alt.LayerChart = (
        alt.LayerChart(layer=layers)
        .properties(width=plan.width_px, height=plan.height_px)
        .resolve_scale(
            color="independent",
            shape="independent",
            size="independent",
            strokeDash="independent",
        )
    )
    return chart


def finished(
    plan: Plan, layers: list[alt.Chart | alt.LayerChart], title: str, subtitle: str
) -> alt.LayerChart:
    """Return the layers of a map as one picture."""
    return themed(
        layered(plan, layers),
        title,
        subtitle,
        margin_px=30,
        least_width_px=PHONE_WIDTH_PX,
    )
