"""Errors as dots on a scale of powers of ten, with the largest one allowed."""

import json
import math
from dataclasses import dataclass

import altair as alt
import numpy as np
import pandas as pd

from gridagora.errors import InputError
from gridagora.figures.tables import Measure, check_columns, inline
from gridagora.figures.theme import (
    BLUE,
    INK,
    PAPER,
    TEXT_PX,
    VERMILLION,
    Side,
    edged,
    themed,
)
from gridagora.types.arrays import FloatArray

_WIDTH_PX = 620
_ROW_PX = 62
_DOT_AREA = 46.0
_GAP_PX = 6.0
_MOST_OFF_PX = 18.0
_MARGIN_PX = 150
_MOST_TICKS = 8
_CHAR_PX, _NUMBER_CHARS = 6.7, 9


def dots(
    table: pd.DataFrame,
    *,
    category: Measure,
    value: Measure,
    name: Measure,
    title: str,
    most: float | None = None,
) -> alt.LayerChart:
    """Show every error as a dot, one row for each category; the largest is named.

    Zero has no place on a scale of powers of ten: such dots stand at its left end,
    under a tick that says 0. Rows without a finite value are left out and counted.

    Args:
        table: One row for each error, categories in reading order.
        category: What the rows of the picture are, e.g. a feeder.
        value: The error, >= 0.
        name: What a dot is, e.g. a bus.
        title: What the picture shows.
        most: Largest error allowed; a line, and dots beyond it in another colour.

    Raises:
        InputError: A column is missing, a value is negative, or none is finite.
    """
    columns = [category.column, value.column, name.column]
    check_columns("table of dots", table, columns)
    rows = pd.DataFrame(
        {
            "category": table[category.column].astype(str),
            "value": table[value.column].astype(float),
            "name": table[name.column].astype(str),
        }
    )
    known = _known(rows, value)
    row_of = {text: at for at, text in enumerate(dict.fromkeys(rows["category"]))}
    ends = _decades(known["value"], most)
    axes = _Axes(tuple(row_of), value, ends, zero=bool((known["value"] == 0.0).any()))
    put = known.assign(
        row=known["category"].map(row_of),
        shown=known["value"].clip(lower=10.0 ** ends[0]),
        beyond=False if most is None else known["value"] > most,
    )
    off_px = pd.Series(0.0, index=put.index)
    for _, part in put.groupby("row"):
        off_px[part.index] = _swarm(axes.decade_px * np.log10(part["shown"].to_numpy()))
    put["at"] = put["row"] + off_px / _ROW_PX
    layers = [_points(put, axes, category, name), *_worst(put, axes, name, most)]
    if most is not None:
        layers = [*_allowed(most, axes), *layers]
    chart = alt.LayerChart(layer=layers).properties(
        width=_WIDTH_PX, height=_ROW_PX * len(row_of)
    )
    words = _explained(put, len(rows) - len(known), most)
    return themed(chart, title, words, margin_px=_MARGIN_PX)


