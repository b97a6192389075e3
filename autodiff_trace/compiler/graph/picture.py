"""Pictures: a graph as SVG, for a notebook or a page, which needs no other program. Knows how things look."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from .boxes import Box, shortened
from .placement import INSET, LINE, arrange, letters
from .routing import Layout, Line, lay_out

__all__ = ["draw"]

FILLS = {
    "input": "#dce6f2", "constant": "#e9e9e9", "guard": "#fdeab8", "function": "#8ec3f0", "backward": "#f6ad7b",
    "mixed": "#c9b3e6",
}
EDGES = {
    "input": "#5b7290", "constant": "#808080", "guard": "#a07800", "function": "#1f5f99", "backward": "#a8501a",
    "mixed": "#6a4a9c",
}
NAMES = {
    "input": "input", "constant": "constant", "guard": "what Python saw", "function": "function",
    "backward": "backward pass", "mixed": "both (← backward)",
}
INK, FAINT, FAR = "#1b1f24", "#57606a", "#2a8c82"
"""The colours of texts, of types, and of lines from one column to another."""

HEAD = 64
"""The height of title and legend."""

ROUND = 20
"""The radius of the corners of an input, at most, so that its lines stay inside."""

SHOWN_SHARE = 0.05
"""The share of the work from which it is written in the box."""


def draw(title: str, boxes: Sequence[Box], limit: int) -> str:
    """The picture of these boxes, or of the first ``limit`` of them, with a note of how many more there are."""
    shown = boxes[:limit]
    for box in shown:
        box.results = [shortened(f"→ {text}") for text in few(box.results)]
        if box.share >= SHOWN_SHARE:
            box.texts[0 if box.turns else -1] += f"  {box.share:.0%}"
    note = f"The first {limit} of {len(boxes)} boxes; to_svg(limit=...) shows more." if len(boxes) > limit else ""
    layout = lay_out(arrange(shown), HEAD + 18 * bool(note))
    head, width = draw_head(title, note, shown)
    width, height = max(layout.width, width), max(layout.height, layout.top)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" '
        f'viewBox="0 0 {width:.0f} {height:.0f}" font-size="11" '
        'font-family="ui-monospace, Menlo, Consolas, monospace" style="color-scheme: only light">',
        f"<title>{escape(title)}</title>",
        f'<path class="page" d="M0 0H{width:.0f}V{height:.0f}H0Z" fill="#ffffff"/>',
        *head,
        *(draw_stack(box, layout) for box in shown if box.turns),
        *(draw_line(line) for line in sorted(layout.lines, key=lambda line: line.is_smooth)),
        *(draw_box(box, layout) for box in shown),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def few(texts: list[str], most: int = 4) -> list[str]:
    return texts if len(texts) <= most else [*texts[:most - 1], f"and {len(texts) - most + 1} more"]


def text_at(x: float, y: float, text: str, more: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" fill="{INK}"{more} xml:space="preserve">{escape(text)}</text>'


def draw_head(title: str, note: str, boxes: Sequence[Box]) -> tuple[list[str], float]:
    """The title, and what the colours that occur mean; and how wide that is."""
    parts = [text_at(16, 24, title, ' font-size="14" font-weight="bold"')]
    x = 16.0
    kinds = {box.kind for box in boxes}
    entries = [(kind, name) for kind, name in NAMES.items() if kind in kinds]
    for kind, name in entries:
        parts.append(f'<path class="key" d="{rounded(x, 38, 16, 12, 3)}" fill="{FILLS[kind]}" stroke="{EDGES[kind]}"/>')
        parts.append(text_at(x + 22, 48, name))
        x += 22 + 6.7 * len(name) + 18
    words = ["darker and %: share of the estimated time"] if kinds & {"function", "backward", "mixed"} else []
    words += ["bold, →: what is returned"] if any(box.results for box in boxes) else []
    words += ["stacked: a loop"] if any(box.turns for box in boxes) else []
    words += ["green: from another part"] if any(one.part != box.part for box in boxes for one in box.operands) else []
    words += ["dashed: an input again"] if any(box.again for box in boxes) else []
    for text in words:
        parts.append(text_at(x, 48, text, ' fill-opacity="0.75"'))
        x += 6.7 * len(text) + 18
    if note:
        parts.append(text_at(16, 68, note, ' font-style="italic"'))
    return parts, max(x, 16 + 8.6 * letters(title) + 16, 16 + 6.7 * letters(note) + 16)


def rounded(x: float, y: float, wide: float, high: float, r: float) -> str:
    return (f"M{x + r:.1f} {y:.1f}h{wide - 2 * r:.1f}q{r} 0 {r} {r}v{high - 2 * r:.1f}q0 {r} -{r} {r}"
            f"h{2 * r - wide:.1f}q-{r} 0 -{r} -{r}v{2 * r - high:.1f}q0 -{r} {r} -{r}Z")


def draw_stack(box: Box, layout: Layout) -> str:
    """What stands behind the box of a loop, to show that there are more turns."""
    x, y, wide, high = layout.places[box]
    return "".join([
        f'<path d="{rounded(x + shift, y + shift, wide, high, 5)}" fill="#ffffff" stroke="{EDGES[box.kind]}"/>'
        for shift in (6, 3)])


def draw_box(box: Box, layout: Layout) -> str:
    x, y, wide, high = layout.places[box]
    parts = [f'<g class="{box.kind}"><title>{escape(box.title)}</title>']
    edge = EDGES[box.kind]
    dashes = ' stroke-dasharray="4 3"' if box.again else ""
    is_work = box.kind in ("function", "backward", "mixed")
    opacity = 0.25 + 0.75 * box.share**0.5 if is_work else 1.0
    radius = min(high / 2, ROUND) if box.kind == "input" else 5
    place = f'x="{x:.1f}" y="{y:.1f}" width="{wide:.1f}" height="{high:.1f}" rx="{radius:.1f}"'
    parts.append(f'<rect {place} fill="#ffffff"/>')
    parts.append(
        f'<rect class="box" {place} fill="{FILLS[box.kind]}" fill-opacity="{opacity:.2f}" stroke="{edge}" '
        f'stroke-width="{2.5 if box.results else 1}"{dashes}/>')
    at = y + INSET / 2 + LINE - 4
    for i, text in enumerate([*box.texts, *box.results]):
        is_type = i == len(box.texts) - 1 and i > 0 and not box.turns
        weight = ' font-weight="bold"' if i >= len(box.texts) or i == 0 and box.turns else ""
        look = ' fill-opacity="0.7"' if is_type else weight
        middle = "" if box.turns else ' text-anchor="middle"'
        parts.append(text_at(x + INSET if box.turns else x + wide / 2, at + i * LINE, text, look + middle))
    return "".join([*parts, "</g>"])


def draw_line(line: Line) -> str:
    """A line with the head of an arrow."""
    colour = "#6e7781" if line.is_smooth else FAR
    points = line.points
    (x, y), (end_x, end_y) = points[0], points[-1]
    if line.is_smooth:
        path = f"M{x:.1f} {y:.1f}"
        for i in range(1, len(points), 2):
            x, y = points[i]
            path += f"V{y:.1f}"
            if i + 1 < len(points):
                to_x, to_y = points[i + 1]
                half = (to_y - y) / 2
                path += f"C{x:.1f} {y + half:.1f} {to_x:.1f} {to_y - half:.1f} {to_x:.1f} {to_y:.1f}"
        down = 6 if end_y > points[0][1] else -6
        head = f"M{end_x:.1f} {end_y:.1f}l-3.5 {-down}h7Z"
    else:
        path = polyline(points)
        head = f"M{end_x:.1f} {end_y:.1f}l-6 -3.5v7Z"
    kind = "edge" if line.is_smooth else "edge far"
    return (f'<path class="{kind}" d="{path}" fill="none" stroke="{colour}"/>'
            f'<path class="head" d="{head}" fill="{colour}"/>')


def polyline(points: list[tuple[float, float]], radius: float = 5) -> str:
    """A path along these points, with round corners."""
    path = f"M{points[0][0]:.1f} {points[0][1]:.1f}"
    for before, at, after in zip(points, points[1:], points[2:]):
        start, end = towards(at, before, radius), towards(at, after, radius)
        path += f"L{start[0]:.1f} {start[1]:.1f}Q{at[0]:.1f} {at[1]:.1f} {end[0]:.1f} {end[1]:.1f}"
    return path + f"L{points[-1][0]:.1f} {points[-1][1]:.1f}"


def towards(at: tuple[float, float], other: tuple[float, float], most: float) -> tuple[float, float]:
    """The point on the way from one to another, half of it or ``most`` far."""
    dx, dy = other[0] - at[0], other[1] - at[1]
    share = min(0.5, most / max(abs(dx) + abs(dy), 1e-9))
    return at[0] + dx * share, at[1] + dy * share
