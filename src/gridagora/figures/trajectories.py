"""What several participants do through a long run, one panel for each run or case."""

from collections.abc import Mapping, Sequence

import altair as alt
import numpy as np
import pandas as pd

from gridagora.errors import InputError
from gridagora.figures.line_ends import Axes, End, end_names, margin_px
from gridagora.figures.panels import Panels
from gridagora.figures.tables import Measure, check_columns, extent, inline
from gridagora.figures.theme import INK, line_look, themed

_MOST_BINS = 200
_LEVEL_DASH = (3, 3)
_TABLE = "table of trajectories"

Look = tuple[str, Sequence[float]]
"""Colour and dash."""

Levels = Mapping[str, float | Mapping[str, float]]
"""Values to compare with, by name: one for all panels, or one by panel."""


def trajectories(  # noqa: PLR0913  (one keyword for each thing that may be drawn)
    table: pd.DataFrame,
    *,
    x: Measure,
    y: Measure,
    group: str,
    panel: str,
    title: str,
    subtitle: str = "",
    levels: Levels | None = None,
    spread: tuple[str, str] | None = None,
    columns: int = 2,
    stepped: bool = False,
) -> alt.VConcatChart:
    """Show one line for each group, in one panel for each run or case.

    All panels have the same axes, and a group has the same look in all of them. A line
    of more than 400 values is drawn by the first and the last one and, of each of 200
    equal parts, the lowest and the highest, so that no peak is lost; its band then
    reaches from the lowest to the highest end in that part.

    Args:
        table: One row for each panel, group and value of ``x``, in any order.
        x: What runs along, e.g. a generation.
        y: What is shown. Rows without a finite value are left out.
        group: Column of what has a line, e.g. a participant.
        panel: Column of what has a panel, e.g. a run or a case.
        title: What the picture shows.
        subtitle: How to read it, as whole sentences, e.g. what the bands reach from
            and to.
        levels: Values of ``y`` by name, drawn as thin dashed lines, e.g. a mean known
            in closed form: one number for all panels, or a number by panel.
        spread: Columns of the lower and the upper end of a band around each line. Where
            one is not finite the band is as thin as the line.
        columns: Panels side by side.
        stepped: Whether a value holds until the next one, for what has no values
            between: lines then go in steps.

    Raises:
        InputError: A column is missing, no row has a value, a row stands twice, a level
            is for a panel that is not there, or there is less than one column.

    Example:
        >>> runs = pd.DataFrame(
        ...     {"t": [0, 1], "markup": [9.0, 7.0], "who": "G1", "seed": "run 1"}
        ... )
        >>> t, markup = Measure("t", "Generation"), Measure("markup", "Markup")
        >>> chart = trajectories(
        ...     runs, x=t, y=markup, group="who", panel="seed", title="Markups"
        ... )
        >>> chart.to_dict()["vconcat"][0]["hconcat"][0]["title"]["text"]
        'run 1'
    """
    columns_used = (x.column, y.column, group, panel)
    check_columns(_TABLE, table, [*columns_used, *(spread or ())])
    rows = _rows(table, columns_used, spread)
    names = tuple(dict.fromkeys(rows["panel"]))
    _check(rows, levels or {}, names, y)
    held = [_held(levels or {}, name) for name in names]
    looks = _looks(rows)
    rows = rows.sort_values("x", kind="stable")
    axes = _axes(x, y, rows, held)
    panels = Panels(names, columns, margin_px([*looks, *(levels or {})]))
    drawn = []
    for at, name in enumerate(names):
        lines = _lines_of(rows[rows["panel"] == name], looks)
        frame = panels.outer(axes, at)
        layers = _layers(lines, held[at], looks, frame, axes, stepped=stepped)
        ends = _ends(lines, held[at], looks, axes)
        names_at_ends = end_names(ends, frame, tall_px=panels.height_px)
        drawn.append([*layers, *names_at_ends])
    words = f"{subtitle} {_explained(rows)}".strip()
    return themed(panels.drawn(drawn), title, words, margin_px=panels.margin_px)


def _rows(
    table: pd.DataFrame,
    columns: tuple[str, str, str, str],
    spread: tuple[str, str] | None,
) -> pd.DataFrame:
    """Rows that can be drawn, in the order of the table."""
    x, y, group, panel = columns
    rows = pd.DataFrame(
        {
            "x": table[x].astype(float),
            "y": table[y].astype(float),
            "group": table[group].astype(str),
            "panel": table[panel].astype(str),
        }
    )
    for end, column in zip(("low", "high"), spread or (), strict=False):
        given = table[column].astype(float)
        rows[end] = given.where(np.isfinite(given), rows["y"])
    known: pd.DataFrame = rows[np.isfinite(rows["x"]) & np.isfinite(rows["y"])]
    return known


