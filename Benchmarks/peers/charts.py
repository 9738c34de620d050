# SPDX-License-Identifier: Apache-2.0
"""Bar charts as SVG, written by hand: no library, a few hundred bytes a bar, the same text for the same figures.

A chart brings its own background, so that it can be read on any page; where the reader prefers dark, it is dark.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from html import escape

WIDTH = 760
LABELS = 300
RIGHT = 24
TOP = 58
ROW = 28
BAR = 16

STYLE = """\
<style>
text{font:13px system-ui,-apple-system,"Segoe UI",Helvetica,Arial,sans-serif;fill:#1f2328}
.title{font-weight:600;font-size:15px}.small{font-size:11px;fill:#59636e}.end{text-anchor:end}.middle{text-anchor:middle}
.card{fill:#ffffff;stroke:#d1d9e0}.grid{stroke:#d1d9e0}.one{stroke:#59636e}.own{fill:#0969da}.peer{fill:#9aa4af}
.least{stroke:#1f2328;stroke-width:2}.hope{stroke:#1f2328;stroke-width:2;stroke-dasharray:3 2}.range{stroke:#1f2328}
@media(prefers-color-scheme:dark){text{fill:#e6edf3}.small{fill:#9198a1}.card{fill:#0d1117;stroke:#3d444d}
.grid{stroke:#2f353d}.one{stroke:#9198a1}.own{fill:#4493f8}.peer{fill:#656c76}
.least,.hope,.range{stroke:#e6edf3}}
</style>
"""


@dataclass(frozen=True)
class Bar:
    """A time: the median with the range of the rounds, in seconds."""

    label: str
    value: float
    low: float
    high: float
    text: str
    is_own: bool


@dataclass(frozen=True)
class Speedup:
    """A ratio, with what was wanted at least and hoped for."""

    label: str
    value: float
    at_least: float
    hope: float


def times(title: str, subtitle: str, bars: list[Bar]) -> str:
    """Horizontal bars of times from zero, with the range of the rounds as a thin line."""
    longest = max((bar.high for bar in bars), default=1) or 1
    room = WIDTH - LABELS - RIGHT - 90
    parts = _frame(title, subtitle, len(bars))
    for i, bar in enumerate(bars):
        y = TOP + i * ROW
        end, low, high = (LABELS + room * value / longest for value in (bar.value, bar.low, bar.high))
        kind = "own" if bar.is_own else "peer"
        parts.append(_label(bar.label, y))
        parts.append(
            f'<rect class="{kind}" x="{LABELS}" y="{y}" width="{max(end - LABELS, 1):.1f}" height="{BAR}" rx="2"/>'
        )
        middle = y + BAR / 2
        parts.append(
            f'<path class="range" d="M{low:.1f} {middle}H{high:.1f}M{low:.1f} {y + 5}v6M{high:.1f} {y + 5}v6"/>'
        )
        parts.append(f'<text x="{max(end, high) + 6:.1f}" y="{y + 13}">{escape(bar.text)}</text>')
    return _document(parts, len(bars))


def speedups(title: str, subtitle: str, rows: list[Speedup]) -> str:
    """Horizontal bars of ratios on a logarithmic axis that starts at 1, with marks for what was wanted."""
    lowest = min(1, *(row.value for row in rows)) * 0.9
    highest = max(2, *(max(row.value, row.hope) for row in rows)) * 1.15
    room = WIDTH - LABELS - RIGHT - 50

    def place(value: float) -> float:
        return LABELS + room * math.log(value / lowest) / math.log(highest / lowest)

    parts = _frame(title, subtitle, len(rows) + 1)
    bottom = TOP + len(rows) * ROW
    for step in (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500):
        if lowest <= step <= highest:
            x, kind = place(step), "one" if step == 1 else "grid"
            parts.append(f'<path class="{kind}" d="M{x:.1f} {TOP - 4}V{bottom - 4}"/>')
            parts.append(f'<text class="small middle" x="{x:.1f}" y="{bottom + 10}">{step:g}x</text>')
    for i, row in enumerate(rows):
        y = TOP + i * ROW
        parts.append(_label(row.label, y))
        first, last = sorted((place(1), place(row.value)))
        width = max(last - first, 1)
        parts.append(f'<rect class="own" x="{first:.1f}" y="{y}" width="{width:.1f}" height="{BAR}" rx="2"/>')
        for kind, value in (("least", row.at_least), ("hope", row.hope)):
            parts.append(f'<path class="{kind}" d="M{place(value):.1f} {y - 3}v{BAR + 6}"/>')
        # To the right of everything on the line, so that no mark crosses the figure.
        parts.append(f'<text x="{max(last, place(row.hope)) + 7:.1f}" y="{y + 13}">{row.value:.3g}x</text>')
    return _document(parts, len(rows) + 1)


def _frame(title: str, subtitle: str, rows: int) -> list[str]:
    height = TOP + rows * ROW + 6
    return [
        f'<rect class="card" x=".5" y=".5" width="{WIDTH - 1}" height="{height - 1}" rx="6"/>',
        f'<text class="title" x="16" y="26">{escape(title)}</text>',
        f'<text class="small" x="16" y="44">{escape(subtitle)}</text>',
    ]


def _label(text: str, y: float) -> str:
    return f'<text class="end" x="{LABELS - 10}" y="{y + 13}">{escape(text)}</text>'


def _document(parts: list[str], rows: int) -> str:
    height = TOP + rows * ROW + 6
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" role="img">\n'
    return head + STYLE + "\n".join(parts) + "\n</svg>\n"
