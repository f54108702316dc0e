"""Distribution functions of what was observed, against those known in closed form."""

from collections.abc import Sequence

import altair as alt
import numpy as np
import pandas as pd

from gridagora.errors import InputError
from gridagora.figures.line_ends import Axes
from gridagora.figures.panels import Panels
from gridagora.figures.tables import Measure, check_columns, extent, inline
from gridagora.figures.theme import CATEGORICAL, INK, PAPER, SHAPES, themed

_MOST_STEPS = 400
_EXPECTED_DASH = (6, 4)
_N_MARK = 6
_MARK_PX = 26
_TABLE = "table of a distribution"


def distribution(  # noqa: PLR0913  (one keyword for each thing that may be drawn)
    table: pd.DataFrame,
    *,
    value: Measure,
    group: str,
    title: str,
    subtitle: str = "",
    expected: pd.DataFrame | None = None,
    panel: str | None = None,
    share: str = "Share of rounds at or below",
    columns: int = 2,
) -> alt.VConcatChart:
    """Show which share of all rows lies at or below each value, in steps.

    A group has a colour and a mark of its own, in all panels the same. More than 400
    values are drawn by 400 of them, evenly apart in rank.

    Args:
        table: One row for each observation; every row weighs the same. Rows without a
            finite value are left out and counted.
        value: What was observed.
        group: Column of what has a line; a single one has no legend.
        title: What the picture shows.
        subtitle: How to read it, as whole sentences; empty for a word on dashes.
        expected: Distribution functions known in closed form, drawn as thin dashed
            lines through the given points: columns ``x`` (in the unit of ``value``),
            ``y`` (from 0 to 1) and ``group``, whose names only tell lines apart; and,
            where there are panels, that of ``panel``.
        panel: Column of what has a panel; None for one panel.
        share: What the axis upwards is called, without its unit.
        columns: Panels side by side.

    Raises:
        InputError: A column is missing, no row has a value, an expected row has no
            panel or is no share, or there is less than one column.

    Example:
        >>> played = pd.DataFrame({"markup": [3.0, 1.0, 2.0, 2.0], "who": "G1"})
        >>> known = pd.DataFrame({"x": [1, 3], "y": [0.0, 1.0], "group": "uniform"})
        >>> markup = Measure("markup", "Markup", "c/kWh")
        >>> chart = distribution(
        ...     played, value=markup, group="who", title="Played", expected=known
        ... )
        >>> chart.to_dict()["title"]["text"]
        ['Played']
    """
    check_columns(_TABLE, table, [value.column, group, panel or group])
    rows = _rows(table, value.column, group, panel)
    known = rows[np.isfinite(rows["value"])]
    lines = _expected(expected, panel)
    _check(known, lines, value)
    names = tuple(dict.fromkeys(known["panel"]))
    groups = list(dict.fromkeys(known["group"]))
    panels = Panels(names, columns, _MARK_PX)
    x_ends = value.domain or extent([*known["value"], *lines["x"]], pad_frac=0.03)
    axes = Axes(value, Measure("share", share, "%"), x_ends, (0.0, 100.0))
    drawn = [
        _layers(
            known[known["panel"] == name],
            lines[lines["panel"] == name],
            groups,
            panels.outer(axes, at),
            axes,
        )
        for at, name in enumerate(names)
    ]
    n_lost = len(rows) - len(known)
    words = [subtitle or ("" if lines.empty else "Dashed: known in closed form.")]
    words += [f"Rows without a value: {n_lost}."] if n_lost else []
    chart = panels.drawn(drawn)
    return themed(chart, title, " ".join(words).strip(), margin_px=panels.margin_px)


def _rows(
    table: pd.DataFrame, value: str, group: str, panel: str | None
) -> pd.DataFrame:
    one = pd.Series("", index=table.index)
    return pd.DataFrame(
        {
            "value": table[value].astype(float),
            "group": table[group].astype(str),
            "panel": one if panel is None else table[panel].astype(str),
        }
    )


def _expected(expected: pd.DataFrame | None, panel: str | None) -> pd.DataFrame:
    """Closed forms, with a column ``panel``; no row where none is given."""
    if expected is None:
        return pd.DataFrame({"x": [], "y": [], "group": [], "panel": []})
    check_columns(
        "expected distribution", expected, ["x", "y", "group", panel or "group"]
    )
    one = pd.Series("", index=expected.index)
    return pd.DataFrame(
        {
            "x": expected["x"].astype(float),
            "y": expected["y"].astype(float),
            "group": expected["group"].astype(str),
            "panel": one if panel is None else expected[panel].astype(str),
        }
    )


