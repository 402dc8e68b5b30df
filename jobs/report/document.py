"""The frame of every page of a report: no scripts, no requests, no clock. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import resources

from jobs.report.markup import Markup, element


def document(title: str, *, header: Sequence[Markup], main: Sequence[Markup], footer: str) -> str:
    """A whole HTML page with the landmarks that screen readers go by."""
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("title", title),
        element("style", Markup((resources.files("jobs.report") / "page.css").read_text("utf-8"))),
    )
    body = element("body", element("header", *header), element("main", *main), element("footer", element("p", footer)))
    return f"<!DOCTYPE html>\n{element('html', head, body, lang='en')}\n"
