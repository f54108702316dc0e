"""Voltage of each phase over the distance from the substation."""

import altair as alt
import pandas as pd

from gridagora.errors import InputError
from gridagora.figures.tables import check_columns, extent, inline
from gridagora.figures.theme import (
    DASHES,
    INK,
    MUTED,
    PHASE_COLOUR,
    SHAPES,
    Side,
    edged,
    themed,
)

_WIDTH_PX = 720
_HEIGHT_PX = 380
_PHASE_NAMES = {"1": "A", "2": "B", "3": "C", "a": "A", "b": "B", "c": "C"}
_PHASES = list(PHASE_COLOUR)


def voltage_profile(
    nodes: pd.DataFrame,
    branches: pd.DataFrame,
    *,
    title: str,
    limits_pu: tuple[float, float] = (0.95, 1.05),
    subtitle: str = "",
) -> alt.LayerChart:
    """Show voltages along the feeder, one line style for each phase.

    A regulator is a step up or down, a transformer a step with its drop. The lowest
    and the highest node are named.

    Args:
        nodes: Columns ``bus``, ``phase`` (``A``, ``B``, ``C`` or 1, 2, 3),
            ``distance_km`` from the substation, ``v_pu``.
        branches: Columns ``from_bus``, ``to_bus``; a branch is drawn in each phase
            that both of its buses have.
        title: What the picture shows.
        limits_pu: Lowest and highest voltage allowed. pu.
        subtitle: Said before the count of nodes outside the limits.

    Raises:
        InputError: A column is missing, there is no node, or a phase is none of the
            three.
    """
    check_columns("nodes of a profile", nodes, ["bus", "phase", "distance_km", "v_pu"])
    check_columns("branches of a profile", branches, ["from_bus", "to_bus"])
    table = nodes.assign(phase=_phases(nodes))
    low, high = limits_pu
    outside = (table["v_pu"] < low) | (table["v_pu"] > high)
    y = alt.Y(
        "v_pu:Q",
        title="Voltage (pu)",
        scale=alt.Scale(
            domain=list(extent([*table["v_pu"], low, high], pad_frac=0.1)), nice=False
        ),
        axis=alt.Axis(format=".2f"),
    )
    x = alt.X(
        "distance_km:Q",
        title="Distance from the substation (km)",
        scale=alt.Scale(zero=True, nice=True),
    )
    layers = [
        *_segments(table, branches, x, y),
        *_limits(limits_pu, y),
        _points(table, x, y),
        *_extremes(table, x, y),
    ]
    number = f"{int(outside.sum())} of {len(table)} node voltages lie outside "
    words = f"{subtitle} {number}{low:g} to {high:g} pu.".strip()
    chart = alt.LayerChart(layer=layers).properties(width=_WIDTH_PX, height=_HEIGHT_PX)
    return themed(chart, title, words)


def _phases(nodes: pd.DataFrame) -> pd.Series:
    named = nodes["phase"].astype(str).replace(_PHASE_NAMES)
    faults = [
        f"phase is {name!r}, expected A, B, C or 1, 2, 3."
        for name in dict.fromkeys(named)
        if name not in _PHASES
    ]
    if nodes.empty:
        faults.append("there is no node.")
    if faults:
        raise InputError("nodes of a profile", faults)
    return named


def _colour() -> alt.Color:
    return alt.Color(
        "phase:N",
        title="Phase",
        scale=alt.Scale(domain=_PHASES, range=[PHASE_COLOUR[p] for p in _PHASES]),
    )


def _limits(limits_pu: tuple[float, float], y: alt.Y) -> list[alt.Chart]:
    """Rules with their values, written where feeders rarely have a voltage."""
    layers = []
    sides: tuple[tuple[float, Side, int | str, int], ...] = (
        (limits_pu[0], "left", 0, 5),
        (limits_pu[1], "right", "width", -5),
    )
    for value, align, place, dx in sides:
        table = pd.DataFrame({"v_pu": [value], "text": [f"limit {value:g} pu"]})
        base = alt.Chart(inline(table)).encode(y=y)
        text = base.encode(x=alt.value(place), text="text:N")
        rule = base.mark_rule(color=INK, strokeDash=[6, 4], strokeWidth=1.2)
        layers += [rule, *edged(text, align=align, dx=dx, dy=-9, colour=MUTED)]
    return layers


def _segments(
    table: pd.DataFrame, branches: pd.DataFrame, x: alt.X, y: alt.Y
) -> list[alt.Chart]:
    ends = table[["bus", "phase", "distance_km", "v_pu"]]
    far = ends.rename(columns={"distance_km": "distance2_km", "v_pu": "v2_pu"})
    joined = (
        branches[["from_bus", "to_bus"]]
        .merge(ends, left_on="from_bus", right_on="bus")
        .drop(columns="bus")
        .merge(far, left_on=["to_bus", "phase"], right_on=["bus", "phase"])
        .drop(columns="bus")
    )
    return [
        alt.Chart(inline(joined[joined["phase"] == phase]))
        .mark_rule(
            strokeWidth=1.8,
            opacity=0.9,
            color=PHASE_COLOUR[phase],
            strokeDash=DASHES[at],
        )
        .encode(x=x, y=y, x2="distance2_km:Q", y2="v2_pu:Q")
        for at, phase in enumerate(_PHASES)
    ]


def _points(table: pd.DataFrame, x: alt.X, y: alt.Y) -> alt.Chart:
    points: alt.Chart = (
        alt.Chart(inline(table[["bus", "phase", "distance_km", "v_pu"]]))
        .mark_point(filled=True, size=42, opacity=1)
        .encode(
            x=x,
            y=y,
            color=_colour(),
            shape=alt.Shape(
                "phase:N",
                title="Phase",
                scale=alt.Scale(domain=_PHASES, range=list(SHAPES[: len(_PHASES)])),
            ),
            tooltip=[
                alt.Tooltip("bus:N", title="Bus"),
                alt.Tooltip("phase:N", title="Phase"),
                alt.Tooltip("distance_km:Q", title="Distance (km)", format=".2f"),
                alt.Tooltip("v_pu:Q", title="Voltage (pu)", format=".4f"),
            ],
        )
    )
    return points


def _extremes(table: pd.DataFrame, x: alt.X, y: alt.Y) -> list[alt.Chart]:
    """Name the lowest and the highest node, on the side where there is room."""
    layers = []
    middle = float(table["distance_km"].max()) / 2
    for at, dy in ((table["v_pu"].idxmin(), 14), (table["v_pu"].idxmax(), -14)):
        node = table.loc[[at]].assign(text=_named)
        right = float(node["distance_km"].iloc[0]) > middle
        align: Side
        align, dx = ("right", -8) if right else ("left", 8)
        base = alt.Chart(inline(node)).encode(x=x, y=y, text="text:N")
        layers += edged(base, align=align, dx=dx, dy=dy)
    return layers


def _named(node: pd.DataFrame) -> list[str]:
    return [
        f"bus {row.bus}, phase {row.phase}: {row.v_pu:.3f} pu"
        for row in node.itertuples()
    ]
