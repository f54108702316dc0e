"""A line with the spread over seeds, and marked points to compare it with."""

import altair as alt
import pandas as pd

from gridagora.errors import InputError
from gridagora.figures.tables import Measure, check_columns, inline
from gridagora.figures.theme import CATEGORICAL, DASHES, INK, Side, edged, themed

_WIDTH_PX = 640
_HEIGHT_PX = 340
_LOW, _HIGH = 0.1, 0.9
_MOST_DOTS = 60


def band(
    table: pd.DataFrame,
    *,
    x: Measure,
    y: Measure,
    title: str,
    group: str | None = None,
    marks: pd.DataFrame | None = None,
) -> alt.LayerChart:
    """Show the median over seeds, the middle 80 % as a band, and points to reach.

    Args:
        table: One row for each seed (or other repetition) and value of ``x``.
        x: What runs along.
        y: What is repeated. Rows without a finite value are left out.
        title: What the picture shows.
        group: Column of groups; each gets a line of its own.
        marks: Points with a name, columns ``x``, ``y``, ``label``: what a source
            prints, for instance.

    Raises:
        InputError: A column is missing, or no row has a value.

    Example:
        >>> runs = pd.DataFrame({"share": [0, 0, 9], "price": [7.0, 6.0, 5.0]})
        >>> share, price = Measure("share", "Share", "%"), Measure("price", "Price")
        >>> band(runs, x=share, y=price, title="Prices").to_dict()["layer"][0]["mark"][
        ...     "type"
        ... ]
        'area'
    """
    check_columns("table of a band", table, [x.column, y.column, group or x.column])
    if marks is not None:
        check_columns("marks of a band", marks, ["x", "y", "label"])
    spread = _spread(table, x.column, y.column, group)
    layers = _band(spread, x, y, grouped=group is not None)
    if marks is not None and not marks.empty:
        layers += _marks(marks, x, y)
    chart = alt.LayerChart(layer=layers).properties(width=_WIDTH_PX, height=_HEIGHT_PX)
    return themed(chart, title, _explained(spread, marks))


def _along(x: Measure) -> alt.X:
    return alt.X(
        "x:Q",
        title=x.label,
        scale=_scale(x, nice=False),
        axis=alt.Axis(tickCount=10),
    )


def _up(column: str, y: Measure) -> alt.Y:
    return alt.Y(f"{column}:Q", title=y.label, scale=_scale(y, nice=True))


def _scale(measure: Measure, *, nice: bool) -> alt.Scale:
    if measure.domain is None:
        return alt.Scale(zero=False, nice=nice)
    return alt.Scale(domain=list(measure.domain), nice=False)


def _spread(table: pd.DataFrame, x: str, y: str, group: str | None) -> pd.DataFrame:
    names = table[group].astype(str) if group else pd.Series("", index=table.index)
    rows = pd.DataFrame({"x": table[x], "y": table[y], "group": names})
    rows = rows[rows["y"].abs() < float("inf")]
    if rows.empty:
        raise InputError("table of a band", [f"no row has a finite {y!r}."])
    order = {name: at for at, name in enumerate(dict.fromkeys(rows["group"]))}
    found = rows.groupby(["group", "x"], sort=False)["y"]
    spread = pd.DataFrame(
        {
            "middle": found.median(),
            "low": found.quantile(_LOW),
            "high": found.quantile(_HIGH),
            "n_seed": found.size(),
        }
    ).reset_index()
    place = spread["group"].map(order)
    return spread.assign(place=place).sort_values(["place", "x"], ignore_index=True)


def _band(
    spread: pd.DataFrame, x: Measure, y: Measure, *, grouped: bool
) -> list[alt.Chart]:
    names = list(dict.fromkeys(spread["group"]))
    colours = [CATEGORICAL[at % len(CATEGORICAL)] for at in range(len(names))]
    dashes = [DASHES[at % len(DASHES)] for at in range(len(names))]
    legend = (
        alt.Legend(
            title=None,
            symbolType="stroke",
            symbolStrokeWidth=3,
            symbolSize=400,
            symbolOpacity=1,
        )
        if grouped
        else None
    )
    colour = alt.Color(
        "group:N", scale=alt.Scale(domain=names, range=colours), legend=legend
    )
    dash = alt.StrokeDash(
        "group:N", scale=alt.Scale(domain=names, range=dashes), legend=legend
    )
    base = alt.Chart(inline(spread)).encode(x=_along(x), color=colour)
    area = base.mark_area(opacity=0.2, line=False).encode(y=_up("low", y), y2="high:Q")
    line = base.mark_line(strokeWidth=2.6).encode(y=_up("middle", y), strokeDash=dash)
    dots = base.mark_point(filled=True, size=34, opacity=1).encode(
        y=_up("middle", y), tooltip=_tips(x, y, grouped=grouped)
    )
    return (
        [area, line, dots] if len(spread) <= _MOST_DOTS * len(names) else [area, line]
    )


def _tips(x: Measure, y: Measure, *, grouped: bool) -> list[alt.Tooltip]:
    tips = [
        alt.Tooltip("x:Q", title=x.label, format=".4~g"),
        alt.Tooltip("middle:Q", title=f"Median, {y.label}", format=".4~g"),
        alt.Tooltip("low:Q", title="10 % quantile", format=".4~g"),
        alt.Tooltip("high:Q", title="90 % quantile", format=".4~g"),
        alt.Tooltip("n_seed:Q", title="Runs"),
    ]
    return [alt.Tooltip("group:N", title="Group"), *tips] if grouped else tips


def _marks(marks: pd.DataFrame, x: Measure, y: Measure) -> list[alt.Chart]:
    """Diamonds with their names, written on the side where there is room."""
    middle = _middle(marks, x)
    layers = []
    sides: tuple[tuple[Side, int], ...] = (("left", 12), ("right", -12))
    for align, dx in sides:
        chosen = marks[(marks["x"] < middle) == (align == "left")]
        if chosen.empty:
            continue
        base = alt.Chart(inline(chosen[["x", "y", "label"]])).encode(
            x=_along(x), y=_up("y", y)
        )
        diamond = base.mark_point(
            shape="diamond",
            size=190,
            filled=False,
            color=INK,
            strokeWidth=2.4,
            opacity=1,
        ).encode(
            tooltip=[
                alt.Tooltip("label:N", title="Marked"),
                alt.Tooltip("x:Q", title=x.label, format=".4~g"),
                alt.Tooltip("y:Q", title=y.label, format=".4~g"),
            ]
        )
        words = base.encode(text="label:N")
        layers += [diamond, *edged(words, align=align, dx=dx, dy=-12)]
    return layers


def _middle(marks: pd.DataFrame, x: Measure) -> float:
    low, high = x.domain or (float(marks["x"].min()), float(marks["x"].max()))
    return (low + high) / 2 if high > low else high + 1.0


def _explained(spread: pd.DataFrame, marks: pd.DataFrame | None) -> str:
    fewest, most = int(spread["n_seed"].min()), int(spread["n_seed"].max())
    if most == 1:
        words = "One run."
    else:
        count = f"{most}" if fewest == most else f"{fewest} to {most}"
        words = f"Line: median of {count} runs. Band: from the "
        words += "10\u00a0% to the 90\u00a0% quantile."
    named = marks is not None and not marks.empty
    return f"{words} Diamonds: expected values." if named else words
