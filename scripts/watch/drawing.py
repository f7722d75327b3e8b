"""
A timeline as an SVG inside a page, with the page's colours. Pure.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from html import escape

from .timeline import Mark, Timeline

_WIDTH = 960
_LEFT, _RIGHT = 96, 16
_AXIS, _ROW, _BAR = 44, 26, 14
# The most names on the axis.
_NAMES = 9
# The height of a mark's name. Each name has its own line, so that they do not overlap.
_LINE = 15


def drawing(line: Timeline, title: str) -> str:
    """
    Return the picture; a screen reader reads its *title*.
    """
    bottom = _AXIS + _ROW * (len(line.rows) + 1)
    height = bottom + _LINE * len(line.marks) + 8
    parts = [
        f'<svg viewBox="0 0 {_WIDTH} {height}" role="img" xmlns="http://www.w3.org/2000/svg">',
        f"<title>{escape(title)}</title>",
        *_axis(line, bottom),
        *_rows(line),
        *_runs(line, bottom),
        *(part for number, mark in enumerate(line.marks) for part in _mark(line, mark, bottom, number)),
        "</svg>",
    ]
    return "\n".join(parts)


def _x(line: Timeline, moment: datetime) -> float:
    share = (moment - line.start) / (line.end - line.start)
    return round(_LEFT + share * (_WIDTH - _LEFT - _RIGHT), 1)


def _axis(line: Timeline, bottom: int) -> list[str]:
    first = line.start.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    months = []
    month = first
    while month <= line.end:
        if month >= line.start:
            months.append(month)
        month = (month + timedelta(days=32)).replace(day=1)
    step = max(1, -(-len(months) // _NAMES))
    parts = []
    for month in months[::step]:
        x = _x(line, month)
        anchor = "end" if x > _WIDTH - 70 else "start"
        parts.append(f'<line class="grid" x1="{x}" x2="{x}" y1="{_AXIS - 14}" y2="{bottom}"/>')
        parts.append(f'<text class="axis" x="{x + (4 if anchor == "start" else -4)}" y="18" text-anchor="{anchor}">')
        parts.append(f"{month:%Y-%m}</text>")
    return parts


def _rows(line: Timeline) -> list[str]:
    parts = []
    for number, row in enumerate(line.rows):
        y = _AXIS + _ROW * number
        parts.append(f"<g><title>{escape(f'{row.uuid}: {row.text}')}</title>")
        parts.append(f'<text class="name" x="4" y="{y + 11}">{escape(row.uuid[:8])}</text>')
        for span in row.spans:
            x, end = _x(line, span.start), _x(line, span.end)
            width = round(max(end - x, 1.5), 1)
            parts.append(f'<rect class="{span.kind}" x="{x}" y="{y}" width="{width}" height="{_BAR}" rx="2"/>')
        parts.append("</g>")
    return parts


def _runs(line: Timeline, bottom: int) -> list[str]:
    y = bottom - _ROW
    parts = [f'<text class="name" x="4" y="{y + 11}">ups</text>'] if line.runs else []
    for run in line.runs:
        x = _x(line, run.started_at)
        text = f"up of {run.started_at:%Y-%m-%d %H:%M}: {run.result}"
        text += f", {run.replaced} replaced" if run.replaced else ""
        if run.result != "succeeded":
            shape = f'<path class="failed" d="M{x - 4} {y + 3}l8 8m0 -8l-8 8"/>'
        elif run.replaced:
            shape = f'<path class="rotation" d="M{x} {y + 1}l6 6l-6 6l-6 -6z"/>'
        else:
            shape = f'<circle class="up" cx="{x}" cy="{y + 7}" r="3"/>'
        parts.append(f"<g><title>{escape(text)}</title>{shape}</g>")
    return parts


def _mark(line: Timeline, mark: Mark, bottom: int, number: int) -> list[str]:
    x, y = _x(line, mark.at), bottom + _LINE * (number + 1) - 3
    anchor, shift = ("end", -5) if x > _WIDTH / 2 else ("start", 5)
    return [
        f'<line class="mark {mark.name}" x1="{x}" x2="{x}" y1="{_AXIS - 14}" y2="{y}"/>',
        f'<text class="mark {mark.name}" x="{x + shift}" y="{y}" text-anchor="{anchor}">',
        f"{mark.name} {mark.at:%Y-%m-%d}</text>",
    ]
