"""A strategy as a map: what it answers to what it remembers."""

import altair as alt
import numpy as np
import pandas as pd

from gridagora.errors import InputError
from gridagora.figures.shades import gradient
from gridagora.figures.tables import Measure, check_columns, inline
from gridagora.figures.theme import INK, PAPER, themed
from gridagora.types.arrays import FloatArray

_WIDTH_PX = 480
_HEIGHT_PX = 380
_MARGIN_PX = 100
_MOST_DOTS = 500
_OVERLAP_PX = 0.6
_TABLE = "table of a response"

Ends = tuple[tuple[float, float], tuple[float, float]]
"""Ends of the axis along and of the one upwards."""


def response(  # noqa: PLR0913  (one keyword for each thing that is drawn)
    table: pd.DataFrame,
    *,
    x: Measure,
    y: Measure,
    value: Measure,
    title: str,
    subtitle: str = "",
    dots: pd.DataFrame | None = None,
) -> alt.LayerChart:
    """Shade the answer over a grid of two inputs, dark at high values.

    Args:
        table: One row for each point of a grid; cells reach half-way to the next
            points. A point without a finite value stays white.
        x: The input along, e.g. the markup remembered.
        y: The input upwards, e.g. the price remembered.
        value: The answer, e.g. the next markup.
        title: What the picture shows.
        subtitle: How to read it, as whole sentences; empty for a word on the dots.
        dots: Inputs that were really met, with the columns of ``x`` and ``y``; those
            beyond the map are left out, and of more than 500 every n-th is drawn. None
            for none.

    Raises:
        InputError: A column is missing, no point has a value, a point stands twice, or
            there are less than two values of ``x`` or of ``y``.

    Example:
        >>> grid = pd.DataFrame(
        ...     {"markup": [0, 0, 30, 30], "price": [20, 50, 20, 50], "next": range(4)}
        ... )
        >>> chart = response(
        ...     grid,
        ...     x=Measure("markup", "Last markup", "c/kWh"),
        ...     y=Measure("price", "Last price", "c/kWh"),
        ...     value=Measure("next", "Next markup", "c/kWh"),
        ...     title="A strategy",
        ... )
        >>> chart.to_dict()["layer"][0]["mark"]["type"]
        'rect'
    """
    check_columns(_TABLE, table, [x.column, y.column, value.column])
    if dots is not None:
        check_columns("dots of a response", dots, [x.column, y.column])
    points = pd.DataFrame(
        {
            "x": table[x.column].astype(float),
            "y": table[y.column].astype(float),
            "value": table[value.column].astype(float),
        }
    )
    known = points[np.isfinite(points["value"])]
    _check(points, known, (x, y, value))
    cells, found = _cells(points, known)
    ends = (x.domain or found[0], y.domain or found[1])
    met, n_met = _met(dots, (x, y), ends)
    layers = [_shades(cells, (x, y, value), ends)]
    if not met.empty:
        layers.append(_dots(met, (x, y), ends))
    chart = alt.LayerChart(layer=layers).properties(width=_WIDTH_PX, height=_HEIGHT_PX)
    words = [subtitle or ("" if met.empty else "Dots: what was really met.")]
    words += [f"Drawn are {len(met)} of {n_met} dots."] if len(met) < n_met else []
    return themed(chart, title, " ".join(words).strip(), margin_px=_MARGIN_PX)


def _check(
    points: pd.DataFrame, known: pd.DataFrame, measures: tuple[Measure, ...]
) -> None:
    x, y, value = measures
    twice = points[points.duplicated(["x", "y"])]
    faults = [
        f"the point {point.x:g}, {point.y:g} stands in more than one row."
        for point in twice.itertuples()
    ]
    faults += [
        f"finite values of {measure.column!r}: {points[axis].nunique()}, expected 2 or "
        "more."
        for axis, measure in (("x", x), ("y", y))
        if points[axis].nunique() < 2
    ]
    if known.empty:
        faults.append(f"no row has a finite {value.column!r}.")
    if faults:
        raise InputError(_TABLE, faults)


def _met(
    dots: pd.DataFrame | None, measures: tuple[Measure, Measure], ends: Ends
) -> tuple[pd.DataFrame, int]:
    """Dots on the map, evenly thinned, and how many there are."""
    if dots is None:
        return pd.DataFrame({"x": [], "y": []}), 0
    x, y = measures
    met = pd.DataFrame(
        {"x": dots[x.column].astype(float), "y": dots[y.column].astype(float)}
    )
    met = met[met["x"].between(*ends[0]) & met["y"].between(*ends[1])]
    chosen: pd.DataFrame = met.iloc[:: max(1, -(-len(met) // _MOST_DOTS))]
    return chosen, len(met)


def _edges(values: FloatArray) -> FloatArray:
    """Ends of the cells of a grid: half-way between points, none beyond the last."""
    between = 0.5 * (values[1:] + values[:-1])
    return np.concatenate([values[:1], between, values[-1:]])


def _cells(
    points: pd.DataFrame, known: pd.DataFrame
) -> tuple[pd.DataFrame, list[tuple[float, float]]]:
    """Rectangles with their values, and where both axes end."""
    cells, ends = known.copy(), []
    for axis in ("x", "y"):
        grid = np.unique(points[axis].to_numpy())
        edges = _edges(grid)
        at = np.searchsorted(grid, known[axis].to_numpy())
        cells[f"{axis}_low"], cells[f"{axis}_high"] = edges[at], edges[at + 1]
        ends.append((float(grid[0]), float(grid[-1])))
    return cells, ends


def _axes(
    fields: tuple[str, str], measures: tuple[Measure, Measure], ends: Ends
) -> tuple[alt.X, alt.Y]:
    (x, y), axis = measures, alt.Axis(grid=False, tickCount=6)
    scales = [alt.Scale(domain=list(end), nice=False, zero=False) for end in ends]
    return (
        alt.X(fields[0], title=x.label, axis=axis, scale=scales[0]),
        alt.Y(fields[1], title=y.label, axis=axis, scale=scales[1]),
    )


def _shades(
    cells: pd.DataFrame, measures: tuple[Measure, Measure, Measure], ends: Ends
) -> alt.Chart:
    x, y, value = measures
    along, up = _axes(("x_low:Q", "y_low:Q"), (x, y), ends)
    # a little overlap closes the hairlines between cells
    marks = alt.Chart(inline(cells)).mark_rect(
        clip=True, x2Offset=_OVERLAP_PX, y2Offset=-_OVERLAP_PX
    )
    drawn: alt.Chart = marks.encode(
        x=along,
        x2="x_high:Q",
        y=up,
        y2="y_high:Q",
        color=gradient("value", value, cells["value"]),
        tooltip=[
            alt.Tooltip("x:Q", title=x.label, format=x.format),
            alt.Tooltip("y:Q", title=y.label, format=y.format),
            alt.Tooltip("value:Q", title=value.label, format=value.format),
        ],
    )
    return drawn


def _dots(
    met: pd.DataFrame, measures: tuple[Measure, Measure], ends: Ends
) -> alt.Chart:
    along, up = _axes(("x:Q", "y:Q"), measures, ends)
    marks = alt.Chart(inline(met)).mark_circle(
        size=26, color=PAPER, stroke=INK, strokeWidth=1, opacity=0.9
    )
    drawn: alt.Chart = marks.encode(x=along, y=up)
    return drawn