@dataclass(frozen=True, slots=True)
class _Axes:
    """Encodings that all layers share.

    Attributes:
        rows: Names of the categories.
        value: What runs along.
        ends: Exponents of ten at both ends.
        zero: Whether the left end stands for zero.
    """

    rows: tuple[str, ...]
    value: Measure
    ends: tuple[int, int]
    zero: bool

    @property
    def decade_px(self) -> float:
        """Width of a factor of ten. px."""
        return _WIDTH_PX / (self.ends[1] - self.ends[0])

    def x(self, field: str) -> alt.X:
        low, high = self.ends
        step = -(-(high - low) // _MOST_TICKS)
        ticks = range(high, low - 1, -step)
        words = {10.0**at: f"1e{at}" for at in ticks}
        if self.zero:
            words[10.0**low] = "0"
        chain = "".join(
            f"abs(log(datum.value / {at!r})) < 0.1 ? '{word}' : "
            for at, word in words.items()
        )
        axis = alt.Axis(values=sorted(words), labelExpr=f"{chain}''")
        scale = alt.Scale(type="log", domain=[10.0**low, 10.0**high], nice=False)
        return alt.X(field, title=self.value.label, axis=axis, scale=scale)

    def y(self, field: str) -> alt.Y:
        axis = alt.Axis(
            values=list(range(len(self.rows))),
            labelExpr=f"{json.dumps(self.rows)}[datum.value]",
            grid=False,
            ticks=False,
            domain=False,
            labelPadding=12,
        )
        scale = alt.Scale(domain=[len(self.rows) - 0.5, -0.5], nice=False)
        return alt.Y(field, title=None, axis=axis, scale=scale)


def _known(rows: pd.DataFrame, value: Measure) -> pd.DataFrame:
    known: pd.DataFrame = rows[np.isfinite(rows["value"])]
    faults = [
        f"{value.column} of {row.name!r} is {row.value:g}, expected >= 0."
        for row in known[known["value"] < 0.0].itertuples(index=False)
    ]
    if known.empty:
        faults.append(f"no row has a finite {value.column!r}.")
    if faults:
        raise InputError("table of dots", faults)
    return known


def _decades(values: pd.Series, most: float | None) -> tuple[int, int]:
    """Exponents of ten around all values, one more at the left where some are zero."""
    positive = [*values[values > 0.0], *([] if most is None else [most])]
    if not positive:
        return -1, 0
    low = math.floor(math.log10(min(positive)))
    high = math.ceil(math.log10(max(positive)))
    return low - int((values == 0.0).any()), max(high, low + 1)


def _swarm(place_px: FloatArray) -> FloatArray:
    """Move dots off the middle of their row until they cover each other less. px."""
    off_px = np.zeros(len(place_px))
    n_step = int(_MOST_OFF_PX / _GAP_PX)
    choices = [0.0, *(s * _GAP_PX * k for k in range(1, n_step + 1) for s in (-1, 1))]
    done: list[int] = []
    for dot in np.argsort(place_px, kind="stable").tolist():
        near = [at for at in done if abs(place_px[at] - place_px[dot]) < _GAP_PX]
        taken = [off_px[at] for at in near]
        free = [off for off in choices if off not in taken]
        # in a pile higher than the row, dots cover those that came first
        off_px[dot] = free[0] if free else choices[len(done) % len(choices)]
        done.append(dot)
    return off_px


def _points(
    put: pd.DataFrame, axes: _Axes, category: Measure, name: Measure
) -> alt.Chart:
    points: alt.Chart = (
        alt.Chart(inline(put))
        .mark_circle(size=_DOT_AREA, opacity=0.85, stroke=PAPER, strokeWidth=0.6)
        .encode(
            x=axes.x("shown:Q"),
            y=axes.y("at:Q"),
            color=alt.condition("datum.beyond", alt.value(VERMILLION), alt.value(BLUE)),
            tooltip=[
                alt.Tooltip("category:N", title=category.name),
                alt.Tooltip("name:N", title=name.name),
                alt.Tooltip(
                    "value:Q", title=axes.value.label, format=axes.value.format
                ),
            ],
        )
    )
    return points


def _worst(
    put: pd.DataFrame, axes: _Axes, name: Measure, most: float | None
) -> list[alt.Chart]:
    """Name the largest value of each row, above it where no room is beside it."""
    worst = put.loc[put.groupby("row")["value"].idxmax()]
    stop = np.full(len(worst), 10.0 ** axes.ends[1])
    if most is not None:
        stop[~worst["beyond"].to_numpy()] = most
    room_px = axes.decade_px * np.log10(stop / worst["shown"].to_numpy())
    chars = worst["name"].str.len() + len(name.name) + _NUMBER_CHARS
    tight = room_px < chars.to_numpy() * _CHAR_PX
    layers = []
    sides: tuple[tuple[bool, Side, int, int], ...] = (
        (False, "left", 9, 0),
        (True, "right", 4, -27),
    )
    for above, align, dx, dy in sides:
        chosen = worst[tight == above]
        if chosen.empty:
            continue
        base = (
            alt.Chart(inline(chosen))
            .transform_calculate(
                words=f"{json.dumps(name.name.lower())} + ' ' + datum.name + ': ' + "
                f"format(datum.value, '{axes.value.format}')"
            )
            .encode(x=axes.x("shown:Q"), y=axes.y("row:Q"), text="words:N")
        )
        layers += edged(base, align=align, dx=dx, dy=dy)
    return layers


def _allowed(most: float, axes: _Axes) -> list[alt.Chart]:
    table = pd.DataFrame({"most": [most]})
    base = alt.Chart(inline(table)).encode(x=axes.x("most:Q"))
    text = base.transform_calculate(
        words=f"'allowed: ' + format(datum.most, '{axes.value.format}')"
    ).mark_text(dy=-9, fontSize=TEXT_PX, color=INK)
    return [
        base.mark_rule(color=INK, strokeDash=[6, 4], strokeWidth=1.4),
        text.encode(y=alt.value(0), text="words:N"),
    ]


def _explained(put: pd.DataFrame, n_lost: int, most: float | None) -> str:
    words = f"{len(put)} dots; the largest of each row is named."
    if most is not None:
        n_beyond = int(put["beyond"].sum())
        words += f" Beyond the dashed line: {n_beyond or 'none'}."
    return f"{words} Rows without a value: {n_lost}." if n_lost else words