def _check(known: pd.DataFrame, lines: pd.DataFrame, value: Measure) -> None:
    faults = []
    if known.empty:
        faults.append(f"no row has a finite {value.column!r}.")
    faults += [
        f"expected share of {row.group!r} at {row.x:g} is {row.y:g}, expected 0 to 1."
        for row in lines[~lines["y"].between(0.0, 1.0)].itertuples()
    ]
    strangers = lines.loc[~lines["panel"].isin(known["panel"]), "panel"]
    faults += [
        f"an expected distribution is for {name!r}, which is no panel."
        for name in dict.fromkeys(strangers)
    ]
    if faults:
        raise InputError(_TABLE, faults)


def _steps(values: pd.Series) -> pd.DataFrame:
    """Corners of a line that rises in steps, thinned where nobody sees it."""
    up = np.sort(values.to_numpy(dtype=np.float64))
    n_row = len(up)
    rank = np.unique(np.linspace(1, n_row, min(n_row, _MOST_STEPS)).round())
    rank = rank.astype(int)
    return pd.DataFrame(
        {
            "x": np.append(up[0], up[rank - 1]),
            "y": np.append(0.0, 100.0 * rank / n_row),
        }
    )


def _marks(values: pd.Series, at: int, n_group: int) -> pd.DataFrame:
    """Points of a line that carry its mark, at other shares for each group."""
    up = np.sort(values.to_numpy(dtype=np.float64))
    share = (np.arange(_N_MARK) + (at + 0.5) / n_group) / _N_MARK
    rank = np.minimum((share * len(up)).astype(int), len(up) - 1)
    return pd.DataFrame({"x": up[rank], "y": 100.0 * share})


def _layers(
    known: pd.DataFrame,
    lines: pd.DataFrame,
    groups: Sequence[str],
    frame: Axes,
    axes: Axes,
) -> list[alt.Chart]:
    """Steps, closed forms over them, and the marks of one panel."""
    steps, marks = [], []
    clipped = not known["value"].between(*axes.x_ends).all()
    for at, name in enumerate(groups):
        own = known.loc[known["group"] == name, "value"]
        if own.empty:
            continue
        base = alt.Chart(inline(_steps(own).assign(group=name)))
        step = base.mark_line(
            color=CATEGORICAL[at % len(CATEGORICAL)],
            interpolate="step-after",
            strokeWidth=2.2,
            strokeJoin="round",
            clip=clipped,
        )
        steps.append(step.encode(x=frame.x("x:Q"), y=frame.y("y:Q")))
        points = _marks(own, at, len(groups)).assign(group=name)
        points = points[points["x"].between(*axes.x_ends)]
        marks.append(_points(points, groups, frame, axes))
    return [*steps, *_closed_forms(lines, frame), *marks]


def _points(
    points: pd.DataFrame, groups: Sequence[str], frame: Axes, axes: Axes
) -> alt.Chart:
    looks = range(len(groups))
    colours = [CATEGORICAL[at % len(CATEGORICAL)] for at in looks]
    shapes = [SHAPES[at % len(SHAPES)] for at in looks]
    legend = alt.Legend() if len(groups) > 1 else None
    tips = [
        alt.Tooltip("group:N", title="Line"),
        alt.Tooltip("x:Q", title=axes.along.label, format=axes.along.format),
        alt.Tooltip("y:Q", title=axes.up.label, format=".1f"),
    ]
    drawn: alt.Chart = (
        alt.Chart(inline(points))
        .mark_point(filled=True, size=80, opacity=1, stroke=PAPER, strokeWidth=1)
        .encode(
            x=frame.x("x:Q"),
            y=frame.y("y:Q"),
            color=alt.Color(
                "group:N",
                title=None,
                scale=alt.Scale(domain=list(groups), range=colours),
                legend=legend,
            ),
            shape=alt.Shape(
                "group:N",
                title=None,
                scale=alt.Scale(domain=list(groups), range=shapes),
                legend=legend,
            ),
            tooltip=tips,
        )
    )
    return drawn


def _closed_forms(lines: pd.DataFrame, frame: Axes) -> list[alt.Chart]:
    if lines.empty:
        return []
    clipped = not lines["x"].between(*frame.x_ends).all()
    base = alt.Chart(inline(lines.assign(y=100.0 * lines["y"]))).encode(
        x=frame.x("x:Q"), y=frame.y("y:Q"), detail="group:N"
    )
    dashes: alt.Chart = base.mark_line(
        color=INK, strokeWidth=1.6, strokeDash=list(_EXPECTED_DASH), clip=clipped
    )
    return [dashes]
