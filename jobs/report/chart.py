"""Two plots as inline SVG, each with a table of the same numbers. Colours are the page's, by class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from jobs.report.histogram import Histogram
from jobs.report.markup import Markup, element, join, table
from jobs.report.summary import share

WIDTH = 400
"""Width of a drawing in its own units: about a phone's, so that text is as large there as the page's own small text."""
BARS = 12
"""Most bars in a plot of counts; its table has them all."""
_LABEL, _NUMBER, _ROW = 148, 126, 24
_LABEL_CHARACTERS = 19
_LEFT, _TOP, _HEIGHT, _FOOT = 66, 26, 150, 44
_NAMED_BINS = 6
_OPEN_LABEL, _LAST_LABEL = 90, 30
"""Room on the right that labels leave to that of an open bin, and to themselves."""


def bars(
    title: str, counts: Mapping[str, int], whole: int, *, name: str, note: str = "", ranked: bool = True
) -> Markup:
    """Counts by name, each with its share of ``whole``; ``name`` is the table's first column.

    The largest first, or in the order given where they are not ``ranked``.
    """
    entries = sorted(counts.items(), key=lambda item: (-item[1], item[0])) if ranked else list(counts.items())
    shown = entries if len(entries) <= BARS else entries[: BARS - 1]
    if rest := entries[len(shown) :]:
        shown = [*shown, (f"{len(rest)} others", sum(count for _, count in rest))]
    scale = (WIDTH - _LABEL - _NUMBER) / (max((count for _, count in shown), default=0) or 1)
    rows = []
    for place, (label, count) in enumerate(shown):
        y = place * _ROW
        clipped = label if len(label) <= _LABEL_CHARACTERS else label[: _LABEL_CHARACTERS - 1] + "…"
        length = count * scale
        rows += [
            element("text", clipped, x=_LABEL - 6, y=y + 17, text_anchor="end"),
            element("rect", class_="bar", x=_LABEL, y=y + 4, width=f"{length:.1f}", height=_ROW - 8),
            element(
                "text", f"{count:,} ({share(count, whole)})", class_="soft", x=f"{_LABEL + length + 5:.1f}", y=y + 17
            ),
        ]
    cells = [(label, f"{count:,}", share(count, whole)) for label, count in entries]
    return _figure(title, note, rows, len(shown) * _ROW, table((name, "count", "share"), cells))


def columns(title: str, histogram: Histogram, *, unit: str, of: str, note: str = "", closed: bool = False) -> Markup:
    """How many ``of`` (sentences) have so many of ``unit`` (pieces).

    Bins are named below by their least value. ``closed`` when no value can lie beyond the last; else that bin, which
    holds all that is larger, is drawn in another colour and marked.
    """
    names = _bin_names(histogram, closed)
    counts = histogram.counts
    highest, step = max(counts, default=0) or 1, (WIDTH - _LEFT) / len(names)
    marks, floor = [], _TOP + _HEIGHT
    every = -(-len(names) // _NAMED_BINS)
    for place, count in enumerate(counts):
        height = _HEIGHT * count / highest
        at, is_last = _LEFT + place * step, place == len(counts) - 1
        is_open = is_last and not closed and len(counts) > 1
        kind = "over" if is_open else "bar"
        size = {"width": f"{max(step - 2, 1):.1f}", "height": f"{height:.1f}"}
        marks.append(element("rect", class_=kind, x=f"{at + 1:.1f}", y=f"{floor - height:.1f}", **size))
        bound = histogram.bounds[place]
        if is_open:
            marks.append(element("text", f"{bound:,}+", class_="soft", x=WIDTH, y=floor + 17, text_anchor="end"))
        elif place % every == 0 and (at < WIDTH - _OPEN_LABEL if not closed else at < WIDTH - _LAST_LABEL):
            marks.append(element("text", f"{bound:,}", class_="soft", x=f"{at + 1:.1f}", y=floor + 17))
    ticks = [
        element("text", f"{round(highest * part):,}", class_="soft", x=_LEFT - 6, y=floor - part * _HEIGHT + 5,
                text_anchor="end")
        for part in ((0, 0.5, 1) if highest > 1 else (0, 1))
    ]  # fmt: skip
    axes = [
        element("line", class_="axis", x1=_LEFT, x2=WIDTH, y1=floor, y2=floor),
        element("line", class_="axis", x1=_LEFT, x2=_LEFT, y1=_TOP, y2=floor),
        element("text", of, x=0, y=13),
        element("text", f"{unit} each", x=WIDTH, y=floor + 37, text_anchor="end"),
    ]
    cells = [(name, f"{count:,}", share(count, histogram.values)) for name, count in zip(names, counts, strict=True)]
    said = f"Mean {histogram.mean:,.1f} {unit}, longest {histogram.largest:,}. {note}".strip()
    return _figure(title, said, [*ticks, *marks, *axes], floor + _FOOT, table((unit, of, "share"), cells))


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
