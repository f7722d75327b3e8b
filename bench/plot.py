"""
A small plot as SVG: both axes logarithmic, light and dark by the reader's own colours.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from html import escape

_WIDTH, _HEIGHT, _LEFT, _BOTTOM, _TOP, _RIGHT = 640, 360, 56, 44, 40, 150
_COLOURS = ("#2563eb", "#d97706", "#059669", "#7c3aed")


@dataclass(frozen=True)
class Line:
    """
    One line and its points.
    """

    label: str
    points: list[tuple[float, float]]


def plot(title: str, across: str, lines: list[Line]) -> str:
    """
    Return the picture.
    """
    xs = [x for line in lines for x, _ in line.points]
    ys = [y for line in lines for _, y in line.points]
    low, high = _decade(min(xs), math.floor), _decade(max(xs), math.ceil)
    bottom, top = _decade(min(ys), math.floor), _decade(max(ys), math.ceil)

    def place(x: float, y: float) -> tuple[float, float]:
        across_ = (math.log10(x) - low) / max(high - low, 1)
        up = (math.log10(y) - bottom) / max(top - bottom, 1)
        width, height = _WIDTH - _LEFT - _RIGHT, _HEIGHT - _TOP - _BOTTOM
        return _LEFT + across_ * width, _HEIGHT - _BOTTOM - up * height

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" '
        f'aria-label="{escape(title)}" font-family="sans-serif" font-size="12">',
        "<style>text{fill:#222}.grid{stroke:#8886}@media(prefers-color-scheme:dark){text{fill:#ddd}}</style>",
        f'<text x="{_LEFT}" y="22" font-size="14">{escape(title)}</text>',
        f'<text x="{_LEFT}" y="{_HEIGHT - 8}">{escape(across)}, logarithmic</text>',
    ]
    for power in range(low, high + 1):
        x, y = place(10.0**power, 10.0**bottom)
        parts.append(f'<line class="grid" x1="{x:.1f}" y1="{_TOP}" x2="{x:.1f}" y2="{y:.1f}"/>')
        parts.append(f'<text x="{x:.1f}" y="{y + 16:.1f}" text-anchor="middle">{10**power}</text>')
    for power in range(bottom, top + 1):
        x, y = place(10.0**low, 10.0**power)
        parts.append(f'<line class="grid" x1="{x:.1f}" y1="{y:.1f}" x2="{_WIDTH - _RIGHT}" y2="{y:.1f}"/>')
        parts.append(f'<text x="{x - 6:.1f}" y="{y + 4:.1f}" text-anchor="end">{10.0**power:g}</text>')
    for line, colour in zip(lines, _COLOURS, strict=False):
        points = [place(x, y) for x, y in line.points]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in points]
        x, y = points[-1]
        parts.append(f'<text x="{x + 8:.1f}" y="{y + 4:.1f}" style="fill:{colour}">{escape(line.label)}</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"


def _decade(value: float, rounded: Callable[[float], int]) -> int:
    return rounded(math.log10(value))
