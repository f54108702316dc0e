"""One-line plan of a feeder: kinds of branches, and the load of each bus."""

import altair as alt
import numpy as np
import pandas as pd

from gridagora.figures.plan import BRANCH_TIPS, Plan, finished, lay_out, names
from gridagora.figures.tables import check_columns, inline
from gridagora.figures.theme import (
    AMBER,
    BLUE,
    DASHES,
    GREEN,
    INK,
    PURPLE,
    SLATE,
    VERMILLION,
)

_LOOK = {
    "line": (SLATE, [1, 0]),
    "transformer": (VERMILLION, [2, 2]),
    "regulator": (BLUE, [6, 2]),
    "switch": (GREEN, [3, 3]),
}
_OTHER_LOOK = (PURPLE, list(DASHES[3]))
_LEAST_AREA = 40.0
_MOST_AREA = 900.0
_MOST_AREA_IN_CROWD = 260.0


def one_line(
    buses: pd.DataFrame, branches: pd.DataFrame, *, title: str, subtitle: str = ""
) -> alt.LayerChart:
    """Draw a feeder to scale: the kinds of its branches and the load of each bus.

    Args:
        buses: Columns ``bus``, ``x``, ``y``, ``load_kw`` (0 where nothing is drawn).
        branches: Columns ``branch``, ``from_bus``, ``to_bus``, ``kind`` (``line``,
            ``transformer``, ``regulator``, ``switch``, or any word).
        title: What the picture shows.
        subtitle: How to read it.

    Raises:
        InputError: A column is missing, a bus has no position or stands twice, or a
            branch ends at a bus that is not in the table.
    """
    check_columns("buses of a map", buses, ["load_kw"])
    check_columns("branches of a map", branches, ["kind"])
    plan = lay_out(buses, branches)
    kinds = sorted(dict.fromkeys(plan.branches["kind"]), key=lambda k: (k != "line", k))
    look = [_LOOK.get(kind, _OTHER_LOOK) for kind in kinds]
    legend = alt.Legend(symbolType="stroke", symbolStrokeWidth=3, symbolSize=400)
    lines = (
        alt.Chart(inline(plan.branches))
        .mark_rule(strokeWidth=3.4)
        .encode(
            **plan.line,
            color=alt.Color(
                "kind:N",
                title="Branch",
                scale=alt.Scale(domain=kinds, range=[colour for colour, _ in look]),
                legend=legend,
            ),
            strokeDash=alt.StrokeDash(
                "kind:N",
                title="Branch",
                scale=alt.Scale(domain=kinds, range=[dash for _, dash in look]),
                legend=legend,
            ),
            tooltip=[*BRANCH_TIPS, alt.Tooltip("kind:N", title="Kind")],
        )
    )
    most_kw = float(buses["load_kw"].max()) or 1.0
    ends = [_LEAST_AREA, _MOST_AREA_IN_CROWD if plan.crowded else _MOST_AREA]
    load_kw = buses["load_kw"].to_numpy(dtype=np.float64)
    area = np.interp(load_kw, [0.0, most_kw], ends)
    size = alt.Scale(domain=[0.0, most_kw], range=ends)
    layers = [lines, *_loads(plan, size), *names(plan, area)]
    return finished(plan, layers, title, subtitle)


def _loads(plan: Plan, size: alt.Scale) -> list[alt.Chart]:
    tips = [
        alt.Tooltip("bus:N", title="Bus"),
        alt.Tooltip("load_kw:Q", title="Load (kW)", format=",.1f"),
    ]
    loaded = plan.buses[plan.buses["load_kw"] > 0]
    dots = alt.Chart(inline(plan.buses)).mark_circle(size=26, color=INK, opacity=1)
    discs = alt.Chart(inline(loaded)).mark_circle(
        color=AMBER, opacity=0.75, stroke=INK, strokeWidth=0.8
    )
    area = alt.Size(
        "load_kw:Q",
        title="Load (kW)",
        scale=size,
        legend=alt.Legend(tickCount=3, symbolFillColor=AMBER),
    )
    return [
        discs.encode(**plan.spot(), size=area, tooltip=tips),
        dots.encode(**plan.spot(), tooltip=tips),
    ]