def _check(
    rows: pd.DataFrame, levels: Levels, names: tuple[str, ...], y: Measure
) -> None:
    twice = rows[rows.duplicated(["panel", "group", "x"])]
    faults = [
        f"{row.group!r} in {row.panel!r} has more than one row at {row.x:g}."
        for row in twice.itertuples()
    ]
    if rows.empty:
        faults.append(f"no row has a finite {y.column!r}.")
    faults += [
        f"level {level!r} is for {name!r}, which is no panel."
        for level, by_panel in levels.items()
        if isinstance(by_panel, Mapping)
        for name in by_panel
        if name not in names
    ]
    if faults:
        raise InputError(_TABLE, faults)


def _held(levels: Levels, panel: str) -> dict[str, float]:
    """Levels of one panel."""
    held = {}
    for name, level in levels.items():
        if not isinstance(level, Mapping):
            held[name] = float(level)
        elif panel in level:
            held[name] = float(level[panel])
    return held


def _looks(rows: pd.DataFrame) -> dict[str, Look]:
    names = dict.fromkeys(rows["group"])
    return {name: line_look(at) for at, name in enumerate(names)}


def _axes(
    x: Measure, y: Measure, rows: pd.DataFrame, held: Sequence[Mapping[str, float]]
) -> Axes:
    along = rows["x"]
    low, high = float(along.min()), float(along.max())
    up = [*(level for levels in held for level in levels.values())]
    for column in ("y", "low", "high"):
        up += [*rows[column]] if column in rows else []
    x_ends = x.domain or ((low, high) if high > low else extent(along))
    return Axes(x, y, x_ends, y.domain or extent(up))


def _lines_of(rows: pd.DataFrame, looks: Mapping[str, Look]) -> dict[str, pd.DataFrame]:
    """Lines of one panel, in the order in which groups have their looks."""
    lines = {name: rows[rows["group"] == name] for name in looks}
    return {name: _thinned(line) for name, line in lines.items() if len(line)}


def _thinned(line: pd.DataFrame) -> pd.DataFrame:
    """The first row, the last one, and the extremes of each part of a long line."""
    n_row = len(line)
    if n_row <= 2 * _MOST_BINS:
        return line
    bins = pd.Series(np.arange(n_row) * _MOST_BINS // n_row)
    parts = line.reset_index(drop=True).groupby(bins)
    kept = np.unique([0, n_row - 1, *parts["y"].idxmin(), *parts["y"].idxmax()])
    thin = line.iloc[kept].copy()
    if "low" in line:
        thin["low"] = parts["low"].min()[bins[kept]].to_numpy()
        thin["high"] = parts["high"].max()[bins[kept]].to_numpy()
    return thin


def _layers(
    lines: Mapping[str, pd.DataFrame],
    held: Mapping[str, float],
    looks: Mapping[str, Look],
    frame: Axes,
    axes: Axes,
    *,
    stepped: bool,
) -> list[alt.Chart]:
    """Bands, lines and levels of one panel, the levels on top."""
    areas, strokes = [], []
    for name, line in lines.items():
        colour, dash = looks[name]
        base = alt.Chart(inline(line.drop(columns="panel"))).encode(x=frame.x("x:Q"))
        if "low" in line:
            area = base.mark_area(color=colour, opacity=0.22, line=False)
            areas.append(area.encode(y=frame.y("low:Q"), y2="high:Q"))
        stroke = base.mark_line(
            color=colour,
            strokeDash=list(dash),
            strokeWidth=1.6,
            strokeJoin="round",
            interpolate="step-after" if stepped else "linear",
        )
        strokes.append(stroke.encode(y=frame.y("y:Q"), tooltip=_tips(axes)))
    return [*areas, *strokes, *_levels(held, frame)]


def _levels(held: Mapping[str, float], frame: Axes) -> list[alt.Chart]:
    if not held:
        return []
    base = alt.Chart(inline(pd.DataFrame({"y": list(held.values())})))
    dashes = base.mark_rule(color=INK, strokeWidth=1.3, strokeDash=list(_LEVEL_DASH))
    return [dashes.encode(y=frame.y("y:Q"))]


def _tips(axes: Axes) -> list[alt.Tooltip]:
    return [
        alt.Tooltip("group:N", title="Line"),
        alt.Tooltip("x:Q", title=axes.along.label, format=".4~g"),
        alt.Tooltip("y:Q", title=axes.up.label, format=axes.up.format),
    ]


def _ends(
    lines: Mapping[str, pd.DataFrame],
    held: Mapping[str, float],
    looks: Mapping[str, Look],
    axes: Axes,
) -> list[End]:
    ends = [
        End(name, float(line["x"].iloc[-1]), float(line["y"].iloc[-1]), *looks[name])
        for name, line in lines.items()
    ]
    thin = [
        End(name, axes.x_ends[1], level, INK, _LEVEL_DASH)
        for name, level in held.items()
    ]
    return [*ends, *thin]


def _explained(rows: pd.DataFrame) -> str:
    most = int(rows.groupby(["panel", "group"]).size().max())
    if most <= 2 * _MOST_BINS:
        return ""
    every = f"{most / _MOST_BINS:.3g}"
    return f"Drawn are the lowest and the highest of every {every} values of a line."
