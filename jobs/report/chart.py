"""Two plots as inline SVG, each with a table of the same numbers. Colours are the page's, by class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from jobs.report.histogram import Histogram
from jobs.report.markup import Markup, element, join, table
from jobs.report.summary import share

WIDTH = 400
"""Width of a drawing in its own units: about a phone's, so that text is legible there."""
BARS = 12
"""Most bars in a plot of counts; its table has them all."""
_LABEL, _NUMBER, _ROW = 128, 92, 18
_LABEL_CHARACTERS = 20
_HEIGHT, _FOOT, _TOP = 130, 18, 14


def bars(title: str, counts: Mapping[str, int], whole: int, *, name: str, note: str = "") -> Markup:
    """Counts by name, largest first, each with its share of ``whole``; ``name`` is the table's first column."""
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    shown = ranked if len(ranked) <= BARS else ranked[: BARS - 1]
    if rest := ranked[len(shown) :]:
        shown = [*shown, (f"{len(rest)} others", sum(count for _, count in rest))]
    scale = (WIDTH - _LABEL - _NUMBER) / (max((count for _, count in shown), default=0) or 1)
    rows = []
    for place, (label, count) in enumerate(shown):
        y = place * _ROW
        clipped = label if len(label) <= _LABEL_CHARACTERS else label[: _LABEL_CHARACTERS - 1] + "…"
        length = count * scale
        rows += [
            element("text", clipped, x=_LABEL - 6, y=y + 13, text_anchor="end"),
            element("rect", class_="bar", x=_LABEL, y=y + 3, width=f"{length:.1f}", height=_ROW - 5),
            element(
                "text", f"{count:,} ({share(count, whole)})", class_="soft", x=f"{_LABEL + length + 5:.1f}", y=y + 13
            ),
        ]
    cells = [(label, f"{count:,}", share(count, whole)) for label, count in ranked]
    return _figure(title, note, rows, len(shown) * _ROW, table((name, "count", "share"), cells))


def columns(title: str, histogram: Histogram, *, unit: str, note: str = "", closed: bool = False) -> Markup:
    """A histogram, bins named below by their least value; ``closed`` when no value can lie beyond the last."""
    names = _bin_names(histogram, closed)
    highest, step = max(histogram.counts, default=0) or 1, WIDTH / len(names)
    marks = []
    for place, count in enumerate(histogram.counts):
        height = _HEIGHT * count / highest
        at, top = place * step, _TOP + _HEIGHT - height
        marks.append(
            element(
                "rect", class_="bar", x=f"{at + 1:.1f}", y=f"{top:.1f}", width=f"{step - 2:.1f}", height=f"{height:.1f}"
            )
        )
        if place % -(-len(names) // 8) == 0:
            marks.append(
                element("text", f"{histogram.bounds[place]}", class_="soft", x=f"{at + 1:.1f}", y=_TOP + _HEIGHT + 13)
            )
    peak = element("text", f"{highest:,}", class_="soft", x=0, y=10)
    line = element("line", class_="axis", x1=0, x2=WIDTH, y1=_TOP + _HEIGHT, y2=_TOP + _HEIGHT)
    cells = [
        (name, f"{count:,}", share(count, histogram.values))
        for name, count in zip(names, histogram.counts, strict=True)
    ]
    said = f"Mean {histogram.mean:,.1f}, longest {histogram.largest:,}. {note}".strip()
    height = _TOP + _HEIGHT + _FOOT
    return _figure(title, said, [peak, *marks, line], height, table((unit, "count", "share"), cells))


def _bin_names(histogram: Histogram, closed: bool) -> list[str]:
    bounds = histogram.bounds
    ends = [*(bound - 1 for bound in bounds[1:]), histogram.largest if closed else None]
    names = []
    for begin, end in zip(bounds, ends, strict=True):
        names.append(f"{begin} and more" if end is None else f"{begin}" if end <= begin else f"{begin}–{end}")
    return names


def _figure(title: str, note: str, marks: Sequence[Markup], height: int, numbers: Markup) -> Markup:
    drawing = element(
        "svg", *marks, viewBox=f"0 0 {WIDTH} {max(height, 1)}", role="img", aria_label=f"{title}; table below"
    )
    caption = element("figcaption", element("strong", title), *([" ", note] if note else []))
    return element("figure", caption, drawing, element("details", element("summary", "As a table"), join(numbers)))
