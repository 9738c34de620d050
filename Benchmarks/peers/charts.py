# SPDX-License-Identifier: Apache-2.0
"""Bar charts as SVG, written by hand: no library, a few hundred bytes a bar, the same text for the same figures.

A chart brings its own background, so that it can be read on any page; where the reader prefers dark, it is dark.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from html import escape

WIDTH = 760
LABELS = 330
RIGHT = 24
TOP = 58
ROW = 28
BAR = 16

STYLE = """\
<style>
text{font:13px system-ui,-apple-system,"Segoe UI",Helvetica,Arial,sans-serif;fill:#1f2328}
.title{font-weight:600;font-size:15px}.small{font-size:11px;fill:#59636e}.end{text-anchor:end}.middle{text-anchor:middle}
.card{fill:#ffffff;stroke:#d1d9e0}.grid{stroke:#d1d9e0}.one{stroke:#59636e}.own{fill:#0969da}
@media(prefers-color-scheme:dark){text{fill:#e6edf3}.small{fill:#9198a1}.card{fill:#0d1117;stroke:#3d444d}
.grid{stroke:#2f353d}.one{stroke:#9198a1}.own{fill:#4493f8}}
</style>
"""


@dataclass(frozen=True)
class Speedup:
    """A ratio."""

    label: str
    value: float


def speedups(title: str, subtitle: str, rows: list[Speedup]) -> str:
    """Horizontal bars of ratios on a logarithmic axis that starts at 1."""
    lowest = min(1, *(row.value for row in rows)) * 0.9
    highest = max(2, *(row.value for row in rows)) * 1.15
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
        parts.append(f'<text x="{last + 7:.1f}" y="{y + 13}">{row.value:.3g}x</text>')
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
