"""A line with the spread over seeds, and marked points to compare it with."""

from collections.abc import Mapping

import altair as alt
import pandas as pd

from gridagora.errors import InputError
from gridagora.figures.line_ends import Axes, End, end_names, margin_px
from gridagora.figures.tables import Measure, check_columns, extent, inline
from gridagora.figures.theme import INK, Side, edged, line_look, themed

_WIDTH_PX = 640
_HEIGHT_PX = 340
_LOW, _HIGH = 0.1, 0.9
_MOST_DOTS = 60
_AXIS_PX = 76
_LEVEL_DASH = (3, 3)


def band(  # noqa: PLR0913  (one keyword for each thing that may be drawn)
    table: pd.DataFrame,
    *,
    x: Measure,
    y: Measure,
    title: str,
    group: str | None = None,
    marks: pd.DataFrame | None = None,
    levels: Mapping[str, float] | None = None,
) -> alt.LayerChart:
    """Show the median over seeds, the middle 80 % as a band, and values to compare.

    Args:
        table: One row for each seed (or other repetition) and value of ``x``.
        x: What runs along.
        y: What is repeated. Rows without a finite value are left out.
        title: What the picture shows.
        group: Column of groups; each gets a line of its own, named at its end.
        marks: Points with a name, columns ``x``, ``y``, ``label``: what a source
            prints, for instance.
        levels: Values of ``y`` by name that hold for all of ``x``, drawn as thin
            lines: an optimum, for instance.

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
    axes = _axes(x, y, spread, marks, levels or {})
    layers = [*_levels(levels or {}, axes), *_band(spread, axes, grouped=bool(group))]
    if marks is not None and not marks.empty:
        layers += _marks(marks, axes)
    ends = _line_ends(spread, levels or {}, axes, grouped=bool(group))
    room_px = _AXIS_PX
    if ends:
        layers += end_names(ends, axes, tall_px=_HEIGHT_PX)
        room_px += margin_px([end.name for end in ends])
    chart = alt.LayerChart(layer=layers).properties(width=_WIDTH_PX, height=_HEIGHT_PX)
    return themed(chart, title, _explained(spread, marks), margin_px=room_px)


def _axes(
    x: Measure,
    y: Measure,
    spread: pd.DataFrame,
    marks: pd.DataFrame | None,
    levels: Mapping[str, float],
) -> Axes:
    along = [*spread["x"], *([] if marks is None else marks["x"])]
    up = [*spread["low"], *spread["high"], *levels.values()]
    up += [] if marks is None else [*marks["y"]]
    low, high = min(along), max(along)
    x_ends = x.domain or ((low, high) if high > low else extent(along))
    return Axes(x, y, x_ends, y.domain or extent(up))


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


def _band(spread: pd.DataFrame, axes: Axes, *, grouped: bool) -> list[alt.Chart]:
    names = list(dict.fromkeys(spread["group"]))
    looks = [line_look(at) for at in range(len(names))]
    colours = alt.Scale(domain=names, range=[colour for colour, _ in looks])
    dashes = alt.Scale(domain=names, range=[dash for _, dash in looks])
    base = alt.Chart(inline(spread)).encode(
        x=axes.x("x:Q"), color=alt.Color("group:N", scale=colours, legend=None)
    )
    area = base.mark_area(opacity=0.2, line=False).encode(
        y=axes.y("low:Q"), y2="high:Q"
    )
    line = base.mark_line(strokeWidth=2.6).encode(
        y=axes.y("middle:Q"),
        strokeDash=alt.StrokeDash("group:N", scale=dashes, legend=None),
    )
    dots = base.mark_point(filled=True, size=34, opacity=1).encode(
        y=axes.y("middle:Q"), tooltip=_tips(axes, grouped=grouped)
    )
    few = len(spread) <= _MOST_DOTS * len(names)
    return [area, line, dots] if few else [area, line]


def _levels(levels: Mapping[str, float], axes: Axes) -> list[alt.Chart]:
    if not levels:
        return []
    table = pd.DataFrame({"y": list(levels.values())})
    rules = alt.Chart(inline(table)).mark_rule(color=INK, strokeDash=_LEVEL_DASH)
    return [rules.encode(y=axes.y("y:Q"))]


def _line_ends(
    spread: pd.DataFrame, levels: Mapping[str, float], axes: Axes, *, grouped: bool
) -> list[End]:
    last = spread.drop_duplicates("group", keep="last")
    lines = [
        End(str(name), float(x), float(y), *line_look(at))
        for at, (name, x, y) in enumerate(
            zip(last["group"], last["x"], last["middle"], strict=True)
        )
    ]
    thin = [
        End(name, axes.x_ends[1], level, INK, _LEVEL_DASH)
        for name, level in levels.items()
    ]
    return [*(lines if grouped else []), *thin]


def _tips(axes: Axes, *, grouped: bool) -> list[alt.Tooltip]:
    tips = [
        alt.Tooltip("x:Q", title=axes.along.label, format=".4~g"),
        alt.Tooltip("middle:Q", title=f"Median, {axes.up.label}", format=".4~g"),
        alt.Tooltip("low:Q", title="10 % quantile", format=".4~g"),
        alt.Tooltip("high:Q", title="90 % quantile", format=".4~g"),
        alt.Tooltip("n_seed:Q", title="Runs"),
    ]
    return [alt.Tooltip("group:N", title="Group"), *tips] if grouped else tips


def _marks(marks: pd.DataFrame, axes: Axes) -> list[alt.Chart]:
    """Diamonds with their names, written on the side where there is room."""
    middle = sum(axes.x_ends) / 2
    layers = []
    sides: tuple[tuple[Side, int], ...] = (("left", 12), ("right", -12))
    for align, dx in sides:
        chosen = marks[(marks["x"] < middle) == (align == "left")]
        if chosen.empty:
            continue
        base = alt.Chart(inline(chosen[["x", "y", "label"]])).encode(
            x=axes.x("x:Q"), y=axes.y("y:Q")
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
                alt.Tooltip("x:Q", title=axes.along.label, format=".4~g"),
                alt.Tooltip("y:Q", title=axes.up.label, format=".4~g"),
            ]
        )
        words = base.encode(text="label:N")
        layers += [diamond, *edged(words, align=align, dx=dx, dy=-12)]
    return layers


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
