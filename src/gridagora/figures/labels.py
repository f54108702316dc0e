"""Where to write the names of buses so that they cover neither each other nor lines."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gridagora.types.arrays import BoolArray, FloatArray

_CHAR_FRAC = 0.58
_HEIGHT_FRAC = 1.0
_DROP_COST = 60.0
_LABEL_COST, _DOT_COST, _LINE_COST, _PLACE_COST = 100.0, 30.0, 8.0, 0.4
_SIDES = ((0, -1), (0, 1), (1, 0), (-1, 0), (1, -1), (-1, -1), (1, 1), (-1, 1))
_RINGS = (1.0, 2.1)


@dataclass(frozen=True, slots=True, eq=False)
class Placed:
    """Positions of names.

    Attributes:
        x_px: Centre of each name, to the right. px. Shape ``(n_bus,)``.
        y_px: Centre of each name, downwards. px. Shape ``(n_bus,)``.
        shown: False where a name has no room and is left out. Shape ``(n_bus,)``.
    """

    x_px: FloatArray
    y_px: FloatArray
    shown: BoolArray


def place(
    names: Sequence[str],
    dots_px: FloatArray,
    lines_px: FloatArray,
    *,
    text_px: float,
    dot_px: FloatArray,
) -> Placed:
    """Choose for each name the free place nearest to its dot.

    The names in the most crowded places choose first, each among eight sides of its
    dot and eight farther away. The choice depends on the picture alone.

    Args:
        names: One name for each dot.
        dots_px: Positions of the dots, y downwards. px. Shape ``(n_bus, 2)``.
        lines_px: Ends ``x, y, x2, y2`` of the lines. px. Shape ``(n_branch, 4)``.
        text_px: Size of the letters. px.
        dot_px: Radius of each dot. px. Shape ``(n_bus,)``.
    """
    n_bus = len(names)
    half = np.column_stack(
        [
            np.array([len(name) for name in names]) * (_CHAR_FRAC * text_px / 2),
            np.full(n_bus, _HEIGHT_FRAC * text_px / 2),
        ]
    )
    chosen = np.full((n_bus, 2), np.nan)
    samples = _samples(lines_px)
    for bus in _crowded_first(dots_px):
        options = _options(dots_px[bus], half[bus], float(dot_px[bus]))
        cost = _PLACE_COST * np.arange(len(options), dtype=np.float64)
        done = ~np.isnan(chosen[:, 0])
        room = half[bus] + half[done] + 1.0
        cost += _LABEL_COST * _hits(options, chosen[done], room)
        others = np.arange(n_bus) != bus
        reach = half[bus] + dot_px[others, None]
        cost += _DOT_COST * _hits(options, dots_px[others], reach)
        cost += _LINE_COST * np.minimum(3, _hits(options, samples, half[bus]))
        best = int(cost.argmin())
        if cost[best] < _DROP_COST:
            chosen[bus] = options[best]
    return Placed(chosen[:, 0], chosen[:, 1], ~np.isnan(chosen[:, 0]))


def _crowded_first(dots_px: FloatArray) -> list[int]:
    gap = np.linalg.norm(dots_px[:, None] - dots_px[None], axis=2)
    nearness = (1.0 / (gap + 10.0)).sum(axis=1).round(9)
    return [int(bus) for bus in np.argsort(-nearness, kind="stable")]


def _options(dot: FloatArray, half: FloatArray, dot_px: float) -> FloatArray:
    return np.array(
        [
            dot + side * ring * (dot_px + 3.0) + side * half
            for ring in _RINGS
            for side in np.array(_SIDES, dtype=np.float64)
        ]
    )


def _samples(lines_px: FloatArray) -> FloatArray:
    """Points every few px along all lines."""
    points = [np.zeros((0, 2))]
    for x, y, x2, y2 in lines_px:
        number = 2 + int(np.hypot(x2 - x, y2 - y) / 6.0)
        points.append(
            np.column_stack([np.linspace(x, x2, number), np.linspace(y, y2, number)])
        )
    return np.concatenate(points)


def _hits(options: FloatArray, things: FloatArray, room: FloatArray) -> FloatArray:
    """Count the things within ``room`` of each option."""
    apart = np.abs(options[:, None] - things[None])
    near: FloatArray = (apart < room).all(axis=2).sum(axis=1).astype(np.float64)
    return near
